/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_COLLECT_PRIVILEGES_H
#define BOUNDTOP_COLLECT_PRIVILEGES_H

/*
 * Gives up, for good, every capability that reading an open collector does not need; keeps those that /proc
 * asks for (CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH) if they are there. Call it after the collector is attached,
 * files are open and children are forked. 0 or -EPERM.
 */
int bt_privileges_drop(void);

#endif
