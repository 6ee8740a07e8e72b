/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of keys: what the dashboard does at a key, its help screen, the line at its bottom and the
 * man page are made of it. Keys mean what they mean in top and htop where these have them.
 */
#ifndef BOUNDTOP_TUI_KEYS_H
#define BOUNDTOP_TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>

enum bt_action {
	BT_ACTION_NONE,
	BT_ACTION_UP,
	BT_ACTION_DOWN,
	BT_ACTION_PAGE_UP,
	BT_ACTION_PAGE_DOWN,
	BT_ACTION_HOME,
	BT_ACTION_END,
	BT_ACTION_LEFT,
	BT_ACTION_RIGHT,
	BT_ACTION_OPEN,
	BT_ACTION_BACK,
	BT_ACTION_SEARCH,
	BT_ACTION_SEARCH_NEXT,
	BT_ACTION_PID,
	BT_ACTION_FILTER,
	BT_ACTION_USER,
	BT_ACTION_SORT,
	BT_ACTION_SORT_ACTIVITY,
	BT_ACTION_SORT_CPU,
	BT_ACTION_SORT_MEMORY,
	BT_ACTION_SORT_TIME,
	BT_ACTION_SORT_PID,
	BT_ACTION_INVERT,
	BT_ACTION_TREE,
	BT_ACTION_GROUP,
	BT_ACTION_EXPAND,
	BT_ACTION_COLLAPSE,
	BT_ACTION_COLLAPSE_ALL,
	BT_ACTION_THREADS,
	BT_ACTION_IDLE,
	BT_ACTION_KERNEL,
	BT_ACTION_FOLLOW,
	BT_ACTION_COLUMNS,
	BT_ACTION_PAUSE,
	BT_ACTION_STEP,
	BT_ACTION_DELAY,
	BT_ACTION_PLAY,
	BT_ACTION_STEP_ON,
	BT_ACTION_STEP_BACK,
	BT_ACTION_FASTER,
	BT_ACTION_SLOWER,
	BT_ACTION_JUMP,
	BT_ACTION_SIGNAL,
	BT_ACTION_RENICE,
	BT_ACTION_NICE_LESS,
	BT_ACTION_NICE_MORE,
	BT_ACTION_SAVE,
	BT_ACTION_REDRAW,
	BT_ACTION_SUSPEND,
	BT_ACTION_HELP,
	BT_ACTION_QUIT,
};

#define BT_KEY_CODES 10

/* Some keys mean something else in a recording: its processes cannot be reached, but time can be moved in. */
enum bt_key_when { BT_KEY_ALWAYS, BT_KEY_LIVE, BT_KEY_REPLAY };

struct bt_key {
	enum bt_action action;
	int codes[BT_KEY_CODES]; /* as curses has them; 0 = no more */
	bool everywhere;         /* not in the list alone: in an opened process and in the help, too */
	enum bt_key_when when;
	const char *label; /* the keys, for people */
	const char *brief; /* a word for the line at the bottom; NULL: not there */
	const char *meaning;
};

extern const struct bt_key bt_keys[];
extern const size_t bt_key_count;

/* Is the key one of that time? */
static inline bool bt_key_is_of(const struct bt_key *k, bool replay)
{
	return k->when == BT_KEY_ALWAYS || (k->when == BT_KEY_REPLAY) == replay;
}

/* What a key does, live or in a recording; BT_ACTION_NONE: nothing. */
enum bt_action bt_key_action(int code, bool replay);
const struct bt_key *bt_key_of(enum bt_action action);

#endif
