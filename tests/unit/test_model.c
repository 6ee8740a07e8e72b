/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intervals: what threads did from one snapshot to the next. */
#include "model_fixture.h"

static void the_base_has_no_time(void **state)
{
	struct fixture *f = *state;
	struct bt_process *p;

	fake_fork(&f->h, 10, -1);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	p = find(f, 10);
	assert_non_null(p);
	assert_int_equal(p->usage.wall_ns, 0);
	assert_int_equal(p->verdict.id, BT_VERDICT_UNKNOWN);
	assert_int_equal(bt_model_frame(f->m)->duration_ns, 0);
	assert_null(bt_model_find(f->m, 11));
}

static void a_hog_and_a_sleeper(void **state)
{
	struct fixture *f = *state;
	int hog = fake_fork(&f->h, 10, -1);
	int sleeper = fake_fork(&f->h, 11, -1);
	const struct bt_frame *frame;
	struct bt_process *p;

	fake_run(&f->h, hog);
	fake_run(&f->h, sleeper);
	fake_block(&f->h, sleeper, BT_MS_SLEEP, 230, 0);
	take(f);
	for (int i = 0; i < 3; i++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, SECOND_NS);
		take(f);
		frame = bt_model_frame(f->m);
		assert_int_equal(frame->duration_ns, SECOND_NS);
		assert_int_equal(frame->process_count, 2);
		assert_true(frame->exact);
		p = find(f, 10);
		assert_budget(p, SECOND_NS);
		assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
		assert_int_equal(p->verdict.cause, BT_MS_USER);
		assert_true(p->verdict.split);
		assert_near(p->verdict.share[BT_MS_USER], 0.75, 0.01);
		assert_near(p->verdict.cpus, 1, 1e-6);
		p = find(f, 11);
		assert_budget(p, SECOND_NS);
		assert_int_equal(p->verdict.id, BT_VERDICT_IDLE);
		assert_int_equal(p->verdict.cause, BT_MS_SLEEP);
		assert_int_equal(p->usage.wait_count, 1);
		assert_int_equal(p->usage.waits[0].ns, SECOND_NS);
		assert_int_equal(p->usage.waits[0].count, 1);
		assert_int_equal(p->usage.waits[0].reason.syscall, 230);
		assert_true(thread_of(p, 11)->blocked);
		assert_int_equal(thread_of(p, 11)->verdict.id, BT_VERDICT_IDLE);
	}
	/* 3 seconds were sent as heads alone but for the first two. */
	assert_true(f->h.s.length < 2 * sizeof(struct bt_record));
}

/* SAME records and full ones tell the same, whichever comes when. */
static void same_is_as_good_as_full(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	int j = fake_clone(&f->h, i, 11);
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_IPC, 0, 77);
	fake_run(&f->h, j);
	fake_block(&f->h, j, BT_MS_EVENT, 232, 0);
	take(f);
	for (int round = 0; round < 4; round++) {
		fake_pass(&f->h, 100 * FAKE_MS);
		f->h.no_same = round % 2;
		take(f);
	}
	fake_burst(&f->h, i, 50 * FAKE_MS);
	fake_pass(&f->h, 50 * FAKE_MS);
	f->h.no_same = false;
	take(f);
	p = find(f, 10);
	assert_budget(p, 2 * 500 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 50 * FAKE_MS);
	assert_int_equal(p->usage.OFF(IPC), 450 * FAKE_MS);
	assert_int_equal(p->usage.OFF(EVENT), 500 * FAKE_MS);
	assert_int_equal(p->usage.active_max_ns, 500 * FAKE_MS);
	/* The pipe was waited for twice, the wait for work is one. */
	assert_int_equal(p->usage.wait_count, 2);
	assert_int_equal(p->usage.waits[0].reason.syscall, 232);
	assert_int_equal(p->usage.waits[0].ns, 500 * FAKE_MS);
	assert_int_equal(p->usage.waits[0].count, 1);
	assert_int_equal(p->usage.waits[1].ns, 450 * FAKE_MS);
	assert_int_equal(p->usage.waits[1].count, 2);
	assert_int_equal(bt_burst_count(p->usage.bursts->io), 1);
	assert_int_equal(thread_of(p, 10)->usage.wall_ns, 500 * FAKE_MS);
	assert_int_equal(thread_of(p, 10)->usage.waits[0].ns, 450 * FAKE_MS);
	assert_int_equal(thread_of(p, 11)->usage.waits[0].ns, 500 * FAKE_MS);
}

