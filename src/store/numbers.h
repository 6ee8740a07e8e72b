/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers as the bytes of a frame have them (docs/recording.md): seven bits a byte, differences of either
 * sign, and the words of a record that changed.
 */
#ifndef BOUNDTOP_STORE_NUMBERS_H
#define BOUNDTOP_STORE_NUMBERS_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "fields.h"
#include "strbuf.h"

/* Numbers: seven bits a byte, the lowest first. */
static inline void bt_put(struct bt_strbuf *out, uint64_t value)
{
	char bytes[10];
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (char)(value | 0x80);
	bytes[length++] = (char)value;
	bt_strbuf_add_bytes(out, bytes, length);
}

/* Small ones of either sign: 0, -1, 1, -2, … */
static inline uint64_t bt_zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static inline uint64_t bt_unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

static inline void bt_put_difference(struct bt_strbuf *out, uint64_t *last, uint64_t value)
{
	bt_put(out, bt_zigzag(value - *last));
	*last = value;
}

/* Where reading stands in the bytes of a frame. */
struct bt_bytes {
	const unsigned char *at, *end;
};

/* 0; -EINVAL: there is no whole number. */
static inline int bt_get(struct bt_bytes *in, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 64; shift += 7) {
		if (in->at == in->end)
			return -EINVAL;
		*value |= (uint64_t)(*in->at & 0x7f) << shift;
		if (!(*in->at++ & 0x80))
			return 0;
	}
	return -EINVAL;
}

static inline int bt_get_difference(struct bt_bytes *in, uint64_t *last)
{
	uint64_t value;
	int err = bt_get(in, &value);

	*last += err ? 0 : bt_unzigzag(value);
	return err;
}

/* Appends the words of now that are others than those of before. now_ns: the record's own time. */
void bt_put_words(struct bt_strbuf *out, const struct bt_layout *l, const void *before, const void *now,
		  uint64_t now_ns);
/* Changes record, which holds what was before. 0; -EINVAL: these are no words of that layout. */
int bt_get_words(struct bt_bytes *in, const struct bt_layout *l, void *record, uint64_t now_ns);

/* A few counts, one after the other; what is missing when they are read is 0. */
void bt_counts_put(const uint64_t *counts, size_t count, struct bt_strbuf *out);
void bt_counts_get(const void *data, size_t size, uint64_t *counts, size_t count);

#endif
