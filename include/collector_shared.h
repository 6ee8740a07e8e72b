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

/* Of a thread's stack in the kernel: more say less. */
#define BT_STACK_FUNCTIONS 4

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
	__u64 from;       /* user address */
	__u32 size;       /* 0: no interpreter that is known, and then it is asked again: */
	__u32 again;      /* not before that many turns of BT_GIL_TURN_LOG2 of the monotonic clock */
	__u32 runtime;    /* enum bt_runtime */
	__u32 ruby_tells; /* of Ruby: that how its threads wait tells what for (ruby_lock.h) */
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

/*
 * Java's threads say themselves which lock they wait for, in memory whose layout HotSpot publishes for its
 * debuggers (bpf/hotspot.h, src/collect/hotspot.h).
 */

/* Of a process: where what is asked for lies. */
struct bt_jvm_layout {
	__u64 oop_base; /* a reference of four bytes is (this + value << oop_shift) */
	__u32 pending;  /* in a JavaThread: the monitor that it wants to enter, */
	__u32 waiting;  /* and the one in whose Object.wait() it is; 0 = not known */
	__u32 eetop;    /* in a java.lang.Thread: its JavaThread, */
	__u32 blocker;  /* and what it is parked for; 0 = not known */
	__u32 klass;    /* in any object: its class */
	__u8 oop_bytes; /* of a reference, */
	__u8 oop_shift;
	__u8 klass_bytes; /* and of a class: 4 or 8 */
	__u8 reserved;
	__u32 again; /* no class is asked for up to that turn; the kernel side's */
	__u32 reserved2;
};

struct bt_java_thread_key {
	__u64 start_ns; /* of the process's leader */
	__s32 tid;      /* as it is shown */
	__u32 reserved;
};

/* A thread of such a process. */
struct bt_java_thread {
	__u64 thread;    /* its JavaThread; 0 = it has none that is known */
	__u64 id_at;     /* where its number is: that the JavaThread is still its own */
	__u64 object_at; /* where the reference to its java.lang.Thread is */
	__s32 id;    /* its number, as it sees it itself; of one that has none: the last pause, in turns */
	__u32 again; /* it is asked for no more up to that turn of BT_JAVA_TURN_LOG2 of the monotonic clock */
};

#define BT_JAVA_TURN_LOG2 24  /* 17 ms */
#define BT_JAVA_PAUSE_MAX 512 /* turns: 9 s */

/* A class of objects that threads are parked for. */
struct bt_java_class_key {
	struct bt_gil_key process;
	__u64 klass; /* as objects have it */
};

enum bt_java_class {
	BT_JAVA_CLASS_OTHER,
	BT_JAVA_CLASS_LOCK, /* who waits for it waits for a lock */
	BT_JAVA_CLASS_WORK, /* who waits for it does not: for work, a result, a signal */
};

/* In the ring, too: which JavaThread a thread has, or what a class is. */
#define BT_RECORD_ASK_JAVA 66

struct bt_ask_java {
	struct bt_record_head head; /* tid: as it is shown */
	struct bt_gil_key process;
	__u64 klass; /* 0: the thread is asked for */
	__s32 id;    /* its number, as it sees it itself */
	__u32 reserved;
};

/* What is kept; what was not needed for longest makes room. */
#define BT_JVMS_MAX         256
#define BT_JAVA_THREADS_MAX 4096
#define BT_JAVA_CLASSES_MAX 1024

/* In the same ring, a head alone: a thread that the reader has to look at; see bpf/listed.h. */
#define BT_RECORD_LISTED 65

/* What an iterator has room for, and hands out a read: 8 pages (bpf_seq_read() in kernel/bpf/bpf_iter.c), of
 * 4096 bytes at least. */
#define BT_ITERATOR_BYTES (8 << 12)

/* Threads that are asked for at a time. */
#define BT_ASKED_MAX 24
_Static_assert(BT_ASKED_MAX * sizeof(struct bt_record) <= BT_ITERATOR_BYTES, "all go into one read");

struct bt_lump_key {
	__u64 start_ns;
	__s32 tgid;
	__u32 reserved;
};

#endif