/* A wait that began before the interval and ends in it counts with its own part. */
static void waits_are_cut_at_the_interval(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_DISK, 17, 5);
	fake_pass(&f->h, 300 * FAKE_MS);
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_wake(&f->h, i, 99);
	/* It is to be seen woken, too. */
	take(f);
	p = find(f, 10);
	assert_int_equal(p->usage.waits[0].ns, 100 * FAKE_MS);
	assert_int_equal(p->usage.waits[0].count, 1);
	fake_pass(&f->h, 10 * FAKE_MS);
	fake_run(&f->h, i);
	take(f);
	p = find(f, 10);
	assert_budget(p, 110 * FAKE_MS);
	assert_int_equal(p->usage.OFF(RUN_QUEUE), 10 * FAKE_MS);
	assert_int_equal(p->usage.waits[0].ns, 100 * FAKE_MS);
	assert_int_equal(p->usage.waits[0].count, 1);
	assert_int_equal(p->usage.waits[0].waker_pid, 99);
	bt_model_begin(f->m);
	fake_pass(&f->h, 10 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 10 * FAKE_MS);
	assert_int_equal(p->usage.wait_count, 0);
	assert_null(p->usage.bursts);
}

static void born_in_the_interval(void **state)
{
	struct fixture *f = *state;
	int parent = fake_fork(&f->h, 10, -1);
	int child, clone;
	struct bt_process *p;

	take(f);
	fake_pass(&f->h, 600 * FAKE_MS);
	child = fake_fork(&f->h, 11, parent);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_run(&f->h, child);
	clone = fake_clone(&f->h, parent, 12);
	fake_pass(&f->h, 300 * FAKE_MS);
	(void)clone;
	take(f);
	p = find(f, 11);
	assert_budget(p, 400 * FAKE_MS);
	assert_int_equal(p->usage.OFF(RUN_QUEUE), 100 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 300 * FAKE_MS);
	assert_int_equal(p->end_ns - p->begin_ns, 400 * FAKE_MS);
	assert_int_equal(p->forked_by.pid, 10);
	assert_true(p->verdict.active >= 0.999F);
	assert_near(p->verdict.cpus, 0.3, 1e-6);
	p = find(f, 10);
	assert_budget(p, 1300 * FAKE_MS);
	assert_int_equal(p->threads, 2);
	assert_int_equal(p->forked_by.pid, 0);
	assert_int_equal(thread_of(p, 12)->usage.wall_ns, 300 * FAKE_MS);
}

static void intervals_add_up_until_begin(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, i);
	take(f);
	for (int k = 0; k < 10; k++) {
		int child = fake_fork(&f->h, 100 + k, i);

		fake_run(&f->h, child);
		fake_pass(&f->h, 100 * FAKE_MS);
		fake_exit(&f->h, child, 0);
		fake_reap(&f->h, child);
		take(f);
		assert_budget(find(f, 10), ((uint64_t)k + 1) * 100 * FAKE_MS);
		assert_int_equal(bt_model_frame(f->m)->process_count, (uint64_t)k + 2);
	}
	assert_int_equal(bt_model_frame(f->m)->duration_ns, SECOND_NS);
	for (int k = 0; k < 10; k++) {
		p = find(f, 100 + k);
		assert_budget(p, 100 * FAKE_MS);
		assert_true(p->exited);
		assert_near(p->verdict.active, 1, 1e-6);
	}
	bt_model_prune(f->m, 3);
	assert_int_equal(bt_model_frame(f->m)->process_count, 4);
	assert_non_null(find(f, 10));
	bt_model_prune(f->m, 3);
	assert_int_equal(bt_model_frame(f->m)->process_count, 4);
	bt_model_begin(f->m);
	assert_int_equal(bt_model_frame(f->m)->process_count, 1);
}

