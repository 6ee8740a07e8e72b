/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_COLLECT_DESCRIBE_H
#define BOUNDTOP_COLLECT_DESCRIBE_H

#include "collector.h"

/* The describe() of collectors that watch this host: from /proc, through libproc2. */
int bt_describe_from_proc(struct bt_collector *c, pid_t pid, uint64_t start_ns, struct bt_description *out);

#endif
