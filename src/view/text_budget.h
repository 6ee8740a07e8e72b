/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts that the text of `classify` and `run` share. */
#ifndef BOUNDTOP_TEXT_BUDGET_H
#define BOUNDTOP_TEXT_BUDGET_H

#include "view.h"

/* A part of a budget that is worth showing. */
struct bt_budget_part {
	const char *name; /* "cpu" for on-CPU time that cannot be split */
	unsigned int ms;
	double share;
};

/* Parts of at least share_min, the largest first; returns how many. */
size_t bt_budget_parts(const struct bt_verdict *v, double share_min,
		       struct bt_budget_part parts[BT_MS_COUNT]);
/* "io-bound by disk", "idle (sleep)" */
void bt_text_verdict(struct bt_strbuf *out, const struct bt_verdict *v, const struct bt_style *style);
/* "98% active, 0.21 cpus, 3.0 s, confidence 0.97" */
void bt_text_measure(struct bt_strbuf *out, const struct bt_process *p);
/* How it ended, as words; "" if it lives: "; ended with status 1" */
void bt_text_ending(struct bt_strbuf *out, const struct bt_process *p);

#endif
