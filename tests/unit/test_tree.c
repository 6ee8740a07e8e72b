/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process with its descendants. */
#include "tree.h"

#include "fake.h"
#include "unit.h"

struct fixture {
	struct fake_host h;
	struct bt_model *m;
	struct bt_tree *t;
	int root;
};

static void take(struct fixture *f)
{
	assert_int_equal(bt_model_update(f->m, fake_read(&f->h)), 0);
}

/* init 1, a root 10 whose tree is watched, a stranger 20; all found at the base. */
static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct bt_identity root;
	int init, stranger;

	*state = f;
	fake_open(&f->h);
	assert_int_equal(bt_model_create(&f->m), 0);
	init = fake_fork(&f->h, 1, -1);
	f->root = fake_fork(&f->h, 10, -1);
	stranger = fake_fork(&f->h, 20, -1);
	fake_at(&f->h, f->root)->r.facts.ppid = 1;
	fake_at(&f->h, stranger)->r.facts.ppid = 1;
	fake_run(&f->h, init);
	fake_block(&f->h, init, BT_MS_EVENT, 232, 0);
	fake_run(&f->h, f->root);
	fake_block(&f->h, f->root, BT_MS_CHILD, 61, 0);
	take(f);
	root = bt_model_find(f->m, 10)->identity;
	return bt_tree_create(f->m, &root, &f->t);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bt_tree_destroy(f->t);
	bt_model_destroy(f->m);
	fake_close(&f->h);
	free(f);
	return 0;
}

/* Lives for ms at full speed and is gone. */
static int flash(struct fixture *f, int32_t pid, int parent, uint64_t ms)
{
	int i = fake_fork(&f->h, pid, parent);

	fake_run(&f->h, i);
	fake_pass(&f->h, ms * FAKE_MS);
	fake_exit(&f->h, i, 0);
	fake_reap(&f->h, i);
	return i;
}

static bool has(struct fixture *f, int32_t pid)
{
	struct bt_process *p = bt_model_find(f->m, pid);

	assert_non_null(p);
	return bt_tree_has(f->t, p);
}

