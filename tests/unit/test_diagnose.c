/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Findings over made-up hosts: each fires on its trouble, is silent just below it, and nothing fires on a
 * host that is well.
 */
#include "account.h"
#include "diagnose.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include "growth.h"
#include "unit.h"

#define MS        1000000ULL
#define SECOND_NS (1000 * MS)
#define WINDOW_NS (5 * SECOND_NS)
#define CPUS      4
#define PROCESSES 40
#define WAITS_MAX 4
#define GB        (1ULL << 30)

struct host {
	struct bt_frame frame;
	struct bt_process p[PROCESSES];
	struct bt_process *list[PROCESSES];
	struct bt_wait waits[PROCESSES][WAITS_MAX];
	struct bt_thread thread;
	struct bt_thread *thread_list[1];
	struct bt_host_sample begin, end;
	struct bt_host_cpu cpus[2][CPUS];
	struct bt_host_disk disks[2];
	struct bt_host_cgroup groups[2];
	struct bt_growth *growth;
	struct bt_diagnosis d;
	char ids[256];
};

static struct bt_usage *usage(struct host *h, int i)
{
	return &h->p[i].usage;
}

/* So many threads of process i, on average, did that. */
static void spend(struct host *h, int i, enum bt_microstate ms, double threads)
{
	uint64_t ns = (uint64_t)(threads * (double)WINDOW_NS);
	struct bt_usage *u = usage(h, i);

	u->wall_ns += ns;
	if (ms < BT_OFFCPU_FIRST) {
		u->totals.oncpu_ns += ns;
		h->frame.totals.oncpu_ns += ns;
		u->utime_ns += ns;
		if (ns > u->oncpu_max_ns)
			u->oncpu_max_ns = ns < WINDOW_NS ? ns : WINDOW_NS;
	} else {
		u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST] += ns;
		h->frame.totals.offcpu_ns[ms - BT_OFFCPU_FIRST] += ns;
	}
}

static struct bt_wait *wait_for(struct host *h, int i, enum bt_microstate ms, enum bt_target target,
				long call, double threads, uint32_t count)
{
	struct bt_wait *w = &h->waits[i][usage(h, i)->wait_count++];

	*w = (struct bt_wait){.reason = {.object = 7,
					 .syscall = (int16_t)call,
					 .cause = (uint8_t)ms,
					 .target = (uint8_t)target,
					 .fd = 3},
			      .ns = (uint64_t)(threads * (double)WINDOW_NS),
			      .count = count};
	spend(h, i, ms, threads);
	return w;
}

/* All CPUs used so much of the window beside what processes show. */
static void cpu_times(struct host *h, double busy, double iowait, double steal)
{
	for (int i = 0; i < CPUS; i++) {
		struct bt_host_cpu *c = &h->cpus[1][i];

		c->user_ns = (uint64_t)(busy * (double)WINDOW_NS);
		c->iowait_ns = (uint64_t)(iowait * (double)WINDOW_NS);
		c->steal_ns = (uint64_t)(steal * (double)WINDOW_NS);
		c->idle_ns = WINDOW_NS - c->user_ns - c->iowait_ns - c->steal_ns;
	}
}

/* Waits for a CPU, nearly all that long. */
static void queue_waits(struct host *h, uint64_t ns)
{
	memset(h->frame.run_queue, 0, sizeof(h->frame.run_queue));
	h->frame.run_queue[bt_burst_bucket(ns)] = 1000;
}

