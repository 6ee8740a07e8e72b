/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys do. */
#include "tui_actions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curses.h>

#include "cells.h"
#include "tui_internal.h"

#define SHIFT_STEP 8
#define SCROLL_END (1L << 30)
#define COMM_WIDTH 15 /* of a process, as the kernel has it */

struct bt_process *bt_tui_target(struct bt_tui *t)
{
	const struct bt_tui_row *row = bt_tui_current(t);

	if (t->view == BT_TUI_PROCESS)
		return t->opened.live && !t->opened.live->exited ? t->opened.live : NULL;
	if (!row || row->group)
		return NULL;
	return bt_model_find_identity(t->frame.model, &row->subject.process->identity);
}

struct bt_process *bt_tui_target_or_say(struct bt_tui *t)
{
	struct bt_process *p = bt_tui_target(t);
	const struct bt_tui_row *row = bt_tui_current(t);
	bool opened = t->view == BT_TUI_PROCESS;

	/* At the top of the list another one may come in between two keys: what is done is done to one. */
	if (p && !opened && !t->follow)
		bt_tui_put_cursor(t, t->cursor, false);

	if (!p && (opened ? t->opened.kind == BT_TUI_OPEN_GROUP : row && row->group))
		bt_tui_complain(t, "that is for one process, not for a control group; + shows its processes");
	else if (!p && opened)
		bt_tui_complain(t, "it has ended");
	return p;
}

void bt_tui_subject_set(struct bt_tui *t, const struct bt_process *p)
{
	struct bt_strbuf name = BT_STRBUF_INIT;

	t->subject = p->identity;
	bt_cell_raw(&name, p->comm, COMM_WIDTH, &t->style);
	snprintf(t->subject_name, sizeof(t->subject_name), "%d (%s)", p->identity.pid, bt_strbuf_text(&name));
	bt_strbuf_free(&name);
}

static void say_result(struct bt_tui *t, const char *what, int err)
{
	const char *who = t->subject_name;

	if (err == -ESRCH)
		bt_tui_complain(t, "%s has ended meanwhile; no %s", who, what);
	else if (err == -EPERM || err == -EACCES)
		bt_tui_complain(t, "%s: no %s: not permitted; it takes root or the same user", who, what);
	else if (err)
		bt_tui_complain(t, "%s: no %s: %s", who, what, strerror(-err));
}

void bt_tui_send_signal(struct bt_tui *t, int signal)
{
	int err = t->ops->signal(t->context, &t->subject, signal);

	if (err) {
		say_result(t, "signal was sent", err);
		return;
	}
	bt_tui_complain(t, "SIG%s was sent to %s", sigabbrev_np(signal), t->subject_name);
	t->message_error = false;
}

void bt_tui_send_nice(struct bt_tui *t, int nice)
{
	int err = t->ops->renice(t->context, &t->subject, nice);
	struct bt_process *p = bt_model_find_identity(t->frame.model, &t->subject);

	if (err) {
		say_result(t, "nice value was set", err);
		return;
	}
	/* Known before the next frame: the key may be pressed twice. */
	if (p)
		p->nice = (int8_t)nice;
	bt_tui_complain(t, "%s has nice value %d", t->subject_name, nice);
	t->message_error = false;
}

void bt_tui_move(struct bt_tui *t, long lines)
{
	size_t last = t->rows.count ? t->rows.count - 1 : 0;
	size_t *at = &t->cursor;

	if (t->view != BT_TUI_LIST) {
		/* Where it ends is known when it is drawn. */
		at = &t->scroll;
		last = SCROLL_END;
	}
	if (lines < 0)
		*at = *at > (size_t)-lines ? *at - (size_t)-lines : 0;
	else
		*at = (size_t)lines < last - (*at < last ? *at : last) ? *at + (size_t)lines : last;
	if (t->view != BT_TUI_LIST)
		return;
	t->follow = t->held = false;
	/* At the top one looks at what is at the top. */
	if (t->cursor && t->cursor < t->rows.count)
		bt_tui_put_cursor(t, t->cursor, false);
	/* Of keys that come faster than it is drawn each counts, too. */
	if (t->list_height)
		bt_tui_scroll_to_cursor(t);
}

static void set_sort(struct bt_tui *t, const struct bt_field *f)
{
	t->config.sort = f;
	t->config.sort_reversed = false;
	bt_tui_rebuild(t);
}

static void toggle(struct bt_tui *t, bool *what)
{
	*what = !*what;
	bt_tui_rebuild(t);
}

