/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What those wait for that were asleep when the collector began. bt_switch looks when a thread goes to sleep;
 * here its memory and its sockets are looked at from outside, once, after the seeding. A part of
 * collector.bpf.c, whose accounts it is about.
 */
#ifndef BOUNDTOP_BPF_FOUND_ASLEEP_H
#define BOUNDTOP_BPF_FOUND_ASLEEP_H

/* Whether what was taken for a mutex is a thread of musl's that is waited for; see futex_is_musl_join(). */
static __always_inline void join_check(struct bt_account *a, struct task_struct *t,
				       const struct syscall_regs *call)
{
	__u64 thread = call->arg[0] - MUSL_DETACH_STATE;
	__u64 self = 0;

	if (a->reason.cause != BT_MS_LOCK || call->compat || (__u32)call->arg[2] != 2 ||
	    ((__u32)call->arg[1] & BT_FUTEX_CMD_MASK) != BT_FUTEX_WAIT ||
	    bpf_copy_from_user_task(&self, sizeof(self), (void *)thread, t, 0) || self != thread)
		return;
	/* It may have gone on meanwhile: then that is known better. */
	if (a->found_asleep && a->phase == BT_PHASE_BLOCKED)
		a->reason.cause = BT_MS_CHILD;
}

/* What a task, asleep in poll(), has asked for. */
static __always_inline enum bt_doubt
doubt_of_polled_by(struct task_struct *t, const struct syscall_regs *call, struct bt_reason *why)
{
	__u64 files = task_files(t), count = call->arg[1];
	struct polled p = {};

#pragma unroll
	for (__u32 i = 0; i < BT_POLLED_MAX; i++) {
		struct pollfd one;

		if (i >= count ||
		    bpf_copy_from_user_task(&one, sizeof(one), (struct pollfd *)call->arg[0] + i, t, 0))
			break;
		if (!polled_take(&p, files, &one, count <= BT_POLLED_FEW))
			return BT_DOUBT_NONE;
	}
	return polled_say(&p, files, why);
}

/* Set for the first time alone: the accounts have just been seeded, and no frame has shown them yet. */
bool first_look;

/*
 * A thread of Java's or Ruby's that waits at a futex, and could not say for what before user space had an
 * answer. What a frame has shown stays what it was shown as.
 */
static __always_inline void runtime_wait_look(struct bt_account *a, struct task_struct *t)
{
	__u32 seq = *(volatile __u32 *)&a->seq;
	struct bt_reason why = a->reason;
	enum bt_doubt doubt;

	if (a->doubt != BT_DOUBT_FUTEX || !(first_look || a->read_ns <= a->since_ns))
		return;
	if (first_look)
		gil_is_at(a, why.object);
	if (!a->runtime)
		return;
	doubt = a->runtime == BT_RUNTIME_RUBY ? ruby_wait_of(a, t, &why, false)
					      : java_wait_of(a, t, &why, bpf_ktime_get_ns(), false);
	/* It may have gone on meanwhile: then that is known better. */
	if (doubt == BT_DOUBT_FUTEX || a->phase != BT_PHASE_BLOCKED || *(volatile __u32 *)&a->seq != seq)
		return;
	a->reason = why;
	a->doubt = (__u8)doubt;
	a->turn_object = why.object;
}

/*
 * Looks closer at those that were asleep at the start: the iterator that seeds the accounts may not sleep
 * itself, as reading another one's memory can. Runs after it, and later when user space had an answer on
 * Java's threads. bpf_copy_from_user_task() came with
 * 376040e47334 ("bpf: Add bpf_copy_from_user_task() helper"), 5.18.
 */
SEC("iter.s/task")
int bt_polled(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct syscall_regs call;
	struct bt_account *a;
	struct bt_reason why;
	enum bt_doubt doubt;
	__u32 class;

	if (!t)
		return 0;
	a = bpf_task_storage_get(&accounts, t, NULL, 0);
	if (!a || a->phase != BT_PHASE_BLOCKED)
		return 0;
	if (first_look || a->runtime == BT_RUNTIME_HOTSPOT_ASKED)
		runtime_wait_look(a, t);
	if (!first_look || !a->found_asleep)
		return 0;
	task_syscall(t, &call);
	class = class_of_call(a->reason.syscall);
	if (class == BT_SC_FUTEX) {
		join_check(a, t, &call);
		return 0;
	}
	why = a->reason;
	doubt = a->doubt;
	if (class == BT_SC_POLL && !call.compat && call.arg[1])
		doubt = doubt_of_polled_by(t, &call, &why);
	else if (class != BT_SC_READ)
		return 0;
	/* It may have gone on meanwhile: then that is known better. */
	if (!a->found_asleep || a->phase != BT_PHASE_BLOCKED)
		return 0;
	a->reason = why;
	a->doubt = (__u8)doubt;
	/* Else it is looked at when it is asked for. */
	if (!has_rdonly_cast)
		open_wait_look(a, t);
	return 0;
}

#endif
