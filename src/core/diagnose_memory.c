/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about memory. */
#include <math.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "words.h"

/* Pages a second that come back from swap: fewer are the tail of something that is over. */
#define SWAP_IN_RATE 50.0
/* Threads that wait for pages, on average. */
#define PAGING_WARNING  0.1
#define PAGING_CRITICAL 0.5
/* Time in which some, or all, were held up for want of memory (PSI). */
#define PRESSURE_SOME 0.10
#define PRESSURE_FULL 0.10
/* Cached pages a second that are read again soon after they were evicted. */
#define REFAULT_RATE  1000.0
#define READS_MIN     10
#define AVAILABLE_LOW 0.05
/* With so much available it is not the host that is short of memory. */
#define AVAILABLE_PLENTY 0.25

static double weigh_paging(const struct bt_host_case *c, const struct bt_process *p)
{
	return bt_threads_in(c, p, BT_MS_PAGING);
}

static double weigh_rss(const struct bt_host_case *c, const struct bt_process *p)
{
	(void)c;
	return p->threads ? (double)p->rss_bytes : 0;
}

static double pressure(const struct bt_host_case *c, bool full)
{
	const struct bt_host_pressure *b = &c->begin->pressure[BT_RESOURCE_MEMORY];
	const struct bt_host_pressure *e = &c->end->pressure[BT_RESOURCE_MEMORY];
	uint64_t from = full ? b->full_ns : b->some_ns, to = full ? e->full_ns : e->some_ns;

	if (!(c->both & BT_HOST_PRESSURE))
		return NAN;
	return bt_counter_growth(from, to) / c->sample_ns;
}

static void add_memory(struct bt_host_case *c, struct bt_finding *f)
{
	if (!(c->end->valid & BT_HOST_MEMORY))
		return;
	bt_finding_number(f, "memory_bytes", (double)c->end->memory.total_bytes);
	bt_finding_number(f, "available_bytes", (double)c->end->memory.available_bytes);
	bt_finding_number(f, "swap_bytes", (double)c->end->memory.swap_total_bytes);
	bt_finding_number(f, "swap_used_bytes", (double)c->end->memory.swap_used_bytes);
	bt_strbuf_add(&f->text, ". ");
	bt_words_bytes(&f->text, (double)c->end->memory.available_bytes);
	bt_strbuf_add(&f->text, " of ");
	bt_words_bytes(&f->text, (double)c->end->memory.total_bytes);
	bt_strbuf_add(&f->text, " available");
}

static void add_largest(struct bt_host_case *c, struct bt_finding *f)
{
	struct bt_rank ranks[BT_RANKS];
	double total;
	size_t all, count = bt_rank(c, weigh_rss, 1 << 20, ranks, &total, &all);

	for (size_t i = 0; i < count && i < 3; i++) {
		bt_strbuf_add(&f->text, i ? ", " : "; largest: ");
		bt_say_pid_name(&f->text, ranks[i].p);
		bt_strbuf_add(&f->text, " (");
		bt_words_bytes(&f->text, ranks[i].weight);
		bt_strbuf_add(&f->text, ")");
		bt_finding_process(f, ranks[i].p, "rss_bytes", ranks[i].weight);
	}
}

/* Returns who waits most, or NULL. */
static const struct bt_process *add_paging(struct bt_host_case *c, struct bt_finding *f)
{
	struct bt_name_group groups[BT_NAME_GROUPS];
	size_t count = bt_rank_names(c, weigh_paging, 0.02, groups);

	if (!count)
		return NULL;
	bt_strbuf_add(&f->text, "; waiting for pages: ");
	bt_finding_groups(f, groups, count < 3 ? count : 3, "threads_paging", " threads");
	return groups[0].first;
}

static bool host_has_plenty(const struct bt_host_case *c)
{
	const struct bt_host_memory *m = &c->end->memory;

	return c->end->valid & BT_HOST_MEMORY &&
	       (double)m->available_bytes >= AVAILABLE_PLENTY * (double)m->total_bytes;
}

/* Who uses it up: the host's largest, or a control group that may have no more, most likely that of p (NULL:
 * nobody knows). Returns which. */
static bool add_whose(struct bt_host_case *c, struct bt_finding *f, const struct bt_process *p)
{
	add_memory(c, f);
	if (!host_has_plenty(c)) {
		add_largest(c, f);
		return false;
	}
	bt_strbuf_add(&f->text, ": it is the limit of a control group");
	if (p && p->cgroup && p->cgroup[0] && p->cgroup[1]) {
		bt_strbuf_add(&f->text, ", most likely ");
		bt_say_raw(&f->text, p->cgroup);
		if (f->subject_count && !f->subjects[0].cgroup)
			f->subjects[0].cgroup = strdup(p->cgroup);
	}
	return true;
}

