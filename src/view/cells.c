/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cells.h"

#include "bar.h"
#include "names.h"
#include "sanitize.h"
#include "words.h"

#define BAR_MIN     12
#define COMMAND_MIN 20

const char *bt_cell_separator(const struct bt_style *style)
{
	return style->utf8 ? " · " : " - ";
}

size_t bt_wait_words(struct bt_strbuf *out, const struct bt_wait *w, struct bt_model *m)
{
	const char *call;
	size_t before, who;

	if (!w) {
		bt_strbuf_add_char(out, '-');
		return out->length;
	}
	call = w->reason.syscall >= 0 ? bt_syscall_name(w->reason.syscall) : NULL;
	/* "futex futex:0x7f…" says nothing more than its second word. */
	if (w->reason.target != BT_TARGET_FUTEX || !w->reason.object) {
		bt_strbuf_add(out, call ? call : bt_microstate_name(w->reason.cause));
		bt_strbuf_add_char(out, ' ');
	}
	/* Who is there says more than the number of the socket, which would push it out of sight. */
	if (m && bt_model_peer(m, &w->reason)) {
		bt_strbuf_add(out, w->reason.target == BT_TARGET_UNIX ? "unix" : "inet");
		who = out->length;
		bt_words_peer(out, m, &w->reason, BT_CHARSET_UTF8);
		return who;
	}
	before = out->length;
	bt_words_target(out, w);
	if (out->length == before)
		bt_strbuf_truncate(out, before - 1);
	who = out->length;
	if (w->waker_pid > 0)
		bt_strbuf_addf(out, " by %d", w->waker_pid);
	return who;
}

/* How much of text is printable ASCII, up to width columns: what needs no second look. */
static size_t plain_length(const char *text, size_t width)
{
	size_t i = 0;

	while (i < width && (unsigned char)text[i] >= ' ' && (unsigned char)text[i] < 0x7f)
		i++;
	return i;
}

unsigned int bt_cell_raw(struct bt_strbuf *out, const char *text, unsigned int width,
			 const struct bt_style *style)
{
	unsigned int limit = width ? width : BT_SANITIZE_WIDE;
	size_t plain = plain_length(text, limit);

	if (!text[plain] || plain == limit) {
		bt_strbuf_add_bytes(out, text, plain);
		return (unsigned int)plain;
	}
	return bt_sanitize(out, text, strlen(text), limit, style->utf8 ? BT_CHARSET_UTF8 : BT_CHARSET_ASCII);
}

/* Where room is short, the folder of a program is what is missed least. */
static const char *without_folder(const char *cmdline)
{
	const char *name = cmdline;

	if (*cmdline != '/')
		return cmdline;
	for (const char *p = cmdline; *p && *p != ' '; p++)
		if (*p == '/' && p[1] && p[1] != ' ')
			name = p + 1;
	return name;
}

unsigned int bt_cell_command(struct bt_strbuf *out, const struct bt_process *p, unsigned int width,
			     const struct bt_style *style)
{
	unsigned int used;

	if (p->cmdline && *p->cmdline)
		return bt_cell_raw(out, width ? without_folder(p->cmdline) : p->cmdline, width, style);
	if (width && width < 3)
		return bt_cell_raw(out, p->comm, width, style);
	bt_strbuf_add_char(out, '[');
	used = bt_cell_raw(out, p->comm, width ? width - 2 : 0, style);
	bt_strbuf_add_char(out, ']');
	return used + 2;
}

void bt_cell_percent(struct bt_strbuf *out, double share, unsigned int decimals)
{
	bt_strbuf_add_fixed(out, share * 100, decimals);
}

/* 1023, 4.2K, 17M: at most five columns. */
static void add_bytes(struct bt_strbuf *out, double bytes)
{
	static const char units[] = "BKMGTPE";
	size_t unit = 0;

	for (; bytes >= 1000 && unit < sizeof(units) - 2; unit++)
		bytes /= 1024;
	bt_strbuf_add_fixed(out, bytes, unit && bytes < 9.95 ? 1 : 0);
	if (unit)
		bt_strbuf_add_char(out, units[unit]);
}

/* A number that would be wider than its column in thousands or millions, so that the columns stay straight.
 */
static void add_integer(struct bt_strbuf *out, int64_t value, unsigned int width)
{
	size_t before = out->length;

	bt_strbuf_add_int(out, value);
	if (!width || out->length - before <= width)
		return;
	for (const char *unit = "kMGT"; *unit && out->length - before > width; unit++) {
		bt_strbuf_truncate(out, before);
		value /= 1000;
		bt_strbuf_add_int(out, value);
		bt_strbuf_add_char(out, *unit);
	}
}

/* With as many decimals as there is room for, up to two. */
static void add_real(struct bt_strbuf *out, double value, unsigned int width)
{
	size_t before = out->length;

	for (unsigned int decimals = 3; decimals--;) {
		bt_strbuf_truncate(out, before);
		bt_strbuf_add_fixed(out, value, decimals);
		if (!width || out->length - before <= width)
			return;
	}
}

