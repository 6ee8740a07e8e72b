/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state machine of include/account.h. */
#include "account_reader.h"
#include "hand_over.h"

#include "unit.h"
#include "usage.h"

#define OFF(ms) offcpu_ns[BT_MS_##ms - BT_OFFCPU_FIRST]

static const struct bt_reason on_disk = {.object = 7, .fd = 3, .syscall = 17, .cause = BT_MS_DISK};
static const struct bt_reason on_pipe = {.object = 8, .fd = 4, .syscall = 0, .cause = BT_MS_IPC};
static const struct bt_reason preempted = {.fd = -1, .syscall = -1, .cause = BT_MS_RUN_QUEUE};
static const struct bt_reason throttled = {.fd = -1, .syscall = -1, .cause = BT_MS_CPU_QUOTA};

/* Born at 1000 into a run queue. */
static struct bt_account newborn(void)
{
	struct bt_account a = {.id = 1, .born_ns = 1000, .since_ns = 1000, .phase = BT_PHASE_RUNNABLE};

	a.reason = preempted;
	return a;
}

static struct bt_account running(void)
{
	struct bt_account a = newborn();

	assert_int_equal(bt_account_switch_in(&a, 1000), 0);
	return a;
}

/* The wait was what it was taken for. */
static int wake(struct bt_account *a, uint64_t now_ns, int32_t waker_pid)
{
	return bt_account_waking(a, now_ns, waker_pid, a->reason.cause);
}

static void assert_closed(const struct bt_account *a, uint64_t now_ns)
{
	struct bt_totals t;

	bt_account_totals_at(a, now_ns, &t);
	assert_int_equal(bt_totals_sum_ns(&t), now_ns - a->born_ns);
	assert_int_equal(a->seq % 2, 0);
}

static void birth_is_run_queue(void **state)
{
	struct bt_account a = newborn();

	(void)state;
	assert_closed(&a, 1500);
	assert_int_equal(bt_account_switch_in(&a, 1700), 0);
	assert_int_equal(a.phase, BT_PHASE_ONCPU);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 700);
	assert_closed(&a, 1700);
}

static void preemption_is_run_queue_and_keeps_the_burst(void **state)
{
	struct bt_account a = running();

	(void)state;
	assert_int_equal(bt_account_switch_out(&a, 2000, 0, &preempted, BT_DOUBT_NONE), 0);
	assert_int_equal(a.phase, BT_PHASE_RUNNABLE);
	assert_int_equal(bt_account_switch_in(&a, 2500), 0);
	assert_int_equal(bt_account_switch_out(&a, 3000, 1, &on_disk, BT_DOUBT_NONE), 0);
	assert_int_equal(a.totals.oncpu_ns, 1500);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 500);
	/* One burst of 1500 ns, not two. */
	assert_int_equal(bt_burst_count(a.bursts.cpu), 1);
	assert_int_equal(a.bursts.cpu[bt_burst_bucket(1500)], 1);
	assert_closed(&a, 3000);
}

static void quota_is_told_apart(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 0, &throttled, BT_DOUBT_NONE);
	bt_account_switch_in(&a, 2600);
	assert_int_equal(a.totals.OFF(CPU_QUOTA), 600);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 0);
	assert_closed(&a, 2600);
}

/* What counts as a wait in a run queue: of who is woken, preempted or born, not of who is held back or runs.
 */
static void queued(void **state)
{
	struct bt_account a = newborn();

	(void)state;
	assert_int_equal(bt_account_queued_ns(&a, 1700), 700);
	bt_account_switch_in(&a, 1700);
	assert_int_equal(bt_account_queued_ns(&a, 1800), 0);
	bt_account_switch_out(&a, 2000, 0, &preempted, BT_DOUBT_NONE);
	assert_int_equal(bt_account_queued_ns(&a, 2300), 300);
	bt_account_switch_in(&a, 2300);
	bt_account_switch_out(&a, 2400, 0, &throttled, BT_DOUBT_NONE);
	assert_int_equal(bt_account_queued_ns(&a, 9000), 0);
	bt_account_switch_in(&a, 9000);
	bt_account_switch_out(&a, 9100, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(bt_account_queued_ns(&a, 9500), 0);
	wake(&a, 9500, 42);
	assert_int_equal(bt_account_queued_ns(&a, 9600), 100);
}

static void block_wake_run(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.phase, BT_PHASE_BLOCKED);
	assert_closed(&a, 2400);
	assert_int_equal(wake(&a, 2700, 42), 1);
	assert_int_equal(a.phase, BT_PHASE_WOKEN);
	assert_closed(&a, 2800);
	assert_int_equal(bt_account_switch_in(&a, 3000), 0);
	assert_int_equal(a.totals.OFF(DISK), 700);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 300);
	assert_int_equal(bt_burst_count(a.bursts.io), 1);
	assert_int_equal(a.waits[0].ns, 700);
	assert_int_equal(a.waits[0].count, 1);
	assert_int_equal(a.waits[0].waker_pid, 42);
	assert_int_equal(a.waits[0].reason.object, 7);
	assert_closed(&a, 3000);
	/* The next burst begins at nothing. */
	bt_account_switch_out(&a, 3600, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.bursts.cpu[bt_burst_bucket(600)], 2);
	assert_int_equal(a.bursts.cpu[bt_burst_bucket(1600)], 0);
}

