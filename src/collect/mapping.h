/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a file lies in the memory of a process, by /proc/PID/maps. */
#ifndef BOUNDTOP_COLLECT_MAPPING_H
#define BOUNDTOP_COLLECT_MAPPING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A line of /proc/PID/maps. */
struct bt_mapping {
	uint64_t start, end, offset, ino;
	char *path; /* in the line */
};

/*
 * What is looked for in the mappings of a process: a mapping of a file's first byte, by which everything else
 * of that file is found.
 */
struct bt_mapping_search {
	bool (*fits)(const struct bt_mapping_search *s, const struct bt_mapping *m);
	uint64_t ino, address;   /* for fits */
	const char *path;        /* likewise */
	struct bt_mapping first; /* the last mapping of a file's first byte */
	uint64_t data_end;       /* where the mappings of that file, and its bss, end */
	char first_path[4096];
};

/* Leaves the mapping of the first byte in s->first. false: nothing fits, or it cannot be looked at. */
bool bt_mapping_find(pid_t pid, struct bt_mapping_search *s);

/*
 * The file of a mapping: the very one, deleted or replaced or in a container, if we may; else by its name as
 * the process sees it. A descriptor, to be closed; -1: not to be had.
 */
int bt_mapping_open(pid_t pid, const struct bt_mapping_search *s);

#endif