/* A host that is well: 4 CPUs, a third in use, some of everything. */
static void host_open(struct host *h)
{
	static const char *const names[] = {"systemd", "sshd", "nginx", "postgres", "python3", "cron"};

	memset(h, 0, sizeof(*h));
	h->frame = (struct bt_frame){.duration_ns = WINDOW_NS,
				     .tick_ns = 4 * MS,
				     .cpus_online = CPUS,
				     .exact = true,
				     .run_queue_known = true,
				     .process_count = PROCESSES,
				     .processes = h->list};
	for (int i = 0; i < PROCESSES; i++) {
		struct bt_process *p = &h->p[i];

		h->list[i] = p;
		p->identity = (struct bt_identity){.pid = 100 + i, .start_ns = SECOND_NS};
		snprintf(p->comm, sizeof(p->comm), "%s", i < 6 ? names[i] : "worker");
		if (i >= 6)
			p->comm[6] = (char)('A' + i - 6);
		p->threads = 1;
		p->state = 'S';
		p->end_ns = WINDOW_NS;
		p->rss_bytes = 10 << 20;
		p->usage.waits = h->waits[i];
		p->usage.valid = BT_VALID_ACCOUNT | BT_VALID_WAITS;
		spend(h, i, BT_MS_EVENT, 0.9);
	}
	spend(h, 2, BT_MS_USER, 0.4);
	spend(h, 2, BT_MS_RUN_QUEUE, 0.02);
	spend(h, 3, BT_MS_USER, 0.6);
	wait_for(h, 3, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.2, 400);
	wait_for(h, 3, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 0.1, 90);
	wait_for(h, 4, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 0.3, 900);
	wait_for(h, 4, BT_MS_IPC, BT_TARGET_PIPE, SYS_read, 0.1, 900);
	queue_waits(h, 40000);
	h->begin.cpus = h->cpus[0];
	h->end.cpus = h->cpus[1];
	h->begin.disks = &h->disks[0];
	h->end.disks = &h->disks[1];
	h->begin.cgroups = &h->groups[0];
	h->end.cgroups = &h->groups[1];
	for (struct bt_host_sample *s = &h->begin;; s = &h->end) {
		s->valid = BT_HOST_ALL;
		s->cpu_count = CPUS;
		s->disk_count = s->cgroup_count = 1;
		s->memory = (struct bt_host_memory){.total_bytes = 16 * GB, .available_bytes = 9 * GB};
		s->vm = (struct bt_host_vm){.page_bytes = 4096, .oom_kills = 3, .swap_out = 9999};
		strcpy(s->clocksource, "tsc");
		strcpy(s->disks->name, "sda");
		s->cgroups->path = (char *)"/ci.slice";
		s->cgroups->quota_ns = 20 * MS;
		s->cgroups->period_ns = 100 * MS;
		if (s == &h->end)
			break;
	}
	h->begin.now_ns = SECOND_NS;
	h->end.now_ns = SECOND_NS + WINDOW_NS;
	h->disks[1].busy_ns = WINDOW_NS / 5;
	h->disks[1].reads = 2000;
	h->groups[1].periods = 50;
	for (int i = 0; i < CPUS; i++) {
		h->cpus[0][i].cpu = h->cpus[1][i].cpu = (uint32_t)i;
		h->cpus[0][i].khz = h->cpus[1][i].khz = 3000000;
		h->cpus[0][i].khz_max = h->cpus[1][i].khz_max = 3000000;
	}
	cpu_times(h, 0.3, 0.05, 0.01);
	assert_int_equal(bt_growth_create(&h->growth), 0);
}

static void host_close(struct host *h)
{
	bt_growth_destroy(h->growth);
	bt_diagnosis_free(&h->d);
}

static char *file_of(void *context, const struct bt_process *p, const struct bt_reason *r, char *device)
{
	(void)context;
	(void)p;
	if (r->target != BT_TARGET_FILE)
		return NULL;
	memcpy(device, "sda", sizeof("sda"));
	return strdup("/var/lib/pg/data");
}

static char *stack_of(void *context, const struct bt_process *p, int32_t tid)
{
	(void)context;
	(void)p;
	return tid == 100 ? strdup("percpu_rwsem_wait < ext4_write") : NULL;
}

/* "id:severity" of all, the worst first, a space between. */
static const char *diagnose(struct host *h)
{
	struct bt_diagnosis_input in = {.frame = &h->frame,
					.begin = &h->begin,
					.end = &h->end,
					.growth = h->growth,
					.names = {NULL, file_of, stack_of}};
	size_t length = 0;

	bt_diagnosis_free(&h->d);
	assert_int_equal(bt_diagnose(&in, &h->d), 0);
	h->ids[0] = '\0';
	for (size_t i = 0; i < h->d.count; i++)
		length += (size_t)snprintf(h->ids + length, sizeof(h->ids) - length, "%s%s:%s", i ? " " : "",
					   bt_finding_id(h->d.findings[i].row),
					   bt_severity_name(h->d.findings[i].severity));
	return h->ids;
}

static const char *text_of(const struct host *h, size_t i)
{
	return bt_strbuf_text(&h->d.findings[i].text);
}

static double number_of(const struct host *h, size_t i, const char *name)
{
	for (size_t k = 0; k < h->d.findings[i].number_count; k++)
		if (!strcmp(h->d.findings[i].numbers[k].name, name))
			return h->d.findings[i].numbers[k].value;
	fail_msg("no evidence called %s", name);
	return 0;
}

#define assert_finds(h, expected)                                                                            \
	do {                                                                                                 \
		const char *ids = diagnose(h);                                                               \
		if (strcmp(ids, expected) != 0)                                                              \
			fail_msg("\"%s\" instead of \"%s\": %s", ids, expected,                              \
				 (h)->d.count ? text_of(h, 0) : "");                                         \
	} while (0)

#define assert_says(h, i, part)                                                                              \
	do {                                                                                                 \
		if (!strstr(text_of(h, i), part))                                                            \
			fail_msg("no \"%s\" in \"%s\"", part, text_of(h, i));                                \
	} while (0)

#define HOST                                                                                                 \
	struct host h;                                                                                       \
	(void)state;                                                                                         \
	host_open(&h)
#define again(h) (host_close(h), host_open(h))

