/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the model share: model.c (snapshots), thread.c, process.c, tree.c.
 *
 * 10,000 mostly idle threads are the normal case. So the parts that only a busy thread needs hang on
 * pointers, what an idle one does in an interval is a single figure, and the only thread of a process keeps
 * no usage of its own: the process's is the same.
 */
#ifndef BOUNDTOP_MODEL_INTERNAL_H
#define BOUNDTOP_MODEL_INTERNAL_H

#include "model.h"

/* Out of memory is an error like any other: uthash undoes the add and says so. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* Snapshots that may pass until a thread that vanished is given up. */
#define BT_MISSED_MAX 3

/* Waits kept of a process in an interval; the first BT_USAGE_WAITS of them are shown. */
#define BT_LEDGER_WAITS 16

/* Bursts and waits of an interval. Zeroed memory is an empty one. */
struct bt_ledger {
	struct bt_wait one;       /* what an idle process waits for; used while many is NULL */
	struct bt_wait *many;     /* BT_LEDGER_WAITS of them; owned */
	struct bt_bursts *bursts; /* owned */
	uint32_t wait_count;
	bool burst; /* did any burst end in the interval? */
};

/* Cumulative figures of a thread as its last full record had them. */
struct bt_counters {
	struct bt_totals totals;
	uint64_t utime_ns, stime_ns;
	uint64_t voluntary, involuntary, minor_faults, major_faults;
	uint64_t read_bytes, write_bytes, rchar, wchar;
	uint64_t guessed_ns;
	uint64_t own_ns; /* as the account has it */
};

/*
 * Bursts and waits of a thread as its last full record had them, without the zeros: of 64 buckets and 4 waits
 * a thread that is mostly idle has a few.
 */
struct bt_history {
	uint64_t buckets; /* bit b: the bucket b of cpu, from 32 on of io, is not empty */
	uint32_t bucket_count;
	uint32_t wait_count;
	struct bt_wait waits[]; /* behind them, uint32_t a bucket */
};

/* For how long others waited for locks while a thread had them. */
struct bt_lock_history {
	struct bt_held before[BT_HELD_SLOTS]; /* as its last full record had it */
	struct bt_held held[BT_HELD_SLOTS];   /* of this interval */
};

/* What one thread of several did in the interval. */
struct bt_budget {
	struct bt_usage usage;
	struct bt_ledger ledger;
};

/* What a SAME record touches comes first: two lines of the cache, not four, ten thousand times a frame. */
struct bt_thread_entry {
	uint64_t id;
	struct bt_process_entry *process;
	uint64_t now_ns;          /* its time is accounted for up to here */
	uint64_t same_ns;         /* of that, the open interval grew so much by SAME records */
	uint64_t idle_ns;         /* of this interval, all in the open wait; 0 as soon as there is a budget */
	uint64_t active_ns;       /* of this interval */
	uint64_t open_counted_ns; /* the part of the open wait that is counted already */
	struct bt_reason open;
	struct bt_budget *budget; /* owned; NULL: idle so far, or the only thread of its process */
	uint32_t epoch;           /* of the snapshot it was last seen in */
	uint8_t valid;
	uint8_t missed;    /* snapshots in a row without it */
	uint8_t open_ms;   /* what it is doing: BT_MS_USER for being on the CPU; BT_MS_NONE when dead */
	bool blocked;      /* open is a wait */
	bool wait_counted; /* in this interval */
	bool account;      /* there is one */
	bool torn;         /* time was shown since it was last read */
	bool ended;        /* takes no time any more */
	bool ended_before; /* before this interval: a zombie */
	bool zombie;       /* ended, and seen since */
	bool held;         /* the wait that is open is not its own: bt_model_begin_at() */
	UT_hash_handle hh;
	struct bt_thread_entry *prev, *next; /* of the same process */
	uint64_t open_since_ns;              /* the wait that is open */
	uint64_t own_ns;          /* of this interval, waits of group idle that its own process worked for */
	struct bt_counters *last; /* owned; NULL once it ended */
	struct bt_history *history;    /* owned; NULL: all zero */
	struct bt_lock_history *locks; /* owned; NULL: nobody ever waited for it */
	uint64_t runtime_ns;
	int32_t tid;
	char comm[BT_COMM_LEN];
	char state;
	int8_t nice;
};

