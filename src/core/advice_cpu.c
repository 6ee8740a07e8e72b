/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice on CPUs: who has them, who waits for them, what is done with them. */
#include <string.h>

#include "advice_internal.h"
#include "names.h"
#include "sanitize.h"
#include "words.h"

/* A thread with so much of a CPU has all that one can give: the rest goes for interrupts and the odd wait. */
#define WHOLE_CPU 0.90
/* Of another thread no more than this, and of all others together: else the work is split already. */
#define OTHERS_MAX     0.50
#define OTHERS_SUM_MAX 0.90
/* All CPUs: what is left of them is lost at the edges of the work. */
#define ALL_CPUS 0.85
/* Waiting for a CPU for that part of the active time tells more threads than CPUs from just as many. */
#define QUEUE_WORTH 0.10
/* A neighbour with less is not the one. */
#define NEIGHBOUR_MIN_CPUS 0.10
/* Figures of the host are of the whole interval: they say nothing about a small part of it. */
#define PRESENT_MIN 0.80
/* Figures of threads and of the host are not of the same instants: so much less than needed is no accident.
 */
#define KEPT_MAX     0.85
#define CGROUP_WIDTH 60

static bool wants_cpu(const struct bt_case *c)
{
	return c->v->id == BT_VERDICT_CPU_BOUND || c->v->id == BT_VERDICT_STARVED ||
	       (c->v->id == BT_VERDICT_MIXED &&
		(double)c->v->group_share[BT_GROUP_CPU] >= BT_ADVICE_WEIGHT_MIN);
}

static double online(const struct bt_case *c)
{
	return c->advisor->frame->cpus_online ? c->advisor->frame->cpus_online : 1;
}

static double thread_cpus(const struct bt_case *c, uint64_t oncpu_ns)
{
	return (double)oncpu_ns / c->presence_ns;
}

bool bt_quota_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_CPU_QUOTA);
}

void bt_quota_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_strbuf_add(out, "Held back by the CPU quota of ");
	if (bt_case_is_many(c))
		bt_strbuf_add(out, "a cgroup of theirs");
	else if (c->p->cgroup && *c->p->cgroup)
		bt_sanitize(out, c->p->cgroup, strlen(c->p->cgroup), CGROUP_WIDTH, BT_CHARSET_UTF8);
	else
		bt_strbuf_add(out, "its cgroup");
	bt_strbuf_add_char(out, ' ');
	bt_say_share(c, bt_case_offcpu_ns(c, BT_MS_CPU_QUOTA), out);
	bt_say_fixed(
	    out, "; it got ", bt_case_cpus(c), 2,
	    " CPUs. Raise cpu.max there (cpu.cfs_quota_us with cgroup v1), or do less at a time in it: "
	    "more cores change nothing.");
}

/* On a host with one CPU, a thread alone fills them all; then it takes a queue to be parallel. */
static bool fills_host(const struct bt_case *c)
{
	return bt_case_cpus(c) >= ALL_CPUS * online(c) &&
	       (online(c) > 1 || bt_case_weight(c, BT_MS_RUN_QUEUE) >= BT_ADVICE_WEIGHT_MIN);
}

bool bt_all_cores_applies(const struct bt_case *c)
{
	return wants_cpu(c) && c->threads > 1 && fills_host(c);
}

void bt_all_cores_say(const struct bt_case *c, struct bt_strbuf *out)
{
	double queue = bt_case_weight(c, BT_MS_RUN_QUEUE);

	bt_say_fixed(out, "Keeps ", bt_case_cpus(c), 2, " of ");
	bt_words_count(out, c->advisor->frame->cpus_online, "CPU", "CPUs");
	bt_strbuf_add(out, " busy");
	if (queue >= QUEUE_WORTH) {
		bt_strbuf_add(out, ", and waits for one ");
		bt_say_share(c, bt_case_offcpu_ns(c, BT_MS_RUN_QUEUE), out);
		bt_strbuf_add(out, ": more cores would be used, or a GPU, if it does the same to much data.");
	} else {
		bt_strbuf_add(out, " with as many threads as there are: more cores help if it is told to use "
				   "more threads; faster ones help as it is.");
	}
}

static bool queues(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_RUN_QUEUE) && !fills_host(c);
}

/* Was it there all the time that the host's figures are of? */
static bool is_of_the_whole(const struct bt_case *c)
{
	return c->presence_ns >= PRESENT_MIN * (double)c->advisor->frame->duration_ns;
}

static bool host_is_busy(const struct bt_case *c)
{
	return is_of_the_whole(c) && bt_case_host(c)->host_cpus >= ALL_CPUS * online(c);
}

