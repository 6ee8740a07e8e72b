/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboard over a recording: when the next frame is due, and which. */
#include <errno.h>

#include "dashboard_internal.h"

/* As slow and as fast as it can be played. */
#define SPEED_MIN (1.0 / 16)
#define SPEED_MAX 1024.0

/* Frames that come faster than this are taken in and not drawn. */
#define DRAW_NS 40000000ull

/* What the recorder missed (it was stopped, the host was suspended) is not waited for as long as it took. */
#define WAIT_MAX_NS 5000000000ull

/* So many frames before the one that is jumped to are taken in, for what is shown of earlier ones. */
#define TREND_FRAMES 8

/* A recording that is still written to is asked so often for more. */
#define MORE_NS 500000000ull

static int64_t frame_time_ns(const struct bt_snapshot *s)
{
	return s->time_s * 1000000000 + s->time_nsec;
}

/* Takes the next frame in, as an interval of its own. 0; 1: there is none; -Exxx: it failed, and was said. */
static int take_next(struct dashboard *d)
{
	struct bt_session *s = d->session;
	struct bt_recording_frame next;
	bool crossed = false;
	int err = bt_recording_peek(s->recording, &next);

	/* A session of the recorder begins with a base, of which there is nothing to be shown. */
	if (!err && next.session != bt_recording_session(s->recording)->id) {
		err = bt_session_cross(s, &next);
		if (!err && bt_session_rebase(s))
			return -EIO;
		if (!err) {
			crossed = true;
			d->frames = 0;
			err = bt_recording_peek(s->recording, &next);
		}
	}
	if (err < 0) {
		bt_session_complain_recording(s, err);
		return -EIO;
	}
	/* What is shown of the model before is not there any more: then the base is shown, empty as it is. */
	if (err || next.time_ns > s->to_ns)
		return crossed ? 0 : 1;
	if (bt_session_snapshot(s))
		return -EIO;
	d->at_id = next.id;
	bt_model_begin(s->model);
	return bt_session_take_in(s) ? -EIO : 0;
}

static void deadline_set(struct dashboard *d)
{
	struct bt_session *s = d->session;
	struct bt_recording_frame next;
	uint64_t wait_ns = 0;

	d->deadline_ns = UINT64_MAX;
	if (!d->playback.playing)
		return;
	if (bt_recording_peek(s->recording, &next)) {
		d->deadline_ns = bt_clock_ns() + MORE_NS;
		return;
	}
	if (next.session == bt_recording_session(s->recording)->id && next.end_ns > s->snapshot.end_ns)
		wait_ns = (uint64_t)((double)(next.end_ns - s->snapshot.end_ns) / d->playback.speed);
	d->deadline_ns = bt_clock_ns() + (wait_ns < WAIT_MAX_NS ? wait_ns : WAIT_MAX_NS);
}

/* Is more to come, some time? */
static bool at_end(struct dashboard *d)
{
	struct bt_recording_frame first, last;

	/* What is written on while it is watched. */
	if (!d->options->to && !bt_recording_bounds(d->session->recording, &first, &last))
		d->playback.to_ns = last.time_ns;
	return d->playback.at_ns >= d->playback.to_ns;
}

static int show(struct dashboard *d, bool jumped, bool unseen)
{
	d->playback.at_ns = frame_time_ns(&d->session->snapshot);
	if (!unseen)
		d->drawn_ns = bt_clock_ns();
	return bt_dashboard_show(d, jumped, unseen);
}

/* The next frame. 0 or -Exxx. */
static int advance(struct dashboard *d, bool may_be_unseen)
{
	bool unseen = may_be_unseen && bt_clock_ns() - d->drawn_ns < DRAW_NS;
	int taken = take_next(d);

	if (taken < 0)
		return taken;
	if (!taken)
		return show(d, false, unseen && !at_end(d));
	if (at_end(d)) {
		d->playback.playing = false;
		bt_tui_redraw(d->tui);
		bt_tui_say(d->tui, "the recording ends here", false);
	}
	return 0;
}

/* Shows a frame; one that begins a session has nothing to be shown: then the next one. 0 or -Exxx. */
static int jump_to(struct dashboard *d, const struct bt_recording_frame *target)
{
	struct bt_session *s = d->session;
	bool jumped = true;
	int err = bt_recording_seek_frame(s->recording, target->id - TREND_FRAMES);

	if (err || bt_session_rebase(s))
		return err < 0 ? err : -EIO;
	d->playback.at_ns = frame_time_ns(&s->snapshot);
	do {
		err = take_next(d);
		if (err)
			break;
		err = show(d, jumped, d->at_id < target->id);
		jumped = false;
	} while (!err && d->at_id < target->id);
	/* There may be a base and nothing after it: what was shown before is not there any more all the same.
	 */
	return err == 1 ? show(d, jumped, false) : err;
}

/* Shows the last frame that is not later than time_ns; the first there is, if none is. 0 or -Exxx. */
static int jump(struct dashboard *d, int64_t time_ns)
{
	struct bt_recording_frame target;
	int err = bt_recording_seek(d->session->recording, time_ns);

	if (!err)
		err = bt_recording_peek(d->session->recording, &target);
	if (err)
		return err < 0 ? err : -EIO;
	return jump_to(d, &target);
}

/* The frame before the one that is shown; at the first one, that again. 0 or -Exxx. */
static int step_back(struct dashboard *d)
{
	struct bt_recording *r = d->session->recording;
	struct bt_recording_frame target, before;
	int err = bt_recording_before(r, d->at_id, &target);

	if (err)
		return err < 0 ? err : 0;
	/* Of the one that begins a session nothing can be shown. */
	while (!(err = bt_recording_before(r, target.id, &before)) && before.session != target.session)
		target = before;
	return err < 0 ? err : jump_to(d, &target);
}

int bt_playback_begin(struct dashboard *d)
{
	struct bt_session *s = d->session;
	struct bt_recording_frame first, last;
	int err = bt_recording_bounds(s->recording, &first, &last);

	if (err)
		return err < 0 ? err : -EIO;
	d->playback = (struct bt_tui_playback){.from_ns = first.time_ns,
					       .to_ns = d->options->to ? s->to_ns : last.time_ns,
					       .speed = 1,
					       .playing = true};
	d->playback.at_ns = frame_time_ns(&s->snapshot);
	/* The base is there already. */
	return bt_playback_step(d);
}

int bt_playback_step(struct dashboard *d)
{
	int err = advance(d, d->playback.playing);

	if (!err)
		deadline_set(d);
	return err;
}

int bt_playback_act(struct dashboard *d, unsigned int request)
{
	struct bt_tui_playback *p = &d->playback;
	int err = 0;

	switch (request) {
	case BT_TUI_PLAY:
		p->playing = !p->playing;
		break;
	case BT_TUI_STEP:
		p->playing = false;
		err = advance(d, false);
		break;
	case BT_TUI_STEP_BACK:
		p->playing = false;
		err = step_back(d);
		break;
	case BT_TUI_FASTER:
		p->speed = p->speed * 2 > SPEED_MAX ? SPEED_MAX : p->speed * 2;
		break;
	case BT_TUI_SLOWER:
		p->speed = p->speed / 2 < SPEED_MIN ? SPEED_MIN : p->speed / 2;
		break;
	case BT_TUI_JUMP:
		err = jump(d, bt_tui_jump_ns(d->tui));
		break;
	default:
		break;
	}
	if (!err) {
		bt_tui_redraw(d->tui);
		deadline_set(d);
	}
	return err;
}
