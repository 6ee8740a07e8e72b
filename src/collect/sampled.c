/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sampled.h"

#include <string.h>

void bt_sampled_begin(struct bt_sampled *s, uint64_t id, uint64_t born_ns,
		      const struct bt_proc_schedstat *kernel)
{
	memset(s, 0, sizeof(*s));
	s->account.id = id;
	s->account.born_ns = born_ns;
	s->account.since_ns = born_ns;
	s->account.phase = BT_PHASE_RUNNABLE;
	s->account.reason = (struct bt_reason){.fd = -1, .syscall = -1, .cause = BT_MS_RUN_QUEUE};
	s->last = (struct bt_reason){.fd = -1, .syscall = -1, .cause = BT_MS_UNKNOWN};
	s->kernel = *kernel;
}

bool bt_sampled_sleeps(const struct bt_sampled *s, const struct bt_proc_schedstat *now)
{
	return s->account.phase == BT_PHASE_BLOCKED && s->kernel.turns == now->turns &&
	       s->kernel.oncpu_ns == now->oncpu_ns;
}

void bt_sampled_seen(struct bt_sampled *s, uint64_t now_ns)
{
	if (now_ns > s->seen_ns)
		s->seen_ns = now_ns;
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static bool same_wait(const struct bt_reason *a, const struct bt_reason *b)
{
	return a->cause == b->cause && a->syscall == b->syscall && a->object == b->object;
}

/* So much time went to a wait, in so many turns. */
static void wait_add(struct bt_sampled *s, const struct bt_reason *reason, uint64_t ns, uint64_t turns,
		     bool guess, double doubt)
{
	struct bt_account *a = &s->account;
	struct bt_wait *least = &a->waits[0];

	if (!ns)
		return;
	bt_totals_add(&a->totals, reason->cause, ns);
	if (reason->cause == BT_MS_DISK || reason->cause == BT_MS_PAGING)
		s->io_ns += ns;
	s->guessed_ns += guess ? ns : (uint64_t)((double)ns * doubt);
	for (int i = 0; i < BT_WAIT_SLOTS; i++) {
		struct bt_wait *w = &a->waits[i];

		if (w->count && same_wait(&w->reason, reason)) {
			w->ns += ns;
			w->count += (uint32_t)turns;
			return;
		}
		if (w->ns < least->ns)
			least = w;
	}
	*least = (struct bt_wait){.reason = *reason, .ns = ns, .count = turns ? (uint32_t)turns : 1};
}

/* What the kernel has counted since and is not counted here, as far as there is room: the rest comes later.
 */
static uint64_t counted_take(uint64_t grown_ns, int64_t *ahead_ns, uint64_t *room_ns)
{
	int64_t want_ns = (int64_t)grown_ns - *ahead_ns;
	uint64_t ns = want_ns > 0 ? min_u64((uint64_t)want_ns, *room_ns) : 0;

	*ahead_ns += (int64_t)ns - (int64_t)grown_ns;
	*room_ns -= ns;
	return ns;
}

/* Waits for block I/O that the kernel counted and that nobody has seen. */
static void blkio_add(struct bt_sampled *s, uint64_t blkio_ns, uint64_t *room_ns)
{
	static const struct bt_reason unseen = {.fd = -1, .syscall = -1, .cause = BT_MS_DISK};
	uint64_t ns = min_u64(bt_span_ns(s->io_ns, grown(s->blkio_ns, blkio_ns)), *room_ns);

	if (blkio_ns <= s->blkio_ns)
		return;
	if (s->last.cause == BT_MS_DISK || s->last.cause == BT_MS_PAGING)
		wait_add(s, &s->last, ns, 0, false, 0);
	else
		wait_add(s, &unseen, ns, 1, false, 0);
	*room_ns -= ns;
	s->blkio_ns = blkio_ns;
	s->io_ns = 0;
}

/* Waits for a CPU. What a quota may be the reason of, up to quota_ns, is put down to it: half a guess. */
static void queue_add(struct bt_sampled *s, uint64_t ns, uint64_t *quota_ns)
{
	uint64_t held_ns = min_u64(ns, *quota_ns);

	*quota_ns -= held_ns;
	s->guessed_ns += held_ns / 2;
	bt_totals_add(&s->account.totals, BT_MS_CPU_QUOTA, held_ns);
	bt_totals_add(&s->account.totals, BT_MS_RUN_QUEUE, ns - held_ns);
}

/* Time of a thread that never slept since, and that the kernel has not counted yet. */
static void uncounted_add(struct bt_sampled *s, uint64_t ns, uint64_t tick_ns, uint64_t *quota_ns)
{
	uint64_t oncpu_ns = 0;

	/* On a CPU it would be counted at the next tick at the latest: what is more was a wait for one. */
	if (ns <= tick_ns + tick_ns / 2)
		oncpu_ns = ns;
	s->account.totals.oncpu_ns += oncpu_ns;
	s->oncpu_ahead_ns += (int64_t)oncpu_ns;
	queue_add(s, ns - oncpu_ns, quota_ns);
	s->queue_ahead_ns += (int64_t)(ns - oncpu_ns);
}

void bt_sampled_close(struct bt_sampled *s, const struct bt_reading *r, uint64_t tick_ns)
{
	struct bt_account *a = &s->account;
	bool was_blocked = a->phase == BT_PHASE_BLOCKED;
	uint64_t turns = grown(s->kernel.turns, r->kernel.turns);
	uint64_t room_ns = bt_span_ns(a->since_ns, r->now_ns);
	uint64_t quota_ns = (uint64_t)((double)room_ns * r->quota);
	uint64_t seen_ns = was_blocked ? min_u64(bt_span_ns(a->since_ns, s->seen_ns), room_ns) : 0;
	const struct bt_reason *rest = &s->last;
	bool guess = true;

	/* What was shown stays. */
	room_ns -= seen_ns;
	a->totals.oncpu_ns +=
	    counted_take(grown(s->kernel.oncpu_ns, r->kernel.oncpu_ns), &s->oncpu_ahead_ns, &room_ns);
	queue_add(
	    s,
	    counted_take(grown(s->kernel.run_queue_ns, r->kernel.run_queue_ns), &s->queue_ahead_ns, &room_ns),
	    &quota_ns);
	/* It got a CPU: all of its waits before are counted, and what is not was stolen by a hypervisor. */
	if (turns && s->queue_ahead_ns > 0)
		s->queue_ahead_ns = 0;
	if (seen_ns)
		wait_add(s, &a->reason, seen_ns, 0, s->guess, 0); /* counted when it began */
	if (!bt_sampled_sleeps(s, &r->kernel))
		blkio_add(s, r->blkio_ns, &room_ns);
	if (r->blocked) {
		s->agreed = same_wait(&s->last, &r->reason) ? s->agreed + 1 : 0;
		s->last = r->reason;
		guess = r->guess;
	} else if (was_blocked) {
		guess = s->guess;
	}
	if (!r->blocked && !was_blocked && r->stayed)
		uncounted_add(s, room_ns, tick_ns, &quota_ns);
	else
		wait_add(s, rest, room_ns, turns, guess, 1.0 / (2 + s->agreed));
	a->since_ns = r->now_ns;
	a->phase = r->blocked ? BT_PHASE_BLOCKED : BT_PHASE_ONCPU;
	a->reason = r->blocked ? r->reason : (struct bt_reason){.fd = -1, .syscall = -1};
	s->guess = r->blocked && r->guess;
	s->seen_ns = r->now_ns;
	s->kernel = r->kernel;
}

void bt_sampled_end(struct bt_sampled *s)
{
	s->account.phase = BT_PHASE_DEAD;
}
