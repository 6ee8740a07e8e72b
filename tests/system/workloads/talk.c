/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that wait for a peer: over TCP, through a pipe, at a mutex. */
#include "common.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PIPE_MESSAGE = 64 << 10,
	BUSY_US = 5000,
	SLEEP_US = 20000,
	HOLD_US = 200,
	GREEDY_US = 20000,
	MAX_THREADS = 64
};

enum pace { PACE_FAST, PACE_BUSY, PACE_SLEEP };

static int tcp_socket(void)
{
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		workload_die("socket");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

int run_server(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	long delay = workload_number(argc, argv, 1, 5000);
	int listener = tcp_socket();
	char byte;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 8) < 0)
		workload_die("bind");
	if (getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		workload_die("getsockname");
	announce("ready port=%d", ntohs(address.sin_port));
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			workload_die("accept");
		while (recv(fd, &byte, 1, 0) == 1) {
			if (delay > 0)
				sleep_us(delay);
			if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
				break;
		}
		close(fd);
	}
}

int run_client(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	long pause_us = workload_number(argc, argv, 2, 0);
	int fd = tcp_socket();
	bool ready = false;
	char byte = 'q';

	address.sin_port = htons((uint16_t)workload_number(argc, argv, 1, 0));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		workload_die("connect");
	for (;;) {
		if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
			workload_die("the server went away");
		if (!ready)
			announce("ready");
		ready = true;
		if (pause_us > 0)
			sleep_us(pause_us);
	}
}

static enum pace pace_of(const char *name)
{
	return !strcmp(name, "busy") ? PACE_BUSY : !strcmp(name, "sleep") ? PACE_SLEEP : PACE_FAST;
}

static void keep_pace(enum pace pace)
{
	if (pace == PACE_BUSY)
		burn_us(BUSY_US);
	else if (pace == PACE_SLEEP)
		sleep_us(SLEEP_US);
}

static char message[PIPE_MESSAGE];

static void write_messages(int fd, enum pace pace)
{
	for (;;) {
		keep_pace(pace);
		if (write(fd, message, sizeof(message)) != (ssize_t)sizeof(message))
			workload_die("write");
	}
}

/* Messages of the pipe's whole size: a writer that does not pause finds it full. */
int run_pipe(int argc, char **argv)
{
	int fds[2];
	bool ready = false;

	if (argc != 3)
		return 2;
	if (pipe(fds) < 0)
		workload_die("pipe");
	pid_t writer = workload_fork();
	if (writer == 0) {
		close(fds[0]);
		write_messages(fds[1], pace_of(argv[1]));
	}
	close(fds[1]);
	for (;;) {
		for (size_t got = 0; got < sizeof(message);) {
			ssize_t n = read(fds[0], message, sizeof(message));

			if (n <= 0)
				workload_die("read");
			got += (size_t)n;
		}
		if (!ready)
			announce("ready reader=%d writer=%d", (int)getpid(), (int)writer);
		ready = true;
		keep_pace(pace_of(argv[2]));
	}
}

static pthread_mutex_t mutexes[MAX_THREADS];

static bool fair;

static void hold_for(pthread_mutex_t *mutex, long us)
{
	for (;;) {
		pthread_mutex_lock(mutex);
		burn_us(us);
		pthread_mutex_unlock(mutex);
		/* Who takes it again at once keeps it from those that it woke: glibc's mutexes are unfair. */
		if (fair)
			burn_us(HOLD_US);
	}
}

static void *hold(void *argument)
{
	hold_for(argument, HOLD_US);
	return NULL;
}

static void *hold_shared(void *unused)
{
	(void)unused;
	thread_started();
	return hold(&mutexes[0]);
}

static void *hold_own(void *unused)
{
	static _Atomic unsigned int next = 1;

	(void)unused;
	thread_started();
	return hold(&mutexes[next++ % MAX_THREADS]);
}

int run_mutex(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (int i = 0; i < MAX_THREADS; i++)
		pthread_mutex_init(&mutexes[i], NULL);
	fair = !strcmp(argv[2], "fair") || !strcmp(argv[2], "greedy");
	start_threads(workload_number(argc, argv, 1, 4) - 1, strcmp(argv[2], "own") ? hold_shared : hold_own,
		      NULL);
	if (!strcmp(argv[2], "greedy"))
		prctl(PR_SET_NAME, "greedy");
	announce("ready");
	hold_for(&mutexes[0], strcmp(argv[2], "greedy") ? HOLD_US : GREEDY_US);
	return 0;
}
