/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the dashboard lists: processes that match, sorted, as a tree, in groups, with their threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui_internal.h"

#define DEPTH_MAX 63
#define NONE      SIZE_MAX

/* A process in a tree; all in one array, sorted by PID. */
struct node {
	struct bt_process *process;
	const struct bt_sum *sum; /* collapsed */
	size_t parent;
	size_t child, next; /* first child, next sibling */
	bool done;
};

struct forest {
	struct node *nodes;
	size_t count;
};

bool bt_tui_folded(const struct bt_tui_folds *f, const struct bt_process *p)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].pid == p->identity.pid && f->list[i].start_ns == p->identity.start_ns)
			return !f->all;
	return f->all;
}

void bt_tui_fold(struct bt_tui_folds *f, const struct bt_process *p, bool collapse)
{
	struct bt_identity *list;

	if (bt_tui_folded(f, p) == collapse)
		return;
	for (size_t i = 0; i < f->count; i++) {
		if (f->list[i].pid != p->identity.pid || f->list[i].start_ns != p->identity.start_ns)
			continue;
		f->list[i] = f->list[--f->count];
		return;
	}
	list = realloc(f->list, (f->count + 1) * sizeof(*list));
	if (!list)
		return;
	f->list = list;
	list[f->count++] = p->identity;
}

bool bt_tui_group_expanded(const struct bt_tui_folds *f, const char *name)
{
	for (size_t i = 0; i < f->group_count; i++)
		if (!strcmp(f->groups[i], name))
			return true;
	return false;
}

void bt_tui_group_toggle(struct bt_tui_folds *f, const char *name)
{
	char **groups;

	for (size_t i = 0; i < f->group_count; i++) {
		if (strcmp(f->groups[i], name) != 0)
			continue;
		free(f->groups[i]);
		f->groups[i] = f->groups[--f->group_count];
		return;
	}
	groups = realloc(f->groups, (f->group_count + 1) * sizeof(*groups));
	if (!groups)
		return;
	f->groups = groups;
	groups[f->group_count] = strdup(name);
	f->group_count += groups[f->group_count] != NULL;
}

void bt_tui_folds_free(struct bt_tui_folds *f)
{
	for (size_t i = 0; i < f->group_count; i++)
		free(f->groups[i]);
	free(f->groups);
	free(f->list);
}

void bt_tui_rows_free(struct bt_tui_rows *r)
{
	free(r->list);
	free(r->sums);
	free(r->sorted);
}

/* Room for one more of something that grows by halves. */
static bool grow(void **list, size_t *capacity, size_t count, size_t size)
{
	size_t more = *capacity + *capacity / 2 + 64;
	void *bigger;

	if (count < *capacity)
		return true;
	bigger = reallocarray(*list, more, size);
	if (!bigger)
		return false;
	*list = bigger;
	*capacity = more;
	return true;
}

static struct bt_tui_row *row_add(struct bt_tui_rows *r, const struct bt_subject *s)
{
	if (!grow((void **)&r->list, &r->capacity, r->count, sizeof(*r->list)))
		return NULL;
	r->list[r->count] = (struct bt_tui_row){.subject = *s};
	return &r->list[r->count++];
}

/* Rows of the threads of a process, below it. */
static int threads_add(struct bt_tui *t, const struct bt_process *p, unsigned int depth, uint64_t rails)
{
	for (uint32_t i = 0; i < p->thread_count; i++) {
		struct bt_subject s = bt_subject_of_thread(p, p->thread_list[i]);
		struct bt_tui_row *row = row_add(&t->rows, &s);

		if (!row)
			return -ENOMEM;
		row->depth = (uint16_t)depth;
		row->rails = rails;
		row->last = i + 1 == p->thread_count;
	}
	return 0;
}

static bool wanted(struct bt_tui *t, struct bt_process *p)
{
	unsigned int needs = bt_query_needs(t->filter);
	unsigned int what = (needs & BT_QUERY_NEEDS_COMMAND ? BT_TUI_DESCRIBE_COMMAND : 0) |
			    (needs & BT_QUERY_NEEDS_USER ? BT_TUI_DESCRIBE_USER : 0);

	if (t->config.hide_kernel && p->kind == BT_KIND_KERNEL)
		return false;
	if (what)
		t->ops->describe(t->context, p, what);
	if (!bt_query_match(t->filter, p)) {
		t->rows.hidden_filter++;
		return false;
	}
	if (t->config.hide_idle && p->verdict.id == BT_VERDICT_IDLE && !p->exited) {
		t->rows.hidden_idle++;
		return false;
	}
	return true;
}

