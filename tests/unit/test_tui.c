/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is pure of the dashboard: the table of keys, its configuration, which columns find room, filters. */
#include "unit.h"

#include <errno.h>
#include <stdio.h>

#include "model.h"
#include "query.h"
#include "strbuf.h"
#include "tui_columns.h"
#include "tui_config.h"
#include "tui_keys.h"

static void every_key_does_one_thing(void **state)
{
	(void)state;
	for (size_t i = 0; i < bt_key_count; i++) {
		assert_true(bt_keys[i].codes[0] != 0);
		assert_true(*bt_keys[i].label && *bt_keys[i].meaning);
		for (size_t k = 0; k < BT_KEY_CODES && bt_keys[i].codes[k]; k++)
			assert_int_equal(bt_keys[i].action, bt_key_action(bt_keys[i].codes[k],
									  bt_keys[i].when == BT_KEY_REPLAY));
		if (bt_keys[i].when == BT_KEY_ALWAYS)
			assert_int_equal(bt_keys[i].action, bt_key_action(bt_keys[i].codes[0], true));
		assert_ptr_equal(&bt_keys[i], bt_key_of(bt_keys[i].action));
	}
	assert_int_equal(BT_ACTION_NONE, bt_key_action(0, false));
	assert_int_equal(BT_ACTION_NONE, bt_key_action(0x7fffffff, true));
}

/* The hands of people who know top and htop. */
static void keys_are_those_of_top_and_htop(void **state)
{
	static const struct {
		int key;
		enum bt_action action;
	} known[] = {
	    {'q', BT_ACTION_QUIT},        {'h', BT_ACTION_HELP},      {'?', BT_ACTION_HELP},
	    {'/', BT_ACTION_SEARCH},      {'\\', BT_ACTION_FILTER},   {'P', BT_ACTION_SORT_CPU},
	    {'M', BT_ACTION_SORT_MEMORY}, {'T', BT_ACTION_SORT_TIME}, {'t', BT_ACTION_TREE},
	    {'H', BT_ACTION_THREADS},     {'u', BT_ACTION_USER},      {'k', BT_ACTION_SIGNAL},
	    {'r', BT_ACTION_RENICE},      {' ', BT_ACTION_STEP},      {'N', BT_ACTION_SORT_PID},
	    {'I', BT_ACTION_INVERT},      {'F', BT_ACTION_FOLLOW},    {'Z', BT_ACTION_PAUSE},
	    {'d', BT_ACTION_DELAY},       {'W', BT_ACTION_SAVE},      {'i', BT_ACTION_IDLE},
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(known); i++)
		assert_int_equal(known[i].action, bt_key_action(known[i].key, false));
}

static void config_comes_back_as_it_was_written(void **state)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	struct bt_tui_config written, read;
	char why[128];

	(void)state;
	bt_tui_config_default(&written);
	written.delay_ns = 1500000000;
	written.sort = &bt_fields[BT_FIELD_RSS_BYTES];
	written.sort_reversed = true;
	written.tree = written.hide_kernel = true;
	for (size_t i = 0; i < BT_FIELD_COUNT && i < BT_TUI_COLUMNS_MAX; i++)
		written.columns[written.column_count++] = &bt_fields[i];
	bt_tui_config_format(&written, &text);
	assert_int_equal(0, bt_tui_config_parse(&read, bt_strbuf_text(&text), why, sizeof(why)));
	assert_int_equal(written.delay_ns, read.delay_ns);
	assert_ptr_equal(written.sort, read.sort);
	assert_true(read.sort_reversed && read.tree && read.hide_kernel);
	assert_false(read.group || read.threads || read.hide_idle);
	assert_int_equal(written.column_count, read.column_count);
	assert_memory_equal(written.columns, read.columns,
			    written.column_count * sizeof(const struct bt_field *));
	bt_strbuf_free(&text);
}

