/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a wait in doubt is most likely to be that goes on while it is shown for the first time, of a thread
 * that has not waited there before. Once it is over, who ended it tells (waker.h).
 */
#ifndef BOUNDTOP_BPF_OPEN_WAIT_H
#define BOUNDTOP_BPF_OPEN_WAIT_H

#include "account_reader.h"
#include "kernel.h"
#include "maps.h"
#include "object.h"
#include "reason.h"

/* Entries of a socket's wait queue that are looked at. */
#define WAITERS_MAX 4
/* Of a process: the children, the threads, and the descriptors of each that are looked at. */
#define CHILDREN_MAX    16
#define THREADS_MAX     32
#define DESCRIPTORS_MAX 16

#define FMODE_READ  1 /* include/linux/fs.h */
#define FMODE_WRITE 2

/*
 * Whether somebody is asleep for what comes in at a socket: in a read or a poll, whose entries have something
 * private (prepare_to_wait(), __pollwait()), or in epoll_wait() at an instance that it is in
 * (ep_ptable_queue_proc()). 1: so it is, or nobody knows.
 */
__noinline int socket_is_waited_at(__u64 sk)
{
	__u64 queue = sk ? address_read((void *)sk + bpf_core_field_offset(struct sock, sk_wq)) : 0;
	__u64 head, next;

	if (!queue)
		return 1;
	head = queue + bpf_core_field_offset(struct socket_wq, wait.head);
	next = address_read((void *)head);
	for (int i = 0; i < WAITERS_MAX; i++) {
		void *waiter = (void *)next - bpf_core_field_offset(struct wait_queue_entry, entry);
		__u64 item, ep, asleep;

		if (!next || next == head)
			return 0;
		if (address_read(waiter + bpf_core_field_offset(struct wait_queue_entry, private)))
			return 1;
		item = address_read(waiter - bpf_core_field_offset(struct eppoll_entry, wait) +
				    bpf_core_field_offset(struct eppoll_entry, base));
		ep = item ? address_read((void *)item + bpf_core_field_offset(struct epitem, ep)) : 0;
		if (!ep)
			return 1;
		asleep = ep + bpf_core_field_offset(struct eventpoll, wq.head);
		if (address_read((void *)asleep) != asleep)
			return 1;
		next = address_read((void *)next);
	}
	return 1;
}

/* Who may end a wait, and whether one of them is at work. */
struct writers {
	__u64 inode;    /* of what they write into: the pipe, or their end of the socket */
	__u64 since_ns; /* the wait's begin */
	__u64 now_ns;
	__u64 reader; /* the leader of the waiting process */
	__u64 last;   /* the leader of the last one that was found idle; 0 = none */
	bool both;    /* who can read from it, too, may be one */
	bool works;
	bool more; /* there are threads that were not looked at */
};

/* As of who ends a wait (bt_cause_by_waker()): it was not idle for most of the time. */
static __always_inline bool thread_is_at_work(const struct bt_account *a, const struct writers *w)
{
	__u64 wait_ns = bt_span_ns(w->since_ns, w->now_ns);
	__u64 from_ns = a->idle_end_ns, to_ns = w->now_ns;

	if (a->phase == BT_PHASE_BLOCKED && bt_cause_is_idle(a->reason.cause)) {
		to_ns = a->since_ns;
	} else {
		struct bt_idle idle;

		bt_account_idle(a, w->now_ns, &idle);
		from_ns = idle.end_ns;
	}
	if (from_ns < w->since_ns)
		from_ns = w->since_ns;
	return 2 * bt_span_ns(from_ns, to_ns) >= wait_ns;
}

static __always_inline bool number_is_at_work(__s32 tid, const struct writers *w)
{
	struct task_struct *t;
	struct bt_account *a;
	bool works;

	/* Each global function is looked through by itself, whoever calls it or does not. */
	if (!has_rdonly_cast)
		return false;
	t = bpf_task_from_pid(tid);
	if (!t)
		return false;
	a = bpf_task_storage_get(&accounts, t, NULL, 0);
	works = a && thread_is_at_work(a, w);
	bpf_task_release(t);
	return works;
}

/* One of its threads is. */
__noinline int process_is_at_work(__u64 leader, struct writers *w)
{
	__u64 signal = address_read((void *)leader + bpf_core_field_offset(struct task_struct, signal));
	__u64 head = signal + bpf_core_field_offset(struct signal_struct, thread_head);
	__u64 next = signal && w ? address_read((void *)head) : 0;

	for (int i = 0; i < THREADS_MAX && next && next != head; i++) {
		void *t = (void *)next - bpf_core_field_offset(struct task_struct, thread_node);

		if (number_is_at_work(plain_read(task_struct, t, pid), w))
			return 1;
		next = address_read((void *)next);
	}
	if (w && next && next != head)
		w->more = true;
	return 0;
}

/* It can write there. Who has both ends of a pipe was handed them down with the fork, or talks to itself. */
__noinline int process_writes(__u64 leader, struct writers *w)
{
	__u64 files = address_read((void *)leader + bpf_core_field_offset(struct task_struct, files));
	__u32 modes = 0;

	if (!w)
		return 0;
	for (__u32 fd = 0; fd < DESCRIPTORS_MAX; fd++) {
		__u64 file = file_of_fd(files, fd);

		if (file &&
		    address_read((void *)file + bpf_core_field_offset(struct file, f_inode)) == w->inode)
			modes |= plain_read(file, (void *)file, f_mode);
	}
	return modes & FMODE_WRITE && (w->both || !(modes & FMODE_READ));
}

