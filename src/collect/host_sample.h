/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host sample from /proc and /sys: for every collector that runs on the host it tells of. */
#ifndef BOUNDTOP_COLLECT_HOST_SAMPLE_H
#define BOUNDTOP_COLLECT_HOST_SAMPLE_H

#include "collector.h"
#include "host.h"

/* The operation host of a collector (collector.h). What it keeps open it keeps until the program ends. */
int bt_host_from_proc(struct bt_collector *c, unsigned int sections, struct bt_host_sample *out);

#endif
