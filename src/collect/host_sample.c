/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_sample.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "host_cgroup.h"
#include "host_parse.h"
#include "proc2.h"

#define KIB         1024ull
#define READ_BYTES  ((size_t)16 << 10)
#define CPUFREQ_DIR "/sys/devices/system/cpu/cpu%u/cpufreq/"

/* Files that stay open: a frame of the dashboard reads them again. */
enum file {
	FILE_STAT,
	FILE_VMSTAT,
	FILE_DISKSTATS,
	FILE_PRESSURE_CPU,
	FILE_PRESSURE_IO,
	FILE_PRESSURE_MEMORY,
	FILE_CLOCKSOURCE,
	FILE_COUNT,
};

static const char *const paths[FILE_COUNT] = {
    [FILE_STAT] = "/proc/stat",
    [FILE_VMSTAT] = "/proc/vmstat",
    [FILE_DISKSTATS] = "/proc/diskstats",
    [FILE_PRESSURE_CPU] = "/proc/pressure/cpu",
    [FILE_PRESSURE_IO] = "/proc/pressure/io",
    [FILE_PRESSURE_MEMORY] = "/proc/pressure/memory",
    [FILE_CLOCKSOURCE] = "/sys/devices/system/clocksource/clocksource0/current_clocksource",
};

_Static_assert(FILE_PRESSURE_IO - FILE_PRESSURE_CPU == BT_RESOURCE_IO &&
		   FILE_PRESSURE_MEMORY - FILE_PRESSURE_CPU == BT_RESOURCE_MEMORY,
	       "in the order of enum bt_resource");

/* One a program is enough. */
static struct {
	int fds[FILE_COUNT]; /* plus 1; 0: not opened yet */
	bool missing[FILE_COUNT];
	char *text; /* what was read last */
	size_t capacity;
	struct meminfo_info *memory;
	bool no_frequency;
} source;

/* The whole file into source.text. Its length, or -Exxx: there is no such file. */
static ssize_t file_read(enum file which)
{
	size_t length = 0;

	if (source.missing[which])
		return -ENOENT;
	if (!source.fds[which]) {
		source.fds[which] = open(paths[which], O_RDONLY | O_CLOEXEC) + 1;
		source.missing[which] = !source.fds[which];
		if (source.missing[which])
			return -errno;
	}
	for (;;) {
		ssize_t got;

		if (source.capacity - length < READ_BYTES) {
			char *text = realloc(source.text, length + 2 * READ_BYTES);

			if (!text)
				return -ENOMEM;
			source.text = text;
			source.capacity = length + 2 * READ_BYTES;
		}
		got = pread(source.fds[which] - 1, source.text + length, source.capacity - length,
			    (off_t)length);
		if (got < 0 && errno == EINTR)
			continue;
		/* PSI: it is there, and switched off (EOPNOTSUPP). */
		if (got < 0)
			return -errno;
		if (!got)
			return (ssize_t)length;
		length += (size_t)got;
	}
}

static void name_read(struct bt_host_sample *out)
{
	struct utsname names;
	struct sysinfo info;

	if (uname(&names) || sysinfo(&info))
		return;
	memccpy(out->name, names.nodename, '\0', sizeof(out->name) - 1);
	memccpy(out->kernel, names.release, '\0', sizeof(out->kernel) - 1);
	out->uptime_s = (uint64_t)info.uptime;
	for (int i = 0; i < 3; i++)
		out->load[i] = (double)info.loads[i] / (1 << SI_LOAD_SHIFT);
	out->valid |= BT_HOST_NAME;
}

enum {
	MEM_TOTAL,
	MEM_AVAILABLE,
	MEM_USED,
	MEM_SWAP_TOTAL,
	MEM_SWAP_USED,
	MEM_DIRTY,
	MEM_WRITEBACK,
	MEM_COUNT
};

static void memory_read(struct bt_host_sample *out)
{
	static enum meminfo_item items[MEM_COUNT] = {
	    MEMINFO_MEM_TOTAL, MEMINFO_MEM_AVAILABLE, MEMINFO_MEM_USED,      MEMINFO_SWAP_TOTAL,
	    MEMINFO_SWAP_USED, MEMINFO_MEM_DIRTY,     MEMINFO_MEM_WRITEBACK,
	};
	const struct meminfo_stack *stack;

	if (!source.memory && procps_meminfo_new(&source.memory) < 0)
		return;
	stack = procps_meminfo_select(source.memory, items, MEM_COUNT);
	if (!stack)
		return;
	out->memory = (struct bt_host_memory){
	    .total_bytes = KIB * BT_MEMINFO_VAL(MEM_TOTAL, ul_int, stack, source.memory),
	    .available_bytes = KIB * BT_MEMINFO_VAL(MEM_AVAILABLE, ul_int, stack, source.memory),
	    .used_bytes = KIB * BT_MEMINFO_VAL(MEM_USED, ul_int, stack, source.memory),
	    .swap_total_bytes = KIB * BT_MEMINFO_VAL(MEM_SWAP_TOTAL, ul_int, stack, source.memory),
	    .swap_used_bytes = KIB * BT_MEMINFO_VAL(MEM_SWAP_USED, ul_int, stack, source.memory),
	    .dirty_bytes = KIB * BT_MEMINFO_VAL(MEM_DIRTY, ul_int, stack, source.memory),
	    .writeback_bytes = KIB * BT_MEMINFO_VAL(MEM_WRITEBACK, ul_int, stack, source.memory),
	};
	out->valid |= BT_HOST_MEMORY;
}

