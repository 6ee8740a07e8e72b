/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a task blocks, read at the switch: its state, the system call that it is in, the file behind the
 * descriptor. No system call is traced for it. The evidence for each rule: docs/architecture.md.
 */
#ifndef BOUNDTOP_BPF_REASON_H
#define BOUNDTOP_BPF_REASON_H

#include "account.h"
#include "cause.h"
#include "kernel.h"
#include "object.h"
#include "syscall_class.h"

/* Filled before load: BT_SC_* by number of the native ABI. */
const volatile __u8 syscall_class[BT_SYSCALL_MAX];
/* Likewise: the number in the native ABI of each one of the 32-bit ABI, plus 1. */
const volatile __u16 syscall_compat[BT_SYSCALL_MAX];

static __always_inline __u32 class_of_call(__s64 nr)
{
	if (nr < 0 || nr >= BT_SYSCALL_MAX)
		return BT_SC_OTHER;
	/* The compiler drops a mask that it need not have, and the verifier, to whom only a copy in another
	 * register was compared, knows no bound (arm64, 6.1). */
	barrier_var(nr);
	return syscall_class[nr & (BT_SYSCALL_MAX - 1)];
}

/* file systems by s_magic: include/uapi/linux/magic.h and each one's own header */
#define MAGIC_NFS     0x6969
#define MAGIC_CIFS    0xff534d42
#define MAGIC_SMB2    0xfe534d42
#define MAGIC_9P      0x01021997
#define MAGIC_CEPH    0x00c36400
#define MAGIC_AFS     0x5346414f
#define MAGIC_FUSE    0x65735546
#define MAGIC_PROC    0x9fa0
#define MAGIC_SYSFS   0x62656572
#define MAGIC_TMPFS   0x01021994
#define MAGIC_CGROUP  0x0027e0eb
#define MAGIC_CGROUP2 0x63677270
#define MAGIC_DEBUGFS 0x64626720
#define MAGIC_TRACEFS 0x74726163

#define IORING_ENTER_REGISTERED_RING 16 /* include/uapi/linux/io_uring.h */

#define has_uring_requests                                                                                   \
	(bpf_core_field_exists(((struct io_kiocb *)0)->io_task_work) &&                                      \
	 bpf_core_field_exists(((struct io_uring_task *)0)->task_list))

/* Of what kind a file system is, by its magic number. */
static __always_inline enum bt_place place_of_magic(__u64 magic)
{
	switch (magic) {
	case MAGIC_NFS:
	case MAGIC_CIFS:
	case MAGIC_SMB2:
	case MAGIC_9P:
	case MAGIC_CEPH:
	case MAGIC_AFS:
		return BT_PLACE_REMOTE;
	case MAGIC_FUSE:
		return BT_PLACE_FUSE;
	case MAGIC_PROC:
	case MAGIC_SYSFS:
	case MAGIC_TMPFS:
	case MAGIC_CGROUP:
	case MAGIC_CGROUP2:
	case MAGIC_DEBUGFS:
	case MAGIC_TRACEFS:
		return BT_PLACE_MEMORY;
	default:
		return BT_PLACE_LOCAL;
	}
}

static __always_inline __u8 cause_of_object(const struct bt_object *o, bool writes, struct bt_sleep how)
{
	struct bt_aim aim = {
	    .target = o->target,
	    .place = place_of_magic(o->magic),
	    .owed = o->owed,
	    .peer = o->peer,
	    .timer = o->timer,
	};

	return bt_cause_of_aim(aim, writes, how);
}

/*
 * musl waits for a thread to end by a 2, too. That word lies in the thread's own structure, which begins with
 * its own address (struct pthread in musl's src/internal/pthread_impl.h). The task is current.
 */
#if defined(__TARGET_ARCH_x86)
#define MUSL_DETACH_STATE 56
#else
#define MUSL_DETACH_STATE 40
#endif

static __always_inline bool futex_is_musl_join(__u32 op, __u32 val, __u64 address)
{
	__u64 self = 0;

	return (op & BT_FUTEX_CMD_MASK) == BT_FUTEX_WAIT && val == 2 &&
	       !bpf_probe_read_user(&self, sizeof(self), (void *)(address - MUSL_DETACH_STATE)) &&
	       self == address - MUSL_DETACH_STATE;
}

#define POLL_IN  1 /* include/uapi/asm-generic/poll.h */
#define POLL_OUT 4

