/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists to choose from, drawn over the left of the screen: sort keys, columns, signals, users. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <curses.h>

#include "tui_internal.h"

#define MENU_WIDTH 46
/* Where there is room, what a field means is read in whole. */
#define MENU_WIDE   80
#define WIDE        100
#define FIELD_WIDTH 19 /* of the longest names */
#define ESCAPE      27
#define USERS_MAX   256

enum kind { MENU_SORT, MENU_COLUMNS, MENU_SIGNAL, MENU_USER };

struct bt_tui_menu {
	enum kind kind;
	char title[128];
	size_t count, cursor, top;
	int height;
	/* COLUMNS: all fields, those that are shown first, in their order. */
	const struct bt_field *fields[BT_FIELD_COUNT];
	size_t shown;
	/* USER */
	char *users[USERS_MAX];
	/* SIGNAL */
	int signals[64];
};

static struct bt_tui_menu *menu_open(struct bt_tui *t, enum kind kind, const char *title)
{
	bt_tui_menu_close(t);
	t->menu = calloc(1, sizeof(*t->menu));
	if (!t->menu)
		return NULL;
	t->menu->kind = kind;
	snprintf(t->menu->title, sizeof(t->menu->title), "%s", title);
	return t->menu;
}

void bt_tui_menu_close(struct bt_tui *t)
{
	for (size_t i = 0; t->menu && i < USERS_MAX; i++)
		free(t->menu->users[i]);
	free(t->menu);
	t->menu = NULL;
}

/* The first is "activity", which is no field. */
void bt_tui_menu_sort(struct bt_tui *t)
{
	struct bt_tui_menu *m = menu_open(t, MENU_SORT, "Sort by");

	if (!m)
		return;
	for (size_t i = 0; i < BT_FIELD_COUNT; i++)
		if (!(bt_fields[i].flags & BT_FIELD_SCREEN) && bt_fields[i].get &&
		    (bt_fields[i].scopes & BT_SCOPE_PROCESS)) {
			m->fields[m->count++] = &bt_fields[i];
			if (&bt_fields[i] == t->config.sort)
				m->cursor = m->count;
		}
	m->count++;
}

void bt_tui_menu_columns(struct bt_tui *t)
{
	struct bt_tui_menu *m = menu_open(t, MENU_COLUMNS, "Columns: space shows, hides; + up; - down");
	bool shown[BT_FIELD_COUNT] = {false};

	if (!m)
		return;
	if (t->config.column_count) {
		memcpy(m->fields, t->config.columns,
		       t->config.column_count * sizeof(const struct bt_field *));
		m->shown = t->config.column_count;
	} else {
		m->shown = bt_tui_columns_standard(m->fields);
	}
	for (size_t i = 0; i < m->shown; i++)
		shown[m->fields[i] - bt_fields] = true;
	m->count = m->shown;
	for (size_t i = 0; i < BT_FIELD_COUNT; i++)
		if (!shown[i] && (bt_fields[i].scopes & BT_SCOPE_PROCESS))
			m->fields[m->count++] = &bt_fields[i];
}

