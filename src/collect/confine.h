/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that boundtop has no use for once it has started, given up for good: whoever took it over by
 * what it parses would have no others.
 */
#ifndef BOUNDTOP_COLLECT_CONFINE_H
#define BOUNDTOP_COLLECT_CONFINE_H

enum bt_files {
	BT_FILES_READ,  /* nothing is opened for writing, made, renamed, removed or changed */
	BT_FILES_WRITE, /* they are written */
};

/*
 * From now on, for this thread and its children: no program is executed, no process traced or written to, no
 * module loaded, nothing mounted, no clock set; files as the argument says. What is asked for all the same
 * fails with EPERM. Open descriptors stay as they are.
 *
 * By seccomp and not by Landlock: a process that Landlock restricts, in whatever, may not ask for the
 * descriptors, the system call or the counters of one that it does not (hook_ptrace_access_check(),
 * security/landlock; tried on 6.18).
 *
 * 0; -Exxx: nothing is given up (a kernel without filters: -EINVAL; boundtop check says so).
 */
int bt_calls_confine(enum bt_files files);

#endif
