/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a collector cannot know, loses or gets wrong, and bytes that no collector wrote. */
#include <errno.h>

#include "account_reader.h"
#include "model_fixture.h"

static void without_an_account(void **state)
{
	struct fixture *f = *state;
	int old = fake_fork(&f->h, 10, -1);
	int newborn, ran;
	struct bt_process *p;

	fake_run(&f->h, old);
	fake_at(&f->h, old)->ghost = true;
	/* Somebody with an account, born while we look: this host's suspended time gets known. */
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_fork(&f->h, 11, old);
	fake_pass(&f->h, 100 * FAKE_MS);
	newborn = fake_fork(&f->h, 12, old);
	fake_at(&f->h, newborn)->ghost = true;
	ran = fake_fork(&f->h, 13, old);
	fake_at(&f->h, ran)->ghost = true;
	fake_run(&f->h, ran);
	fake_pass(&f->h, 20 * FAKE_MS);
	fake_block(&f->h, ran, BT_MS_DISK, 17, 1);
	fake_pass(&f->h, 80 * FAKE_MS);
	take(f);
	/* On the CPU as the kernel counts it; here it never blocked. */
	p = find(f, 10);
	assert_budget(p, 300 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 300 * FAKE_MS);
	p = find(f, 12);
	assert_budget(p, 100 * FAKE_MS);
	assert_int_equal(p->usage.OFF(RUN_QUEUE), 100 * FAKE_MS);
	assert_int_equal(p->verdict.id, BT_VERDICT_STARVED);
	p = find(f, 13);
	assert_budget(p, 100 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 20 * FAKE_MS);
	assert_int_equal(p->usage.OFF(UNKNOWN), 80 * FAKE_MS);
	assert_int_equal(p->verdict.id, BT_VERDICT_UNKNOWN);
	/* Then there is one, which knows all since the birth: nothing is shown twice. */
	bt_model_begin(f->m);
	fake_at(&f->h, newborn)->ghost = false;
	fake_at(&f->h, ran)->ghost = false;
	fake_run(&f->h, newborn);
	fake_pass(&f->h, 100 * FAKE_MS);
	take(f);
	assert_budget(find(f, 12), 100 * FAKE_MS);
	assert_int_equal(find(f, 12)->usage.totals.oncpu_ns, 100 * FAKE_MS);
	p = find(f, 13);
	assert_int_equal(p->usage.wall_ns, 100 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 0);
	assert_near(bt_totals_sum_ns(&p->usage.totals), 100 * FAKE_MS, 10);
}

/* The account that is made late begins in the middle of the interval. */
static void an_account_that_comes_late(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct fake_thread *t = fake_at(&f->h, i);
	struct bt_process *p;

	t->ghost = true;
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	t->ghost = false;
	t->r.account.born_ns = t->r.account.since_ns = f->h.now_ns;
	t->r.account.phase = BT_PHASE_ONCPU;
	fake_pass(&f->h, 400 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 500 * FAKE_MS);
	assert_int_equal(p->usage.OFF(UNKNOWN), 100 * FAKE_MS);
	assert_int_equal(p->usage.totals.oncpu_ns, 400 * FAKE_MS);
}

/* Known, then torn, then whole again. */
static void an_account_that_was_torn_once(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_DISK, 17, 1);
	take(f);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_at(&f->h, i)->ghost = true;
	take(f);
	fake_at(&f->h, i)->ghost = false;
	assert_int_equal(find(f, 10)->usage.OFF(UNKNOWN), 100 * FAKE_MS);
	bt_model_begin(f->m);
	f->h.no_same = true;
	fake_pass(&f->h, 300 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 300 * FAKE_MS);
	assert_int_equal(p->usage.OFF(DISK), 300 * FAKE_MS);
}

