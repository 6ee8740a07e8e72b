/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads as the sampling collector knows them, and the look at one of them. */
#ifndef BOUNDTOP_COLLECT_PROCFS_TASK_H
#define BOUNDTOP_COLLECT_PROCFS_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include <uthash.h>

#include "interpreter.h"
#include "procfs_object.h"
#include "procfs_quota.h"
#include "sampled.h"
#include "wire.h"

struct bt_proc_process;
struct bt_futex_place;
struct bt_writers;

struct bt_proc_thread {
	struct bt_sampled sampled;
	struct bt_proc_process *process;
	struct bt_proc_thread *prev, *next;               /* of the same process */
	struct bt_proc_thread *active_prev, *active_next; /* of those that are sampled */
	struct bt_facts facts;
	uint64_t faults;     /* major ones, when it was last looked at */
	uint64_t emitted_ns; /* since_ns of the account in its last full record */
	uint64_t voluntary;  /* switches, when it was last read whole */
	uint32_t epoch;      /* of the scan that found it */
	uint32_t tick;       /* of sampling: one thread is not looked at twice */
	int32_t tid;
	int schedstat_fd, call_fd; /* kept open while it is sampled; -1 */
	uint8_t valid;
	bool active;
	bool emitted;
	bool foreign; /* its system call is not ours to see */
	bool doubt;   /* what it was last found waiting for is in doubt */

	/* Waits in doubt (procfs_doubt.c): at which part of the looks somebody acted who may end them. */
	bool helped_known;
	float helped;
	struct bt_reason settled; /* the last doubt: for which argument, when */
	uint64_t settled_ns, settled_arg;
	uint64_t ring_bytes; /* that its process had from and for disks, when it last waited for a ring; 0:
				never */
	struct bt_futex_place *place; /* the futex that it was last seen at; NULL */
	struct bt_proc_thread *place_prev, *place_next;
	uint64_t placed_ns;
};

/* Everything that looking takes. */
struct bt_proc_eye {
	int proc; /* /proc */
	struct bt_proc_objects *objects;
	struct bt_interpreters *interpreters;
	struct bt_writers *peers;
	struct bt_quotas *quotas;
	struct bt_proc_process *processes; /* by PID */
	struct bt_futex_place *places;     /* futexes in doubt */
	uint8_t classes[512];              /* enum bt_syscall_class by number */
	uint64_t clock_tick_ns;            /* of utime and stime */
	uint64_t tick_ns;                  /* of the scheduler */
	uint64_t page_bytes;
	bool no_schedstat;
};

struct bt_proc_process {
	int32_t pid;
	uint32_t epoch;
	uint64_t start_ns;
	struct bt_proc_thread *threads;
	uint32_t thread_count;
	uint64_t group_ended_ns; /* CPU time of threads that ended before it was found */
	struct bt_gil_range gil;
	bool gil_asked;
	struct bt_quota_place quota;
	UT_hash_handle hh; /* by PID */
};

/* Reads schedstat. 0, or -ESRCH: it is gone. */
int bt_proc_thread_clock(const struct bt_proc_eye *e, const struct bt_proc_thread *t,
			 struct bt_proc_schedstat *out);

/* The system call that it is in. 0, or -Exxx: it is gone, or not ours to see. */
int bt_proc_thread_call(const struct bt_proc_eye *e, const struct bt_proc_thread *t,
			struct bt_proc_syscall *out);

/* A quick look at a thread that ran since: accounts for its time if it is asleep. 0, or -ESRCH. */
int bt_proc_thread_sample(struct bt_proc_eye *e, struct bt_proc_thread *t);

/* Another look at one that is asleep since it was last found so, and whose wait is in doubt. */
void bt_proc_thread_doubt(struct bt_proc_eye *e, struct bt_proc_thread *t);

/*
 * Reads all that is known of a thread into its facts, and accounts for its time. born: it was born at
 * birth_ns; first: it was found. 0, or -ESRCH: it is gone, or another one has its number.
 */
int bt_proc_thread_read(struct bt_proc_eye *e, struct bt_proc_thread *t);

#endif
