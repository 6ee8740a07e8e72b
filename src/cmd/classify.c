/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop classify: what some processes, or all, are bound by; one shot. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lookup.h"
#include "options.h"
#include "output.h"
#include "peers.h"
#include "processes.h"
#include "rlimits.h"
#include "session.h"
#include "tree.h"

#define WINDOW_NS 3000000000ull
/* So often a long window is read in between, which keeps what ended, and its memory, in bounds. */
#define FOLLOW_REFRESH_NS 1000000000ull
#define WINDOW_REFRESH_NS 10000000000ull
#define ENDED_KEPT        50000

struct classify {
	struct bt_options *options;
	struct bt_session session;
	struct bt_tree *tree;
	struct pollfd *targets; /* pidfds; -1: ended, or none to be had */
	size_t target_count;
	size_t missing; /* PIDs that were asked for and are no processes */
};

static int usage_error(const struct bt_options *o)
{
	int selectors = (o->operand_count > 0) + o->all + o->pattern;

	if (!selectors)
		bt_complain("classify: nothing to watch; give PIDs, -c PATTERN or -a");
	else if (selectors > 1)
		bt_complain("classify: give only one of PIDs, -c PATTERN and -a");
	else if (o->follow && o->delay_ns)
		bt_complain("classify: -f and -d SECS contradict each other; give one of them");
	else if (o->tree && o->operand_count != 1)
		bt_complain("classify: --tree takes exactly one PID");
	else
		return 0;
	return BT_EXIT_USAGE;
}

static int take_operands(struct bt_options *o)
{
	char why[128];

	for (int i = 0; i < o->operand_count; i++) {
		int err = bt_options_add_pid(o, o->operands[i], why, sizeof(why));

		if (!err)
			continue;
		bt_complain("%s: %s", o->operands[i], why);
		return bt_options_status(err);
	}
	return 0;
}

