/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An account made up from readings: what the kernel counts exactly (on-CPU time, time in a run queue, how
 * often a CPU was got) and, of the rest, what the thread was found waiting for when it was looked at. Pure.
 *
 *   time since the last reading = on-CPU + run queue (by the kernel) + the rest (off-CPU)
 *
 * A thread that got no CPU since it was last found asleep has been in that same wait all the time: nothing of
 * it is a guess. Where it ran in between, the rest goes to the wait that it is found in now, and the part of
 * it that nobody has seen is counted as guessed, the less the more often the same was found before.
 */
#ifndef BOUNDTOP_COLLECT_SAMPLED_H
#define BOUNDTOP_COLLECT_SAMPLED_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "procfs_file.h"

/* A thread as it was found. */
struct bt_reading {
	uint64_t now_ns;
	struct bt_proc_schedstat kernel;
	bool blocked; /* for reason; else it runs, or wants to */
	bool stayed;  /* not blocked: nor was it at any time since the last reading */
	bool guess;   /* blocked: reason.cause may be another one */
	struct bt_reason reason;
	uint64_t blkio_ns; /* delay accounting: waits for block I/O since it began; 0 where that is off */
	double quota;      /* 0..1: the part of the time that its control group was kept from a CPU */
};

struct bt_sampled {
	struct bt_account account; /* for the record: closed up to since_ns */
	uint64_t seen_ns;          /* BLOCKED: up to then it is known to have been in that wait */
	uint64_t guessed_ns;       /* of the totals: time whose microstate is a guess */
	int64_t oncpu_ahead_ns;    /* counted here and not yet by the kernel; negative: the other way round */
	int64_t queue_ahead_ns;
	struct bt_proc_schedstat kernel; /* as last closed */
	uint64_t blkio_ns;               /* likewise, */
	uint64_t io_ns;                  /* and what was put down to disk and paging since */
	struct bt_reason last;           /* the last wait it was found in; cause BT_MS_UNKNOWN: none yet */
	bool guess;                      /* the open wait */
	uint32_t agreed;                 /* times in a row that it was the same */
};

/* Of a thread found there, or born, at born_ns; from then on its time is accounted for. */
void bt_sampled_begin(struct bt_sampled *s, uint64_t id, uint64_t born_ns,
		      const struct bt_proc_schedstat *kernel);
/* Has it been asleep, in the same wait, since it was last closed? */
bool bt_sampled_sleeps(const struct bt_sampled *s, const struct bt_proc_schedstat *now);
/* It has: seen once more. */
void bt_sampled_seen(struct bt_sampled *s, uint64_t now_ns);
/* Accounts for the time up to the reading. tick_ns: how late the kernel may be in counting a running thread.
 */
void bt_sampled_close(struct bt_sampled *s, const struct bt_reading *r, uint64_t tick_ns);
/* It ended; close it before. */
void bt_sampled_end(struct bt_sampled *s);

#endif
