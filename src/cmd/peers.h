/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other ends of the sockets that processes wait on. */
#ifndef BOUNDTOP_PEERS_H
#define BOUNDTOP_PEERS_H

#include "session.h"

/*
 * Finds it out for what these processes and their listed threads wait for, as far as the collector's
 * search_ns reaches, and tells the model. Nothing for what has ended, and what is not the user's to see.
 */
void bt_peers_find(struct bt_session *s, struct bt_process *const *list, size_t count);

#endif
