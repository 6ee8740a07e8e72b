/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bursts that ended and what was waited for, from one record of a thread to the next. */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "model_internal.h"
#include "waits.h"

static void wait_add(struct bt_model *m, struct bt_thread_entry *t, const struct bt_wait *w)
{
	if (!bt_ledger_add_wait(&t->process->ledger, w) ||
	    (t->budget && !bt_ledger_add_wait(&t->budget->ledger, w)))
		m->no_memory = true;
}

/* What a history holds, with the zeros. */
struct detail {
	uint32_t buckets[2 * BT_BURST_BUCKETS]; /* as struct bt_bursts has them: cpu, io */
	uint32_t wait_count;
	struct bt_wait waits[BT_WAIT_SLOTS];
};

_Static_assert(sizeof(struct bt_bursts) == sizeof(((struct detail *)0)->buckets), "no padding in bursts");
_Static_assert(2 * BT_BURST_BUCKETS <= 64, "bits of bt_history.buckets");

static uint32_t *history_buckets(struct bt_history *h)
{
	return (uint32_t *)(void *)(h->waits + h->wait_count);
}

static void history_unpack(struct bt_history *h, struct detail *out)
{
	const uint32_t *counts;

	memset(out, 0, sizeof(*out));
	if (!h)
		return;
	out->wait_count = h->wait_count;
	memcpy(out->waits, h->waits, h->wait_count * sizeof(h->waits[0]));
	counts = history_buckets(h);
	for (uint64_t left = h->buckets; left; left &= left - 1)
		out->buckets[__builtin_ctzll(left)] = *counts++;
}

static void history_set(struct bt_model *m, struct bt_thread_entry *t, const struct bt_account *a)
{
	struct bt_history *h = t->history;
	uint32_t buckets[2 * BT_BURST_BUCKETS];
	uint32_t bucket_count = 0;
	uint32_t wait_count = 0;
	uint64_t used = 0;
	uint32_t *counts;

	memcpy(buckets, &a->bursts, sizeof(buckets));
	for (unsigned int i = 0; i < 2 * BT_BURST_BUCKETS; i++)
		used |= (uint64_t)(buckets[i] != 0) << i;
	bucket_count = (uint32_t)__builtin_popcountll(used);
	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++)
		wait_count += a->waits[i].count != 0;
	if (!h && !bucket_count && !wait_count)
		return;
	if (!h || h->bucket_count != bucket_count || h->wait_count != wait_count) {
		h = realloc(h,
			    sizeof(*h) + wait_count * sizeof(h->waits[0]) + bucket_count * sizeof(*counts));
		if (!h) {
			m->no_memory = true;
			return;
		}
		t->history = h;
	}
	h->buckets = used;
	h->bucket_count = bucket_count;
	h->wait_count = wait_count;
	wait_count = 0;
	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++)
		if (a->waits[i].count)
			h->waits[wait_count++] = a->waits[i];
	counts = history_buckets(h);
	for (uint64_t left = used; left; left &= left - 1)
		*counts++ = buckets[__builtin_ctzll(left)];
}

static void bursts_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_account *a,
			const struct detail *before)
{
	uint32_t buckets[2 * BT_BURST_BUCKETS];
	struct bt_bursts d;

	if (!memcmp(before->buckets, &a->bursts, sizeof(buckets)))
		return;
	memcpy(buckets, &a->bursts, sizeof(buckets));
	for (unsigned int i = 0; i < 2 * BT_BURST_BUCKETS; i++)
		buckets[i] = buckets[i] > before->buckets[i] ? buckets[i] - before->buckets[i] : 0;
	memcpy(&d, buckets, sizeof(d));
	if (!bt_ledger_add_bursts(&t->process->ledger, &d) ||
	    (t->budget && !bt_ledger_add_bursts(&t->budget->ledger, &d)))
		m->no_memory = true;
}

/* Which of the waits that ended is the one that was open before; BT_WAIT_SLOTS: none of them. */
static unsigned int open_wait_find(const struct bt_thread_entry *t, const struct bt_wait *ended)
{
	unsigned int found = BT_WAIT_SLOTS;

	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++) {
		if (!ended[i].count || ended[i].reason.object != t->open.object ||
		    ended[i].reason.syscall != t->open.syscall)
			continue;
		/* Its cause may have been decided at the wake only. */
		if (found == BT_WAIT_SLOTS || ended[i].reason.cause == t->open.cause)
			found = i;
	}
	return found;
}

