/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list: a head line and a row for each process, thread, family or control group in sight. */
#include "cells.h"
#include "names.h"
#include "tui_internal.h"

struct bt_tui_row *bt_tui_current(struct bt_tui *t)
{
	return t->cursor < t->rows.count ? &t->rows.list[t->cursor] : NULL;
}

/* What can be said of a control group: what adds up, and what is judged. */
static bool says_of_groups(const struct bt_field *f)
{
	if (f->unit == BT_UNIT_TICKS)
		return false;
	return f->unit != BT_UNIT_NONE || f == &bt_fields[BT_FIELD_VERDICT] ||
	       f == &bt_fields[BT_FIELD_CAUSE] || f == &bt_fields[BT_FIELD_RUNNER_UP] ||
	       f == &bt_fields[BT_FIELD_WAITS_FOR];
}

/* A thread has its process's user; of what else is the process's alone, nothing is said in its row. */
static bool says_of_threads(const struct bt_field *f)
{
	return (f->scopes & BT_SCOPE_THREAD) || f == &bt_fields[BT_FIELD_USER];
}

static enum bt_ink ink_of(const struct bt_field *f, const struct bt_subject *s)
{
	if (f == &bt_fields[BT_FIELD_VERDICT])
		return bt_ink_of_verdict(s->verdict->id, s->verdict->cause);
	if (f == &bt_fields[BT_FIELD_CAUSE] && s->verdict->id >= BT_VERDICT_MIXED)
		return bt_ink_of_microstate(s->verdict->cause);
	return BT_INK_PLAIN;
}

static void draw_trend(const struct bt_tui *t, struct bt_pen *p, const struct bt_subject *s,
		       unsigned int width)
{
	struct bt_trend_mark marks[BT_TREND_FRAMES];

	if (!bt_trends_get(t->trends, s, marks))
		return;
	if (width > BT_TREND_FRAMES)
		width = BT_TREND_FRAMES;
	for (size_t i = BT_TREND_FRAMES - width; i < BT_TREND_FRAMES; i++)
		bt_pen_spark(p, (enum bt_ink)marks[i].ink, marks[i].level);
}

/* Lines that show who is whose child. */
static void draw_branches(const struct bt_tui *t, struct bt_pen *p, const struct bt_tui_row *row)
{
	bool utf8 = t->style.utf8;

	for (unsigned int d = 1; d < row->depth; d++)
		bt_pen_text(p, BT_INK_DIM, row->rails >> d & 1 ? (utf8 ? "│ " : "| ") : "  ");
	if (row->depth)
		bt_pen_text(p, BT_INK_DIM, row->last ? (utf8 ? "└ " : "` ") : (utf8 ? "├ " : "|-"));
}

void bt_tui_add_members(struct bt_strbuf *out, const struct bt_sum *sum)
{
	uint32_t living = sum->members - sum->ended;

	bt_strbuf_addf(out, "%u process%s", living, living == 1 ? "" : "es");
	if (sum->ended)
		bt_strbuf_addf(out, ", %u ended", sum->ended);
}

static void draw_command(struct bt_tui *t, struct bt_pen *p, const struct bt_tui_row *row)
{
	const struct bt_subject *s = &row->subject;
	struct bt_strbuf text = BT_STRBUF_INIT;
	struct bt_strbuf safe = BT_STRBUF_INIT;
	unsigned int room, used;

	draw_branches(t, p, row);
	if (row->group) {
		bt_pen_raw(p, BT_INK_BOLD, s->process->cgroup, 0);
		bt_tui_add_members(&text, row->sum);
		bt_pen_format(p, BT_INK_DIM, "  %s", bt_strbuf_text(&text));
		bt_strbuf_free(&text);
		return;
	}
	if (row->sum)
		bt_pen_format(p, BT_INK_BOLD, "[+%u] ", row->sum->members - 1);
	room = p->end > p->x ? (unsigned int)(p->end - p->x) : 0;
	if (s->thread && t->config.threads && row->depth) {
		bt_pen_raw(p, BT_INK_DIM, s->thread->comm, 0);
	} else if (s->thread) {
		bt_pen_raw(p, BT_INK_PLAIN, s->thread->comm, 0);
	} else if (t->shift) {
		const char *at;

		bt_cell_command(&safe, s->process, 0, &t->style);
		at = bt_strbuf_text(&safe);
		for (unsigned int left = t->shift; left && *at; left--)
			for (at++; ((unsigned char)*at & 0xc0) == 0x80; at++)
				;
		bt_pen_raw(p, BT_INK_PLAIN, at, 0);
	} else if (room) {
		used = bt_cell_command(&text, s->process, room, &t->style);
		bt_pen_cell(p, BT_INK_PLAIN, bt_strbuf_text(&text), used);
	}
	bt_strbuf_free(&safe);
	bt_strbuf_free(&text);
}

