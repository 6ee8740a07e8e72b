/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What bpf/collector.bpf.c and src/collect/bpf.c agree on beside the wire record.
 */
#ifndef BOUNDTOP_COLLECTOR_SHARED_H
#define BOUNDTOP_COLLECTOR_SHARED_H

#include <linux/types.h>

#include "wire.h"

/* Room for what ended since it was last taken up, and the fill at which the reader is told to do so. */
#define BT_EXITS_BYTES      (2 << 20)
#define BT_EXITS_WAKE_BYTES (BT_EXITS_BYTES / 8)

/* Processes whose ended children can be summed up when that room is not enough. */
#define BT_LUMPS_MAX 1024

#define BT_READ_ATTEMPTS 3

/* A sleeping thread is read whole every so many refreshes all the same: rss, nice, cgroup may have changed.
 */
#define BT_REFRESH_MASK 31

#define BT_VALID_FACTS (BT_VALID_TICKS | BT_VALID_IO | BT_VALID_RSS | BT_VALID_RUNTIME)
#define BT_VALID_ALL   (BT_VALID_FACTS | BT_VALID_ACCOUNT | BT_VALID_BURSTS | BT_VALID_WAITS)

/* Counted in the kernel since the programs were attached. */
struct bt_kernel_stats {
	__u64 reads;                 /* refreshes so far; written by user space */
	__u64 tasks_without_account; /* records without one */
	__u64 switches_missed;
	__u64 exits_lumped; /* ended threads without a record of their own */
	__u64 exits_gone;   /* of those, not even in a lump */
	__u64 reads_torn;
};

/* Waits in run queues that ended on one CPU, by length. */
struct bt_run_queue {
	__u64 waits[BT_BURST_BUCKETS];
};

/*
 * A process has got its second thread: user space is asked where its interpreter keeps its global lock, and
 * answers in a map. In the ring beside the records of ended threads. It is asked again, and told the address,
 * when a thread waits as an interpreter's would: the interpreter may have been loaded since.
 */
#define BT_RECORD_ASK 64

struct bt_gil_key {
	__u64 start_ns; /* of the process's leader */
	__s32 tgid;
	__u32 reserved;
};

struct bt_gil_range {
	__u64 from;  /* user address */
	__u32 size;  /* 0: no interpreter that is known, and then it is asked again: */
	__u32 again; /* not before that many turns of BT_GIL_TURN_LOG2 of the monotonic clock */
};

/* A turn is about a second. */
#define BT_GIL_TURN_LOG2 30
#define BT_GIL_AGAIN     8

/* Who wants the GIL waits for it for 5 ms at a time, unless told otherwise (sys.setswitchinterval()). */
#define BT_GIL_WAIT_NS 20000000LL

struct bt_ask {
	struct bt_record_head head;
	struct bt_gil_key key;
	__u64 address; /* of a futex that may be the lock; 0: of none yet */
};

/* Processes whose answers are kept; the one that was not needed for longest makes room. */
#define BT_GILS_MAX 4096

/* In the same ring, a head alone: a thread that the reader has to look at; see bpf/listed.h. */
#define BT_RECORD_LISTED 65

/* Threads that are asked for at a time. */
#define BT_ASKED_MAX 512

struct bt_lump_key {
	__u64 start_ns;
	__s32 tgid;
	__u32 reserved;
};

#endif
