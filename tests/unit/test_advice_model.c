/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What advice asks the model: who waits for the same thing, who the peer is, which thread computes most. */
#include <errno.h>
#include <sys/syscall.h>

#include "advice.h"
#include "model_fixture.h"
#include "strbuf.h"
#include "tree.h"
#include "words.h"

/* All advice on p, a line each: "id: text". */
static const char *advise(struct fixture *f, const struct bt_process *p, struct bt_strbuf *out)
{
	struct bt_advisor a = {.frame = bt_model_frame(f->m)};

	bt_strbuf_clear(out);
	for (bt_advice_set set = bt_advise(&a, p); set; set &= set - 1) {
		unsigned int row = (unsigned int)__builtin_ctz(set);

		bt_strbuf_addf(out, "%s: ", bt_advice_id(row));
		bt_advice_say(&a, p, row, out);
		bt_strbuf_add_char(out, '\n');
	}
	return bt_strbuf_text(out);
}

#define assert_begins(text, part)                                                                            \
	do {                                                                                                 \
		const char *whole = (text);                                                                  \
		if (strncmp(whole, part, strlen(part)) != 0)                                                 \
			fail_msg("\"%s\" does not begin with \"%s\"", whole, part);                          \
	} while (0)

static void waiters_are_counted(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_reason lock = {.object = 0x70, .syscall = SYS_futex, .cause = BT_MS_LOCK};
	struct bt_reason none = {.object = 0x90, .syscall = SYS_futex, .cause = BT_MS_LOCK};
	struct bt_process copy;
	int t[4];

	t[0] = fake_fork(&f->h, 10, -1);
	for (int k = 1; k < 4; k++)
		t[k] = fake_clone(&f->h, t[0], 10 + k);
	for (int k = 0; k < 4; k++)
		fake_run(&f->h, t[k]);
	/* One sleeps all the time, one soon, one gets it now and then, and one is after another lock. */
	fake_block(&f->h, t[1], BT_MS_LOCK, SYS_futex, 0x70);
	take(f);
	fake_block(&f->h, t[0], BT_MS_LOCK, SYS_futex, 0x70);
	fake_block(&f->h, t[2], BT_MS_LOCK, SYS_futex, 0x70);
	fake_block(&f->h, t[3], BT_MS_LOCK, SYS_futex, 0x80);
	for (int k = 0; k < 4; k++) {
		fake_pass(&f->h, 200 * FAKE_MS);
		fake_burst(&f->h, t[2], 50 * FAKE_MS);
	}
	take(f);
	assert_int_equal(bt_model_waiters(f->m, find(f, 10), &lock), 3);
	assert_int_equal(bt_model_waiters(f->m, find(f, 10), &none), 0);
	copy = *find(f, 10);
	assert_int_equal(bt_model_waiters(f->m, &copy, &lock), 0);
	assert_begins(advise(f, find(f, 10), &out), "lock-convoy: 3 threads wait for the lock at 0x70 ");
	bt_strbuf_free(&out);
}

/* Two pass a lock on to each other; one has it for 90 ms, the other for 10. */
static void the_holder_is_named(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_process copy;
	struct bt_holder h;
	int t[2];

	t[0] = fake_fork(&f->h, 10, -1);
	t[1] = fake_clone(&f->h, t[0], 11);
	memcpy(fake_at(&f->h, t[1])->r.facts.comm, "ho\x1b[g", 6);
	fake_run(&f->h, t[1]);
	fake_run(&f->h, t[0]);
	for (int round = 0; round < 2; round++) {
		/* In the second round it is the other way round, and the first one is forgotten. */
		if (round)
			bt_model_begin(f->m);
		else
			take(f);
		for (int k = 0; k < 5; k++) {
			fake_block(&f->h, t[0], BT_MS_LOCK, SYS_futex, 0x70);
			fake_pass(&f->h, round ? 10 * FAKE_MS : 90 * FAKE_MS);
			fake_give(&f->h, t[1], t[0]);
			fake_run(&f->h, t[0]);
			fake_block(&f->h, t[1], BT_MS_LOCK, SYS_futex, 0x70);
			fake_pass(&f->h, round ? 90 * FAKE_MS : 10 * FAKE_MS);
			fake_give(&f->h, t[0], t[1]);
			fake_run(&f->h, t[1]);
		}
		take(f);
		assert_true(bt_model_holder(f->m, find(f, 10), 0x70, &h));
		assert_int_equal(h.tid, round ? 10 : 11);
		assert_near(h.share, 0.9, 1e-6);
		assert_false(bt_model_holder(f->m, find(f, 10), 0x80, &h));
		copy = *find(f, 10);
		assert_false(bt_model_holder(f->m, &copy, 0x70, &h));
		if (round)
			break;
		bt_words_holder(&out, &h);
		assert_string_equal(bt_strbuf_text(&out), "thread 11 (ho?[g) held it 90 % of that time");
	}
	bt_strbuf_free(&out);
}