/* The wake-up comes before the switch-out was recorded: the thread never slept. */
static void waking_before_switch_out(void **state)
{
	struct bt_account a = running();

	(void)state;
	assert_int_equal(wake(&a, 1900, 42), 0);
	assert_int_equal(a.phase, BT_PHASE_ONCPU);
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	bt_account_switch_in(&a, 2500);
	assert_int_equal(a.totals.OFF(DISK), 0);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 500);
	assert_int_equal(a.waits[0].count, 0);
	assert_closed(&a, 2500);
}

static void waking_twice(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_NONE);
	assert_int_equal(wake(&a, 2100, 1), 1);
	assert_int_equal(wake(&a, 2900, 2), 0);
	bt_account_switch_in(&a, 3000);
	assert_int_equal(a.totals.OFF(IPC), 100);
	assert_int_equal(a.waits[0].waker_pid, 1);
}

static void waking_of_the_runnable_and_the_dead(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 0, &preempted, BT_DOUBT_NONE);
	assert_int_equal(wake(&a, 2100, 1), 0);
	assert_int_equal(a.phase, BT_PHASE_RUNNABLE);
	bt_account_switch_in(&a, 2200);
	bt_account_end(&a, 2300);
	assert_int_equal(wake(&a, 2400, 1), 0);
	assert_int_equal(a.phase, BT_PHASE_DEAD);
}

/* Clocks of two CPUs differ: woken "before" it slept, or "after" it ran. */
static void waking_with_another_clock(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	wake(&a, 1990, 0);
	assert_closed(&a, 2050);
	bt_account_switch_in(&a, 2100);
	assert_int_equal(a.totals.OFF(DISK), 0);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	bt_account_switch_out(&a, 2200, 1, &on_disk, BT_DOUBT_NONE);
	wake(&a, 2310, 0);
	bt_account_switch_in(&a, 2300);
	assert_int_equal(a.totals.OFF(DISK), 100);
	assert_closed(&a, 2300);
}

static void found_asleep_was_asleep(void **state)
{
	struct bt_account a = {.id = 1,
			       .born_ns = 1000,
			       .since_ns = 1000,
			       .found_asleep = 1,
			       .phase = BT_PHASE_BLOCKED,
			       .reason = on_pipe};

	(void)state;
	assert_int_equal(bt_account_switch_in(&a, 1800), 0);
	assert_int_equal(a.totals.OFF(IPC), 800);
	assert_int_equal(a.found_asleep, 0);
	/* Once only. */
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_NONE);
	bt_account_switch_in(&a, 2300);
	assert_int_equal(a.totals.OFF(IPC), 800);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 300);
	assert_closed(&a, 2300);
}

static void missed_switches_are_unknown(void **state)
{
	struct bt_account a = running();

	(void)state;
	assert_int_equal(bt_account_switch_in(&a, 1500), 1);
	assert_int_equal(a.totals.OFF(UNKNOWN), 500);
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(bt_account_switch_out(&a, 2400, 0, &preempted, BT_DOUBT_NONE), 1);
	assert_int_equal(a.totals.OFF(UNKNOWN), 900);
	assert_closed(&a, 2400);
	bt_account_end(&a, 2500);
	assert_int_equal(a.totals.OFF(UNKNOWN), 1000);
	assert_int_equal(bt_totals_sum_ns(&a.totals), 1500);
	/* What was shown while nobody knew stays what it was. */
	a = running();
	bt_account_mark_read(&a, 1300);
	assert_int_equal(bt_account_switch_in(&a, 1500), 1);
	assert_int_equal(a.totals.oncpu_ns, 300);
	assert_int_equal(a.totals.OFF(UNKNOWN), 200);
	assert_closed(&a, 1500);
}

static void the_end_is_final(void **state)
{
	struct bt_account a = running();
	struct bt_totals t;

	(void)state;
	bt_account_end(&a, 1900);
	assert_int_equal(a.phase, BT_PHASE_DEAD);
	assert_int_equal(bt_burst_count(a.bursts.cpu), 1);
	bt_account_totals_at(&a, 5000, &t);
	assert_int_equal(t.oncpu_ns, 900);
	assert_int_equal(bt_totals_sum_ns(&t), 900);
}

