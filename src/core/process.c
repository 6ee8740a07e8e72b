/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes: who they are, and the sum of what their threads did. */
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"

#include <utlist.h>

/* Adds up over an interval; the first record says what is measured at all. */
#define VALID_ALL 0xff

struct bt_process_entry *bt_process_get(struct bt_model *m, int32_t pid, uint64_t start_ns)
{
	struct bt_process_entry *p = NULL;
	struct bt_identity identity;

	memset(&identity, 0, sizeof(identity)); /* padding is part of the key */
	identity.pid = pid;
	identity.start_ns = start_ns;
	HASH_FIND(hh, m->processes, &identity, sizeof(identity), p);
	return p;
}

static void interval_reset(struct bt_process_entry *p)
{
	memset(&p->p.usage, 0, sizeof(p->p.usage));
	p->p.begin_ns = UINT64_MAX;
	p->p.end_ns = 0;
	p->p.threads_ended = 0;
	p->p.lost_exits = 0;
	p->p.exited = false;
	p->children_base_utime_ns = p->p.children_utime_ns;
	p->children_base_stime_ns = p->p.children_stime_ns;
	p->own = false;
	p->valid = VALID_ALL;
	p->valid_any = 0;
	p->still = BT_STILL_YET;
}

/* The same for one that was still, which has less to forget. */
static void interval_reset_still(struct bt_process_entry *p)
{
	struct bt_usage *u = &p->p.usage;

	u->wall_ns = 0;
	u->totals.offcpu_ns[p->still - BT_OFFCPU_FIRST] = 0;
	u->valid = 0;
	u->wait_count = 0;
	p->p.begin_ns = UINT64_MAX;
	p->p.end_ns = 0;
	p->valid = VALID_ALL;
	p->valid_any = 0;
	p->still = BT_STILL_YET;
}

struct bt_process_entry *bt_process_make(struct bt_model *m, int32_t pid, uint64_t start_ns)
{
	struct bt_process_entry *p = bt_process_get(m, pid, start_ns);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->p.identity.pid = pid;
	p->p.identity.start_ns = start_ns;
	p->p.state = 'X';
	p->still_kept = BT_STILL_NOT;
	interval_reset(p);
	HASH_ADD(hh, m->processes, p.identity, sizeof(p->p.identity), p);
	if (!m->processes || !p->hh.tbl) {
		free(p);
		return NULL;
	}
	m->frame_valid = false;
	m->by_pid_valid = false;
	return p;
}

void bt_process_drop_list(struct bt_process_entry *p)
{
	free(p->p.thread_list); /* the threads lie behind it */
	p->p.thread_list = NULL;
	p->p.thread_count = 0;
}

void bt_process_free(struct bt_model *m, struct bt_process_entry *p)
{
	struct bt_thread_entry *t, *next;

	DL_FOREACH_SAFE(p->threads, t, next)
	bt_thread_free(m, t);
	HASH_DELETE(hh, m->processes, p);
	bt_process_drop_list(p);
	bt_ledger_free(&p->ledger);
	free(p);
	m->frame_valid = false;
	m->by_pid_valid = false;
}

static void describe_identity(struct bt_process *p, const struct bt_record *r)
{
	const struct bt_account *a = &r->account;

	/* A thread that became the leader by exec was forked by its own process. */
	if (!(r->head.valid & BT_VALID_ACCOUNT) || !a->parent_tgid ||
	    (a->parent_tgid == p->identity.pid && a->parent_start_ns == p->identity.start_ns))
		return;
	p->forked_by.pid = a->parent_tgid;
	p->forked_by.start_ns = a->parent_start_ns;
}

static void describe_children(struct bt_process_entry *p, const struct bt_facts *f)
{
	/* Each of its threads says the same, one of them later than the others. */
	if (f->children_utime_ns > p->p.children_utime_ns)
		p->p.children_utime_ns = f->children_utime_ns;
	if (f->children_stime_ns > p->p.children_stime_ns)
		p->p.children_stime_ns = f->children_stime_ns;
	if (p->children_known)
		return;
	p->children_known = true;
	p->children_base_utime_ns = p->p.children_utime_ns;
	p->children_base_stime_ns = p->p.children_stime_ns;
}

