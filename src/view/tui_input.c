/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed and clicked: which key it is, and whom it is for. */
#include <string.h>
#include <time.h>

#include <curses.h>

#include "tui_actions.h"
#include "tui_internal.h"

#define WHEEL_LINES 3
#define CLICKS_MAX  8 /* as many as curses keeps */
#define ESCAPE      27
/* In which the parts of one sequence come, however slow the line or the machine is. */
#define SEQUENCE_DELAY_MS 500

static void sort_by(struct bt_tui *t, const struct bt_field *f)
{
	/* The same once more: the other way round. */
	t->config.sort_reversed = f == t->config.sort && !t->config.sort_reversed;
	t->config.sort = f;
	bt_tui_rebuild(t);
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
		bt_tui_open_row(t);
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
 * The rest of a key's sequence that the terminal's description does not know, behind its begin. Its letters
 * must not be taken for keys ("[" would change a nice value), so that what is late of it is waited for.
 * Returns the key of curses that it stands for on most terminals; 0: none.
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
	wint_t code = 0;
	int kind;

	timeout(SEQUENCE_DELAY_MS);
	/* Parameters, then a final letter. */
	while ((kind = get_wch(&code)) == OK) {
		if (length + 1 < sizeof(sequence))
			sequence[length++] = (char)code;
		if (code >= 0x40)
			break;
	}
	nodelay(stdscr, TRUE);
	if (kind == KEY_CODE_YES)
		ungetch((int)code);
	if (kind != OK)
		return 0;
	sequence[length] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(sequence, known[i].sequence))
			return known[i].key;
	return 0;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Is an escape the begin of a sequence that is there already? A person cannot type that fast. */
static bool escape_begins_sequence(void)
{
	wint_t code;
	int kind = get_wch(&code);

	if (kind == OK && (code == '[' || code == 'O'))
		return true;
	if (kind == OK)
		unget_wch((wchar_t)code);
	else if (kind == KEY_CODE_YES)
		ungetch((int)code);
	return false;
}

/* A key of curses, or a character; ERR: there is none any more. */
static int next_key(struct bt_tui *t, wint_t *code)
{
	for (;;) {
		int kind = get_wch(code);
		uint64_t escaped_ms = t->escaped_ms;
		int key;

		if (kind == ERR)
			return ERR;
		t->escaped_ms = 0;
		if (kind != OK)
			return kind;
		if (*code == ESCAPE && !escape_begins_sequence()) {
			t->escaped_ms = now_ms();
			return kind;
		}
		/* The terminal, the line or this machine may have been slow behind the escape, too. */
		if (*code != ESCAPE && !((*code == '[' || *code == 'O') && escaped_ms &&
					 now_ms() - escaped_ms < SEQUENCE_DELAY_MS))
			return kind;
		key = rest_of_sequence();
		if (!key)
			continue;
		*code = (wint_t)key;
		return KEY_CODE_YES;
	}
}

/* Enter behind digits that no PID begins with is not meant for the row that happens to be selected. */
static bool ends_missed_pid(struct bt_tui *t, bool function, wint_t code)
{
	if (!*t->typed || (code != '\r' && code != '\n' && !(function && code == KEY_ENTER)))
		return false;
	return !bt_tui_typed_found(t);
}

unsigned int bt_tui_input(struct bt_tui *t)
{
	unsigned int request = 0;
	bool stale = false;
	wint_t code;
	int kind;

	while (!request && (kind = next_key(t, &code)) != ERR) {
		bool function = kind == KEY_CODE_YES;

		if (ends_missed_pid(t, function, code)) {
			*t->typed = '\0';
			continue;
		}
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
