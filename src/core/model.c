/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Snapshots, intervals and frames; what becomes of a record is in thread.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "account.h"
#include "model_internal.h"

#include <utlist.h>

int bt_model_create(struct bt_model **out)
{
	struct bt_model *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	*out = m;
	return 0;
}

void bt_model_destroy(struct bt_model *m)
{
	struct bt_process_entry *p, *next_process;
	struct bt_lump_entry *l, *next_lump;

	if (!m)
		return;
	HASH_ITER (hh, m->processes, p, next_process)
		bt_process_free(m, p);
	HASH_ITER (hh, m->lumps, l, next_lump) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DELETE(hh, m->lumps, l);
		free(l);
	}
	bt_peers_forget(m);
	free(m->frame.processes);
	free(m->by_pid);
	free(m);
}

static void drop_lists(struct bt_model *m)
{
	if (!m->lists_made)
		return;
	m->lists_made = false;
	for (struct bt_process_entry *p = m->processes; p; p = p->hh.next)
		bt_process_drop_list(p);
}

/* Threads that the snapshot did not show, and that left no record of their end. */
static void sweep(struct bt_model *m)
{
	struct bt_thread_entry *next;

	/* All of them, as nearly always: no need to look at each again. */
	if (m->seen == HASH_COUNT(m->threads))
		return;
	for (struct bt_thread_entry *t = m->threads; t; t = next) {
		next = t->hh.next;
		if (t->epoch == m->epoch || t->ended)
			continue;
		/* Between being unhashed and its last switch a thread is not seen; its end comes later. */
		if (++t->missed < BT_MISSED_MAX)
			continue;
		m->frame.vanished++;
		bt_thread_end(t);
	}
}

static uint64_t middle_ns(const struct bt_model *m)
{
	return m->begin_ns + (m->end_ns - m->begin_ns) / 2;
}

static void interval_begin(struct bt_model *m)
{
	m->interval_ns = middle_ns(m);
	m->frame.begin_ns = m->end_ns; /* a snapshot's threads are read one after the other */
	m->until_ns = 0;
	m->interval_loss = m->loss;
	m->interval_self_cpu_ns = m->self_cpu_ns;
	memcpy(m->interval_run_queue, m->run_queue, sizeof(m->run_queue));
	m->frame.vanished = 0;
	m->frame_valid = false;
}

int bt_model_update(struct bt_model *m, const struct bt_snapshot *s)
{
	bool base = !m->epoch;
	int err;

	if (s->end_ns < m->end_ns || s->begin_ns > s->end_ns)
		return -EINVAL;
	m->epoch++;
	m->previous_begin_ns = m->begin_ns;
	m->previous_end_ns = m->end_ns;
	m->begin_ns = s->begin_ns;
	m->end_ns = s->end_ns;
	m->loss = s->loss;
	m->self_cpu_ns = s->self_cpu_ns;
	memcpy(m->run_queue, s->run_queue, sizeof(m->run_queue));
	m->frame.run_queue_known = s->run_queue_known;
	m->frame.time_s = s->time_s;
	m->frame.time_nsec = s->time_nsec;
	m->frame.cpus_online = s->cpus_online;
	m->frame.tick_ns = s->tick_ns;
	m->frame.exact = s->exact;
	m->frame.measured = s->measured;
	m->frame_valid = false;
	m->no_memory = false;
	m->cursor = m->threads;
	m->seen = 0;
	drop_lists(m);
	bt_snapshot_for_each (head, s) {
		if (head->type == BT_RECORD_SAME)
			bt_thread_same(m, head);
		else if (head->type == BT_RECORD_LUMP)
			bt_process_lump(m, (const struct bt_lump *)(const void *)head, base);
		else
			bt_thread_take(m, (const struct bt_record *)(const void *)head, base);
	}
	sweep(m);
	if (base)
		interval_begin(m);
	err = bt_trees_update(m);
	return m->no_memory ? -ENOMEM : err;
}

void bt_model_begin(struct bt_model *m)
{
	struct bt_process_entry *p, *next;

	bt_trees_begin(m);
	bt_peers_forget(m);
	drop_lists(m);
	for (p = m->processes; p; p = next) {
		next = p->hh.next;
		bt_process_begin(m, p);
	}
	interval_begin(m);
}

