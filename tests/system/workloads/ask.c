/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two processes, one of which asks and one of which answers, by every way there is; threads at a semaphore.
 */
#include "common.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HOLD_US = 200, TICK_MS = 1 };

/* One end: where it reads and where it writes. */
struct end {
	int in, out;
	sem_t *sem_in, *sem_out;
};

struct channel {
	const char *name;
	void (*open)(struct end *client, struct end *server);
	/* tcp: what is left to do in the server's own process */
	void (*settle)(struct end *server);
};

static void open_unix(struct end *client, struct end *server)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		workload_die("socketpair");
	client->in = client->out = fds[0];
	server->in = server->out = fds[1];
}

static void open_pipes(struct end *client, struct end *server)
{
	int there[2], back[2];

	if (pipe(there) < 0 || pipe(back) < 0)
		workload_die("pipe");
	*client = (struct end){.in = back[0], .out = there[1]};
	*server = (struct end){.in = there[0], .out = back[1]};
}

static void open_eventfds(struct end *client, struct end *server)
{
	int there = eventfd(0, EFD_CLOEXEC), back = eventfd(0, EFD_CLOEXEC);

	if (there < 0 || back < 0)
		workload_die("eventfd");
	*client = (struct end){.in = back, .out = there};
	*server = (struct end){.in = there, .out = back};
}

/* The client is connected before the server accepts it. */
static void open_tcp_of(int family, struct end *client, struct end *server)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct sockaddr *address = family == AF_INET ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t size = family == AF_INET ? sizeof(v4) : sizeof(v6);
	int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	client->in = client->out = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, address, size) < 0 || listen(listener, 1) < 0 ||
	    getsockname(listener, address, &size) < 0 || connect(client->in, address, size) < 0)
		workload_die("tcp");
	setsockopt(client->in, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	server->in = server->out = listener;
}

static void open_tcp(struct end *client, struct end *server)
{
	open_tcp_of(AF_INET, client, server);
}

static void open_tcp6(struct end *client, struct end *server)
{
	open_tcp_of(AF_INET6, client, server);
}

static void settle_tcp(struct end *server)
{
	int one = 1;
	int fd = accept(server->in, NULL, NULL);

	if (fd < 0)
		workload_die("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	server->in = server->out = fd;
}

static int open_queue(void)
{
	struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
	char name[64];
	static int count;

	snprintf(name, sizeof(name), "/boundtop-test-%d-%d", (int)getpid(), count++);
	int queue = (int)mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attr);
	if (queue < 0)
		workload_die("mq_open");
	mq_unlink(name);
	return queue;
}

static void open_queues(struct end *client, struct end *server)
{
	int there = open_queue(), back = open_queue();

	*client = (struct end){.in = back, .out = there};
	*server = (struct end){.in = there, .out = back};
}

static void open_semaphores(struct end *client, struct end *server)
{
	sem_t *sems =
	    mmap(NULL, 2 * sizeof(*sems), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (sems == MAP_FAILED || sem_init(&sems[0], 1, 0) < 0 || sem_init(&sems[1], 1, 0) < 0)
		workload_die("sem_init");
	*client = (struct end){.sem_in = &sems[0], .sem_out = &sems[1]};
	*server = (struct end){.sem_in = &sems[1], .sem_out = &sems[0]};
}

static const struct channel channels[] = {
    {"unix", open_unix, NULL},      {"pipe", open_pipes, NULL},      {"eventfd", open_eventfds, NULL},
    {"tcp", open_tcp, settle_tcp},  {"tcp6", open_tcp6, settle_tcp}, {"queue", open_queues, NULL},
    {"sem", open_semaphores, NULL},
};

enum wait_by { BY_READ, BY_POLL, BY_SELECT, BY_EPOLL, BY_TICKS, BY_INT80, BY_SOCKETCALL };

static enum wait_by wait_of(const char *name)
{
	return !strcmp(name, "poll")         ? BY_POLL
	       : !strcmp(name, "select")     ? BY_SELECT
	       : !strcmp(name, "epoll")      ? BY_EPOLL
	       : !strcmp(name, "ticks")      ? BY_TICKS
	       : !strcmp(name, "int80")      ? BY_INT80
	       : !strcmp(name, "socketcall") ? BY_SOCKETCALL
					     : BY_READ;
}

static void await(int fd, enum wait_by by)
{
	static int epoll = -1;
	struct epoll_event event = {.events = EPOLLIN};
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	fd_set set;

	switch (by) {
	case BY_POLL:
		poll(&polled, 1, -1);
		break;
	case BY_SELECT:
		FD_ZERO(&set);
		FD_SET(fd, &set);
		select(fd + 1, &set, NULL, NULL, NULL);
		break;
	case BY_EPOLL:
	case BY_TICKS:
		if (epoll < 0) {
			epoll = epoll_create1(EPOLL_CLOEXEC);
			epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
		}
		/* As an event loop that has timers, too. */
		while (!epoll_wait(epoll, &event, 1, by == BY_TICKS ? TICK_MS : -1))
			;
		break;
	default:
		break;
	}
}

#if defined(__x86_64__)
/* read() as a 32-bit program calls it; the buffer has to be in the lowest 4 GiB. */
static long call_by_int80(long number, long first, void *second, size_t third)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(first), "c"(second), "d"(third)
			 : "memory", "r8", "r9", "r10", "r11");
	return result;
}

