/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about CPUs, the clock among them. */
#include <math.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "words.h"

/* So much of the CPUs in use is all of them; the rest is the tick and interrupts. */
#define FULL 0.90
/* Threads that wait for a CPU, on average, for each CPU there is: fewer are chance, more are felt. */
#define QUEUED_WARNING  0.25
#define QUEUED_CRITICAL 1.0
/* A wake-up that takes longer than this is seen by a person; the longest slice of the scheduler is shorter.
 */
#define LATENCY_CRITICAL_NS 20e6
/* Nice values from here on are for what has time. */
#define NICE_PATIENT 10

#define PINNED_QUEUED 0.5
#define PINNED_IDLE   0.5

#define ONE_THREAD 0.95

#define NEIGHBOUR_PART   0.5 /* of what is used, by one */
#define VICTIM_QUEUED    0.5 /* of the active time of another */
#define VICTIM_ACTIVE    0.2
#define VICTIMS_CRITICAL 3
#define VICTIMS_SHOWN    (BT_FINDING_SUBJECTS - 1)

#define STEAL_WARNING  0.10
#define STEAL_CRITICAL 0.30

#define SLOW_CLOCK 0.6
#define BUSY_CPU   0.7

static double weigh_cpus(const struct bt_host_case *c, const struct bt_process *p)
{
	return bt_threads_in(c, p, BT_MS_USER);
}

/* Threads that wait for a CPU and have no time to. */
static double queued_in_haste(const struct bt_host_case *c)
{
	double patient = 0;

	for (size_t i = 0; i < c->f->process_count; i++)
		if (c->f->processes[i]->nice >= NICE_PATIENT)
			patient += bt_threads_in(c, c->f->processes[i], BT_MS_RUN_QUEUE);
	return c->queued > patient ? c->queued - patient : 0;
}

/* What is stolen counts as waiting for a CPU: a finding of its own. */
static double stolen(const struct bt_host_case *c)
{
	return isnan(c->steal) ? 0 : c->steal;
}

/* CPUs in use: of what is seen, and of what the kernel says. */
static double cpus_used(const struct bt_host_case *c)
{
	return isnan(c->busy) || c->busy < c->oncpu ? c->oncpu : c->busy;
}

static bool is_full(const struct bt_host_case *c)
{
	return cpus_used(c) + stolen(c) >= FULL * c->cpus;
}

static void say_queue(const struct bt_host_case *c, struct bt_strbuf *out)
{
	if (isnan(c->queue_p50_ns))
		return;
	bt_strbuf_add(out, "; a wait for a CPU takes p50 ");
	bt_words_duration(out, c->queue_p50_ns);
	bt_strbuf_add(out, ", p99 ");
	bt_words_duration(out, c->queue_p99_ns);
}

static void number_queue(const struct bt_host_case *c, struct bt_finding *f)
{
	bt_finding_number(f, "cpus_online", c->cpus);
	bt_finding_number(f, "cpus_used", cpus_used(c));
	bt_finding_number(f, "threads_waiting", c->queued);
	bt_finding_number(f, "run_queue_p50_us", c->queue_p50_ns / 1e3);
	bt_finding_number(f, "run_queue_p99_us", c->queue_p99_ns / 1e3);
}

void bt_find_cpu_saturated(struct bt_host_case *c)
{
	double queued = queued_in_haste(c) - stolen(c);
	struct bt_name_group groups[BT_NAME_GROUPS];
	enum bt_severity severity = BT_SEVERITY_WARNING;
	struct bt_finding *f;
	size_t count;

	if (!is_full(c) || queued < QUEUED_WARNING * c->cpus)
		return;
	if (queued >= QUEUED_CRITICAL * c->cpus && c->queue_p99_ns >= LATENCY_CRITICAL_NS)
		severity = BT_SEVERITY_CRITICAL;
	f = bt_finding_add(c, severity, queued);
	if (!f)
		return;
	number_queue(c, f);
	bt_words_percent(&f->text, fmin(1, cpus_used(c) / c->cpus));
	bt_strbuf_add(&f->text, " of ");
	bt_words_count(&f->text, (uint64_t)c->cpus, "CPU", "CPUs");
	bt_strbuf_add(&f->text, " in use, and on average ");
	bt_strbuf_add_fixed(&f->text, c->queued, 1);
	bt_strbuf_add(&f->text, " threads wait for one");
	say_queue(c, &f->text);
	bt_strbuf_add(&f->text, ". Used by ");
	count = bt_rank_names(c, weigh_cpus, 0.05, groups);
	bt_finding_groups(f, groups, count, "cpus", " CPUs");
	bt_strbuf_add(&f->advice, "Start less of it at once");
	if (count) {
		bt_strbuf_add(&f->advice, ", or give ");
		bt_say_raw(&f->advice, groups[0].first->comm);
		bt_strbuf_add(&f->advice, " less (nice, cpu.weight, cpu.max)");
	}
	bt_strbuf_add(&f->advice, "; if all of it is wanted: more CPUs.");
}

