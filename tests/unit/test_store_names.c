/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording has beside the accounts: the names of what is waited for, where threads in D sleep. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store_read.h"
#include "store_write.h"

#include "fake.h"
#include "store_file.h"
#include "unit.h"

#define SECOND_NS (1000 * FAKE_MS)
#define PID       100
#define SYS_READ  0
#define FILE_INO  7

/* Says that object N of process P is "/file/P/N", after a prefix. */
struct teller {
	struct bt_collector base;
	const char *prefix;
	uint64_t start_ns; /* of whom it was asked last */
	int asked, stacks, peer_after;
};

static int tell_nothing(struct bt_collector *c, pid_t pid, uint64_t start_ns, struct bt_description *out)
{
	(void)c;
	(void)pid;
	(void)start_ns;
	*out = (struct bt_description){0};
	return 0;
}

static int tell_object(struct bt_collector *c, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
		       struct bt_object_facts *out)
{
	struct teller *t = (struct teller *)c;

	t->asked++;
	t->start_ns = start_ns;
	/* Sockets: taken note of, found, and then who has the other end. */
	if (reason->target == BT_TARGET_UNIX) {
		*out = (struct bt_object_facts){0};
		if (t->asked < 2)
			return -ENOENT;
		strcpy(out->peer_address, "/run/socket");
		if (t->asked >= t->peer_after) {
			out->peer_pid = 4711;
			out->peer_others = 2;
		}
		return 0;
	}
	*out = (struct bt_object_facts){.device = "sda"};
	return asprintf(&out->name, "%s/file/%d/%llu", t->prefix, pid, (unsigned long long)reason->object) < 0
		   ? -ENOMEM
		   : 0;
}

static int tell_stack(struct bt_collector *c, pid_t pid, uint64_t start_ns, pid_t tid, char **out)
{
	(void)pid;
	(void)start_ns;
	(void)tid;
	((struct teller *)c)->stacks++;
	*out = strdup("io_schedule < wait_on_page");
	return *out ? 0 : -ENOMEM;
}

static const struct bt_collector_ops tells = {
    .name = "teller", .describe = tell_nothing, .object = tell_object, .stack = tell_stack};

static bool only_root(void *context, uint32_t uid)
{
	(void)context;
	return !uid;
}

struct scene {
	struct place place;
	struct teller teller;
	uint64_t keep_ns;
	struct bt_recorder *w;
	struct bt_recording *r;
	struct fake_host h;
	int thread;
};

static void scene_record(struct scene *c)
{
	const struct bt_recorder_setup setup = {.host = "alpha",
						.keep_ns = c->keep_ns,
						.collector = "bpf",
						.version = "0",
						.interval_ns = SECOND_NS,
						.of = &c->teller.base,
						.may_look = only_root};
	char why[256];

	if (bt_recorder_open(&c->w, c->place.file, &setup, why, sizeof(why)))
		fail_msg("%s", why);
}

static void scene_begin(struct scene *c)
{
	*c = (struct scene){.teller = {.base = {.ops = &tells}, .prefix = ""}};
	place_make(&c->place);
	fake_open(&c->h);
	c->thread = fake_fork(&c->h, PID, -1);
	fake_run(&c->h, c->thread);
	scene_record(c);
}

static void scene_replay(struct scene *c)
{
	char why[256];

	bt_recorder_close(c->w);
	c->w = NULL;
	if (bt_recording_open(&c->r, c->place.file, why, sizeof(why)))
		fail_msg("%s", why);
}

static void scene_end(struct scene *c)
{
	bt_recorder_close(c->w);
	bt_recording_close(c->r);
	fake_close(&c->h);
	place_remove(&c->place);
}

static void wait_for_file(struct scene *c, int thread, uint64_t object)
{
	fake_block(&c->h, thread, BT_MS_DISK, SYS_READ, object);
	fake_at(&c->h, thread)->r.account.reason.target = BT_TARGET_FILE;
}

static void frame(struct scene *c)
{
	fake_read(&c->h);
	c->h.s.measured = BT_MEASURED_ALL;
	assert_int_equal(bt_recorder_frame(c->w, &c->h.s, NULL), 0);
}

/* Waits for a file for a second, and is there when the frame is taken. */
static void second_pass(struct scene *c, uint64_t object)
{
	wait_for_file(c, c->thread, object);
	fake_pass(&c->h, SECOND_NS);
	frame(c);
	fake_wake(&c->h, c->thread, 0);
	fake_run(&c->h, c->thread);
}

/* What it is called at the frame after `at` others; NULL: nobody knows. To be freed. */
static char *name_at(struct scene *c, int at, uint64_t object, enum bt_target target)
{
	const struct bt_reason reason = {.object = object, .target = (uint8_t)target, .fd = -1};
	struct bt_object_facts facts;
	struct bt_snapshot s = {0};
	bool fresh;
	int err;

	assert_int_equal(bt_recording_seek(c->r, INT64_MIN), 0);
	for (int i = 0; i <= at; i++)
		assert_int_equal(bt_recording_read(c->r, &s, &fresh), 0);
	bt_snapshot_free(&s);
	err = bt_recording_object(c->r, PID, fake_at(&c->h, c->thread)->r.facts.leader_start_ns, &reason,
				  &facts);
	assert_int_equal(err, facts.name ? 0 : -ENOENT);
	if (facts.name)
		assert_string_equal(facts.device, "sda");
	return facts.name;
}

