/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_COLLECT_PRIVILEGES_H
#define BOUNDTOP_COLLECT_PRIVILEGES_H

enum bt_drop {
	BT_DROP_NOTHING,
	BT_DROP_ALL,         /* but what reading /proc of others takes */
	BT_DROP_BUT_CONTROL, /* and what sending signals to others, and their nice values take */
	BT_DROP_BUT_FILES,   /* and what a file in somebody else's folder takes */
};

/*
 * Gives up, for good, every capability that reading an open collector does not need; keeps those that /proc
 * asks for (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH; CAP_CHECKPOINT_RESTORE for /proc/PID/map_files, which leads
 * to a library that was deleted or lies in a container), for control CAP_KILL and CAP_SYS_NICE, for files
 * CAP_DAC_OVERRIDE, if they are there. Call it after the collector is attached, files are open and children
 * are forked. 0 or -EPERM.
 */
int bt_privileges_drop(enum bt_drop drop);

#endif
