/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each advice with its evidence, and its twin: one thing changed, and it must not be given. */
#include "advice.h"

#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "strbuf.h"
#include "unit.h"

#define MS        1000000ULL
#define SECOND_NS (1000 * MS)
#define TICK_NS   (4 * MS)
#define WAITS_MAX 8

/* A host with one process that was there for a second, and another one. */
struct world {
	struct bt_frame frame;
	struct bt_process p, other;
	struct bt_process *list[2];
	struct bt_wait waits[WAITS_MAX];
	struct bt_strbuf text, ids;
};

static void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->list[0] = &w->p;
	w->list[1] = &w->other;
	w->frame = (struct bt_frame){.duration_ns = SECOND_NS,
				     .tick_ns = TICK_NS,
				     .cpus_online = 4,
				     .exact = true,
				     .process_count = 2,
				     .processes = w->list};
	w->p = (struct bt_process){
	    .identity = {.pid = 10}, .comm = "subject", .threads = 1, .end_ns = SECOND_NS};
	w->p.usage.valid = BT_VALID_ACCOUNT | BT_VALID_TICKS | BT_VALID_IO | BT_VALID_WAITS;
	w->p.usage.waits = w->waits;
	w->other =
	    (struct bt_process){.identity = {.pid = 20}, .comm = "other", .threads = 1, .end_ns = SECOND_NS};
}

static void world_close(struct world *w)
{
	bt_strbuf_free(&w->text);
	bt_strbuf_free(&w->ids);
}

/* So much of its threads' time in ms was spent there. */
static void spend(struct world *w, enum bt_microstate ms, uint64_t ns)
{
	struct bt_usage *u = &w->p.usage;

	u->wall_ns += ns;
	if (ms == BT_MS_USER)
		u->utime_ns += ns;
	if (ms == BT_MS_SYSTEM)
		u->stime_ns += ns;
	if (ms < BT_OFFCPU_FIRST)
		u->totals.oncpu_ns += ns;
	else
		u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST] += ns;
}

/* Waits, the longest first, which spends their time as well. */
static struct bt_wait *wait_for(struct world *w, enum bt_microstate ms, enum bt_target target, long syscall,
				uint64_t ns, uint32_t count)
{
	struct bt_wait *wait = &w->waits[w->p.usage.wait_count++];

	*wait = (struct bt_wait){
	    .reason = {.object = 0xabc,
		       .syscall = (int16_t)syscall,
		       .cause = (uint8_t)ms,
		       .target = (uint8_t)target},
	    .ns = ns,
	    .count = count,
	};
	spend(w, ms, ns);
	return wait;
}

static void judge(struct world *w)
{
	struct bt_circumstances c = {.duration_ns = SECOND_NS, .tick_ns = TICK_NS, .exact = true};
	struct bt_usage *u = &w->p.usage;
	uint64_t active_ns = bt_totals_active_ns(&u->totals);

	if (!u->oncpu_max_ns)
		u->oncpu_max_ns = u->totals.oncpu_ns;
	if (!u->active_max_ns)
		u->active_max_ns = active_ns < SECOND_NS ? active_ns : SECOND_NS;
	bt_verdict_judge(u, w->p.end_ns - w->p.begin_ns, &c, &w->p.verdict);
	if (w->other.usage.wall_ns)
		bt_verdict_judge(&w->other.usage, SECOND_NS, &c, &w->other.verdict);
}

/* Ids of all advice on the process, with a space between. */
static const char *advise(struct world *w)
{
	struct bt_advisor a = {.frame = &w->frame};

	judge(w);
	bt_strbuf_clear(&w->text);
	bt_strbuf_clear(&w->ids);
	for (bt_advice_set set = bt_advise(&a, &w->p); set; set &= set - 1) {
		unsigned int row = (unsigned int)__builtin_ctz(set);

		bt_strbuf_addf(&w->ids, "%s%s", w->ids.length ? " " : "", bt_advice_id(row));
		bt_advice_say(&a, &w->p, row, &w->text);
		bt_strbuf_add_char(&w->text, '\n');
	}
	return bt_strbuf_text(&w->ids);
}