/*
 * A process is still while an interval brings nothing but SAME records of it, all in the same microstate of
 * the group idle. BT_STILL_YET: no record came so far; BT_STILL_NOT: something else happened.
 */
enum bt_still { BT_STILL_YET = BT_MS_COUNT, BT_STILL_NOT };

struct bt_process_entry {
	struct bt_process p; /* first: what others see */
	struct bt_thread_entry *threads;
	struct bt_ledger ledger;
	uint8_t valid; /* what all records of the interval measured */
	uint8_t valid_any;
	uint8_t still;      /* the microstate that it was in all the time; else enum bt_still */
	uint8_t still_kept; /* the one that it was last judged for and stays in since; else BT_STILL_NOT */
	bool multi;         /* more than one thread was there in the interval: each has a budget */
	bool own;           /* a thread of it has own_ns */
	bool gone;          /* never seen: made up for the children it left behind */
	UT_hash_handle hh;  /* by p.identity, whose padding is zero */
	struct bt_thread_entry *leader; /* NULL: not seen */
	uint64_t living_runtime_ns;
	uint64_t ended_runtime_ns; /* as seen, on top of group_base_ns */
	uint64_t group_base_ns;
	uint64_t group_ended_ns; /* as the kernel says */
	bool children_known;     /* what follows is set: the children's times when the interval began */
	uint64_t children_base_utime_ns, children_base_stime_ns;
};

struct bt_lump_entry {
	struct {
		uint64_t start_ns;
		uint64_t pid;
	} key;
	UT_hash_handle hh;
	struct bt_totals totals;
	uint64_t wall_ns;
	uint32_t threads;
};

struct bt_peer_entry;

struct bt_model {
	struct bt_thread_entry *threads;
	struct bt_process_entry *processes;
	struct bt_lump_entry *lumps;
	struct bt_thread_entry *cursor; /* the thread that is likely next: snapshots keep their order */
	struct bt_tree *trees;
	struct bt_peer_entry *peers; /* peer.c */
	uint32_t epoch;              /* snapshots so far */
	uint64_t begin_ns, end_ns;   /* of the latest snapshot */
	uint64_t previous_begin_ns, previous_end_ns;
	uint64_t interval_ns; /* when the interval began: the middle of its first snapshot */
	uint64_t until_ns;    /* when the interval ended, if it did; else 0 */
	uint64_t interval_self_cpu_ns;
	struct bt_loss interval_loss;
	struct bt_loss loss;
	uint64_t self_cpu_ns;
	uint64_t interval_run_queue[BT_BURST_BUCKETS];
	uint64_t run_queue[BT_BURST_BUCKETS];
	uint64_t boot_offset_ns; /* CLOCK_BOOTTIME - CLOCK_MONOTONIC, at least */
	struct bt_frame frame;
	size_t frame_capacity;
	bool frame_valid;
	bool no_memory;  /* in this update */
	bool lists_made; /* of threads, since they were last dropped */
	size_t seen;     /* threads, ended ones included, of which this update knows */
	/* The confidence in what was still for so long, in this frame; 0 = not known yet. */
	uint64_t still_ns;
	float still_confidence;
	/* Processes by PID, made when the first is looked for. */
	struct bt_process_entry **by_pid;
	size_t by_pid_capacity;
	bool by_pid_valid;
};

static inline uint64_t bt_min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Counters only grow; one that shrank begins anew at nothing. */
static inline uint64_t bt_grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static inline bool bt_record_has_account(const struct bt_record *r)
{
	return (r->head.valid & BT_VALID_ACCOUNT) && r->account.phase != BT_PHASE_NONE;
}

static inline bool bt_record_is_dead(const struct bt_record *r)
{
	return r->head.type == BT_RECORD_ENDED ||
	       (bt_record_has_account(r) && r->account.phase == BT_PHASE_DEAD);
}

/* Up to when a record tells of the thread's time. */
static inline uint64_t bt_record_reach_ns(const struct bt_record *r)
{
	return bt_record_has_account(r) && r->account.phase == BT_PHASE_DEAD ? r->account.since_ns
									     : r->head.now_ns;
}

