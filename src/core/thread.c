/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: their coming and going, and which record is taken for what. */
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "model_internal.h"

#include <utlist.h>

struct bt_thread_entry *bt_thread_get(struct bt_model *m, uint64_t id)
{
	struct bt_thread_entry *t = m->cursor;

	/* Snapshots come in the order of PIDs, as the hash table was filled: mostly the next is the one. */
	if (!t || t->id != id)
		HASH_FIND(hh, m->threads, &id, sizeof(id), t);
	return t;
}

static void thread_seen(struct bt_model *m, struct bt_thread_entry *t)
{
	m->seen += t->epoch != m->epoch;
	t->epoch = m->epoch;
	t->missed = 0;
}

static void cursor_advance(struct bt_model *m, const struct bt_thread_entry *t)
{
	m->cursor = t->hh.next;
}

bool bt_thread_make_budget(struct bt_thread_entry *t)
{
	struct bt_budget *b;

	if (t->budget)
		return true;
	b = calloc(1, sizeof(*b));
	if (!b)
		return false;
	if (t->idle_ns) {
		struct bt_wait w = {.reason = t->open, .ns = t->idle_ns, .count = t->wait_counted};

		b->usage.wall_ns = t->idle_ns;
		bt_totals_add(&b->usage.totals, t->open_ms, t->idle_ns);
		if (t->valid & BT_VALID_GUESS)
			b->usage.guessed_ns = t->idle_ns;
		if (t->blocked)
			bt_ledger_add_wait(&b->ledger, &w);
		t->idle_ns = 0;
	}
	t->budget = b;
	return true;
}

void bt_thread_same(struct bt_model *m, const struct bt_record_head *head)
{
	struct bt_thread_entry *t = bt_thread_get(m, head->id);

	if (!t) {
		m->frame.vanished += !m->until_ns;
		return;
	}
	cursor_advance(m, t);
	if (t->ended)
		return;
	thread_seen(m, t);
	if (m->until_ns)
		bt_thread_idle(m, t, bt_min_u64(head->now_ns, m->until_ns));
	else
		bt_thread_idle(m, t, head->now_ns);
}

/* Has it nothing to tell of the time before the interval's end? */
static bool is_beyond(const struct bt_model *m, const struct bt_thread_entry *t, const struct bt_record *r)
{
	if (bt_record_has_account(r) && r->account.born_ns > m->until_ns)
		return true;
	return t && t->now_ns >= m->until_ns && !bt_record_is_dead(r);
}

/* A record as it would have been read at the interval's end, if nothing happened since; else right after. */
static void cut(const struct bt_model *m, struct bt_record *r)
{
	uint64_t end_ns = m->until_ns;

	if (bt_record_is_dead(r))
		return;
	if (bt_record_has_account(r) && r->account.since_ns > end_ns)
		end_ns = r->account.since_ns;
	r->head.now_ns = bt_min_u64(r->head.now_ns, end_ns);
}

static void process_link(struct bt_model *m, struct bt_process_entry *p, struct bt_thread_entry *t)
{
	/* The process's usage was the thread's own so far. */
	if (p->threads && !p->multi) {
		struct bt_thread_entry *only = p->threads;

		p->multi = true;
		if (p->p.usage.wall_ns) {
			if (bt_thread_make_budget(only)) {
				only->budget->usage = p->p.usage;
				only->budget->usage.active_max_ns = 0;
				if (!bt_ledger_copy(&only->budget->ledger, &p->ledger))
					m->no_memory = true;
			} else {
				m->no_memory = true;
			}
		}
	}
	t->process = p;
	DL_APPEND(p->threads, t);
	p->p.threads++;
}

static struct bt_thread_entry *thread_make(struct bt_model *m, const struct bt_record *r)
{
	struct bt_process_entry *p = bt_process_make(m, r->facts.tgid, r->facts.leader_start_ns);
	struct bt_thread_entry *t = p ? calloc(1, sizeof(*t)) : NULL;

	if (!t)
		return NULL;
	t->last = calloc(1, sizeof(*t->last));
	if (!t->last)
		goto fail;
	t->id = r->head.id;
	t->open_ms = BT_MS_UNKNOWN;
	HASH_ADD(hh, m->threads, id, sizeof(t->id), t);
	if (!m->threads || !t->hh.tbl)
		goto fail;
	process_link(m, p, t);
	return t;
fail:
	free(t->last);
	free(t);
	return NULL;
}

/* CLOCK_MONOTONIC of the birth of a thread first seen now that has no account. */
static uint64_t birth_ns(const struct bt_model *m, const struct bt_record *r)
{
	uint64_t ns = bt_grown(m->boot_offset_ns, r->facts.start_ns);

	if (ns < m->previous_begin_ns)
		ns = m->previous_begin_ns;
	return bt_min_u64(ns, r->head.now_ns);
}

