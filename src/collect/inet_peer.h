/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Internet sockets by inode: their two ends, and the socket that is the other end, where that is on this
 * host. From /proc/PID/net, so those of another network namespace, too; a slice of time at a time, and for
 * all that are asked for at once.
 */
#ifndef BOUNDTOP_COLLECT_INET_PEER_H
#define BOUNDTOP_COLLECT_INET_PEER_H

#include <sys/types.h>

#include "inet_line.h"

struct bt_inet_peers;

int bt_inet_peers_create(struct bt_inet_peers **out); /* 0 or -ENOMEM */
void bt_inet_peers_destroy(struct bt_inet_peers *p);  /* NULL is fine */

struct bt_inet_peer {
	struct bt_inet_end local, remote; /* remote.port 0: it has no other end */
	uint64_t peer_ino;                /* 0: none on this host, in this network namespace */
};

/*
 * What is known of a socket of process pid. The first time it only takes note, then it goes on with the
 * search until end_ns (CLOCK_MONOTONIC). false: it was not found (yet).
 */
bool bt_inet_peer_find(struct bt_inet_peers *p, pid_t pid, uint64_t ino, uint64_t end_ns,
		       struct bt_inet_peer *out);

#endif