/* process.c */
struct bt_process_entry *bt_process_get(struct bt_model *m, int32_t pid, uint64_t start_ns);
/* The same, made if there is none; NULL: no memory. */
struct bt_process_entry *bt_process_make(struct bt_model *m, int32_t pid, uint64_t start_ns);
void bt_process_free(struct bt_model *m, struct bt_process_entry *p);
/* Takes in what a record says of the whole process. */
void bt_process_describe(struct bt_process_entry *p, const struct bt_thread_entry *t,
			 const struct bt_record *r);
void bt_process_begin(struct bt_model *m, struct bt_process_entry *p);
/* Puts the figures that others see in order. */
void bt_process_settle(const struct bt_model *m, struct bt_process_entry *p);
void bt_process_lump(struct bt_model *m, const struct bt_lump *l, bool base);
/* Can no more come of it? */
bool bt_process_is_over(const struct bt_model *m, const struct bt_process_entry *p);
void bt_process_drop_list(struct bt_process_entry *p);
/* Something happened to it that is more than time. */
static inline void bt_process_stir(struct bt_process_entry *p)
{
	p->still = BT_STILL_NOT;
	p->still_kept = BT_STILL_NOT;
}

/* ledger.c; false: no memory, and the detail is lost */
bool bt_ledger_add_wait(struct bt_ledger *l, const struct bt_wait *w);
/* So much less of the longest wait of that cause. */
void bt_ledger_take_wait(struct bt_ledger *l, unsigned int cause, uint64_t ns);
bool bt_ledger_add_bursts(struct bt_ledger *l, const struct bt_bursts *more);
bool bt_ledger_copy(struct bt_ledger *to, const struct bt_ledger *from);
void bt_ledger_begin(struct bt_ledger *l);
void bt_ledger_free(struct bt_ledger *l);
/* Lets u show what l holds. */
void bt_ledger_show(struct bt_ledger *l, struct bt_usage *u);

/* thread.c */
struct bt_thread_entry *bt_thread_get(struct bt_model *m, uint64_t id);
void bt_thread_same(struct bt_model *m, const struct bt_record_head *head);
void bt_thread_take(struct bt_model *m, const struct bt_record *r, bool base);
/* Ends it, in whatever way. */
void bt_thread_end(struct bt_thread_entry *t);
void bt_thread_begin(struct bt_thread_entry *t);
void bt_thread_free(struct bt_model *m, struct bt_thread_entry *t);
/* Gives it a budget of its own that holds its interval so far; false: no memory. */
bool bt_thread_make_budget(struct bt_thread_entry *t);

/* step.c */
/* Its time from from_ns to where r reaches. newborn: it was not there before. */
void bt_thread_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		    uint64_t from_ns, bool newborn);
/* The same where nothing happened but time. */
void bt_thread_idle(struct bt_model *m, struct bt_thread_entry *t, uint64_t now_ns);
/* It has waited until at_ns, which is where its time begins to count, without the wait that is open. */
void bt_thread_hold(struct bt_thread_entry *t, uint64_t at_ns);
/* The figures of r are where its time begins to count. */
void bt_thread_base(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r);
/* Likewise, and it was there since from_ns: nobody knows what for. */
void bt_thread_late(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		    uint64_t from_ns);
/* Takes note of what r says, for the next step to begin at. */
void bt_thread_describe(struct bt_thread_entry *t, const struct bt_record *r);

/* detail.c */
/* Bursts and waits up to to_ns; count = false: only takes note of them. */
void bt_thread_detail(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		      uint64_t to_ns, bool count);
/* For how long others waited for locks that it had, since the last record; count as above. */
void bt_thread_locks(struct bt_model *m, struct bt_thread_entry *t, const struct bt_account *a, bool count);
/* The open wait lasted span_ns more. */
void bt_thread_detail_idle(struct bt_model *m, struct bt_thread_entry *t, uint64_t span_ns);

/* peer.c */
void bt_peers_forget(struct bt_model *m);

/* tree.c: what the model tells its trees */
int bt_trees_update(struct bt_model *m);
void bt_trees_begin(struct bt_model *m);
void bt_trees_forget(struct bt_model *m, const struct bt_process_entry *p);

#endif