/* "6:07.50", minutes and seconds, as top and htop have it. */
static void add_cpu_time(struct bt_strbuf *out, double seconds)
{
	uint64_t hundredths = (uint64_t)(seconds * 100 + 0.5);

	bt_strbuf_addf(out, "%llu:%02u.%02u", (unsigned long long)(hundredths / 6000),
		       (unsigned int)(hundredths / 100 % 60), (unsigned int)(hundredths % 100));
}

static void add_number(struct bt_strbuf *out, const struct bt_field *f, const struct bt_value *v,
		       unsigned int width)
{
	double real = v->type == BT_VALUE_INTEGER ? (double)v->integer : v->real;

	if (f == &bt_fields[BT_FIELD_CPU_TIME_S])
		add_cpu_time(out, real);
	else if (f->unit == BT_UNIT_BYTES)
		add_bytes(out, real);
	else if (v->type == BT_VALUE_INTEGER)
		add_integer(out, v->integer, width);
	else if (f->unit == BT_UNIT_SHARE)
		bt_strbuf_add_uint(out, (uint64_t)(real * 100 + 0.5));
	else if (f->unit == BT_UNIT_MICROSECONDS)
		add_integer(out, (int64_t)(real + 0.5), width);
	else
		add_real(out, real, width);
}

/* "read pipe:[123] by 77": what most of its time went to, among what it waits for. */
static unsigned int add_waits_for(struct bt_strbuf *out, const struct bt_subject *s, unsigned int width,
				  const struct bt_style *style)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	unsigned int used;

	bt_wait_words(&text, s->usage->wait_count ? &s->usage->waits[0] : NULL, NULL);
	used = bt_cell_raw(out, bt_strbuf_text(&text), width, style);
	bt_strbuf_free(&text);
	return used;
}

/* Text of a value; returns its width. */
static unsigned int add_value(struct bt_strbuf *out, const struct bt_field *f, const struct bt_subject *s,
			      unsigned int width, const struct bt_style *style)
{
	size_t before = out->length;
	struct bt_value v;

	if (f == &bt_fields[BT_FIELD_COMMAND] && s->scope == BT_SCOPE_PROCESS)
		return bt_cell_command(out, s->process, width, style);
	if (f == &bt_fields[BT_FIELD_WAITS_FOR])
		return add_waits_for(out, s, width, style);
	bt_field_get(f, s, &v);
	switch (v.type) {
	case BT_VALUE_NULL:
		bt_strbuf_add_char(out, '-');
		break;
	case BT_VALUE_TEXT:
		if (v.raw)
			return bt_cell_raw(out, v.text, width, style);
		bt_strbuf_add(out, v.text);
		break;
	case BT_VALUE_BOOL:
		bt_strbuf_add(out, v.truth ? "yes" : "no");
		break;
	default:
		add_number(out, f, &v, width);
		break;
	}
	return (unsigned int)(out->length - before);
}

/* Moves what was appended since before to the right end of its column. */
static void align_right(struct bt_strbuf *out, size_t before, unsigned int used, unsigned int width)
{
	unsigned int pad = used < width ? width - used : 0;
	size_t length = out->length - before;

	if (!pad || !bt_strbuf_room(out, pad))
		return;
	memmove(out->data + before + pad, out->data + before, length);
	memset(out->data + before, ' ', pad);
	out->length += pad;
	out->data[out->length] = '\0';
}

void bt_cell_field(struct bt_strbuf *out, const struct bt_field *f, unsigned int width,
		   const struct bt_subject *s, const struct bt_style *style)
{
	size_t before = out->length;
	unsigned int used = add_value(out, f, s, width, style);

	if (f->flags & BT_FIELD_RIGHT)
		align_right(out, before, used, width);
	else if (used < width)
		bt_strbuf_add_fill(out, ' ', width - used);
}

static void add_cell(struct bt_strbuf *out, const struct bt_field *f, unsigned int width,
		     const struct bt_subject *s, const struct bt_style *style)
{
	size_t before = out->length;
	const char *sgr = "";
	unsigned int used;

	if (f == &bt_fields[BT_FIELD_BAR]) {
		bt_bar(out, s->verdict->share, s->verdict->split, width, style);
		return;
	}
	if (style->colour && f == &bt_fields[BT_FIELD_VERDICT])
		sgr = bt_colour_of_verdict(s->verdict->id);
	if (*sgr) {
		bt_colour_begin(out, sgr, style);
		before = out->length;
	}
	used = add_value(out, f, s, width, style);
	if (f->flags & BT_FIELD_RIGHT)
		align_right(out, before, used, width);
	if (*sgr)
		bt_colour_end(out, style);
	if (!(f->flags & BT_FIELD_RIGHT) && used < width)
		bt_strbuf_add_fill(out, ' ', width - used);
}

/* Spaces at the end of a line help nobody. */
static void end_line(struct bt_strbuf *out, size_t begin)
{
	size_t length = out->length;

	while (length > begin && out->data[length - 1] == ' ')
		length--;
	bt_strbuf_truncate(out, length);
	bt_strbuf_add_char(out, '\n');
}

