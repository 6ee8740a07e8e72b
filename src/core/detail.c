/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bursts that ended and what was waited for, from one record of a thread to the next. */
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"
#include "waits.h"

static void wait_add(struct bt_model *m, struct bt_thread_entry *t, const struct bt_wait *w)
{
	if (!bt_ledger_add_wait(&t->process->ledger, w) ||
	    (t->budget && !bt_ledger_add_wait(&t->budget->ledger, w)))
		m->no_memory = true;
}

static const struct bt_history no_history;

static void history_set(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	const struct bt_account *a = &r->account;

	/* Most threads of an idle host have slept since before we came. */
	if (!t->history) {
		if (!memcmp(&a->bursts, &no_history.bursts, sizeof(a->bursts)) && !a->waits[0].count)
			return;
		t->history = calloc(1, sizeof(*t->history));
	}
	if (!t->history) {
		m->no_memory = true;
		return;
	}
	t->history->bursts = a->bursts;
	memcpy(t->history->waits, a->waits, sizeof(t->history->waits));
}

static void bursts_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	const struct bt_bursts *before = t->history ? &t->history->bursts : &no_history.bursts;
	const struct bt_bursts *now = &r->account.bursts;
	struct bt_bursts d;

	if (!memcmp(before, now, sizeof(*now)))
		return;
	for (unsigned int i = 0; i < BT_BURST_BUCKETS; i++) {
		d.cpu[i] = now->cpu[i] > before->cpu[i] ? now->cpu[i] - before->cpu[i] : 0;
		d.io[i] = now->io[i] > before->io[i] ? now->io[i] - before->io[i] : 0;
	}
	if (!bt_ledger_add_bursts(&t->process->ledger, &d) ||
	    (t->budget && !bt_ledger_add_bursts(&t->budget->ledger, &d)))
		m->no_memory = true;
}

/* Waits that ended since the last record. Of the one that was open then, a part is counted already. */
static void closed_waits_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
			      bool open_ended)
{
	const struct bt_history *before = t->history ? t->history : &no_history;

	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++) {
		struct bt_wait w = r->account.waits[i];

		for (unsigned int k = 0; k < BT_WAIT_SLOTS; k++) {
			const struct bt_wait *b = &before->waits[k];

			if (b->count && bt_wait_same(&b->reason, &w.reason) && b->count <= w.count &&
			    b->ns <= w.ns) {
				w.ns -= b->ns;
				w.count -= b->count;
				break;
			}
		}
		if (!w.count)
			continue;
		/* Its cause may have been decided at the wake only. */
		if (open_ended && t->blocked && w.reason.object == t->open.object &&
		    w.reason.syscall == t->open.syscall) {
			w.ns -= bt_min_u64(w.ns, t->open_counted_ns);
			w.count -= t->wait_counted;
			open_ended = false;
		}
		wait_add(m, t, &w);
	}
}

/* The wait that is open now, up to to_ns; count = false: only take note of it. */
static void open_wait_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
			   uint64_t to_ns, bool count)
{
	const struct bt_account *a = &r->account;
	bool blocked = a->phase == BT_PHASE_BLOCKED || a->phase == BT_PHASE_WOKEN;
	bool same = t->blocked && t->open_since_ns == a->since_ns;
	uint64_t reach_ns = a->phase == BT_PHASE_WOKEN ? bt_min_u64(a->woken_ns, to_ns) : to_ns;

	if (blocked) {
		uint64_t ns = bt_grown(a->since_ns, reach_ns);
		struct bt_wait w = {.reason = a->reason, .count = 1};

		w.ns = same ? bt_grown(t->open_counted_ns, ns) : ns;
		if (same && t->wait_counted)
			w.count = 0;
		if (count)
			wait_add(m, t, &w);
		t->wait_counted = count;
		t->open_counted_ns = ns;
	}
	t->blocked = blocked;
	t->open_since_ns = a->since_ns;
	t->open = a->reason;
}

void bt_thread_detail(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		      uint64_t to_ns, bool count)
{
	if (count && (r->head.valid & BT_VALID_BURSTS))
		bursts_step(m, t, r);
	if (count && (r->head.valid & BT_VALID_WAITS))
		closed_waits_step(m, t, r, t->open_since_ns != r->account.since_ns);
	open_wait_step(m, t, r, to_ns, count);
	if (!bt_record_is_dead(r))
		history_set(m, t, r);
}

void bt_thread_detail_idle(struct bt_model *m, struct bt_thread_entry *t, uint64_t span_ns)
{
	struct bt_wait w = {.reason = t->open, .ns = span_ns, .count = !t->wait_counted};

	t->open_counted_ns += span_ns;
	t->wait_counted = true;
	wait_add(m, t, &w);
}
