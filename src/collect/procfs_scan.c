/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads and processes below /proc: how they come and go, and the records that tell of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <uthash.h>
#include <utlist.h>

#include "clock.h"
#include "procfs_doubt.h"
#include "procfs_internal.h"

/* The part of the time that may go to scans. */
#define SCAN_SHARE 0.006
/* Of the threads that sleep in doubt, about so many are looked at again in a scan. */
#define DOUBTS_A_SCAN 200
/* Threads whose files are kept open while they are sampled. */
#define KEPT_MAX 150
/* A sleeping thread is read whole every so many refreshes all the same. */
#define FULL_MASK 31

static void files_open(struct bt_procfs *c, struct bt_proc_thread *t)
{
	char path[64];

	if (c->kept >= KEPT_MAX || t->schedstat_fd >= 0)
		return;
	snprintf(path, sizeof(path), "%d/task/%d/schedstat", t->process->pid, t->tid);
	t->schedstat_fd = openat(c->eye.proc, path, O_RDONLY | O_CLOEXEC);
	if (t->schedstat_fd < 0)
		return;
	c->kept++;
	if (t->foreign)
		return;
	snprintf(path, sizeof(path), "%d/task/%d/syscall", t->process->pid, t->tid);
	t->call_fd = openat(c->eye.proc, path, O_RDONLY | O_CLOEXEC);
}

static void files_close(struct bt_procfs *c, struct bt_proc_thread *t)
{
	if (t->schedstat_fd < 0)
		return;
	close(t->schedstat_fd);
	if (t->call_fd >= 0)
		close(t->call_fd);
	t->schedstat_fd = t->call_fd = -1;
	c->kept--;
}

static void active_set(struct bt_procfs *c, struct bt_proc_thread *t, bool active)
{
	if (t->active == active)
		return;
	t->active = active;
	if (active) {
		DL_APPEND2(c->active, t, active_prev, active_next);
		c->active_count++;
		files_open(c, t);
		return;
	}
	if (c->next_sample == t)
		c->next_sample = t->active_next;
	DL_DELETE2(c->active, t, active_prev, active_next);
	c->active_count--;
	files_close(c, t);
}

/* Records. */

static struct bt_record *record_put(struct bt_procfs *c, struct bt_snapshot *s,
				    const struct bt_proc_thread *t, enum bt_record_type type)
{
	struct bt_record *r = (struct bt_record *)(void *)bt_snapshot_reserve(s, sizeof(*r));

	if (!r) {
		c->no_memory = true;
		return NULL;
	}
	r->head = (struct bt_record_head){
	    .size = sizeof(*r),
	    .type = (uint8_t)type,
	    .valid = t->valid,
	    .tid = t->tid,
	    .id = t->sampled.account.id,
	    .now_ns =
		t->sampled.account.phase == BT_PHASE_DEAD ? t->sampled.account.since_ns : t->sampled.seen_ns,
	};
	r->facts = t->facts;
	r->facts.guessed_ns = t->sampled.guessed_ns;
	if (t->sampled.guess && t->sampled.account.phase == BT_PHASE_BLOCKED) {
		r->facts.guessed_ns += bt_span_ns(t->sampled.account.since_ns, r->head.now_ns);
		r->head.valid |= BT_VALID_GUESS;
	}
	r->account = t->sampled.account;
	s->length += sizeof(*r);
	return r;
}

static void thread_emit(struct bt_procfs *c, struct bt_proc_thread *t, bool same)
{
	struct bt_record_head *head;

	if (!same) {
		t->emitted = record_put(c, c->out, t, BT_RECORD_THREAD) != NULL;
		t->emitted_ns = t->sampled.account.since_ns;
		return;
	}
	head = (struct bt_record_head *)(void *)bt_snapshot_reserve(c->out, sizeof(*head));
	if (!head) {
		c->no_memory = true;
		return;
	}
	*head = (struct bt_record_head){
	    .size = sizeof(*head),
	    .type = BT_RECORD_SAME,
	    .valid = t->valid | (t->sampled.guess ? BT_VALID_GUESS : 0),
	    .tid = t->tid,
	    .id = t->sampled.account.id,
	    .now_ns = t->sampled.seen_ns,
	};
	c->out->length += sizeof(*head);
}

/* Threads and processes. */

