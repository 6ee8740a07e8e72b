/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings that grow, hostile bytes, and what users type. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "parse.h"
#include "sanitize.h"
#include "strbuf.h"
#include "unit.h"

#define assert_appended(call, expected)                                                                      \
	do {                                                                                                 \
		struct bt_strbuf b = BT_STRBUF_INIT;                                                         \
		call;                                                                                        \
		assert_string_equal(bt_strbuf_text(&b), expected);                                           \
		assert_int_equal(b.length, strlen(expected));                                                \
		bt_strbuf_free(&b);                                                                          \
	} while (0)

static void appending(void **state)
{
	struct bt_strbuf b = BT_STRBUF_INIT;

	(void)state;
	assert_string_equal(bt_strbuf_text(&b), "");
	bt_strbuf_truncate(&b, 0);
	bt_strbuf_add(&b, "");
	bt_strbuf_add_bytes(&b, NULL, 0);
	assert_null(b.data);
	for (int i = 0; i < 10000; i++)
		bt_strbuf_add(&b, "0123456789");
	assert_int_equal(b.length, 100000);
	assert_int_equal(strlen(b.data), 100000);
	bt_strbuf_truncate(&b, 12);
	assert_string_equal(b.data, "012345678901");
	bt_strbuf_truncate(&b, 13);
	assert_int_equal(b.length, 12);
	bt_strbuf_clear(&b);
	assert_string_equal(b.data, "");
	bt_strbuf_add_char(&b, 'x');
	bt_strbuf_add_fill(&b, '.', 3);
	bt_strbuf_add_fill(&b, '.', 0);
	bt_strbuf_addf(&b, "%d %s", -5, "five");
	assert_string_equal(b.data, "x...-5 five");
	assert_int_equal(bt_strbuf_error(&b), 0);
	bt_strbuf_free(&b);
	assert_null(b.data);
}

/* Made for a long text, the memory goes back when a short one did with it. */
static void shrinking(void **state)
{
	struct bt_strbuf b = BT_STRBUF_INIT;

	(void)state;
	bt_strbuf_add_fill(&b, 'x', 4 << 20);
	bt_strbuf_clear(&b);
	assert_true(b.capacity >= 4 << 20);
	bt_strbuf_add(&b, "short");
	bt_strbuf_clear(&b);
	assert_true(b.capacity < 1 << 20);
	assert_string_equal(b.data, "");
	bt_strbuf_free(&b);
}

/* The exact size of the memory is the hardest case. */
static void every_length(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	for (size_t n = 0; n < sizeof(text); n++) {
		struct bt_strbuf b = BT_STRBUF_INIT;

		bt_strbuf_add_bytes(&b, text, n);
		bt_strbuf_addf(&b, "%.*s", (int)n, text);
		assert_int_equal(b.length, 2 * n);
		if (n)
			assert_int_equal(strlen(b.data), 2 * n);
		bt_strbuf_free(&b);
	}
}

static void no_memory_is_told_once(void **state)
{
	struct bt_strbuf b = BT_STRBUF_INIT;

	(void)state;
	bt_strbuf_add(&b, "kept");
	bt_strbuf_add_fill(&b, ' ', SIZE_MAX / 2);
	assert_int_equal(bt_strbuf_error(&b), -ENOMEM);
	bt_strbuf_add(&b, "ignored");
	bt_strbuf_addf(&b, "%d", 1);
	assert_string_equal(bt_strbuf_text(&b), "kept");
	bt_strbuf_clear(&b);
	bt_strbuf_add(&b, "again");
	assert_int_equal(bt_strbuf_error(&b), 0);
	assert_string_equal(bt_strbuf_text(&b), "again");
	bt_strbuf_free(&b);
}

static void integers(void **state)
{
	(void)state;
	assert_appended(bt_strbuf_add_uint(&b, 0), "0");
	assert_appended(bt_strbuf_add_uint(&b, UINT64_MAX), "18446744073709551615");
	assert_appended(bt_strbuf_add_int(&b, -1), "-1");
	assert_appended(bt_strbuf_add_int(&b, INT64_MIN), "-9223372036854775808");
	assert_appended(bt_strbuf_add_int(&b, INT64_MAX), "9223372036854775807");
	assert_appended(bt_strbuf_add_hex(&b, 0), "0");
	assert_appended(bt_strbuf_add_hex(&b, 0xdeadbeef12345678), "deadbeef12345678");
	assert_appended(bt_strbuf_add_hex(&b, UINT64_MAX), "ffffffffffffffff");
	assert_appended(bt_strbuf_add_scaled(&b, 1234, 3), "1.234");
	assert_appended(bt_strbuf_add_scaled(&b, 4, 3), "0.004");
	assert_appended(bt_strbuf_add_scaled(&b, 4, 0), "4");
	assert_appended(bt_strbuf_add_scaled(&b, UINT64_MAX, 9), "18446744073.709551615");
}

