/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control groups with a CPU quota. */
#ifndef BOUNDTOP_COLLECT_HOST_CGROUP_H
#define BOUNDTOP_COLLECT_HOST_CGROUP_H

#include "host.h"
#include "host_parse.h"

/*
 * Fills out->cgroups and sets its bit in out->valid. A host can have thousands of groups: those with a quota
 * are looked for again only so often that it takes 0.5 % of the time, at most once a second. 0 or -ENOMEM.
 */
int bt_host_cgroups_read(struct bt_host_sample *out);

/* Where the hierarchy that limits the CPU is mounted; an empty path: nowhere. */
void bt_cgroup_mount_find(struct bt_cgroup_mount *out);

#endif