#define assert_advice(w, expected)                                                                           \
	do {                                                                                                 \
		const char *ids = advise(w);                                                                 \
		if (strcmp(ids, expected))                                                                   \
			fail_msg("\"%s\" instead of \"%s\": %s", ids, expected, bt_strbuf_text(&(w)->text)); \
	} while (0)

#define assert_says(w, part)                                                                                 \
	do {                                                                                                 \
		if (!strstr(bt_strbuf_text(&(w)->text), part))                                               \
			fail_msg("no \"%s\" in \"%s\"", part, bt_strbuf_text(&(w)->text));                   \
	} while (0)

#define assert_silent_on(w, part) assert_null(strstr(bt_strbuf_text(&(w)->text), part))

/* Each test has its world w, and again() gives a fresh one for the twin. */
#define WORLD                                                                                                \
	struct world w;                                                                                      \
	(void)state;                                                                                         \
	world_open(&w)
#define again(w) (world_close(w), world_open(w))

static void one_thread(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 980 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 20 * MS);
	assert_advice(&w, "cpu-one-thread");
	assert_says(&w, "Its one thread uses 0.98 CPUs: more cores change nothing.");
	assert_says(&w, "threads or processes");

	/* Two threads, the other idle. */
	again(&w);
	w.p.threads = 2;
	spend(&w, BT_MS_USER, 980 * MS);
	w.p.usage.oncpu_max_ns = 970 * MS;
	w.p.usage.oncpu_next_ns = 10 * MS;
	spend(&w, BT_MS_EVENT, 1020 * MS);
	assert_advice(&w, "cpu-one-thread");
	assert_says(&w, "Of 2 threads one uses 0.97 CPUs, the others 0.01 together");

	/* Two threads at half a CPU each: none is at its limit. */
	w.p.usage.oncpu_max_ns = 490 * MS;
	w.p.usage.oncpu_next_ns = 490 * MS;
	assert_advice(&w, "");

	/* It is the kernel that computes. */
	again(&w);
	spend(&w, BT_MS_USER, 300 * MS);
	spend(&w, BT_MS_SYSTEM, 700 * MS);
	assert_advice(&w, "cpu-system-calls");
	world_close(&w);
}

static void python_splits_by_processes(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 1000 * MS);
	w.p.cmdline = "/usr/bin/python3.11 work.py";
	assert_advice(&w, "cpu-one-thread");
	assert_says(&w, "split among processes: threads would fight");
	w.p.cmdline = "/usr/bin/pythonic work.py";
	assert_advice(&w, "cpu-one-thread");
	assert_says(&w, "threads or processes.");
	world_close(&w);
}

static void all_cores(void **state)
{
	WORLD;
	w.p.threads = 8;
	spend(&w, BT_MS_USER, 3900 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 4100 * MS);
	w.p.usage.oncpu_max_ns = 500 * MS;
	w.p.usage.oncpu_next_ns = 490 * MS;
	assert_advice(&w, "cpu-all-cores");
	assert_says(&w, "Keeps 3.90 of 4 CPUs busy, and waits for one 51 % of its threads' time: more cores");

	/* No queue: as many threads as CPUs, and more cores are no use as it is. */
	again(&w);
	w.p.threads = 4;
	spend(&w, BT_MS_USER, 3900 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 100 * MS);
	w.p.usage.oncpu_max_ns = 980 * MS;
	w.p.usage.oncpu_next_ns = 980 * MS;
	assert_advice(&w, "cpu-all-cores");
	assert_says(&w, "more cores help if it is told to use more threads");

	/* The same on a host with 16. */
	w.frame.cpus_online = 16;
	assert_advice(&w, "cpu-more-threads");
	assert_says(&w, "Uses 3.90 of 16 CPUs");

	/* One thread alone fills a host with one CPU, and is not parallel for that. */
	again(&w);
	w.frame.cpus_online = 1;
	spend(&w, BT_MS_USER, 1000 * MS);
	assert_advice(&w, "cpu-one-thread");
	w.p.threads = 3;
	spend(&w, BT_MS_RUN_QUEUE, 2000 * MS);
	w.p.usage.oncpu_max_ns = 400 * MS;
	w.p.usage.oncpu_next_ns = 300 * MS;
	assert_advice(&w, "cpu-all-cores");
	assert_says(&w, "of 1 CPU busy, and waits");
	world_close(&w);
}

