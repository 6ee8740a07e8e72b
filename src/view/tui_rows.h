/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the list and the tree are built with: tui_rows.c for tui_tree.c. */
#ifndef BOUNDTOP_TUI_ROWS_H
#define BOUNDTOP_TUI_ROWS_H

#include "tui_internal.h"

/* One more row; NULL: no memory. It moves when the next one is added. */
struct bt_tui_row *bt_tui_row_add(struct bt_tui_rows *r, const struct bt_subject *s);
/* Rows of the threads of a process, below it. 0 or -ENOMEM. */
int bt_tui_threads_add(struct bt_tui *t, const struct bt_process *p, unsigned int depth, uint64_t rails);
/* Is p, or a sum of processes, idle and to be left out for that? */
bool bt_tui_hides(const struct bt_tui *t, const struct bt_process *p);
/* Room for count rows to be sorted; those that were there are lost. 0 or -ENOMEM. */
int bt_tui_sorted_reserve(struct bt_tui_rows *r, size_t count);
/* Sorts the first count of them as the user wants it. */
void bt_tui_sort(struct bt_tui *t, size_t count);
/* Room for count sums, which must not move: at once. 0 or -ENOMEM. */
int bt_tui_sums_reserve(struct bt_tui_rows *r, size_t count);
/* The next of them, empty; NULL: there is no room. */
struct bt_sum *bt_tui_sum_new(struct bt_tui_rows *r, const struct bt_process *like);

/* tui_tree.c: adds the rows of list, as a tree. 0 or -ENOMEM. */
int bt_tui_list_tree(struct bt_tui *t, struct bt_process **list, size_t count);

/* Name of the control group that p is listed under. */
const char *bt_tui_group_name(const struct bt_process *p);

/*
 * The processes of the frame that are the root or descend from it, into out, which has room for all of the
 * frame. 0 or -ENOMEM.
 */
int bt_tui_family(const struct bt_tui *t, const struct bt_identity *root, struct bt_process **out,
		  size_t *count);

#endif
