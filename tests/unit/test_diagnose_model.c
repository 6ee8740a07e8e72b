/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings that ask the model: who was born in the window, and of whom. */
#include "diagnose.h"
#include "model_fixture.h"

#define CHILDREN 150

/* The finding of that id about that host, of which nothing but its processes is known; NULL: there is none.
 */
static const struct bt_finding *diagnose(struct fixture *f, const char *id, struct bt_diagnosis *d)
{
	static const struct bt_host_sample nothing;
	struct bt_diagnosis_input in = {.begin = &nothing, .end = &nothing};

	bt_diagnosis_free(d);
	assert_int_equal(bt_model_judge(f->m, true), 0);
	in.frame = bt_model_frame(f->m);
	assert_int_equal(bt_diagnose(&in, d), 0);
	for (size_t i = 0; i < d->count; i++)
		if (!strcmp(bt_finding_id(d->findings[i].row), id))
			return &d->findings[i];
	return NULL;
}

/* One after the other, a millisecond each. */
static void start_and_end(struct fixture *f, int parent, int32_t pid, int count)
{
	for (int i = 0; i < count; i++) {
		int child = fake_fork(&f->h, pid + i, parent);

		fake_run(&f->h, child);
		fake_pass(&f->h, FAKE_MS);
		fake_exit(&f->h, child, 0);
		fake_reap(&f->h, child);
	}
}

static void a_storm_is_of_those_born_in_it(void **state)
{
	struct fixture *f = *state;
	struct bt_diagnosis d = {0};
	int children[CHILDREN], parent = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, parent);
	for (int i = 0; i < CHILDREN; i++)
		children[i] = fake_fork(&f->h, 1000 + i, parent);
	fake_pass(&f->h, SECOND_NS);
	take(f);
	bt_model_begin(f->m);
	/* Old ones, that all end early in the window. */
	fake_pass(&f->h, 100 * FAKE_MS);
	for (int i = 0; i < CHILDREN; i++) {
		fake_exit(&f->h, children[i], 9);
		fake_reap(&f->h, children[i]);
	}
	fake_pass(&f->h, 900 * FAKE_MS);
	take(f);
	assert_int_equal(bt_model_frame(f->m)->exited, CHILDREN);
	assert_null(diagnose(f, "fork-storm", &d));
	bt_model_begin(f->m);
	start_and_end(f, parent, 2000, CHILDREN);
	fake_pass(&f->h, SECOND_NS - CHILDREN * FAKE_MS);
	take(f);
	assert_non_null(diagnose(f, "fork-storm", &d));
	bt_diagnosis_free(&d);
}

/* Two in 20 ms are 100 a second, and nothing. */
static void a_storm_is_more_than_a_few(void **state)
{
	struct fixture *f = *state;
	struct bt_diagnosis d = {0};
	int parent = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, parent);
	take(f);
	bt_model_begin(f->m);
	fake_pass(&f->h, FAKE_MS);
	start_and_end(f, parent, 2000, 2);
	fake_pass(&f->h, 17 * FAKE_MS);
	take(f);
	assert_null(diagnose(f, "fork-storm", &d));
	start_and_end(f, parent, 3000, 22);
	take(f);
	assert_null(diagnose(f, "fork-storm", &d));
	start_and_end(f, parent, 4000, 1);
	take(f);
	assert_non_null(diagnose(f, "fork-storm", &d));
	bt_diagnosis_free(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_storm_is_of_those_born_in_it),
	    TEST(a_storm_is_more_than_a_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
