/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the collector says of the host, as the views take it. */
#ifndef BOUNDTOP_CMD_HOST_HEAD_H
#define BOUNDTOP_CMD_HOST_HEAD_H

#include "host.h"

#include "collector.h"
#include "tui.h"
#include "view.h"

/* Name, uptime and load. What cannot be had is zero. */
void bt_host_head_read(struct bt_collector *c, struct bt_host *host);
/* And memory, swap, pressure. */
void bt_host_head_read_all(struct bt_collector *c, struct bt_tui_host *host);

#endif