static void set_fold(struct bt_tui *t, bool collapse)
{
	const struct bt_tui_row *row = bt_tui_current(t);

	if (!row)
		return;
	if (row->group && row->collapsed != collapse)
		bt_tui_group_toggle(&t->folds, row->subject.process->cgroup);
	else if (!row->group && t->config.tree)
		bt_tui_fold(&t->folds, row->subject.process, collapse);
	else
		bt_tui_complain(t, "only in a tree (t) or in groups (g)");
	bt_tui_rebuild(t);
}

static void fold_all(struct bt_tui *t)
{
	if (t->config.group) {
		bt_tui_groups_toggle_all(&t->folds);
		bt_tui_rebuild(t);
		return;
	}
	t->folds.all = !t->folds.all;
	t->folds.count = 0;
	t->config.tree = true;
	bt_tui_rebuild(t);
}

void bt_tui_open_row(struct bt_tui *t)
{
	const struct bt_tui_row *row = bt_tui_current(t);

	if (row && (row->group || bt_tui_target(t)))
		bt_tui_opened_open(t, row);
}

static void set_follow(struct bt_tui *t)
{
	const struct bt_tui_row *row = bt_tui_current(t);

	if (t->follow || !row || row->group) {
		t->follow = false;
		return;
	}
	bt_tui_put_cursor(t, t->cursor, true);
}

static void renice(struct bt_tui *t, int by)
{
	const struct bt_process *p = bt_tui_target_or_say(t);
	char title[sizeof(t->prompt.title)];

	if (!p)
		return;
	bt_tui_subject_set(t, p);
	if (by) {
		bt_tui_send_nice(t, p->nice + by);
		return;
	}
	snprintf(title, sizeof(title), "nice value of %s, -20 (much CPU) to 19 (little), now %d",
		 t->subject_name, p->nice);
	bt_tui_prompt_open(t, BT_ACTION_RENICE, title, "");
}

static void ask_delay(struct bt_tui *t)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_strbuf_add(&text, "seconds a frame, now ");
	bt_strbuf_add_fixed(&text, (double)t->config.delay_ns / 1e9, t->config.delay_ns % 1000000000 ? 3 : 0);
	bt_tui_prompt_open(t, BT_ACTION_DELAY, bt_strbuf_text(&text), "");
	bt_strbuf_free(&text);
}

static void save(struct bt_tui *t)
{
	struct bt_strbuf config = BT_STRBUF_INIT;
	struct bt_strbuf said = BT_STRBUF_INIT;
	int err;

	bt_tui_config_format(&t->config, &config);
	err = t->ops->save(t->context, &config, &said);
	bt_tui_complain(t, "%s", bt_strbuf_text(&said));
	t->message_error = err != 0;
	bt_strbuf_free(&config);
	bt_strbuf_free(&said);
}

static unsigned int back(struct bt_tui *t, bool quit)
{
	if (t->view != BT_TUI_LIST) {
		/* Help can be asked for in a process: back to where one was. */
		if (t->view == BT_TUI_PROCESS || !t->opened.open)
			t->view = BT_TUI_LIST;
		else
			t->view = BT_TUI_PROCESS;
		if (t->view == BT_TUI_LIST)
			bt_tui_opened_close(t);
		t->scroll = 0;
		return 0;
	}
	if (quit)
		return BT_TUI_QUIT;
	if (t->filter)
		bt_tui_filter_set(t, "");
	t->follow = false;
	return 0;
}

