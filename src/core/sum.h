/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several processes as one: a tree of them, a control group.
 */
#ifndef BOUNDTOP_SUM_H
#define BOUNDTOP_SUM_H

#include "model.h"

struct bt_sum {
	struct bt_process process; /* first: who has it has the sum */
	struct bt_usage_store store;
	uint32_t members;
	uint32_t ended; /* of them, since the frame before */
};

/* Makes s the empty sum; like gives identity and names. */
void bt_sum_begin(struct bt_sum *s, const struct bt_process *like);
void bt_sum_add(struct bt_sum *s, const struct bt_process *p);
/* Judges the sum as a process of the frame. Call it when all are added. */
void bt_sum_judge(struct bt_sum *s, const struct bt_frame *f);

#endif
