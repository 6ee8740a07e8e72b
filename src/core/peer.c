/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of sockets, as far as it was found out in this interval. */
#include <errno.h>
#include <stdlib.h>

#include "model_internal.h"
#include "names.h"

struct bt_peer_entry {
	uint64_t socket;
	struct bt_peer peer;
	UT_hash_handle hh;
};

int bt_model_peer_set(struct bt_model *m, uint64_t socket, const struct bt_peer *peer)
{
	struct bt_peer_entry *e;

	HASH_FIND(hh, m->peers, &socket, sizeof(socket), e);
	if (!e) {
		e = calloc(1, sizeof(*e));
		if (!e)
			return -ENOMEM;
		e->socket = socket;
		HASH_ADD(hh, m->peers, socket, sizeof(e->socket), e);
		if (!m->peers || !e->hh.tbl) {
			free(e);
			return -ENOMEM;
		}
	}
	e->peer = *peer;
	e->peer.address[BT_PEER_ADDRESS - 1] = '\0';
	return 0;
}

const struct bt_peer *bt_model_peer(const struct bt_model *m, const struct bt_reason *reason)
{
	struct bt_peer_entry *e = NULL;
	uint64_t socket = reason->object;

	if (bt_target_is_socket(reason->target))
		HASH_FIND(hh, m->peers, &socket, sizeof(socket), e);
	return e ? &e->peer : NULL;
}

void bt_peers_forget(struct bt_model *m)
{
	struct bt_peer_entry *e, *next;

	HASH_ITER (hh, m->peers, e, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(m->peers, e);
		free(e);
	}
}
