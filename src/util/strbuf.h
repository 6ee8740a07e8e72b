/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing string, made for tens of thousands of small appends a frame.
 *
 * Appends never report an error: after one found no memory, the rest are ignored and bt_strbuf_error() says
 * so once at the end. data is always terminated (and never NULL after the first append or clear).
 */
#ifndef BOUNDTOP_STRBUF_H
#define BOUNDTOP_STRBUF_H

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bt_strbuf {
	char *data;    /* owned; NULL while nothing was appended */
	size_t length; /* without the terminating zero */
	size_t capacity;
	bool failed;
};

/* A zeroed struct (BT_STRBUF_INIT) is an empty one. */
#define BT_STRBUF_INIT                                                                                       \
	{                                                                                                    \
		0                                                                                            \
	}

/* Empties it and keeps the memory; forgives a failure. */
void bt_strbuf_clear(struct bt_strbuf *b);
void bt_strbuf_free(struct bt_strbuf *b);
/* The string; "" if nothing was appended. */
const char *bt_strbuf_text(const struct bt_strbuf *b);
/* Cuts it to length, if it is longer. */
void bt_strbuf_truncate(struct bt_strbuf *b, size_t length);

static inline int bt_strbuf_error(const struct bt_strbuf *b)
{
	return b->failed ? -ENOMEM : 0;
}

/* Room for size more bytes and the zero; false: no memory. */
bool bt_strbuf_grow(struct bt_strbuf *b, size_t size);

static inline bool bt_strbuf_room(struct bt_strbuf *b, size_t size)
{
	return (!b->failed && b->capacity - b->length > size) || bt_strbuf_grow(b, size);
}

static inline void bt_strbuf_add_bytes(struct bt_strbuf *b, const char *bytes, size_t size)
{
	if (!size || !bt_strbuf_room(b, size))
		return;
	memcpy(b->data + b->length, bytes, size);
	b->length += size;
	b->data[b->length] = '\0';
}

static inline void bt_strbuf_add(struct bt_strbuf *b, const char *text)
{
	bt_strbuf_add_bytes(b, text, strlen(text));
}

static inline void bt_strbuf_add_char(struct bt_strbuf *b, char c)
{
	bt_strbuf_add_bytes(b, &c, 1);
}

/* The same character count times. */
void bt_strbuf_add_fill(struct bt_strbuf *b, char c, size_t count);

void bt_strbuf_add_uint(struct bt_strbuf *b, uint64_t value);
void bt_strbuf_add_int(struct bt_strbuf *b, int64_t value);
/* Hexadecimal without prefix, lower case. */
void bt_strbuf_add_hex(struct bt_strbuf *b, uint64_t value);
/*
 * value with that many decimals (0..9), rounded half away from zero: 1.25 → "1.3" with one. NaN and infinity
 * are "nan", "inf", "-inf"; from 1e9 on decimals no double can hold are zeros.
 */
void bt_strbuf_add_fixed(struct bt_strbuf *b, double value, unsigned int decimals);
/* value / 10^decimals with all of them: (1234, 3) → "1.234". */
void bt_strbuf_add_scaled(struct bt_strbuf *b, uint64_t value, unsigned int decimals);

void bt_strbuf_addf(struct bt_strbuf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bt_strbuf_vaddf(struct bt_strbuf *b, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

#endif