/*
 * What is waited for. Where it has no room, what is cut is the object's name: half a PID would be another
 * one.
 */
static void draw_wait(const struct bt_tui *t, struct bt_pen *p, const struct bt_subject *s,
		      unsigned int width)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	size_t at = bt_wait_words(&text, s->usage->wait_count ? &s->usage->waits[0] : NULL, t->frame.model);
	const char *whole = bt_strbuf_text(&text), *who = whole + at;
	unsigned int tail = 0;

	/* Its first two words: " by 4711", " with 4711", " from 10.0.0.1:5432" */
	for (int word = 0; word < 2 && who[tail]; word++)
		tail += 1 + (unsigned int)strcspn(who + tail + 1, " ");
	if (tail && at + tail > width && tail + 2 < width) {
		bt_pen_raw(p, BT_INK_PLAIN, whole, width - tail - 1);
		bt_pen_text(p, BT_INK_PLAIN, t->style.utf8 ? "…" : "~");
		bt_pen_raw(p, BT_INK_PLAIN, who, tail);
	} else {
		bt_pen_raw(p, BT_INK_PLAIN, whole, width);
	}
	bt_strbuf_free(&text);
}

static void draw_cell(struct bt_tui *t, struct bt_pen *p, const struct bt_tui_row *row,
		      const struct bt_tui_column *c)
{
	const struct bt_subject *s = &row->subject;
	const struct bt_field *f = c->field;
	struct bt_strbuf text = BT_STRBUF_INIT;
	int line_end = p->end;
	int end = c->width ? p->x + (int)c->width : line_end;
	unsigned int width;

	p->end = end < line_end ? end : line_end;
	if (p->x >= p->end)
		return;
	width = (unsigned int)(p->end - p->x);
	if (f == &bt_fields[BT_FIELD_BAR]) {
		bt_pen_bar(p, s->verdict->share, s->verdict->split, width);
	} else if (f == &bt_fields[BT_FIELD_TREND]) {
		draw_trend(t, p, s, width);
	} else if (f == &bt_fields[BT_FIELD_COMMAND]) {
		draw_command(t, p, row);
	} else if (f == &bt_fields[BT_FIELD_WAITS_FOR]) {
		draw_wait(t, p, s, width);
	} else if (row->group && (f == &bt_fields[BT_FIELD_PID] || f == &bt_fields[BT_FIELD_TID])) {
		const char *mark = row->collapsed ? (t->style.utf8 ? "▸" : "+") : (t->style.utf8 ? "▾" : "-");

		bt_pen_format(p, BT_INK_PLAIN, "%s%*u", mark, (int)width - 1,
			      row->sum->members - row->sum->ended);
	} else if (row->group ? says_of_groups(f) : !s->thread || says_of_threads(f)) {
		struct bt_subject whose = *s;

		if (s->thread && f == &bt_fields[BT_FIELD_USER])
			whose = bt_subject_of_process(s->process);
		else if (!s->thread && f == &bt_fields[BT_FIELD_TID])
			f = &bt_fields[BT_FIELD_PID];
		bt_cell_field(&text, f, width, &whose, &t->style);
		bt_pen_cell(p, ink_of(f, s), bt_strbuf_text(&text), width);
	}
	bt_pen_fill(p, end);
	p->end = line_end;
	bt_strbuf_free(&text);
}

