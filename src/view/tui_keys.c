/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_keys.h"

#include <curses.h>

#define CTRL(c) ((c)&0x1f)
#define ESCAPE  27

/* clang-format off */
const struct bt_key bt_keys[] = {
{ BT_ACTION_HELP, { KEY_F(1), 'h', '?' }, true, BT_KEY_ALWAYS, "F1 h ?", "help", "this help" },
{ BT_ACTION_OPEN, { '\r', '\n', KEY_ENTER }, false, BT_KEY_ALWAYS, "Enter", "open", "open the process, family or control group: budget, bursts, threads, evidence" },
{ BT_ACTION_BACK, { ESCAPE }, true, BT_KEY_ALWAYS, "Esc", NULL, "back; drop the filter, follow no more" },
{ BT_ACTION_UP, { KEY_UP }, true, BT_KEY_ALWAYS, "Up", NULL, "one line up" },
{ BT_ACTION_DOWN, { KEY_DOWN }, true, BT_KEY_ALWAYS, "Down", NULL, "one line down" },
{ BT_ACTION_PAGE_UP, { KEY_PPAGE, CTRL('b') }, true, BT_KEY_ALWAYS, "PgUp", NULL, "one page up" },
{ BT_ACTION_PAGE_DOWN, { KEY_NPAGE, CTRL('f') }, true, BT_KEY_ALWAYS, "PgDn", NULL, "one page down" },
{ BT_ACTION_HOME, { KEY_HOME, CTRL('a') }, true, BT_KEY_ALWAYS, "Home", NULL, "to the first line" },
{ BT_ACTION_END, { KEY_END, CTRL('e') }, true, BT_KEY_ALWAYS, "End", NULL, "to the last line" },
{ BT_ACTION_LEFT, { KEY_LEFT }, false, BT_KEY_ALWAYS, "Left", NULL, "see the command line further left" },
{ BT_ACTION_RIGHT, { KEY_RIGHT }, false, BT_KEY_ALWAYS, "Right", NULL, "see the command line further right" },
{ BT_ACTION_SEARCH, { KEY_F(3), '/', 'L' }, false, BT_KEY_ALWAYS, "F3 /", "find", "search: go to the next process that matches, and keep to it" },
{ BT_ACTION_SEARCH_NEXT, { 'n', '&' }, false, BT_KEY_ALWAYS, "n", NULL, "go to the next match" },
{ BT_ACTION_PID, { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' }, false, BT_KEY_ALWAYS, "0-9", NULL, "go to the process of that PID" },
{ BT_ACTION_FILTER, { KEY_F(4), '\\', 'o' }, false, BT_KEY_ALWAYS, "F4 \\", "filter", "show only what matches: text, /expression/, user:, verdict:, cause:, cgroup:, container:, pid:, !word" },
{ BT_ACTION_USER, { 'u' }, false, BT_KEY_ALWAYS, "u", NULL, "show only processes of one user" },
{ BT_ACTION_TREE, { KEY_F(5), 't', 'V' }, false, BT_KEY_ALWAYS, "F5 t", "tree", "processes below their parents" },
{ BT_ACTION_GROUP, { 'g' }, false, BT_KEY_ALWAYS, "g", "group", "one row for each control group, with a verdict of its own" },
{ BT_ACTION_COLLAPSE, { '-' }, false, BT_KEY_ALWAYS, "-", NULL, "show the process with its descendants as one, the group without its processes" },
{ BT_ACTION_EXPAND, { '+', '=' }, false, BT_KEY_ALWAYS, "+", NULL, "show them one by one" },
{ BT_ACTION_COLLAPSE_ALL, { '*' }, false, BT_KEY_ALWAYS, "*", NULL, "the same for all, either way" },
{ BT_ACTION_SORT, { KEY_F(6), '>', '<' }, false, BT_KEY_ALWAYS, "F6 >", "sort", "choose what to sort by" },
{ BT_ACTION_SORT_ACTIVITY, { 'A' }, false, BT_KEY_ALWAYS, "A", NULL, "the most active first" },
{ BT_ACTION_SORT_CPU, { 'P' }, false, BT_KEY_ALWAYS, "P", NULL, "sort by CPU" },
{ BT_ACTION_SORT_MEMORY, { 'M' }, false, BT_KEY_ALWAYS, "M", NULL, "sort by memory" },
{ BT_ACTION_SORT_TIME, { 'T' }, false, BT_KEY_ALWAYS, "T", NULL, "sort by CPU time since it began" },
{ BT_ACTION_SORT_PID, { 'N' }, false, BT_KEY_ALWAYS, "N", NULL, "sort by PID" },
{ BT_ACTION_INVERT, { 'I', 'R' }, false, BT_KEY_ALWAYS, "I R", NULL, "the other way round" },
{ BT_ACTION_THREADS, { 'H' }, false, BT_KEY_ALWAYS, "H", "threads", "a row for each thread" },
{ BT_ACTION_IDLE, { 'i' }, false, BT_KEY_ALWAYS, "i", "idle", "hide what is idle, or show it" },
{ BT_ACTION_KERNEL, { 'K' }, false, BT_KEY_ALWAYS, "K", NULL, "hide kernel threads, or show them" },
{ BT_ACTION_COLUMNS, { KEY_F(2), 'S', 'C', 'f' }, false, BT_KEY_ALWAYS, "F2 S", NULL, "choose columns and their order" },
{ BT_ACTION_FOLLOW, { 'F' }, false, BT_KEY_ALWAYS, "F", NULL, "keep to the process, wherever it is sorted to" },
{ BT_ACTION_STEP, { ' ' }, true, BT_KEY_LIVE, "space", NULL, "a frame now; one step, where paused" },
{ BT_ACTION_PAUSE, { 'Z', 'p' }, true, BT_KEY_LIVE, "Z p", "pause", "pause, and go on" },
{ BT_ACTION_DELAY, { 'd', 's' }, true, BT_KEY_LIVE, "d s", NULL, "change the length of a frame" },
{ BT_ACTION_SIGNAL, { 'k', KEY_F(9) }, true, BT_KEY_LIVE, "F9 k", "signal", "send a signal, after asking" },
{ BT_ACTION_RENICE, { 'r' }, true, BT_KEY_LIVE, "r", "nice", "change the nice value" },
{ BT_ACTION_NICE_LESS, { KEY_F(7), ']' }, true, BT_KEY_LIVE, "F7 ]", NULL, "nice value - 1: more CPU" },
{ BT_ACTION_NICE_MORE, { KEY_F(8), '[' }, true, BT_KEY_LIVE, "F8 [", NULL, "nice value + 1: less CPU" },
{ BT_ACTION_PLAY, { ' ', 'Z', 'p' }, true, BT_KEY_REPLAY, "space", "play", "play the recording, and pause" },
{ BT_ACTION_STEP_ON, { '.' }, true, BT_KEY_REPLAY, ".", "on", "one frame on" },
{ BT_ACTION_STEP_BACK, { ',' }, true, BT_KEY_REPLAY, ",", "back", "one frame back" },
{ BT_ACTION_JUMP, { 'j', 'b' }, true, BT_KEY_REPLAY, "j b", "jump", "go to a time: 14:02, 14:02:11, -5m, +90s, 2026-11-25 14:02" },
{ BT_ACTION_FASTER, { ']' }, true, BT_KEY_REPLAY, "]", NULL, "twice as fast" },
{ BT_ACTION_SLOWER, { '[' }, true, BT_KEY_REPLAY, "[", NULL, "half as fast" },
{ BT_ACTION_SAVE, { 'W' }, false, BT_KEY_ALWAYS, "W", NULL, "save columns, order and what is shown" },
{ BT_ACTION_REDRAW, { CTRL('l') }, true, BT_KEY_ALWAYS, "Ctrl-L", NULL, "draw everything anew" },
{ BT_ACTION_SUSPEND, { CTRL('z') }, true, BT_KEY_ALWAYS, "Ctrl-Z", NULL, "stop; the shell's fg goes on" },
{ BT_ACTION_QUIT, { 'q', KEY_F(10), CTRL('c') }, true, BT_KEY_ALWAYS, "F10 q", "quit", "quit; in a process: back" },
};
/* clang-format on */
const size_t bt_key_count = sizeof(bt_keys) / sizeof(bt_keys[0]);

enum bt_action bt_key_action(int code, bool replay)
{
	for (size_t i = 0; code && i < bt_key_count; i++)
		for (size_t k = 0; k < BT_KEY_CODES; k++)
			if (bt_keys[i].codes[k] == code && bt_key_is_of(&bt_keys[i], replay))
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
