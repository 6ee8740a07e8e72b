/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What threads wait for by the functions of a libc: built with each one that there is. */
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t signaled = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;
static int jobs;
static const char *mode;

/* Holds a lock for a while; asleep, so that nobody has to wait for a CPU instead. */
static void hold(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static int is(const char *name)
{
	return !strcmp(mode, name);
}

static void *work(void *unused)
{
	(void)unused;
	for (;;) {
		if (is("mutex")) {
			pthread_mutex_lock(&mutex);
			hold();
			pthread_mutex_unlock(&mutex);
		} else if (is("rwlock")) {
			pthread_rwlock_wrlock(&rwlock);
			hold();
			pthread_rwlock_unlock(&rwlock);
		} else if (is("condition")) {
			pthread_mutex_lock(&mutex);
			while (!jobs)
				pthread_cond_wait(&signaled, &mutex);
			jobs--;
			pthread_mutex_unlock(&mutex);
		} else if (is("semaphore")) {
			sem_wait(&semaphore);
		} else {
			pause();
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t threads[8];

	if (argc != 2)
		return 2;
	mode = argv[1];
	sem_init(&semaphore, 0, 0);
	for (int i = 0; i < 8; i++)
		if (pthread_create(&threads[i], NULL, work, NULL))
			return 1;
	puts("ready");
	fflush(stdout);
	if (is("join"))
		pthread_join(threads[0], NULL);
	for (;;) {
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
		if (is("condition")) {
			pthread_mutex_lock(&mutex);
			jobs++;
			pthread_cond_signal(&signaled);
			pthread_mutex_unlock(&mutex);
		} else if (is("semaphore")) {
			sem_post(&semaphore);
		}
	}
}
