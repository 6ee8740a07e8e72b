/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The threads of the last snapshot, so that the next one can be had by asking for those alone that do not
 * sleep on (bpf/listed.h). Pure: no kernel, no clock.
 */
#ifndef BOUNDTOP_COLLECT_KNOWN_H
#define BOUNDTOP_COLLECT_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot.h"

struct bt_known_thread {
	int32_t tid;
	bool awake; /* it was not read asleep: it has to be asked for */
	uint64_t id;
};

/* Numbers of threads. */
struct bt_tids {
	int32_t *tids; /* owned */
	size_t count;
	size_t room;
};

struct bt_known_threads {
	struct bt_known_thread *threads; /* owned; by tid, each once */
	size_t count;
	size_t room;
};

struct bt_known {
	struct bt_known_threads now;
	struct bt_known_threads before; /* memory for the next ones */
	struct bt_tids listed;          /* what the kernel has said since it was last asked, as it came */
	struct bt_tids asked;           /* by number, each once */
};

/* Releases what k owns; k may be zeroed. */
void bt_known_free(struct bt_known *k);
/* The kernel says that something happened to this thread. 0 or -ENOMEM. */
int bt_known_list(struct bt_known *k, int32_t tid);
/* Forgets what was listed: everybody is about to be looked at. */
void bt_known_unlist(struct bt_known *k);
/*
 * Who has to be asked for at the read of that number: who was awake, who was listed, and one in
 * BT_REFRESH_MASK + 1 of the others. Fills k->asked and empties the list. 0 or -ENOMEM.
 */
int bt_known_ask(struct bt_known *k, uint64_t read);
/* s is what a walk over all threads gave, in order: they are those that are known. 0, -ENOMEM, or -EINVAL:
 * they are in no order; k is then empty. */
int bt_known_take(struct bt_known *k, const struct bt_snapshot *s);
/*
 * Appends to s the records of all threads in order: those in answers (of who was asked for, in order; who has
 * none is gone), and that all others slept on up to now_ns. k are then these. 0 or -ENOMEM.
 */
int bt_known_merge(struct bt_known *k, const struct bt_snapshot *answers, uint64_t now_ns,
		   struct bt_snapshot *s);

#endif
