/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "object.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "holders.h"
#include "inet_peer.h"
#include "strbuf.h"
#include "unix_peer.h"

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

/* What is kept for the next time that it is asked for. */
struct bt_objects {
	struct bt_inet_peers *inet;
	struct bt_holders *holders;
	int unix_fd; /* bt_unix_open() */
};

void bt_objects_destroy(struct bt_objects *o)
{
	if (!o)
		return;
	bt_inet_peers_destroy(o->inet);
	bt_holders_destroy(o->holders);
	if (o->unix_fd >= 0)
		close(o->unix_fd);
	free(o);
}

static struct bt_objects *objects_make(void)
{
	struct bt_objects *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->unix_fd = bt_unix_open();
	if (!bt_inet_peers_create(&o->inet) && !bt_holders_create(&o->holders))
		return o;
	bt_objects_destroy(o);
	return NULL;
}

static void add_holder(const struct bt_objects *o, uint64_t ino, pid_t pid, uint64_t end_ns,
		       struct bt_object_facts *out)
{
	struct bt_held_by by;

	if (!ino || !bt_holders_find(o->holders, ino, pid, end_ns, &by))
		return;
	out->peer_pid = by.pid;
	out->peer_others = by.others;
}

static void add_inet(const struct bt_objects *o, pid_t pid, uint64_t ino, uint64_t end_ns,
		     struct bt_object_facts *out, struct bt_strbuf *name)
{
	struct bt_strbuf remote = BT_STRBUF_INIT;
	struct bt_inet_peer peer;

	if (!bt_inet_peer_find(o->inet, pid, ino, end_ns, &peer))
		return;
	bt_inet_end_text(&peer.local, name);
	if (!peer.remote.port)
		return;
	bt_inet_end_text(&peer.remote, &remote);
	bt_strbuf_addf(name, " <> %s", bt_strbuf_text(&remote));
	snprintf(out->peer_address, sizeof(out->peer_address), "%s", bt_strbuf_text(&remote));
	bt_strbuf_free(&remote);
	add_holder(o, peer.peer_ino, pid, end_ns, out);
}

static void add_unix(const struct bt_objects *o, pid_t pid, uint64_t ino, uint64_t end_ns,
		     struct bt_object_facts *out, struct bt_strbuf *name)
{
	struct bt_unix_socket own, peer = {0};

	if (o->unix_fd < 0 || bt_unix_ask(o->unix_fd, ino, &own))
		return;
	if (own.peer_ino)
		bt_unix_ask(o->unix_fd, own.peer_ino, &peer);
	/* The end that was connected to has a name. */
	bt_strbuf_add(name, *own.path ? own.path : peer.path);
	memcpy(out->peer_address, peer.path, sizeof(peer.path));
	add_holder(o, own.peer_ino, pid, end_ns, out);
}

static void add_socket(struct bt_collector *c, pid_t pid, const struct bt_reason *reason,
		       struct bt_object_facts *out, struct bt_strbuf *name)
{
	uint64_t begin_ns = bt_clock_read_ns(CLOCK_MONOTONIC), took_ns;

	if (!c->objects)
		c->objects = objects_make();
	if (!c->objects)
		return;
	if (reason->target == BT_TARGET_INET)
		add_inet(c->objects, pid, reason->object, begin_ns + c->search_ns, out, name);
	else
		add_unix(c->objects, pid, reason->object, begin_ns + c->search_ns, out, name);
	took_ns = bt_clock_read_ns(CLOCK_MONOTONIC) - begin_ns;
	c->search_ns -= took_ns < c->search_ns ? took_ns : c->search_ns;
}

int bt_object_from_proc(struct bt_collector *c, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
			struct bt_object_facts *out)
{
	struct bt_strbuf name = BT_STRBUF_INIT;

	(void)start_ns; /* another process has other files: their numbers say so */
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
	case BT_TARGET_UNIX:
		add_socket(c, pid, reason, out, &name);
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
	return out->name || out->peer_pid || *out->peer_address ? 0 : -ENOENT;
}