static void healthy(void **state)
{
	HOST;
	assert_finds(&h, "");
	assert_string_equal(h.d.verdict, "healthy");
	assert_non_null(strstr(bt_strbuf_text(&h.d.healthy), "run queue p99"));
	assert_string_equal(bt_strbuf_text(&h.d.unseen), "");
	/* With hardly anything to go by, nothing is made up, and it says so. */
	h.begin.valid = h.end.valid = 0;
	h.frame.run_queue_known = false;
	assert_finds(&h, "");
	assert_non_null(strstr(bt_strbuf_text(&h.d.unseen), "swapping"));
	/* Nothing at all. */
	h.frame.process_count = 0;
	h.frame.duration_ns = 0;
	assert_finds(&h, "");
	host_close(&h);
}

static void cpu_saturated(void **state)
{
	HOST;
	/* Full, and nobody waits. */
	for (int i = 10; i < 14; i++)
		spend(&h, i, BT_MS_USER, 0.5);
	cpu_times(&h, 0.99, 0, 0.01);
	assert_finds(&h, "");
	/* Just below: 0.02 + 0.9 threads. */
	spend(&h, 10, BT_MS_RUN_QUEUE, 0.9);
	assert_finds(&h, "");
	spend(&h, 11, BT_MS_RUN_QUEUE, 0.2);
	assert_finds(&h, "cpu-saturated:warning");
	assert_string_equal(h.d.verdict, "cpu-bound");
	assert_says(&h, 0, "4 CPUs in use");
	/* A finding has its evidence. */
	assert_true(number_of(&h, 0, "threads_waiting") > 1);
	spend(&h, 12, BT_MS_RUN_QUEUE, 4);
	queue_waits(&h, 100 * MS);
	assert_finds(&h, "cpu-saturated:critical");
	/* Whoever has time does not count. */
	h.p[12].nice = 19;
	assert_finds(&h, "cpu-saturated:warning");
	/* Not everything is in use. */
	cpu_times(&h, 0.8, 0, 0);
	assert_finds(&h, "");
	host_close(&h);
}

static void cpu_neighbour(void **state)
{
	HOST;
	strcpy(h.p[10].comm, "hog");
	strcpy(h.p[11].comm, "hog");
	spend(&h, 10, BT_MS_USER, 1.4);
	spend(&h, 11, BT_MS_USER, 1.4);
	cpu_times(&h, 1, 0, 0);
	spend(&h, 20, BT_MS_USER, 0.3);
	spend(&h, 20, BT_MS_RUN_QUEUE, 0.29);
	assert_finds(&h, "");
	spend(&h, 20, BT_MS_RUN_QUEUE, 0.02);
	assert_finds(&h, "cpu-neighbour:warning");
	assert_says(&h, 0, "2 × hog use 2.8 of 4 CPUs and starve 120 workerO");
	/* The hog's own threads starve each other: that is no neighbour. */
	strcpy(h.p[20].comm, "hog");
	assert_finds(&h, "");
	host_close(&h);
}

/* So many short ones that each is nothing: they are named by their number, not by the PID of one. */
static void cpu_neighbour_swarm(void **state)
{
	enum { SWARM = 400 };
	struct bt_process *swarm = calloc(SWARM, sizeof(*swarm));
	static struct bt_process *list[PROCESSES + SWARM];

	HOST;
	assert_non_null(swarm);
	cpu_times(&h, 1, 0, 0);
	spend(&h, 20, BT_MS_USER, 0.3);
	spend(&h, 20, BT_MS_RUN_QUEUE, 0.5);
	memcpy(list, h.list, sizeof(h.list));
	for (int i = 0; i < SWARM; i++) {
		swarm[i] = h.p[30];
		swarm[i].identity.pid = 1000 + i;
		strcpy(swarm[i].comm, "true");
		swarm[i].exited = true;
		swarm[i].usage.totals.oncpu_ns = 7 * WINDOW_NS / 1000;
		h.frame.totals.oncpu_ns += 7 * WINDOW_NS / 1000;
		list[PROCESSES + i] = &swarm[i];
	}
	h.frame.processes = list;
	h.frame.process_count = PROCESSES + SWARM;
	assert_finds(&h, "cpu-neighbour:warning");
	assert_says(&h, 0, "400 × true use 2.8 of 4 CPUs and starve 120 workerO");
	host_close(&h);
	free(swarm);
}

static void cpu_pinned(void **state)
{
	HOST;
	spend(&h, 10, BT_MS_USER, 0.5);
	spend(&h, 10, BT_MS_RUN_QUEUE, 0.55);
	h.cpus[1][2].user_ns = WINDOW_NS;
	h.cpus[1][2].idle_ns = h.cpus[1][2].iowait_ns = 0;
	assert_finds(&h, "cpu-pinned:warning");
	assert_says(&h, 0, "CPU 2 is full");
	/* Stolen time counts as waiting, and is another matter. */
	cpu_times(&h, 0.3, 0, 0.09);
	h.cpus[1][2].user_ns = WINDOW_NS;
	h.cpus[1][2].idle_ns = h.cpus[1][2].iowait_ns = 0;
	assert_finds(&h, "");
	host_close(&h);
}

