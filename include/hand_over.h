/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a wait that a thread ends was, and who had the lock for how long: what is read out of one thread
 * waking another, between the two accounts. Before the waking itself is recorded (bt_account_waking(),
 * account.h).
 */
#ifndef BOUNDTOP_HAND_OVER_H
#define BOUNDTOP_HAND_OVER_H

#include "account.h"

/* Whether a thread is known to wait for the same thing as r, too. */
BT_INLINE int bt_account_waits_for(const struct bt_account *a, const struct bt_reason *r)
{
	int found = 0;

#pragma GCC unroll 4
	for (int i = 0; i < BT_WAIT_SLOTS; i++) {
		const struct bt_wait *w = &a->waits[i];

		if (w->count && w->reason.object == r->object && w->reason.syscall == r->syscall)
			found = 1;
	}
	return found;
}

/*
 * How long a thread that was seen to wait for a lock at a futex of its own is taken to wait for one: for
 * eight waits that say nothing for it, or for as many moments as those are worth. Seen once, it is suspected
 * alone, for four waits: what looks so by chance (who woke it was kept from its work for a while) does not
 * look so twice.
 */
#define BT_LOCK_SUSPECTED     32
#define BT_LOCK_CREDIT        (BT_LOCK_SUSPECTED + 64)
#define BT_LOCK_CREDIT_WAIT   8
#define BT_LOCK_CREDIT_MOMENT 1

/* What a hand-on says of the wait that it ends. */
enum bt_hand_on {
	BT_HAND_ON_OTHER,
	BT_HAND_ON_MOMENT, /* nothing: it is whatever the others are */
	BT_HAND_ON_AGAIN,  /* not much: it is what the last one was, for some time */
	BT_HAND_ON_LOCK,
};

/* Spends what the end of a wait said of its being for a lock. Returns whether it is taken for one. */
BT_INLINE int bt_account_credit_spend(struct bt_account *a, enum bt_hand_on said)
{
	int at_lock = a->lock_credit > BT_LOCK_SUSPECTED;
	__u8 spent = said == BT_HAND_ON_LOCK     ? 0
		     : said == BT_HAND_ON_MOMENT ? BT_LOCK_CREDIT_MOMENT
						 : BT_LOCK_CREDIT_WAIT;

	a->lock_credit = a->lock_credit > spent ? a->lock_credit - spent : 0;
	return at_lock;
}

/* A wait for a turn lasts for this part of the waiter's last burst at least. */
#define BT_TURN_WAIT_MIN 16

/* All the turns since one's last fill this part of that time: some are taken without a waking. */
#define BT_TURNS_FILL 4

/*
 * A thread wakes another one of its process, which waits alone at its futex: it lets go of a lock that they
 * share, or it hands over work. (Ruby, parking_lot and Java, which mostly says more (bpf/hotspot.h), park
 * each thread at a futex of its own, whatever it waits for.) What goes from thread to thread with the wakings
 * is counted in hops. It is a lock if
 *
 * - it comes around: since this thread's last turn others had theirs, and more than one (in a pipeline, or in
 * a pool that is fed, the feeder is never behind those that it feeds);
 * - the two have their turns about as often: nobody in the middle hands it out and takes it back;
 * - the waker worked before it woke us, and not after, as one does who has somebody else help;
 * - if all the others had it for as long as the waker had, that fills our wait, and some of the time since
 * our last turn (hops add up over days, if nobody has a turn).
 *
 * A turn is what somebody works in: who is woken, finds the lock taken and waits again had none (barging; who
 * is to look after the time in a queue), nor had who waits for a moment only, to hear that its turn has gone
 * on. And who has not worked yet lets go of nothing.
 *
 * Where two alone take turns nothing tells a lock from question and answer.
 */
BT_INLINE enum bt_hand_on bt_account_hand_on(struct bt_account *a, struct bt_account *by, __u64 now_ns)
{
	__u64 before_ns = bt_account_burst_ns(by, now_ns);
	__u64 wait_ns = bt_span_ns(a->since_ns, now_ns);
	enum bt_hand_on said = BT_HAND_ON_OTHER;
	__s32 hops;

	bt_account_hop_settle(by, before_ns);
	if (wait_ns < a->last_burst_ns / BT_TURN_WAIT_MIN || before_ns < wait_ns / BT_TURN_SHARE_MIN)
		return BT_HAND_ON_MOMENT;
	hops = (__s32)(by->hop + 1 - a->hop);
	if (before_ns > by->after_ns && hops > 0) {
		__u64 filled_ns = bt_span_ns(by->woken_ns, now_ns) * (__u32)hops;

		if (hops > 2 && by->hops_since > 2 && 2 * hops > by->hops_since &&
		    2 * by->hops_since > hops && 2 * filled_ns >= wait_ns &&
		    BT_TURNS_FILL * filled_ns >= bt_span_ns(a->hop_ns, now_ns))
			said = BT_HAND_ON_LOCK;
		a->hop_next = by->hop + 1;
		a->hops_next = hops;
		a->hop_wait_ns = wait_ns;
	} else if (before_ns > by->after_ns) {
		/* It had its turn after the waker. Or that one took its last turn while it was awake, and has
		 * an old number. */
		said = BT_HAND_ON_AGAIN;
	}
	by->passed_ns = before_ns;
	return said;
}