bool bt_model_begin_at(struct bt_model *m, const struct bt_identity *who, uint64_t at_ns)
{
	struct bt_process_entry *p = bt_process_get(m, who->pid, who->start_ns);
	struct bt_thread_entry *t;

	if (!p || !p->threads)
		return false;
	DL_FOREACH(p->threads, t)
	{
		if (t->ended || !t->blocked)
			return false;
	}
	DL_FOREACH(p->threads, t)
	bt_thread_hold(t, at_ns);
	if (at_ns > m->interval_ns)
		m->interval_ns = at_ns;
	m->frame_valid = false;
	return true;
}

void bt_model_end_at(struct bt_model *m, uint64_t at_ns)
{
	m->until_ns = at_ns;
	m->frame_valid = false;
}

static void totals_add(struct bt_totals *sum, const struct bt_process_entry *p)
{
	const struct bt_usage *u = &p->p.usage;

	if (p->still < BT_MS_COUNT) {
		bt_totals_add(sum, p->still, u->wall_ns);
		return;
	}
	sum->oncpu_ns += u->totals.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		sum->offcpu_ns[i] += u->totals.offcpu_ns[i];
}

/* All of the frame but its processes. */
static bool frame_begin(struct bt_model *m)
{
	struct bt_frame *f = &m->frame;
	size_t need = HASH_COUNT(m->processes);

	if (!f->processes || m->frame_capacity < need) {
		size_t capacity = need + need / 4 + 64;
		struct bt_process **processes = realloc(f->processes, capacity * sizeof(struct bt_process *));

		if (!processes)
			return false;
		f->processes = processes;
		m->frame_capacity = capacity;
	}
	f->model = m;
	f->duration_ns = bt_grown(m->interval_ns, m->until_ns ? m->until_ns : middle_ns(m));
	f->loss.tasks = bt_grown(m->interval_loss.tasks, m->loss.tasks);
	f->loss.exits = bt_grown(m->interval_loss.exits, m->loss.exits);
	f->loss.switches = bt_grown(m->interval_loss.switches, m->loss.switches);
	for (size_t i = 0; i < BT_BURST_BUCKETS; i++) {
		uint64_t waits = bt_grown(m->interval_run_queue[i], m->run_queue[i]);

		f->run_queue[i] = waits < UINT32_MAX ? (uint32_t)waits : UINT32_MAX;
	}
	f->overhead_cpu_ns = bt_grown(m->interval_self_cpu_ns, m->self_cpu_ns);
	f->process_count = 0;
	f->exited = 0;
	f->totals = (struct bt_totals){0};
	memset(f->verdicts, 0, sizeof(f->verdicts));
	return true;
}

static void frame_add(struct bt_model *m, struct bt_process_entry *p)
{
	struct bt_frame *f = &m->frame;

	bt_process_settle(m, p);
	/* It ended before the interval, and its parent has waited for it since: there is nothing to say of
	 * it. */
	if (p->p.state == 'X' && !p->p.exited && !p->p.usage.wall_ns)
		return;
	totals_add(&f->totals, p);
	f->exited += p->p.exited;
	f->processes[f->process_count++] = &p->p;
}

const struct bt_frame *bt_model_frame(struct bt_model *m)
{
	if (m->frame_valid)
		return &m->frame;
	if (!frame_begin(m))
		return NULL;
	for (struct bt_process_entry *p = m->processes; p; p = p->hh.next)
		frame_add(m, p);
	m->frame_valid = true;
	return &m->frame;
}

struct bt_process *bt_model_find_identity(struct bt_model *m, const struct bt_identity *identity)
{
	struct bt_process_entry *p = bt_process_get(m, identity->pid, identity->start_ns);

	return p ? &p->p : NULL;
}

