/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* The lower four bits of what begins an entry; the rest is a count, where one says so. */
enum op {
	OP_SAME,       /* count threads, the next ones in order: SAME records; all of one time */
	OP_THREAD,     /* the next one: a THREAD record */
	OP_NEW,        /* a THREAD record of one that comes in before the next one */
	OP_GONE,       /* count threads, the next ones, are not there (any more) */
	OP_ENDED,      /* an ENDED record */
	OP_LONE,       /* a SAME record of a thread that is not known */
	OP_LUMPS_SAME, /* count lumps, the next ones in order, are as they were */
	OP_LUMP,
	OP_FORGET, /* a thread comes again, or at another place: what was known of it is not to be used */
};

#define OP_BITS  4
#define OP_MASK  15
#define FLAG_KEY 1

struct slot {
	uint64_t id;
	struct bt_record r; /* as last heard of; head.now_ns is when */
	uint32_t frame;     /* the last one that it was in */
	struct slot *prev, *next;
	UT_hash_handle hh;
};

struct lump {
	uint64_t id;
	struct bt_lump l;
	struct lump *prev, *next;
	UT_hash_handle hh;
};

struct bt_codec {
	const struct bt_layout *record, *lump;
	struct slot *order, *slots; /* a list, a table */
	struct lump *lump_order, *lumps;
	uint32_t frame;
};

/* What the entries of a frame are told by: differences to what came before in it. */
struct place {
	struct slot *next;
	struct lump *next_lump;
	uint64_t now_ns, id;
};

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

static struct slot *slot_find(const struct bt_codec *c, uint64_t id)
{
	struct slot *t;

	HASH_FIND(hh, c->slots, &id, sizeof(id), t);
	return t;
}

static void slot_drop(struct bt_codec *c, struct slot *t)
{
	/* Who is in the one is in the other, which the analyzer does not see. */
	/* NOLINTBEGIN(clang-analyzer-core.NullDereference) */
	HASH_DELETE(hh, c->slots, t);
	DL_DELETE(c->order, t);
	/* NOLINTEND(clang-analyzer-core.NullDereference) */
	free(t);
}

/* A new one before next; NULL: at the end. NULL: no memory. */
static struct slot *slot_add(struct bt_codec *c, uint64_t id, struct slot *next)
{
	struct slot *t = calloc(1, sizeof(*t));

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

static struct lump *lump_find(const struct bt_codec *c, uint64_t id)
{
	struct lump *l;

	HASH_FIND(hh, c->lumps, &id, sizeof(id), l);
	return l;
}

static struct lump *lump_add(struct bt_codec *c, uint64_t id)
{
	struct lump *l = calloc(1, sizeof(*l));

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

void bt_codec_reset(struct bt_codec *c)
{
	struct slot *t, *next_slot;
	struct lump *l, *next_lump;

	HASH_CLEAR(hh, c->slots);
	HASH_CLEAR(hh, c->lumps);
	DL_FOREACH_SAFE(c->order, t, next_slot)
	free(t);
	DL_FOREACH_SAFE(c->lump_order, l, next_lump)
	free(l);
	c->order = NULL;
	c->lump_order = NULL;
}

void bt_codec_destroy(struct bt_codec *c)
{
	if (!c)
		return;
	bt_codec_reset(c);
	free(c);
}

/* Numbers: seven bits a byte, the lowest first. */
static void put(struct bt_strbuf *out, uint64_t value)
{
	char bytes[10];
	size_t length = 0;

	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (char)(value | 0x80);
	bytes[length++] = (char)value;
	bt_strbuf_add_bytes(out, bytes, length);
}

/* Small ones of either sign: 0, -1, 1, -2, … */
static uint64_t zigzag(uint64_t difference)
{
	return difference << 1 ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t value)
{
	return value >> 1 ^ (0 - (value & 1));
}

static void put_difference(struct bt_strbuf *out, uint64_t *last, uint64_t value)
{
	put(out, zigzag(value - *last));
	*last = value;
}

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

static void put_words(struct bt_strbuf *out, const struct bt_layout *l, const void *before, const void *now,
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
		put_word(out, skip, zigzag(w->time ? now_ns - is : is - was));
		skip = 0;
	}
	bt_strbuf_add_bytes(out, "", 1);
}

static const struct bt_record no_record;
static const struct bt_lump no_lump;

/* Where reading stands in the bytes of a frame. */
struct bytes {
	const unsigned char *at, *end;
};

static int get(struct bytes *in, uint64_t *value)
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

static int get_difference(struct bytes *in, uint64_t *last)
{
	uint64_t value;
	int err = get(in, &value);

	*last += err ? 0 : unzigzag(value);
	return err;
}

/* The next changed word: how many are passed over, and its zigzag number. 0; 1: there is none. */
static int get_word(struct bytes *in, size_t *skip, uint64_t *value)
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

static int get_words(struct bytes *in, const struct bt_layout *l, void *record, uint64_t now_ns)
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
		value = unzigzag(value);
		bt_word_set(record, w, w->time ? now_ns - value : bt_word_get(record, w) + value);
	}
}

