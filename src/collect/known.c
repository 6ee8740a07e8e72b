/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "known.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "account_reader.h"
#include "collector_shared.h"

void bt_known_free(struct bt_known *k)
{
	free(k->now.threads);
	free(k->before.threads);
	free(k->listed.tids);
	free(k->asked.tids);
	*k = (struct bt_known){0};
}

/* Room for one more of count; a growing array. */
static int room_for_one(void **array, size_t size, size_t count, size_t *room)
{
	size_t more = *room ? *room * 2 : 256;
	void *grown;

	if (count < *room)
		return 0;
	grown = reallocarray(*array, more, size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*room = more;
	return 0;
}

static int tid_add(struct bt_tids *list, int32_t tid)
{
	void *array = list->tids;

	if (room_for_one(&array, sizeof(*list->tids), list->count, &list->room))
		return -ENOMEM;
	list->tids = array;
	list->tids[list->count++] = tid;
	return 0;
}

static int thread_add(struct bt_known_threads *list, struct bt_known_thread thread)
{
	void *array = list->threads;

	if (room_for_one(&array, sizeof(*list->threads), list->count, &list->room))
		return -ENOMEM;
	list->threads = array;
	list->threads[list->count++] = thread;
	return 0;
}

int bt_known_list(struct bt_known *k, int32_t tid)
{
	return tid_add(&k->listed, tid);
}

void bt_known_unlist(struct bt_known *k)
{
	k->listed.count = 0;
}

static int tid_compare(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a;
	int32_t y = *(const int32_t *)b;

	return (x > y) - (x < y);
}

int bt_known_ask(struct bt_known *k, uint64_t read)
{
	struct bt_tids *asked = &k->asked;
	size_t unique = 0;

	asked->count = 0;
	for (size_t i = 0; i < k->now.count; i++) {
		const struct bt_known_thread *t = &k->now.threads[i];

		if ((t->awake || !(((uint32_t)t->tid ^ read) & BT_REFRESH_MASK)) && tid_add(asked, t->tid))
			return -ENOMEM;
	}
	for (size_t i = 0; i < k->listed.count; i++)
		if (tid_add(asked, k->listed.tids[i]))
			return -ENOMEM;
	if (k->listed.count)
		qsort(asked->tids, asked->count, sizeof(*asked->tids), tid_compare);
	for (size_t i = 0; i < asked->count; i++)
		if (!unique || asked->tids[unique - 1] != asked->tids[i])
			asked->tids[unique++] = asked->tids[i];
	asked->count = unique;
	bt_known_unlist(k);
	return 0;
}

/* What the kernel has taken off its list (record_was_read() in bpf/dump.h). */
static bool record_is_asleep(const struct bt_record_head *head)
{
	const struct bt_record *r = (const struct bt_record *)(const void *)head;

	if (head->type == BT_RECORD_SAME)
		return true;
	return head->valid & BT_VALID_ACCOUNT && r->account.phase == BT_PHASE_BLOCKED &&
	       !bt_account_is_undecided(&r->account, head->now_ns);
}

static struct bt_known_thread thread_of(const struct bt_record_head *head)
{
	return (struct bt_known_thread){.tid = head->tid, .awake = !record_is_asleep(head), .id = head->id};
}

int bt_known_take(struct bt_known *k, const struct bt_snapshot *s)
{
	int err = 0;

	k->now.count = 0;
	bt_snapshot_for_each (head, s) {
		if (k->now.count && head->tid <= k->now.threads[k->now.count - 1].tid)
			err = -EINVAL;
		else
			err = thread_add(&k->now, thread_of(head));
		if (err)
			break;
	}
	if (err)
		k->now.count = 0;
	return err;
}

static int record_append(struct bt_snapshot *s, const struct bt_record_head *head)
{
	unsigned char *room = bt_snapshot_reserve(s, head->size);

	if (!room)
		return -ENOMEM;
	memcpy(room, head, head->size);
	s->length += head->size;
	return 0;
}

/* Appends the answers up to that thread; at is the one that follows. */
static int answers_append(struct bt_known *k, const struct bt_snapshot *answers,
			  const struct bt_record_head **at, int32_t last, struct bt_snapshot *s)
{
	int err = 0;

	while (!err && *at && (*at)->tid <= last) {
		err = record_append(s, *at);
		if (!err)
			err = thread_add(&k->now, thread_of(*at));
		*at = bt_snapshot_next(answers, *at);
	}
	return err;
}

static int same_append(struct bt_known *k, const struct bt_known_thread *t, uint64_t now_ns,
		       struct bt_snapshot *s)
{
	const struct bt_record_head same = {.size = sizeof(same),
					    .type = BT_RECORD_SAME,
					    .valid = BT_VALID_ALL,
					    .tid = t->tid,
					    .id = t->id,
					    .now_ns = now_ns};
	int err = record_append(s, &same);

	return err ? err : thread_add(&k->now, *t);
}

int bt_known_merge(struct bt_known *k, const struct bt_snapshot *answers, uint64_t now_ns,
		   struct bt_snapshot *s)
{
	const struct bt_record_head *answer = bt_snapshot_next(answers, NULL);
	const struct bt_known_threads old = k->now;
	size_t asked = 0;
	int err = 0;

	k->now = k->before;
	k->now.count = 0;
	k->before = old;
	for (size_t i = 0; !err && i < old.count; i++) {
		const struct bt_known_thread *t = &old.threads[i];

		err = answers_append(k, answers, &answer, t->tid, s);
		while (asked < k->asked.count && k->asked.tids[asked] < t->tid)
			asked++;
		/* Asked for: it has answered, or it is gone. */
		if (!err && (asked == k->asked.count || k->asked.tids[asked] != t->tid))
			err = same_append(k, t, now_ns, s);
	}
	return err ? err : answers_append(k, answers, &answer, INT32_MAX, s);
}
