/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboard: frames in, screens out. What a key does: tui_actions.c. */
#include "tui.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curses.h>

#include "host_load.h"
#include "tui_actions.h"
#include "tui_internal.h"
#include "tui_terminal.h"

int bt_tui_open(struct bt_tui **out, const struct bt_tui_setup *setup)
{
	struct bt_tui *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->ops = setup->ops;
	t->context = setup->context;
	t->config = setup->config;
	t->style = setup->style;
	err = bt_trends_create(&t->trends);
	if (!err)
		err = bt_terminal_open();
	if (err) {
		bt_trends_destroy(t->trends);
		free(t);
		return err;
	}
	bt_inks_init(t->style.colour);
	*out = t;
	bt_tui_draw(t);
	return 0;
}

void bt_tui_close(struct bt_tui *t)
{
	if (!t)
		return;
	bt_terminal_close();
	bt_tui_menu_close(t);
	bt_tui_opened_close(t);
	bt_tui_rows_free(&t->rows);
	bt_tui_folds_free(&t->folds);
	bt_trends_destroy(t->trends);
	bt_query_destroy(t->filter);
	bt_query_destroy(t->search);
	free(t);
}

struct bt_pen bt_tui_pen(const struct bt_tui *t, int y)
{
	return (struct bt_pen){
	    .y = y, .end = (int)t->style.columns, .hidden = y < 0 || y > t->foot_line, .style = &t->style};
}

void bt_tui_draw(struct bt_tui *t)
{
	size_t scroll;
	int top, height;

	t->style.columns = (unsigned int)COLS;
	t->foot_line = LINES - 1;
	do {
		scroll = t->scroll;
		erase();
		top = 0;
		if (t->view == BT_TUI_LIST)
			top = bt_tui_draw_head(t);
		else if (t->view == BT_TUI_PROCESS)
			top = bt_tui_draw_playback(t, top);
		/* The last line has its place on the smallest terminal. */
		height = t->foot_line - top > 1 ? t->foot_line - top : 1;
		if (t->view == BT_TUI_HELP)
			bt_tui_draw_help(t, top, height);
		else if (t->view == BT_TUI_PROCESS)
			bt_tui_draw_process(t, top, height);
		else if (t->data)
			bt_tui_draw_list(t, top, height);
		if (t->menu)
			bt_tui_draw_menu(t, top, height);
		bt_tui_draw_foot(t, t->foot_line);
		/* Less to see than was scrolled past: once more, from where it ends. */
	} while (scroll != t->scroll);
	refresh();
}

void bt_tui_complain(struct bt_tui *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start() is the line above */
	vsnprintf(t->message, sizeof(t->message), format, ap);
	va_end(ap);
	t->message_error = true;
	t->message_lasting = false;
}

void bt_tui_say(struct bt_tui *t, const char *text, bool lasting)
{
	snprintf(t->message, sizeof(t->message), "%s", text);
	t->message_error = true;
	t->message_lasting = lasting;
	bt_tui_draw(t);
}

static bool row_is_of(const struct bt_tui_row *row, const struct bt_identity *who, int32_t tid)
{
	const struct bt_subject *s = &row->subject;

	return s->process->identity.pid == who->pid && s->process->identity.start_ns == who->start_ns &&
	       (!tid || (s->thread && s->thread->tid == tid));
}

/* Finds the row that the cursor keeps to. */
static void follow(struct bt_tui *t)
{
	size_t begin = 0, end = t->rows.count;

	if (!t->follow && !t->held)
		return;
	if (!t->follow) {
		begin = t->top;
		if (end > begin + (size_t)t->list_height)
			end = begin + (size_t)t->list_height;
	}
	for (size_t i = begin; i < end; i++) {
		if (!row_is_of(&t->rows.list[i], t->follow ? &t->followed : &t->hold,
			       t->follow ? t->followed_tid : t->held_tid))
			continue;
		t->cursor = i;
		return;
	}
	if (t->follow) {
		t->follow = false;
		bt_tui_complain(t, "%d is not here any more; following ended", t->followed.pid);
	}
	if (t->cursor < t->rows.count)
		bt_tui_put_cursor(t, t->cursor, false);
}

