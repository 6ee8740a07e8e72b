/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's files about the host, as text in memory: apart from reading them, so that tests and fuzzers
 * can hand in any bytes. text need not be terminated. A number that is too large is the largest there is.
 */
#ifndef BOUNDTOP_COLLECT_HOST_PARSE_H
#define BOUNDTOP_COLLECT_HOST_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "host.h"

/* /proc/stat: cpus (without frequencies; replaces the list), forks, running, blocked. hz: ticks a second of
 * its times. 0, -EINVAL: that is no such file, or -ENOMEM. */
int bt_host_parse_stat(const char *text, size_t length, uint64_t hz, struct bt_host_sample *out);
/* /proc/vmstat: vm but page_bytes. 0 or -EINVAL. */
int bt_host_parse_vmstat(const char *text, size_t length, struct bt_host_vm *out);
/* A file of /proc/pressure; without a line "full" (CPU before 5.13) that is 0. 0 or -EINVAL. */
int bt_host_parse_pressure(const char *text, size_t length, struct bt_host_pressure *out);
/*
 * /proc/diskstats: appends devices that were used at all to out->disks. is_disk says of each whether it is a
 * whole device; NULL: all are. 0 or -ENOMEM; lines that are none are left out.
 */
int bt_host_parse_disks(const char *text, size_t length, bool (*is_disk)(const char *name, void *context),
			void *context, struct bt_host_sample *out);
/* A whole file that is one number, as cpu.cfs_quota_us; -1 is no number. */
bool bt_host_parse_number(const char *text, size_t length, uint64_t *out);
/* cpu.max: "max 100000" is no quota. True: there is one. */
bool bt_host_parse_cpu_max(const char *text, size_t length, struct bt_host_cgroup *out);
/* cpu.stat of either version. False: no word about periods. */
bool bt_host_parse_cpu_stat(const char *text, size_t length, struct bt_host_cgroup *out);

struct bt_cgroup_mount {
	char path[256];
	bool v2;
};

/*
 * /proc/self/mountinfo: where the hierarchy is mounted that limits the CPU: that of version 1 with the
 * controller cpu if there is one, else version 2. False: none is.
 */
bool bt_host_parse_mountinfo(const char *text, size_t length, struct bt_cgroup_mount *out);

#endif