/* Its kernel took iowait back meanwhile, and a CPU before it in the list went offline. */
static void one_cpu_by_its_number(void **state)
{
	HOST;
	spend(&h, 10, BT_MS_USER, 0.5);
	spend(&h, 10, BT_MS_RUN_QUEUE, 0.55);
	h.cpus[1][2].user_ns = WINDOW_NS;
	h.cpus[1][2].idle_ns = h.cpus[1][2].iowait_ns = 0;
	h.cpus[0][2].iowait_ns = 30 * MS;
	assert_finds(&h, "cpu-pinned:warning");
	h.end.cpus = &h.cpus[1][1];
	h.end.cpu_count = CPUS - 1;
	assert_finds(&h, "cpu-pinned:warning");
	assert_says(&h, 0, "CPU 2 is full");
	again(&h);
	h.cpus[0][2].khz = h.cpus[1][2].khz = 800000;
	h.cpus[1][2].user_ns = WINDOW_NS;
	h.cpus[1][2].idle_ns = h.cpus[1][2].iowait_ns = 0;
	h.cpus[0][2].iowait_ns = 30 * MS;
	assert_finds(&h, "cpu-frequency:warning");
	h.end.cpus = &h.cpus[1][1];
	h.end.cpu_count = CPUS - 1;
	assert_finds(&h, "cpu-frequency:warning");
	/* It came online meanwhile: what it did in the window is not known. */
	again(&h);
	h.cpus[0][2].khz = h.cpus[1][2].khz = 800000;
	h.cpus[1][2].user_ns = WINDOW_NS;
	h.cpus[1][2].idle_ns = h.cpus[1][2].iowait_ns = 0;
	h.begin.cpu_count = 2;
	assert_finds(&h, "");
	host_close(&h);
}

static void cpu_one_thread(void **state)
{
	HOST;
	spend(&h, 10, BT_MS_USER, 0.9);
	assert_finds(&h, "");
	spend(&h, 11, BT_MS_USER, 0.97);
	assert_finds(&h, "cpu-one-thread:info");
	assert_string_equal(h.d.verdict, "healthy");
	/* It is not looked at whether anybody waits for that thread or its CPU. */
	assert_null(strstr(bt_strbuf_text(&h.d.findings[0].advice), "waits"));
	host_close(&h);
}

static void cpu_steal(void **state)
{
	HOST;
	cpu_times(&h, 0.3, 0, 0.09);
	assert_finds(&h, "");
	cpu_times(&h, 0.3, 0, 0.11);
	assert_finds(&h, "cpu-steal:warning");
	cpu_times(&h, 0.3, 0, 0.31);
	assert_finds(&h, "cpu-steal:critical");
	assert_string_equal(h.d.verdict, "cpu-bound");
	host_close(&h);
}

static void frequency_and_clock(void **state)
{
	HOST;
	/* Idle CPUs are slow on purpose; a busy one is not. */
	for (int i = 0; i < CPUS; i++)
		h.cpus[0][i].khz = h.cpus[1][i].khz = 800000;
	assert_finds(&h, "");
	h.cpus[1][1].user_ns = WINDOW_NS * 3 / 4;
	h.cpus[1][1].idle_ns = WINDOW_NS / 4;
	h.cpus[1][1].iowait_ns = 0;
	assert_finds(&h, "cpu-frequency:warning");
	assert_says(&h, 0, "800 of 3000 MHz");
	h.cpus[1][1].khz = 1900000;
	assert_finds(&h, "");
	/* A virtual machine does not tell. */
	h.cpus[1][1].khz = h.cpus[1][1].khz_max = 0;
	assert_finds(&h, "");
	strcpy(h.end.clocksource, "hpet");
	assert_finds(&h, "clock-source:info");
	usage(&h, 3)->stime_ns = WINDOW_NS;
	cpu_times(&h, 0.6, 0, 0);
	assert_finds(&h, "clock-source:warning");
	strcpy(h.end.clocksource, "kvm-clock");
	assert_finds(&h, "");
	host_close(&h);
}