/* The state itself, at the head of a key frame. */
static void state_encode(const struct bt_codec *c, uint64_t begin_ns, struct bt_strbuf *out)
{
	struct place p = {.now_ns = begin_ns};
	const struct slot *t;
	const struct lump *l;

	put(out, HASH_COUNT(c->slots));
	DL_FOREACH(c->order, t)
	{
		put_difference(out, &p.id, t->id);
		put_difference(out, &p.now_ns, t->r.head.now_ns);
		put_words(out, c->record, &no_record, &t->r, t->r.head.now_ns);
	}
	put(out, HASH_COUNT(c->lumps));
	p.id = 0;
	DL_FOREACH(c->lump_order, l)
	{
		put_difference(out, &p.id, l->id);
		put_words(out, c->lump, &no_lump, &l->l, 0);
	}
}

static int state_decode(struct bt_codec *c, uint64_t begin_ns, struct bytes *in)
{
	struct place p = {.now_ns = begin_ns};
	uint64_t count;
	int err = get(in, &count);

	for (; !err && count; count--) {
		struct slot *t;

		err = get_difference(in, &p.id);
		if (!err)
			err = get_difference(in, &p.now_ns);
		if (err || slot_find(c, p.id) || HASH_COUNT(c->slots) >= BT_CODEC_THREADS_MAX)
			return -EINVAL;
		t = slot_add(c, p.id, NULL);
		if (!t)
			return -ENOMEM;
		err = get_words(in, c->record, &t->r, p.now_ns);
		t->r.head.now_ns = p.now_ns;
	}
	if (!err)
		err = get(in, &count);
	p.id = 0;
	for (; !err && count; count--) {
		struct lump *l;

		err = get_difference(in, &p.id);
		if (err || lump_find(c, p.id) || HASH_COUNT(c->lumps) >= BT_CODEC_LUMPS_MAX)
			return -EINVAL;
		l = lump_add(c, p.id);
		if (!l)
			return -ENOMEM;
		err = get_words(in, c->lump, &l->l, 0);
	}
	return err;
}

/* The same without keeping it. */
static int state_pass(const struct bt_codec *c, struct bytes *in)
{
	struct bt_record r = {0};
	struct bt_lump l = {0};
	uint64_t count, unused;
	int err = get(in, &count);

	for (; !err && count; count--) {
		err = get(in, &unused);
		if (!err)
			err = get(in, &unused);
		if (!err)
			err = get_words(in, c->record, &r, 0);
	}
	if (!err)
		err = get(in, &count);
	for (; !err && count; count--) {
		err = get(in, &unused);
		if (!err)
			err = get_words(in, c->lump, &l, 0);
	}
	return err;
}

/* Entries of one kind in a row. */
struct run {
	enum op op;
	uint64_t count, now_ns;
};

static void run_end(struct run *run, struct place *p, struct bt_strbuf *out)
{
	if (!run->count)
		return;
	put(out, run->count << OP_BITS | run->op);
	if (run->op == OP_SAME)
		put_difference(out, &p->now_ns, run->now_ns);
	run->count = 0;
}

static void run_add(struct run *run, enum op op, uint64_t now_ns, struct place *p, struct bt_strbuf *out)
{
	if (run->count && (run->op != op || run->now_ns != now_ns))
		run_end(run, p, out);
	run->op = op;
	run->now_ns = now_ns;
	run->count++;
}

/* Those that should have come before t did not: they are not there. */
static void pass_over(struct bt_codec *c, struct slot *t, struct run *run, struct place *p,
		      struct bt_strbuf *out)
{
	while (p->next && p->next != t) {
		struct slot *gone = p->next;

		p->next = gone->next;
		slot_drop(c, gone);
		run_add(run, OP_GONE, 0, p, out);
	}
}

static void put_record(struct bt_strbuf *out, struct bt_codec *c, struct place *p,
		       const struct bt_record *before, const struct bt_record *now)
{
	put_difference(out, &p->now_ns, now->head.now_ns);
	put_words(out, c->record, before, now, now->head.now_ns);
}

static int encode_thread(struct bt_codec *c, const struct bt_record *r, struct run *run, struct place *p,
			 struct bt_strbuf *out)
{
	struct slot *t = p->next && p->next->id == r->head.id ? p->next : slot_find(c, r->head.id);

