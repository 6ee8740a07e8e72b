/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bar that says where the time went, a letter a cell; plain bars; colours. */
#ifndef BOUNDTOP_BAR_H
#define BOUNDTOP_BAR_H

#include <stddef.h>

#include "verdict.h"
#include "view.h"

struct bt_strbuf;

/* On-CPU time of which too little was seen to call it user or system. */
#define BT_BAR_CPU_LETTER 'C'

#define BT_BAR_WIDTH_MAX 200
#define BT_BAR_PARTS     (BT_MS_COUNT + 1)

/* What a cell shows whose letter is '.': nobody was there, and it hardly shows. */
static inline const char *bt_bar_dot(const struct bt_style *style)
{
	return style->utf8 ? "·" : ".";
}

/* Cells of one letter that stand together. */
struct bt_bar_part {
	unsigned int ms; /* BT_MS_COUNT: idle */
	unsigned int cells;
	char letter; /* '.' for idle */
};

/*
 * Shares width cells (BT_BAR_WIDTH_MAX at most) out, in the order in which they are drawn; returns how many
 * parts there are. Arguments as in bt_bar().
 */
size_t bt_bar_parts(const float share[BT_MS_COUNT], bool split, unsigned int width,
		    struct bt_bar_part parts[BT_BAR_PARTS]);

/*
 * Appends width cells: each microstate's part of share in letters, in the order of the table, idle time last
 * and as dots. Shares need not sum up to 1: what lacks is idle. split as in bt_verdict.
 */
void bt_bar(struct bt_strbuf *out, const float share[BT_MS_COUNT], bool split, unsigned int width,
	    const struct bt_style *style);

/* A bar of share (0..1) of width cells: eighths of a cell, or '#'. */
void bt_gauge(struct bt_strbuf *out, double share, unsigned int width, const struct bt_style *style);

/* Colours, or nothing where style has none. */
void bt_colour_begin(struct bt_strbuf *out, const char *sgr, const struct bt_style *style);
void bt_colour_end(struct bt_strbuf *out, const struct bt_style *style);
/* SGR parameter of a microstate, by what to do about it; "" = none. */
const char *bt_colour_of_microstate(unsigned int ms);
const char *bt_colour_of_verdict(enum bt_verdict_id id);

#endif