static double weigh_queued(const struct bt_host_case *c, const struct bt_process *p)
{
	return bt_threads_in(c, p, BT_MS_RUN_QUEUE);
}

/* Part of the time in which a CPU had something to do; e: at the end. 0: it was offline at the begin. */
static double cpu_busy(const struct bt_host_case *c, const struct bt_host_cpu *e)
{
	const struct bt_host_cpu *b = bt_cpu_find(c->begin, e->cpu);

	return b ? 1 - (bt_counter_growth(b->idle_ns, e->idle_ns) +
			bt_counter_growth(b->iowait_ns, e->iowait_ns)) /
			   c->sample_ns
		 : 0;
}

/* Threads wait while CPUs have nothing to do: they may not go there. */
void bt_find_cpu_pinned(struct bt_host_case *c)
{
	double queued = c->queued - stolen(c), idle = c->idle + c->iowait, busiest = 0;
	struct bt_name_group groups[BT_NAME_GROUPS];
	struct bt_finding *f;
	uint32_t cpu = 0;

	if (isnan(idle) || c->cpus < 2 || queued < PINNED_QUEUED || idle < PINNED_IDLE)
		return;
	for (size_t i = 0; i < c->end->cpu_count; i++) {
		double busy = cpu_busy(c, &c->end->cpus[i]);

		if (busy > busiest) {
			busiest = busy;
			cpu = c->end->cpus[i].cpu;
		}
	}
	/* All wanted at the same moments, and then none: no CPU is full. */
	if (busiest < ONE_THREAD)
		return;
	f = bt_finding_add(c, BT_SEVERITY_WARNING, queued);
	if (!f)
		return;
	number_queue(c, f);
	bt_finding_number(f, "cpus_idle", idle);
	bt_finding_number(f, "busiest_cpu", cpu);
	bt_finding_number(f, "busiest_cpu_busy", busiest);
	bt_strbuf_addf(&f->text, "CPU %u is full, and on average ", cpu);
	bt_strbuf_add_fixed(&f->text, queued, 1);
	bt_strbuf_add(&f->text, " threads wait, while ");
	bt_strbuf_add_fixed(&f->text, idle, 1);
	bt_strbuf_add(&f->text, " CPUs are idle");
	say_queue(c, &f->text);
	bt_strbuf_add(&f->text, ". Who waits: ");
	bt_finding_groups(f, groups, bt_rank_names(c, weigh_queued, 0.05, groups), "threads_waiting",
			  " threads");
	bt_strbuf_add(&f->advice,
		      "They may not use the idle ones: look at taskset -p PID, the cpuset of their "
		      "cgroup, isolcpus, and where interrupts go. More CPUs change nothing.");
}

void bt_find_cpu_one_thread(struct bt_host_case *c)
{
	double idle = c->cpus - cpus_used(c) - stolen(c);

	if (c->cpus < 2 || idle < PINNED_IDLE)
		return;
	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		double most = (double)p->usage.oncpu_max_ns / c->window_ns;
		struct bt_finding *f;

		if (p->kind == BT_KIND_KERNEL || most < ONE_THREAD)
			continue;
		f = bt_finding_add(c, BT_SEVERITY_INFO, most);
		if (!f)
			return;
		bt_finding_number(f, "cpus_online", c->cpus);
		bt_finding_number(f, "thread_cpus", most);
		bt_finding_number(f, "cpus_idle", idle);
		bt_finding_process(f, p, "cpus", bt_threads_in(c, p, BT_MS_USER));
		bt_strbuf_add(&f->text, "One thread of ");
		bt_say_pid_name(&f->text, p);
		bt_strbuf_add(&f->text, " uses a whole CPU, while ");
		bt_strbuf_add_fixed(&f->text, idle, 1);
		bt_strbuf_add(&f->text, " are idle");
		bt_strbuf_add(
		    &f->advice,
		    "If it is slow: a faster clock, a better algorithm, or work that is split; more "
		    "CPUs change nothing.");
	}
}

/* Whose is it? Processes of one control group belong together, else those of one name. */
static bool are_one(const struct bt_process *a, const struct bt_process *b)
{
	if (a == b || !strcmp(a->comm, b->comm))
		return true;
	return a->cgroup && b->cgroup && a->cgroup[0] && a->cgroup[1] && !strcmp(a->cgroup, b->cgroup);
}

