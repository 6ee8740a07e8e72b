/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that are hard to keep apart and to follow. */
#include "common.h"

#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* fork() of a child that gets this very PID, clone(2); -1 and EEXIST: somebody has it. */
static pid_t fork_as(pid_t pid)
{
	struct clone_args arguments = {
	    .exit_signal = SIGCHLD,
	    .set_tid = (uint64_t)(uintptr_t)&pid,
	    .set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static pid_t free_pid(void)
{
	pid_t pid = workload_fork();

	if (pid == 0)
		_exit(0);
	if (waitpid(pid, NULL, 0) != pid)
		workload_die("waitpid");
	return pid;
}

/* Children one after the other, all with the same PID as far as nobody else takes it. */
int run_reuse(int argc, char **argv)
{
	long count = workload_number(argc, argv, 1, 1000);
	long work_us = workload_number(argc, argv, 2, 200);
	pid_t pid = free_pid();
	long pids = 1;
	double before;

	announce("ready");
	wait_for_line();
	before = cpu_seconds(RUSAGE_CHILDREN);
	for (long i = 0; i < count;) {
		pid_t child = fork_as(pid);

		if (child == 0) {
			workload_arm();
			prctl(PR_SET_NAME, "bt-reuse");
			burn_us(work_us);
			_exit(0);
		}
		if (child < 0 && errno != EEXIST)
			workload_die("clone3");
		if (child < 0) {
			pid = free_pid();
			pids++;
			continue;
		}
		if (waitpid(child, NULL, 0) != child)
			workload_die("waitpid");
		i++;
	}
	announce("done count=%ld pids=%ld,0 rusage_s=%.6f", count, pids,
		 cpu_seconds(RUSAGE_CHILDREN) - before);
	wait_for_end();
}

static noreturn void rename_on(void)
{
	unsigned int number = 0;

	for (;;) {
		char name[16];

		snprintf(name, sizeof(name), "bt-%u\n\033[2J", number++ % 1000);
		prctl(PR_SET_NAME, name);
	}
}

static void *rename_forever(void *argument)
{
	(void)argument;
	thread_started();
	rename_on();
}

int run_rename(int argc, char **argv)
{
	start_threads(workload_number(argc, argv, 1, 4), rename_forever, NULL);
	announce("ready");
	rename_on();
}

/* Becomes itself again and again: the same process, another program each time. */
int run_execs(int argc, char **argv)
{
	long left = workload_number(argc, argv, 1, 1000);
	char less[24];
	char name[] = "execs", again[] = "again";
	char *const arguments[] = {(char *)workload_self(), name, less, again, NULL};

	if (argc < 3) {
		announce("ready");
		wait_for_line();
	}
	if (left == 0) {
		announce("done rusage_s=%.6f", cpu_seconds(RUSAGE_SELF));
		wait_for_end();
	}
	snprintf(less, sizeof(less), "%ld", left - 1);
	execv(workload_self(), arguments);
	workload_die("execv");
}

/* Processes that begin to spin all at once: who starts them one by one gets no CPU any more. */
int run_crowd(int argc, char **argv)
{
	long count = workload_number(argc, argv, 1, 100);
	int go[2], there[2];
	char byte = 0;

	if (pipe(go) < 0 || pipe(there) < 0)
		workload_die("pipe");
	for (long i = 0; i < count; i++) {
		if (workload_fork() == 0) {
			close(go[1]);
			if (write(there[1], &byte, 1) != 1)
				workload_die("write");
			while (read(go[0], &byte, 1) < 0 && errno == EINTR)
				;
			burn_forever();
		}
	}
	/* As long as one of them has the pipe open to write, too, all the others wait. */
	for (long i = 0; i < count; i++)
		if (read(there[0], &byte, 1) != 1)
			workload_die("read");
	announce("ready");
	wait_for_line();
	close(go[1]);
	wait_for_end();
}
