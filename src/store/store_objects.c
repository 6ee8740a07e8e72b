/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the objects of waits are called, and where in the kernel threads in D sleep: asked while it is so,
 * because later nobody can. Each is asked once, and again after a while; never for longer than a small part
 * of the time.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "names.h"
#include "store_write_internal.h"

/* Closed waits that took less, all together, are not worth a name. */
#define NAMED_NS 10000000ull

/* What is asked again, as a file may have another name by now; and what nobody has seen for so long is
 * forgotten. */
#define ASK_AGAIN_NS 60000000000ull

/* A part of the time that goes into asking, and the most that is saved up for later. */
#define ASKING_PART   500
#define ASKING_MAX_NS 50000000
#define ASKING_NAMES  16   /* of a frame: each may be a new row, */
#define ASKING_SAVED  1024 /* and likewise */
#define OBJECTS_MAX   16384
#define SLEEPERS_MAX  256

/* A socket is taken note of, then looked for, and then who has its other end: it is asked again and again,
 * until that is known or it was so often. Local ones are found sooner. */
#define SOCKET_ROUNDS  3
#define SOCKET_ASKINGS 12

/* In D for so long: `diagnose` complains after five seconds, and must not come too early. */
#define STACK_NS 2000000000ull

struct bt_recorder_object {
	struct {
		uint64_t start_ns, object;
		uint32_t pid, target;
	} key;
	struct bt_reason reason;
	uint32_t uid;
	uint64_t seen_ns, asked_ns; /* CLOCK_MONOTONIC; asked_ns 0: not yet */
	unsigned int askings;       /* in a row; enough of them where more would tell nothing new */
	UT_hash_handle hh;
};

struct bt_recorder_sleeper {
	uint64_t id;
	uint64_t start_ns, since_ns;
	int32_t pid, tid;
	uint32_t uid;
	bool asked;
	UT_hash_handle hh;
};

/* What asking costs: what others have the CPU for meanwhile is not on our account. */
#define ASKING_CLOCK CLOCK_THREAD_CPUTIME_ID

static bool is_nameable(const struct bt_reason *reason)
{
	switch (reason->target) {
	case BT_TARGET_FILE:
	case BT_TARGET_DIRECTORY:
	case BT_TARGET_BLOCKDEV:
	case BT_TARGET_CHARDEV:
		return reason->fd >= 0;
	case BT_TARGET_INET:
	case BT_TARGET_UNIX:
		return reason->object;
	default:
		return false;
	}
}

static void object_forget(struct bt_recorder *r, struct bt_recorder_object *o)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the table, freed or not */
	HASH_DEL(r->objects, o);
	free(o);
}

static void sleeper_forget(struct bt_recorder *r, struct bt_recorder_sleeper *t)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
	HASH_DEL(r->sleepers, t);
	free(t);
}

void bt_recorder_forget_objects(struct bt_recorder *r)
{
	struct bt_recorder_object *o, *next;
	struct bt_recorder_sleeper *t, *next_sleeper;

	HASH_ITER (hh, r->objects, o, next)
		object_forget(r, o);
	HASH_ITER (hh, r->sleepers, t, next_sleeper)
		sleeper_forget(r, t);
}

/* Something that is waited for. Without memory or room it has no name. */
static void object_see(struct bt_recorder *r, const struct bt_facts *f, const struct bt_reason *reason,
		       uint64_t now_ns)
{
	struct bt_recorder_object like = {.key = {.start_ns = f->leader_start_ns,
						  .object = reason->object,
						  .pid = (uint32_t)f->tgid,
						  .target = reason->target}};
	struct bt_recorder_object *o = NULL;

	if (!is_nameable(reason))
		return;
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, r->objects, &like.key, sizeof(like.key), o);
	if (!o && HASH_COUNT(r->objects) < OBJECTS_MAX) {
		o = calloc(1, sizeof(*o));
		if (!o)
			return;
		o->key = like.key;
		HASH_ADD(hh, r->objects, key, sizeof(o->key), o);
		if (!r->objects || !o->hh.tbl) {
			free(o);
			return;
		}
	}
	if (!o)
		return;
	o->reason = *reason;
	o->uid = f->uid;
	o->seen_ns = now_ns;
}