/*
 * While a thread waits that may use any CPU, all are in use. So many, on average, the host has to use at
 * least; if it does not, some are kept from it.
 */
static double cpus_needed(const struct bt_case *c)
{
	double waits = bt_case_offcpu_ns(c, BT_MS_RUN_QUEUE) / c->presence_ns / (c->threads ? c->threads : 1);
	double cpus = bt_case_cpus(c);

	/* One thread does not run while it waits; of several nobody knows. */
	if (c->threads == 1)
		return waits * online(c) + cpus;
	return waits * online(c) > cpus ? waits * online(c) : cpus;
}

bool bt_neighbours_applies(const struct bt_case *c)
{
	return queues(c) && host_is_busy(c);
}

void bt_neighbours_say(const struct bt_case *c, struct bt_strbuf *out)
{
	const struct bt_advisor *host = bt_case_host(c);
	const struct bt_process *other = host->heaviest[host->heaviest[0] == c->p];
	double cpus = other ? (double)other->verdict.cpus : 0;

	bt_strbuf_add(out, "Waits for a CPU ");
	bt_say_share(c, bt_case_offcpu_ns(c, BT_MS_RUN_QUEUE), out);
	bt_say_fixed(out, " and gets ", bt_case_cpus(c), 2, ", while ");
	bt_say_fixed(out, "", host->host_cpus, 2, " of ");
	bt_words_count(out, c->advisor->frame->cpus_online, "CPU", "CPUs");
	bt_strbuf_add(out, " are in use");
	/* Of a tree, the heaviest may be one of its own. */
	if (cpus >= NEIGHBOUR_MIN_CPUS && bt_case_is_single(c)) {
		bt_strbuf_add(out, ", most by ");
		bt_say_process(out, other);
		bt_say_fixed(out, ", ", cpus, 2, "");
	}
	bt_strbuf_add(out, ". Move one of them, or say which matters (nice, cpu.weight); or add cores.");
	if (c->v->id == BT_VERDICT_STARVED)
		bt_strbuf_add(out, " Tuning this program comes second.");
}

bool bt_queue_applies(const struct bt_case *c)
{
	return queues(c) && !host_is_busy(c);
}

void bt_queue_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bool kept = is_of_the_whole(c) && bt_case_host(c)->host_cpus < KEPT_MAX * cpus_needed(c);

	bt_strbuf_add(out, "Waits for a CPU ");
	bt_say_share(c, bt_case_offcpu_ns(c, BT_MS_RUN_QUEUE), out);
	bt_say_fixed(out, ", while on average ", bt_case_host(c)->host_cpus, 2, " of ");
	bt_words_count(out, c->advisor->frame->cpus_online, "CPU", "CPUs");
	bt_strbuf_add(out, kept ? " are in use: it may not use the others (taskset -p"
				: " are in use: either it may not use the others (taskset -p");
	bt_say_pid(c, " ", out);
	bt_strbuf_add(out, kept ? ", cpuset), or a hypervisor takes the time (steal in vmstat). More cores "
				  "change nothing before that does."
				: ", cpuset), or all are wanted at the same moments: a shorter interval (-d) "
				  "tells.");
}

/*
 * Where it waits for I/O as much as it computes, what it computes in the kernel is a part of that I/O; and
 * who is starved needs a CPU first.
 */
static bool computes_in_kernel(const struct bt_case *c)
{
	if (c->v->id != BT_VERDICT_CPU_BOUND && (c->v->id != BT_VERDICT_MIXED || c->v->cause != BT_MS_SYSTEM))
		return false;
	return c->v->split && c->v->share[BT_MS_SYSTEM] > c->v->share[BT_MS_USER];
}

static double system_ns(const struct bt_case *c)
{
	double both = (double)c->v->share[BT_MS_SYSTEM] + (double)c->v->share[BT_MS_USER];

	return both > 0 ? (double)c->u->totals.oncpu_ns * (double)c->v->share[BT_MS_SYSTEM] / both : 0;
}

/* Of time in the kernel, a page fault for each so much: an own one takes 0.5 us, and 3 in a virtual machine.
 */
#define FAULT_EVERY_NS 5000

static bool faults_all_the_time(const struct bt_case *c)
{
	return (double)c->u->minor_faults * FAULT_EVERY_NS >= system_ns(c);
}

static void say_kernel_part(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_words_percent(out, system_ns(c) / (double)c->u->totals.oncpu_ns);
	bt_strbuf_add(out, " of its CPU time is in the kernel; it ");
}

