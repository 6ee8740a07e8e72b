/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "strbuf.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_MIN  64
#define CAPACITY_KEPT ((size_t)1 << 20)
#define DECIMALS_MAX  9
/* Digits of the largest uint64_t. */
#define DIGITS_MAX 20

static const uint64_t powers_of_ten[DECIMALS_MAX + 1] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
};

bool bt_strbuf_grow(struct bt_strbuf *b, size_t size)
{
	size_t need = b->length + size + 1;
	size_t capacity = b->capacity ? b->capacity : CAPACITY_MIN;
	char *data;

	if (b->failed)
		return false;
	if (need <= size || need > SIZE_MAX / 2)
		goto fail;
	while (capacity < need)
		capacity *= 2;
	if (capacity != b->capacity) {
		data = realloc(b->data, capacity);
		if (!data)
			goto fail;
		if (!b->data)
			data[0] = '\0';
		b->data = data;
		b->capacity = capacity;
	}
	return true;
fail:
	b->failed = true;
	return false;
}

void bt_strbuf_clear(struct bt_strbuf *b)
{
	/* Made for a storm that is over, it goes back. */
	if (b->capacity > CAPACITY_KEPT && b->length < b->capacity / 8)
		bt_strbuf_free(b);
	b->length = 0;
	b->failed = false;
	if (bt_strbuf_room(b, 1))
		b->data[0] = '\0';
}

void bt_strbuf_free(struct bt_strbuf *b)
{
	free(b->data);
	*b = (struct bt_strbuf)BT_STRBUF_INIT;
}

const char *bt_strbuf_text(const struct bt_strbuf *b)
{
	return b->data ? b->data : "";
}

void bt_strbuf_truncate(struct bt_strbuf *b, size_t length)
{
	if (length >= b->length)
		return;
	b->length = length;
	b->data[length] = '\0';
}

void bt_strbuf_add_fill(struct bt_strbuf *b, char c, size_t count)
{
	if (!count || !bt_strbuf_room(b, count))
		return;
	memset(b->data + b->length, c, count);
	b->length += count;
	b->data[b->length] = '\0';
}

/* Writes the digits of value so that they end before end; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
	do {
		*--end = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return end;
}

void bt_strbuf_add_uint(struct bt_strbuf *b, uint64_t value)
{
	char text[DIGITS_MAX];
	char *end = text + sizeof(text);
	char *begin = digits_before(end, value);

	bt_strbuf_add_bytes(b, begin, (size_t)(end - begin));
}

void bt_strbuf_add_int(struct bt_strbuf *b, int64_t value)
{
	if (value < 0) {
		bt_strbuf_add_char(b, '-');
		bt_strbuf_add_uint(b, 0 - (uint64_t)value);
	} else {
		bt_strbuf_add_uint(b, (uint64_t)value);
	}
}

void bt_strbuf_add_hex(struct bt_strbuf *b, uint64_t value)
{
	static const char hex[] = "0123456789abcdef";
	char text[16];
	char *end = text + sizeof(text);
	char *begin = end;

	do {
		*--begin = hex[value & 15];
		value >>= 4;
	} while (value);
	bt_strbuf_add_bytes(b, begin, (size_t)(end - begin));
}

void bt_strbuf_add_scaled(struct bt_strbuf *b, uint64_t value, unsigned int decimals)
{
	char text[DIGITS_MAX + 1];
	char *end = text + sizeof(text);
	char *begin = end;

	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	if (decimals) {
		for (unsigned int i = 0; i < decimals; i++) {
			*--begin = (char)('0' + value % 10);
			value /= 10;
		}
		*--begin = '.';
	}
	begin = digits_before(begin, value);
	bt_strbuf_add_bytes(b, begin, (size_t)(end - begin));
}

void bt_strbuf_add_fixed(struct bt_strbuf *b, double value, unsigned int decimals)
{
	double magnitude = fabs(value);
	double scaled;

	if (decimals > DECIMALS_MAX)
		decimals = DECIMALS_MAX;
	if (isnan(value)) {
		bt_strbuf_add(b, "nan");
		return;
	}
	if (isinf(value)) {
		bt_strbuf_add(b, value < 0 ? "-inf" : "inf");
		return;
	}
	scaled = magnitude * (double)powers_of_ten[decimals];
	/* Beyond that, uint64_t ends: rare, so slow is fine. */
	if (scaled >= 1e19) {
		bt_strbuf_addf(b, "%.*f", (int)decimals, value);
		return;
	}
	scaled += 0.5;
	if (value < 0 && scaled >= 1.0)
		bt_strbuf_add_char(b, '-');
	bt_strbuf_add_scaled(b, (uint64_t)scaled, decimals);
}

void bt_strbuf_vaddf(struct bt_strbuf *b, const char *format, va_list ap)
{
	va_list again;
	int size;

	va_copy(again, ap);
	size = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (size < 0) {
		b->failed = true;
		return;
	}
	if (!bt_strbuf_room(b, (size_t)size + 1))
		return;
	vsnprintf(b->data + b->length, (size_t)size + 1, format, ap);
	b->length += (size_t)size;
}

void bt_strbuf_addf(struct bt_strbuf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	bt_strbuf_vaddf(b, format, ap);
	va_end(ap);
}
