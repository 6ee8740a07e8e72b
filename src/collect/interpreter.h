/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the interpreter of a process keeps its global lock. CPython (3.8 and newer are known to) has it in
 * _PyRuntime, an exported object of the executable or of libpython; from 3.12 on the main interpreter's is
 * there. Only files are read, nothing is attached. That it is Ruby's is known by the name of the executable.
 */
#ifndef BOUNDTOP_COLLECT_INTERPRETER_H
#define BOUNDTOP_COLLECT_INTERPRETER_H

#include <stdint.h>
#include <sys/types.h>

#include "collector_shared.h"

struct bt_interpreters;

/* What is known of executables and libraries, by inode. 0 or -ENOMEM. */
int bt_interpreters_create(struct bt_interpreters **out);
void bt_interpreters_destroy(struct bt_interpreters *known); /* NULL is fine */

/*
 * The lock's range in the address space of a process, and its runtime where that is Ruby; size 0: there is
 * none, or it cannot be looked at. It is looked for in the executable, in the libpython that this needs, and
 * if address is not 0, in whatever file that address belongs to: a library that was loaded later, by whatever
 * name.
 */
void bt_interpreter_find(struct bt_interpreters *known, pid_t pid, uint64_t address,
			 struct bt_gil_range *out);

#endif
