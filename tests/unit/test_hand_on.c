/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What threads that wake each other at futexes wait for: bt_account_hand_on() in include/account.h. */
#include "hand_over.h"

#include "unit.h"

#define OFF(ms) offcpu_ns[BT_MS_##ms - BT_OFFCPU_FIRST]

static const struct bt_reason on_pipe = {.object = 8, .fd = 4, .syscall = 0, .cause = BT_MS_IPC};

static struct bt_account running(void)
{
	struct bt_account a = {.id = 1, .born_ns = 1000, .since_ns = 1000, .phase = BT_PHASE_RUNNABLE};

	a.reason.cause = BT_MS_RUN_QUEUE;
	assert_int_equal(bt_account_switch_in(&a, 1000), 0);
	return a;
}

/* Threads of one process that park each at a futex of its own. */
#define PARKED 8
static struct bt_account parked[PARKED];

static void park(int number, uint64_t now_ns)
{
	const struct bt_reason why = {.object = 100 + number, .fd = -1, .syscall = 202, .cause = BT_MS_EVENT};

	bt_account_switch_out(&parked[number], now_ns, 1, &why, BT_DOUBT_FUTEX);
}

/* It wakes another one, which gets a CPU at once. Returns what that one's wait was. */
static uint8_t unpark(int by, int number, uint64_t now_ns)
{
	struct bt_account *a = &parked[number];
	uint8_t cause = bt_cause_by_waker(a, &parked[by], 1, now_ns);

	assert_int_equal(bt_account_waking(a, now_ns, 1, cause), 1);
	bt_account_switch_in(a, now_ns);
	return cause;
}

/* All but the first wait. */
static void park_all(int count)
{
	for (int i = 0; i < count; i++)
		parked[i] = running();
	for (int i = 1; i < count; i++)
		park(i, 2000);
}

/* From hand to hand, 1 ms each: from the second round on it is a lock, whatever the first looked like. */
static void a_lock_goes_around(void **state)
{
	uint64_t now_ns = 2000;

	(void)state;
	for (int count = 3; count <= PARKED; count++) {
		park_all(count);
		for (int turn = 0; turn < 4 * count; turn++) {
			uint8_t cause;

			now_ns += 1000000;
			cause = unpark(turn % count, (turn + 1) % count, now_ns);
			park(turn % count, now_ns + 1000);
			if (turn > 2 * count)
				assert_int_equal(cause, BT_MS_LOCK);
		}
	}
}

/*
 * Ruby's: who has the lock next tells the one before that it has it, and wakes the one behind, which from
 * then on looks after the time and waits again. Neither has a turn by that.
 */
static void a_lock_whose_queue_talks(void **state)
{
	uint64_t now_ns = 2000;

	(void)state;
	for (int count = 3; count <= PARKED; count++) {
		int told = 0;

		park_all(count);
		for (int turn = 0; turn < 6 * count; turn++) {
			int has = turn % count, next = (turn + 1) % count, after = (turn + 2) % count;
			uint8_t cause;

			now_ns += 100000000;
			cause = unpark(has, next, now_ns);
			park(has, now_ns + 1000);
			told += unpark(next, has, now_ns + 11000) == BT_MS_LOCK;
			park(has, now_ns + 15000);
			if (turn > 2 * count)
				assert_int_equal(cause, BT_MS_LOCK);
			unpark(next, after, now_ns + 20000);
			park(after, now_ns + 27000);
		}
		/* As long as it is known to be a lock, such a moment is a part of it. */
		assert_true(told > count);
	}
}

/* Most often who lets go of it takes it again before the woken one comes: that one finds it taken. */
static void a_lock_with_barging(void **state)
{
	uint64_t now_ns = 2000;
	int count = 4, lock = 0, turn;

	(void)state;
	park_all(count);
	for (turn = 0; turn < 10 * count; turn++) {
		int has = turn % count, next = (turn + 1) % count;

		for (int i = 0; i < 5; i++) {
			now_ns += 1000000;
			unpark(has, next, now_ns);
			park(next, now_ns + 100);
		}
		now_ns += 1000000;
		lock += unpark(has, next, now_ns) == BT_MS_LOCK;
		park(has, now_ns + 1000);
	}
	assert_true(lock > turn / 2);
}

