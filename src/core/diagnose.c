/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of findings, their order, and the verdict on the host. */
#include "diagnose.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "diagnose_internal.h"
#include "words.h"

#define NOTHING_BINDS "nothing binds the host as a whole"

/* clang-format off */
/* The one table. In this order they are looked for, and given where they weigh the same. */
static const struct bt_finding_row table[] = {
{ "stuck-in-d", BT_AREA_DISK, "threads do not come back from the kernel", "a thread in D for 5 s or longer", bt_find_stuck },
{ "oom-kill", BT_AREA_MEMORY, "the kernel kills for want of memory", "the kernel killed for want of memory", bt_find_oom },
{ "swap-thrash", BT_AREA_MEMORY, "what is in use does not fit into memory", "processes wait for memory to be swapped in", bt_find_swap_thrash },
{ "cache-thrash", BT_AREA_MEMORY, "the files in use do not fit into memory", "files are read again that were just dropped", bt_find_cache_thrash },
{ "memory-low", BT_AREA_MEMORY, "memory is nearly used up", "less than 5 % of the memory is available", bt_find_memory_low },
{ "cgroup-throttled", BT_AREA_QUOTA, "a quota, not the host, is what holds it back", "a control group uses up its CPU quota", bt_find_cgroup_throttled },
{ "cpu-steal", BT_AREA_CPU, "the hypervisor takes CPU time", "the hypervisor takes CPU time", bt_find_cpu_steal },
{ "cpu-saturated", BT_AREA_CPU, "more wants to run than there are CPUs for", "all CPUs are in use, and threads wait for one", bt_find_cpu_saturated },
{ "cpu-neighbour", BT_AREA_CPU, "one takes the CPUs from others", "one program takes the CPUs that others wait for", bt_find_cpu_neighbour },
{ "cpu-pinned", BT_AREA_CPU, "threads wait for one CPU while others are idle", "threads wait for one CPU while others are idle", bt_find_cpu_pinned },
{ "cpu-frequency", BT_AREA_CPU, "the CPUs run slower than they could", "busy CPUs run below 60 % of their clock", bt_find_cpu_frequency },
{ "disk-waits", BT_AREA_DISK, "a disk is what is waited for", "processes are bound by the disk", bt_find_disk_waits },
{ "fsync-storm", BT_AREA_DISK, "confirmations of writes are what is waited for", "writes are confirmed one by one", bt_find_fsync_storm },
{ "lock-convoy", BT_AREA_LOCK, "threads wait for each other", "threads or processes wait for the same lock", bt_find_lock_convoy },
{ "gil-fight", BT_AREA_LOCK, "threads wait for an interpreter's lock", "threads fight for an interpreter's lock", bt_find_gil },
{ "network-waits", BT_AREA_NETWORK, "another host is what is waited for", "processes wait for replies over the network", bt_find_network_waits },
{ "fork-storm", BT_AREA_CPU, "starting processes is what takes the CPUs", "short-lived processes are started all the time", bt_find_fork_storm },
{ "zombies", BT_AREA_PROGRAM, NOTHING_BINDS, "ended processes that their parent takes no notice of", bt_find_zombies },
{ "threads-grow", BT_AREA_PROGRAM, NOTHING_BINDS, "a process gets more and more threads", bt_find_thread_growth },
{ "clock-source", BT_AREA_CPU, "reading the clock is slow", "the kernel keeps time by a slow clock", bt_find_clock_source },
{ "cpu-one-thread", BT_AREA_CPU, "one thread uses a whole CPU", "one thread uses a whole CPU while others are idle", bt_find_cpu_one_thread },
{ "ipc-chain", BT_AREA_PROGRAM, NOTHING_BINDS, "processes wait for each other in a row", bt_find_chain },
{ "iowait-no-disk", BT_AREA_PROGRAM, NOTHING_BINDS, "the kernel reports iowait, and no disk is behind it", bt_find_iowait },
};
/* clang-format on */

#define ROWS (sizeof(table) / sizeof(table[0]))

