/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about CPU quotas. */
#include <math.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "words.h"

/* Part of the periods in which a group was throttled. */
#define THROTTLED_INFO     0.05
#define THROTTLED_WARNING  0.25
#define THROTTLED_CRITICAL 0.50
/* Too few periods say nothing: it hardly ran. */
#define PERIODS_MIN 5
/* Threads held back, on average: below it nobody waits for long. */
#define HELD_MIN 0.05

static bool is_in(const struct bt_process *p, const char *group)
{
	size_t length = strlen(group);

	if (!p->cgroup)
		return false;
	if (!strcmp(group, "/"))
		return true;
	return !strncmp(p->cgroup, group, length) && (!p->cgroup[length] || p->cgroup[length] == '/');
}

/* What the processes of a group did, of all or of who is in the innermost group alone. */
struct group_use {
	double held; /* threads held back by a quota, on average */
	double oncpu, active;
	const struct bt_process *most;
};

static double weigh_held(const struct bt_host_case *c, const struct bt_process *p)
{
	return bt_threads_in(c, p, BT_MS_CPU_QUOTA);
}

static struct group_use group_use(const struct bt_host_case *c, const char *group)
{
	struct group_use u = {0};

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];

		if (!is_in(p, group))
			continue;
		u.held += weigh_held(c, p);
		u.oncpu += bt_threads_in(c, p, BT_MS_USER);
		u.active += bt_threads_active(c, p);
		if (!u.most || weigh_held(c, p) > weigh_held(c, u.most))
			u.most = p;
	}
	return u;
}

static const struct bt_host_cgroup *group_find(const struct bt_host_sample *s, const char *path)
{
	for (size_t i = 0; i < s->cgroup_count; i++)
		if (!strcmp(s->cgroups[i].path, path))
			return &s->cgroups[i];
	return NULL;
}

/* The heaviest members by name. */
static void say_members(struct bt_host_case *c, struct bt_finding *f, const char *group)
{
	struct bt_name_group names[BT_NAME_GROUPS] = {0};
	size_t count = 0;

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		size_t n = 0;

		if (!is_in(p, group) || weigh_held(c, p) < 0.005)
			continue;
		while (n < count && strcmp(names[n].first->comm, p->comm) != 0)
			n++;
		if (n == BT_NAME_GROUPS)
			continue;
		count += n == count;
		if (!names[n].first)
			names[n].first = p;
		names[n].weight += weigh_held(c, p);
		names[n].count++;
	}
	if (!count)
		return;
	bt_strbuf_add(&f->text, ". Held back: ");
	bt_finding_groups(f, names, count, "threads_held_back", " threads on average");
}

