/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the dashboard does to a process, and looks up about the one that is opened. */
#ifndef BOUNDTOP_CONTROL_H
#define BOUNDTOP_CONTROL_H

#include "collector.h"
#include "model.h"

struct bt_strbuf;

/*
 * To exactly that process: never to another one that has its PID by now. 0, -ESRCH: it is gone, -EPERM, or
 * another -Exxx.
 */
int bt_control_signal(struct bt_collector *c, const struct bt_identity *of, int number);
int bt_control_renice(struct bt_collector *c, const struct bt_identity *of, int nice);

/* Appends the path of a file, the two ends of an internet socket; nothing where it cannot be known. */
void bt_object_name(struct bt_collector *c, const struct bt_identity *of, const struct bt_reason *reason,
		    struct bt_strbuf *out);
/* Appends what limits a process: CPU quota and memory of its control group, open files. */
void bt_object_limits(const struct bt_process *p, struct bt_strbuf *out);

#endif
