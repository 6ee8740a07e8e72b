/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

/* A host of 300 threads fits. */
#define CAPACITY_MIN  ((size_t)256 * 1024)
#define CAPACITY_KEPT ((size_t)1 << 20)

unsigned char *bt_snapshot_reserve(struct bt_snapshot *s, size_t size)
{
	size_t need = s->length + size;
	size_t capacity = s->capacity ? s->capacity : CAPACITY_MIN;
	unsigned char *records;

	if (need < size || need > SIZE_MAX / 2)
		return NULL;
	if (s->records && need <= s->capacity)
		return s->records + s->length;
	/* By half: at 10,000 threads, twice as much would lie idle as megabytes. */
	while (capacity < need)
		capacity += capacity / 2;
	capacity = (capacity + 7) & ~(size_t)7;
	records = realloc(s->records, capacity); /* malloc aligns to 16 */
	if (!records)
		return NULL;
	s->records = records;
	s->capacity = capacity;
	return s->records + s->length;
}

void bt_snapshot_free(struct bt_snapshot *s)
{
	free(s->records);
	memset(s, 0, sizeof(*s));
}

void bt_snapshot_clear(struct bt_snapshot *s)
{
	unsigned char *records = s->records;
	size_t capacity = s->capacity;

	/* Made for a storm that is over, it goes back. */
	if (capacity > CAPACITY_KEPT && s->length < capacity / 8) {
		bt_snapshot_free(s);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->records = records;
	s->capacity = capacity;
}

/* The least size of a record of that type; 0: there is no such type. */
static size_t record_size_min(unsigned int type)
{
	switch (type) {
	case BT_RECORD_SAME:
		return sizeof(struct bt_record_head);
	case BT_RECORD_THREAD:
	case BT_RECORD_ENDED:
		return sizeof(struct bt_record);
	case BT_RECORD_LUMP:
		return sizeof(struct bt_lump);
	default:
		return 0;
	}
}

const struct bt_record_head *bt_snapshot_next(const struct bt_snapshot *s, const struct bt_record_head *at)
{
	const struct bt_record_head *head;
	size_t offset = 0;
	size_t least;

	if (at)
		offset = (size_t)((const unsigned char *)at - s->records) + at->size;
	if (!s->records || offset >= s->length || s->length - offset < sizeof(*head))
		return NULL;
	head = (const struct bt_record_head *)(const void *)(s->records + offset);
	least = record_size_min(head->type);
	/* A record may be longer than what we know of it, never shorter. */
	if (!least || head->size < least || head->size % 8 || head->size > s->length - offset)
		return NULL;
	return head;
}