/*
 * What a wait in doubt (PEER, FUTEX or WORK) of a was that a thread with the account by, now running, ends:
 * nobody worked for us if that one, and whose work it carries on, was idle for most of the time (idle.h). But
 * who sleeps with a lock held keeps us from it all the same.
 */
BT_INLINE __u8 bt_cause_by_waker(struct bt_account *a, struct bt_account *by, int same_process, __u64 now_ns)
{
	struct bt_idle of_by;
	int idle;
	int lock = a->doubt == BT_DOUBT_FUTEX && bt_account_waits_for(by, &a->reason);
	enum bt_hand_on said = BT_HAND_ON_OTHER;

	bt_account_idle(by, now_ns, &of_by);
	idle = 2 * bt_idle_work_ns(&of_by, a->since_ns, now_ns) < bt_span_ns(a->since_ns, now_ns);
	a->carried_ns = of_by.end_ns ? of_by.end_ns : 1;
	if (a->doubt == BT_DOUBT_FUTEX && same_process && !lock) {
		said = bt_account_hand_on(a, by, now_ns);
		if (said == BT_HAND_ON_LOCK)
			a->lock_credit = a->lock_credit ? BT_LOCK_CREDIT : BT_LOCK_SUSPECTED;
		if (said != BT_HAND_ON_OTHER && bt_account_credit_spend(a, said))
			return BT_MS_LOCK;
	}
	if (idle && !(lock && of_by.cause == BT_MS_SLEEP)) {
		if (said == BT_HAND_ON_OTHER)
			a->lock_credit = 0;
		return BT_MS_EVENT;
	}
	if (lock)
		return BT_MS_LOCK;
	if (!same_process)
		return BT_MS_IPC;
	/* Not every round shows the evidence. */
	if (a->doubt == BT_DOUBT_FUTEX && said == BT_HAND_ON_OTHER &&
	    bt_account_credit_spend(a, BT_HAND_ON_AGAIN))
		return BT_MS_LOCK;
	/* What a frame has shown is not told of again. */
	a->own_ns += bt_span_ns(a->read_ns > a->since_ns ? a->read_ns : a->since_ns, now_ns);
	return BT_MS_EVENT;
}

/*
 * The same of one that no process ends: an interrupt, a timeout, a kernel thread. A futex or a poll has run
 * out, or a terminal was polled.
 */
BT_INLINE __u8 bt_cause_by_kernel(struct bt_account *a, __u64 now_ns)
{
	if (a->doubt == BT_DOUBT_FUTEX && bt_account_credit_spend(a, BT_HAND_ON_AGAIN))
		return BT_MS_LOCK;
	if (a->doubt == BT_DOUBT_FUTEX || a->doubt == BT_DOUBT_WORK || a->doubt == BT_DOUBT_POLL)
		return BT_MS_EVENT;
	return bt_span_ns(a->since_ns, now_ns) < BT_IDLE_AFTER_NS ? BT_MS_IPC : BT_MS_EVENT;
}

/*
 * A lock changes hands when who lets go of it wakes one that waits. So the time that somebody waited for it
 * is cut at the wakings, and each part is put down to the thread that ends it: since it got the lock, or
 * since the one that it wakes began to wait, whichever is later.
 */

/* The thread begins to wait for what may be a lock; before its switch-out is recorded. */
BT_INLINE void bt_account_turn_begin(struct bt_account *a, __u64 object, __u64 now_ns)
{
	__u64 ran_ns = a->burst_ns + bt_span_ns(a->since_ns, now_ns);

	/* Its time ran out, and it tries again. */
	if (a->turn == BT_TURN_WAITS && a->turn_object == object && ran_ns < BT_TURN_RETRY_NS)
		return;
	a->turn = BT_TURN_WAITS;
	a->turn_object = object;
	a->turn_ns = now_ns;
}

/* It begins to wait for something else. */
BT_INLINE void bt_account_turn_drop(struct bt_account *a)
{
	if (a->turn == BT_TURN_WAITS)
		a->turn = BT_TURN_NONE;
}

BT_INLINE void bt_account_held_add(struct bt_account *a, __u64 object, __u64 ns)
{
	struct bt_held *least = &a->held[0];

#pragma GCC unroll 2
	for (int i = 0; i < BT_HELD_SLOTS; i++) {
		struct bt_held *h = &a->held[i];

		if (h->ns && h->object == object) {
			h->ns += ns;
			return;
		}
		if (h->ns < least->ns)
			least = h;
	}
	least->object = object;
	least->ns = ns;
}

/* holder, a thread of the same process, wakes a from its wait for a lock; before a's waking is recorded. */
BT_INLINE void bt_account_hand_over(struct bt_account *a, struct bt_account *holder, __u64 now_ns)
{
	__u64 from_ns = a->turn_ns;

	if (a->turn != BT_TURN_WAITS || a->turn_object != a->reason.object)
		return;
	if (holder->turn == BT_TURN_HAS && holder->turn_object == a->turn_object && holder->turn_ns > from_ns)
		from_ns = holder->turn_ns;
	bt_account_write_begin(holder);
	bt_account_held_add(holder, a->turn_object, bt_span_ns(from_ns, now_ns));
	bt_account_write_end(holder);
	a->turn_ns = now_ns;
	a->turn = BT_TURN_HAS;
}

#endif
