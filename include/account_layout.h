/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a thread: its account, as the kernel side writes it, recordings keep it and the user side
 * reads it. How it changes: account.h.
 */
#ifndef BOUNDTOP_ACCOUNT_LAYOUT_H
#define BOUNDTOP_ACCOUNT_LAYOUT_H

#include <linux/types.h>

#include "microstate.h"

#define BT_COMM_LEN 16 /* TASK_COMM_LEN, include/linux/sched.h */

/* Burst histograms: bucket b counts bursts of [2^(8+b), 2^(9+b)) ns; the first takes all below 512 ns, the
 * last all from 2^39 ns (9 minutes). */
#define BT_BURST_BUCKETS  32
#define BT_BURST_MIN_LOG2 8

/* What the longest waits were for. The slot with the least time is replaced; what no slot holds is the
 * difference to the totals ("other"). */
#define BT_WAIT_SLOTS 4

enum bt_phase {
	BT_PHASE_NONE,     /* zeroed memory: no account yet */
	BT_PHASE_ONCPU,    /* running since since_ns */
	BT_PHASE_RUNNABLE, /* in a run queue, or held back by a quota, since since_ns; cause says which */
	BT_PHASE_BLOCKED,  /* asleep since since_ns, for cause */
	BT_PHASE_WOKEN,    /* was asleep for cause in [since_ns, woken_ns), is in a run queue since */
	BT_PHASE_DEAD,     /* ended at since_ns; the totals are final */
};

/* What a thread blocks on. */
enum bt_target {
	BT_TARGET_NONE,
	BT_TARGET_FILE,      /* regular file; object = inode number */
	BT_TARGET_DIRECTORY, /* likewise */
	BT_TARGET_BLOCKDEV,
	BT_TARGET_CHARDEV,
	BT_TARGET_PIPE,
	BT_TARGET_INET,   /* internet socket; object = inode number */
	BT_TARGET_UNIX,   /* unix socket; likewise */
	BT_TARGET_SOCKET, /* any other socket: netlink, packet, … */
	BT_TARGET_ANON,   /* anonymous inode: epoll, eventfd, timerfd, io_uring, … */
	BT_TARGET_FUTEX,  /* object = user address */
	BT_TARGET_COUNT,
};

/* Why, and on what, a thread leaves the CPU. */
struct bt_reason {
	__u64 object;  /* inode number, futex address; 0 = none */
	__s32 fd;      /* descriptor that the thread waits on, -1 = none */
	__s16 syscall; /* number in the machine's own ABI, of 32-bit calls, too; -1 = none (page fault, kernel
			  thread) */
	__u8 cause;    /* enum bt_microstate, off-CPU */
	__u8 target;   /* enum bt_target */
};

/* One thing waited for, with what it cost so far. */
struct bt_wait {
	struct bt_reason reason;
	__u64 ns; /* closed waits only */
	__u32 count;
	__s32 waker_pid; /* process that ended the last of them; 0 = an interrupt or the kernel */
};

/* For how long others waited for a lock while this thread had it; the slot with the least is replaced. */
#define BT_HELD_SLOTS 2

struct bt_held {
	__u64 object; /* the lock: as in the reasons of those that wait for it */
	__u64 ns;     /* cumulative */
};

/* Where a thread stands with the lock that it last waited for. */
enum bt_turn {
	BT_TURN_NONE,
	BT_TURN_WAITS, /* since turn_ns, over all attempts that ran out of time */
	BT_TURN_HAS,   /* was given it at turn_ns */
};

/* Who computes for longer between two attempts had the lock in between: it found it free. */
#define BT_TURN_RETRY_NS 1000000ULL

/*
 * Ambiguous waits: what they were shows only when they end, by who ends them (DESIGN, section 1). Until then
 * a wait carries the label that the last one at the same place got.
 */
enum bt_doubt {
	BT_DOUBT_NONE,
	BT_DOUBT_PEER,  /* a reader: another process may owe it something, or nobody does */
	BT_DOUBT_POLL,  /* the same of one among a few descriptors: if the kernel wakes it, it was another one
			 */
	BT_DOUBT_FUTEX, /* a condition variable or a semaphore: for work, for an answer, or as a lock */
	BT_DOUBT_EPOLL, /* the first file that became ready says */
	BT_DOUBT_URING, /* likewise the first request of a ring that is done */
	BT_DOUBT_REPLY, /* poll and kin with an owed internet socket among few: network, unless we wake
			   ourselves */
	BT_DOUBT_WORK,  /* as FUTEX, but it is known to be no lock */
};

/* Whether it is known where the lock of an interpreter is. */
enum bt_gil_state { BT_GIL_UNASKED, BT_GIL_ASKED, BT_GIL_KNOWN };

/* Whose threads those of a process are, if that tells what they wait for at a futex. */
enum bt_runtime {
	BT_RUNTIME_OTHER,
	BT_RUNTIME_HOTSPOT,
	BT_RUNTIME_HOTSPOT_ASKED, /* what this one waits for was asked of user space */
	BT_RUNTIME_RUBY,
};

/* What the last wait in doubt at a place turned out to be; places share slots. */
#define BT_HABITS     8
#define BT_HABIT_BITS 3

struct bt_habit {
	__u32 place; /* bt_wait_place() */
	__u32 cause;
};

/* A reader that an interrupt or the kernel wakes is owed something if it waited for less. */
#define BT_IDLE_AFTER_NS 1000000000ULL

/* Cumulative since born_ns, closed intervals only. */
struct bt_totals {
	__u64 oncpu_ns;
	__u64 offcpu_ns[BT_OFFCPU_COUNT]; /* index: microstate - BT_OFFCPU_FIRST */
};