static void pressure_read(struct bt_host_sample *out)
{
	for (int i = 0; i < BT_RESOURCE_COUNT; i++) {
		ssize_t length = file_read((enum file)(FILE_PRESSURE_CPU + i));

		if (length < 0 || bt_host_parse_pressure(source.text, (size_t)length, &out->pressure[i]))
			return;
	}
	out->valid |= BT_HOST_PRESSURE;
}

/* A file of one number; 0: there is none. */
static uint32_t khz_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	uint64_t khz = 0;
	ssize_t length;

	if (fd < 0)
		return 0;
	length = read(fd, text, sizeof(text));
	close(fd);
	if (length < 0 || !bt_host_parse_number(text, (size_t)length, &khz) || khz > UINT32_MAX)
		return 0;
	return (uint32_t)khz;
}

/* Documentation/admin-guide/pm/cpufreq.rst; base_frequency: intel_pstate.rst */
static void frequency_read(struct bt_host_cpu *cpu)
{
	char path[128];

	snprintf(path, sizeof(path), CPUFREQ_DIR "scaling_cur_freq", cpu->cpu);
	cpu->khz = khz_read(path);
	if (!cpu->khz)
		return;
	snprintf(path, sizeof(path), CPUFREQ_DIR "base_frequency", cpu->cpu);
	cpu->khz_max = khz_read(path);
	if (cpu->khz_max)
		return;
	snprintf(path, sizeof(path), CPUFREQ_DIR "cpuinfo_max_freq", cpu->cpu);
	cpu->khz_max = khz_read(path);
}

static int stat_read(unsigned int sections, struct bt_host_sample *out)
{
	ssize_t length = file_read(FILE_STAT);
	int err;

	if (length < 0)
		return 0;
	err = bt_host_parse_stat(source.text, (size_t)length, (uint64_t)sysconf(_SC_CLK_TCK), out);
	if (err)
		return err == -ENOMEM ? err : 0;
	out->valid |= sections & (BT_HOST_CPUS | BT_HOST_FORKS);
	for (size_t i = 0; (sections & BT_HOST_CPUS) && !source.no_frequency && i < out->cpu_count; i++) {
		frequency_read(&out->cpus[i]);
		/* A virtual machine's first CPU has none, nor have the others. */
		source.no_frequency = !i && !out->cpus[i].khz;
	}
	return 0;
}

static void vm_read(struct bt_host_sample *out)
{
	ssize_t length = file_read(FILE_VMSTAT);

	if (length < 0 || bt_host_parse_vmstat(source.text, (size_t)length, &out->vm))
		return;
	out->vm.page_bytes = (uint64_t)sysconf(_SC_PAGESIZE);
	out->valid |= BT_HOST_VM;
}

/* Partitions have no folder there. */
static bool is_disk(const char *name, void *context)
{
	char path[64];
	int length = snprintf(path, sizeof(path), "/sys/block/%s", name);

	(void)context;
	for (char *c = path + strlen("/sys/block/"); length < (int)sizeof(path) && *c; c++)
		if (*c == '/')
			*c = '!'; /* cciss/c0d0: fs/sysfs names */
	return !access(path, F_OK);
}

static int disks_read(struct bt_host_sample *out)
{
	ssize_t length = file_read(FILE_DISKSTATS);
	int err;

	if (length < 0)
		return 0;
	err = bt_host_parse_disks(source.text, (size_t)length, is_disk, NULL, out);
	if (!err)
		out->valid |= BT_HOST_DISKS;
	return err;
}

static void clock_read(struct bt_host_sample *out)
{
	ssize_t length = file_read(FILE_CLOCKSOURCE);

	if (length <= 0)
		return;
	if ((size_t)length >= sizeof(out->clocksource))
		length = sizeof(out->clocksource) - 1;
	memcpy(out->clocksource, source.text, (size_t)length);
	out->clocksource[strcspn(out->clocksource, "\n")] = '\0';
	out->valid |= BT_HOST_CLOCK;
}

int bt_host_from_proc(struct bt_collector *c, unsigned int sections, struct bt_host_sample *out)
{
	int err = 0;

	(void)c;
	bt_host_sample_free(out);
	out->now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	if (sections & BT_HOST_NAME)
		name_read(out);
	if (sections & BT_HOST_MEMORY)
		memory_read(out);
	if (sections & BT_HOST_PRESSURE)
		pressure_read(out);
	if (sections & (BT_HOST_CPUS | BT_HOST_FORKS))
		err = stat_read(sections, out);
	if (sections & BT_HOST_VM)
		vm_read(out);
	if (!err && (sections & BT_HOST_DISKS))
		err = disks_read(out);
	if (!err && (sections & BT_HOST_CGROUPS))
		err = bt_host_cgroups_read(out);
	if (sections & BT_HOST_CLOCK)
		clock_read(out);
	if (err)
		bt_host_sample_free(out);
	return err;
}
