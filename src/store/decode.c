/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading frames: their bytes may be anything. */
#include <errno.h>
#include <string.h>

#include "codec_internal.h"
#include "numbers.h"

/*
 * A thread of the state at the head of a key frame. What the file says counts: if frames could not be written
 * before this one, what was read so far is older. Such a thread is news even where it stays as it is.
 */
static int slot_decode(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p)
{
	struct bt_record r = {0};
	struct bt_codec_slot *t;
	int err = bt_get_difference(in, &p->id);

	if (!err)
		err = bt_get_difference(in, &p->now_ns);
	if (err)
		return err;
	t = bt_codec_slot_find(c, p->id);
	if (t && t->frame == c->frame)
		return -EINVAL;
	if (t) {
		DL_DELETE(c->order, t);
		DL_APPEND(c->order, t);
	} else {
		if (HASH_COUNT(c->slots) >= BT_CODEC_THREADS_MAX)
			return -EINVAL;
		t = bt_codec_slot_add(c, p->id, NULL);
		if (!t)
			return -ENOMEM;
	}
	err = bt_get_words(in, c->record, &r, p->now_ns);
	r.head.now_ns = p->now_ns;
	t->is_news = memcmp(&t->r, &r, sizeof(r)) != 0;
	t->r = r;
	t->frame = c->frame;
	return err;
}

/* The state before it, at the head of a key frame. */
static int state_decode(struct bt_codec *c, uint64_t begin_ns, struct bt_bytes *in)
{
	struct bt_codec_place p = {.now_ns = begin_ns};
	struct bt_codec_slot *t, *next;
	uint64_t count;
	int err = bt_get(in, &count);

	c->frame++;
	for (; !err && count; count--)
		err = slot_decode(c, in, &p);
	DL_FOREACH_SAFE(c->order, t, next)
	if (t->frame != c->frame)
		bt_codec_slot_drop(c, t);
	bt_codec_reset_lumps(c);
	if (!err)
		err = bt_get(in, &count);
	p.id = 0;
	for (; !err && count; count--) {
		struct bt_codec_lump *l;

		err = bt_get_difference(in, &p.id);
		if (err || bt_codec_lump_find(c, p.id) || HASH_COUNT(c->lumps) >= BT_CODEC_LUMPS_MAX)
			return -EINVAL;
		l = bt_codec_lump_add(c, p.id);
		if (!l)
			return -ENOMEM;
		err = bt_get_words(in, c->lump, &l->l, 0);
	}
	return err;
}

/* Appends size bytes to s; NULL: nobody wants them. */
static int emit(struct bt_snapshot *s, const void *record, size_t size)
{
	unsigned char *room;

	if (!s)
		return 0;
	room = bt_snapshot_reserve(s, size);
	if (!room)
		return -ENOMEM;
	memcpy(room, record, size);
	s->length += size;
	return 0;
}

static int emit_record(struct bt_snapshot *s, const struct bt_record *r, uint64_t id,
		       enum bt_record_type type)
{
	struct bt_record whole;

	if (!s)
		return 0;
	whole = *r;
	whole.head.size = sizeof(whole);
	whole.head.type = type;
	whole.head.id = id;
	if (whole.head.valid & BT_VALID_ACCOUNT)
		whole.account.id = id;
	whole.account.leader_start_ns = whole.facts.leader_start_ns;
	return emit(s, &whole, sizeof(whole));
}

static int emit_same(struct bt_snapshot *s, uint64_t id, int32_t tid, uint8_t valid, uint64_t now_ns)
{
	struct bt_record_head head = {.size = sizeof(head),
				      .type = BT_RECORD_SAME,
				      .valid = valid,
				      .tid = tid,
				      .id = id,
				      .now_ns = now_ns};

	return emit(s, &head, sizeof(head));
}

static int emit_lump(struct bt_snapshot *s, const struct bt_codec_lump *of)
{
	struct bt_lump l = of->l;

	if (!s)
		return 0;
	l.head.size = sizeof(l);
	l.head.type = BT_RECORD_LUMP;
	l.head.id = of->id;
	return emit(s, &l, sizeof(l));
}

static int decode_same(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p, uint64_t count,
		       struct bt_snapshot *s)
{
	int err = bt_get_difference(in, &p->now_ns);

	for (; !err && count; count--) {
		struct bt_codec_slot *t = p->next;

		if (!t)
			return -EINVAL;
		t->r.head.now_ns = p->now_ns;
		t->frame = c->frame;
		p->next = t->next;
		err = t->is_news ? emit_record(s, &t->r, t->id, BT_RECORD_THREAD)
				 : emit_same(s, t->id, t->r.head.tid, t->r.head.valid, p->now_ns);
		t->is_news = false;
	}
	return err;
}

static int decode_record(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p,
			 struct bt_record *r)
{
	int err = bt_get_difference(in, &p->now_ns);

	if (!err)
		err = bt_get_words(in, c->record, r, p->now_ns);
	r->head.now_ns = p->now_ns;
	return err;
}

static int decode_thread(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p, bool fresh,
			 struct bt_snapshot *s)
{
	struct bt_codec_slot *t = p->next;
	int err = 0;

