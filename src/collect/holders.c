/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "holders.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include "clock.h"
#include "procfs_file.h"

/* Known by their PIDs; more are counted. */
#define HOLDERS_MAX 4
/* Nobody was found: perhaps there is somebody now. */
#define AGAIN_NS 10000000000ull
/* What was not asked for so long is forgotten. */
#define KEEP_NS 60000000000ull

struct holder {
	pid_t pid;
	int fd;
};

struct wanted {
	uint64_t ino;
	uint32_t pass;    /* when that one is over, all have been looked at */
	bool over;        /* it is */
	uint64_t over_ns; /* since then */
	uint64_t asked_ns;
	unsigned int count; /* of processes */
	struct holder holders[HOLDERS_MAX];
	UT_hash_handle hh;
};

struct bt_holders {
	struct wanted *wanted;
	uint32_t pass;  /* the one that goes on, or was the last */
	DIR *processes; /* /proc, at the next of them; NULL: no pass goes on */
	DIR *files;     /* of the process pid; NULL: it is the next one's turn */
	pid_t pid;
	uint64_t swept_ns;
};

int bt_holders_create(struct bt_holders **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void pass_end(struct bt_holders *h)
{
	if (h->files)
		closedir(h->files);
	if (h->processes)
		closedir(h->processes);
	h->files = h->processes = NULL;
}

void bt_holders_destroy(struct bt_holders *h)
{
	struct wanted *w, *next;

	if (!h)
		return;
	pass_end(h);
	HASH_ITER (hh, h->wanted, w, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(h->wanted, w);
		free(w);
	}
	free(h);
}

static bool link_read(int folder, const char *path, uint64_t *ino)
{
	char link[32];
	bool is_pipe;
	ssize_t length = readlinkat(folder, path, link, sizeof(link) - 1);

	if (length <= 0)
		return false;
	link[length] = '\0';
	return !bt_proc_link_parse(link, &is_pipe, ino) && !is_pipe;
}

static void holder_add(struct bt_holders *h, uint64_t ino, int fd)
{
	struct wanted *w;

	HASH_FIND(hh, h->wanted, &ino, sizeof(ino), w);
	/* Several descriptors of one process come one after the other. */
	if (!w || w->over || (w->count && w->holders[(w->count - 1) % HOLDERS_MAX].pid == h->pid))
		return;
	/* The first ones make room: of several the last one found is the one that is told. */
	w->holders[w->count++ % HOLDERS_MAX] = (struct holder){h->pid, fd};
}

/* All that were wanted since before the pass began are known now. */
static void pass_over(struct bt_holders *h)
{
	pass_end(h);
	for (struct wanted *w = h->wanted; w; w = w->hh.next) {
		if (w->over || w->pass > h->pass)
			continue;
		w->over = true;
		w->over_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	}
}

/* The descriptors of the next process; false: there is none any more. */
static bool next_process(struct bt_holders *h)
{
	const struct dirent *entry;
	char path[32];
	int fd;

	while ((entry = readdir(h->processes))) {
		if (*entry->d_name < '1' || *entry->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "%.16s/fd", entry->d_name);
		fd = openat(dirfd(h->processes), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		h->files = fd < 0 ? NULL : fdopendir(fd);
		if (h->files) {
			h->pid = (pid_t)strtol(entry->d_name, NULL, 10);
			return true;
		}
		if (fd >= 0)
			close(fd);
		/* Not ours to see, or gone: the clock is looked at all the same. */
		return true;
	}
	return false;
}

static void step(struct bt_holders *h)
{
	const struct dirent *entry;
	uint64_t ino;

	if (!h->files) {
		if (!next_process(h))
			pass_over(h);
		return;
	}
	entry = readdir(h->files);
	if (!entry) {
		closedir(h->files);
		h->files = NULL;
	} else if (*entry->d_name != '.' && link_read(dirfd(h->files), entry->d_name, &ino)) {
		holder_add(h, ino, (int)strtol(entry->d_name, NULL, 10));
	}
}

/* Until that one is known, or the time is over. */
static void search(struct bt_holders *h, const struct wanted *w, uint64_t end_ns)
{
	while (!w->over && bt_clock_read_ns(CLOCK_MONOTONIC) < end_ns) {
		if (!h->processes) {
			h->processes = opendir("/proc");
			if (!h->processes)
				return;
			h->pass++;
		}
		step(h);
	}
}

static void begin(const struct bt_holders *h, struct wanted *w)
{
	w->over = false;
	w->count = 0;
	/* The one that goes on has passed some by. */
	w->pass = h->pass + 1;
}

static bool still_holds(const struct holder *holder, uint64_t ino)
{
	char path[48];
	uint64_t found;

	snprintf(path, sizeof(path), "/proc/%d/fd/%d", holder->pid, holder->fd);
	return link_read(AT_FDCWD, path, &found) && found == ino;
}

static void sweep(struct bt_holders *h, uint64_t now_ns)
{
	struct wanted *w, *next;

	if (now_ns < h->swept_ns + KEEP_NS)
		return;
	h->swept_ns = now_ns;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
	HASH_ITER (hh, h->wanted, w, next) {
		if (now_ns < w->asked_ns + KEEP_NS)
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(h->wanted, w);
		free(w);
	}
}

bool bt_holders_find(struct bt_holders *h, uint64_t ino, pid_t than, uint64_t end_ns, struct bt_held_by *out)
{
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	const struct holder *best = NULL;
	struct wanted *w;
	unsigned int known;

	sweep(h, now_ns);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
	HASH_FIND(hh, h->wanted, &ino, sizeof(ino), w);
	if (!w) {
		w = calloc(1, sizeof(*w));
		if (!w)
			return false;
		w->ino = ino;
		begin(h, w);
		w->asked_ns = now_ns;
		HASH_ADD(hh, h->wanted, ino, sizeof(w->ino), w);
		return false;
	}
	w->asked_ns = now_ns;
	if (w->over && !w->count && now_ns > w->over_ns + AGAIN_NS)
		begin(h, w);
	search(h, w, end_ns);
	known = w->count < HOLDERS_MAX ? w->count : HOLDERS_MAX;
	for (unsigned int i = 0; i < known; i++) {
		const struct holder *holder = &w->holders[i];

		if (!best || best->pid == than || (holder->pid != than && holder->pid > best->pid))
			best = holder;
	}
	if (!best)
		return false;
	/* It is there no more: who is, is looked for, for the next time. */
	if (!still_holds(best, ino)) {
		begin(h, w);
		return false;
	}
	out->pid = best->pid;
	out->others = w->over ? w->count - 1 : 0;
	for (unsigned int i = 0; i < known && out->others; i++)
		out->others -= w->holders[i].pid == than && best->pid != than;
	return true;
}
