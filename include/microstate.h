/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The microstates: at every instant a thread is in exactly one of them.
 *
 * This is the one table of them. The BPF side takes the numbers, the user side the names, letters and
 * meanings. The order is part of the wire format (offcpu_ns[] in account.h); new ones go before UNKNOWN.
 */
#ifndef BOUNDTOP_MICROSTATE_H
#define BOUNDTOP_MICROSTATE_H

/* X(constant, name in JSON and as a cause, column, letter in a bar, group, meaning) */
#define BT_MICROSTATES(X)                                                                                    \
	X(USER, "user", "USR", 'U', CPU, "on-CPU in user mode")                                              \
	X(SYSTEM, "system", "SYS", 'S', CPU, "on-CPU in the kernel")                                         \
	X(RUN_QUEUE, "run-queue", "RUN", 'R', STARVED, "runnable, waiting for a CPU")                        \
	X(CPU_QUOTA, "cpu-quota", "QTA", 'Q', STARVED, "runnable, held back by a cgroup CPU quota")          \
	X(DISK, "disk", "DSK", 'D', IO, "blocked on block I/O or on a local file system")                    \
	X(PAGING, "paging", "PAG", 'P', IO, "blocked in a page fault that needs I/O")                        \
	X(NETWORK, "network", "NET", 'N', IO, "blocked on an internet socket whose peer owes something")     \
	X(IPC, "ipc", "IPC", 'I', IO, "blocked on another local process")                                    \
	X(LOCK, "lock", "LCK", 'L', LOCK, "blocked on a lock")                                               \
	X(GIL, "gil", "GIL", 'G', LOCK, "blocked on an interpreter's global lock")                           \
	X(SLEEP, "sleep", "SLP", '.', IDLE, "asked to sleep")                                                \
	X(EVENT, "event", "EVT", '.', IDLE, "waiting for work")                                              \
	X(CHILD, "child", "CHD", '.', IDLE, "waiting for a child process or a thread to end")                \
	X(STOPPED, "stopped", "STP", '.', IDLE, "stopped, traced or frozen")                                 \
	X(UNKNOWN, "unknown", "???", '?', NONE, "time nobody can account for")

/* X(constant, name in JSON): what competes for the verdict, and what does not (idle, none). */
#define BT_GROUPS(X)                                                                                         \
	X(CPU, "cpu")                                                                                        \
	X(STARVED, "starved")                                                                                \
	X(IO, "io")                                                                                          \
	X(LOCK, "lock")                                                                                      \
	X(IDLE, "idle")                                                                                      \
	X(NONE, "none")

enum bt_group {
#define BT_X(id, name) BT_GROUP_##id,
	BT_GROUPS(BT_X)
#undef BT_X
	    BT_GROUP_COUNT,
};

enum bt_microstate {
#define BT_X(id, name, column, letter, group, meaning) BT_MS_##id,
	BT_MICROSTATES(BT_X)
#undef BT_X
	    BT_MS_COUNT,
};

/* "No microstate": no cause can be named. Never an index. */
#define BT_MS_NONE BT_MS_COUNT

/* The kernel side knows on-CPU time as one figure and indexes the rest from here. */
#define BT_OFFCPU_FIRST BT_MS_RUN_QUEUE
#define BT_OFFCPU_COUNT (BT_MS_COUNT - BT_OFFCPU_FIRST)

#endif
