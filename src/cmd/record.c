/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop record: frames of the whole host into a file. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "host.h"
#include "lookup.h"
#include "options.h"
#include "output.h"
#include "rlimits.h"
#include "session.h"
#include "store_write.h"

#define INTERVAL_NS      1000000000ull
#define HOST_INTERVAL_NS 5000000000ull
#define MAX_BYTES        (1ull << 30)
/* Of those that ended in a minute, as many have a row in the views. */
#define ENDED_KEPT 20000

struct record {
	const struct bt_options *options;
	struct bt_session session;
	struct bt_recorder *recorder;
	struct bt_host_sample host;
	uint64_t host_at_ns; /* CLOCK_MONOTONIC of the next one */
	int64_t minute;      /* that the model's interval is of, in seconds; 0: it has not begun */
	uint64_t frames, lost;
	int said; /* the last thing that kept frames from being written: -Exxx */
};

static const char *user_name(void *context, uint32_t uid)
{
	return bt_lookup_user(((struct record *)context)->session.lookup, uid);
}

static bool may_look(void *context, uint32_t uid)
{
	return bt_session_may_look(&((struct record *)context)->session, uid);
}

/* The kernel's name for this boot; empty where there is none. */
static void boot_id_read(char *out, size_t size)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	*out = '\0';
	if (!file)
		return;
	if (fgets(out, (int)size, file))
		out[strcspn(out, "\n")] = '\0';
	fclose(file);
}

/* Exit status. */
static int open_file(struct record *r)
{
	const struct bt_options *o = r->options;
	struct bt_recorder_setup setup = {
	    .collector = r->session.collector->ops->name,
	    .version = BOUNDTOP_VERSION,
	    .interval_ns = o->interval_ns ? o->interval_ns : INTERVAL_NS,
	    .keep_ns = o->keep_ns,
	    .max_bytes = o->max_size ? o->max_size : MAX_BYTES,
	    .of = r->session.collector,
	    .may_look = may_look,
	    .user_name = user_name,
	    .context = r,
	};
	struct utsname names;
	struct timespec now;
	char boot_id[64], why[512] = "";
	int err;

	clock_gettime(CLOCK_REALTIME, &now);
	setup.began_ns = now.tv_sec * 1000000000 + now.tv_nsec;
	boot_id_read(boot_id, sizeof(boot_id));
	setup.boot_id = boot_id;
	if (!uname(&names)) {
		setup.host = names.nodename;
		setup.kernel = names.release;
		setup.machine = names.machine;
	}
	err = bt_recorder_open(&r->recorder, o->output, &setup, why, sizeof(why));
	if (!err)
		return 0;
	bt_complain("%s: cannot be recorded to: %s; nothing was written%s", o->output, why,
		    bt_limit_remedy(err));
	return BT_EXIT_FAILED;
}

/* What processes did in a minute, when it is over; for the views. 0 or -Exxx. */
static int write_minute(struct record *r, bool last)
{
	int64_t minute = r->session.snapshot.time_s / 60 * 60;
	const struct bt_frame *f;
	int err = 0;

	if (r->minute && (minute != r->minute || last)) {
		f = bt_model_frame(r->session.model);
		err = f ? bt_recorder_minute(r->recorder, f, r->minute) : -ENOMEM;
	}
	if (minute == r->minute)
		return err;
	if (r->minute)
		bt_model_begin(r->session.model);
	r->minute = minute;
	return err;
}

/* The host itself, every few frames. NULL: not now. */
static const struct bt_host_sample *host_sample(struct record *r)
{
	struct bt_collector *c = r->session.collector;
	uint64_t now_ns = bt_clock_ns();

	if (now_ns < r->host_at_ns || c->ops->host(c, BT_HOST_ALL, &r->host))
		return NULL;
	/* A little less, as frames come early or late. */
	r->host_at_ns = now_ns + HOST_INTERVAL_NS - HOST_INTERVAL_NS / 16;
	return &r->host;
}

/* Writes the snapshot that was read. What cannot be written is lost, and said once. */
static void write_frame(struct record *r, bool last)
{
	int err = bt_recorder_frame(r->recorder, &r->session.snapshot, host_sample(r));
	/* A minute is over even if its last frame was lost. */
	int minute_err = write_minute(r, last);

	err = err ? err : minute_err;
	if (!err) {
		r->frames++;
		if (r->said)
			bt_complain("%s: goes on", r->options->output);
		r->said = 0;
		return;
	}
	r->lost++;
	if (err == r->said)
		return;
	r->said = err;
	if (err == -ENOSPC)
		bt_complain("%s: the disk behind it is full; %s", r->options->output,
			    last ? "its last frames are lost, the others can be replayed"
				 : "goes on when there is room");
	else
		bt_complain("%s: a frame could not be written: %s%s", r->options->output,
			    err == -EBADMSG ? "damaged" : strerror(-err), bt_limit_remedy(err));
}

/* Exit status. */
static int watch(struct record *r)
{
	const struct bt_options *o = r->options;
	struct bt_session *s = &r->session;
	uint64_t interval_ns = o->interval_ns ? o->interval_ns : INTERVAL_NS;
	uint64_t end_ns = o->delay_ns ? bt_clock_ns() + o->delay_ns : UINT64_MAX;
	uint64_t deadline_ns = bt_clock_ns() + interval_ns;

	for (;;) {
		bool last = deadline_ns >= end_ns;
		enum bt_wake wake = bt_session_wait(s, last ? end_ns : deadline_ns, NULL, 0);

		if (wake == BT_WAKE_FAILED || bt_session_read(s))
			return BT_EXIT_FAILED;
		bt_model_prune(s->model, ENDED_KEPT);
		last |= wake == BT_WAKE_SIGNAL;
		write_frame(r, last);
		if (wake == BT_WAKE_SIGNAL)
			return o->delay_ns ? bt_session_signal_status(s, false) : BT_EXIT_DONE;
		if (last)
			return BT_EXIT_DONE;
		deadline_ns += interval_ns;
		if (deadline_ns < bt_clock_ns())
			deadline_ns = bt_clock_ns() + interval_ns;
	}
}

int bt_command_record(struct bt_options *o)
{
	struct record r = {.options = o, .session = {.signal_fd = -1}};
	int status;

	if (o->operand_count) {
		bt_complain("%s: record takes no operands; see boundtop record --help", o->operands[0]);
		return BT_EXIT_USAGE;
	}
	if (!o->output) {
		bt_complain("record: no file given; give -o FILE");
		return BT_EXIT_USAGE;
	}
	status = bt_session_open(&r.session, o->collector);
	if (!status)
		bt_session_want_stacks(&r.session);
	if (!status)
		status = open_file(&r);
	/* SQLite takes its log away at the end. */
	if (!status)
		status = bt_session_base(&r.session, BT_DROP_BUT_FILES);
	if (!status) {
		write_frame(&r, false);
		status = watch(&r);
	}
	if (!status && r.said)
		status = BT_EXIT_FAILED;
	bt_recorder_close(r.recorder);
	bt_host_sample_free(&r.host);
	bt_session_close(&r.session);
	return status;
}