/* Open addressing, a quarter full at most when made. */
static bool by_pid_make(struct bt_model *m)
{
	size_t need = 64;

	while (need < HASH_COUNT(m->processes) * 4)
		need *= 2;
	if (need > m->by_pid_capacity) {
		free(m->by_pid);
		m->by_pid = calloc(need, sizeof(struct bt_process_entry *));
		m->by_pid_capacity = m->by_pid ? need : 0;
		if (!m->by_pid)
			return false;
	} else {
		memset(m->by_pid, 0, m->by_pid_capacity * sizeof(struct bt_process_entry *));
	}
	for (struct bt_process_entry *p = m->processes; p; p = p->hh.next) {
		size_t mask = m->by_pid_capacity - 1;
		size_t at = (size_t)(uint32_t)p->p.identity.pid & mask;

		while (m->by_pid[at] && m->by_pid[at]->p.identity.pid != p->p.identity.pid)
			at = (at + 1) & mask;
		if (!m->by_pid[at] || m->by_pid[at]->p.identity.start_ns < p->p.identity.start_ns)
			m->by_pid[at] = p;
	}
	m->by_pid_valid = true;
	return true;
}

struct bt_process *bt_model_find(struct bt_model *m, int32_t pid)
{
	size_t mask, at;

	if (!m->by_pid_valid && !by_pid_make(m))
		return NULL;
	mask = m->by_pid_capacity - 1;
	at = (size_t)(uint32_t)pid & mask;
	while (m->by_pid[at] && m->by_pid[at]->p.identity.pid != pid)
		at = (at + 1) & mask;
	return m->by_pid[at] ? &m->by_pid[at]->p : NULL;
}

/* What is host-wide lost of the interval's threads, and of this process's. */
static double process_lost(const struct bt_frame *f, const struct bt_process *p, size_t threads)
{
	double all = (double)threads + (double)f->loss.tasks;
	double own = (double)p->threads + p->threads_ended + p->lost_exits;
	double torn = all > 0 ? (double)f->loss.tasks / all : 0;
	double exits = own > 0 ? p->lost_exits / own : 0;

	return torn + exits < 1 ? torn + exits : 1;
}

static void process_judge(struct bt_model *m, struct bt_process_entry *e)
{
	struct bt_process *p = &e->p;
	uint64_t presence_ns = p->end_ns - p->begin_ns;
	bool still = e->still < BT_MS_COUNT && p->usage.wall_ns;
	bool kept = still && e->still == e->still_kept && !p->usage.guessed_ns;
	struct bt_circumstances c = {.duration_ns = m->frame.duration_ns,
				     .tick_ns = m->frame.tick_ns,
				     .exact = m->frame.exact,
				     .measured = m->frame.measured};

	if (bt_process_is_zombie(p)) {
		bt_verdict_of_zombie(&c, &p->verdict);
		e->still_kept = BT_STILL_NOT;
		p->revision++;
		return;
	}
	if (!kept || presence_ns != m->still_ns)
		c.lost = process_lost(&m->frame, p, HASH_COUNT(m->threads));
	if (!kept) {
		bt_verdict_judge(&p->usage, presence_ns, &c, &p->verdict);
		e->still_kept = still ? e->still : BT_STILL_NOT;
		p->revision++;
		return;
	}
	/* Mostly they were all there for the same time. */
	if (presence_ns != m->still_ns) {
		m->still_ns = presence_ns;
		m->still_confidence = bt_verdict_still_confidence(presence_ns, &c);
	}
	p->verdict.confidence = m->still_confidence;
}

int bt_model_judge(struct bt_model *m, bool threads)
{
	bool settled = m->frame_valid;
	int err = 0;

	if (!settled && !frame_begin(m))
		return -ENOMEM;
	memset(m->frame.verdicts, 0, sizeof(m->frame.verdicts));
	m->still_ns = 0;
	/* Settled and judged in one go: ten thousand of them do not stay in the cache. */
	for (struct bt_process_entry *p = m->processes; p; p = p->hh.next) {
		if (!settled)
			frame_add(m, p);
		process_judge(m, p);
		m->frame.verdicts[p->p.verdict.id]++;
	}
	m->frame_valid = true;
	for (size_t i = 0; threads && i < m->frame.process_count; i++)
		if (bt_model_threads(m, m->frame.processes[i]))
			err = -ENOMEM;
	return err;
}

/* A thread as others see it, with room for the wait of an idle one. */
struct shown_thread {
	struct bt_thread t;
	struct bt_wait open;
};

