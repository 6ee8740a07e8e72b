/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a recording: snapshots as the collector gave them, from any of its frames on. The file may hold
 * anything: nothing in it is trusted. It may be written at the same time: no lock is held between calls.
 */
#ifndef BOUNDTOP_STORE_READ_H
#define BOUNDTOP_STORE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector.h"
#include "host.h"
#include "snapshot.h"

struct bt_recording;

/* Of the session that the last frame read belongs to; raw bytes, never NULL, valid until the next read. */
struct bt_recording_session {
	int64_t id;
	const char *host, *kernel, *collector, *version;
	uint64_t interval_ns;
};

struct bt_recording_frame {
	int64_t id, session;
	int64_t time_ns; /* CLOCK_REALTIME at its end, and */
	uint64_t end_ns; /* CLOCK_MONOTONIC */
};

/* 0, or -Exxx and why says what is wrong. */
int bt_recording_open(struct bt_recording **out, const char *path, char *why, size_t why_size);
/* The same out of memory, which must outlive it. */
int bt_recording_open_bytes(struct bt_recording **out, void *bytes, size_t size, char *why, size_t why_size);
void bt_recording_close(struct bt_recording *r); /* NULL is fine */

/* The first and the last frame. 0; 1: there is none; or -Exxx. */
int bt_recording_bounds(struct bt_recording *r, struct bt_recording_frame *first,
			struct bt_recording_frame *last);

/* The earliest and the latest moment, in this order whatever was done to the clock. Of no frame: 0. 0 or
 * -Exxx. */
int bt_recording_span(struct bt_recording *r, int64_t *from_ns, int64_t *to_ns);
/* Was a process of that number ever there? */
bool bt_recording_has_pid(struct bt_recording *r, pid_t pid);

/*
 * Reading goes on with the last frame that is not later than time_ns (CLOCK_REALTIME), or the first of all.
 * What is read next is a base: every thread whole. 0; 1: there is none; or -Exxx.
 */
int bt_recording_seek(struct bt_recording *r, int64_t time_ns);
/* The same with the frame of that id, or the first after it. */
int bt_recording_seek_frame(struct bt_recording *r, int64_t id);
/*
 * The frame before one, and the one that can be read after it (none whose beginning the recorder dropped
 * meanwhile). 0; 1: none; or -Exxx.
 */
int bt_recording_before(struct bt_recording *r, int64_t id, struct bt_recording_frame *out);
int bt_recording_after(struct bt_recording *r, int64_t id, struct bt_recording_frame *out);
/* Which frame comes next. 0; 1: none (yet); or -Exxx. */
int bt_recording_peek(struct bt_recording *r, struct bt_recording_frame *next);
/*
 * Reads it: clears s and fills it. fresh: nothing before has to do with it; it is a base, the first frame
 * after a seek or of another session. 0; 1: none (yet); or -Exxx, and s is empty.
 */
int bt_recording_read(struct bt_recording *r, struct bt_snapshot *s, bool *fresh);

const struct bt_recording_session *bt_recording_session(const struct bt_recording *r);
/* As the collector interface has it, of the session that was read last. */
int bt_recording_describe(struct bt_recording *r, pid_t pid, uint64_t start_ns, struct bt_description *out);
/*
 * What an object of a wait was called at the time of the frame that was read last, and on which device it is;
 * where in the kernel a thread in D slept. As the collector interface has them: -ENOENT where it was not
 * recorded.
 */
int bt_recording_object(struct bt_recording *r, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
			struct bt_object_facts *out);
int bt_recording_stack(struct bt_recording *r, pid_t pid, uint64_t start_ns, pid_t tid, char **out);
/* The host at about the time of the frame that was read last. out as in the collector interface. */
int bt_recording_host(struct bt_recording *r, struct bt_host_sample *out);
/* The name of a user then; NULL: not recorded. To be freed. */
char *bt_recording_user(struct bt_recording *r, uint32_t uid);

#endif