static void throttled(void **state)
{
	HOST;
	h.p[10].cgroup = h.p[11].cgroup = "/ci.slice/job";
	h.p[12].cgroup = "/ci.slicer";
	spend(&h, 10, BT_MS_CPU_QUOTA, 0.8);
	spend(&h, 10, BT_MS_USER, 0.2);
	spend(&h, 12, BT_MS_USER, 0.5);
	h.groups[1].throttled_periods = 2;
	h.groups[1].throttled_ns = 4 * SECOND_NS;
	/* The group's own counters hardly moved; but somebody is held back. */
	assert_finds(&h, "cgroup-throttled:warning");
	h.groups[1].throttled_periods = 12;
	assert_finds(&h, "cgroup-throttled:info");
	h.groups[1].throttled_periods = 13;
	assert_finds(&h, "cgroup-throttled:warning");
	h.groups[1].throttled_periods = 40;
	assert_finds(&h, "cgroup-throttled:critical");
	assert_string_equal(h.d.verdict, "throttled");
	assert_says(&h, 0,
		    "/ci.slice is throttled in 80 % of its periods (quota 0.20 CPUs, wants 1.0). Held back: "
		    "110 workerE");
	assert_true(number_of(&h, 0, "cpus_used") < 0.21);
	/* None of it: a quota that is kept. */
	again(&h);
	h.groups[1].throttled_periods = 2;
	assert_finds(&h, "");
	host_close(&h);
}

/* What a group counted before the window, under an older quota, is not the window's. */
static void throttled_before(void **state)
{
	HOST;
	/* Made in the window. */
	h.begin.cgroup_count = 0;
	h.groups[1].throttled_periods = 40;
	h.groups[1].throttled_ns = 4 * SECOND_NS;
	assert_finds(&h, "cgroup-throttled:critical");
	/* It cannot have been: these are a minute's periods. */
	h.groups[1].periods = 600;
	h.groups[1].throttled_periods = 500;
	assert_finds(&h, "");
	/* Without a quota at first: its counters were known. */
	h.begin.cgroup_count = 1;
	h.groups[0] = h.groups[1];
	h.groups[0].quota_ns = h.groups[0].period_ns = 0;
	h.groups[1].periods += 40;
	assert_finds(&h, "");
	h.groups[1].throttled_periods += 30;
	h.groups[1].throttled_ns += 3 * SECOND_NS;
	assert_finds(&h, "cgroup-throttled:critical");
	assert_says(&h, 0, "/ci.slice is throttled in 75 % of its periods (quota 0.20 CPUs");
	/* And without one at last. */
	h.groups[1].quota_ns = h.groups[1].period_ns = 0;
	assert_finds(&h, "");
	host_close(&h);
}

static void disks(void **state)
{
	HOST;
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.15, 100);
	assert_finds(&h, "");
	/* Bound, on a device that has time. */
	wait_for(&h, 11, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.6, 3000);
	assert_finds(&h, "disk-waits:info");
	assert_string_equal(h.d.verdict, "healthy");
	h.disks[1].busy_ns = WINDOW_NS * 9 / 10;
	assert_finds(&h, "disk-waits:warning");
	assert_string_equal(h.d.verdict, "disk-bound");
	assert_says(&h, 0, "/var/lib/pg/data");
	assert_says(&h, 0, "sda is busy 90 %");
	assert_string_equal(h.d.findings[0].subjects[0].device, "sda");
	wait_for(&h, 12, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 4, 100);
	assert_finds(&h, "disk-waits:critical");
	host_close(&h);
}

static void fsync_storm(void **state)
{
	HOST;
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_fdatasync, 0.3, 5);
	h.waits[3][1].count = 80;
	assert_finds(&h, "");
	h.waits[10][0].count = 1000;
	assert_finds(&h, "fsync-storm:warning");
	assert_says(&h, 0, "fdatasync of /var/lib/pg/data, 1000 times");
	assert_string_equal(h.d.verdict, "disk-bound");
	/* Once in a short window. */
	again(&h);
	h.frame.duration_ns = WINDOW_NS / 250;
	h.frame.totals = (struct bt_totals){0};
	h.frame.processes = &h.list[10];
	h.frame.process_count = 1;
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_fdatasync, 0.3 / 250, 1);
	assert_finds(&h, "");
	host_close(&h);
}

/* Who is bound by confirmed writes, and reads a little beside it, is in the finding about them alone. */
static void confirmed_writes_apart(void **state)
{
	HOST;
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_fdatasync, 0.5, 50);
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.15, 100);
	spend(&h, 10, BT_MS_USER, 0.3);
	wait_for(&h, 11, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.4, 100);
	spend(&h, 11, BT_MS_USER, 0.5);
	assert_finds(&h, "fsync-storm:warning");
	assert_says(&h, 0, "110 workerE waits 53 % of its active time (fdatasync");
	/* And the other way round: what is said of it is what it is about. */
	again(&h);
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.6, 1000);
	wait_for(&h, 10, BT_MS_DISK, BT_TARGET_FILE, SYS_fdatasync, 0.2, 5);
	spend(&h, 10, BT_MS_USER, 0.2);
	h.waits[3][1].count = 9;
	assert_finds(&h, "disk-waits:info");
	assert_says(&h, 0, "110 workerE waits 60 % of its active time (pread64");
	host_close(&h);
}

