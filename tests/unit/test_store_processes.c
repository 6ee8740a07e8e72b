/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording says of processes: when they were over, and what they did in a minute; whatever fails
 * meanwhile. */
#include <errno.h>

#include "store_read.h"
#include "store_write.h"

#include "fake.h"
#include "store_file.h"
#include "unit.h"

#define SECOND_NS (1000 * FAKE_MS)
#define MINUTE    1700000040

struct scene {
	struct place place;
	struct fake_host h;
	struct bt_model *m;
	struct bt_recorder *w;
	int init;
};

static void frame(struct scene *c, int err)
{
	const struct bt_snapshot *s;

	fake_pass(&c->h, SECOND_NS);
	s = fake_read(&c->h);
	assert_int_equal(bt_model_update(c->m, s), 0);
	assert_int_equal(bt_recorder_frame(c->w, s, NULL), err);
}

static void minute(struct scene *c, int64_t at, int err)
{
	assert_int_equal(bt_recorder_minute(c->w, bt_model_frame(c->m), at), err);
	bt_model_begin(c->m);
}

static int setup(void **state)
{
	const struct bt_recorder_setup how = {
	    .host = "alpha", .collector = "bpf", .version = "0", .interval_ns = SECOND_NS};
	struct scene *c = calloc(1, sizeof(*c));
	char why[256];

	*state = c;
	place_make(&c->place);
	fake_open(&c->h);
	assert_int_equal(bt_model_create(&c->m), 0);
	if (bt_recorder_open(&c->w, c->place.file, &how, why, sizeof(why)))
		fail_msg("%s", why);
	c->init = fake_fork(&c->h, 1, -1);
	fake_run(&c->h, c->init);
	frame(c, 0);
	bt_model_begin(c->m);
	return 0;
}

static int teardown(void **state)
{
	struct scene *c = *state;

	bt_recorder_close(c->w);
	bt_model_destroy(c->m);
	fake_close(&c->h);
	place_remove(&c->place);
	free(c);
	return 0;
}

static int rows(const struct scene *c, const char *where)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM process WHERE %s", where);
	return count_of(c->place.file, sql);
}

static void is_over(struct scene *c, int thread)
{
	fake_exit(&c->h, thread, 0);
	fake_reap(&c->h, thread);
}

/* No frame met it alive: it has a row for its minute, which goes with that. */
static void test_between_two_frames(void **state)
{
	struct scene *c = *state;
	int flash = fake_fork(&c->h, 50, c->init);

	fake_run(&c->h, flash);
	fake_pass(&c->h, 10 * FAKE_MS);
	is_over(c, flash);
	frame(c, 0);
	assert_int_equal(rows(c, "pid = 50"), 0);
	minute(c, MINUTE, 0);
	assert_int_equal(rows(c, "pid = 50 AND ended_ns NOT NULL"), 1);
	assert_int_equal(rows(c, "pid = 1 AND ended_ns IS NULL"), 1);
}

/* A main thread that ends is no process that ends. */
static void test_leader_ends(void **state)
{
	struct scene *c = *state;
	int leader = fake_fork(&c->h, 60, c->init), other = fake_clone(&c->h, leader, 61);

	fake_run(&c->h, leader);
	fake_run(&c->h, other);
	frame(c, 0);
	fake_exit(&c->h, leader, 0);
	frame(c, 0);
	minute(c, MINUTE, 0);
	assert_int_equal(rows(c, "pid = 60 AND ended_ns IS NULL"), 1);
	is_over(c, other);
	fake_reap(&c->h, leader);
	frame(c, 0);
	minute(c, MINUTE + 60, 0);
	assert_int_equal(rows(c, "pid = 60 AND ended_ns NOT NULL"), 1);
}

/* While somebody else has the file nothing can be written. */
static sqlite3 *file_take(const struct scene *c)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(c->place.file, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

/* Who comes in a frame that is lost, and who ends, is known afterwards; what was done in it is, too. */
static void test_lost_frame(void **state)
{
	struct scene *c = *state;
	int ends = fake_fork(&c->h, 70, c->init), comes, works = fake_fork(&c->h, 72, c->init);
	struct bt_snapshot s = {0};
	struct bt_model *m;
	struct bt_recording *r;
	const struct bt_process *p;
	char why[256];
	bool fresh;
	sqlite3 *db;

	fake_run(&c->h, ends);
	fake_run(&c->h, works);
	fake_block(&c->h, works, BT_MS_EVENT, 232, 0);
	frame(c, 0);
	db = file_take(c);
	comes = fake_fork(&c->h, 71, c->init);
	fake_run(&c->h, comes);
	fake_block(&c->h, comes, BT_MS_SLEEP, 230, 0);
	fake_wake(&c->h, works, 1);
	fake_run(&c->h, works);
	fake_pass(&c->h, 500 * FAKE_MS);
	fake_block(&c->h, works, BT_MS_EVENT, 232, 0);
	is_over(c, ends);
	frame(c, -EBUSY);
	sqlite3_close(db);
	frame(c, 0);
	minute(c, MINUTE, 0);
	assert_int_equal(rows(c, "pid = 71 AND first_ns > 0 AND ended_ns IS NULL"), 1);
	assert_int_equal(rows(c, "pid = 70 AND ended_ns NOT NULL"), 1);

	assert_int_equal(bt_model_create(&m), 0);
	if (bt_recording_open(&r, c->place.file, why, sizeof(why)))
		fail_msg("%s", why);
	for (int i = 0; !bt_recording_read(r, &s, &fresh); i++) {
		assert_int_equal(bt_model_update(m, &s), 0);
		if (!i)
			bt_model_begin(m);
	}
	assert_non_null(bt_model_frame(m));
	assert_non_null(bt_model_find(m, 71));
	p = bt_model_find(m, 72);
	assert_non_null(p);
	assert_int_equal(p->usage.totals.oncpu_ns, 500 * FAKE_MS);
	bt_recording_close(r);
	bt_model_destroy(m);
	bt_snapshot_free(&s);
}

/* The clock was set back: what is said of the minute before is not lost. */
static void test_minute_again(void **state)
{
	struct scene *c = *state;

	for (int i = 0; i < 3; i++) {
		fake_block(&c->h, c->init, BT_MS_DISK, 0, 7);
		frame(c, 0);
		fake_wake(&c->h, c->init, 0);
		fake_run(&c->h, c->init);
		frame(c, 0);
		minute(c, MINUTE, 0);
	}
	assert_int_equal(count_of(c->place.file, "SELECT count(*) FROM minute"), 1);
	assert_int_equal(count_of(c->place.file, "SELECT wall_ns / 1000000000 FROM minute"), 6);
	assert_int_equal(count_of(c->place.file, "SELECT disk_ns / 1000000000 FROM minute"), 3);
	assert_int_equal(count_of(c->place.file, "SELECT sum(ns) / 1000000000 FROM wait"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_between_two_frames),
	    TEST(test_leader_ends),
	    TEST(test_lost_frame),
	    TEST(test_minute_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
