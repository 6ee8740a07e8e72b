/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Intervals: what threads did from one snapshot to the next, in every way that they come and go. */
#include "model.h"

#include <errno.h>

#include "fake.h"
#include "unit.h"

#define OFF(ms)   totals.offcpu_ns[BT_MS_##ms - BT_OFFCPU_FIRST]
#define SECOND_NS (1000 * FAKE_MS)

struct fixture {
	struct fake_host h;
	struct bt_model *m;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_open(&f->h);
	*state = f;
	return bt_model_create(&f->m);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bt_model_destroy(f->m);
	fake_close(&f->h);
	free(f);
	return 0;
}

static void take(struct fixture *f)
{
	assert_int_equal(bt_model_update(f->m, fake_read(&f->h)), 0);
}

static struct bt_process *find(struct fixture *f, int32_t pid)
{
	assert_int_equal(bt_model_judge(f->m, true), 0);
	return bt_model_find(f->m, pid);
}

/* The budget is closed, for the process and for the sum of its threads. */
static void assert_budget(const struct bt_process *p, uint64_t wall_ns)
{
	uint64_t threads_ns = 0;

	assert_int_equal(p->usage.wall_ns, wall_ns);
	assert_int_equal(bt_totals_sum_ns(&p->usage.totals), wall_ns);
	assert_int_equal(p->usage.residual_ns, 0);
	for (uint32_t i = 0; i < p->thread_count; i++) {
		threads_ns += p->thread_list[i]->usage.wall_ns;
		assert_int_equal(bt_totals_sum_ns(&p->thread_list[i]->usage.totals),
				 p->thread_list[i]->usage.wall_ns);
	}
	assert_int_equal(threads_ns, wall_ns);
}

static const struct bt_thread *thread_of(const struct bt_process *p, int32_t tid)
{
	for (uint32_t i = 0; i < p->thread_count; i++)
		if (p->thread_list[i]->tid == tid)
			return p->thread_list[i];
	fail_msg("no thread %d", tid);
	return NULL;
}

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
	bt_model_begin(f->m);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	assert_null(find(f, 11));
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
		assert_int_equal(p->verdict.id, BT_VERDICT_UNKNOWN);
		assert_int_equal(p->ppid, 10);
	}
	fake_reap(&f->h, child);
	bt_model_begin(f->m);
	fake_pass(&f->h, SECOND_NS);
	take(f);
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
	fake_at(&f->h, i)->r.facts.major_faults = 2;
	fake_pass(&f->h, FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_int_equal(p->usage.voluntary, 2);
	assert_int_equal(p->usage.involuntary, 1);
	assert_int_equal(p->usage.rchar, 500);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(the_base_has_no_time),
	    TEST(a_hog_and_a_sleeper),
	    TEST(same_is_as_good_as_full),
	    TEST(waits_are_cut_at_the_interval),
	    TEST(born_in_the_interval),
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
	    TEST(without_an_account),
	    TEST(an_account_that_comes_late),
	    TEST(an_account_that_was_torn_once),
	    TEST(seen_too_late),
	    TEST(counters_that_shrink),
	    TEST(storms_leave_sums),
	    TEST(intervals_add_up_until_begin),
	    TEST(prune_keeps_the_most_active),
	    TEST(threads_of_many),
	    TEST(io_counters_and_switches),
	    TEST(valid_is_what_all_measured),
	    TEST(time_does_not_run_back),
	    TEST(same_of_a_stranger),
	    TEST(random_histories),
	    TEST(random_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
