/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the dashboard share. */
#ifndef BOUNDTOP_TUI_INTERNAL_H
#define BOUNDTOP_TUI_INTERNAL_H

#include "query.h"
#include "sort.h"
#include "strbuf.h"
#include "sum.h"
#include "tui.h"
#include "tui_columns.h"
#include "tui_draw.h"
#include "tui_keys.h"
#include "tui_trend.h"

/* A line of the list. */
struct bt_tui_row {
	struct bt_subject subject;
	const struct bt_sum *sum; /* of a family or a control group; NULL: what subject says */
	uint64_t rails;           /* bit d: a line of the tree goes on at depth d */
	uint16_t depth;
	bool last;   /* of its siblings */
	bool group;  /* a control group */
	bool parent; /* there is something below it, shown or not */
	bool collapsed;
};

struct bt_tui_rows {
	struct bt_tui_row *list;
	size_t count, capacity;
	size_t hidden_idle, hidden_filter;
	/* Sums that rows point to. */
	struct bt_sum *sums;
	size_t sum_count, sum_capacity;
	/* Scratch. */
	struct bt_row *sorted, *spare;
	size_t sorted_capacity;
};

/* What is shown in one, or one by one: identities of processes, names of control groups. */
struct bt_tui_folds {
	bool all; /* all are collapsed but those in the list; else those in the list are */
	size_t count;
	struct bt_identity *list;
	size_t group_count;
	char **groups; /* expanded ones; with groups_all the collapsed ones */
	bool groups_all;
};

enum bt_tui_view { BT_TUI_LIST, BT_TUI_PROCESS, BT_TUI_HELP };

struct bt_tui_menu;

#define BT_TUI_HISTORY   120
#define BT_TUI_FOOT_KEYS 16

enum bt_tui_open { BT_TUI_OPEN_PROCESS, BT_TUI_OPEN_FAMILY, BT_TUI_OPEN_GROUP };

/* What is opened: a process, it with all its descendants as one, a control group. What it did last is kept
 * when it has ended. */
struct bt_tui_opened {
	bool open;
	bool present; /* in this frame */
	enum bt_tui_open kind;
	struct bt_identity identity; /* of the process, or of the family's root */
	char *group;                 /* name of the group; else NULL */
	struct bt_process *live;     /* of this frame, that process; NULL: gone, or a group */
	struct bt_process **members; /* of this frame, the most active first; not of one process */
	size_t member_count;
	struct bt_sum last; /* a copy, with texts of its own */
	char *cmdline, *user, *cgroup, *container;
	size_t frames;                                /* in history, BT_TUI_HISTORY at most */
	uint8_t history[BT_TUI_HISTORY][BT_MS_COUNT]; /* shares, 0..255, the latest last */
	float seconds[BT_TUI_HISTORY];                /* length of each of the frames */
};

/* Of a key's sequence that curses does not know, so far. */
struct bt_tui_sequence {
	uint64_t at_ns; /* of its latest part, CLOCK_MONOTONIC; 0: none has begun */
	bool inside;    /* behind the "[" or "O" */
	char text[16];
	size_t length;
};

struct bt_tui_prompt {
	bool active;
	bool refused;          /* the text was not understood: asked once more, one goes on from there */
	enum bt_action action; /* what it is for */
	char title[160];
	char text[256];
	size_t length;
};

struct bt_tui {
	const struct bt_tui_ops *ops;
	void *context;
	struct bt_tui_config config;
	struct bt_style style;

	struct bt_tui_frame frame; /* frame.model NULL: none yet */
	const struct bt_frame *data;
	double load[BT_MS_COUNT]; /* of the whole host */
	int64_t jump_ns;
	bool paused;
	bool threads_judged;

	struct bt_tui_rows rows;
	struct bt_tui_columns columns;
	struct bt_tui_folds folds;
	struct bt_trends *trends;
	unsigned int pid_width;

	enum bt_tui_view view;
	size_t cursor, top; /* in rows */
	size_t scroll;      /* lines, of help and process */
	unsigned int shift; /* columns that the command line is moved to the left */
	int32_t followed_tid, held_tid;
	bool follow; /* the cursor keeps to followed, wherever that is sorted to */
	/* The cursor keeps to hold, which it was put on, as long as that is in sight. Not held: it is at the
	 * top, and stays there. */
	bool held;
	struct bt_identity followed, hold;
	char typed[8]; /* digits of a PID, so far */
	struct bt_tui_sequence sequence;
	struct bt_tui_opened opened;

	struct bt_query *filter;
	char filter_text[256];
	struct bt_query *search;
	char search_text[256];

	struct bt_tui_prompt prompt;
	struct bt_tui_menu *menu;   /* NULL: none is open */
	struct bt_identity subject; /* what menu or prompt is about */
	char subject_name[96];      /* its PID and name, for the screen */

	char message[512];
	bool message_lasting, message_error;

	/* Where things were drawn: for the mouse and for paging. */
	int list_top, list_height, head_line, foot_line, menu_top;
	size_t foot_key_count;
	struct {
		int begin, end;
		enum bt_action action;
	} foot_keys[BT_TUI_FOOT_KEYS];
};