static void config_that_is_wrong_is_the_default(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *why;
	} cases[] = {
	    {"version = 2\n", -ENOTSUP, "line 1: written by a newer version"},
	    {"# ours\n\nversion = 1\ncolours = many\n", -EINVAL, "line 4: not understood"},
	    {"tree = maybe", -EINVAL, "line 1: not understood"},
	    {"tree", -EINVAL, "line 1: not understood"},
	    {"= yes", -EINVAL, "line 1: not understood"},
	    {"columns = pid, verdict, PID", -EINVAL, "line 1: not understood"},
	    {"columns = pid, nosuch", -EINVAL, "line 1: not understood"},
	    {"sort = !", -EINVAL, "line 1: not understood"},
	    {"delay = 0", -EINVAL, "line 1: not understood"},
	    {"version = 99999999999999999999", -EINVAL, "line 1: not understood"},
	    {"\x7f"
	     "ELF\x02",
	     -EINVAL, "line 1: not understood"},
	};
	struct bt_tui_config standard;

	(void)state;
	bt_tui_config_default(&standard);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct bt_tui_config c;
		char why[128] = "";

		assert_int_equal(cases[i].err, bt_tui_config_parse(&c, cases[i].text, why, sizeof(why)));
		assert_string_equal(cases[i].why, why);
		assert_memory_equal(&standard, &c, sizeof(c));
	}
}

static void config_takes_what_people_write(void **state)
{
	struct bt_tui_config c;
	char why[128] = "";

	(void)state;
	assert_int_equal(0, bt_tui_config_parse(&c, "", why, sizeof(why)));
	assert_int_equal(BT_TUI_DELAY_NS, c.delay_ns);
	assert_int_equal(0, bt_tui_config_parse(
				&c, "\r\n  tree=yes  \r\n#tree = no\ncolumns=PID,  command ,GIL%\nsort=RSS",
				why, sizeof(why)));
	assert_true(c.tree);
	assert_int_equal(3, c.column_count);
	assert_ptr_equal(&bt_fields[BT_FIELD_SHARE + BT_MS_GIL], c.columns[2]);
	assert_ptr_equal(&bt_fields[BT_FIELD_RSS_BYTES], c.sort);
}

static bool has(const struct bt_tui_columns *c, enum bt_field_id id)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->list[i].field == &bt_fields[id])
			return true;
	return false;
}

static unsigned int width_of(const struct bt_tui_columns *c)
{
	unsigned int width = 0;

	for (size_t i = 0; i < c->count; i++)
		width += c->list[i].width + (i > 0);
	return width;
}

static void columns_fit_every_width(void **state)
{
	struct bt_tui_config config;
	struct bt_tui_columns c;
	size_t before = 0;

	(void)state;
	bt_tui_config_default(&config);
	for (unsigned int columns = 40; columns <= 600; columns++) {
		struct bt_tui_room room = {columns, 7, false};

		bt_tui_columns_choose(&c, &config, &room);
		/* What says what a process is bound by is there on the smallest terminal. */
		assert_true(has(&c, BT_FIELD_PID) && has(&c, BT_FIELD_VERDICT) && has(&c, BT_FIELD_COMMAND));
		assert_true(width_of(&c) + 10 <= columns);
		assert_true(c.count >= before);
		before = c.count;
		if (columns >= 80)
			assert_true(has(&c, BT_FIELD_BAR) && has(&c, BT_FIELD_CAUSE) &&
				    has(&c, BT_FIELD_ACTIVE));
		if (columns >= 100)
			assert_true(has(&c, BT_FIELD_USER) && has(&c, BT_FIELD_TREND));
	}
	assert_true(has(&c, BT_FIELD_CGROUP));
}

static void what_is_sorted_by_is_seen(void **state)
{
	struct bt_tui_room room = {80, 5, false};
	struct bt_tui_config config;
	struct bt_tui_columns c;

	(void)state;
	bt_tui_config_default(&config);
	for (size_t i = 0; i < BT_FIELD_COUNT; i++) {
		if (!bt_fields[i].width || !(bt_fields[i].scopes & BT_SCOPE_PROCESS))
			continue;
		config.sort = &bt_fields[i];
		bt_tui_columns_choose(&c, &config, &room);
		assert_true(has(&c, (enum bt_field_id)i));
	}
}

static void own_columns_keep_their_order(void **state)
{
	struct bt_tui_room room = {60, 5, true};
	struct bt_tui_config config;
	struct bt_tui_columns c;
	char why[64];

	(void)state;
	assert_int_equal(0, bt_tui_config_parse(&config, "columns = command, verdict, pid, bar, cgroup, user",
						why, sizeof(why)));
	bt_tui_columns_choose(&c, &config, &room);
	assert_true(c.count >= 3 && width_of(&c) <= 60);
	assert_ptr_equal(&bt_fields[BT_FIELD_COMMAND], c.list[0].field);
	assert_true(c.list[0].width > 0);
	assert_ptr_equal(&bt_fields[BT_FIELD_TID], c.list[2].field);
}

