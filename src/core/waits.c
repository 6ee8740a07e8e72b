/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "waits.h"

void bt_waits_add(struct bt_wait *list, uint32_t *count, uint32_t capacity, const struct bt_wait *w)
{
	struct bt_wait *least = list;

	for (uint32_t i = 0; i < *count; i++) {
		if (bt_wait_same(&list[i].reason, &w->reason)) {
			list[i].ns += w->ns;
			list[i].count += w->count;
			if (w->waker_pid)
				list[i].waker_pid = w->waker_pid;
			return;
		}
		if (list[i].ns < least->ns)
			least = &list[i];
	}
	if (!w->ns && !w->count)
		return;
	if (*count < capacity)
		list[(*count)++] = *w;
	else if (least->ns < w->ns)
		*least = *w;
}

void bt_waits_sort(struct bt_wait *list, uint32_t count)
{
	/* A handful, mostly in order: by insertion. */
	for (uint32_t i = 1; i < count; i++) {
		struct bt_wait w = list[i];
		uint32_t at = i;

		for (; at && list[at - 1].ns < w.ns; at--)
			list[at] = list[at - 1];
		list[at] = w;
	}
}
