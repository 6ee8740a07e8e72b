/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What threads did in an interval, summed: the budget of a thread, a process, a tree.
 *
 * Bursts and waits lie outside: of 10,000 processes most do nothing in an interval, and have none.
 */
#ifndef BOUNDTOP_USAGE_H
#define BOUNDTOP_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire.h"

/* More than an account keeps of one thread: a process waits for more things than a thread. */
#define BT_USAGE_WAITS 8

/* With fewer ticks in an interval, the split of on-CPU time into user and system is not given. */
#define BT_SPLIT_MIN_TICKS 25

struct bt_usage {
	uint64_t wall_ns;    /* of all threads */
	uint32_t wait_count; /* at most BT_USAGE_WAITS */
	uint8_t valid;       /* enum bt_valid: what all of its parts measured (RSS: any of them) */
	const struct bt_bursts
	    *bursts;                 /* NULL: none ended; owned by whoever owns the usage, as are the waits */
	const struct bt_wait *waits; /* most time first; open waits included */
	struct bt_totals totals;     /* adds up to wall_ns but for residual_ns */
	uint64_t guessed_ns;         /* of wall_ns: time whose microstate is a guess; 0 where it is traced */
	uint64_t residual_ns;        /* sum over threads of |microstates - wall time| */
	uint64_t utime_ns, stime_ns; /* ticks seen in user and system mode */
	uint64_t active_max_ns;      /* active time of the most active living thread */
	uint64_t active_ended_ns;    /* active time of the threads that ended, summed */
	uint64_t oncpu_max_ns;       /* on-CPU time of the thread that had the most, and */
	uint64_t oncpu_next_ns;      /* of the next; ended ones count, those known by a sum alone do not */
	uint64_t voluntary, involuntary, minor_faults, major_faults;
	uint64_t read_bytes, write_bytes, rchar, wchar;
};

/* Where a sum of usages keeps its bursts and waits. */
struct bt_usage_store {
	struct bt_bursts bursts;
	struct bt_wait waits[BT_USAGE_WAITS];
};

/* Active time: everything outside the group idle and unknown. */
uint64_t bt_totals_active_ns(const struct bt_totals *t);
uint64_t bt_totals_sum_ns(const struct bt_totals *t);

/*
 * Time of one microstate; on-CPU time is split by the ticks. ms < BT_MS_COUNT. user and system always add up
 * to the on-CPU time; each for itself means something only if bt_usage_split_valid(). With no tick at all
 * everything is called user.
 */
uint64_t bt_usage_ns(const struct bt_usage *u, enum bt_microstate ms, uint64_t tick_ns);
/* Are there enough ticks to tell user from system? Nothing on the CPU is split well, too. */
bool bt_usage_split_valid(const struct bt_usage *u, uint64_t tick_ns);

/* Lets a thread's on-CPU time compete for the most and the next. */
void bt_usage_rank_oncpu(struct bt_usage *u, uint64_t oncpu_ns);

/* Makes u the empty sum, whose bursts and waits are kept in store. */
void bt_usage_sum_begin(struct bt_usage *u, struct bt_usage_store *store);
/*
 * Adds part to a sum begun with the same store. Waits for the same thing become one; where there are more
 * than fit, those with the least time are left out.
 */
void bt_usage_sum_add(struct bt_usage *u, struct bt_usage_store *store, const struct bt_usage *part);

/* Number of bursts in a histogram of BT_BURST_BUCKETS buckets. */
uint64_t bt_burst_count(const uint32_t *histogram);
/*
 * Length in ns that the part q (0..1) of the bursts stay below, linear within a bucket; 0: there are none.
 * Off by no more than the width of a bucket, a factor of two.
 */
double bt_burst_percentile_ns(const uint32_t *histogram, double q);

#endif