/* What a reader was shown stays: a new label holds for the part after it. */
static void a_label_that_changes_rewrites_nothing(void **state)
{
	struct bt_account a = running();
	struct bt_totals t;

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_NONE);
	bt_account_mark_read(&a, 2600);
	bt_account_totals_at(&a, 2600, &t);
	assert_int_equal(t.OFF(IPC), 600);
	bt_account_waking(&a, 2900, 42, BT_MS_EVENT);
	bt_account_totals_at(&a, 2950, &t);
	assert_int_equal(t.OFF(IPC), 600);
	assert_int_equal(t.OFF(EVENT), 300);
	assert_closed(&a, 2950);
	bt_account_switch_in(&a, 3000);
	assert_int_equal(a.totals.OFF(IPC), 600);
	assert_int_equal(a.totals.OFF(EVENT), 300);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	assert_closed(&a, 3000);
}

/* Nor does a better guess while it goes on: it holds from the frame on that shows it. */
static void a_guess_that_changes_rewrites_nothing(void **state)
{
	struct bt_account a = running();
	struct bt_totals t;

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_PEER);
	bt_account_relabel(&a, BT_MS_EVENT);
	bt_account_mark_read(&a, 2300);
	bt_account_totals_at(&a, 2300, &t);
	assert_int_equal(t.OFF(EVENT), 300);
	bt_account_relabel(&a, BT_MS_IPC);
	bt_account_mark_read(&a, 2900);
	bt_account_totals_at(&a, 2900, &t);
	assert_int_equal(t.OFF(EVENT), 300);
	assert_int_equal(t.OFF(IPC), 600);
	/* Only one part can be kept apart. */
	bt_account_relabel(&a, BT_MS_EVENT);
	bt_account_mark_read(&a, 3000);
	bt_account_waking(&a, 3100, 42, BT_MS_NETWORK);
	bt_account_switch_in(&a, 3150);
	assert_int_equal(a.totals.OFF(EVENT), 300);
	assert_int_equal(a.totals.OFF(IPC), 700);
	assert_int_equal(a.totals.OFF(NETWORK), 100);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 50);
	assert_closed(&a, 3150);
	/* Of the next wait it says nothing. */
	bt_account_switch_out(&a, 4000, 1, &on_disk, BT_DOUBT_NONE);
	bt_account_mark_read(&a, 4500);
	bt_account_totals_at(&a, 4500, &t);
	assert_int_equal(t.OFF(DISK), 500);
}

/* Only of a first wait at a place that its peer can tell of, for as long as there is little to judge by. */
static void what_is_guessed(void **state)
{
	struct bt_account a = running();
	struct bt_reason pipe = on_pipe;

	(void)state;
	pipe.target = BT_TARGET_PIPE;
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_PEER);
	assert_false(bt_account_is_guessed(&a));
	bt_account_waking(&a, 2100, 42, BT_MS_IPC);
	bt_account_switch_in(&a, 2100);
	memset(a.habits, 0, sizeof(a.habits));
	bt_account_switch_out(&a, 3000, 1, &pipe, BT_DOUBT_NONE);
	assert_false(bt_account_is_guessed(&a));
	bt_account_waking(&a, 3100, 42, BT_MS_IPC);
	bt_account_switch_in(&a, 3100);
	bt_account_switch_out(&a, 4000, 1, &pipe, BT_DOUBT_PEER);
	assert_true(bt_account_is_guessed(&a));
	assert_true(bt_account_is_undecided(&a, 4000 + BT_GUESS_AGAIN_NS - 1));
	/* A walk over all does not guess: it stays so until somebody has. */
	assert_true(bt_account_is_undecided(&a, 4000 + 5 * BT_GUESS_AGAIN_NS));
	assert_true(bt_account_is_to_guess(&a, 4000 + 5 * BT_GUESS_AGAIN_NS));
	a.guessed_ns = 4001;
	assert_false(bt_account_is_to_guess(&a, 4000 + BT_GUESS_AGAIN_NS - 1));
	assert_true(bt_account_is_to_guess(&a, 4000 + BT_GUESS_AGAIN_NS));
	a.guessed_ns = 4000 + BT_GUESS_AGAIN_NS;
	assert_false(bt_account_is_undecided(&a, 4000 + BT_GUESS_AGAIN_NS));
	bt_account_waking(&a, 5000, 42, BT_MS_IPC);
	assert_false(bt_account_is_guessed(&a));
	bt_account_switch_in(&a, 5000);
	bt_account_switch_out(&a, 6000, 1, &pipe, BT_DOUBT_PEER);
	assert_false(bt_account_is_guessed(&a));
}

/* It was in a run queue already when it was shown: nobody had seen the waking. */
static void shown_as_blocked_after_it_was_woken(void **state)
{
	struct bt_account a = running();
	struct bt_totals shown, now;

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	bt_account_mark_read(&a, 2600);
	bt_account_totals_at(&a, 2600, &shown);
	wake(&a, 2200, 0);
	bt_account_totals_at(&a, 2800, &now);
	assert_int_equal(now.OFF(DISK), shown.OFF(DISK));
	assert_int_equal(now.OFF(RUN_QUEUE), 200);
	bt_account_switch_in(&a, 3000);
	assert_int_equal(a.totals.OFF(DISK), 600);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 400);
	assert_closed(&a, 3000);
}

