/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scene.h"
#include "account.h"

#include "host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_PER_SEC 1000000000ull
/* The host is up for 12 days; processes started a day ago. */
#define UPTIME_NS     (12ull * 86400 * NSEC_PER_SEC)
#define STARTED_NS    (11ull * 86400 * NSEC_PER_SEC)
#define TICK_NS       4000000ull
#define FEW_TICKS     3
#define TIME_S        1792000000
#define CPUS          4
#define SELF_PERMILLE 3

struct scene_collector {
	struct bt_collector base;
	const struct scene *scene;
	uint64_t reads;
};

/* The part of at_ns in which a thread rests. */
static uint64_t rest_ns(const struct scene *scene, const struct scene_thread *t, uint64_t at_ns)
{
	uint64_t ns = 0;

	for (uint64_t i = 0; i < at_ns / scene->interval_ns; i++)
		ns += t->rests >> i % 8 & 1 ? scene->interval_ns : 0;
	return ns;
}

/* What a thread did by a time after the begin of the interval. */
static void totals_fill(struct bt_account *a, const struct scene_thread *t, uint64_t at_ns)
{
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		uint64_t ns = at_ns / 1000 * t->permille[ms];

		if (ms < BT_OFFCPU_FIRST)
			a->totals.oncpu_ns += ns;
		else
			a->totals.offcpu_ns[ms - BT_OFFCPU_FIRST] += ns;
	}
}

static void waits_fill(struct bt_account *a, const struct scene_thread *t, uint64_t at_ns, uint32_t intervals)
{
	for (int i = 0; i < SCENE_WAITS_MAX; i++) {
		const struct scene_wait *w = &t->waits[i];

		if (!w->permille)
			continue;
		a->waits[i] = (struct bt_wait){
		    .reason = {.object = w->object,
			       .fd = 3,
			       .syscall = w->syscall,
			       .cause = (uint8_t)w->cause,
			       .target = (uint8_t)w->target},
		    .ns = at_ns / 1000 * w->permille,
		    .count = w->count * intervals,
		    .waker_pid = w->waker_pid,
		};
		if (a->waits[i].count && bt_cause_is_io(w->cause))
			a->bursts.io[bt_burst_bucket(a->waits[i].ns / a->waits[i].count)] +=
			    a->waits[i].count;
	}
	if (t->held.permille)
		a->held[0] = (struct bt_held){t->held.object, at_ns / 1000 * t->held.permille};
	if (at_ns && t->bursts)
		a->bursts = *t->bursts;
	else if (at_ns && a->totals.oncpu_ns)
		a->bursts.cpu[bt_burst_bucket(a->totals.oncpu_ns / (500ull * intervals))] += 500 * intervals;
}

/* at_ns after the begin of the interval; ended: its last record. */
static void record_fill(struct bt_record *r, const struct scene *scene, const struct scene_process *p,
			const struct scene_thread *t, uint64_t at_ns)
{
	int32_t tid = t->tid ? t->tid : p->pid;
	uint64_t lived_ns = t->ended && at_ns ? at_ns / 2 : at_ns;
	/* It counts as a whole one, also for who lived in a part of it. */
	uint32_t intervals = (uint32_t)(at_ns / scene->interval_ns);
	uint64_t rested_ns = t->ended ? 0 : rest_ns(scene, t, at_ns);
	struct bt_account *a = &r->account;
	struct bt_facts *f = &r->facts;

	memset(r, 0, sizeof(*r));
	r->head = (struct bt_record_head){
	    .size = sizeof(*r),
	    .type = t->ended && at_ns ? BT_RECORD_ENDED : BT_RECORD_THREAD,
	    .valid = BT_VALID_ACCOUNT | BT_VALID_TICKS | BT_VALID_IO | BT_VALID_RSS | BT_VALID_BURSTS |
		     BT_VALID_WAITS | BT_VALID_RUNTIME,
	    .tid = tid,
	    .id = (uint64_t)tid,
	    .now_ns = UPTIME_NS + lived_ns,
	};
	totals_fill(a, t, lived_ns - rested_ns);
	waits_fill(a, t, lived_ns - rested_ns, intervals);
	a->totals.offcpu_ns[BT_MS_EVENT - BT_OFFCPU_FIRST] += rested_ns;
	a->seq = 2 * (uint32_t)(1 + at_ns / NSEC_PER_SEC);
	a->since_ns = UPTIME_NS + lived_ns;
	a->phase = r->head.type == BT_RECORD_ENDED ? BT_PHASE_DEAD : BT_PHASE_ONCPU;
	if (t->blocked && at_ns > scene->interval_ns) {
		a->phase = BT_PHASE_BLOCKED;
		a->reason = a->waits[0].reason;
	}
	a->id = (uint64_t)tid;
	a->born_ns = UPTIME_NS;
	a->leader_start_ns = STARTED_NS + (uint64_t)p->pid * 1000 * TICK_NS;
	a->parent_tgid = p->ppid;
	a->parent_start_ns = STARTED_NS + (uint64_t)p->ppid * 1000 * TICK_NS;

	f->tgid = p->pid;
	f->ppid = p->ppid;
	f->leader_start_ns = a->leader_start_ns;
	f->start_ns = a->leader_start_ns;
	f->utime_ns = lived_ns / 1000 * t->permille[BT_MS_USER];
	f->stime_ns = lived_ns / 1000 * t->permille[BT_MS_SYSTEM];
	if (scene->few_ticks) {
		f->utime_ns = at_ns ? FEW_TICKS * TICK_NS : 0;
		f->stime_ns = 0;
	}
	f->runtime_ns = 90 * NSEC_PER_SEC + a->totals.oncpu_ns;
	f->rss_bytes = (uint64_t)p->pid << 16;
	f->read_bytes = a->totals.offcpu_ns[BT_MS_DISK - BT_OFFCPU_FIRST] / 10;
	f->rchar = 2 * f->read_bytes;
	f->voluntary = 500ull * intervals;
	f->involuntary = 20ull * intervals;
	f->kind = (uint8_t)p->kind;
	f->state = (char)(p->state ? p->state : 'S');
	f->exit_code = p->exit_code;
	f->cgroup_id = 1;
	memccpy(f->comm, t->comm ? t->comm : p->comm, '\0', sizeof(f->comm));
}