/* Moving and what every view has. True: it was that. */
static bool act_common(struct bt_tui *t, enum bt_action action, unsigned int *request)
{
	int page = t->view == BT_TUI_LIST ? t->list_height : t->foot_line;

	switch (action) {
	case BT_ACTION_UP:
	case BT_ACTION_DOWN:
		bt_tui_move(t, action == BT_ACTION_UP ? -1 : 1);
		break;
	case BT_ACTION_PAGE_UP:
	case BT_ACTION_PAGE_DOWN:
		bt_tui_move(t, action == BT_ACTION_PAGE_UP ? -page : page);
		break;
	case BT_ACTION_HOME:
	case BT_ACTION_END:
		bt_tui_move(t, action == BT_ACTION_HOME ? -SCROLL_END : SCROLL_END);
		break;
	case BT_ACTION_BACK:
	case BT_ACTION_QUIT:
		*request = back(t, action == BT_ACTION_QUIT);
		break;
	case BT_ACTION_HELP:
		t->view = BT_TUI_HELP;
		t->scroll = 0;
		break;
	case BT_ACTION_PAUSE:
		t->paused = !t->paused;
		break;
	case BT_ACTION_STEP:
	case BT_ACTION_STEP_ON:
		*request = BT_TUI_STEP;
		break;
	case BT_ACTION_PLAY:
		*request = BT_TUI_PLAY;
		break;
	case BT_ACTION_STEP_BACK:
		*request = BT_TUI_STEP_BACK;
		break;
	case BT_ACTION_FASTER:
		*request = BT_TUI_FASTER;
		break;
	case BT_ACTION_SLOWER:
		*request = BT_TUI_SLOWER;
		break;
	case BT_ACTION_JUMP:
		bt_tui_ask_jump(t);
		break;
	case BT_ACTION_DELAY:
		ask_delay(t);
		break;
	case BT_ACTION_SUSPEND:
		*request = BT_TUI_SUSPEND;
		break;
	case BT_ACTION_REDRAW:
		clearok(curscr, TRUE);
		break;
	case BT_ACTION_SIGNAL:
		bt_tui_menu_signal(t);
		break;
	case BT_ACTION_RENICE:
		renice(t, 0);
		break;
	case BT_ACTION_NICE_LESS:
	case BT_ACTION_NICE_MORE:
		renice(t, action == BT_ACTION_NICE_LESS ? -1 : 1);
		break;
	default:
		return false;
	}
	return true;
}

static void act_list(struct bt_tui *t, enum bt_action action)
{
	switch (action) {
	case BT_ACTION_OPEN:
		bt_tui_open_row(t);
		break;
	case BT_ACTION_LEFT:
		t->shift -= t->shift < SHIFT_STEP ? t->shift : SHIFT_STEP;
		break;
	case BT_ACTION_RIGHT:
		t->shift += SHIFT_STEP;
		break;
	case BT_ACTION_SEARCH:
		bt_tui_prompt_open(t, action, "find", "");
		break;
	case BT_ACTION_PID:
		break; /* it takes the digit: bt_tui_input() */
	case BT_ACTION_SEARCH_NEXT:
		bt_tui_search_next(t);
		break;
	case BT_ACTION_FILTER:
		bt_tui_prompt_open(t, action, "filter", t->filter_text);
		break;
	case BT_ACTION_USER:
		bt_tui_menu_user(t);
		break;
	case BT_ACTION_SORT:
		bt_tui_menu_sort(t);
		break;
	case BT_ACTION_SORT_ACTIVITY:
		set_sort(t, NULL);
		break;
	case BT_ACTION_SORT_CPU:
		set_sort(t, &bt_fields[BT_FIELD_CPUS]);
		break;
	case BT_ACTION_SORT_MEMORY:
		set_sort(t, &bt_fields[BT_FIELD_RSS_BYTES]);
		break;
	case BT_ACTION_SORT_TIME:
		set_sort(t, &bt_fields[BT_FIELD_CPU_TIME_S]);
		break;
	case BT_ACTION_SORT_PID:
		set_sort(t, &bt_fields[BT_FIELD_PID]);
		break;
	case BT_ACTION_INVERT:
		toggle(t, &t->config.sort_reversed);
		break;
	case BT_ACTION_TREE:
		t->config.group = false;
		toggle(t, &t->config.tree);
		break;
	case BT_ACTION_GROUP:
		t->config.tree = false;
		toggle(t, &t->config.group);
		break;
	case BT_ACTION_EXPAND:
	case BT_ACTION_COLLAPSE:
		set_fold(t, action == BT_ACTION_COLLAPSE);
		break;
	case BT_ACTION_COLLAPSE_ALL:
		fold_all(t);
		break;
	case BT_ACTION_THREADS:
		toggle(t, &t->config.threads);
		break;
	case BT_ACTION_IDLE:
		toggle(t, &t->config.hide_idle);
		break;
	case BT_ACTION_KERNEL:
		toggle(t, &t->config.hide_kernel);
		break;
	case BT_ACTION_COLUMNS:
		bt_tui_menu_columns(t);
		break;
	case BT_ACTION_FOLLOW:
		set_follow(t);
		break;
	case BT_ACTION_SAVE:
		save(t);
		break;
	default:
		break;
	}
}

unsigned int bt_tui_act(struct bt_tui *t, enum bt_action action)
{
	unsigned int request = 0;

	if (!t->data && action != BT_ACTION_QUIT && action != BT_ACTION_SUSPEND && action != BT_ACTION_HELP)
		return 0;
	if (!act_common(t, action, &request) && t->view == BT_TUI_LIST)
		act_list(t, action);
	return request;
}
