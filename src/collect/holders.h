/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes have a socket open: by going through /proc/PID/fd of all of them, a slice of time at a
 * time, and for all sockets that are asked for at once.
 */
#ifndef BOUNDTOP_COLLECT_HOLDERS_H
#define BOUNDTOP_COLLECT_HOLDERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct bt_holders;

int bt_holders_create(struct bt_holders **out); /* 0 or -ENOMEM */
void bt_holders_destroy(struct bt_holders *h);  /* NULL is fine */

struct bt_held_by {
	pid_t pid;
	unsigned int others; /* that have it, too; known when all have been looked at */
};

/*
 * Who has the socket with that inode, apart from the process than, if there is another one; of several the
 * one with the largest PID, which is the child that it was opened for. The first time it only takes note,
 * then it goes on with the search until end_ns (CLOCK_MONOTONIC). false: nobody was found (yet), or we must
 * not look.
 */
bool bt_holders_find(struct bt_holders *h, uint64_t ino, pid_t than, uint64_t end_ns, struct bt_held_by *out);

#endif
