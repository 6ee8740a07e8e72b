/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One thread: what it did from one record to the next. */
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"
#include "names.h"
#include "waits.h"

#include <utlist.h>

/* What a thread did between two records. */
struct step {
	uint64_t from_ns, to_ns;
	struct bt_usage usage;
};

static uint64_t min_u64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Counters only grow; one that shrank begins anew at nothing. */
static uint64_t grown(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static bool has_account(const struct bt_record *r)
{
	return (r->head.valid & BT_VALID_ACCOUNT) && r->account.phase != BT_PHASE_NONE &&
	       r->account.phase != BT_PHASE_SEEDING;
}

static bool is_dead(const struct bt_record *r)
{
	return r->head.type == BT_RECORD_ENDED || (has_account(r) && r->account.phase == BT_PHASE_DEAD);
}

/* Up to when a record tells of the thread's time. */
static uint64_t record_reach_ns(const struct bt_record *r)
{
	if (has_account(r) && r->account.phase == BT_PHASE_DEAD)
		return r->account.since_ns;
	return r->head.now_ns;
}

struct bt_thread_entry *bt_thread_get(struct bt_model *m, uint64_t id)
{
	struct bt_thread_entry *t = m->cursor;

	/* Snapshots come in the order of PIDs, as the hash table was filled: mostly the next is the one. */
	if (!t || t->id != id)
		HASH_FIND(hh, m->threads, &id, sizeof(id), t);
	return t;
}

static void cursor_advance(struct bt_model *m, const struct bt_thread_entry *t)
{
	m->cursor = t->hh.next;
}

/* Adds to the interval of a thread that has a budget, and of its process. */
static void sums_add(struct bt_usage *u, const struct bt_usage *d)
{
	u->wall_ns += d->wall_ns;
	u->totals.oncpu_ns += d->totals.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		u->totals.offcpu_ns[i] += d->totals.offcpu_ns[i];
	u->residual_ns += d->residual_ns;
	u->utime_ns += d->utime_ns;
	u->stime_ns += d->stime_ns;
	u->voluntary += d->voluntary;
	u->involuntary += d->involuntary;
	u->major_faults += d->major_faults;
	u->read_bytes += d->read_bytes;
	u->write_bytes += d->write_bytes;
	u->rchar += d->rchar;
	u->wchar += d->wchar;
}

/* valid tells a budget that was used in the interval from one that only idled. */
static void budget_add(struct bt_budget *b, const struct bt_usage *d, uint8_t valid)
{
	b->usage.valid = b->usage.valid ? b->usage.valid & valid : valid;
	sums_add(&b->usage, d);
}

static void presence_extend(struct bt_process *p, uint64_t from_ns, uint64_t to_ns)
{
	if (from_ns < p->begin_ns)
		p->begin_ns = from_ns;
	if (to_ns > p->end_ns)
		p->end_ns = to_ns;
}

static void active_add(struct bt_thread_entry *t, uint64_t ns)
{
	struct bt_usage *u = &t->process->p.usage;

	t->active_ns += ns;
	if (t->active_ns > u->active_max_ns)
		u->active_max_ns = t->active_ns;
}

static void wait_add(struct bt_model *m, struct bt_thread_entry *t, const struct bt_wait *w)
{
	if (!bt_ledger_add_wait(&t->process->ledger, w) ||
	    (t->budget && !bt_ledger_add_wait(&t->budget->ledger, w)))
		m->no_memory = true;
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
		if (t->blocked)
			bt_ledger_add_wait(&b->ledger, &w);
		t->idle_ns = 0;
	}
	t->budget = b;
	return true;
}

/* The time of an idle thread: one microstate, and the wait that is open. */
void bt_thread_same(struct bt_model *m, const struct bt_record_head *head)
{
	struct bt_thread_entry *t = bt_thread_get(m, head->id);
	struct bt_process *p;
	uint64_t span_ns;

	if (!t) {
		m->frame.vanished++;
		return;
	}
	cursor_advance(m, t);
	if (t->ended)
		return;
	t->epoch = m->epoch;
	t->missed = 0;
	p = &t->process->p;
	span_ns = grown(t->now_ns, head->now_ns);
	presence_extend(p, t->now_ns, head->now_ns);
	t->now_ns += span_ns;
	t->same_ns += span_ns;
	t->process->valid &= t->valid;
	t->process->valid_any |= t->valid;
	p->usage.wall_ns += span_ns;
	if (t->open_ms < BT_OFFCPU_FIRST)
		p->usage.totals.oncpu_ns += span_ns;
	else
		bt_totals_add(&p->usage.totals, t->open_ms, span_ns);
	if (bt_microstate_group(t->open_ms) < BT_GROUP_IDLE)
		active_add(t, span_ns);
	if (t->process->multi && !t->budget && t->open_ms < BT_OFFCPU_FIRST && !bt_thread_make_budget(t))
		m->no_memory = true;
	if (t->budget) {
		t->budget->usage.wall_ns += span_ns;
		if (t->open_ms < BT_OFFCPU_FIRST)
			t->budget->usage.totals.oncpu_ns += span_ns;
		else
			bt_totals_add(&t->budget->usage.totals, t->open_ms, span_ns);
	} else if (t->process->multi) {
		t->idle_ns += span_ns;
	}
	if (t->blocked) {
		struct bt_wait w = {.reason = t->open, .ns = span_ns, .count = !t->wait_counted};

		t->open_counted_ns += span_ns;
		t->wait_counted = true;
		wait_add(m, t, &w);
	}
}

