/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice on CPUs and locks. */
#include "account.h"
#include "advice_world.h"

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

	/* One at its limit, and many that do as much together. */
	w.p.threads = 11;
	spend(&w, BT_MS_USER, 1000 * MS);
	w.p.usage.oncpu_max_ns = 970 * MS;
	w.p.usage.oncpu_next_ns = 100 * MS;
	assert_advice(&w, "");

	/* Two threads at half a CPU each: none is at its limit. */
	again(&w);
	w.p.threads = 2;
	spend(&w, BT_MS_USER, 980 * MS);
	spend(&w, BT_MS_EVENT, 1020 * MS);
	w.p.usage.oncpu_max_ns = 490 * MS;
	w.p.usage.oncpu_next_ns = 490 * MS;
	assert_advice(&w, "");

	/* It is the kernel that computes. */
	again(&w);
	spend(&w, BT_MS_USER, 300 * MS);
	spend(&w, BT_MS_SYSTEM, 700 * MS);
	assert_advice(&w, "cpu-system-calls");

	/* 700 ms in the kernel: a fault in each 5 us of it. */
	w.p.usage.minor_faults = 139999;
	assert_advice(&w, "cpu-system-calls");
	w.p.usage.minor_faults = 140000;
	assert_advice(&w, "cpu-page-faults");
	assert_says(
	    &w, "70 % of its CPU time is in the kernel; it faults 140000 pages in a second, one in 5.0 us");
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

static void an_event_loop_that_is_held(void **state)
{
	struct bt_bursts bursts = {0};

	WORLD;
	w.p.usage.valid |= BT_VALID_BURSTS;
	w.p.usage.bursts = &bursts;
	spend(&w, BT_MS_USER, 700 * MS);
	wait_for(&w, BT_MS_EVENT, BT_TARGET_ANON, SYS_epoll_pwait, 300 * MS, 8);
	bursts.cpu[bt_burst_bucket(90 * MS)] = 7;
	bursts.cpu[bt_burst_bucket(MS)] = 1;
	assert_advice(&w, "event-loop-held");
	assert_says(&w, "7 times it computed for 67 ms or more");

	/* The same time in short callbacks. */
	bursts.cpu[bt_burst_bucket(90 * MS)] = 0;
	bursts.cpu[bt_burst_bucket(2 * MS)] = 350;
	assert_advice(&w, "");

	/* It did nothing but poll: no burst ended, and none is kept. */
	again(&w);
	w.p.usage.valid |= BT_VALID_BURSTS;
	wait_for(&w, BT_MS_EVENT, BT_TARGET_ANON, SYS_epoll_pwait, 1000 * MS, 1);
	assert_advice(&w, "idle-work");

	/* No event loop: it sleeps in between. */
	again(&w);
	memset(&bursts, 0, sizeof(bursts));
	bursts.cpu[bt_burst_bucket(90 * MS)] = 7;
	w.p.usage.valid |= BT_VALID_BURSTS;
	w.p.usage.bursts = &bursts;
	spend(&w, BT_MS_USER, 700 * MS);
	wait_for(&w, BT_MS_SLEEP, BT_TARGET_NONE, SYS_clock_nanosleep, 300 * MS, 8);
	assert_advice(&w, "");
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

	/* A short queue, and one that is worth a word. */
	again(&w);
	w.p.threads = 5;
	spend(&w, BT_MS_USER, 3800 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 350 * MS);
	w.p.usage.oncpu_max_ns = 800 * MS;
	assert_advice(&w, "cpu-all-cores");
	assert_says(&w, "if it is told to use more threads");
	spend(&w, BT_MS_RUN_QUEUE, 150 * MS);
	assert_advice(&w, "cpu-all-cores");
	assert_says(&w, "more cores would be used");

	/* All CPUs, but twice as long it waits for the disk. */
	again(&w);
	w.p.threads = 12;
	spend(&w, BT_MS_USER, 3900 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_fsync, 8000 * MS, 100);
	w.p.usage.oncpu_max_ns = 400 * MS;
	assert_advice(&w, "disk-fsync");

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
	assert_says(&w, "comes second");
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
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 7600 * MS;
	w.frame.duration_ns = 2 * SECOND_NS;
	assert_advice(&w, "cpu-queue");
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 39000 * MS;
	w.frame.duration_ns = 10 * SECOND_NS;
	assert_advice(&w, "cpu-queue");
	assert_says(&w,
		    "while on average 3.93 of 4 CPUs are in use: either it may not use the others (taskset "
		    "-p, cpuset)");

	/* It has a CPU for as long as it waits for one. */
	again(&w);
	spend(&w, BT_MS_USER, 500 * MS);
	spend(&w, BT_MS_RUN_QUEUE, 500 * MS);
	w.other.usage.wall_ns = w.other.usage.totals.oncpu_ns = 3500 * MS;
	assert_advice(&w, "cpu-neighbours");
	assert_silent_on(&w, "second");

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
	w.p.cgroup = "/123456789/123456789/123456789/123456789/123456789/123456789/123456789";
	assert_advice(&w, "cpu-quota");
	assert_says(&w, "quota of /123456789/123456789/123456789/123456789/123456789/123456789 80 %");
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

	/* It waits for a CPU for most of the time: that comes first. */
	spend(&w, BT_MS_RUN_QUEUE, 800 * MS);
	assert_advice(&w, "cpu-queue");
	w.p.usage.totals.offcpu_ns[BT_MS_RUN_QUEUE - BT_OFFCPU_FIRST] = 0;
	w.p.usage.wall_ns -= 800 * MS;

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

	/* Several interpreters, each with a lock. */
	spend(&w, BT_MS_USER, 800 * MS);
	w.p.usage.oncpu_max_ns = 500 * MS;
	assert_advice(&w, "gil-use-processes");
	assert_says(&w, "together they get 1.79 CPUs. Use");

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_event_loop_that_is_held),
	    cmocka_unit_test(one_thread),
	    cmocka_unit_test(python_splits_by_processes),
	    cmocka_unit_test(all_cores),
	    cmocka_unit_test(more_threads),
	    cmocka_unit_test(neighbours),
	    cmocka_unit_test(quota),
	    cmocka_unit_test(system_calls),
	    cmocka_unit_test(gil),
	    cmocka_unit_test(locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
