/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts: every threshold of DESIGN from both sides, causes, confidence, bursts, sums. */
#include "snapshot.h"
#include "verdict.h"

#include "names.h"
#include "unit.h"
#include "waits.h"

#define WINDOW_NS 1000000000ULL
#define TICK_NS   4000000ULL

static const struct bt_circumstances usual = {
    .duration_ns = WINDOW_NS, .tick_ns = TICK_NS, .exact = true, .measured = BT_MEASURED_ALL};

/* One thread for a second; parts in thousandths, the rest is asleep for work. */
struct part {
	enum bt_microstate ms;
	unsigned int permille;
};

static struct bt_usage usage_of(const struct part *parts, size_t count)
{
	struct bt_usage u = {.wall_ns = WINDOW_NS, .valid = 0xff, .voluntary = 100};
	uint64_t rest = WINDOW_NS;

	for (size_t i = 0; i < count; i++) {
		uint64_t ns = parts[i].permille * (WINDOW_NS / 1000);

		rest -= ns;
		if (parts[i].ms < BT_OFFCPU_FIRST) {
			u.totals.oncpu_ns += ns;
			if (parts[i].ms == BT_MS_USER)
				u.utime_ns += ns;
			else
				u.stime_ns += ns;
		} else {
			u.totals.offcpu_ns[parts[i].ms - BT_OFFCPU_FIRST] += ns;
		}
	}
	u.totals.offcpu_ns[BT_MS_EVENT - BT_OFFCPU_FIRST] += rest;
	u.active_max_ns = bt_totals_active_ns(&u.totals);
	return u;
}

static struct bt_verdict judge(const struct part *parts, size_t count)
{
	struct bt_usage u = usage_of(parts, count);
	struct bt_verdict v;

	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	return v;
}

#define JUDGE(...)                                                                                           \
	judge((const struct part[]){__VA_ARGS__},                                                            \
	      sizeof((const struct part[]){__VA_ARGS__}) / sizeof(struct part))

