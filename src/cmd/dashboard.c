/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The loop behind the dashboard: what comes first, a frame, a key, a signal. */
#include "dashboard_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "command.h"
#include "control.h"
#include "host_head.h"
#include "lookup.h"
#include "output.h"
#include "peers.h"
#include "processes.h"

/* The first frame is a short one: nobody wants to wait for a whole one before anything is seen. */
#define FIRST_NS 300000000ull

int bt_dashboard_check(void)
{
	const char *terminal = getenv("TERM");

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		bt_complain("top: no terminal to draw on; give -b for frames as text, or --json");
	else if (!terminal || !*terminal || !strcmp(terminal, "dumb"))
		bt_complain(
		    "top: the terminal (TERM=%s) cannot be drawn on; give -b for frames as text, or set "
		    "TERM to what it is",
		    terminal ? terminal : "");
	else
		return BT_EXIT_DONE;
	return BT_EXIT_USAGE;
}

static void describe(void *context, struct bt_process *p, unsigned int what)
{
	struct dashboard *d = context;
	unsigned int mask = 0;

	if (what & BT_TUI_DESCRIBE_USER)
		mask |= BT_LOOKUP_USER;
	if (what & BT_TUI_DESCRIBE_COMMAND)
		mask |= BT_LOOKUP_CMDLINE | BT_LOOKUP_CGROUP;
	bt_lookup_fill(d->session->lookup, p, mask);
	if (what & BT_TUI_DESCRIBE_PEERS)
		bt_peers_find(d->session, &p, 1);
}

static int send_signal(void *context, const struct bt_identity *of, int number)
{
	return bt_control_signal(((struct dashboard *)context)->session->collector, of, number);
}

static int renice(void *context, const struct bt_identity *of, int nice)
{
	return bt_control_renice(((struct dashboard *)context)->session->collector, of, nice);
}

static void name_object(void *context, const struct bt_process *p, const struct bt_reason *reason,
			struct bt_strbuf *out)
{
	const struct bt_session *s = ((struct dashboard *)context)->session;

	if (bt_session_may_look(s, p->uid))
		bt_object_name(s->collector, &p->identity, reason, out);
}

static void limits(void *context, const struct bt_process *p, struct bt_strbuf *out)
{
	if (!((struct dashboard *)context)->session->recording)
		bt_object_limits(p, out);
}

static int save(void *context, const struct bt_strbuf *config, struct bt_strbuf *out)
{
	return bt_config_file_save(&((struct dashboard *)context)->config_file, config, out);
}

/* The terminal's own signals: they are taken up like keys. */
static int signals_open(struct dashboard *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	sigaddset(&set, SIGCONT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signal_fd < 0 ? -errno : 0;
}

static void suspend(struct dashboard *d)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	struct sigaction before;
	sigset_t set;

	bt_tui_suspend(d->tui);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigaction(SIGTSTP, &standard, &before);
	raise(SIGTSTP);
	/* Here it stops; the shell goes on with it later. */
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGTSTP, &before, NULL);
	bt_tui_resume(d->tui);
}