/* What a process must be looked up for to be sorted. */
static void describe_for_sort(struct bt_tui *t, struct bt_process **list, size_t count)
{
	const struct bt_field *f = t->config.sort;
	unsigned int what = 0;

	if (f == &bt_fields[BT_FIELD_USER])
		what = BT_TUI_DESCRIBE_USER;
	else if (f == &bt_fields[BT_FIELD_COMMAND] || f == &bt_fields[BT_FIELD_CMDLINE] ||
		 f == &bt_fields[BT_FIELD_CGROUP])
		what = BT_TUI_DESCRIBE_COMMAND;
	if (t->config.group)
		what |= BT_TUI_DESCRIBE_COMMAND;
	for (size_t i = 0; what && i < count; i++)
		t->ops->describe(t->context, list[i], what);
}

static int sorted_reserve(struct bt_tui_rows *r, size_t count)
{
	struct bt_row *sorted;

	if (count <= r->sorted_capacity)
		return 0;
	sorted = reallocarray(r->sorted, count + count / 2, sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	r->sorted = sorted;
	r->sorted_capacity = count + count / 2;
	return 0;
}

/* What lives and does something, then what has ended, then what is idle. */
static unsigned int class_of(const struct bt_subject *s)
{
	if (s->thread ? s->thread->ended : s->process->exited)
		return 1;
	return s->verdict->id == BT_VERDICT_IDLE ? 2 : 0;
}

/*
 * Processes that lived for some milliseconds, and were busy all that time, would fill the screen of a host
 * that forks a lot: they stand behind those that are still there.
 */
static int ended_last(struct bt_row *sorted, size_t count)
{
	struct bt_row *copy = malloc((count + 1) * sizeof(*copy));
	size_t at = 0;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, sorted, count * sizeof(*copy));
	for (unsigned int class = 0; class < 3; class ++)
		for (size_t i = 0; i < count; i++)
			if (class_of(&copy[i].subject) == class)
				sorted[at++] = copy[i];
	free(copy);
	return 0;
}

static int sort(struct bt_tui *t, size_t count)
{
	bt_rows_sort(t->rows.sorted, count, t->config.sort, t->config.sort_reversed);
	return t->config.sort || t->config.sort_reversed ? 0 : ended_last(t->rows.sorted, count);
}

static int list_flat(struct bt_tui *t, struct bt_process **list, size_t count)
{
	size_t total = 0;
	int err;

	for (size_t i = 0; t->config.threads && i < count; i++)
		total += list[i]->thread_count;
	err = sorted_reserve(&t->rows, t->config.threads ? total : count);
	if (err)
		return err;
	total = 0;
	for (size_t i = 0; i < count; i++) {
		if (!t->config.threads)
			t->rows.sorted[total++].subject = bt_subject_of_process(list[i]);
		for (uint32_t k = 0; t->config.threads && k < list[i]->thread_count; k++)
			if (!t->config.hide_idle || list[i]->thread_list[k]->verdict.id != BT_VERDICT_IDLE)
				t->rows.sorted[total++].subject =
				    bt_subject_of_thread(list[i], list[i]->thread_list[k]);
	}
	err = sort(t, total);
	for (size_t i = 0; i < total && !err; i++)
		if (!row_add(&t->rows, &t->rows.sorted[i].subject))
			return -ENOMEM;
	return err;
}

static int by_identity(const void *a, const void *b)
{
	const struct bt_identity *x = &((const struct node *)a)->process->identity;
	const struct bt_identity *y = &((const struct node *)b)->process->identity;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
}

/* The youngest process of a PID that is not younger than start_ns. */
static size_t forest_find(const struct forest *f, int32_t pid, uint64_t start_ns)
{
	size_t low = 0, high = f->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct bt_identity *i = &f->nodes[middle].process->identity;

		if (i->pid < pid || (i->pid == pid && i->start_ns <= start_ns))
			low = middle + 1;
		else
			high = middle;
	}
	return low && f->nodes[low - 1].process->identity.pid == pid ? low - 1 : NONE;
}

/* Does going up from node come to root? */
static bool forest_is_below(const struct forest *f, size_t node, size_t root)
{
	for (size_t steps = 0; node != NONE && steps <= f->count; steps++) {
		if (node == root)
			return true;
		node = f->nodes[node].parent;
	}
	return false;
}

static int forest_grow(struct forest *f, struct bt_process **list, size_t count)
{
	f->nodes = calloc(count + 1, sizeof(*f->nodes));
	if (!f->nodes)
		return -ENOMEM;
	f->count = count;
	for (size_t i = 0; i < count; i++)
		f->nodes[i] = (struct node){list[i], NULL, NONE, NONE, NONE, false};
	qsort(f->nodes, count, sizeof(*f->nodes), by_identity);
	for (size_t i = 0; i < count; i++) {
		struct node *n = &f->nodes[i];
		size_t parent = forest_find(f, n->process->ppid, n->process->identity.start_ns);

		/* Identities form no ring, but a parent of equal age could be a mistake. */
		if (parent != NONE && !forest_is_below(f, parent, i))
			n->parent = parent;
	}
	return 0;
}

