/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_page.h"

#include <string.h>

struct bt_pen bt_page_line(struct bt_page *g)
{
	long y = (long)g->line++ - (long)g->t->scroll;
	struct bt_pen p = bt_tui_pen(g->t, g->top + (int)y);

	p.hidden = y < 0 || y >= g->height;
	return p;
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
