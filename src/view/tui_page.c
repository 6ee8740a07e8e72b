/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_page.h"

#include <string.h>

#include "cells.h"

struct bt_pen bt_page_line(struct bt_page *g)
{
	long y = (long)g->line++ - (long)g->t->scroll;
	struct bt_pen p = bt_tui_pen(g->t, g->top + (int)y);

	p.hidden = y < 0 || y >= g->height;
	return p;
}

void bt_page_room(struct bt_page *g, struct bt_pen *pen, unsigned int columns)
{
	if (pen->x && pen->x + (int)columns > pen->end)
		*pen = bt_page_line(g);
}

void bt_page_part(struct bt_page *g, struct bt_pen *pen, enum bt_ink ink, const char *between,
		  const char *text)
{
	struct bt_strbuf clean = BT_STRBUF_INIT;
	unsigned int used = bt_cell_raw(&clean, text, 0, &g->t->style);

	/* Each character of between is one column wide, or less than it has bytes. */
	bt_page_room(g, pen, (unsigned int)strlen(between) + used);
	if (pen->x)
		bt_pen_text(pen, ink, between);
	bt_pen_raw(pen, ink, text, 0);
	bt_strbuf_free(&clean);
}

void bt_page_title(struct bt_page *g, const char *text)
{
	struct bt_pen p;

	bt_page_line(g);
	p = bt_page_line(g);
	bt_pen_text(&p, BT_INK_HEAD, text);
}

void bt_page_words(struct bt_page *g, enum bt_ink ink, int indent, const char *text)
{
	struct bt_pen p = bt_page_line(g);

	bt_pen_fill(&p, indent);
	while (*text) {
		int length = (int)strcspn(text, " ");

		if (p.x > indent && p.x + 1 + length > p.end) {
			p = bt_page_line(g);
			bt_pen_fill(&p, indent);
		} else if (p.x > indent) {
			bt_pen_text(&p, ink, " ");
		}
		bt_pen_format(&p, ink, "%.*s", length, text);
		text += length;
		text += *text == ' ';
	}
}
