/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "growth.h"

#include <errno.h>
#include <stdlib.h>

#include <uthash.h>

struct key {
	uint64_t start_ns;
	int64_t pid;
};

struct entry {
	struct key key;
	struct bt_growth_of of;
	UT_hash_handle hh;
};

struct bt_growth {
	struct entry *entries;
};

int bt_growth_create(struct bt_growth **out)
{
	struct bt_growth *g = calloc(1, sizeof(*g));

	if (!g)
		return -ENOMEM;
	*out = g;
	return 0;
}

void bt_growth_destroy(struct bt_growth *g)
{
	struct entry *e, *next;

	if (!g)
		return;
	HASH_ITER (hh, g->entries, e, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(g->entries, e);
		free(e);
	}
	free(g);
}

static struct entry *find(const struct bt_growth *g, const struct bt_identity *who)
{
	struct key key = {.start_ns = who->start_ns, .pid = who->pid};
	struct entry *e;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, g->entries, &key, sizeof(key), e);
	return e;
}

int bt_growth_note(struct bt_growth *g, const struct bt_frame *f)
{
	for (size_t i = 0; i < f->process_count; i++) {
		const struct bt_process *p = f->processes[i];
		struct entry *e;

		if (p->exited || !p->threads)
			continue;
		e = find(g, &p->identity);
		if (!e) {
			e = calloc(1, sizeof(*e));
			if (!e)
				return -ENOMEM;
			e->key = (struct key){.start_ns = p->identity.start_ns, .pid = p->identity.pid};
			e->of.first = p->threads;
			HASH_ADD(hh, g->entries, key, sizeof(e->key), e);
		} else {
			e->of.rises += p->threads > e->of.last;
			e->of.falls += p->threads < e->of.last;
		}
		e->of.last = p->threads;
		e->of.notes++;
	}
	return 0;
}

bool bt_growth_find(const struct bt_growth *g, const struct bt_identity *who, struct bt_growth_of *out)
{
	const struct entry *e = g ? find(g, who) : NULL;

	if (e)
		*out = e->of;
	return e;
}
