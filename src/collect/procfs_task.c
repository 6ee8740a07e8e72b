/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_task.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "procfs_cause.h"
#include "procfs_doubt.h"

#define PF_IO_WORKER 0x00000010 /* include/linux/sched.h */
#define PF_KTHREAD   0x00200000

/* A file of a thread; fd: kept open on it, -1 = not. */
static ssize_t thread_file(const struct bt_proc_eye *e, const struct bt_proc_thread *t, const char *name,
			   int fd, char *text, size_t size)
{
	char path[64];
	ssize_t length;

	if (fd >= 0) {
		length = pread(fd, text, size - 1, 0);
		if (length < 0)
			return -errno;
		text[length] = '\0';
		return length;
	}
	snprintf(path, sizeof(path), "%d/task/%d/%s", t->process->pid, t->tid, name);
	return bt_proc_read(e->proc, path, text, size);
}

int bt_proc_thread_clock(const struct bt_proc_eye *e, const struct bt_proc_thread *t,
			 struct bt_proc_schedstat *out)
{
	char text[128];

	if (e->no_schedstat) {
		*out = (struct bt_proc_schedstat){0};
		return 0;
	}
	if (thread_file(e, t, "schedstat", t->schedstat_fd, text, sizeof(text)) <= 0 ||
	    bt_proc_schedstat_parse(text, out))
		return -ESRCH;
	return 0;
}

int bt_proc_thread_call(const struct bt_proc_eye *e, const struct bt_proc_thread *t,
			struct bt_proc_syscall *out)
{
	char text[512];
	ssize_t length = t->foreign ? -EPERM : thread_file(e, t, "syscall", t->call_fd, text, sizeof(text));

	if (length <= 0)
		return length ? (int)length : -ESRCH;
	return bt_proc_syscall_parse(text, out);
}

/* Without schedstat: by the ticks, and each switch is a turn. */
static void clock_by_ticks(const struct bt_proc_eye *e, const struct bt_proc_stat *stat,
			   const struct bt_proc_status *status, struct bt_proc_schedstat *out)
{
	out->oncpu_ns = (stat->utime_ticks + stat->stime_ticks) * e->clock_tick_ns;
	out->run_queue_ns = 0;
	out->turns = status->voluntary + status->involuntary;
}

static bool in_gil(struct bt_proc_eye *e, struct bt_proc_process *p, uint64_t address)
{
	/* One thread has no one to share with. */
	if (p->thread_count < 2)
		return false;
	if (!p->gil_asked) {
		p->gil_asked = true;
		bt_interpreter_find(e->interpreters, p->pid, address, &p->gil);
	}
	return address >= p->gil.from && address - p->gil.from < p->gil.size;
}

/* What it is asleep for. state 0: not known yet, read where it matters. false: it runs, or it is gone. */
static bool reason_look(struct bt_proc_eye *e, struct bt_proc_thread *t, const struct bt_proc_stat *stat,
			struct bt_reading *r)
{
	struct bt_evidence evidence = {.state = 'S', .wchan = ""};
	struct bt_proc_stat own;
	char text[512], wchan[64] = "";

	if (!t->foreign) {
		int err = bt_proc_thread_call(e, t, &evidence.call);

		if (err == -EPERM || err == -EACCES)
			t->foreign = true;
		evidence.call_known = !err;
		if (!err && evidence.call.running)
			return false;
	}
	if (evidence.call_known && evidence.call.nr >= 0 && evidence.call.nr < BT_SYSCALL_MAX)
		evidence.class = e->classes[evidence.call.nr];
	if (!stat) {
		if (thread_file(e, t, "stat", -1, text, sizeof(text)) <= 0 || bt_proc_stat_parse(text, &own))
			return false;
		stat = &own;
	}
	evidence.state = stat->state;
	if (stat->state == 'R' || stat->state == 'Z' || stat->state == 'X')
		return false;
	evidence.kernel_thread = stat->flags & (PF_KTHREAD | PF_IO_WORKER);
	evidence.faults = stat->major_faults > t->faults;
	t->faults = stat->major_faults;
	if (evidence.call_known && evidence.class == BT_SC_FUTEX)
		evidence.gil = in_gil(e, t->process, evidence.call.arg[0]);
	if (evidence.call_known && bt_class_has_object(evidence.class))
		evidence.object_known = !bt_proc_object_find(e->objects, t->process->pid,
							     (int)evidence.call.arg[0], &evidence.object);
	if (!evidence.call_known || evidence.call.nr < 0 || evidence.class == BT_SC_OTHER)
		if (thread_file(e, t, "wchan", -1, wchan, sizeof(wchan)) > 0 && strcmp(wchan, "0") != 0)
			evidence.wchan = wchan;
	r->blocked = true;
	r->guess = !bt_cause_of_evidence(&evidence, &r->reason);
	t->doubt = r->guess && evidence.call_known;
	if (t->doubt)
		bt_doubt_settle(e, t, &evidence, &r->reason);
	return true;
}