static void thread_show(const struct bt_model *m, struct bt_thread_entry *e, struct shown_thread *out)
{
	struct bt_circumstances c = {.duration_ns = m->frame.duration_ns,
				     .tick_ns = m->frame.tick_ns,
				     .exact = m->frame.exact,
				     .measured = m->frame.measured};
	struct bt_thread *t = &out->t;
	struct bt_usage *u = &t->usage;

	t->id = e->id;
	t->tid = e->tid;
	memcpy(t->comm, e->comm, BT_COMM_LEN);
	t->state = e->state;
	if (e->ended)
		t->state = 'X';
	if (e->zombie && e->epoch == m->epoch)
		t->state = 'Z';
	t->nice = e->nice;
	t->ended = e->ended;
	t->blocked = e->blocked;
	t->blocked_ns = e->blocked ? bt_grown(e->open_since_ns, e->now_ns) : 0;
	t->open = e->open;
	if (!e->process->multi) {
		*u = e->process->p.usage;
	} else if (e->budget) {
		*u = e->budget->usage;
		bt_ledger_show(&e->budget->ledger, u);
	} else {
		u->wall_ns = e->idle_ns;
		bt_totals_add(&u->totals, e->open_ms, e->idle_ns);
		if (e->valid & BT_VALID_GUESS)
			u->guessed_ns = e->idle_ns;
		if (e->blocked && e->idle_ns) {
			out->open.reason = e->open;
			out->open.ns = e->idle_ns;
			out->open.count = e->wait_counted;
			u->waits = &out->open;
			u->wait_count = 1;
		}
	}
	u->active_max_ns = e->ended ? 0 : e->active_ns;
	u->active_ended_ns = e->ended ? e->active_ns : 0;
	u->oncpu_max_ns = u->totals.oncpu_ns;
	u->oncpu_next_ns = 0;
	u->valid = u->valid ? u->valid : e->valid;
	bt_verdict_judge(u, u->wall_ns, &c, &t->verdict);
}

int bt_model_threads(struct bt_model *m, struct bt_process *process)
{
	struct bt_process_entry *p = (struct bt_process_entry *)process;
	struct bt_thread_entry *t;
	struct shown_thread *shown;
	size_t count = 0;

	if (!bt_model_frame(m))
		return -ENOMEM;
	if (process->thread_list)
		return 0;
	DL_FOREACH(p->threads, t)
	count += !t->ended_before;
	if (!count)
		return 0;
	process->thread_list = calloc(count, sizeof(struct bt_thread *) + sizeof(*shown));
	if (!process->thread_list)
		return -ENOMEM;
	m->lists_made = true;
	shown = (struct shown_thread *)(void *)(process->thread_list + count);
	DL_FOREACH(p->threads, t)
	{
		if (t->ended_before)
			continue;
		thread_show(m, t, shown);
		process->thread_list[process->thread_count++] = &shown->t;
		shown++;
	}
	return 0;
}

/* Least active first. */
static int by_activity(const void *a, const void *b)
{
	const struct bt_process_entry *const *x = a;
	const struct bt_process_entry *const *y = b;
	uint64_t x_ns = bt_totals_active_ns(&(*x)->p.usage.totals);
	uint64_t y_ns = bt_totals_active_ns(&(*y)->p.usage.totals);

	return x_ns < y_ns ? -1 : x_ns > y_ns;
}

void bt_model_prune(struct bt_model *m, size_t keep)
{
	struct bt_process_entry **over;
	size_t count = 0;

	for (struct bt_process_entry *p = m->processes; p; p = p->hh.next)
		count += bt_process_is_over(m, p);
	if (count <= keep)
		return;
	over = calloc(count, sizeof(struct bt_process_entry *));
	if (!over)
		return; /* there will be another time */
	count = 0;
	for (struct bt_process_entry *p = m->processes; p; p = p->hh.next)
		if (bt_process_is_over(m, p))
			over[count++] = p;
	qsort(over, count, sizeof(struct bt_process_entry *), by_activity);
	for (size_t i = 0; i < count - keep; i++) {
		bt_process_settle(m, over[i]);
		bt_trees_forget(m, over[i]);
		bt_process_free(m, over[i]);
	}
	free(over);
}
