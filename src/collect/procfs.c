/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <uthash.h>
#include <utlist.h>

#include "describe.h"
#include "facts.h"
#include "host_sample.h"
#include "object.h"
#include "procfs_doubt.h"
#include "procfs_peer.h"
#include "procfs_task.h"
#include "syscall_table.h"

#define MS 1000000ull

/* How often threads that come and go from their waits are looked at, if that is cheap; the cost decides. */
#define SAMPLE_NS (10 * MS)
/* So often all threads are asked whether they ran. */
#define SCAN_NS       (300 * MS)
#define FIRST_SCAN_NS (30 * MS)
/* Parts of the time that may go to each of both; the walk for peers takes 0.004 at most. */
#define SAMPLE_SHARE 0.010
#define SCAN_SHARE   0.006
/* How long that walk may keep others waiting. */
#define PEERS_SLICE_NS (4 * MS)
/* Of the threads that sleep in doubt, about so many are looked at again in a scan. */
#define DOUBTS_A_SCAN 200
/* Threads whose files are kept open while they are sampled. */
#define KEPT_MAX 150
/* A sleeping thread is read whole every so many refreshes all the same. */
#define FULL_MASK 31

struct procfs {
	struct bt_collector base;
	struct bt_proc_eye eye;
	DIR *folder;
	int timer;
	struct bt_proc_thread *active;
	struct bt_proc_thread *next_sample; /* where the round goes on; NULL = at the first */
	size_t active_count, kept;
	struct bt_snapshot ended; /* records of ended threads that wait for the next read */
	struct bt_snapshot *out;  /* being filled; NULL: a scan between two reads */
	uint64_t next_id;
	uint64_t scan_ns, scan_cost_ns; /* the last one: when it began, and what it took of a CPU */
	uint64_t next_scan_ns;
	double budget_ns; /* that may go to samples */
	uint64_t sampled_ns;
	uint64_t boot_offset_ns;            /* CLOCK_BOOTTIME - CLOCK_MONOTONIC */
	uint64_t forks_before, seen_before; /* the kernel's count of threads at the first scan, and ours */
	uint64_t forks, found;
	uint32_t epoch, tick, reads;
	uint32_t doubts, doubts_before; /* threads that sleep in doubt, in this scan and the one before */
	uint32_t random;
	bool own_host; /* forks are those of all that is seen here */
	bool no_memory;
	bool walking; /* to find peers */
	bool hidden;  /* processes of others are not shown */
};

static struct procfs *of(struct bt_collector *c)
{
	return (struct procfs *)c;
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Sampling. */

static void files_open(struct procfs *c, struct bt_proc_thread *t)
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

static void files_close(struct procfs *c, struct bt_proc_thread *t)
{
	if (t->schedstat_fd < 0)
		return;
	close(t->schedstat_fd);
	if (t->call_fd >= 0)
		close(t->call_fd);
	t->schedstat_fd = t->call_fd = -1;
	c->kept--;
}

static void active_set(struct procfs *c, struct bt_proc_thread *t, bool active)
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

/* Uniform in [SAMPLE_NS / 2, 3/2 SAMPLE_NS): a fixed beat would meet programs that have the same one. */
static uint64_t sample_delay_ns(struct procfs *c)
{
	c->random = c->random * 1664525 + 1013904223;
	return SAMPLE_NS / 2 + (uint64_t)(c->random >> 8) * SAMPLE_NS / (1 << 24);
}

static void timer_set(struct procfs *c, uint64_t now_ns)
{
	uint64_t delay_ns = c->active || c->walking ? sample_delay_ns(c) : SCAN_NS;
	struct itimerspec next = {0};

	if (c->next_scan_ns < now_ns + delay_ns)
		delay_ns = c->next_scan_ns > now_ns + MS ? c->next_scan_ns - now_ns : MS;
	next.it_value.tv_sec = (time_t)(delay_ns / 1000000000);
	next.it_value.tv_nsec = (long)(delay_ns % 1000000000);
	timerfd_settime(c->timer, 0, &next, NULL);
}

/* As many of the active threads as the budget has room for, in turn. */
static void samples_take(struct procfs *c, uint64_t now_ns)
{
	uint64_t before_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	size_t taken = 0;

	c->budget_ns += (double)(now_ns - c->sampled_ns) * SAMPLE_SHARE;
	c->sampled_ns = now_ns;
	/* What was not needed is not saved up. */
	if (c->budget_ns > 20.0 * SAMPLE_NS * SAMPLE_SHARE)
		c->budget_ns = 20.0 * SAMPLE_NS * SAMPLE_SHARE;
	while (taken < c->active_count && c->budget_ns > 0) {
		struct bt_proc_thread *t = c->next_sample ? c->next_sample : c->active;
		uint64_t after_ns;

		c->next_sample = t->active_next;
		/* One that is gone is noticed by the scan. */
		(void)bt_proc_thread_sample(&c->eye, t);
		taken++;
		after_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		c->budget_ns -= (double)(after_ns - before_ns);
		before_ns = after_ns;
	}
}

/* Records. */

static struct bt_record *record_put(struct procfs *c, struct bt_snapshot *s, const struct bt_proc_thread *t,
				    enum bt_record_type type)
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

static void thread_emit(struct procfs *c, struct bt_proc_thread *t, bool same)
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

static void thread_free(struct procfs *c, struct bt_proc_thread *t)
{
	active_set(c, t, false);
	bt_doubt_forget(&c->eye, t);
	DL_DELETE(t->process->threads, t);
	t->process->thread_count--;
	free(t);
}

/* It is gone: what was last seen of it is all there will be. */
static void thread_end(struct procfs *c, struct bt_proc_thread *t)
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
static uint64_t birth_ns(const struct procfs *c, uint64_t start_ns)
{
	uint64_t born_ns = start_ns > c->boot_offset_ns ? start_ns - c->boot_offset_ns : 0;

	/* A start is known to a hundredth of a second, rounded down. */
	if (!c->scan_ns || born_ns + 2 * c->eye.clock_tick_ns < c->scan_ns)
		return 0;
	return born_ns > c->scan_ns ? born_ns : c->scan_ns;
}

static void forker_set(const struct procfs *c, struct bt_proc_thread *t)
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

static int thread_add(struct procfs *c, struct bt_proc_process *p, int32_t tid)
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
	now_ns = bt_proc_clock_ns();
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
static bool thread_visit(struct procfs *c, struct bt_proc_thread *t, bool *ran)
{
	struct bt_proc_schedstat kernel;
	bool full = c->out && !((c->reads + (uint32_t)t->tid) & FULL_MASK);
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
		bt_sampled_seen(&t->sampled, bt_proc_clock_ns());
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
		thread_emit(c, t,
			    sleeps && !full && t->emitted && t->emitted_ns == t->sampled.account.since_ns);
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
static void threads_list(struct procfs *c, struct bt_proc_process *p)
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
		DL_SEARCH_SCALAR(p->threads, t, tid, tid);
		if (!t)
			thread_add(c, p, tid);
	}
	closedir(folder);
	DL_FOREACH_SAFE(p->threads, t, next)
	{
		if (t->epoch != c->epoch)
			thread_end(c, t);
	}
}