/* A thread in D, or one that is not (any more). */
static void sleeper_see(struct bt_recorder *r, const struct bt_record *record)
{
	const struct bt_account *a = &record->account;
	bool is_in_d = record->facts.state == 'D' && a->phase == BT_PHASE_BLOCKED;
	struct bt_recorder_sleeper *t = NULL;

	if (!is_in_d && !r->sleepers)
		return;
	HASH_FIND(hh, r->sleepers, &record->head.id, sizeof(record->head.id), t);
	if (t && (!is_in_d || t->since_ns != a->since_ns)) {
		sleeper_forget(r, t);
		t = NULL;
	}
	if (!is_in_d || t || HASH_COUNT(r->sleepers) >= SLEEPERS_MAX)
		return;
	t = calloc(1, sizeof(*t));
	if (!t)
		return;
	t->id = record->head.id;
	t->start_ns = record->facts.leader_start_ns;
	t->since_ns = a->since_ns;
	t->pid = record->facts.tgid;
	t->tid = record->head.tid;
	t->uid = record->facts.uid;
	HASH_ADD(hh, r->sleepers, id, sizeof(t->id), t);
	if (!r->sleepers || !t->hh.tbl)
		free(t);
}

static void record_see(struct bt_recorder *r, const struct bt_record *record, uint64_t now_ns)
{
	const struct bt_account *a = &record->account;

	if (!(record->head.valid & BT_VALID_ACCOUNT))
		return;
	if (a->phase == BT_PHASE_BLOCKED)
		object_see(r, &record->facts, &a->reason, now_ns);
	for (unsigned int i = 0; record->head.valid & BT_VALID_WAITS && i < BT_WAIT_SLOTS; i++)
		if (a->waits[i].count && a->waits[i].ns >= NAMED_NS)
			object_see(r, &record->facts, &a->waits[i].reason, now_ns);
	sleeper_see(r, record);
}

/* Writes a name down, if it is another one than before. SQLite's result. */
static int object_add(struct bt_recorder *r, const struct bt_recorder_object *o,
		      const struct bt_object_facts *facts)
{
	static const enum bt_recorder_statement steps[] = {S_OBJECT_AGAIN, S_OBJECT_ADD};
	sqlite3_int64 process;
	const char *const texts[] = {bt_target_name(o->key.target), facts->name,
				     *facts->device ? facts->device : NULL,
				     *facts->peer_address ? facts->peer_address : NULL};
	sqlite3_int64 numbers[sizeof(texts) / sizeof(texts[0])] = {0};
	int result = SQLITE_DONE;

	if (bt_recorder_process_find(r, o->key.pid, o->key.start_ns, &process) != SQLITE_DONE || !process)
		return result;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && result == SQLITE_DONE; i++)
		result = bt_recorder_string(r, texts[i], texts[i] ? strlen(texts[i]) : 0, &numbers[i]);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == SQLITE_DONE; i++) {
		bt_recorder_bind(r, steps[i], 1, (uint64_t)process);
		bt_recorder_bind(r, steps[i], 2, (uint64_t)numbers[0]);
		bt_recorder_bind(r, steps[i], 3, o->key.object);
		bt_recorder_bind(r, steps[i], 4, (uint64_t)r->frame);
		for (int k = 1; k < 4; k++)
			if (numbers[k])
				bt_recorder_bind(r, steps[i], 4 + k, (uint64_t)numbers[k]);
		if (facts->peer_pid) {
			bt_recorder_bind(r, steps[i], 8, (uint64_t)facts->peer_pid);
			bt_recorder_bind(r, steps[i], 9, facts->peer_others);
		}
		r->asking_names -= steps[i] == S_OBJECT_ADD;
		result = bt_recorder_run(r, steps[i], NULL);
		if (result == SQLITE_DONE && sqlite3_changes(r->db))
			break;
	}
	return result;
}

/* SQLite's result. */
static int object_ask(struct bt_recorder *r, struct bt_recorder_object *o, uint64_t now_ns)
{
	struct bt_object_facts facts = {0};
	int result = SQLITE_DONE;

	if (o->asked_ns && now_ns - o->asked_ns >= ASK_AGAIN_NS)
		o->askings = 0;
	o->asked_ns = now_ns;
	o->askings++;
	if (r->setup.may_look && !r->setup.may_look(r->setup.context, o->uid))
		return result;
	r->setup.of->search_ns = (uint64_t)r->asking_ns;
	if (!r->setup.of->ops->object(r->setup.of, (pid_t)o->key.pid, o->key.start_ns, &o->reason, &facts))
		result = object_add(r, o, &facts);
	/* It ran out of time, and goes on when it is asked again. */
	if (!r->setup.of->search_ns)
		o->askings--;
	if (facts.peer_pid || !bt_target_is_socket(o->key.target))
		o->askings = SOCKET_ASKINGS;
	free(facts.name);
	return result;
}

static bool is_due(const struct bt_recorder_object *o, uint64_t now_ns)
{
	return o->askings < SOCKET_ASKINGS || now_ns - o->asked_ns >= ASK_AGAIN_NS;
}

