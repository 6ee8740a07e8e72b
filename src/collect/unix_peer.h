/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unix sockets by inode, as the kernel tells of them (sock_diag(7)): no rights are needed for it. */
#ifndef BOUNDTOP_COLLECT_UNIX_PEER_H
#define BOUNDTOP_COLLECT_UNIX_PEER_H

#include <stddef.h>
#include <stdint.h>

#define BT_UNIX_PATH 112 /* sun_path, and a zero */

struct bt_unix_socket {
	uint64_t peer_ino;       /* 0: it has no peer */
	char path[BT_UNIX_PATH]; /* it is bound to; zero bytes (of abstract names) are '@'; "": to none */
};

/*
 * Asks for one of the sockets of our network namespace; fd: a descriptor by bt_unix_open(). 0, -ENOENT: there
 * is none, or another -Exxx.
 */
int bt_unix_ask(int fd, uint64_t ino, struct bt_unix_socket *out);
/* A descriptor, or -Exxx. */
int bt_unix_open(void);

/* What came as an answer. 0, -Exxx that it says, or -EBADMSG. */
int bt_unix_answer_parse(const void *answer, size_t size, struct bt_unix_socket *out);

#endif
