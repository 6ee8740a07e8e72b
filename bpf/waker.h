/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a wait in doubt was, decided when it is ended, by who ends it (DESIGN, section 1). "current" is the
 * waker here, unless an interrupt came in.
 */
#ifndef BOUNDTOP_BPF_WAKER_H
#define BOUNDTOP_BPF_WAKER_H

#include "epoll.h"
#include "hand_over.h"
#include "kernel.h"
#include "object.h"
#include "reason.h"

/* Requests that write, or ask somebody: include/uapi/linux/io_uring.h, enum io_uring_op */
#define URING_ASKS                                                                                           \
	(1ULL << 2 | 1ULL << 5 | 1ULL << 9 | 1ULL << 16 | 1ULL << 23 | 1ULL << 26 | 1ULL << 30 | 1ULL << 47)

/*
 * The request that made t's ring ready: it is put on a list of the ring's, or of the task's, before the task
 * is woken (io_uring/io_uring.c, io_req_local_work_add() and io_req_normal_work_add()). 0: none is there, its
 * time ran out or a worker did it.
 */
static __always_inline __u64 uring_ready_request(struct task_struct *t, __s32 fd)
{
	__u64 tasks = address_read((void *)t + bpf_core_field_offset(struct task_struct, io_uring));
	__u64 file = fd >= 0 ? file_of_fd(task_files(t), (__u32)fd) : 0;
	__u64 ring, node = 0;

	if (file && bpf_core_field_exists(((struct io_ring_ctx *)0)->work_llist)) {
		ring = address_read((void *)file + bpf_core_field_offset(struct file, private_data));
		if (ring)
			node = address_read((void *)ring +
					    bpf_core_field_offset(struct io_ring_ctx, work_llist));
	}
	if (!node && tasks)
		node = address_read((void *)tasks + bpf_core_field_offset(struct io_uring_task, task_list));
	return node ? node - bpf_core_field_offset(struct io_kiocb, io_task_work) : 0;
}

/* BT_MS_NONE: the waker has to tell. */
static __always_inline int cause_of_request(__u64 request, struct bt_object *o)
{
	__u64 file =
	    request ? address_read((void *)request + bpf_core_field_offset(struct io_kiocb, file)) : 0;
	bool asks;

	if (!object_of_file(file, o))
		return BT_MS_EVENT;
	asks = URING_ASKS >> (plain_read(io_kiocb, (void *)request, opcode) & 63) & 1;
	if (o->peer && !asks)
		return BT_MS_NONE;
	return cause_of_object(o, asks, (struct bt_sleep){});
}

/* The calls that can end a wait of each kind: at a futex, and elsewhere (whoever writes, connects, closes,
 * …). */
#define CALLS_AT_A_FUTEX (1U << BT_SC_FUTEX)
#define CALLS_ELSEWHERE                                                                                      \
	(1U << BT_SC_WRITE | 1U << BT_SC_COPY | 1U << BT_SC_SEND | 1U << BT_SC_CONNECT | 1U << BT_SC_OTHER | \
	 1U << BT_SC_SEMAPHORE | 1U << BT_SC_URING | 1U << BT_SC_AIO | 1U << BT_SC_PATH |                    \
	 1U << BT_SC_RESTART)

static __always_inline bool futex_is_private(struct task_struct *t)
{
	struct syscall_regs call;

	task_syscall(t, &call);
	return call.arg[1] & BT_FUTEX_PRIVATE;
}

/* An internet socket may be among what it waits for: those are made ready in a softirq, of whoever sends. */
static __always_inline bool wait_may_be_inet(const struct bt_account *a)
{
	return a->reason.target == BT_TARGET_INET || a->doubt == BT_DOUBT_REPLY ||
	       a->doubt == BT_DOUBT_EPOLL || a->doubt == BT_DOUBT_URING;
}

/* Whether a call can end a wait at all: if not, its task was hit by an interrupt. */
static __always_inline bool call_can_end(const struct syscall_regs *call, struct task_struct *waker,
					 struct task_struct *t, const struct bt_account *a)
{
	__u32 calls = CALLS_ELSEWHERE;

