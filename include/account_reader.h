/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the reader (the iterator, and the user side that has a copy) does with an account: marks what it
 * shows, guesses what an open wait is for, and counts the open interval. Of a running account it writes
 * read_*, shown_ns, relabeled_*, guessed_ns, and, of a wait that goes on, its cause.
 */
#ifndef BOUNDTOP_ACCOUNT_READER_H
#define BOUNDTOP_ACCOUNT_READER_H

#include "account.h"

/* Asleep in the same wait as when it was last read. */
BT_INLINE int bt_account_is_unchanged(const struct bt_account *a)
{
	return a->phase == BT_PHASE_BLOCKED && a->seq == a->read_seq;
}

/* The reader has got the account as it was at seq (even), in that phase. */
BT_INLINE void bt_account_was_read(struct bt_account *a, __u32 seq, __u32 phase)
{
	/* seq never comes back to what it was, but for 2^31 writes. */
	a->read_seq = phase == BT_PHASE_BLOCKED ? seq : seq - 2;
}

/* A wait in doubt that goes on is looked at when it is shown first, and again when it has lasted for this. */
#define BT_GUESS_AGAIN_NS BT_IDLE_AFTER_NS

/*
 * The thread waits for what only the other end of a pipe or of a unix socket can tell of, and has not waited
 * there before: what the wait is for is guessed by what that end does (bpf/open_wait.h).
 */
BT_INLINE int bt_account_is_guessed(const struct bt_account *a)
{
	__u32 place = bt_wait_place(&a->reason);

	return a->phase == BT_PHASE_BLOCKED && (a->doubt == BT_DOUBT_PEER || a->doubt == BT_DOUBT_POLL) &&
	       (a->reason.target == BT_TARGET_PIPE || a->reason.target == BT_TARGET_UNIX) &&
	       a->habits[bt_habit_slot(place)].place != place;
}

/*
 * Whether there is to be a look at what the wait is for, at now_ns: the first one, or the one that has more
 * to judge by.
 */
BT_INLINE int bt_account_is_to_guess(const struct bt_account *a, __u64 now_ns)
{
	if (!bt_account_is_guessed(a))
		return 0;
	return a->guessed_ns <= a->since_ns || (bt_span_ns(a->since_ns, now_ns) >= BT_GUESS_AGAIN_NS &&
						bt_span_ns(a->since_ns, a->guessed_ns) < BT_GUESS_AGAIN_NS);
}

/* It will be guessed yet: who sleeps on in it has to be looked at. */
BT_INLINE int bt_account_is_undecided(const struct bt_account *a, __u64 now_ns)
{
	return bt_account_is_guessed(a) &&
	       (bt_span_ns(a->since_ns, now_ns) < BT_GUESS_AGAIN_NS || bt_account_is_to_guess(a, now_ns));
}

/*
 * The open wait, which goes on, is more likely for cause. What was shown of it stays what it was
 * shown as; so it can be relabeled once. By the reader alone, before it marks and copies.
 */
BT_INLINE void bt_account_relabel(struct bt_account *a, __u8 cause)
{
	if (a->reason.cause == cause)
		return;
	if (a->read_ns > a->since_ns) {
		if (a->relabeled_ns > a->since_ns)
			return;
		a->relabeled_cause = a->read_cause;
		bt_store_fence(a);
		*(volatile __u64 *)&a->relabeled_ns = a->read_ns;
		bt_store_fence(a);
	}
	a->reason.cause = cause;
}

/* The reader is about to show the open interval as it stands; call before it is copied. */
BT_INLINE void bt_account_mark_read(struct bt_account *a, __u64 now_ns)
{
	*(volatile __u64 *)&a->shown_ns = now_ns;
	/* Only what a thread is asleep for can turn out to be something else. */
	if (a->phase != BT_PHASE_BLOCKED)
		return;
	a->read_cause = a->reason.cause;
	bt_store_fence(a);
	*(volatile __u64 *)&a->read_ns = now_ns;
}

/*
 * Totals with the open interval counted up to now_ns: what a reader shows. out may not be part of a.
 * The sum over out is now_ns - born_ns (DEAD: since_ns - born_ns).
 */
static inline void bt_account_totals_at(const struct bt_account *a, __u64 now_ns, struct bt_totals *out)
{
	__u64 woken_ns;

	*out = a->totals;
	switch (a->phase) {
	case BT_PHASE_ONCPU:
		out->oncpu_ns += bt_span_ns(a->since_ns, now_ns);
		break;
	case BT_PHASE_RUNNABLE:
	case BT_PHASE_BLOCKED:
		bt_account_count(a, a->reason.cause, now_ns, out);
		break;
	case BT_PHASE_WOKEN:
		woken_ns = bt_account_woken_ns(a, now_ns);
		bt_account_count(a, a->woken_cause, woken_ns, out);
		bt_totals_add(out, BT_MS_RUN_QUEUE, bt_span_ns(woken_ns, now_ns));
		break;
	default:
		break;
	}
}

#endif
