/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "session_internal.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "confine.h"
#include "lookup.h"
#include "options.h"
#include "output.h"
#include "rlimits.h"

#define NSEC_PER_SEC 1000000000ull

/* What a host of fewer takes is not worth to be given back. */
#define MOST_KEPT 3000
/* What a frame held is free one or two frames later. */
#define TRIMS 3
/* Processes looked up between two looks at whether the collector has to make room. */
#define RELIEVE_EVERY 32

uint64_t bt_clock_ns(void)
{
	return bt_clock_read_ns(CLOCK_MONOTONIC);
}

bool bt_session_may_look(const struct bt_session *s, uint32_t uid)
{
	return s->recording || !getuid() || uid == getuid();
}

int bt_session_fail(const char *what, int err)
{
	bt_complain("%s: %s%s", what, strerror(-err), bt_limit_remedy(err));
	return BT_EXIT_FAILED;
}

static int open_signals(struct bt_session *s)
{
	static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
		struct sigaction before;

		/* Blocked, it would come through all the same: nohup and background jobs ignore some. */
		if (!sigaction(ending[i], NULL, &before) && before.sa_handler == SIG_IGN)
			continue;
		sigaddset(&set, ending[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd < 0 ? -errno : 0;
}

int bt_session_open_rest(struct bt_session *s)
{
	int err = open_signals(s);

	if (err)
		return bt_session_fail("cannot receive signals", err);
	err = bt_model_create(&s->model);
	if (!err)
		err = bt_lookup_create(&s->lookup, s->collector);
	return err ? bt_session_fail("cannot start", err) : 0;
}

int bt_session_open(struct bt_session *s, enum bt_collector_choice choice)
{
	char why[512] = "";
	int err;

	*s = (struct bt_session){.signal_fd = -1};
	err = bt_collector_open(&s->collector, choice, why, sizeof(why));
	if (err) {
		bt_complain("%s", *why ? why : strerror(-err));
		return BT_EXIT_FAILED;
	}
	if (*why)
		bt_complain("%s", why);
	return bt_session_open_rest(s);
}

void bt_session_want_stacks(struct bt_session *s)
{
	/* The kernel shows whole stacks to root alone; what our file's capabilities can see is not the user's
	 * to see. Who goes without has the innermost function. */
	if (!getuid() && s->collector->ops->stacks_prepare)
		(void)s->collector->ops->stacks_prepare(s->collector);
}

void bt_session_close(struct bt_session *s)
{
	bt_lookup_destroy(s->lookup);
	bt_model_destroy(s->model);
	bt_snapshot_free(&s->snapshot);
	if (s->collector)
		s->collector->ops->close(s->collector);
	if (s->signal_fd > 0)
		close(s->signal_fd);
	*s = (struct bt_session){.signal_fd = -1};
}

int bt_session_snapshot(struct bt_session *s)
{
	int err = s->collector->ops->read(s->collector, &s->snapshot);

	s->unshown = 0;
	if (err && s->recording)
		return bt_session_complain_recording(s, err);
	return err ? bt_session_fail("the collector cannot be read", err) : 0;
}

void bt_session_relieve(struct bt_session *s)
{
	struct pollfd p = {.events = POLLIN};

	if (s->recording)
		return;
	p.fd = s->collector->ops->poll_fd(s->collector);
	/* What fails here fails again where it is waited for, and is said there. */
	if (poll(&p, 1, 0) > 0)
		(void)s->collector->ops->drain(s->collector);
}

int bt_session_take_in(struct bt_session *s)
{
	int err = bt_model_update(s->model, &s->snapshot);

	bt_session_relieve(s);
	return err ? bt_session_fail("a snapshot cannot be taken in", err) : 0;
}

int bt_session_read(struct bt_session *s)
{
	int status = bt_session_snapshot(s);

	return status ? status : bt_session_take_in(s);
}

int bt_session_rebase(struct bt_session *s)
{
	struct bt_lookup *lookup = NULL;
	struct bt_model *model = NULL, *before;
	int status;

	if (bt_model_create(&model) || bt_lookup_create(&lookup, s->collector)) {
		status = bt_session_fail("cannot go on", -ENOMEM);
	} else {
		status = bt_session_snapshot(s);
		if (!status && bt_model_update(model, &s->snapshot))
			status = bt_session_fail("a snapshot cannot be taken in", -ENOMEM);
	}
	if (status) {
		bt_lookup_destroy(lookup);
		bt_model_destroy(model);
		return status;
	}
	before = s->model;
	bt_lookup_destroy(s->lookup);
	s->lookup = lookup;
	s->model = model;
	bt_model_begin(model);
	s->clock_off_ns = s->clock_ns - s->snapshot.end_ns;
	status = s->on_base ? s->on_base(s->on_base_context) : 0;
	bt_model_destroy(before);
	return status;
}

int bt_session_base(struct bt_session *s, enum bt_drop drop)
{
	/* SQLite writes beside a recording even when it reads it. */
	bool reads = drop == BT_DROP_ALL && !s->recording;
	int err = bt_privileges_drop(drop);
	int status;

	if (err)
		return bt_session_fail("privileges cannot be given up", err);
	/* A kernel that cannot filter is no reason to say nothing of what runs on it. */
	(void)bt_calls_confine(reads ? BT_FILES_READ : BT_FILES_WRITE);
	if (s->recording)
		return bt_session_rebase(s);
	status = bt_session_read(s);
	if (status)
		return status;
	bt_model_begin(s->model);
	return s->on_base ? s->on_base(s->on_base_context) : 0;
}

uint64_t bt_session_clock_ns(const struct bt_session *s)
{
	return s->recording ? s->clock_ns : bt_clock_ns();
}

int bt_session_signal_status(const struct bt_session *s, bool endless)
{
	return endless && s->signal == SIGINT ? BT_EXIT_DONE : BT_EXIT_SIGNAL + s->signal;
}

/* The signal that asks us to end; 0: none. */
static int take_signal(struct bt_session *s)
{
	struct signalfd_siginfo info;

	if (read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	s->signal = (int)info.ssi_signo;
	return s->signal;
}

bool bt_session_signal_came(struct bt_session *s)
{
	struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0 && take_signal(s);
}

enum bt_wake bt_session_wait(struct bt_session *s, uint64_t deadline_ns, struct pollfd *fds, size_t count)
{
	if (s->recording)
		return bt_session_wait_recorded(s, deadline_ns);
	return bt_session_wait_live(s, deadline_ns, fds, count);
}

enum bt_wake bt_session_wait_live(struct bt_session *s, uint64_t deadline_ns, struct pollfd *fds,
				  size_t count)
{
	const struct bt_collector_ops *ops = s->collector->ops;
	struct pollfd all[BT_SESSION_FDS_MAX + 2];

	if (count > BT_SESSION_FDS_MAX)
		count = BT_SESSION_FDS_MAX;
	all[0] = (struct pollfd){.fd = s->signal_fd, .events = POLLIN};
	all[1] = (struct pollfd){.fd = ops->poll_fd(s->collector), .events = POLLIN};
	for (size_t i = 0; i < count; i++)
		all[2 + i] = fds[i];
	for (;;) {
		uint64_t now_ns = bt_clock_ns();
		uint64_t left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
		struct timespec timeout = {(time_t)(left_ns / NSEC_PER_SEC), (long)(left_ns % NSEC_PER_SEC)};
		int ready = ppoll(all, 2 + count, &timeout, NULL);
		int err;

		if (ready < 0 && errno != EINTR) {
			bt_session_fail("cannot wait", -errno);
			return BT_WAKE_FAILED;
		}
		if (ready == 0)
			return BT_WAKE_DEADLINE;
		if (ready < 0)
			continue;
		if (all[1].revents) {
			err = ops->drain(s->collector);
			if (err) {
				bt_session_fail("the collector cannot be drained", err);
				return BT_WAKE_FAILED;
			}
			ready--;
		}
		if (all[0].revents && take_signal(s))
			return BT_WAKE_SIGNAL;
		if (ready - (all[0].revents != 0) > 0) {
			for (size_t i = 0; i < count; i++)
				fds[i].revents = all[2 + i].revents;
			return BT_WAKE_FD;
		}
	}
}

struct bt_report bt_session_report(struct bt_session *s, bool threads)
{
	struct bt_report r = {
	    .version = BOUNDTOP_VERSION,
	    .collector = s->collector->ops->name,
	    .threads = threads,
	};

	if (!bt_model_judge(s->model, threads))
		r.frame = bt_model_frame(s->model);
	if (!r.frame)
		bt_session_fail("cannot judge", -ENOMEM);
	return r;
}

void bt_session_describe(struct bt_session *s, const struct bt_report *r)
{
	for (size_t i = 0; i < r->process_count; i++) {
		/* A look-up reads files: of many new processes this takes its time. */
		if (!(i % RELIEVE_EVERY))
			bt_session_relieve(s);
		bt_lookup_fill(s->lookup, r->processes[i],
			       BT_LOOKUP_CMDLINE | BT_LOOKUP_USER | BT_LOOKUP_CGROUP);
	}
}

void bt_session_sweep(struct bt_session *s)
{
	const struct bt_frame *f = bt_model_frame(s->model);
	/* Threads of a process count if they are awake: those that sleep take little. */
	size_t count = s->snapshot.length / sizeof(struct bt_record);

	if (f && f->process_count > count)
		count = f->process_count;
	bt_lookup_sweep(s->lookup);
	if (count > s->most) {
		s->most = count;
	} else if (s->most > MOST_KEPT && count < s->most / 4) {
		s->most = count;
		s->trims = TRIMS;
	}
	if (!s->trims)
		return;
	s->trims--;
	malloc_trim(0);
}