static void shown_as_blocked_but_never_slept(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	bt_account_mark_read(&a, 2300);
	bt_account_switch_in(&a, 2400);
	assert_int_equal(a.totals.OFF(DISK), 300);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	/* An old reading has nothing to do with the next wait. */
	bt_account_switch_out(&a, 2500, 1, &on_pipe, BT_DOUBT_NONE);
	wake(&a, 2600, 1);
	bt_account_switch_in(&a, 2600);
	assert_int_equal(a.totals.OFF(IPC), 100);
	assert_closed(&a, 2600);
}

/* Blocked in doubt since 1,000,000; who wakes it at 2,000,000 had its last idle wait end at idle_end_ns. */
static uint8_t woken_by(enum bt_doubt doubt, uint64_t idle_end_ns, bool same_process, bool waits_there_too)
{
	const struct bt_reason why = {.object = 9, .fd = 5, .syscall = 202, .cause = BT_MS_EVENT};
	struct bt_account a = running();
	struct bt_account by = {.idle_end_ns = idle_end_ns, .idle_cause = BT_MS_EVENT};

	by.waits[2].reason = why;
	by.waits[2].reason.object += !waits_there_too;
	by.waits[2].count = 1;
	bt_account_switch_out(&a, 1000000, 1, &why, doubt);
	return bt_cause_by_waker(&a, &by, same_process, 2000000);
}

static void the_waker_tells_what_a_wait_was(void **state)
{
	(void)state;
	/* Idle for half of our wait is the limit. */
	assert_int_equal(woken_by(BT_DOUBT_PEER, 1500000, false, false), BT_MS_IPC);
	assert_int_equal(woken_by(BT_DOUBT_PEER, 1500001, false, false), BT_MS_EVENT);
	assert_int_equal(woken_by(BT_DOUBT_PEER, 0, false, false), BT_MS_IPC);
	assert_int_equal(woken_by(BT_DOUBT_PEER, 0, true, false), BT_MS_EVENT);
	assert_int_equal(woken_by(BT_DOUBT_PEER, 0, false, true), BT_MS_IPC);
	assert_int_equal(woken_by(BT_DOUBT_FUTEX, 0, true, true), BT_MS_LOCK);
	assert_int_equal(woken_by(BT_DOUBT_WORK, 0, true, true), BT_MS_EVENT);
	assert_int_equal(woken_by(BT_DOUBT_FUTEX, 0, true, false), BT_MS_EVENT);
	assert_int_equal(woken_by(BT_DOUBT_FUTEX, 0, false, false), BT_MS_IPC);
	assert_int_equal(woken_by(BT_DOUBT_FUTEX, 1900000, true, true), BT_MS_EVENT);
}

/* Who wakes us slept until a moment ago, but was not seen to get its CPU, or not even to be woken. */
static void a_waker_that_was_not_seen_to_run(void **state)
{
	struct bt_reason child = {.fd = -1, .syscall = 61, .cause = BT_MS_CHILD};
	struct bt_account by = running(), a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_PEER);
	bt_account_switch_out(&by, 3000, 1, &child, BT_DOUBT_NONE);
	assert_int_equal(bt_cause_by_waker(&a, &by, 0, 100000), BT_MS_EVENT);
	bt_account_waking(&by, 99000, 7, BT_MS_CHILD);
	assert_int_equal(bt_cause_by_waker(&a, &by, 0, 100000), BT_MS_EVENT);
	assert_int_equal(a.carried_ns, 99000);
	assert_int_equal(bt_account_burst_ns(&by, 100000), 1000);
	/* It did something for half of the time. */
	assert_int_equal(bt_cause_by_waker(&a, &by, 0, 250000), BT_MS_IPC);
}

/* Blocked in doubt since 1,000,000, by who slept from one time to another and wakes it at 2,000,000. */
static uint8_t woken_after_a_nap(uint64_t from_ns, uint64_t to_ns)
{
	const struct bt_reason sleeps = {.fd = -1, .syscall = 230, .cause = BT_MS_SLEEP};
	struct bt_account by = running(), a = running();

	bt_account_switch_out(&a, 1000000, 1, &on_pipe, BT_DOUBT_PEER);
	bt_account_switch_out(&by, from_ns, 1, &sleeps, BT_DOUBT_NONE);
	bt_account_waking(&by, to_ns, 0, BT_MS_SLEEP);
	bt_account_switch_in(&by, to_ns);
	return bt_cause_by_waker(&a, &by, 0, 2000000);
}

/* What the waker worked before it slept counts, too, as far as we waited then. */
static void a_nap_does_not_end_the_work(void **state)
{
	(void)state;
	assert_int_equal(woken_after_a_nap(1500000, 1510000), BT_MS_IPC);
	assert_int_equal(woken_after_a_nap(1450000, 1950000), BT_MS_IPC);
	assert_int_equal(woken_after_a_nap(1100000, 1900000), BT_MS_EVENT);
	/* No nap: it slept for longer than it had worked. */
	assert_int_equal(woken_after_a_nap(500000, 1900000), BT_MS_EVENT);
}

