/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Evidence: one line in words that says why a verdict was given, with the process's own numbers.
 */
#ifndef BOUNDTOP_EVIDENCE_H
#define BOUNDTOP_EVIDENCE_H

#include "model.h"

struct bt_strbuf;

/*
 * Appends the line (no newline, plain ASCII; names are sanitized) to out. p is judged and of the frame f.
 */
void bt_evidence(const struct bt_process *p, const struct bt_frame *f, struct bt_strbuf *out);
/* Likewise for one thread of p, from its thread_list. */
void bt_evidence_thread(const struct bt_thread *t, const struct bt_process *p, const struct bt_frame *f,
			struct bt_strbuf *out);

#endif