static void thread_free(struct bt_procfs *c, struct bt_proc_thread *t)
{
	active_set(c, t, false);
	bt_doubt_forget(&c->eye, t);
	DL_DELETE(t->process->threads, t);
	t->process->thread_count--;
	free(t);
}

/* It is gone: what was last seen of it is all there will be. */
static void thread_end(struct bt_procfs *c, struct bt_proc_thread *t)
{
	struct bt_record *r;

	if (t->valid) {
		if (t->sampled.account.phase != BT_PHASE_DEAD) {
			uint64_t seen_ns = t->sampled.seen_ns;

			if (t->sampled.account.phase == BT_PHASE_BLOCKED)
				bt_totals_add(&t->sampled.account.totals, t->sampled.account.reason.cause,
					      bt_span_ns(t->sampled.account.since_ns, seen_ns));
			t->sampled.account.since_ns = seen_ns;
			bt_sampled_end(&t->sampled);
		}
		r = record_put(c, &c->ended, t, BT_RECORD_ENDED);
		if (r)
			r->facts.state = 'X';
	}
	thread_free(c, t);
}

/* When a thread that starts so late after boot was born; 0: before the last scan. */
static uint64_t birth_ns(const struct bt_procfs *c, uint64_t start_ns)
{
	uint64_t born_ns = start_ns > c->boot_offset_ns ? start_ns - c->boot_offset_ns : 0;

	/* A start is known to a hundredth of a second, rounded down. */
	if (!c->scan_ns || born_ns + 2 * c->eye.clock_tick_ns < c->scan_ns)
		return 0;
	return born_ns > c->scan_ns ? born_ns : c->scan_ns;
}

static void forker_set(const struct bt_procfs *c, struct bt_proc_thread *t)
{
	struct bt_proc_process *parent;
	int32_t ppid = t->facts.ppid;

	/* An orphan's parent is none of who forked it. */
	if (ppid <= 1)
		return;
	HASH_FIND_INT(c->eye.processes, &ppid, parent);
	if (!parent)
		return;
	t->sampled.account.parent_tgid = ppid;
	t->sampled.account.parent_start_ns = parent->start_ns;
}

/* The command that `run` started: it is what all this is for. */
static bool is_own_child(const struct bt_proc_thread *t)
{
	return t->facts.ppid == getpid();
}

static int thread_add(struct bt_procfs *c, struct bt_proc_process *p, int32_t tid)
{
	struct bt_proc_thread *t = calloc(1, sizeof(*t));
	struct bt_proc_schedstat kernel = {0};
	uint64_t now_ns, born_ns;
	char path[64], text[BT_PROC_TEXT];
	struct bt_proc_stat stat;

	if (!t) {
		c->no_memory = true;
		return -ENOMEM;
	}
	t->tid = tid;
	t->process = p;
	t->schedstat_fd = t->call_fd = -1;
	snprintf(path, sizeof(path), "%d/task/%d/stat", p->pid, tid);
	now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	if (bt_proc_read(c->eye.proc, path, text, sizeof(text)) <= 0 || bt_proc_stat_parse(text, &stat) ||
	    bt_proc_thread_clock(&c->eye, t, &kernel)) {
		free(t);
		return -ESRCH;
	}
	born_ns = birth_ns(c, stat.start_ticks * c->eye.clock_tick_ns);
	if (born_ns)
		kernel = (struct bt_proc_schedstat){0};
	bt_sampled_begin(&t->sampled, ++c->next_id, born_ns ? born_ns : now_ns, &kernel);
	t->sampled.account.leader_start_ns = p->start_ns;
	t->sampled.blkio_ns = born_ns ? 0 : stat.blkio_ticks * c->eye.clock_tick_ns;
	t->faults = stat.major_faults;
	t->voluntary = born_ns ? 0 : UINT64_MAX;
	DL_APPEND(p->threads, t);
	p->thread_count++;
	t->facts.start_ns = stat.start_ticks * c->eye.clock_tick_ns;
	if (bt_proc_thread_read(&c->eye, t)) {
		thread_free(c, t);
		return -ESRCH;
	}
	c->found++;
	if (born_ns)
		forker_set(c, t);
	if (c->out)
		thread_emit(c, t, false);
	if (born_ns || is_own_child(t))
		active_set(c, t, true);
	t->epoch = c->epoch;
	return 0;
}

