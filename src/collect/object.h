/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What threads wait on, by name, from /proc: for every collector that runs on the host it tells of. */
#ifndef BOUNDTOP_COLLECT_OBJECT_H
#define BOUNDTOP_COLLECT_OBJECT_H

#include "collector.h"

/* The operation object of a collector (collector.h). */
int bt_object_from_proc(struct bt_collector *c, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
			struct bt_object_facts *out);
/* What was kept for it; NULL is fine. For close(). */
void bt_objects_destroy(struct bt_objects *o);

#endif
