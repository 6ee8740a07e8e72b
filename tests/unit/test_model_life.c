/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How processes and threads come and go: each is counted once, whatever the order of the records. */
#include "model_fixture.h"

/* Born and dead between two snapshots: only its ENDED record tells of it. */
static void a_life_between_two_snapshots(void **state)
{
	struct fixture *f = *state;
	int parent = fake_fork(&f->h, 10, -1);
	struct bt_process *p;
	int child;

	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	child = fake_fork(&f->h, 11, parent);
	fake_run(&f->h, child);
	fake_pass(&f->h, 10 * FAKE_MS);
	fake_exit(&f->h, child, 256);
	fake_reap(&f->h, child);
	fake_pass(&f->h, 890 * FAKE_MS);
	take(f);
	p = find(f, 11);
	assert_budget(p, 10 * FAKE_MS);
	assert_true(p->exited);
	assert_int_equal(p->exit_code, 256);
	assert_int_equal(p->state, 'X');
	assert_int_equal(p->threads, 0);
	assert_int_equal(p->threads_ended, 1);
	assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
	assert_int_equal(p->usage.active_ended_ns, 10 * FAKE_MS);
	assert_int_equal(p->cpu_time_ns, 10 * FAKE_MS);
	assert_int_equal(bt_burst_count(p->usage.bursts->cpu), 1);
	assert_true(thread_of(p, 11)->ended);
	/* Its parent was there when the interval began. */
	assert_true(p->begin_ns > bt_model_frame(f->m)->begin_ns);
	assert_false(find(f, 10)->begin_ns > bt_model_frame(f->m)->begin_ns);
	bt_model_begin(f->m);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	assert_null(find(f, 11));
	assert_false(find(f, 10)->begin_ns > bt_model_frame(f->m)->begin_ns);
	assert_int_equal(bt_model_frame(f->m)->process_count, 1);
}

/* A thread that ends during a read comes twice in the snapshot, in either order. */
static void counted_once_when_it_ends_during_a_read(void **state)
{
	struct fixture *f = *state;

	for (int last = 0; last < 2; last++) {
		struct bt_record stale;
		struct bt_process *p;
		int32_t pid = 20 + last;
		int i = fake_fork(&f->h, pid, -1);

		fake_run(&f->h, i);
		fake_pass(&f->h, 50 * FAKE_MS);
		take(f);
		bt_model_begin(f->m);
		fake_pass(&f->h, 300 * FAKE_MS);
		stale = fake_at(&f->h, i)->r;
		stale.head.type = BT_RECORD_THREAD;
		stale.head.now_ns = f->h.now_ns;
		fake_pass(&f->h, FAKE_MS);
		fake_exit(&f->h, i, 0);
		fake_reap(&f->h, i);
		bt_snapshot_clear(&f->h.s);
		if (last) {
			fake_append(&f->h, &stale, sizeof(stale));
			fake_append(&f->h, &fake_at(&f->h, i)->r, sizeof(stale));
		} else {
			fake_append(&f->h, &fake_at(&f->h, i)->r, sizeof(stale));
			fake_append(&f->h, &stale, sizeof(stale));
		}
		f->h.pending_length = 0;
		f->h.s.begin_ns = f->h.s.end_ns = f->h.now_ns;
		f->h.s.tick_ns = FAKE_TICK_NS;
		assert_int_equal(bt_model_update(f->m, &f->h.s), 0);
		p = find(f, pid);
		assert_budget(p, 301 * FAKE_MS);
		assert_int_equal(p->usage.totals.oncpu_ns, 301 * FAKE_MS);
		assert_int_equal(p->threads_ended, 1);
		assert_true(p->exited);
		bt_model_begin(f->m);
	}
}