static struct bt_sum *sum_new(struct bt_tui_rows *r, const struct bt_process *like)
{
	if (r->sum_count == r->sum_capacity)
		return NULL;
	bt_sum_begin(&r->sums[r->sum_count], like);
	return &r->sums[r->sum_count++];
}

/* Sums must not move: as many as may be needed, at once. */
static int sums_reserve(struct bt_tui_rows *r, size_t count)
{
	r->sum_count = 0;
	if (count <= r->sum_capacity)
		return 0;
	free(r->sums);
	r->sums = calloc(count, sizeof(*r->sums));
	r->sum_capacity = r->sums ? count : 0;
	return r->sums ? 0 : -ENOMEM;
}

/* Is the family collapsed? With all collapsed, those below the first process (init) are. */
static bool forest_folds(const struct bt_tui *t, const struct forest *f, size_t i)
{
	if (!t->folds.all)
		return bt_tui_folded(&t->folds, f->nodes[i].process);
	return f->nodes[i].parent != NONE && bt_tui_folded(&t->folds, f->nodes[i].process);
}

/* The topmost collapsed process at or above i; NONE: there is none. */
static size_t forest_family(const struct bt_tui *t, const struct forest *f, size_t i)
{
	size_t found = NONE;

	for (; i != NONE; i = f->nodes[i].parent)
		if (forest_folds(t, f, i))
			found = i;
	return found;
}

static int forest_sum(struct bt_tui *t, struct forest *f)
{
	size_t families = 0;
	int err;

	if (!t->folds.all && !t->folds.count)
		return 0;
	for (size_t i = 0; i < f->count; i++)
		families += forest_family(t, f, i) == i;
	err = sums_reserve(&t->rows, families);
	if (err)
		return err;
	for (size_t i = 0; i < f->count; i++) {
		size_t family = forest_family(t, f, i);
		struct node *n;

		if (family == NONE)
			continue;
		n = &f->nodes[family];
		if (!n->sum)
			n->sum = sum_new(&t->rows, n->process);
		if (n->sum)
			bt_sum_add((struct bt_sum *)n->sum, f->nodes[i].process);
		/* Those below are not listed. */
		f->nodes[i].done = i != family;
	}
	for (size_t i = 0; i < t->rows.sum_count; i++)
		bt_sum_judge(&t->rows.sums[i], t->data);
	return 0;
}

/* Adds the row of a node, and of its threads. */
static int forest_row(struct bt_tui *t, const struct forest *f, size_t i, unsigned int depth, uint64_t rails)
{
	const struct node *n = &f->nodes[i];
	struct bt_subject s = bt_subject_of_process(n->sum ? &n->sum->process : n->process);
	struct bt_tui_row *row = row_add(&t->rows, &s);

	if (!row)
		return -ENOMEM;
	row->sum = n->sum && n->sum->members > 1 ? n->sum : NULL;
	row->collapsed = row->sum != NULL;
	row->depth = (uint16_t)depth;
	row->rails = rails;
	row->last = n->next == NONE;
	row->parent = n->child != NONE;
	if (!t->config.threads || row->sum || n->process->thread_count < 2)
		return 0;
	return threads_add(t, n->process, depth + 1, rails | (uint64_t)(n->next != NONE) << depth);
}

/* Depth first, without recursion: the tree is as deep as processes care to make it. */
static int forest_walk(struct bt_tui *t, struct forest *f, size_t root)
{
	unsigned int depth = 0;
	uint64_t rails = 0;
	size_t i = root;
	int err = 0;

	while (i != NONE && !err) {
		struct node *n = &f->nodes[i];

		n->done = true;
		err = forest_row(t, f, i, depth, rails);
		if (n->child != NONE && !n->sum) {
			if (depth < DEPTH_MAX)
				rails |= (uint64_t)(n->next != NONE) << depth;
			depth += depth < DEPTH_MAX;
			i = n->child;
			continue;
		}
		while (i != root && f->nodes[i].next == NONE) {
			i = f->nodes[i].parent;
			depth -= depth > 0;
			rails &= ~((uint64_t)1 << depth);
		}
		i = i == root ? NONE : f->nodes[i].next;
	}
	return err;
}