void bt_tui_put_cursor(struct bt_tui *t, size_t at, bool keep)
{
	const struct bt_subject *s = &t->rows.list[at].subject;

	t->cursor = at;
	/* Groups have no identity. */
	t->follow = keep && !t->rows.list[at].group;
	t->held = !t->rows.list[at].group;
	t->hold = s->process->identity;
	t->held_tid = s->thread ? s->thread->tid : 0;
	t->followed = t->hold;
	t->followed_tid = t->held_tid;
}

void bt_tui_rebuild(struct bt_tui *t)
{
	if (t->config.threads && t->data && !t->threads_judged) {
		if (bt_model_judge(t->frame.model, true))
			bt_tui_complain(t, "no memory for the threads");
		t->threads_judged = true;
	}
	if (bt_tui_rows_build(t))
		bt_tui_complain(t, "no memory for the list");
	follow(t);
}

void bt_tui_rebuild_around(struct bt_tui *t)
{
	const struct bt_tui_row *row = bt_tui_current(t);
	struct bt_identity who = {0};
	int32_t tid = 0;
	bool keep = row && !row->group && (t->held || !t->filter);

	if (keep) {
		who = row->subject.process->identity;
		tid = row->subject.thread ? row->subject.thread->tid : 0;
	}
	bt_tui_rebuild(t);
	for (size_t i = 0; keep && !t->follow && i < t->rows.count; i++) {
		if (!row_is_of(&t->rows.list[i], &who, tid))
			continue;
		bt_tui_put_cursor(t, i, false);
		return;
	}
}

static unsigned int digits_of(int32_t pid)
{
	unsigned int digits = 1;

	while (pid >= 10) {
		pid /= 10;
		digits++;
	}
	return digits;
}

static void trends_take(struct bt_tui *t)
{
	int32_t largest = 0;

	bt_trends_begin(t->trends, bt_tui_now_ns(t) - t->data->duration_ns);
	for (size_t i = 0; i < t->data->process_count; i++) {
		const struct bt_process *p = t->data->processes[i];
		struct bt_subject s = bt_subject_of_process(p);

		bt_trends_add(t->trends, &s);
		for (uint32_t k = 0; t->config.threads && k < p->thread_count; k++) {
			s = bt_subject_of_thread(p, p->thread_list[k]);
			bt_trends_add(t->trends, &s);
		}
		if (p->identity.pid > largest)
			largest = p->identity.pid;
	}
	/* A column that has grown stays so: nothing jumps. */
	if (digits_of(largest) > t->pid_width)
		t->pid_width = digits_of(largest);
}

/* What is shown of earlier frames: these were others. */
static void earlier_forget(struct bt_tui *t)
{
	bt_trends_clear(t->trends);
	t->opened.frames = 0;
}

int bt_tui_update(struct bt_tui *t, const struct bt_tui_frame *frame)
{
	t->frame = *frame;
	t->data = NULL;
	if (frame->jumped)
		earlier_forget(t);
	t->threads_judged = t->config.threads;
	if (bt_model_judge(frame->model, t->config.threads))
		return -ENOMEM;
	t->data = bt_model_frame(frame->model);
	if (!t->data)
		return -ENOMEM;
	if (t->message_lasting)
		*t->message = '\0';
	t->message_lasting = false;
	bt_host_load(t->data, t->load);
	trends_take(t);
	bt_tui_opened_update(t);
	if (frame->unseen)
		return 0;
	bt_tui_rebuild(t);
	bt_tui_draw(t);
	return 0;
}

void bt_tui_resize(struct bt_tui *t)
{
	bt_terminal_resize();
	bt_tui_draw(t);
}

void bt_tui_redraw(struct bt_tui *t)
{
	bt_tui_draw(t);
}

void bt_tui_suspend(struct bt_tui *t)
{
	(void)t;
	bt_terminal_suspend();
}

void bt_tui_resume(struct bt_tui *t)
{
	bt_terminal_resume();
	bt_tui_draw(t);
}

uint64_t bt_tui_delay_ns(const struct bt_tui *t)
{
	return t->config.delay_ns;
}

bool bt_tui_paused(const struct bt_tui *t)
{
	return t->paused;
}

int64_t bt_tui_jump_ns(const struct bt_tui *t)
{
	return t->jump_ns;
}