static int scene_read(struct bt_collector *base, struct bt_snapshot *s)
{
	struct scene_collector *c = (struct scene_collector *)base;
	const struct scene *scene = c->scene;
	uint64_t at_ns = c->reads++ * scene->interval_ns;

	bt_snapshot_clear(s);
	for (size_t i = 0; i < scene->count; i++) {
		const struct scene_process *p = &scene->processes[i];

		for (int k = 0; k < SCENE_THREADS_MAX; k++) {
			const struct scene_thread *t = &p->threads[k];
			unsigned char *room;

			if ((k && !t->tid) || (t->born && !at_ns) || (t->ended && c->reads > 2))
				continue;
			room = bt_snapshot_reserve(s, sizeof(struct bt_record));
			if (!room)
				return -ENOMEM;
			record_fill((struct bt_record *)(void *)room, scene, p, t, at_ns);
			s->length += sizeof(struct bt_record);
		}
	}
	s->begin_ns = UPTIME_NS + at_ns;
	s->end_ns = s->begin_ns;
	s->time_s = TIME_S + (int64_t)(at_ns / NSEC_PER_SEC);
	s->time_nsec = 250000000;
	s->cpus_online = CPUS;
	s->self_cpu_ns = at_ns / 1000 * SELF_PERMILLE;
	s->tick_ns = TICK_NS;
	s->exact = !scene->sampled;
	s->measured = scene->sampled ? BT_MEASURED_ALL & ~(1u << BT_MS_CPU_QUOTA) : BT_MEASURED_ALL;
	s->loss = at_ns ? scene->loss : (struct bt_loss){0};
	return 0;
}

static int scene_poll_fd(const struct bt_collector *base)
{
	(void)base;
	return -1;
}

static int scene_drain(struct bt_collector *base)
{
	(void)base;
	return 0;
}

const struct scene_process *scene_find(const struct scene *scene, int32_t pid)
{
	for (size_t i = 0; i < scene->count; i++)
		if (scene->processes[i].pid == pid)
			return &scene->processes[i];
	return NULL;
}

static int scene_describe(struct bt_collector *base, pid_t pid, uint64_t start_ns, struct bt_description *out)
{
	const struct scene_process *p = scene_find(((struct scene_collector *)base)->scene, pid);

	(void)start_ns;
	*out = (struct bt_description){0};
	if (!p)
		return -ESRCH;
	out->cmdline = p->cmdline ? strdup(p->cmdline) : NULL;
	out->cgroup = p->cgroup ? strdup(p->cgroup) : NULL;
	out->container = p->container ? strdup(p->container) : NULL;
	return 0;
}

static int scene_host(struct bt_collector *c, unsigned int sections, struct bt_host_sample *out)
{
	(void)c;
	(void)sections;
	bt_host_sample_free(out);
	return 0;
}

static int scene_object(struct bt_collector *c, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
			struct bt_object_facts *out)
{
	(void)c;
	(void)pid;
	(void)start_ns;
	(void)reason;
	*out = (struct bt_object_facts){0};
	return -ENOENT;
}

static int scene_stack(struct bt_collector *c, pid_t pid, uint64_t start_ns, pid_t tid, char **out)
{
	(void)c;
	(void)pid;
	(void)start_ns;
	(void)tid;
	(void)out;
	return -ENOENT;
}

static void scene_close(struct bt_collector *base)
{
	free(base);
}

int scene_open(const struct scene *scene, struct bt_collector **out)
{
	static const struct bt_collector_ops exact = {
	    "bpf",      true,         scene_read,  scene_poll_fd, scene_drain, scene_describe,
	    scene_host, scene_object, scene_stack, scene_close,   NULL,        NULL,
	};
	static const struct bt_collector_ops sampled = {
	    "procfs",   false,        scene_read,  scene_poll_fd, scene_drain, scene_describe,
	    scene_host, scene_object, scene_stack, scene_close,   NULL,        NULL,
	};
	struct scene_collector *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->base.ops = scene->sampled ? &sampled : &exact;
	c->scene = scene;
	*out = &c->base;
	return 0;
}
