/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files below /proc, read in one go and parsed. The parsers are pure and take any bytes: a name in
 * /proc/PID/stat is what its process made it. libproc2 has no schedstat, no system call and no descriptors;
 * where it would do (stat), it reads a dozen other files for each thread, which the hot path cannot pay.
 */
#ifndef BOUNDTOP_COLLECT_PROCFS_FILE_H
#define BOUNDTOP_COLLECT_PROCFS_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "account.h"

#define BT_PROC_TEXT 4096 /* as much as any of the files below has */

/*
 * Reads the file at path below the directory dir into text[size], terminated. Returns its length, or -Exxx:
 * -ENOENT and -ESRCH where the process is gone, -EACCES and -EPERM where it is not ours to look at.
 */
ssize_t bt_proc_read(int dir, const char *path, char *text, size_t size);

/* /proc/PID/stat and /proc/PID/task/TID/stat, proc_pid_stat(5). */
struct bt_proc_stat {
	int32_t pid;
	int32_t ppid;
	int32_t threads;
	uint64_t minor_faults, major_faults;
	uint64_t utime_ticks, stime_ticks;             /* of CLK_TCK, as all ticks here */
	uint64_t child_utime_ticks, child_stime_ticks; /* of children that were waited for, and theirs */
	uint64_t start_ticks;
	uint64_t rss_pages;
	uint64_t blkio_ticks; /* delay accounting; 0 where that is off */
	uint32_t flags;       /* PF_… */
	int8_t nice;
	char state;
	char comm[BT_COMM_LEN];
};

/* /proc/PID/schedstat: of one thread. A running one's first figure moves with the tick. */
struct bt_proc_schedstat {
	uint64_t oncpu_ns;
	uint64_t run_queue_ns; /* closed waits only */
	uint64_t turns;        /* times that it got a CPU */
};

/* /proc/PID/task/TID/syscall */
struct bt_proc_syscall {
	bool running; /* or runnable: nothing is told */
	int nr;       /* -1: it is blocked outside of any */
	uint64_t arg[6];
	uint64_t sp; /* of its stack */
};

/* /proc/PID/task/TID/status */
struct bt_proc_status {
	uint32_t euid;
	uint64_t voluntary, involuntary;
};

/* /proc/PID/task/TID/io */
struct bt_proc_io {
	uint64_t rchar, wchar, read_bytes, write_bytes;
};

/* 0, or -EINVAL: that is no such file; out is undefined then. */
int bt_proc_stat_parse(const char *text, struct bt_proc_stat *out);
int bt_proc_schedstat_parse(const char *text, struct bt_proc_schedstat *out);
int bt_proc_syscall_parse(const char *text, struct bt_proc_syscall *out);
int bt_proc_status_parse(const char *text, struct bt_proc_status *out);
int bt_proc_io_parse(const char *text, struct bt_proc_io *out);

/*
 * "pipe:[123]" or "socket:[123]", as a descriptor's link below /proc/PID/fd has them: 0, or -EINVAL for any
 * other file. Pure.
 */
int bt_proc_link_parse(const char *link, bool *is_pipe, uint64_t *ino);

#endif