static void signals_take(struct dashboard *d)
{
	struct signalfd_siginfo info;
	bool resized = false, stopped = false, continued = false;

	while (read(d->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		resized |= info.ssi_signo == SIGWINCH;
		continued |= info.ssi_signo == SIGCONT;
		stopped |= info.ssi_signo == SIGTSTP;
	}
	if (stopped)
		suspend(d);
	else if (continued)
		/* Somebody else stopped it (SIGSTOP), and may have left the terminal in any state. */
		bt_tui_resume(d->tui);
	else if (resized)
		bt_tui_resize(d->tui);
}

/* What is complained about meanwhile is shown at the bottom. */
static void complaints_show(struct dashboard *d)
{
	const char *text = bt_strbuf_text(&d->complaints);
	char line[512];

	if (!*text)
		return;
	text += strncmp(text, "boundtop: ", 10) ? 0 : 10;
	snprintf(line, sizeof(line), "%.*s%s", (int)strcspn(text, "\n"), text,
		 d->lost ? "; the last frame stays, q quits" : "");
	bt_tui_say(d->tui, line, d->lost);
	bt_strbuf_clear(&d->complaints);
}

int bt_dashboard_show(struct dashboard *d, bool jumped, bool unseen)
{
	struct bt_session *s = d->session;
	struct bt_tui_frame frame = {.model = s->model,
				     .host = &d->host,
				     .collector = s->collector->ops->name,
				     .playback = s->recording ? &d->playback : NULL,
				     .jumped = jumped,
				     .unseen = unseen};
	const struct bt_frame *f = bt_model_frame(s->model);
	struct bt_process **processes =
	    f ? bt_processes_select(s, d->options, f, &frame.process_count) : NULL;

	if (!processes)
		return -ENOMEM;
	d->frames++;
	free(d->processes);
	d->processes = frame.processes = processes;
	bt_host_head_read_all(s->collector, &d->host);
	bt_session_sweep(s);
	s->collector->search_ns = BT_SEARCH_FRAME_NS;
	return bt_tui_update(d->tui, &frame);
}

static int take_frame(struct dashboard *d)
{
	struct bt_session *s = d->session;

	/* Without a snapshot the frame that is shown stays. */
	if (bt_session_snapshot(s)) {
		d->lost = true;
		return 0;
	}
	/* What ended in that frame is forgotten only now. */
	if (d->frames)
		bt_model_begin(s->model);
	if (bt_session_take_in(s))
		return -EIO; /* and was said */
	return bt_dashboard_show(d, false, false);
}

/* Takes a frame, unless there will be none any more. */
static int step(struct dashboard *d)
{
	int err = 0;

	if (d->session->recording)
		err = bt_playback_step(d);
	else if (!d->lost)
		err = take_frame(d);
	complaints_show(d);
	return err;
}

static int act(struct dashboard *d, unsigned int request)
{
	int err = 0;

	if (d->session->recording)
		err = bt_playback_act(d, request);
	else if (request == BT_TUI_STEP)
		return step(d);
	complaints_show(d);
	return err;
}

static uint64_t next_deadline(uint64_t deadline_ns, uint64_t delay_ns)
{
	uint64_t now_ns = bt_clock_ns();

	deadline_ns += delay_ns;
	/* After a stop (Ctrl-Z, a suspended machine) frames are as long as ever, and not made up for. */
	return deadline_ns < now_ns ? now_ns + delay_ns : deadline_ns;
}

/* Without the collector, which would be ready, and fail, over and over again. */
static enum bt_wake wait_without(struct dashboard *d, struct pollfd fds[2])
{
	struct pollfd all[3] = {fds[0], fds[1], {.fd = d->session->signal_fd, .events = POLLIN}};

	if (poll(all, 3, -1) < 0 && errno != EINTR)
		return BT_WAKE_FAILED;
	fds[0].revents = all[0].revents;
	fds[1].revents = all[1].revents;
	if (!all[2].revents)
		return BT_WAKE_FD;
	/* It says at once which signal it is. */
	return bt_session_wait_live(d->session, 0, NULL, 0);
}

/* Exit status; -Exxx: it failed. */
static int loop(struct dashboard *d)
{
	bool live = !d->session->recording;
	struct pollfd fds[2];
	int err = 0;

	d->deadline_ns = bt_clock_ns() + FIRST_NS;
	if (!live)
		err = bt_playback_begin(d);
	while (!err && (!d->options->frames || d->frames < d->options->frames)) {
		bool waits = !bt_tui_paused(d->tui) && !d->lost;
		unsigned int request;
		enum bt_wake wake;

		fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = d->signal_fd, .events = POLLIN};
		if (d->lost)
			wake = wait_without(d, fds);
		else
			wake = bt_session_wait_live(d->session, waits ? d->deadline_ns : UINT64_MAX, fds, 2);
		if (wake == BT_WAKE_SIGNAL)
			return bt_session_signal_status(d->session, !d->options->frames);
		if (wake == BT_WAKE_FAILED) {
			d->lost = true;
			complaints_show(d);
			continue;
		}
		if (wake == BT_WAKE_DEADLINE) {
			err = step(d);
			if (live)
				d->deadline_ns = next_deadline(d->deadline_ns, bt_tui_delay_ns(d->tui));
			continue;
		}
		if (fds[1].revents)
			signals_take(d);
		/* A terminal that is gone is always ready and never says anything. */
		if (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL))
			return BT_EXIT_SIGNAL + SIGHUP;
		/* A key is answered at once, also where it asks for names. */
		d->session->collector->search_ns = BT_SEARCH_FRAME_NS;
		while (fds[0].revents && !err && (request = bt_tui_input(d->tui))) {
			if (request == BT_TUI_QUIT)
				return BT_EXIT_DONE;
			if (request == BT_TUI_SUSPEND)
				suspend(d);
			else
				err = act(d, request);
		}
		if (live && d->deadline_ns > bt_clock_ns() + bt_tui_delay_ns(d->tui))
			d->deadline_ns = bt_clock_ns() + bt_tui_delay_ns(d->tui);
	}
	return err;
}

/* The file's choices, and those of the command line above them. */
static void choices_read(struct dashboard *d, struct bt_tui_config *config, struct bt_strbuf *said)
{
	const struct bt_options *o = d->options;

	bt_config_file_load(&d->config_file, config, said);
	if (o->delay_ns)
		config->delay_ns = o->delay_ns;
	if (o->sort) {
		config->sort = o->sort;
		config->sort_reversed = o->sort_reversed;
	}
	config->threads |= o->threads;
}

int bt_dashboard_run(struct bt_session *s, const struct bt_options *o)
{
	static const struct bt_tui_ops ops = {describe, send_signal, renice, name_object, limits, save};
	struct dashboard d = {.session = s, .options = o, .signal_fd = -1};
	struct bt_tui_setup setup = {.ops = &ops, .context = &d, .style = bt_style_detect(STDOUT_FILENO)};
	struct bt_strbuf said = BT_STRBUF_INIT;
	int status;

	choices_read(&d, &setup.config, &said);
	status = signals_open(&d);
	if (!status)
		status = bt_tui_open(&d.tui, &setup);
	if (!status) {
		bt_complain_into(&d.complaints);
		if (said.length)
			bt_tui_say(d.tui, bt_strbuf_text(&said), false);
		status = loop(&d);
		bt_tui_close(d.tui);
		bt_complain_into(NULL);
		/* What could not be shown any more. */
		if (d.complaints.length)
			bt_output_write(STDERR_FILENO, "standard error", &d.complaints);
	}
	if (status == -ENODEV)
		bt_complain("top: the terminal (TERM=%s) cannot be drawn on; give -b for frames as text",
			    getenv("TERM"));
	else if (status < 0 && status != -EIO)
		bt_complain("top: %s", strerror(-status));
	if (status < 0)
		status = BT_EXIT_FAILED;
	free(d.processes);
	bt_config_file_close(&d.config_file);
	bt_strbuf_free(&d.complaints);
	bt_strbuf_free(&said);
	if (d.signal_fd >= 0)
		close(d.signal_fd);
	return status;
}
