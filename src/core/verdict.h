/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: what a process is bound by (DESIGN, section 1). Pure functions of a usage.
 */
#ifndef BOUNDTOP_VERDICT_H
#define BOUNDTOP_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#include "microstate.h"
#include "usage.h"

/* X(constant, name, meaning) in the order in which they are tried */
#define BT_VERDICTS(X)                                                                                       \
	X(UNKNOWN, "unknown", "more than 20 % of the time unaccounted for, or nothing seen")                 \
	X(IDLE, "idle", "active for less than 5 % of the time")                                              \
	X(WAITING, "waiting", "active for less than 50 %: limited by the work that comes in")                \
	X(MIXED, "mixed", "no group of microstates prevails")                                                \
	X(STARVED, "starved", "wants a CPU and does not get one")                                            \
	X(CPU_BOUND, "cpu-bound", "computing is what takes its time")                                        \
	X(IO_BOUND, "io-bound", "waiting for disk, paging, network or another process takes its time")       \
	X(LOCK_BOUND, "lock-bound", "waiting for locks takes its time")

enum bt_verdict_id {
#define BT_X(id, name, meaning) BT_VERDICT_##id,
	BT_VERDICTS(BT_X)
#undef BT_X
		BT_VERDICT_COUNT,
};

struct bt_verdict {
	enum bt_verdict_id id;
	uint8_t cause;     /* enum bt_microstate, or BT_MS_NONE */
	uint8_t runner_up; /* likewise */
	double confidence; /* 0..1 */
	double active;     /* 0..1 */
	double cpus;       /* on-CPU time / wall time of the interval */
	double group_share[BT_GROUP_COUNT]; /* parts of the active time; idle and none stay 0 */
	double share[BT_MS_COUNT];          /* of usage.wall_ns; user and system: see split */
	bool split;                         /* enough ticks to tell user from system; else both are null */
};
#endif
