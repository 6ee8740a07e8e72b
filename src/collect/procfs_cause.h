/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a thread is asleep, by what /proc says of it: the rules of include/cause.h, as bpf/reason.h has them,
 * with less evidence. Pure.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_CAUSE_H
#define BOUNDTOP_COLLECT_PROCFS_CAUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "account.h"
#include "cause.h"
#include "procfs_file.h"
#include "procfs_object.h"
#include "syscall_class.h"

struct bt_evidence {
	char state; /* of /proc/PID/task/TID/stat */
	bool kernel_thread;
	bool faults;     /* major page faults were counted since it was last looked at */
	bool call_known; /* call is; else it is not ours to see */
	bool object_known;
	uint8_t class; /* enum bt_syscall_class of call */
	struct bt_proc_syscall call;
	struct bt_proc_object object; /* of the descriptor that is the call's first argument */
	const char *wchan;            /* the kernel function it waits in; "" = not known */
	bool gil;                     /* the futex is an interpreter's lock */
};

/* Fills why. Returns whether why->cause is more than a guess. */
bool bt_cause_of_evidence(const struct bt_evidence *e, struct bt_reason *why);

/* Does the class have a descriptor for its first argument, that evidence is asked of? */
bool bt_class_has_object(uint8_t class);

#endif
