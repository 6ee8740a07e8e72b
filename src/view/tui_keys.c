/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_keys.h"

#include <curses.h>

#define CTRL(c) ((c)&0x1f)
#define ESCAPE  27

/* clang-format off */
const struct bt_key bt_keys[] = {
{ BT_ACTION_HELP, { KEY_F(1), 'h', '?' }, "F1 h ?", "help", "this help", true },
{ BT_ACTION_OPEN, { '\r', '\n', KEY_ENTER }, "Enter", "open", "open the process: budget, bursts, threads, evidence; a control group: show its processes", false },
{ BT_ACTION_BACK, { ESCAPE }, "Esc", NULL, "back; drop filter and search", true },
{ BT_ACTION_UP, { KEY_UP }, "Up", NULL, "one line up", true },
{ BT_ACTION_DOWN, { KEY_DOWN }, "Down", NULL, "one line down", true },
{ BT_ACTION_PAGE_UP, { KEY_PPAGE, CTRL('b') }, "PgUp", NULL, "one page up", true },
{ BT_ACTION_PAGE_DOWN, { KEY_NPAGE, CTRL('f') }, "PgDn", NULL, "one page down", true },
{ BT_ACTION_HOME, { KEY_HOME, CTRL('a') }, "Home", NULL, "to the first line", true },
{ BT_ACTION_END, { KEY_END, CTRL('e') }, "End", NULL, "to the last line", true },
{ BT_ACTION_LEFT, { KEY_LEFT }, "Left", NULL, "see the command line further left", false },
{ BT_ACTION_RIGHT, { KEY_RIGHT }, "Right", NULL, "see the command line further right", false },
{ BT_ACTION_SEARCH, { KEY_F(3), '/' }, "F3 /", "find", "search: go to the next process that matches", false },
{ BT_ACTION_SEARCH_NEXT, { 'n' }, "n", NULL, "go to the next match", false },
{ BT_ACTION_FILTER, { KEY_F(4), '\\', 'o' }, "F4 \\", "filter", "show only what matches: text, /expression/, user:, verdict:, cause:, cgroup:, pid:, !word", false },
{ BT_ACTION_USER, { 'u' }, "u", NULL, "show only processes of one user", false },
{ BT_ACTION_TREE, { KEY_F(5), 't', 'V' }, "F5 t", "tree", "processes below their parents", false },
{ BT_ACTION_GROUP, { 'g' }, "g", "group", "one row for each control group, with a verdict of its own", false },
{ BT_ACTION_COLLAPSE, { '-' }, "-", NULL, "in a tree: show the process with its descendants as one", false },
{ BT_ACTION_EXPAND, { '+', '=' }, "+", NULL, "show them one by one", false },
{ BT_ACTION_COLLAPSE_ALL, { '*' }, "*", NULL, "the same for all, either way", false },
{ BT_ACTION_SORT, { KEY_F(6), '>', '<' }, "F6 >", "sort", "choose what to sort by", false },
{ BT_ACTION_SORT_ACTIVITY, { 'A' }, "A", NULL, "the most active first", false },
{ BT_ACTION_SORT_CPU, { 'P' }, "P", NULL, "sort by CPU", false },
{ BT_ACTION_SORT_MEMORY, { 'M' }, "M", NULL, "sort by memory", false },
{ BT_ACTION_SORT_TIME, { 'T' }, "T", NULL, "sort by CPU time since it began", false },
{ BT_ACTION_SORT_PID, { 'N' }, "N", NULL, "sort by PID", false },
{ BT_ACTION_INVERT, { 'I', 'R' }, "I R", NULL, "the other way round", false },
{ BT_ACTION_THREADS, { 'H' }, "H", "threads", "a row for each thread", false },
{ BT_ACTION_IDLE, { 'i' }, "i", "idle", "hide what is idle, or show it", false },
{ BT_ACTION_KERNEL, { 'K' }, "K", NULL, "hide kernel threads, or show them", false },
{ BT_ACTION_COLUMNS, { KEY_F(2), 'S', 'C' }, "F2 S", NULL, "choose columns and their order", false },
{ BT_ACTION_FOLLOW, { 'F' }, "F", NULL, "keep to the process, wherever it is sorted to", false },
{ BT_ACTION_STEP, { ' ' }, "space", NULL, "a frame now; one step, where paused", true },
{ BT_ACTION_PAUSE, { 'Z', 'p' }, "Z p", "pause", "pause, and go on", true },
{ BT_ACTION_DELAY, { 'd', 's' }, "d s", NULL, "change the length of a frame", true },
{ BT_ACTION_SIGNAL, { 'k', KEY_F(9) }, "F9 k", "signal", "send a signal, after asking", true },
{ BT_ACTION_RENICE, { 'r' }, "r", "nice", "change the nice value", true },
{ BT_ACTION_NICE_LESS, { KEY_F(7), ']' }, "F7 ]", NULL, "nice value - 1: more CPU", true },
{ BT_ACTION_NICE_MORE, { KEY_F(8), '[' }, "F8 [", NULL, "nice value + 1: less CPU", true },
{ BT_ACTION_SAVE, { 'W' }, "W", NULL, "save columns, order and what is shown", false },
{ BT_ACTION_REDRAW, { CTRL('l') }, "Ctrl-L", NULL, "draw everything anew", true },
{ BT_ACTION_SUSPEND, { CTRL('z') }, "Ctrl-Z", NULL, "stop; the shell's fg goes on", true },
{ BT_ACTION_QUIT, { 'q', KEY_F(10), CTRL('c') }, "F10 q", "quit", "quit; in a process: back", true },
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
