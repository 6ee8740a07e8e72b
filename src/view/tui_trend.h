/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How active each process was in its last frames, for sparklines. What was never active takes no memory.
 */
#ifndef BOUNDTOP_TUI_TREND_H
#define BOUNDTOP_TUI_TREND_H

#include "field.h"
#include "tui_draw.h"

#define BT_TREND_FRAMES 16

struct bt_trends;

/* A mark: its height, and what of. */
struct bt_trend_mark {
	uint8_t level; /* 0..BT_SPARK_FULL */
	uint8_t ink;   /* enum bt_ink */
};

int bt_trends_create(struct bt_trends **out); /* 0 or -ENOMEM */
void bt_trends_clear(struct bt_trends *t);    /* forgets all frames */
void bt_trends_destroy(struct bt_trends *t);  /* NULL is fine */
/* A new frame begins; forgets who has been quiet for long. */
void bt_trends_begin(struct bt_trends *t, uint64_t begin_ns);
/* Begin of the frame from which on it has had the verdict that it has; 0: does nothing, or is not known. */
uint64_t bt_trends_since_ns(const struct bt_trends *t, const struct bt_subject *s);
/* Notes s in the frame. Without memory it stays without a trend. */
void bt_trends_add(struct bt_trends *t, const struct bt_subject *s);
/* The last frames, the latest last; false: it was idle in all of them, and marks is not set. */
bool bt_trends_get(const struct bt_trends *t, const struct bt_subject *s,
		   struct bt_trend_mark marks[BT_TREND_FRAMES]);

#endif