/* word first, then the arguments of recv() for socketcall(). */
struct low {
	uint64_t word;
	uint32_t arguments[4];
};

enum { READ = 3, SOCKETCALL = 102, SOCKETCALL_RECV = 10 };

static long receive_by_int80(int fd, struct low *low, enum wait_by by)
{
	if (by == BY_INT80)
		return call_by_int80(READ, fd, &low->word, sizeof(low->word));
	low->arguments[0] = (uint32_t)fd;
	low->arguments[1] = (uint32_t)(uintptr_t)&low->word;
	low->arguments[2] = sizeof(low->word);
	return call_by_int80(SOCKETCALL, SOCKETCALL_RECV, low->arguments, 0);
}

static void await_by_int80(int fd, uint64_t *word, enum wait_by by)
{
	static struct low *low;

	if (!low)
		low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	if (low == MAP_FAILED || receive_by_int80(fd, low, by) != (long)sizeof(low->word))
		workload_die("int 0x80");
	*word = low->word;
}
#else
static void await_by_int80(int fd, uint64_t *word, enum wait_by by)
{
	(void)by;
	(void)fd;
	(void)word;
	workload_die("int 0x80 is of x86");
}
#endif

static void receive(const struct channel *c, const struct end *e, enum wait_by by)
{
	uint64_t word;

	if (e->sem_in) {
		sem_wait(e->sem_in);
		return;
	}
	if (by == BY_INT80 || by == BY_SOCKETCALL) {
		await_by_int80(e->in, &word, by);
		return;
	}
	await(e->in, by);
	ssize_t got = c->open == open_queues ? mq_receive(e->in, (char *)&word, sizeof(word), NULL)
					     : read(e->in, &word, sizeof(word));
	if (got <= 0)
		workload_die("receive");
}

static void send_word(const struct channel *c, const struct end *e)
{
	const uint64_t word = 1;

	if (e->sem_out) {
		sem_post(e->sem_out);
		return;
	}
	ssize_t sent = c->open == open_queues ? mq_send(e->out, (const char *)&word, sizeof(word), 0)
					      : write(e->out, &word, sizeof(word));
	if (sent < 0)
		workload_die("send");
}

static noreturn void serve(const struct channel *c, struct end *e, enum wait_by by, long work_us)
{
	if (c->settle)
		c->settle(e);
	for (;;) {
		receive(c, e, by);
		burn_us(work_us);
		send_word(c, e);
	}
}

#define LONG_US 1000000

int run_ask(int argc, char **argv)
{
	const struct channel *channel = NULL;
	struct end client = {0}, server = {0};
	bool ready = false;

	for (size_t i = 0; argc == 5 && i < sizeof(channels) / sizeof(channels[0]); i++)
		if (!strcmp(channels[i].name, argv[1]))
			channel = &channels[i];
	if (!channel)
		return 2;
	enum wait_by by = wait_of(argv[2]);
	long pause_us = workload_number(argc, argv, 4, 0);

	channel->open(&client, &server);
	long work_us = workload_number(argc, argv, 3, 0);
	pid_t child = workload_fork();

	if (child == 0)
		serve(channel, &server, by, work_us);
	/* Nobody waits for the first answer if that takes long. */
	ready = work_us > LONG_US;
	if (ready)
		announce("ready client=%d server=%d", (int)getpid(), (int)child);
	for (;;) {
		send_word(channel, &client);
		receive(channel, &client, by);
		if (!ready)
			announce("ready client=%d server=%d", (int)getpid(), (int)child);
		ready = true;
		if (pause_us > 0)
			sleep_us(pause_us);
	}
}

static sem_t lock_or_queue;

static void *work_with_it_held(void *unused)
{
	(void)unused;
	thread_started();
	for (;;) {
		sem_wait(&lock_or_queue);
		burn_us(HOLD_US);
		sem_post(&lock_or_queue);
	}
	return NULL;
}

static void *work_when_told(void *unused)
{
	(void)unused;
	thread_started();
	for (;;) {
		sem_wait(&lock_or_queue);
		burn_us(HOLD_US);
	}
	return NULL;
}

int run_semaphore(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	bool lock = !strcmp(argv[2], "lock");

	sem_init(&lock_or_queue, 0, lock);
	start_threads(workload_number(argc, argv, 1, 4), lock ? work_with_it_held : work_when_told, NULL);
	announce("ready");
	for (;;) {
		sleep_us(lock ? 1000000 : 20000);
		if (!lock)
			sem_post(&lock_or_queue);
	}
}
