/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of what was waited for, the same thing once.
 */
#ifndef BOUNDTOP_WAITS_H
#define BOUNDTOP_WAITS_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* Are the two waits for the same thing? By cause, system call and object. */
static inline bool bt_wait_same(const struct bt_reason *a, const struct bt_reason *b)
{
	return a->object == b->object && a->syscall == b->syscall && a->cause == b->cause;
}

/*
 * Adds w to list: to the wait for the same thing, in a free place, or in that of the least if it is less than
 * w. One of no time and no count is not
 * taken, but still tells who ended the last.
 */
void bt_waits_add(struct bt_wait *list, uint32_t *count, uint32_t capacity, const struct bt_wait *w);
/* Most time first. */
void bt_waits_sort(struct bt_wait *list, uint32_t count);

#endif
