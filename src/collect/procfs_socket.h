/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets by inode, from /proc/PID/net: their family, and whether who reads one waits for an answer. A stream
 * whose local port has a listener came through accept(): a request is waited for there.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_SOCKET_H
#define BOUNDTOP_COLLECT_PROCFS_SOCKET_H

#include <stdint.h>
#include <sys/types.h>

#include "inet_line.h"
#include "procfs_object.h"

struct bt_sockets;

int bt_sockets_create(struct bt_sockets **out, int proc); /* 0 or -ENOMEM */
void bt_sockets_destroy(struct bt_sockets *s);            /* NULL is fine */

/* Fills target, owed, peer and doubtful of out for a socket of process pid. */
void bt_socket_find(struct bt_sockets *s, pid_t pid, uint64_t ino, struct bt_proc_object *out);

#endif
