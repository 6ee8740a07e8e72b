/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: snapshots in, processes with what they did in an interval out.
 *
 * Pure: no I/O, no clock, nothing from a collector but the snapshot. The same snapshots give the same
 * processes, live or replayed.
 */
#ifndef BOUNDTOP_MODEL_H
#define BOUNDTOP_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"
#include "usage.h"
#include "verdict.h"

/* A process by its identity: PIDs are reused, (pid, start_ns) is not. */
struct bt_identity {
	int32_t pid;
	uint64_t start_ns; /* CLOCK_BOOTTIME of the group's leader */
};

struct bt_thread {
	uint64_t id;
	int32_t tid;
	char comm[BT_COMM_LEN + 1]; /* raw bytes, terminated */
	char state;                 /* 'X' when it has ended */
	int8_t nice;
	bool ended;
	bool blocked;
	struct bt_reason open;     /* what it waits for now, if blocked, */
	uint64_t blocked_ns;       /* and for how long; since the collector opened, if it did then */
	struct bt_usage usage;     /* of this interval */
	struct bt_verdict verdict; /* set whenever the thread_list is */
};

/* What each refresh looks at, whatever happened, comes first: there may be ten thousand of them. */
struct bt_process {
	struct bt_identity identity;
	uint32_t uid;
	uint32_t threads; /* alive at the end of the interval */
	/* Another one than when it was last judged, if anything may be new but times and the confidence. */
	uint32_t revision;

	/* Filled by who shows it (lookup.h); raw bytes, may be NULL. The core only zeroes them for a new
	 * process. */
	uint32_t described_at;
	void *description; /* who filled them finds its own again; it was right at sweep described_at */
	const char *user;
	const char *cmdline;
	const char *cgroup;
	const char *container; /* or systemd unit: container.h */
	/* Likewise the view: where its row lies in the text of frame shown_frame (view.h, struct bt_kept). */
	uint32_t shown_frame;
	uint32_t shown_revision;
	uint32_t shown_offset, shown_length;

	/* The part of the interval in which it was there: CLOCK_MONOTONIC. */
	uint64_t begin_ns, end_ns;
	struct bt_verdict verdict;
	struct bt_usage usage; /* of this interval, all its threads */

	struct bt_identity forked_by; /* pid 0: not seen */
	int32_t ppid;
	char comm[BT_COMM_LEN + 1]; /* of the leader; raw bytes, terminated */
	char state;                 /* of the leader; 'X' when it has ended, 'Z' while nobody waited for it */
	int8_t nice;
	uint8_t kind; /* enum bt_kind */
	bool exited;  /* ended in the interval: no thread of it is left */
	uint64_t cgroup_id;
	uint32_t threads_ended; /* in the interval */
	uint32_t lost_exits;    /* children that ended and left only a sum, which is part of usage */
	int32_t exit_code;      /* wait(2) status of the leader, if exited */
	uint64_t rss_bytes;
	uint64_t cpu_time_ns; /* since it began, ended threads included */
	/* Likewise of its children that were waited for, and of theirs. */
	uint64_t children_utime_ns, children_stime_ns;
	/* Living threads, and those that ended in the interval: bt_model_threads(). Owned by the model. */
	uint32_t thread_count;
	struct bt_thread **thread_list;
};

/* Did it end before the interval, and did nobody wait for it yet? */
static inline bool bt_process_is_zombie(const struct bt_process *p)
{
	return p->state == 'Z' && !p->threads && !p->usage.wall_ns;
}

/* For qsort() of struct bt_process pointers: the most active first, and by PID. */
int bt_process_compare_activity(const void *a, const void *b);

struct bt_model;

/* One interval of the whole host. */
struct bt_frame {
	/* CLOCK_MONOTONIC: whoever is there since later (bt_process.begin_ns) was born in the interval. */
	uint64_t begin_ns;
	uint64_t duration_ns;
	uint64_t tick_ns;
	int64_t time_s; /* CLOCK_REALTIME at its end */
	uint32_t time_nsec;
	uint32_t cpus_online;
	bool exact;
	uint32_t measured;        /* a bit for each microstate that the collector can tell */
	struct bt_loss loss;      /* of the interval */
	uint64_t vanished;        /* threads that went without a record, or came without a first one */
	uint64_t overhead_cpu_ns; /* CPU time of this program in the interval */
	struct bt_totals totals;  /* of all processes */
	/* Waits in run queues that ended in the interval, by length as in a burst histogram. */
	uint32_t run_queue[BT_BURST_BUCKETS];
	bool run_queue_known;
	size_t verdicts[BT_VERDICT_COUNT]; /* processes that were judged so: bt_model_judge() */
	size_t exited;                     /* processes */
	size_t process_count;
	struct bt_process **processes; /* in no order; owned by the model until the next update */
	struct bt_model *model;        /* whose frame it is: to be asked for more */
};