void bt_process_describe(struct bt_process_entry *p, const struct bt_thread_entry *t,
			 const struct bt_record *r)
{
	const struct bt_facts *f = &r->facts;
	bool leader = r->head.tid == f->tgid;

	bt_process_stir(p);
	if (r->head.valid & BT_VALID_RSS)
		p->p.rss_bytes = f->rss_bytes;
	if (r->head.valid & BT_VALID_RUNTIME) {
		/* What ended before the process was first seen. */
		if (!p->group_ended_ns && !p->group_base_ns)
			p->group_base_ns = f->group_ended_runtime_ns;
		if (f->group_ended_runtime_ns > p->group_ended_ns)
			p->group_ended_ns = f->group_ended_runtime_ns;
	}
	if (r->head.valid & BT_VALID_TICKS)
		describe_children(p, f);
	if (!p->p.forked_by.pid)
		describe_identity(&p->p, r);
	/* Until the leader is seen, any thread speaks for it. */
	if (!leader && p->leader)
		return;
	/* Of an ended leader's last words, another thread that took its place by exec is not told. */
	if (leader && r->head.type == BT_RECORD_ENDED && p->leader && p->leader != t && !p->leader->ended)
		return;
	if (leader)
		p->leader = (struct bt_thread_entry *)t;
	if (leader && r->head.type == BT_RECORD_ENDED)
		p->p.exit_code = f->exit_code;
	p->gone = false;
	p->p.ppid = f->ppid;
	p->p.state = '?';
	if (f->state >= 'A' && f->state <= 'z') /* a recording may hold anything */
		p->p.state = f->state;
	p->p.nice = f->nice;
	p->p.kind = f->kind < BT_KIND_COUNT ? f->kind : BT_KIND_USER;
	p->p.uid = f->uid;
	p->p.cgroup_id = f->cgroup_id;
	memcpy(p->p.comm, f->comm, BT_COMM_LEN);
}

/* Was it seen as a zombie by the latest snapshot? */
static bool is_zombie(const struct bt_model *m, const struct bt_thread_entry *t)
{
	return t->zombie && t->epoch == m->epoch;
}

bool bt_process_is_over(const struct bt_model *m, const struct bt_process_entry *p)
{
	const struct bt_thread_entry *t;

	if (p->p.threads)
		return false;
	DL_FOREACH(p->threads, t)
	if (is_zombie(m, t))
		return false;
	return true;
}

void bt_process_begin(struct bt_model *m, struct bt_process_entry *p)
{
	struct bt_thread_entry *t, *next;
	bool ended = false;

	if (p->still < BT_MS_COUNT) {
		DL_FOREACH(p->threads, t)
		bt_thread_begin(t);
		bt_ledger_begin(&p->ledger);
		interval_reset_still(p);
		return;
	}
	DL_FOREACH_SAFE(p->threads, t, next)
	{
		if (t->ended && !is_zombie(m, t)) {
			bt_thread_free(m, t);
			continue;
		}
		t->ended_before = t->ended;
		ended |= t->ended;
	}
	if (!p->threads) {
		bt_process_free(m, p);
		return;
	}
	p->multi = p->threads->next != NULL;
	DL_FOREACH(p->threads, t)
	bt_thread_begin(t);
	bt_ledger_begin(&p->ledger);
	interval_reset(p);
	if (ended)
		p->still = BT_STILL_NOT;
}

static void oncpu_rank(struct bt_process_entry *p)
{
	struct bt_usage *u = &p->p.usage;
	const struct bt_thread_entry *t;

	u->oncpu_max_ns = 0;
	u->oncpu_next_ns = 0;
	if (!u->totals.oncpu_ns)
		return;
	if (!p->multi) {
		u->oncpu_max_ns = u->totals.oncpu_ns;
		return;
	}
	DL_FOREACH(p->threads, t)
	if (t->budget)
		bt_usage_rank_oncpu(u, t->budget->usage.totals.oncpu_ns);
}

/*
 * Of threads that work one after the other, a little more than the time there is: not all hand over at once.
 * Waits for a CPU do not count: beside other work, threads of a runtime's own wait for one, too.
 */
#define SERIAL_MAX 1.25

/*
 * Threads that work one after the other, each for the next (a pool that gets one task at a time, and who
 * waits for it), do the work of one: who waits for its own process is active while the others are. Where more
 * of them are active at a time, it is the most active one that counts.
 */
static void active_serial(struct bt_process_entry *p)
{
	struct bt_usage *u = &p->p.usage;
	uint64_t all_ns = bt_totals_active_ns(&u->totals);
	uint64_t queued_ns = bt_usage_ns(u, BT_MS_RUN_QUEUE, 1);
	const struct bt_thread_entry *t;

	if ((double)bt_grown(queued_ns, all_ns) > SERIAL_MAX * (double)bt_grown(p->p.begin_ns, p->p.end_ns))
		return;
	DL_FOREACH(p->threads, t)
	{
		uint64_t ns = t->active_ns + bt_min_u64(t->own_ns, bt_grown(t->active_ns, all_ns));

		if (ns > u->active_max_ns)
			u->active_max_ns = ns;
	}
}