/* Who waits next woke up by itself, to look after the time, when it was handed the lock: nobody wakes it for
 * that. */
static void a_turn_that_is_taken_awake(void **state)
{
	uint64_t now_ns = 2000;
	int count = 4, lock = 0, seen = 0;

	(void)state;
	park_all(count);
	for (int turn = 0; turn < 12 * count; turn++) {
		int has = turn % count, next = (turn + 1) % count;

		now_ns += 1000000;
		if (turn % 7 == 6) {
			struct bt_account *a = &parked[next];

			bt_account_waking(a, now_ns - 5000, 0, bt_cause_by_kernel(a, now_ns - 5000));
			bt_account_switch_in(a, now_ns - 5000);
		} else {
			uint8_t cause;

			/* It waited for a moment that was no part of the lock. */
			parked[has].idle_end_ns = now_ns - 200000;
			cause = unpark(has, next, now_ns);
			seen += turn > 5 * count;
			lock += turn > 5 * count && cause == BT_MS_LOCK;
		}
		park(has, now_ns + 1000);
	}
	assert_int_equal(lock, seen);
}

/* What was stolen from a burst after it woke somebody makes it shorter than it was then. */
static void stolen_after_a_waking(void **state)
{
	(void)state;
	park_all(2);
	unpark(0, 1, 1002000);
	bt_account_ran(&parked[0], 1003000, 100000);
	park(0, 1003000);
	assert_int_equal(parked[0].after_ns, 0);
}

/* What looks like a lock by chance, once, is none, whatever follows. */
static void one_turn_by_chance_is_no_lock(void **state)
{
	uint64_t now_ns = 2000;
	int lock = 0, first = 0;

	(void)state;
	park_all(4);
	for (int turn = 0; !parked[first].lock_credit; turn++) {
		assert_in_range(turn, 0, 20);
		first = (turn + 1) % 4;
		now_ns += 1000000;
		lock += unpark(turn % 4, first, now_ns) == BT_MS_LOCK;
		park(turn % 4, now_ns + 1000);
	}
	now_ns += 1000000;
	park(first, now_ns);
	/* Then one of them, which does nothing else, wakes it now and then. */
	for (int moment = 0; moment < 100; moment++) {
		struct bt_account *by = &parked[(first + 2) % 4];

		now_ns += 20000000;
		bt_account_waking(by, now_ns - 1000, 0, BT_MS_EVENT);
		bt_account_switch_in(by, now_ns - 1000);
		lock += unpark((first + 2) % 4, first, now_ns) == BT_MS_LOCK;
		park(first, now_ns + 500);
		park((first + 2) % 4, now_ns + 1000);
	}
	assert_int_equal(lock, 0);
	assert_int_equal(parked[first].lock_credit, 0);
}

/* Two that take turns may ask and answer as well. */
static void two_alone_are_no_proof(void **state)
{
	(void)state;
	park_all(2);
	for (int turn = 0; turn < 20; turn++) {
		assert_int_equal(unpark(turn % 2, (turn + 1) % 2, 1002000 + turn * 1000000ULL), BT_MS_EVENT);
		park(turn % 2, 1003000 + turn * 1000000ULL);
	}
}

/* One hands tasks out, to one after the other, and takes back the results. */
static void who_is_handed_tasks_in_turn_waits_for_work(void **state)
{
	uint64_t now_ns = 2000;

	(void)state;
	park_all(5);
	for (int turn = 0; turn < 40; turn++) {
		int worker = 1 + turn % 4;

		assert_int_equal(unpark(0, worker, now_ns + 1000), BT_MS_EVENT);
		park(0, now_ns + 2000);
		now_ns += 1000000;
		assert_int_equal(unpark(worker, 0, now_ns), BT_MS_EVENT);
		park(worker, now_ns + 1000);
	}
	/* All of that time its own process worked for it. */
	assert_int_equal(parked[0].own_ns, 40 * (1000000 - 2000));
}

