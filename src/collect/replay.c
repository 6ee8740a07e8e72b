/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "replay.h"

#include <errno.h>
#include <stdlib.h>

#include "container.h"
#include "host.h"

struct replay {
	struct bt_collector base;
	struct bt_collector_ops ops; /* its name is that of the collector whose records they are */
	struct bt_recording *recording;
};

static struct replay *of(struct bt_collector *c)
{
	return (struct replay *)c;
}

static int replay_read(struct bt_collector *c, struct bt_snapshot *s)
{
	struct replay *r = of(c);
	bool fresh;
	int err = bt_recording_read(r->recording, s, &fresh);

	if (!err) {
		r->ops.name = bt_recording_session(r->recording)->collector;
		r->ops.exact = s->exact;
	}
	return err == 1 ? -ENODATA : err;
}

static int replay_poll_fd(const struct bt_collector *c)
{
	(void)c;
	return -1;
}

static int replay_drain(struct bt_collector *c)
{
	(void)c;
	return 0;
}

static int replay_describe(struct bt_collector *c, pid_t pid, uint64_t start_ns, struct bt_description *out)
{
	int err = bt_recording_describe(of(c)->recording, pid, start_ns, out);
	struct bt_strbuf name = BT_STRBUF_INIT;

	if (err || !out->cgroup || out->container)
		return err;
	if (bt_container_name(out->cgroup, &name) != BT_CONTAINER_NONE && !name.failed)
		out->container = name.data;
	else
		bt_strbuf_free(&name);
	return 0;
}

static int replay_object(struct bt_collector *c, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
			 struct bt_object_facts *out)
{
	return bt_recording_object(of(c)->recording, pid, start_ns, reason, out);
}

static int replay_stack(struct bt_collector *c, pid_t pid, uint64_t start_ns, pid_t tid, char **out)
{
	return bt_recording_stack(of(c)->recording, pid, start_ns, tid, out);
}

static int replay_host(struct bt_collector *c, unsigned int sections, struct bt_host_sample *out)
{
	int err = bt_recording_host(of(c)->recording, out);

	if (err)
		return err;
	/* The names are of the session: they are there even where nothing else is. */
	out->valid |= BT_HOST_NAME;
	out->valid &= sections;
	return 0;
}

static char *replay_user(struct bt_collector *c, uint32_t uid)
{
	return bt_recording_user(of(c)->recording, uid);
}

static void replay_close(struct bt_collector *c)
{
	bt_recording_close(of(c)->recording);
	free(c);
}

int bt_replay_open(struct bt_collector **out, const char *path, char *why, size_t why_size)
{
	struct replay *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->ops = (struct bt_collector_ops){
	    .name = "replay",
	    .read = replay_read,
	    .poll_fd = replay_poll_fd,
	    .drain = replay_drain,
	    .describe = replay_describe,
	    .host = replay_host,
	    .object = replay_object,
	    .stack = replay_stack,
	    .user = replay_user,
	    .close = replay_close,
	};
	r->base.ops = &r->ops;
	err = bt_recording_open(&r->recording, path, why, why_size);
	if (err) {
		free(r);
		return err;
	}
	*out = &r->base;
	return 0;
}

struct bt_recording *bt_replay_recording(struct bt_collector *c)
{
	return c->ops->read == replay_read ? of(c)->recording : NULL;
}
