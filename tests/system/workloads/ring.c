/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waits for an io_uring, by the system calls alone: what is in flight differs. */
#include "common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef IORING_SETUP_SINGLE_ISSUER
#define IORING_SETUP_SINGLE_ISSUER (1U << 12)
#endif
#ifndef IORING_SETUP_DEFER_TASKRUN
#define IORING_SETUP_DEFER_TASKRUN (1U << 13)
#endif

enum { WORK_US = 5000, PAUSE_US = 20000, BLOCK = 4096, BLOCKS = 16384 };

struct ring {
	int fd;
	struct io_uring_params p;
	char *submissions, *completions;
	struct io_uring_sqe *entries;
};

static char block[1 << 16] __attribute__((aligned(BLOCK)));

static void *ring_map(const struct ring *r, size_t size, off_t what)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd, what);

	if (at == MAP_FAILED)
		workload_die("mmap");
	return at;
}

static void ring_open(struct ring *r, unsigned int flags)
{
	memset(r, 0, sizeof(*r));
	r->p.flags = flags;
	r->fd = (int)syscall(SYS_io_uring_setup, 8, &r->p);
	if (r->fd < 0)
		workload_die("io_uring_setup");
	r->submissions =
	    ring_map(r, r->p.sq_off.array + r->p.sq_entries * sizeof(unsigned int), IORING_OFF_SQ_RING);
	r->completions =
	    ring_map(r, r->p.cq_off.cqes + r->p.cq_entries * sizeof(struct io_uring_cqe), IORING_OFF_CQ_RING);
	r->entries = ring_map(r, r->p.sq_entries * sizeof(*r->entries), IORING_OFF_SQES);
}

static unsigned int *word(char *ring, unsigned int offset)
{
	return (unsigned int *)(void *)(ring + offset);
}

/* One request, and a wait for its end. */
static void ring_do(struct ring *r, unsigned char operation, int fd, const void *buffer, unsigned int length,
		    unsigned long offset)
{
	unsigned int tail = *word(r->submissions, r->p.sq_off.tail);
	unsigned int slot = tail & (r->p.sq_entries - 1);
	unsigned int *done = word(r->completions, r->p.cq_off.head);

	r->entries[slot] = (struct io_uring_sqe){
	    .opcode = operation, .fd = fd, .addr = (unsigned long)buffer, .len = length, .off = offset};
	word(r->submissions, r->p.sq_off.array)[slot] = slot;
	__atomic_store_n(word(r->submissions, r->p.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	for (unsigned int submit = 1;; submit = 0) {
		if (syscall(SYS_io_uring_enter, r->fd, submit, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
			workload_die("io_uring_enter");
		if (*done != __atomic_load_n(word(r->completions, r->p.cq_off.tail), __ATOMIC_ACQUIRE))
			break;
	}
	__atomic_store_n(done, *done + 1, __ATOMIC_RELEASE);
}

/* The other end of a connection, or a pipe: works before it sends, or sleeps. */
static void feed(int in, int out, bool busy)
{
	char byte;

	for (;;) {
		if (busy)
			burn_us(WORK_US);
		else
			sleep_us(PAUSE_US);
		if (write(out, "x", 1) != 1 || (in >= 0 && read(in, &byte, 1) != 1))
			workload_die("feed");
	}
}

static void connect_pair(int ends[2])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || ends[0] < 0 || bind(listener, (struct sockaddr *)&address, size) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&address, &size) ||
	    connect(ends[0], (struct sockaddr *)&address, size))
		workload_die("connect");
	ends[1] = accept(listener, NULL, NULL);
	close(listener);
}

/* The client asks and waits for the answer; the server waits to be asked. */
static noreturn void run_connection(unsigned int flags, bool client)
{
	struct ring r;
	int ends[2];

	connect_pair(ends);
	if (workload_fork() == 0) {
		if (client)
			for (char byte; read(ends[1], &byte, 1) == 1;) {
				burn_us(WORK_US);
				if (write(ends[1], &byte, 1) != 1)
					break;
			}
		else
			feed(ends[0], ends[0], false);
		_exit(1);
	}
	ring_open(&r, flags);
	announce("ready");
	for (int fd = ends[client ? 0 : 1];;) {
		if (client && write(fd, "x", 1) != 1)
			workload_die("write");
		ring_do(&r, IORING_OP_RECV, fd, block, 1, 0);
		if (!client && write(fd, "x", 1) != 1)
			workload_die("write");
	}
}

static noreturn void run_feed(unsigned int flags, bool busy)
{
	struct ring r;
	int ends[2];

	if (pipe(ends))
		workload_die("pipe");
	if (workload_fork() == 0)
		feed(-1, ends[1], busy);
	ring_open(&r, flags);
	announce("ready");
	for (;;)
		ring_do(&r, IORING_OP_READ, ends[0], block, 1, (unsigned long)-1);
}

static noreturn void run_file(unsigned int flags, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	struct ring r;

	if (fd < 0)
		workload_die(path);
	for (long at = 0; at < (long)BLOCKS * BLOCK; at += (long)sizeof(block))
		if (pwrite(fd, block, sizeof(block), at) != (ssize_t)sizeof(block))
			workload_die("pwrite");
	ring_open(&r, flags);
	announce("ready");
	for (unsigned long k = 1;; k = k * 48271 % 2147483647)
		ring_do(&r, IORING_OP_READ, fd, block, BLOCK, k % BLOCKS * BLOCK);
}

static noreturn void run_timer(unsigned int flags)
{
	struct __kernel_timespec pause = {.tv_nsec = PAUSE_US * 1000LL};
	struct ring r;

	ring_open(&r, flags);
	announce("ready");
	for (;;)
		ring_do(&r, IORING_OP_TIMEOUT, -1, &pause, 1, 0);
}

int run_ring(int argc, char **argv)
{
	unsigned int flags = 0;

	if (argc < 3)
		return 2;
	if (!strcmp(argv[2], "deferred"))
		flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
	if (!strcmp(argv[1], "client") || !strcmp(argv[1], "server"))
		run_connection(flags, !strcmp(argv[1], "client"));
	if (!strcmp(argv[1], "busy") || !strcmp(argv[1], "idle"))
		run_feed(flags, !strcmp(argv[1], "busy"));
	if (!strcmp(argv[1], "file") && argc == 4)
		run_file(flags, argv[3]);
	if (!strcmp(argv[1], "timer"))
		run_timer(flags);
	return 2;
}
