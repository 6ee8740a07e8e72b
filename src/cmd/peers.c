/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers.h"

#include <stdlib.h>
#include <string.h>

#include "names.h"

_Static_assert(sizeof(((struct bt_peer *)0)->address) == sizeof(((struct bt_object_facts *)0)->peer_address),
	       "one is copied to the other");

/*
 * The first time, a socket is only taken note of; then its ends are looked for, then who has the other one.
 * In a recording it is there or not.
 */
#define ROUNDS 3

/* 1: it is a socket of which more may be found out, else 0. */
static size_t find(struct bt_session *s, const struct bt_process *p, const struct bt_reason *reason)
{
	struct bt_collector *c = s->collector;
	struct bt_object_facts facts = {0};
	const struct bt_peer *known;
	struct bt_peer peer = {0};

	if (!bt_target_is_socket(reason->target) || !reason->object)
		return 0;
	/* Threads share sockets, and a wait that is open is one of those that are listed. */
	known = bt_model_peer(s->model, reason);
	if (known && known->pid)
		return 0;
	if (c->ops->object(c, p->identity.pid, p->identity.start_ns, reason, &facts))
		return 1;
	peer.pid = facts.peer_pid;
	peer.others = facts.peer_others;
	memcpy(peer.address, facts.peer_address, sizeof(peer.address));
	/* Without memory for it nobody is named. */
	if (peer.pid || *peer.address)
		bt_model_peer_set(s->model, reason->object, &peer);
	free(facts.name);
	return !peer.pid;
}

static size_t find_of_usage(struct bt_session *s, const struct bt_process *p, const struct bt_usage *u)
{
	size_t left = 0;

	for (uint32_t i = 0; i < u->wait_count; i++)
		left += find(s, p, &u->waits[i].reason);
	return left;
}

static size_t find_of_process(struct bt_session *s, const struct bt_process *p)
{
	size_t left;

	if (p->exited || !bt_session_may_look(s, p->uid))
		return 0;
	left = find_of_usage(s, p, &p->usage);
	for (uint32_t i = 0; i < p->thread_count; i++) {
		if (p->thread_list[i]->blocked)
			left += find(s, p, &p->thread_list[i]->open);
		left += find_of_usage(s, p, &p->thread_list[i]->usage);
	}
	return left;
}

void bt_peers_find(struct bt_session *s, struct bt_process *const *list, size_t count)
{
	int rounds = s->recording ? 1 : ROUNDS;
	size_t left = 1;

	if (!s->collector->ops->object)
		return;
	/* Most processes wait on no socket at all. */
	for (int round = 0; round < rounds && left; round++) {
		left = 0;
		for (size_t i = 0; i < count; i++)
			left += find_of_process(s, list[i]);
	}
}