int bt_proc_thread_sample(struct bt_proc_eye *e, struct bt_proc_thread *t)
{
	struct bt_reading r = {0};

	if (e->no_schedstat)
		return 0;
	if (bt_proc_thread_clock(e, t, &r.kernel))
		return -ESRCH;
	r.now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	if (bt_sampled_sleeps(&t->sampled, &r.kernel))
		bt_sampled_seen(&t->sampled, r.now_ns);
	else if (reason_look(e, t, NULL, &r))
		bt_sampled_close(&t->sampled, &r, e->tick_ns);
	return 0;
}

void bt_proc_thread_doubt(struct bt_proc_eye *e, struct bt_proc_thread *t)
{
	struct bt_reading r = {.kernel = t->sampled.kernel, .now_ns = bt_clock_read_ns(CLOCK_MONOTONIC)};
	const struct bt_reason *before = &t->sampled.account.reason;

	if (!reason_look(e, t, NULL, &r) ||
	    (r.reason.cause == before->cause && r.reason.object == before->object))
		return;
	bt_sampled_seen(&t->sampled, r.now_ns);
	bt_sampled_close(&t->sampled, &r, e->tick_ns);
}

static void facts_fill(const struct bt_proc_eye *e, struct bt_proc_thread *t, const struct bt_proc_stat *stat,
		       const struct bt_proc_schedstat *kernel)
{
	struct bt_facts *f = &t->facts;

	f->tgid = t->process->pid;
	f->leader_start_ns = t->process->start_ns;
	f->ppid = stat->ppid;
	f->start_ns = stat->start_ticks * e->clock_tick_ns;
	f->utime_ns = stat->utime_ticks * e->clock_tick_ns;
	f->stime_ns = stat->stime_ticks * e->clock_tick_ns;
	f->runtime_ns = kernel->oncpu_ns;
	f->group_ended_runtime_ns = t->process->group_ended_ns;
	f->children_utime_ns = stat->child_utime_ticks * e->clock_tick_ns;
	f->children_stime_ns = stat->child_stime_ticks * e->clock_tick_ns;
	f->rss_bytes = stat->rss_pages * e->page_bytes;
	f->minor_faults = stat->minor_faults;
	f->major_faults = stat->major_faults;
	f->nice = stat->nice;
	f->state = stat->state;
	f->kind = stat->flags & PF_KTHREAD ? BT_KIND_KERNEL : BT_KIND_USER;
	f->exit_code = BT_EXIT_UNKNOWN;
	memcpy(f->comm, stat->comm, sizeof(f->comm));
}

int bt_proc_thread_read(struct bt_proc_eye *e, struct bt_proc_thread *t)
{
	struct bt_facts *f = &t->facts;
	struct bt_reading r = {0};
	struct bt_proc_status status = {
	    .euid = f->uid, .voluntary = f->voluntary, .involuntary = f->involuntary};
	struct bt_proc_stat stat;
	struct bt_proc_io io;
	char text[BT_PROC_TEXT];

	if (bt_proc_thread_clock(e, t, &r.kernel))
		return -ESRCH;
	r.now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	if (thread_file(e, t, "stat", -1, text, sizeof(text)) <= 0 || bt_proc_stat_parse(text, &stat))
		return -ESRCH;
	/* Another one has its number by now. */
	if (f->start_ns && f->start_ns != stat.start_ticks * e->clock_tick_ns)
		return -ESRCH;
	if (thread_file(e, t, "status", -1, text, sizeof(text)) > 0)
		bt_proc_status_parse(text, &status);
	if (e->no_schedstat)
		clock_by_ticks(e, &stat, &status, &r.kernel);
	t->valid = BT_VALID_ACCOUNT | BT_VALID_TICKS | BT_VALID_RSS | BT_VALID_WAITS | BT_VALID_RUNTIME;
	facts_fill(e, t, &stat, &r.kernel);
	f->uid = status.euid;
	f->voluntary = status.voluntary;
	f->involuntary = status.involuntary;
	if (thread_file(e, t, "io", -1, text, sizeof(text)) > 0 && !bt_proc_io_parse(text, &io)) {
		t->valid |= BT_VALID_IO;
		f->rchar = io.rchar;
		f->wchar = io.wchar;
		f->read_bytes = io.read_bytes;
		f->write_bytes = io.write_bytes;
	}
	if (bt_sampled_sleeps(&t->sampled, &r.kernel)) {
		bt_sampled_seen(&t->sampled, r.now_ns);
		/* Stopped in its sleep, or gone on: no CPU is needed for that. Nor for others to begin to
		 * work for it, or to end. */
		if (!t->doubt && (stat.state == 'T' || stat.state == 't') ==
				     (t->sampled.account.reason.cause == BT_MS_STOPPED))
			return 0;
	}
	/* It wants a CPU now, or waited for one. */
	if (!reason_look(e, t, &stat, &r) || r.kernel.run_queue_ns > t->sampled.kernel.run_queue_ns)
		r.quota = bt_quotas_part(e->quotas, t->process->pid, &t->process->quota, r.now_ns);
	r.blkio_ns = stat.blkio_ticks * e->clock_tick_ns;
	r.stayed = f->voluntary == t->voluntary;
	t->voluntary = f->voluntary;
	bt_sampled_close(&t->sampled, &r, e->tick_ns);
	if (stat.state == 'Z' || stat.state == 'X')
		bt_sampled_end(&t->sampled);
	return 0;
}
