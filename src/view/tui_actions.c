/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What keys and clicks do. */
#include "tui_actions.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <curses.h>

#include "tui_internal.h"

#define SHIFT_STEP  8
#define WHEEL_LINES 3
#define CLICKS_MAX  8 /* as many as curses keeps */
#define SCROLL_END  (1L << 30)
#define ESCAPE      27

struct bt_process *bt_tui_target(struct bt_tui *t)
{
	const struct bt_tui_row *row = bt_tui_current(t);

	if (t->view == BT_TUI_PROCESS)
		return t->opened.live && !t->opened.live->exited ? t->opened.live : NULL;
	if (!row || row->group)
		return NULL;
	return bt_model_find_identity(t->frame.model, &row->subject.process->identity);
}

static void say_result(struct bt_tui *t, const char *what, int err)
{
	int32_t pid = t->subject.pid;

	if (err == -ESRCH)
		bt_tui_complain(t, "%d has ended meanwhile; no %s", pid, what);
	else if (err == -EPERM || err == -EACCES)
		bt_tui_complain(t, "%d: no %s: not permitted; it takes root or the same user", pid, what);
	else if (err)
		bt_tui_complain(t, "%d: no %s: %s", pid, what, strerror(-err));
}

void bt_tui_send_signal(struct bt_tui *t, int signal)
{
	int err = t->ops->signal(t->context, &t->subject, signal);

	if (err) {
		say_result(t, "signal was sent", err);
		return;
	}
	bt_tui_complain(t, "SIG%s was sent to %d", sigabbrev_np(signal), t->subject.pid);
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
	bt_tui_complain(t, "%d has nice value %d", t->subject.pid, nice);
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
}

static void sort_by(struct bt_tui *t, const struct bt_field *f)
{
	/* The same once more: the other way round. */
	t->config.sort_reversed = f == t->config.sort && !t->config.sort_reversed;
	t->config.sort = f;
	bt_tui_rebuild(t);
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
	t->folds.all = !t->folds.all;
	t->folds.count = 0;
	t->config.tree = true;
	t->config.group = false;
	bt_tui_rebuild(t);
}

static void open_row(struct bt_tui *t)
{
	const struct bt_tui_row *row = bt_tui_current(t);
	const struct bt_process *p = bt_tui_target(t);

	if (row && row->group) {
		bt_tui_group_toggle(&t->folds, row->subject.process->cgroup);
		bt_tui_rebuild(t);
	} else if (p) {
		bt_tui_process_open(t, p);
	}
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
	const struct bt_process *p = bt_tui_target(t);
	char title[96];

	if (!p)
		return;
	t->subject = p->identity;
	if (by) {
		bt_tui_send_nice(t, p->nice + by);
		return;
	}
	snprintf(title, sizeof(title), "nice value of %d, -20 (much CPU) to 19 (little), now %d",
		 p->identity.pid, p->nice);
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
			bt_tui_process_close(t);
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
		open_row(t);
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

static void click_head(struct bt_tui *t, int x)
{
	int at = 0;

	for (size_t i = 0; i < t->columns.count; i++) {
		const struct bt_tui_column *c = &t->columns.list[i];
		bool last = i + 1 == t->columns.count;

		at += (i > 0) + (int)c->width;
		if (x >= at && !last)
			continue;
		if (c->field->get && !(c->field->flags & BT_FIELD_SCREEN))
			sort_by(t, c->field);
		else
			sort_by(t, NULL);
		return;
	}
}

static void click_list(struct bt_tui *t, int line)
{
	size_t row = t->top + (size_t)(line - t->list_top);

	if (row >= t->rows.count)
		return;
	if (row == t->cursor)
		open_row(t);
	else
		bt_tui_put_cursor(t, row, false);
}

/* Returns enum bt_tui_request. */
static unsigned int click(struct bt_tui *t, const MEVENT *e)
{
	if (e->bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED)) {
		if (!t->menu)
			bt_tui_move(t, e->bstate & BUTTON4_PRESSED ? -WHEEL_LINES : WHEEL_LINES);
		return 0;
	}
	if (t->menu) {
		bt_tui_menu_click(t, e->y);
		return 0;
	}
	for (size_t i = 0; e->y == t->foot_line && i < t->foot_key_count; i++)
		if (e->x >= t->foot_keys[i].begin && e->x < t->foot_keys[i].end)
			return bt_tui_act(t, t->foot_keys[i].action);
	if (t->view != BT_TUI_LIST || !t->data)
		return 0;
	if (e->y == t->head_line)
		click_head(t, e->x);
	else if (e->y >= t->list_top && e->y < t->list_top + t->list_height)
		click_list(t, e->y);
	return 0;
}

