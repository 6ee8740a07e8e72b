/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process with all its descendants, as one.
 *
 * A descendant is who was forked by a member, wherever it is reparented to and whichever of the processes
 * between are gone. Of processes that were there before the collector nobody saw the fork: the real parent at
 * the time they are first seen decides.
 */
#ifndef BOUNDTOP_TREE_H
#define BOUNDTOP_TREE_H

#include "model.h"

struct bt_tree;

/*
 * The tree that grows from root, which need not be there yet. From now on m tells it of every update, begin
 * and prune. Its members in the open interval are counted whole. 0 or -ENOMEM. Destroy it before m.
 */
int bt_tree_create(struct bt_model *m, const struct bt_identity *root, struct bt_tree **out);
void bt_tree_destroy(struct bt_tree *t); /* NULL is fine */

bool bt_tree_has(const struct bt_tree *t, const struct bt_process *p);
/* Descendants seen since the tree was created, the root not counted. */
uint64_t bt_tree_descendants(const struct bt_tree *t);

/*
 * All members of the interval as one process, judged, with the root's identity and names (pid alone, if it
 * was never seen). Members that were pruned are in it. It belongs to t, and is valid as long as a frame.
 */
const struct bt_process *bt_tree_total(struct bt_tree *t);
/*
 * CPU time in the latest total of members that the sampling collector did not meet: their parents count it,
 * once they waited for them (wait(2)). 0 where each is seen to end.
 */
uint64_t bt_tree_missed_ns(const struct bt_tree *t);
/* Members of the interval, heaviest first: the most active time. Owned by t. 0 or -ENOMEM. */
int bt_tree_members(struct bt_tree *t, struct bt_process ***out, size_t *count);

#endif
