/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A made-up host and the model of it, for the tests of the model. */
#ifndef BOUNDTOP_TEST_MODEL_FIXTURE_H
#define BOUNDTOP_TEST_MODEL_FIXTURE_H

#include "model.h"

#include "fake.h"
#include "unit.h"

#define OFF(ms)   totals.offcpu_ns[BT_MS_##ms - BT_OFFCPU_FIRST]
#define SECOND_NS (1000 * FAKE_MS)

struct fixture {
	struct fake_host h;
	struct bt_model *m;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_open(&f->h);
	*state = f;
	return bt_model_create(&f->m);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	bt_model_destroy(f->m);
	fake_close(&f->h);
	free(f);
	return 0;
}

static inline void take(struct fixture *f)
{
	assert_int_equal(bt_model_update(f->m, fake_read(&f->h)), 0);
}

static inline struct bt_process *find(struct fixture *f, int32_t pid)
{
	assert_int_equal(bt_model_judge(f->m, true), 0);
	return bt_model_find(f->m, pid);
}

/* The budget is closed, for the process and for the sum of its threads. */
static inline void assert_budget(const struct bt_process *p, uint64_t wall_ns)
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

static inline const struct bt_thread *thread_of(const struct bt_process *p, int32_t tid)
{
	for (uint32_t i = 0; i < p->thread_count; i++)
		if (p->thread_list[i]->tid == tid)
			return p->thread_list[i];
	fail_msg("no thread %d", tid);
	return NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