/* One thread looks for events, another computes for long: the loop is held only if both are one. */
static void a_thread_computes_beside_a_loop(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	int loop = fake_fork(&f->h, 10, -1);
	int other = fake_clone(&f->h, loop, 11);

	for (int round = 0; round < 2; round++) {
		int computes = round ? loop : other;

		fake_run(&f->h, loop);
		fake_run(&f->h, other);
		fake_block(&f->h, loop, BT_MS_EVENT, SYS_epoll_wait, 1);
		fake_block(&f->h, other, BT_MS_EVENT, SYS_futex, 2);
		if (round)
			bt_model_begin(f->m);
		else
			take(f);
		for (int k = 0; k < 5; k++) {
			for (int i = 0; i < 5; i++)
				fake_burst(&f->h, loop, FAKE_MS);
			fake_burst(&f->h, computes, 150 * FAKE_MS);
			fake_pass(&f->h, 10 * FAKE_MS);
		}
		take(f);
		assert_int_equal(!!strstr(advise(f, find(f, 10), &out), "event-loop-held: "), round);
	}
	bt_strbuf_free(&out);
}

static void a_lone_waiter(void **state)
{
	struct fixture *f = *state;
	struct bt_reason lock = {.object = 0x70, .syscall = SYS_futex, .cause = BT_MS_LOCK};
	struct bt_strbuf out = BT_STRBUF_INIT;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	fake_block(&f->h, i, BT_MS_LOCK, SYS_futex, 0x70);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	assert_int_equal(bt_model_waiters(f->m, find(f, 10), &lock), 1);
	assert_begins(advise(f, find(f, 10), &out),
		      "lock-convoy: 1 thread waits for the lock at 0x70 once, 1.0 s, 100 % of the time.");
	bt_strbuf_free(&out);
}

/* i waits for waker in a pipe for 900 ms of a second, in so many pieces. */
static void ask_often(struct fixture *f, int i, int32_t waker, unsigned int pieces)
{
	fake_run(&f->h, i);
	take(f);
	for (unsigned int k = 0; k < pieces; k++) {
		fake_block(&f->h, i, BT_MS_IPC, SYS_read, 123);
		fake_pass(&f->h, 900 * FAKE_MS / pieces);
		fake_wake(&f->h, i, waker);
		fake_run(&f->h, i);
		fake_pass(&f->h, 100 * FAKE_MS / pieces);
	}
	take(f);
}

static void ask(struct fixture *f, int i, int32_t waker)
{
	ask_often(f, i, waker, 10);
}

static void the_peer_is_named(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	int peer = fake_fork(&f->h, 77, -1);
	int i = fake_fork(&f->h, 10, -1);

	memcpy(fake_at(&f->h, peer)->r.facts.comm, "x\033z", 4);
	fake_run(&f->h, peer);
	ask(f, i, 77);
	assert_begins(
	    advise(f, find(f, 10), &out),
	    "ipc-peer: Waits for 77 (x\xef\xbf\xbdz), which is cpu-bound by user: read of pipe:[123] "
	    "took 10 times, 90 ms each, 90 % of the time.");
	bt_strbuf_free(&out);
}

/* Two thousand exchanges in a second with a peer that sleeps in between, or computes. */
static void small_messages(struct fixture *f, bool computes, struct bt_strbuf *out)
{
	int peer = fake_fork(&f->h, 77, -1);

	fake_run(&f->h, peer);
	if (!computes)
		fake_block(&f->h, peer, BT_MS_IPC, SYS_read, 124);
	ask_often(f, fake_fork(&f->h, 10, -1), 77, 2000);
	advise(f, find(f, 10), out);
}

