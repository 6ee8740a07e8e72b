/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block in a system call is, by its arguments and by what its descriptor leads to. The rules that the
 * exact collector (bpf/reason.h) and the sampling one (src/collect/procfs_cause.c) have in common: it
 * compiles as BPF and on the host. Pure. The evidence for each rule: docs/architecture.md.
 */
#ifndef BOUNDTOP_CAUSE_H
#define BOUNDTOP_CAUSE_H

#include <linux/types.h>
#include <stdbool.h>

#include "account.h"
#include "syscall_class.h"

/* How a thread sleeps. */
struct bt_sleep {
	bool iowait;          /* flagged as block I/O, or as near to that as a collector can tell */
	bool uninterruptible; /* state D */
};

/* Of what kind the file system of a file is. */
enum bt_place { BT_PLACE_LOCAL, BT_PLACE_REMOTE, BT_PLACE_FUSE, BT_PLACE_MEMORY };

BT_INLINE __u8 bt_cause_of_file(enum bt_place place, struct bt_sleep how)
{
	switch (place) {
	case BT_PLACE_REMOTE:
		return BT_MS_NETWORK;
	case BT_PLACE_FUSE:
		return BT_MS_IPC;
	case BT_PLACE_MEMORY:
		return how.uninterruptible ? BT_MS_LOCK : BT_MS_EVENT;
	default:
		return BT_MS_DISK;
	}
}

/* What a descriptor leads to. */
struct bt_aim {
	enum bt_target target;
	enum bt_place place; /* FILE and DIRECTORY */
	bool owed;           /* INET: who reads it waits for an answer, not for a request */
	bool peer;           /* a reader may be owed something by another process */
	bool timer;
};

BT_INLINE __u8 bt_cause_of_aim(struct bt_aim aim, bool writes, struct bt_sleep how)
{
	switch (aim.target) {
	case BT_TARGET_FILE:
	case BT_TARGET_DIRECTORY:
		return bt_cause_of_file(aim.place, how);
	case BT_TARGET_BLOCKDEV:
		return BT_MS_DISK;
	case BT_TARGET_PIPE:
		/* No block I/O is behind these: their buffer was not in memory. */
		return how.iowait ? BT_MS_PAGING : BT_MS_IPC;
	case BT_TARGET_UNIX:
		if (how.iowait)
			return BT_MS_PAGING;
		return writes || aim.peer ? BT_MS_IPC : BT_MS_EVENT;
	case BT_TARGET_INET:
		if (how.iowait)
			return BT_MS_PAGING;
		return writes || aim.owed ? BT_MS_NETWORK : BT_MS_EVENT;
	case BT_TARGET_CHARDEV:
		if (how.iowait)
			return BT_MS_DISK;
		return writes ? BT_MS_IPC : BT_MS_EVENT;
	default:
		if (aim.timer)
			return BT_MS_SLEEP;
		return writes || aim.peer ? BT_MS_IPC : BT_MS_EVENT;
	}
}

/* include/uapi/linux/futex.h */
#define BT_FUTEX_CMD_MASK    0x7f
#define BT_FUTEX_WAIT        0
#define BT_FUTEX_LOCK_PI     6
#define BT_FUTEX_WAIT_BITSET 9
#define BT_FUTEX_LOCK_PI2    13
#define BT_FUTEX_PRIVATE     0x80

/* A word on the stack, no further away than the frames of a libc: one wait's own. */
#define BT_FUTEX_FRAME 1024

/*
 * What says that somebody waits, in the words of mutexes that have their owner beside it: robust ones, all of
 * musl's; and in Rust's rwlocks. Nothing but that, or all bits, is a semaphore of musl, a parked thread of
 * Rust.
 */
BT_INLINE bool bt_futex_names_owner(__u32 val, __u32 waiters)
{
	return val & waiters && val & ~waiters && ~val;
}

