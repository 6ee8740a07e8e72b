/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a recording gives back is what the model was given live: the same snapshots, straight and through the
 * store, make the same report, byte by byte.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "codec.h"
#include "model.h"
#include "schema.h"
#include "sort.h"
#include "store_read.h"
#include "store_write.h"
#include "view.h"

#include "fake.h"
#include "store_file.h"
#include "unit.h"

#define PROCESSES 12
#define FRAMES    80

/* The same numbers at every run. */
static uint64_t dice_state = 88172645463325252ull;

static uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return dice_state % sides;
}

static void copy(struct bt_snapshot *to, const struct bt_snapshot *from)
{
	struct bt_snapshot owned = *to;

	*to = *from;
	to->records = owned.records;
	to->capacity = owned.capacity;
	to->length = 0;
	memcpy(bt_snapshot_reserve(to, from->length), from->records, from->length);
	to->length = from->length;
}

/* All that a report says of every process and thread. */
static char *report_of(struct bt_model *m)
{
	struct bt_report r = {.version = "0", .collector = "bpf", .threads = true};
	struct bt_style style = {.utf8 = true};
	struct bt_strbuf out = BT_STRBUF_INIT;

	assert_int_equal(bt_model_judge(m, true), 0);
	r.frame = bt_model_frame(m);
	r.processes = r.frame->processes;
	r.process_count = r.frame->process_count;
	assert_int_equal(bt_processes_sort(r.processes, r.process_count, bt_field_find("pid"), false), 0);
	assert_int_equal(bt_view_json(&r, &style, &out), 0);
	return out.data;
}

static void assert_same_report(struct bt_model *live, struct bt_model *replayed, int frame)
{
	char *a = report_of(live), *b = report_of(replayed);

	if (strcmp(a, b) != 0) {
		size_t at = 0;

		while (a[at] == b[at])
			at++;
		at -= at < 60 ? at : 60;
		fail_msg("frame %d: live …%.160s, replayed …%.160s", frame, a + at, b + at);
	}
	free(a);
	free(b);
}

/* A second of a host on which all kinds of things happen. */
static void live_a_second(struct fake_host *h, int *threads, int32_t *next_pid)
{
	for (int i = 0; i < PROCESSES; i++) {
		static const enum bt_microstate causes[] = {BT_MS_DISK, BT_MS_EVENT, BT_MS_LOCK,
							    BT_MS_IPC,  BT_MS_SLEEP, BT_MS_NETWORK};
		const struct fake_thread *t = threads[i] < 0 ? NULL : fake_at(h, threads[i]);

		if (!t) {
			threads[i] = fake_fork(h, (*next_pid)++, threads[0]);
			fake_run(h, threads[i]);
			continue;
		}
		/* Half of them sleep on. */
		if (i % 2 && t->r.account.phase == BT_PHASE_BLOCKED && dice(6))
			continue;
		for (uint64_t left = dice(4); left; left--) {
			if (t->r.account.phase == BT_PHASE_BLOCKED)
				fake_wake(h, threads[i], (int32_t)dice(300));
			fake_pass(h, dice(3 * FAKE_MS));
			if (t->r.account.phase != BT_PHASE_ONCPU)
				fake_run(h, threads[i]);
			fake_pass(h, dice(20 * FAKE_MS));
			if (dice(4))
				fake_block(h, threads[i], causes[dice(6)], (int16_t)dice(300), dice(6));
			else
				fake_preempt(h, threads[i]);
		}
		if (i % 3 && !dice(25)) {
			if (t->r.account.phase != BT_PHASE_ONCPU) {
				if (t->r.account.phase == BT_PHASE_BLOCKED)
					fake_wake(h, threads[i], 1);
				fake_run(h, threads[i]);
			}
			fake_pass(h, FAKE_MS);
			fake_exit(h, threads[i], (int32_t)dice(3));
			if (dice(3))
				fake_reap(h, threads[i]);
			threads[i] = -1;
		} else if (t->r.account.phase == BT_PHASE_BLOCKED && !dice(3)) {
			fake_wake(h, threads[i], 5); /* and is not running yet when it is read */
		}
	}
	fake_pass(h, 100 * FAKE_MS);
}