	if (class_of_call(a->reason.syscall) == BT_SC_FUTEX) {
		calls = CALLS_AT_A_FUTEX;
		/* A private one is known in its own address space alone. */
		if (waker->tgid != t->tgid && futex_is_private(t) && task_mm(waker) != task_mm(t))
			return false;
	}
	return !a->doubt || call->compat || calls >> class_of_call(call->nr) & 1;
}

/*
 * The process that ends the wait of t (account a) now, if it is one and does it by a system call; NULL: an
 * interrupt or the kernel. An interrupt that hit a thread in the kernel must not be taken for that thread.
 * ctx: the program's context.
 */
static __always_inline struct task_struct *waker_process(void *ctx, struct task_struct *t,
							 const struct bt_account *a)
{
	struct task_struct *waker = bpf_get_current_task_btf();
	enum context context;
	struct syscall_regs call;

	if (!waker->pid || task_is_kthread(waker))
		return NULL;
	context = context_now(ctx, waker);
	if (context == CONTEXT_INTERRUPT && !wait_may_be_inet(a))
		return NULL;
	task_syscall(waker, &call);
	if (call.nr < 0 || (context != CONTEXT_TASK && !call_can_end(&call, waker, t, a)))
		return NULL;
	return waker;
}

/* As recalc_sigpending_tsk() in kernel/signal.c has it; a signal is put there before its task is woken. */
static __always_inline bool signal_is_pending(struct task_struct *t)
{
	unsigned long signals = t->pending.signal.sig[0];

	if (t->signal)
		signals |= t->signal->shared_pending.signal.sig[0];
	return signals & ~t->blocked.sig[0];
}

static __always_inline bool current_connects(void)
{
	struct syscall_regs call;

	task_syscall(bpf_get_current_task_btf(), &call);
	return call.nr >= 0 && !call.compat && class_of_call(call.nr) == BT_SC_CONNECT;
}

/* by: the account of the thread that wakes t; NULL: an interrupt or the kernel does. */
static __noinline int cause_at_wake(struct task_struct *t, struct bt_account *a, struct bt_account *by,
				    bool same_process, __u64 now_ns)
{
	struct bt_object o = {};
	__u64 ep, item, file;

	switch (a->doubt) {
	case BT_DOUBT_REPLY:
		return by && same_process ? BT_MS_EVENT : BT_MS_NETWORK;
	case BT_DOUBT_EPOLL:
		ep = epoll_of_fd(t, a->reason.fd);
		item = epoll_ready_item(ep);
		if (!item)
			return epoll_is_owed(ep, a->ready_ns, now_ns) ? BT_MS_NETWORK : BT_MS_EVENT;
		a->ready_ns = now_ns;
		file = epoll_item_file(item);
		if (!object_of_file(file, &o))
			return BT_MS_EVENT;
		if (epoll_item_asks(item, file, &o))
			return cause_of_object(&o, true, (struct bt_sleep){});
		if (o.owed)
			return BT_MS_NETWORK;
		if (!by && o.target == BT_TARGET_ANON && block_io_was_asked(t, a))
			return BT_MS_DISK;
		if (!o.peer)
			return BT_MS_EVENT;
		break;
	case BT_DOUBT_URING:
		if (has_uring_requests) {
			int cause = cause_of_request(uring_ready_request(t, a->reason.fd), &o);

			if (cause != BT_MS_NONE)
				return cause;
		}
		break;
	case BT_DOUBT_NONE:
		return a->reason.cause;
	default:
		/* An eventfd that tells of asynchronous I/O. */
		if (!by && a->reason.target == BT_TARGET_ANON && block_io_was_asked(t, a))
			return BT_MS_DISK;
		break;
	}
	if (!by)
		return bt_cause_by_kernel(a, now_ns);
	if (a->doubt == BT_DOUBT_PEER || a->doubt == BT_DOUBT_POLL || a->doubt == BT_DOUBT_EPOLL) {
		/* That says nothing of what it waits for. */
		if (signal_is_pending(t))
			return a->reason.cause;
		/* However long the client worked for it: a connection is no answer. */
		if (current_connects())
			return BT_MS_EVENT;
	}
	return bt_cause_by_waker(a, by, same_process, now_ns);
}

#endif