void bt_columns_row(const struct bt_columns *c, const struct bt_subject *s, const struct bt_style *style,
		    struct bt_strbuf *out)
{
	size_t begin = out->length;

	for (size_t i = 0; i < c->count; i++) {
		if (i)
			bt_strbuf_add_char(out, ' ');
		add_cell(out, c->list[i].field, c->list[i].width, s, style);
	}
	end_line(out, begin);
}

void bt_columns_head(const struct bt_columns *c, const struct bt_style *style, struct bt_strbuf *out)
{
	size_t begin;

	bt_colour_begin(out, "1", style);
	begin = out->length;
	for (size_t i = 0; i < c->count; i++) {
		const struct bt_field *f = c->list[i].field;
		unsigned int width = c->list[i].width;
		size_t length = strlen(f->title);

		/* "WHERE THE TIME WENT" above a short bar is "WHERE". */
		if (width && length > width)
			length = strcspn(f->title, " ");
		if (width && length > width)
			length = width;
		if (i)
			bt_strbuf_add_char(out, ' ');
		if (f->flags & BT_FIELD_RIGHT)
			bt_strbuf_add_fill(out, ' ', width - length);
		bt_strbuf_add_bytes(out, f->title, length);
		if (!(f->flags & BT_FIELD_RIGHT) && width)
			bt_strbuf_add_fill(out, ' ', width - length);
	}
	end_line(out, begin);
	bt_colour_end(out, style);
}

static void columns_remove(struct bt_columns *c, const struct bt_field *f)
{
	for (size_t i = 0; i < c->count; i++) {
		if (c->list[i].field != f)
			continue;
		memmove(&c->list[i], &c->list[i + 1], (c->count - i - 1) * sizeof(c->list[0]));
		c->count--;
		return;
	}
}

/* What all columns but the command take, the spaces between included. */
static unsigned int columns_width(const struct bt_columns *c)
{
	unsigned int width = 0;

	for (size_t i = 0; i < c->count; i++)
		width += c->list[i].width + (i > 0);
	return width;
}

static unsigned int *bar_width(struct bt_columns *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->list[i].field == &bt_fields[BT_FIELD_BAR])
			return &c->list[i].width;
	return NULL;
}

static void columns_fit(struct bt_columns *c, unsigned int room)
{
	/* The least important first. */
	static const enum bt_field_id dispensable[] = {
	    BT_FIELD_USER, BT_FIELD_THREADS, BT_FIELD_CPUS, BT_FIELD_CAUSE, BT_FIELD_ACTIVE, BT_FIELD_BAR,
	};
	size_t next = 0;

	for (;;) {
		unsigned int *bar = bar_width(c);
		unsigned int used;

		if (bar)
			*bar = bt_fields[BT_FIELD_BAR].width;
		used = columns_width(c) + COMMAND_MIN;
		if (used > room && bar) {
			unsigned int less = used - room;

			*bar -= less < *bar - BAR_MIN ? less : *bar - BAR_MIN;
			used = columns_width(c) + COMMAND_MIN;
		}
		if (used <= room || next == sizeof(dispensable) / sizeof(dispensable[0]))
			break;
		columns_remove(c, &bt_fields[dispensable[next++]]);
	}
	if (columns_width(c) < room)
		c->list[c->count - 1].width = room - columns_width(c);
	else
		c->list[c->count - 1].width = 1;
}

void bt_columns_choose(struct bt_columns *c, bool threads, const struct bt_field *extra,
		       const struct bt_style *style)
{
	static const enum bt_field_id standard[] = {
	    BT_FIELD_PID,    BT_FIELD_USER, BT_FIELD_VERDICT, BT_FIELD_CAUSE,   BT_FIELD_CPUS,
	    BT_FIELD_ACTIVE, BT_FIELD_BAR,  BT_FIELD_THREADS, BT_FIELD_COMMAND,
	};
	bool seen = !extra || extra->flags & BT_FIELD_SCREEN;

	c->count = 0;
	for (size_t i = 0; i < sizeof(standard) / sizeof(standard[0]); i++) {
		const struct bt_field *f = &bt_fields[standard[i]];

		if (threads && standard[i] == BT_FIELD_PID)
			f = &bt_fields[BT_FIELD_TID];
		if (threads && !(f->scopes & BT_SCOPE_THREAD))
			continue;
		if (!seen && standard[i] == BT_FIELD_BAR && extra != &bt_fields[BT_FIELD_THREADS] &&
		    extra != &bt_fields[BT_FIELD_BAR] && extra != &bt_fields[BT_FIELD_COMMAND] &&
		    extra->width) {
			c->list[c->count].field = extra;
			c->list[c->count++].width = extra->width;
		}
		seen |= f == extra;
		c->list[c->count].field = f;
		c->list[c->count++].width = f->width;
	}
	if (style->columns)
		columns_fit(c, style->columns);
}
