/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mapping.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool mapping_parse(char *line, struct bt_mapping *out)
{
	int path = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*4s %" SCNx64 " %*x:%*x %" SCNu64 " %n", &out->start,
		   &out->end, &out->offset, &out->ino, &path) < 4)
		return false;
	out->path = line + path;
	out->path[strcspn(out->path, "\n")] = '\0';
	return true;
}

/* Takes note of which file a mapping is a part of; false: of none. */
static bool mapping_attribute(struct bt_mapping_search *s, const struct bt_mapping *m)
{
	bool part = m->ino ? m->ino == s->first.ino : !*m->path && m->start == s->data_end;

	if (m->ino && !m->offset) {
		s->first = *m;
		snprintf(s->first_path, sizeof(s->first_path), "%s", m->path);
		part = true;
	}
	if (part)
		s->data_end = m->end;
	return part;
}

bool bt_mapping_find(pid_t pid, struct bt_mapping_search *s)
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
		struct bt_mapping m;

		if (mapping_parse(line, &m))
			found = mapping_attribute(s, &m) && s->fits(s, &m);
	}
	free(line);
	fclose(maps);
	return found && s->first.ino;
}

int bt_mapping_open(pid_t pid, const struct bt_mapping_search *s)
{
	char name[4200];
	struct stat status;
	int fd;

	snprintf(name, sizeof(name), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, s->first.start,
		 s->first.end);
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		return fd;
	if (snprintf(name, sizeof(name), "/proc/%d/root%s", (int)pid, s->first_path) >= (int)sizeof(name))
		return -1;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	/* Replaced on disk while it runs: another file says nothing. */
	if (fd >= 0 && (fstat(fd, &status) || status.st_ino != s->first.ino)) {
		close(fd);
		fd = -1;
	}
	return fd;
}