static void more_threads(void **state)
{
	WORLD;
	w.p.threads = 2;
	spend(&w, BT_MS_USER, 1980 * MS);
	w.p.usage.oncpu_max_ns = 990 * MS;
	w.p.usage.oncpu_next_ns = 990 * MS;
	assert_advice(&w, "cpu-more-threads");
	w.p.usage.oncpu_next_ns = 600 * MS;
	assert_advice(&w, "");
	world_close(&w);
}

static void neighbours(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 300 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 700 * MS);
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 3600 * MS;
	assert_advice(&w, "cpu-neighbours");
	assert_says(&w, "Waits for a CPU 70 % of the time and gets 0.30, while 3.90 of 4 CPUs are in use");
	/* Who it is takes a model that knows the process (below); a tree may hold it itself. */
	assert_silent_on(&w, "other");

	/* The host has CPUs left: others do not have them. */
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 600 * MS;
	assert_advice(&w, "cpu-queue");
	assert_says(&w, "while on average 0.90 of 4 CPUs are in use: it may not use");
	assert_says(&w, "taskset -p 10, cpuset");
	/* In use enough to have been all of them at the moments that it waited. */
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 2800 * MS;
	assert_advice(&w, "cpu-queue");
	assert_says(&w, "either it may not use the others (taskset -p 10, cpuset), or all are wanted");
	/* All are, but the process was there for the tenth part of that. */
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 39000 * MS;
	w.frame.duration_ns = 10 * SECOND_NS;
	w.p.exited = true;
	assert_advice(&w, "cpu-queue");
	assert_says(&w,
		    "while on average 3.93 of 4 CPUs are in use: either it may not use the others (taskset "
		    "-p, cpuset)");

	/* It waits for a CPU a little. */
	again(&w);
	spend(&w, BT_MS_USER, 880 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 120 * MS);
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 3600 * MS;
	assert_advice(&w, "");
	world_close(&w);
}

static void quota(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 200 * MS);
	spend(&w, BT_MS_CPU_QUOTA, 800 * MS);
	w.p.cgroup = "/ci\033[31m.slice";
	assert_advice(&w, "cpu-quota");
	assert_says(&w, "quota of /ci\xef\xbf\xbd[31m.slice 80 % of the time; it got 0.20 CPUs");
	w.p.cgroup = NULL;
	assert_advice(&w, "cpu-quota");
	assert_says(&w, "quota of its cgroup 80 %");

	/* The same wait in a run queue. */
	again(&w);
	spend(&w, BT_MS_USER, 200 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 800 * MS);
	assert_advice(&w, "cpu-queue");
	world_close(&w);
}

static void system_calls(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 100 * MS);
	spend(&w, BT_MS_SYSTEM, 400 * MS);
	spend(&w, BT_MS_EVENT, 300 * MS);
	w.p.usage.rchar = 2000000;
	w.p.usage.voluntary = 700;
	assert_advice(&w, "cpu-system-calls");
	assert_says(&w, "80 % of its CPU time is in the kernel; it sleeps 700 times, reads 2.0 MB and writes "
			"0 bytes of files and pipes a second");

	/* What was not measured is not quoted. */
	w.p.usage.valid &= (uint8_t)~BT_VALID_IO;
	assert_advice(&w, "cpu-system-calls");
	assert_silent_on(&w, "reads");

	/* Too few ticks to tell user from system. */
	w.p.usage.utime_ns = TICK_NS;
	w.p.usage.stime_ns = 4 * TICK_NS;
	assert_advice(&w, "");
	world_close(&w);
}

