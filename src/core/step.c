/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread did from one record to the next. */
#include <string.h>

#include "account_reader.h"
#include "model_internal.h"
#include "names.h"

/* What a thread did between two records. */
struct step {
	uint64_t from_ns, to_ns;
	struct bt_usage usage;
	/* Of the time that was shown already, so much is in the usage again, and in which wait. */
	uint64_t twice_ns;
	unsigned int twice_ms;
};

static void sums_add(struct bt_usage *u, const struct bt_usage *d)
{
	u->wall_ns += d->wall_ns;
	u->totals.oncpu_ns += d->totals.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		u->totals.offcpu_ns[i] += d->totals.offcpu_ns[i];
	u->guessed_ns += d->guessed_ns;
	u->residual_ns += d->residual_ns;
	u->utime_ns += d->utime_ns;
	u->stime_ns += d->stime_ns;
	u->voluntary += d->voluntary;
	u->involuntary += d->involuntary;
	u->minor_faults += d->minor_faults;
	u->major_faults += d->major_faults;
	u->read_bytes += d->read_bytes;
	u->write_bytes += d->write_bytes;
	u->rchar += d->rchar;
	u->wchar += d->wchar;
}

/* A span of one microstate. */
static void span_add(struct bt_usage *u, unsigned int ms, uint64_t ns)
{
	u->wall_ns += ns;
	if (ms < BT_OFFCPU_FIRST)
		u->totals.oncpu_ns += ns;
	else
		bt_totals_add(&u->totals, ms, ns);
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

static void valid_add(struct bt_process_entry *p, uint8_t valid)
{
	p->valid &= valid;
	p->valid_any |= valid;
}

/* Adds to the interval of the thread and of its process. */
static void step_add(struct bt_model *m, struct bt_thread_entry *t, const struct step *s, uint8_t valid)
{
	struct bt_process_entry *p = t->process;

	if (p->multi && !bt_thread_make_budget(t))
		m->no_memory = true;
	sums_add(&p->p.usage, &s->usage);
	if (t->budget) {
		struct bt_usage *u = &t->budget->usage;

		/* This tells a budget that was used in the interval from one that only idled, too. */
		u->valid = u->valid ? u->valid & valid : valid;
		sums_add(u, &s->usage);
	}
	active_add(t, bt_totals_active_ns(&s->usage.totals));
	valid_add(p, valid);
	presence_extend(&p->p, s->from_ns, s->to_ns);
	if (s->to_ns > t->now_ns)
		t->now_ns = s->to_ns;
}

void bt_thread_idle(struct bt_model *m, struct bt_thread_entry *t, uint64_t now_ns)
{
	struct bt_process_entry *p = t->process;
	uint64_t span_ns = bt_grown(t->now_ns, now_ns);
	enum bt_group group = bt_microstate_group(t->open_ms);

	presence_extend(&p->p, t->now_ns, now_ns);
	valid_add(p, t->valid);
	t->now_ns += span_ns;
	t->same_ns += span_ns;
	span_add(&p->p.usage, t->open_ms, span_ns);
	if (t->valid & BT_VALID_GUESS) {
		t->last->guessed_ns += span_ns;
		p->p.usage.guessed_ns += span_ns;
		if (t->budget)
			t->budget->usage.guessed_ns += span_ns;
	}
	if (group < BT_GROUP_IDLE)
		active_add(t, span_ns);
	if (p->still != t->open_ms)
		p->still = p->still == BT_STILL_YET && group == BT_GROUP_IDLE ? t->open_ms : BT_STILL_NOT;
	if (t->budget)
		span_add(&t->budget->usage, t->open_ms, span_ns);
	else if (p->multi)
		t->idle_ns += span_ns;
	if (t->blocked)
		bt_thread_detail_idle(m, t, span_ns);
}

void bt_thread_hold(struct bt_thread_entry *t, uint64_t at_ns)
{
	uint64_t span_ns = bt_grown(t->now_ns, at_ns);

	t->now_ns += span_ns;
	t->same_ns += span_ns;
	if (t->valid & BT_VALID_GUESS)
		t->last->guessed_ns += span_ns;
	t->open_counted_ns += span_ns;
	t->held = true;
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

/*
 * Who samples does not know that bt_thread_hold() ended a wait at an instant, and put what lay between its
 * last look and that instant to what it found next. Each account of a kernel's knows.
 */
static void step_once(struct step *s, const struct bt_totals *before, const struct bt_totals *now)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++) {
		s->twice_ns += bt_grown(now->offcpu_ns[i], before->offcpu_ns[i]);
		if (s->usage.totals.offcpu_ns[i] > s->usage.totals.offcpu_ns[most])
			most = i;
	}
	s->twice_ms = BT_OFFCPU_FIRST + most;
	s->twice_ns = bt_min_u64(s->twice_ns, s->usage.totals.offcpu_ns[most]);
	s->usage.totals.offcpu_ns[most] -= s->twice_ns;
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
			      bt_min_u64(born_ns - s->from_ns, s->usage.wall_ns));
	}
	s->usage.totals.oncpu_ns = bt_grown(before.oncpu_ns, now.oncpu_ns);
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		s->usage.totals.offcpu_ns[i] += bt_grown(before.offcpu_ns[i], now.offcpu_ns[i]);
	if (t->held)
		step_once(s, &before, &now);
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
			    bt_min_u64(bt_grown(t->runtime_ns, r->facts.runtime_ns), wall_ns);
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
		u->field = bt_grown(last->field, f->field);                                                  \
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
	BT_GROWN(minor_faults);
	BT_GROWN(major_faults);
	BT_GROWN(guessed_ns);
	u->guessed_ns = bt_min_u64(u->guessed_ns, u->wall_ns);