/* Each stage tells the next one; the first has the work. */
static void a_pipeline_is_no_lock(void **state)
{
	uint64_t now_ns = 2000;

	(void)state;
	park_all(6);
	for (int item = 0; item < 20; item++) {
		now_ns += 1000000;
		for (int stage = 0; stage < 5; stage++) {
			assert_int_equal(unpark(stage, stage + 1, now_ns + 10 * stage), BT_MS_EVENT);
			if (stage)
				park(stage, now_ns + 10 * stage + 5);
		}
		park(5, now_ns + 100);
	}
}

/* As a lock goes around, but of each round it fills a moment: nobody worked for most of the wait. */
static void what_goes_around_now_and_then_is_no_lock(void **state)
{
	uint64_t now_ns = 2000;

	(void)state;
	park_all(4);
	for (int turn = 0; turn < 40; turn++) {
		struct bt_account *a = &parked[turn % 4];

		now_ns += 1000000;
		/* Who has the turn was idle for itself before it went on with it. */
		bt_account_switch_out(a, now_ns - 999000, 1, &on_pipe, BT_DOUBT_NONE);
		bt_account_waking(a, now_ns - 20000, 0, BT_MS_EVENT);
		bt_account_switch_in(a, now_ns - 20000);
		assert_int_equal(unpark(turn % 4, (turn + 1) % 4, now_ns), BT_MS_EVENT);
		park(turn % 4, now_ns + 1000);
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(parked[i].own_ns, 0);
}

/* A wait at a lock that runs out is one for it, as long as the evidence is not old. */
static void a_wait_for_a_lock_that_runs_out(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 5000, 1, &on_pipe, BT_DOUBT_FUTEX);
	a.lock_credit = BT_LOCK_SUSPECTED + 2 * BT_LOCK_CREDIT_WAIT;
	assert_int_equal(bt_cause_by_kernel(&a, 6000), BT_MS_LOCK);
	assert_int_equal(bt_cause_by_kernel(&a, 6000), BT_MS_LOCK);
	assert_int_equal(bt_cause_by_kernel(&a, 6000), BT_MS_EVENT);
}

/* Work that is carried on was begun when the first of those who did it began. */
static void idle_is_who_had_nothing_to_carry_on(void **state)
{
	struct bt_account first = running(), second = running(), third = running();

	(void)state;
	first.idle_end_ns = 1500000;
	bt_account_switch_out(&second, 1000000, 1, &on_pipe, BT_DOUBT_FUTEX);
	bt_account_switch_out(&third, 1000000, 1, &on_pipe, BT_DOUBT_PEER);
	bt_account_waking(&second, 1900000, 7, bt_cause_by_waker(&second, &first, 1, 1900000));
	bt_account_switch_in(&second, 1900000);
	assert_int_equal(second.totals.OFF(EVENT), 900000);
	assert_int_equal(second.idle_to_ns, 1500000);
	/* For half of this wait somebody worked, if not the one who ends it. */
	assert_int_equal(bt_cause_by_waker(&third, &second, 0, 2000000), BT_MS_IPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lock_goes_around),
	    cmocka_unit_test(a_lock_whose_queue_talks),
	    cmocka_unit_test(a_lock_with_barging),
	    cmocka_unit_test(a_turn_that_is_taken_awake),
	    cmocka_unit_test(stolen_after_a_waking),
	    cmocka_unit_test(one_turn_by_chance_is_no_lock),
	    cmocka_unit_test(two_alone_are_no_proof),
	    cmocka_unit_test(who_is_handed_tasks_in_turn_waits_for_work),
	    cmocka_unit_test(a_pipeline_is_no_lock),
	    cmocka_unit_test(what_goes_around_now_and_then_is_no_lock),
	    cmocka_unit_test(a_wait_for_a_lock_that_runs_out),
	    cmocka_unit_test(idle_is_who_had_nothing_to_carry_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