/* A lock that is held asleep is a lock, a queue whose reader waits for work is not. */
static void who_sleeps_with_a_lock_held(void **state)
{
	const struct bt_reason why = {.object = 9, .fd = -1, .syscall = 202, .cause = BT_MS_EVENT};
	struct bt_account a = running();
	struct bt_account by = {.idle_end_ns = 1990000, .idle_cause = BT_MS_SLEEP};

	(void)state;
	by.waits[0].reason = why;
	by.waits[0].count = 1;
	bt_account_switch_out(&a, 1000000, 1, &why, BT_DOUBT_FUTEX);
	assert_int_equal(bt_cause_by_waker(&a, &by, 1, 2000000), BT_MS_LOCK);
	by.idle_cause = BT_MS_EVENT;
	assert_int_equal(bt_cause_by_waker(&a, &by, 1, 2000000), BT_MS_EVENT);
	by.idle_cause = BT_MS_SLEEP;
	by.waits[0].reason.object = 10;
	assert_int_equal(bt_cause_by_waker(&a, &by, 1, 2000000), BT_MS_EVENT);
}

static void without_a_waker_the_length_tells(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 5000, 1, &on_pipe, BT_DOUBT_PEER);
	assert_int_equal(bt_cause_by_kernel(&a, 5000 + BT_IDLE_AFTER_NS - 1), BT_MS_IPC);
	assert_int_equal(bt_cause_by_kernel(&a, 5000 + BT_IDLE_AFTER_NS), BT_MS_EVENT);
	a.doubt = BT_DOUBT_FUTEX;
	assert_int_equal(bt_cause_by_kernel(&a, 5001), BT_MS_EVENT);
	a.doubt = BT_DOUBT_POLL;
	assert_int_equal(bt_cause_by_kernel(&a, 5001), BT_MS_EVENT);
}

/* The next wait at the same place carries the label of the last one, another place does not. */
static void a_wait_in_doubt_is_taken_for_what_the_last_one_was(void **state)
{
	const struct bt_reason elsewhere = {.object = 77, .fd = 9, .syscall = 0, .cause = BT_MS_IPC};
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_pipe, BT_DOUBT_PEER);
	assert_int_equal(a.reason.cause, BT_MS_IPC);
	bt_account_waking(&a, 2600, 42, BT_MS_EVENT);
	bt_account_switch_in(&a, 2700);
	assert_int_equal(a.totals.OFF(EVENT), 600);
	assert_int_equal(a.waits[0].reason.cause, BT_MS_EVENT);
	assert_int_equal(a.idle_to_ns, 2600);
	bt_account_switch_out(&a, 3000, 1, &elsewhere, BT_DOUBT_PEER);
	assert_int_equal(a.reason.cause, BT_MS_IPC);
	wake(&a, 3100, 42);
	bt_account_switch_in(&a, 3100);
	assert_int_equal(a.idle_to_ns, 2600);
	bt_account_switch_out(&a, 3200, 1, &on_pipe, BT_DOUBT_PEER);
	assert_int_equal(a.reason.cause, BT_MS_EVENT);
	/* Without doubt nothing is remembered. */
	wake(&a, 3300, 42);
	bt_account_switch_in(&a, 3300);
	bt_account_switch_out(&a, 3400, 1, &on_pipe, BT_DOUBT_NONE);
	assert_int_equal(a.reason.cause, BT_MS_IPC);
	assert_closed(&a, 3500);
}

static void burst_buckets(void **state)
{
	(void)state;
	assert_int_equal(bt_burst_bucket(0), 0);
	assert_int_equal(bt_burst_bucket(511), 0);
	assert_int_equal(bt_burst_bucket(512), 1);
	assert_int_equal(bt_burst_bucket(1023), 1);
	assert_int_equal(bt_burst_bucket(1024), 2);
	for (unsigned int b = 1; b < BT_BURST_BUCKETS; b++) {
		assert_int_equal(bt_burst_bucket(1ULL << (BT_BURST_MIN_LOG2 + b)), b);
		assert_int_equal(bt_burst_bucket((1ULL << (BT_BURST_MIN_LOG2 + b)) - 1), b - 1);
	}
	assert_int_equal(bt_burst_bucket(UINT64_MAX), BT_BURST_BUCKETS - 1);
}

