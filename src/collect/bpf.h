/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_COLLECT_BPF_H
#define BOUNDTOP_COLLECT_BPF_H

#include "collector.h"

/* Loads and attaches the exact collector. 0, or -Exxx as the kernel said; nothing stays in the kernel then.
 */
int bt_bpf_open(struct bt_collector **out);

#endif