/* However many there are, all of them count. */
static void all_count(void **state)
{
	HOST;
	for (int i = 10; i < PROCESSES; i++)
		wait_for(&h, i, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 0.03, 5);
	h.waits[3][1].count = 1;
	assert_finds(&h, "fsync-storm:info");
	assert_says(&h, 0, "30 waits a second");
	assert_says(&h, 0, "; and 28 more");
	again(&h);
	for (int i = 10; i < 30; i++)
		wait_for(&h, i, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 0.6, 3000);
	assert_finds(&h, "disk-waits:info");
	assert_says(&h, 0, "; and 17 more");
	again(&h);
	for (int i = 10; i < 30; i++)
		wait_for(&h, i, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 0.9, 900);
	assert_finds(&h, "network-waits:info");
	assert_says(&h, 0, "; and 17 more");
	again(&h);
	for (int i = 10; i < 30; i++)
		spend(&h, i, BT_MS_GIL, 0.9);
	assert_finds(&h, "gil-fight:warning gil-fight:warning gil-fight:warning");
	assert_says(&h, 2, "; and so do 17 more processes");
	host_close(&h);
}

static void stuck(void **state)
{
	HOST;
	h.thread =
	    (struct bt_thread){.tid = 100,
			       .state = 'D',
			       .blocked = true,
			       .blocked_ns = WINDOW_NS - 1,
			       .open = {.syscall = SYS_write, .cause = BT_MS_DISK, .target = BT_TARGET_FILE}};
	h.thread_list[0] = &h.thread;
	h.p[0].thread_list = h.thread_list;
	h.p[0].thread_count = 1;
	assert_finds(&h, "");
	h.thread.blocked_ns = WINDOW_NS;
	assert_finds(&h, "stuck-in-d:critical");
	assert_says(&h, 0,
		    "100 systemd is stuck in D for 5.0 s or longer, in write of /var/lib/pg/data "
		    "[percpu_rwsem_wait < ext4_write]");
	h.thread.state = 'S';
	assert_finds(&h, "");
	/* vfork(); a frozen cgroup */
	h.thread.state = 'D';
	h.thread.open.cause = BT_MS_CHILD;
	assert_finds(&h, "");
	h.thread.open.cause = BT_MS_LOCK;
	h.p[0].kind = BT_KIND_KERNEL;
	assert_finds(&h, "stuck-in-d:info");
	host_close(&h);
}

static void iowait(void **state)
{
	HOST;
	cpu_times(&h, 0.1, 0.5, 0);
	assert_finds(&h, "");
	wait_for(&h, 10, BT_MS_EVENT, BT_TARGET_ANON, SYS_io_uring_enter, 1, 3);
	assert_finds(&h, "iowait-no-disk:info");
	/* A disk is behind it. */
	wait_for(&h, 11, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 1.2, 9);
	h.waits[11][0].count = 9000;
	assert_finds(&h, "disk-waits:info");
	host_close(&h);
}

static void network(void **state)
{
	HOST;
	/* It listens: nothing comes. */
	wait_for(&h, 10, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 1, 2);
	assert_finds(&h, "");
	wait_for(&h, 11, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 0.9, 900);
	assert_finds(&h, "network-waits:info");
	h.waits[11][0].count = 20;
	assert_finds(&h, "network-waits:warning");
	assert_string_equal(h.d.verdict, "network-bound");
	host_close(&h);
}

static void memory(void **state)
{
	HOST;
	/* Swapped out long ago, read in now and then. */
	h.end.vm.swap_in = 200;
	spend(&h, 10, BT_MS_PAGING, 0.05);
	assert_finds(&h, "");
	h.end.vm.swap_in = 20000;
	assert_finds(&h, "");
	spend(&h, 10, BT_MS_PAGING, 0.1);
	/* With 9 of 16 GB available it is a group's limit; with less, the host's largest. */
	h.p[10].cgroup = "/batch";
	assert_finds(&h, "swap-thrash:warning");
	assert_string_equal(h.d.verdict, "memory-bound");
	assert_says(&h, 0, "the limit of a control group, most likely /batch");
	assert_null(strstr(text_of(&h, 0), "largest"));
	h.end.memory.available_bytes = 3 * GB;
	assert_finds(&h, "swap-thrash:warning");
	assert_says(&h, 0, "largest: ");
	assert_null(strstr(text_of(&h, 0), "/batch"));
	h.end.vm.swap_out = h.begin.vm.swap_out + 20000;
	spend(&h, 11, BT_MS_PAGING, 0.5);
	assert_finds(&h, "swap-thrash:critical");

	/* By the kernel's own pressure figure, where there is one. */
	again(&h);
	h.end.vm.swap_in = 20000;
	h.end.pressure[BT_RESOURCE_MEMORY].some_ns = WINDOW_NS / 5;
	assert_finds(&h, "swap-thrash:warning");
	h.begin.valid &= ~(unsigned int)BT_HOST_PRESSURE;
	assert_finds(&h, "");

	again(&h);
	h.end.vm.refault_file = 4999;
	assert_finds(&h, "");
	h.end.vm.refault_file = 5000;
	assert_finds(&h, "");
	spend(&h, 10, BT_MS_PAGING, 0.5);
	assert_finds(&h, "cache-thrash:warning");

	again(&h);
	h.end.memory.available_bytes = GB;
	assert_finds(&h, "");
	h.end.memory.available_bytes = GB / 2;
	assert_finds(&h, "memory-low:info");
	h.end.vm.scan_direct = 77;
	assert_finds(&h, "memory-low:warning");

	again(&h);
	h.end.vm.oom_kills++;
	h.p[10].exited = true;
	h.p[10].exit_code = 9;
	assert_finds(&h, "oom-kill:critical");
	assert_says(&h, 0, "killed 1 process");
	assert_says(&h, 0, "110 workerE");
	host_close(&h);
}