/* Totals as they were when the thread was last heard of. */
static void totals_before(const struct bt_thread_entry *t, struct bt_totals *out)
{
	if (out != &t->last->totals)
		*out = t->last->totals;
	if (t->open_ms < BT_OFFCPU_FIRST)
		out->oncpu_ns += t->same_ns;
	else
		bt_totals_add(out, t->open_ms, t->same_ns);
}

/* Part of the time that is accounted for now was shown when the account could not be read. */
static void step_scale(struct step *s, uint64_t sum_ns)
{
	double scale = (double)s->usage.wall_ns / (double)sum_ns;

	s->usage.totals.oncpu_ns = (uint64_t)((double)s->usage.totals.oncpu_ns * scale);
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		s->usage.totals.offcpu_ns[i] = (uint64_t)((double)s->usage.totals.offcpu_ns[i] * scale);
}

/* Microstates from s->from_ns to s->to_ns, by the account. */
static void step_account(struct bt_thread_entry *t, const struct bt_record *r, struct step *s)
{
	struct bt_totals before, now;
	uint64_t born_ns = r->account.born_ns;
	uint64_t sum_ns;

	totals_before(t, &before);
	bt_account_totals_at(&r->account, s->to_ns, &now);
	/* An account that is younger than the thread as we know it begins at nothing. */
	if (!t->account && born_ns >= s->from_ns) {
		before = (struct bt_totals){0};
		bt_totals_add(&s->usage.totals, BT_MS_UNKNOWN,
			      min_u64(born_ns - s->from_ns, s->usage.wall_ns));
	}
	s->usage.totals.oncpu_ns = grown(before.oncpu_ns, now.oncpu_ns);
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		s->usage.totals.offcpu_ns[i] += grown(before.offcpu_ns[i], now.offcpu_ns[i]);
	sum_ns = bt_totals_sum_ns(&s->usage.totals);
	if (t->torn && sum_ns > s->usage.wall_ns)
		step_scale(s, sum_ns);
	else
		s->usage.residual_ns =
		    sum_ns > s->usage.wall_ns ? sum_ns - s->usage.wall_ns : s->usage.wall_ns - sum_ns;
	t->last->totals = now;
	t->torn = false;
}

/*
 * Without an account, only the time on the CPU is known, as the kernel counts it; the rest nobody knows. But
 * a new thread that never ran has waited for a CPU since its birth: the account is made when it gets one.
 */
static void step_no_account(struct bt_thread_entry *t, const struct bt_record *r, struct step *s,
			    bool newborn)
{
	uint64_t wall_ns = s->usage.wall_ns;
	bool measured = r->head.valid & BT_VALID_RUNTIME;

	if (newborn && measured && !r->facts.runtime_ns) {
		bt_totals_add(&s->usage.totals, BT_MS_RUN_QUEUE, wall_ns);
	} else {
		if (measured)
			s->usage.totals.oncpu_ns =
			    min_u64(grown(t->runtime_ns, r->facts.runtime_ns), wall_ns);
		bt_totals_add(&s->usage.totals, BT_MS_UNKNOWN, wall_ns - s->usage.totals.oncpu_ns);
	}
	/* What is shown now is not shown again when there is an account. */
	totals_before(t, &t->last->totals);
	t->same_ns = 0;
	t->last->totals.oncpu_ns += s->usage.totals.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		t->last->totals.offcpu_ns[i] += s->usage.totals.offcpu_ns[i];
	t->torn = true;
}