static void gil(void **state)
{
	WORLD;
	w.p.threads = 4;
	spend(&w, BT_MS_USER, 990 * MS);
	wait_for(&w, BT_MS_GIL, BT_TARGET_FUTEX, SYS_futex, 3010 * MS, 600);
	assert_advice(&w, "gil-use-processes");
	assert_says(&w, "75 % of its threads' time; together they get 0.99 CPUs");

	/* The same wait for a lock of its own. */
	again(&w);
	w.p.threads = 4;
	spend(&w, BT_MS_USER, 990 * MS);
	wait_for(&w, BT_MS_LOCK, BT_TARGET_FUTEX, SYS_futex, 3010 * MS, 600);
	assert_advice(&w, "lock-convoy");

	/* One of two computes more: cpu-bound, but it is the lock that keeps the other from it. */
	again(&w);
	w.p.threads = 2;
	spend(&w, BT_MS_USER, 1000 * MS);
	wait_for(&w, BT_MS_GIL, BT_TARGET_FUTEX, SYS_futex, 700 * MS, 140);
	spend(&w, BT_MS_EVENT, 300 * MS);
	w.p.usage.oncpu_max_ns = 650 * MS;
	w.p.usage.oncpu_next_ns = 350 * MS;
	assert_advice(&w, "gil-use-processes");

	/* One thread that computes waits for it now and then. */
	again(&w);
	w.p.threads = 2;
	spend(&w, BT_MS_USER, 950 * MS);
	wait_for(&w, BT_MS_GIL, BT_TARGET_FUTEX, SYS_futex, 50 * MS, 10);
	spend(&w, BT_MS_EVENT, 1000 * MS);
	assert_advice(&w, "cpu-one-thread");
	world_close(&w);
}

static void locks(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 200 * MS);
	wait_for(&w, BT_MS_LOCK, BT_TARGET_FUTEX, SYS_futex, 800 * MS, 5000);
	assert_advice(&w, "lock-convoy");
	assert_says(&w, "the lock at 0xabc 5000 times, 160 us each, 80 % of the time");

	again(&w);
	spend(&w, BT_MS_USER, 200 * MS);
	wait_for(&w, BT_MS_LOCK, BT_TARGET_FILE, SYS_flock, 800 * MS, 50);
	assert_advice(&w, "lock-file");
	assert_says(&w, "flock of file:[2748] took 50 times, 16 ms each, 80 % of the time");

	again(&w);
	spend(&w, BT_MS_USER, 200 * MS);
	wait_for(&w, BT_MS_LOCK, BT_TARGET_NONE, SYS_munmap, 800 * MS, 50);
	assert_advice(&w, "lock-kernel");
	assert_says(&w, "within the kernel, in munmap 50 times");

	again(&w);
	spend(&w, BT_MS_USER, 200 * MS);
	wait_for(&w, BT_MS_LOCK, BT_TARGET_NONE, -1, 800 * MS, 50);
	assert_advice(&w, "lock-kernel");
	assert_says(&w, "in page faults for the lock of its address space 50 times");

	/* A worker at its queue waits in a futex, too. */
	again(&w);
	spend(&w, BT_MS_USER, 200 * MS);
	wait_for(&w, BT_MS_EVENT, BT_TARGET_FUTEX, SYS_futex, 800 * MS, 5000);
	assert_advice(&w, "idle-work");

	/* What is waited for was not measured. */
	again(&w);
	spend(&w, BT_MS_USER, 200 * MS);
	spend(&w, BT_MS_LOCK, 800 * MS);
	assert_advice(&w, "");
	world_close(&w);
}

