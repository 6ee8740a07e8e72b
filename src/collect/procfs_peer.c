/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_peer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "clock.h"
#include "procfs_file.h"
#include "unix_peer.h"

#define S 1000000000ull

/* What nobody asked for since is forgotten. */
#define KEPT_NS (20 * S)
/* How long what was found is believed. */
#define FRESH_NS (3 * S)
/* A walk may take so much of a CPU on average: one part in so many. */
#define WALK_SHARE 250
#define WANTED_MAX 4096
/* Descriptors of one process that are looked at. */
#define FILES_MAX 4096

/* The end that is read, and who can write to it. The key begins at ino. */
struct wanted {
	uint64_t ino;
	uint64_t is_pipe;
	UT_hash_handle hh;      /* by what is read */
	UT_hash_handle hh_peer; /* by what it is called where it is written: in a walk alone */
	uint64_t peer_ino, peer_is_pipe;
	uint64_t asked_ns;
	bool in_walk;
	uint8_t count, found;
	pid_t pids[BT_WRITERS_MAX], finding[BT_WRITERS_MAX];
};

#define KEY_SIZE (2 * sizeof(uint64_t))

struct bt_writers {
	int proc;
	int unix_fd; /* bt_unix_open() */
	DIR *folder; /* of the walk that is on; NULL: none is */
	struct wanted *wanted;
	struct wanted *by_peer;
	uint64_t walk_cost_ns, walked_ns, next_walk_ns, now_ns;
	bool news; /* something is wanted that no walk has looked for */
};

int bt_writers_create(struct bt_writers **out, int proc)
{
	struct bt_writers *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->proc = proc;
	p->unix_fd = bt_unix_open();
	p->now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	*out = p;
	return 0;
}

void bt_writers_destroy(struct bt_writers *p)
{
	struct wanted *w, *next;

	if (!p)
		return;
	HASH_CLEAR(hh_peer, p->by_peer);
	HASH_ITER (hh, p->wanted, w, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
		HASH_DELETE(hh, p->wanted, w);
		free(w);
	}
	if (p->folder)
		closedir(p->folder);
	if (p->unix_fd >= 0)
		close(p->unix_fd);
	free(p);
}

size_t bt_writers_find(struct bt_writers *p, enum bt_target target, uint64_t ino, pid_t out[BT_WRITERS_MAX])
{
	const uint64_t key[2] = {ino, target == BT_TARGET_PIPE};
	struct wanted *w;

	if (target != BT_TARGET_PIPE && target != BT_TARGET_UNIX)
		return 0;
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, p->wanted, key, KEY_SIZE, w);
	if (!w) {
		if (HASH_CNT(hh, p->wanted) >= WANTED_MAX)
			return 0;
		w = calloc(1, sizeof(*w));
		if (!w)
			return 0;
		w->ino = ino;
		w->is_pipe = target == BT_TARGET_PIPE;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
		HASH_ADD(hh, p->wanted, ino, KEY_SIZE, w);
		p->news = true;
	}
	w->asked_ns = p->now_ns;
	memcpy(out, w->pids, w->count * sizeof(*out));
	return w->count;
}

/* The other end of a unix socket of this network namespace; 0: not known. */
static uint64_t unix_peer_ino(const struct bt_writers *p, uint64_t ino)
{
	struct bt_unix_socket own;

	return p->unix_fd >= 0 && !bt_unix_ask(p->unix_fd, ino, &own) ? own.peer_ino : 0;
}

static bool walk_begin(struct bt_writers *p)
{
	struct wanted *w, *next;
	int fd;

	HASH_ITER (hh, p->wanted, w, next) {
		if (p->now_ns - w->asked_ns > KEPT_NS) {
			/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): out of the table, then freed */
			HASH_DELETE(hh, p->wanted, w);
			free(w);
			continue;
		}
		w->found = 0;
		w->peer_ino = w->is_pipe ? w->ino : unix_peer_ino(p, w->ino);
		w->peer_is_pipe = w->is_pipe;
	}
	if (!p->wanted)
		return false;
	fd = openat(p->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	p->folder = fd < 0 ? NULL : fdopendir(fd);
	if (!p->folder) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	for (w = p->wanted; w; w = w->hh.next) {
		struct wanted *same = NULL;

		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
		w->in_walk = w->peer_ino != 0;
		if (w->in_walk)
			HASH_FIND(hh_peer, p->by_peer, &w->peer_ino, KEY_SIZE, same);
		if (w->in_walk && !same)
			HASH_ADD(hh_peer, p->by_peer, peer_ino, KEY_SIZE, w);
	}
	p->news = false;
	p->walk_cost_ns = 0;
	return true;
}

