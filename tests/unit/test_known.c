/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads that are known, and a snapshot made of what is asked for of them. */
#include "known.h"

#include <errno.h>
#include <string.h>

#include "account_reader.h"
#include "collector_shared.h"
#include "unit.h"

/* Numbers that no refresh of read 1 takes: 1 ^ tid has bits of the mask. */
enum { READ = 1, FIRST = 100, SECOND = 102, THIRD = 104 };

struct fixture {
	struct bt_known k;
	struct bt_snapshot walk;
	struct bt_snapshot answers;
	struct bt_snapshot s;
};

static int setup(void **state)
{
	*state = test_calloc(1, sizeof(struct fixture));
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bt_known_free(&f->k);
	bt_snapshot_free(&f->walk);
	bt_snapshot_free(&f->answers);
	bt_snapshot_free(&f->s);
	test_free(f);
	return 0;
}

static void add(struct bt_snapshot *s, int32_t tid, uint64_t id, enum bt_phase phase)
{
	struct bt_record *r = (struct bt_record *)(void *)bt_snapshot_reserve(s, sizeof(*r));

	assert_non_null(r);
	memset(r, 0, sizeof(*r));
	r->head.size = sizeof(*r);
	r->head.type = BT_RECORD_THREAD;
	r->head.valid = BT_VALID_ALL;
	r->head.tid = tid;
	r->head.id = id;
	r->account.phase = phase;
	s->length += sizeof(*r);
}

static void add_same(struct bt_snapshot *s, int32_t tid, uint64_t id)
{
	struct bt_record_head *head = (struct bt_record_head *)(void *)bt_snapshot_reserve(s, sizeof(*head));

	assert_non_null(head);
	*head = (struct bt_record_head){.size = sizeof(*head), .type = BT_RECORD_SAME, .tid = tid, .id = id};
	s->length += sizeof(*head);
}

/* Three threads, of which the second runs. */
static void walk(struct fixture *f)
{
	add_same(&f->walk, FIRST, 1);
	add(&f->walk, SECOND, 2, BT_PHASE_ONCPU);
	add(&f->walk, THIRD, 3, BT_PHASE_BLOCKED);
	assert_int_equal(0, bt_known_take(&f->k, &f->walk));
	assert_int_equal(3, f->k.now.count);
}

static void assert_asked(const struct fixture *f, size_t count, const int32_t *tids)
{
	assert_int_equal(count, f->k.asked.count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(tids[i], f->k.asked.tids[i]);
}

struct expected {
	enum bt_record_type type;
	int32_t tid;
	uint64_t id;
};

static void assert_snapshot(const struct bt_snapshot *s, size_t count, const struct expected *expected)
{
	size_t i = 0;

	bt_snapshot_for_each (head, s) {
		assert_true(i < count);
		assert_int_equal(expected[i].type, head->type);
		assert_int_equal(expected[i].tid, head->tid);
		assert_int_equal(expected[i].id, head->id);
		if (head->type == BT_RECORD_SAME)
			assert_int_equal(77, head->now_ns);
		i++;
	}
	assert_int_equal(count, i);
}

static void who_is_awake_or_listed_is_asked_for_once(void **state)
{
	struct fixture *f = *state;

	walk(f);
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 1, (int32_t[]){SECOND});
	assert_int_equal(0, bt_known_list(&f->k, 200));
	assert_int_equal(0, bt_known_list(&f->k, SECOND));
	assert_int_equal(0, bt_known_list(&f->k, FIRST));
	assert_int_equal(0, bt_known_list(&f->k, 200));
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 3, (int32_t[]){FIRST, SECOND, 200});
	/* The list was taken up. */
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 1, (int32_t[]){SECOND});
}

/* What a first wait at a pipe is for is guessed again, when there is more to judge by. */
static void who_waits_for_what_is_guessed_is_asked_for(void **state)
{
	struct fixture *f = *state;
	struct bt_record *r;

	add(&f->walk, FIRST, 1, BT_PHASE_BLOCKED);
	r = (struct bt_record *)(void *)f->walk.records;
	r->account.doubt = BT_DOUBT_PEER;
	r->account.reason.target = BT_TARGET_PIPE;
	r->account.since_ns = 1000;
	r->head.now_ns = 1000 + BT_GUESS_AGAIN_NS - 1;
	assert_int_equal(0, bt_known_take(&f->k, &f->walk));
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 1, (int32_t[]){FIRST});
	r->head.now_ns++;
	assert_int_equal(0, bt_known_take(&f->k, &f->walk));
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 1, (int32_t[]){FIRST});
	r->account.guessed_ns = r->head.now_ns;
	assert_int_equal(0, bt_known_take(&f->k, &f->walk));
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 0, (int32_t[]){0});
}

