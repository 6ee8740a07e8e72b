/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people call processes: command lines, users, cgroups. Looked up once a process, when first asked for.
 */
#ifndef BOUNDTOP_COLLECT_LOOKUP_H
#define BOUNDTOP_COLLECT_LOOKUP_H

#include "collector.h"
#include "model.h"

enum bt_lookup_mask {
	BT_LOOKUP_CMDLINE = 1 << 0,
	BT_LOOKUP_USER = 1 << 1,
	BT_LOOKUP_CGROUP = 1 << 2, /* and the container */
};

struct bt_lookup;

/* c is asked, and must outlive the cache. 0 or -ENOMEM. */
int bt_lookup_create(struct bt_lookup **out, struct bt_collector *c);
void bt_lookup_destroy(struct bt_lookup *l); /* NULL is fine */

/*
 * Sets p->cmdline, p->user, p->cgroup and p->container as mask says (bits of enum bt_lookup_mask); NULL where
 * there is none. What ended before it was asked for has none. The strings, raw bytes, live at least until the
 * second bt_lookup_sweep() from then.
 */
void bt_lookup_fill(struct bt_lookup *l, struct bt_process *p, unsigned int mask);

/* The name of a user, or its number; NULL: no memory. It lives as long as l. */
const char *bt_lookup_user(struct bt_lookup *l, uint32_t uid);

/* Once a frame: now and then forgets those that nobody asked for in a long time. */
void bt_lookup_sweep(struct bt_lookup *l);

#endif