#undef BT_GROWN
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

void bt_thread_describe(struct bt_thread_entry *t, const struct bt_record *r)
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
	if (bt_record_has_account(r)) {
		t->open_ms = open_microstate(&r->account);
		t->same_ns = 0;
		t->account = true;
	} else if (!t->account) {
		t->open_ms = BT_MS_UNKNOWN;
		t->same_ns = 0;
	}
}

static void own_add(struct bt_thread_entry *t, const struct bt_account *a)
{
	uint64_t ns = bt_grown(t->last->own_ns, a->own_ns);

	if (!ns)
		return;
	t->own_ns += ns;
	t->process->own = true;
	t->last->own_ns = a->own_ns;
}

void bt_thread_step(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		    uint64_t from_ns, bool newborn)
{
	struct step s = {.from_ns = from_ns, .to_ns = bt_record_reach_ns(r)};

	s.usage.wall_ns = bt_grown(s.from_ns, s.to_ns);
	if (bt_record_has_account(r))
		step_account(t, r, &s);
	else
		step_no_account(t, r, &s, newborn);
	step_facts(t->last, r, &s.usage);
	step_add(m, t, &s, r->head.valid);
	if (!bt_record_has_account(r))
		return;
	own_add(t, &r->account);
	bt_thread_detail(m, t, r, s.to_ns, true);
	if (!s.twice_ns)
		return;
	bt_ledger_take_wait(&t->process->ledger, s.twice_ms, s.twice_ns);
	if (t->budget)
		bt_ledger_take_wait(&t->budget->ledger, s.twice_ms, s.twice_ns);
}

void bt_thread_base(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r)
{
	struct bt_usage nothing = {0};

	t->now_ns = bt_record_reach_ns(r);
	step_facts(t->last, r, &nothing);
	if (!bt_record_has_account(r))
		return;
	bt_account_totals_at(&r->account, t->now_ns, &t->last->totals);
	t->last->own_ns = r->account.own_ns;
	bt_thread_detail(m, t, r, t->now_ns, false);
}

void bt_thread_late(struct bt_model *m, struct bt_thread_entry *t, const struct bt_record *r,
		    uint64_t from_ns)
{
	struct step s = {.from_ns = from_ns, .to_ns = bt_record_reach_ns(r)};

	span_add(&s.usage, BT_MS_UNKNOWN, bt_grown(s.from_ns, s.to_ns));
	bt_thread_base(m, t, r);
	step_add(m, t, &s, r->head.valid);
}
