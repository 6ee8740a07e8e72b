/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much of a time a thread has worked, as far as its account (account_layout.h) tells: what whoever it
 * wakes then goes by (hand_over.h). Both sides, as account.h.
 */
#ifndef BOUNDTOP_IDLE_H
#define BOUNDTOP_IDLE_H

#include "account_layout.h"

#define BT_INLINE static inline __attribute__((always_inline))

/* Clocks of two CPUs may differ by a few nanoseconds: an interval is never negative. */
BT_INLINE __u64 bt_span_ns(__u64 from_ns, __u64 to_ns)
{
	return to_ns > from_ns ? to_ns - from_ns : 0;
}

BT_INLINE int bt_cause_is_idle(__u32 cause)
{
	return cause >= BT_MS_SLEEP && cause <= BT_MS_STOPPED;
}

/* What is known of a thread's waits of group idle. */
struct bt_idle {
	__u64 end_ns;  /* since when it works on what it works on, the naps in between left out; 0 = it was
			  never idle */
	__u64 from_ns; /* the last of them, */
	__u64 to_ns;   /* up to where it was idle */
	__u32 cause;   /* and what it was */
};

/*
 * The same once the thread's open wait, of group idle, has lasted until to_ns. What it carries on began
 * earlier. An idle wait that is no longer than the work before it is a nap, and does not end that work.
 */
BT_INLINE void bt_account_idle_until(const struct bt_account *a, __u64 to_ns, __u32 cause,
				     struct bt_idle *idle)
{
	__u64 until_ns = a->carried_ns && a->carried_ns < to_ns ? a->carried_ns : to_ns;
	__u64 since_ns = a->idle_to_ns ? a->idle_to_ns : a->born_ns;
	__u64 nap_ns = bt_span_ns(a->since_ns, until_ns);

	idle->end_ns =
	    nap_ns && nap_ns <= bt_span_ns(since_ns, a->since_ns) ? a->idle_end_ns + nap_ns : until_ns;
	idle->from_ns = a->since_ns;
	idle->to_ns = nap_ns ? until_ns : a->since_ns;
	idle->cause = cause;
}

/*
 * The same of the thread that is running. A wait that was not seen to end, as the switch-in was not, is not
 * closed yet.
 */
BT_INLINE void bt_account_idle(const struct bt_account *a, __u64 now_ns, struct bt_idle *idle)
{
	if (a->phase == BT_PHASE_WOKEN && bt_cause_is_idle(a->woken_cause)) {
		bt_account_idle_until(a, a->woken_ns, a->woken_cause, idle);
		return;
	}
	idle->end_ns = a->idle_end_ns;
	idle->from_ns = a->idle_from_ns;
	idle->to_ns = a->idle_to_ns;
	idle->cause = a->idle_cause;
	if (a->phase == BT_PHASE_BLOCKED && bt_cause_is_idle(a->reason.cause)) {
		idle->end_ns = idle->to_ns = now_ns;
		idle->from_ns = a->since_ns;
		idle->cause = a->reason.cause;
	}
}

/* For how much of the time since since_ns the thread has worked. */
BT_INLINE __u64 bt_idle_work_ns(const struct bt_idle *idle, __u64 since_ns, __u64 now_ns)
{
	__u64 work_ns = bt_span_ns(idle->end_ns, now_ns);
	__u64 seen_ns = bt_span_ns(idle->to_ns, now_ns) + bt_span_ns(since_ns, idle->from_ns);

	return seen_ns < work_ns ? seen_ns : work_ns;
}

#endif