struct world {
	struct fake_host h;
	int threads[PROCESSES];
	int32_t next_pid;
};

static void world_begin(struct world *w)
{
	fake_open(&w->h);
	w->next_pid = 100;
	w->threads[0] = -1;
	for (int i = 0; i < PROCESSES; i++) {
		w->threads[i] = fake_fork(&w->h, w->next_pid++, i ? w->threads[0] : -1);
		fake_run(&w->h, w->threads[i]);
		if (i % 3 == 0) {
			struct bt_account *a =
			    &fake_at(&w->h, fake_clone(&w->h, w->threads[i], w->next_pid++))->r.account;

			/* As the kernel side has it: a thread has its process's parent. */
			a->parent_tgid = fake_at(&w->h, w->threads[i])->r.account.parent_tgid;
			a->parent_start_ns = fake_at(&w->h, w->threads[i])->r.account.parent_start_ns;
			fake_block(&w->h, w->threads[i], BT_MS_EVENT, 232, (uint64_t)i);
		}
	}
}

static void add_lump(struct fake_host *h, int frame)
{
	struct bt_lump l = {.head = {.size = sizeof(l), .type = BT_RECORD_LUMP, .valid = BT_VALID_ACCOUNT},
			    .parent_tgid = 100,
			    .threads = (uint32_t)(frame / 8),
			    .wall_ns = (uint64_t)(frame / 8) * 7 * FAKE_MS};

	l.totals.oncpu_ns = l.wall_ns;
	l.parent_start_ns = h->threads[0].r.facts.leader_start_ns;
	l.head.id = 1ull << 62 | 100;
	l.head.now_ns = h->now_ns;
	fake_append(h, &l, sizeof(l));
	l.head.id++;
	l.threads = 3;
	fake_append(h, &l, sizeof(l));
}

/* Anything may be in a field: all bytes but those that say what and how long the record is. */
static void spoil(struct bt_snapshot *s)
{
	bt_snapshot_for_each (head, s) {
		unsigned char *bytes = s->records + ((const unsigned char *)head - s->records);

		if (head->type == BT_RECORD_SAME || dice(3))
			continue;
		for (uint64_t left = dice(40); left; left--)
			bytes[sizeof(*head) + dice(head->size - sizeof(*head))] = (unsigned char)dice(256);
	}
}

static const struct bt_snapshot *next_frame(struct world *w, int frame, bool spoiled)
{
	if (frame)
		live_a_second(&w->h, w->threads, &w->next_pid);
	fake_read(&w->h);
	add_lump(&w->h, frame);
	w->h.s.measured = BT_MEASURED_ALL;
	w->h.s.time_nsec = (uint32_t)(w->h.now_ns % 1000000000);
	if (spoiled)
		spoil(&w->h.s);
	return &w->h.s;
}

static void test_every_byte_is_named(void **state)
{
	unsigned char record[sizeof(struct bt_record)] = {0}, lump[sizeof(struct bt_lump)] = {0};

	(void)state;
	for (size_t i = 0; i < bt_record_field_count; i++)
		for (unsigned int k = 0; k < bt_record_fields[i].count; k++)
			for (unsigned int b = 0; b < bt_record_fields[i].size; b++)
				record[bt_record_fields[i].offset + k * bt_record_fields[i].stride + b]++;
	for (size_t i = 0; i < bt_lump_field_count; i++)
		for (unsigned int k = 0; k < bt_lump_fields[i].count; k++)
			for (unsigned int b = 0; b < bt_lump_fields[i].size; b++)
				lump[bt_lump_fields[i].offset + k * bt_lump_fields[i].stride + b]++;
	for (size_t i = 0; i < sizeof(record); i++)
		if (record[i] != 1)
			fail_msg("byte %zu of struct bt_record is in %d lines of the table in fields.c", i,
				 record[i]);
	for (size_t i = 0; i < sizeof(lump); i++)
		if (lump[i] != 1)
			fail_msg("byte %zu of struct bt_lump is in %d lines of the table in fields.c", i,
				 lump[i]);
}