static void a_zombie_takes_no_time(void **state)
{
	struct fixture *f = *state;
	int parent = fake_fork(&f->h, 10, -1);
	int child = fake_fork(&f->h, 11, parent);
	struct bt_process *p;

	fake_run(&f->h, child);
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_exit(&f->h, child, 9);
	fake_pass(&f->h, 900 * FAKE_MS);
	take(f);
	p = find(f, 11);
	assert_budget(p, 100 * FAKE_MS);
	assert_true(p->exited);
	assert_int_equal(p->state, 'Z');
	for (int i = 0; i < 3; i++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, SECOND_NS);
		take(f);
		p = find(f, 11);
		assert_non_null(p);
		assert_int_equal(p->usage.wall_ns, 0);
		assert_int_equal(p->state, 'Z');
		assert_false(p->exited);
		assert_int_equal(p->threads, 0);
		assert_int_equal(p->threads_ended, 0);
		assert_int_equal(p->thread_count, 0);
		assert_int_equal(p->verdict.id, BT_VERDICT_IDLE);
		assert_int_equal(p->verdict.cause, BT_MS_NONE);
		assert_true(p->verdict.confidence > 0.9F);
		assert_int_equal(p->ppid, 10);
	}
	fake_reap(&f->h, child);
	bt_model_begin(f->m);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	/* It did not end in this interval, nor was it there for any of it. */
	for (size_t i = 0; i < bt_model_frame(f->m)->process_count; i++)
		assert_int_not_equal(bt_model_frame(f->m)->processes[i]->identity.pid, 11);
	bt_model_begin(f->m);
	assert_null(find(f, 11));
	assert_int_equal(bt_model_frame(f->m)->vanished, 0);
}

/* A zombie from before we came is there from the base on. */
static void a_zombie_from_before(void **state)
{
	struct fixture *f = *state;
	int parent = fake_fork(&f->h, 10, -1);
	int child = fake_fork(&f->h, 11, parent);
	struct bt_process *p;

	fake_run(&f->h, child);
	fake_exit(&f->h, child, 0);
	f->h.pending_length = 0; /* that was long ago */
	fake_pass(&f->h, 900 * FAKE_MS);
	take(f);
	fake_pass(&f->h, 900 * FAKE_MS);
	take(f);
	p = find(f, 11);
	assert_int_equal(p->state, 'Z');
	assert_int_equal(p->usage.wall_ns, 0);
	assert_false(p->exited);
}

/* The main thread has ended, others go on. */
static void a_leader_that_ended_first(void **state)
{
	struct fixture *f = *state;
	int leader = fake_fork(&f->h, 10, -1);
	int other = fake_clone(&f->h, leader, 11);
	struct bt_process *p;

	fake_run(&f->h, leader);
	fake_run(&f->h, other);
	take(f);
	fake_pass(&f->h, 200 * FAKE_MS);
	fake_exit(&f->h, leader, 0);
	fake_pass(&f->h, 800 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 1200 * FAKE_MS);
	assert_false(p->exited);
	assert_int_equal(p->threads, 1);
	assert_int_equal(p->threads_ended, 1);
	assert_int_equal(p->state, 'Z');
	assert_string_equal(p->comm, "fake");
	bt_model_begin(f->m);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	p = find(f, 10);
	assert_budget(p, SECOND_NS);
	assert_int_equal(p->threads, 1);
	assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
	fake_exit(&f->h, other, 0);
	fake_reap(&f->h, leader);
	bt_model_begin(f->m);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	p = find(f, 10);
	assert_true(p->exited);
	assert_int_equal(p->state, 'X');
	assert_string_equal(p->comm, "fake");
}

/* exec by a thread that is not the leader: it takes the leader's PID, the leader's account ends. */
static void exec_by_another_thread(void **state)
{
	struct fixture *f = *state;
	int leader = fake_fork(&f->h, 10, -1);
	int other = fake_clone(&f->h, leader, 11);
	struct bt_process *p;

	for (int last = 0; last < 2; last++) {
		f->h.ended_last = last;
		fake_run(&f->h, leader);
		fake_run(&f->h, other);
		take(f);
		bt_model_begin(f->m);
		fake_pass(&f->h, 100 * FAKE_MS);
		fake_exit(&f->h, leader, 0);
		fake_reap(&f->h, leader);
		fake_at(&f->h, other)->r.head.tid = 10;
		memcpy(fake_at(&f->h, other)->r.facts.comm, "execed", 7);
		fake_pass(&f->h, 100 * FAKE_MS);
		take(f);
		p = find(f, 10);
		assert_budget(p, 300 * FAKE_MS);
		assert_int_equal(p->threads, 1);
		assert_false(p->exited);
		assert_string_equal(p->comm, "execed");
		assert_int_equal(p->state, 'R');
		assert_int_equal(p->forked_by.pid, 0);
		assert_int_equal(bt_model_frame(f->m)->process_count, 1 + (size_t)last);
		/* Once more, the other way round. */
		fake_at(&f->h, other)->reaped = true;
		leader = fake_fork(&f->h, 10, -1);
		other = fake_clone(&f->h, leader, 11);
	}
}

