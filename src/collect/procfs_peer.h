/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who has the other end of a pipe or a unix socket: by a walk through the open files of all processes (those
 * that are ours to see), in slices, and no oftener than its cost allows.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_PEER_H
#define BOUNDTOP_COLLECT_PROCFS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "account.h"

#define BT_WRITERS_MAX 8 /* processes at one end that are remembered */

struct bt_writers;

/* proc: a descriptor of /proc, which must outlive it. 0 or -ENOMEM. */
int bt_writers_create(struct bt_writers **out, int proc);
void bt_writers_destroy(struct bt_writers *p); /* NULL is fine */

/*
 * The processes that can write to what is read through this pipe or unix socket (by inode number). Returns
 * how many; 0: nobody is known. Either way they are asked for in the next walk. Where that needs more memory
 * than there is, nobody is known.
 */
size_t bt_writers_find(struct bt_writers *p, enum bt_target target, uint64_t ino, pid_t out[BT_WRITERS_MAX]);

/*
 * Asks one process, a relative most likely, whether it is one of them, if nobody is known yet. To be asked
 * for before. true: it is.
 */
bool bt_writers_try(struct bt_writers *p, enum bt_target target, uint64_t ino, pid_t pid);

/* Goes on with the walk for about so long, or begins one if it is time. false: there is nothing to do. */
bool bt_writers_walk(struct bt_writers *p, uint64_t now_ns, uint64_t slice_ns);

#endif
