/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop run: like time(1), but says where the time went. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lookup.h"
#include "options.h"
#include "output.h"
#include "rlimits.h"
#include "session.h"
#include "spawn.h"
#include "tree.h"

#define REFRESH_NS 1000000000ull
/* The kernel tells of the end of a process a moment before its last switch, which is what the collector sees.
 */
#define LAST_SWITCH_NS    2000000ull
#define LAST_SWITCH_TRIES 5
#define ENDED_KEPT        5000
/* So long it is waited for the child to have come to where it waits. */
#define GATE_NS    1000000ull
#define GATE_TRIES 1000

struct run {
	struct bt_options *options;
	struct bt_session session;
	struct bt_spawn spawn;
	struct bt_tree *tree;
	struct bt_identity root;
	uint64_t begin_ns; /* when the command was released */
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

/* How many of the command's descendants live. */
static size_t count_living(struct run *r)
{
	struct bt_process **list;
	size_t count, living = 0;

	if (bt_tree_members(r->tree, &list, &count))
		return 0;
	for (size_t i = 0; i < count; i++)
		living += list[i]->threads && list[i]->identity.pid != r->root.pid;
	return living;
}

/*
 * The last readings: take in how the command ended, and those of its descendants that end with it. What
 * others do after its end is not of the report.
 */
static void read_end(struct run *r)
{
	struct bt_model *m = r->session.model;
	uint64_t end_ns = bt_clock_ns();

	bt_model_end_at(m, end_ns);
	for (int i = 0; i < LAST_SWITCH_TRIES && !r->failed; i++) {
		const struct bt_process *root;

		refresh(r);
		if (r->failed)
			break;
		root = bt_model_frame(m) ? bt_model_find_identity(m, &r->root) : NULL;
		/* Its last switch, rather than when we had a CPU to hear of it. */
		if (root && root->exited)
			end_ns = root->end_ns;
		if (!root || (root->exited && !count_living(r)))
			break;
		r->failed =
		    bt_session_wait(&r->session, bt_clock_ns() + LAST_SWITCH_NS, NULL, 0) == BT_WAKE_FAILED;
	}
	bt_model_end_at(m, end_ns);
	r->result.real_ns = end_ns - r->begin_ns;
}

/* CPU time that the kernel counted and no look met: of processes that came and went between two scans. */
static void missed_say(const struct run *r, const struct bt_report *report)
{
	uint64_t counted_ns = r->result.user_ns + r->result.system_ns;
	/* The total has those that a parent waited for. */
	uint64_t seen_ns = report->total->usage.totals.oncpu_ns - bt_tree_missed_ns(r->tree);
	/* Two clocks, of which one goes by the tick. */
	uint64_t alike_ns = counted_ns / 20 + 20000000;

	if (!report->frame->exact && counted_ns > seen_ns + alike_ns)
		bt_complain("sampling missed short-lived descendants, which took %.2f of %.2f s of CPU time; "
			    "the exact collector sees them: boundtop check says what it lacks",
			    (double)(counted_ns - seen_ns) / 1e9, (double)counted_ns / 1e9);
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
	report.bursts = r->options->bursts;
	err = bt_tree_members(r->tree, &report.processes, &report.process_count);
	if (!err) {
		bt_session_describe(&r->session, &report);
		report.total = bt_tree_total(r->tree);
		report.descendants = bt_tree_descendants(r->tree);
		r->result.still_running = count_living(r);
		report.run = &r->result;
		missed_say(r, &report);
		if (o->output)
			style = (struct bt_style){.utf8 = style.utf8};
		err = o->json ? bt_view_json(&report, &style, &out) : bt_view_run(&report, &style, &out);
	}
	if (err)
		bt_complain("no memory for the report%s", bt_limit_remedy(-ENOMEM));
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

/* Has it been seen to stand where it waits to be released? */
static bool is_held(struct run *r)
{
	struct bt_process *p = bt_model_find_identity(r->session.model, &r->root);
	const struct bt_thread *t;

	if (!p || bt_model_threads(r->session.model, p) || p->thread_count != 1)
		return false;
	t = p->thread_list[0];
	/* On its way there it may wait for something else, such as a page. */
	return t->blocked && t->state == 'S' && t->open.syscall == SYS_rt_sigtimedwait;
}

/* Until the model knows the child, and knows it to wait. Exit status. */
static int await_child(struct run *r)
{
	struct bt_process *root = bt_model_find(r->session.model, r->spawn.pid);
	int status = 0;

	if (!root) {
		bt_complain("run: the collector does not see the command; nothing was started");
		return BT_EXIT_FAILED;
	}
	r->root = root->identity;
	for (int i = 0; i < GATE_TRIES && !status && !is_held(r); i++) {
		if (bt_session_wait(&r->session, bt_clock_ns() + GATE_NS, NULL, 0) == BT_WAKE_FAILED)
			return BT_EXIT_FAILED;
		status = bt_session_read(&r->session);
	}
	bt_model_begin(r->session.model);
	return status;
}

/* From the waiting child to its end. Exit status. */
static int measure(struct run *r)
{
	const struct bt_options *o = r->options;
	int status = await_child(r);
	int err;

	if (status)
		return status;
	if (bt_tree_create(r->session.model, &r->root, &r->tree)) {
		bt_complain("no memory for the tree; nothing was started%s", bt_limit_remedy(-ENOMEM));
		return BT_EXIT_FAILED;
	}
	/* Its account begins here: what it waited for before was us. */
	r->begin_ns = bt_clock_ns();
	err = bt_spawn_release(&r->spawn);
	bt_model_begin_at(r->session.model, &r->root, r->begin_ns);
	if (!err)
		err = bt_spawn_confirm(&r->spawn);
	if (err)
		return complain_spawn(o->operands[0], err);
	watch(r);
	read_end(r);
	reap(r);
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
			bt_complain("run: no process can be started: %s%s", strerror(-err),
				    bt_limit_remedy(err));
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