/* What writes frames and what reads them, in a world of their own. */
struct codecs {
	struct bt_layout record, lump;
	struct bt_codec *writer, *reader, *other;
	struct bt_strbuf bytes; /* of the last frame */
	struct bt_snapshot s;   /* as it was read */
	struct world w;
};

static void codecs_open(struct codecs *c)
{
	*c = (struct codecs){.bytes = BT_STRBUF_INIT};
	bt_layout_own(&c->record, bt_record_fields, bt_record_field_count);
	bt_layout_own(&c->lump, bt_lump_fields, bt_lump_field_count);
	assert_int_equal(bt_codec_create(&c->writer, &c->record, &c->lump), 0);
	assert_int_equal(bt_codec_create(&c->reader, &c->record, &c->lump), 0);
	assert_int_equal(bt_codec_create(&c->other, &c->record, &c->lump), 0);
	world_begin(&c->w);
}

static void codecs_close(struct codecs *c)
{
	fake_close(&c->w.h);
	bt_codec_destroy(c->writer);
	bt_codec_destroy(c->reader);
	bt_codec_destroy(c->other);
	bt_snapshot_free(&c->s);
	bt_strbuf_free(&c->bytes);
}

static void codecs_write(struct codecs *c, const struct bt_snapshot *given, bool key)
{
	bt_strbuf_clear(&c->bytes);
	assert_int_equal(bt_codec_encode(c->writer, given, key, &c->bytes), 0);
}

/* Into c->s, with everything of given that is not in the bytes. wanted: the records are. */
static void codecs_read(struct codecs *c, struct bt_codec *reader, const struct bt_snapshot *given,
			bool restart, bool wanted)
{
	copy(&c->s, given);
	c->s.length = 0;
	assert_int_equal(bt_codec_decode(reader, given->begin_ns, c->bytes.data, c->bytes.length, restart,
					 wanted ? &c->s : NULL),
			 0);
}

/* Straight and through the codec, with a key every so often. */
static void through_codec(bool spoiled)
{
	struct bt_model *live, *replayed;
	struct codecs c;

	codecs_open(&c);
	assert_int_equal(bt_model_create(&live), 0);
	assert_int_equal(bt_model_create(&replayed), 0);
	for (int frame = 0; frame < FRAMES; frame++) {
		const struct bt_snapshot *given = next_frame(&c.w, frame, spoiled);
		const struct bt_record_head *head = NULL;

		codecs_write(&c, given, frame % 16 == 0);
		codecs_read(&c, c.reader, given, !frame, true);
		bt_snapshot_for_each (theirs, given) {
			head = bt_snapshot_next(&c.s, head);
			assert_non_null(head);
			assert_int_equal(theirs->id, head->id);
			assert_int_equal(theirs->type, head->type);
			if (head->type != BT_RECORD_LUMP)
				assert_int_equal(theirs->now_ns, head->now_ns);
		}
		assert_null(bt_snapshot_next(&c.s, head));
		if (frame % 4 == 1) {
			bt_model_begin(live);
			bt_model_begin(replayed);
		}
		assert_int_equal(bt_model_update(live, given), 0);
		assert_int_equal(bt_model_update(replayed, &c.s), 0);
		assert_same_report(live, replayed, frame);
	}
	bt_model_destroy(live);
	bt_model_destroy(replayed);
	codecs_close(&c);
}

static void test_same_report(void **state)
{
	(void)state;
	through_codec(false);
}

