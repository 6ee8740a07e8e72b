/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of rows: complete, whatever order they come in. */
#include "unit.h"

#include "sort.h"

#define COUNT 500

static struct bt_process processes[COUNT];
static struct bt_process *list[COUNT];

static unsigned int dice(unsigned int sides)
{
	static unsigned int seed = 3;

	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % sides;
}

/* PIDs begin anew somewhere, as they do on a host that has run for long. */
static void fill(unsigned int active_percent, size_t wrapped)
{
	for (size_t i = 0; i < COUNT; i++) {
		processes[i] = (struct bt_process){.identity.pid = (int32_t)(1000 + i)};
		if (i >= COUNT - wrapped)
			processes[i].identity.pid = (int32_t)(i + wrapped + 1 - COUNT);
		processes[i].rss_bytes = dice(20);
		processes[i].usage.valid = BT_VALID_RSS;
		if (dice(100) < active_percent)
			processes[i].verdict.active = (float)dice(5) / 5;
		list[i] = &processes[i];
	}
}

static int in_order(const struct bt_process *a, const struct bt_process *b, bool by_rss, bool reversed)
{
	uint64_t x = by_rss ? a->rss_bytes : (uint64_t)(a->verdict.active * 100);
	uint64_t y = by_rss ? b->rss_bytes : (uint64_t)(b->verdict.active * 100);

	if (x != y)
		return (x > y) != reversed;
	return a->identity.pid < b->identity.pid;
}

static void check(bool by_rss, bool reversed)
{
	const struct bt_field *field = by_rss ? &bt_fields[BT_FIELD_RSS_BYTES] : NULL;

	assert_int_equal(bt_processes_sort(list, COUNT, field, reversed), 0);
	for (size_t i = 1; i < COUNT; i++)
		assert_true(in_order(list[i - 1], list[i], by_rss, reversed));
}

static void any_order_comes_out_sorted(void **state)
{
	(void)state;
	for (unsigned int percent = 0; percent <= 100; percent += 10) {
		for (size_t wrapped = 0; wrapped <= COUNT; wrapped += 100) {
			fill(percent, wrapped);
			check(false, false);
			check(true, false); /* what comes in is in another order */
			check(false, true);
			check(true, true);
		}
	}
}

static void few_are_sorted_too(void **state)
{
	(void)state;
	fill(0, 0);
	assert_int_equal(bt_processes_sort(list, 0, NULL, false), 0);
	assert_int_equal(bt_processes_sort(list, 1, NULL, false), 0);
	list[0] = &processes[1];
	list[1] = &processes[0];
	assert_int_equal(bt_processes_sort(list, 2, NULL, false), 0);
	assert_ptr_equal(list[0], &processes[0]);
	assert_ptr_equal(list[1], &processes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_order_comes_out_sorted),
	    cmocka_unit_test(few_are_sorted_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
