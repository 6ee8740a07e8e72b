/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tells Ruby's lock: include/ruby_lock.h. The words are those of Ruby 3.1's threads on Debian 12. */
#include "ruby_lock.h"

#include "unit.h"

#define COND 0x557f799aa678ULL
/* Of either of the two groups of who waits. */
#define FUTEX 0x557f799aa6a0ULL

static enum bt_ruby_wait wait_of(uint64_t first, uint64_t second, uint64_t futex)
{
	const uint64_t words[2] = {first, second};

	return bt_ruby_wait_of((const __u64 *)words, futex);
}

static void by_the_mutex(void **state)
{
	(void)state;
	for (uint64_t group = 0; group <= 4; group += 4) {
		assert_int_equal(BT_RUBY_LOCK, wait_of(COND, 0x557f796f50d8, FUTEX + group));
		assert_int_equal(BT_RUBY_SLEEPS, wait_of(COND, COND + 88, FUTEX + group));
	}
	/* Lower in memory. */
	assert_int_equal(BT_RUBY_LOCK, wait_of(COND, COND - 120, FUTEX));
}

static void other_words_tell_nothing(void **state)
{
	(void)state;
	assert_int_equal(BT_RUBY_UNKNOWN, wait_of(COND, 0, FUTEX));
	assert_int_equal(BT_RUBY_UNKNOWN, wait_of(COND, COND, FUTEX));
	assert_int_equal(BT_RUBY_UNKNOWN, wait_of(COND, 0x44b82fa09b5a53, FUTEX));
	assert_int_equal(BT_RUBY_UNKNOWN, wait_of(COND, 0xffff888000000000, FUTEX));
	assert_int_equal(BT_RUBY_UNKNOWN, wait_of(COND + 48, 0x557f796f50d8, FUTEX));
	assert_int_equal(BT_RUBY_UNKNOWN, wait_of(FUTEX, 0x557f796f50d8, FUTEX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_the_mutex),
	    cmocka_unit_test(other_words_tell_nothing),
	};

	return cmocka_run_group_tests_name("ruby_lock", tests, NULL, NULL);
}