static void assert_name(struct scene *c, int at, const char *name)
{
	char *is = name_at(c, at, FILE_INO, BT_TARGET_FILE);

	if (name)
		assert_string_equal(is ? is : "(none)", name);
	else
		assert_null(is);
	free(is);
}

static void test_name(void **state)
{
	struct scene c;

	(void)state;
	scene_begin(&c);
	for (int i = 0; i < 3; i++)
		second_pass(&c, FILE_INO);
	assert_int_equal(c.teller.asked, 1);
	assert_int_equal(c.teller.start_ns, fake_at(&c.h, c.thread)->r.facts.leader_start_ns);
	scene_replay(&c);
	for (int i = 0; i < 3; i++)
		assert_name(&c, i, "/file/100/7");
	/* Another number, or another kind of thing of that number. */
	assert_null(name_at(&c, 2, 8, BT_TARGET_FILE));
	assert_null(name_at(&c, 2, FILE_INO, BT_TARGET_PIPE));
	scene_end(&c);
}

/* The name of the time that is looked at, not that of the end. */
static void test_renamed(void **state)
{
	struct scene c;

	(void)state;
	scene_begin(&c);
	for (int i = 0; i < 130; i++) {
		if (i == 65)
			c.teller.prefix = "/moved";
		second_pass(&c, FILE_INO);
	}
	assert_in_range(c.teller.asked, 3, 4);
	scene_replay(&c);
	assert_name(&c, 0, "/file/100/7");
	assert_name(&c, 59, "/file/100/7");
	assert_name(&c, 129, "/moved/file/100/7");
	scene_end(&c);
}

/* Of another user's process, where the kernel would not have told it to who records. */
static void test_not_ours_to_see(void **state)
{
	struct scene c;

	(void)state;
	scene_begin(&c);
	fake_at(&c.h, c.thread)->r.facts.uid = 1000;
	second_pass(&c, FILE_INO);
	assert_int_equal(c.teller.asked, 0);
	scene_replay(&c);
	assert_name(&c, 0, NULL);
	scene_end(&c);
}

/* Who has the other end is found out little by little, and then not asked for any more. */
static void test_peer(void **state)
{
	const struct bt_reason reason = {.object = FILE_INO, .target = BT_TARGET_UNIX};
	struct bt_object_facts facts;
	struct bt_snapshot s = {0};
	struct scene c;
	uint64_t start_ns;
	bool fresh;

	(void)state;
	scene_begin(&c);
	c.teller.peer_after = 8;
	start_ns = fake_at(&c.h, c.thread)->r.facts.leader_start_ns;
	for (int i = 0; i < 6; i++) {
		wait_for_file(&c, c.thread, FILE_INO);
		fake_at(&c.h, c.thread)->r.account.reason.target = BT_TARGET_UNIX;
		fake_pass(&c.h, SECOND_NS);
		frame(&c);
		fake_wake(&c.h, c.thread, 0);
		fake_run(&c.h, c.thread);
	}
	assert_int_equal(c.teller.asked, 8);
	scene_replay(&c);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(bt_recording_read(c.r, &s, &fresh), 0);
		assert_int_equal(bt_recording_object(c.r, PID, start_ns, &reason, &facts), 0);
		assert_null(facts.name);
		assert_string_equal(facts.peer_address, "/run/socket");
		assert_int_equal(facts.peer_pid, i < 2 ? 0 : 4711);
		assert_int_equal(facts.peer_others, i < 2 ? 0 : 2);
	}
	bt_snapshot_free(&s);
	scene_end(&c);
}

/* A remote one is nobody's here: that is asked for a while only. */
static void test_no_peer(void **state)
{
	struct scene c;

	(void)state;
	scene_begin(&c);
	c.teller.peer_after = 1000;
	for (int i = 0; i < 20; i++) {
		wait_for_file(&c, c.thread, FILE_INO);
		fake_at(&c.h, c.thread)->r.account.reason.target = BT_TARGET_UNIX;
		fake_pass(&c.h, SECOND_NS);
		frame(&c);
		fake_wake(&c.h, c.thread, 0);
		fake_run(&c.h, c.thread);
	}
	assert_int_equal(c.teller.asked, 12);
	scene_end(&c);
}

/* A process that goes through thousands of files neither fills the recording nor takes all the time. */
static void test_many(void **state)
{
	struct scene c;
	int asked;

	(void)state;
	scene_begin(&c);
	for (int i = 0; i < 3000; i++) {
		int t = fake_clone(&c.h, c.thread, 1000 + i);

		fake_run(&c.h, t);
		wait_for_file(&c, t, 10000 + (uint64_t)i);
	}
	fake_pass(&c.h, SECOND_NS);
	frame(&c);
	asked = c.teller.asked;
	assert_in_range(asked, 1, 1024);
	fake_pass(&c.h, SECOND_NS);
	frame(&c);
	/* What was left over comes later. */
	assert_in_range(c.teller.asked, asked, asked + 1024);
	if (asked == 1024)
		assert_int_equal(c.teller.asked, 1024 + 16);
	scene_end(&c);
}

