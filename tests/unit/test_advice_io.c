/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice on disk, memory, network, other processes, and nothing to do. */
#include "advice_world.h"

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

	/* Half of the bytes and less. */
	w.p.usage.read_bytes = 51000000;
	assert_advice(&w, "disk-cache-miss");
	w.p.usage.read_bytes = 45000000;
	assert_advice(&w, "");
	/* A few pages are the file system's own. */
	w.p.usage.read_bytes = w.p.usage.rchar = 61440;
	assert_advice(&w, "");
	w.p.usage.read_bytes = w.p.usage.rchar = 69632;
	assert_advice(&w, "disk-cache-miss");
	w.p.usage.rchar = 100000000;
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

	/* Half of it is known. */
	again(&w);
	spend(&w, BT_MS_SYSTEM, 100 * MS);
	spend(&w, BT_MS_DISK, 450 * MS);
	wait_for(&w, BT_MS_DISK, BT_TARGET_FILE, SYS_pread64, 450 * MS, 300);
	w.p.usage.read_bytes = w.p.usage.rchar = 100000000;
	assert_advice(&w, "disk-cache-miss");

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

	w.p.usage.rchar = 20000;
	assert_advice(&w, "ipc-small-messages");
	assert_says(&w, "45 us each for 1 byte: ");

	/* As often, but in large pieces. */
	w.p.usage.rchar = 20000 * 16000;
	assert_advice(&w, "ipc-small-messages");
	w.p.usage.rchar = 20000 * 17000;
	assert_advice(&w, "");
	/* Small, but with long waits: something is done for it. */
	w.p.usage.rchar = 1700 * 64;
	w.waits[0].count = 1700;
	assert_advice(&w, "");
	w.p.usage.rchar = 1900 * 64;
	w.waits[0].count = 1900;
	assert_advice(&w, "ipc-small-messages");
	/* Short, but seldom; most of the time went elsewhere. */
	w.waits[0].ns /= 4;
	w.waits[0].count = 950;
	w.p.usage.rchar = 950 * 64;
	assert_advice(&w, "");
	w.waits[0].count = 1050;
	w.p.usage.rchar = 1050 * 64;
	assert_advice(&w, "ipc-small-messages");
	w.waits[0].ns *= 4;
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(paging),  cmocka_unit_test(sync_bound),   cmocka_unit_test(cache_miss),
	    cmocka_unit_test(network), cmocka_unit_test(python_waits), cmocka_unit_test(small_messages),
	    cmocka_unit_test(idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
