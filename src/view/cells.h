/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells of a table: values of the field table, cut and padded to their columns. */
#ifndef BOUNDTOP_CELLS_H
#define BOUNDTOP_CELLS_H

#include "field.h"
#include "strbuf.h"
#include "view.h"

#define BT_COLUMNS_MAX 16

/* The columns of a table and how wide each is. */
struct bt_columns {
	size_t count;
	struct {
		const struct bt_field *field;
		unsigned int width; /* 0 = to the end of the line */
	} list[BT_COLUMNS_MAX];
};

/*
 * Chooses columns for threads or processes that fit into style->columns; the least important go first, and
 * the bar gets shorter. extra: a field that is to be seen among them, NULL: none.
 */
void bt_columns_choose(struct bt_columns *c, bool threads, const struct bt_field *extra,
		       const struct bt_style *style);
/* The line of titles, with its newline. */
void bt_columns_head(const struct bt_columns *c, const struct bt_style *style, struct bt_strbuf *out);
/* A row, with its newline. */
void bt_columns_row(const struct bt_columns *c, const struct bt_subject *s, const struct bt_style *style,
		    struct bt_strbuf *out);

/* Appends raw text of a process, at most width columns (0: all of it); returns the columns it took. */
unsigned int bt_cell_raw(struct bt_strbuf *out, const char *text, unsigned int width,
			 const struct bt_style *style);
/* A value of the field table without colour, cut and padded to width columns; not for the bar. */
void bt_cell_field(struct bt_strbuf *out, const struct bt_field *f, unsigned int width,
		   const struct bt_subject *s, const struct bt_style *style);
/*
 * "read pipe:[123] by 77", "recvfrom unix from 12 (dbus-daemon)"; NULL is "-". m: NULL is fine. Returns where
 * in out the other end begins (" by 77", " from 12 …"): its length, if none is known.
 */
size_t bt_wait_words(struct bt_strbuf *out, const struct bt_wait *w, struct bt_model *m);
/* "4.3%"; with no decimals "4". */
void bt_cell_percent(struct bt_strbuf *out, double share, unsigned int decimals);
/* Name for people: command line, without its folder if there is a width to keep, else [name], as ps has it.
 */
unsigned int bt_cell_command(struct bt_strbuf *out, const struct bt_process *p, unsigned int width,
			     const struct bt_style *style);
/* A dot between two things, with spaces. */
const char *bt_cell_separator(const struct bt_style *style);

#endif
