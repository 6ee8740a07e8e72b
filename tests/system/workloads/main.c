/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Workloads whose label is known: one program, one workload a name. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct workload workloads[] = {
    {"hog", "[THREADS]: spin in user mode", run_hog},
    {"hogs", "PROCESSES: as many single-threaded hogs", run_hogs},
    {"sleeper", "[SLEEP_US [BURN_US [THREADS]]]: sleep, and work a little in between", run_sleeper},
    {"parked", "THREADS: threads on a condition variable that nobody signals", run_parked},
    {"burn", "CPU_US [STATUS]: spend CPU time, then exit", run_burn},
    {"disk", "FILE direct|cached: random reads", run_disk},
    {"fsync", "FILE sync|nosync: write a log, each record forced to the disk; or just write", run_fsync},
    {"paging", "FILE: touch a mapping that is not in memory", run_paging},
    {"server", "DELAY_US: answer each request on a TCP connection after a delay", run_server},
    {"client", "PORT [PAUSE_US]: ask, wait for the answer, pause", run_client},
    {"pipe", "WRITER READER, each fast|busy|sleep: what each does between two messages", run_pipe},
    {"mutex",
     "THREADS shared|own|greedy|fair: work with the mutex held; one for longer, or each lets others have it",
     run_mutex},
    {"ask",
     "unix|pipe|eventfd|tcp|tcp6|queue|sem read|poll|select|epoll|ticks|int80 WORK_US PAUSE_US: ask, work, "
     "answer, "
     "pause",
     run_ask},
    {"ring", "client|server|busy|idle|file|timer plain|deferred [FILE]: what an io_uring has in flight",
     run_ring},
    {"semaphore", "THREADS lock|queue: threads that share one, or are told by it what to do", run_semaphore},
    {"park", "THREADS lock|turns|pipeline|pool: threads that park each at a futex of its own", run_park},
    {"mixed", "FILE: a bit of everything in hundreds of threads", run_mixed},
    {"spawn", "COUNT CPU_US PARALLEL: short processes, once a line came in", run_spawn},
    {"daemonize", "CPU_US: a grandchild that left its session does the work", run_daemonize},
    {"zombie", ": keep a child that nobody waits for", run_zombie},
    {"waiter", ": wait for a child that works", run_waiter},
    {"churn", "COUNT CPU_US: short threads, once a line came in", run_churn},
    {"exec-thread", "CPU_US: a thread that is not the leader execs", run_exec_thread},
    {"after-exec", "CPU_US: (what exec-thread becomes)", run_after_exec},
    {"hostile", ": a name with escape sequences, a newline and broken UTF-8", run_hostile},
    {"reuse", "COUNT CPU_US: short processes with the same PID, once a line came in", run_reuse},
    {"rename", "THREADS: threads that change their names all the time", run_rename},
    {"execs", "COUNT: become another program again and again, once a line came in", run_execs},
    {"crowd", "PROCESSES: that spin, all at once when a line came in", run_crowd},
    {"end", ": end once a line came in", run_end},
};

static const char *self;

const char *workload_self(void)
{
	return self;
}

const struct workload *workload_find(const char *name)
{
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		if (!strcmp(workloads[i].name, name))
			return &workloads[i];
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: workload [-n COMM] NAME [ARG...]\n");
	for (size_t i = 0; i < sizeof(workloads) / sizeof(workloads[0]); i++)
		fprintf(stderr, "  %s %s\n", workloads[i].name, workloads[i].usage);
	return 2;
}

int main(int argc, char **argv)
{
	const struct workload *workload = NULL;
	const char *comm = NULL;

	self = argv[0];
	if (argc > 2 && !strcmp(argv[1], "-n")) {
		comm = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc > 1)
		workload = workload_find(argv[1]);
	if (!workload)
		return usage();
	if (comm)
		prctl(PR_SET_NAME, comm);
	workload_arm();
	return workload->run(argc - 1, argv + 1);
}
