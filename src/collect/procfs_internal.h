/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the sampling collector share: procfs.c (its rhythm), procfs_scan.c (who is there). */
#ifndef BOUNDTOP_COLLECT_PROCFS_INTERNAL_H
#define BOUNDTOP_COLLECT_PROCFS_INTERNAL_H

#include <dirent.h>

#include "collector.h"
#include "procfs_task.h"

/* So often all threads are asked whether they ran, if that is cheap; the cost decides. */
#define BT_SCAN_NS 300000000ull

struct bt_procfs {
	struct bt_collector base;
	struct bt_proc_eye eye;
	DIR *folder;
	int timer;
	struct bt_proc_thread *active;
	struct bt_proc_thread *next_sample; /* where the round goes on; NULL = at the first */
	size_t active_count, kept;
	struct bt_snapshot ended; /* records of ended threads that wait for the next read */
	struct bt_snapshot *out;  /* being filled; NULL: a scan between two reads */
	uint64_t next_id;
	uint64_t scan_ns; /* when the last one began */
	uint64_t next_scan_ns;
	double budget_ns; /* that may go to samples */
	uint64_t sampled_ns;
	uint64_t boot_offset_ns;            /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
	uint64_t forks_before, seen_before; /* the kernel's count of threads at the first scan, and ours */
	uint64_t forks, found;
	uint32_t epoch, reads;
	uint32_t doubts, doubts_before; /* threads that sleep in doubt, in this scan and the one before */
	uint32_t random;
	bool own_host; /* forks are those of all that is seen here */
	bool no_memory;
	bool walking; /* to find peers */
};

/*
 * Looks at every thread that there is, and finds those that came and went. out: gets a record of each; NULL:
 * between two reads. 0 or -ENOMEM.
 */
int bt_procfs_scan(struct bt_procfs *c, struct bt_snapshot *out);
/* Forgets all threads and processes. */
void bt_procfs_forget(struct bt_procfs *c);

#endif
