/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice: what to do about a verdict, out of one table. Each row has a test over the evidence of one process
 * (or of a tree of them, summed), and a text that quotes this process's own numbers. None is given without
 * its evidence; what was not measured is none.
 *
 * The meaning of each id, and what not to do, is a section of docs/advice.md that is named like the id.
 */
#ifndef BOUNDTOP_ADVICE_H
#define BOUNDTOP_ADVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

struct bt_strbuf;

/* Who gives advice on the processes of one frame. Zero it, set frame; what it finds of the host it keeps. */
struct bt_advisor {
	const struct bt_frame *frame;
	bool host_known;
	double host_cpus;                     /* CPUs in use by all processes that are seen */
	const struct bt_process *heaviest[2]; /* most on-CPU time first; NULL: none has any */
};

/* In a set of rows, bit i stands for row i of the table. */
typedef uint32_t bt_advice_set;

/*
 * Which rows apply to p, which is judged and of the advisor's frame, or a tree that was summed from it. Takes
 * next to no time for a process that does nothing; the first that waits for a CPU has the whole frame looked
 * at.
 */
bt_advice_set bt_advise(struct bt_advisor *a, const struct bt_process *p);
/*
 * Appends the text of a row that applies to p: one line, no newline, valid UTF-8. Of the process's own bytes
 * it has names only, sanitized.
 */
void bt_advice_say(struct bt_advisor *a, const struct bt_process *p, unsigned int row, struct bt_strbuf *out);

size_t bt_advice_count(void);
/* Of a row of the table: its id, which is the anchor in docs/advice.md, too; and in a phrase when it is
 * given. */
const char *bt_advice_id(unsigned int row);
const char *bt_advice_title(unsigned int row);

#endif
