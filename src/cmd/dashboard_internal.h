/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the loop behind the dashboard (dashboard.c) and its clock over a recording (playback.c) share. */
#ifndef BOUNDTOP_DASHBOARD_INTERNAL_H
#define BOUNDTOP_DASHBOARD_INTERNAL_H

#include "config_file.h"
#include "dashboard.h"
#include "tui.h"

struct dashboard {
	struct bt_session *session;
	const struct bt_options *options;
	struct bt_config_file config_file;
	struct bt_tui *tui;
	struct bt_tui_host host;
	struct bt_process **processes; /* of the frame that is shown */
	struct bt_strbuf complaints;   /* said while the screen was taken */
	int signal_fd;                 /* of the terminal's signals */
	uint64_t frames;
	uint64_t deadline_ns; /* CLOCK_MONOTONIC of the next one */
	bool lost;            /* the collector gives no more frames */

	struct bt_tui_playback playback; /* of a recording */
	int64_t at_id;                   /* of its frame that was taken in last */
	uint64_t drawn_ns;               /* CLOCK_MONOTONIC */
};

/* Shows the interval as the model has it. jumped, unseen: tui.h. 0 or -ENOMEM. */
int bt_dashboard_show(struct dashboard *d, bool jumped, bool unseen);

/* Where a recording begins. 0 or -Exxx. */
int bt_playback_begin(struct dashboard *d);
/* The deadline has come: the next frame, and when the one after it is due. 0 or -Exxx. */
int bt_playback_step(struct dashboard *d);
/* What was typed: enum bt_tui_request. 0 or -Exxx. */
int bt_playback_act(struct dashboard *d, unsigned int request);

#endif
