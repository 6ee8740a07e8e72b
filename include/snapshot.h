/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot: every thread of the host at (nearly) one instant, as records behind each other (wire.h).
 * Collectors append to it, the core reads it, the store keeps it. It never holds a verdict.
 */
#ifndef BOUNDTOP_SNAPSHOT_H
#define BOUNDTOP_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* Every microstate can be told. */
#define BT_MEASURED_ALL ((1u << BT_MS_COUNT) - 1)

struct bt_snapshot {
	uint64_t begin_ns; /* CLOCK_MONOTONIC before the first and after the last record was taken */
	uint64_t end_ns;
	int64_t time_s; /* CLOCK_REALTIME at end_ns */
	uint32_t time_nsec;
	uint32_t cpus_online;
	uint64_t self_cpu_ns; /* CPU time of this program so far: its overhead */
	uint64_t tick_ns;     /* length of the tick that utime and stime are counted in */
	struct bt_loss loss;  /* since the collector opened */
	bool exact;           /* traced, not sampled */
	bool run_queue_known; /* else run_queue is all zero */
	uint32_t measured; /* a bit for each microstate that this collector can tell; the others are null */

	/*
	 * Waits in run queues that ended since the collector opened, of all threads (quotas left out), by
	 * length in the buckets of a burst histogram (account.h).
	 */
	uint64_t run_queue[BT_BURST_BUCKETS];

	unsigned char *records; /* owned; aligned to 8 */
	size_t length;
	size_t capacity;
};

/* Makes room for size more bytes and returns where they go; length is left to the caller. NULL: no memory. */
unsigned char *bt_snapshot_reserve(struct bt_snapshot *s, size_t size);
/* Drops the records and keeps the memory, unless it is much more than they needed. */
void bt_snapshot_clear(struct bt_snapshot *s);
/* Releases what s owns; s may be zeroed. */
void bt_snapshot_free(struct bt_snapshot *s);
/*
 * The record that follows at (NULL: the first one), NULL at the end or where the bytes are no whole record.
 * A record of type THREAD or ENDED is a struct bt_record, LUMP a struct bt_lump, SAME only its head.
 */
const struct bt_record_head *bt_snapshot_next(const struct bt_snapshot *s, const struct bt_record_head *at);

/* NOLINTBEGIN(bugprone-macro-parentheses): head is the name of a variable */
#define bt_snapshot_for_each(head, s)                                                                        \
	for (const struct bt_record_head *head = bt_snapshot_next((s), NULL); head;                          \
	     head = bt_snapshot_next((s), head))
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
