/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording that is played: the line that says where one is, and the prompt for where to go. */
#include <errno.h>

#include "moment.h"
#include "tui_internal.h"

#define NARROW    60 /* columns: below, the line says only where one is */
#define TRACK_MIN 8
/* "14:02" is all of that minute. */
#define SLACK_NS 60000000000ll

/* "18:46:40", or with the date where the recording is of several days. */
static void add_moment(struct bt_strbuf *out, const struct bt_tui_playback *p, int64_t at_ns)
{
	bt_moment_text(out, at_ns, !bt_moment_same_day(p->from_ns, p->to_ns));
}

static void draw_track(struct bt_pen *pen, const struct bt_tui_playback *p, int end)
{
	bool utf8 = pen->style->utf8;
	int cells = end - pen->x;
	int64_t length_ns = p->to_ns - p->from_ns;
	double part = length_ns > 0 ? (double)(p->at_ns - p->from_ns) / (double)length_ns : 0;
	int at = (int)((part < 0 ? 0 : part > 1 ? 1 : part) * (cells - 1) + 0.5);

	for (int i = 0; i < cells; i++) {
		if (i == at)
			bt_pen_text(pen, BT_INK_HEAD, utf8 ? "●" : "o");
		else if (i < at)
			bt_pen_text(pen, BT_INK_PLAIN, utf8 ? "━" : "=");
		else
			bt_pen_text(pen, BT_INK_DIM, utf8 ? "─" : "-");
	}
}

int bt_tui_draw_playback(struct bt_tui *t, int y)
{
	const struct bt_tui_playback *p = t->frame.playback;
	struct bt_pen pen = bt_tui_pen(t, y);
	struct bt_strbuf at = BT_STRBUF_INIT;
	struct bt_strbuf right = BT_STRBUF_INIT;
	enum bt_ink ink;
	int track;

	if (!p)
		return 0;
	ink = p->playing ? BT_INK_BOLD : BT_INK_STARVED;
	if (pen.end >= NARROW) {
		add_moment(&right, p, p->from_ns);
		bt_strbuf_add(&right, " to ");
		bt_moment_text(&right, p->to_ns, !bt_moment_same_day(p->from_ns, p->to_ns));
		bt_strbuf_add(&right, "  ");
	}
	bt_strbuf_addf(&right, "%s %gx", p->playing ? "playing" : "PAUSED ", p->speed);
	add_moment(&at, p, p->at_ns);

	bt_pen_text(&pen, BT_INK_PLAIN, pen.end >= NARROW ? "replay  " : "");
	bt_pen_text(&pen, ink, bt_strbuf_text(&at));
	bt_pen_text(&pen, BT_INK_PLAIN, "  ");
	track = pen.end - (int)right.length - 2;
	if (track - pen.x >= TRACK_MIN) {
		draw_track(&pen, p, track);
		bt_pen_text(&pen, BT_INK_PLAIN, "  ");
	}
	bt_pen_text(&pen, ink, bt_strbuf_text(&right));
	bt_pen_fill(&pen, pen.end);
	bt_strbuf_free(&right);
	bt_strbuf_free(&at);
	return 1;
}

void bt_tui_ask_jump(struct bt_tui *t)
{
	bt_tui_prompt_open(t, BT_ACTION_JUMP, "go to (14:02, -5m, +90s, 2026-11-25 14:02)", "");
}

bool bt_tui_jump_set(struct bt_tui *t, const char *text)
{
	const struct bt_tui_playback *p = t->frame.playback;
	struct bt_moment_span span = {.from_ns = p->from_ns, .to_ns = p->to_ns, .at_ns = p->at_ns};
	bool step = *text == '+' || *text == '-';
	struct bt_strbuf said = BT_STRBUF_INIT;
	int64_t at_ns;
	int err = bt_parse_moment(text, &span, &at_ns);

	if (err) {
		bt_tui_complain(t, "%s: %s; give 14:02, 14:02:11, -5m, +90s or 2026-11-25 14:02", text,
				err == -ERANGE ? "there is no such time" : "not a time");
		return false;
	}
	/* As far as it goes; a time that is not in it is more likely a mistake. */
	if (!step && (at_ns < p->from_ns - SLACK_NS || at_ns > p->to_ns + SLACK_NS)) {
		add_moment(&said, p, p->from_ns);
		bt_strbuf_add(&said, " to ");
		add_moment(&said, p, p->to_ns);
		bt_tui_complain(t, "%s is not in the recording, which is of %s", text, bt_strbuf_text(&said));
		bt_strbuf_free(&said);
		return false;
	}
	t->jump_ns = at_ns < p->from_ns ? p->from_ns : at_ns > p->to_ns ? p->to_ns : at_ns;
	return true;
}