static int list_tree(struct bt_tui *t, struct bt_process **list, size_t count)
{
	struct forest f = {0};
	int err = forest_grow(&f, list, count);

	if (!err)
		err = forest_sum(t, &f);
	if (!err)
		err = sorted_reserve(&t->rows, count);
	if (err)
		goto out;
	for (size_t i = 0; i < count; i++) {
		const struct node *n = &f.nodes[i];

		t->rows.sorted[i].subject = bt_subject_of_process(n->sum ? &n->sum->process : n->process);
	}
	err = sort(t, count);
	/* From the last to the first, each before the siblings that are there: then they are in order. */
	for (size_t i = count; i--;) {
		const struct bt_identity *id = &t->rows.sorted[i].subject.process->identity;
		size_t at = forest_find(&f, id->pid, id->start_ns);
		struct node *n = &f.nodes[at];

		if (n->parent == NONE)
			continue;
		n->next = f.nodes[n->parent].child;
		f.nodes[n->parent].child = at;
	}
	for (size_t i = 0; i < count && !err; i++) {
		const struct bt_identity *id = &t->rows.sorted[i].subject.process->identity;
		size_t at = forest_find(&f, id->pid, id->start_ns);

		if (f.nodes[at].parent == NONE && !f.nodes[at].done)
			err = forest_walk(t, &f, at);
	}
out:
	free(f.nodes);
	return err;
}

static const char *group_name(const struct bt_process *p)
{
	if (p->cgroup)
		return p->cgroup;
	return p->kind == BT_KIND_KERNEL ? "(kernel threads)" : "(no control group)";
}

static int by_group(const void *a, const void *b)
{
	return strcmp(group_name(*(struct bt_process *const *)a), group_name(*(struct bt_process *const *)b));
}

/* Rows of the processes of an expanded group. */
static int group_members(struct bt_tui *t, struct bt_process **list, size_t count, const char *name)
{
	struct bt_row *members = malloc((count + 1) * sizeof(*members));
	size_t found = 0;
	int err = members ? 0 : -ENOMEM;

	for (size_t i = 0; members && i < count; i++)
		if (!strcmp(group_name(list[i]), name))
			members[found++].subject = bt_subject_of_process(list[i]);
	if (members)
		bt_rows_sort(members, found, t->config.sort, t->config.sort_reversed);
	for (size_t i = 0; i < found && !err; i++) {
		struct bt_tui_row *row = row_add(&t->rows, &members[i].subject);

		if (!row) {
			err = -ENOMEM;
			break;
		}
		row->depth = 1;
		row->last = i + 1 == found;
		if (t->config.threads)
			err = threads_add(t, members[i].subject.process, 2, row->last ? 0 : 2);
	}
	free(members);
	return err;
}

static int list_groups(struct bt_tui *t, struct bt_process **list, size_t count)
{
	size_t groups = 0;
	int err;

	qsort(list, count, sizeof(struct bt_process *), by_group);
	for (size_t i = 0; i < count; i++)
		groups += !i || by_group(&list[i - 1], &list[i]) != 0;
	err = sums_reserve(&t->rows, groups);
	if (!err)
		err = sorted_reserve(&t->rows, groups);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct bt_sum *sum = t->rows.sum_count ? &t->rows.sums[t->rows.sum_count - 1] : NULL;

		if (!i || by_group(&list[i - 1], &list[i]) != 0) {
			sum = sum_new(&t->rows, list[i]);
			/* A group has no PID and no user; its rows are told apart by this. */
			sum->process.identity.pid = -(int32_t)t->rows.sum_count;
			sum->process.cgroup = group_name(list[i]);
		}
		bt_sum_add(sum, list[i]);
	}
	for (size_t i = 0; i < groups; i++) {
		bt_sum_judge(&t->rows.sums[i], t->data);
		t->rows.sums[i].process.exited = false;
		t->rows.sorted[i].subject = bt_subject_of_process(&t->rows.sums[i].process);
	}
	err = sort(t, groups);
	for (size_t i = 0; i < groups && !err; i++) {
		const struct bt_subject *s = &t->rows.sorted[i].subject;
		struct bt_tui_row *row = row_add(&t->rows, s);

		if (!row)
			return -ENOMEM;
		row->sum = (const struct bt_sum *)(const void *)s->process;
		row->group = true;
		row->parent = true;
		row->collapsed = !bt_tui_group_expanded(&t->folds, s->process->cgroup);
		if (!row->collapsed)
			err = group_members(t, list, count, s->process->cgroup);
	}
	return err;
}

int bt_tui_rows_build(struct bt_tui *t)
{
	struct bt_process **list;
	size_t count = 0;
	int err;

	t->rows.count = t->rows.hidden_idle = t->rows.hidden_filter = 0;
	t->rows.sum_count = 0;
	if (!t->data)
		return 0;
	list = malloc((t->frame.process_count + 1) * sizeof(struct bt_process *));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < t->frame.process_count; i++)
		if (wanted(t, t->frame.processes[i]))
			list[count++] = t->frame.processes[i];
	describe_for_sort(t, list, count);
	if (t->config.group)
		err = list_groups(t, list, count);
	else if (t->config.tree)
		err = list_tree(t, list, count);
	else
		err = list_flat(t, list, count);
	free(list);
	return err;
}