__noinline int children_search(__u64 parent, struct writers *w)
{
	__u64 head = parent + bpf_core_field_offset(struct task_struct, children);
	__u64 next;

	if (!parent || !w)
		return 0;
	next = address_read((void *)head);
	for (int i = 0; i < CHILDREN_MAX && next && next != head && !w->works; i++) {
		__u64 child = next - bpf_core_field_offset(struct task_struct, sibling);

		next = address_read((void *)next);
		if (child == w->reader || !process_writes(child, w))
			continue;
		w->works = process_is_at_work(child, w);
		w->last = child;
	}
	return 0;
}

/* The address of a task, which a pointer that the verifier knows is not turned into: its neighbour in a list
 * has it. */
static __always_inline __u64 task_number(struct task_struct *t)
{
	__u64 offset = bpf_core_field_offset(struct task_struct, thread_node);
	__u64 next = address_read((void *)t + offset);

	return next ? address_read((void *)next + bpf_core_field_offset(struct list_head, prev)) - offset : 0;
}

/*
 * Shells, and whoever reads what a command says, make pipes between relatives: the reader's children,
 * siblings, and their children are looked at. Who waits for its parent waits to be given work, or for it to
 * end.
 */
static __always_inline void relatives_search(struct task_struct *t, struct writers *w)
{
	bool both = w->both;
	__u64 parent;

	w->reader = address_read((void *)t + bpf_core_field_offset(struct task_struct, group_leader));
	parent = address_read((void *)w->reader + bpf_core_field_offset(struct task_struct, real_parent));
	/* Our own children may have the end that we read from by the fork. Each thread has its own. */
	w->both = true;
	children_search(task_number(t), w);
	if (!w->works)
		children_search(w->reader, w);
	w->both = both;
	if (!w->works)
		children_search(parent, w);
	/* A shell that waits for who works for it. */
	if (w->last && !w->works)
		children_search(w->last, w);
}

/* A pipe knows nothing of who writes into it. Where nobody is found at work, nobody is known to be. */
static __always_inline __u8 cause_of_pipe(struct task_struct *t, __u64 file, struct writers *w)
{
	w->inode = address_read((void *)file + bpf_core_field_offset(struct file, f_inode));
	relatives_search(t, w);
	return w->works ? BT_MS_IPC : BT_MS_EVENT;
}

/* The address of the task of a process that listened for our connection; 0: it is gone, or nobody did. */
static __always_inline __u64 listener_of(__u64 sk)
{
	__u64 pid = address_read((void *)sk + bpf_core_field_offset(struct sock, sk_peer_pid));
	struct task_struct *t = pid ? bpf_task_from_pid(plain_read(pid, (void *)pid, numbers[0].nr)) : NULL;
	__u64 number;

	if (!t)
		return 0;
	number = task_number(t);
	bpf_task_release(t);
	return number;
}

/*
 * Who has the other end: a relative, or who listened, or a child of that one. Where nobody is found, or one
 * with more threads than are looked at, it is owed an answer if it has connected, unless somebody waits there
 * himself.
 */
static __always_inline __u8 cause_of_unix(struct task_struct *t, __u64 file, struct writers *w)
{
	__u64 socket = address_read((void *)file + bpf_core_field_offset(struct file, private_data));
	__u64 sk = socket ? address_read((void *)socket + bpf_core_field_offset(struct socket, sk)) : 0;
	__u64 peer = sk ? address_read((void *)sk + bpf_core_field_offset(struct unix_sock, peer)) : 0;
	__u64 other = peer ? address_read((void *)peer + bpf_core_field_offset(struct sock, sk_socket)) : 0;
	bool connected, waited;

	if (!peer)
		return BT_MS_EVENT;
	connected = unix_is_accepted((struct sock *)peer);
	waited = socket_is_waited_at(peer);
	file = other ? address_read((void *)other + bpf_core_field_offset(struct socket, file)) : 0;
	if (waited || !file || !has_rdonly_cast)
		return connected && !waited ? BT_MS_IPC : BT_MS_EVENT;
	w->inode = address_read((void *)file + bpf_core_field_offset(struct file, f_inode));
	w->both = true;
	relatives_search(t, w);
	if (!w->works && connected) {
		__u64 listener = listener_of(sk);

		children_search(listener, w);
		/* Its own descriptors may be many. */
		if (!w->last)
			w->works = !listener || process_is_at_work(listener, w);
	}
	return w->works || (w->more && connected) ? BT_MS_IPC : BT_MS_EVENT;
}

/*
 * Guesses what the thread, if it sleeps, waits for: when it is shown first, and once more when there is more
 * to judge by.
 */
static __always_inline void open_wait_look(struct bt_account *a, struct task_struct *t)
{
	__u32 seq = *(volatile __u32 *)&a->seq;
	__u32 class = class_of_call(a->reason.syscall);
	struct writers w = {.since_ns = a->since_ns, .now_ns = bpf_ktime_get_ns()};
	__u8 cause = BT_MS_NONE;
	struct syscall_regs call;
	__u64 file;

	if (!bt_account_is_to_guess(a, w.now_ns))
		return;
	a->guessed_ns = w.now_ns;
	file = file_of_fd(task_files(t), (__u32)a->reason.fd);
	if (!file)
		return;
	task_syscall(t, &call);
	if (a->reason.target == BT_TARGET_PIPE && has_rdonly_cast)
		cause = cause_of_pipe(t, file, &w);
	/* Of several nobody knows which one it is about. */
	else if (a->reason.target == BT_TARGET_UNIX &&
		 (class == BT_SC_READ || (class == BT_SC_POLL && call.arg[1] == 1)))
		cause = cause_of_unix(t, file, &w);
	/* It may have gone on meanwhile: then that is known better. */
	if (cause != BT_MS_NONE && a->phase == BT_PHASE_BLOCKED && *(volatile __u32 *)&a->seq == seq)
		bt_account_relabel(a, cause);
}

#endif
