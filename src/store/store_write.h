/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a recording: one transaction a frame. What a kill or a full disk interrupts is at most the last one.
 */
#ifndef BOUNDTOP_STORE_WRITE_H
#define BOUNDTOP_STORE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector.h"
#include "host.h"
#include "model.h"
#include "snapshot.h"

struct bt_recorder;

/* Of the session; strings are copied, raw bytes, and may be NULL. */
struct bt_recorder_setup {
	const char *host, *kernel, *machine, *boot_id;
	const char *collector, *version;
	uint64_t interval_ns;
	int64_t began_ns;   /* CLOCK_REALTIME */
	uint64_t keep_ns;   /* drop what is older; 0: nothing for its age, and */
	uint64_t max_bytes; /* the oldest when the file would become larger; 0: nothing for that */
	/* Is asked for command lines and control groups of processes that come, each once; NULL: nobody is.
	 */
	struct bt_collector *of;
	/* And for the names of what processes of that user wait for; NULL: all may be looked at. */
	bool (*may_look)(void *context, uint32_t uid);
	/* The name of a user; NULL: there is none. Valid until the next call. */
	const char *(*user_name)(void *context, uint32_t uid);
	void *context;
};

/*
 * Opens path, or makes it, readable to nobody else, and begins a session. A recording is gone on with; what
 * is something else stays as it is. 0, or -Exxx and why says what is wrong.
 */
int bt_recorder_open(struct bt_recorder **out, const char *path, const struct bt_recorder_setup *setup,
		     char *why, size_t why_size);
void bt_recorder_close(struct bt_recorder *r); /* NULL is fine */

/*
 * Writes a frame; host (NULL: none) is the host at about that time. Drops what is too old. 0, or -Exxx and
 * the file is as it was before: the frame is lost, the next one may find room again (-ENOSPC) or not.
 */
int bt_recorder_frame(struct bt_recorder *r, const struct bt_snapshot *s, const struct bt_host_sample *host);

/*
 * Writes what each process did in the interval f, judged or not, for the views: those that did anything.
 * minute is when it began, in whole minutes of CLOCK_REALTIME, as seconds. 0, or -Exxx and nothing is
 * written.
 */
int bt_recorder_minute(struct bt_recorder *r, const struct bt_frame *f, int64_t minute);

/* What the file takes now, in bytes. */
uint64_t bt_recorder_size(const struct bt_recorder *r);

#endif
