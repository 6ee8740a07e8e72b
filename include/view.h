/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view interface: what a command hands to a view, and what comes out. A view sees the core and never a
 * collector, prints nothing and asks nobody: all it shows is in the report, all it makes goes to a buffer.
 */
#ifndef BOUNDTOP_VIEW_H
#define BOUNDTOP_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model.h"

#include "strbuf.h"

struct bt_field;

/* What the output can show. */
struct bt_style {
	unsigned int columns; /* width of the terminal; 0 = lines are as long as they need to be */
	bool utf8;            /* else ASCII */
	bool colour;
};

/* Of the host, for the head of a frame. */
struct bt_host {
	char name[65];
	uint64_t uptime_s;
	double load; /* of the last minute */
};

/* What `run` knows beside the tree. Units as in time(1). */
struct bt_run_result {
	const char *command; /* raw bytes, arguments joined by spaces */
	uint64_t real_ns;
	uint64_t user_ns, system_ns; /* of the command and all of its children that were waited for */
	int exit_status;             /* as a shell has it */
	size_t still_running;        /* descendants alive when the command ended */
};

/*
 * A frame of `top -b` that was shown: the next one takes the rows of processes that are what they were from
 * it. The view fills it, but for text: who shows the frames puts there what the view made, when that was
 * written. Zeroed: nothing is kept. One for a model.
 */
struct bt_kept {
	struct bt_strbuf text;
	struct bt_style style;
	uint32_t frame; /* its number */
	bool usable;    /* each process says where its row is */
};

struct bt_report {
	const char *version;
	const char *collector;
	const struct bt_frame *frame;
	struct bt_process **processes; /* in the order to be shown; judged */
	size_t process_count;
	bool threads;                    /* show thread_list, too */
	bool bursts;                     /* classify, run: draw the histograms */
	bool brief;                      /* one frame of many: no advice on what is idle */
	const struct bt_process *total;  /* a tree as one; NULL: there is none */
	uint64_t descendants;            /* of the tree */
	const struct bt_host *host;      /* top; else NULL */
	const struct bt_run_result *run; /* run; else NULL */
	const struct bt_field *sort; /* top: what rows of threads are sorted by; NULL = most active first */
	bool sort_reversed;          /* not in the field's own direction */
	struct bt_kept *kept;        /* top: the frame before; NULL: all rows are made anew */
};

/* Appends the report to out, whole lines. 0, or -ENOMEM and out is incomplete. */
typedef int (*bt_view)(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out);

/* One JSON object in one line (DESIGN, section 2). */
int bt_view_json(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out);
/* A frame of `top -b`. */
int bt_view_top(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out);
/* `classify`: verdict, budget and evidence of each. */
int bt_view_classify(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out);
/* `run`: the total in full, then the heaviest. */
int bt_view_run(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out);

#endif