static void children_and_strangers(void **state)
{
	struct fixture *f = *state;
	int child = fake_fork(&f->h, 11, f->root);
	const struct bt_process *total;
	struct bt_process **list;
	size_t count;

	fake_fork(&f->h, 12, child);
	fake_run(&f->h, child);
	fake_pass(&f->h, 100 * FAKE_MS);
	fake_fork(&f->h, 21, 2);
	take(f);
	assert_true(has(f, 10));
	assert_true(has(f, 11));
	assert_true(has(f, 12));
	assert_false(has(f, 1));
	assert_false(has(f, 20));
	assert_false(has(f, 21));
	assert_int_equal(bt_tree_descendants(f->t), 2);
	total = bt_tree_total(f->t);
	assert_int_equal(total->identity.pid, 10);
	assert_string_equal(total->comm, "fake");
	assert_int_equal(total->threads, 3);
	assert_int_equal(total->usage.wall_ns, 300 * FAKE_MS);
	assert_int_equal(total->usage.totals.oncpu_ns, 100 * FAKE_MS);
	assert_int_equal(bt_tree_members(f->t, &list, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(list[0]->identity.pid, 11);
	assert_int_equal(list[2]->identity.pid, 10);
}

/* The process between is gone, and its child belongs to init now. */
static void reparented_and_still_ours(void **state)
{
	struct fixture *f = *state;
	int middle = fake_fork(&f->h, 11, f->root);
	int grandchild;

	fake_run(&f->h, middle);
	fake_pass(&f->h, FAKE_MS);
	grandchild = fake_fork(&f->h, 12, middle);
	fake_exit(&f->h, middle, 0);
	fake_reap(&f->h, middle);
	fake_at(&f->h, grandchild)->r.facts.ppid = 1;
	take(f);
	assert_true(has(f, 12));
	assert_int_equal(bt_tree_descendants(f->t), 2);
	/* For many intervals, and its own children too. */
	for (int i = 0; i < 10; i++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, 100 * FAKE_MS);
		take(f);
	}
	assert_true(has(f, 12));
	fake_fork(&f->h, 13, grandchild);
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_true(has(f, 13));
	assert_int_equal(bt_tree_descendants(f->t), 3);
}

/* Whole generations between two snapshots, known by their ENDED records alone, the eldest last. */
static void generations_between_two_snapshots(void **state)
{
	struct fixture *f = *state;
	int a = fake_fork(&f->h, 11, f->root);
	int b, c;

	fake_run(&f->h, a);
	b = fake_fork(&f->h, 12, a);
	fake_run(&f->h, b);
	c = fake_fork(&f->h, 13, b);
	fake_run(&f->h, c);
	fake_pass(&f->h, FAKE_MS);
	fake_exit(&f->h, c, 0);
	fake_exit(&f->h, b, 0);
	fake_exit(&f->h, a, 0);
	fake_reap(&f->h, a);
	fake_reap(&f->h, b);
	fake_reap(&f->h, c);
	take(f);
	assert_true(has(f, 13));
	assert_int_equal(bt_tree_descendants(f->t), 3);
	assert_int_equal(bt_tree_total(f->t)->usage.totals.oncpu_ns, 3 * FAKE_MS);
}

/* The record of the parent's end comes one snapshot later than the child is seen. */
static void a_parent_that_is_heard_of_late(void **state)
{
	struct fixture *f = *state;
	int middle = fake_fork(&f->h, 11, f->root);
	int child;

	fake_run(&f->h, middle);
	child = fake_fork(&f->h, 12, middle);
	fake_at(&f->h, child)->r.facts.ppid = 1;
	fake_pass(&f->h, FAKE_MS);
	fake_at(&f->h, middle)->hidden = true;
	take(f);
	assert_false(has(f, 12));
	fake_exit(&f->h, middle, 0);
	take(f);
	assert_true(has(f, 12));
}

/* The other way round: the child is seen updates after its parent was forgotten. */
static void a_child_that_is_heard_of_late(void **state)
{
	struct fixture *f = *state;
	int middle = fake_fork(&f->h, 11, f->root);
	int child;

	fake_run(&f->h, middle);
	child = fake_fork(&f->h, 12, middle);
	fake_at(&f->h, child)->hidden = true;
	fake_at(&f->h, child)->r.facts.ppid = 1;
	fake_pass(&f->h, FAKE_MS);
	fake_exit(&f->h, middle, 0);
	fake_reap(&f->h, middle);
	take(f);
	bt_model_prune(f->m, 0);
	for (int i = 0; i < 2; i++) {
		fake_pass(&f->h, FAKE_MS);
		take(f);
	}
	fake_at(&f->h, child)->hidden = false;
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_true(has(f, 12));
}

/* Found at the start: nobody saw the forks. */
static void of_old_families_the_parent_decides(void **state)
{
	struct fixture *f = *state;
	struct bt_identity root = bt_model_find(f->m, 1)->identity;
	struct bt_tree *t;

	assert_int_equal(bt_tree_create(f->m, &root, &t), 0);
	assert_true(bt_tree_has(t, bt_model_find(f->m, 10)));
	assert_true(bt_tree_has(t, bt_model_find(f->m, 20)));
	assert_int_equal(bt_tree_descendants(t), 2);
	bt_tree_destroy(t);
}

/* A PID that is used again belongs to whoever has it now. */
static void a_pid_used_again_is_a_stranger(void **state)
{
	struct fixture *f = *state;

	flash(f, 11, f->root, 1);
	take(f);
	assert_true(has(f, 11));
	fake_pass(&f->h, FAKE_MS);
	fake_fork(&f->h, 11, 2);
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_false(has(f, 11));
}

/* Sums survive what is forgotten of a run of very many. */
static void sums_survive_prune(void **state)
{
	struct fixture *f = *state;
	const struct bt_process *total;
	uint64_t ms = 0;
	int shell = fake_fork(&f->h, 11, f->root);

	fake_run(&f->h, shell);
	fake_block(&f->h, shell, BT_MS_CHILD, 61, 0);
	for (int round = 0; round < 50; round++) {
		for (int i = 0; i < 40; i++)
			flash(f, 1000 + round * 40 + i, shell, 1);
		flash(f, 5000 + round, 2, 7); /* a stranger's */
		ms += 47;
		take(f);
		bt_model_prune(f->m, 10);
	}
	assert_true(bt_model_frame(f->m)->process_count <= 4 + 10);
	assert_int_equal(bt_tree_descendants(f->t), 1 + 2000);
	total = bt_tree_total(f->t);
	assert_int_equal(total->usage.totals.oncpu_ns, 2000 * FAKE_MS);
	assert_int_equal(total->threads_ended, 2000);
	assert_int_equal(total->threads, 2);
	assert_int_equal(total->cpu_time_ns, 2000 * FAKE_MS);
	assert_int_equal(total->usage.wall_ns, 2 * ms * FAKE_MS + 2000 * FAKE_MS);
	assert_int_equal(bt_burst_count(total->usage.bursts->cpu), 1 + 2000);
	assert_int_equal(total->end_ns - total->begin_ns, ms * FAKE_MS);
	assert_near(total->verdict.active, 2000.0 / (double)ms, 1e-3);
	assert_int_equal(total->verdict.id, BT_VERDICT_CPU_BOUND);
	/* A new interval begins with nothing. */
	bt_model_begin(f->m);
	fake_pass(&f->h, 100 * FAKE_MS);
	take(f);
	total = bt_tree_total(f->t);
	assert_int_equal(total->usage.totals.oncpu_ns, 0);
	assert_int_equal(total->threads_ended, 0);
	assert_int_equal(bt_tree_descendants(f->t), 2001);
}

/* The command has ended; what it left behind is still its tree, under its name. */
static void a_root_that_is_gone(void **state)
{
	struct fixture *f = *state;
	int child = fake_fork(&f->h, 11, f->root);
	const struct bt_process *total;

	fake_run(&f->h, child);
	fake_wake(&f->h, f->root, 0);
	fake_run(&f->h, f->root);
	fake_pass(&f->h, FAKE_MS);
	fake_exit(&f->h, f->root, 512);
	fake_reap(&f->h, f->root);
	take(f);
	assert_int_equal(bt_tree_total(f->t)->exit_code, 512);
	for (int i = 0; i < 8; i++) {
		bt_model_begin(f->m);
		fake_pass(&f->h, 100 * FAKE_MS);
		take(f);
	}
	total = bt_tree_total(f->t);
	assert_int_equal(total->identity.pid, 10);
	assert_string_equal(total->comm, "fake");
	assert_int_equal(total->usage.totals.oncpu_ns, 100 * FAKE_MS);
	assert_false(total->exited);
	fake_fork(&f->h, 12, child);
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_true(has(f, 12));
}

static uint64_t total_oncpu_ns(struct fixture *f)
{
	const struct bt_process *total = bt_tree_total(f->t);

	assert_non_null(total);
	return total->usage.totals.oncpu_ns;
}

/* What sampling does not meet, the parents count: but for those that it saw for themselves. */
static void what_sampling_misses(void **state)
{
	struct fixture *f = *state;
	struct bt_facts *root = &fake_at(&f->h, f->root)->r.facts;
	int child = fake_fork(&f->h, 11, f->root);

	f->h.sampled = true;
	fake_wake(&f->h, f->root, 0);
	fake_run(&f->h, f->root);
	root->children_utime_ns = 700 * FAKE_MS; /* of the interval before */
	fake_run(&f->h, child);
	take(f);
	bt_model_begin(f->m);
	fake_pass(&f->h, 100 * FAKE_MS);
	root->children_utime_ns += 300 * FAKE_MS;
	root->children_stime_ns += 100 * FAKE_MS;
	take(f);
	assert_int_equal(total_oncpu_ns(f), (200 + 400) * FAKE_MS);
	assert_int_equal(bt_tree_missed_ns(f->t), 400 * FAKE_MS);
	assert_int_equal(bt_tree_total(f->t)->usage.guessed_ns, 400 * FAKE_MS);

	/* The child ends and is waited for: its time was seen, all of it. */
	fake_exit(&f->h, child, 0);
	fake_reap(&f->h, child);
	root->children_utime_ns += 100 * FAKE_MS;
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_int_equal(bt_tree_total(f->t)->usage.guessed_ns, 400 * FAKE_MS);

	/* Ticks are coarse. */
	bt_model_begin(f->m);
	root->children_utime_ns += 20 * FAKE_MS;
	fake_pass(&f->h, FAKE_MS);
	take(f);
	assert_int_equal(bt_tree_total(f->t)->usage.guessed_ns, 0);
	assert_int_equal(bt_tree_missed_ns(f->t), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(children_and_strangers),
	    TEST(reparented_and_still_ours),
	    TEST(generations_between_two_snapshots),
	    TEST(a_parent_that_is_heard_of_late),
	    TEST(a_child_that_is_heard_of_late),
	    TEST(of_old_families_the_parent_decides),
	    TEST(a_pid_used_again_is_a_stranger),
	    TEST(sums_survive_prune),
	    TEST(a_root_that_is_gone),
	    TEST(what_sampling_misses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
