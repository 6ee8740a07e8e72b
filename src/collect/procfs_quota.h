/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For how much of the time a process was held back by the CPU quota of its control group, or one above it. */
#ifndef BOUNDTOP_COLLECT_PROCFS_QUOTA_H
#define BOUNDTOP_COLLECT_PROCFS_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bt_quotas;
struct bt_quota_group;

/* proc: a descriptor of /proc, which must outlive it. 0 or -ENOMEM. */
int bt_quotas_create(struct bt_quotas **out, int proc);
void bt_quotas_destroy(struct bt_quotas *q); /* NULL is fine */
/* Is there a hierarchy that tells? */
bool bt_quotas_known(const struct bt_quotas *q);

/* What is kept of a process between two questions; zeroed at first. */
struct bt_quota_place {
	struct bt_quota_group *group;
	uint64_t asked_ns;
};

/*
 * The part of the time, 0..1, for which any CPU was denied to the group by cpu.stat: since it was read last,
 * some tenths of a second ago. 0 at the first question.
 */
double bt_quotas_part(struct bt_quotas *q, pid_t pid, struct bt_quota_place *place, uint64_t now_ns);

/*
 * The path of the group in /proc/PID/cgroup that limits the CPU: of version 2, or with the controller cpu of
 * version 1. 0, or -EINVAL: none is named, or it does not fit. Pure.
 */
int bt_quota_path_parse(const char *text, bool v2, char *path, size_t size);

#endif