#define assert_verdict(v, expected_id, expected_cause)                                                       \
	do {                                                                                                 \
		struct bt_verdict v_ = v;                                                                    \
		assert_string_equal(bt_verdict_name(v_.id), bt_verdict_name(BT_VERDICT_##expected_id));      \
		assert_string_equal(bt_microstate_name(v_.cause),                                            \
				    bt_microstate_name(BT_MS_##expected_cause));                             \
	} while (0)

static void unknown_above_a_fifth(void **state)
{
	(void)state;
	assert_verdict(JUDGE({BT_MS_UNKNOWN, 201}, {BT_MS_USER, 799}), UNKNOWN, UNKNOWN);
	assert_verdict(JUDGE({BT_MS_UNKNOWN, 200}, {BT_MS_USER, 800}), CPU_BOUND, USER);
}

static void a_residual_is_unaccounted_too(void **state)
{
	struct bt_usage u = usage_of((const struct part[]){{BT_MS_USER, 700}}, 1);
	struct bt_verdict v;

	(void)state;
	u.residual_ns = WINDOW_NS / 4;
	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	assert_verdict(v, UNKNOWN, UNKNOWN);
}

static void nothing_seen(void **state)
{
	struct bt_usage u = {0};
	struct bt_verdict v;

	(void)state;
	bt_verdict_judge(&u, 0, &usual, &v);
	assert_verdict(v, UNKNOWN, NONE);
	assert_int_equal(v.runner_up, BT_MS_NONE);
	assert_true(v.confidence <= 0);
	for (unsigned int i = 0; i < BT_MS_COUNT; i++)
		assert_true(v.share[i] >= 0 && v.share[i] <= 0);
}

static void idle_below_a_twentieth(void **state)
{
	(void)state;
	assert_verdict(JUDGE({BT_MS_USER, 49}), IDLE, EVENT);
	assert_verdict(JUDGE({BT_MS_USER, 50}), WAITING, EVENT);
	assert_verdict(JUDGE({BT_MS_SLEEP, 900}), IDLE, SLEEP);
	assert_verdict(JUDGE({BT_MS_STOPPED, 1000}), IDLE, STOPPED);
}

static void waiting_below_a_half(void **state)
{
	struct bt_verdict v = JUDGE({BT_MS_DISK, 300}, {BT_MS_USER, 100});

	(void)state;
	assert_verdict(JUDGE({BT_MS_USER, 499}), WAITING, EVENT);
	assert_verdict(JUDGE({BT_MS_USER, 500}), CPU_BOUND, USER);
	assert_verdict(v, WAITING, EVENT);
	assert_int_equal(v.runner_up, BT_MS_DISK);
}

static void mixed_if_the_next_is_close(void **state)
{
	struct bt_verdict v = JUDGE({BT_MS_DISK, 500}, {BT_MS_USER, 401});

	(void)state;
	assert_verdict(v, MIXED, DISK);
	assert_int_equal(v.runner_up, BT_MS_USER);
	assert_verdict(JUDGE({BT_MS_DISK, 500}, {BT_MS_USER, 400}), IO_BOUND, DISK);
}

static void mixed_if_the_largest_has_no_half(void **state)
{
	(void)state;
	/* 499 of 1000, the next has 0.6 of it. */
	assert_verdict(JUDGE({BT_MS_DISK, 499}, {BT_MS_USER, 301}, {BT_MS_LOCK, 200}), MIXED, DISK);
	assert_verdict(JUDGE({BT_MS_DISK, 500}, {BT_MS_USER, 300}, {BT_MS_LOCK, 200}), IO_BOUND, DISK);
	/* The largest microstate may be of a group that is not the largest. */
	assert_verdict(JUDGE({BT_MS_DISK, 260}, {BT_MS_NETWORK, 240}, {BT_MS_LOCK, 420}), MIXED, LOCK);
}

static void starved_from_one_and_a_half(void **state)
{
	struct bt_verdict v = JUDGE({BT_MS_USER, 400}, {BT_MS_RUN_QUEUE, 600});

	(void)state;
	assert_verdict(v, STARVED, RUN_QUEUE);
	assert_int_equal(v.runner_up, BT_MS_USER);
	v = JUDGE({BT_MS_USER, 401}, {BT_MS_RUN_QUEUE, 599});
	assert_verdict(v, CPU_BOUND, USER);
	assert_int_equal(v.runner_up, BT_MS_RUN_QUEUE);
	assert_verdict(JUDGE({BT_MS_CPU_QUOTA, 700}, {BT_MS_USER, 100}, {BT_MS_RUN_QUEUE, 200}), STARVED,
		       CPU_QUOTA);
	/* They compete as one: neither has half, both together have. */
	v = JUDGE({BT_MS_USER, 300}, {BT_MS_RUN_QUEUE, 300}, {BT_MS_DISK, 400});
	assert_verdict(v, CPU_BOUND, USER);
	assert_int_equal(v.runner_up, BT_MS_DISK);
}

static void io_and_lock(void **state)
{
	(void)state;
	assert_verdict(JUDGE({BT_MS_NETWORK, 900}, {BT_MS_USER, 100}), IO_BOUND, NETWORK);
	assert_verdict(JUDGE({BT_MS_PAGING, 900}), IO_BOUND, PAGING);
	assert_verdict(JUDGE({BT_MS_IPC, 500}, {BT_MS_DISK, 400}), IO_BOUND, IPC);
	assert_verdict(JUDGE({BT_MS_LOCK, 900}, {BT_MS_USER, 100}), LOCK_BOUND, LOCK);
	assert_verdict(JUDGE({BT_MS_GIL, 600}, {BT_MS_LOCK, 200}), LOCK_BOUND, GIL);
	assert_int_equal(JUDGE({BT_MS_LOCK, 900}, {BT_MS_SYSTEM, 100}).runner_up, BT_MS_SYSTEM);
	assert_int_equal(JUDGE({BT_MS_LOCK, 900}).runner_up, BT_MS_NONE);
}

static void parked_workers_hide_no_hog(void **state)
{
	struct bt_usage u = usage_of((const struct part[]){{BT_MS_USER, 15}}, 1);
	struct bt_verdict v;

	(void)state;
	/* 64 threads, of which one is always on the CPU. */
	u.wall_ns *= 64;
	u.totals.oncpu_ns = WINDOW_NS;
	u.totals.offcpu_ns[BT_MS_EVENT - BT_OFFCPU_FIRST] = 63 * WINDOW_NS;
	u.active_max_ns = WINDOW_NS;
	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	assert_verdict(v, CPU_BOUND, USER);
	assert_near(v.active, 1, 1e-6);
	assert_near(v.cpus, 1, 1e-6);
	assert_near(v.share[BT_MS_EVENT], 63.0 / 64, 1e-6);
	/* The same by threads that ended one after the other. */
	u.active_max_ns = WINDOW_NS / 100;
	u.active_ended_ns = WINDOW_NS;
	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	assert_verdict(v, CPU_BOUND, USER);
	u.active_ended_ns = 30 * WINDOW_NS;
	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	assert_near(v.active, 1, 1e-6);
}

static void a_short_life_is_not_idle(void **state)
{
	struct bt_usage u = {.wall_ns = 10000000, .valid = 0xff};
	struct bt_verdict v;

	(void)state;
	u.totals.oncpu_ns = u.wall_ns;
	u.active_ended_ns = u.wall_ns;
	u.utime_ns = 2 * TICK_NS;
	bt_verdict_judge(&u, u.wall_ns, &usual, &v);
	assert_verdict(v, CPU_BOUND, USER);
	assert_near(v.cpus, 0.01, 1e-6);
	assert_false(v.split);
}

static void user_and_system_by_ticks(void **state)
{
	struct bt_usage u = usage_of((const struct part[]){{BT_MS_USER, 1000}}, 1);
	struct bt_verdict v;

	(void)state;
	u.utime_ns = 6 * TICK_NS;
	u.stime_ns = 18 * TICK_NS;
	assert_false(bt_usage_split_valid(&u, TICK_NS));
	u.stime_ns = 19 * TICK_NS;
	assert_true(bt_usage_split_valid(&u, TICK_NS));
	assert_int_equal(bt_usage_ns(&u, BT_MS_USER, TICK_NS) + bt_usage_ns(&u, BT_MS_SYSTEM, TICK_NS),
			 WINDOW_NS);
	assert_near(bt_usage_ns(&u, BT_MS_SYSTEM, TICK_NS), 0.76 * (double)WINDOW_NS, 10);
	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	assert_verdict(v, CPU_BOUND, SYSTEM);
	assert_near(v.share[BT_MS_SYSTEM], 0.76, 1e-6);
	u.valid = (uint8_t)~BT_VALID_TICKS;
	assert_false(bt_usage_split_valid(&u, TICK_NS));
	/* No tick: no name, and less to rely on. */
	u.utime_ns = u.stime_ns = 0;
	double before = (double)v.confidence;
	bt_verdict_judge(&u, WINDOW_NS, &usual, &v);
	assert_verdict(v, CPU_BOUND, NONE);
	assert_false(v.split);
	assert_true((double)v.confidence < before);
	/* On-CPU time of days does not overflow. */
	u.totals.oncpu_ns = 1ULL << 62;
	u.utime_ns = 1ULL << 61;
	u.stime_ns = 1ULL << 61;
	assert_near((double)bt_usage_ns(&u, BT_MS_SYSTEM, TICK_NS) / 0x1p61, 1, 1e-9);
}

static void shares_add_up(void **state)
{
	struct bt_verdict v =
	    JUDGE({BT_MS_USER, 210}, {BT_MS_SYSTEM, 90}, {BT_MS_DISK, 330}, {BT_MS_LOCK, 70});
	double sum = 0, groups = 0;

	(void)state;
	for (unsigned int i = 0; i < BT_MS_COUNT; i++)
		sum += (double)v.share[i];
	for (unsigned int i = 0; i < BT_GROUP_COUNT; i++)
		groups += (double)v.group_share[i];
	assert_near(sum, 1, 1e-6);
	assert_near(groups, 1, 1e-6);
	assert_near(v.group_share[BT_GROUP_IDLE], 0, 0);
	assert_near(v.group_share[BT_GROUP_CPU], 300.0 / 700, 1e-6);
}

static void confidence_is_monotonic(void **state)
{
	const struct bt_confidence_input usual_in = {
	    .window_ns = WINDOW_NS, .alternations = 100, .margin = 0.5, .cause_margin = 1, .exact = true};
	struct bt_confidence_input in;
	double last;

	(void)state;
	in = usual_in;
	last = 0;
	for (in.window_ns = 0; in.window_ns < 100 * WINDOW_NS; in.window_ns = in.window_ns * 2 + 1) {
		assert_true(bt_confidence(&in) >= last);
		last = bt_confidence(&in);
	}
	in = usual_in;
	last = 0;
	for (in.alternations = 0; in.alternations < 1000000; in.alternations = in.alternations * 2 + 1) {
		assert_true(bt_confidence(&in) >= last);
		last = bt_confidence(&in);
	}
	in = usual_in;
	last = 0;
	for (in.margin = 0; in.margin <= 1; in.margin += 0.01) {
		assert_true(bt_confidence(&in) > last);
		last = bt_confidence(&in);
	}
	in = usual_in;
	last = 0;
	for (in.cause_margin = 0; in.cause_margin <= 1; in.cause_margin += 0.01) {
		assert_true(bt_confidence(&in) > last);
		last = bt_confidence(&in);
	}
	in = usual_in;
	last = 1;
	for (in.lost = 0; in.lost <= 1; in.lost += 0.01) {
		assert_true(bt_confidence(&in) < last);
		last = bt_confidence(&in);
	}
	in = usual_in;
	last = 1;
	for (in.guessed = 0; in.guessed <= 1; in.guessed += 0.01) {
		assert_true(bt_confidence(&in) < last);
		last = bt_confidence(&in);
	}
	in = usual_in;
	last = bt_confidence(&in);
	in.exact = false;
	assert_true(bt_confidence(&in) < last);
	/* Nonsense stays in range. */
	in = usual_in;
	in.margin = 1e9;
	in.lost = -7;
	assert_true(bt_confidence(&in) <= 1);
	in.margin = __builtin_nan("");
	in.lost = 7;
	assert_true(bt_confidence(&in) >= 0);
}

static void confidence_of_plain_cases(void **state)
{
	(void)state;
	assert_true(JUDGE({BT_MS_USER, 1000}).confidence > 0.9F);
	assert_true(JUDGE({BT_MS_SLEEP, 1000}).confidence > 0.9F);
	assert_true(JUDGE({BT_MS_USER, 505}).confidence < 0.75F);
	assert_true(JUDGE({BT_MS_USER, 495}).confidence < 0.75F);
}

static void percentiles(void **state)
{
	uint32_t histogram[BT_BURST_BUCKETS] = {0};

	(void)state;
	assert_near(bt_burst_percentile_ns(histogram, 0.5), 0, 0);
	histogram[2] = 100; /* [1024, 2048) */
	assert_near(bt_burst_percentile_ns(histogram, 0.5), 1536, 1e-9);
	assert_near(bt_burst_percentile_ns(histogram, 1), 2048, 1e-9);
	histogram[10] = 100; /* [2^18, 2^19) */
	assert_near(bt_burst_percentile_ns(histogram, 0.5), 2048, 1e-9);
	assert_near(bt_burst_percentile_ns(histogram, 0.9), 0x1p18 * 1.8, 1e-3);
	assert_int_equal(bt_burst_count(histogram), 200);
	histogram[BT_BURST_BUCKETS - 1] = 4000000000U;
	assert_near(bt_burst_percentile_ns(histogram, 0.99) / 0x1p39, 1.99, 0.01);
	memset(histogram, 0, sizeof(histogram));
	histogram[0] = 2; /* [0, 512) */
	assert_near(bt_burst_percentile_ns(histogram, 0.5), 256, 1e-9);
	assert_near(bt_burst_percentile_ns(histogram, -3), 0, 0);
	assert_near(bt_burst_percentile_ns(histogram, 3), 512, 0);
}

static void usages_add_up(void **state)
{
	struct bt_bursts bursts = {.cpu[3] = 2};
	struct bt_wait waits[] = {
	    {.reason = {.object = 1, .syscall = 0, .cause = BT_MS_IPC}, .ns = 5, .count = 1},
	    {.reason = {.object = 2, .syscall = 0, .cause = BT_MS_IPC}, .ns = 3, .count = 1}};
	struct bt_usage part = usage_of((const struct part[]){{BT_MS_USER, 100}}, 1);
	struct bt_usage_store store;
	struct bt_usage sum;

	(void)state;
	part.bursts = &bursts;
	part.waits = waits;
	part.wait_count = 2;
	part.valid = BT_VALID_ACCOUNT | BT_VALID_IO;
	bt_usage_sum_begin(&sum, &store);
	bt_usage_sum_add(&sum, &store, &part);
	assert_int_equal(sum.valid, BT_VALID_ACCOUNT | BT_VALID_IO);
	waits[1].ns = 30;
	part.valid = BT_VALID_ACCOUNT | BT_VALID_RSS;
	part.active_max_ns = 7;
	bt_usage_sum_add(&sum, &store, &part);
	assert_int_equal(sum.valid, BT_VALID_ACCOUNT | BT_VALID_RSS);
	assert_int_equal(sum.wall_ns, 2 * WINDOW_NS);
	assert_int_equal(sum.active_max_ns, WINDOW_NS / 10);
	assert_int_equal(sum.bursts->cpu[3], 4);
	assert_int_equal(sum.wait_count, 2);
	assert_int_equal(sum.waits[0].ns, 33);
	assert_int_equal(sum.waits[0].reason.object, 2);
	assert_int_equal(sum.waits[1].ns, 10);
	for (uint64_t i = 0; i < 100; i++) {
		struct bt_wait w = {.reason = {.object = 1000 + i}, .ns = i, .count = 1};

		part.waits = &w;
		part.wait_count = 1;
		bt_usage_sum_add(&sum, &store, &part);
	}
	assert_int_equal(sum.wait_count, BT_USAGE_WAITS);
	assert_int_equal(sum.waits[0].ns, 99);
}

static void names(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < BT_MS_COUNT; i++) {
		assert_int_equal(bt_microstate_by_name(bt_microstate_name(i)), i);
		assert_int_equal(strlen(bt_microstate_column(i)), 3);
		assert_true(strlen(bt_microstate_meaning(i)) > 0);
	}
	assert_string_equal(bt_microstate_name(BT_MS_NONE), "none");
	assert_int_equal(bt_microstate_by_name("none"), BT_MS_NONE);
	assert_int_equal(bt_microstate_group(BT_MS_GIL), BT_GROUP_LOCK);
	assert_int_equal(bt_microstate_group(77), BT_GROUP_NONE);
	assert_int_equal(bt_microstate_letter(99), ' ');
	assert_string_equal(bt_verdict_name(BT_VERDICT_CPU_BOUND), "cpu-bound");
	assert_string_equal(bt_verdict_name(99), "none");
	assert_string_equal(bt_verdict_meaning(99), "none");
	assert_string_equal(bt_group_name(BT_GROUP_STARVED), "starved");
	assert_string_equal(bt_kind_name(BT_KIND_KERNEL), "kernel");
	assert_string_equal(bt_target_name(BT_TARGET_PIPE), "pipe");
	assert_string_equal(bt_target_name(99), "");
	assert_null(bt_syscall_name(-1));
	assert_null(bt_syscall_name(1 << 20));
#if defined(__x86_64__)
	assert_string_equal(bt_syscall_name(0), "read");
	assert_string_equal(bt_syscall_name(202), "futex");
	assert_string_equal(bt_syscall_name(232), "epoll_wait");
#elif defined(__aarch64__)
	assert_string_equal(bt_syscall_name(63), "read");
	assert_string_equal(bt_syscall_name(98), "futex");
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(unknown_above_a_fifth),
	    cmocka_unit_test(a_residual_is_unaccounted_too),
	    cmocka_unit_test(nothing_seen),
	    cmocka_unit_test(idle_below_a_twentieth),
	    cmocka_unit_test(waiting_below_a_half),
	    cmocka_unit_test(mixed_if_the_next_is_close),
	    cmocka_unit_test(mixed_if_the_largest_has_no_half),
	    cmocka_unit_test(starved_from_one_and_a_half),
	    cmocka_unit_test(io_and_lock),
	    cmocka_unit_test(parked_workers_hide_no_hog),
	    cmocka_unit_test(a_short_life_is_not_idle),
	    cmocka_unit_test(user_and_system_by_ticks),
	    cmocka_unit_test(shares_add_up),
	    cmocka_unit_test(confidence_is_monotonic),
	    cmocka_unit_test(confidence_of_plain_cases),
	    cmocka_unit_test(percentiles),
	    cmocka_unit_test(usages_add_up),
	    cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