struct bt_bursts {
	__u32 cpu[BT_BURST_BUCKETS]; /* on-CPU time between two voluntary blocks */
	__u32 io[BT_BURST_BUCKETS];  /* blocked intervals of group io */
};

struct bt_account {
	/* The open interval: what every switch touches comes first. */
	__u32 seq;         /* odd while being written; the reader takes the account again if it moved */
	__u32 phase;       /* enum bt_phase; written last */
	__u32 read_seq;    /* seq as last read while BLOCKED: still the same = nothing happened since */
	__u8 listed;       /* the reader knows that it has to look: bpf/listed.h */
	__u8 read_cause;   /* what the reader was told the open block is, up to read_ns */
	__u8 found_asleep; /* since before the start: exempt from the rule of the missing waking */
	__u8 doubt;        /* BLOCKED, WOKEN: enum bt_doubt */
	__s32 waker_pid;   /* WOKEN: which process did it; 0 = an interrupt or the kernel */
	__u8 woken_cause;  /* WOKEN: what the wait turned out to be; ONCPU: what queued_ns was, but for what
			      the scheduler counts as on-CPU */
	__u8 idle_cause;   /* what its last wait of group idle was */
	__u8 turn;         /* enum bt_turn */
	__u8 lock_credit;  /* how long waits at a futex of its own count as a lock yet: BT_LOCK_CREDIT */
	__u64 since_ns;
	__u64 woken_ns;     /* WOKEN: when */
	__u64 read_ns;      /* when the reader last saw it asleep, and */
	__u64 shown_ns;     /* when at all */
	__u64 relabeled_ns; /* up to when it was told something else than read_cause */
	__u64 burst_ns;     /* on-CPU so far in the open CPU burst */
	__u64 runtime_ns;   /* the scheduler's own sum_exec_runtime at the last switch-out, */
	__u64 run_delay_ns; /* and its sched_info.run_delay */
	__u64 idle_end_ns;  /* since when somebody works on what it works on; 0 = it was never idle */
	__u64 carried_ns;   /* WOKEN: the same of who woke it, whose work it carries on; 0 = nobody's */
	__u64 passed_ns;    /* on-CPU in the open CPU burst when it last woke a thread of its own process, */
	__u64 after_ns;     /* and from there to the end of the last burst in which it did */
	__u32 hop;          /* wakings from thread to thread, at futexes, that led to its last one, */
	__s32 hops_since;   /* and how many of them since the one before; see bt_account_hand_on() */
	__u64 queued_ns;    /* ONCPU: the wait for the CPU, as far as no frame has shown it */
	struct bt_reason reason; /* RUNNABLE, BLOCKED, WOKEN */

	struct bt_totals totals;

	/* Identity; written once. */
	__u64 id;              /* never 0, never used twice while the collector lives */
	__u64 born_ns;         /* CLOCK_MONOTONIC: fork, or when the thread was found at the start */
	__u64 leader_start_ns; /* CLOCK_BOOTTIME of the thread group's leader: with tgid, the process */
	__u64 parent_start_ns; /* likewise of the process that forked it; 0 = not seen */
	__s32 parent_tgid;     /* who forked it (stays when it is reparented); 0 = not seen */
	__u16 gil_state;       /* enum bt_gil_state */
	__u16 runtime;         /* KNOWN: enum bt_runtime */
	__u64 gil_from;        /* KNOWN: where the interpreter of its process keeps its global lock, */
	__u64 gil_mm;          /* in which address space, */
	__u32 gil_size;        /* and how far that reaches; 0 = there is none */
	__u32 missed;          /* switches that were not seen: the time went to unknown */
	__u32 missed_told;     /* of these, how many the reader has counted */
	__u32 relabeled_cause; /* what that was */
	__s32 tid;             /* the numbers that it is shown by: those of the reader's PID namespace, */
	__s32 tgid;            /* 0 = it is not to be seen there */
	__u64 own_ns;          /* events that its own process worked for: cumulative, closed waits only */
	__u64 guessed_ns;      /* when there was a look at what its wait may be for */
	__u64 idle_from_ns;    /* its last wait of group idle, */
	__u64 idle_to_ns;      /* and up to where that was one; 0 = it had none */
	__u64 ready_ns;        /* when something that it waited for in epoll was last ready; 0 = never */
	__u64 block_bytes; /* what its task had read and written, when that last told of asynchronous I/O */
	/* Whether a waking was a turn shows when the woken has worked: see bt_account_hand_on(). */
	__u64 last_burst_ns; /* its last CPU burst that is over */
	__u64 hop_wait_ns; /* its wait that a hand-on ended, as long as it did not work after it; 0 = none, */
	__u32 hop_next;    /* and what hop */
	__s32 hops_next;   /* and hops_since are then */
	__u64 hop_ns;      /* when it was woken to the turn that hop is of; 0 = it had none */
	__u64 turn_ns;     /* see enum bt_turn; written by who wakes it, too, */
	__u64 turn_object; /* as its own held is by itself alone, when it wakes another */
	struct bt_held held[BT_HELD_SLOTS];

	struct bt_bursts bursts;
	struct bt_wait waits[BT_WAIT_SLOTS];
	struct bt_habit habits[BT_HABITS];
};

_Static_assert(sizeof(struct bt_reason) == 16, "wire layout");
_Static_assert(sizeof(struct bt_wait) == 32, "wire layout");
_Static_assert(sizeof(struct bt_totals) == 8UL * (1 + BT_OFFCPU_COUNT), "wire layout");
_Static_assert(sizeof(struct bt_account) % 8 == 0, "wire records are copied in words");
_Static_assert(__builtin_offsetof(struct bt_account, totals) == 152,
	       "what every switch touches lies together");

#endif