/* Waits that ended since the last record. Of the one that was open then, a part is counted already. */
static void closed_waits_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_account *a,
			      const struct detail *before)
{
	struct bt_wait ended[BT_WAIT_SLOTS];

	memcpy(ended, a->waits, sizeof(ended));
	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++) {
		struct bt_wait *w = &ended[i];

		for (unsigned int k = 0; w->count && k < before->wait_count; k++) {
			const struct bt_wait *b = &before->waits[k];

			/* A slot that was given away and came back began at nothing. */
			if (bt_wait_same(&b->reason, &w->reason) && b->count <= w->count && b->ns <= w->ns) {
				w->ns -= b->ns;
				w->count -= b->count;
				break;
			}
		}
	}
	if (t->blocked && t->open_since_ns != a->since_ns) {
		unsigned int i = open_wait_find(t, ended);

		if (i < BT_WAIT_SLOTS) {
			ended[i].ns -= bt_min_u64(ended[i].ns, t->open_counted_ns);
			ended[i].count -= t->wait_counted;
			if (!t->held)
				wait_add(m, t, &ended[i]);
			ended[i].count = 0;
		}
		t->held = false;
	}
	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++)
		if (ended[i].count)
			wait_add(m, t, &ended[i]);
}

/* The wait that is open now, up to to_ns; count = false: only take note of it. */
static void open_wait_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
			   uint64_t to_ns, bool count)
{
	const struct bt_account *a = &r->account;
	bool blocked = a->phase == BT_PHASE_BLOCKED || a->phase == BT_PHASE_WOKEN;
	bool same = t->blocked && t->open_since_ns == a->since_ns;
	uint64_t reach_ns = a->phase == BT_PHASE_WOKEN ? bt_account_woken_ns(a, to_ns) : to_ns;

	if (blocked) {
		uint64_t ns = bt_grown(a->since_ns, reach_ns);
		struct bt_wait w = {.reason = a->reason, .count = 1};

		w.ns = same ? bt_grown(t->open_counted_ns, ns) : ns;
		if (a->phase == BT_PHASE_WOKEN) {
			w.waker_pid = a->waker_pid;
			w.reason.cause = a->woken_cause;
		}
		if (same && t->wait_counted)
			w.count = 0;
		if (count && !(same && t->held))
			wait_add(m, t, &w);
		t->wait_counted = count;
		t->open_counted_ns = ns;
	}
	t->blocked = blocked;
	t->open_since_ns = a->since_ns;
	t->open = a->reason;
	if (a->phase == BT_PHASE_WOKEN)
		t->open.cause = a->woken_cause;
}

/* What h has grown by since; one that was given away and came back began at nothing. */
static uint64_t held_grown_ns(const struct bt_held before[BT_HELD_SLOTS], const struct bt_held *h)
{
	for (unsigned int i = 0; i < BT_HELD_SLOTS; i++)
		if (before[i].ns && before[i].object == h->object && before[i].ns <= h->ns)
			return h->ns - before[i].ns;
	return h->ns;
}

static void held_add(struct bt_held list[BT_HELD_SLOTS], uint64_t object, uint64_t ns)
{
	struct bt_held *least = &list[0];

	for (unsigned int i = 0; i < BT_HELD_SLOTS; i++) {
		if (list[i].ns && list[i].object == object) {
			list[i].ns += ns;
			return;
		}
		if (list[i].ns < least->ns)
			least = &list[i];
	}
	if (ns > least->ns)
		*least = (struct bt_held){.object = object, .ns = ns};
}

void bt_thread_locks(struct bt_model *m, struct bt_thread_entry *t, const struct bt_account *a, bool count)
{
	bool any = false;

	for (unsigned int i = 0; i < BT_HELD_SLOTS; i++)
		any |= a->held[i].ns != 0;
	if (!any)
		return;
	if (!t->locks)
		t->locks = calloc(1, sizeof(*t->locks));
	if (!t->locks) {
		m->no_memory = true;
		return;
	}
	for (unsigned int i = 0; count && i < BT_HELD_SLOTS; i++)
		held_add(t->locks->held, a->held[i].object, held_grown_ns(t->locks->before, &a->held[i]));
	memcpy(t->locks->before, a->held, sizeof(a->held));
}

void bt_thread_detail(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		      uint64_t to_ns, bool count)
{
	if (count) {
		struct detail before;

		history_unpack(t->history, &before);
		if (r->head.valid & BT_VALID_BURSTS)
			bursts_step(m, t, &r->account, &before);
		if (r->head.valid & BT_VALID_WAITS)
			closed_waits_step(m, t, &r->account, &before);
	}
	open_wait_step(m, t, r, to_ns, count);
	if (r->head.valid & BT_VALID_WAITS)
		bt_thread_locks(m, t, &r->account, count);
	if (!bt_record_is_dead(r))
		history_set(m, t, &r->account);
}

void bt_thread_detail_idle(struct bt_model *m, struct bt_thread_entry *t, uint64_t span_ns)
{
	struct bt_wait w = {.reason = t->open, .ns = span_ns, .count = !t->wait_counted};

	t->open_counted_ns += span_ns;
	t->wait_counted = true;
	wait_add(m, t, &w);
}