static void prune_keeps_the_most_active(void **state)
{
	struct fixture *f = *state;
	int child[5];

	take(f);
	for (int k = 0; k < 5; k++) {
		child[k] = fake_fork(&f->h, 100 + k, -1);
		fake_run(&f->h, child[k]);
	}
	for (int k = 0; k < 5; k++) {
		fake_pass(&f->h, 10 * FAKE_MS);
		fake_exit(&f->h, child[(k * 3) % 5], 0); /* 0, 3, 1, 4, 2 */
		if (k != 0)
			fake_reap(&f->h, child[(k * 3) % 5]);
	}
	take(f);
	bt_model_prune(f->m, 2);
	assert_non_null(find(f, 100)); /* a zombie: it would come back */
	assert_null(find(f, 101));
	assert_non_null(find(f, 102));
	assert_null(find(f, 103));
	assert_non_null(find(f, 104));
}

static void threads_of_many(void **state)
{
	struct fixture *f = *state;
	int leader = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, leader);
	for (int k = 1; k < 64; k++) {
		int i = fake_clone(&f->h, leader, 10 + k);

		fake_run(&f->h, i);
		fake_block(&f->h, i, BT_MS_EVENT, 202, 4096);
	}
	take(f);
	for (int round = 0; round < 3; round++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, SECOND_NS);
		take(f);
		p = find(f, 10);
		assert_budget(p, 64 * SECOND_NS);
		assert_int_equal(p->thread_count, 64);
		assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
		assert_near(p->verdict.active, 1, 1e-6);
		assert_near(p->verdict.cpus, 1, 1e-6);
		assert_int_equal(p->usage.wait_count, 1);
		assert_int_equal(p->usage.waits[0].count, 63);
		assert_int_equal(p->usage.waits[0].ns, 63 * SECOND_NS);
		assert_int_equal(thread_of(p, 10)->verdict.id, BT_VERDICT_CPU_BOUND);
		assert_int_equal(thread_of(p, 11)->verdict.id, BT_VERDICT_IDLE);
		assert_int_equal(thread_of(p, 11)->usage.wait_count, 1);
	}
}

static void io_counters_and_switches(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_at(&f->h, i)->r.facts.rchar = 1000;
	fake_at(&f->h, i)->r.facts.cgroup_id = 7;
	fake_at(&f->h, i)->r.facts.uid = 1001;
	fake_run(&f->h, i);
	take(f);
	fake_pass(&f->h, FAKE_MS);
	fake_block(&f->h, i, BT_MS_DISK, 17, 3);
	fake_burst(&f->h, i, FAKE_MS);
	fake_wake(&f->h, i, 0);
	fake_run(&f->h, i);
	fake_preempt(&f->h, i);
	fake_at(&f->h, i)->r.facts.rchar = 1500;
	fake_at(&f->h, i)->r.facts.minor_faults = 40;
	fake_at(&f->h, i)->r.facts.major_faults = 2;
	fake_pass(&f->h, FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_int_equal(p->usage.voluntary, 2);
	assert_int_equal(p->usage.involuntary, 1);
	assert_int_equal(p->usage.rchar, 500);
	assert_int_equal(p->usage.minor_faults, 40);
	assert_int_equal(p->usage.major_faults, 2);
	assert_int_equal(p->uid, 1001);
	assert_int_equal(p->cgroup_id, 7);
	assert_int_equal(p->rss_bytes, 1 << 20);
	assert_int_equal(p->usage.valid & BT_VALID_IO, BT_VALID_IO);
}

/* One thread of a process without ticks, and the process has none. */
static void valid_is_what_all_measured(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	int j = fake_clone(&f->h, i, 11);

	fake_at(&f->h, j)->r.head.valid &= (uint8_t) ~(BT_VALID_TICKS | BT_VALID_RSS);
	take(f);
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_int_equal(find(f, 10)->usage.valid & BT_VALID_TICKS, 0);
	assert_int_equal(find(f, 10)->usage.valid & BT_VALID_RSS, BT_VALID_RSS);
	assert_int_equal(find(f, 10)->usage.valid & BT_VALID_ACCOUNT, BT_VALID_ACCOUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_base_has_no_time),        TEST(a_hog_and_a_sleeper),
	    TEST(same_is_as_good_as_full),     TEST(waits_are_cut_at_the_interval),
	    TEST(born_in_the_interval),        TEST(intervals_add_up_until_begin),
	    TEST(prune_keeps_the_most_active), TEST(threads_of_many),
	    TEST(io_counters_and_switches),    TEST(valid_is_what_all_measured),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