/* What the kernel counts by itself. */
static void step_facts(struct bt_counters *last, const struct bt_record *r, struct bt_usage *u)
{
	const struct bt_facts *f = &r->facts;

#define BT_GROWN(field)                                                                                      \
	do {                                                                                                 \
		u->field = grown(last->field, f->field);                                                     \
		last->field = f->field;                                                                      \
	} while (0)
	if (r->head.valid & BT_VALID_TICKS) {
		BT_GROWN(utime_ns);
		BT_GROWN(stime_ns);
	}
	if (r->head.valid & BT_VALID_IO) {
		BT_GROWN(read_bytes);
		BT_GROWN(write_bytes);
		BT_GROWN(rchar);
		BT_GROWN(wchar);
	}
	BT_GROWN(voluntary);
	BT_GROWN(involuntary);
	BT_GROWN(major_faults);
#undef BT_GROWN
}

static const struct bt_history no_history;

/* Where the last bursts and waits are kept; NULL: nothing but zeros, or no memory. */
static struct bt_history *history_make(struct bt_model *m, struct bt_thread_entry *t,
				       const struct bt_record *r)
{
	const struct bt_account *a = &r->account;

	if (!t->history && (memcmp(&a->bursts, &no_history.bursts, sizeof(a->bursts)) || a->waits[0].count)) {
		t->history = calloc(1, sizeof(*t->history));
		if (!t->history)
			m->no_memory = true;
	}
	return t->history;
}

static void history_set(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	if (!history_make(m, t, r))
		return;
	t->history->bursts = r->account.bursts;
	memcpy(t->history->waits, r->account.waits, sizeof(t->history->waits));
}

static void step_bursts(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
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
static void step_closed_waits(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
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
			w.ns -= min_u64(w.ns, t->open_counted_ns);
			w.count -= t->wait_counted;
			open_ended = false;
		}
		wait_add(m, t, &w);
	}
}