static void locks(void **state)
{
	HOST;
	h.p[10].threads = 4;
	spend(&h, 10, BT_MS_USER, 0.8);
	wait_for(&h, 10, BT_MS_LOCK, BT_TARGET_FUTEX, SYS_futex, 0.7, 5000);
	assert_finds(&h, "");
	wait_for(&h, 10, BT_MS_LOCK, BT_TARGET_FUTEX, SYS_futex, 1, 5000);
	assert_finds(&h, "lock-convoy:warning");
	assert_string_equal(h.d.verdict, "lock-bound");
	assert_says(&h, 0, "4 threads of 110 workerE wait for a lock");
	assert_string_equal(h.d.findings[0].subjects[0].object, "futex:0x7");
	/* It is not among the waits that are known: how many there are nobody knows, nor is it a file's. */
	h.p[10].usage.wait_count = 0;
	assert_finds(&h, "lock-convoy:warning");
	assert_says(&h, 0, "Threads of 110 workerE wait for a lock");
	assert_null(strstr(h.d.findings[0].advice.data, "lslocks"));
	/* It takes turns. */
	again(&h);
	wait_for(&h, 11, BT_MS_LOCK, BT_TARGET_FILE, SYS_flock, 0.9, 1);
	assert_finds(&h, "lock-convoy:info");

	again(&h);
	h.p[10].threads = 4;
	spend(&h, 10, BT_MS_USER, 0.9);
	spend(&h, 10, BT_MS_GIL, 0.4);
	assert_finds(&h, "");
	spend(&h, 10, BT_MS_GIL, 0.5);
	assert_finds(&h, "gil-fight:warning");
	assert_says(&h, 0, "1.8 threads of 110 workerE fight");
	host_close(&h);
}

static void chain(void **state)
{
	HOST;
	wait_for(&h, 10, BT_MS_IPC, BT_TARGET_PIPE, SYS_read, 0.9, 50)->waker_pid = 111;
	assert_finds(&h, "");
	/* xz | wc */
	spend(&h, 11, BT_MS_USER, 0.9);
	assert_finds(&h, "");
	wait_for(&h, 11, BT_MS_IPC, BT_TARGET_PIPE, SYS_read, 1.0, 50)->waker_pid = 112;
	assert_finds(&h, "ipc-chain:info");
	assert_says(&h, 0, "110 workerE waits for 111 workerF, which waits for 112 workerG");
	/* Its PID was another's before. */
	h.p[5].identity.pid = 111;
	h.p[5].exited = true;
	assert_finds(&h, "ipc-chain:info");
	assert_says(&h, 0, "110 workerE waits for 111 workerF, which waits for 112 workerG");
	/* Nothing is to be seen of one that came and went. */
	h.p[12].begin_ns = WINDOW_NS - WINDOW_NS / 4;
	assert_finds(&h, "");
	h.p[12].begin_ns = 0;
	/* Round and round. */
	wait_for(&h, 12, BT_MS_IPC, BT_TARGET_PIPE, SYS_read, 1.0, 50)->waker_pid = 110;
	assert_finds(&h, "ipc-chain:info");
	host_close(&h);
}

static void zombies(void **state)
{
	HOST;
	for (int i = 10; i < 29; i++) {
		h.p[i].state = 'Z';
		h.p[i].threads = 0;
		h.p[i].ppid = 101;
		h.p[i].usage.wall_ns = 0;
		strcpy(h.p[i].comm, "child");
	}
	assert_finds(&h, "");
	h.p[29] = h.p[28];
	h.p[29].identity.pid++;
	assert_finds(&h, "zombies:info");
	assert_says(&h, 0, "20 zombies (child) of which their parent, 101 sshd");
	/* Ten of them have just ended. */
	for (int i = 10; i < 20; i++)
		h.p[i].usage.wall_ns = 5;
	assert_finds(&h, "zombies:warning");
	assert_string_equal(h.d.verdict, "attention");
	host_close(&h);
}