static void test_stack(void **state)
{
	struct scene c;
	struct bt_snapshot s = {0};
	uint64_t start_ns;
	char *stack;
	bool fresh;

	(void)state;
	scene_begin(&c);
	start_ns = fake_at(&c.h, c.thread)->r.facts.leader_start_ns;
	wait_for_file(&c, c.thread, FILE_INO);
	fake_at(&c.h, c.thread)->r.facts.state = 'D';
	for (int i = 0; i < 6; i++) {
		frame(&c);
		assert_int_equal(c.teller.stacks, i >= 2);
		fake_pass(&c.h, SECOND_NS);
	}
	scene_replay(&c);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(bt_recording_read(c.r, &s, &fresh), 0);
		assert_int_equal(bt_recording_stack(c.r, PID, start_ns, PID, &stack), i >= 2 ? 0 : -ENOENT);
		if (i >= 2)
			assert_string_equal(stack, "io_schedule < wait_on_page");
		free(stack);
	}
	assert_int_equal(bt_recording_stack(c.r, PID, start_ns, PID + 1, &stack), -ENOENT);
	bt_snapshot_free(&s);
	scene_end(&c);
}

/* One that is in D now and then only is nobody's trouble. */
static void test_no_stack_of_short_waits(void **state)
{
	struct scene c;

	(void)state;
	scene_begin(&c);
	fake_at(&c.h, c.thread)->r.facts.state = 'D';
	for (int i = 0; i < 10; i++)
		second_pass(&c, FILE_INO);
	assert_int_equal(c.teller.stacks, 0);
	scene_end(&c);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[65536];
	FILE *in = fopen(from, "re"), *out = fopen(to, "we");
	size_t size;

	assert_non_null(in);
	assert_non_null(out);
	size = fread(bytes, 1, sizeof(bytes), in);
	assert_int_equal(fwrite(bytes, 1, size, out), size);
	fclose(in);
	fclose(out);
}

/* Six frames that the recorder of schema 2 wrote: they are read, and gone on with. */
static void test_schema_2(void **state)
{
	struct scene c;
	struct bt_snapshot s = {0};
	char *stack;
	int frames = 0;
	bool fresh;

	(void)state;
	scene_begin(&c);
	bt_recorder_close(c.w);
	unlink(c.place.file);
	copy_file(RECORDING_2, c.place.file);
	c.w = NULL;
	scene_replay(&c);
	assert_name(&c, 5, NULL);
	assert_int_equal(bt_recording_stack(c.r, PID, 1, PID, &stack), -ENOENT);
	bt_recording_close(c.r);
	c.r = NULL;
	assert_int_equal(count_of(c.place.file, "PRAGMA user_version"), 2);

	scene_record(&c);
	second_pass(&c, FILE_INO);
	scene_replay(&c);
	assert_int_equal(count_of(c.place.file, "PRAGMA user_version"), 3);
	assert_int_equal(count_of(c.place.file, "SELECT count(name) FROM waits_by_minute"), 0);
	assert_name(&c, 6, "/file/100/7");
	assert_int_equal(bt_recording_seek(c.r, INT64_MIN), 0);
	while (!bt_recording_read(c.r, &s, &fresh))
		frames++;
	assert_int_equal(frames, 7);
	bt_snapshot_free(&s);
	scene_end(&c);
}

/* Names go with the frames that they are of, but for the last ones of each process; strings with them. */
static void test_retention(void **state)
{
	struct scene c;

	(void)state;
	scene_begin(&c);
	bt_recorder_close(c.w);
	c.keep_ns = 100 * SECOND_NS;
	scene_record(&c);
	for (int i = 0; i < 3700; i++)
		second_pass(&c, 100000 + (uint64_t)i);
	bt_recorder_close(c.w);
	c.w = NULL;
	assert_in_range(count_of(c.place.file, "SELECT count(*) FROM frame"), 90, 230);
	assert_in_range(count_of(c.place.file, "SELECT count(*) FROM object"), 200, 1000);
	assert_in_range(count_of(c.place.file, "SELECT count(*) FROM string"), 200, 1050);
	assert_int_equal(count_of(c.place.file,
				  "SELECT count(*) FROM object o LEFT JOIN string s ON s.id = o.name "
				  "WHERE s.text IS NULL"),
			 0);
	scene_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_name),
	    cmocka_unit_test(test_renamed),
	    cmocka_unit_test(test_not_ours_to_see),
	    cmocka_unit_test(test_peer),
	    cmocka_unit_test(test_no_peer),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_stack),
	    cmocka_unit_test(test_no_stack_of_short_waits),
	    cmocka_unit_test(test_schema_2),
	    cmocka_unit_test(test_retention),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
