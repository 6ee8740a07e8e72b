/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line to type in at the bottom of the screen: search, filter, delay, nice value. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <curses.h>

#include "parse.h"
#include "tui_internal.h"

#define ESCAPE  27
#define DELETE  127
#define CTRL(c) ((c)&0x1f)

void bt_tui_prompt_open(struct bt_tui *t, enum bt_action action, const char *title, const char *text)
{
	char refused[sizeof(t->prompt.text)] = "";

	if (t->prompt.refused && t->prompt.action == action) {
		snprintf(refused, sizeof(refused), "%s", t->prompt.text);
		text = refused;
	}
	t->prompt = (struct bt_tui_prompt){.active = true, .action = action};
	snprintf(t->prompt.title, sizeof(t->prompt.title), "%s", title);
	t->prompt.length = (size_t)snprintf(t->prompt.text, sizeof(t->prompt.text), "%s", text);
	if (t->prompt.length >= sizeof(t->prompt.text))
		t->prompt.length = sizeof(t->prompt.text) - 1;
}

void bt_tui_prompt_draw(const struct bt_tui *t, int line)
{
	struct bt_pen p = bt_tui_pen(t, line);
	const char *text = t->prompt.text;
	size_t room;

	bt_pen_format(&p, BT_INK_BOLD, "%s: ", t->prompt.title);
	room = p.end > p.x + 1 ? (size_t)(p.end - p.x - 1) : 0;
	/* The end of what is typed is what is looked at. */
	if (t->prompt.length > room)
		text += t->prompt.length - room;
	while (((unsigned char)*text & 0xc0) == 0x80)
		text++;
	bt_pen_raw(&p, BT_INK_PLAIN, text, 0);
	p.selected = true;
	bt_pen_text(&p, BT_INK_PLAIN, " ");
}

void bt_tui_filter_set(struct bt_tui *t, const char *text)
{
	struct bt_query *q = NULL;
	char why[128] = "no memory";

	if (*text && bt_query_create(&q, text, why, sizeof(why))) {
		bt_tui_complain(t, "filter: %s", why);
		t->prompt.refused = t->prompt.action == BT_ACTION_FILTER;
		return;
	}
	bt_query_destroy(t->filter);
	t->filter = q;
	snprintf(t->filter_text, sizeof(t->filter_text), "%s", text);
	bt_tui_rebuild_around(t);
}

static bool row_matches(struct bt_tui *t, const struct bt_tui_row *row)
{
	struct bt_process *p = (struct bt_process *)row->subject.process;

	if (row->group)
		return strcasestr(p->cgroup, t->search_text) != NULL;
	if (bt_query_needs(t->search))
		t->ops->describe(t->context, p, BT_TUI_DESCRIBE_USER | BT_TUI_DESCRIBE_COMMAND);
	return bt_query_match(t->search, p);
}

/* From the row at, round the end; keep: and stays with it. */
static bool search_from(struct bt_tui *t, size_t at, bool keep)
{
	for (size_t i = 0; i < t->rows.count; i++) {
		size_t row = (at + i) % t->rows.count;

		if (!row_matches(t, &t->rows.list[row]))
			continue;
		bt_tui_put_cursor(t, row, keep);
		return true;
	}
	return false;
}

void bt_tui_search_next(struct bt_tui *t)
{
	if (!t->search)
		bt_tui_complain(t, "nothing was searched for yet; / does it");
	else if (!search_from(t, t->cursor + 1, true))
		bt_tui_complain(t, "%s: not found", t->search_text);
}

/* The row of the PID that was typed, or of the first that begins with it; SIZE_MAX: there is none. */
static size_t typed_row(const struct bt_tui *t)
{
	size_t length = strlen(t->typed);
	size_t found = SIZE_MAX;
	char pid[16];

	for (size_t i = 0; i < t->rows.count; i++) {
		const struct bt_tui_row *row = &t->rows.list[i];
		const struct bt_subject *s = &row->subject;

		if (row->group)
			continue;
		snprintf(pid, sizeof(pid), "%d", s->thread ? s->thread->tid : s->process->identity.pid);
		if (strncmp(pid, t->typed, length) != 0)
			continue;
		if (!pid[length])
			return i;
		if (found == SIZE_MAX)
			found = i;
	}
	return found;
}

bool bt_tui_typed_found(const struct bt_tui *t)
{
	return typed_row(t) != SIZE_MAX;
}