static void process_free(struct procfs *c, struct bt_proc_process *e)
{
	struct bt_proc_thread *t, *next;

	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
	DL_FOREACH_SAFE(e->threads, t, next)
	thread_free(c, t);
	HASH_DEL(c->eye.processes, e);
	free(e);
}

static void process_end(struct procfs *c, struct bt_proc_process *e)
{
	struct bt_proc_thread *t, *next;

	DL_FOREACH_SAFE(e->threads, t, next)
	thread_end(c, t);
	process_free(c, e);
}

static void process_add(struct procfs *c, int32_t pid)
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

static void process_visit(struct procfs *c, struct bt_proc_process *p)
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
static uint64_t forks_read(const struct procfs *c)
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

/* Looks at every thread that there is. */
static int scan(struct procfs *c, struct bt_snapshot *out)
{
	uint64_t begin_ns = bt_proc_clock_ns();
	uint64_t cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t wait_ns;
	struct bt_proc_process *e, *next;
	struct dirent *d;

	c->epoch++;
	c->doubts_before = c->doubts;
	c->doubts = 0;
	c->out = out;
	c->no_memory = false;
	c->boot_offset_ns = clock_ns(CLOCK_BOOTTIME) - bt_proc_clock_ns();
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
	c->scan_cost_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	wait_ns = (uint64_t)((double)c->scan_cost_ns / SCAN_SHARE);
	c->next_scan_ns = bt_proc_clock_ns() + (wait_ns > SCAN_NS ? wait_ns : SCAN_NS);
	return c->no_memory ? -ENOMEM : 0;
}