/* Whoever comes before it, and however many. */
static void one_of_many_parents(void **state)
{
	HOST;
	for (int i = 6; i < 39; i++)
		h.p[i].lost_exits = 5;
	spend(&h, 39, BT_MS_USER, 0.3);
	assert_finds(&h, "");
	h.p[39].lost_exits = 5 * 60;
	assert_finds(&h, "fork-storm:info");
	assert_says(&h, 0, "139 worker");
	host_close(&h);
}

/* Likewise: a zombie of each of 40 parents, then twenty of one. */
static void zombies_of_many(void **state)
{
	enum { ZOMBIES = 60 };
	struct bt_process *z = calloc(ZOMBIES, sizeof(*z));
	static struct bt_process *list[PROCESSES + ZOMBIES];

	HOST;
	assert_non_null(z);
	memcpy(list, h.list, sizeof(h.list));
	for (int i = 0; i < ZOMBIES; i++) {
		z[i] = (struct bt_process){.identity = {.pid = 1000 + i, .start_ns = SECOND_NS},
					   .ppid = i < 40 ? 2000 + i : 101,
					   .state = 'Z',
					   .comm = "child",
					   .end_ns = WINDOW_NS};
		list[PROCESSES + i] = &z[i];
	}
	h.frame.processes = list;
	h.frame.process_count = PROCESSES + ZOMBIES;
	assert_finds(&h, "zombies:info");
	assert_says(&h, 0, "20 zombies (child) of which their parent, 101 sshd");
	host_close(&h);
	free(z);
}

static void threads_grow(void **state)
{
	HOST;
	for (uint32_t n = 0; n < 6; n++) {
		h.p[10].threads = 20 + 4 * n;               /* all the time */
		h.p[11].threads = n ? 60 : 20;              /* at once */
		h.p[12].threads = n == 3 ? 20 : 20 + 8 * n; /* and falls */
		h.p[13].threads = 20 + 3 * n;               /* not enough */
		h.p[14].threads = 20 + 8 * (n / 2);         /* at every other look */
		h.p[15].threads = 20 + 5 * (n < 5 ? n : 4); /* the last look came at once */
		assert_int_equal(bt_growth_note(h.growth, &h.frame), 0);
	}
	assert_finds(&h, "threads-grow:warning threads-grow:warning");
	assert_says(&h, 0, "110 workerE gets more and more threads: 20 at first, 40 now");
	assert_says(&h, 1, "115 workerJ gets more and more threads: 20 at first, 40 now");
	assert_string_equal(h.d.verdict, "attention");
	host_close(&h);
}

static void the_worst_comes_first(void **state)
{
	HOST;
	cpu_times(&h, 0.3, 0, 0.2);
	h.end.vm.oom_kills++;
	strcpy(h.end.clocksource, "hpet");
	wait_for(&h, 11, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 0.9, 20);
	assert_finds(&h, "oom-kill:critical network-waits:warning cpu-steal:warning clock-source:info");
	assert_string_equal(h.d.verdict, "memory-bound");
	assert_int_equal(h.d.worst, BT_SEVERITY_CRITICAL);
	host_close(&h);
}

/* What the sections of docs/diagnose.md are called. */
static void every_id_has_its_page(void **state)
{
	FILE *page = fopen(DIAGNOSE_PAGE, "re");
	char line[512], id[512];
	size_t seen = 0;

	(void)state;
	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		if (sscanf(line, "## %s", id) != 1)
			continue;
		if (seen >= bt_finding_rows() || strcmp(bt_finding_id((unsigned int)seen), id) != 0)
			fail_msg("%s has %s where the table has another", DIAGNOSE_PAGE, id);
		seen++;
	}
	fclose(page);
	assert_int_equal(seen, bt_finding_rows());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(healthy),
	    cmocka_unit_test(cpu_saturated),
	    cmocka_unit_test(cpu_neighbour),
	    cmocka_unit_test(cpu_neighbour_swarm),
	    cmocka_unit_test(cpu_pinned),
	    cmocka_unit_test(one_cpu_by_its_number),
	    cmocka_unit_test(cpu_one_thread),
	    cmocka_unit_test(cpu_steal),
	    cmocka_unit_test(frequency_and_clock),
	    cmocka_unit_test(throttled),
	    cmocka_unit_test(throttled_before),
	    cmocka_unit_test(disks),
	    cmocka_unit_test(fsync_storm),
	    cmocka_unit_test(confirmed_writes_apart),
	    cmocka_unit_test(all_count),
	    cmocka_unit_test(stuck),
	    cmocka_unit_test(iowait),
	    cmocka_unit_test(network),
	    cmocka_unit_test(memory),
	    cmocka_unit_test(locks),
	    cmocka_unit_test(chain),
	    cmocka_unit_test(zombies),
	    cmocka_unit_test(one_of_many_parents),
	    cmocka_unit_test(zombies_of_many),
	    cmocka_unit_test(threads_grow),
	    cmocka_unit_test(the_worst_comes_first),
	    cmocka_unit_test(every_id_has_its_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
