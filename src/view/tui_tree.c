/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list as a tree: processes below their parents, families as one. */
#include <errno.h>
#include <stdlib.h>

#include "tui_rows.h"

#define DEPTH_MAX 63
#define NONE      SIZE_MAX

/* A process in a tree; all in one array, sorted by PID. */
struct node {
	struct bt_process *process;
	const struct bt_sum *sum; /* collapsed */
	size_t parent;
	size_t child, next; /* first child, next sibling */
	bool done;
	bool hidden; /* idle, as are all below it */
};

struct forest {
	struct node *nodes;
	size_t count;
};

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
		f->nodes[i] = (struct node){.process = list[i], .parent = NONE, .child = NONE, .next = NONE};
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

int bt_tui_family(const struct bt_tui *t, const struct bt_identity *root, struct bt_process **out,
		  size_t *count)
{
	struct forest f = {0};
	int err = forest_grow(&f, t->frame.processes, t->frame.process_count);
	size_t at = err ? NONE : forest_find(&f, root->pid, root->start_ns);

	*count = 0;
	for (size_t i = 0; at != NONE && i < f.count; i++)
		if (forest_is_below(&f, i, at))
			out[(*count)++] = f.nodes[i].process;
	free(f.nodes);
	return err;
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
	err = bt_tui_sums_reserve(&t->rows, families);
	if (err)
		return err;
	for (size_t i = 0; i < f->count; i++) {
		size_t family = forest_family(t, f, i);
		struct node *n;

		if (family == NONE)
			continue;
		n = &f->nodes[family];
		if (!n->sum)
			n->sum = bt_tui_sum_new(&t->rows, n->process);
		if (n->sum)
			bt_sum_add((struct bt_sum *)n->sum, f->nodes[i].process);
		/* Those below are not listed. */
		f->nodes[i].done = i != family;
	}
	for (size_t i = 0; i < t->rows.sum_count; i++)
		bt_sum_judge(&t->rows.sums[i], t->data);
	return 0;
}

/* Hides what is idle, unless something below it is not: sums are those of whole families all the same. */
static void forest_hide_idle(struct bt_tui *t, struct forest *f)
{
	for (size_t i = 0; i < f->count; i++)
		f->nodes[i].hidden = !f->nodes[i].done;
	for (size_t i = 0; i < f->count; i++) {
		const struct node *n = &f->nodes[i];

		if (n->done || bt_tui_hides(t, n->sum ? &n->sum->process : n->process))
			continue;
		for (size_t at = i; at != NONE && f->nodes[at].hidden; at = f->nodes[at].parent)
			f->nodes[at].hidden = false;
	}
	for (size_t i = 0; i < f->count; i++)
		if (f->nodes[i].hidden)
			t->rows.hidden_idle += f->nodes[i].sum ? f->nodes[i].sum->members : 1;
}

/* Adds the row of a node, and of its threads. */
static int forest_row(struct bt_tui *t, const struct forest *f, size_t i, unsigned int depth, uint64_t rails)
{
	const struct node *n = &f->nodes[i];
	struct bt_subject s = bt_subject_of_process(n->sum ? &n->sum->process : n->process);
	struct bt_tui_row *row = bt_tui_row_add(&t->rows, &s);

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
	return bt_tui_threads_add(t, n->process, depth + 1, rails | (uint64_t)(n->next != NONE) << depth);
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

int bt_tui_list_tree(struct bt_tui *t, struct bt_process **list, size_t count)
{
	struct forest f = {0};
	int err = forest_grow(&f, list, count);

	if (!err)
		err = forest_sum(t, &f);
	if (!err)
		err = bt_tui_sorted_reserve(&t->rows, count);
	if (err)
		goto out;
	if (t->config.hide_idle)
		forest_hide_idle(t, &f);
	for (size_t i = 0; i < count; i++) {
		const struct node *n = &f.nodes[i];

		t->rows.sorted[i] = (struct bt_row){.process = n->sum ? &n->sum->process : n->process};
	}
	bt_tui_sort(t, count);
	/* From the last to the first, each before the siblings that are there: then they are in order. */
	for (size_t i = count; i--;) {
		const struct bt_identity *id = &t->rows.sorted[i].process->identity;
		size_t at = forest_find(&f, id->pid, id->start_ns);
		struct node *n = &f.nodes[at];

		if (n->parent == NONE || n->hidden)
			continue;
		n->next = f.nodes[n->parent].child;
		f.nodes[n->parent].child = at;
	}
	for (size_t i = 0; i < count && !err; i++) {
		const struct bt_identity *id = &t->rows.sorted[i].process->identity;
		size_t at = forest_find(&f, id->pid, id->start_ns);

		if (f.nodes[at].parent == NONE && !f.nodes[at].done && !f.nodes[at].hidden)
			err = forest_walk(t, &f, at);
	}
out:
	free(f.nodes);
	return err;
}