static void a_pid_is_used_again(void **state)
{
	struct fixture *f = *state;
	int first = fake_fork(&f->h, 10, -1);
	struct bt_identity old;
	int second;

	fake_run(&f->h, first);
	take(f);
	old = find(f, 10)->identity;
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_exit(&f->h, first, 0);
	fake_reap(&f->h, first);
	fake_pass(&f->h, 100 * FAKE_MS);
	second = fake_fork(&f->h, 10, -1);
	fake_run(&f->h, second);
	fake_pass(&f->h, 300 * FAKE_MS);
	take(f);
	/* The youngest is found by PID, each by its identity. */
	assert_int_equal(find(f, 10)->usage.totals.oncpu_ns, 300 * FAKE_MS);
	assert_int_equal(bt_model_find_identity(f->m, &old)->usage.totals.oncpu_ns, 100 * FAKE_MS);
	assert_int_equal(bt_model_frame(f->m)->process_count, 2);
}

/* Unhashed, its last switch still to come. */
static void in_limbo_until_its_end_comes(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, i);
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_at(&f->h, i)->hidden = true;
	take(f);
	p = find(f, 10);
	assert_non_null(p);
	assert_int_equal(p->usage.wall_ns, 0);
	bt_model_begin(f->m);
	fake_pass(&f->h, 50 * FAKE_MS);
	fake_exit(&f->h, i, 0);
	take(f);
	p = find(f, 10);
	assert_budget(p, 150 * FAKE_MS);
	assert_true(p->exited);
	assert_near(p->verdict.active, 1, 1e-6);
	assert_int_equal(bt_model_frame(f->m)->vanished, 0);
}

static void gone_without_a_word(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	uint64_t vanished = 0;

	fake_run(&f->h, i);
	take(f);
	fake_at(&f->h, i)->hidden = true;
	for (int k = 0; k < 5; k++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, 100 * FAKE_MS);
		take(f);
		vanished += bt_model_frame(f->m)->vanished;
	}
	assert_null(find(f, 10));
	assert_int_equal(vanished, 1);
}

/* One snapshot without it (torn): nothing is lost. */
static void away_and_back(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_at(&f->h, i)->hidden = true;
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_at(&f->h, i)->hidden = false;
	take(f);
	assert_budget(find(f, 10), 200 * FAKE_MS);
}

/* It was held at a gate by who measures it: neither that time nor that wait is its own. */
static void begun_between_two_snapshots(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_identity who;
	struct bt_process *p;

	fake_run(&f->h, i);
	take(f);
	who = find(f, 10)->identity;
	assert_false(bt_model_begin_at(f->m, &who, f->h.now_ns));
	fake_pass(&f->h, FAKE_MS);
	fake_block(&f->h, i, BT_MS_EVENT, 128, 0);
	fake_pass(&f->h, 7 * FAKE_MS);
	take(f);
	bt_model_begin(f->m);
	fake_pass(&f->h, 20 * FAKE_MS);
	assert_true(bt_model_begin_at(f->m, &who, f->h.now_ns));
	fake_pass(&f->h, FAKE_MS);
	fake_wake(&f->h, i, 1);
	fake_run(&f->h, i);
	fake_pass(&f->h, 50 * FAKE_MS);
	fake_block(&f->h, i, BT_MS_DISK, 0, 5);
	fake_pass(&f->h, 9 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 60 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 50 * FAKE_MS);
	assert_int_equal(p->usage.OFF(EVENT), FAKE_MS);
	assert_int_equal(p->usage.OFF(DISK), 9 * FAKE_MS);
	assert_int_equal(p->usage.wait_count, 1);
	assert_int_equal(p->usage.waits[0].reason.cause, BT_MS_DISK);
	assert_int_equal(bt_model_frame(f->m)->duration_ns, 60 * FAKE_MS);
	assert_near(p->verdict.cpus, 50.0 / 60, 1e-6);
}