bool bt_page_faults_applies(const struct bt_case *c)
{
	return computes_in_kernel(c) && faults_all_the_time(c);
}

void bt_page_faults_say(const struct bt_case *c, struct bt_strbuf *out)
{
	say_kernel_part(c, out);
	bt_strbuf_add(out, "faults ");
	bt_strbuf_add_fixed(out, bt_case_per_second(c, (double)c->u->minor_faults), 0);
	bt_strbuf_add(out, " pages in a second, one in ");
	bt_words_duration(out, system_ns(c) / (double)c->u->minor_faults);
	bt_strbuf_add(out,
		      " of that time: memory that it takes anew. Keep it instead of giving it back (a buffer "
		      "that is used again, MALLOC_TRIM_THRESHOLD_ and MALLOC_MMAP_THRESHOLD_ for glibc), or "
		      "take it in huge pages; perf top");
	bt_say_pid(c, " -p ", out);
	bt_strbuf_add(out, " shows what the faults cost.");
}

bool bt_system_calls_applies(const struct bt_case *c)
{
	return computes_in_kernel(c) && !faults_all_the_time(c);
}

void bt_system_calls_say(const struct bt_case *c, struct bt_strbuf *out)
{
	say_kernel_part(c, out);
	bt_strbuf_add(out, "sleeps ");
	bt_strbuf_add_fixed(out, bt_case_per_second(c, (double)c->u->voluntary), 0);
	bt_strbuf_add(out, " times");
	if (c->u->valid & BT_VALID_IO) {
		bt_strbuf_add(out, ", reads ");
		bt_words_bytes(out, bt_case_per_second(c, (double)c->u->rchar));
		bt_strbuf_add(out, " and writes ");
		bt_words_bytes(out, bt_case_per_second(c, (double)c->u->wchar));
		bt_strbuf_add(out, " of files and pipes");
	}
	bt_strbuf_add(out, " a second. Look at its calls, not at its code (strace -c -f");
	bt_say_pid(c, " -p ", out);
	bt_strbuf_add(out, ", perf top");
	bt_say_pid(c, " -p ", out);
	bt_strbuf_add(out, "): fewer and larger ones are cheaper.");
}

static uint64_t others_oncpu_ns(const struct bt_case *c)
{
	return c->u->totals.oncpu_ns - c->u->oncpu_max_ns;
}

bool bt_one_thread_applies(const struct bt_case *c)
{
	return c->v->id == BT_VERDICT_CPU_BOUND && thread_cpus(c, c->u->oncpu_max_ns) >= WHOLE_CPU &&
	       thread_cpus(c, c->u->oncpu_next_ns) <= OTHERS_MAX &&
	       thread_cpus(c, others_oncpu_ns(c)) <= OTHERS_SUM_MAX && !computes_in_kernel(c) &&
	       !bt_all_cores_applies(c);
}

void bt_one_thread_say(const struct bt_case *c, struct bt_strbuf *out)
{
	if (c->threads > 1) {
		bt_strbuf_addf(out,
			       bt_case_is_many(c) ? "Of %u threads in all processes one uses "
						  : "Of %u threads one uses ",
			       c->threads);
		bt_say_fixed(out, "", thread_cpus(c, c->u->oncpu_max_ns), 2, " CPUs, the others ");
		bt_say_fixed(out, "", thread_cpus(c, others_oncpu_ns(c)), 2, " together: ");
	} else {
		bt_say_fixed(out, "Its one thread uses ", thread_cpus(c, c->u->oncpu_max_ns), 2, " CPUs: ");
	}
	bt_strbuf_add(
	    out, "more cores change nothing. A faster clock, vector instructions or a better algorithm help, "
		 "or work that is split among ");
	bt_strbuf_add(out, bt_case_runs_python(c)
			       ? "processes: threads would fight for the interpreter's lock."
			       : "threads or processes.");
}

bool bt_more_threads_applies(const struct bt_case *c)
{
	return c->v->id == BT_VERDICT_CPU_BOUND && thread_cpus(c, c->u->oncpu_next_ns) >= WHOLE_CPU &&
	       !fills_host(c) && !bt_case_bears(c, BT_MS_RUN_QUEUE) && !bt_case_bears(c, BT_MS_CPU_QUOTA);
}

void bt_more_threads_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_say_fixed(out, "Uses ", bt_case_cpus(c), 2, " of ");
	bt_words_count(out, c->advisor->frame->cpus_online, "CPU", "CPUs");
	bt_strbuf_add(out,
		      ", two threads or more a whole one each: it runs in parallel, but not on all. Tell "
		      "it to use more threads; more cores change nothing before.");
}