static bool matches(const char *text, const struct bt_process *p)
{
	struct bt_query *q = NULL;
	char why[128] = "";
	bool match;

	assert_int_equal(0, bt_query_create(&q, text, why, sizeof(why)));
	match = bt_query_match(q, p);
	bt_query_destroy(q);
	return match;
}

static void filters_match_by_words(void **state)
{
	const struct bt_process p = {
	    .identity = {.pid = 4711},
	    .comm = "nginx",
	    .cmdline = "nginx: worker process -C /etc/my conf",
	    .user = "www-data",
	    .cgroup = "/system.slice/nginx.service",
	    .container = "docker:0123456789ab",
	    .verdict = {.id = BT_VERDICT_IO_BOUND, .cause = BT_MS_DISK},
	};
	const struct bt_process bare = {.comm = "kworker/0:1", .verdict = {.cause = BT_MS_NONE}};

	(void)state;
	assert_true(matches("", &p) && matches("   ", &p) && bt_query_match(NULL, &p));
	assert_true(matches("WORKER", &p) && matches("worker nginx", &p));
	assert_false(matches("worker apache", &p));
	assert_true(matches("/^nginx: (worker|master)/", &p) && matches("/my conf$/", &p));
	assert_false(matches("/^worker/", &p));
	assert_true(matches("user:www", &p) && matches("verdict:io", &p) && matches("cause:disk", &p));
	assert_true(matches("cgroup:slice/nginx pid:4711", &p));
	assert_true(matches("container:docker: container:6789", &p));
	assert_false(matches("container:nginx", &p) || matches("verdict:cpu", &p) || matches("pid:471", &p));
	assert_true(matches("!apache !user:root", &p));
	assert_false(matches("!nginx", &p) || matches("!/x/ !/worker/", &p));
	assert_true(matches("kworker", &bare) &&
		    matches("!user:root !cgroup:x !container:x !cause:disk", &bare));
	assert_false(matches("user:root", &bare) || matches("cgroup:x", &bare));
}

static void filters_that_are_wrong_are_refused(void **state)
{
	static const char *const wrong[] = {"/a(/", "pid:", "pid:x", "!pid:1x",
					    "a b c d e f g h i j k l m n o p q"};
	struct bt_query *q = NULL;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(wrong); i++) {
		char why[128] = "";

		assert_int_equal(-EINVAL, bt_query_create(&q, wrong[i], why, sizeof(why)));
		assert_true(*why && !q);
	}
}

static void filters_say_what_they_need(void **state)
{
	static const struct {
		const char *text;
		unsigned int needs;
	} cases[] = {
	    {"verdict:io", 0},
	    {"user:x", BT_QUERY_NEEDS_USER},
	    {"x", BT_QUERY_NEEDS_COMMAND},
	    {"/x/ !user:y", BT_QUERY_NEEDS_COMMAND | BT_QUERY_NEEDS_USER},
	};

	(void)state;
	assert_int_equal(0, bt_query_needs(NULL));
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct bt_query *q = NULL;
		char why[128];

		assert_int_equal(0, bt_query_create(&q, cases[i].text, why, sizeof(why)));
		assert_int_equal(cases[i].needs, bt_query_needs(q));
		bt_query_destroy(q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_key_does_one_thing),
	    cmocka_unit_test(keys_are_those_of_top_and_htop),
	    cmocka_unit_test(config_comes_back_as_it_was_written),
	    cmocka_unit_test(config_that_is_wrong_is_the_default),
	    cmocka_unit_test(config_takes_what_people_write),
	    cmocka_unit_test(columns_fit_every_width),
	    cmocka_unit_test(what_is_sorted_by_is_seen),
	    cmocka_unit_test(own_columns_keep_their_order),
	    cmocka_unit_test(filters_match_by_words),
	    cmocka_unit_test(filters_that_are_wrong_are_refused),
	    cmocka_unit_test(filters_say_what_they_need),
	};

	return cmocka_run_group_tests_name("tui", tests, NULL, NULL);
}
