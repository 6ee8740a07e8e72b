/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_quota.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "host_cgroup.h"
#include "host_parse.h"
#include "procfs_file.h"

#define MS 1000000ull

/* A group's file is read so often at the most, and a process asked for its group. */
#define READ_NS  (200 * MS)
#define PLACE_NS (5000 * MS)
/* Groups that are remembered; of more nothing is known. */
#define GROUPS_MAX 4096

struct bt_quota_group {
	struct bt_quota_group *parent; /* NULL: the one above is the root */
	uint64_t read_ns, throttled_ns;
	double part;
	UT_hash_handle hh;
	char path[]; /* the key */
};

struct bt_quotas {
	int proc;
	struct bt_cgroup_mount mount;
	struct bt_quota_group *groups;
};

int bt_quotas_create(struct bt_quotas **out, int proc)
{
	struct bt_quotas *q = calloc(1, sizeof(*q));

	if (!q)
		return -ENOMEM;
	q->proc = proc;
	bt_cgroup_mount_find(&q->mount);
	*out = q;
	return 0;
}

void bt_quotas_destroy(struct bt_quotas *q)
{
	struct bt_quota_group *g, *next;

	if (!q)
		return;
	HASH_ITER (hh, q->groups, g, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the table */
		HASH_DEL(q->groups, g);
		free(g);
	}
	free(q);
}

bool bt_quotas_known(const struct bt_quotas *q)
{
	return q->mount.path[0];
}

static bool has_cpu(const char *controllers, const char *end)
{
	for (const char *at = controllers; at < end;) {
		size_t length = strcspn(at, ",:");

		if (length == 3 && !strncmp(at, "cpu", 3))
			return true;
		at += length + 1;
	}
	return false;
}

int bt_quota_path_parse(const char *text, bool v2, char *path, size_t size)
{
	for (const char *line = text, *next; line && *line; line = next) {
		const char *controllers = strchr(line, ':');
		const char *name = controllers ? strchr(controllers + 1, ':') : NULL;
		size_t length;

		next = strchr(line, '\n');
		if (next)
			next++;
		if (!name || (next && name >= next))
			continue;
		if (v2 ? name != controllers + 1 : !has_cpu(controllers + 1, name))
			continue;
		length = strcspn(++name, "\n");
		if (*name != '/' || length >= size)
			return -EINVAL;
		memcpy(path, name, length);
		path[length] = '\0';
		return 0;
	}
	return -EINVAL;
}

/* path: with those above it, but for the root, which has no quota. */
static struct bt_quota_group *group_get(struct bt_quotas *q, char *path)
{
	size_t length = strlen(path);
	struct bt_quota_group *g;
	char *slash;

	if (length <= 1)
		return NULL;
	HASH_FIND(hh, q->groups, path, length, g);
	if (g || HASH_COUNT(q->groups) >= GROUPS_MAX)
		return g;
	g = calloc(1, sizeof(*g) + length + 1);
	if (!g)
		return NULL;
	memcpy(g->path, path, length + 1);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
	HASH_ADD(hh, q->groups, path[0], length, g);
	slash = strrchr(path, '/');
	if (slash && slash != path) {
		*slash = '\0';
		g->parent = group_get(q, path);
	}
	return g;
}

static struct bt_quota_group *group_of(struct bt_quotas *q, pid_t pid)
{
	char name[32], text[BT_PROC_TEXT], path[1024];

	snprintf(name, sizeof(name), "%d/cgroup", (int)pid);
	if (bt_proc_read(q->proc, name, text, sizeof(text)) <= 0 ||
	    bt_quota_path_parse(text, q->mount.v2, path, sizeof(path)))
		return NULL;
	return group_get(q, path);
}

static void group_read(const struct bt_quotas *q, struct bt_quota_group *g, uint64_t now_ns)
{
	struct bt_host_cgroup stat = {0};
	char path[2048], text[1024];
	uint64_t span_ns = now_ns - g->read_ns;
	ssize_t length;

	if (g->read_ns && span_ns < READ_NS)
		return;
	snprintf(path, sizeof(path), "%s%s/cpu.stat", q->mount.path, g->path);
	length = bt_proc_read(q->proc, path, text, sizeof(text));
	if (length <= 0 || !bt_host_parse_cpu_stat(text, (size_t)length, &stat))
		stat.throttled_ns = g->throttled_ns;
	g->part = 0;
	if (g->read_ns && stat.throttled_ns > g->throttled_ns)
		g->part = (double)(stat.throttled_ns - g->throttled_ns) / (double)span_ns;
	if (g->part > 1)
		g->part = 1;
	g->throttled_ns = stat.throttled_ns;
	g->read_ns = now_ns;
}

double bt_quotas_part(struct bt_quotas *q, pid_t pid, struct bt_quota_place *place, uint64_t now_ns)
{
	double part = 0;

	if (!bt_quotas_known(q))
		return 0;
	if (!place->asked_ns || now_ns - place->asked_ns > PLACE_NS) {
		place->group = group_of(q, pid);
		place->asked_ns = now_ns;
	}
	for (struct bt_quota_group *g = place->group; g; g = g->parent) {
		group_read(q, g, now_ns);
		if (g->part > part)
			part = g->part;
	}
	return part;
}