static void fixed_point(void **state)
{
	(void)state;
	assert_appended(bt_strbuf_add_fixed(&b, 0, 0), "0");
	assert_appended(bt_strbuf_add_fixed(&b, 0, 2), "0.00");
	assert_appended(bt_strbuf_add_fixed(&b, 1.25, 1), "1.3");
	assert_appended(bt_strbuf_add_fixed(&b, -1.25, 1), "-1.3");
	assert_appended(bt_strbuf_add_fixed(&b, 99.95, 0), "100");
	assert_appended(bt_strbuf_add_fixed(&b, 0.999, 2), "1.00");
	assert_appended(bt_strbuf_add_fixed(&b, -0.001, 2), "0.00");
	assert_appended(bt_strbuf_add_fixed(&b, -0.0, 1), "0.0");
	assert_appended(bt_strbuf_add_fixed(&b, NAN, 1), "nan");
	assert_appended(bt_strbuf_add_fixed(&b, INFINITY, 1), "inf");
	assert_appended(bt_strbuf_add_fixed(&b, -INFINITY, 1), "-inf");
	assert_appended(bt_strbuf_add_fixed(&b, 1e18, 0), "1000000000000000000");
	assert_appended(bt_strbuf_add_fixed(&b, 1e25, 1), "10000000000000000905969664.0");
	assert_appended(bt_strbuf_add_fixed(&b, 3, 99), "3.000000000");
	/* As printf has it, off a tie. */
	uint64_t seed = 3;
	for (int i = 0; i < 20000; i++) {
		double value = (double)(int64_t)unit_random(&seed) / 1e13 + 1e-7;
		char expected[64];

		if (fabs(value * 1000 - trunc(value * 1000)) > 0.49 &&
		    fabs(value * 1000 - trunc(value * 1000)) < 0.51)
			continue;
		snprintf(expected, sizeof(expected), "%.3f", value);
		assert_appended(bt_strbuf_add_fixed(&b, value, 3), expected);
	}
}

static void assert_sanitized(const char *in, size_t length, unsigned int max, enum bt_charset charset,
			     const char *expected, unsigned int width)
{
	struct bt_strbuf b = BT_STRBUF_INIT;
	unsigned int got = bt_sanitize(&b, in, length, max, charset);

	assert_string_equal(bt_strbuf_text(&b), expected);
	assert_int_equal(got, width);
	bt_strbuf_free(&b);
}

#define assert_utf8(in, expected, width)                                                                     \
	assert_sanitized(in, sizeof(in) - 1, BT_SANITIZE_WIDE, BT_CHARSET_UTF8, expected, width)
#define assert_ascii(in, expected, width)                                                                    \
	assert_sanitized(in, sizeof(in) - 1, BT_SANITIZE_WIDE, BT_CHARSET_ASCII, expected, width)

#define R "\xef\xbf\xbd"

static void harmless_text(void **state)
{
	(void)state;
	assert_utf8("", "", 0);
	assert_utf8("bash -c 'x | y'", "bash -c 'x | y'", 15);
	assert_utf8("na\xc3\xafve", "na\xc3\xafve", 5);
	assert_utf8("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac", 4);
	assert_utf8("\xf0\x9f\x90\xa7", "\xf0\x9f\x90\xa7", 2);
	assert_utf8("e\xcc\x81", "e\xcc\x81", 1);
	assert_ascii("na\xc3\xafve", "na?ve", 5);
	assert_ascii("\xe6\x97\xa5!", "?!", 2);
}

static void escapes_and_controls(void **state)
{
	(void)state;
	assert_utf8("\x1b[2J\x1b]0;pwned\x07", R "[2J" R "]0;pwned" R, 14);
	assert_utf8("a\nb\tc\rd", "a" R "b" R "c" R "d", 7);
	assert_utf8("a\0b", "a" R "b", 3);
	assert_utf8("\x7f", R, 1);
	/* C1, as bytes and as characters: CSI of old terminals. */
	assert_utf8("\x9b"
		    "31m",
		    R "31m", 4);
	assert_utf8("\xc2\x9b"
		    "31m",
		    R "31m", 4);
	assert_ascii("\xc2\x9b"
		     "31m",
		     "?31m", 4);
}