	/* Its number changes and with it its place if it becomes the leader by exec. */
	if (t && t != p->next && (t->frame == c->frame || t->r.head.tid != r->head.tid)) {
		run_end(run, p, out);
		put(out, OP_FORGET);
		put_difference(out, &p->id, t->id);
		slot_drop(c, t);
		t = NULL;
	}
	if (t)
		pass_over(c, t, run, p, out);
	run_end(run, p, out);
	if (t) {
		put(out, OP_THREAD);
		put_record(out, c, p, &t->r, r);
		p->next = t->next;
	} else {
		t = slot_add(c, r->head.id, p->next);
		if (!t)
			return -ENOMEM;
		put(out, OP_NEW);
		put_difference(out, &p->id, r->head.id);
		put_record(out, c, p, &no_record, r);
	}
	t->r = *r;
	t->frame = c->frame;
	return 0;
}

static void encode_same(struct bt_codec *c, const struct bt_record_head *head, struct run *run,
			struct place *p, struct bt_strbuf *out)
{
	struct slot *t = p->next && p->next->id == head->id ? p->next : slot_find(c, head->id);

	if (!t || t->frame == c->frame) {
		run_end(run, p, out);
		put(out, OP_LONE);
		put_difference(out, &p->id, head->id);
		put_difference(out, &p->now_ns, head->now_ns);
		put(out, zigzag((uint64_t)(int64_t)head->tid));
		put(out, head->valid);
		return;
	}
	pass_over(c, t, run, p, out);
	run_add(run, OP_SAME, head->now_ns, p, out);
	t->r.head.now_ns = head->now_ns;
	t->frame = c->frame;
	p->next = t->next;
}

static void encode_ended(struct bt_codec *c, const struct bt_record *r, struct place *p,
			 struct bt_strbuf *out)
{
	const struct slot *t = slot_find(c, r->head.id);

	put(out, OP_ENDED);
	put_difference(out, &p->id, r->head.id);
	put_record(out, c, p, t ? &t->r : &no_record, r);
}

static bool lump_equal(const struct bt_codec *c, const struct bt_lump *a, const struct bt_lump *b)
{
	for (size_t i = 0; i < c->lump->count; i++)
		if (bt_word_get(a, &c->lump->words[i]) != bt_word_get(b, &c->lump->words[i]))
			return false;
	return true;
}

static int encode_lump(struct bt_codec *c, const struct bt_lump *l, struct run *run, struct place *p,
		       struct bt_strbuf *out)
{
	struct lump *of = p->next_lump;

	if (of && of->id == l->head.id && lump_equal(c, &of->l, l)) {
		run_add(run, OP_LUMPS_SAME, 0, p, out);
		p->next_lump = of->next;
		return 0;
	}
	run_end(run, p, out);
	of = lump_find(c, l->head.id);
	if (!of)
		of = lump_add(c, l->head.id);
	if (!of)
		return -ENOMEM;
	put(out, OP_LUMP);
	put_difference(out, &p->id, l->head.id);
	put_words(out, c->lump, &of->l, l, 0);
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
	struct place p = {.now_ns = s->begin_ns};
	struct run run = {0};
	struct bt_record r;
	int err = 0;

	put(out, key ? FLAG_KEY : 0);
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

static int emit_lump(struct bt_snapshot *s, const struct lump *of)
{
	struct bt_lump l = of->l;

	if (!s)
		return 0;
	l.head.size = sizeof(l);
	l.head.type = BT_RECORD_LUMP;
	l.head.id = of->id;
	return emit(s, &l, sizeof(l));
}

static int decode_same(struct bt_codec *c, struct bytes *in, struct place *p, uint64_t count,
		       struct bt_snapshot *s)
{
	int err = get_difference(in, &p->now_ns);

	for (; !err && count; count--) {
		struct slot *t = p->next;

		if (!t)
			return -EINVAL;
		t->r.head.now_ns = p->now_ns;
		t->frame = c->frame;
		p->next = t->next;
		err = emit_same(s, t->id, t->r.head.tid, t->r.head.valid, p->now_ns);
	}
	return err;
}

static int decode_record(struct bt_codec *c, struct bytes *in, struct place *p, struct bt_record *r)
{
	int err = get_difference(in, &p->now_ns);

	if (!err)
		err = get_words(in, c->record, r, p->now_ns);
	r->head.now_ns = p->now_ns;
	return err;
}

static int decode_thread(struct bt_codec *c, struct bytes *in, struct place *p, bool fresh,
			 struct bt_snapshot *s)
{
	struct slot *t = p->next;
	int err = 0;

