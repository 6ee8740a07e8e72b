/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and arguments of processes: what comes out is safe on a terminal, and as wide as is said. */
#include <locale.h>
#include <wchar.h>

#include "sanitize.h"

#include "fuzz.h"

/* The C library's own view of the text: its decoder refuses what is no UTF-8, its width is the terminal's. */
static void check_utf8(const char *text, unsigned int width)
{
	mbstate_t state = {0};
	unsigned int columns = 0;
	wchar_t c;
	size_t n;

	for (const char *end = text + strlen(text); text < end; text += n) {
		n = mbrtowc(&c, text, (size_t)(end - text), &state);
		FUZZ_ASSERT(n && n <= (size_t)(end - text));
		FUZZ_ASSERT(c >= 0x20 && (c < 0x7f || c > 0x9f));
		FUZZ_ASSERT(c != 0x2028 && c != 0x2029 && c != 0x200e && c != 0x200f && c != 0xfeff);
		FUZZ_ASSERT(!(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069));
		FUZZ_ASSERT(c == 0xfffd || wcwidth(c) >= 0);
		columns += c == 0xfffd ? 1 : (unsigned int)wcwidth(c);
	}
	FUZZ_ASSERT(columns == width);
}

static void check(const uint8_t *data, size_t size, unsigned int max_width, enum bt_charset charset)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	char *text = fuzz_text(data, size);
	unsigned int width = bt_sanitize(&out, text, size, max_width, charset);

	FUZZ_ASSERT(width <= max_width);
	FUZZ_ASSERT(!bt_strbuf_error(&out));
	FUZZ_ASSERT(strlen(bt_strbuf_text(&out)) == out.length);
	if (charset == BT_CHARSET_ASCII) {
		FUZZ_ASSERT(out.length == width);
		for (size_t i = 0; i < out.length; i++)
			FUZZ_ASSERT(out.data[i] >= 0x20 && out.data[i] < 0x7f);
	} else {
		check_utf8(bt_strbuf_text(&out), width);
	}
	free(text);
	bt_strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	unsigned int max_width = (unsigned int)fuzz_take(&in, 1);

	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		abort();
	check(in.data, in.size, max_width == 255 ? BT_SANITIZE_WIDE : max_width, BT_CHARSET_UTF8);
	check(in.data, in.size, max_width == 255 ? BT_SANITIZE_WIDE : max_width, BT_CHARSET_ASCII);
	return 0;
}