static int objects_ask(struct bt_recorder *r, uint64_t now_ns)
{
	struct bt_recorder_object *o, *next;
	int result = SQLITE_DONE;
	uint64_t at_ns = bt_clock_read_ns(ASKING_CLOCK);

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
	HASH_ITER (hh, r->objects, o, next) {
		uint64_t then_ns = at_ns;

		if (now_ns - o->seen_ns > ASK_AGAIN_NS) {
			object_forget(r, o);
			continue;
		}
		if (!is_due(o, now_ns) || r->asking_ns <= 0 || r->asking_names <= 0)
			continue;
		result = object_ask(r, o, now_ns);
		if (result != SQLITE_DONE)
			break;
		at_ns = bt_clock_read_ns(ASKING_CLOCK);
		r->asking_ns -= (int64_t)(at_ns - then_ns);
	}
	return result;
}

static int stack_add(struct bt_recorder *r, const struct bt_recorder_sleeper *t, const char *stack)
{
	sqlite3_int64 process;
	int result = bt_recorder_bind_string(r, S_STACK_ADD, 4, stack);

	if (result != SQLITE_DONE ||
	    bt_recorder_process_find(r, (uint32_t)t->pid, t->start_ns, &process) != SQLITE_DONE || !process)
		return result;
	bt_recorder_bind(r, S_STACK_ADD, 1, (uint64_t)process);
	bt_recorder_bind(r, S_STACK_ADD, 2, (uint64_t)t->tid);
	bt_recorder_bind(r, S_STACK_ADD, 3, (uint64_t)r->frame);
	return bt_recorder_run(r, S_STACK_ADD, NULL);
}

static int stacks_ask(struct bt_recorder *r, uint64_t now_ns)
{
	struct bt_recorder_sleeper *t, *next;
	int result = SQLITE_DONE;

	HASH_ITER (hh, r->sleepers, t, next) {
		char *stack = NULL;

		if (t->asked || now_ns < t->since_ns + STACK_NS || r->asking_names <= 0)
			continue;
		t->asked = true;
		if (r->setup.may_look && !r->setup.may_look(r->setup.context, t->uid))
			continue;
		if (!r->setup.of->ops->stack(r->setup.of, t->pid, t->start_ns, t->tid, &stack)) {
			r->asking_names--;
			result = stack_add(r, t, stack);
		}
		free(stack);
		if (result != SQLITE_DONE)
			break;
	}
	return result;
}

void bt_recorder_name_begin(struct bt_recorder *r)
{
	r->asking_ns = ASKING_MAX_NS;
	r->asking_names = ASKING_SAVED;
}

void bt_recorder_name_again(struct bt_recorder *r)
{
	struct bt_recorder_object *o, *next;
	struct bt_recorder_sleeper *t, *next_sleeper;

	HASH_ITER (hh, r->objects, o, next) {
		o->asked_ns = 0;
		o->askings = 0;
	}
	HASH_ITER (hh, r->sleepers, t, next_sleeper)
		t->asked = false;
}

static bool can_name(const struct bt_recorder *r)
{
	return r->setup.of && r->setup.of->ops->object && r->setup.of->ops->stack;
}

void bt_recorder_name_see(struct bt_recorder *r, const struct bt_snapshot *s)
{
	struct bt_recorder_sleeper *t;

	if (!can_name(r))
		return;
	bt_snapshot_for_each (head, s) {
		const struct bt_record *record = (const struct bt_record *)(const void *)head;

		if (head->type == BT_RECORD_THREAD) {
			record_see(r, record, s->end_ns);
		} else if (head->type == BT_RECORD_ENDED && r->sleepers) {
			HASH_FIND(hh, r->sleepers, &head->id, sizeof(head->id), t);
			if (t)
				sleeper_forget(r, t);
		}
	}
}

int bt_recorder_name(struct bt_recorder *r, uint64_t now_ns)
{
	int result = SQLITE_DONE;

	if (!can_name(r))
		return result;
	r->asking_ns += (int64_t)(r->setup.interval_ns / ASKING_PART);
	r->asking_ns = r->asking_ns > ASKING_MAX_NS ? ASKING_MAX_NS : r->asking_ns;
	r->asking_names += ASKING_NAMES;
	r->asking_names = r->asking_names > ASKING_SAVED ? ASKING_SAVED : r->asking_names;
	for (int i = 0; i < SOCKET_ROUNDS && result == SQLITE_DONE; i++)
		result = objects_ask(r, now_ns);
	return result == SQLITE_DONE ? stacks_ask(r, now_ns) : result;
}