/* Exit status. */
static int open_targets(struct classify *c)
{
	size_t asked = c->options->pid_count;
	int *fds = calloc(asked + 1, sizeof(*fds));

	c->targets = calloc(asked + 1, sizeof(*c->targets));
	if (!fds || !c->targets) {
		free(fds);
		bt_complain("no memory%s", bt_limit_remedy(-ENOMEM));
		return BT_EXIT_FAILED;
	}
	c->missing = bt_processes_check(c->options, fds);
	c->target_count = c->options->pid_count;
	for (size_t i = 0; i < c->target_count; i++)
		c->targets[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
	free(fds);
	return asked && !c->target_count ? BT_EXIT_NO_PROCESS : 0;
}

/* Does any of the processes that -f waits for still live? */
static bool any_alive(struct classify *c)
{
	const struct bt_frame *f = bt_model_frame(c->session.model);
	struct bt_process **list;
	bool alive = false;
	size_t count = 0;

	list = f ? bt_processes_select(&c->session, c->options, f, &count) : NULL;
	for (size_t i = 0; i < count && !alive; i++)
		alive = !list[i]->exited && list[i]->state != 'Z';
	free(list);
	return alive;
}

/* A process that ended stays readable for ever. */
static void forget_ended(struct classify *c)
{
	for (size_t i = 0; i < c->target_count; i++) {
		if (!c->targets[i].revents)
			continue;
		close(c->targets[i].fd);
		c->targets[i].fd = -1;
	}
}

/* The tree that was asked for, once its root is there. Exit status. */
static int tree_find(struct classify *c)
{
	const struct bt_process *root = bt_model_find(c->session.model, c->options->pids[0]);

	if (root && bt_tree_create(c->session.model, &root->identity, &c->tree)) {
		bt_complain("no memory for the tree%s", bt_limit_remedy(-ENOMEM));
		return BT_EXIT_FAILED;
	}
	return 0;
}

static int base_taken(void *context)
{
	struct classify *c = context;

	bt_tree_destroy(c->tree);
	c->tree = NULL;
	return tree_find(c);
}

/* Watches until the window is over. Exit status; 0 also where a signal ended it. */
static int watch(struct classify *c)
{
	const struct bt_options *o = c->options;
	const struct bt_session *s = &c->session;
	uint64_t window_ns = o->delay_ns ? o->delay_ns : WINDOW_NS;
	uint64_t refresh_ns = o->follow ? FOLLOW_REFRESH_NS : WINDOW_REFRESH_NS;
	/* All of a recording, if nothing else is said. */
	bool endless = o->follow || (o->recording && !o->delay_ns);
	uint64_t end_ns = endless ? UINT64_MAX : bt_session_clock_ns(s) + window_ns;
	uint64_t refresh_at_ns = bt_session_clock_ns(s) + refresh_ns;

	for (;;) {
		uint64_t deadline_ns = refresh_at_ns < end_ns ? refresh_at_ns : end_ns;
		enum bt_wake wake = bt_session_wait(&c->session, deadline_ns, o->follow ? c->targets : NULL,
						    o->follow ? c->target_count : 0);
		int status;

		if (wake == BT_WAKE_FAILED)
			return BT_EXIT_FAILED;
		if (wake == BT_WAKE_OVER || (wake == BT_WAKE_SIGNAL && o->recording))
			return 0;
		status = bt_session_read(&c->session);
		/* Of a recording, it may begin later than the part that was asked for. */
		if (!status && o->tree && !c->tree)
			status = tree_find(c);
		if (status || wake == BT_WAKE_SIGNAL)
			return status;
		if (bt_session_clock_ns(s) >= end_ns)
			return 0;
		if (wake == BT_WAKE_FD)
			forget_ended(c);
		if (o->follow && !o->all && !any_alive(c))
			return 0;
		bt_model_prune(c->session.model, ENDED_KEPT);
		if (bt_session_clock_ns(s) >= refresh_at_ns)
			refresh_at_ns = bt_session_clock_ns(s) + refresh_ns;
	}
}

/* Says of each PID that was a process at the start whether it was seen at all. */
static void check_seen(struct classify *c, const struct bt_report *r)
{
	const struct bt_options *o = c->options;

	for (size_t i = 0; i < o->pid_count; i++) {
		bool seen = false;

		for (size_t k = 0; k < r->process_count && !seen; k++)
			seen = r->processes[k]->identity.pid == o->pids[i];
		if (seen)
			continue;
		bt_processes_complain_unseen(o, o->pids[i]);
		c->missing++;
	}
}

static int print(const struct bt_options *o, const struct bt_report *r)
{
	struct bt_style style = bt_style_detect(STDOUT_FILENO);
	struct bt_strbuf out = BT_STRBUF_INIT;
	int err = o->json ? bt_view_json(r, &style, &out) : bt_view_classify(r, &style, &out);

	if (err)
		bt_complain("no memory for the report%s", bt_limit_remedy(-ENOMEM));
	else
		err = bt_output_write(STDOUT_FILENO, "standard output", &out);
	bt_strbuf_free(&out);
	return err && err != BT_OUTPUT_CLOSED ? BT_EXIT_FAILED : 0;
}

/* Exit status. */
static int report(struct classify *c)
{
	struct bt_options *o = c->options;
	struct bt_process **list = NULL;
	struct bt_report r = bt_session_report(&c->session, o->threads);
	int status;

	if (!r.frame)
		return BT_EXIT_FAILED;
	r.bursts = o->bursts;
	if (c->tree) {
		if (bt_tree_members(c->tree, &r.processes, &r.process_count)) {
			bt_complain("no memory for the tree%s", bt_limit_remedy(-ENOMEM));
			return BT_EXIT_FAILED;
		}
	} else {
		list = bt_processes_select(&c->session, o, r.frame, &r.process_count);
		r.processes = list;
		if (!list) {
			bt_complain("no memory for the report%s", bt_limit_remedy(-ENOMEM));
			return BT_EXIT_FAILED;
		}
		if (!o->pid_count)
			qsort(list, r.process_count, sizeof(struct bt_process *),
			      bt_process_compare_activity);
	}
	bt_session_say_restarts(&c->session);
	check_seen(c, &r);
	bt_session_describe(&c->session, &r);
	bt_peers_find(&c->session, r.processes, r.process_count);
	if (c->tree) {
		r.total = bt_tree_total(c->tree);
		r.descendants = bt_tree_descendants(c->tree);
	}
	status = r.process_count || o->json || !o->pid_count ? print(o, &r) : 0;
	if (!r.process_count && o->pattern) {
		bt_complain("-c: no process matched");
		c->missing++;
	}
	free(list);
	return status;
}

static int classify(struct classify *c)
{
	struct bt_options *o = c->options;
	struct bt_session *s = &c->session;
	int status = bt_session_open_source(s, o);

	if (!status && o->tree) {
		s->on_base = base_taken;
		s->on_base_context = c;
	}
	if (!status)
		status = bt_session_base(s, BT_DROP_ALL);
	if (status)
		return status;
	/* What is live and not there now is not waited for. */
	if (!o->tree || c->tree || o->recording)
		status = watch(c);
	if (!status && o->tree && !c->tree) {
		bt_processes_complain_unseen(o, o->pids[0]);
		return BT_EXIT_NO_PROCESS;
	}
	if (!status)
		status = report(c);
	if (!status && s->signal)
		status = bt_session_signal_status(s, o->follow);
	if (!status && c->missing)
		status = BT_EXIT_NO_PROCESS;
	return status;
}

int bt_command_classify(struct bt_options *o)
{
	struct classify c = {.options = o, .session = {.signal_fd = -1}};
	int status = usage_error(o);

	if (!status)
		status = take_operands(o);
	if (!status)
		status = open_targets(&c);
	if (!status)
		status = classify(&c);
	for (size_t i = 0; i < c.target_count; i++)
		if (c.targets[i].fd >= 0)
			close(c.targets[i].fd);
	free(c.targets);
	bt_tree_destroy(c.tree);
	bt_session_close(&c.session);
	return status;
}