/* Older than the base, and yet never seen: what of its totals belongs here nobody knows. */
static void seen_too_late(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_at(&f->h, i)->hidden = true;
	fake_pass(&f->h, SECOND_NS);
	take(f);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	fake_at(&f->h, i)->hidden = false;
	fake_pass(&f->h, 100 * FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_budget(p, 100 * FAKE_MS);
	assert_int_equal(p->usage.OFF(UNKNOWN), 100 * FAKE_MS);
	bt_model_begin(f->m);
	fake_pass(&f->h, 100 * FAKE_MS);
	take(f);
	assert_int_equal(find(f, 10)->usage.totals.oncpu_ns, 100 * FAKE_MS);
}

static void counters_that_shrink(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_at(&f->h, i)->r.facts.read_bytes = 5000;
	fake_at(&f->h, i)->r.account.totals.offcpu_ns[BT_MS_DISK - BT_OFFCPU_FIRST] = 700 * FAKE_MS;
	take(f);
	fake_pass(&f->h, SECOND_NS);
	fake_at(&f->h, i)->r.facts.read_bytes = 100;
	fake_at(&f->h, i)->r.account.totals.offcpu_ns[BT_MS_DISK - BT_OFFCPU_FIRST] = 0;
	fake_at(&f->h, i)->r.account.totals.oncpu_ns = 0;
	fake_at(&f->h, i)->r.account.since_ns = f->h.now_ns - 400 * FAKE_MS;
	take(f);
	p = find(f, 10);
	assert_int_equal(p->usage.wall_ns, SECOND_NS);
	assert_int_equal(p->usage.OFF(DISK), 0);
	assert_int_equal(p->usage.totals.oncpu_ns, 400 * FAKE_MS);
	assert_int_equal(p->usage.residual_ns, 600 * FAKE_MS);
	assert_int_equal(p->usage.read_bytes, 0);
	assert_int_equal(p->verdict.id, BT_VERDICT_UNKNOWN);
}

static void storms_leave_sums(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	struct bt_lump lump = {.head = {.size = sizeof(lump), .type = BT_RECORD_LUMP}};
	struct bt_process *p;

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_CHILD, 61, 0);
	lump.parent_tgid = 10;
	lump.parent_start_ns = fake_at(&f->h, i)->r.facts.leader_start_ns;
	lump.threads = 5;
	lump.wall_ns = 100 * FAKE_MS;
	lump.totals.oncpu_ns = 100 * FAKE_MS;
	fake_read(&f->h);
	fake_append(&f->h, &lump, sizeof(lump));
	assert_int_equal(bt_model_update(f->m, &f->h.s), 0);
	for (int round = 0; round < 2; round++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, SECOND_NS);
		lump.threads += 20;
		lump.wall_ns += 900 * FAKE_MS;
		lump.totals.oncpu_ns += 800 * FAKE_MS;
		lump.totals.offcpu_ns[BT_MS_DISK - BT_OFFCPU_FIRST] += 100 * FAKE_MS;
		fake_read(&f->h);
		fake_append(&f->h, &lump, sizeof(lump));
		assert_int_equal(bt_model_update(f->m, &f->h.s), 0);
		p = find(f, 10);
		assert_int_equal(p->lost_exits, 20);
		assert_int_equal(p->usage.wall_ns, 1900 * FAKE_MS);
		assert_int_equal(p->usage.totals.oncpu_ns, 800 * FAKE_MS);
		assert_int_equal(p->usage.OFF(DISK), 100 * FAKE_MS);
		assert_int_equal(p->usage.OFF(CHILD), SECOND_NS);
		assert_int_equal(p->usage.active_ended_ns, 900 * FAKE_MS);
		assert_true(p->verdict.confidence < 0.5F);
		/* The parent's own thread has nothing of it. */
		assert_int_equal(thread_of(p, 10)->usage.wall_ns, SECOND_NS);
		assert_int_equal(thread_of(p, 10)->verdict.id, BT_VERDICT_IDLE);
	}
	/* Of a parent that is gone: under its own name, not lost. */
	bt_model_begin(f->m);
	lump.parent_tgid = 99;
	lump.threads = 1;
	lump.wall_ns = lump.totals.oncpu_ns = FAKE_MS;
	lump.totals.offcpu_ns[BT_MS_DISK - BT_OFFCPU_FIRST] = 0;
	fake_pass(&f->h, SECOND_NS);
	fake_read(&f->h);
	fake_append(&f->h, &lump, sizeof(lump));
	assert_int_equal(bt_model_update(f->m, &f->h.s), 0);
	p = find(f, 99);
	assert_non_null(p);
	assert_true(p->exited);
	assert_int_equal(p->usage.totals.oncpu_ns, FAKE_MS);
	assert_int_equal(p->thread_count, 0);
	bt_model_begin(f->m);
	assert_null(find(f, 99));
}