static void the_least_wait_makes_room(void **state)
{
	struct bt_account a = running();
	uint64_t now_ns = 10000;

	(void)state;
	for (unsigned int i = 0; i < BT_WAIT_SLOTS + 1; i++) {
		struct bt_reason why = on_pipe;
		/* The second is the shortest. */
		uint64_t ns = i == 1 ? 10 : 100 * (i + 1);

		why.object = 100 + i;
		bt_account_switch_out(&a, now_ns, 1, &why, BT_DOUBT_NONE);
		wake(&a, now_ns + ns, 5);
		bt_account_switch_in(&a, now_ns + ns);
		now_ns += 1000;
	}
	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++)
		assert_int_not_equal(a.waits[i].reason.object, 101);
	/* The same thing again is counted in its place. */
	bt_account_switch_out(&a, now_ns, 1, &on_pipe, BT_DOUBT_NONE);
	for (unsigned int i = 0; i < BT_WAIT_SLOTS; i++) {
		if (a.waits[i].reason.object != 100)
			continue;
		a.reason.object = 100;
		wake(&a, now_ns + 1, 6);
		bt_account_switch_in(&a, now_ns + 1);
		assert_int_equal(a.waits[i].count, 2);
		assert_int_equal(a.waits[i].ns, 101);
		assert_int_equal(a.waits[i].waker_pid, 6);
	}
}

enum event { SWITCH_IN, PREEMPT, BLOCK, WAKE, READ, EVENT_COUNT };

/* What can follow on what; a waking can come at any time. */
static int is_possible(const struct bt_account *a, enum event e)
{
	switch (e) {
	case SWITCH_IN:
		return a->phase != BT_PHASE_ONCPU;
	case PREEMPT:
	case BLOCK:
		return a->phase == BT_PHASE_ONCPU;
	default:
		return 1;
	}
}

/* 100,000 random events; the totals are checked at each reading. Switches may be missed, if so asked. */
static void random_events(uint64_t seed, int missing)
{
	struct bt_account a = newborn();
	struct bt_totals before = {0}, now;
	uint64_t now_ns = 1000;

	for (int step = 0; step < 100000; step++) {
		uint64_t dice = unit_random(&seed);
		enum event e = (enum event)((dice >> 32) % EVENT_COUNT);
		struct bt_reason why = on_pipe;
		uint64_t left_ns;

		if (!missing && !is_possible(&a, e))
			continue;
		now_ns += dice % 3 ? dice % 5000 : 0;
		why.cause = (uint8_t)(BT_MS_DISK + (dice >> 16) % (BT_MS_UNKNOWN - BT_MS_DISK));
		why.object = (dice >> 24) % 7;
		switch (e) {
		case SWITCH_IN:
			bt_account_switch_in_cpu(&a, now_ns, (dice >> 40) % 2);
			break;
		case PREEMPT:
			left_ns = bt_account_ran(&a, now_ns, bt_span_ns(a.since_ns, now_ns) / 2);
			bt_account_switch_out(&a, left_ns, 0, (dice >> 40) % 2 ? &preempted : &throttled,
					      BT_DOUBT_NONE);
			break;
		case BLOCK:
			bt_account_ran(&a, now_ns, bt_span_ns(a.since_ns, now_ns) + (dice >> 40) % 4000);
			bt_account_switch_out(&a, now_ns, 1, &why, (enum bt_doubt)((dice >> 60) % 5));
			break;
		case WAKE:
			/* The cause is decided at the wake; the waker's clock is a little off. */
			bt_account_waking(&a, now_ns - (dice >> 40) % 3, (int)(dice >> 50), why.cause);
			break;
		default:
			if (a.phase == BT_PHASE_BLOCKED && (dice >> 40) % 2)
				bt_account_relabel(&a, why.cause);
			bt_account_mark_read(&a, now_ns);
			bt_account_totals_at(&a, now_ns, &now);
			assert_int_equal(bt_totals_sum_ns(&now), now_ns - a.born_ns);
			assert_true(missing || now.oncpu_ns >= before.oncpu_ns);
			for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
				assert_true(missing || now.offcpu_ns[i] + 2 >= before.offcpu_ns[i]);
			before = now;
		}
		assert_int_equal(a.seq % 2, 0);
	}
}

/* Whatever happens in whatever order, no nanosecond is lost. */
static void the_budget_is_always_closed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		random_events(seed * 0x9e3779b97f4a7c15ULL, 1);
}

/* And as long as no switch is missed, no reading takes one back that was shown (but for the waker's clock).
 */
static void readings_only_grow(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		random_events(seed * 0x9e3779b97f4a7c15ULL, 0);
}

/* The scheduler says that it ran for less: the rest was stolen, and is time without a CPU. */
static void stolen_time_is_run_queue(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_ran(&a, 10000000, 3999000);
	bt_account_switch_out(&a, 10000000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.totals.oncpu_ns, 3999000);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 6000000);
	assert_closed(&a, 10000000);

	/* What was shown as on-CPU stays that. */
	a = running();
	bt_account_mark_read(&a, 9000000);
	bt_account_ran(&a, 10000000, 3999000);
	bt_account_switch_out(&a, 10000000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 1000000);
	assert_int_equal(a.totals.oncpu_ns, 8999000);
	assert_closed(&a, 10000000);
}