struct pollfd {
	__s32 fd;
	__s16 events, revents;
};

/* It is asked for room alone. */
static __always_inline bool polled_writes(const struct pollfd *polled)
{
	return (polled->events & (POLL_IN | POLL_OUT)) == POLL_OUT;
}

/* The number of the lowest bit that is set, by a de Bruijn sequence: clang 14 breaks down over ctz for BPF.
 */
#define DE_BRUIJN 0x03f79d71b4cb0a89ULL
static const __u8 lowest_bit[64] = {
    0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
    43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
    44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6,
};

static __always_inline __u32 lowest_bit_of(__u64 bits)
{
	return lowest_bit[((bits & -bits) * DE_BRUIJN >> 58) & 63];
}

/* What a wait for one of several descriptors is about: of those that were looked at. */
struct polled {
	enum bt_doubt doubt;
	__s32 fd;
	bool asks; /* for room */
};

/*
 * One more of them: an owed internet socket is what it is about, or, of a few, one that there is to be room
 * in, before a pipe and its like. false: it is a server's, that waits for work.
 */
static __always_inline bool polled_take(struct polled *p, __u64 files, const struct pollfd *one, bool few)
{
	struct bt_object o = {};
	bool asks = few && polled_writes(one);

	if (!object_of_fd(files, (__u32)one->fd, &o))
		return true;
	if (!few && o.target == BT_TARGET_INET && !o.owed)
		return false;
	if (p->doubt == BT_DOUBT_REPLY || !(o.owed || o.peer || asks))
		return true;
	p->doubt = o.owed || asks ? BT_DOUBT_REPLY : BT_DOUBT_POLL;
	p->fd = one->fd;
	p->asks = asks;
	return true;
}

static __always_inline enum bt_doubt polled_say(const struct polled *p, __u64 files, struct bt_reason *r)
{
	struct bt_object o = {};

	if (!p->doubt || !object_of_fd(files, (__u32)p->fd, &o))
		return BT_DOUBT_NONE;
	r->fd = p->fd;
	r->object = o.ino;
	r->target = o.target;
	if (p->doubt == BT_DOUBT_REPLY)
		r->cause = cause_of_object(&o, p->asks, (struct bt_sleep){});
	return p->asks ? BT_DOUBT_NONE : p->doubt;
}

/* 6.1 takes a loop for endless whose head clang puts in the middle (check_cfg(), "back-edge"): the loops are
 * unrolled. */

/* poll(): the set is in the memory of the task that is current. */
__noinline int doubt_of_poll(__u64 files, __u64 set, __u64 count, struct bt_reason *r)
{
	struct polled p = {};

	if (!r)
		return BT_DOUBT_NONE;
#pragma unroll
	for (__u32 i = 0; i < BT_POLLED_MAX; i++) {
		struct pollfd one;

		/* The kernel has just read it: it is there. */
		if (i >= count || bpf_probe_read_user(&one, sizeof(one), (struct pollfd *)set + i))
			break;
		if (!polled_take(&p, files, &one, count <= BT_POLLED_FEW))
			return BT_DOUBT_NONE;
	}
	return polled_say(&p, files, r);
}

/* The first 64 descriptors of a set. */
static __always_inline __u64 descriptors_of(__u64 set, __u64 highest)
{
	__u64 bits = 0;

	if (!set || !highest || bpf_probe_read_user(&bits, sizeof(bits), (void *)set))
		return 0;
	return highest < 64 ? bits & ((1ULL << highest) - 1) : bits;
}

/* select(): likewise, of the first 64 descriptors; what is to be written to, if nothing is to be read. */
__noinline int doubt_of_select(__u64 files, __u64 highest, __u64 set, __u64 room, struct bt_reason *r)
{
	struct polled p = {};
	__u64 bits = descriptors_of(set, highest), left;
	__s16 events = POLL_IN;

	if (!r)
		return BT_DOUBT_NONE;
	if (!bits) {
		bits = descriptors_of(room, highest);
		events = POLL_OUT;
	}
	left = bits;
	for (int i = 0; i < BT_POLLED_FEW; i++)
		left &= left - 1;
#pragma unroll
	for (int i = 0; i < BT_POLLED_MAX; i++) {
		struct pollfd one = {.fd = (__s32)lowest_bit_of(bits), .events = events};

		if (!bits)
			break;
		if (!polled_take(&p, files, &one, !left))
			return BT_DOUBT_NONE;
		bits &= bits - 1;
	}
	return polled_say(&p, files, r);
}

