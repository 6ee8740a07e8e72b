/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inet_peer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <uthash.h>

#include "clock.h"
#include "procfs_task.h"

/* It was not there, or its peer was not: perhaps it is now. */
#define AGAIN_NS 10000000000ull
/* What was not asked for so long is forgotten. */
#define KEEP_NS 60000000000ull
/* A look at the clock costs as much as some lines. */
#define LINES_A_LOOK 16

static const struct {
	const char *name;
	bool datagrams;
} tables[] = {{"tcp", false}, {"tcp6", false}, {"udp", true}, {"udp6", true}};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

struct wanted {
	uint64_t ino;
	unsigned int left; /* tables to be read to their end before it is given up; 0: it is over */
	bool found;        /* and its peer is looked for */
	bool datagrams;
	uint64_t over_ns; /* since when */
	uint64_t asked_ns;
	struct bt_inet_peer peer;
	UT_hash_handle hh;
};

struct bt_inet_peers {
	uint64_t namespace; /* inode of the network namespace that all of it is about */
	struct wanted *wanted;
	FILE *file; /* the table that is read; NULL: none is */
	size_t table;
	char *line;
	size_t room;
	uint64_t swept_ns;
};

int bt_inet_peers_create(struct bt_inet_peers **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

/* All but those that were asked for since. */
static void forget(struct bt_inet_peers *p, uint64_t since_ns)
{
	struct wanted *w, *next;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
	HASH_ITER (hh, p->wanted, w, next) {
		if (w->asked_ns >= since_ns)
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(p->wanted, w);
		free(w);
	}
}

static void file_close(struct bt_inet_peers *p)
{
	if (p->file)
		fclose(p->file);
	p->file = NULL;
}

void bt_inet_peers_destroy(struct bt_inet_peers *p)
{
	if (!p)
		return;
	forget(p, UINT64_MAX);
	file_close(p);
	free(p->line);
	free(p);
}

static void namespace_enter(struct bt_inet_peers *p, pid_t pid)
{
	struct stat status;
	char path[64];
	uint64_t namespace;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	namespace = stat(path, &status) ? 0 : status.st_ino;
	if (namespace == p->namespace)
		return;
	p->namespace = namespace;
	forget(p, UINT64_MAX);
	file_close(p);
}

/* The rest of the table that is read, and all of them. */
static void search_begin(struct wanted *w)
{
	w->left = TABLES + 1;
}

static void search_end(struct wanted *w)
{
	w->left = 0;
	w->over_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
}

/* A datagram socket that is bound and has no peer of its own can be one for many; on this host, if it has the
 * very address, or any and we talk to ourselves. */
static bool is_served_by(const struct wanted *w, const struct bt_inet_line *line)
{
	const struct bt_inet_end *remote = &w->peer.remote;

	return w->datagrams && !line->remote.port && line->local.port == remote->port &&
	       (bt_inet_end_same(&line->local, remote) ||
		(bt_inet_is_any(&line->local) && bt_inet_is_loopback(remote)));
}

static void line_take(struct bt_inet_peers *p, const struct bt_inet_line *line, bool datagrams)
{
	struct wanted *w = NULL;

	if (!line->ino)
		return;
	HASH_FIND(hh, p->wanted, &line->ino, sizeof(line->ino), w);
	if (w && w->left && !w->found) {
		w->found = true;
		w->datagrams = datagrams;
		w->peer.local = line->local;
		w->peer.remote = line->remote;
		/* Its peer may have stood before it. */
		if (line->remote.port)
			search_begin(w);
		else
			search_end(w);
	}
	for (w = p->wanted; w; w = w->hh.next) {
		if (!w->left || !w->found || w->datagrams != datagrams)
			continue;
		if (bt_inet_end_same(&w->peer.remote, &line->local) &&
		    bt_inet_end_same(&w->peer.local, &line->remote)) {
			w->peer.peer_ino = line->ino;
			search_end(w);
		} else if (is_served_by(w, line)) {
			w->peer.peer_ino = line->ino;
		}
	}
}

static void table_end(struct bt_inet_peers *p)
{
	file_close(p);
	p->table = (p->table + 1) % TABLES;
	for (struct wanted *w = p->wanted; w; w = w->hh.next)
		if (w->left && !--w->left)
			search_end(w);
}

/* Until that one is known, or the time is over. The tables of pid are those of all that are wanted. */
static void search(struct bt_inet_peers *p, pid_t pid, const struct wanted *w, uint64_t end_ns)
{
	struct bt_inet_line line;
	char path[64];

	for (unsigned int i = 0; w->left && (i % LINES_A_LOOK || bt_clock_read_ns(CLOCK_MONOTONIC) < end_ns);
	     i++) {
		if (!p->file) {
			snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, tables[p->table].name);
			p->file = fopen(path, "re");
		}
		/* A kernel without version 6 has no tables of it. */
		if (!p->file || getline(&p->line, &p->room, p->file) <= 0)
			table_end(p);
		else if (bt_inet_line_parse(p->line, &line))
			line_take(p, &line, tables[p->table].datagrams);
	}
}

bool bt_inet_peer_find(struct bt_inet_peers *p, pid_t pid, uint64_t ino, uint64_t end_ns,
		       struct bt_inet_peer *out)
{
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	struct wanted *w;

	namespace_enter(p, pid);
	if (now_ns > p->swept_ns + KEEP_NS) {
		p->swept_ns = now_ns;
		forget(p, now_ns - KEEP_NS);
	}
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
	HASH_FIND(hh, p->wanted, &ino, sizeof(ino), w);
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return false;
		w->ino = ino;
		search_begin(w);
		w->asked_ns = now_ns;
		HASH_ADD(hh, p->wanted, ino, sizeof(w->ino), w);
		return false;
	}
	w->asked_ns = now_ns;
	/* Without a peer here, or one for many: that may have changed. */
	if (!w->left && (!w->peer.peer_ino || w->datagrams) && now_ns > w->over_ns + AGAIN_NS) {
		w->found = false;
		search_begin(w);
	}
	search(p, pid, w, end_ns);
	*out = w->peer;
	return w->peer.local.port != 0;
}