/* Keeps those that wait the most, the first of them first. */
static void victim_add(const struct bt_host_case *c, const struct bt_process **victims, size_t count,
		       const struct bt_process *p)
{
	size_t at = count < VICTIMS_SHOWN ? count : VICTIMS_SHOWN;

	for (; at && weigh_queued(c, victims[at - 1]) < weigh_queued(c, p); at--)
		if (at < VICTIMS_SHOWN)
			victims[at] = victims[at - 1];
	if (at < VICTIMS_SHOWN)
		victims[at] = p;
}

void bt_find_cpu_neighbour(struct bt_host_case *c)
{
	struct bt_name_group hogs[BT_NAME_GROUPS];
	const struct bt_process *victims[VICTIMS_SHOWN];
	double used = 0, lost = 0;
	size_t victim_count = 0, members = 0, tiny = 0,
	       count = bt_rank_names(c, weigh_cpus, NEIGHBOUR_PART, hogs);
	/* Many small ones of a name are one neighbour, too. */
	const struct bt_process *hog = count ? hogs[0].first : NULL;
	struct bt_finding *f;

	if (!hog || !is_full(c))
		return;
	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];

		if (are_one(p, hog)) {
			used += weigh_cpus(c, p);
			members += weigh_cpus(c, p) >= 0.01;
			tiny += weigh_cpus(c, p) < 0.01;
		} else if (p->kind == BT_KIND_USER && p->nice < NICE_PATIENT &&
			   bt_active_part(p, BT_MS_RUN_QUEUE) >= VICTIM_QUEUED &&
			   bt_threads_active(c, p) >= VICTIM_ACTIVE) {
			lost += weigh_queued(c, p);
			victim_add(c, victims, victim_count++, p);
		}
	}
	/* None of a swarm of short ones has done it. */
	if (!members)
		members = tiny;
	if (!victim_count || used < NEIGHBOUR_PART * cpus_used(c) || used < NEIGHBOUR_PART)
		return;
	f = bt_finding_add(c,
			   victim_count >= VICTIMS_CRITICAL && c->queue_p99_ns >= LATENCY_CRITICAL_NS
			       ? BT_SEVERITY_CRITICAL
			       : BT_SEVERITY_WARNING,
			   lost);
	if (!f)
		return;
	number_queue(c, f);
	bt_finding_number(f, "neighbour_cpus", used);
	bt_finding_number(f, "starved_processes", (double)victim_count);
	bt_finding_number(f, "starved_threads_waiting", lost);
	bt_finding_process(f, hog, "cpus", used);
	f->subjects[0].count = members > 1 ? members : 0;
	if (hog->cgroup)
		f->subjects[0].cgroup = strdup(hog->cgroup);
	if (members > 1) {
		bt_strbuf_addf(&f->text, "%zu × ", members);
		bt_say_raw(&f->text, hog->comm);
	} else {
		bt_say_pid_name(&f->text, hog);
	}
	bt_strbuf_addf(&f->text, " use%s ", members > 1 ? "" : "s");
	bt_strbuf_add_fixed(&f->text, used, 1);
	bt_strbuf_add(&f->text, " of ");
	bt_words_count(&f->text, (uint64_t)c->cpus, "CPU", "CPUs");
	bt_strbuf_add(&f->text, " and starve");
	bt_strbuf_add(&f->text, members > 1 ? " " : "s ");
	for (size_t i = 0; i < victim_count && i < VICTIMS_SHOWN; i++) {
		bt_finding_process(f, victims[i], "run_queue_part",
				   bt_active_part(victims[i], BT_MS_RUN_QUEUE));
		if (i >= 3)
			continue;
		bt_strbuf_add(&f->text, i ? ", " : "");
		bt_say_pid_name(&f->text, victims[i]);
		bt_strbuf_add(&f->text, " (waits ");
		bt_words_percent(&f->text, bt_active_part(victims[i], BT_MS_RUN_QUEUE));
		bt_strbuf_add(&f->text, i ? ")" : " of its active time)");
	}
	if (victim_count > 3)
		bt_strbuf_addf(&f->text, " and %zu more", victim_count - 3);
	bt_strbuf_add(&f->advice, "Give ");
	bt_say_raw(&f->advice, hog->comm);
	bt_strbuf_add(&f->advice,
		      " less: nice 19, a smaller cpu.weight, or a quota (cpu.max); or move it elsewhere.");
}

