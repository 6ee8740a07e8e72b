/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec_internal.h"

#include <errno.h>
#include <stdlib.h>

const struct bt_record bt_codec_no_record;
const struct bt_lump bt_codec_no_lump;

int bt_codec_create(struct bt_codec **out, const struct bt_layout *record, const struct bt_layout *lump)
{
	struct bt_codec *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->record = record;
	c->lump = lump;
	*out = c;
	return 0;
}

struct bt_codec_slot *bt_codec_slot_find(const struct bt_codec *c, uint64_t id)
{
	struct bt_codec_slot *t;

	HASH_FIND(hh, c->slots, &id, sizeof(id), t);
	return t;
}

void bt_codec_slot_drop(struct bt_codec *c, struct bt_codec_slot *t)
{
	/* Who is in the one is in the other, which the analyzer does not see. */
	/* NOLINTBEGIN(clang-analyzer-core.NullDereference) */
	HASH_DELETE(hh, c->slots, t);
	DL_DELETE(c->order, t);
	/* NOLINTEND(clang-analyzer-core.NullDereference) */
	free(t);
}

struct bt_codec_slot *bt_codec_slot_add(struct bt_codec *c, uint64_t id, struct bt_codec_slot *next)
{
	struct bt_codec_slot *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->id = id;
	HASH_ADD(hh, c->slots, id, sizeof(t->id), t);
	if (!c->slots || !t->hh.tbl) {
		free(t);
		return NULL;
	}
	if (next)
		DL_PREPEND_ELEM(c->order, next, t);
	else
		DL_APPEND(c->order, t);
	return t;
}

struct bt_codec_lump *bt_codec_lump_find(const struct bt_codec *c, uint64_t id)
{
	struct bt_codec_lump *l;

	HASH_FIND(hh, c->lumps, &id, sizeof(id), l);
	return l;
}

struct bt_codec_lump *bt_codec_lump_add(struct bt_codec *c, uint64_t id)
{
	struct bt_codec_lump *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->id = id;
	HASH_ADD(hh, c->lumps, id, sizeof(l->id), l);
	if (!c->lumps || !l->hh.tbl) {
		free(l);
		return NULL;
	}
	DL_APPEND(c->lump_order, l);
	return l;
}

void bt_codec_reset_lumps(struct bt_codec *c)
{
	struct bt_codec_lump *l, *next;

	HASH_CLEAR(hh, c->lumps);
	DL_FOREACH_SAFE(c->lump_order, l, next)
	free(l);
	c->lump_order = NULL;
}

void bt_codec_reset(struct bt_codec *c)
{
	struct bt_codec_slot *t, *next;

	HASH_CLEAR(hh, c->slots);
	DL_FOREACH_SAFE(c->order, t, next)
	free(t);
	c->order = NULL;
	bt_codec_reset_lumps(c);
}

void bt_codec_destroy(struct bt_codec *c)
{
	if (!c)
		return;
	bt_codec_reset(c);
	free(c);
}