static void paging(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 100 * MS);
	spend(&w, BT_MS_PAGING, 900 * MS);
	w.p.usage.major_faults = 450;
	assert_advice(&w, "paging-memory");
	assert_says(&w, "450 page faults waited for the disk, 2.0 ms each, 90 % of the time. More memory");
	w.p.usage.major_faults = 0;
	assert_advice(&w, "");

	/* The same time in reads. */
	again(&w);
	spend(&w, BT_MS_USER, 100 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_read, 900 * MS, 450);
	w.p.usage.read_bytes = w.p.usage.rchar = 90000000;
	assert_advice(&w, "disk-cache-miss");
	world_close(&w);
}

static void sync_bound(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 200 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 500 * MS, 400);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fdatasync, 200 * MS, 100);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_pwrite64, 100 * MS, 90);
	assert_advice(&w, "disk-fsync");
	assert_says(&w, "fsync of file:[2748] and the like, 500 times, 1.4 ms each, 70 % of the time");
	assert_silent_on(&w, "faster disk");

	/* The same calls, but it is the writing that takes the time. */
	w.waits[0].reason.syscall = SYS_pwrite64;
	w.waits[2].reason.syscall = SYS_fsync;
	w.p.usage.write_bytes = 5000000;
	assert_advice(&w, "disk-write");
	assert_says(&w, "at 5.0 MB a second");
	world_close(&w);
}

static void cache_miss(void **state)
{
	WORLD;
	spend(&w, BT_MS_SYSTEM, 100 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 900 * MS, 3000);
	w.p.usage.read_bytes = 90000000;
	w.p.usage.rchar = 100000000;
	assert_advice(&w, "disk-cache-miss");
	assert_says(
	    &w, "Reads 90 MB a second from the device, of 100 MB that it asks for: 3000 times, 300 us each");
	assert_says(&w, "more memory keeps it");

	/* Nine in ten bytes come from the cache: neither memory nor a faster disk is the answer. */
	w.p.usage.read_bytes = 10000000;
	assert_advice(&w, "");
	/* Not measured is not missed. */
	w.p.usage.read_bytes = 90000000;
	w.p.usage.valid &= (uint8_t)~BT_VALID_IO;
	assert_advice(&w, "");

	/* Past the cache, by asynchronous I/O. */
	again(&w);
	spend(&w, BT_MS_SYSTEM, 100 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_NONE, SYS_io_getevents, 900 * MS, 3000);
	w.p.usage.read_bytes = 90000000;
	assert_advice(&w, "disk-aio");
	assert_says(&w, "in io_getevents 3000 times");
	assert_silent_on(&w, "more memory keeps");

	/* The known waits are a tenth of the time on disk: they do not speak for the rest. */
	again(&w);
	spend(&w, BT_MS_SYSTEM, 100 * MS);
	spend(&w, BT_MS_DISK, 810 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 90 * MS, 300);
	w.p.usage.read_bytes = w.p.usage.rchar = 100000000;
	assert_advice(&w, "");
	world_close(&w);
}

static void network(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 30 * MS);
	wait_for(&w, BT_MS_NETWORK, BT_TARGET_INET, SYS_ppoll, 970 * MS, 40);
	assert_advice(&w, "network-reply");
	assert_says(&w,
		    "Waits for replies 40 times, 24 ms each, 97 % of the time, most in ppoll of inet:[2748]");
	assert_says(&w, "it uses 0.03 CPUs");

	w.waits[0].reason.syscall = SYS_connect;
	assert_advice(&w, "network-connect");
	w.waits[0].reason.syscall = SYS_sendto;
	assert_advice(&w, "network-send");
	w.waits[0].reason.syscall = SYS_read;
	w.waits[0].reason.target = BT_TARGET_FILE;
	assert_advice(&w, "network-files");

	/* A server at its socket. */
	again(&w);
	spend(&w, BT_MS_USER, 30 * MS);
	wait_for(&w, BT_MS_EVENT, BT_TARGET_INET, SYS_recvfrom, 970 * MS, 40);
	assert_advice(&w, "idle-work");
	world_close(&w);
}

