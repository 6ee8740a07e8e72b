/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"
#include "sum.h"

/* CPU time by ticks that a sampled tree may lack without a word. */
#define MISSED_MIN_NS 30000000ull

/* Updates after its end in which a child of a member may still turn up for the first time. */
#define LATE_CHILD_UPDATES 4

struct member {
	struct {
		uint64_t start_ns;
		uint64_t pid;
	} key; /* identity without padding */
	UT_hash_handle hh;
	uint32_t seen_epoch; /* the last update in which the model had it */
};

/* CPU time of children, by their parents and by what was seen of themselves. */
struct children {
	uint64_t utime_ns, stime_ns; /* of those that were waited for in the interval */
	uint64_t seen_ns;            /* of those that were members, since they began */
};

struct bt_tree {
	struct bt_tree *next; /* of the model's */
	struct bt_model *model;
	struct bt_identity root;
	struct bt_process root_seen; /* as it was last seen: its names outlive it */
	struct member *members;
	uint64_t descendants;
	/* Members of the interval that were pruned. */
	struct bt_usage forgotten;
	struct bt_usage_store forgotten_store;
	uint64_t forgotten_begin_ns, forgotten_end_ns;
	uint64_t forgotten_cpu_time_ns;
	struct children forgotten_children;
	uint32_t forgotten_threads;
	uint32_t forgotten_lost_exits;
	/* What is handed out. */
	struct bt_sum total;
	uint64_t missed_ns;
	struct bt_process **list;
	size_t list_capacity;
};

static struct member *member_find(const struct bt_tree *t, int32_t pid, uint64_t start_ns)
{
	struct member like = {.key = {.start_ns = start_ns, .pid = (uint32_t)pid}};
	struct member *m = NULL;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, t->members, &like.key, sizeof(like.key), m);
	return m;
}

static int member_add(struct bt_tree *t, int32_t pid, uint64_t start_ns)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->key.start_ns = start_ns;
	m->key.pid = (uint32_t)pid;
	m->seen_epoch = t->model->epoch;
	HASH_ADD(hh, t->members, key, sizeof(m->key), m);
	if (!t->members || !m->hh.tbl) {
		free(m);
		return -ENOMEM;
	}
	return 0;
}

static void forgotten_reset(struct bt_tree *t)
{
	bt_usage_sum_begin(&t->forgotten, &t->forgotten_store);
	t->forgotten_begin_ns = UINT64_MAX;
	t->forgotten_end_ns = 0;
	t->forgotten_cpu_time_ns = 0;
	t->forgotten_children = (struct children){0};
	t->forgotten_threads = 0;
	t->forgotten_lost_exits = 0;
}

/* Who p came from: who forked it, or its parent, if nobody saw the fork. NULL: not here. */
static struct bt_process_entry *parent_of(const struct bt_tree *t, const struct bt_process_entry *p,
					  bool *member)
{
	const struct bt_identity *by = &p->p.forked_by;
	struct bt_process *parent;

	*member = false;
	if (by->pid) {
		*member = member_find(t, by->pid, by->start_ns) != NULL;
		return bt_process_get(t->model, by->pid, by->start_ns);
	}
	/* Reparented ones and orphans are found under init: it is no answer, unless it is asked for. */
	parent = p->p.ppid > 0 ? bt_model_find(t->model, p->p.ppid) : NULL;
	if (!parent || parent->identity.start_ns > p->p.identity.start_ns)
		return NULL;
	*member = member_find(t, parent->identity.pid, parent->identity.start_ns) != NULL;
	return (struct bt_process_entry *)parent;
}

/*
 * Adds p and those between it and a member, if one of its ancestors is a member. Ancestors may come later in
 * the table than their descendants, so each looks all the way up; what is found is not looked for again.
 */
