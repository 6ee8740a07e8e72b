/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts made up from readings of /proc: sampled.h. */
#include "sampled.h"
#include "unit.h"

#define MS   1000000ull
#define TICK (4 * MS)

static const struct bt_reason reading_pipe = {
    .object = 7, .fd = 3, .syscall = 0, .cause = BT_MS_EVENT, .target = BT_TARGET_PIPE};
static const struct bt_reason sleeping = {.fd = -1, .syscall = 230, .cause = BT_MS_SLEEP};

static struct bt_sampled begin(uint64_t at_ms)
{
	struct bt_proc_schedstat none = {0};
	struct bt_sampled s;

	bt_sampled_begin(&s, 1, at_ms * MS, &none);
	return s;
}

/* At at_ms, with so much counted so far; reason NULL: it runs, or wants to, and stayed so. */
static void reading(struct bt_sampled *s, uint64_t at_ms, uint64_t oncpu_ms, uint64_t queue_ms,
		    uint64_t turns, const struct bt_reason *reason)
{
	struct bt_reading r = {
	    .now_ns = at_ms * MS,
	    .kernel = {.oncpu_ns = oncpu_ms * MS, .run_queue_ns = queue_ms * MS, .turns = turns},
	    .blocked = reason != NULL,
	    .stayed = true,
	};

	if (reason)
		r.reason = *reason;
	bt_sampled_close(s, &r, TICK);
}

static uint64_t off_ms(const struct bt_sampled *s, unsigned int ms);
static void assert_closed(const struct bt_sampled *s);

/* With a group that was held back for 3/4 of the time, and delay accounting. */
static void what_the_kernel_counts_besides(void **state)
{
	struct bt_sampled s = begin(1000);
	struct bt_reading r = {.now_ns = 1100 * MS,
			       .kernel = {.oncpu_ns = 20 * MS, .run_queue_ns = 80 * MS, .turns = 5},
			       .quota = 0.75};

	(void)state;
	bt_sampled_close(&s, &r, TICK);
	assert_int_equal(75, off_ms(&s, BT_MS_CPU_QUOTA));
	assert_int_equal(5, off_ms(&s, BT_MS_RUN_QUEUE));
	assert_closed(&s);
	/* 60 ms in short waits for the disk, none of which was met: it sleeps now. */
	r = (struct bt_reading){.now_ns = 1200 * MS,
				.kernel = {.oncpu_ns = 30 * MS, .run_queue_ns = 80 * MS, .turns = 90},
				.blocked = true,
				.reason = sleeping,
				.blkio_ns = 60 * MS};
	bt_sampled_close(&s, &r, TICK);
	assert_int_equal(60, off_ms(&s, BT_MS_DISK));
	assert_int_equal(30, off_ms(&s, BT_MS_SLEEP));
	assert_closed(&s);
	/* What was met is not counted twice. */
	r.now_ns = 1300 * MS;
	r.kernel.oncpu_ns = 40 * MS;
	r.kernel.turns = 100;
	r.reason = (struct bt_reason){.fd = 3, .syscall = 0, .cause = BT_MS_DISK};
	bt_sampled_close(&s, &r, TICK);
	r.now_ns = 1400 * MS;
	r.kernel.oncpu_ns = 50 * MS;
	r.kernel.turns = 110;
	r.reason = sleeping;
	r.blkio_ns = 140 * MS;
	bt_sampled_close(&s, &r, TICK);
	assert_int_equal(150, off_ms(&s, BT_MS_DISK));
	assert_closed(&s);
}

static uint64_t off_ms(const struct bt_sampled *s, unsigned int ms)
{
	return s->account.totals.offcpu_ns[ms - BT_OFFCPU_FIRST] / MS;
}

/* The budget is closed at every reading. */
static void assert_closed(const struct bt_sampled *s)
{
	uint64_t sum = s->account.totals.oncpu_ns;

	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		sum += s->account.totals.offcpu_ns[i];
	assert_int_equal(s->account.since_ns - s->account.born_ns, sum);
}

static void a_hog_has_all_of_its_time(void **state)
{
	struct bt_sampled s = begin(1000);

	(void)state;
	/* The kernel counts by the tick: 3 ms are not there yet. */
	reading(&s, 1100, 97, 0, 1, NULL);
	assert_int_equal(100, s.account.totals.oncpu_ns / MS);
	reading(&s, 1200, 200, 0, 1, NULL);
	assert_int_equal(200, s.account.totals.oncpu_ns / MS);
	assert_int_equal(0, s.guessed_ns);
	assert_closed(&s);
}