static void python_waits(void **state)
{
	WORLD;
	memcpy(w.p.comm, "python3", 8);
	spend(&w, BT_MS_USER, 100 * MS);
	wait_for(&w, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 900 * MS, 40);
	assert_advice(&w, "network-reply python-threads-suffice");
	assert_says(&w, "computes for 10 % of its active time and waits for the network for 90 %");
	assert_says(&w, "threads or asyncio are enough");

	memcpy(w.p.comm, "curl", 5);
	assert_advice(&w, "network-reply");
	w.p.cmdline = "/usr/bin/python3 ./crawl";
	assert_advice(&w, "network-reply python-threads-suffice");

	/* It computes as well. */
	spend(&w, BT_MS_USER, 200 * MS);
	w.p.usage.oncpu_max_ns = 0;
	assert_advice(&w, "network-reply");

	again(&w);
	memcpy(w.p.comm, "python3.11", 11);
	spend(&w, BT_MS_USER, 100 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_read, 900 * MS, 40);
	assert_advice(&w, "python-threads-suffice");
	assert_says(&w, "threads are enough (asyncio reads no files)");

	/* Behind a pipe there may be the processes that compute for it. */
	again(&w);
	memcpy(w.p.comm, "python3", 8);
	spend(&w, BT_MS_USER, 100 * MS);
	wait_for(&w, BT_MS_IPC, BT_TARGET_PIPE, SYS_read, 900 * MS, 40);
	assert_advice(&w, "");
	world_close(&w);
}

static void small_messages(void **state)
{
	WORLD;
	spend(&w, BT_MS_SYSTEM, 100 * MS);
	wait_for(&w, BT_MS_IPC, BT_TARGET_PIPE, SYS_read, 900 * MS, 20000);
	w.p.usage.rchar = 20000 * 64;
	assert_advice(&w, "ipc-small-messages");
	assert_says(&w, "Waits 20000 times a second for another process, 45 us each for 64 bytes");

	/* As often, but in large pieces. */
	w.p.usage.rchar = 20000ULL * 65536;
	assert_advice(&w, "");
	/* Small, but seldom. */
	w.p.usage.rchar = 900 * 64;
	w.waits[0].count = 900;
	assert_advice(&w, "");
	/* Over a socket nobody counts the bytes: they are not quoted. */
	w.waits[0].count = 20000;
	w.waits[0].reason.syscall = SYS_recvfrom;
	assert_advice(&w, "ipc-small-messages");
	assert_silent_on(&w, "bytes");
	world_close(&w);
}

static void idle(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 150 * MS);
	wait_for(&w, BT_MS_EVENT, BT_TARGET_ANON, SYS_epoll_pwait, 850 * MS, 120);
	assert_advice(&w, "idle-work");
	assert_says(
	    &w, "Waits for work 85 % of the time, most in epoll_pwait of anon_inode:[2748], 120 times; it "
		"is active 15 %");

	again(&w);
	wait_for(&w, BT_MS_SLEEP, BT_TARGET_NONE, SYS_clock_nanosleep, 1000 * MS, 10);
	assert_advice(&w, "idle-timer");
	assert_says(&w, "Asked to sleep 100 % of the time, most in clock_nanosleep, 10 times");

	again(&w);
	wait_for(&w, BT_MS_CHILD, BT_TARGET_NONE, SYS_wait4, 1000 * MS, 1);
	assert_advice(&w, "idle-child");
	again(&w);
	spend(&w, BT_MS_STOPPED, 1000 * MS);
	assert_advice(&w, "idle-stopped");
	assert_says(&w, "kill -CONT 10");

	/* Active for more than half of the time: it is bound by something. */
	again(&w);
	spend(&w, BT_MS_USER, 550 * MS);
	wait_for(&w, BT_MS_EVENT, BT_TARGET_ANON, SYS_epoll_pwait, 450 * MS, 120);
	assert_advice(&w, "");
	world_close(&w);
}

