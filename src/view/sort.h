/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_SORT_H
#define BOUNDTOP_SORT_H

#include "field.h"

/* A row of a table, with what it is sorted by. */
struct bt_row {
	uint64_t key; /* the least first; of texts the first eight bytes */
	uint64_t tie; /* likewise, where keys are equal */
	const struct bt_process *process;
	const struct bt_thread *thread; /* NULL: a row of the process */
};

static inline struct bt_subject bt_row_subject(const struct bt_row *r)
{
	return r->thread ? bt_subject_of_thread(r->process, r->thread) : bt_subject_of_process(r->process);
}

/* Of the order by PID (and TID). */
static inline uint64_t bt_row_tie(const struct bt_row *r)
{
	return (uint64_t)r->process->identity.pid << 32 | (r->thread ? (uint32_t)r->thread->tid : 0);
}

/*
 * Sorts rows by field, in its own direction or the other; what has no value comes last. NULL: the most active
 * first, then who uses the most CPU. The order is complete (PID), so that the same rows always stand in the
 * same order.
 */
void bt_rows_sort(struct bt_row *rows, size_t count, const struct bt_field *field, bool reversed);

/* The same for processes alone. 0 or -ENOMEM. */
int bt_processes_sort(struct bt_process **list, size_t count, const struct bt_field *field, bool reversed);

#endif