/* The wait that is open now, up to to_ns; count = false: only take note of it. */
static void step_open_wait(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
			   uint64_t to_ns, bool count)
{
	const struct bt_account *a = &r->account;
	bool blocked = a->phase == BT_PHASE_BLOCKED || a->phase == BT_PHASE_WOKEN;
	bool same = t->blocked && t->open_since_ns == a->since_ns;
	uint64_t reach_ns = a->phase == BT_PHASE_WOKEN ? min_u64(a->woken_ns, to_ns) : to_ns;

	if (blocked) {
		uint64_t ns = grown(a->since_ns, reach_ns);
		struct bt_wait w = {.reason = a->reason, .count = 1};

		w.ns = same ? grown(t->open_counted_ns, ns) : ns;
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

static uint8_t open_microstate(const struct bt_account *a)
{
	switch (a->phase) {
	case BT_PHASE_ONCPU:
		return BT_MS_USER;
	case BT_PHASE_RUNNABLE:
	case BT_PHASE_BLOCKED:
		return a->reason.cause >= BT_OFFCPU_FIRST && a->reason.cause < BT_MS_COUNT ? a->reason.cause
											   : BT_MS_UNKNOWN;
	case BT_PHASE_WOKEN:
		return BT_MS_RUN_QUEUE;
	default:
		return BT_MS_NONE;
	}
}

/* Takes note of what r says, for the next step to begin at. */
static void thread_describe(struct bt_thread_entry *t, const struct bt_record *r)
{
	struct bt_process_entry *p = t->process;
	uint64_t runtime_ns = r->facts.runtime_ns;

	if (!(r->head.valid & BT_VALID_RUNTIME))
		runtime_ns = r->head.valid & BT_VALID_TICKS ? r->facts.utime_ns + r->facts.stime_ns
							    : t->last->totals.oncpu_ns;
	if (!t->ended)
		p->living_runtime_ns += runtime_ns - t->runtime_ns;
	t->runtime_ns = runtime_ns;
	t->tid = r->head.tid;
	t->state = r->facts.state;
	t->nice = r->facts.nice;
	t->valid = r->head.valid;
	memcpy(t->comm, r->facts.comm, sizeof(t->comm));
	if (has_account(r)) {
		t->open_ms = open_microstate(&r->account);
		t->same_ns = 0;
		t->account = true;
	} else if (!t->account) {
		t->open_ms = BT_MS_UNKNOWN;
		t->same_ns = 0;
	}
}

/* The thread's time from s->from_ns to where r reaches. */
static void thread_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
			uint64_t from_ns, bool newborn)
{
	struct bt_process_entry *p = t->process;
	struct step s = {.from_ns = from_ns, .to_ns = record_reach_ns(r)};
	bool account = has_account(r);

	if (p->multi && !bt_thread_make_budget(t))
		m->no_memory = true;
	s.usage.wall_ns = grown(s.from_ns, s.to_ns);
	if (account)
		step_account(t, r, &s);
	else
		step_no_account(t, r, &s, newborn);
	step_facts(t->last, r, &s.usage);
	sums_add(&p->p.usage, &s.usage);
	if (t->budget)
		budget_add(t->budget, &s.usage, r->head.valid);
	active_add(t, bt_totals_active_ns(&s.usage.totals));
	p->valid &= r->head.valid;
	p->valid_any |= r->head.valid;
	presence_extend(&p->p, s.from_ns, s.to_ns);
	t->now_ns = s.to_ns > t->now_ns ? s.to_ns : t->now_ns;
	if (account) {
		bool open_ended = t->open_since_ns != r->account.since_ns;

		if (r->head.valid & BT_VALID_BURSTS)
			step_bursts(m, t, r);
		if (r->head.valid & BT_VALID_WAITS)
			step_closed_waits(m, t, r, open_ended);
		step_open_wait(m, t, r, s.to_ns, true);
		if (!is_dead(r))
			history_set(m, t, r);
	}
}

/* The figures of r are where the thread's interval begins. */
static void thread_base(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	struct bt_usage nothing;

	t->now_ns = record_reach_ns(r);
	step_facts(t->last, r, &nothing);
	if (!has_account(r))
		return;
	bt_account_totals_at(&r->account, t->now_ns, &t->last->totals);
	step_open_wait(m, t, r, t->now_ns, false);
	if (!is_dead(r))
		history_set(m, t, r);
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
	uint64_t ns = grown(m->boot_offset_ns, r->facts.start_ns);

	if (ns < m->previous_begin_ns)
		ns = m->previous_begin_ns;
	return min_u64(ns, r->head.now_ns);
}

/* A thread first seen after the base. */
static void thread_appear(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	uint64_t reach_ns = record_reach_ns(r);

	if (!has_account(r)) {
		thread_step(m, t, r, birth_ns(m, r), true);
	} else if (r->account.born_ns >= m->previous_begin_ns) {
		t->account = true; /* there is no time before it */
		thread_step(m, t, r, r->account.born_ns, true);
	} else if (reach_ns > m->previous_end_ns) {
		/* It was there before and nobody said so: what of its totals belongs here is not to be told.
		 */
		struct bt_usage u = {.wall_ns = reach_ns - m->previous_end_ns};

		bt_totals_add(&u.totals, BT_MS_UNKNOWN, u.wall_ns);
		thread_base(m, t, r);
		if (t->process->multi && !bt_thread_make_budget(t))
			m->no_memory = true;
		sums_add(&t->process->p.usage, &u);
		if (t->budget)
			budget_add(t->budget, &u, r->head.valid);
		t->process->valid &= r->head.valid;
		presence_extend(&t->process->p, m->previous_end_ns, reach_ns);
	} else {
		thread_base(m, t, r); /* a zombie: its time is over */
	}
}

/* A record of a thread whose time is over. */
static void thread_after_end(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	bool leader = r->head.tid == r->facts.tgid;

	if (r->head.type == BT_RECORD_ENDED) {
		if (leader)
			t->process->p.exit_code = r->facts.exit_code;
	} else if (is_dead(r)) {
		t->zombie = true;
		t->epoch = m->epoch;
		t->state = r->facts.state;
		if (leader)
			t->process->leader = t;
		bt_process_describe(t->process, t, r);
	}
	/* Anything else is older than the end. */
}

void bt_thread_take(struct bt_model *m, const struct bt_record *r, bool base)
{
	struct bt_thread_entry *t = bt_thread_get(m, r->head.id);
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
	t->epoch = m->epoch;
	t->missed = 0;
	if (has_account(r) && r->facts.start_ns > r->account.born_ns &&
	    r->facts.start_ns - r->account.born_ns > m->boot_offset_ns)
		m->boot_offset_ns = r->facts.start_ns - r->account.born_ns;
	if (base)
		thread_base(m, t, r);
	else if (fresh)
		thread_appear(m, t, r);
	else
		thread_step(m, t, r, t->now_ns, false);
	thread_describe(t, r);
	bt_process_describe(t->process, t, r);
	if (is_dead(r)) {
		bool long_ago = base || (fresh && record_reach_ns(r) <= m->previous_begin_ns);

		bt_thread_end(t);
		t->zombie = r->head.type == BT_RECORD_THREAD;
		if (long_ago) {
			t->ended_before = true;
			t->process->p.threads_ended--;
		}
	}
}

void bt_thread_end(struct bt_thread_entry *t)
{
	struct bt_process_entry *p = t->process;

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
	t->wait_counted = false;
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
	free(t);
}
