/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hotspot_layout.c and hotspot_objects.c share: reading numbers out of another process. */
#ifndef BOUNDTOP_COLLECT_HOTSPOT_READ_H
#define BOUNDTOP_COLLECT_HOTSPOT_READ_H

#include "hotspot_layout.h"

/* Offsets in a structure, an object: more is nonsense. */
#define BT_HOTSPOT_OFFSET_MAX (1 << 16)
/* Names of interest are shorter. */
#define BT_HOTSPOT_NAME_MAX 128

static inline bool bt_hotspot_bytes(const struct bt_memory *m, uint64_t at, void *out, size_t size)
{
	return at && m->read(m->context, at, out, size);
}

static inline bool bt_hotspot_number(const struct bt_memory *m, uint64_t at, uint64_t *out)
{
	return bt_hotspot_bytes(m, at, out, sizeof(*out));
}

static inline bool bt_hotspot_int(const struct bt_memory *m, uint64_t at, uint32_t *out)
{
	return bt_hotspot_bytes(m, at, out, sizeof(*out));
}

static inline bool bt_hotspot_has_all(const struct bt_hotspot_layout *l, enum bt_hotspot_field from,
				      enum bt_hotspot_field to)
{
	bool all = true;

	for (enum bt_hotspot_field f = from; f <= to; f++)
		all &= l->has[f];
	return all;
}

#endif