/* 0 or -ENOMEM; *out is only set on success. */
int bt_model_create(struct bt_model **out);
void bt_model_destroy(struct bt_model *m); /* NULL is fine */

/*
 * Takes the next snapshot in. The first is the base. Each later one adds the time since the one before to the
 * interval that is open; bt_model_begin() opens a new one at the latest snapshot and forgets what ended in
 * the one before. Returns 0, -ENOMEM (records that found no room are counted as vanished), or -EINVAL for a
 * snapshot that is older than the last one (nothing is taken in).
 */
int bt_model_update(struct bt_model *m, const struct bt_snapshot *s);
void bt_model_begin(struct bt_model *m);

/*
 * Bounds of the open interval where they are known better than by snapshots.
 *
 * begin_at: since the snapshot that opened the interval, all threads of the process have waited for nothing
 * but at_ns; what the wait that is open then takes longer is not theirs either. Returns false, and nothing is
 * changed, if it is not there or one of them was seen doing something else.
 *
 * end_at: of what snapshots from now on tell, only what was before at_ns counts, and of what lived then, how
 * it ended.
 */
bool bt_model_begin_at(struct bt_model *m, const struct bt_identity *who, uint64_t at_ns);
void bt_model_end_at(struct bt_model *m, uint64_t at_ns);

/* The interval as it stands. Valid until the next update, begin, prune or destroy. NULL: no memory. */
const struct bt_frame *bt_model_frame(struct bt_model *m);

/* The process, also one that ended in the interval (the youngest of that PID); NULL: none, or no memory. */
struct bt_process *bt_model_find(struct bt_model *m, int32_t pid);
/* Exactly that process; NULL: not here (any more). */
struct bt_process *bt_model_find_identity(struct bt_model *m, const struct bt_identity *identity);

/* Judges every process of the interval (fills verdict); lists and judges threads, too, if asked. */
int bt_model_judge(struct bt_model *m, bool threads);
/* Fills the thread_list of one process. 0 or -ENOMEM. Valid as long as a frame. */
int bt_model_threads(struct bt_model *m, struct bt_process *p);

/*
 * How many threads of p waited for the same thing as reason says in the interval; of those that waited for
 * many things, the longest waits are known. 0: p is none of the model's own processes (a tree as one).
 */
uint32_t bt_model_waiters(struct bt_model *m, const struct bt_process *p, const struct bt_reason *reason);
/* Who had a lock while others waited for it. */
struct bt_holder {
	int32_t tid;
	char comm[BT_COMM_LEN + 1]; /* raw bytes, terminated */
	double share;               /* of the time that others waited for it and then got it */
};
/*
 * The thread of p (one of the latest frame's) that had the lock at object (an address, as in the reasons of
 * those that wait for it) for most of the time that others waited for it. false: nobody was seen to let go of
 * it.
 */
bool bt_model_holder(struct bt_model *m, const struct bt_process *p, uint64_t object, struct bt_holder *out);

/* Who is at the other end of a socket; found out by who shows it (collector.h), never in a snapshot. */
#define BT_PEER_ADDRESS 112
struct bt_peer {
	int32_t pid;                   /* that has it; 0: not known, or not on this host */
	uint32_t others;               /* processes that have it, too */
	char address[BT_PEER_ADDRESS]; /* raw bytes: "192.0.2.1:443", the path of a unix socket; "" */
};
/*
 * The other end of a socket that is waited on (its inode, as in the reasons). What was set is forgotten when
 * a new interval begins. set: 0 or -ENOMEM. NULL: nobody found it out.
 */
int bt_model_peer_set(struct bt_model *m, uint64_t socket, const struct bt_peer *peer);
const struct bt_peer *bt_model_peer(const struct bt_model *m, const struct bt_reason *reason);

/*
 * Long intervals (run, classify -f): forgets ended processes but the keep with the most active time. A tree
 * (tree.h) that counted them keeps their sums.
 */
void bt_model_prune(struct bt_model *m, size_t keep);

#endif