void bt_find_cpu_steal(struct bt_host_case *c)
{
	double part = c->steal / c->cpus;
	struct bt_finding *f;

	if (isnan(part) || part < STEAL_WARNING)
		return;
	f = bt_finding_add(c, part >= STEAL_CRITICAL ? BT_SEVERITY_CRITICAL : BT_SEVERITY_WARNING, c->steal);
	if (!f)
		return;
	bt_finding_number(f, "cpus_online", c->cpus);
	bt_finding_number(f, "steal_cpus", c->steal);
	bt_finding_number(f, "steal_part", part);
	bt_finding_number(f, "cpus_used", c->busy);
	bt_strbuf_add(&f->text, "The hypervisor takes ");
	bt_words_percent(&f->text, part);
	bt_strbuf_add(&f->text, " of the CPU time (steal): ");
	bt_strbuf_add_fixed(&f->text, c->steal, 2);
	bt_strbuf_add(&f->text, " of ");
	bt_words_count(&f->text, (uint64_t)c->cpus, "CPU", "CPUs");
	bt_strbuf_add(&f->advice, "Nothing in this machine changes it: ask who runs the host about its other "
				  "guests or the limit of this one (CPU credits), or move it.");
}

void bt_find_cpu_frequency(struct bt_host_case *c)
{
	double sum = 0, least = 1;
	struct bt_finding *f;
	size_t busy = 0;
	double khz = 0, khz_max = 0;

	if (!(c->both & BT_HOST_CPUS))
		return;
	for (size_t i = 0; i < c->end->cpu_count; i++) {
		const struct bt_host_cpu *e = &c->end->cpus[i], *b = bt_cpu_find(c->begin, e->cpu);
		double part;

		/* An idle one is slow on purpose. */
		if (!b || !e->khz || !e->khz_max || cpu_busy(c, e) < BUSY_CPU)
			continue;
		/* At both ends, or it had just been idle. */
		part = fmax(e->khz, b->khz) / e->khz_max;
		sum += part;
		least = fmin(least, part);
		khz = fmax(e->khz, b->khz);
		khz_max = e->khz_max;
		busy++;
	}
	if (!busy || sum / (double)busy >= SLOW_CLOCK)
		return;
	f = bt_finding_add(c, BT_SEVERITY_WARNING, (double)busy * (1 - sum / (double)busy));
	if (!f)
		return;
	bt_finding_number(f, "busy_cpus", (double)busy);
	bt_finding_number(f, "frequency_part", sum / (double)busy);
	bt_finding_number(f, "frequency_part_least", least);
	bt_finding_number(f, "mhz", khz / 1e3);
	bt_finding_number(f, "mhz_max", khz_max / 1e3);
	bt_words_count(&f->text, busy, "busy CPU runs", "busy CPUs run");
	bt_strbuf_add(&f->text, " at ");
	bt_words_percent(&f->text, sum / (double)busy);
	bt_strbuf_add(&f->text, " of the clock that they are made for (");
	bt_strbuf_add_fixed(&f->text, khz / 1e3, 0);
	bt_strbuf_add(&f->text, " of ");
	bt_strbuf_add_fixed(&f->text, khz_max / 1e3, 0);
	bt_strbuf_add(&f->text, " MHz)");
	bt_strbuf_add(&f->advice, "Look for heat (dmesg, sensors), a power limit, or the governor: cpupower "
				  "frequency-info.");
}

/* Those that a program reads without a system call or a slow device are fine. */
void bt_find_clock_source(struct bt_host_case *c)
{
	static const char *const slow[] = {"hpet", "acpi_pm", "pit", "jiffies", "refined-jiffies", "xen"};
	uint64_t stime_ns = 0, utime_ns = 0;
	struct bt_finding *f;
	double system;
	bool found = false;

	if (!(c->end->valid & BT_HOST_CLOCK))
		return;
	for (size_t i = 0; i < sizeof(slow) / sizeof(slow[0]); i++)
		found |= !strcmp(c->end->clocksource, slow[i]);
	if (!found)
		return;
	for (size_t i = 0; i < c->f->process_count; i++) {
		utime_ns += c->f->processes[i]->usage.utime_ns;
		stime_ns += c->f->processes[i]->usage.stime_ns;
	}
	system = utime_ns + stime_ns ? (double)stime_ns / (double)(utime_ns + stime_ns) : 0;
	f = bt_finding_add(
	    c, system >= 0.3 && cpus_used(c) >= 0.5 * c->cpus ? BT_SEVERITY_WARNING : BT_SEVERITY_INFO,
	    system * cpus_used(c));
	if (!f)
		return;
	bt_finding_number(f, "system_part_of_cpu", system);
	bt_finding_number(f, "cpus_used", cpus_used(c));
	bt_strbuf_add(&f->text, "The clock source is ");
	bt_say_raw(&f->text, c->end->clocksource);
	bt_strbuf_add(&f->text, ": each look at the time is a system call and costs a microsecond or more "
				"instead of 25 ns; ");
	bt_words_percent(&f->text, system);
	bt_strbuf_add(&f->text, " of the CPU time is in the kernel");
	bt_strbuf_add(&f->advice,
		      "See why the kernel gave up the TSC (dmesg | grep -i tsc), and whether "
		      "/sys/devices/system/clocksource/clocksource0/available_clocksource has a better one.");
}