/* false: it is gone. *ran: something happened. */
static bool thread_visit(struct bt_procfs *c, struct bt_proc_thread *t, bool *ran)
{
	struct bt_proc_schedstat kernel;
	bool news = !t->emitted || t->emitted_ns != t->sampled.account.since_ns;
	/* A look between two snapshots takes the clock alone: name and counters are of the snapshot before.
	 */
	bool full = c->out && (news || !((c->reads + (uint32_t)t->tid) & FULL_MASK));
	bool sleeps;

	t->epoch = c->epoch;
	if (t->sampled.account.phase == BT_PHASE_DEAD) {
		/* A zombie has nothing to do but to be there. */
		char path[64], text[BT_PROC_TEXT];
		struct bt_proc_stat stat;

		snprintf(path, sizeof(path), "%d/task/%d/stat", t->process->pid, t->tid);
		if (bt_proc_read(c->eye.proc, path, text, sizeof(text)) <= 0 ||
		    bt_proc_stat_parse(text, &stat) ||
		    stat.start_ticks * c->eye.clock_tick_ns != t->facts.start_ns)
			return false;
		active_set(c, t, false);
		if (c->out)
			thread_emit(c, t, false);
		return true;
	}
	if (bt_proc_thread_clock(&c->eye, t, &kernel))
		return false;
	sleeps = !c->eye.no_schedstat && bt_sampled_sleeps(&t->sampled, &kernel);
	if (sleeps && !full) {
		bt_sampled_seen(&t->sampled, bt_clock_read_ns(CLOCK_MONOTONIC));
		c->doubts += t->doubt;
		if (t->doubt && !((c->epoch + (uint32_t)t->tid) % (1 + c->doubts_before / DOUBTS_A_SCAN)))
			bt_proc_thread_doubt(&c->eye, t);
	} else {
		*ran |= !sleeps;
		if (bt_proc_thread_read(&c->eye, t))
			return false;
	}
	/* It is looked at more often for as long as it wakes up. */
	if (!c->eye.no_schedstat)
		active_set(c, t, !sleeps || t->sampled.account.since_ns > c->scan_ns || is_own_child(t));
	if (c->out)
		thread_emit(c, t, sleeps && !full && t->emitted_ns == t->sampled.account.since_ns);
	return true;
}

static bool number_of(const struct dirent *d, int32_t *out)
{
	char *end;
	long value;

	if (d->d_name[0] < '1' || d->d_name[0] > '9')
		return false;
	value = strtol(d->d_name, &end, 10);
	*out = (int32_t)value;
	return !*end && value > 0 && value <= INT32_MAX;
}

/* Finds its threads that came, and those that went. */
static void threads_list(struct bt_procfs *c, struct bt_proc_process *p)
{
	struct bt_proc_thread *t, *next;
	struct dirent *d;
	char path[32];
	DIR *folder;
	int fd;

	snprintf(path, sizeof(path), "%d/task", p->pid);
	fd = openat(c->eye.proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder = fd < 0 ? NULL : fdopendir(fd);
	if (!folder) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(folder))) {
		int32_t tid;

		if (!number_of(d, &tid))
			continue;
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the list */
		DL_SEARCH_SCALAR(p->threads, t, tid, tid);
		if (!t)
			thread_add(c, p, tid);
	}
	closedir(folder);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
	DL_FOREACH_SAFE(p->threads, t, next)
	{
		if (t->epoch != c->epoch)
			thread_end(c, t);
	}
}

static void process_free(struct bt_procfs *c, struct bt_proc_process *e)
{
	struct bt_proc_thread *t, *next;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
	DL_FOREACH_SAFE(e->threads, t, next)
	thread_free(c, t);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): its threads are no part of it */
	HASH_DEL(c->eye.processes, e);
	free(e);
}

static void process_end(struct bt_procfs *c, struct bt_proc_process *e)
{
	struct bt_proc_thread *t, *next;

	DL_FOREACH_SAFE(e->threads, t, next)
	thread_end(c, t);
	process_free(c, e);
}

