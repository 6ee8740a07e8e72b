/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes and threads that are born, change and end while somebody watches. */
#include "common.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for_one(void)
{
	if (wait(NULL) < 0)
		workload_die("wait");
}

/* The witness is times(2): what the kernel charged to the children that were waited for. */
static double children_seconds_by_times(void)
{
	struct tms usage;

	if (times(&usage) == (clock_t)-1)
		workload_die("times");
	return (double)(usage.tms_cutime + usage.tms_cstime) / (double)sysconf(_SC_CLK_TCK);
}

int run_spawn(int argc, char **argv)
{
	long count = workload_number(argc, argv, 1, 1000);
	long work_us = workload_number(argc, argv, 2, 1000);
	long parallel = workload_number(argc, argv, 3, 2);
	long alive = 0;

	announce("ready");
	wait_for_line();
	for (long i = 0; i < count; i++) {
		if (alive == parallel) {
			wait_for_one();
			alive--;
		}
		if (workload_fork() == 0) {
			prctl(PR_SET_NAME, "bt-short");
			burn_us(work_us);
			_exit(0);
		}
		alive++;
	}
	for (; alive > 0; alive--)
		wait_for_one();
	announce("done count=%ld times_s=%.2f rusage_s=%.6f", count, children_seconds_by_times(),
		 cpu_seconds(RUSAGE_CHILDREN));
	wait_for_end();
}

/*
 * The grandchild leaves the session and is adopted by init; the pipe tells us when it has ended. All are on
 * one CPU, and the grandchild goes before us at its end: we do not run again before its last switch.
 */
int run_daemonize(int argc, char **argv)
{
	long work_us = workload_number(argc, argv, 1, 200000);
	struct sched_param first = {.sched_priority = 1};
	int ended[2];
	cpu_set_t one;
	char byte;

	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		workload_die("sched_setaffinity");
	if (pipe(ended) < 0)
		workload_die("pipe");
	pid_t child = workload_fork();
	if (child == 0) {
		setsid();
		fflush(stdout);
		pid_t grandchild = fork();
		if (grandchild < 0)
			workload_die("fork");
		if (grandchild > 0)
			_exit(0);
		alarm(60); /* not armed against its parent's death: that is the point */
		prctl(PR_SET_NAME, "bt-daemon");
		while (getppid() == getpgrp())
			sched_yield(); /* until the parent is gone */
		burn_us(work_us);
		if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
			workload_die("sched_setscheduler");
		_exit(0);
	}
	if (waitpid(child, NULL, 0) != child)
		workload_die("waitpid");
	close(ended[1]);
	announce("ready child=%d", (int)child);
	while (read(ended[0], &byte, 1) < 0 && errno == EINTR)
		;
	return 0;
}

int run_zombie(int argc, char **argv)
{
	siginfo_t info;

	(void)argc;
	(void)argv;
	pid_t child = workload_fork();
	if (child == 0)
		_exit(0);
	if (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) < 0)
		workload_die("waitid");
	announce("ready zombie=%d", (int)child);
	wait_for_end();
}

/* A parent with nothing to do but to wait for its child, which works. */
int run_waiter(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	pid_t child = workload_fork();
	if (child == 0)
		burn_forever();
	announce("ready child=%d", (int)child);
	wait_for_one();
	return 0;
}

static void *short_work(void *argument)
{
	burn_us(*(const long *)argument);
	return NULL;
}

int run_churn(int argc, char **argv)
{
	long count = workload_number(argc, argv, 1, 500);
	long work_us = workload_number(argc, argv, 2, 2000);
	double before;
	pthread_t pair[2];

	announce("ready");
	wait_for_line();
	before = cpu_seconds(RUSAGE_SELF);
	for (long i = 0; i < count; i += 2) {
		for (int k = 0; k < 2; k++) {
			errno = pthread_create(&pair[k], NULL, short_work, &work_us);
			if (errno)
				workload_die("pthread_create");
		}
		for (int k = 0; k < 2; k++)
			pthread_join(pair[k], NULL);
	}
	announce("done count=%ld rusage_s=%.6f", count, cpu_seconds(RUSAGE_SELF) - before);
	wait_for_end();
}

static void *exec_self(void *argument)
{
	char after_exec[] = "after-exec";
	char *const arguments[] = {(char *)workload_self(), after_exec, argument, NULL};

	burn_us(100000);
	execv(workload_self(), arguments);
	workload_die("execv");
}

int run_exec_thread(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 2)
		return 2;
	announce("ready");
	wait_for_line();
	burn_us(100000);
	errno = pthread_create(&thread, NULL, exec_self, argv[1]);
	if (errno)
		workload_die("pthread_create");
	for (;;)
		pause();
}

int run_after_exec(int argc, char **argv)
{
	burn_us(workload_number(argc, argv, 1, 200000));
	announce("done rusage_s=%.6f", cpu_seconds(RUSAGE_SELF));
	wait_for_end();
}

int run_hostile(int argc, char **argv)
{
	/* As a terminal takes it: red, a second line, a bell; then bytes that are no UTF-8. */
	static char name[] = "\033[31m\nX\a\xff\xc3(\x9b";
	char *const arguments[] = {name, argv[0], name, NULL};

	if (argc == 1) {
		execv(workload_self(), arguments);
		workload_die("execv");
	}
	prctl(PR_SET_NAME, name);
	announce("ready");
	burn_forever();
}