/* Clicks that came together are one key of curses; it gives the last one first. */
static unsigned int clicks(struct bt_tui *t)
{
	MEVENT events[CLICKS_MAX];
	unsigned int request = 0;
	size_t count = 0;

	while (count < CLICKS_MAX && getmouse(&events[count]) == OK)
		count++;
	/* Clicks at two keys of the last line at once are no double click: the first counts. */
	while (count && !request)
		request = click(t, &events[--count]);
	return request;
}

/*
 * The rest of a key's sequence that the terminal's description does not know, behind an escape that was the
 * begin of one: a person cannot type that fast. Its letters must not be taken for keys ("[" would change a
 * nice value). Returns the key of curses that it stands for on most terminals; 0: none. ERR: it was no
 * sequence.
 */
static int rest_of_sequence(void)
{
	static const struct {
		const char *sequence;
		int key;
	} known[] = {{"A", KEY_UP},   {"B", KEY_DOWN}, {"C", KEY_RIGHT},  {"D", KEY_LEFT},
		     {"H", KEY_HOME}, {"F", KEY_END},  {"1~", KEY_HOME},  {"7~", KEY_HOME},
		     {"4~", KEY_END}, {"8~", KEY_END}, {"5~", KEY_PPAGE}, {"6~", KEY_NPAGE}};
	char sequence[16] = "";
	size_t length = 0;
	wint_t code;

	if (get_wch(&code) != OK)
		return ERR;
	if (code != '[' && code != 'O') {
		unget_wch((wchar_t)code);
		return ERR;
	}
	/* Parameters, then a final letter. */
	do {
		if (get_wch(&code) != OK)
			return 0;
		if (length + 1 < sizeof(sequence))
			sequence[length++] = (char)code;
	} while (code < 0x40);
	sequence[length] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(sequence, known[i].sequence))
			return known[i].key;
	return 0;
}

/* A key of curses, or a character; ERR: there is none any more. */
static int next_key(wint_t *code)
{
	int kind, key;

	for (;;) {
		kind = get_wch(code);
		if (kind != OK || *code != ESCAPE)
			return kind;
		key = rest_of_sequence();
		if (key == ERR)
			return kind;
		if (!key)
			continue;
		*code = (wint_t)key;
		return KEY_CODE_YES;
	}
}

unsigned int bt_tui_input(struct bt_tui *t)
{
	unsigned int request = 0;
	bool stale = false;
	wint_t code;
	int kind;

	while (!request && (kind = next_key(&code)) != ERR) {
		bool function = kind == KEY_CODE_YES;

		if (!t->message_lasting)
			*t->message = '\0';
		if (function || code < '0' || code > '9')
			*t->typed = '\0';
		/* What is clicked at is what is drawn, not what will be. */
		if (function && code == KEY_MOUSE && stale)
			bt_tui_draw(t);
		stale = true;
		if (function && code == KEY_MOUSE)
			request = clicks(t);
		else if (t->prompt.active)
			request = bt_tui_prompt_key(t, function, (unsigned int)code);
		else if (t->menu)
			bt_tui_menu_key(t, (int)code);
		else if (!function && code >= '0' && code <= '9' && t->view == BT_TUI_LIST && t->data)
			bt_tui_type_pid(t, (int)code);
		else if (function || code < KEY_MIN)
			request = bt_tui_act(t, bt_key_action((int)code, bt_tui_replays(t)));
	}
	bt_tui_draw(t);
	return request;
}
