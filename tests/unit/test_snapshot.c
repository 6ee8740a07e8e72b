/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of records against bytes that are none. */
#include "snapshot.h"

#include "unit.h"

static struct bt_record_head head_of(unsigned int type, size_t size)
{
	struct bt_record_head head = {.size = (uint16_t)size, .type = (uint8_t)type, .id = 1};

	return head;
}

static void append(struct bt_snapshot *s, const void *bytes, size_t size)
{
	unsigned char *at = bt_snapshot_reserve(s, size);

	assert_non_null(at);
	assert_int_equal((uintptr_t)s->records % 8, 0);
	memcpy(at, bytes, size);
	s->length += size;
}

static size_t count(const struct bt_snapshot *s)
{
	size_t n = 0;

	bt_snapshot_for_each (head, s)
		n++;
	return n;
}

static void an_empty_one(void **state)
{
	struct bt_snapshot s = {0};

	(void)state;
	assert_int_equal(count(&s), 0);
	bt_snapshot_clear(&s);
	bt_snapshot_free(&s);
	assert_null(s.records);
}

/* Memory of a storm goes back as soon as one snapshot needed little of it. */
static void a_storm_that_is_over(void **state)
{
	struct bt_record r = {.head = head_of(BT_RECORD_THREAD, sizeof(r))};
	struct bt_snapshot s = {0};

	(void)state;
	for (int i = 0; i < 10000; i++)
		append(&s, &r, sizeof(r));
	bt_snapshot_clear(&s);
	assert_true(s.capacity >= 10000 * sizeof(r));
	append(&s, &r, sizeof(r));
	bt_snapshot_clear(&s);
	assert_int_equal(s.capacity, 0);
	append(&s, &r, sizeof(r));
	assert_int_equal(count(&s), 1);
	assert_true(s.capacity < 1 << 20);
	bt_snapshot_free(&s);
}

static void records_in_a_row(void **state)
{
	struct bt_snapshot s = {0};
	struct bt_record r = {.head = head_of(BT_RECORD_THREAD, sizeof(r))};
	struct bt_lump l = {.head = head_of(BT_RECORD_LUMP, sizeof(l))};
	struct bt_record_head same = head_of(BT_RECORD_SAME, sizeof(same));
	unsigned char *kept;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		append(&s, &r, sizeof(r));
		append(&s, &l, sizeof(l));
		append(&s, &same, sizeof(same));
	}
	assert_int_equal(count(&s), 3000);
	s.exact = true;
	s.loss.tasks = 7;
	kept = s.records;
	bt_snapshot_clear(&s);
	assert_ptr_equal(s.records, kept);
	assert_false(s.exact);
	assert_int_equal(s.loss.tasks, 0);
	assert_int_equal(count(&s), 0);
	bt_snapshot_free(&s);
}

/* Each of these is preceded by a good record, which is still read. */
static void what_is_no_record(void **state)
{
	static const struct {
		unsigned int type;
		size_t size;
		size_t bytes; /* that are there of it */
	} cases[] = {
	    {BT_RECORD_SAME, 0, 24},
	    {BT_RECORD_SAME, 8, 24},
	    {BT_RECORD_SAME, 16, 24},
	    {BT_RECORD_SAME, 23, 24},
	    {BT_RECORD_SAME, 25, 32},
	    {BT_RECORD_SAME, 28, 32},
	    {BT_RECORD_SAME, 32, 24},
	    {BT_RECORD_SAME, 0xfff8, 640},
	    {BT_RECORD_SAME, 24, 23},
	    {BT_RECORD_SAME, 24, 1},
	    {BT_RECORD_SAME, 24, 0},
	    {BT_RECORD_THREAD, sizeof(struct bt_record) - 8, sizeof(struct bt_record)},
	    {BT_RECORD_THREAD, sizeof(struct bt_record_head), sizeof(struct bt_record)},
	    {BT_RECORD_THREAD, sizeof(struct bt_record), sizeof(struct bt_record) - 8},
	    {BT_RECORD_ENDED, sizeof(struct bt_record) - 8, sizeof(struct bt_record)},
	    {BT_RECORD_LUMP, sizeof(struct bt_lump) - 8, sizeof(struct bt_lump)},
	    {0, 24, 24},
	    {5, 24, 24},
	    {255, 24, 24},
	};
	unsigned char bytes[sizeof(struct bt_record)];

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct bt_snapshot s = {0};
		struct bt_record_head good = head_of(BT_RECORD_SAME, sizeof(good));
		struct bt_record_head bad = head_of(cases[i].type, cases[i].size);

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes, &bad, sizeof(bad));
		append(&s, &good, sizeof(good));
		append(&s, bytes, cases[i].bytes);
		/* A block of exactly that size: reading beyond it is seen. */
		s.records = realloc(s.records, s.length);
		s.capacity = s.length;
		assert_int_equal(count(&s), 1);
		bt_snapshot_free(&s);
	}
}

/* A newer record that is longer than ours is read as far as we know it. */
static void a_longer_record(void **state)
{
	struct bt_snapshot s = {0};
	unsigned char bytes[sizeof(struct bt_record) + 64] = {0};
	struct bt_record_head head = head_of(BT_RECORD_THREAD, sizeof(bytes));

	(void)state;
	memcpy(bytes, &head, sizeof(head));
	append(&s, bytes, sizeof(bytes));
	append(&s, bytes, sizeof(bytes));
	assert_int_equal(count(&s), 2);
	bt_snapshot_free(&s);
}

static void random_bytes(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		struct bt_snapshot s = {0};
		size_t length = 1 + unit_random(&seed) % 600;

		s.records = malloc(length);
		s.length = s.capacity = length;
		for (size_t i = 0; i < length; i++)
			s.records[i] = (unsigned char)(unit_random(&seed) % (round % 2 ? 256 : 40));
		assert_true(count(&s) <= length / sizeof(struct bt_record_head));
		bt_snapshot_free(&s);
	}
}

static void a_size_that_overflows(void **state)
{
	struct bt_snapshot s = {0};

	(void)state;
	s.length = 100;
	assert_null(bt_snapshot_reserve(&s, SIZE_MAX - 50));
	assert_null(bt_snapshot_reserve(&s, SIZE_MAX / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_one),          cmocka_unit_test(a_storm_that_is_over),
	    cmocka_unit_test(records_in_a_row),      cmocka_unit_test(what_is_no_record),
	    cmocka_unit_test(a_longer_record),       cmocka_unit_test(random_bytes),
	    cmocka_unit_test(a_size_that_overflows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