static void broken_utf8(void **state)
{
	(void)state;
	assert_utf8("\xc3", R, 1);
	assert_utf8("\xe6\x97", R R, 2);
	assert_utf8("\xc3(", R "(", 2);
	assert_utf8("\xc0\xaf", R R, 2);                   /* overlong '/' */
	assert_utf8("\xe0\x80\xaf", R R R, 3);             /* likewise */
	assert_utf8("\xf0\x80\x80\xaf", R R R R, 4);       /* likewise */
	assert_utf8("\xed\xa0\x80", R R R, 3);             /* surrogate */
	assert_utf8("\xf4\x90\x80\x80", R R R R, 4);       /* beyond U+10FFFF */
	assert_utf8("\xf8\x88\x80\x80\x80", R R R R R, 5); /* five bytes */
	assert_utf8("\xff\xfe", R R, 2);
	assert_utf8("\x80\xbf", R R, 2);
}

static void deceptive_characters(void **state)
{
	(void)state;
	assert_utf8("a\xe2\x80\xae"
		    "b",
		    "a" R "b", 3); /* right-to-left override */
	assert_utf8("a\xe2\x81\xa6"
		    "b",
		    "a" R "b", 3); /* isolate */
	assert_utf8("a\xe2\x80\x8b"
		    "b",
		    "a" R "b", 3); /* zero width space */
	assert_utf8("a\xe2\x80\x8d"
		    "b",
		    "a" R "b", 3); /* joiner */
	assert_utf8("a\xe2\x80\xa8"
		    "b",
		    "a" R "b", 3);              /* line separator */
	assert_utf8("\xef\xbb\xbf", R, 1);      /* byte order mark */
	assert_utf8("\xc2\xad", R, 1);          /* soft hyphen */
	assert_utf8("\xee\x80\x80", R, 1);      /* private use */
	assert_utf8("\xef\xbf\xbf", R, 1);      /* no character */
	assert_utf8("\xf3\xa0\x81\x81", R, 1);  /* tag */
	assert_utf8("a\xef\xb8\x8f", "a" R, 2); /* variation selector */
	assert_utf8("\xcd\xb8", R, 1);          /* unassigned U+0378 */
}

static void marks_need_a_base(void **state)
{
	(void)state;
	assert_utf8("\xcc\x81"
		    "a",
		    R "a", 2);
	assert_utf8("\x01\xcc\x81", R R, 2);
	assert_utf8("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81\xcc\x81" R, 2);
}

static void widths_are_kept(void **state)
{
	(void)state;
	assert_sanitized("abcdef", 6, 3, BT_CHARSET_UTF8, "abc", 3);
	assert_sanitized("abcdef", 6, 0, BT_CHARSET_UTF8, "", 0);
	assert_sanitized("\xe6\x97\xa5\xe6\x9c\xac", 6, 3, BT_CHARSET_UTF8, "\xe6\x97\xa5", 2);
	assert_sanitized("a\xe6\x97\xa5", 4, 2, BT_CHARSET_UTF8, "a", 1);
	assert_sanitized("\x01\x02\x03", 3, 2, BT_CHARSET_ASCII, "??", 2);
	/* A mark takes no room. */
	assert_sanitized("abe\xcc\x81z", 6, 3, BT_CHARSET_UTF8, "abe\xcc\x81", 3);
}

/* Nothing that comes out can do harm, and it is stable under a second pass. */
static void hostile_corpus(void **state)
{
	uint64_t seed = 11;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct bt_strbuf once = BT_STRBUF_INIT, twice = BT_STRBUF_INIT;
		enum bt_charset charset = round % 2 ? BT_CHARSET_ASCII : BT_CHARSET_UTF8;
		char text[40];
		unsigned int width;

		for (size_t i = 0; i < sizeof(text); i++) {
			uint64_t dice = unit_random(&seed);
			/* Lead bytes, continuations and ASCII, so that some sequences are whole. */
			text[i] = (char)(dice % 3 ? 0x80 | (dice >> 8) % 0x80 : (dice >> 8) % 0x80);
		}
		width = bt_sanitize(&once, text, sizeof(text), BT_SANITIZE_WIDE, charset);
		assert_true(width <= 2 * sizeof(text));
		for (size_t i = 0; i < once.length; i++) {
			unsigned char c = (unsigned char)once.data[i];

			assert_true(c >= 0x20 && c != 0x7f);
			assert_true(charset == BT_CHARSET_UTF8 || c < 0x80);
			assert_false(c == 0xc2 && (unsigned char)once.data[i + 1] < 0xa0);
		}
		assert_int_equal(bt_sanitize(&twice, once.data, once.length, BT_SANITIZE_WIDE, charset),
				 width);
		assert_string_equal(twice.data, once.data);
		bt_strbuf_free(&once);
		bt_strbuf_free(&twice);
	}
}