static const struct bt_reason on_lock = {.object = 0x70, .syscall = 202, .cause = BT_MS_LOCK};

/* Gets a CPU at since_ns, leaves it at now_ns to wait for a lock. */
static void want(struct bt_account *a, uint64_t since_ns, uint64_t now_ns, uint64_t object)
{
	struct bt_reason why = on_lock;

	why.object = object;
	a->since_ns = since_ns;
	bt_account_turn_begin(a, object, now_ns);
	bt_account_switch_out(a, now_ns, 1, &why, BT_DOUBT_NONE);
}

static void give(struct bt_account *holder, struct bt_account *a, uint64_t now_ns)
{
	bt_account_hand_over(a, holder, now_ns);
	wake(a, now_ns, 42);
	bt_account_switch_in(a, now_ns);
}

/* a has the lock until 5000, b until 5400: c, which waited for both, is not put down to b alone. */
static void who_had_the_lock(void **state)
{
	struct bt_account a = running(), b = running(), c = running();

	(void)state;
	want(&b, 1000, 2000, 0x70);
	want(&c, 1000, 3000, 0x70);
	give(&a, &b, 5000);
	give(&b, &c, 5400);
	assert_int_equal(a.held[0].object, 0x70);
	assert_int_equal(a.held[0].ns, 3000);
	assert_int_equal(b.held[0].ns, 400);
	/* a waits for c now, and for something else; of that c is not the holder. */
	want(&a, 5300, 5500, 0x70);
	give(&c, &a, 5700);
	assert_int_equal(c.held[0].ns, 200);
	bt_account_turn_drop(&b);
	bt_account_switch_out(&b, 5800, 1, &on_pipe, BT_DOUBT_NONE);
	bt_account_hand_over(&b, &c, 5900);
	assert_int_equal(c.held[0].ns, 200);
	assert_int_equal(c.held[1].ns, 0);
	assert_closed(&c, 6000);
}

/* Timed waits for one turn are one wait, unless the thread had the lock in between. */
static void turns_that_run_out(void **state)
{
	struct bt_account a = running(), b = running();

	(void)state;
	want(&b, 1000, 2000, 0x70);
	for (uint64_t at = 7000; at < 30000; at += 5000) {
		wake(&b, at, 0);
		bt_account_switch_in(&b, at);
		want(&b, at, at + 10, 0x70);
	}
	give(&a, &b, 40000);
	assert_int_equal(a.held[0].ns, 38000);

	want(&b, 41000, 50000, 0x70);
	wake(&b, 55000, 0);
	bt_account_switch_in(&b, 55000);
	want(&b, 55000, 60000 + BT_TURN_RETRY_NS, 0x70);
	give(&a, &b, 60500 + BT_TURN_RETRY_NS);
	assert_int_equal(a.held[0].ns, 38500);
}

/* Of three locks the one that made others wait least is forgotten. */
static void the_least_lock_makes_room(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_held_add(&a, 1, 100);
	bt_account_held_add(&a, 2, 50);
	bt_account_held_add(&a, 3, 70);
	bt_account_held_add(&a, 1, 5);
	assert_int_equal(a.held[0].object, 1);
	assert_int_equal(a.held[0].ns, 105);
	assert_int_equal(a.held[1].object, 3);
	assert_int_equal(a.held[1].ns, 70);
}

/* Between its waking and its being queued the CPU woke up: nobody else had it. */
/* The scheduler counts from the waking on: so does everybody. What a frame has shown stays that. */
static void the_scheduler_says_how_long_it_ran(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	wake(&a, 2700, 0);
	bt_account_switch_in(&a, 3000);
	bt_account_ran(&a, 4000, 1200);
	bt_account_switch_out(&a, 4000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.totals.oncpu_ns, 1000 + 1200);
	assert_int_equal(a.last_burst_ns, 1200);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	assert_closed(&a, 4000);

	/* A CPU that slept: what the scheduler does not count, the wait that ended had. */
	wake(&a, 4700, 0);
	bt_account_switch_in_cpu(&a, 5000, 1);
	assert_int_equal(a.totals.OFF(DISK), 700 + 700);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100 + 300);
	bt_account_ran(&a, 6000, 1250);
	assert_int_equal(a.totals.OFF(DISK), 700 + 750);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	assert_int_equal(a.waits[0].ns, 700 + 700);
	bt_account_switch_out(&a, 6000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.totals.oncpu_ns, 1000 + 1200 + 1250);
	assert_closed(&a, 6000);

	/* Whatever it says of the rest; the next wait begins where it does not count any more. */
	wake(&a, 6500, 0);
	bt_account_switch_in_cpu(&a, 6600, 1);
	assert_int_equal(bt_account_ran(&a, 6700, 90), 6690);
	assert_int_equal(a.totals.OFF(DISK), 700 + 750 + 600);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	bt_account_switch_out(&a, 6690, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.last_burst_ns, 90);
	assert_closed(&a, 6700);

	/* No more than the wait for the CPU. */
	wake(&a, 6900, 0);
	bt_account_switch_in(&a, 7000);
	bt_account_ran(&a, 8000, 5000);
	bt_account_switch_out(&a, 8000, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.totals.oncpu_ns, 1000 + 1200 + 1250 + 90 + 1100);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100);
	assert_closed(&a, 8000);

	wake(&a, 8500, 0);
	bt_account_mark_read(&a, 8800);
	bt_account_switch_in(&a, 9000);
	bt_account_ran(&a, 9500, 1000);
	bt_account_switch_out(&a, 9500, 1, &on_disk, BT_DOUBT_NONE);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100 + 300);
	bt_account_mark_read(&a, 9600);
	wake(&a, 9700, 0);
	bt_account_switch_in(&a, 9800);
	bt_account_mark_read(&a, 9900);
	bt_account_ran(&a, 10000, 300);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 100 + 300 + 100);
	assert_closed(&a, 10000);
}

