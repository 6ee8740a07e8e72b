/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads that wait for a block device, and their twins that only look as if they did. */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Megabytes at a time: with single blocks a fast disk is waited for hardly longer than a request costs. */
enum {
	FILE_SIZE = 64 << 20,
	READ_SIZE = 1 << 20,
	WRITE_SIZE = 1 << 20,
	RECORD_SIZE = 4096,
	ALIGNMENT = 4096
};

static void *aligned_buffer(size_t size)
{
	void *buffer = aligned_alloc(ALIGNMENT, size);

	if (!buffer)
		workload_die("aligned_alloc");
	memset(buffer, 0x5a, size);
	return buffer;
}

/* Written and on the disk: a hole or an unwritten extent would be read without any I/O. */
static void make_file(const char *path)
{
	struct stat status;
	char *buffer;

	if (!stat(path, &status) && status.st_size >= FILE_SIZE)
		return;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		workload_die(path);
	buffer = aligned_buffer(1 << 20);
	for (int done = 0; done < FILE_SIZE; done += 1 << 20)
		if (write(fd, buffer, 1 << 20) != 1 << 20)
			workload_die("write");
	if (fsync(fd) < 0)
		workload_die("fsync");
	close(fd);
	free(buffer);
}

int run_disk(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	bool direct = !strcmp(argv[2], "direct");
	char *buffer = aligned_buffer(READ_SIZE);
	bool ready = false;

	make_file(argv[1]);
	int fd = open(argv[1], O_RDONLY | (direct ? O_DIRECT : 0));
	if (fd < 0)
		workload_die(argv[1]);
	if (!direct)
		for (off_t at = 0; at < FILE_SIZE; at += READ_SIZE)
			if (pread(fd, buffer, READ_SIZE, at) != READ_SIZE)
				workload_die("pread");
	for (unsigned int seed = 1;; seed = seed * 1664525U + 1013904223U) {
		off_t at = (off_t)(seed >> 8) % (FILE_SIZE / READ_SIZE) * READ_SIZE;

		if (pread(fd, buffer, READ_SIZE, at) != READ_SIZE)
			workload_die("pread");
		if (!ready)
			announce("ready");
		ready = true;
	}
}

int run_fsync(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	bool sync = !strcmp(argv[2], "sync");
	char *buffer = aligned_buffer(WRITE_SIZE);
	bool ready = false;

	int fd = open(argv[1], O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		workload_die(argv[1]);
	for (unsigned int i = 0;; i++) {
		/*
		 * Records behind each other, as logs are written: the journal waits for the disk, too. The
		 * twin writes the same few megabytes again: it must not be throttled for dirty pages.
		 */
		size_t size = sync ? RECORD_SIZE : WRITE_SIZE;
		off_t at = sync ? (off_t)i * RECORD_SIZE : (off_t)(i % 4) * WRITE_SIZE;

		if (pwrite(fd, buffer, size, at) != (ssize_t)size)
			workload_die("pwrite");
		if (sync && fsync(fd) < 0)
			workload_die("fsync");
		if (!ready)
			announce("ready");
		ready = true;
	}
}

/*
 * A mapping that is thrown out of memory and touched again, page by page. With reading ahead: without it
 * the faults themselves would cost as much time as the disk.
 */
int run_paging(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	make_file(argv[1]);
	int fd = open(argv[1], O_RDONLY);
	if (fd < 0)
		workload_die(argv[1]);
	volatile const char *map = mmap(NULL, FILE_SIZE, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		workload_die("mmap");
	announce("ready");
	for (;;) {
		if (madvise((void *)map, FILE_SIZE, MADV_DONTNEED) < 0)
			workload_die("madvise");
		errno = posix_fadvise(fd, 0, FILE_SIZE, POSIX_FADV_DONTNEED);
		if (errno)
			workload_die("posix_fadvise");
		for (size_t at = 0; at < FILE_SIZE; at += ALIGNMENT)
			(void)map[at];
	}
}
