/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bars keep their width, whatever share they are given. */
#include <math.h>

#include "bar.h"

#include "unit.h"

static void gauge_stays_in_its_width(void **state)
{
	static const struct {
		double share;
		const char *bar;
	} cases[] = {
	    {0, ""},  {0.5, "####"}, {1, "########"}, {1.3, "########"}, {1e300, "########"},
	    {-1, ""}, {NAN, ""},
	};
	struct bt_style style = {.utf8 = false};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct bt_strbuf out = BT_STRBUF_INIT;

		bt_gauge(&out, cases[i].share, 8, &style);
		assert_string_equal(bt_strbuf_text(&out), cases[i].bar);
		bt_strbuf_free(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gauge_stays_in_its_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
