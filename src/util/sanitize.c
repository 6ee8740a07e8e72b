/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sanitize.h"

#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <wchar.h>

#define REPLACEMENT_UTF8  "\xef\xbf\xbd" /* U+FFFD */
#define REPLACEMENT_ASCII "?"

/* The terminal goes by wcwidth(), so it decides here, too; it knows more than ASCII only in a UTF-8 locale.
 */
static locale_t utf8_locale;
static pthread_once_t utf8_once = PTHREAD_ONCE_INIT;

static void utf8_locale_open(void)
{
	utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

/* Length of the well-formed sequence (RFC 3629) at text, and its character; 0: it is none. */
static size_t utf8_decode(const unsigned char *text, size_t length, uint32_t *out)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t c = text[0];
	size_t size;

	if (c >= 0xf0 && c <= 0xf4)
		size = 4;
	else if (c >= 0xe0 && c < 0xf0)
		size = 3;
	else if (c >= 0xc2 && c < 0xe0)
		size = 2;
	else
		return 0;
	if (size > length)
		return 0;
	c &= 0x7fU >> size;
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (text[i] & 0x3f);
	}
	/* Overlong, surrogate, beyond Unicode. */
	if (c < least[size] || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		return 0;
	*out = c;
	return size;
}

struct range {
	uint32_t first, last;
};

/* Printable by wcwidth(), but they hide, reorder or join what stands around them. */
static bool is_deceptive(uint32_t c)
{
	static const struct range ranges[] = {
	    {0x0080, 0x009f},    /* C1: some terminals take 0x9b as CSI */
	    {0x00ad, 0x00ad},    /* soft hyphen */
	    {0x034f, 0x034f},    /* combining grapheme joiner */
	    {0x061c, 0x061c},    /* Arabic letter mark */
	    {0x115f, 0x1160},    /* Hangul fillers */
	    {0x17b4, 0x17b5},    /* Khmer inherent vowels */
	    {0x180b, 0x180f},    /* Mongolian selectors and vowel separator */
	    {0x200b, 0x200f},    /* zero width, direction marks */
	    {0x2028, 0x202e},    /* separators, embeddings, overrides */
	    {0x2060, 0x206f},    /* word joiner, invisible operators, isolates */
	    {0x2800, 0x2800},    /* blank Braille */
	    {0x3164, 0x3164},    /* Hangul filler */
	    {0xe000, 0xf8ff},    /* private use */
	    {0xfe00, 0xfe0f},    /* variation selectors change widths */
	    {0xfeff, 0xfeff},    /* byte order mark */
	    {0xffa0, 0xffa0},    /* Hangul filler */
	    {0xfff0, 0xfffc},    /* specials, interlinear annotation */
	    {0xfffe, 0xffff},    /* no characters */
	    {0x1d173, 0x1d17a},  /* musical formatting */
	    {0xe0000, 0x10ffff}, /* tags, selectors, private use */
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (c < ranges[i].first)
			return false;
		if (c <= ranges[i].last)
			return true;
	}
	return false;
}

/* Columns of a character that is not ASCII; -1: it is not shown. 0: it combines with the one before. */
static int character_width(uint32_t c)
{
	locale_t before;
	int width;

	if (is_deceptive(c) || utf8_locale == (locale_t)0)
		return -1;
	before = uselocale(utf8_locale);
	width = wcwidth((wchar_t)c);
	uselocale(before);
	return width;
}

/* How many bytes from text on are printable ASCII, up to max. */
static size_t printable_run(const unsigned char *text, size_t max)
{
	size_t n = 0;

	while (n < max && text[n] >= 0x20 && text[n] < 0x7f)
		n++;
	return n;
}

unsigned int bt_sanitize(struct bt_strbuf *out, const char *text, size_t length, unsigned int max_width,
			 enum bt_charset charset)
{
	const char *replacement = charset == BT_CHARSET_UTF8 ? REPLACEMENT_UTF8 : REPLACEMENT_ASCII;
	const unsigned char *at = (const unsigned char *)text;
	unsigned int width = 0;
	unsigned int marks = BT_SANITIZE_MARKS; /* none without a base */

	while (length) {
		size_t room = max_width - width;
		size_t size = printable_run(at, length < room ? length : room);
		int columns = -1;
		uint32_t c;

		if (size) {
			bt_strbuf_add_bytes(out, (const char *)at, size);
			width += (unsigned int)size;
			marks = 0;
			at += size;
			length -= size;
			continue;
		}
		size = utf8_decode(at, length, &c);
		if (size && charset == BT_CHARSET_UTF8) {
			pthread_once(&utf8_once, utf8_locale_open);
			columns = character_width(c);
		}
		if (!columns && marks == BT_SANITIZE_MARKS)
			columns = -1;
		if (room < (size_t)(columns < 0 ? 1 : columns))
			break;
		if (columns < 0) {
			bt_strbuf_add(out, replacement);
			width++;
			/* A mark on a replacement would be one on nothing. */
			marks = BT_SANITIZE_MARKS;
		} else {
			bt_strbuf_add_bytes(out, (const char *)at, size);
			width += (unsigned int)columns;
			marks = columns ? 0 : marks + 1;
		}
		size = size ? size : 1;
		at += size;
		length -= size;
	}
	return width;
}
