/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the dashboard lists: processes that match, sorted, as a tree, in groups, with their threads. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui_rows.h"

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
			return !f->groups_all;
	return f->groups_all;
}

static void groups_forget(struct bt_tui_folds *f)
{
	for (size_t i = 0; i < f->group_count; i++)
		free(f->groups[i]);
	f->group_count = 0;
}

void bt_tui_groups_toggle_all(struct bt_tui_folds *f)
{
	groups_forget(f);
	f->groups_all = !f->groups_all;
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
	groups_forget(f);
	free(f->groups);
	free(f->list);
}

void bt_tui_rows_free(struct bt_tui_rows *r)
{
	free(r->list);
	free(r->sums);
	free(r->sorted);
	free(r->spare);
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

struct bt_tui_row *bt_tui_row_add(struct bt_tui_rows *r, const struct bt_subject *s)
{
	if (!grow((void **)&r->list, &r->capacity, r->count, sizeof(*r->list)))
		return NULL;
	r->list[r->count] = (struct bt_tui_row){.subject = *s};
	return &r->list[r->count++];
}

static struct bt_tui_row *sorted_add(struct bt_tui_rows *r, const struct bt_row *sorted)
{
	struct bt_subject s = bt_row_subject(sorted);

	return bt_tui_row_add(r, &s);
}

int bt_tui_threads_add(struct bt_tui *t, const struct bt_process *p, unsigned int depth, uint64_t rails)
{
	for (uint32_t i = 0; i < p->thread_count; i++) {
		struct bt_subject s = bt_subject_of_thread(p, p->thread_list[i]);
		struct bt_tui_row *row = bt_tui_row_add(&t->rows, &s);

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
	return true;
}

bool bt_tui_hides(const struct bt_tui *t, const struct bt_process *p)
{
	return t->config.hide_idle && p->verdict.id == BT_VERDICT_IDLE && !p->exited;
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

int bt_tui_sorted_reserve(struct bt_tui_rows *r, size_t count)
{
	size_t capacity = count + count / 2;

	if (count <= r->sorted_capacity)
		return 0;
	free(r->sorted);
	free(r->spare);
	r->sorted = calloc(capacity, sizeof(*r->sorted));
	r->spare = calloc(capacity, sizeof(*r->spare));
	r->sorted_capacity = r->sorted && r->spare ? capacity : 0;
	return r->sorted_capacity ? 0 : -ENOMEM;
}

/* What lives and does something, then what has ended, then what is idle, at last what does nothing at all. */
enum { CLASS_ACTIVE, CLASS_ENDED, CLASS_IDLE, CLASS_STILL, CLASS_COUNT };

#define STILL_ACTIVE 0.005f

static unsigned int class_of(const struct bt_row *r)
{
	const struct bt_verdict *v = r->thread ? &r->thread->verdict : &r->process->verdict;

	if (r->thread ? r->thread->ended : r->process->exited)
		return CLASS_ENDED;
	if (v->id != BT_VERDICT_IDLE)
		return CLASS_ACTIVE;
	return v->active < STILL_ACTIVE ? CLASS_STILL : CLASS_IDLE;
}

static int by_tie(const void *a, const void *b)
{
	const struct bt_row *x = a;
	const struct bt_row *y = b;

	return x->tie < y->tie ? -1 : x->tie > y->tie;
}

/* By PID, in which they mostly come. */
static void sort_still(struct bt_row *rows, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		if (rows[i - 1].tie <= rows[i].tie)
			continue;
		qsort(rows, count, sizeof(*rows), by_tie);
		return;
	}
}

/*
 * The most active first, but for two things that would make the screen restless: processes that lived for
 * some milliseconds, and were busy all that time, stand behind those that are still there; and what does
 * nothing stands by PID, instead of changing places for microseconds. Nearly all of ten thousand do nothing:
 * each is looked at once.
 */
static void sort_calm(struct bt_tui_rows *r, size_t count)
{
	size_t ends[CLASS_COUNT + 1] = {0};
	struct bt_row *from = r->sorted, *to = r->spare;

	for (size_t i = 0; i < count; i++) {
		from[i].key = class_of(&from[i]);
		ends[from[i].key + 1]++;
	}
	for (unsigned int class = 0; class < CLASS_COUNT; class ++)
		ends[class + 1] += ends[class];
	/* What is the begin of a class now is its end, when all of it has found its place. */
	for (size_t i = 0; i < count; i++) {
		struct bt_row *row = &to[ends[from[i].key]++];

		*row = from[i];
		row->tie = bt_row_tie(row);
	}
	for (unsigned int class = 0; class < CLASS_STILL; class ++) {
		size_t begin = class ? ends[class - 1] : 0;

		bt_rows_sort(to + begin, ends[class] - begin, NULL, false);
	}
	sort_still(to + ends[CLASS_IDLE], count - ends[CLASS_IDLE]);
	r->sorted = to;
	r->spare = from;
}

void bt_tui_sort(struct bt_tui *t, size_t count)
{
	if (!t->config.sort && !t->config.sort_reversed)
		sort_calm(&t->rows, count);
	else
		bt_rows_sort(t->rows.sorted, count, t->config.sort, t->config.sort_reversed);
}

static int list_flat(struct bt_tui *t, struct bt_process **list, size_t count)
{
	size_t total = 0, shown = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		if (!bt_tui_hides(t, list[i]))
			list[shown++] = list[i];
	t->rows.hidden_idle = count - shown;
	count = shown;
	for (size_t i = 0; t->config.threads && i < count; i++)
		total += list[i]->thread_count;
	err = bt_tui_sorted_reserve(&t->rows, t->config.threads ? total : count);
	if (err)
		return err;
	total = 0;
	for (size_t i = 0; i < count; i++) {
		if (!t->config.threads)
			t->rows.sorted[total++] = (struct bt_row){.process = list[i]};
		for (uint32_t k = 0; t->config.threads && k < list[i]->thread_count; k++)
			if (!t->config.hide_idle || list[i]->thread_list[k]->verdict.id != BT_VERDICT_IDLE)
				t->rows.sorted[total++] =
				    (struct bt_row){.process = list[i], .thread = list[i]->thread_list[k]};
	}
	bt_tui_sort(t, total);
	for (size_t i = 0; i < total; i++)
		if (!sorted_add(&t->rows, &t->rows.sorted[i]))
			return -ENOMEM;
	return 0;
}

struct bt_sum *bt_tui_sum_new(struct bt_tui_rows *r, const struct bt_process *like)
{
	if (r->sum_count == r->sum_capacity)
		return NULL;
	bt_sum_begin(&r->sums[r->sum_count], like);
	return &r->sums[r->sum_count++];
}

/* Sums must not move: as many as may be needed, at once. */
int bt_tui_sums_reserve(struct bt_tui_rows *r, size_t count)
{
	r->sum_count = 0;
	if (count <= r->sum_capacity)
		return 0;
	free(r->sums);
	r->sums = calloc(count, sizeof(*r->sums));
	r->sum_capacity = r->sums ? count : 0;
	return r->sums ? 0 : -ENOMEM;
}

const char *bt_tui_group_name(const struct bt_process *p)
{
	if (p->cgroup)
		return p->cgroup;
	if (p->kind == BT_KIND_KERNEL)
		return "(kernel threads)";
	return p->exited ? "(ended before it was read)" : "(no control group)";
}

static int by_group(const void *a, const void *b)
{
	return strcmp(bt_tui_group_name(*(struct bt_process *const *)a),
		      bt_tui_group_name(*(struct bt_process *const *)b));
}

/* Rows of the processes of an expanded group. */
static int group_members(struct bt_tui *t, struct bt_process **list, size_t count, const char *name)
{
	struct bt_row *members = malloc((count + 1) * sizeof(*members));
	size_t found = 0;
	int err = members ? 0 : -ENOMEM;

	for (size_t i = 0; members && i < count; i++) {
		if (strcmp(bt_tui_group_name(list[i]), name) != 0)
			continue;
		if (bt_tui_hides(t, list[i]))
			t->rows.hidden_idle++;
		else
			members[found++] = (struct bt_row){.process = list[i]};
	}
	if (members)
		bt_rows_sort(members, found, t->config.sort, t->config.sort_reversed);
	for (size_t i = 0; i < found && !err; i++) {
		struct bt_tui_row *row = sorted_add(&t->rows, &members[i]);

		if (!row) {
			err = -ENOMEM;
			break;
		}
		row->depth = 1;
		row->last = i + 1 == found;
		if (t->config.threads)
			err = bt_tui_threads_add(t, members[i].process, 2, row->last ? 0 : 2);
	}
	free(members);
	return err;
}

static int list_groups(struct bt_tui *t, struct bt_process **list, size_t count)
{
	size_t groups = 0, shown = 0;
	int err;

	qsort(list, count, sizeof(struct bt_process *), by_group);
	for (size_t i = 0; i < count; i++)
		groups += !i || by_group(&list[i - 1], &list[i]) != 0;
	err = bt_tui_sums_reserve(&t->rows, groups);
	if (!err)
		err = bt_tui_sorted_reserve(&t->rows, groups);
	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		struct bt_sum *sum = t->rows.sum_count ? &t->rows.sums[t->rows.sum_count - 1] : NULL;

		if (!i || by_group(&list[i - 1], &list[i]) != 0) {
			sum = bt_tui_sum_new(&t->rows, list[i]);
			/* A group has no PID and no user; its rows are told apart by this. */
			sum->process.identity.pid = -(int32_t)t->rows.sum_count;
			sum->process.cgroup = bt_tui_group_name(list[i]);
		}
		bt_sum_add(sum, list[i]);
	}
	for (size_t i = 0; i < groups; i++) {
		bt_sum_judge(&t->rows.sums[i], t->data);
		t->rows.sums[i].process.exited = false;
		/* What is idle counts in its group's sum all the same. */
		if (bt_tui_hides(t, &t->rows.sums[i].process))
			t->rows.hidden_idle += t->rows.sums[i].members;
		else
			t->rows.sorted[shown++] = (struct bt_row){.process = &t->rows.sums[i].process};
	}
	bt_tui_sort(t, shown);
	for (size_t i = 0; i < shown && !err; i++) {
		const struct bt_process *p = t->rows.sorted[i].process;
		struct bt_tui_row *row = sorted_add(&t->rows, &t->rows.sorted[i]);

		if (!row)
			return -ENOMEM;
		row->sum = (const struct bt_sum *)(const void *)p;
		row->group = true;
		row->parent = true;
		row->collapsed = !bt_tui_group_expanded(&t->folds, p->cgroup);
		if (!row->collapsed)
			err = group_members(t, list, count, p->cgroup);
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
		err = bt_tui_list_tree(t, list, count);
	else
		err = list_flat(t, list, count);
	free(list);
	return err;
}
