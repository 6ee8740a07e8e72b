/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop run: like time(1), but says where the time went. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lookup.h"
#include "options.h"
#include "output.h"
#include "session.h"
#include "spawn.h"
#include "tree.h"

#define REFRESH_NS 1000000000ull
/* The kernel tells of the end of a process a moment before its last switch, which is what the collector sees.
 */
#define LAST_SWITCH_NS    2000000ull
#define LAST_SWITCH_TRIES 10
#define ENDED_KEPT        5000

struct run {
	struct bt_options *options;
	struct bt_session session;
	struct bt_spawn spawn;
	struct bt_tree *tree;
	struct bt_identity root;
	struct bt_run_result result;
	bool failed; /* it cannot be measured any more, and that was said */
};

static uint64_t timeval_ns(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000000ull + (uint64_t)t->tv_usec * 1000ull;
}

/* Waits for what is known to have ended, or, where it can no longer be measured, for its end. */
static void reap(struct run *r)
{
	struct rusage usage;
	int code = 0;

	while (wait4(r->spawn.pid, &code, 0, &usage) < 0 && errno == EINTR)
		;
	r->spawn.pid = 0;
	r->result.user_ns = timeval_ns(&usage.ru_utime);
	r->result.system_ns = timeval_ns(&usage.ru_stime);
	r->result.exit_status = WIFSIGNALED(code) ? BT_EXIT_SIGNAL + WTERMSIG(code) : WEXITSTATUS(code);
}

static void refresh(struct run *r)
{
	if (bt_session_read(&r->session))
		r->failed = true;
	else
		bt_model_prune(r->session.model, ENDED_KEPT);
}

/* Until the command has ended. */
static void watch(struct run *r)
{
	struct pollfd end = {.fd = r->spawn.pidfd, .events = POLLIN};
	uint64_t refresh_at_ns = bt_clock_ns() + REFRESH_NS;

	while (!r->failed) {
		enum bt_wake wake = bt_session_wait(&r->session, refresh_at_ns, &end, 1);

		if (wake == BT_WAKE_FD)
			return;
		r->failed = wake == BT_WAKE_FAILED;
		/* Those of a terminal reach the command by themselves, as with time(1). */
		if (wake == BT_WAKE_SIGNAL && r->session.signal != SIGINT && r->session.signal != SIGQUIT)
			kill(r->spawn.pid, r->session.signal);
		if (wake == BT_WAKE_DEADLINE) {
			refresh(r);
			refresh_at_ns = bt_clock_ns() + REFRESH_NS;
		}
	}
}

/* The last reading: takes in how the command ended. */
static void read_end(struct run *r)
{
	for (int i = 0; i < LAST_SWITCH_TRIES && !r->failed; i++) {
		const struct bt_process *root;

		refresh(r);
		root = bt_model_find_identity(r->session.model, &r->root);
		if (!root || root->exited)
			return;
		r->failed =
		    bt_session_wait(&r->session, bt_clock_ns() + LAST_SWITCH_NS, NULL, 0) == BT_WAKE_FAILED;
	}
}

/* Writes the report where it belongs. 0, or -1 and was said. */
static int report(struct run *r)
{
	struct bt_options *o = r->options;
	struct bt_report report = bt_session_report(&r->session, false);
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_style style = bt_style_detect(STDOUT_FILENO);
	int err;

	if (!report.frame)
		return -1;
	err = bt_tree_members(r->tree, &report.processes, &report.process_count);
	if (!err) {
		bt_session_describe(&r->session, &report);
		report.total = bt_tree_total(r->tree);
		report.descendants = bt_tree_descendants(r->tree);
		for (size_t i = 0; i < report.process_count; i++)
			r->result.still_running += !report.processes[i]->exited &&
						   report.processes[i]->state != 'Z' &&
						   report.processes[i]->identity.pid != r->root.pid;
		report.run = &r->result;
		if (o->output)
			style = (struct bt_style){.utf8 = style.utf8};
		err = o->json ? bt_view_json(&report, &style, &out) : bt_view_run(&report, &style, &out);
	}
	if (err)
		bt_complain("no memory for the report");
	else if (o->output)
		err = bt_output_replace(o->output, &out);
	else
		err = bt_output_write(STDOUT_FILENO, "standard output", &out);
	bt_strbuf_free(&out);
	return err && err != BT_OUTPUT_CLOSED ? -1 : 0;
}

static int complain_spawn(const char *command, int err)
{
	if (err == -ENOENT) {
		bt_complain("%s: no such command; see that it is installed and in PATH", command);
		return BT_EXIT_NOT_FOUND;
	}
	if (err == -EACCES)
		bt_complain("%s: cannot be executed: permission denied; see `ls -l`", command);
	else
		bt_complain("%s: cannot be executed: %s", command, strerror(-err));
	return BT_EXIT_NOT_EXECUTABLE;
}

/* From the stopped child to its end. Exit status. */
static int measure(struct run *r)
{
	const struct bt_options *o = r->options;
	struct bt_process *root;
	uint64_t begin_ns;
	int err;

	root = bt_model_find(r->session.model, r->spawn.pid);
	if (!root) {
		bt_complain("run: the collector does not see the command; nothing was started");
		return BT_EXIT_FAILED;
	}
	r->root = root->identity;
	if (bt_tree_create(r->session.model, &r->root, &r->tree)) {
		bt_complain("no memory for the tree; nothing was started");
		return BT_EXIT_FAILED;
	}
	begin_ns = bt_clock_ns();
	err = bt_spawn_release(&r->spawn);
	if (err)
		return complain_spawn(o->operands[0], err);
	watch(r);
	r->result.real_ns = bt_clock_ns() - begin_ns;
	reap(r);
	read_end(r);
	if (!r->failed && report(r))
		r->failed = true;
	return r->failed && !r->result.exit_status ? BT_EXIT_FAILED : r->result.exit_status;
}

static void join(struct bt_strbuf *out, char **argv, int argc)
{
	for (int i = 0; i < argc; i++) {
		if (i)
			bt_strbuf_add_char(out, ' ');
		bt_strbuf_add(out, argv[i]);
	}
}

int bt_command_run(struct bt_options *o)
{
	struct run r = {.options = o, .session = {.signal_fd = -1}};
	struct bt_strbuf command = BT_STRBUF_INIT;
	int status, err;

	if (!o->operand_count) {
		bt_complain("run: no command given; see boundtop run --help");
		return BT_EXIT_USAGE;
	}
	if (o->output && bt_output_check(o->output))
		return BT_EXIT_FAILED;
	join(&command, o->operands, o->operand_count);
	r.result.command = bt_strbuf_text(&command);
	status = bt_session_open(&r.session, o->collector);
	if (!status) {
		err = bt_spawn_prepare(&r.spawn, o->operands);
		if (err) {
			bt_complain("run: no process can be started: %s", strerror(-err));
			status = BT_EXIT_FAILED;
		}
	}
	/* A report in a file is written at the end, perhaps where root's capabilities are needed. */
	if (!status)
		status = bt_session_base(&r.session, o->output ? BT_DROP_NOTHING : BT_DROP_ALL);
	if (!status)
		status = measure(&r);
	bt_spawn_close(&r.spawn);
	bt_tree_destroy(r.tree);
	bt_session_close(&r.session);
	bt_strbuf_free(&command);
	return status;
}
