/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "interpreter.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "elf_symbol.h"

#define RUNTIME_SYMBOL "_PyRuntime"
#define LIBRARY_PREFIX "libpython"

/* A runtime is some hundred KiB; more is no runtime. */
#define RUNTIME_SIZE_MAX (64 << 20)

/* Files that are remembered; then all are forgotten. */
#define IMAGES_MAX 1024

/* A file replaced in place has another time of change. */
struct image_key {
	uint64_t dev, ino;
	int64_t ctime_s, ctime_nsec;
};

struct image {
	struct image_key key;
	struct bt_elf_symbol symbol;
	UT_hash_handle hh;
};

struct bt_interpreters {
	struct image *images;
};

/* A line of /proc/PID/maps. */
struct mapping {
	uint64_t start, end, offset, ino;
	char *path; /* in the line */
};

int bt_interpreters_create(struct bt_interpreters **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void images_forget(struct bt_interpreters *known)
{
	struct image *i, *next;

	HASH_ITER (hh, known->images, i, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): out of the table, then freed */
		HASH_DEL(known->images, i);
		free(i);
	}
}

void bt_interpreters_destroy(struct bt_interpreters *known)
{
	if (!known)
		return;
	images_forget(known);
	free(known);
}

/* What the file that fd is open on says; false: it cannot be told. */
static bool image_look(struct bt_interpreters *known, int fd, struct bt_elf_symbol *out)
{
	struct image_key key;
	struct image *image;
	struct stat status;

	if (fstat(fd, &status) || !S_ISREG(status.st_mode))
		return false;
	memset(&key, 0, sizeof(key));
	key.dev = status.st_dev;
	key.ino = status.st_ino;
	key.ctime_s = status.st_ctim.tv_sec;
	key.ctime_nsec = status.st_ctim.tv_nsec;
	HASH_FIND(hh, known->images, &key, sizeof(key), image);
	if (image) {
		*out = image->symbol;
		return true;
	}
	if (bt_elf_symbol_find(fd, RUNTIME_SYMBOL, LIBRARY_PREFIX, out))
		*out = (struct bt_elf_symbol){0};
	if (out->size > RUNTIME_SIZE_MAX)
		out->found = false;
	if (HASH_COUNT(known->images) >= IMAGES_MAX)
		images_forget(known);
	image = calloc(1, sizeof(*image));
	if (image) {
		image->key = key;
		image->symbol = *out;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
		HASH_ADD(hh, known->images, key, sizeof(key), image);
	}
	return true;
}

static bool mapping_parse(char *line, struct mapping *out)
{
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %*x:%*x %" SCNu64 " %n", &out->start,
		   &out->end, &out->offset, &out->ino, &path) < 4)
		return false;
	out->path = line + path;
	out->path[strcspn(out->path, "\n")] = '\0';
	return true;
}

static bool is_library(const struct mapping *m, uint64_t unused)
{
	const char *slash = strrchr(m->path, '/');

	(void)unused;
	return slash && !strncmp(slash + 1, LIBRARY_PREFIX, strlen(LIBRARY_PREFIX));
}

static bool is_inode(const struct mapping *m, uint64_t ino)
{
	return m->ino == ino;
}

/* The first mapping of a file's first byte that fits. path: NULL, or gets room of size bytes for its path. */
static bool mapping_find(pid_t pid, bool (*fits)(const struct mapping *m, uint64_t ino), uint64_t ino,
			 struct mapping *out, char *path, size_t size)
{
	char name[64], *line = NULL;
	size_t room = 0;
	bool found = false;
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	maps = fopen(name, "re");
	if (!maps)
		return false;
	while (!found && getline(&line, &room, maps) > 0) {
		if (!mapping_parse(line, out) || out->offset || !out->ino || !fits(out, ino))
			continue;
		found = true;
		if (path)
			found = (size_t)snprintf(path, size, "%s", out->path) < size;
	}
	free(line);
	fclose(maps);
	return found;
}

/* A library as the process sees it, in its own mount namespace; -1: not to be had. */
static int library_open(pid_t pid, const struct mapping *m, const char *path)
{
	char name[4200];
	struct stat status;
	int fd;

	if (snprintf(name, sizeof(name), "/proc/%d/root%s", (int)pid, path) >= (int)sizeof(name))
		return -1;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* Replaced on disk while it runs: another file says nothing. */
	if (fd >= 0 && (fstat(fd, &status) || status.st_ino != m->ino)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void range_set(struct bt_gil_range *out, const struct bt_elf_symbol *s, uint64_t start)
{
	out->from = s->fixed ? s->value : start - s->begin + s->value;
	out->size = (__u32)s->size;
}

static void library_look(struct bt_interpreters *known, pid_t pid, struct bt_gil_range *out)
{
	struct bt_elf_symbol symbol;
	struct mapping m;
	char path[4096];
	int fd;

	if (!mapping_find(pid, is_library, 0, &m, path, sizeof(path)))
		return;
	fd = library_open(pid, &m, path);
	if (fd < 0)
		return;
	if (image_look(known, fd, &symbol) && symbol.found)
		range_set(out, &symbol, m.start);
	close(fd);
}

void bt_interpreter_find(struct bt_interpreters *known, pid_t pid, struct bt_gil_range *out)
{
	struct bt_elf_symbol symbol;
	struct stat status;
	struct mapping m;
	char name[64];
	int fd;

	*out = (struct bt_gil_range){0};
	snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	if (image_look(known, fd, &symbol)) {
		if (symbol.found && symbol.fixed)
			range_set(out, &symbol, 0);
		else if (symbol.found && !fstat(fd, &status) &&
			 mapping_find(pid, is_inode, status.st_ino, &m, NULL, 0))
			range_set(out, &symbol, m.start);
		else if (!symbol.found && symbol.needs)
			library_look(known, pid, out);
	}
	close(fd);
}
