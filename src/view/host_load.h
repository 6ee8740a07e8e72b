/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a frame says of the whole host. */
#ifndef BOUNDTOP_HOST_LOAD_H
#define BOUNDTOP_HOST_LOAD_H

#include "model.h"

struct bt_strbuf;

/* Threads, on average, that were in each microstate: a load average by cause. On-CPU time is user's. */
void bt_host_load(const struct bt_frame *f, double load[BT_MS_COUNT]);
/* Parts of what the host could do or was asked to do (its cores, or more): for a bar. */
void bt_host_shares(const struct bt_frame *f, const double load[BT_MS_COUNT], float share[BT_MS_COUNT]);
/* The verdicts, what needs a look first. */
extern const enum bt_verdict_id bt_verdict_order[BT_VERDICT_COUNT];
/* "up 12d 4h" */
void bt_text_uptime(struct bt_strbuf *out, uint64_t uptime_s);

#endif
