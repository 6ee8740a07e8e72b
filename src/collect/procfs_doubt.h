/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits in doubt, settled without seeing who ends them: a reader, whose writer may work for it or do nothing;
 * one of several descriptors; a futex, that is a lock, or where work is waited for. What others are doing
 * meanwhile tells most of them. It stays a guess.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_DOUBT_H
#define BOUNDTOP_COLLECT_PROCFS_DOUBT_H

#include <stdint.h>

#include "procfs_cause.h"
#include "procfs_task.h"

/* By the evidence v: sets why->cause, and for one of several descriptors the one that it is about. */
void bt_doubt_settle(struct bt_proc_eye *e, struct bt_proc_thread *t, const struct bt_evidence *v,
		     struct bt_reason *why);

/* The thread is gone. */
void bt_doubt_forget(struct bt_proc_eye *e, struct bt_proc_thread *t);

/* Descriptors in the text of /proc/PID/fdinfo of an epoll instance; returns how many, at most max. Pure. */
unsigned int bt_doubt_epoll_parse(const char *text, int32_t *fds, unsigned int max);

#endif