static int member_trace(struct bt_tree *t, struct bt_process_entry *p)
{
	struct bt_process_entry *up = p;
	bool member = false;
	size_t steps = 0;

	/* Identities cannot form a ring, but bytes of a file can. */
	for (; up && !member && steps <= HASH_COUNT(t->model->processes); steps++)
		up = parent_of(t, up, &member);
	if (!member)
		return 0;
	for (up = p; steps--;) {
		bool unused;

		if (!member_find(t, up->p.identity.pid, up->p.identity.start_ns)) {
			int err = member_add(t, up->p.identity.pid, up->p.identity.start_ns);

			if (err)
				return err;
			t->descendants++;
		}
		up = parent_of(t, up, &unused);
	}
	return 0;
}

static int tree_update(struct bt_tree *t)
{
	const struct bt_process_entry *root = bt_process_get(t->model, t->root.pid, t->root.start_ns);
	struct member *m, *next;
	int err = 0;

	if (root)
		t->root_seen = root->p;
	for (struct bt_process_entry *p = t->model->processes; p && !err; p = p->hh.next) {
		m = member_find(t, p->p.identity.pid, p->p.identity.start_ns);
		if (m)
			m->seen_epoch = t->model->epoch;
		else
			err = member_trace(t, p);
	}
	HASH_ITER (hh, t->members, m, next) {
		if (t->model->epoch - m->seen_epoch <= LATE_CHILD_UPDATES ||
		    (m->key.pid == (uint32_t)t->root.pid && m->key.start_ns == t->root.start_ns))
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DELETE(hh, t->members, m);
		free(m);
	}
	return err;
}

int bt_trees_update(struct bt_model *m)
{
	int err = 0;

	for (struct bt_tree *t = m->trees; t; t = t->next) {
		int failed = tree_update(t);

		err = err ? err : failed;
	}
	return err;
}

void bt_trees_begin(struct bt_model *m)
{
	for (struct bt_tree *t = m->trees; t; t = t->next)
		forgotten_reset(t);
}

static void children_add(struct children *c, const struct bt_process_entry *p)
{
	c->utime_ns += bt_grown(p->children_base_utime_ns, p->p.children_utime_ns);
	c->stime_ns += bt_grown(p->children_base_stime_ns, p->p.children_stime_ns);
	if (p->p.state == 'X')
		c->seen_ns += p->p.cpu_time_ns + p->p.children_utime_ns + p->p.children_stime_ns;
}

void bt_trees_forget(struct bt_model *m, const struct bt_process_entry *p)
{
	for (struct bt_tree *t = m->trees; t; t = t->next) {
		if (!bt_tree_has(t, &p->p))
			continue;
		bt_usage_sum_add(&t->forgotten, &t->forgotten_store, &p->p.usage);
		if (p->p.begin_ns < t->forgotten_begin_ns)
			t->forgotten_begin_ns = p->p.begin_ns;
		if (p->p.end_ns > t->forgotten_end_ns)
			t->forgotten_end_ns = p->p.end_ns;
		t->forgotten_cpu_time_ns += p->p.cpu_time_ns;
		children_add(&t->forgotten_children, p);
		t->forgotten_threads += p->p.threads_ended;
		t->forgotten_lost_exits += p->p.lost_exits;
	}
}

int bt_tree_create(struct bt_model *m, const struct bt_identity *root, struct bt_tree **out)
{
	struct bt_tree *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return -ENOMEM;
	t->model = m;
	t->root = *root;
	forgotten_reset(t);
	err = member_add(t, root->pid, root->start_ns);
	if (!err)
		err = tree_update(t);
	t->next = m->trees;
	m->trees = t;
	if (err) {
		bt_tree_destroy(t);
		return err;
	}
	*out = t;
	return 0;
}

void bt_tree_destroy(struct bt_tree *t)
{
	struct member *m, *next;

	if (!t)
		return;
	for (struct bt_tree **at = &t->model->trees; *at; at = &(*at)->next) {
		if (*at == t) {
			*at = t->next;
			break;
		}
	}
	HASH_ITER (hh, t->members, m, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DELETE(hh, t->members, m);
		free(m);
	}
	free(t->list);
	free(t);
}

bool bt_tree_has(const struct bt_tree *t, const struct bt_process *p)
{
	return member_find(t, p->identity.pid, p->identity.start_ns) != NULL;
}

