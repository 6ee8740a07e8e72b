// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The exact collector's kernel side: drives each thread's account (account.h) from the scheduler's
 * tracepoints, and writes all accounts out through a task iterator, one record a thread (wire.h).
 *
 * Programs and functions that are not inlined are 32 at most: the loader that bpftool generates has room for
 * no more (MAX_USED_PROGS in libbpf's gen_loader.c), and does not say so.
 */
#include "kernel.h"

#include "account.h"
#include "collector_shared.h"
#include "gil.h"
#include "hand_over.h"
#include "hotspot.h"
#include "listed.h"
#include "maps.h"
#include "open_wait.h"
#include "pid_ns.h"
#include "reason.h"
#include "ruby.h"
#include "waker.h"
#include "wire.h"

char LICENSE[] SEC("license") = "GPL";

struct bt_kernel_stats stats;

/* The scheduler's clock is read some time before the tracepoint. */
#define CLOCKS_DIFFER_NS 5000

/* log2 of the page size, filled before load. */
const volatile __u32 page_shift = 12;

static __u64 last_id;

static __always_inline void account_init(struct bt_account *a, struct task_struct *t, __u64 now_ns)
{
	a->id = __sync_fetch_and_add(&last_id, 1) + 1;
	a->born_ns = now_ns;
	a->since_ns = now_ns;
	a->runtime_ns = t->se.sum_exec_runtime;
	a->run_delay_ns = task_run_delay_ns(t);
	a->leader_start_ns = task_plain(t)->group_leader->start_boottime;
	numbers_set(a, t);
}

/* For an account that was not there when its thread was forked: bt_fork knows better. */
static __always_inline void parent_set(struct bt_account *a, struct task_struct *t)
{
	struct task_struct *parent = task_plain(t)->real_parent;

	if (a->parent_tgid || !parent)
		return;
	a->parent_tgid = pid_ns_inum ? number_in_ns(pid_of(parent->group_leader)) : parent->tgid;
	a->parent_start_ns = parent->group_leader->start_boottime;
}

/*
 * An account that begins now. NULL: no memory, or this CPU interrupted an iterator that holds task storage's
 * lock (kernel/bpf/bpf_task_storage.c, bpf_task_storage_trylock()); the next switch tries again.
 */
static __noinline struct bt_account *account_create(struct task_struct *t, __u64 now_ns)
{
	struct bt_account *a = bpf_task_storage_get(&accounts, t, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (a && !a->id) {
		account_init(a, t, now_ns);
		parent_set(a, t);
		if (list_is_kept)
			list_add(a, t);
	}
	return a;
}

static __always_inline char state_letter(__u32 state, __u32 exit_state)
{
	/* fs/proc/array.c, task_state_array[] */
	state |= exit_state;
	if ((state & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD)) == (TASK_UNINTERRUPTIBLE | TASK_NOLOAD))
		return 'I';
	if (state & 0x40)
		return 'P';
	if (state & 0x20)
		return 'Z';
	if (state & 0x10)
		return 'X';
	if (state & TASK_TRACED_BIT)
		return 't';
	if (state & TASK_STOPPED_BIT)
		return 'T';
	if (state & (TASK_UNINTERRUPTIBLE | TASK_FROZEN))
		return 'D';
	return state & TASK_INTERRUPTIBLE ? 'S' : 'R';
}

static __noinline int facts_fill(struct bt_facts *f, struct task_struct *trusted)
{
	struct task_struct *t = task_plain(trusted);
	struct mm_struct *mm = t->mm;

	f->tgid = t->tgid;
	f->start_ns = t->start_boottime;
	f->utime_ns = t->utime;
	f->stime_ns = t->stime;
	f->runtime_ns = t->se.sum_exec_runtime;
	f->group_ended_runtime_ns = t->signal->sum_sched_runtime;
	f->children_utime_ns = t->signal->cutime;
	f->children_stime_ns = t->signal->cstime;
	f->rss_bytes = mm ? mm_rss_pages(mm) << page_shift : 0;
	f->read_bytes = t->ioac.read_bytes;
	f->write_bytes = t->ioac.write_bytes;
	f->rchar = t->ioac.rchar;
	f->wchar = t->ioac.wchar;
	f->voluntary = t->nvcsw;
	f->involuntary = t->nivcsw;
	f->minor_faults = t->min_flt;
	f->major_faults = t->maj_flt;
	f->cgroup_id = t->cgroups->dfl_cgrp->kn->id;
	f->uid = t->cred->euid.val;
	f->guessed_ns = 0;
	f->pid_ns = 0;
	f->nice = (__s8)(t->static_prio - 120);
	f->state = state_letter(task_state(t), (__u32)t->exit_state);
	f->kind = task_is_kthread(t) ? BT_KIND_KERNEL : BT_KIND_USER;
	f->reserved = 0;
	f->exit_code = t->exit_code;
	bpf_probe_read_kernel(f->comm, sizeof(f->comm), t->comm);
	return 0;
}

static __always_inline void record_head(struct bt_record *r, const struct bt_account *a, __u8 type, __s32 tid,
					__u64 now_ns)
{
	r->head.size = sizeof(*r);
	r->head.type = type;
	r->head.valid = BT_VALID_ALL;
	r->head.tid = tid;
	r->head.id = a->id;
	r->head.now_ns = now_ns;
}

/* No room for a record of its own: the sums under the process that forked it. */
static __always_inline int lump_add(struct bt_account *a)
{
	struct bt_lump_key key = {.start_ns = a->parent_start_ns, .tgid = a->parent_tgid};
	struct bt_lump *l = bpf_map_lookup_elem(&lumps, &key);

	__sync_fetch_and_add(&stats.exits_lumped, 1);
	if (!l) {
		struct bt_lump zero = {};

		/* The same key may come in from another CPU: whoever is first makes it. */
		bpf_map_update_elem(&lumps, &key, &zero, BPF_NOEXIST);
		l = bpf_map_lookup_elem(&lumps, &key);
		if (!l) {
			__sync_fetch_and_add(&stats.exits_gone, 1);
			return 0;
		}
	}
	__sync_fetch_and_add(&l->threads, 1);
	__sync_fetch_and_add(&l->wall_ns, a->since_ns - a->born_ns);
	__sync_fetch_and_add(&l->totals.oncpu_ns, a->totals.oncpu_ns);
	for (int i = 0; i < BT_OFFCPU_COUNT; i++)
		__sync_fetch_and_add(&l->totals.offcpu_ns[i], a->totals.offcpu_ns[i]);
	return 0;
}

/*
 * Counts what was missed of a thread that is shown. Of those that the kernel hides every switch-out is
 * missed, and they are in no table that could lack it.
 */
static __always_inline void missed_count(struct bt_account *a)
{
	__u32 missed = a->missed;

	if (missed == a->missed_told)
		return;
	__sync_fetch_and_add(&stats.switches_missed, missed - a->missed_told);
	a->missed_told = missed;
}

/* The last switch-out of a thread. Of its group nothing may be read any more: the leader can be gone. */
static __noinline int account_finish(struct bt_account *a, struct task_struct *t, __u64 now_ns)
{
	struct bt_record *r;

	bt_account_end(a, now_ns);
	missed_count(a);
	if (!a->tid)
		return 0;
	r = bpf_ringbuf_reserve(&exits, sizeof(*r), 0);
	if (!r)
		return lump_add(a);
	facts_fill(&r->facts, t);
	r->facts.tgid = a->tgid;
	r->facts.ppid = a->parent_tgid;
	r->facts.leader_start_ns = a->leader_start_ns;
	r->facts.state = 'X';
	record_head(r, a, BT_RECORD_ENDED, tid_shown(a, t), now_ns);
	r->account = *a;
	/* The reader is woken when it is time to make room, not for every thread. */
	bpf_ringbuf_submit(r, bpf_ringbuf_query(&exits, BPF_RB_AVAIL_DATA) >= BT_EXITS_WAKE_BYTES
				  ? BPF_RB_FORCE_WAKEUP
				  : BPF_RB_NO_WAKEUP);
	return 0;
}

/*
 * A kernel can keep the events of some tasks from being traced, as this project's own hosts do: then nothing
 * is heard of what happens while they have a CPU, wake-ups by an interrupt included, nor of the switch to who
 * runs after them. The scheduler's own account of a thread fills the gap.
 */

/* The waking of a thread that got its CPU at now_ns, after queued_ns in a run queue, was not seen. */
static __always_inline void waking_late(struct bt_account *a, __u64 now_ns, __u64 queued_ns)
{
	/* A thread that never slept was in the run queue all the time, as far as two clocks can tell. */
	if (a->phase == BT_PHASE_BLOCKED && queued_ns + CLOCKS_DIFFER_NS < now_ns - a->since_ns)
		bt_account_waking(a, now_ns - queued_ns, 0, a->reason.cause);
}

/* The switch-in of a thread that now leaves the CPU was not seen. */
static __noinline int switch_in_late(struct bt_account *a, struct task_struct *t, __u64 now_ns)
{
	__u64 ran_ns = t->se.sum_exec_runtime - a->runtime_ns;
	__u64 arrived_ns = now_ns - ran_ns;

	if (ran_ns > now_ns - a->since_ns) {
		a->missed++;
		return 0;
	}
	/* What a frame has shown stays. */
	if (arrived_ns < a->shown_ns)
		arrived_ns = a->shown_ns;
	waking_late(a, arrived_ns, task_run_delay_ns(t) - a->run_delay_ns);
	return bt_account_switch_in(a, arrived_ns);
}

/* No waking of a thread that now gets a CPU was seen. Whether it slept all the same: */
static __noinline int waking_check(struct bt_account *a, struct task_struct *t, __u64 now_ns)
{
	waking_late(a, now_ns, task_run_delay_ns(t) - a->run_delay_ns + task_queued_ns(t));
	return 0;
}

/* A wait at a futex: for an interpreter's lock, for another, or for neither. */
static __noinline enum bt_doubt futex_name(struct bt_account *a, struct task_struct *t, struct bt_reason *why,
					   enum bt_doubt doubt, __u64 now_ns)
{
	bool unsure = doubt == BT_DOUBT_FUTEX;
	bool gil = gil_is_at(a, why->object);

	if (unsure && a->runtime == BT_RUNTIME_RUBY)
		doubt = ruby_wait_name(a, t, why);
	else if (unsure && a->gil_state == BT_GIL_KNOWN && !a->gil_size)
		gil = gil_look_again(a, t, why->object, now_ns);
	if (gil) {
		why->cause = BT_MS_GIL;
		/* The mutex beside it is not the lock. */
		if (!unsure)
			return BT_DOUBT_NONE;
		/* One of the two groups of a condition variable: they are the same lock. */
		why->object = a->gil_from;
		doubt = BT_DOUBT_NONE;
	} else if (unsure && (a->runtime == BT_RUNTIME_HOTSPOT || a->runtime == BT_RUNTIME_HOTSPOT_ASKED)) {
		doubt = java_wait_name(a, t, why, now_ns);
	}
	if (why->cause == BT_MS_GIL || why->cause == BT_MS_LOCK || doubt == BT_DOUBT_FUTEX)
		bt_account_turn_begin(a, why->object, now_ns);
	else
		bt_account_turn_drop(a);
	return doubt;
}

static __always_inline void switch_out(struct task_struct *prev, bool preempt, __u32 state, __u64 now_ns)
{
	struct bt_account *a = bpf_task_storage_get(&accounts, prev, NULL, 0);
	enum bt_doubt doubt = BT_DOUBT_NONE;
	__u64 left_ns = now_ns;
	struct bt_reason why;
	bool blocked = !preempt && (state & TASK_STATE_MASK);

	if (!a) {
		a = account_create(prev, now_ns);
		if (!a) {
			if (state & TASK_DEAD) {
				__sync_fetch_and_add(&stats.exits_lumped, 1);
				__sync_fetch_and_add(&stats.exits_gone, 1);
			}
			return;
		}
		bt_account_phase_set(a, BT_PHASE_ONCPU);
	}
	if (account_is_unlisted(a))
		account_list(a, prev);
	if (a->phase != BT_PHASE_ONCPU)
		switch_in_late(a, prev, now_ns);
	else
		left_ns = bt_account_ran(a, now_ns, prev->se.sum_exec_runtime - a->runtime_ns);
	if (state & TASK_DEAD) {
		account_finish(a, prev, left_ns);
		return;
	}
	if (blocked) {
		doubt = reason_of_block(prev, state, a, &why);
		if (why.target == BT_TARGET_FUTEX && why.cause != BT_MS_PAGING)
			doubt = futex_name(a, prev, &why, doubt, now_ns);
		else
			bt_account_turn_drop(a);
	} else {
		/* What it waited for before is kept for restart_syscall. */
		why = a->reason;
		why.cause = task_is_throttled(prev) ? BT_MS_CPU_QUOTA : BT_MS_RUN_QUEUE;
	}
	a->runtime_ns = prev->se.sum_exec_runtime;
	a->run_delay_ns = task_run_delay_ns(prev);
	bt_account_switch_out(a, left_ns, blocked, &why, doubt);
}

static __always_inline void queued_count(const struct bt_account *a, __u64 now_ns)
{
	__u64 ns = bt_account_queued_ns(a, now_ns);
	__u32 key = 0;
	struct bt_run_queue *q;

	if (!ns)
		return;
	q = bpf_map_lookup_elem(&run_queue, &key);
	if (q)
		q->waits[bt_burst_bucket(ns)]++;
}

/* A global function: the verifier goes through it once, not once for each way that leads here. */
__noinline int account_switch_in(struct bt_account *a, __u64 now_ns, int cpu_was_idle)
{
	return a ? bt_account_switch_in_cpu(a, now_ns, cpu_was_idle) : 0;
}

static __always_inline void switch_in(struct task_struct *next, __u64 now_ns, bool cpu_was_idle)
{
	struct bt_account *a = bpf_task_storage_get(&accounts, next, NULL, 0);
	bool asleep;

	if (!a) {
		a = account_create(next, now_ns);
		if (!a)
			return;
	}
	/* A fresh account, or one that the iterator is about to seed: whatever it was, it runs now. */
	if (a->phase == BT_PHASE_NONE) {
		a->since_ns = now_ns;
		bt_account_phase_set(a, BT_PHASE_ONCPU);
		return;
	}
	if (account_is_unlisted(a))
		account_list(a, next);
	asleep = a->phase == BT_PHASE_BLOCKED;
	if (asleep && !a->found_asleep)
		waking_check(a, task_plain(next), now_ns);
	if (cpu_was_idle) {
		__u64 queued_ns = task_queued_ns(task_plain(next));

		if (queued_ns) {
			bt_account_cpu_was_idle(a, now_ns - queued_ns);
			cpu_was_idle = false;
		}
	}
	queued_count(a, now_ns);
	if (account_switch_in(a, now_ns, cpu_was_idle))
		a->missed++;
	/* The reader may have read it asleep meanwhile; of who was woken, its waker has seen to that. */
	if (asleep)
		account_list_again(a, next);
}

static __always_inline void on_switch(bool preempt, struct task_struct *prev, struct task_struct *next,
				      __u32 state)
{
	__u64 now_ns = bpf_ktime_get_ns();

	/* PID 0 is each CPU's idle task. */
	if (prev->pid)
		switch_out(prev, preempt, state, now_ns);
	if (next->pid)
		switch_in(next, now_ns, !prev->pid);
}

/*
 * One body, two objects: prev_state came with fa2c3254d7cf ("sched/tracing: Don't re-read p->state"), 5.18. A
 * constant in one object would not do: clang reads the fourth argument before it asks.
 */
SEC("tp_btf/sched_switch")
#ifdef BT_SWITCH_WITHOUT_STATE
int BPF_PROG(bt_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	on_switch(preempt, prev, next, task_state(prev));
	return 0;
}
#else
int BPF_PROG(bt_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	on_switch(preempt, prev, next, prev_state);
	return 0;
}
#endif

SEC("tp_btf/sched_waking")
int BPF_PROG(bt_waking, struct task_struct *t)
{
	struct bt_account *a = bpf_task_storage_get(&accounts, t, NULL, 0);
	struct task_struct *waker;
	struct bt_account *by = NULL;
	__s32 waker_pid = 0;
	bool same = false;
	__u64 now_ns;
	__u8 cause;

	if (!a || a->phase != BT_PHASE_BLOCKED)
		return 0;
	if (account_is_unlisted(a))
		account_list(a, t);
	now_ns = bpf_ktime_get_ns();
	cause = a->reason.cause;
	waker = waker_process(ctx, t, a);
	if (waker) {
		waker_pid = waker->tgid;
		same = waker->tgid == t->tgid;
		if (a->doubt || pid_ns_inum)
			by = bpf_task_storage_get(&accounts, waker, NULL, 0);
		if (pid_ns_inum)
			waker_pid = by ? by->tgid : 0;
	}
	if (a->doubt)
		cause = (__u8)cause_at_wake(t, a, by, same, now_ns);
	if (waker && a->turn == BT_TURN_WAITS && same && (cause == BT_MS_LOCK || cause == BT_MS_GIL)) {
		if (!by)
			by = bpf_task_storage_get(&accounts, waker, NULL, 0);
		if (by)
			bt_account_hand_over(a, by, now_ns);
	}
	bt_account_waking(a, now_ns, waker_pid, cause);
	if (account_is_unlisted(a))
		account_list(a, t);
	return 0;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(bt_fork, struct task_struct *parent, struct task_struct *child)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct bt_account *a = account_create(child, now_ns);
	struct bt_account *of_parent = bpf_task_storage_get(&accounts, parent, NULL, 0);
	__u64 mm = task_mm(parent);

	if (!a)
		return 0;
	a->parent_tgid = pid_ns_inum ? of_parent ? of_parent->tgid : 0 : parent->tgid;
	a->parent_start_ns = task_plain(parent)->group_leader->start_boottime;
	if (of_parent && child->tgid == parent->tgid) {
		/* A thread has its process's parent. */
		a->parent_tgid = of_parent->parent_tgid;
		a->parent_start_ns = of_parent->parent_start_ns;
		if (of_parent->gil_mm != mm)
			gil_ask(of_parent, mm);
		gil_inherit(a, of_parent, mm);
	} else if (of_parent && of_parent->gil_mm == mm && of_parent->gil_state == BT_GIL_KNOWN) {
		/* A copy of the address space, or the same one. */
		gil_inherit(a, of_parent, task_mm(child));
	}
	a->reason.cause = BT_MS_RUN_QUEUE;
	bt_account_phase_set(a, BT_PHASE_RUNNABLE);
	return 0;
}

#include "dump.h"
#ifndef BT_SWITCH_WITHOUT_STATE
#include "found_asleep.h"
#endif
