/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording in the place of a collector: which part of it, and how its time passes. */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "moment.h"
#include "options.h"
#include "output.h"
#include "rlimits.h"
#include "session_internal.h"

int bt_session_complain_recording(const struct bt_session *s, int err)
{
	if (err == 1)
		bt_complain("%s: no frame in it", s->path);
	else if (err == -EBADMSG)
		bt_complain("%s: damaged; what can be saved of it: sqlite3 FILE .recover", s->path);
	else if (err == -ENOENT)
		bt_complain("%s: %s; give the FILE that boundtop record -o FILE wrote", s->path,
			    strerror(-err));
	else
		bt_complain("%s: %s%s", s->path, strerror(-err), bt_limit_remedy(err));
	return BT_EXIT_FAILED;
}

void bt_session_say_restarts(const struct bt_session *s)
{
	if (s->restarts)
		bt_complain(
		    "%s: the recording was interrupted %u time%s in that part; judged is what came after",
		    s->path, s->restarts, s->restarts == 1 ? "" : "s");
}

/* 0, or an exit status, and has said what is wrong. */
static int moment_take(const char *option, const char *text, const struct bt_moment_span *span,
		       int64_t *out_ns)
{
	int err = bt_parse_moment(text, span, out_ns);

	if (!err)
		return 0;
	bt_complain("--%s %s: %s", option, text,
		    err == -ERANGE
			? "no such day or time; hours go to 23, minutes and seconds to 59"
			: "not a time; give one like 14:02, 14:02:11, 2026-11-25T14:02:11Z, or -5m (before "
			  "the end)");
	return BT_EXIT_USAGE;
}

static int complain_nothing(const struct bt_session *s, const struct bt_moment_span *span, bool asked)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_moment_text(&text, span->from_ns, true);
	if (asked) {
		bt_strbuf_add(&text, " to ");
		bt_moment_text(&text, span->to_ns, true);
		bt_complain("%s: nothing between --from and --to; it has %s", s->path, bt_strbuf_text(&text));
	} else {
		bt_complain("%s: one frame alone, of %s: there is nothing to be told of what was before it",
			    s->path, bt_strbuf_text(&text));
	}
	bt_strbuf_free(&text);
	return BT_EXIT_FAILED;
}

int bt_session_cross(struct bt_session *s, const struct bt_recording_frame *next)
{
	struct bt_recording_frame base = *next, after;
	int err;

	for (;;) {
		err = bt_recording_after(s->recording, base.id, &after);
		if (err)
			return err;
		if (after.session == base.session)
			break;
		base = after;
	}
	return after.time_ns > s->to_ns ? 1 : bt_recording_seek_frame(s->recording, base.id);
}

/* The base of what was asked for. 0; 1: nothing comes after it; or -Exxx. */
static int base_find(struct bt_session *s, int64_t from_ns)
{
	struct bt_recording_frame base = {0}, after = {0};
	int err = bt_recording_seek(s->recording, from_ns);

	if (!err)
		err = bt_recording_peek(s->recording, &base);
	if (!err)
		err = bt_recording_after(s->recording, base.id, &after);
	/* It begins where nothing was recorded: what was before that has nothing to do with it. */
	if (!err && after.session != base.session)
		return bt_session_cross(s, &after);
	return !err && after.time_ns > s->to_ns ? 1 : err;
}

/* What of the recording was asked for: --from, --to. Exit status. */
static int window_find(struct bt_session *s, const struct bt_options *o)
{
	struct bt_recording_frame first, last;
	struct bt_moment_span span;
	int64_t from_ns = INT64_MIN;
	int status = 0;
	int err = bt_recording_bounds(s->recording, &first, &last);

	if (!err)
		err = bt_recording_span(s->recording, &span.from_ns, &span.to_ns);
	if (err)
		return bt_session_complain_recording(s, err);
	span.at_ns = last.time_ns;
	s->to_ns = INT64_MAX;
	if (o->to)
		status = moment_take("to", o->to, &span, &s->to_ns);
	if (!status && o->from)
		status = moment_take("from", o->from, &span, &from_ns);
	if (status)
		return status;
	if (o->from && o->to && from_ns >= s->to_ns) {
		bt_complain("%s: --from %s is not before --to %s", s->path, o->from, o->to);
		return BT_EXIT_USAGE;
	}
	err = from_ns >= span.to_ns || s->to_ns <= span.from_ns ? 1 : base_find(s, from_ns);
	if (err == 1)
		return complain_nothing(s, &span, o->from || o->to);
	return err ? bt_session_complain_recording(s, err) : 0;
}

int bt_session_open_source(struct bt_session *s, const struct bt_options *o)
{
	char why[512] = "";
	int err, status;

	if (!o->recording)
		return bt_session_open(s, o->collector);
	*s = (struct bt_session){.signal_fd = -1, .path = o->recording};
	err = bt_replay_open(&s->collector, o->recording, why, sizeof(why));
	if (err) {
		bt_complain("%s: %s%s", o->recording, why, bt_limit_remedy(err));
		return BT_EXIT_FAILED;
	}
	if (*why)
		bt_complain("%s: %s", o->recording, why);
	s->recording = bt_replay_recording(s->collector);
	status = window_find(s, o);
	return status ? status : bt_session_open_rest(s);
}

enum bt_wake bt_session_wait_recorded(struct bt_session *s, uint64_t deadline_ns)
{
	uint64_t unshown = s->unshown;

	for (;;) {
		/* Frames come a little early or late. */
		uint64_t near_ns = bt_recording_session(s->recording)->interval_ns / 2;
		struct bt_recording_frame next;
		uint64_t next_ns;
		int err = bt_recording_peek(s->recording, &next);
		bool restarts = !err && next.session != bt_recording_session(s->recording)->id;

		if (restarts)
			err = bt_session_cross(s, &next);
		if (err < 0) {
			bt_session_complain_recording(s, err);
			return BT_WAKE_FAILED;
		}
		if (err || (!restarts && next.time_ns > s->to_ns))
			return BT_WAKE_OVER;
		if (bt_session_signal_came(s))
			return BT_WAKE_SIGNAL;
		if (restarts) {
			s->restarts++;
			unshown = 0;
			if (bt_session_rebase(s))
				return BT_WAKE_FAILED;
			continue;
		}
		next_ns = next.end_ns + s->clock_off_ns;
		if (next_ns + near_ns >= deadline_ns) {
			s->clock_ns =
			    deadline_ns > s->clock_ns && deadline_ns != UINT64_MAX ? deadline_ns : next_ns;
			return BT_WAKE_DEADLINE;
		}
		if (bt_session_read(s))
			return BT_WAKE_FAILED;
		s->clock_ns = next_ns;
		s->unshown = ++unshown;
	}
}