static void time_does_not_run_back(void **state)
{
	struct fixture *f = *state;
	struct bt_snapshot old = {.begin_ns = 1, .end_ns = 2};

	fake_fork(&f->h, 10, -1);
	take(f);
	assert_int_equal(bt_model_update(f->m, &old), -EINVAL);
	assert_non_null(find(f, 10));
	old.begin_ns = f->h.now_ns + 10;
	old.end_ns = f->h.now_ns + 5;
	assert_int_equal(bt_model_update(f->m, &old), -EINVAL);
}

static void same_of_a_stranger(void **state)
{
	struct fixture *f = *state;
	struct bt_record_head head = {.size = sizeof(head), .type = BT_RECORD_SAME, .tid = 5, .id = 12345};

	take(f);
	fake_pass(&f->h, FAKE_MS);
	fake_read(&f->h);
	fake_append(&f->h, &head, sizeof(head));
	assert_int_equal(bt_model_update(f->m, &f->h.s), 0);
	assert_int_equal(bt_model_frame(f->m)->vanished, 1);
	assert_int_equal(bt_model_frame(f->m)->process_count, 0);
}

/* Whatever the records say, nothing breaks. Sanitizers watch. */
static void random_records(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 42;

	for (int round = 0; round < 200; round++) {
		bt_snapshot_clear(&f->h.s);
		fake_pass(&f->h, FAKE_MS);
		f->h.s.begin_ns = f->h.s.end_ns = f->h.now_ns;
		f->h.s.tick_ns = FAKE_TICK_NS;
		for (int k = 0; k < 30; k++) {
			struct bt_record r;
			uint64_t dice = unit_random(&seed);

			for (size_t at = 0; at < sizeof(r); at += 8) {
				uint64_t word = unit_random(&seed);

				memcpy((unsigned char *)&r + at, &word, 8);
			}
			r.head.type = (uint8_t)(1 + dice % 4);
			r.head.size = r.head.type == BT_RECORD_SAME   ? sizeof(r.head)
				      : r.head.type == BT_RECORD_LUMP ? sizeof(struct bt_lump)
								      : sizeof(r);
			r.head.id = 1 + (dice >> 8) % 20;
			r.account.phase %= BT_PHASE_DEAD + 2;
			r.facts.tgid = (int32_t)((dice >> 16) % 5);
			r.facts.leader_start_ns = (dice >> 24) % 3;
			if ((dice >> 32) % 2)
				r.head.now_ns = f->h.now_ns;
			fake_append(&f->h, &r, r.head.size);
		}
		assert_int_equal(bt_model_update(f->m, &f->h.s), 0);
		assert_int_equal(bt_model_judge(f->m, true), 0);
		if (round % 3 == 0)
			bt_model_prune(f->m, 2);
		if (round % 5 == 0)
			bt_model_begin(f->m);
	}
}

enum { WALKERS = 40 };

/* One random event of one thread. */
static void walk(struct fixture *f, int i, uint64_t dice)
{
	struct fake_thread *t = fake_at(&f->h, i);

	if (t->ended)
		return;
	switch (t->r.account.phase) {
	case BT_PHASE_ONCPU:
		if (dice % 100 == 0)
			fake_exit(&f->h, i, 0);
		else if (dice % 3 == 0)
			fake_preempt(&f->h, i);
		else
			fake_block(&f->h, i, (enum bt_microstate)(BT_MS_DISK + dice % 10),
				   (int16_t)(dice % 3), (dice >> 8) % 4);
		break;
	case BT_PHASE_BLOCKED:
		if (dice % 4 == 0)
			fake_run(&f->h, i);
		else
			fake_wake(&f->h, i, (int32_t)(dice % 9));
		/* Why it slept is decided at the wake. */
		if (t->r.account.phase == BT_PHASE_WOKEN && dice % 5 == 0)
			t->r.account.reason.cause = BT_MS_EVENT;
		break;
	default:
		fake_run(&f->h, i);
	}
}