uint64_t bt_tree_descendants(const struct bt_tree *t)
{
	return t->descendants;
}

/* Heaviest first; of those that weigh the same, the oldest. */
static int by_weight(const void *a, const void *b)
{
	const struct bt_process *const *x = a;
	const struct bt_process *const *y = b;
	uint64_t x_ns = bt_totals_active_ns(&(*x)->usage.totals);
	uint64_t y_ns = bt_totals_active_ns(&(*y)->usage.totals);

	if (x_ns != y_ns)
		return x_ns > y_ns ? -1 : 1;
	if ((*x)->identity.start_ns != (*y)->identity.start_ns)
		return (*x)->identity.start_ns < (*y)->identity.start_ns ? -1 : 1;
	return (*x)->identity.pid < (*y)->identity.pid ? -1 : (*x)->identity.pid > (*y)->identity.pid;
}

int bt_tree_members(struct bt_tree *t, struct bt_process ***out, size_t *count)
{
	const struct bt_frame *f = bt_model_frame(t->model);
	size_t members = HASH_COUNT(t->members);

	if (!f)
		return -ENOMEM;
	if (!t->list || t->list_capacity < members) {
		struct bt_process **list = realloc(t->list, (members + 1) * sizeof(struct bt_process *));

		if (!list)
			return -ENOMEM;
		t->list = list;
		t->list_capacity = members + 1;
	}
	*count = 0;
	for (size_t i = 0; i < f->process_count; i++)
		if (bt_tree_has(t, f->processes[i]))
			t->list[(*count)++] = f->processes[i];
	qsort(t->list, *count, sizeof(struct bt_process *), by_weight);
	*out = t->list;
	return 0;
}

/*
 * Members that came and went between two looks of the sampling collector: their parents tell their CPU time,
 * nobody what else they did.
 */
static void missed_add(struct bt_tree *t, struct bt_sum *total)
{
	struct children c = t->forgotten_children;
	struct bt_usage missed = {.valid = UINT8_MAX};
	uint64_t ns;

	for (const struct bt_process_entry *p = t->model->processes; p; p = p->hh.next)
		if (bt_tree_has(t, &p->p))
			children_add(&c, p);
	ns = bt_grown(c.seen_ns, c.utime_ns + c.stime_ns);
	if (ns < MISSED_MIN_NS)
		return;
	t->missed_ns = ns;
	missed.wall_ns = missed.guessed_ns = missed.active_ended_ns = missed.totals.oncpu_ns = ns;
	missed.utime_ns = (uint64_t)((double)c.utime_ns / (double)(c.utime_ns + c.stime_ns) * (double)ns);
	missed.stime_ns = ns - missed.utime_ns;
	bt_usage_sum_add(&total->process.usage, &total->store, &missed);
}

uint64_t bt_tree_missed_ns(const struct bt_tree *t)
{
	return t->missed_ns;
}

const struct bt_process *bt_tree_total(struct bt_tree *t)
{
	const struct bt_frame *f = bt_model_frame(t->model);
	const struct bt_process_entry *root = bt_process_get(t->model, t->root.pid, t->root.start_ns);
	struct bt_process *total = &t->total.process;

	if (!f)
		return NULL;
	bt_sum_begin(&t->total, root ? &root->p : &t->root_seen);
	total->identity = t->root;
	total->threads_ended = t->forgotten_threads;
	total->lost_exits = t->forgotten_lost_exits;
	total->cpu_time_ns = t->forgotten_cpu_time_ns;
	total->begin_ns = t->forgotten_begin_ns;
	total->end_ns = t->forgotten_end_ns;
	bt_usage_sum_add(&total->usage, &t->total.store, &t->forgotten);
	for (size_t i = 0; i < f->process_count; i++)
		if (bt_tree_has(t, f->processes[i]))
			bt_sum_add(&t->total, f->processes[i]);
	t->missed_ns = 0;
	if (!f->exact)
		missed_add(t, &t->total);
	if (!root)
		total->state = 'X';
	bt_sum_judge(&t->total, f);
	return total;
}