static int procfs_drain(struct bt_collector *base)
{
	struct procfs *c = of(base);
	uint64_t expirations, now_ns = bt_proc_clock_ns();
	int err = 0;

	c->walking = bt_writers_walk(c->eye.peers, now_ns, PEERS_SLICE_NS);
	if (read(c->timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return -errno;
	if (now_ns >= c->next_scan_ns)
		err = scan(c, NULL);
	else
		samples_take(c, now_ns);
	timer_set(c, bt_proc_clock_ns());
	return err;
}

static int procfs_read(struct bt_collector *base, struct bt_snapshot *s)
{
	struct procfs *c = of(base);
	struct timespec t;
	unsigned char *room;
	uint64_t missed;
	int err;

	bt_snapshot_clear(s);
	c->reads++;
	s->begin_ns = bt_proc_clock_ns();
	err = scan(c, s);
	if (!err && c->ended.length) {
		room = bt_snapshot_reserve(s, c->ended.length);
		if (room) {
			memcpy(room, c->ended.records, c->ended.length);
			s->length += c->ended.length;
			bt_snapshot_clear(&c->ended);
		} else {
			err = -ENOMEM;
		}
	}
	if (err) {
		bt_snapshot_clear(s);
		return err;
	}
	s->end_ns = bt_proc_clock_ns();
	clock_gettime(CLOCK_REALTIME, &t);
	s->time_s = t.tv_sec;
	s->time_nsec = (uint32_t)t.tv_nsec;
	s->cpus_online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	s->self_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	s->tick_ns = c->eye.clock_tick_ns;
	s->exact = false;
	s->measured = BT_MEASURED_ALL;
	if (!bt_quotas_known(c->eye.quotas))
		s->measured &= ~(1u << BT_MS_CPU_QUOTA);
	if (c->eye.no_schedstat)
		s->measured &= ~(1u << BT_MS_RUN_QUEUE | 1u << BT_MS_CPU_QUOTA);
	/* Made and gone between two scans. */
	missed = c->forks - c->forks_before;
	s->loss = (struct bt_loss){0};
	if (c->own_host && missed > c->found - c->seen_before)
		s->loss.exits = missed - (c->found - c->seen_before);
	timer_set(c, s->end_ns);
	return 0;
}

static int procfs_poll_fd(const struct bt_collector *base)
{
	return ((const struct procfs *)base)->timer;
}

static void procfs_close(struct bt_collector *base)
{
	struct procfs *c = of(base);
	struct bt_proc_process *e, *next;

	if (!c)
		return;
	HASH_ITER (hh, c->eye.processes, e, next)
		process_free(c, e);
	bt_objects_destroy(c->base.objects);
	bt_proc_objects_destroy(c->eye.objects);
	bt_writers_destroy(c->eye.peers);
	bt_quotas_destroy(c->eye.quotas);
	bt_interpreters_destroy(c->eye.interpreters);
	bt_snapshot_free(&c->ended);
	if (c->timer >= 0)
		close(c->timer);
	if (c->folder)
		closedir(c->folder);
	free(c);
}

static const struct bt_collector_ops ops = {
    .name = "procfs",
    .exact = false,
    .read = procfs_read,
    .poll_fd = procfs_poll_fd,
    .drain = procfs_drain,
    .describe = bt_describe_from_proc,
    .host = bt_host_from_proc,
    .object = bt_object_from_proc,
    .stack = bt_stack_from_proc,
    .close = procfs_close,
};

static int eye_open(struct procfs *c)
{
	struct bt_proc_eye *e = &c->eye;
	struct timespec tick = {0};
	struct bt_proc_schedstat own;
	char text[128];
	int err;

	e->proc = dirfd(c->folder);
	bt_syscall_table_fill(e->classes);
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	e->tick_ns = (uint64_t)tick.tv_nsec;
	e->clock_tick_ns = 1000000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	e->page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	/* A kernel that does not count says nothing but zeros. */
	e->no_schedstat = bt_proc_read(e->proc, "self/schedstat", text, sizeof(text)) <= 0 ||
			  bt_proc_schedstat_parse(text, &own) || !own.oncpu_ns;
	err = bt_proc_objects_create(&e->objects, e->proc);
	if (!err)
		err = bt_writers_create(&e->peers, e->proc);
	if (!err)
		err = bt_quotas_create(&e->quotas, e->proc);
	return err ? err : bt_interpreters_create(&e->interpreters);
}

/* Is there a process 1 that we cannot see? */
static bool is_hidden(const struct procfs *c)
{
	char text[8];
	ssize_t length = bt_proc_read(c->eye.proc, "1/stat", text, sizeof(text));

	return length == -ENOENT || length == -EPERM || length == -EACCES;
}

int bt_procfs_open(struct bt_collector **out, char *note, size_t size)
{
	struct procfs *c = calloc(1, sizeof(*c));
	char text[8];
	int err;

	note[0] = '\0';
	if (!c)
		return -ENOMEM;
	c->base.ops = &ops;
	c->base.search_ns = BT_SEARCH_ONCE_NS;
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	err = c->timer < 0 ? -errno : 0;
	if (!err)
		c->folder = opendir("/proc");
	if (!err && (!c->folder || bt_proc_read(dirfd(c->folder), "self/stat", text, sizeof(text)) <= 0))
		err = -ENOENT;
	if (err == -ENOENT)
		snprintf(note, size, "needs /proc, which is not mounted: mount -t proc proc /proc");
	if (!err)
		err = eye_open(c);
	c->hidden = !err && is_hidden(c);
	/* Of those that are hidden nobody knows how many there were. */
	c->own_host = !bt_facts_pids_are_foreign() && !c->hidden;
	c->random = (uint32_t)bt_proc_clock_ns();
	if (!err)
		err = scan(c, NULL);
	if (err) {
		procfs_close(&c->base);
		return err;
	}
	c->next_scan_ns = bt_proc_clock_ns() + FIRST_SCAN_NS;
	c->sampled_ns = bt_proc_clock_ns();
	if (c->hidden)
		snprintf(
		    note, size,
		    "/proc shows you your own processes alone (hidepid): mount -o remount,hidepid=0 /proc, "
		    "or run it by sudo");
	if (c->eye.no_schedstat)
		snprintf(note, size,
			 "this kernel keeps no /proc/PID/schedstat (CONFIG_SCHED_INFO): waits for a CPU are "
			 "not seen, "
			 "and on-CPU time by the tick only");
	*out = &c->base;
	return 0;
}
