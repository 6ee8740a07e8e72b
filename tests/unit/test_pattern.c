/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions that are taken, and those that would take the host. */
#include <errno.h>
#include <stdio.h>

#include "pattern.h"

#include "unit.h"

static const char *refusal(const char *text)
{
	static char why[128];
	regex_t regex;
	int err = bt_pattern_compile(&regex, text, why, sizeof(why));

	if (err) {
		assert_int_equal(err, -EINVAL);
		return why;
	}
	regfree(&regex);
	return NULL;
}

static void what_people_type(void **state)
{
	static const char *const taken[] = {
	    "",
	    "nginx",
	    "^(nginx|php-fpm[0-9.]+): (master|worker)",
	    "a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q+r+s+t+u+v+w+x+y+z+",
	    "[]()+{}[:alpha:]+]+",
	    "[^]{}+]{2,200}",
	    "(([a-z]{1,8}\\.){1,8}[a-z]{2,8})?/\\{x\\}\\+\\+\\+\\+\\+\\+",
	    "a++",
	};

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(taken); i++)
		if (refusal(taken[i]))
			fail_msg("%s: %s", taken[i], refusal(taken[i]));
}

static void what_would_take_all(void **state)
{
	char nested[4096] = "";

	(void)state;
	assert_string_equal(refusal("-++++++++++++++++++++"), "repeats too much");
	assert_string_equal(refusal("((x{255}){255}){255}"), "repeats too much");
	assert_string_equal(refusal("x{255}{255}{255}"), "repeats too much");
	assert_string_equal(refusal("(((((((((((((((((((ab+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+"),
			    "repeats too much");
	assert_string_equal(refusal("x{99999999999999999999}{2}"), "repeats too much");
	assert_string_equal(refusal("5+++*++++++++++eu"), "repeats too much");
	assert_string_equal(refusal("/?????????++++++++++x++++"), "repeats too much");
	assert_string_equal(refusal("^]{1,8888}m"), "repeats too much");
	assert_string_equal(refusal("((a*)*){50}{50}"), "repeats too much");
	assert_string_equal(refusal("(ab?c{0,2}){500}"), "repeats too much");
	assert_string_equal(refusal("(a*)*\\1"), "back-references are not supported");
	memset(nested, '(', 2000);
	memset(nested + 2000, ')', 2000);
	assert_string_equal(refusal(nested), "too many nested parentheses");
	assert_non_null(refusal("("));
	assert_non_null(refusal("["));
	assert_non_null(refusal("[[:"));
	assert_non_null(refusal("\\"));
	assert_non_null(refusal("x{2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_people_type),
	    cmocka_unit_test(what_would_take_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
