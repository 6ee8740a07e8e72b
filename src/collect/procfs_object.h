/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a descriptor of another process leads to, by /proc/PID/fd (which takes the right to trace it), and for
 * sockets who owes whom, by the tables of /proc/net. Nothing here waits for a file server.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_OBJECT_H
#define BOUNDTOP_COLLECT_PROCFS_OBJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cause.h"

struct bt_proc_object {
	uint64_t ino;
	struct bt_aim aim;
	bool doubtful; /* aim.owed is a guess */
	bool accepts;  /* a socket that others connect to, or that came through one */
};

struct bt_proc_objects;

/* proc: a descriptor of /proc, which must outlive it. 0 or -ENOMEM. */
int bt_proc_objects_create(struct bt_proc_objects **out, int proc);
void bt_proc_objects_destroy(struct bt_proc_objects *o); /* NULL is fine */

/* The object behind a descriptor. 0, -EACCES or -EPERM (not ours to see), -ENOENT (closed, gone). */
int bt_proc_object_find(struct bt_proc_objects *o, pid_t pid, int fd, struct bt_proc_object *out);

#endif