static void no_advice(void **state)
{
	WORLD;
	/* Unaccounted for. */
	spend(&w, BT_MS_USER, 700 * MS);
	spend(&w, BT_MS_UNKNOWN, 300 * MS);
	assert_advice(&w, "");
	/* Nothing was seen. */
	again(&w);
	assert_advice(&w, "");
	/* Over before anybody can act on it. */
	again(&w);
	spend(&w, BT_MS_USER, 90 * MS);
	w.p.end_ns = 90 * MS;
	assert_advice(&w, "");
	/* A kernel thread. */
	again(&w);
	spend(&w, BT_MS_USER, 1000 * MS);
	w.p.kind = BT_KIND_KERNEL;
	assert_advice(&w, "");
	w.p.kind = BT_KIND_USER;
	assert_advice(&w, "cpu-one-thread");
	world_close(&w);
}

/* Parts of it: advice on what is a quarter or more, and on nothing else. */
static void mixed(void **state)
{
	WORLD;
	spend(&w, BT_MS_USER, 400 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 330 * MS, 100);
	wait_for(&w, BT_MS_NETWORK, BT_TARGET_INET, SYS_recvfrom, 200 * MS, 100);
	assert_advice(&w, "disk-fsync");

	/* The kernel's part of the I/O is no matter of its own; unless it is the largest of all. */
	again(&w);
	spend(&w, BT_MS_SYSTEM, 460 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 540 * MS, 100);
	assert_advice(&w, "disk-fsync");
	w.p.usage.stime_ns = w.p.usage.totals.oncpu_ns = 600 * MS;
	assert_advice(&w, "cpu-system-calls disk-fsync");
	world_close(&w);
}

/* What the sections of docs/advice.md are called. */
static void every_id_has_its_page(void **state)
{
	FILE *page = fopen(ADVICE_PAGE, "re");
	char line[512], id[512];
	bool seen[64] = {false};

	(void)state;
	assert_non_null(page);
	assert_true(bt_advice_count() <= 64);
	while (fgets(line, sizeof(line), page)) {
		unsigned int row = 0;

		if (sscanf(line, "## %s", id) != 1)
			continue;
		while (row < bt_advice_count() && strcmp(bt_advice_id(row), id) != 0)
			row++;
		if (row == bt_advice_count())
			fail_msg("%s has a section %s, and the table no such id", ADVICE_PAGE, id);
		assert_false(seen[row]);
		seen[row] = true;
	}
	fclose(page);
	for (unsigned int row = 0; row < bt_advice_count(); row++)
		if (!seen[row])
			fail_msg("%s has no section %s", ADVICE_PAGE, bt_advice_id(row));
}

static void rows_are_different(void **state)
{
	(void)state;
	for (unsigned int row = 0; row < bt_advice_count(); row++) {
		assert_true(*bt_advice_title(row));
		for (unsigned int k = 0; k < row; k++)
			assert_string_not_equal(bt_advice_id(row), bt_advice_id(k));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(one_thread),
	    cmocka_unit_test(python_splits_by_processes),
	    cmocka_unit_test(all_cores),
	    cmocka_unit_test(more_threads),
	    cmocka_unit_test(neighbours),
	    cmocka_unit_test(quota),
	    cmocka_unit_test(system_calls),
	    cmocka_unit_test(gil),
	    cmocka_unit_test(locks),
	    cmocka_unit_test(paging),
	    cmocka_unit_test(sync_bound),
	    cmocka_unit_test(cache_miss),
	    cmocka_unit_test(network),
	    cmocka_unit_test(python_waits),
	    cmocka_unit_test(small_messages),
	    cmocka_unit_test(idle),
	    cmocka_unit_test(no_advice),
	    cmocka_unit_test(mixed),
	    cmocka_unit_test(every_id_has_its_page),
	    cmocka_unit_test(rows_are_different),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
