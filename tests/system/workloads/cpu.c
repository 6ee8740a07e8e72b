/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that want a CPU, or nothing at all. */
#include "common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct rhythm {
	long sleep_us;
	long burn_us;
};

static void *hog(void *unused)
{
	(void)unused;
	thread_started();
	burn_forever();
}

int run_hog(int argc, char **argv)
{
	start_threads(workload_number(argc, argv, 1, 1) - 1, hog, NULL);
	announce("ready");
	burn_forever();
}

int run_hogs(int argc, char **argv)
{
	static const char *const one[] = {"hog", NULL};
	long count = workload_number(argc, argv, 1, 2);

	printf("ready pids=");
	for (long i = 0; i < count; i++)
		printf("%s%d", i ? "," : "", (int)workload_start(one));
	announce("%s", "");
	wait_for_end();
}

static void *sleep_and_work(void *argument)
{
	const struct rhythm *rhythm = argument;

	thread_started();
	for (;;) {
		sleep_us(rhythm->sleep_us);
		if (rhythm->burn_us > 0)
			burn_us(rhythm->burn_us);
	}
	return NULL;
}

int run_sleeper(int argc, char **argv)
{
	static struct rhythm rhythm;

	rhythm.sleep_us = workload_number(argc, argv, 1, 20000);
	rhythm.burn_us = workload_number(argc, argv, 2, 0);
	start_threads(workload_number(argc, argv, 3, 1) - 1, sleep_and_work, &rhythm);
	announce("ready");
	sleep_and_work(&rhythm);
	return 0;
}

static void *park(void *unused)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t never = PTHREAD_COND_INITIALIZER;

	(void)unused;
	thread_started();
	pthread_mutex_lock(&mutex);
	for (;;)
		pthread_cond_wait(&never, &mutex);
	return NULL;
}

int run_parked(int argc, char **argv)
{
	start_threads(workload_number(argc, argv, 1, 8), park, NULL);
	announce("ready");
	for (;;)
		pause();
}

int run_burn(int argc, char **argv)
{
	announce("ready");
	burn_us(workload_number(argc, argv, 1, 100000));
	return (int)workload_number(argc, argv, 2, 0);
}

int run_end(int argc, char **argv)
{
	(void)argv;
	(void)argc;
	announce("ready");
	wait_for_line();
	return 0;
}