/* A thread first seen after the base. */
static void thread_appear(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	uint64_t reach_ns = bt_record_reach_ns(r);

	if (!bt_record_has_account(r)) {
		bt_thread_step(m, t, r, birth_ns(m, r), true);
	} else if (r->account.born_ns >= m->previous_begin_ns) {
		t->account = true; /* there is no time before it */
		bt_thread_step(m, t, r, r->account.born_ns, true);
	} else if (reach_ns > m->previous_end_ns) {
		/* It was there before and nobody said so: what of its totals belongs here is not to be told.
		 */
		bt_thread_late(m, t, r, m->previous_end_ns);
	} else {
		bt_thread_base(m, t, r); /* a zombie: its time is over */
	}
}

/* A record of a thread whose time is over. */
static void thread_after_end(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	bool leader = r->head.tid == r->facts.tgid;

	if (r->head.type == BT_RECORD_ENDED) {
		if (leader)
			t->process->p.exit_code = r->facts.exit_code;
	} else if (bt_record_is_dead(r)) {
		t->zombie = true;
		thread_seen(m, t);
		t->state = r->facts.state;
		if (leader)
			t->process->leader = t;
		bt_process_describe(t->process, t, r);
	}
	/* Anything else is older than the end. */
}

static void take(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r, bool base)
{
	bool fresh = !t;

	if (r->head.type == BT_RECORD_THREAD && t)
		cursor_advance(m, t);
	if (t && t->ended) {
		thread_after_end(m, t, r);
		return;
	}
	if (!t)
		t = thread_make(m, r);
	if (!t) {
		m->no_memory = true;
		m->frame.vanished++;
		return;
	}
	thread_seen(m, t);
	if (bt_record_has_account(r) && r->facts.start_ns > r->account.born_ns &&
	    r->facts.start_ns - r->account.born_ns > m->boot_offset_ns)
		m->boot_offset_ns = r->facts.start_ns - r->account.born_ns;
	if (base)
		bt_thread_base(m, t, r);
	else if (fresh)
		thread_appear(m, t, r);
	else
		bt_thread_step(m, t, r, t->now_ns, false);
	bt_thread_describe(t, r);
	bt_process_describe(t->process, t, r);
	if (bt_record_is_dead(r)) {
		bool long_ago = base || (fresh && bt_record_reach_ns(r) <= m->previous_begin_ns);

		bt_thread_end(t);
		t->zombie = r->head.type == BT_RECORD_THREAD;
		if (long_ago) {
			t->ended_before = true;
			t->process->p.threads_ended--;
		}
	}
}

void bt_thread_take(struct bt_model *m, const struct bt_record *r, bool base)
{
	struct bt_thread_entry *t = bt_thread_get(m, r->head.id);
	struct bt_record before_end;

	if (!m->until_ns) {
		take(m, t, r, base);
	} else if (!is_beyond(m, t, r)) {
		before_end = *r;
		cut(m, &before_end);
		take(m, t, &before_end, base);
	} else if (t) {
		thread_seen(m, t);
	}
}

void bt_thread_end(struct bt_thread_entry *t)
{
	struct bt_process_entry *p = t->process;

	bt_process_stir(p);
	t->ended = true;
	t->open_ms = BT_MS_NONE;
	t->blocked = false;
	p->p.threads--;
	p->p.threads_ended++;
	p->p.usage.active_ended_ns += t->active_ns;
	p->living_runtime_ns -= t->runtime_ns;
	p->ended_runtime_ns += t->runtime_ns;
	free(t->last);
	t->last = NULL;
	free(t->history);
	t->history = NULL;
}

static void budget_free(struct bt_thread_entry *t)
{
	if (!t->budget)
		return;
	bt_ledger_free(&t->budget->ledger);
	free(t->budget);
	t->budget = NULL;
}

void bt_thread_begin(struct bt_thread_entry *t)
{
	t->idle_ns = 0;
	t->active_ns = 0;
	t->own_ns = 0;
	t->wait_counted = false;
	if (t->locks)
		memset(t->locks->held, 0, sizeof(t->locks->held));
	if (!t->budget)
		return;
	/* Idle for an interval: it will be for the next. */
	if (!t->process->multi || !t->budget->usage.valid) {
		budget_free(t);
		return;
	}
	memset(&t->budget->usage, 0, sizeof(t->budget->usage));
	bt_ledger_begin(&t->budget->ledger);
}

void bt_thread_free(struct bt_model *m, struct bt_thread_entry *t)
{
	if (m->cursor == t)
		m->cursor = t->hh.next;
	HASH_DELETE(hh, m->threads, t);
	if (t->process) {
		if (t->process->leader == t)
			t->process->leader = NULL;
		DL_DELETE(t->process->threads, t);
	}
	budget_free(t);
	free(t->last);
	free(t->history);
	free(t->locks);
	free(t);
}
