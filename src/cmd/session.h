/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every watching command does: a collector, the model that it feeds, and waiting for what comes first,
 * the next refresh, a signal or the end of a process. Never a sleep, never a busy loop.
 */
#ifndef BOUNDTOP_SESSION_H
#define BOUNDTOP_SESSION_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "model.h"
#include "privileges.h"
#include "replay.h"
#include "view.h"

struct bt_lookup;
struct bt_options;

struct bt_session {
	struct bt_collector *collector;
	struct bt_model *model;
	struct bt_lookup *lookup;
	struct bt_snapshot snapshot;
	int signal_fd;
	int signal;         /* that asked us to end; 0: none did */
	size_t most;        /* processes at most, or threads read whole, since memory was last given back */
	unsigned int trims; /* frames after which that is tried again */

	/* Of a recording; else NULL, and the rest means nothing. */
	struct bt_recording *recording;
	const char *path;
	int64_t to_ns;     /* CLOCK_REALTIME: what is later is not read; INT64_MAX: up to its end */
	uint64_t clock_ns; /* its time, which begins anywhere and stands still where nothing was recorded */
	uint64_t clock_off_ns; /* what that is ahead of CLOCK_MONOTONIC as recorded */
	uint64_t unshown;      /* frames that were taken in while it was waited for the next to be shown */
	uint32_t restarts;     /* sessions of the recorder that began since the base */

	/*
	 * Called after each base, the first one too: what was made of the model before is of no use any more.
	 * That model is still there, for who has to let go of it. Exit status.
	 */
	int (*on_base)(void *context);
	void *on_base_context;
};

/* Descriptors that can be watched beside the session's own. */
#define BT_SESSION_FDS_MAX 1024

/*
 * Opens the collector; signals that end us are taken up from now on. Returns an exit
 * status: 0, or BT_EXIT_FAILED and has said why. Release it with bt_session_close() in both cases (s may be
 * zeroed).
 */
int bt_session_open(struct bt_session *s, enum bt_collector_choice choice);
/* The same as the options say: a collector, or a recording in its place. */
int bt_session_open_source(struct bt_session *s, const struct bt_options *o);
/* For who will ask the collector for stacks: after opening, before bt_session_base(). Root gets whole ones.
 */
void bt_session_want_stacks(struct bt_session *s);
void bt_session_close(struct bt_session *s);

/*
 * Takes the base snapshot: what comes before is forgotten. drop: gives up, for good, the privileges that were
 * only needed so far. Exit status as above.
 */
int bt_session_base(struct bt_session *s, enum bt_drop drop);
/*
 * The next frame of a recording as the base of a new model: what was before has nothing to do with it. On
 * failure all is as it was. Exit status as above.
 */
int bt_session_rebase(struct bt_session *s);
/*
 * next, which would be read next, begins another session of the recorder: makes the first session from there
 * on of which there is more than a base, up to to_ns, be what is read next. 0; 1: there is none (yet); or
 * -Exxx.
 */
int bt_session_cross(struct bt_session *s, const struct bt_recording_frame *next);
/* Says what is wrong with the recording (-Exxx; 1: there is nothing in it). BT_EXIT_FAILED. */
int bt_session_complain_recording(const struct bt_session *s, int err);
/* Says that a report is not of all that was asked for, if it is not. */
void bt_session_say_restarts(const struct bt_session *s);
/* Takes a snapshot into the model. Exit status as above. */
int bt_session_read(struct bt_session *s);
/* The two halves of it, for who has to know which failed: until take_in(), frames stay what they are. */
int bt_session_snapshot(struct bt_session *s);
int bt_session_take_in(struct bt_session *s);
/* Lets the collector make room for what comes in, if it has to: to be called in the midst of long work. */
void bt_session_relieve(struct bt_session *s);

enum bt_wake { BT_WAKE_DEADLINE, BT_WAKE_SIGNAL, BT_WAKE_FD, BT_WAKE_FAILED, BT_WAKE_OVER };

/*
 * Waits until deadline_ns (bt_session_clock_ns()), a signal, or one of fds (count of them, may be 0) is
 * ready; takes up what the collector has to be relieved of meanwhile. FAILED was said.
 *
 * A recording does not wait: what it has before the deadline is taken in, and the frame that is to be read
 * next is the one nearest to it. OVER: there is none.
 */
enum bt_wake bt_session_wait(struct bt_session *s, uint64_t deadline_ns, struct pollfd *fds, size_t count);
/* The same by the clock (CLOCK_MONOTONIC), whatever there is to be read. */
enum bt_wake bt_session_wait_live(struct bt_session *s, uint64_t deadline_ns, struct pollfd *fds,
				  size_t count);

/*
 * Exit status after BT_WAKE_SIGNAL. endless: nothing but a signal could have ended it, so that Ctrl-C is no
 * failure.
 */
int bt_session_signal_status(const struct bt_session *s, bool endless);

uint64_t bt_clock_ns(void); /* CLOCK_MONOTONIC */
/*
 * May this user be told of the open files, peers and stacks of a process of user uid? What only the
 * capabilities of our file can see is not the user's to see. A recording is whose can read it.
 */
bool bt_session_may_look(const struct bt_session *s, uint32_t uid);
/* The same, or the time of the recording. */
uint64_t bt_session_clock_ns(const struct bt_session *s);

/* A report with all that the session knows; processes are the caller's. Judges them. NULL frame: no memory,
 * said. */
struct bt_report bt_session_report(struct bt_session *s, bool threads);
/* Looks up users, command lines and cgroups of what the report shows. */
void bt_session_describe(struct bt_session *s, const struct bt_report *r);
/* After each frame of many: forgets what nobody asks for any more, and gives back the memory of a storm. */
void bt_session_sweep(struct bt_session *s);

#endif
