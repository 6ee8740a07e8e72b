/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keeping a recording within its age and size. */
#include "store_write_internal.h"

/* Frames that are dropped at a time, when there are too many, and how often names are looked through. */
#define TRIM_FRAMES       8
#define TRIM_NAMES_FRAMES 3600

/* That a name is in use is noted now and then: it is kept for so many frames after that. */
#define NAMES_KEPT 300

/* What belongs to frames that are gone, but for strings. oldest: the first that is left. */
static int trim_rest(struct bt_recorder *r, sqlite3_int64 oldest)
{
	static const enum bt_recorder_statement by_frame[] = {S_HOST_DROP, S_CPUS_DROP, S_DISKS_DROP,
							      S_CGROUPS_DROP};
	sqlite3_int64 time_ns = 0;
	int result;

	result = bt_recorder_run(r, S_FIRST_TIME, &time_ns);
	for (size_t i = 0; i < sizeof(by_frame) / sizeof(by_frame[0]) && result == SQLITE_DONE; i++) {
		bt_recorder_bind(r, by_frame[i], 1, (uint64_t)oldest);
		result = bt_recorder_run(r, by_frame[i], NULL);
	}
	if (result == SQLITE_DONE) {
		bt_recorder_bind(r, S_MINUTES_DROP, 1, (uint64_t)(time_ns / 1000000000 - 60));
		result = bt_recorder_run(r, S_MINUTES_DROP, NULL);
	}
	if (result == SQLITE_DONE) {
		bt_recorder_bind(r, S_WAITS_DROP, 1, (uint64_t)(time_ns / 1000000000 - 60));
		result = bt_recorder_run(r, S_WAITS_DROP, NULL);
	}
	return result;
}

/* What nobody refers to any more: now and then, as all of it has to be looked through. */
static int trim_names(struct bt_recorder *r)
{
	static const enum bt_recorder_statement steps[] = {S_SESSIONS_DROP, S_PROCESSES_DROP, S_USERS_DROP,
							   S_OBJECTS_DROP,  S_STACKS_DROP,    S_LAYOUTS_DROP,
							   S_STRINGS_DROP};
	sqlite3_int64 oldest = 0, time_ns = 0;
	int result = bt_recorder_run(r, S_FIRST, &oldest);

	if (result == SQLITE_DONE)
		result = bt_recorder_run(r, S_FIRST_TIME, &time_ns);
	/* A minute's row names processes until it is gone itself. */
	bt_recorder_bind(r, S_PROCESSES_DROP, 1, (uint64_t)(time_ns - 120 * (int64_t)1000000000));
	/* Of a process that goes through many files. */
	bt_recorder_bind(r, S_OBJECTS_DROP, 1, (uint64_t)(oldest > NAMES_KEPT ? oldest - NAMES_KEPT : 0));
	bt_recorder_bind(r, S_SESSIONS_DROP, 1, (uint64_t)r->session);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == SQLITE_DONE; i++)
		result = bt_recorder_run(r, steps[i], NULL);
	bt_recorder_forget_strings(r);
	return result;
}

/* Frames without their key are no use: they go first. */
int bt_recorder_trim(struct bt_recorder *r, int64_t time_ns)
{
	sqlite3_int64 pages = 0, old = 0, oldest = 0;
	bool too_large = false;
	int result = SQLITE_DONE;

	if (r->setup.max_bytes) {
		result = bt_recorder_run(r, S_PAGES, &pages);
		too_large = (uint64_t)pages * (uint64_t)r->page_bytes > r->setup.max_bytes;
	}
	if (result == SQLITE_DONE && r->setup.keep_ns) {
		bt_recorder_bind(r, S_TOO_OLD, 1, (uint64_t)(time_ns - (int64_t)r->setup.keep_ns));
		result = bt_recorder_run(r, S_TOO_OLD, &old);
	}
	if (result == SQLITE_DONE && (too_large || old)) {
		/* Never the frames that the next one builds on. */
		bt_recorder_bind(r, S_FRAMES_DROP, 1, (uint64_t)r->key);
		bt_recorder_bind(r, S_FRAMES_DROP, 2, TRIM_FRAMES);
		result = bt_recorder_run(r, S_FRAMES_DROP, NULL);
		if (result == SQLITE_DONE)
			result = bt_recorder_run(r, S_FIRST, &oldest);
		if (result == SQLITE_DONE)
			result = trim_rest(r, oldest);
	}
	if (result == SQLITE_DONE && r->frame % TRIM_NAMES_FRAMES == 0)
		result = trim_names(r);
	return result;
}