static void an_exchange_that_costs(void **state)
{
	struct bt_strbuf out = BT_STRBUF_INIT;

	small_messages(*state, false, &out);
	assert_begins(bt_strbuf_text(&out),
		      "ipc-small-messages: Waits 2000 times a second for 77 (fake), 450 us each: ");
	assert_non_null(strstr(bt_strbuf_text(&out), "\nipc-peer: "));
	bt_strbuf_free(&out);
}

static void an_answer_that_costs(void **state)
{
	struct bt_strbuf out = BT_STRBUF_INIT;

	small_messages(*state, true, &out);
	assert_begins(bt_strbuf_text(&out), "ipc-peer: ");
	bt_strbuf_free(&out);
}

static void an_unknown_peer_is_not(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;

	/* An interrupt, as far as anybody knows. */
	ask(f, fake_fork(&f->h, 10, -1), 0);
	assert_string_equal(advise(f, find(f, 10), &out), "");
	bt_strbuf_free(&out);
}

static void its_own_thread_is_no_peer(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;

	ask(f, fake_fork(&f->h, 10, -1), 10);
	assert_string_equal(advise(f, find(f, 10), &out), "");
	bt_strbuf_free(&out);
}

static void the_neighbour_is_named(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_identity root;
	struct bt_tree *tree;
	int i = fake_fork(&f->h, 10, -1);
	int a = fake_fork(&f->h, 20, -1);
	int b = fake_fork(&f->h, 21, i);

	fake_run(&f->h, a);
	fake_run(&f->h, b);
	take(f);
	root = find(f, 10)->identity;
	assert_int_equal(bt_tree_create(f->m, &root, &tree), 0);
	/* Two CPUs and three that want one. */
	fake_pass(&f->h, 950 * FAKE_MS);
	fake_preempt(&f->h, b);
	fake_run(&f->h, i);
	fake_pass(&f->h, 50 * FAKE_MS);
	take(f);
	assert_begins(
	    advise(f, find(f, 10), &out),
	    "cpu-neighbours: Waits for a CPU 95 % of the time and gets 0.05, while 2.00 of 2 CPUs are "
	    "in use, most by 20 (fake), 1.00. ");
	/* Of the tree 10 with 21, the neighbour may be one of its own: it is not named. */
	assert_null(strstr(advise(f, bt_tree_total(tree), &out), "most by"));
	assert_begins(advise(f, bt_tree_total(tree), &out), "cpu-neighbours: ");
	bt_tree_destroy(tree);
	bt_strbuf_free(&out);
}

static void threads_are_ranked(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_identity root;
	struct bt_tree *tree;
	int t[3];
	int child;

	t[0] = fake_fork(&f->h, 10, -1);
	t[1] = fake_clone(&f->h, t[0], 11);
	t[2] = fake_clone(&f->h, t[0], 12);
	child = fake_fork(&f->h, 30, t[0]);
	fake_run(&f->h, t[0]);
	fake_block(&f->h, t[0], BT_MS_EVENT, SYS_futex, 1);
	fake_run(&f->h, t[1]);
	fake_run(&f->h, t[2]);
	fake_run(&f->h, child);
	take(f);
	root = find(f, 10)->identity;
	assert_int_equal(bt_tree_create(f->m, &root, &tree), 0);
	fake_pass(&f->h, 200 * FAKE_MS);
	/* The lesser ones come first, and the child comes between the two. */
	fake_block(&f->h, t[1], BT_MS_EVENT, SYS_futex, 1);
	take(f);
	assert_int_equal(find(f, 10)->usage.oncpu_max_ns, 200 * FAKE_MS);
	fake_pass(&f->h, 300 * FAKE_MS);
	fake_block(&f->h, child, BT_MS_EVENT, SYS_futex, 1);
	take(f);
	assert_int_equal(bt_tree_total(tree)->usage.oncpu_max_ns, 500 * FAKE_MS);
	fake_pass(&f->h, 500 * FAKE_MS);
	take(f);
	assert_int_equal(find(f, 10)->usage.oncpu_max_ns, SECOND_NS);
	assert_int_equal(find(f, 10)->usage.oncpu_next_ns, 200 * FAKE_MS);
	assert_int_equal(find(f, 30)->usage.oncpu_max_ns, 500 * FAKE_MS);
	assert_int_equal(find(f, 30)->usage.oncpu_next_ns, 0);
	assert_int_equal(bt_tree_total(tree)->usage.oncpu_max_ns, SECOND_NS);
	assert_int_equal(bt_tree_total(tree)->usage.oncpu_next_ns, 500 * FAKE_MS);
	assert_begins(advise(f, find(f, 10), &out),
		      "cpu-one-thread: Of 3 threads one uses 1.00 CPUs, the others 0.20 together: ");
	/* One that ended counts as well. */
	fake_exit(&f->h, t[2], 0);
	take(f);
	assert_int_equal(find(f, 10)->usage.oncpu_max_ns, SECOND_NS);
	assert_int_equal(find(f, 10)->usage.oncpu_next_ns, 200 * FAKE_MS);
	/* In the next interval nobody computes. */
	bt_model_begin(f->m);
	fake_pass(&f->h, 500 * FAKE_MS);
	take(f);
	assert_int_equal(find(f, 10)->usage.oncpu_max_ns, 0);
	assert_int_equal(find(f, 30)->usage.oncpu_max_ns, 0);
	bt_tree_destroy(tree);
	bt_strbuf_free(&out);
}

