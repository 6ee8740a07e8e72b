/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "describe.h"
#include "facts.h"
#include "host_sample.h"
#include "object.h"
#include "procfs_internal.h"
#include "procfs_peer.h"
#include "stack.h"
#include "syscall_table.h"

#define MS 1000000ull

/* How often threads that come and go from their waits are looked at, if that is cheap; the cost decides. */
#define SAMPLE_NS     (10 * MS)
#define FIRST_SCAN_NS (30 * MS)
/* The part of the time that may go to samples; the walk for peers takes 0.004 at most. */
#define SAMPLE_SHARE 0.010
/* How long that walk may keep others waiting. */
#define PEERS_SLICE_NS (4 * MS)

static struct bt_procfs *of(struct bt_collector *c)
{
	return (struct bt_procfs *)c;
}

/* Uniform in [SAMPLE_NS / 2, 3/2 SAMPLE_NS): a fixed beat would meet programs that have the same one. */
static uint64_t sample_delay_ns(struct bt_procfs *c)
{
	c->random = c->random * 1664525 + 1013904223;
	return SAMPLE_NS / 2 + (uint64_t)(c->random >> 8) * SAMPLE_NS / (1 << 24);
}

static void timer_set(struct bt_procfs *c, uint64_t now_ns)
{
	uint64_t delay_ns = c->active || c->walking ? sample_delay_ns(c) : BT_SCAN_NS;
	struct itimerspec next = {0};

	if (c->next_scan_ns < now_ns + delay_ns)
		delay_ns = c->next_scan_ns > now_ns + MS ? c->next_scan_ns - now_ns : MS;
	next.it_value.tv_sec = (time_t)(delay_ns / 1000000000);
	next.it_value.tv_nsec = (long)(delay_ns % 1000000000);
	timerfd_settime(c->timer, 0, &next, NULL);
}

/* As many of the active threads as the budget has room for, in turn. */
static void samples_take(struct bt_procfs *c, uint64_t now_ns)
{
	uint64_t before_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
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
		after_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
		c->budget_ns -= (double)(after_ns - before_ns);
		before_ns = after_ns;
	}
}

static int procfs_drain(struct bt_collector *base)
{
	struct bt_procfs *c = of(base);
	uint64_t expirations, now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	int err = 0;

	c->walking = bt_writers_walk(c->eye.peers, now_ns, PEERS_SLICE_NS);
	if (read(c->timer, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		return -errno;
	if (now_ns >= c->next_scan_ns)
		err = bt_procfs_scan(c, NULL);
	else
		samples_take(c, now_ns);
	timer_set(c, bt_clock_read_ns(CLOCK_MONOTONIC));
	return err;
}

static int procfs_read(struct bt_collector *base, struct bt_snapshot *s)
{
	struct bt_procfs *c = of(base);
	struct timespec t;
	unsigned char *room;
	uint64_t missed;
	int err;

	bt_snapshot_clear(s);
	c->reads++;
	s->begin_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	err = bt_procfs_scan(c, s);
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
	s->end_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	clock_gettime(CLOCK_REALTIME, &t);
	s->time_s = t.tv_sec;
	s->time_nsec = (uint32_t)t.tv_nsec;
	s->cpus_online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	s->self_cpu_ns = bt_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
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
	return ((const struct bt_procfs *)base)->timer;
}

static void procfs_close(struct bt_collector *base)
{
	struct bt_procfs *c = of(base);

	if (!c)
		return;
	bt_procfs_forget(c);
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

static int eye_open(struct bt_procfs *c)
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
static bool is_hidden(const struct bt_procfs *c)
{
	char text[8];
	ssize_t length = bt_proc_read(c->eye.proc, "1/stat", text, sizeof(text));

	return length == -ENOENT || length == -EPERM || length == -EACCES;
}

int bt_procfs_open(struct bt_collector **out, char *note, size_t size)
{
	struct bt_procfs *c = calloc(1, sizeof(*c));
	char text[8];
	bool hidden;
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
	hidden = !err && is_hidden(c);
	/* Of those that are hidden nobody knows how many there were. */
	c->own_host = !bt_facts_pids_are_foreign() && !hidden;
	c->random = (uint32_t)bt_clock_read_ns(CLOCK_MONOTONIC);
	if (!err)
		err = bt_procfs_scan(c, NULL);
	if (err) {
		procfs_close(&c->base);
		return err;
	}
	c->next_scan_ns = bt_clock_read_ns(CLOCK_MONOTONIC) + FIRST_SCAN_NS;
	c->sampled_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	if (hidden)
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
