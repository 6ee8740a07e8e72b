/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sampling collector: everything from /proc, with no privileges at all. On-CPU and run-queue time are the
 * kernel's own figures; what a thread waits for is looked at now and then (sampled.h). It works in any PID
 * namespace, with the PIDs of that namespace.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_H
#define BOUNDTOP_COLLECT_PROCFS_H

#include <stddef.h>

#include "collector.h"

/*
 * note[size] receives what is not seen here and why, in one line; empty: nothing. 0, -ENOENT (there is no
 * /proc; note says so), -ENOMEM or another -Exxx.
 */
int bt_procfs_open(struct bt_collector **out, char *note, size_t size);

#endif