/* Of a family nothing is said as if it were its first process. */
static void a_family_is_no_process(void **state)
{
	struct fixture *f = *state;
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_identity root;
	struct bt_tree *tree;
	int i = fake_fork(&f->h, 10, -1);
	int child = fake_fork(&f->h, 30, i);
	fake_fork(&f->h, 40, -1);

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_CHILD, SYS_wait4, 0);
	fake_run(&f->h, child);
	take(f);
	root = find(f, 10)->identity;
	assert_int_equal(bt_tree_create(f->m, &root, &tree), 0);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	assert_begins(
	    advise(f, bt_tree_total(tree), &out),
	    "cpu-one-thread: Of 2 threads in all processes one uses 1.00 CPUs, the others 0.00 together: ");
	bt_model_begin(f->m);

	/* The child waits for its parent, then for a stranger. */
	for (int round = 0; round < 2; round++) {
		fake_run(&f->h, child);
		fake_block(&f->h, child, BT_MS_IPC, SYS_read, 123);
		fake_pass(&f->h, SECOND_NS);
		fake_wake(&f->h, child, round ? 40 : 10);
		fake_run(&f->h, child);
		take(f);
		assert_begins(advise(f, bt_tree_total(tree), &out),
			      round ? "ipc-peer: Waits for 40 (fake)"
				    : "ipc-peer: Its processes wait for each other, most for 10 (fake)");
		bt_model_begin(f->m);
	}
	bt_tree_destroy(tree);
	bt_strbuf_free(&out);
}

static void a_tree_takes_both_of_a_process(void **state)
{
	struct fixture *f = *state;
	struct bt_identity root;
	struct bt_tree *tree;
	int i = fake_fork(&f->h, 10, -1);
	int child = fake_fork(&f->h, 30, i);
	int thread = fake_clone(&f->h, child, 31);

	fake_run(&f->h, child);
	fake_run(&f->h, thread);
	take(f);
	root = find(f, 10)->identity;
	assert_int_equal(bt_tree_create(f->m, &root, &tree), 0);
	fake_pass(&f->h, 300 * FAKE_MS);
	fake_block(&f->h, child, BT_MS_EVENT, SYS_futex, 1);
	fake_pass(&f->h, 700 * FAKE_MS);
	take(f);
	assert_int_equal(bt_tree_total(tree)->usage.oncpu_max_ns, SECOND_NS);
	assert_int_equal(bt_tree_total(tree)->usage.oncpu_next_ns, 300 * FAKE_MS);
	bt_tree_destroy(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(waiters_are_counted),    TEST(the_holder_is_named),    TEST(a_thread_computes_beside_a_loop),
	    TEST(a_lone_waiter),          TEST(the_peer_is_named),      TEST(an_exchange_that_costs),
	    TEST(an_answer_that_costs),   TEST(an_unknown_peer_is_not), TEST(its_own_thread_is_no_peer),
	    TEST(the_neighbour_is_named), TEST(threads_are_ranked),     TEST(a_tree_takes_both_of_a_process),
	    TEST(a_family_is_no_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