void bt_find_swap_thrash(struct bt_host_case *c)
{
	const struct bt_host_vm *b = &c->begin->vm, *e = &c->end->vm;
	double in = bt_rate(c, b->swap_in, e->swap_in), out = bt_rate(c, b->swap_out, e->swap_out);
	double some = pressure(c, false), full = pressure(c, true);
	enum bt_severity severity = BT_SEVERITY_WARNING;
	struct bt_finding *f;

	/* Waiting is what hurts, not that something was put away. */
	if (!(c->both & BT_HOST_VM) || in < SWAP_IN_RATE ||
	    !(c->paging >= PAGING_WARNING || some >= PRESSURE_SOME))
		return;
	if (out >= SWAP_IN_RATE && (c->paging >= PAGING_CRITICAL || full >= PRESSURE_FULL))
		severity = BT_SEVERITY_CRITICAL;
	f = bt_finding_add(c, severity, c->paging);
	if (!f)
		return;
	bt_finding_number(f, "swap_in_pages_per_s", in);
	bt_finding_number(f, "swap_out_pages_per_s", out);
	bt_finding_number(f, "refault_anon_pages_per_s", bt_rate(c, b->refault_anon, e->refault_anon));
	bt_finding_number(f, "threads_paging", c->paging);
	bt_finding_number(f, "pressure_some", some);
	bt_finding_number(f, "pressure_full", full);
	bt_strbuf_add(&f->text, "Memory is swapped in at ");
	bt_words_bytes(&f->text, in * (double)e->page_bytes);
	bt_strbuf_add(&f->text, "/s and out at ");
	bt_words_bytes(&f->text, out * (double)e->page_bytes);
	bt_strbuf_add(&f->text, "/s");
	bt_strbuf_add(&f->advice,
		      add_whose(c, f, add_paging(c, f))
			  ? "Raise that limit (memory.max, memory.high), or use less in the group: the "
			    "host has enough."
			  : "What is in use does not fit: end or limit the largest, or add memory.");
}

/* Threads that wait for pages or disks, but for those that are stuck in one wait. */
static double readers(const struct bt_host_case *c)
{
	double sum = c->paging;

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_usage *u = &c->f->processes[i]->usage;
		uint64_t count = 0;

		for (uint32_t k = 0; k < u->wait_count; k++)
			if (u->waits[k].reason.cause == BT_MS_DISK)
				count += u->waits[k].count;
		if (count >= READS_MIN)
			sum += bt_threads_in(c, c->f->processes[i], BT_MS_DISK);
	}
	return sum;
}

void bt_find_cache_thrash(struct bt_host_case *c)
{
	double waiting = readers(c);
	double rate = bt_rate(c, c->begin->vm.refault_file, c->end->vm.refault_file);
	struct bt_finding *f;

	if (!(c->both & BT_HOST_VM) || rate < REFAULT_RATE || waiting < PAGING_CRITICAL)
		return;
	f = bt_finding_add(c, BT_SEVERITY_WARNING, waiting);
	if (!f)
		return;
	bt_finding_number(f, "refault_file_pages_per_s", rate);
	bt_finding_number(f, "threads_paging", c->paging);
	bt_finding_number(f, "threads_waiting_for_disk", c->disk);
	bt_strbuf_add(&f->text, "Files are read again that were just dropped from memory: ");
	bt_words_bytes(&f->text, rate * (double)c->end->vm.page_bytes);
	bt_strbuf_add(&f->text, "/s");
	bt_strbuf_add(&f->advice,
		      add_whose(c, f, add_paging(c, f))
			  ? "The files in use do not fit into what the group may have: raise its limit "
			    "(memory.max, memory.high), or read less at once."
			  : "The files in use do not fit into memory: more of it, or less that is read "
			    "at once.");
}

void bt_find_memory_low(struct bt_host_case *c)
{
	const struct bt_host_memory *m = &c->end->memory;
	double available = m->total_bytes ? (double)m->available_bytes / (double)m->total_bytes : 1;
	double scanned =
	    c->both & BT_HOST_VM ? bt_rate(c, c->begin->vm.scan_direct, c->end->vm.scan_direct) : 0;
	struct bt_finding *f;

	if (!(c->end->valid & BT_HOST_MEMORY) || available >= AVAILABLE_LOW)
		return;
	/* Who asks for memory has to look for it himself: it is short now. */
	f = bt_finding_add(c, scanned > 0 ? BT_SEVERITY_WARNING : BT_SEVERITY_INFO, 1 - available);
	if (!f)
		return;
	bt_finding_number(f, "available_part", available);
	bt_finding_number(f, "direct_scan_pages_per_s", scanned);
	bt_strbuf_add(&f->text, "Memory is nearly used up: ");
	bt_words_percent(&f->text, available);
	bt_strbuf_add(&f->text, " left");
	if (scanned > 0)
		bt_strbuf_add(&f->text, ", and who asks for some has to wait until it is found");
	add_memory(c, f);
	add_largest(c, f);
	bt_strbuf_add(&f->advice, "End or limit the largest before the kernel does (OOM), or add memory.");
}

void bt_find_oom(struct bt_host_case *c)
{
	uint64_t kills = c->end->vm.oom_kills - c->begin->vm.oom_kills;
	struct bt_finding *f;

	if (!(c->both & BT_HOST_VM) || c->end->vm.oom_kills <= c->begin->vm.oom_kills)
		return;
	f = bt_finding_add(c, BT_SEVERITY_CRITICAL, (double)kills);
	if (!f)
		return;
	bt_finding_number(f, "oom_kills", (double)kills);
	bt_strbuf_add(&f->text, "The kernel killed ");
	bt_words_count(&f->text, kills, "process", "processes");
	bt_strbuf_add(&f->text, " for want of memory");
	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];

		/* Ended by SIGKILL; whose it was, only the log can tell. */
		if (p->exited && p->kind == BT_KIND_USER && (p->exit_code & 0x7f) == 9 &&
		    f->subject_count < BT_FINDING_SUBJECTS) {
			bt_strbuf_add(&f->text, f->subject_count ? ", " : "; ended by SIGKILL meanwhile: ");
			bt_say_pid_name(&f->text, p);
			bt_finding_process(f, p, NULL, 0);
		}
	}
	bt_strbuf_add(&f->advice,
		      add_whose(c, f, NULL)
			  ? "dmesg says which (oom_memcg): raise its limit (memory.max), or use less in it."
			  : "dmesg says which, and why: use less, or add memory.");
}