/*
 * Whatever a host does, every interval is closed for every process, and the intervals add up to what the
 * accounts say at the end.
 */
static void random_histories(void **state)
{
	struct fixture *f = *state;
	uint64_t seed = 5, model_oncpu_ns = 0, account_oncpu_ns = 0, model_wall_ns = 0, account_wall_ns = 0;
	int32_t next_pid = 100;
	int walkers[WALKERS];

	take(f);
	for (int k = 0; k < WALKERS; k++)
		walkers[k] = k % 4 ? fake_clone(&f->h, walkers[k - k % 4], 1000 + k)
				   : fake_fork(&f->h, next_pid++, k ? walkers[k - 1] : -1);
	for (int frame = 0; frame < 400; frame++) {
		const struct bt_frame *got;

		for (int e = 0; e < 100; e++) {
			uint64_t dice = unit_random(&seed);
			int *w = &walkers[dice % WALKERS];

			fake_pass(&f->h, (dice >> 20) % (FAKE_MS / 10));
			walk(f, *w, dice >> 8);
			if (fake_at(&f->h, *w)->ended && (dice >> 30) % 3 == 0) {
				fake_reap(&f->h, *w);
				*w = fake_fork(&f->h, next_pid++, walkers[(dice >> 40) % WALKERS]);
			}
		}
		f->h.ended_last = unit_random(&seed) % 2;
		f->h.no_same = unit_random(&seed) % 4 == 0;
		take(f);
		got = bt_model_frame(f->m);
		assert_int_equal(bt_model_judge(f->m, true), 0);
		for (size_t i = 0; i < got->process_count; i++) {
			const struct bt_process *p = got->processes[i];
			uint64_t waits_ns = 0, blocked_ns = 0;

			assert_budget(p, p->usage.wall_ns);
			assert_int_equal(p->usage.residual_ns, 0);
			/* Waits are known down to the nanosecond, as long as there are slots for all. */
			for (uint32_t k = 0; k < p->usage.wait_count; k++)
				waits_ns += p->usage.waits[k].ns;
			for (unsigned int ms = BT_MS_DISK; ms < BT_MS_UNKNOWN; ms++)
				blocked_ns += p->usage.totals.offcpu_ns[ms - BT_OFFCPU_FIRST];
			assert_true(waits_ns <= blocked_ns + 1);
		}
		assert_int_equal(got->vanished, 0);
		if (unit_random(&seed) % 3)
			continue;
		for (size_t i = 0; i < got->process_count; i++) {
			model_oncpu_ns += got->processes[i]->usage.totals.oncpu_ns;
			model_wall_ns += got->processes[i]->usage.wall_ns;
		}
		bt_model_begin(f->m);
	}
	/* What the last interval had. */
	for (size_t i = 0; i < bt_model_frame(f->m)->process_count; i++) {
		model_oncpu_ns += bt_model_frame(f->m)->processes[i]->usage.totals.oncpu_ns;
		model_wall_ns += bt_model_frame(f->m)->processes[i]->usage.wall_ns;
	}
	for (size_t i = 0; i < f->h.count; i++) {
		struct bt_totals totals;

		bt_account_totals_at(&f->h.threads[i].r.account, f->h.now_ns, &totals);
		account_oncpu_ns += totals.oncpu_ns;
		account_wall_ns += bt_totals_sum_ns(&totals);
	}
	assert_int_equal(model_oncpu_ns, account_oncpu_ns);
	assert_int_equal(model_wall_ns, account_wall_ns);
	assert_true(next_pid > 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(without_an_account),
	    TEST(an_account_that_comes_late),
	    TEST(an_account_that_was_torn_once),
	    TEST(seen_too_late),
	    TEST(counters_that_shrink),
	    TEST(storms_leave_sums),
	    TEST(time_does_not_run_back),
	    TEST(same_of_a_stranger),
	    TEST(random_histories),
	    TEST(random_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
