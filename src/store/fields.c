/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fields.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): path, array and member are names */
#define SIZE(type, path) sizeof(((type *)0)->path)
#define ONE(type, path, kind) \
	{ #path, offsetof(type, path), SIZE(type, path), BT_STORED_##kind, 1, 0 }
#define MANY(type, path, kind) \
	{ #path, offsetof(type, path), SIZE(type, path[0]), BT_STORED_##kind, \
	  SIZE(type, path) / SIZE(type, path[0]), SIZE(type, path[0]) }
/* Bytes, eight at a time. */
#define TEXT(type, path, kind) \
	{ #path, offsetof(type, path), 8, BT_STORED_##kind, SIZE(type, path) / 8, 8 }
/* A member of each element of an array of structures. */
#define EACH(type, array, member, kind) \
	{ #array "." #member, offsetof(type, array[0].member), SIZE(type, array[0].member), BT_STORED_##kind, \
	  SIZE(type, array) / SIZE(type, array[0]), SIZE(type, array[0]) }

/* NOLINTEND(bugprone-macro-parentheses) */

#define R(path, kind)            ONE(struct bt_record, path, kind)
#define RS(path, kind)           MANY(struct bt_record, path, kind)
#define RT(path, kind)           TEXT(struct bt_record, path, kind)
#define RE(array, member, kind)  EACH(struct bt_record, array, member, kind)

/* What changes often comes first and lies together: the way from one change to the next is kept in four bits. */
const struct bt_stored_field bt_record_fields[] = {
	R(head.size, NEVER), /* what this program makes of it */
	R(head.type, NEVER), /* by how it is kept */
	R(head.valid, NUMBER),
	R(head.tid, NUMBER),
	R(head.id, NEVER),     /* beside it */
	R(head.now_ns, NEVER), /* beside it */

	R(account.phase, NUMBER),
	R(account.since_ns, TIME),
	R(account.read_ns, SHOWN_TIME),
	R(account.read_cause, NUMBER),
	R(account.woken_ns, WOKEN_TIME),
	R(account.woken_cause, WOKEN),
	R(account.waker_pid, WOKEN),
	R(account.reason.object, NUMBER),
	R(account.reason.fd, NUMBER),
	R(account.reason.syscall, NUMBER),
	R(account.reason.cause, NUMBER),
	R(account.reason.target, NUMBER),
	R(facts.state, NUMBER),
	R(facts.runtime_ns, NUMBER),
	R(facts.utime_ns, NUMBER),
	R(facts.stime_ns, NUMBER),
	R(facts.voluntary, NUMBER),
	R(facts.involuntary, NUMBER),
	R(facts.minor_faults, NUMBER),
	R(facts.major_faults, NUMBER),
	R(facts.rss_bytes, NUMBER),
	R(facts.read_bytes, NUMBER),
	R(facts.write_bytes, NUMBER),
	R(facts.rchar, NUMBER),
	R(facts.wchar, NUMBER),
	R(facts.group_ended_runtime_ns, NUMBER),
	R(facts.children_utime_ns, NUMBER),
	R(facts.children_stime_ns, NUMBER),
	R(facts.guessed_ns, NUMBER),
	R(account.totals.oncpu_ns, NUMBER),
	RS(account.totals.offcpu_ns, NUMBER),
	RS(account.bursts.cpu, NUMBER),
	RS(account.bursts.io, NUMBER),
	RE(account.waits, ns, NUMBER),
	RE(account.waits, count, NUMBER),
	RE(account.waits, waker_pid, NUMBER),
	RE(account.waits, reason.object, NUMBER),
	RE(account.waits, reason.fd, NUMBER),
	RE(account.waits, reason.syscall, NUMBER),
	RE(account.waits, reason.cause, NUMBER),
	RE(account.waits, reason.target, NUMBER),
	RE(account.held, ns, NUMBER),
	RE(account.held, object, NUMBER),
	R(account.own_ns, NUMBER),

	R(facts.tgid, NUMBER),
	R(facts.ppid, NUMBER),
	R(facts.start_ns, NUMBER),
	R(facts.leader_start_ns, NUMBER),
	R(facts.cgroup_id, NUMBER),
	R(facts.uid, NUMBER),
	R(facts.pid_ns, NUMBER),
	R(facts.nice, NUMBER),
	R(facts.kind, NUMBER),
	R(facts.reserved, NEVER),
	R(facts.exit_code, NUMBER),
	RT(facts.comm, NUMBER),
	R(account.born_ns, NUMBER),
	R(account.parent_start_ns, NUMBER),
	R(account.parent_tgid, NUMBER),
	R(account.relabeled_ns, SHOWN_TIME),
	R(account.relabeled_cause, NUMBER),

	R(account.id, NEVER), /* is head.id */
	R(account.leader_start_ns, NEVER), /* is that of facts */
	R(account.tid, NEVER), /* is head.tid */
	R(account.tgid, NEVER), /* is facts.tgid */
	R(account.seq, NEVER),
	R(account.read_seq, NEVER),
	R(account.listed, NEVER),
	R(account.found_asleep, NEVER),
	R(account.doubt, NEVER),
	R(account.idle_cause, NEVER),
	R(account.lock_credit, NEVER),
	R(account.carried_ns, NEVER),
	R(account.passed_ns, NEVER),
	R(account.after_ns, NEVER),
	R(account.hop, NEVER),
	R(account.hops_since, NEVER),
	R(account.last_burst_ns, NEVER),
	R(account.hop_wait_ns, NEVER),
	R(account.hop_next, NEVER),
	R(account.hops_next, NEVER),
	R(account.hop_ns, NEVER),
	R(account.turn, NEVER),
	R(account.turn_ns, NEVER),
	R(account.turn_object, NEVER),
	R(account.shown_ns, NEVER),
	R(account.queued_ns, NEVER),
	R(account.burst_ns, NEVER),
	R(account.runtime_ns, NEVER),
	R(account.run_delay_ns, NEVER),
	R(account.idle_end_ns, NEVER),
	R(account.gil_state, NEVER),
	R(account.runtime, NEVER),
	R(account.gil_from, NEVER),
	R(account.gil_mm, NEVER),
	R(account.gil_size, NEVER),
	R(account.missed, NEVER),
	R(account.missed_told, NEVER),
	R(account.guessed_ns, NEVER),
	R(account.idle_from_ns, NEVER),
	R(account.idle_to_ns, NEVER),
	R(account.ready_ns, NEVER),
	R(account.block_bytes, NEVER),
	RE(account.habits, place, NEVER),
	RE(account.habits, cause, NEVER),
};
const size_t bt_record_field_count = sizeof(bt_record_fields) / sizeof(bt_record_fields[0]);

#define L(path, kind)  ONE(struct bt_lump, path, kind)
#define LS(path, kind) MANY(struct bt_lump, path, kind)

const struct bt_stored_field bt_lump_fields[] = {
	L(head.size, NEVER),
	L(head.type, NEVER),
	L(head.valid, NUMBER),
	L(head.tid, NUMBER),
	L(head.id, NEVER),     /* beside it */
	L(head.now_ns, NEVER), /* the model does not ask for it */
	L(threads, NUMBER),
	L(wall_ns, NUMBER),
	L(totals.oncpu_ns, NUMBER),
	LS(totals.offcpu_ns, NUMBER),
	L(parent_start_ns, NUMBER),
	L(parent_tgid, NUMBER),
};
const size_t bt_lump_field_count = sizeof(bt_lump_fields) / sizeof(bt_lump_fields[0]);
/* clang-format on */

static int is_time(enum bt_stored_kind kind)
{
	return kind == BT_STORED_TIME || kind == BT_STORED_WOKEN_TIME || kind == BT_STORED_SHOWN_TIME;
}

static int layout_add(struct bt_layout *l, const struct bt_stored_field *f, uint64_t count, int time)
{
	if (count > BT_LAYOUT_WORDS_MAX - l->count)
		return -EINVAL;
	for (uint64_t i = 0; i < count; i++) {
		struct bt_layout_word *w = &l->words[l->count++];

		*w = (struct bt_layout_word){.offset = BT_LAYOUT_NOWHERE, .time = time != 0};
		if (f && i < f->count) {
			w->offset = (uint16_t)(f->offset + i * f->stride);
			w->size = f->size;
		}
	}
	return 0;
}

void bt_layout_own(struct bt_layout *l, const struct bt_stored_field *fields, size_t count)
{
	l->count = 0;
	for (size_t i = 0; i < count; i++)
		if (fields[i].kind != BT_STORED_NEVER)
			layout_add(l, &fields[i], fields[i].count, is_time(fields[i].kind));
}

int bt_layout_add(struct bt_layout *l, const struct bt_stored_field *known, size_t known_count,
		  const char *name, uint64_t count, int time)
{
	const struct bt_stored_field *f = NULL;

	for (size_t i = 0; i < known_count && !f; i++)
		if (known[i].kind != BT_STORED_NEVER && !strcmp(known[i].name, name))
			f = &known[i];
	return layout_add(l, f, count, time);
}

void bt_record_canonize(struct bt_record *r)
{
	bool woken = r->account.phase == BT_PHASE_WOKEN;
	bool shown = r->account.read_ns > r->account.since_ns;

	for (size_t i = 0; i < bt_record_field_count; i++) {
		const struct bt_stored_field *f = &bt_record_fields[i];
		bool keep = true;

		if (f->kind == BT_STORED_NEVER)
			keep = f->offset < sizeof(r->head);
		else if (f->kind == BT_STORED_WOKEN || f->kind == BT_STORED_WOKEN_TIME)
			keep = woken;
		else if (f->kind == BT_STORED_SHOWN_TIME)
			keep = shown;
		for (size_t k = 0; !keep && k < f->count; k++)
			memset((unsigned char *)r + f->offset + k * f->stride, 0, f->size);
	}
}
