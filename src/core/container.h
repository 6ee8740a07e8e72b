/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which container a process is in, or else which systemd unit, by the path of its control group: the only
 * thing that all container engines leave for everyone to see.
 */
#ifndef BOUNDTOP_CONTAINER_H
#define BOUNDTOP_CONTAINER_H

#include "strbuf.h"

/* The more exact comes later. */
enum bt_container_kind {
	BT_CONTAINER_NONE,
	BT_CONTAINER_SLICE, /* of systemd */
	BT_CONTAINER_UNIT,  /* likewise: a service, a scope */
	BT_CONTAINER_REAL,  /* a container, or a virtual machine that systemd or libvirt started */
};

/*
 * Names the innermost container of a cgroup path (cgroup v1 or v2, as in /proc/PID/cgroup) as ENGINE:NAME,
 * for example "docker:0123456789ab", "pod:UID/0123456789ab", "lxc:web"; else the innermost unit,
 * "nginx.service". IDs are cut to the twelve digits that the engines show. The name is appended to out, raw
 * bytes.
 */
enum bt_container_kind bt_container_name(const char *path, struct bt_strbuf *out);

/*
 * The same from the lines of /proc/PID/cgroup (an array that ends with NULL): the best that any hierarchy
 * says. In a hybrid set-up systemd's own hierarchy knows the unit and that of the CPU controller does not.
 */
enum bt_container_kind bt_container_of_cgroups(const char *const *lines, struct bt_strbuf *out);

#endif
