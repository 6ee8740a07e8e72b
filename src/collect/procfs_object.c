/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "account.h"
#include "procfs_socket.h"

/* File systems that are remembered; then all are forgotten. */
#define MOUNTS_MAX 64

struct mount {
	dev_t dev;
	enum bt_place place;
};

struct bt_proc_objects {
	int proc;
	struct bt_sockets *sockets;
	struct mount mounts[MOUNTS_MAX];
	size_t mount_count;
};

static const struct {
	const char *type;
	enum bt_place place;
} file_systems[] = {
    {"nfs", BT_PLACE_REMOTE},      {"nfs4", BT_PLACE_REMOTE},    {"cifs", BT_PLACE_REMOTE},
    {"smb3", BT_PLACE_REMOTE},     {"9p", BT_PLACE_REMOTE},      {"ceph", BT_PLACE_REMOTE},
    {"afs", BT_PLACE_REMOTE},      {"fuse", BT_PLACE_FUSE},      {"fuseblk", BT_PLACE_FUSE},
    {"proc", BT_PLACE_MEMORY},     {"sysfs", BT_PLACE_MEMORY},   {"tmpfs", BT_PLACE_MEMORY},
    {"devtmpfs", BT_PLACE_MEMORY}, {"cgroup", BT_PLACE_MEMORY},  {"cgroup2", BT_PLACE_MEMORY},
    {"debugfs", BT_PLACE_MEMORY},  {"tracefs", BT_PLACE_MEMORY},
};

int bt_proc_objects_create(struct bt_proc_objects **out, int proc)
{
	struct bt_proc_objects *o = calloc(1, sizeof(*o));
	int err;

	if (!o)
		return -ENOMEM;
	o->proc = proc;
	err = bt_sockets_create(&o->sockets, proc);
	if (err) {
		free(o);
		return err;
	}
	*out = o;
	return 0;
}

void bt_proc_objects_destroy(struct bt_proc_objects *o)
{
	if (!o)
		return;
	bt_sockets_destroy(o->sockets);
	free(o);
}

static enum bt_place place_of_type(const char *type)
{
	for (size_t i = 0; i < sizeof(file_systems) / sizeof(file_systems[0]); i++)
		if (!strcmp(file_systems[i].type, type))
			return file_systems[i].place;
	return strncmp(type, "fuse.", 5) ? BT_PLACE_LOCAL : BT_PLACE_FUSE;
}

/* Of a file system in the mounts of a process: asking the file system itself could wait for a server. */
static enum bt_place place_read(const struct bt_proc_objects *o, pid_t pid, dev_t dev)
{
	enum bt_place place = BT_PLACE_LOCAL;
	char name[64], type[64], *line = NULL;
	unsigned int major, minor;
	size_t room = 0;
	int fd;
	FILE *file;

	snprintf(name, sizeof(name), "%d/mountinfo", (int)pid);
	fd = openat(o->proc, name, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return place;
	}
	while (getline(&line, &room, file) > 0) {
		const char *separator = strstr(line, " - ");

		if (sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 || makedev(major, minor) != dev ||
		    !separator || sscanf(separator, " - %63s", type) != 1)
			continue;
		place = place_of_type(type);
		break;
	}
	free(line);
	fclose(file);
	return place;
}

static enum bt_place place_find(struct bt_proc_objects *o, pid_t pid, dev_t dev)
{
	for (size_t i = 0; i < o->mount_count; i++)
		if (o->mounts[i].dev == dev)
			return o->mounts[i].place;
	if (o->mount_count == MOUNTS_MAX)
		o->mount_count = 0;
	o->mounts[o->mount_count].dev = dev;
	o->mounts[o->mount_count].place = place_read(o, pid, dev);
	return o->mounts[o->mount_count++].place;
}

static void anonymous_find(const struct bt_proc_objects *o, const char *path, struct bt_proc_object *out)
{
	char name[32];
	ssize_t length = readlinkat(o->proc, path, name, sizeof(name) - 1);

	out->aim.target = BT_TARGET_ANON;
	if (length < 0)
		return;
	name[length] = '\0';
	out->aim.peer = !strncmp(name, "anon_inode:[eventfd", 19);
	out->aim.timer = !strncmp(name, "anon_inode:[timerfd", 19);
}

int bt_proc_object_find(struct bt_proc_objects *o, pid_t pid, int fd, struct bt_proc_object *out)
{
	struct statx status;
	char path[64];

	*out = (struct bt_proc_object){0};
	snprintf(path, sizeof(path), "%d/fd/%d", (int)pid, fd);
	if (statx(o->proc, path, AT_STATX_DONT_SYNC, STATX_TYPE | STATX_INO, &status))
		return -errno;
	out->ino = status.stx_ino;
	switch (status.stx_mode & S_IFMT) {
	case S_IFIFO:
		out->aim.target = BT_TARGET_PIPE;
		out->aim.peer = true;
		break;
	case S_IFCHR:
		out->aim.target = BT_TARGET_CHARDEV;
		break;
	case S_IFBLK:
		out->aim.target = BT_TARGET_BLOCKDEV;
		break;
	case S_IFSOCK:
		bt_socket_find(o->sockets, pid, status.stx_ino, out);
		break;
	case S_IFDIR:
	case S_IFREG: {
		dev_t dev = makedev(status.stx_dev_major, status.stx_dev_minor);

		/* Since 6.19 anonymous inodes are regular files, on a file system that is mounted nowhere. */
		if (!status.stx_dev_major) {
			anonymous_find(o, path, out);
			if (out->aim.peer || out->aim.timer)
				break;
		}
		out->aim.target = S_ISDIR(status.stx_mode) ? BT_TARGET_DIRECTORY : BT_TARGET_FILE;
		out->aim.place = place_find(o, pid, dev);
		break;
	}
	default:
		anonymous_find(o, path, out);
		break;
	}
	return 0;
}