/* tui_rows.c: what is listed, in its order. */
int bt_tui_rows_build(struct bt_tui *t);
void bt_tui_rows_free(struct bt_tui_rows *r);
bool bt_tui_folded(const struct bt_tui_folds *f, const struct bt_process *p);
void bt_tui_fold(struct bt_tui_folds *f, const struct bt_process *p, bool collapse);
bool bt_tui_group_expanded(const struct bt_tui_folds *f, const char *name);
void bt_tui_group_toggle(struct bt_tui_folds *f, const char *name);
/* Collapses all groups, or expands them. */
void bt_tui_groups_toggle_all(struct bt_tui_folds *f);
void bt_tui_folds_free(struct bt_tui_folds *f);

/* tui_playback.c: where in a recording one is. */
int bt_tui_draw_playback(struct bt_tui *t, int y); /* returns the lines that it took */
void bt_tui_ask_jump(struct bt_tui *t);
/* true: it is a time, to jump to. */
bool bt_tui_jump_set(struct bt_tui *t, const char *text);
static inline bool bt_tui_replays(const struct bt_tui *t)
{
	return t->frame.playback != NULL;
}

/* tui_head.c, tui_table.c, tui_process.c, tui_help.c, tui_menu.c: what is drawn. */
int bt_tui_draw_head(struct bt_tui *t); /* returns the lines that it took */
/* Scrolls the list so that its cursor is in sight; draws nothing. */
void bt_tui_scroll_to_cursor(struct bt_tui *t);
void bt_tui_draw_list(struct bt_tui *t, int top, int height);
void bt_tui_draw_process(struct bt_tui *t, int top, int height);
void bt_tui_draw_help(struct bt_tui *t, int top, int height);
void bt_tui_draw_foot(struct bt_tui *t, int line);
void bt_tui_draw_menu(struct bt_tui *t, int top, int height);

struct bt_pen bt_tui_pen(const struct bt_tui *t, int y);
/* "3 processes, 11 ended": those that live, and those of this frame that do not any more. */
void bt_tui_add_members(struct bt_strbuf *out, const struct bt_sum *sum);

/* tui_opened.c: what is opened. */
void bt_tui_opened_open(struct bt_tui *t, const struct bt_tui_row *row);
void bt_tui_opened_close(struct bt_tui *t);
void bt_tui_opened_update(struct bt_tui *t);

/* tui_actions.c */
void bt_tui_open_row(struct bt_tui *t); /* under the cursor */

/* tui_menu.c: a list to choose from. */
void bt_tui_menu_sort(struct bt_tui *t);
void bt_tui_menu_columns(struct bt_tui *t);
void bt_tui_menu_signal(struct bt_tui *t);
void bt_tui_menu_user(struct bt_tui *t);
void bt_tui_menu_close(struct bt_tui *t);
void bt_tui_menu_key(struct bt_tui *t, int code);
void bt_tui_menu_click(struct bt_tui *t, int line);

/* tui_prompt.c: a line to type in. */
void bt_tui_prompt_open(struct bt_tui *t, enum bt_action action, const char *title, const char *text);
/* A key of curses, or a character (function is false). Returns enum bt_tui_request. */
unsigned int bt_tui_prompt_key(struct bt_tui *t, bool function, unsigned int code);
void bt_tui_prompt_draw(const struct bt_tui *t, int line);
/* Applies a filter; a wrong one is said and nothing changes. */
void bt_tui_filter_set(struct bt_tui *t, const char *text);
void bt_tui_search_next(struct bt_tui *t);
/* One more digit of a PID: goes to the process. */
void bt_tui_type_pid(struct bt_tui *t, int digit);
/* Does a row's PID begin with the digits that were typed? */
bool bt_tui_typed_found(const struct bt_tui *t);

/* tui.c */
/* End of the frame: CLOCK_REALTIME. */
static inline uint64_t bt_tui_now_ns(const struct bt_tui *t)
{
	return (uint64_t)t->data->time_s * 1000000000 + t->data->time_nsec;
}
void bt_tui_rebuild(struct bt_tui *t); /* rows anew, from the same frame */
void bt_tui_complain(struct bt_tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct bt_tui_row *bt_tui_current(struct bt_tui *t); /* under the cursor; NULL: none */
/* The process that a key is about: the opened one, or that under the cursor; NULL: none. */
struct bt_process *bt_tui_target(struct bt_tui *t);
/* The same, and says why there is none; the cursor keeps to it. */
struct bt_process *bt_tui_target_or_say(struct bt_tui *t);
/* What a prompt, a menu and their answers are about. */
void bt_tui_subject_set(struct bt_tui *t, const struct bt_process *p);
void bt_tui_send_signal(struct bt_tui *t, int signal);
void bt_tui_send_nice(struct bt_tui *t, int nice);
void bt_tui_move(struct bt_tui *t, long lines);
/* The cursor is put on a row, and keeps to what is there. keep: wherever it goes. */
void bt_tui_put_cursor(struct bt_tui *t, size_t at, bool keep);
/* The cursor keeps to the process that it is on, wherever that is in the list as it is built next. */
void bt_tui_rebuild_around(struct bt_tui *t);

#endif
