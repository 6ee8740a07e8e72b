/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The wire record: what a collector says of one thread, once a refresh. Compiles as BPF and on the host.
 *
 * A snapshot is a run of these records. Each begins with a head; size tells where the next one begins.
 *
 *   BT_RECORD_SAME    head alone: the thread is asleep in the same wait as in its last full record, nothing
 *                     of its account has changed; its open interval now reaches to head.now_ns.
 *   BT_RECORD_THREAD  a living thread (a zombie leader, too: phase DEAD), all that is known of it.
 *   BT_RECORD_ENDED   a thread that ended since the last snapshot; its totals are final at since_ns. It comes
 *                     exactly once. A THREAD record of the same id in the same snapshot is older and void.
 *   BT_RECORD_LUMP    threads that ended in a storm and left no record of their own: their sums, under
 *                     the process that forked them.
 */
#ifndef BOUNDTOP_WIRE_H
#define BOUNDTOP_WIRE_H

#include <linux/types.h>

#include "account_layout.h"

enum bt_record_type {
	BT_RECORD_SAME = 1,
	BT_RECORD_THREAD,
	BT_RECORD_ENDED,
	BT_RECORD_LUMP,
};

/* What a record measures: "unmeasured is not zero". */
enum bt_valid {
	BT_VALID_ACCOUNT = 1 << 0, /* account */
	BT_VALID_TICKS = 1 << 1,   /* utime_ns, stime_ns */
	BT_VALID_IO = 1 << 2,      /* read_bytes, write_bytes, rchar, wchar */
	BT_VALID_RSS = 1 << 3,     /* rss_bytes */
	BT_VALID_BURSTS = 1 << 4,  /* account.bursts */
	BT_VALID_WAITS = 1 << 5,   /* account.waits */
	BT_VALID_RUNTIME = 1 << 6, /* runtime_ns, group_ended_runtime_ns */
	BT_VALID_GUESS = 1 << 7,   /* no measure: the open wait of the account is a guess */
};

/* bt_facts.exit_code of one whose end was not seen. */
#define BT_EXIT_UNKNOWN (-2147483647 - 1)

enum bt_kind { BT_KIND_USER, BT_KIND_KERNEL, BT_KIND_COUNT };

struct bt_record_head {
	__u16 size; /* of the whole record, a multiple of 8 */
	__u8 type;  /* enum bt_record_type */
	__u8 valid; /* enum bt_valid */
	__s32 tid;
	__u64 id;     /* account.id; without an account, made of (tid, start time) with the top bit set */
	__u64 now_ns; /* CLOCK_MONOTONIC when this record was taken; ENDED: when the thread ended */
};

struct bt_facts {
	__s32 tgid;
	__s32 ppid;            /* real parent now; account.parent_tgid is who forked it */
	__u64 start_ns;        /* CLOCK_BOOTTIME of the thread, as field 22 of /proc/PID/stat in ns */
	__u64 leader_start_ns; /* of its process: with tgid, the identity of the process */
	__u64 utime_ns;        /* as the kernel's ticks have it, not adjusted */
	__u64 stime_ns;
	__u64 runtime_ns;             /* sum_exec_runtime: CPU time since the thread began */
	__u64 group_ended_runtime_ns; /* likewise of threads of the process that ended:
					 signal->sum_sched_runtime */
	__u64 children_utime_ns;      /* of its children that were waited for, and of theirs: */
	__u64 children_stime_ns;      /* signal->cutime, cstime; ticks */
	__u64 rss_bytes;              /* of the address space */
	__u64 read_bytes;             /* struct task_io_accounting: caused from block devices */
	__u64 write_bytes;
	__u64 rchar; /* through read(2) and the like, page cache included */
	__u64 wchar;
	__u64 voluntary; /* switches since the thread began: nvcsw, nivcsw */
	__u64 involuntary;
	__u64 minor_faults; /* page faults without I/O, and with */
	__u64 major_faults;
	__u64
	    guessed_ns;  /* of the account up to head.now_ns: time whose microstate is a guess; 0 if traced */
	__u64 cgroup_id; /* of the default hierarchy (v2); 1 or 0 where there is none */
	__u32 uid;       /* effective, in the initial user namespace */
	__u32 pid_ns;    /* inode number of its PID namespace, 0 = not measured */
	__s8 nice;
	char state; /* as in /proc/PID/stat */
	__u8 kind;  /* enum bt_kind */
	__u8 reserved;
	__s32 exit_code;        /* ENDED: wait(2) status, or BT_EXIT_UNKNOWN */
	char comm[BT_COMM_LEN]; /* raw bytes of the thread's name: sanitize before showing */
};

struct bt_record {
	struct bt_record_head head;
	struct bt_facts facts;
	struct bt_account account;
};

struct bt_lump {
	struct bt_record_head head;
	__u64 parent_start_ns;
	__s32 parent_tgid;
	__u32 threads; /* how many are summed here since the collector opened */
	__u64 wall_ns; /* cumulative, as are the totals */
	struct bt_totals totals;
};

_Static_assert(sizeof(struct bt_record_head) == 24, "wire layout");
_Static_assert(sizeof(struct bt_facts) % 8 == 0 && sizeof(struct bt_record) % 8 == 0 &&
		   sizeof(struct bt_lump) % 8 == 0,
	       "records follow each other without padding");
_Static_assert(sizeof(struct bt_record) < 1 << 16, "head.size");

/* Counted by the collector since it opened; every one is something the tables may lack. */
struct bt_loss {
	__u64 tasks;    /* threads with no account (no memory), or never read whole */
	__u64 exits;    /* ended threads without a record of their own (in a LUMP, or gone) */
	__u64 switches; /* switches that were missed: the time went to unknown */
};

#endif