static void draw_row(struct bt_tui *t, const struct bt_tui_row *row, int y, bool selected)
{
	struct bt_pen p = bt_tui_pen(t, y);
	const struct bt_verdict *v = row->subject.verdict;

	/* What does nothing is not to be looked at; nor is what is gone. */
	p.dim = v->id == BT_VERDICT_IDLE || row->subject.process->exited ||
		(row->subject.thread && row->subject.thread->ended);
	p.selected = selected;
	for (size_t i = 0; i < t->columns.count; i++) {
		if (i)
			bt_pen_fill(&p, p.x + 1);
		draw_cell(t, &p, row, &t->columns.list[i]);
	}
	bt_pen_fill(&p, p.end);
}

static void draw_titles(struct bt_tui *t, int y)
{
	struct bt_pen p = bt_tui_pen(t, y);
	int next = 0;

	for (size_t i = 0; i < t->columns.count; i++) {
		const struct bt_field *f = t->columns.list[i].field;
		bool sorted = t->config.sort ? f == t->config.sort : f == &bt_fields[BT_FIELD_ACTIVE];
		bool down = !t->config.sort ? !t->config.sort_reversed
					    : !(f->flags & BT_FIELD_DESCENDING) == t->config.sort_reversed;
		const char *mark = t->style.utf8 ? (down ? "▾" : "▴") : (down ? "v" : "^");
		int width = (int)t->columns.list[i].width;
		int begin = next;
		int end = begin + (width ? width : p.end);
		size_t length = strlen(f->title);

		sorted |= f == &bt_fields[BT_FIELD_TID] && t->config.sort == &bt_fields[BT_FIELD_PID];
		/* "WHERE THE TIME WENT" above a short bar is "WHERE". */
		if (width && (int)length > width)
			length = strcspn(f->title, " ");
		if ((f->flags & BT_FIELD_RIGHT) && width)
			bt_pen_fill(&p, end - (int)length);
		else
			bt_pen_fill(&p, begin);
		bt_pen_format(&p, BT_INK_HEAD, "%.*s", (int)length, f->title);
		/* In the space before the next column, where the title fills its own. */
		if (sorted)
			bt_pen_text(&p, BT_INK_HEAD, mark);
		next = end + 1;
	}
}

/* Names of what is about to be seen. */
static void describe(struct bt_tui *t, const struct bt_tui_row *row, unsigned int what)
{
	if (!row->group)
		t->ops->describe(t->context, (struct bt_process *)row->subject.process, what);
}

void bt_tui_scroll_to_cursor(struct bt_tui *t)
{
	size_t height = (size_t)t->list_height;

	if (t->cursor < t->top)
		t->top = t->cursor;
	if (t->cursor >= t->top + height)
		t->top = t->cursor + 1 - height;
	if (t->top && t->top + height > t->rows.count)
		t->top = t->rows.count > height ? t->rows.count - height : 0;
}

void bt_tui_draw_list(struct bt_tui *t, int top, int height)
{
	struct bt_tui_room room = {t->style.columns, t->pid_width, t->config.threads};
	unsigned int what = BT_TUI_DESCRIBE_USER | BT_TUI_DESCRIBE_COMMAND;

	bt_tui_columns_choose(&t->columns, &t->config, &room);
	t->head_line = top;
	t->list_top = top + 1;
	t->list_height = height > 1 ? height - 1 : 1;
	if (t->cursor >= t->rows.count)
		t->cursor = t->rows.count ? t->rows.count - 1 : 0;
	bt_tui_scroll_to_cursor(t);
	for (size_t i = 0; i < t->columns.count; i++)
		if (t->columns.list[i].field == &bt_fields[BT_FIELD_WAITS_FOR])
			what |= BT_TUI_DESCRIBE_PEERS;
	draw_titles(t, top);
	for (int i = 0; i < t->list_height && t->top + (size_t)i < t->rows.count; i++) {
		const struct bt_tui_row *row = &t->rows.list[t->top + (size_t)i];

		describe(t, row, what);
		draw_row(t, row, t->list_top + i, t->top + (size_t)i == t->cursor);
	}
	if (!t->rows.count && t->data) {
		struct bt_pen p = bt_tui_pen(t, t->list_top);

		bt_pen_text(&p, BT_INK_DIM,
			    t->filter               ? "nothing matches the filter; Esc drops it"
			    : t->rows.hidden_idle   ? "nothing to show; i shows what is idle"
			    : t->config.hide_kernel ? "nothing to show; K shows kernel threads"
						    : "nothing to show");
	}
}