	if (fresh) {
		err = get_difference(in, &p->id);
		if (err || slot_find(c, p->id) || HASH_COUNT(c->slots) >= BT_CODEC_THREADS_MAX)
			return -EINVAL;
		t = slot_add(c, p->id, p->next);
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

static int decode_gone(struct bt_codec *c, struct place *p, uint64_t count)
{
	for (; count; count--) {
		struct slot *t = p->next;

		if (!t)
			return -EINVAL;
		p->next = t->next;
		slot_drop(c, t);
	}
	return 0;
}

static int decode_ended(struct bt_codec *c, struct bytes *in, struct place *p, struct bt_snapshot *s)
{
	struct bt_record r = {0};
	const struct slot *t;
	int err = get_difference(in, &p->id);

	if (err)
		return err;
	t = slot_find(c, p->id);
	if (t)
		r = t->r;
	err = decode_record(c, in, p, &r);
	return err ? err : emit_record(s, &r, p->id, BT_RECORD_ENDED);
}

static int decode_lone(struct bytes *in, struct place *p, struct bt_snapshot *s)
{
	uint64_t tid = 0, valid = 0;
	int err = get_difference(in, &p->id);

	if (!err)
		err = get_difference(in, &p->now_ns);
	if (!err)
		err = get(in, &tid);
	if (!err)
		err = get(in, &valid);
	return err ? err : emit_same(s, p->id, (int32_t)unzigzag(tid), (uint8_t)valid, p->now_ns);
}

static int decode_lumps_same(struct place *p, uint64_t count, struct bt_snapshot *s)
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

static int decode_lump(struct bt_codec *c, struct bytes *in, struct place *p, struct bt_snapshot *s)
{
	struct lump *of;
	int err = get_difference(in, &p->id);

	if (err)
		return err;
	of = lump_find(c, p->id);
	if (!of && HASH_COUNT(c->lumps) >= BT_CODEC_LUMPS_MAX)
		return -EINVAL;
	if (!of)
		of = lump_add(c, p->id);
	if (!of)
		return -ENOMEM;
	err = get_words(in, c->lump, &of->l, 0);
	p->next_lump = of->next;
	return err ? err : emit_lump(s, of);
}

static int decode_forget(struct bt_codec *c, struct bytes *in, struct place *p)
{
	struct slot *t;
	int err = get_difference(in, &p->id);

	t = err ? NULL : slot_find(c, p->id);
	if (!t)
		return -EINVAL;
	if (p->next == t)
		p->next = t->next;
	slot_drop(c, t);
	return 0;
}

static int decode_entry(struct bt_codec *c, struct bytes *in, struct place *p, struct bt_snapshot *s)
{
	uint64_t what;
	int err = get(in, &what);

	if (err)
		return err;
	switch (what & OP_MASK) {
	case OP_SAME:
		return decode_same(c, in, p, what >> OP_BITS, s);
	case OP_THREAD:
		return decode_thread(c, in, p, false, s);
	case OP_NEW:
		return decode_thread(c, in, p, true, s);
	case OP_GONE:
		return decode_gone(c, p, what >> OP_BITS);
	case OP_ENDED:
		return decode_ended(c, in, p, s);
	case OP_LONE:
		return decode_lone(in, p, s);
	case OP_LUMPS_SAME:
		return decode_lumps_same(p, what >> OP_BITS, s);
	case OP_LUMP:
		return decode_lump(c, in, p, s);
	case OP_FORGET:
		return decode_forget(c, in, p);
	default:
		return -EINVAL;
	}
}

int bt_codec_decode(struct bt_codec *c, uint64_t begin_ns, const void *data, size_t size, bool restart,
		    struct bt_snapshot *s)
{
	struct bytes in = {data, (const unsigned char *)data + size};
	struct place p = {.now_ns = begin_ns};
	uint64_t flags;
	int err = get(&in, &flags);

	if (!err && (flags & ~(uint64_t)FLAG_KEY || (restart && !(flags & FLAG_KEY))))
		err = -EINVAL;
	if (restart)
		bt_codec_reset(c);
	if (!err && flags & FLAG_KEY)
		err = restart ? state_decode(c, begin_ns, &in) : state_pass(c, &in);
	c->frame++;
	p.next = c->order;
	p.next_lump = c->lump_order;
	while (!err && in.at < in.end)
		err = decode_entry(c, &in, &p, s);
	return err;
}

int bt_codec_base(const struct bt_codec *c, struct bt_snapshot *s)
{
	const struct slot *t;
	const struct lump *l;
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

void bt_codec_counts_encode(const uint64_t *counts, size_t count, struct bt_strbuf *out)
{
	for (size_t i = 0; i < count; i++)
		put(out, counts[i]);
}

void bt_codec_counts_decode(const void *data, size_t size, uint64_t *counts, size_t count)
{
	struct bytes in = {data, (const unsigned char *)data + size};

	for (size_t i = 0; i < count; i++)
		if (get(&in, &counts[i]))
			counts[i] = 0;
}
