/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_writer.h"

#include <math.h>

#include "sanitize.h"

#define DECIMALS 6
#define SCALE    1000000

static void element(struct bt_json *j, const char *key)
{
	if (key)
		bt_json_key(j, key, strlen(key));
	else if (j->comma)
		bt_strbuf_add_char(j->out, ',');
	j->comma = true;
}

void bt_json_key(struct bt_json *j, const char *key, size_t length)
{
	if (j->comma)
		bt_strbuf_add_char(j->out, ',');
	bt_strbuf_add_char(j->out, '"');
	bt_strbuf_add_bytes(j->out, key, length);
	bt_strbuf_add_bytes(j->out, "\":", 2);
	j->comma = false;
}

static void begin(struct bt_json *j, const char *key, char bracket)
{
	element(j, key);
	bt_strbuf_add_char(j->out, bracket);
	j->comma = false;
}

static void end(struct bt_json *j, char bracket)
{
	bt_strbuf_add_char(j->out, bracket);
	j->comma = true;
}

void bt_json_begin_object(struct bt_json *j, const char *key)
{
	begin(j, key, '{');
}

void bt_json_end_object(struct bt_json *j)
{
	end(j, '}');
}

void bt_json_begin_array(struct bt_json *j, const char *key)
{
	begin(j, key, '[');
}

void bt_json_end_array(struct bt_json *j)
{
	end(j, ']');
}

void bt_json_null(struct bt_json *j, const char *key)
{
	element(j, key);
	bt_strbuf_add_bytes(j->out, "null", 4);
}

void bt_json_bool(struct bt_json *j, const char *key, bool truth)
{
	element(j, key);
	bt_strbuf_add(j->out, truth ? "true" : "false");
}

void bt_json_integer(struct bt_json *j, const char *key, int64_t value)
{
	element(j, key);
	bt_strbuf_add_int(j->out, value);
}

void bt_json_real(struct bt_json *j, const char *key, double value)
{
	double scaled = fabs(value) * SCALE + 0.5;
	unsigned int decimals = DECIMALS;
	uint64_t digits;

	/* Beyond what a double holds exactly, there are no decimals to speak of; NaN fails this, too. */
	if (!(scaled < 0x1p53)) {
		if (!isfinite(value)) {
			bt_json_null(j, key);
			return;
		}
		element(j, key);
		bt_strbuf_add_fixed(j->out, value, 0);
		return;
	}
	element(j, key);
	digits = (uint64_t)scaled;
	if (!digits) {
		bt_strbuf_add_char(j->out, '0');
		return;
	}
	while (decimals && digits % 10 == 0) {
		digits /= 10;
		decimals--;
	}
	if (value < 0)
		bt_strbuf_add_char(j->out, '-');
	bt_strbuf_add_scaled(j->out, digits, decimals);
}

/* Is it text as it stands, printable ASCII with nothing to be escaped? Most is. */
static size_t plain_length(const char *text)
{
	size_t i = 0;

	for (; (unsigned char)text[i] >= ' ' && (unsigned char)text[i] < 0x7f; i++)
		if (text[i] == '"' || text[i] == '\\')
			break;
	return i;
}

void bt_json_text(struct bt_json *j, const char *key, const char *text)
{
	struct bt_strbuf clean = BT_STRBUF_INIT;
	size_t length;

	if (!text) {
		bt_json_null(j, key);
		return;
	}
	element(j, key);
	bt_strbuf_add_char(j->out, '"');
	length = plain_length(text);
	if (!text[length]) {
		bt_strbuf_add_bytes(j->out, text, length);
	} else {
		bt_sanitize(&clean, text, strlen(text), BT_SANITIZE_WIDE, BT_CHARSET_UTF8);
		for (const char *p = bt_strbuf_text(&clean); *p; p++) {
			if (*p == '"' || *p == '\\')
				bt_strbuf_add_char(j->out, '\\');
			bt_strbuf_add_char(j->out, *p);
		}
		j->out->failed |= clean.failed;
		bt_strbuf_free(&clean);
	}
	bt_strbuf_add_char(j->out, '"');
}