/*
 * Whether the task has had block I/O since this was last asked: direct I/O and pages that are not in memory
 * are counted when they are asked for.
 */
static __always_inline bool block_io_was_asked(struct task_struct *t, struct bt_account *a)
{
	__u64 bytes = t->ioac.read_bytes + t->ioac.write_bytes;

	if (a->block_bytes == bytes)
		return false;
	a->block_bytes = bytes;
	return true;
}

#if defined(__TARGET_ARCH_x86)
/* i386 has one call for all of sockets, and one for all of System V's IPC; the first argument says which. */
#define COMPAT_IPC        117
#define COMPAT_SOCKETCALL 102

/* Native numbers; include/uapi/linux/net.h and ipc.h have those of the parts. */
static const __u16 socketcalls[32] = {
    [3] = 42,  [5] = 43,  [9] = 44,   [10] = 45,  [11] = 44,  [12] = 45,
    [16] = 46, [17] = 47, [18] = 288, [19] = 299, [20] = 307,
};
static const __u16 ipc_calls[32] = {[1] = 65, [4] = 220, [11] = 69, [12] = 70};

/* Arguments of a socket call lie in memory, which only the current task's can be read. */
static __always_inline void compat_translate(struct syscall_regs *call, bool current)
{
	__u32 part = (__u32)call->arg[0] & 31;
	__u32 fd;

	if (call->nr == COMPAT_IPC) {
		call->nr = (long)ipc_calls[part];
		call->arg[0] = call->arg[1];
	} else if (call->nr == COMPAT_SOCKETCALL) {
		call->nr = -1;
		if (!current || bpf_probe_read_user(&fd, sizeof(fd), (void *)call->arg[1]))
			return;
		call->nr = (long)socketcalls[part];
		call->arg[0] = fd;
	} else {
		call->nr = (long)syscall_compat[call->nr & (BT_SYSCALL_MAX - 1)];
		call->nr--;
		return;
	}
	/* 0 is read(): it is none of theirs. */
	if (!call->nr)
		call->nr = -1;
}
#else
static __always_inline void compat_translate(struct syscall_regs *call, bool current)
{
	call->nr = (long)syscall_compat[call->nr & (BT_SYSCALL_MAX - 1)] - 1;
}
#endif

/*
 * Why task t, which is blocked in state, left the CPU, and what would have to tell whether that is right.
 * a: its account if t is current; NULL: it was found asleep, and nothing may be read of its memory.
 */
static __always_inline enum bt_doubt reason_of_block(struct task_struct *t, __u32 state, struct bt_account *a,
						     struct bt_reason *r)
{
	struct bt_sleep how = {
	    .iowait = BPF_CORE_READ_BITFIELD(t, in_iowait),
	    .uninterruptible = state & TASK_UNINTERRUPTIBLE,
	};
	struct bt_object o = {};
	struct syscall_regs call;
	bool writes, room;
	__u32 class;

	r->object = 0;
	r->fd = -1;
	r->syscall = NO_SYSCALL;
	r->target = BT_TARGET_NONE;
	if (state & (TASK_STOPPED_BIT | TASK_TRACED_BIT | TASK_FROZEN)) {
		r->cause = BT_MS_STOPPED;
		return BT_DOUBT_NONE;
	}
	/* io_uring's workers have the registers of whoever made them. */
	if (t->flags & (PF_KTHREAD | PF_IO_WORKER)) {
		r->cause =
		    bt_cause_of_kthread(state & (TASK_INTERRUPTIBLE | TASK_NOLOAD | TASK_PARKED), how.iowait);
		return BT_DOUBT_NONE;
	}
	task_syscall(t, &call);
	if (call.nr < 0 || call.nr >= BT_SYSCALL_MAX) {
		r->cause = bt_cause_of_fault(how);
		return BT_DOUBT_NONE;
	}
	if (call.compat)
		compat_translate(&call, a);
	r->syscall = (__s16)call.nr;
	class = class_of_call(call.nr);
	if (class == BT_SC_RESTART && a && a->reason.syscall >= 0) {
		*r = a->reason;
		return a->doubt;
	}

