/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing frames. */
#include <string.h>

#include "codec_internal.h"
#include "numbers.h"

/* The state itself, at the head of a key frame. */
static void state_encode(const struct bt_codec *c, uint64_t begin_ns, struct bt_strbuf *out)
{
	struct bt_codec_place p = {.now_ns = begin_ns};
	const struct bt_codec_slot *t;
	const struct bt_codec_lump *l;

	bt_put(out, HASH_COUNT(c->slots));
	DL_FOREACH(c->order, t)
	{
		bt_put_difference(out, &p.id, t->id);
		bt_put_difference(out, &p.now_ns, t->r.head.now_ns);
		bt_put_words(out, c->record, &bt_codec_no_record, &t->r, t->r.head.now_ns);
	}
	bt_put(out, HASH_COUNT(c->lumps));
	p.id = 0;
	DL_FOREACH(c->lump_order, l)
	{
		bt_put_difference(out, &p.id, l->id);
		bt_put_words(out, c->lump, &bt_codec_no_lump, &l->l, 0);
	}
}

/* Entries of one kind in a row. */
struct run {
	enum bt_codec_op op;
	uint64_t count, now_ns;
};

static void run_end(struct run *run, struct bt_codec_place *p, struct bt_strbuf *out)
{
	if (!run->count)
		return;
	bt_put(out, run->count << BT_OP_BITS | run->op);
	if (run->op == BT_OP_SAME)
		bt_put_difference(out, &p->now_ns, run->now_ns);
	run->count = 0;
}

static void run_add(struct run *run, enum bt_codec_op op, uint64_t now_ns, struct bt_codec_place *p,
		    struct bt_strbuf *out)
{
	if (run->count && (run->op != op || run->now_ns != now_ns))
		run_end(run, p, out);
	run->op = op;
	run->now_ns = now_ns;
	run->count++;
}

/* Those that should have come before t did not: they are not there. */
static void pass_over(struct bt_codec *c, struct bt_codec_slot *t, struct run *run, struct bt_codec_place *p,
		      struct bt_strbuf *out)
{
	while (p->next && p->next != t) {
		struct bt_codec_slot *gone = p->next;

		p->next = gone->next;
		bt_codec_slot_drop(c, gone);
		run_add(run, BT_OP_GONE, 0, p, out);
	}
}

static void put_record(struct bt_strbuf *out, struct bt_codec *c, struct bt_codec_place *p,
		       const struct bt_record *before, const struct bt_record *now)
{
	bt_put_difference(out, &p->now_ns, now->head.now_ns);
	bt_put_words(out, c->record, before, now, now->head.now_ns);
}

static int encode_thread(struct bt_codec *c, const struct bt_record *r, struct run *run,
			 struct bt_codec_place *p, struct bt_strbuf *out)
{
	struct bt_codec_slot *t =
	    p->next && p->next->id == r->head.id ? p->next : bt_codec_slot_find(c, r->head.id);

	/* Its number changes and with it its place if it becomes the leader by exec. */
	if (t && t != p->next && (t->frame == c->frame || t->r.head.tid != r->head.tid)) {
		run_end(run, p, out);
		bt_put(out, BT_OP_FORGET);
		bt_put_difference(out, &p->id, t->id);
		bt_codec_slot_drop(c, t);
		t = NULL;
	}
	if (t)
		pass_over(c, t, run, p, out);
	run_end(run, p, out);
	if (t) {
		bt_put(out, BT_OP_THREAD);
		put_record(out, c, p, &t->r, r);
		p->next = t->next;
	} else {
		t = bt_codec_slot_add(c, r->head.id, p->next);
		if (!t)
			return -ENOMEM;
		bt_put(out, BT_OP_NEW);
		bt_put_difference(out, &p->id, r->head.id);
		put_record(out, c, p, &bt_codec_no_record, r);
	}
	t->r = *r;
	t->frame = c->frame;
	return 0;
}

