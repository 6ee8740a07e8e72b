/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop top: frames of the whole host. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "dashboard.h"
#include "host_head.h"
#include "options.h"
#include "output.h"
#include "peers.h"
#include "processes.h"
#include "rlimits.h"
#include "session.h"
#include "sort.h"

#define DELAY_NS 1000000000ull

static int show_frame(struct bt_session *s, const struct bt_options *o, const struct bt_style *style,
		      struct bt_strbuf *out, struct bt_kept *kept)
{
	struct bt_report r = bt_session_report(s, o->threads);
	struct bt_host host;
	int err;

	if (!r.frame)
		return -1;
	r.processes = bt_processes_select(s, o, r.frame, &r.process_count);
	if (!r.processes) {
		bt_complain("no memory for a frame%s", bt_limit_remedy(-ENOMEM));
		return -1;
	}
	bt_session_describe(s, &r);
	s->collector->search_ns = BT_SEARCH_FRAME_NS;
	if (o->json)
		bt_peers_find(s, r.processes, r.process_count);
	bt_host_head_read(s->collector, &host);
	r.host = &host;
	r.brief = true;
	r.sort = o->sort;
	r.sort_reversed = o->sort_reversed;
	r.kept = kept;
	bt_strbuf_clear(out);
	err = bt_processes_sort(r.processes, r.process_count, o->sort, o->sort_reversed);
	if (!err)
		err = o->json ? bt_view_json(&r, style, out) : bt_view_top(&r, style, out);
	free(r.processes);
	bt_session_sweep(s);
	if (err) {
		bt_complain("no memory for a frame%s", bt_limit_remedy(-ENOMEM));
		return -1;
	}
	bt_session_relieve(s);
	err = bt_output_write(STDOUT_FILENO, "standard output", out);
	if (!o->json) {
		struct bt_strbuf shown = *out;

		*out = kept->text;
		kept->text = shown;
	}
	return err;
}

/* Exit status. */
static int watch(struct bt_session *s, const struct bt_options *o, struct bt_strbuf *out,
		 struct bt_kept *kept)
{
	struct bt_style style = bt_style_detect(STDOUT_FILENO);
	/* Of a recording every frame is shown, if nothing else is said. */
	uint64_t delay_ns = o->delay_ns || o->recording ? o->delay_ns : DELAY_NS;
	uint64_t deadline_ns = bt_session_clock_ns(s) + delay_ns;
	int status;

	for (uint64_t frame = 0; !o->frames || frame < o->frames; frame++) {
		enum bt_wake wake = bt_session_wait(s, deadline_ns, NULL, 0);

		if (wake == BT_WAKE_SIGNAL)
			return bt_session_signal_status(s, !o->frames);
		if (wake == BT_WAKE_FAILED)
			return BT_EXIT_FAILED;
		/* A recording may end in the middle of a frame. */
		if (wake == BT_WAKE_OVER && !s->unshown)
			break;
		status = wake == BT_WAKE_OVER ? 0 : bt_session_read(s);
		if (status)
			return status;
		s->unshown = 0;
		status = show_frame(s, o, &style, out, kept);
		if (status == BT_OUTPUT_CLOSED)
			return BT_EXIT_DONE;
		if (status)
			return BT_EXIT_FAILED;
		bt_model_begin(s->model);
		deadline_ns += delay_ns;
		/* After a stop (Ctrl-Z, a suspended machine) frames are as long as ever, and not made up for.
		 */
		if (deadline_ns < bt_session_clock_ns(s))
			deadline_ns = bt_session_clock_ns(s) + delay_ns;
	}
	return BT_EXIT_DONE;
}

/* Takes out what the collector does not see, and says so. Returns how many were taken out. */
static size_t check_seen(struct bt_session *s, struct bt_options *o)
{
	size_t asked = o->pid_count;
	size_t kept = 0;

	for (size_t i = 0; i < asked; i++) {
		/* Of a recording, it may come later. */
		if (bt_model_find(s->model, o->pids[i]) ||
		    (s->recording && bt_recording_has_pid(s->recording, o->pids[i])))
			o->pids[kept++] = o->pids[i];
		else
			bt_processes_complain_unseen(o, o->pids[i]);
	}
	o->pid_count = kept;
	return asked - kept;
}

int bt_command_top(struct bt_options *o)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_kept kept = {0};
	struct bt_session s = {.signal_fd = -1};
	size_t missing;
	bool screen;
	int status;

	if (o->operand_count) {
		bt_complain("%s: top takes no operands; see boundtop top --help", o->operands[0]);
		return BT_EXIT_USAGE;
	}
	screen = !o->batch && !o->json;
	status = screen ? bt_dashboard_check() : BT_EXIT_DONE;
	if (status)
		return status;
	missing = bt_processes_check(o, NULL);
	if (missing && !o->pid_count)
		return BT_EXIT_NO_PROCESS;
	status = bt_session_open_source(&s, o);
	if (!status)
		status = bt_session_base(&s, screen ? BT_DROP_BUT_CONTROL : BT_DROP_ALL);
	if (!status) {
		missing += check_seen(&s, o);
		if (missing && !o->pid_count)
			status = BT_EXIT_NO_PROCESS;
		else
			status = screen ? bt_dashboard_run(&s, o) : watch(&s, o, &out, &kept);
	}
	if (!status && missing)
		status = BT_EXIT_NO_PROCESS;
	bt_session_close(&s);
	bt_strbuf_free(&out);
	bt_strbuf_free(&kept.text);
	return status;
}