void bt_process_settle(const struct bt_model *m, struct bt_process_entry *p)
{
	const struct bt_thread_entry *leader;
	uint64_t ended_ns;

	p->p.usage.valid = p->p.usage.wall_ns || p->valid_any
			       ? (p->valid & ~BT_VALID_RSS) | (p->valid_any & BT_VALID_RSS)
			       : 0;
	bt_ledger_show(&p->ledger, &p->p.usage);
	oncpu_rank(p);
	if (p->p.begin_ns > p->p.end_ns)
		p->p.begin_ns = p->p.end_ns = m->end_ns;
	if (p->own)
		active_serial(p);
	if (p->still == p->still_kept && p->still != BT_STILL_NOT)
		return; /* the rest is as it was when it was judged */
	leader = p->leader;
	ended_ns = p->group_base_ns + p->ended_runtime_ns;
	p->p.cpu_time_ns =
	    p->living_runtime_ns + (p->group_ended_ns > ended_ns ? p->group_ended_ns : ended_ns);
	p->p.exited = !p->p.threads && (p->p.threads_ended || p->gone);
	if (leader && leader->ended && is_zombie(m, leader))
		p->p.state = 'Z';
	else if (!p->p.threads)
		p->p.state = 'X';
}

/* Threads that ended without a record of their own: what came since the last time is the parent's. */
void bt_process_lump(struct bt_model *m, const struct bt_lump *l, bool base)
{
	struct bt_lump_entry like = {
	    .key = {.start_ns = l->parent_start_ns, .pid = (uint32_t)l->parent_tgid}};
	struct bt_lump_entry *last = NULL;
	struct bt_totals d;
	struct bt_process_entry *p;
	struct bt_thread_entry *t;
	uint64_t wall_ns, sum_ns;
	uint32_t threads;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, m->lumps, &like.key, sizeof(like.key), last);
	if (!last) {
		last = calloc(1, sizeof(*last));
		if (last) {
			last->key = like.key;
			HASH_ADD(hh, m->lumps, key, sizeof(last->key), last);
		}
		if (!last || !m->lumps || !last->hh.tbl) {
			free(last);
			m->no_memory = true;
			return;
		}
	}
	d.oncpu_ns =
	    l->totals.oncpu_ns > last->totals.oncpu_ns ? l->totals.oncpu_ns - last->totals.oncpu_ns : 0;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		d.offcpu_ns[i] = bt_grown(last->totals.offcpu_ns[i], l->totals.offcpu_ns[i]);
	wall_ns = bt_grown(last->wall_ns, l->wall_ns);
	threads = (uint32_t)bt_grown(last->threads, l->threads);
	last->totals = l->totals;
	last->wall_ns = l->wall_ns;
	last->threads = l->threads;
	if (base || (!threads && !wall_ns))
		return;
	p = bt_process_make(m, l->parent_tgid, l->parent_start_ns);
	if (!p) {
		m->no_memory = true;
		m->frame.vanished += threads;
		return;
	}
	if (!p->threads && !p->p.comm[0]) {
		p->gone = true;
		memcpy(p->p.comm, "(gone)", sizeof("(gone)"));
	}
	bt_process_stir(p);
	/* From here on its usage is more than that of its only thread. */
	DL_FOREACH(p->threads, t)
	{
		if (p->multi || !p->p.usage.wall_ns)
			continue;
		if (bt_thread_make_budget(t) && bt_ledger_copy(&t->budget->ledger, &p->ledger))
			t->budget->usage = p->p.usage;
		else
			m->no_memory = true;
	}
	p->multi = true;
	sum_ns = bt_totals_sum_ns(&d);
	p->p.usage.wall_ns += wall_ns;
	p->p.usage.totals.oncpu_ns += d.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		p->p.usage.totals.offcpu_ns[i] += d.offcpu_ns[i];
	p->p.usage.residual_ns += sum_ns > wall_ns ? sum_ns - wall_ns : wall_ns - sum_ns;
	p->p.usage.active_ended_ns += bt_totals_active_ns(&d);
	p->p.lost_exits += threads;
	if (p->p.begin_ns > m->previous_end_ns)
		p->p.begin_ns = m->previous_end_ns;
	if (p->p.end_ns < m->end_ns)
		p->p.end_ns = m->end_ns;
}

int bt_process_compare_activity(const void *a, const void *b)
{
	const struct bt_process *x = *(struct bt_process *const *)a;
	const struct bt_process *y = *(struct bt_process *const *)b;
	uint64_t x_ns = bt_totals_active_ns(&x->usage.totals), y_ns = bt_totals_active_ns(&y->usage.totals);

	if (x_ns != y_ns)
		return x_ns > y_ns ? -1 : 1;
	return x->identity.pid - y->identity.pid;
}