void bt_tui_type_pid(struct bt_tui *t, int digit)
{
	size_t length = strlen(t->typed);
	size_t row;

	/* No PID is longer: it begins anew. */
	if (length + 1 >= sizeof(t->typed))
		length = 0;
	t->typed[length] = (char)digit;
	t->typed[length + 1] = '\0';
	row = typed_row(t);
	if (row == SIZE_MAX) {
		bt_tui_complain(t, "%s: no such PID in the list", t->typed);
		return;
	}
	bt_tui_put_cursor(t, row, true);
	bt_tui_complain(t, "PID %s", t->typed);
	t->message_error = false;
}

/* While it is typed the cursor is where it would be. final: complains. */
static void search_set(struct bt_tui *t, const char *text, bool final)
{
	struct bt_query *q = NULL;
	char why[128] = "no memory";

	if (!*text)
		return;
	if (bt_query_create(&q, text, why, sizeof(why))) {
		if (final) {
			bt_tui_complain(t, "search: %s", why);
			t->prompt.refused = true;
		}
		return;
	}
	bt_query_destroy(t->search);
	t->search = q;
	snprintf(t->search_text, sizeof(t->search_text), "%s", text);
	if (!search_from(t, t->cursor, final) && final)
		bt_tui_complain(t, "%s: not found", text);
}

static void nice_set(struct bt_tui *t, const char *text)
{
	bool negative = *text == '-';
	uint64_t value;

	if (bt_parse_count(text + negative, 0, 20, &value))
		bt_tui_complain(t, "%s: not a nice value; give one from -20 to 19", text);
	else
		bt_tui_send_nice(t, negative ? -(int)value : (int)value);
}

/* Returns enum bt_tui_request. */
static unsigned int accept(struct bt_tui *t)
{
	const char *text = t->prompt.text;
	uint64_t delay_ns;

	t->prompt.active = false;
	switch (t->prompt.action) {
	case BT_ACTION_SEARCH:
		search_set(t, text, true);
		break;
	case BT_ACTION_FILTER:
		bt_tui_filter_set(t, text);
		break;
	case BT_ACTION_DELAY:
		if (!*text)
			break;
		if (bt_parse_seconds(text, &delay_ns))
			bt_tui_complain(t, "%s: not a length; give seconds, 0.001 to 10000000", text);
		else
			t->config.delay_ns = delay_ns;
		break;
	case BT_ACTION_RENICE:
		if (*text)
			nice_set(t, text);
		break;
	case BT_ACTION_JUMP:
		return *text && bt_tui_jump_set(t, text) ? BT_TUI_JUMP : 0;
	default:
		break;
	}
	return 0;
}

static void prompt_erase(struct bt_tui_prompt *p)
{
	while (p->length && ((unsigned char)p->text[p->length - 1] & 0xc0) == 0x80)
		p->length--;
	if (p->length)
		p->length--;
	p->text[p->length] = '\0';
}

static void prompt_insert(struct bt_tui_prompt *p, unsigned int code)
{
	char bytes[MB_LEN_MAX];
	mbstate_t state = {0};
	size_t count = wcrtomb(bytes, (wchar_t)code, &state);

	if (count == (size_t)-1 || p->length + count >= sizeof(p->text))
		return;
	memcpy(p->text + p->length, bytes, count);
	p->length += count;
	p->text[p->length] = '\0';
}

unsigned int bt_tui_prompt_key(struct bt_tui *t, bool function, unsigned int code)
{
	struct bt_tui_prompt *p = &t->prompt;

	if (code == '\r' || code == '\n' || (function && code == KEY_ENTER)) {
		return accept(t);
	}
	if (!function && code == ESCAPE) {
		p->active = false;
		return 0;
	}
	/* F3 goes on to the next match while one searches. */
	if (function && code == KEY_F(3) && p->action == BT_ACTION_SEARCH) {
		bt_tui_search_next(t);
		return 0;
	}
	if ((function && code == KEY_BACKSPACE) || (!function && (code == DELETE || code == CTRL('h')))) {
		prompt_erase(p);
	} else if (!function && code == CTRL('u')) {
		p->length = 0;
		p->text[0] = '\0';
	} else if (!function && code >= ' ') {
		prompt_insert(p, code);
	} else {
		return 0;
	}
	if (p->action == BT_ACTION_SEARCH)
		search_set(t, p->text, false);
	return 0;
}
