/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What reading and writing frames have in common: the state that both keep, the kinds of entries. */
#ifndef BOUNDTOP_STORE_CODEC_INTERNAL_H
#define BOUNDTOP_STORE_CODEC_INTERNAL_H

#include "codec.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* The lower four bits of what begins an entry; the rest is a count, where one says so. */
enum bt_codec_op {
	BT_OP_SAME,       /* count threads, the next ones in order: SAME records; all of one time */
	BT_OP_THREAD,     /* the next one: a THREAD record */
	BT_OP_NEW,        /* a THREAD record of one that comes in before the next one */
	BT_OP_GONE,       /* count threads, the next ones, are not there (any more) */
	BT_OP_ENDED,      /* an ENDED record */
	BT_OP_LONE,       /* a SAME record of a thread that is not known */
	BT_OP_LUMPS_SAME, /* count lumps, the next ones in order, are as they were */
	BT_OP_LUMP,
	BT_OP_FORGET, /* a thread comes again, or at another place: what was known of it is not to be used */
};

#define BT_OP_BITS   4
#define BT_OP_MASK   15
#define BT_FRAME_KEY 1

/* What is touched of a thread that sleeps on lies together: a jump passes over it in up to a hundred frames.
 */
struct bt_codec_slot {
	uint64_t id;
	struct bt_codec_slot *prev, *next;
	uint32_t frame;     /* the last one that it was in */
	bool is_news;       /* reading: a key frame knows more of it than the frames before it */
	struct bt_record r; /* as last heard of; head.now_ns is when */
	UT_hash_handle hh;
};

struct bt_codec_lump {
	uint64_t id;
	struct bt_lump l;
	struct bt_codec_lump *prev, *next;
	UT_hash_handle hh;
};

struct bt_codec {
	const struct bt_layout *record, *lump;
	struct bt_codec_slot *order, *slots; /* a list, a table */
	struct bt_codec_lump *lump_order, *lumps;
	uint32_t frame;
};

/* What the entries of a frame are told by: differences to what came before in it. */
struct bt_codec_place {
	struct bt_codec_slot *next;
	struct bt_codec_lump *next_lump;
	uint64_t now_ns, id;
};

extern const struct bt_record bt_codec_no_record;
extern const struct bt_lump bt_codec_no_lump;

struct bt_codec_slot *bt_codec_slot_find(const struct bt_codec *c, uint64_t id); /* NULL: none */
void bt_codec_slot_drop(struct bt_codec *c, struct bt_codec_slot *t);
/* A new one before next; NULL: at the end. NULL: no memory. */
struct bt_codec_slot *bt_codec_slot_add(struct bt_codec *c, uint64_t id, struct bt_codec_slot *next);
/* Likewise, always at the end. */
struct bt_codec_lump *bt_codec_lump_find(const struct bt_codec *c, uint64_t id);
struct bt_codec_lump *bt_codec_lump_add(struct bt_codec *c, uint64_t id);
void bt_codec_reset_lumps(struct bt_codec *c);

#endif
