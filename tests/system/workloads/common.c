/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { LIFETIME_S = 300, THREAD_STACK = 64 * 1024, SPIN_ROUNDS = 20000 };

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	long running;
} threads = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0};

void workload_arm(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		workload_die("prctl(PR_SET_PDEATHSIG)");
	alarm(LIFETIME_S);
}

pid_t workload_fork(void)
{
	pid_t parent = getpid();

	fflush(stdout);
	pid_t pid = fork();
	if (pid < 0)
		workload_die("fork");
	if (pid == 0) {
		workload_arm();
		if (getppid() != parent)
			_exit(1); /* the parent died before we were armed */
	}
	return pid;
}

pid_t workload_start(const char *const *argv)
{
	const struct workload *workload = workload_find(argv[0]);
	int argc = 0;
	int channel[2];
	char byte;

	if (!workload)
		workload_die(argv[0]);
	while (argv[argc])
		argc++;
	if (pipe(channel) < 0)
		workload_die("pipe");
	pid_t pid = workload_fork();
	if (pid == 0) {
		dup2(channel[1], STDOUT_FILENO);
		close(channel[0]);
		close(channel[1]);
		_exit(workload->run(argc, (char **)argv));
	}
	close(channel[1]);
	if (read(channel[0], &byte, 1) != 1)
		workload_die("a child ended before it was ready");
	/* Left open on purpose: a reader must remain for what the child says later. */
	return pid;
}

void workload_die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	_exit(99);
}

void announce(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

void wait_for_line(void)
{
	char c;

	do {
		if (read(STDIN_FILENO, &c, 1) != 1)
			_exit(0);
	} while (c != '\n');
}

void wait_for_end(void)
{
	for (;;)
		wait_for_line();
}

long workload_number(int argc, char **argv, int index, long fallback)
{
	char *end;

	if (index >= argc)
		return fallback;
	errno = 0;
	long value = strtol(argv[index], &end, 10);
	if (errno || end == argv[index] || *end)
		workload_die(argv[index]);
	return value;
}

static void spin(void)
{
	for (volatile int i = 0; i < SPIN_ROUNDS; i++)
		;
}

static int64_t thread_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void burn_us(long us)
{
	int64_t end = thread_cpu_ns() + (int64_t)us * 1000;

	while (thread_cpu_ns() < end)
		spin();
}

void burn_forever(void)
{
	for (;;)
		spin();
}

void sleep_us(long us)
{
	struct timespec pause = {us / 1000000, us % 1000000 * 1000};

	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		;
}

double cpu_seconds(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void thread_started(void)
{
	pthread_mutex_lock(&threads.mutex);
	threads.running++;
	pthread_cond_signal(&threads.changed);
	pthread_mutex_unlock(&threads.mutex);
}

void start_threads(long count, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK);
	for (long i = 0; i < count; i++) {
		errno = pthread_create(&thread, &attributes, body, argument);
		if (errno)
			workload_die("pthread_create");
		pthread_detach(thread);
	}
	pthread_attr_destroy(&attributes);
	pthread_mutex_lock(&threads.mutex);
	while (threads.running < count)
		pthread_cond_wait(&threads.changed, &threads.mutex);
	pthread_mutex_unlock(&threads.mutex);
}
