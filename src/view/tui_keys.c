/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_keys.h"

#include <curses.h>

#define CTRL(c) ((c)&0x1f)
#define ESCAPE  27

/* clang-format off */
const struct bt_key bt_keys[] = {
{ BT_ACTION_HELP, { KEY_F(1), 'h', '?' }, true, "F1 h ?", "help", "this help" },
{ BT_ACTION_OPEN, { '\r', '\n', KEY_ENTER }, false, "Enter", "open", "open the process: budget, bursts, threads, evidence; a control group: show its processes" },
{ BT_ACTION_BACK, { ESCAPE }, true, "Esc", NULL, "back; drop the filter, follow no more" },
{ BT_ACTION_UP, { KEY_UP }, true, "Up", NULL, "one line up" },
{ BT_ACTION_DOWN, { KEY_DOWN }, true, "Down", NULL, "one line down" },
{ BT_ACTION_PAGE_UP, { KEY_PPAGE, CTRL('b') }, true, "PgUp", NULL, "one page up" },
{ BT_ACTION_PAGE_DOWN, { KEY_NPAGE, CTRL('f') }, true, "PgDn", NULL, "one page down" },
{ BT_ACTION_HOME, { KEY_HOME, CTRL('a') }, true, "Home", NULL, "to the first line" },
{ BT_ACTION_END, { KEY_END, CTRL('e') }, true, "End", NULL, "to the last line" },
{ BT_ACTION_LEFT, { KEY_LEFT }, false, "Left", NULL, "see the command line further left" },
{ BT_ACTION_RIGHT, { KEY_RIGHT }, false, "Right", NULL, "see the command line further right" },
{ BT_ACTION_SEARCH, { KEY_F(3), '/' }, false, "F3 /", "find", "search: go to the next process that matches" },
{ BT_ACTION_SEARCH_NEXT, { 'n' }, false, "n", NULL, "go to the next match" },
{ BT_ACTION_FILTER, { KEY_F(4), '\\', 'o' }, false, "F4 \\", "filter", "show only what matches: text, /expression/, user:, verdict:, cause:, cgroup:, pid:, !word" },
{ BT_ACTION_USER, { 'u' }, false, "u", NULL, "show only processes of one user" },
{ BT_ACTION_TREE, { KEY_F(5), 't', 'V' }, false, "F5 t", "tree", "processes below their parents" },
{ BT_ACTION_GROUP, { 'g' }, false, "g", "group", "one row for each control group, with a verdict of its own" },
{ BT_ACTION_COLLAPSE, { '-' }, false, "-", NULL, "in a tree: show the process with its descendants as one" },
{ BT_ACTION_EXPAND, { '+', '=' }, false, "+", NULL, "show them one by one" },
{ BT_ACTION_COLLAPSE_ALL, { '*' }, false, "*", NULL, "the same for all, either way" },
{ BT_ACTION_SORT, { KEY_F(6), '>', '<' }, false, "F6 >", "sort", "choose what to sort by" },
{ BT_ACTION_SORT_ACTIVITY, { 'A' }, false, "A", NULL, "the most active first" },
{ BT_ACTION_SORT_CPU, { 'P' }, false, "P", NULL, "sort by CPU" },
{ BT_ACTION_SORT_MEMORY, { 'M' }, false, "M", NULL, "sort by memory" },
{ BT_ACTION_SORT_TIME, { 'T' }, false, "T", NULL, "sort by CPU time since it began" },
{ BT_ACTION_SORT_PID, { 'N' }, false, "N", NULL, "sort by PID" },
{ BT_ACTION_INVERT, { 'I', 'R' }, false, "I R", NULL, "the other way round" },
{ BT_ACTION_THREADS, { 'H' }, false, "H", "threads", "a row for each thread" },
{ BT_ACTION_IDLE, { 'i' }, false, "i", "idle", "hide what is idle, or show it" },
{ BT_ACTION_KERNEL, { 'K' }, false, "K", NULL, "hide kernel threads, or show them" },
{ BT_ACTION_COLUMNS, { KEY_F(2), 'S', 'C' }, false, "F2 S", NULL, "choose columns and their order" },
{ BT_ACTION_FOLLOW, { 'F' }, false, "F", NULL, "keep to the process, wherever it is sorted to" },
{ BT_ACTION_STEP, { ' ' }, true, "space", NULL, "a frame now; one step, where paused" },
{ BT_ACTION_PAUSE, { 'Z', 'p' }, true, "Z p", "pause", "pause, and go on" },
{ BT_ACTION_DELAY, { 'd', 's' }, true, "d s", NULL, "change the length of a frame" },
{ BT_ACTION_SIGNAL, { 'k', KEY_F(9) }, true, "F9 k", "signal", "send a signal, after asking" },
{ BT_ACTION_RENICE, { 'r' }, true, "r", "nice", "change the nice value" },
{ BT_ACTION_NICE_LESS, { KEY_F(7), ']' }, true, "F7 ]", NULL, "nice value - 1: more CPU" },
{ BT_ACTION_NICE_MORE, { KEY_F(8), '[' }, true, "F8 [", NULL, "nice value + 1: less CPU" },
{ BT_ACTION_SAVE, { 'W' }, false, "W", NULL, "save columns, order and what is shown" },
{ BT_ACTION_REDRAW, { CTRL('l') }, true, "Ctrl-L", NULL, "draw everything anew" },
{ BT_ACTION_SUSPEND, { CTRL('z') }, true, "Ctrl-Z", NULL, "stop; the shell's fg goes on" },
{ BT_ACTION_QUIT, { 'q', KEY_F(10), CTRL('c') }, true, "F10 q", "quit", "quit; in a process: back" },
};
/* clang-format on */
const size_t bt_key_count = sizeof(bt_keys) / sizeof(bt_keys[0]);

enum bt_action bt_key_action(int code)
{
	for (size_t i = 0; code && i < bt_key_count; i++)
		for (size_t k = 0; k < BT_KEY_CODES; k++)
			if (bt_keys[i].codes[k] == code)
				return bt_keys[i].action;
	return BT_ACTION_NONE;
}

const struct bt_key *bt_key_of(enum bt_action action)
{
	for (size_t i = 0; i < bt_key_count; i++)
		if (bt_keys[i].action == action)
			return &bt_keys[i];
	return NULL;
}