static void test_same_report_whatever_the_fields_hold(void **state)
{
	(void)state;
	through_codec(true);
}

/*
 * Frames that did not get into the file (the disk was full), and then a key: who reads on over the gap knows
 * the same from there on as who begins after it.
 */
static void test_frames_that_were_lost(void **state)
{
	struct bt_model *over, *after;
	struct codecs c;

	(void)state;
	codecs_open(&c);
	assert_int_equal(bt_model_create(&over), 0);
	assert_int_equal(bt_model_create(&after), 0);
	for (int frame = 0; frame < FRAMES; frame++) {
		const struct bt_snapshot *given = next_frame(&c.w, frame, false);
		bool key = frame % 16 == 0;

		codecs_write(&c, given, key);
		if (frame % 16 > 11)
			continue; /* it is lost */
		codecs_read(&c, c.reader, given, !frame, true);
		assert_int_equal(bt_model_update(over, &c.s), 0);
		codecs_read(&c, c.other, given, key, !key);
		if (key) {
			assert_int_equal(bt_codec_base(c.other, &c.s), 0);
			bt_model_destroy(after);
			assert_int_equal(bt_model_create(&after), 0);
		}
		assert_int_equal(bt_model_update(after, &c.s), 0);
		/* Those whose end was lost are missed for a few frames. */
		if (frame % 16 < 4) {
			bt_model_begin(over);
			bt_model_begin(after);
			continue;
		}
		assert_same_report(after, over, frame);
	}
	bt_model_destroy(over);
	bt_model_destroy(after);
	codecs_close(&c);
}

static struct bt_recorder *recorder_open(const struct place *p)
{
	const struct bt_recorder_setup setup = {
	    .host = "alpha", .collector = "bpf", .version = "0", .interval_ns = 1000 * FAKE_MS};
	struct bt_recorder *r;
	char why[256];

	if (bt_recorder_open(&r, p->file, &setup, why, sizeof(why)))
		fail_msg("%s", why);
	return r;
}

static struct bt_recording *recording_open(const struct place *p)
{
	struct bt_recording *r;
	char why[256];

	if (bt_recording_open(&r, p->file, why, sizeof(why)))
		fail_msg("%s", why);
	return r;
}

static int64_t time_of(const struct bt_snapshot *s)
{
	return s->time_s * 1000000000 + s->time_nsec;
}

static void read_and_take(struct bt_recording *r, struct bt_model *m, bool fresh)
{
	struct bt_snapshot s = {0};
	bool is_fresh;

	assert_int_equal(bt_recording_read(r, &s, &is_fresh), 0);
	assert_int_equal(is_fresh, fresh);
	assert_int_equal(bt_model_update(m, &s), 0);
	bt_snapshot_free(&s);
}

