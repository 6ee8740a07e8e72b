/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_HOST_H
#define BOUNDTOP_HOST_H

#include "tui.h"
#include "view.h"

/* Name, uptime and load, now. What cannot be had is zero. */
void bt_host_read(struct bt_host *host);
/* And memory, swap, pressure. */
void bt_host_read_all(struct bt_tui_host *host);

#endif
