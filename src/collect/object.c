/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "strbuf.h"

/* Of a stack: more say less. */
#define FUNCTIONS_MAX 4

/* Copies the last part of a path. */
static void name_copy(char device[32], const char *path)
{
	const char *slash = strrchr(path, '/');

	slash = slash ? slash + 1 : path;
	if (strlen(slash) < 32)
		memcpy(device, slash, strlen(slash) + 1);
}

/* The whole device that a device number is of, or a partition of: as /sys/block has it. "": none. */
static void device_find(dev_t dev, char device[32])
{
	char path[64], target[512], *last;
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u", major(dev), minor(dev));
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(dev), minor(dev));
	last = strrchr(target, '/');
	if (last && !access(path, F_OK))
		*last = '\0';
	name_copy(device, target);
}

static void add_file(pid_t pid, const struct bt_reason *reason, char device[32], struct bt_strbuf *out)
{
	char link[64], target[4096];
	struct stat status;
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, reason->fd);
	/* The descriptor may be another file by now. */
	if (stat(link, &status) || status.st_ino != reason->object)
		return;
	device_find(S_ISBLK(status.st_mode) ? status.st_rdev : status.st_dev, device);
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

int bt_object_from_proc(struct bt_collector *c, pid_t pid, const struct bt_reason *reason,
			struct bt_object_facts *out)
{
	static const char *const tables[] = {"tcp", "tcp6", "udp", "udp6"};
	struct bt_strbuf name = BT_STRBUF_INIT;

	(void)c;
	*out = (struct bt_object_facts){0};
	switch (reason->target) {
	case BT_TARGET_FILE:
	case BT_TARGET_DIRECTORY:
	case BT_TARGET_BLOCKDEV:
	case BT_TARGET_CHARDEV:
		if (reason->fd >= 0)
			add_file(pid, reason, out->device, &name);
		break;
	case BT_TARGET_INET:
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			if (add_socket(pid, tables[i], reason->object, &name))
				break;
		break;
	default:
		break;
	}
	if (bt_strbuf_error(&name)) {
		bt_strbuf_free(&name);
		return -ENOMEM;
	}
	/* Its memory is the caller's now. */
	out->name = name.length ? name.data : NULL;
	if (!out->name)
		bt_strbuf_free(&name);
	return out->name ? 0 : -ENOENT;
}

/* "[<0>] jbd2_log_wait_commit+0x11c/0x180": the function. */
static void add_function(char *line, struct bt_strbuf *out)
{
	char *at = strstr(line, "] ");

	at = at ? at + 2 : line;
	at[strcspn(at, "+\n")] = '\0';
	if (*at)
		bt_strbuf_addf(out, "%s%s", out->length ? " < " : "", at);
}

int bt_stack_from_proc(struct bt_collector *c, pid_t pid, pid_t tid, char **out)
{
	/* The whole stack takes CAP_SYS_ADMIN; the innermost function that is no part of the scheduler is
	 * told to whom may trace it. */
	static const char *const files[] = {"stack", "wchan"};
	struct bt_strbuf text = BT_STRBUF_INIT;

	(void)c;
	for (size_t i = 0; i < 2 && !text.length; i++) {
		char path[64], line[256];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", pid, tid, files[i]);
		file = fopen(path, "re");
		for (int k = 0; file && k < FUNCTIONS_MAX && fgets(line, sizeof(line), file); k++)
			if (strcmp(line, "0") != 0)
				add_function(line, &text);
		if (file)
			fclose(file);
	}
	if (!text.length || bt_strbuf_error(&text)) {
		int err = bt_strbuf_error(&text);

		bt_strbuf_free(&text);
		return err ? err : -ENOENT;
	}
	*out = text.data;
	return 0;
}