void bt_tui_menu_signal(struct bt_tui *t)
{
	struct bt_process *p = bt_tui_target_or_say(t);
	struct bt_tui_menu *m;
	char title[64];

	if (!p)
		return;
	bt_tui_subject_set(t, p);
	snprintf(title, sizeof(title), "Enter sends to %d %s", p->identity.pid, p->comm);
	m = menu_open(t, MENU_SIGNAL, title);
	for (int i = 1; m && i < NSIG && i < 32; i++) {
		if (!sigabbrev_np(i))
			continue;
		if (i == SIGTERM)
			m->cursor = m->count;
		m->signals[m->count++] = i;
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void bt_tui_menu_user(struct bt_tui *t)
{
	struct bt_tui_menu *m = menu_open(t, MENU_USER, "Show processes of");

	for (size_t i = 0; m && i < t->frame.process_count && m->count < USERS_MAX; i++) {
		struct bt_process *p = t->frame.processes[i];
		bool known = false;

		t->ops->describe(t->context, p, BT_TUI_DESCRIBE_USER);
		for (size_t k = 0; k < m->count && p->user; k++)
			known |= !strcmp(m->users[k], p->user);
		if (p->user && !known && (m->users[m->count] = strdup(p->user)))
			m->count++;
	}
	if (!m)
		return;
	qsort(m->users, m->count, sizeof(m->users[0]), compare_names);
	m->count++; /* all of them, first */
}

static void draw_item(const struct bt_tui_menu *m, struct bt_pen *p, size_t i, bool wide)
{
	const struct bt_field *f = i < BT_FIELD_COUNT ? m->fields[i] : NULL;

	switch (m->kind) {
	case MENU_SORT:
		f = i ? m->fields[i - 1] : NULL;
		bt_pen_format(p, BT_INK_PLAIN, "%-*s ", wide ? FIELD_WIDTH : 14, f ? f->name : "activity");
		bt_pen_text(p, BT_INK_DIM, f ? f->meaning : "the most active first");
		break;
	case MENU_COLUMNS:
		if (!f)
			break;
		bt_pen_format(p, BT_INK_PLAIN, "[%c] %-*s ", i < m->shown ? 'x' : ' ',
			      wide ? FIELD_WIDTH : 12, f->name);
		bt_pen_text(p, BT_INK_DIM, f->meaning);
		break;
	case MENU_SIGNAL:
		bt_pen_format(p, BT_INK_PLAIN, "%2d SIG%-8s ", m->signals[i], sigabbrev_np(m->signals[i]));
		bt_pen_text(p, BT_INK_DIM, sigdescr_np(m->signals[i]));
		break;
	default:
		if (i)
			bt_pen_raw(p, BT_INK_PLAIN, m->users[i - 1], 0);
		else
			bt_pen_text(p, BT_INK_PLAIN, "all users");
		break;
	}
}

void bt_tui_draw_menu(struct bt_tui *t, int top, int height)
{
	struct bt_tui_menu *m = t->menu;
	struct bt_pen p = bt_tui_pen(t, top);
	bool wide = (m->kind == MENU_SORT || m->kind == MENU_COLUMNS) && p.end >= WIDE;
	int width = wide ? MENU_WIDE : MENU_WIDTH;
	int end = p.end < width ? p.end : width;

	t->menu_top = top + 1;
	m->height = height > 2 ? height - 1 : 1;
	if ((size_t)m->height > m->count)
		m->height = m->count ? (int)m->count : 1;
	if (m->cursor < m->top)
		m->top = m->cursor;
	if (m->cursor >= m->top + (size_t)m->height)
		m->top = m->cursor + 1 - (size_t)m->height;
	p.end = end;
	bt_pen_raw(&p, BT_INK_HEAD, m->title, 0);
	bt_pen_fill(&p, end);
	for (int i = 0; i < m->height; i++) {
		size_t item = m->top + (size_t)i;

		p = bt_tui_pen(t, top + 1 + i);
		p.end = end - 1;
		p.selected = item == m->cursor;
		bt_pen_fill(&p, 1);
		if (item < m->count)
			draw_item(m, &p, item, wide);
		bt_pen_fill(&p, p.end);
		p.end = end;
		p.selected = false;
		bt_pen_text(&p, BT_INK_DIM, t->style.utf8 ? "│" : "|");
	}
}

static void columns_apply(struct bt_tui *t)
{
	const struct bt_tui_menu *m = t->menu;

	t->config.column_count = m->shown;
	memcpy(t->config.columns, m->fields, m->shown * sizeof(const struct bt_field *));
}

static void columns_swap(struct bt_tui_menu *m, size_t a, size_t b)
{
	const struct bt_field *f = m->fields[a];

	m->fields[a] = m->fields[b];
	m->fields[b] = f;
}

/* Shows what was not shown, as the last; hides what was. */
static void columns_toggle(struct bt_tui *t)
{
	struct bt_tui_menu *m = t->menu;
	const struct bt_field *f = m->fields[m->cursor];
	size_t at = m->cursor;

	if (at >= m->shown) {
		for (; at > m->shown; at--)
			m->fields[at] = m->fields[at - 1];
		m->fields[m->shown++] = f;
	} else {
		for (; at + 1 < m->shown; at++)
			m->fields[at] = m->fields[at + 1];
		m->fields[--m->shown] = f;
	}
	columns_apply(t);
}

static void columns_move(struct bt_tui *t, bool up)
{
	struct bt_tui_menu *m = t->menu;
	size_t to = up ? m->cursor - 1 : m->cursor + 1;

	/* Below the first, the one above is SIZE_MAX. */
	if (m->cursor >= m->shown || to >= m->shown)
		return;
	columns_swap(m, m->cursor, to);
	m->cursor = to;
	columns_apply(t);
}

static void choose(struct bt_tui *t)
{
	struct bt_tui_menu *m = t->menu;
	char filter[sizeof(t->filter_text)];

	switch (m->kind) {
	case MENU_SORT:
		t->config.sort = m->cursor ? m->fields[m->cursor - 1] : NULL;
		t->config.sort_reversed = false;
		bt_tui_rebuild(t);
		break;
	case MENU_SIGNAL:
		bt_tui_send_signal(t, m->signals[m->cursor]);
		break;
	case MENU_USER:
		if (m->cursor)
			snprintf(filter, sizeof(filter), "user:%s", m->users[m->cursor - 1]);
		bt_tui_filter_set(t, m->cursor ? filter : "");
		break;
	default:
		break;
	}
	bt_tui_menu_close(t);
}

static void menu_move(struct bt_tui_menu *m, long by)
{
	long to = (long)m->cursor + by;

	if (!m->count || to < 0)
		to = 0;
	else if (to >= (long)m->count)
		to = (long)m->count - 1;
	m->cursor = (size_t)to;
}

void bt_tui_menu_key(struct bt_tui *t, int code)
{
	struct bt_tui_menu *m = t->menu;
	enum bt_action action = bt_key_action(code, bt_tui_replays(t));

	if (m->kind == MENU_COLUMNS && code == ' ')
		columns_toggle(t);
	else if (m->kind == MENU_COLUMNS && (code == '+' || code == '-'))
		columns_move(t, code == '+');
	else if (action == BT_ACTION_UP || action == BT_ACTION_DOWN)
		menu_move(m, action == BT_ACTION_UP ? -1 : 1);
	else if (action == BT_ACTION_PAGE_UP || action == BT_ACTION_PAGE_DOWN)
		menu_move(m, action == BT_ACTION_PAGE_UP ? -m->height : m->height);
	else if (action == BT_ACTION_HOME || action == BT_ACTION_END)
		menu_move(m, action == BT_ACTION_HOME ? -(long)m->count : (long)m->count);
	else if (action == BT_ACTION_OPEN)
		choose(t);
	else if (code == ESCAPE || action == BT_ACTION_QUIT)
		bt_tui_menu_close(t);
}

void bt_tui_menu_click(struct bt_tui *t, int line)
{
	size_t item = t->menu->top + (size_t)(line - t->menu_top);

	if (line < t->menu_top || item >= t->menu->count)
		return;
	if (t->menu->cursor == item)
		choose(t);
	else
		t->menu->cursor = item;
}