static void find_group(struct bt_host_case *c, const struct bt_host_cgroup *b, const struct bt_host_cgroup *e)
{
	double periods = bt_counter_growth(b->periods, e->periods);
	double throttled = bt_counter_growth(b->throttled_periods, e->throttled_periods);
	double throttled_ns = bt_counter_growth(b->throttled_ns, e->throttled_ns);
	double part = periods > 0 ? throttled / periods : 0;
	double quota = e->period_ns ? (double)e->quota_ns / (double)e->period_ns : 0;
	struct group_use u = group_use(c, e->path);
	enum bt_severity severity = BT_SEVERITY_INFO;
	double wants = u.oncpu + u.held, idle;
	struct bt_finding_subject *s;
	struct bt_finding *f;

	/* A quota that is gone holds nobody back any more. */
	if (!e->quota_ns || periods < PERIODS_MIN || part < THROTTLED_INFO)
		return;
	/* What the kernel counts is time of its queues, one for each CPU. */
	if (part >= THROTTLED_WARNING && fmax(u.held, throttled_ns / c->sample_ns) >= HELD_MIN)
		severity = part >= THROTTLED_CRITICAL ? BT_SEVERITY_CRITICAL : BT_SEVERITY_WARNING;
	f = bt_finding_add(c, severity, fmax(u.held, throttled_ns / c->sample_ns));
	if (!f)
		return;
	idle = isnan(c->idle) ? c->cpus - c->oncpu : c->idle + c->iowait;
	bt_finding_number(f, "quota_cpus", quota);
	bt_finding_number(f, "cpus_used", u.oncpu);
	bt_finding_number(f, "cpus_wanted", wants);
	bt_finding_number(f, "periods", periods);
	bt_finding_number(f, "periods_throttled", throttled);
	bt_finding_number(f, "throttled_part", part);
	bt_finding_number(f, "throttled_s", throttled_ns / 1e9);
	bt_finding_number(f, "threads_held_back", u.held);
	bt_finding_number(f, "cpu_quota_s", u.held * c->window_ns / 1e9);
	bt_finding_number(f, "cpus_idle", idle);
	s = bt_finding_subject(f);
	if (s) {
		s->cgroup = strdup(e->path);
		s->measure = "throttled_part";
		s->value = part;
	}
	bt_say_raw(&f->text, e->path);
	bt_strbuf_add(&f->text, " is throttled in ");
	bt_words_percent(&f->text, part);
	bt_strbuf_add(&f->text, " of its periods (quota ");
	bt_strbuf_add_fixed(&f->text, quota, 2);
	bt_strbuf_add(&f->text, " CPUs");
	if (u.held >= HELD_MIN) {
		bt_strbuf_add(&f->text, ", wants ");
		bt_strbuf_add_fixed(&f->text, wants, 1);
	}
	bt_strbuf_add(&f->text, ")");
	say_members(c, f, e->path);
	bt_strbuf_add(&f->advice, "Raise ");
	bt_strbuf_add(&f->advice,
		      "the quota (cpu.max, cpu.cfs_quota_us, CPUQuota=), or run fewer threads there.");
	if (idle >= 0.5) {
		bt_strbuf_add(&f->advice, " The host itself has ");
		bt_strbuf_add_fixed(&f->advice, idle, 1);
		bt_strbuf_add(&f->advice, " CPUs idle.");
	}
}

/* Time held back in groups whose counters were not to be had: by the processes alone. */
static void find_without_counters(struct bt_host_case *c)
{
	struct bt_name_group groups[BT_NAME_GROUPS];
	double share = c->oncpu + c->quota > 0 ? c->quota / (c->oncpu + c->quota) : 0;
	struct bt_finding *f;
	size_t count;

	if (c->quota < 4 * HELD_MIN)
		return;
	count = bt_rank_names(c, weigh_held, HELD_MIN, groups);
	if (!count)
		return;
	f = bt_finding_add(c, BT_SEVERITY_WARNING, c->quota);
	if (!f)
		return;
	bt_finding_number(f, "threads_held_back", c->quota);
	bt_finding_number(f, "cpu_quota_s", c->quota * c->window_ns / 1e9);
	bt_finding_number(f, "held_back_part", share);
	bt_strbuf_add(&f->text, "A CPU quota holds back ");
	bt_strbuf_add_fixed(&f->text, c->quota, 1);
	bt_strbuf_add(&f->text, " threads on average: ");
	bt_finding_groups(f, groups, count, "threads_held_back", " threads");
	for (size_t i = 0; i < f->subject_count; i++)
		if (groups[i].first->cgroup)
			f->subjects[i].cgroup = strdup(groups[i].first->cgroup);
	bt_strbuf_add(&f->advice,
		      "Raise the quota of their cgroup (cpu.max, cpu.cfs_quota_us, CPUQuota=), or run fewer "
		      "threads there.");
}

/* Can all that it counted have been in the window? */
static bool is_of_window(const struct bt_host_case *c, const struct bt_host_cgroup *e)
{
	return (double)e->periods * (double)e->period_ns <= c->sample_ns + (double)e->period_ns;
}

void bt_find_cgroup_throttled(struct bt_host_case *c)
{
	size_t before = c->out->count;

	if (c->both & BT_HOST_CGROUPS) {
		for (size_t i = 0; i < c->end->cgroup_count; i++) {
			const struct bt_host_cgroup *e = &c->end->cgroups[i],
						    *b = group_find(c->begin, e->path);
			/* Made meanwhile, or without a quota so far: its counters began at zero. */
			struct bt_host_cgroup fresh = {0};

			/* What older recordings leave out while it has no quota did not. */
			if (b || is_of_window(c, e))
				find_group(c, b ? b : &fresh, e);
		}
	}
	if (c->out->count == before)
		find_without_counters(c);
}