	switch (class) {
	case BT_SC_READ:
	case BT_SC_WRITE:
	case BT_SC_COPY:
	case BT_SC_SENDFILE:
	case BT_SC_FILE:
	case BT_SC_CONNECT:
	case BT_SC_ACCEPT:
		room = class == BT_SC_COPY &&
		       copy_waits_for_room(task_files(t), (__u32)call.arg[0], (__u32)call.arg[2]);
		r->fd = (__s32)call.arg[room ? 2 : 0];
		if (!object_of_fd(task_files(t), (__u32)r->fd, &o)) {
			/* Closed by another thread meanwhile. */
			r->cause = how.iowait ? BT_MS_DISK : BT_MS_UNKNOWN;
			return BT_DOUBT_NONE;
		}
		r->object = o.ino;
		r->target = o.target;
		if (class == BT_SC_ACCEPT) {
			r->cause = BT_MS_EVENT;
			return BT_DOUBT_NONE;
		}
		/* The other end can be what it waits for: pages of a file. */
		if ((class == BT_SC_COPY || class == BT_SC_SENDFILE) && how.iowait) {
			r->cause = BT_MS_DISK;
			return BT_DOUBT_NONE;
		}
		writes = class != BT_SC_READ && (class != BT_SC_COPY || room);
		r->cause = cause_of_object(&o, writes, how);
		if (writes || !o.peer || r->cause != BT_MS_IPC)
			return BT_DOUBT_NONE;
		/* Nobody knows for how long: rather an idle one. */
		if (!a)
			r->cause = BT_MS_EVENT;
		return BT_DOUBT_PEER;
	case BT_SC_FUTEX:
		r->object = call.arg[0];
		r->target = BT_TARGET_FUTEX;
		r->cause = bt_cause_of_futex((__u32)call.arg[1], (__u32)call.arg[2],
					     call.arg[0] - call.sp < BT_FUTEX_FRAME);
		if (how.iowait)
			r->cause = BT_MS_PAGING;
		else if (a && futex_is_musl_join((__u32)call.arg[1], (__u32)call.arg[2], call.arg[0]))
			r->cause = BT_MS_CHILD;
		return r->cause == BT_MS_EVENT ? BT_DOUBT_FUTEX : BT_DOUBT_NONE;
	case BT_SC_SEMAPHORE:
		r->object = call.arg[0];
		r->cause = a ? BT_MS_LOCK : BT_MS_EVENT;
		return BT_DOUBT_FUTEX;
	case BT_SC_LOCK:
	case BT_SC_FCNTL:
		r->fd = (__s32)call.arg[0];
		if (object_of_fd(task_files(t), (__u32)r->fd, &o)) {
			r->object = o.ino;
			r->target = o.target;
		}
		r->cause = BT_MS_LOCK;
		return BT_DOUBT_NONE;
	case BT_SC_RECEIVE:
		r->object = call.arg[0];
		r->cause = a ? BT_MS_IPC : BT_MS_EVENT;
		return BT_DOUBT_PEER;
	case BT_SC_SEND:
		r->object = call.arg[0];
		r->cause = bt_cause_of_class(class, true, how);
		return BT_DOUBT_NONE;
	case BT_SC_PATH:
		r->cause = bt_cause_of_class(class, true, how);
		return r->cause == BT_MS_EVENT ? BT_DOUBT_PEER : BT_DOUBT_NONE;
	case BT_SC_EPOLL:
		r->fd = (__s32)call.arg[0];
		r->cause = BT_MS_EVENT;
		return BT_DOUBT_EPOLL;
	case BT_SC_POLL:
		r->cause = bt_cause_of_class(class, call.arg[1], how);
		return a ? doubt_of_poll(task_files(t), call.arg[0], call.arg[1], r) : BT_DOUBT_NONE;
	case BT_SC_SELECT:
		r->cause = bt_cause_of_class(class, call.arg[0], how);
		return a ? doubt_of_select(task_files(t), call.arg[0], call.arg[1], call.arg[2], r)
			 : BT_DOUBT_NONE;
	case BT_SC_URING:
		r->fd = (__s32)call.arg[0];
		/*
		 * A ring's waits are flagged as I/O, all of them. What the first request that is done was for
		 * tells in the end. What a worker does for the ring is the worker's own wait.
		 */
		r->cause = a && block_io_was_asked(t, a) ? BT_MS_DISK : BT_MS_EVENT;
		if (call.arg[3] & IORING_ENTER_REGISTERED_RING)
			r->fd = -1;
		return a && has_uring_requests ? BT_DOUBT_URING : BT_DOUBT_NONE;
	default:
		r->cause = bt_cause_of_class(class, true, how);
		return BT_DOUBT_NONE;
	}
}

#endif