/*
 * glibc's and the kernel's conventions, seen at work (FACTS): a mutex waits for the value 2, a rwlock for 2
 * or 3 with a bitset, a join without the private flag for the other thread's number. A condition variable and
 * a semaphore cannot be told apart here: events, until they are woken. musl's condition variables wait for a
 * 2, too, but on the stack.
 */
BT_INLINE __u8 bt_cause_of_futex(__u32 op, __u32 val, bool on_stack)
{
	switch (op & BT_FUTEX_CMD_MASK) {
	case BT_FUTEX_LOCK_PI:
	case BT_FUTEX_LOCK_PI2:
		return BT_MS_LOCK;
	case BT_FUTEX_WAIT:
		return (val == 2 && !on_stack) || bt_futex_names_owner(val, 1U << 31) ? BT_MS_LOCK
										      : BT_MS_EVENT;
	case BT_FUTEX_WAIT_BITSET:
		if (val == 2 || val == 3 || bt_futex_names_owner(val, 3U << 30))
			return BT_MS_LOCK;
		return val && !(op & BT_FUTEX_PRIVATE) ? BT_MS_CHILD : BT_MS_EVENT;
	default:
		return BT_MS_EVENT;
	}
}

/* A kernel thread, or a worker of io_uring. idle: asleep interruptibly, or parked */
BT_INLINE __u8 bt_cause_of_kthread(bool idle, bool iowait)
{
	if (iowait)
		return BT_MS_DISK;
	return idle ? BT_MS_EVENT : BT_MS_LOCK;
}

/*
 * Descriptors of poll and select that are looked at, the first ones. Who waits for more than a few, and for
 * an internet socket that others have connected to among them, is a server that waits for work.
 */
#define BT_POLLED_MAX 8
#define BT_POLLED_FEW 4

/* An exception. */
BT_INLINE __u8 bt_cause_of_fault(struct bt_sleep how)
{
	/* In D it waits for the address space's lock; else for somebody who fills in the page
	 * (handle_userfault() in fs/userfaultfd.c). */
	return how.iowait ? BT_MS_PAGING : how.uninterruptible ? BT_MS_LOCK : BT_MS_IPC;
}

/*
 * A block in a call of a class that has no descriptor, and is no futex. any: poll, select have descriptors to
 * wait for. What a reader is owed, nobody knows here: SEMAPHORE, RECEIVE, EPOLL, POLL, SELECT, URING, RESTART
 * and a PATH that is no disk are in doubt.
 */
BT_INLINE __u8 bt_cause_of_class(__u32 class, bool any, struct bt_sleep how)
{
	switch (class) {
	case BT_SC_PATH:
		/* Interruptible: nobody has opened the other end of a FIFO, and nobody may ever do. */
		return how.iowait || how.uninterruptible ? BT_MS_DISK : BT_MS_EVENT;
	case BT_SC_SYNC:
	case BT_SC_AIO:
		return BT_MS_DISK;
	case BT_SC_SEMAPHORE:
	case BT_SC_LOCK:
	case BT_SC_FCNTL:
		return BT_MS_LOCK;
	case BT_SC_SLEEP:
		return BT_MS_SLEEP;
	case BT_SC_CHILD:
		return BT_MS_CHILD;
	case BT_SC_RECEIVE:
	case BT_SC_SEND:
		return BT_MS_IPC;
	case BT_SC_POLL:
	case BT_SC_SELECT:
		/* Nothing but a time to wait for: how some programs sleep. */
		return any ? BT_MS_EVENT : BT_MS_SLEEP;
	case BT_SC_ACCEPT:
	case BT_SC_EPOLL:
	case BT_SC_EVENT:
	case BT_SC_URING:
	case BT_SC_RESTART:
		return BT_MS_EVENT;
	default:
		return how.iowait ? BT_MS_DISK : how.uninterruptible ? BT_MS_LOCK : BT_MS_EVENT;
	}
}

#endif
