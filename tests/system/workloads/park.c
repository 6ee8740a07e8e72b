/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Threads that park each at a futex of its own, whatever they wait for, as the JVM's, Ruby's and
 * parking_lot's do: what they wait for shows only in who wakes whom.
 */
#include "common.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS_MAX 64
#define WORK_US     5000
#define TASK_US     300
#define PAUSE_US    20000

static atomic_uint tokens[THREADS_MAX]; /* what each one parks at */
static atomic_long next_number;
static long thread_count;

static void park(long number)
{
	while (!atomic_exchange(&tokens[number], 0))
		syscall(SYS_futex, &tokens[number], FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
}

static void unpark(long number)
{
	atomic_store(&tokens[number], 1);
	syscall(SYS_futex, &tokens[number], FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* A fair lock: who lets go of it hands it to the one that has waited for longest. */
static atomic_flag guard = ATOMIC_FLAG_INIT;
static long queue[THREADS_MAX], queue_first, queue_length;
static bool held;

static void guard_take(void)
{
	while (atomic_flag_test_and_set(&guard))
		;
}

static void lock(long number)
{
	guard_take();
	if (held) {
		queue[(queue_first + queue_length++) % THREADS_MAX] = number;
		atomic_flag_clear(&guard);
		park(number);
		return;
	}
	held = true;
	atomic_flag_clear(&guard);
}

static void unlock(void)
{
	long next = -1;

	guard_take();
	if (queue_length) {
		next = queue[queue_first];
		queue_first = (queue_first + 1) % THREADS_MAX;
		queue_length--;
	} else {
		held = false;
	}
	atomic_flag_clear(&guard);
	if (next >= 0)
		unpark(next);
}

static noreturn void *share(void *unused)
{
	long number = next_number++;

	(void)unused;
	thread_started();
	for (;;) {
		lock(number);
		burn_us(WORK_US);
		unlock();
	}
}

/* Thread 0 hands each of the others a task in turn, and waits until it is done. */
static noreturn void *take_turns(void *unused)
{
	long number = next_number++;

	(void)unused;
	thread_started();
	for (long turn = 0;; turn++) {
		if (number) {
			park(number);
			burn_us(WORK_US);
			unpark(0);
		} else {
			unpark(1 + turn % (thread_count - 1));
			park(0);
		}
	}
}

/* Each tells the next; the first one has the work. */
static noreturn void *stage(void *unused)
{
	long number = next_number++;

	(void)unused;
	thread_started();
	for (;;) {
		if (number)
			park(number);
		else
			burn_us(WORK_US);
		if (number + 1 < thread_count)
			unpark(number + 1);
	}
}

/* Thread 0 has something small for one of the others now and then; each wakes the next to see whether there
 * is more. */
static noreturn void *pool(void *unused)
{
	long number = next_number++;

	(void)unused;
	thread_started();
	for (long task = 0;; task++) {
		if (!number) {
			unpark(1 + task % (thread_count - 1));
			sleep_us(PAUSE_US);
			continue;
		}
		park(number);
		if (task % 2)
			unpark(1 + number % (thread_count - 1));
		burn_us(TASK_US);
	}
}

int run_park(int argc, char **argv)
{
	static const struct {
		const char *name;
		void *(*body)(void *unused);
	} shapes[] = {{"lock", share}, {"turns", take_turns}, {"pipeline", stage}, {"pool", pool}};

	thread_count = workload_number(argc, argv, 1, 4);
	for (size_t i = 0; argc > 2 && thread_count > 1 && thread_count <= THREADS_MAX &&
			   i < sizeof(shapes) / sizeof(shapes[0]);
	     i++) {
		if (strcmp(argv[2], shapes[i].name) != 0)
			continue;
		start_threads(thread_count, shapes[i].body, NULL);
		announce("ready");
		wait_for_end();
	}
	return 2;
}
