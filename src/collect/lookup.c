/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lookup.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

/* Going through all of them is worth it only now and then. */
#define FRAMES_A_SWEEP 16

struct key {
	uint64_t start_ns;
	int64_t pid;
};

struct entry {
	struct key key;
	struct bt_description description;
	uint32_t sweep; /* number of the sweep after which it was last asked for */
	UT_hash_handle hh;
};

struct user {
	uint32_t uid;
	char *name;
	UT_hash_handle hh;
};

struct bt_lookup {
	struct bt_collector *collector;
	struct entry *entries;
	struct user *users;
	const struct user *user; /* who was asked for last; NULL: nobody yet */
	unsigned int frames;     /* since the last sweep */
	uint32_t sweep;
};

int bt_lookup_create(struct bt_lookup **out, struct bt_collector *c)
{
	struct bt_lookup *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->collector = c;
	*out = l;
	return 0;
}

static void entry_free(struct bt_lookup *l, struct entry *e)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the entry is out of the table, freed or not */
	HASH_DEL(l->entries, e);
	free(e->description.cmdline);
	free(e->description.cgroup);
	free(e->description.container);
	free(e);
}

void bt_lookup_destroy(struct bt_lookup *l)
{
	struct entry *e, *next_entry;
	struct user *u, *next_user;

	if (!l)
		return;
	HASH_ITER (hh, l->entries, e, next_entry)
		entry_free(l, e);
	HASH_ITER (hh, l->users, u, next_user) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(l->users, u);
		free(u->name);
		free(u);
	}
	free(l);
}

/* The number itself where the host has no name for it. NULL: no memory. */
static const char *user_name(struct bt_lookup *l, uint32_t uid)
{
	const struct passwd *pw;
	struct user *u;

	/* Mostly the same as of the process before. */
	if (l->user && l->user->uid == uid)
		return l->user->name;
	HASH_FIND(hh, l->users, &uid, sizeof(uid), u);
	l->user = u;
	if (u)
		return u->name;
	u = calloc(1, sizeof(*u));
	if (!u)
		return NULL;
	u->uid = uid;
	if (l->collector->ops->user) {
		u->name = l->collector->ops->user(l->collector, uid);
	} else {
		pw = getpwuid(uid);
		u->name = pw ? strdup(pw->pw_name) : NULL;
	}
	if (!u->name && asprintf(&u->name, "%u", uid) < 0)
		u->name = NULL;
	HASH_ADD(hh, l->users, uid, sizeof(u->uid), u);
	return u->name;
}

const char *bt_lookup_user(struct bt_lookup *l, uint32_t uid)
{
	return user_name(l, uid);
}

static const struct entry *entry_find(struct bt_lookup *l, struct bt_process *p)
{
	struct key key = {.start_ns = p->identity.start_ns, .pid = p->identity.pid};
	struct entry *e = p->description;

	/* Ten thousand look-ups a frame are felt. What was asked for since the last sweep is still there. */
	if (e && l->sweep - p->described_at <= 1) {
		e->sweep = p->described_at = l->sweep;
		return e;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, l->entries, &key, sizeof(key), e);
	if (!e) {
		/* What has ended has no /proc any more. */
		if (p->exited)
			return NULL;
		e = calloc(1, sizeof(*e));
		if (!e)
			return NULL;
		e->key = key;
		/* Gone meanwhile: empty, and not asked again. */
		l->collector->ops->describe(l->collector, p->identity.pid, p->identity.start_ns,
					    &e->description);
		HASH_ADD(hh, l->entries, key, sizeof(e->key), e);
	}
	e->sweep = p->described_at = l->sweep;
	p->description = e;
	return e;
}

void bt_lookup_fill(struct bt_lookup *l, struct bt_process *p, unsigned int mask)
{
	if (mask & BT_LOOKUP_USER)
		p->user = user_name(l, p->uid);
	/* Asked for since the last sweep, it is still right, and known to be in use. */
	if (p->description && p->described_at == l->sweep)
		return;
	if (mask & (BT_LOOKUP_CMDLINE | BT_LOOKUP_CGROUP)) {
		const struct entry *e = entry_find(l, p);

		p->cmdline = e ? e->description.cmdline : NULL;
		p->cgroup = e ? e->description.cgroup : NULL;
		p->container = e ? e->description.container : NULL;
	}
}

void bt_lookup_sweep(struct bt_lookup *l)
{
	struct entry *e, *next;

	if (++l->frames < FRAMES_A_SWEEP)
		return;
	l->frames = 0;
	HASH_ITER (hh, l->entries, e, next) {
		if (e->sweep != l->sweep)
			entry_free(l, e);
	}
	l->sweep++;
}
