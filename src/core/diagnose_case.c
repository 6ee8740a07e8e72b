/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the findings ask of a host, and how they are put together. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "sanitize.h"
#include "usage.h"

/* Columns of a name within a sentence. */
#define NAME_WIDTH 15
#define RAW_WIDTH  120

static double all_in(const struct bt_host_case *c, enum bt_microstate ms)
{
	if (c->window_ns <= 0)
		return 0;
	return (double)c->f->totals.offcpu_ns[ms - BT_OFFCPU_FIRST] / c->window_ns;
}

const struct bt_host_cpu *bt_cpu_find(const struct bt_host_sample *s, uint32_t cpu)
{
	for (size_t i = 0; i < s->cpu_count; i++)
		if (s->cpus[i].cpu == cpu)
			return &s->cpus[i];
	return NULL;
}

static void cpus_fill(struct bt_host_case *c)
{
	c->busy = c->idle = c->iowait = c->steal = NAN;
	if (!(c->both & BT_HOST_CPUS) || c->sample_ns <= 0)
		return;
	c->busy = c->idle = c->iowait = c->steal = 0;
	for (size_t i = 0; i < c->end->cpu_count; i++) {
		const struct bt_host_cpu *e = &c->end->cpus[i], *b = bt_cpu_find(c->begin, e->cpu);

		if (!b)
			continue;
		c->busy +=
		    bt_counter_growth(b->user_ns + b->nice_ns + b->system_ns + b->irq_ns + b->softirq_ns,
				      e->user_ns + e->nice_ns + e->system_ns + e->irq_ns + e->softirq_ns) /
		    c->sample_ns;
		c->idle += bt_counter_growth(b->idle_ns, e->idle_ns) / c->sample_ns;
		c->iowait += bt_counter_growth(b->iowait_ns, e->iowait_ns) / c->sample_ns;
		c->steal += bt_counter_growth(b->steal_ns, e->steal_ns) / c->sample_ns;
	}
}

void bt_host_case_fill(struct bt_host_case *c, const struct bt_diagnosis_input *in, struct bt_diagnosis *out)
{
	*c = (struct bt_host_case){
	    .in = in,
	    .out = out,
	    .f = in->frame,
	    .begin = in->begin,
	    .end = in->end,
	    .both = in->begin->valid & in->end->valid,
	    .window_ns = (double)in->frame->duration_ns,
	    .cpus = in->frame->cpus_online ? in->frame->cpus_online : 1,
	    .queue_p50_ns = NAN,
	    .queue_p99_ns = NAN,
	};
	if (in->end->now_ns > in->begin->now_ns)
		c->sample_ns = (double)(in->end->now_ns - in->begin->now_ns);
	else
		c->both = 0;
	c->oncpu = c->window_ns > 0 ? (double)in->frame->totals.oncpu_ns / c->window_ns : 0;
	c->queued = all_in(c, BT_MS_RUN_QUEUE);
	c->quota = all_in(c, BT_MS_CPU_QUOTA);
	c->disk = all_in(c, BT_MS_DISK);
	c->paging = all_in(c, BT_MS_PAGING);
	c->network = all_in(c, BT_MS_NETWORK);
	c->ipc = all_in(c, BT_MS_IPC);
	c->lock = all_in(c, BT_MS_LOCK);
	c->gil = all_in(c, BT_MS_GIL);
	if (in->frame->run_queue_known && bt_burst_count(in->frame->run_queue)) {
		c->queue_p50_ns = bt_burst_percentile_ns(in->frame->run_queue, 0.5);
		c->queue_p99_ns = bt_burst_percentile_ns(in->frame->run_queue, 0.99);
	}
	cpus_fill(c);
}

double bt_threads_in(const struct bt_host_case *c, const struct bt_process *p, enum bt_microstate ms)
{
	uint64_t ns =
	    ms < BT_OFFCPU_FIRST ? p->usage.totals.oncpu_ns : p->usage.totals.offcpu_ns[ms - BT_OFFCPU_FIRST];

	return c->window_ns > 0 ? (double)ns / c->window_ns : 0;
}

double bt_threads_active(const struct bt_host_case *c, const struct bt_process *p)
{
	return c->window_ns > 0 ? (double)bt_totals_active_ns(&p->usage.totals) / c->window_ns : 0;
}

double bt_active_part(const struct bt_process *p, enum bt_microstate ms)
{
	double active_ns = (double)bt_totals_active_ns(&p->usage.totals);
	uint64_t ns =
	    ms < BT_OFFCPU_FIRST ? p->usage.totals.oncpu_ns : p->usage.totals.offcpu_ns[ms - BT_OFFCPU_FIRST];

	return active_ns > 0 ? (double)ns / active_ns : 0;
}

double bt_rate(const struct bt_host_case *c, uint64_t begin, uint64_t end)
{
	return c->sample_ns > 0 ? bt_counter_growth(begin, end) * 1e9 / c->sample_ns : 0;
}