	if (fresh) {
		err = bt_get_difference(in, &p->id);
		if (err || bt_codec_slot_find(c, p->id) || HASH_COUNT(c->slots) >= BT_CODEC_THREADS_MAX)
			return -EINVAL;
		t = bt_codec_slot_add(c, p->id, p->next);
		if (!t)
			return -ENOMEM;
	} else if (!t) {
		return -EINVAL;
	}
	err = decode_record(c, in, p, &t->r);
	if (err)
		return err;
	t->frame = c->frame;
	if (!fresh)
		p->next = t->next;
	return emit_record(s, &t->r, t->id, BT_RECORD_THREAD);
}

static int decode_gone(struct bt_codec *c, struct bt_codec_place *p, uint64_t count)
{
	for (; count; count--) {
		struct bt_codec_slot *t = p->next;

		if (!t)
			return -EINVAL;
		p->next = t->next;
		bt_codec_slot_drop(c, t);
	}
	return 0;
}

static int decode_ended(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p,
			struct bt_snapshot *s)
{
	struct bt_record r = {0};
	const struct bt_codec_slot *t;
	int err = bt_get_difference(in, &p->id);

	if (err)
		return err;
	t = bt_codec_slot_find(c, p->id);
	if (t)
		r = t->r;
	err = decode_record(c, in, p, &r);
	return err ? err : emit_record(s, &r, p->id, BT_RECORD_ENDED);
}

static int decode_lone(struct bt_bytes *in, struct bt_codec_place *p, struct bt_snapshot *s)
{
	uint64_t tid = 0, valid = 0;
	int err = bt_get_difference(in, &p->id);

	if (!err)
		err = bt_get_difference(in, &p->now_ns);
	if (!err)
		err = bt_get(in, &tid);
	if (!err)
		err = bt_get(in, &valid);
	return err ? err : emit_same(s, p->id, (int32_t)bt_unzigzag(tid), (uint8_t)valid, p->now_ns);
}

static int decode_lumps_same(struct bt_codec_place *p, uint64_t count, struct bt_snapshot *s)
{
	int err = 0;

	for (; !err && count; count--) {
		if (!p->next_lump)
			return -EINVAL;
		err = emit_lump(s, p->next_lump);
		p->next_lump = p->next_lump->next;
	}
	return err;
}

static int decode_lump(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p,
		       struct bt_snapshot *s)
{
	struct bt_codec_lump *of;
	int err = bt_get_difference(in, &p->id);

	if (err)
		return err;
	of = bt_codec_lump_find(c, p->id);
	if (!of && HASH_COUNT(c->lumps) >= BT_CODEC_LUMPS_MAX)
		return -EINVAL;
	if (!of)
		of = bt_codec_lump_add(c, p->id);
	if (!of)
		return -ENOMEM;
	err = bt_get_words(in, c->lump, &of->l, 0);
	p->next_lump = of->next;
	return err ? err : emit_lump(s, of);
}

static int decode_forget(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p)
{
	struct bt_codec_slot *t;
	int err = bt_get_difference(in, &p->id);

	t = err ? NULL : bt_codec_slot_find(c, p->id);
	if (!t)
		return -EINVAL;
	if (p->next == t)
		p->next = t->next;
	bt_codec_slot_drop(c, t);
	return 0;
}

static int decode_entry(struct bt_codec *c, struct bt_bytes *in, struct bt_codec_place *p,
			struct bt_snapshot *s)
{
	uint64_t what;
	int err = bt_get(in, &what);

	if (err)
		return err;
	switch (what & BT_OP_MASK) {
	case BT_OP_SAME:
		return decode_same(c, in, p, what >> BT_OP_BITS, s);
	case BT_OP_THREAD:
		return decode_thread(c, in, p, false, s);
	case BT_OP_NEW:
		return decode_thread(c, in, p, true, s);
	case BT_OP_GONE:
		return decode_gone(c, p, what >> BT_OP_BITS);
	case BT_OP_ENDED:
		return decode_ended(c, in, p, s);
	case BT_OP_LONE:
		return decode_lone(in, p, s);
	case BT_OP_LUMPS_SAME:
		return decode_lumps_same(p, what >> BT_OP_BITS, s);
	case BT_OP_LUMP:
		return decode_lump(c, in, p, s);
	case BT_OP_FORGET:
		return decode_forget(c, in, p);
	default:
		return -EINVAL;
	}
}

int bt_codec_decode(struct bt_codec *c, uint64_t begin_ns, const void *data, size_t size, bool restart,
		    struct bt_snapshot *s)
{
	struct bt_bytes in = {data, (const unsigned char *)data + size};
	struct bt_codec_place p = {.now_ns = begin_ns};
	uint64_t flags;
	int err = bt_get(&in, &flags);

	if (!err && (flags & ~(uint64_t)BT_FRAME_KEY || (restart && !(flags & BT_FRAME_KEY))))
		err = -EINVAL;
	if (restart)
		bt_codec_reset(c);
	if (!err && flags & BT_FRAME_KEY)
		err = state_decode(c, begin_ns, &in);
	c->frame++;
	p.next = c->order;
	p.next_lump = c->lump_order;
	while (!err && in.at < in.end)
		err = decode_entry(c, &in, &p, s);
	return err;
}

int bt_codec_base(const struct bt_codec *c, struct bt_snapshot *s)
{
	const struct bt_codec_slot *t;
	const struct bt_codec_lump *l;
	int err = 0;

	DL_FOREACH(c->order, t)
	{
		err = emit_record(s, &t->r, t->id, BT_RECORD_THREAD);
		if (err)
			return err;
	}
	DL_FOREACH(c->lump_order, l)
	{
		err = emit_lump(s, l);
		if (err)
			return err;
	}
	return 0;
}
