/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's files about the host, as several kernels write them, and as none does. */
#include "host_parse.h"

#include <errno.h>
#include <stdlib.h>

#include "collector.h"
#include "host_sample.h"
#include "unit.h"

#define NS_PER_TICK 10000000ull /* at 100 a second */
#define TEXT(s)     (s), strlen(s)

static void stat_of_a_machine(void **state)
{
	static const char text[] = "cpu  300 3 90 3000 30 1 2 30 0 0\n"
				   "cpu0 100 1 30 1000 10 0 1 10 0 0\n"
				   "cpu2 200 2 60 2000 20 1 1 20 0 0\n"
				   "intr 1234 0 9\nctxt 99\nbtime 1\nprocesses 4711\n"
				   "procs_running 3\nprocs_blocked 2\nsoftirq 5 1\n";
	struct bt_host_sample s = {0};

	(void)state;
	assert_int_equal(bt_host_parse_stat(TEXT(text), 100, &s), 0);
	assert_int_equal(s.cpu_count, 2);
	assert_int_equal(s.cpus[1].cpu, 2);
	assert_int_equal(s.cpus[1].user_ns, 200 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].nice_ns, 2 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].system_ns, 60 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].idle_ns, 2000 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].iowait_ns, 20 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].irq_ns, 1 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].softirq_ns, 1 * NS_PER_TICK);
	assert_int_equal(s.cpus[1].steal_ns, 20 * NS_PER_TICK);
	assert_int_equal(s.forks, 4711);
	assert_int_equal(s.running, 3);
	assert_int_equal(s.blocked, 2);
	/* Once more: the list is replaced. */
	assert_int_equal(bt_host_parse_stat(TEXT(text), 100, &s), 0);
	assert_int_equal(s.cpu_count, 2);
	bt_host_sample_free(&s);
	assert_null(s.cpus);
	assert_int_equal(bt_host_parse_stat(TEXT("nothing\n"), 100, &s), -EINVAL);
	assert_int_equal(bt_host_parse_stat("", 0, 0, &s), -EINVAL);
	/* More than fits: the most there is, and no less. */
	assert_int_equal(bt_host_parse_stat(TEXT("cpu0 99999999999999999999999 1"), 100, &s), 0);
	assert_true(s.cpus[0].user_ns == UINT64_MAX);
	bt_host_sample_free(&s);
}

static void vmstat_of_two_kernels(void **state)
{
	struct bt_host_vm vm = {0};

	(void)state;
	assert_int_equal(bt_host_parse_vmstat(TEXT("nr_free_pages 9\npswpin 1\npswpout 2\npgmajfault 3\n"
						   "workingset_refault_anon 4\nworkingset_refault_file 5\n"
						   "pgscan_direct 6\npgscan_direct_throttle 7\noom_kill 8\n"),
					      &vm),
			 0);
	assert_int_equal(vm.swap_in, 1);
	assert_int_equal(vm.swap_out, 2);
	assert_int_equal(vm.major_faults, 3);
	assert_int_equal(vm.refault_anon, 4);
	assert_int_equal(vm.refault_file, 5);
	assert_int_equal(vm.scan_direct, 6);
	assert_int_equal(vm.oom_kills, 8);
	/* 5.4 */
	vm = (struct bt_host_vm){0};
	assert_int_equal(bt_host_parse_vmstat(TEXT("workingset_refault 77\n"), &vm), 0);
	assert_int_equal(vm.refault_file, 77);
	assert_int_equal(bt_host_parse_vmstat(TEXT("pswpin\npswpin x\n"), &vm), -EINVAL);
}

static void pressure(void **state)
{
	struct bt_host_pressure p;

	(void)state;
	assert_int_equal(bt_host_parse_pressure(TEXT("some avg10=12.50 avg60=1.00 avg300=0.10 total=123456\n"
						     "full avg10=3.25 avg60=0.00 avg300=0.00 total=7\n"),
						&p),
			 0);
	assert_true(p.some_avg10 > 0.1249 && p.some_avg10 < 0.1251);
	assert_true(p.full_avg10 > 0.0324 && p.full_avg10 < 0.0326);
	assert_int_equal(p.some_ns, 123456000);
	assert_int_equal(p.full_ns, 7000);
	assert_int_equal(bt_host_parse_pressure(TEXT("some avg10=0.00 total=5"), &p), 0);
	assert_int_equal(p.full_ns, 0);
	assert_int_equal(bt_host_parse_pressure(TEXT(""), &p), -EINVAL);
}

static bool is_disk(const char *name, void *context)
{
	(void)context;
	return !strchr(name, '1');
}

