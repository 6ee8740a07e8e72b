/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "host_parse.h"

#define WALK_EVERY_NS  1000000000ull
#define WALK_PART      200 /* of the time since the last one */
#define MOUNTINFO_SIZE (1 << 16)

struct group {
	char *path; /* below the mount point */
	uint64_t quota_ns, period_ns;
};

/* One a program is enough. */
static struct {
	bool asked; /* where it is mounted */
	struct bt_cgroup_mount mount;
	struct group *groups;
	size_t count;
	uint64_t walked_ns, walk_ns; /* when last, and how long that took */
} groups;

/* The beginning of a file; -Exxx. */
static ssize_t file_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	length = read(fd, text, size);
	if (length < 0)
		length = -errno;
	close(fd);
	return length;
}

static ssize_t group_read(const char *directory, const char *file, char *text, size_t size)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, file) >= sizeof(path))
		return -ENAMETOOLONG;
	return file_read(path, text, size);
}

void bt_cgroup_mount_find(struct bt_cgroup_mount *out)
{
	char *text = malloc(MOUNTINFO_SIZE);
	size_t length = 0;
	ssize_t got = 0;
	int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);

	/* A page at most comes with each read. */
	while (text && fd >= 0 && length < MOUNTINFO_SIZE &&
	       (got = read(fd, text + length, MOUNTINFO_SIZE - length)) > 0)
		length += (size_t)got;
	if (fd >= 0)
		close(fd);
	if (!text || !bt_host_parse_mountinfo(text, length, out))
		out->path[0] = '\0';
	free(text);
}

static bool quota_read(const char *directory, struct group *g)
{
	struct bt_host_cgroup c = {0};
	char text[128];
	ssize_t length;
	uint64_t quota_us, period_us;

	if (groups.mount.v2) {
		length = group_read(directory, "cpu.max", text, sizeof(text));
		if (length < 0 || !bt_host_parse_cpu_max(text, (size_t)length, &c))
			return false;
	} else {
		length = group_read(directory, "cpu.cfs_quota_us", text, sizeof(text));
		if (length < 0 || !bt_host_parse_number(text, (size_t)length, &quota_us))
			return false;
		length = group_read(directory, "cpu.cfs_period_us", text, sizeof(text));
		if (length < 0 || !bt_host_parse_number(text, (size_t)length, &period_us) || !period_us)
			return false;
		c.quota_ns = quota_us * 1000;
		c.period_ns = period_us * 1000;
	}
	g->quota_ns = c.quota_ns;
	g->period_ns = c.period_ns;
	return true;
}

/* false: gone meanwhile, or no word about periods. */
static bool counters_read(const char *directory, struct bt_host_cgroup *out)
{
	char text[1024];
	ssize_t length = group_read(directory, "cpu.stat", text, sizeof(text));

	return length >= 0 && bt_host_parse_cpu_stat(text, (size_t)length, out);
}

/* Who gets a quota again goes on counting where it was: that has to be known before. */
static bool had_quota(const char *directory)
{
	struct bt_host_cgroup c = {0};

	return counters_read(directory, &c) && c.periods;
}

static int group_add(const char *directory)
{
	const char *path = directory + strlen(groups.mount.path);
	struct group g = {0}, *list;

	if (!quota_read(directory, &g) && !had_quota(directory))
		return 0;
	list = reallocarray(groups.groups, groups.count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	groups.groups = list;
	g.path = strdup(*path ? path : "/");
	if (!g.path)
		return -ENOMEM;
	list[groups.count++] = g;
	return 0;
}

static void groups_forget(void)
{
	for (size_t i = 0; i < groups.count; i++)
		free(groups.groups[i].path);
	free(groups.groups);
	groups.groups = NULL;
	groups.count = 0;
}

static int groups_walk(void)
{
	char *roots[] = {groups.mount.path, NULL};
	uint64_t begin_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	FTSENT *e;
	FTS *fts;
	int err = 0;

	groups_forget();
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT | FTS_XDEV, NULL);
	if (!fts)
		return -errno;
	while (!err && (e = fts_read(fts)))
		if (e->fts_info == FTS_D)
			err = group_add(e->fts_path);
	fts_close(fts);
	groups.walked_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	groups.walk_ns = groups.walked_ns - begin_ns;
	return err;
}

int bt_host_cgroups_read(struct bt_host_sample *out)
{
	uint64_t since_ns = bt_clock_read_ns(CLOCK_MONOTONIC) - groups.walked_ns;

	if (!groups.asked)
		bt_cgroup_mount_find(&groups.mount);
	groups.asked = true;
	if (!groups.mount.path[0])
		return 0;
	if (!groups.walked_ns || (since_ns > WALK_EVERY_NS && since_ns / WALK_PART > groups.walk_ns)) {
		int err = groups_walk();

		if (err)
			return err == -ENOMEM ? err : 0;
	}
	out->valid |= BT_HOST_CGROUPS;
	if (!groups.count)
		return 0;
	out->cgroups = calloc(groups.count, sizeof(*out->cgroups));
	if (!out->cgroups)
		return -ENOMEM;
	for (size_t i = 0; i < groups.count; i++) {
		const struct group *g = &groups.groups[i];
		struct bt_host_cgroup *c = &out->cgroups[out->cgroup_count];
		char directory[4096];

		if ((size_t)snprintf(directory, sizeof(directory), "%s%s", groups.mount.path, g->path) >=
		    sizeof(directory))
			continue;
		if (!counters_read(directory, c))
			continue;
		c->path = strdup(g->path);
		if (!c->path)
			return -ENOMEM;
		c->quota_ns = g->quota_ns;
		c->period_ns = g->period_ns;
		out->cgroup_count++;
	}
	return 0;
}