/* Who samples saw it at the gate, and next elsewhere: what lay between was put to what it did next. */
static void held_time_is_not_counted_twice(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_identity who;
	struct bt_account *a;
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_EVENT, 128, 0);
	fake_pass(&f->h, 7 * FAKE_MS);
	take(f);
	who = find(f, 10)->identity;
	bt_model_begin(f->m);
	fake_pass(&f->h, 20 * FAKE_MS);
	assert_true(bt_model_begin_at(f->m, &who, f->h.now_ns));
	fake_wake(&f->h, i, 1);
	fake_run(&f->h, i);
	fake_pass(&f->h, 50 * FAKE_MS);
	fake_block(&f->h, i, BT_MS_CHILD, 61, 0);
	a = &fake_at(&f->h, i)->r.account;
	a->totals.offcpu_ns[BT_MS_EVENT - BT_OFFCPU_FIRST] -= 20 * FAKE_MS;
	a->since_ns -= 20 * FAKE_MS;
	fake_pass(&f->h, 10 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 60 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 50 * FAKE_MS);
	assert_int_equal(p->usage.OFF(EVENT), 0);
	assert_int_equal(p->usage.OFF(CHILD), 10 * FAKE_MS);
	assert_int_equal(p->usage.wait_count, 1);
	assert_int_equal(p->usage.waits[0].reason.cause, BT_MS_CHILD);
	assert_int_equal(p->usage.waits[0].ns, 10 * FAKE_MS);
}

/* What is read after the end of the interval tells of the time before it, and no more. */
static void ended_before_the_last_snapshot(void **state)
{
	for (int no_same = 0; no_same < 2; no_same++) {
		struct fixture *f = *state;
		int asleep = fake_fork(&f->h, 10 + no_same, -1);
		int busy = fake_fork(&f->h, 20 + no_same, -1);

		f->h.no_same = no_same;
		fake_run(&f->h, asleep);
		fake_block(&f->h, asleep, BT_MS_SLEEP, 230, 0);
		fake_run(&f->h, busy);
		take(f);
		bt_model_begin(f->m);
		fake_pass(&f->h, 100 * FAKE_MS);
		bt_model_end_at(f->m, f->h.now_ns);
		fake_pass(&f->h, 20 * FAKE_MS);
		fake_fork(&f->h, 30 + no_same, busy);
		take(f);
		fake_exit(&f->h, busy, 0);
		fake_reap(&f->h, busy);
		take(f);
		assert_budget(find(f, 10 + no_same), 100 * FAKE_MS);
		assert_int_equal(find(f, 10 + no_same)->usage.OFF(SLEEP), 100 * FAKE_MS);
		assert_true(find(f, 20 + no_same)->exited);
		assert_budget(find(f, 20 + no_same), 120 * FAKE_MS);
		assert_null(find(f, 30 + no_same));
		assert_int_equal(bt_model_frame(f->m)->duration_ns, 100 * FAKE_MS);
		assert_int_equal(bt_model_frame(f->m)->vanished, 0);
	}
}

/*
 * Four that work for 100 ms each in turn while the first thread waits for them, between pauses of its own;
 * one more waits for a CPU for queued_ms of each turn.
 */
