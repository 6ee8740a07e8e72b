/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state machine that keeps a thread's account (account_layout.h).
 *
 * It compiles both as BPF (bpf/collector.bpf.c drives it from scheduler tracepoints) and on the host (unit
 * tests, the user side's reading of open intervals). No loops but over constants, no calls, no divisions.
 *
 * The budget is closed by construction: an interval is always open, closing one opens the next at the same
 * instant, so the totals and the open interval add up to the wall time since born_ns.
 *
 *              switch_out(blocked)          waking
 *   ONCPU ───────────────────────▶ BLOCKED ────────▶ WOKEN
 *     ▲ ╲                             │                 │
 *     │  ╲ switch_out(preempted)      │ switch_in       │ switch_in
 *     │   ▶ RUNNABLE ─────────────────┴─────────────────┤
 *     └─────────────────────────────────────────────────┘
 *
 * Who may write: switch_out and switch_in run under the run queue's lock of the thread, one at a time.
 * waking runs on any CPU, under the thread's pi_lock, and can come before the thread's own switch-out was
 * recorded; so it acts on BLOCKED alone, and switch_out writes the phase last, when all else is written. An
 * off-CPU interval with no waking in it was therefore never asleep: it is run-queue time, whatever prev_state
 * said (a signal that was pending, a wake-up that came early: kernel/sched/core.c, __schedule() and
 * try_to_wake_up()). What the reader (the iterator) does with it, and writes: account_reader.h.
 */
#ifndef BOUNDTOP_ACCOUNT_H
#define BOUNDTOP_ACCOUNT_H

#include "account_layout.h"
#include "idle.h"

/*
 * Order of stores as the reader on another CPU sees it. x86 keeps it by itself; elsewhere the compiler's
 * barrier alone would not do, and BPF's only fence is an atomic operation with a result.
 */
#if defined(__x86_64__) || defined(__TARGET_ARCH_x86)
#define bt_store_fence(a) __asm__ volatile("" ::: "memory")
#else
#define bt_store_fence(a) (void)__sync_fetch_and_add(&(a)->read_seq, 0)
#endif

BT_INLINE void bt_account_write_begin(struct bt_account *a)
{
	*(volatile __u32 *)&a->seq = a->seq + 1;
	bt_store_fence(a);
}

BT_INLINE void bt_account_write_end(struct bt_account *a)
{
	bt_store_fence(a);
	*(volatile __u32 *)&a->seq = a->seq + 1;
}

BT_INLINE void bt_account_phase_set(struct bt_account *a, enum bt_phase phase)
{
	*(volatile __u32 *)&a->phase = phase;
}

BT_INLINE void bt_totals_add(struct bt_totals *t, __u32 cause, __u64 ns)
{
	__u32 i = cause - BT_OFFCPU_FIRST;

	/* The verifier wants to see the bound. */
	if (i < BT_OFFCPU_COUNT)
		t->offcpu_ns[i] += ns;
}

/*
 * Bucket of a burst, see BT_BURST_BUCKETS: the number of the highest bit. Without branches, as the verifier
 * would go on from each of 32 outcomes; limit - v has its highest bit set if v is above the limit.
 */
BT_INLINE __u32 bt_burst_bucket(__u64 ns)
{
	__u64 v = ns >> BT_BURST_MIN_LOG2;
	__u64 bucket, shift;

	if (v >> 32)
		v = 0xffffffff;
	bucket = (0xffff - v) >> 63 << 4;
	v >>= bucket;
	shift = (0xff - v) >> 63 << 3;
	v >>= shift;
	bucket += shift;
	shift = (0xf - v) >> 63 << 2;
	v >>= shift;
	bucket += shift;
	shift = (3 - v) >> 63 << 1;
	v >>= shift;
	bucket += shift + ((1 - v) >> 63);
	return (__u32)bucket & (BT_BURST_BUCKETS - 1);
}

BT_INLINE int bt_cause_is_io(__u32 cause)
{
	return cause >= BT_MS_DISK && cause <= BT_MS_IPC;
}

/* Where a thread waits, folded to 32 bits; never 0. */
BT_INLINE __u32 bt_wait_place(const struct bt_reason *r)
{
	__u64 key = r->object ^ ((__u64)(__u32)r->fd << 32) ^ ((__u64)(__u16)r->syscall << 17);

	/* Fibonacci hashing: the upper bits are the well mixed ones. */
	return (__u32)((key * 0x9e3779b97f4a7c15ULL) >> 32) | 1;
}

/* The index of what is remembered of a place. */
BT_INLINE __u32 bt_habit_slot(__u32 place)
{
	return (place >> (32 - BT_HABIT_BITS)) & (BT_HABITS - 1);
}

/*
 * On-CPU since its last block, of the thread that is running. If it was not seen to get the CPU (what is not
 * traced: docs/architecture.md), since it was woken.
 */
BT_INLINE __u64 bt_account_burst_ns(const struct bt_account *a, __u64 now_ns)
{
	__u64 from_ns = a->phase == BT_PHASE_WOKEN ? a->woken_ns : a->since_ns;

	return a->burst_ns + bt_span_ns(from_ns, now_ns);
}

/* A turn lasts for this part of the wait for it at least. */
#define BT_TURN_SHARE_MIN 1024

/* The thread has worked for ran_ns since it was handed something: if that was a turn, it counts. */
BT_INLINE void bt_account_hop_settle(struct bt_account *a, __u64 ran_ns)
{
	if (!a->hop_wait_ns || ran_ns < a->hop_wait_ns / BT_TURN_SHARE_MIN)
		return;
	a->hop = a->hop_next;
	a->hops_since = a->hops_next;
	a->hop_ns = a->woken_ns;
	a->hop_wait_ns = 0;
}

/* The next of what was waited for that this wait is counted in: its own, an empty one, or the least. */
BT_INLINE void bt_account_wait_add(struct bt_account *a, __u32 cause, __u64 ns)
{
	struct bt_wait *least = &a->waits[0];
	const struct bt_reason *r = &a->reason;

#pragma GCC unroll 4
	for (int i = 0; i < BT_WAIT_SLOTS; i++) {
		struct bt_wait *w = &a->waits[i];

		if (w->reason.object == r->object && w->reason.syscall == r->syscall &&
		    w->reason.cause == cause && w->count) {
			w->ns += ns;
			w->count++;
			w->waker_pid = a->waker_pid;
			return;
		}
		if (w->ns < least->ns)
			least = w;
	}
	least->reason = *r;
	least->reason.cause = (__u8)cause;
	least->ns = ns;
	least->count = 1;
	least->waker_pid = a->waker_pid;
}

/*
 * Adds the part of the open interval up to to_ns to out as cause. A part that a reader was shown under
 * another name stays what it was shown as: totals only ever grow, frames are never rewritten.
 */
BT_INLINE void bt_account_count(const struct bt_account *a, __u32 cause, __u64 to_ns, struct bt_totals *out)
{
	__u64 from_ns = a->since_ns;

	if (a->read_ns > from_ns && a->relabeled_ns > from_ns) {
		__u64 relabeled_ns = a->relabeled_ns < to_ns ? a->relabeled_ns : to_ns;

		bt_totals_add(out, a->relabeled_cause, bt_span_ns(from_ns, relabeled_ns));
		from_ns = relabeled_ns;
	}
	if (a->read_ns > from_ns && a->read_cause != cause) {
		__u64 shown_ns = a->read_ns < to_ns ? a->read_ns : to_ns;

		bt_totals_add(out, a->read_cause, bt_span_ns(from_ns, shown_ns));
		from_ns = shown_ns;
	}
	bt_totals_add(out, cause, bt_span_ns(from_ns, to_ns));
}

/*
 * When the block of a thread that is WOKEN ended, as it is counted: within the open interval, and what a
 * reader was shown as asleep stays that, even if a waking is found out about late.
 */
BT_INLINE __u64 bt_account_woken_ns(const struct bt_account *a, __u64 now_ns)
{
	__u64 woken_ns = a->woken_ns;

	if (woken_ns < a->since_ns)
		woken_ns = a->since_ns;
	if (woken_ns < a->read_ns)
		woken_ns = a->read_ns;
	return woken_ns < now_ns ? woken_ns : now_ns;
}

BT_INLINE void bt_account_close(struct bt_account *a, __u32 cause, __u64 to_ns)
{
	bt_account_count(a, cause, to_ns, &a->totals);
}

/* The thread was asleep until to_ns, for cause. */
BT_INLINE void bt_account_close_block(struct bt_account *a, __u32 cause, __u64 to_ns)
{
	__u64 ns = bt_span_ns(a->since_ns, to_ns);

	bt_account_close(a, cause, to_ns);
	if (bt_cause_is_io(cause))
		a->bursts.io[bt_burst_bucket(ns)]++;
	if (bt_cause_is_idle(cause)) {
		struct bt_idle idle;

		bt_account_idle_until(a, to_ns, cause, &idle);
		a->idle_end_ns = idle.end_ns;
		a->idle_from_ns = idle.from_ns;
		a->idle_to_ns = idle.to_ns;
		a->idle_cause = (__u8)cause;
	}
	if (a->doubt) {
		__u32 place = bt_wait_place(&a->reason);
		struct bt_habit *h = &a->habits[bt_habit_slot(place)];

		h->place = place;
		h->cause = cause;
	}
	bt_account_wait_add(a, cause, ns);
}

/* How much of a time that ends now no frame has shown. */
BT_INLINE __u64 bt_account_unshown_ns(const struct bt_account *a, __u64 from_ns, __u64 now_ns)
{
	return bt_span_ns(a->shown_ns > from_ns ? a->shown_ns : from_ns, now_ns);
}

/* Less than this is no hypervisor's: the scheduler's clock was read that long ago. */
#define BT_STOLEN_MIN_NS 50000

/*
 * Before a thread leaves the CPU: since it left one last it has had one for ran_ns by the scheduler's
 * account, which is everybody else's (top, time, cgroups), too. Returns when it left it by that. What a frame
 * has shown stays what it was shown as.
 *
 * - That leaves out what a hypervisor stole (update_rq_clock_task() in kernel/sched/core.c): spent waiting
 * for a CPU.
 * - Where one thread is to preempt another, or to end a CPU's sleep, the scheduler's clock stands still from
 * the moment when that one was put into the run queue (rq_clock_skip_update() in wakeup_preempt()): it has
 * had the CPU since then, and the other one has not, although the rest of an interrupt or of a system call,
 * or the time that the CPU took to wake up, came before the switch.
 */
BT_INLINE __u64 bt_account_ran(struct bt_account *a, __u64 now_ns, __u64 ran_ns)
{
	__u64 oncpu_ns = bt_span_ns(a->since_ns, now_ns);
	__u64 queued_ns = a->shown_ns < a->since_ns ? a->queued_ns : 0;
	__u64 early_ns = 0, late_ns = 0, most_ns;

	if (a->phase != BT_PHASE_ONCPU)
		return now_ns;
	bt_account_write_begin(a);
	if (oncpu_ns > ran_ns) {
		late_ns = oncpu_ns - ran_ns;
		most_ns = bt_account_unshown_ns(a, a->since_ns, now_ns);
		if (late_ns > most_ns)
			late_ns = most_ns;
		if (late_ns > BT_STOLEN_MIN_NS) {
			bt_totals_add(&a->totals, BT_MS_RUN_QUEUE, late_ns);
			a->since_ns += late_ns;
			late_ns = 0;
		}
	} else {
		early_ns = ran_ns - oncpu_ns;
		if (early_ns > queued_ns)
			early_ns = queued_ns;
		bt_totals_add(&a->totals, BT_MS_RUN_QUEUE, -early_ns);
		a->since_ns -= early_ns;
	}
	if (a->woken_cause != BT_MS_RUN_QUEUE) {
		/* Nobody had that CPU. */
		bt_totals_add(&a->totals, BT_MS_RUN_QUEUE, early_ns - queued_ns);
		bt_totals_add(&a->totals, a->woken_cause, queued_ns - early_ns);
	}
	a->queued_ns = 0;
	bt_account_write_end(a);
	return now_ns - late_ns;
}

/*
 * The thread leaves the CPU. blocked = it goes to sleep; otherwise it stays runnable, and why->cause says
 * run-queue or cpu-quota. doubt: what would have to tell whether why->cause is right. Returns 0, or 1 if it
 * was not on the CPU as far as the account knows (a switch was missed; the time since goes to unknown).
 */
BT_INLINE int bt_account_switch_out(struct bt_account *a, __u64 now_ns, int blocked,
				    const struct bt_reason *why, enum bt_doubt doubt)
{
	__u64 ns = bt_span_ns(a->since_ns, now_ns);
	int missed = a->phase != BT_PHASE_ONCPU;

	bt_account_write_begin(a);
	if (missed) {
		bt_account_close(a, BT_MS_UNKNOWN, now_ns);
	} else {
		a->totals.oncpu_ns += ns;
		a->burst_ns += ns;
	}
	if (blocked) {
		a->bursts.cpu[bt_burst_bucket(a->burst_ns)]++;
		if (a->passed_ns) {
			/* The burst may have lost what was stolen meanwhile. */
			a->after_ns = bt_span_ns(a->passed_ns, a->burst_ns);
			a->passed_ns = 0;
		}
		if (a->hop_wait_ns) {
			bt_account_hop_settle(a, a->burst_ns);
			a->hop_wait_ns = 0;
		}
		a->last_burst_ns = a->burst_ns;
		a->burst_ns = 0;
	}
	a->reason = *why;
	a->doubt = (__u8)doubt;
	if (doubt) {
		__u32 place = bt_wait_place(why);
		const struct bt_habit *h = &a->habits[bt_habit_slot(place)];

		if (h->place == place)
			a->reason.cause = (__u8)h->cause;
	}
	a->carried_ns = 0;
	a->since_ns = now_ns;
	bt_account_write_end(a);
	/* Last: from here on waking may write. */
	bt_account_phase_set(a, blocked ? BT_PHASE_BLOCKED : BT_PHASE_RUNNABLE);
	return missed;
}

/*
 * Somebody wakes the thread, whose wait turns out to be for cause. Returns 1 if it was asleep, 0 if there was
 * nothing to do. A thread that a signal kept in its run queue can get its CPU back at
 * this very moment: then switch_in has the last word, hence the exchange. seq stays as it is: phase and what
 * belongs to it are written in the order in which they are copied.
 */
BT_INLINE int bt_account_waking(struct bt_account *a, __u64 now_ns, __s32 waker_pid, __u8 cause)
{
	if (*(volatile __u32 *)&a->phase != BT_PHASE_BLOCKED)
		return 0;
	a->woken_ns = now_ns;
	a->waker_pid = waker_pid;
	a->woken_cause = cause;
	return __sync_val_compare_and_swap(&a->phase, BT_PHASE_BLOCKED, BT_PHASE_WOKEN) == BT_PHASE_BLOCKED;
}

/* How long a thread that gets a CPU at now_ns was in its run queue for that; 0: not at all, or held back by a
 * quota. */
BT_INLINE __u64 bt_account_queued_ns(const struct bt_account *a, __u64 now_ns)
{
	if (a->phase == BT_PHASE_WOKEN)
		return bt_span_ns(a->woken_ns, now_ns);
	if (a->phase == BT_PHASE_RUNNABLE && a->reason.cause == BT_MS_RUN_QUEUE)
		return bt_span_ns(a->since_ns, now_ns);
	return 0;
}

/*
 * The thread gets a CPU that ran nobody: what passed between its waking and queued_ns, when the scheduler put
 * it into a run queue, was the time that this CPU took to come out of its own sleep. Nobody had the CPU: it
 * is a part of the wait that ended. What a frame has shown as run-queue stays that. Call before switch_in.
 */
BT_INLINE void bt_account_cpu_was_idle(struct bt_account *a, __u64 queued_ns)
{
	if (a->phase != BT_PHASE_WOKEN || a->shown_ns > a->woken_ns || queued_ns <= a->woken_ns)
		return;
	bt_account_write_begin(a);
	a->woken_ns = queued_ns;
	bt_account_write_end(a);
}

/*
 * The thread gets a CPU. Returns 0, or 1 if it had one already as far as the account knows. cpu_was_idle:
 * nobody had that CPU, and when the thread was put into its run queue is not known.
 */
BT_INLINE int bt_account_switch_in_cpu(struct bt_account *a, __u64 now_ns, int cpu_was_idle)
{
	__u32 phase = a->phase, queued_cause = BT_MS_RUN_QUEUE;
	__u64 queued_ns = 0;
	int missed = 0;

	bt_account_write_begin(a);
	if (phase == BT_PHASE_WOKEN) {
		__u64 woken_ns = bt_account_woken_ns(a, now_ns);

		bt_account_close_block(a, a->woken_cause, woken_ns);
		bt_totals_add(&a->totals, BT_MS_RUN_QUEUE, now_ns - woken_ns);
		queued_ns = bt_account_unshown_ns(a, woken_ns, now_ns);
		if (cpu_was_idle)
			queued_cause = a->woken_cause;
	} else if (phase == BT_PHASE_RUNNABLE) {
		bt_account_close(a, a->reason.cause, now_ns);
		if (a->reason.cause == BT_MS_RUN_QUEUE)
			queued_ns = bt_account_unshown_ns(a, a->since_ns, now_ns);
	} else if (phase == BT_PHASE_BLOCKED && a->found_asleep) {
		a->waker_pid = 0;
		bt_account_close_block(a, a->reason.cause, now_ns);
	} else if (phase == BT_PHASE_BLOCKED) {
		bt_account_close(a, BT_MS_RUN_QUEUE, now_ns);
		queued_ns = bt_account_unshown_ns(a, a->since_ns, now_ns);
	} else {
		/* It left the CPU, nobody knows when; what a frame has shown stays. */
		__u64 shown_ns = a->shown_ns < now_ns ? a->shown_ns : now_ns;
		__u64 ns = bt_span_ns(a->since_ns, shown_ns);

		a->totals.oncpu_ns += ns;
		a->since_ns += ns;
		bt_account_close(a, BT_MS_UNKNOWN, now_ns);
		missed = 1;
	}
	a->found_asleep = 0;
	a->queued_ns = queued_ns;
	a->woken_cause = (__u8)queued_cause;
	a->since_ns = now_ns;
	bt_account_phase_set(a, BT_PHASE_ONCPU);
	bt_account_write_end(a);
	return missed;
}

/* Likewise, where all that is known. */
BT_INLINE int bt_account_switch_in(struct bt_account *a, __u64 now_ns)
{
	return bt_account_switch_in_cpu(a, now_ns, 0);
}

/* The last switch-out of the thread: the totals are final. */
BT_INLINE void bt_account_end(struct bt_account *a, __u64 now_ns)
{
	bt_account_write_begin(a);
	if (a->phase == BT_PHASE_ONCPU) {
		__u64 ns = bt_span_ns(a->since_ns, now_ns);

		a->totals.oncpu_ns += ns;
		a->bursts.cpu[bt_burst_bucket(a->burst_ns + ns)]++;
	} else {
		bt_account_close(a, BT_MS_UNKNOWN, now_ns);
	}
	a->since_ns = now_ns;
	bt_account_phase_set(a, BT_PHASE_DEAD);
	bt_account_write_end(a);
}

#endif