static void disks(void **state)
{
	static const char text[] =
	    "   7       0 loop0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"
	    " 259       0 nvme0n2 10 2 80 3 20 4 160 7 1 9 13 0 0 0 0 5 6\n"
	    " 259       1 nvme0n1p1 10 2 80 3 20 4 160 7 1 9 13 0 0 0 0 5 6\n"
	    "   8       0 sda 1 0 8 1 0 0 0 0 0 1 1\n" /* before 4.18 */
	    "   8      16 sdb 1 0 8\n"                 /* of 2.6, a partition */
	    "   8      32 a-name-that-is-longer-than-the-room-for-it 1 0 8 1 0 0 0 0 0 1 1\n";
	struct bt_host_sample s = {0};

	(void)state;
	assert_int_equal(bt_host_parse_disks(TEXT(text), is_disk, NULL, &s), 0);
	assert_int_equal(s.disk_count, 2);
	assert_string_equal(s.disks[0].name, "nvme0n2");
	assert_int_equal(s.disks[0].major, 259);
	assert_int_equal(s.disks[0].reads, 10);
	assert_int_equal(s.disks[0].read_bytes, 80 * 512);
	assert_int_equal(s.disks[0].read_ns, 3000000);
	assert_int_equal(s.disks[0].writes, 20);
	assert_int_equal(s.disks[0].write_bytes, 160 * 512);
	assert_int_equal(s.disks[0].write_ns, 7000000);
	assert_int_equal(s.disks[0].in_flight, 1);
	assert_int_equal(s.disks[0].busy_ns, 9000000);
	assert_int_equal(s.disks[0].flushes, 5);
	assert_int_equal(s.disks[0].flush_ns, 6000000);
	assert_string_equal(s.disks[1].name, "sda");
	bt_host_sample_free(&s);
}

static void control_groups(void **state)
{
	struct bt_host_cgroup g = {0};
	uint64_t number;

	(void)state;
	assert_false(bt_host_parse_cpu_max(TEXT("max 100000\n"), &g));
	assert_true(bt_host_parse_cpu_max(TEXT("20000 100000\n"), &g));
	assert_int_equal(g.quota_ns, 20000000);
	assert_int_equal(g.period_ns, 100000000);
	assert_false(bt_host_parse_number(TEXT("-1\n"), &number));
	assert_true(bt_host_parse_number(TEXT("50000\n"), &number));
	assert_int_equal(number, 50000);
	assert_true(bt_host_parse_cpu_stat(TEXT("usage_usec 9\nnr_periods 10\nnr_throttled 7\n"
						"throttled_usec 1234\nnr_bursts 0\n"),
					   &g));
	assert_int_equal(g.periods, 10);
	assert_int_equal(g.throttled_periods, 7);
	assert_int_equal(g.throttled_ns, 1234000);
	assert_true(bt_host_parse_cpu_stat(TEXT("nr_periods 1\nnr_throttled 1\nthrottled_time 55\n"), &g));
	assert_int_equal(g.throttled_ns, 55);
	/* The root group of version 2 */
	assert_false(bt_host_parse_cpu_stat(TEXT("usage_usec 9\n"), &g));
}

static void mounts(void **state)
{
	static const char v1[] =
	    "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "30 25 0:26 / /sys/fs/cgroup/unified rw shared:9 - cgroup2 cgroup2 rw\n"
	    "31 25 0:27 / /sys/fs/cgroup/set rw shared:9 - cgroup cgroup rw,cpuset\n"
	    "33 25 0:28 / /sys/fs/cgroup/cpu rw shared:1 shared:2 - cgroup c rw,cpuacct,cpu\n";
	static const char v2[] = "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";
	struct bt_cgroup_mount m;

	(void)state;
	assert_true(bt_host_parse_mountinfo(TEXT(v1), &m));
	assert_string_equal(m.path, "/sys/fs/cgroup/cpu");
	assert_false(m.v2);
	assert_true(bt_host_parse_mountinfo(TEXT(v2), &m));
	assert_string_equal(m.path, "/sys/fs/cgroup");
	assert_true(m.v2);
	assert_false(bt_host_parse_mountinfo(TEXT("30 25 0:26 / /sys/fs/cgroup rw,nosuid\n"), &m));
	assert_false(bt_host_parse_mountinfo(TEXT("1 2 3\n\n - - cgroup2 a b\n"), &m));
}

/* Only what is asked for; and this host has at least these. */
static void sections(void **state)
{
	struct bt_host_sample s = {0};

	(void)state;
	assert_int_equal(bt_host_from_proc(NULL, BT_HOST_NAME, &s), 0);
	assert_int_equal(s.valid, BT_HOST_NAME);
	assert_true(*s.name && *s.kernel);
	assert_int_equal(s.cpu_count, 0);
	assert_int_equal(bt_host_from_proc(NULL, BT_HOST_ALL, &s), 0);
	assert_int_equal(s.valid & (BT_HOST_NAME | BT_HOST_CPUS | BT_HOST_VM | BT_HOST_FORKS),
			 BT_HOST_NAME | BT_HOST_CPUS | BT_HOST_VM | BT_HOST_FORKS);
	assert_true(s.cpu_count > 0 && s.forks > 0 && s.now_ns > 0);
	bt_host_sample_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stat_of_a_machine), cmocka_unit_test(vmstat_of_two_kernels),
	    cmocka_unit_test(pressure),          cmocka_unit_test(disks),
	    cmocka_unit_test(control_groups),    cmocka_unit_test(mounts),
	    cmocka_unit_test(sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
