/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed and clicked: which key it is, and whom it is for. */
#include <string.h>

#include <curses.h>

#include "clock.h"
#include "tui_actions.h"
#include "tui_internal.h"

#define WHEEL_LINES 3
#define CLICKS_MAX  8 /* as many as curses keeps */
#define ESCAPE      27
#define DELETE      127
/* In which the next part of a sequence comes, however slow the line or the machine is. */
#define SEQUENCE_DELAY_NS 1000000000ULL

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

/* The key of curses that a sequence stands for on most terminals; 0: none. */
static int key_of_sequence(const char *sequence)
{
	static const struct {
		const char *sequence;
		int key;
	} known[] = {{"A", KEY_UP},   {"B", KEY_DOWN}, {"C", KEY_RIGHT},  {"D", KEY_LEFT},
		     {"H", KEY_HOME}, {"F", KEY_END},  {"1~", KEY_HOME},  {"7~", KEY_HOME},
		     {"4~", KEY_END}, {"8~", KEY_END}, {"5~", KEY_PPAGE}, {"6~", KEY_NPAGE}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(sequence, known[i].sequence))
			return known[i].key;
	return 0;
}

/*
 * Takes a character that belongs to a key's sequence which the terminal's description does not know: its
 * letters must not be taken for keys ("[" would change a nice value). It may come in pieces, so that what
 * there is of it is kept from one read to the next. Returns false: it belongs to none. *key is what ended
 * with it, 0 if nothing.
 */
static bool take_sequence(struct bt_tui *t, wint_t code, int *key)
{
	struct bt_tui_sequence *s = &t->sequence;
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	bool late = !s->at_ns || now_ns - s->at_ns > SEQUENCE_DELAY_NS;

	*key = 0;
	if (late || code == ESCAPE || (!s->inside && code != '[' && code != 'O')) {
		*s = (struct bt_tui_sequence){.at_ns = code == ESCAPE ? now_ns : 0};
		return false;
	}
	s->at_ns = now_ns;
	if (!s->inside) {
		s->inside = true;
		return true;
	}
	/* Parameters, then a final letter. */
	if (s->length + 1 < sizeof(s->text))
		s->text[s->length++] = (char)code;
	if (code >= 0x40) {
		s->text[s->length] = '\0';
		*key = key_of_sequence(s->text);
		*s = (struct bt_tui_sequence){0};
	}
	return true;
}

/* Is what follows an escape there already, as the rest of a sequence? A person cannot type that fast. */
static bool escape_begins_sequence(void)
{
	wint_t code;
	int kind = get_wch(&code);

	if (kind == OK)
		unget_wch((wchar_t)code);
	else if (kind == KEY_CODE_YES)
		ungetch((int)code);
	return kind == OK && (code == '[' || code == 'O');
}

/* A key of curses, or a character; ERR: there is none any more. */
static int next_key(struct bt_tui *t, wint_t *code)
{
	for (;;) {
		int kind = get_wch(code);
		int key;

		if (kind == KEY_CODE_YES)
			t->sequence = (struct bt_tui_sequence){0};
		if (kind != OK)
			return kind;
		if (!take_sequence(t, *code, &key)) {
			if (*code == ESCAPE && escape_begins_sequence())
				continue;
			return kind;
		}
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

static unsigned int act(struct bt_tui *t, bool function, wint_t code)
{
	enum bt_action action = bt_key_action((int)code, bt_tui_replays(t));

	if (action == BT_ACTION_NONE && !function && code > ' ' && code < DELETE)
		bt_tui_complain(t, "%c does nothing; ? lists the keys", (char)code);
	return bt_tui_act(t, action);
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
			request = act(t, function, code);
	}
	bt_tui_draw(t);
	return request;
}