static void seconds(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
	    {"1", 1000000000},
	    {"3", 3000000000},
	    {"0.25", 250000000},
	    {".5", 500000000},
	    {"2.", 2000000000},
	    {"0.001", 1000000},
	    {"007", 7000000000},
	    {"1.0000000009", 1000000000},
	    {"10000000", 10000000000000000ULL},
	};
	static const char *const no_number[] = {
	    "",         " ",    " 1", "1 ", "+1",   "-1",    "-0",  "1s",  "1e3", "nan", "NaN",      "inf",
	    "infinity", "0x10", ".",  "..", "1..2", "1.2.3", "1,5", "--1", "1\n", "abc", "\xd9\xa1", "1.5x",
	};
	static const char *const out_of_range[] = {
	    "0",
	    "0.0",
	    "0.0009999",
	    ".000",
	    "10000000.1",
	    "10000001",
	    "99999999999999999999999999",
	    "1000000000000",
	};
	uint64_t ns = 77;

	(void)state;
	for (size_t i = 0; i < UNIT_COUNT(no_number); i++)
		assert_int_equal(bt_parse_seconds(no_number[i], &ns), -EINVAL);
	for (size_t i = 0; i < UNIT_COUNT(out_of_range); i++)
		assert_int_equal(bt_parse_seconds(out_of_range[i], &ns), -ERANGE);
	assert_int_equal(ns, 77);
	for (size_t i = 0; i < UNIT_COUNT(good); i++) {
		assert_int_equal(bt_parse_seconds(good[i].text, &ns), 0);
		assert_int_equal(ns, good[i].ns);
	}
}

static void pids_and_counts(void **state)
{
	int32_t pid = 77;
	uint64_t count = 77;

	(void)state;
	assert_int_equal(bt_parse_pid("0", &pid), -ERANGE);
	assert_int_equal(bt_parse_pid("4194305", &pid), -ERANGE);
	assert_int_equal(bt_parse_pid("18446744073709551617", &pid), -ERANGE);
	assert_int_equal(bt_parse_pid("-1", &pid), -EINVAL);
	assert_int_equal(bt_parse_pid("", &pid), -EINVAL);
	assert_int_equal(bt_parse_pid("12x", &pid), -EINVAL);
	assert_int_equal(bt_parse_pid("12 ", &pid), -EINVAL);
	assert_int_equal(pid, 77);
	assert_int_equal(bt_parse_pid("1", &pid), 0);
	assert_int_equal(pid, 1);
	assert_int_equal(bt_parse_pid("4194304", &pid), 0);
	assert_int_equal(pid, BT_PID_MAX);
	assert_int_equal(bt_parse_count("18446744073709551615", 0, UINT64_MAX, &count), 0);
	assert_true(count == UINT64_MAX);
	assert_int_equal(bt_parse_count("18446744073709551616", 0, 10, &count), -ERANGE);
	assert_int_equal(bt_parse_count("4", 5, 10, &count), -ERANGE);
	assert_int_equal(bt_parse_count("five", 5, 10, &count), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(appending),         cmocka_unit_test(shrinking),
	    cmocka_unit_test(every_length),      cmocka_unit_test(no_memory_is_told_once),
	    cmocka_unit_test(integers),          cmocka_unit_test(fixed_point),
	    cmocka_unit_test(harmless_text),     cmocka_unit_test(escapes_and_controls),
	    cmocka_unit_test(broken_utf8),       cmocka_unit_test(deceptive_characters),
	    cmocka_unit_test(marks_need_a_base), cmocka_unit_test(widths_are_kept),
	    cmocka_unit_test(hostile_corpus),    cmocka_unit_test(seconds),
	    cmocka_unit_test(pids_and_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
