/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel side asks about the processes that it watches: where an interpreter has its lock
 * (bpf/gil.h), and where a thread of Java's says what it waits for (bpf/hotspot.h). Questions come through
 * the ring, answers go into maps; without one a lock is a futex like others.
 */
#ifndef BOUNDTOP_COLLECT_QUESTIONS_H
#define BOUNDTOP_COLLECT_QUESTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "skeleton.h"
#include "snapshot.h"

struct bt_questions;
struct ring_buffer;

/* 0 or -ENOMEM. The skeleton has to stay as long as *out. */
int bt_questions_create(struct bt_questions **out, const struct bt_skeleton *skeleton);
void bt_questions_destroy(struct bt_questions *q); /* NULL is fine */

/* A record from the ring: is it a question? Then it is answered. */
bool bt_questions_answer(struct bt_questions *q, const void *data, size_t size);

/*
 * Answers what would have been asked by those that were found at the start, and lets them be looked at that
 * were found asleep, whatever they wait in. ring is emptied of the questions that come of it. 0 or -Exxx.
 */
int bt_questions_seed(struct bt_questions *q, const struct bt_snapshot *found, struct ring_buffer *ring);

/*
 * Lets those be looked at that went to sleep before an answer was there, if there was one since: goes over
 * all threads, for a twentieth of the time at most. ring as above. 0 or -Exxx.
 */
int bt_questions_look(struct bt_questions *q, struct ring_buffer *ring);

#endif