static void everybody_is_asked_for_from_time_to_time(void **state)
{
	struct fixture *f = *state;
	int asked[THIRD + 1] = {0};

	walk(f);
	for (uint64_t read = 0; read <= BT_REFRESH_MASK; read++) {
		assert_int_equal(0, bt_known_ask(&f->k, read));
		for (size_t i = 0; i < f->k.asked.count; i++)
			asked[f->k.asked.tids[i]]++;
	}
	assert_int_equal(1, asked[FIRST]);
	assert_int_equal(BT_REFRESH_MASK + 1, asked[SECOND]);
	assert_int_equal(1, asked[THIRD]);
}

static void who_sleeps_on_is_the_same(void **state)
{
	struct fixture *f = *state;

	walk(f);
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	add(&f->answers, SECOND, 2, BT_PHASE_BLOCKED);
	assert_int_equal(0, bt_known_merge(&f->k, &f->answers, 77, &f->s));
	assert_snapshot(&f->s, 3,
			(struct expected[]){{BT_RECORD_SAME, FIRST, 1},
					    {BT_RECORD_THREAD, SECOND, 2},
					    {BT_RECORD_SAME, THIRD, 3}});
	/* It was read asleep. */
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 0, NULL);
}

static void threads_come_and_go(void **state)
{
	struct fixture *f = *state;

	walk(f);
	assert_int_equal(0, bt_known_list(&f->k, 10));
	assert_int_equal(0, bt_known_list(&f->k, 103));
	assert_int_equal(0, bt_known_list(&f->k, THIRD));
	assert_int_equal(0, bt_known_list(&f->k, 300));
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	/* The second one is gone, the third's number has somebody else. */
	add(&f->answers, 10, 4, BT_PHASE_RUNNABLE);
	add(&f->answers, 103, 5, BT_PHASE_WOKEN);
	add(&f->answers, THIRD, 6, BT_PHASE_BLOCKED);
	add(&f->answers, 300, 7, BT_PHASE_DEAD);
	assert_int_equal(0, bt_known_merge(&f->k, &f->answers, 77, &f->s));
	assert_snapshot(&f->s, 5,
			(struct expected[]){{BT_RECORD_THREAD, 10, 4},
					    {BT_RECORD_SAME, FIRST, 1},
					    {BT_RECORD_THREAD, 103, 5},
					    {BT_RECORD_THREAD, THIRD, 6},
					    {BT_RECORD_THREAD, 300, 7}});
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 3, (int32_t[]){10, 103, 300});
}

static void what_could_not_be_read_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct bt_record *r;

	add(&f->walk, FIRST, 1, BT_PHASE_BLOCKED);
	r = (struct bt_record *)(void *)f->walk.records;
	r->head.valid = BT_VALID_FACTS;
	assert_int_equal(0, bt_known_take(&f->k, &f->walk));
	assert_int_equal(0, bt_known_ask(&f->k, READ));
	assert_asked(f, 1, (int32_t[]){FIRST});
}

static void a_walk_without_order_is_not_kept(void **state)
{
	struct fixture *f = *state;

	add_same(&f->walk, SECOND, 2);
	add_same(&f->walk, FIRST, 1);
	assert_int_equal(-EINVAL, bt_known_take(&f->k, &f->walk));
	assert_int_equal(0, f->k.now.count);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(who_is_awake_or_listed_is_asked_for_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_waits_for_what_is_guessed_is_asked_for, setup, teardown),
	    cmocka_unit_test_setup_teardown(everybody_is_asked_for_from_time_to_time, setup, teardown),
	    cmocka_unit_test_setup_teardown(who_sleeps_on_is_the_same, setup, teardown),
	    cmocka_unit_test_setup_teardown(threads_come_and_go, setup, teardown),
	    cmocka_unit_test_setup_teardown(what_could_not_be_read_is_asked_for_again, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_walk_without_order_is_not_kept, setup, teardown),
	};

	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