size_t bt_rank(const struct bt_host_case *c,
	       double (*weigh)(const struct bt_host_case *, const struct bt_process *), double min,
	       struct bt_rank ranks[BT_RANKS], double *total, size_t *all)
{
	size_t count = 0;

	*total = 0;
	*all = 0;
	for (size_t i = 0; i < c->f->process_count; i++) {
		struct bt_rank r = {c->f->processes[i], weigh(c, c->f->processes[i])};
		size_t at = count;

		if (!(r.weight >= min) || r.weight <= 0)
			continue;
		*total += r.weight;
		++*all;
		if (count == BT_RANKS && ranks[count - 1].weight >= r.weight)
			continue;
		if (count == BT_RANKS)
			at--;
		else
			count++;
		for (; at && ranks[at - 1].weight < r.weight; at--)
			ranks[at] = ranks[at - 1];
		ranks[at] = r;
	}
	return count;
}

#define GROUPS_MAX 64

size_t bt_rank_names(const struct bt_host_case *c,
		     double (*weigh)(const struct bt_host_case *, const struct bt_process *), double min,
		     struct bt_name_group groups[BT_NAME_GROUPS])
{
	struct bt_name_group found[GROUPS_MAX];
	double heaviest[GROUPS_MAX];
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		double weight = weigh(c, p);
		size_t g = 0;

		if (!(weight > 0))
			continue;
		while (g < count && strcmp(found[g].first->comm, p->comm) != 0)
			g++;
		if (g == GROUPS_MAX)
			continue;
		if (g == count) {
			found[count++] = (struct bt_name_group){.first = p};
			heaviest[g] = weight;
		}
		if (weight > heaviest[g]) {
			heaviest[g] = weight;
			found[g].first = p;
		}
		found[g].weight += weight;
		found[g].count++;
	}
	while (kept < BT_NAME_GROUPS) {
		size_t best = count;

		for (size_t g = 0; g < count; g++)
			if (found[g].weight >= min && (best == count || found[g].weight > found[best].weight))
				best = g;
		if (best == count)
			break;
		groups[kept++] = found[best];
		found[best].weight = -1;
	}
	return kept;
}

struct bt_finding *bt_finding_add(struct bt_host_case *c, enum bt_severity severity, double weight)
{
	struct bt_diagnosis *d = c->out;
	struct bt_finding *f;

	if (d->count == d->capacity) {
		size_t capacity = d->capacity ? 2 * d->capacity : 8;
		struct bt_finding *more = reallocarray(d->findings, capacity, sizeof(*more));

		if (!more) {
			d->failed = true;
			return NULL;
		}
		d->findings = more;
		d->capacity = capacity;
	}
	f = &d->findings[d->count++];
	*f = (struct bt_finding){.row = c->row, .severity = severity, .weight = weight};
	return f;
}

void bt_finding_number(struct bt_finding *f, const char *name, double value)
{
	if (f->number_count < BT_FINDING_NUMBERS && isfinite(value))
		f->numbers[f->number_count++] = (struct bt_number){name, value};
}

struct bt_finding_subject *bt_finding_subject(struct bt_finding *f)
{
	return f->subject_count < BT_FINDING_SUBJECTS ? &f->subjects[f->subject_count++] : NULL;
}

struct bt_finding_subject *bt_finding_process(struct bt_finding *f, const struct bt_process *p,
					      const char *measure, double value)
{
	struct bt_finding_subject *s = bt_finding_subject(f);

	if (!s)
		return NULL;
	s->process = p->identity;
	memcpy(s->comm, p->comm, sizeof(s->comm));
	s->measure = measure;
	s->value = value;
	return s;
}

void bt_finding_groups(struct bt_finding *f, const struct bt_name_group *groups, size_t count,
		       const char *measure, const char *unit)
{
	for (size_t i = 0; i < count; i++) {
		const struct bt_name_group *g = &groups[i];
		struct bt_finding_subject *s = bt_finding_process(f, g->first, measure, g->weight);

		if (s && g->count > 1)
			s->count = g->count;
		bt_strbuf_add(&f->text, i ? ", " : "");
		if (g->count > 1) {
			bt_strbuf_addf(&f->text, "%llu × ", (unsigned long long)g->count);
			bt_sanitize(&f->text, g->first->comm, strlen(g->first->comm), NAME_WIDTH,
				    BT_CHARSET_UTF8);
		} else {
			bt_say_pid_name(&f->text, g->first);
		}
		bt_strbuf_add(&f->text, " (");
		bt_strbuf_add_fixed(&f->text, g->weight, 2);
		bt_strbuf_addf(&f->text, "%s)", i ? "" : unit);
	}
}

void bt_say_pid_name(struct bt_strbuf *out, const struct bt_process *p)
{
	bt_strbuf_addf(out, "%d ", p->identity.pid);
	bt_sanitize(out, p->comm, strlen(p->comm), NAME_WIDTH, BT_CHARSET_UTF8);
}

void bt_say_raw(struct bt_strbuf *out, const char *text)
{
	bt_sanitize(out, text, strlen(text), RAW_WIDTH, BT_CHARSET_UTF8);
}
