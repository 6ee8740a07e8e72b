/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
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

static void add_file(pid_t pid, const struct bt_reason *reason, struct bt_strbuf *out)
{
	char link[64], target[4096];
	struct stat status;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, reason->fd);
	/* The descriptor may be another file by now. */
	if (stat(link, &status) || status.st_ino != reason->object)
		return;
	length = readlink(link, target, sizeof(target));
	if (length > 0)
		bt_strbuf_add_bytes(out, target, (size_t)length);
}

/* An address as /proc/net/tcp has it: words of hexadecimal digits in the machine's own order. */
static void add_address(struct bt_strbuf *out, const char *hex, unsigned int port)
{
	size_t digits = strlen(hex);
	uint32_t words[4];
	char text[INET6_ADDRSTRLEN];

	if (digits != 8 && digits != 32)
		return;
	for (size_t i = 0; i < digits / 8; i++) {
		char word[9] = {0};

		memcpy(word, hex + 8 * i, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	if (!inet_ntop(digits == 8 ? AF_INET : AF_INET6, words, text, sizeof(text)))
		return;
	bt_strbuf_addf(out, digits == 8 ? "%s:%u" : "[%s]:%u", text, port);
}

/* Looks a socket up in one of the tables; true: it was there. */
static bool add_socket(pid_t pid, const char *table, uint64_t inode, struct bt_strbuf *out)
{
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/net/%s", pid, table);
	file = fopen(path, "re");
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file)) {
		char local[40], remote[40], where[24];
		unsigned int local_port, remote_port;

		/* NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion): the kernel wrote it */
		if (sscanf(line, " %*u: %39[0-9A-F]:%x %39[0-9A-F]:%x %*x %*s %*s %*x %*u %*u %23s", local,
			   &local_port, remote, &remote_port, where) != 5 ||
		    strtoull(where, NULL, 10) != inode)
			continue;
		found = true;
		add_address(out, local, local_port);
		bt_strbuf_add(out, " <> ");
		add_address(out, remote, remote_port);
	}
	fclose(file);
	return found;
}

void bt_object_name(pid_t pid, const struct bt_reason *reason, struct bt_strbuf *out)
{
	static const char *const tables[] = {"tcp", "tcp6", "udp", "udp6"};

	switch (reason->target) {
	case BT_TARGET_FILE:
	case BT_TARGET_DIRECTORY:
	case BT_TARGET_BLOCKDEV:
	case BT_TARGET_CHARDEV:
		if (reason->fd >= 0)
			add_file(pid, reason, out);
		break;
	case BT_TARGET_INET:
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			if (add_socket(pid, tables[i], reason->object, out))
				break;
		break;
	default:
		break;
	}
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
