/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop diagnose: what is wrong with this host, who is behind it, and what to do. */
#include "diagnose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "growth.h"
#include "host.h"
#include "lookup.h"
#include "options.h"
#include "output.h"
#include "rlimits.h"
#include "session.h"
#include "view_diagnose.h"

#define WINDOW_NS 5000000000ull
/* Within the window it is looked so often at what grows. */
#define NOTE_NS    1000000000ull
#define ENDED_KEPT 50000
/* Who does less is in no finding about control groups: threads that are active, on average. */
#define ACTIVE_MIN 0.005

/* How often a name is asked for. */
#define ASKINGS 2

struct diagnose {
	const struct bt_options *options;
	struct bt_session session;
	struct bt_host_sample begin, end;
	struct bt_growth *growth;
};

static int complain_memory(void)
{
	bt_complain("no memory for the diagnosis%s", bt_limit_remedy(-ENOMEM));
	return BT_EXIT_FAILED;
}

static int sample(struct diagnose *d, struct bt_host_sample *out)
{
	struct bt_collector *c = d->session.collector;
	int err = c->ops->host(c, BT_HOST_ALL, out);

	if (!err)
		return 0;
	bt_complain("the host cannot be sampled: %s", strerror(-err));
	return BT_EXIT_FAILED;
}

static int note(struct diagnose *d)
{
	const struct bt_frame *f = bt_model_frame(d->session.model);

	return f && !bt_growth_note(d->growth, f) ? 0 : complain_memory();
}

/* What the end will be compared with: the host, and what there was of each process. Exit status. */
static int base_taken(void *context)
{
	struct diagnose *d = context;

	bt_growth_destroy(d->growth);
	d->growth = NULL;
	if (bt_growth_create(&d->growth))
		return complain_memory();
	return sample(d, &d->begin) || note(d) ? BT_EXIT_FAILED : 0;
}

/* Exit status; 0 also where a signal ended it. */
static int watch(struct diagnose *d)
{
	struct bt_session *s = &d->session;
	const struct bt_options *o = d->options;
	uint64_t note_at_ns = bt_session_clock_ns(s) + NOTE_NS;
	uint64_t end_ns = bt_session_clock_ns(s) + (o->delay_ns ? o->delay_ns : WINDOW_NS);

	/* All of a recording, if nothing else is said. */
	if (o->recording && !o->delay_ns)
		end_ns = UINT64_MAX;
	for (;;) {
		uint64_t deadline_ns = note_at_ns < end_ns ? note_at_ns : end_ns;
		enum bt_wake wake = bt_session_wait(s, deadline_ns, NULL, 0);
		int status;

		if (wake == BT_WAKE_FAILED)
			return BT_EXIT_FAILED;
		if (wake == BT_WAKE_OVER || (wake == BT_WAKE_SIGNAL && o->recording))
			return 0;
		status = bt_session_read(s);
		if (!status)
			status = note(d);
		if (status || wake == BT_WAKE_SIGNAL || bt_session_clock_ns(s) >= end_ns)
			return status;
		bt_model_prune(s->model, ENDED_KEPT);
		if (bt_session_clock_ns(s) >= note_at_ns)
			note_at_ns = bt_session_clock_ns(s) + NOTE_NS;
	}
}

static char *name_object(void *context, const struct bt_process *p, const struct bt_reason *reason,
			 char *device)
{
	const struct diagnose *d = context;
	struct bt_collector *c = d->session.collector;
	struct bt_object_facts facts = {0};
	int err = -ENOENT;

	if (p->exited || !bt_session_may_look(&d->session, p->uid) || !c->ops->object)
		return NULL;
	/* A socket is only taken note of at first. */
	for (int i = 0; i < ASKINGS && err; i++)
		err = c->ops->object(c, p->identity.pid, p->identity.start_ns, reason, &facts);
	if (err)
		return NULL;
	memcpy(device, facts.device, sizeof(facts.device));
	return facts.name;
}

static char *name_stack(void *context, const struct bt_process *p, int32_t tid)
{
	const struct diagnose *d = context;
	struct bt_collector *c = d->session.collector;
	char *stack = NULL;

	if (!bt_session_may_look(&d->session, p->uid) || !c->ops->stack ||
	    c->ops->stack(c, p->identity.pid, p->identity.start_ns, tid, &stack))
		return NULL;
	return stack;
}

/* Control groups of those that do anything. */
static void describe(struct diagnose *d, const struct bt_frame *f)
{
	for (size_t i = 0; i < f->process_count; i++) {
		struct bt_process *p = f->processes[i];

		if ((double)bt_totals_active_ns(&p->usage.totals) >= ACTIVE_MIN * (double)f->duration_ns)
			bt_lookup_fill(d->session.lookup, p, BT_LOOKUP_CGROUP | BT_LOOKUP_CMDLINE);
	}
}

static int print(const struct diagnose *d, const struct bt_diagnosis_report *r)
{
	struct bt_style style = bt_style_detect(STDOUT_FILENO);
	struct bt_strbuf out = BT_STRBUF_INIT;
	int err = d->options->json ? bt_view_diagnose_json(r, &out) : bt_view_diagnose(r, &style, &out);

	if (err)
		complain_memory();
	else
		err = bt_output_write(STDOUT_FILENO, "standard output", &out);
	bt_strbuf_free(&out);
	return err && err != BT_OUTPUT_CLOSED ? BT_EXIT_FAILED : 0;
}

static int report(struct diagnose *d)
{
	struct bt_diagnosis diagnosis = {0};
	struct bt_diagnosis_report r = {
	    .head = bt_session_report(&d->session, true), .host = d->end.name, .diagnosis = &diagnosis};
	struct bt_diagnosis_input in = {
	    .frame = r.head.frame,
	    .begin = &d->begin,
	    .end = &d->end,
	    .growth = d->growth,
	    .names = {d, name_object, name_stack},
	};
	int status;

	if (!r.head.frame)
		return BT_EXIT_FAILED;
	bt_session_say_restarts(&d->session);
	describe(d, r.head.frame);
	status = bt_diagnose(&in, &diagnosis) ? complain_memory() : print(d, &r);
	if (!status && d->options->exit_code && diagnosis.count && diagnosis.worst == BT_SEVERITY_CRITICAL)
		status = BT_EXIT_CRITICAL;
	bt_diagnosis_free(&diagnosis);
	return status;
}

static int diagnose(struct diagnose *d)
{
	struct bt_session *s = &d->session;
	int status = bt_session_open_source(s, d->options);

	if (!status) {
		s->on_base = base_taken;
		s->on_base_context = d;
		bt_session_want_stacks(s);
		status = bt_session_base(s, BT_DROP_ALL);
	}
	if (!status)
		status = watch(d);
	if (!status)
		status = sample(d, &d->end);
	if (!status)
		status = report(d);
	if (!status && s->signal)
		status = bt_session_signal_status(s, false);
	return status;
}

int bt_command_diagnose(struct bt_options *o)
{
	struct diagnose d = {.options = o, .session = {.signal_fd = -1}};
	int status;

	if (o->operand_count) {
		bt_complain("diagnose: takes no operands; it is about the whole host");
		return BT_EXIT_USAGE;
	}
	status = diagnose(&d);
	bt_growth_destroy(d.growth);
	bt_host_sample_free(&d.begin);
	bt_host_sample_free(&d.end);
	bt_session_close(&d.session);
	return status;
}