static int compare(const void *a, const void *b)
{
	const struct bt_finding *x = a, *y = b;

	if (x->severity != y->severity)
		return x->severity > y->severity ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static bool is_binding(const struct bt_finding *f)
{
	return f->severity >= BT_SEVERITY_WARNING;
}

/* Whether the area has a finding that is more than good to know. */
static bool has_trouble(const struct bt_diagnosis *d, enum bt_area area)
{
	for (size_t i = 0; i < d->count; i++)
		if (table[d->findings[i].row].area == area && is_binding(&d->findings[i]))
			return true;
	return false;
}

static const char *next_part(struct bt_strbuf *out)
{
	return out->length ? ", " : "";
}

static void say_cpu(const struct bt_host_case *c, struct bt_strbuf *out)
{
	bt_strbuf_addf(out, "%scpu (", next_part(out));
	bt_strbuf_add_fixed(out, isnan(c->busy) || c->busy < c->oncpu ? c->oncpu : c->busy, 1);
	bt_strbuf_addf(out, " of %.0f used", c->cpus);
	if (!isnan(c->queue_p99_ns)) {
		bt_strbuf_add(out, ", run queue p99 ");
		bt_words_duration(out, c->queue_p99_ns);
	}
	bt_strbuf_add_char(out, ')');
}

static void say_disk(const struct bt_host_case *c, struct bt_strbuf *out)
{
	bt_strbuf_addf(out, "%sdisk (", next_part(out));
	bt_strbuf_add_fixed(out, c->disk + c->paging, 2);
	bt_strbuf_add(out, " threads wait)");
}

static void say_memory(const struct bt_host_case *c, struct bt_strbuf *out)
{
	const struct bt_host_memory *m = &c->end->memory;

	if (!(c->end->valid & BT_HOST_MEMORY) || !m->total_bytes)
		return;
	bt_strbuf_addf(out, "%smemory (", next_part(out));
	bt_words_percent(out, (double)m->available_bytes / (double)m->total_bytes);
	bt_strbuf_add(out, " available)");
}

static void say_quota(const struct bt_host_case *c, struct bt_strbuf *out)
{
	if (!(c->both & BT_HOST_CGROUPS))
		return;
	bt_strbuf_addf(out, "%squotas (%zu)", next_part(out), c->end->cgroup_count);
}

/* What was looked at, and is fine. */
static void say_healthy(const struct bt_host_case *c, struct bt_diagnosis *d)
{
	struct bt_strbuf *out = &d->healthy;

	if (!has_trouble(d, BT_AREA_CPU))
		say_cpu(c, out);
	if (!has_trouble(d, BT_AREA_DISK))
		say_disk(c, out);
	if (!has_trouble(d, BT_AREA_MEMORY))
		say_memory(c, out);
	if (!has_trouble(d, BT_AREA_QUOTA))
		say_quota(c, out);
	if (!has_trouble(d, BT_AREA_NETWORK))
		bt_strbuf_addf(out, "%snetwork", next_part(out));
	if (!has_trouble(d, BT_AREA_LOCK))
		bt_strbuf_addf(out, "%slocks", next_part(out));
	if (!has_trouble(d, BT_AREA_PROGRAM))
		bt_strbuf_addf(out, "%s%zu processes", next_part(out), c->f->process_count - c->f->exited);
}

static void say_unseen(const struct bt_host_case *c, struct bt_diagnosis *d)
{
	static const struct {
		uint32_t section;
		const char *words;
	} sections[] = {
	    {BT_HOST_CPUS, "each CPU, steal, iowait"},
	    {BT_HOST_MEMORY, "memory"},
	    {BT_HOST_VM, "swapping"},
	    {BT_HOST_DISKS, "devices"},
	    {BT_HOST_CGROUPS, "quotas"},
	};
	struct bt_strbuf *out = &d->unseen;

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (!(c->both & sections[i].section))
			bt_strbuf_addf(out, "%s%s", next_part(out), sections[i].words);
	if (!c->f->run_queue_known)
		bt_strbuf_addf(out, "%show long waits for a CPU are", next_part(out));
	if (!c->f->exact)
		bt_strbuf_addf(out, "%swaits that are shorter than a sample", next_part(out));
}

static void decide(struct bt_diagnosis *d)
{
	static const char *const verdicts[] = {
#define BT_X(id, verdict, name) verdict,
	    BT_AREAS(BT_X)
#undef BT_X
	};

	d->verdict = "healthy";
	d->headline = "nothing is short, nobody waits for long";
	d->worst = d->count ? d->findings[0].severity : BT_SEVERITY_INFO;
	/* What binds the host comes before what is only wrong with a program. */
	for (int binding = 1; binding >= 0; binding--) {
		for (size_t i = 0; i < d->count && is_binding(&d->findings[i]); i++) {
			const struct bt_finding_row *r = &table[d->findings[i].row];

			if (binding == (r->area == BT_AREA_PROGRAM))
				continue;
			d->verdict = verdicts[r->area];
			d->headline = r->headline;
			return;
		}
	}
}

int bt_diagnose(const struct bt_diagnosis_input *in, struct bt_diagnosis *out)
{
	struct bt_host_case c;
	int err;

	*out = (struct bt_diagnosis){0};
	bt_host_case_fill(&c, in, out);
	for (unsigned int row = 0; row < ROWS && c.window_ns > 0; row++) {
		c.row = row;
		table[row].find(&c);
	}
	if (out->count)
		qsort(out->findings, out->count, sizeof(out->findings[0]), compare);
	decide(out);
	say_healthy(&c, out);
	say_unseen(&c, out);
	err = bt_strbuf_error(&out->healthy) ?: bt_strbuf_error(&out->unseen);
	for (size_t i = 0; i < out->count && !err; i++)
		err = bt_strbuf_error(&out->findings[i].text) ?: bt_strbuf_error(&out->findings[i].advice);
	return out->failed ? -ENOMEM : err;
}

void bt_diagnosis_free(struct bt_diagnosis *d)
{
	for (size_t i = 0; i < d->count; i++) {
		struct bt_finding *f = &d->findings[i];

		for (size_t k = 0; k < f->subject_count; k++) {
			free(f->subjects[k].cgroup);
			free(f->subjects[k].object);
		}
		bt_strbuf_free(&f->text);
		bt_strbuf_free(&f->advice);
	}
	free(d->findings);
	bt_strbuf_free(&d->healthy);
	bt_strbuf_free(&d->unseen);
	*d = (struct bt_diagnosis){0};
}

size_t bt_finding_rows(void)
{
	return ROWS;
}

const char *bt_finding_id(unsigned int row)
{
	return table[row].id;
}

const char *bt_finding_title(unsigned int row)
{
	return table[row].title;
}

const char *bt_severity_name(unsigned int severity)
{
	static const char *const names[] = {
#define BT_X(id, name) name,
	    BT_SEVERITIES(BT_X)
#undef BT_X
	};

	return severity < BT_SEVERITY_COUNT ? names[severity] : "none";
}
