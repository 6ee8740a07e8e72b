/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of what a recording keeps of a record: a new field of wire.h or account.h is one line here.
 * A unit test wants every byte of a record to be named, if only as NEVER.
 */
#ifndef BOUNDTOP_STORE_FIELDS_H
#define BOUNDTOP_STORE_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

/* How a field is kept; NUMBER and TIME are part of the file format. */
enum bt_stored_kind {
	BT_STORED_NUMBER,     /* as the difference to the same thread's record before */
	BT_STORED_TIME,       /* CLOCK_MONOTONIC: as the difference to head.now_ns */
	BT_STORED_WOKEN,      /* a number that means something only in the phase WOKEN; else kept as 0 */
	BT_STORED_WOKEN_TIME, /* likewise a time */
	BT_STORED_SHOWN_TIME, /* a time that means something only after since_ns; else kept as 0 */
	BT_STORED_NEVER,      /* the kernel side's own business, or known from elsewhere */
};

struct bt_stored_field {
	const char *name; /* part of the file format: never given to something else */
	uint16_t offset;
	uint8_t size; /* of an element: 1, 2, 4, 8 */
	uint8_t kind; /* enum bt_stored_kind */
	uint16_t count;
	uint16_t stride; /* from one element to the next */
};

/* Of a struct bt_record, and of a struct bt_lump. */
extern const struct bt_stored_field bt_record_fields[];
extern const size_t bt_record_field_count;
extern const struct bt_stored_field bt_lump_fields[];
extern const size_t bt_lump_field_count;

/* Where the numbers of a file go, one after the other. */
#define BT_LAYOUT_WORDS_MAX 256
#define BT_LAYOUT_NOWHERE   0xffff

struct bt_layout_word {
	uint16_t offset; /* BT_LAYOUT_NOWHERE: this program has no such field */
	uint8_t size;
	uint8_t time; /* kept as a TIME is */
};

struct bt_layout {
	size_t count;
	struct bt_layout_word words[BT_LAYOUT_WORDS_MAX];
};

/* The layout that this program writes. */
void bt_layout_own(struct bt_layout *l, const struct bt_stored_field *fields, size_t count);
/*
 * Adds a field that a file has, by name; elements that this program does not know go nowhere. 0; -EINVAL:
 * more words than a layout can have.
 */
int bt_layout_add(struct bt_layout *l, const struct bt_stored_field *known, size_t known_count,
		  const char *name, uint64_t count, int time);

static inline uint64_t bt_word_get(const void *record, const struct bt_layout_word *w)
{
	const unsigned char *at = (const unsigned char *)record + w->offset;

	switch (w->size) {
	case 1:
		return *at;
	case 2:
		return *(const uint16_t *)(const void *)at;
	case 4:
		return *(const uint32_t *)(const void *)at;
	default:
		return *(const uint64_t *)(const void *)at;
	}
}

static inline void bt_word_set(void *record, const struct bt_layout_word *w, uint64_t value)
{
	unsigned char *at = (unsigned char *)record + w->offset;

	switch (w->size) {
	case 1:
		*at = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)(void *)at = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)(void *)at = (uint32_t)value;
		break;
	default:
		*(uint64_t *)(void *)at = value;
	}
}

/* A record as the layout of this program keeps it: what is not kept is 0. */
void bt_record_canonize(struct bt_record *r);

#endif
