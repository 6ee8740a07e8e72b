/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What threads did in an interval, summed: the budget of a thread, a process, a tree.
 */
#ifndef BOUNDTOP_USAGE_H
#define BOUNDTOP_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* More than an account keeps of one thread: a process waits for more things than a thread. */
#define BT_USAGE_WAITS 8

struct bt_usage {
	uint64_t wall_ns;            /* of all threads */
	struct bt_totals totals;     /* adds up to wall_ns but for residual_ns */
	uint64_t residual_ns;        /* sum over threads of |microstates - wall time| */
	uint64_t utime_ns, stime_ns; /* ticks seen in user and system mode */
	uint64_t active_max_ns;      /* active time of the most active living thread */
	uint64_t active_ended_ns;    /* active time of the threads that ended, summed */
	uint64_t voluntary, involuntary, major_faults;
	uint64_t read_bytes, write_bytes, rchar, wchar;
	struct bt_bursts bursts;
	uint32_t wait_count;
	struct bt_wait waits[BT_USAGE_WAITS]; /* most time first; open waits included */
	uint8_t valid;                        /* enum bt_valid: what all of its parts measured */
};

/* Time of one microstate; on-CPU time is split by the ticks. ms < BT_MS_COUNT. */
uint64_t bt_usage_ns(const struct bt_usage *u, enum bt_microstate ms, uint64_t tick_ns);
#endif
