/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "strbuf.h"

#define CGROUP_ROOT "/sys/fs/cgroup"

/* A descriptor of exactly that process: who has it, has it whatever becomes of the PID. -Exxx. */
static int process_open(struct bt_collector *c, const struct bt_identity *of)
{
	struct bt_description d = {0};
	int fd = (int)syscall(SYS_pidfd_open, of->pid, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = c->ops->describe(c, of->pid, of->start_ns, &d);
	free(d.cmdline);
	free(d.cgroup);
	free(d.container);
	if (err != -ESRCH)
		return fd;
	close(fd);
	return err;
}

int bt_control_signal(struct bt_collector *c, const struct bt_identity *of, int number)
{
	int fd = process_open(c, of);
	int err = 0;

	if (fd < 0)
		return fd;
	if (syscall(SYS_pidfd_send_signal, fd, number, NULL, 0))
		err = -errno;
	close(fd);
	return err;
}

int bt_control_renice(struct bt_collector *c, const struct bt_identity *of, int nice)
{
	int fd = process_open(c, of);
	int err = 0;

	if (fd < 0)
		return fd;
	/* There is no call that takes the descriptor; that it is open keeps the PID from being reused only
	 * while the process is there, which was seen a moment ago. */
	if (setpriority(PRIO_PROCESS, (id_t)of->pid, nice))
		err = -errno;
	close(fd);
	return err;
}

void bt_object_name(struct bt_collector *c, const struct bt_identity *of, const struct bt_reason *reason,
		    struct bt_strbuf *out)
{
	struct bt_object_facts facts = {0};

	if (!c->ops->object || c->ops->object(c, of->pid, of->start_ns, reason, &facts))
		return;
	bt_strbuf_add(out, facts.name ? facts.name : "");
	free(facts.name);
}

/* The first line of a file of the process's control group, under root; false: there is none. */
static bool read_group(const char *root, const char *group, const char *file, char *line, int size)
{
	char *path;
	FILE *f;
	bool got;

	if (asprintf(&path, "%s%s/%s", root, group, file) < 0)
		return false;
	f = fopen(path, "re");
	free(path);
	if (!f)
		return false;
	got = fgets(line, size, f) != NULL;
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return got;
}

static void add_quota(const char *group, struct bt_strbuf *out)
{
	char line[128], period[128];
	double quota_us = 0, period_us = 0;

	if (read_group(CGROUP_ROOT, group, "cpu.max", line, sizeof(line))) {
		char *rest;

		quota_us = strtod(line, &rest);
		period_us = strtod(rest, NULL);
	} else if (read_group(CGROUP_ROOT "/cpu", group, "cpu.cfs_quota_us", line, sizeof(line)) &&
		   read_group(CGROUP_ROOT "/cpu", group, "cpu.cfs_period_us", period, sizeof(period))) {
		quota_us = strtod(line, NULL);
		period_us = strtod(period, NULL);
	}
	if (quota_us > 0 && period_us > 0)
		bt_strbuf_addf(out, "%.2f cpus  ", quota_us / period_us);
	else
		bt_strbuf_add(out, "no CPU quota  ");
}

static void add_memory(const char *group, struct bt_strbuf *out)
{
	char line[128];
	double bytes;

	if (!read_group(CGROUP_ROOT, group, "memory.max", line, sizeof(line)) &&
	    !read_group(CGROUP_ROOT "/memory", group, "memory.limit_in_bytes", line, sizeof(line)))
		return;
	bytes = strtod(line, NULL);
	/* Version 1 has no word for "none", but a number no machine has. */
	if (bytes > 0 && bytes < 1e18)
		bt_strbuf_addf(out, "%.0f MB of memory  ", bytes / (1 << 20));
	else
		bt_strbuf_add(out, "no limit of memory  ");
}

void bt_object_limits(const struct bt_process *p, struct bt_strbuf *out)
{
	char path[64], line[256];
	FILE *file;

	if (p->cgroup) {
		add_quota(p->cgroup, out);
		add_memory(p->cgroup, out);
	}
	snprintf(path, sizeof(path), "/proc/%d/limits", p->identity.pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		char *at = line + strlen("Max open files");

		if (strncmp(line, "Max open files", strlen("Max open files")) != 0)
			continue;
		at += strspn(at, " ");
		bt_strbuf_addf(out, "%.*s open files", (int)strcspn(at, " \n"), at);
	}
	if (file)
		fclose(file);
}
