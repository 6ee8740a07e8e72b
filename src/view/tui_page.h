/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of lines that can be longer than the screen: what is scrolled out of sight is only counted. */
#ifndef BOUNDTOP_TUI_PAGE_H
#define BOUNDTOP_TUI_PAGE_H

#include "tui_internal.h"

#define BT_PAGE_INDENT 2
#define BT_PAGE_NAME   10 /* columns for the name of a microstate */

/* Lines are drawn from the first to the last. */
struct bt_page {
	struct bt_tui *t;
	int top, height;
	size_t line;
};

struct bt_pen bt_page_line(struct bt_page *g);
/* Goes on in a new line, if this one has begun and has no room for so many columns more. */
void bt_page_room(struct bt_page *g, struct bt_pen *pen, unsigned int columns);
/*
 * One of the parts of a line, which go on in the next line where this one is full. between: what keeps it
 * apart from the part before it. text may be hostile.
 */
void bt_page_part(struct bt_page *g, struct bt_pen *pen, enum bt_ink ink, const char *between,
		  const char *text);
/* An empty line, and a head. */
void bt_page_title(struct bt_page *g, const char *text);
/* Words, broken into lines that begin at indent. */
void bt_page_words(struct bt_page *g, enum bt_ink ink, int indent, const char *text);

/* Parts of the page of the opened process, or of several as one. p: what is shown of it. */
void bt_page_bursts(struct bt_page *g, const struct bt_process *p); /* tui_bursts.c */
void bt_page_waits(struct bt_page *g, const struct bt_process *p);  /* tui_doing.c */
void bt_page_threads(struct bt_page *g);
void bt_page_members(struct bt_page *g);

#endif
