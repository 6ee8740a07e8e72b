/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "numbers.h"

/*
 * A word that changed: the upper four bits of its first byte say how many unchanged ones lie before (15: one
 * byte more says how many beyond that), the lower four what comes: 1 to 8 bytes of a zigzag number, lowest
 * first, or a small one itself. 0 ends the record.
 */
#define SKIP_MORE 15
#define TINY      9 /* 9…15: zigzag 0…6, which are 0, -1, 1, -2, 2, -3, 3 */
#define TINY_MAX  6

_Static_assert(BT_LAYOUT_WORDS_MAX <= SKIP_MORE + 255, "how many words can be passed over");

static void put_word(struct bt_strbuf *out, size_t skip, uint64_t value)
{
	char bytes[10];
	size_t length = 1;
	unsigned int what = 0;

	if (skip >= SKIP_MORE)
		bytes[length++] = (char)(skip - SKIP_MORE);
	if (value <= TINY_MAX) {
		what = (unsigned int)(TINY + value);
	} else {
		for (uint64_t left = value; left; left >>= 8) {
			bytes[length++] = (char)left;
			what++;
		}
	}
	bytes[0] = (char)((skip >= SKIP_MORE ? SKIP_MORE : skip) << 4 | what);
	bt_strbuf_add_bytes(out, bytes, length);
}

void bt_put_words(struct bt_strbuf *out, const struct bt_layout *l, const void *before, const void *now,
		  uint64_t now_ns)
{
	size_t skip = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct bt_layout_word *w = &l->words[i];
		uint64_t was = bt_word_get(before, w), is = bt_word_get(now, w);

		if (was == is) {
			skip++;
			continue;
		}
		put_word(out, skip, bt_zigzag(w->time ? now_ns - is : is - was));
		skip = 0;
	}
	bt_strbuf_add_bytes(out, "", 1);
}

/* The next changed word: how many are passed over, and its zigzag number. 0; 1: there is none. */
static int get_word(struct bt_bytes *in, size_t *skip, uint64_t *value)
{
	unsigned int first, what;

	if (in->at == in->end)
		return -EINVAL;
	first = *in->at++;
	if (!first)
		return 1;
	*skip = first >> 4;
	what = first & 15;
	if (*skip == SKIP_MORE) {
		if (in->at == in->end)
			return -EINVAL;
		*skip += *in->at++;
	}
	*value = 0;
	if (what >= TINY) {
		*value = what - TINY;
		return 0;
	}
	if (!what || (size_t)(in->end - in->at) < what)
		return -EINVAL;
	for (unsigned int i = 0; i < what; i++)
		*value |= (uint64_t)*in->at++ << 8 * i;
	return 0;
}

int bt_get_words(struct bt_bytes *in, const struct bt_layout *l, void *record, uint64_t now_ns)
{
	size_t i = 0;

	for (;;) {
		const struct bt_layout_word *w;
		uint64_t value = 0;
		size_t skip = 0;
		int got = get_word(in, &skip, &value);

		if (got)
			return got < 0 ? got : 0;
		i += skip;
		if (i >= l->count)
			return -EINVAL;
		w = &l->words[i++];
		if (w->offset == BT_LAYOUT_NOWHERE)
			continue;
		value = bt_unzigzag(value);
		bt_word_set(record, w, w->time ? now_ns - value : bt_word_get(record, w) + value);
	}
}

void bt_counts_put(const uint64_t *counts, size_t count, struct bt_strbuf *out)
{
	for (size_t i = 0; i < count; i++)
		bt_put(out, counts[i]);
}

void bt_counts_get(const void *data, size_t size, uint64_t *counts, size_t count)
{
	struct bt_bytes in = {data, (const unsigned char *)data + size};

	for (size_t i = 0; i < count; i++)
		if (bt_get(&in, &counts[i]))
			counts[i] = 0;
}
