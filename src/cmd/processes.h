/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which processes a command is about. */
#ifndef BOUNDTOP_PROCESSES_H
#define BOUNDTOP_PROCESSES_H

#include "options.h"
#include "session.h"

/*
 * Are the PIDs that were asked for processes? Says of each that is not, and takes it out of o. Returns how
 * many were taken out. Descriptors of the others: in fds, if it is not NULL (room for o->pid_count), -1 where
 * there is none.
 */
size_t bt_processes_check(struct bt_options *o, int *fds);

/* Says why a PID that was a process is not among those that the collector has seen. */
void bt_processes_complain_unseen(const struct bt_options *o, int32_t pid);

/*
 * Those of the frame that were asked for, in the order in which they were, all if none was; owned by the
 * caller. NULL: no memory. Describes what the filter needs to see.
 */
struct bt_process **bt_processes_select(struct bt_session *s, const struct bt_options *o,
					const struct bt_frame *f, size_t *count);

#endif