static void process_add(struct bt_procfs *c, int32_t pid)
{
	struct bt_proc_process *e;
	struct bt_proc_thread *t;
	struct bt_proc_stat stat;
	char path[32], text[BT_PROC_TEXT];
	uint64_t group_ns, living_ns = 0;

	snprintf(path, sizeof(path), "%d/stat", pid);
	if (bt_proc_read(c->eye.proc, path, text, sizeof(text)) <= 0 || bt_proc_stat_parse(text, &stat))
		return;
	e = calloc(1, sizeof(*e));
	if (!e) {
		c->no_memory = true;
		return;
	}
	e->pid = pid;
	e->epoch = c->epoch;
	e->start_ns = stat.start_ticks * c->eye.clock_tick_ns;
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
	HASH_ADD_INT(c->eye.processes, pid, e);
	if (stat.threads > 1)
		threads_list(c, e);
	else
		thread_add(c, e, pid);
	if (!e->threads) {
		process_free(c, e);
		return;
	}
	DL_FOREACH(e->threads, t)
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were freed are out of the list */
	living_ns += t->facts.runtime_ns;
	group_ns = (stat.utime_ticks + stat.stime_ticks) * c->eye.clock_tick_ns;
	/* Two ticks can be lost in rounding. */
	if (group_ns > living_ns + 2 * c->eye.clock_tick_ns)
		e->group_ended_ns = group_ns - living_ns;
}

static void process_visit(struct bt_procfs *c, struct bt_proc_process *p)
{
	struct bt_proc_thread *t, *next;
	int32_t pid = p->pid;
	bool ran = false, gone = false;
	char path[64], text[BT_PROC_TEXT];
	struct bt_proc_stat stat;

	p->epoch = c->epoch;
	DL_FOREACH_SAFE(p->threads, t, next)
	{
		if (thread_visit(c, t, &ran))
			continue;
		gone = true;
		thread_end(c, t);
	}
	if (!p->threads) {
		/* Is it gone, or has another one its number? */
		process_end(c, p);
		process_add(c, pid);
		return;
	}
	/* Nobody makes threads without running. */
	if (!ran && !gone)
		return;
	if (p->thread_count == 1 && !gone) {
		snprintf(path, sizeof(path), "%d/stat", pid);
		if (bt_proc_read(c->eye.proc, path, text, sizeof(text)) <= 0 ||
		    bt_proc_stat_parse(text, &stat) || stat.threads == 1)
			return;
	}
	threads_list(c, p);
}

/* The number of threads that were made on this host so far; 0: not told. */
static uint64_t forks_read(const struct bt_procfs *c)
{
	FILE *file;
	char *line = NULL;
	size_t room = 0;
	unsigned long long forks = 0;
	int fd = openat(c->eye.proc, "stat", O_RDONLY | O_CLOEXEC);

	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while (getline(&line, &room, file) > 0)
		if (sscanf(line, "processes %llu", &forks) == 1)
			break;
	free(line);
	fclose(file);
	return forks;
}

int bt_procfs_scan(struct bt_procfs *c, struct bt_snapshot *out)
{
	uint64_t begin_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	uint64_t cpu_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t wait_ns;
	struct bt_proc_process *e, *next;
	struct dirent *d;

	c->epoch++;
	c->doubts_before = c->doubts;
	c->doubts = 0;
	c->out = out;
	c->no_memory = false;
	c->boot_offset_ns = bt_clock_read_ns(CLOCK_BOOTTIME) - bt_clock_read_ns(CLOCK_MONOTONIC);
	rewinddir(c->folder);
	while ((d = readdir(c->folder))) {
		int32_t pid;

		if (!number_of(d, &pid))
			continue;
		HASH_FIND_INT(c->eye.processes, &pid, e);
		if (e)
			process_visit(c, e);
		else
			process_add(c, pid);
	}
	HASH_ITER (hh, c->eye.processes, e, next) {
		if (e->epoch != c->epoch)
			process_end(c, e);
	}
	c->forks = forks_read(c);
	if (!c->scan_ns) {
		c->forks_before = c->forks;
		c->seen_before = c->found;
	}
	c->out = NULL;
	c->scan_ns = begin_ns;
	wait_ns = (uint64_t)((double)(bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns) / SCAN_SHARE);
	c->next_scan_ns = bt_clock_read_ns(CLOCK_MONOTONIC) + (wait_ns > BT_SCAN_NS ? wait_ns : BT_SCAN_NS);
	return c->no_memory ? -ENOMEM : 0;
}

void bt_procfs_forget(struct bt_procfs *c)
{
	struct bt_proc_process *e, *next;

	HASH_ITER (hh, c->eye.processes, e, next)
		process_free(c, e);
}
