/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What follows from the facts: pure, so that tests can take away one fact at a time.
 */
#ifndef BOUNDTOP_COLLECT_DECIDE_H
#define BOUNDTOP_COLLECT_DECIDE_H

#include <stddef.h>

#include "facts.h"

enum bt_check_state { BT_CHECK_OK, BT_CHECK_MISSING, BT_CHECK_UNKNOWN };

/* One fact as people read it. Strings live as long as the facts. */
struct bt_check_line {
	const char *name;
	enum bt_check_state state;
	bool required;      /* without it the exact collector does not run */
	const char *cost;   /* what is lost without it */
	const char *remedy; /* how to get it; what stands there goes on with program */
	const char *program;
};

#define BT_CHECK_LINES_MAX 24

/* Fills lines (room for BT_CHECK_LINES_MAX) and returns how many there are, in the order of importance. */
size_t bt_check_lines(const struct bt_kernel_facts *f, struct bt_check_line *lines);

/* The first required fact that is missing, NULL if the exact collector should run. out is for its storage. */
const struct bt_check_line *bt_decide_obstacle(const struct bt_kernel_facts *f, struct bt_check_line *out);

/* The builds of the kernel side, each for what a kernel has. */
enum bt_program {
	BT_PROGRAM_NONE,      /* none can run: sampling is left */
	BT_PROGRAM_PLAIN,     /* reads kernel pointers by plain loads */
	BT_PROGRAM_CALLS,     /* reads them by calls of a helper */
	BT_PROGRAM_STATELESS, /* likewise, and a thread's state from the thread, not from the tracepoint */
	BT_PROGRAM_COUNT
};

/* What the facts say will run. */
enum bt_program bt_decide_program(const struct bt_kernel_facts *f);
/* One word. */
const char *bt_program_name(enum bt_program program);

#endif