static void walk_end(struct bt_writers *p)
{
	closedir(p->folder);
	p->folder = NULL;
	HASH_CLEAR(hh_peer, p->by_peer);
	for (struct wanted *w = p->wanted; w; w = w->hh.next) {
		/* What was asked for meanwhile waits for the next one. */
		if (!w->in_walk)
			continue;
		w->in_walk = false;
		w->count = w->found;
		memcpy(w->pids, w->finding, sizeof(w->pids));
	}
	p->walked_ns = p->now_ns;
	p->next_walk_ns = p->now_ns + WALK_SHARE * p->walk_cost_ns;
}

static void link_look(struct bt_writers *p, int files, const char *name, pid_t pid)
{
	char link[40];
	ssize_t length = readlinkat(files, name, link, sizeof(link) - 1);
	struct wanted *w;
	struct stat status;
	uint64_t key[2];
	bool is_pipe;

	if (length <= 0)
		return;
	link[length] = '\0';
	if (bt_proc_link_parse(link, &is_pipe, &key[0]))
		return;
	key[1] = is_pipe;
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh_peer, p->by_peer, key, KEY_SIZE, w);
	if (!w || w->found == BT_WRITERS_MAX || (w->found && w->finding[w->found - 1] == pid))
		return;
	/* The link's own mode says what the descriptor was opened for. */
	if (is_pipe && (fstatat(files, name, &status, AT_SYMLINK_NOFOLLOW) || !(status.st_mode & S_IWUSR)))
		return;
	w->finding[w->found++] = pid;
}

static void process_look(struct bt_writers *p, pid_t pid)
{
	unsigned int seen = 0;
	struct dirent *d;
	char path[32];
	DIR *files;
	int fd;

	snprintf(path, sizeof(path), "%d/fd", (int)pid);
	fd = openat(p->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files = fd < 0 ? NULL : fdopendir(fd);
	if (!files) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while (seen++ < FILES_MAX && (d = readdir(files)))
		if (*d->d_name != '.')
			link_look(p, fd, d->d_name, pid);
	closedir(files);
}

bool bt_writers_try(struct bt_writers *p, enum bt_target target, uint64_t ino, pid_t pid)
{
	const uint64_t key[2] = {ino, target == BT_TARGET_PIPE};
	struct wanted *w, *walk = p->by_peer, *alone = NULL;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, p->wanted, key, KEY_SIZE, w);
	/* A socket is called something else at its other end; what is looked for in a walk is found there. */
	if (!w || w->count || !w->is_pipe || w->in_walk)
		return false;
	w->found = 0;
	w->peer_ino = ino;
	w->peer_is_pipe = 1;
	HASH_ADD(hh_peer, alone, peer_ino, KEY_SIZE, w);
	p->by_peer = alone;
	process_look(p, pid);
	HASH_CLEAR(hh_peer, p->by_peer);
	p->by_peer = walk;
	w->count = w->found;
	memcpy(w->pids, w->finding, sizeof(w->pids));
	return w->count;
}

bool bt_writers_walk(struct bt_writers *p, uint64_t now_ns, uint64_t slice_ns)
{
	uint64_t begin_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID), spent_ns = 0;
	struct dirent *d = NULL;

	p->now_ns = now_ns;
	if (!p->folder) {
		if (now_ns < p->next_walk_ns || (!p->news && now_ns - p->walked_ns < FRESH_NS))
			return false;
		if (!walk_begin(p))
			return false;
	}
	while (spent_ns < slice_ns && (d = readdir(p->folder))) {
		long pid = *d->d_name >= '1' && *d->d_name <= '9' ? strtol(d->d_name, NULL, 10) : 0;

		if (pid <= 0 || pid > INT32_MAX)
			continue;
		process_look(p, (pid_t)pid);
		spent_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
	}
	p->walk_cost_ns += bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
	if (!d)
		walk_end(p);
	return true;
}
