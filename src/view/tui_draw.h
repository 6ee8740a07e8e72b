/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Marks on the screen: text in its colours, cut to where it belongs; bars; sparklines. */
#ifndef BOUNDTOP_TUI_DRAW_H
#define BOUNDTOP_TUI_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict.h"
#include "view.h"

/* What a text is, not how it looks: that depends on the terminal. */
enum bt_ink {
	BT_INK_PLAIN,
	BT_INK_DIM,
	BT_INK_BOLD,
	BT_INK_HEAD, /* column heads, key labels */
	BT_INK_ERROR,
	/* Of microstates, and of the verdicts that follow from them. */
	BT_INK_USER,
	BT_INK_SYSTEM,
	BT_INK_STARVED,
	BT_INK_DISK,
	BT_INK_NETWORK,
	BT_INK_LOCK,
	BT_INK_UNKNOWN,
	BT_INK_COUNT,
};

/* Colours of the terminal: 0 (none), 8, or 256. Sets up the inks. */
void bt_inks_init(bool colour);

/* Where a terminal has 256 colours, the number of this one; 0: the terminal's own. */
short bt_ink_of_256(enum bt_ink ink);

enum bt_ink bt_ink_of_microstate(unsigned int ms);
/* That of its cause, where a verdict has several; BT_MS_NONE: the first of them. */
enum bt_ink bt_ink_of_verdict(enum bt_verdict_id id, unsigned int cause);

/* Where the next text goes: one line, from x up to end. */
struct bt_pen {
	int y, x, end;
	bool hidden;   /* the line is scrolled out of sight */
	bool selected; /* drawn in reverse */
	bool dim;      /* all of it */
	const struct bt_style *style;
};

/* Text of ours: valid UTF-8 without wide characters; cut at the pen's end. */
void bt_pen_text(struct bt_pen *p, enum bt_ink ink, const char *text);
void bt_pen_format(struct bt_pen *p, enum bt_ink ink, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Text that was made safe before and takes width columns. */
void bt_pen_cell(struct bt_pen *p, enum bt_ink ink, const char *text, unsigned int width);
/* Text on its colour, or in reverse: what the eye is to find first. */
void bt_pen_badge(struct bt_pen *p, enum bt_ink ink, const char *text);
/* Bytes of a process, at most width columns (0: up to the end). */
void bt_pen_raw(struct bt_pen *p, enum bt_ink ink, const char *text, unsigned int width);
/* Spaces up to column x. */
void bt_pen_fill(struct bt_pen *p, int x);

/* A stacked bar of letters on their colours. */
void bt_pen_bar(struct bt_pen *p, const float share[BT_MS_COUNT], bool split, unsigned int width);
/* A bar of one part, in eighths of a cell where the terminal has them. */
void bt_pen_gauge(struct bt_pen *p, enum bt_ink ink, double share, unsigned int width);

/* Heights of a sparkline: 0 is nothing. A full one leaves a gap to the line above. */
#define BT_SPARK_FULL 7
unsigned int bt_spark_level(double share);
/* One mark of a sparkline. */
void bt_pen_spark(struct bt_pen *p, enum bt_ink ink, unsigned int level);

#endif