static void an_idle_cpu_that_wakes_up_is_a_part_of_the_wait(void **state)
{
	struct bt_account a = running();

	(void)state;
	bt_account_switch_out(&a, 2000, 1, &on_disk, BT_DOUBT_NONE);
	wake(&a, 2700, 0);
	bt_account_cpu_was_idle(&a, 2950);
	bt_account_switch_in(&a, 3000);
	assert_int_equal(a.totals.OFF(DISK), 950);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 50);
	assert_int_equal(a.waits[0].ns, 950);
	assert_closed(&a, 3000);

	/* Queued at once, whoever had that CPU then. */
	bt_account_switch_out(&a, 4000, 1, &on_disk, BT_DOUBT_NONE);
	wake(&a, 4700, 0);
	bt_account_cpu_was_idle(&a, 4600);
	bt_account_switch_in(&a, 5000);
	assert_int_equal(a.totals.OFF(DISK), 1650);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 350);

	/* What was shown as run-queue stays that. */
	bt_account_switch_out(&a, 6000, 1, &on_disk, BT_DOUBT_NONE);
	wake(&a, 6700, 0);
	bt_account_mark_read(&a, 6800);
	bt_account_cpu_was_idle(&a, 6950);
	bt_account_switch_in(&a, 7000);
	assert_int_equal(a.totals.OFF(DISK), 2350);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 650);
	assert_closed(&a, 7000);

	/* Not of one that never slept. */
	bt_account_switch_out(&a, 8000, 0, &preempted, BT_DOUBT_NONE);
	bt_account_cpu_was_idle(&a, 8900);
	bt_account_switch_in(&a, 9000);
	assert_int_equal(a.totals.OFF(RUN_QUEUE), 1650);
	assert_closed(&a, 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(birth_is_run_queue),
	    cmocka_unit_test(preemption_is_run_queue_and_keeps_the_burst),
	    cmocka_unit_test(quota_is_told_apart),
	    cmocka_unit_test(queued),
	    cmocka_unit_test(block_wake_run),
	    cmocka_unit_test(waking_before_switch_out),
	    cmocka_unit_test(waking_twice),
	    cmocka_unit_test(waking_of_the_runnable_and_the_dead),
	    cmocka_unit_test(waking_with_another_clock),
	    cmocka_unit_test(found_asleep_was_asleep),
	    cmocka_unit_test(missed_switches_are_unknown),
	    cmocka_unit_test(stolen_time_is_run_queue),
	    cmocka_unit_test(the_scheduler_says_how_long_it_ran),
	    cmocka_unit_test(an_idle_cpu_that_wakes_up_is_a_part_of_the_wait),
	    cmocka_unit_test(the_end_is_final),
	    cmocka_unit_test(a_label_that_changes_rewrites_nothing),
	    cmocka_unit_test(a_guess_that_changes_rewrites_nothing),
	    cmocka_unit_test(what_is_guessed),
	    cmocka_unit_test(shown_as_blocked_after_it_was_woken),
	    cmocka_unit_test(shown_as_blocked_but_never_slept),
	    cmocka_unit_test(the_waker_tells_what_a_wait_was),
	    cmocka_unit_test(a_waker_that_was_not_seen_to_run),
	    cmocka_unit_test(a_nap_does_not_end_the_work),
	    cmocka_unit_test(who_sleeps_with_a_lock_held),
	    cmocka_unit_test(without_a_waker_the_length_tells),
	    cmocka_unit_test(a_wait_in_doubt_is_taken_for_what_the_last_one_was),
	    cmocka_unit_test(burst_buckets),
	    cmocka_unit_test(the_least_wait_makes_room),
	    cmocka_unit_test(the_budget_is_always_closed),
	    cmocka_unit_test(readings_only_grow),
	    cmocka_unit_test(who_had_the_lock),
	    cmocka_unit_test(turns_that_run_out),
	    cmocka_unit_test(the_least_lock_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
