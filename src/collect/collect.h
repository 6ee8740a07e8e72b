/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens a collector: the one door of this layer.
 */
#ifndef BOUNDTOP_COLLECT_H
#define BOUNDTOP_COLLECT_H

#include "collector.h"

/* X(constant, name for --collector) */
#define BT_COLLECTORS(X)                                                                                     \
	X(AUTO, "auto")                                                                                      \
	X(BPF, "bpf")                                                                                        \
	X(PROCFS, "procfs")

enum bt_collector_choice {
#define BT_X(id, name) BT_COLLECTOR_##id,
	BT_COLLECTORS(BT_X)
#undef BT_X
	    BT_COLLECTOR_COUNT,
};

/*
 * Opens the collector chosen; auto takes the first that opens. why (NULL is fine) receives one line for the
 * user: on failure what is missing and what to do, on success why a better one did not open; else it is
 * empty. Returns 0, -EPERM (privileges), -EOPNOTSUPP (this kernel cannot), -ENOMEM, or what the kernel said.
 */
int bt_collector_open(struct bt_collector **out, enum bt_collector_choice choice, char *why, size_t why_size);

#endif