static void test_file(void **state)
{
	struct bt_recording_frame first, last, next;
	struct bt_snapshot kept[FRAMES] = {{0}}, s = {0};
	struct bt_recorder *w;
	struct bt_recording *r;
	struct bt_model *live, *replayed;
	struct stat status;
	struct place p;
	struct world world;
	bool fresh;

	(void)state;
	place_make(&p);
	w = recorder_open(&p);
	world_begin(&world);
	for (int i = 0; i < FRAMES; i++) {
		copy(&kept[i], next_frame(&world, i, false));
		assert_int_equal(bt_recorder_frame(w, &kept[i], NULL), 0);
	}
	bt_recorder_close(w);
	assert_int_equal(stat(p.file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);

	r = recording_open(&p);
	assert_int_equal(bt_recording_bounds(r, &first, &last), 0);
	assert_int_equal(first.time_ns, time_of(&kept[0]));
	assert_int_equal(last.time_ns, time_of(&kept[FRAMES - 1]));
	assert_int_equal(last.id - first.id, FRAMES - 1);
	assert_int_equal(bt_model_create(&live), 0);
	assert_int_equal(bt_model_create(&replayed), 0);
	for (int i = 0; i < FRAMES; i++) {
		assert_int_equal(bt_model_update(live, &kept[i]), 0);
		read_and_take(r, replayed, !i);
		assert_same_report(live, replayed, i);
	}
	assert_string_equal(bt_recording_session(r)->host, "alpha");
	assert_int_equal(bt_recording_peek(r, &next), 1);
	assert_int_equal(bt_recording_read(r, &s, &fresh), 1);

	/* From the middle on: what begins there is the same as what goes on from there. */
	bt_model_destroy(live);
	bt_model_destroy(replayed);
	assert_int_equal(bt_model_create(&live), 0);
	assert_int_equal(bt_model_create(&replayed), 0);
	assert_int_equal(bt_recording_seek(r, time_of(&kept[40]) + 5), 0);
	for (int i = 0; i < FRAMES; i++) {
		assert_int_equal(bt_model_update(live, &kept[i]), 0);
		if (i < 40)
			continue;
		read_and_take(r, replayed, i == 40);
		/* Both begin here: what was before is known to one of them alone, and makes no difference. */
		if (i == 40) {
			bt_model_begin(live);
			bt_model_begin(replayed);
			continue;
		}
		assert_same_report(live, replayed, i);
	}
	bt_model_destroy(live);
	bt_model_destroy(replayed);
	bt_recording_close(r);
	for (int i = 0; i < FRAMES; i++)
		bt_snapshot_free(&kept[i]);
	bt_snapshot_free(&s);
	fake_close(&world.h);
	place_remove(&p);
}

static void rows_drop(const struct place *p, const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(p->file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

/* What the recorder drops under a reader is passed over, up to the next key; nothing is read that builds on
 * it. */
static void test_frames_that_are_dropped(void **state)
{
	struct bt_recording_frame next;
	struct bt_snapshot s = {0};
	struct bt_recorder *w;
	struct bt_recording *r;
	struct place p;
	struct world world;
	bool fresh;

	(void)state;
	place_make(&p);
	w = recorder_open(&p);
	world_begin(&world);
	for (int i = 0; i < 110; i++)
		assert_int_equal(bt_recorder_frame(w, next_frame(&world, i, false), NULL), 0);
	bt_recorder_close(w);
	r = recording_open(&p);
	for (int i = 0; i < 5; i++)
		assert_int_equal(bt_recording_read(r, &s, &fresh), 0);
	rows_drop(&p, "DELETE FROM frame WHERE id < 50");
	assert_int_equal(bt_recording_peek(r, &next), 0);
	assert_int_equal(next.id, 101);
	assert_int_equal(bt_recording_read(r, &s, &fresh), 0);
	assert_false(fresh);
	assert_int_equal(bt_recording_read(r, &s, &fresh), 0);

	/* And if it was about to go there. */
	assert_int_equal(bt_recording_seek_frame(r, 60), 0);
	assert_int_equal(bt_recording_peek(r, &next), 0);
	rows_drop(&p, "DELETE FROM frame WHERE id < 70");
	assert_int_equal(bt_recording_read(r, &s, &fresh), 0);
	assert_true(fresh);
	assert_int_equal(bt_recording_peek(r, &next), 0);
	assert_int_equal(next.id, 102);
	bt_recording_close(r);
	bt_snapshot_free(&s);
	fake_close(&world.h);
	place_remove(&p);
}

/* What the first schema's recorder wrote: six frames of the world above, without host, minutes and
 * containers. */
static void test_older_schema(void **state)
{
	struct bt_host_sample host = {0};
	struct bt_snapshot s = {0};
	struct bt_recording *r;
	struct bt_model *m;
	char why[256];
	bool fresh;
	int count = 0;

	(void)state;
	assert_int_equal(bt_recording_open(&r, RECORDING_1, why, sizeof(why)), 0);
	assert_int_equal(bt_model_create(&m), 0);
	while (!bt_recording_read(r, &s, &fresh)) {
		assert_int_equal(fresh, !count++);
		assert_false(s.run_queue_known);
		assert_int_equal(bt_model_update(m, &s), 0);
	}
	assert_int_equal(count, 6);
	assert_int_equal(bt_recording_host(r, &host), 0);
	assert_string_equal(host.name, "alpha");
	assert_int_equal(bt_model_judge(m, false), 0);
	assert_true(bt_model_frame(m)->process_count >= PROCESSES);
	bt_host_sample_free(&host);
	bt_model_destroy(m);
	bt_snapshot_free(&s);
	bt_recording_close(r);
}

/* A field that a file has not is 0; one that we have not is passed over; all others are what they were. */
static void test_other_layouts(void **state)
{
	struct bt_layout less;
	struct codecs c;

	(void)state;
	codecs_open(&c);
	less.count = 0;
	for (size_t i = 0; i < bt_record_field_count; i++) {
		const struct bt_stored_field *f = &bt_record_fields[i];
		bool time = f->kind == BT_STORED_TIME || f->kind == BT_STORED_WOKEN_TIME ||
			    f->kind == BT_STORED_SHOWN_TIME;

		if (f->kind != BT_STORED_NEVER)
			assert_int_equal(
			    bt_layout_add(&less, bt_record_fields, bt_record_field_count,
					  strcmp(f->name, "facts.rss_bytes") ? f->name : "of later", f->count,
					  time),
			    0);
	}
	assert_int_equal(less.count, c.record.count);
	bt_codec_destroy(c.other);
	assert_int_equal(bt_codec_create(&c.other, &less, &c.lump), 0);
	for (int frame = 0; frame < 4; frame++) {
		const struct bt_snapshot *given = next_frame(&c.w, frame, false);
		const struct bt_record_head *theirs = NULL;

		codecs_write(&c, given, !frame);
		codecs_read(&c, c.other, given, !frame, true);
		bt_snapshot_for_each (head, &c.s) {
			const struct bt_record *a = (const struct bt_record *)(const void *)head, *b;

			theirs = bt_snapshot_next(given, theirs);
			b = (const struct bt_record *)(const void *)theirs;
			if (head->type != BT_RECORD_THREAD)
				continue;
			assert_int_equal(a->facts.rss_bytes, 0);
			assert_int_equal(a->facts.runtime_ns, b->facts.runtime_ns);
			assert_int_equal(a->account.since_ns, b->account.since_ns);
			assert_memory_equal(&a->account.waits, &b->account.waits, sizeof(a->account.waits));
		}
	}
	codecs_close(&c);
}

/* Bytes that are no frame are refused, whatever they are. */
static void test_broken_frames(void **state)
{
	struct codecs c;

	(void)state;
	codecs_open(&c);
	codecs_write(&c, next_frame(&c.w, 0, false), true);
	for (int i = 0; i < 3000; i++) {
		char *copied = malloc(c.bytes.length);
		size_t length = c.bytes.length - dice(3) * dice(c.bytes.length) / 2;

		memcpy(copied, c.bytes.data, c.bytes.length);
		for (uint64_t left = dice(4); left; left--)
			copied[dice(c.bytes.length)] = (char)dice(256);
		c.s.length = 0;
		(void)bt_codec_decode(c.reader, 1, copied, length, true, &c.s);
		free(copied);
	}
	codecs_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_byte_is_named),
	    cmocka_unit_test(test_same_report),
	    cmocka_unit_test(test_same_report_whatever_the_fields_hold),
	    cmocka_unit_test(test_frames_that_were_lost),
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_frames_that_are_dropped),
	    cmocka_unit_test(test_older_schema),
	    cmocka_unit_test(test_other_layouts),
	    cmocka_unit_test(test_broken_frames),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
