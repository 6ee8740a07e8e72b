/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every labelled workload needs: to be tidy, to announce itself, to burn a known amount of CPU. */
#ifndef BOUNDTOP_TESTS_WORKLOADS_COMMON_H
#define BOUNDTOP_TESTS_WORKLOADS_COMMON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/types.h>

/* One row a workload; the process ends with what `run` returns. argv[0] is the workload's name. */
struct workload {
	const char *name;
	const char *usage;
	int (*run)(int argc, char **argv);
};

const struct workload *workload_find(const char *name);

/* How this program was started, for the workloads that start it again. */
const char *workload_self(void);

/* Die with the parent, and in any case after some minutes: nothing may be left behind. */
void workload_arm(void);

/* fork(), with the child armed and its buffers empty. */
pid_t workload_fork(void);

/* Start one workload as a child and wait until it has announced itself. */
pid_t workload_start(const char *const *argv);

noreturn void workload_die(const char *what);

/* One line on standard output at once: "ready key=value ...". */
void announce(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Wait for a line on standard input; the end of the input ends the process. */
void wait_for_line(void);

/* Wait until standard input is closed, then end. */
noreturn void wait_for_end(void);

/* The numeric argument at `index`, or `fallback` when there is none. */
long workload_number(int argc, char **argv, int index, long fallback);

/* Spend this much CPU time of the calling thread, nearly all of it in user mode. */
void burn_us(long us);

noreturn void burn_forever(void);

void sleep_us(long us);

/* CPU seconds of this process (RUSAGE_SELF) or of its waited-for children (RUSAGE_CHILDREN). */
double cpu_seconds(int who);

/* Start `count` threads of `body` and return when all of them run. */
void start_threads(long count, void *(*body)(void *), void *argument);

/* To be called by each such thread first. */
void thread_started(void);

int run_hog(int argc, char **argv);
int run_hogs(int argc, char **argv);
int run_sleeper(int argc, char **argv);
int run_parked(int argc, char **argv);
int run_burn(int argc, char **argv);
int run_disk(int argc, char **argv);
int run_fsync(int argc, char **argv);
int run_paging(int argc, char **argv);
int run_server(int argc, char **argv);
int run_client(int argc, char **argv);
int run_pipe(int argc, char **argv);
int run_mutex(int argc, char **argv);
int run_ask(int argc, char **argv);
int run_ring(int argc, char **argv);
int run_semaphore(int argc, char **argv);
int run_park(int argc, char **argv);
int run_mixed(int argc, char **argv);
int run_spawn(int argc, char **argv);
int run_daemonize(int argc, char **argv);
int run_zombie(int argc, char **argv);
int run_waiter(int argc, char **argv);
int run_churn(int argc, char **argv);
int run_exec_thread(int argc, char **argv);
int run_after_exec(int argc, char **argv);
int run_hostile(int argc, char **argv);
int run_reuse(int argc, char **argv);
int run_rename(int argc, char **argv);
int run_execs(int argc, char **argv);
int run_crowd(int argc, char **argv);
int run_end(int argc, char **argv);

#endif
