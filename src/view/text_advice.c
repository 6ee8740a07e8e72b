/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_advice.h"

#include "sanitize.h"
#include "strbuf.h"

/* Narrower than this, breaking lines makes nothing readable. */
#define COLUMNS_MIN 40

void bt_text_wrapped(struct bt_strbuf *out, const char *text, unsigned int indent,
		     const struct bt_style *style)
{
	enum bt_charset charset = style->utf8 ? BT_CHARSET_UTF8 : BT_CHARSET_ASCII;
	unsigned int columns = style->columns && style->columns < COLUMNS_MIN ? COLUMNS_MIN : style->columns;
	unsigned int at = indent;
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, " ");
		size_t before = out->length;
		unsigned int width;

		if (!first)
			bt_strbuf_add_char(out, ' ');
		width = bt_sanitize(out, text, length, BT_SANITIZE_WIDE, charset);
		if (!first && columns && at + 1 + width > columns) {
			bt_strbuf_truncate(out, before);
			bt_strbuf_add_char(out, '\n');
			bt_strbuf_add_fill(out, ' ', indent);
			bt_sanitize(out, text, length, BT_SANITIZE_WIDE, charset);
			at = indent + width;
		} else {
			at += width + !first;
		}
		first = false;
		text += length;
		text += strspn(text, " ");
	}
	bt_strbuf_add_char(out, '\n');
}

void bt_text_advice(struct bt_strbuf *out, struct bt_advisor *a, const struct bt_process *p,
		    const struct bt_style *style)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	for (bt_advice_set set = bt_advise(a, p); set; set &= set - 1) {
		bt_strbuf_clear(&text);
		bt_advice_say(a, p, (unsigned int)__builtin_ctz(set), &text);
		if (bt_strbuf_error(&text)) {
			out->failed = true;
			break;
		}
		bt_strbuf_add(out, style->utf8 ? "  → " : "  -> ");
		bt_text_wrapped(out, bt_strbuf_text(&text), style->utf8 ? 4 : 5, style);
	}
	bt_strbuf_free(&text);
}
