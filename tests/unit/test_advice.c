/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice as a whole: who gets none, and the table beside its page. */
#include <stdio.h>

#include "advice_world.h"
#include "words.h"

static void no_advice(void **state)
{
	WORLD;
	/* Unaccounted for. */
	spend(&w, BT_MS_USER, 700 * MS);
	spend(&w, BT_MS_UNKNOWN, 300 * MS);
	assert_advice(&w, "");
	/* Nothing was seen. */
	again(&w);
	assert_advice(&w, "");
	/* Over before anybody can act on it. */
	again(&w);
	spend(&w, BT_MS_USER, 90 * MS);
	w.p.end_ns = 90 * MS;
	assert_advice(&w, "");
	spend(&w, BT_MS_USER, 20 * MS);
	w.p.end_ns = 110 * MS;
	w.p.usage.active_max_ns = w.p.usage.oncpu_max_ns = 0;
	assert_advice(&w, "cpu-one-thread");
	/* A kernel thread. */
	again(&w);
	spend(&w, BT_MS_USER, 1000 * MS);
	w.p.kind = BT_KIND_KERNEL;
	assert_advice(&w, "");
	w.p.kind = BT_KIND_USER;
	assert_advice(&w, "cpu-one-thread");
	world_close(&w);
}

/* Parts of it: advice on what is a quarter or more, and on nothing else. */
static void mixed(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 400 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 330 * MS, 100);
	wait_for(&w, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 200 * MS, 100);
	assert_advice(&w, "disk-fsync");

	/* The kernel's part of the I/O is no matter of its own; unless it is the largest of all. */
	again(&w);
	spend(&w, BT_MS_SYSTEM, 460 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 540 * MS, 100);
	assert_advice(&w, "disk-fsync");
	w.p.usage.stime_ns = w.p.usage.totals.oncpu_ns = 600 * MS;
	assert_advice(&w, "cpu-system-calls disk-fsync");
	world_close(&w);
}

/* What the sections of docs/advice.md are called. */
static void every_id_has_its_page(void **state)
{
	FILE *page = fopen(ADVICE_PAGE, "re");
	char line[512], id[512];
	bool seen[64] = {false};

	(void)state;
	assert_non_null(page);
	assert_true(bt_advice_count() <= 64);
	while (fgets(line, sizeof(line), page)) {
		unsigned int row = 0;

		if (sscanf(line, "## %s", id) != 1)
			continue;
		while (row < bt_advice_count() && strcmp(bt_advice_id(row), id) != 0)
			row++;
		if (row == bt_advice_count())
			fail_msg("%s has a section %s, and the table no such id", ADVICE_PAGE, id);
		assert_false(seen[row]);
		seen[row] = true;
	}
	fclose(page);
	for (unsigned int row = 0; row < bt_advice_count(); row++)
		if (!seen[row])
			fail_msg("%s has no section %s", ADVICE_PAGE, bt_advice_id(row));
}

static void rows_are_different(void **state)
{
	(void)state;
	for (unsigned int row = 0; row < bt_advice_count(); row++) {
		assert_true(*bt_advice_title(row));
		for (unsigned int k = 0; k < row; k++)
			assert_string_not_equal(bt_advice_id(row), bt_advice_id(k));
	}
}

static void numbers_in_words(void **state)
{
	static const struct {
		double value;
		const char *duration, *bytes;
	} cases[] = {
	    {0, "0 ns", "0 bytes"},       {1, "1 ns", "1 byte"},         {850, "850 ns", "850 bytes"},
	    {999.6, "1.0 us", "1.0 kB"},  {9940, "9.9 us", "9.9 kB"},    {9960, "10 us", "10 kB"},
	    {1900e3, "1.9 ms", "1.9 MB"}, {999.6e3, "1.0 ms", "1.0 MB"}, {24e6, "24 ms", "24 MB"},
	    {12e9, "12 s", "12 GB"},      {3600e9, "3600 s", "3600 GB"},
	};
	struct bt_strbuf text = BT_STRBUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bt_strbuf_clear(&text);
		bt_words_duration(&text, cases[i].value);
		assert_string_equal(bt_strbuf_text(&text), cases[i].duration);
		bt_strbuf_clear(&text);
		bt_words_bytes(&text, cases[i].value);
		assert_string_equal(bt_strbuf_text(&text), cases[i].bytes);
	}
	bt_strbuf_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(no_advice),
	    cmocka_unit_test(mixed),
	    cmocka_unit_test(every_id_has_its_page),
	    cmocka_unit_test(rows_are_different),
	    cmocka_unit_test(numbers_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
