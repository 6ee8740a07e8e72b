/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moments as people type them. */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "moment.h"
#include "strbuf.h"
#include "unit.h"

#define S       1000000000ll
#define AT_S    1792000000ll /* 2026-10-14 17:46:40 UTC, 19:46:40 in Berlin */
#define DAY     86400ll
#define HOUR    3600ll
#define MINUTE  60ll
#define ONE_DAY (AT_S - 17 * HOUR - 46 * MINUTE - 40) /* its midnight, UTC */

static const struct bt_moment_span two_hours = {
    .from_ns = (AT_S - HOUR) * S, .to_ns = (AT_S + HOUR) * S, .at_ns = AT_S * S};
/* From the day before yesterday to the day after tomorrow. */
static const struct bt_moment_span days = {
    .from_ns = (AT_S - 2 * DAY) * S, .to_ns = (AT_S + 2 * DAY) * S, .at_ns = AT_S * S};

static void zone(const char *name)
{
	setenv("TZ", name, 1);
	tzset();
}

struct example {
	const char *text;
	int64_t at_ns;
};

static void assert_moments(const struct example *list, size_t count, const struct bt_moment_span *span)
{
	for (size_t i = 0; i < count; i++) {
		int64_t at_ns = 77;

		assert_int_equal(bt_parse_moment(list[i].text, span, &at_ns), 0);
		if (at_ns != list[i].at_ns)
			fail_msg("%s: %lld, not %lld", list[i].text, (long long)at_ns,
				 (long long)list[i].at_ns);
	}
}

static void steps(void **state)
{
	static const struct example list[] = {
	    {"+5m", (AT_S + 300) * S},  {"-5m", (AT_S - 300) * S},
	    {"-90s", (AT_S - 90) * S},  {"+30", (AT_S + 30) * S},
	    {"-0.5", AT_S * S - S / 2}, {"+1.5h", (AT_S + 5400) * S},
	    {"-1d", (AT_S - DAY) * S},  {"+10000d", (AT_S + 10000 * DAY) * S},
	};

	(void)state;
	assert_moments(list, UNIT_COUNT(list), &two_hours);
}

static void times_of_day(void **state)
{
	static const struct example near[] = {
	    {"17:46:40", AT_S * S},
	    {"18:00", (ONE_DAY + 18 * HOUR) * S},
	    {"17:46:40.25", AT_S * S + S / 4},
	    /* Not in the span on any day: that of the day one is on. */
	    {"03:00", (ONE_DAY + 3 * HOUR) * S},
	};
	/* The nearest one that there is. */
	static const struct example far[] = {
	    {"17:00", (ONE_DAY + 17 * HOUR) * S},
	    {"03:00", (ONE_DAY + DAY + 3 * HOUR) * S},
	    {"07:00", (ONE_DAY + 7 * HOUR) * S},
	};
	static const struct example berlin[] = {{"19:46:40", AT_S * S}, {"20:00", (ONE_DAY + 18 * HOUR) * S}};

	(void)state;
	zone("UTC0");
	assert_moments(near, UNIT_COUNT(near), &two_hours);
	assert_moments(far, UNIT_COUNT(far), &days);
	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_moments(berlin, UNIT_COUNT(berlin), &two_hours);
	zone("UTC0");
}

static void dates(void **state)
{
	static const struct example utc[] = {
	    {"2026-10-14T17:46:40Z", AT_S * S},
	    {"2026-10-14t17:46:40z", AT_S * S},
	    {"2026-10-14T19:46:40+02:00", AT_S * S},
	    {"2026-10-14T12:16:40-05:30", AT_S * S},
	    {"2026-10-14T17:46:40", AT_S * S},
	    {"2026-10-14 17:46", (AT_S - 40) * S},
	    {"2026-10-14", ONE_DAY * S},
	    {"2026-10-14T17:46:40.5Z", AT_S * S + S / 2},
	};
	static const struct example berlin[] = {{"2026-10-14 19:46:40", AT_S * S},
						{"2026-10-14T17:46:40Z", AT_S * S}};

	(void)state;
	zone("UTC0");
	assert_moments(utc, UNIT_COUNT(utc), &two_hours);
	zone("CET-1CEST,M3.5.0,M10.5.0/3");
	assert_moments(berlin, UNIT_COUNT(berlin), &two_hours);
	zone("UTC0");
}

static void what_is_none(void **state)
{
	static const char *const no_moment[] = {
	    "",
	    " ",
	    "now",
	    "14",
	    "14:0",
	    "14:00:0",
	    "14:00:00:00",
	    "14:00x",
	    "+",
	    "-",
	    "+m",
	    "+5w",
	    "+5mm",
	    "5m",
	    "+-5",
	    "--5",
	    "+ 5",
	    "2026-1-1",
	    "2026-10-14T",
	    "2026-10-14T14",
	    "2026-10-14T14:00x",
	    "+1.",
	    "+.5",
	    "1:00",
	    "2026-10",
	    "14:00:00.",
	    "2026-10-14T14:00+1",
	    "2026-10-14Z14:00",
	};
	static const char *const out_of_range[] = {
	    "24:00",
	    "12:60",
	    "12:00:61",
	    "2026-13-01",
	    "2026-00-10",
	    "2026-02-30",
	    "1969-12-31",
	    "2026-04-31T00:00Z",
	    "9999-01-01",
	    "+999999999999d",
	    "-99999999999999999999s",
	};
	int64_t at_ns = 77;

	(void)state;
	zone("UTC0");
	for (size_t i = 0; i < UNIT_COUNT(no_moment); i++)
		if (bt_parse_moment(no_moment[i], &two_hours, &at_ns) != -EINVAL)
			fail_msg("%s was taken", no_moment[i]);
	for (size_t i = 0; i < UNIT_COUNT(out_of_range); i++)
		if (bt_parse_moment(out_of_range[i], &two_hours, &at_ns) != -ERANGE)
			fail_msg("%s was taken", out_of_range[i]);
	assert_true(at_ns == 77);
}

static void as_they_are_shown(void **state)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	(void)state;
	zone("UTC0");
	bt_moment_text(&text, AT_S * S + S / 2, false);
	bt_strbuf_add_char(&text, ' ');
	bt_moment_text(&text, AT_S * S, true);
	assert_string_equal(bt_strbuf_text(&text), "17:46:40 2026-10-14 17:46:40");
	bt_strbuf_free(&text);
	assert_true(bt_moment_same_day(ONE_DAY * S, (ONE_DAY + DAY) * S - 1));
	assert_false(bt_moment_same_day(ONE_DAY * S, (ONE_DAY + DAY) * S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(steps),        cmocka_unit_test(times_of_day),      cmocka_unit_test(dates),
	    cmocka_unit_test(what_is_none), cmocka_unit_test(as_they_are_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