static void encode_same(struct bt_codec *c, const struct bt_record_head *head, struct run *run,
			struct bt_codec_place *p, struct bt_strbuf *out)
{
	struct bt_codec_slot *t =
	    p->next && p->next->id == head->id ? p->next : bt_codec_slot_find(c, head->id);

	if (!t || t->frame == c->frame) {
		run_end(run, p, out);
		bt_put(out, BT_OP_LONE);
		bt_put_difference(out, &p->id, head->id);
		bt_put_difference(out, &p->now_ns, head->now_ns);
		bt_put(out, bt_zigzag((uint64_t)(int64_t)head->tid));
		bt_put(out, head->valid);
		return;
	}
	pass_over(c, t, run, p, out);
	run_add(run, BT_OP_SAME, head->now_ns, p, out);
	t->r.head.now_ns = head->now_ns;
	t->frame = c->frame;
	p->next = t->next;
}

static void encode_ended(struct bt_codec *c, const struct bt_record *r, struct bt_codec_place *p,
			 struct bt_strbuf *out)
{
	const struct bt_codec_slot *t = bt_codec_slot_find(c, r->head.id);

	bt_put(out, BT_OP_ENDED);
	bt_put_difference(out, &p->id, r->head.id);
	put_record(out, c, p, t ? &t->r : &bt_codec_no_record, r);
}

static bool lump_equal(const struct bt_codec *c, const struct bt_lump *a, const struct bt_lump *b)
{
	for (size_t i = 0; i < c->lump->count; i++)
		if (bt_word_get(a, &c->lump->words[i]) != bt_word_get(b, &c->lump->words[i]))
			return false;
	return true;
}

static int encode_lump(struct bt_codec *c, const struct bt_lump *l, struct run *run, struct bt_codec_place *p,
		       struct bt_strbuf *out)
{
	struct bt_codec_lump *of = p->next_lump;

	if (of && of->id == l->head.id && lump_equal(c, &of->l, l)) {
		run_add(run, BT_OP_LUMPS_SAME, 0, p, out);
		p->next_lump = of->next;
		return 0;
	}
	run_end(run, p, out);
	of = bt_codec_lump_find(c, l->head.id);
	if (!of)
		of = bt_codec_lump_add(c, l->head.id);
	if (!of)
		return -ENOMEM;
	bt_put(out, BT_OP_LUMP);
	bt_put_difference(out, &p->id, l->head.id);
	bt_put_words(out, c->lump, &of->l, l, 0);
	of->l = *l;
	p->next_lump = of->next;
	return 0;
}

/* A copy as it is kept. */
static void record_copy(struct bt_record *to, const struct bt_record_head *head)
{
	memcpy(to, head, sizeof(*to));
	bt_record_canonize(to);
}

int bt_codec_encode(struct bt_codec *c, const struct bt_snapshot *s, bool key, struct bt_strbuf *out)
{
	struct bt_codec_place p = {.now_ns = s->begin_ns};
	struct run run = {0};
	struct bt_record r;
	int err = 0;

	bt_put(out, key ? BT_FRAME_KEY : 0);
	if (key)
		state_encode(c, s->begin_ns, out);
	c->frame++;
	p.next = c->order;
	p.next_lump = c->lump_order;
	bt_snapshot_for_each (head, s) {
		switch (head->type) {
		case BT_RECORD_SAME:
			encode_same(c, head, &run, &p, out);
			break;
		case BT_RECORD_THREAD:
			record_copy(&r, head);
			err = encode_thread(c, &r, &run, &p, out);
			break;
		case BT_RECORD_ENDED:
			run_end(&run, &p, out);
			record_copy(&r, head);
			encode_ended(c, &r, &p, out);
			break;
		default:
			err = encode_lump(c, (const struct bt_lump *)(const void *)head, &run, &p, out);
			break;
		}
		if (err)
			return err;
	}
	pass_over(c, NULL, &run, &p, out);
	run_end(&run, &p, out);
	return bt_strbuf_error(out);
}
