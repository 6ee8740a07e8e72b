/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <uthash.h>

#include "account.h"

/* enum in include/net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define TCP_CLOSE       7
#define TCP_LISTEN      10

/* The tables are read again for a socket that is not in them, but no more than so much of the time goes to
 * it. */
#define READ_SHARE 100

struct socket {
	uint64_t ino;
	unsigned int local_port;
	uint8_t target;
	uint8_t state;
	bool stream;
	UT_hash_handle hh;
};

struct bt_sockets {
	int proc;
	uint64_t namespace; /* inode of the network namespace that the table is of; 0 = none, or unknown */
	uint64_t next_read_ns;
	struct socket *sockets;
	uint64_t listening[65536 / 64]; /* local ports with a listener */
	unsigned int ephemeral_first;
};

int bt_sockets_create(struct bt_sockets **out, int proc)
{
	struct bt_sockets *s = calloc(1, sizeof(*s));
	FILE *file;

	if (!s)
		return -ENOMEM;
	s->proc = proc;
	s->ephemeral_first = 32768;
	file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	if (file) {
		if (fscanf(file, "%u", &s->ephemeral_first) != 1)
			s->ephemeral_first = 32768;
		fclose(file);
	}
	*out = s;
	return 0;
}

static void sockets_forget(struct bt_sockets *s)
{
	struct socket *socket, *next;

	HASH_ITER (hh, s->sockets, socket, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): out of the table, then freed */
		HASH_DEL(s->sockets, socket);
		free(socket);
	}
	memset(s->listening, 0, sizeof(s->listening));
}

void bt_sockets_destroy(struct bt_sockets *s)
{
	if (!s)
		return;
	sockets_forget(s);
	free(s);
}

static void socket_add(struct bt_sockets *s, const struct bt_inet_line *line, uint8_t target, bool stream)
{
	struct socket *socket;

	if (stream && line->state == TCP_LISTEN)
		s->listening[line->local.port / 64] |= 1ULL << line->local.port % 64;
	/* On their way out of the world they have none. */
	if (!line->ino)
		return;
	HASH_FIND(hh, s->sockets, &line->ino, sizeof(line->ino), socket);
	if (socket)
		return;
	socket = calloc(1, sizeof(*socket));
	if (!socket)
		return;
	socket->ino = line->ino;
	socket->local_port = line->local.port;
	socket->state = (uint8_t)line->state;
	socket->target = target;
	socket->stream = stream;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
	HASH_ADD(hh, s->sockets, ino, sizeof(socket->ino), socket);
}

static bool unix_line_parse(const char *line, struct bt_inet_line *out)
{
	*out = (struct bt_inet_line){0};
	return sscanf(line, "%*[0-9a-fA-F]: %*x %*x %*x %*x %*x %" SCNu64, &out->ino) == 1;
}

static void table_read(struct bt_sockets *s, pid_t pid, const char *name, uint8_t target, bool stream)
{
	struct bt_inet_line parsed;
	char path[64], *line = NULL;
	size_t room = 0;
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "%d/net/%s", (int)pid, name);
	fd = openat(s->proc, path, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (getline(&line, &room, file) > 0)
		if (target == BT_TARGET_UNIX ? unix_line_parse(line, &parsed)
					     : bt_inet_line_parse(line, &parsed))
			socket_add(s, &parsed, target, stream);
	free(line);
	fclose(file);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void tables_read(struct bt_sockets *s, pid_t pid)
{
	uint64_t begin_ns = now_ns();

	if (begin_ns < s->next_read_ns)
		return;
	sockets_forget(s);
	table_read(s, pid, "tcp", BT_TARGET_INET, true);
	table_read(s, pid, "tcp6", BT_TARGET_INET, true);
	table_read(s, pid, "udp", BT_TARGET_INET, false);
	table_read(s, pid, "udp6", BT_TARGET_INET, false);
	table_read(s, pid, "unix", BT_TARGET_UNIX, true);
	s->next_read_ns = now_ns() + READ_SHARE * (now_ns() - begin_ns);
}

/* Those of a namespace are kept until another one's are asked for. */
static bool namespace_enter(struct bt_sockets *s, pid_t pid)
{
	struct stat status;
	char path[64];
	uint64_t namespace;

	snprintf(path, sizeof(path), "%d/ns/net", (int)pid);
	namespace = fstatat(s->proc, path, &status, 0) ? 0 : status.st_ino;
	if (namespace == s->namespace)
		return true;
	if (now_ns() < s->next_read_ns)
		return false;
	s->namespace = namespace;
	sockets_forget(s);
	return true;
}

/* A listener has the port of the streams that came through it; a datagram socket with a peer asks. */
static void role_set(const struct bt_sockets *s, const struct socket *socket, struct bt_proc_object *out)
{
	unsigned int port = socket->local_port;

	if (socket->stream) {
		bool listener = s->listening[port / 64] >> port % 64 & 1;

		out->aim.owed = socket->state != TCP_LISTEN && !listener;
		out->accepts = listener;
		return;
	}
	out->aim.owed = socket->state == TCP_ESTABLISHED || port >= s->ephemeral_first;
	out->doubtful = socket->state != TCP_ESTABLISHED;
}

void bt_socket_find(struct bt_sockets *s, pid_t pid, uint64_t ino, struct bt_proc_object *out)
{
	struct socket *socket = NULL;

	out->aim.target = BT_TARGET_SOCKET;
	out->doubtful = true;
	if (!namespace_enter(s, pid))
		return;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
	HASH_FIND(hh, s->sockets, &ino, sizeof(ino), socket);
	if (!socket) {
		tables_read(s, pid);
		HASH_FIND(hh, s->sockets, &ino, sizeof(ino), socket);
	}
	if (!socket)
		return;
	out->aim.target = socket->target;
	out->doubtful = false;
	if (socket->target == BT_TARGET_UNIX)
		out->aim.peer = true;
	else
		role_set(s, socket, out);
}