static void a_wait_for_a_cpu_that_is_open_is_seen(void **state)
{
	struct bt_sampled s = begin(0);

	(void)state;
	/* In the queue for 90 ms, which the kernel counts when it is over. */
	reading(&s, 100, 10, 0, 1, NULL);
	assert_int_equal(90, off_ms(&s, BT_MS_RUN_QUEUE));
	reading(&s, 200, 60, 120, 2, NULL);
	assert_int_equal(60, s.account.totals.oncpu_ns / MS);
	/* 20 ms are not counted yet: again in the queue. */
	assert_int_equal(140, off_ms(&s, BT_MS_RUN_QUEUE));
	assert_closed(&s);
}

static void stolen_time_does_not_hide_later_waits(void **state)
{
	struct bt_sampled s = begin(0);

	(void)state;
	/* 40 ms that the kernel never counts: a hypervisor took them. */
	reading(&s, 100, 60, 0, 1, NULL);
	assert_int_equal(40, off_ms(&s, BT_MS_RUN_QUEUE));
	reading(&s, 200, 160, 0, 2, NULL);
	reading(&s, 300, 210, 50, 3, NULL);
	assert_int_equal(90, off_ms(&s, BT_MS_RUN_QUEUE));
	assert_closed(&s);
}

static void one_wait_all_along_is_no_guess(void **state)
{
	struct bt_sampled s = begin(0);
	struct bt_proc_schedstat same = {.oncpu_ns = 1 * MS, .turns = 1};

	(void)state;
	reading(&s, 10, 1, 0, 1, &sleeping);
	assert_true(bt_sampled_sleeps(&s, &same));
	bt_sampled_seen(&s, 900 * MS);
	same.turns = 2;
	assert_false(bt_sampled_sleeps(&s, &same));
	reading(&s, 1000, 2, 0, 2, &sleeping);
	assert_int_equal(998, off_ms(&s, BT_MS_SLEEP));
	assert_closed(&s);
	/* Nobody saw it between 900 and 1000, nor before 10. */
	assert_true(s.guessed_ns < 70 * MS);
	assert_int_equal(2, s.account.waits[0].count);
}

static void what_was_shown_stays(void **state)
{
	struct bt_sampled s = begin(0);

	(void)state;
	reading(&s, 10, 0, 0, 1, &sleeping);
	bt_sampled_seen(&s, 500 * MS);
	/* The kernel's figures do not leave room for it: they come later. */
	reading(&s, 510, 300, 0, 2, &reading_pipe);
	assert_true(off_ms(&s, BT_MS_SLEEP) >= 490);
	assert_closed(&s);
	reading(&s, 1510, 300, 0, 3, &reading_pipe);
	assert_int_equal(300, s.account.totals.oncpu_ns / MS);
	assert_closed(&s);
}

static void what_alternates_is_less_sure_than_what_stays(void **state)
{
	struct bt_sampled steady = begin(0), alternating = begin(0);

	(void)state;
	for (uint64_t i = 1; i <= 100; i++) {
		reading(&steady, 10 * i, i, 0, i, &sleeping);
		reading(&alternating, 10 * i, i, 0, i, i % 2 ? &sleeping : &reading_pipe);
		assert_closed(&steady);
		assert_closed(&alternating);
	}
	assert_true(10 * steady.guessed_ns < alternating.guessed_ns);
	assert_int_equal(450, off_ms(&alternating, BT_MS_EVENT));
}

static void whoever_was_never_found_asleep_is_unknown(void **state)
{
	struct bt_sampled s = begin(0);
	struct bt_reading r = {.now_ns = 100 * MS, .kernel = {.oncpu_ns = 50 * MS, .turns = 1000}};

	(void)state;
	bt_sampled_close(&s, &r, TICK);
	assert_int_equal(50, off_ms(&s, BT_MS_UNKNOWN));
	assert_closed(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_the_kernel_counts_besides),
	    cmocka_unit_test(a_hog_has_all_of_its_time),
	    cmocka_unit_test(a_wait_for_a_cpu_that_is_open_is_seen),
	    cmocka_unit_test(stolen_time_does_not_hide_later_waits),
	    cmocka_unit_test(one_wait_all_along_is_no_guess),
	    cmocka_unit_test(what_was_shown_stays),
	    cmocka_unit_test(what_alternates_is_less_sure_than_what_stays),
	    cmocka_unit_test(whoever_was_never_found_asleep_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
