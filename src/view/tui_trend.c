/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_trend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

/* Active below is not worth an entry. */
#define ACTIVE_MIN 0.01f

struct key {
	uint64_t start_ns;
	int32_t pid;
	int32_t tid; /* 0: the process */
};

struct entry {
	struct key key;
	uint64_t last;     /* frame of the latest mark */
	uint64_t since_ns; /* from when on the verdict has been what it is */
	uint8_t verdict, cause;
	struct bt_trend_mark marks[BT_TREND_FRAMES];
	UT_hash_handle hh;
};

struct bt_trends {
	uint64_t frame;
	uint64_t begin_ns; /* of the frame, as the caller counts */
	struct entry *entries;
};

int bt_trends_create(struct bt_trends **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void entry_remove(struct bt_trends *t, struct entry *e)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the entry is out of the table, freed or not */
	HASH_DEL(t->entries, e);
	free(e);
}

void bt_trends_clear(struct bt_trends *t)
{
	struct entry *e, *next;

	HASH_ITER (hh, t->entries, e, next)
		entry_remove(t, e);
}

void bt_trends_destroy(struct bt_trends *t)
{
	if (!t)
		return;
	bt_trends_clear(t);
	free(t);
}

void bt_trends_begin(struct bt_trends *t, uint64_t begin_ns)
{
	struct entry *e, *next;

	t->frame++;
	t->begin_ns = begin_ns;
	if (t->frame % BT_TREND_FRAMES)
		return;
	HASH_ITER (hh, t->entries, e, next) {
		if (t->frame - e->last > BT_TREND_FRAMES)
			entry_remove(t, e);
	}
}

static struct entry *entry_find(const struct bt_trends *t, const struct bt_subject *s, struct key *key)
{
	struct entry *e;

	*key = (struct key){
	    .start_ns = s->process->identity.start_ns,
	    .pid = s->process->identity.pid,
	    .tid = s->thread ? s->thread->tid : 0,
	};
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, t->entries, key, sizeof(*key), e);
	return e;
}

/* Moves the marks left by the frames that went without one. */
static void marks_shift(struct bt_trend_mark marks[BT_TREND_FRAMES], uint64_t frames)
{
	size_t gone = frames < BT_TREND_FRAMES ? (size_t)frames : BT_TREND_FRAMES;

	memmove(marks, marks + gone, (BT_TREND_FRAMES - gone) * sizeof(*marks));
	memset(marks + BT_TREND_FRAMES - gone, 0, gone * sizeof(*marks));
}

/* User and system change places without anything having changed. */
static bool on_cpu(uint8_t cause)
{
	return cause == BT_MS_USER || cause == BT_MS_SYSTEM;
}

void bt_trends_add(struct bt_trends *t, const struct bt_subject *s)
{
	const struct bt_verdict *v = s->verdict;
	struct entry *e;
	struct key key;
	uint8_t cause;

	if (v->active < ACTIVE_MIN)
		return;
	e = entry_find(t, s, &key);
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return;
		e->key = key;
		e->last = t->frame;
		HASH_ADD(hh, t->entries, key, sizeof(e->key), e);
	}
	cause = on_cpu(v->cause) ? BT_MS_USER : v->cause;
	if (t->frame - e->last > 1 || !e->since_ns || e->verdict != v->id || e->cause != cause) {
		e->since_ns = t->begin_ns;
		e->verdict = (uint8_t)v->id;
		e->cause = cause;
	}
	marks_shift(e->marks, t->frame - e->last);
	e->last = t->frame;
	e->marks[BT_TREND_FRAMES - 1] = (struct bt_trend_mark){
	    .level = (uint8_t)bt_spark_level((double)v->active),
	    .ink = (uint8_t)bt_ink_of_verdict(v->id, v->cause),
	};
}

uint64_t bt_trends_since_ns(const struct bt_trends *t, const struct bt_subject *s)
{
	struct key key;
	const struct entry *e = entry_find(t, s, &key);

	return e && e->last == t->frame ? e->since_ns : 0;
}

bool bt_trends_get(const struct bt_trends *t, const struct bt_subject *s,
		   struct bt_trend_mark marks[BT_TREND_FRAMES])
{
	struct key key;
	const struct entry *e = entry_find(t, s, &key);

	if (!e || t->frame - e->last >= BT_TREND_FRAMES)
		return false;
	memcpy(marks, e->marks, sizeof(e->marks));
	marks_shift(marks, t->frame - e->last);
	return true;
}