static struct bt_process *work_in_turn(struct fixture *f, uint64_t own_ms, uint64_t pause_ms,
				       uint64_t queued_ms, bool together)
{
	int first = fake_fork(&f->h, 10, -1), other = fake_clone(&f->h, first, 20), worker[4];

	for (int i = 0; i < 4; i++) {
		worker[i] = fake_clone(&f->h, first, 11 + i);
		fake_run(&f->h, worker[i]);
		fake_block(&f->h, worker[i], BT_MS_EVENT, 202, 0);
	}
	fake_run(&f->h, other);
	fake_block(&f->h, other, BT_MS_EVENT, 202, 0);
	fake_run(&f->h, first);
	fake_block(&f->h, first, BT_MS_EVENT, 232, 0);
	take(f);
	for (int turn = 0; turn < 8; turn++) {
		for (int i = 0; i < 4; i++) {
			if (!together && i != turn % 4)
				continue;
			fake_wake(&f->h, worker[i], 10);
			fake_run(&f->h, worker[i]);
		}
		fake_pass(&f->h, (100 - queued_ms) * FAKE_MS);
		if (queued_ms) {
			fake_wake(&f->h, other, 0);
			fake_pass(&f->h, queued_ms * FAKE_MS);
			fake_run(&f->h, other);
			fake_block(&f->h, other, BT_MS_EVENT, 202, 0);
		}
		for (int i = 0; i < 4; i++)
			if (together || i == turn % 4)
				fake_block(&f->h, worker[i], BT_MS_EVENT, 202, 0);
		fake_pass(&f->h, pause_ms * FAKE_MS);
		fake_at(&f->h, first)->r.account.own_ns += own_ms * FAKE_MS;
	}
	fake_wake(&f->h, first, 10);
	fake_run(&f->h, first);
	take(f);
	assert_int_equal(bt_model_judge(f->m, false), 0);
	return find(f, 10);
}

static void who_waits_for_its_own_threads_is_active_with_them(void **state)
{
	const struct bt_process *p = work_in_turn(*state, 100, 0, 0, false);

	assert_int_equal(p->usage.active_max_ns, 800 * FAKE_MS);
	assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
}

static void who_lets_them_wait_is_not(void **state)
{
	const struct bt_process *p = work_in_turn(*state, 100, 300, 0, false);

	assert_int_equal(p->usage.active_max_ns, 800 * FAKE_MS);
	assert_int_equal(p->verdict.id, BT_VERDICT_WAITING);
}

static void who_waits_for_itself_counts_no_more_than_work_there_was(void **state)
{
	const struct bt_process *p = work_in_turn(*state, 1000, 900, 0, false);

	assert_int_equal(p->usage.active_max_ns, 800 * FAKE_MS);
}

/* Beside other work, whatever the process has waits for a CPU, too. */
static void who_waits_for_a_cpu_meanwhile_does_not_count(void **state)
{
	const struct bt_process *p = work_in_turn(*state, 100, 0, 60, false);

	assert_int_equal(p->usage.active_max_ns, 800 * FAKE_MS);
	assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
}

/* Several at a time: the most active one counts, as ever. */
static void threads_that_work_together_are_not_one(void **state)
{
	const struct bt_process *p = work_in_turn(*state, 100, 150, 0, true);

	assert_int_equal(p->usage.active_max_ns, 800 * FAKE_MS);
	assert_int_equal(p->verdict.id, BT_VERDICT_WAITING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_life_between_two_snapshots),
	    TEST(counted_once_when_it_ends_during_a_read),
	    TEST(a_zombie_takes_no_time),
	    TEST(a_zombie_from_before),
	    TEST(a_leader_that_ended_first),
	    TEST(exec_by_another_thread),
	    TEST(a_pid_is_used_again),
	    TEST(in_limbo_until_its_end_comes),
	    TEST(gone_without_a_word),
	    TEST(away_and_back),
	    TEST(begun_between_two_snapshots),
	    TEST(held_time_is_not_counted_twice),
	    TEST(ended_before_the_last_snapshot),
	    cmocka_unit_test_setup_teardown(who_waits_for_its_own_threads_is_active_with_them, setup,
					    teardown),
	    TEST(who_waits_for_a_cpu_meanwhile_does_not_count),
	    TEST(who_lets_them_wait_is_not),
	    TEST(who_waits_for_itself_counts_no_more_than_work_there_was),
	    TEST(threads_that_work_together_are_not_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
