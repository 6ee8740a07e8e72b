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
#include "mapping.h"

#define RUNTIME_SYMBOL "_PyRuntime"
#define LIBRARY_PREFIX "libpython"
/* "ruby", "ruby3.1": its lock has no address, but it is known how its threads wait for it (ruby_lock.h). */
#define RUBY "ruby"

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

static bool is_library(const struct bt_mapping_search *s, const struct bt_mapping *m)
{
	const char *slash = strrchr(m->path, '/');

	(void)s;
	return !m->offset && slash && !strncmp(slash + 1, LIBRARY_PREFIX, strlen(LIBRARY_PREFIX));
}

/* The executable: with a file system of several layers, its number can be another here. */
static bool is_executable(const struct bt_mapping_search *s, const struct bt_mapping *m)
{
	return !m->offset && (m->ino == s->ino || !strcmp(m->path, s->path));
}

/* Does the address lie in the file, or in the zeros behind it? */
static bool has_address(const struct bt_mapping_search *s, const struct bt_mapping *m)
{
	return m->start <= s->address && s->address < m->end;
}

static void range_set(struct bt_gil_range *out, const struct bt_elf_symbol *s, uint64_t start)
{
	out->from = s->fixed ? s->value : start - s->begin + s->value;
	out->size = (uint32_t)s->size;
}

/* The runtime in the file that s finds. */
static void library_look(struct bt_interpreters *known, pid_t pid, struct bt_mapping_search *s,
			 struct bt_gil_range *out)
{
	struct bt_elf_symbol symbol;
	int fd;

	if (!bt_mapping_find(pid, s))
		return;
	fd = bt_mapping_open(pid, s);
	if (fd < 0)
		return;
	if (image_look(known, fd, &symbol) && symbol.found)
		range_set(out, &symbol, s->first.start);
	close(fd);
}

/* The version may be in the name: how its threads wait tells up to 3.2. Else it will show. */
static void ruby_look(const char *path, struct bt_gil_range *out)
{
	const char *slash = strrchr(path, '/'), *version;
	unsigned int major = 0, minor = 0;

	if (!slash || strncmp(slash + 1, RUBY, strlen(RUBY)) != 0)
		return;
	version = slash + 1 + strlen(RUBY);
	if (version[strspn(version, "0123456789.")])
		return;
	out->runtime = BT_RUNTIME_RUBY;
	out->ruby_tells =
	    sscanf(version, "%u.%u", &major, &minor) == 2 && (major == 2 || (major == 3 && minor <= 2));
}

static void executable_look(struct bt_interpreters *known, pid_t pid, struct bt_gil_range *out)
{
	struct bt_mapping_search exe = {.fits = is_executable}, library = {.fits = is_library};
	char name[64], path[4096];
	struct bt_elf_symbol symbol;
	struct stat status;
	ssize_t length;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return;
	length = readlink(name, path, sizeof(path) - 1);
	path[length < 0 ? 0 : length] = '\0';
	ruby_look(path, out);
	if (image_look(known, fd, &symbol) && !fstat(fd, &status)) {
		exe.ino = status.st_ino;
		exe.path = path;
		if (symbol.found && (symbol.fixed || bt_mapping_find(pid, &exe)))
			range_set(out, &symbol, exe.first.start);
		else if (!symbol.found && symbol.needs)
			library_look(known, pid, &library, out);
	}
	close(fd);
}

void bt_interpreter_find(struct bt_interpreters *known, pid_t pid, uint64_t address, struct bt_gil_range *out)
{
	struct bt_mapping_search loaded = {.fits = has_address, .address = address};

	*out = (struct bt_gil_range){0};
	executable_look(known, pid, out);
	if (!out->size && address)
		library_look(known, pid, &loaded, out);
}
