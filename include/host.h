/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host sample: raw figures of the whole host at one instant, beside the snapshot of its threads. Counters
 * and settings as the kernel has them, never rates, shares or verdicts: what they mean is a difference of
 * two, and the core's business. The collector reads it, the store keeps it.
 */
#ifndef BOUNDTOP_HOST_SAMPLE_H
#define BOUNDTOP_HOST_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

/* What a sample holds; what is not asked for, or cannot be had, is not in valid. Unmeasured is not zero. */
enum bt_host_section {
	BT_HOST_NAME = 1 << 0,     /* name, kernel, uptime_s, load */
	BT_HOST_MEMORY = 1 << 1,   /* memory */
	BT_HOST_PRESSURE = 1 << 2, /* pressure (PSI) */
	BT_HOST_CPUS = 1 << 3,     /* cpus */
	BT_HOST_VM = 1 << 4,       /* vm */
	BT_HOST_FORKS = 1 << 5,    /* forks, running, blocked */
	BT_HOST_DISKS = 1 << 6,    /* disks */
	BT_HOST_CGROUPS = 1 << 7,  /* cgroups: those that have a CPU quota, or had one */
	BT_HOST_CLOCK = 1 << 8,    /* clocksource */
	BT_HOST_ALL = (1 << 9) - 1,
	/* What the head of the dashboard shows. */
	BT_HOST_HEAD = BT_HOST_NAME | BT_HOST_MEMORY | BT_HOST_PRESSURE,
};

enum bt_resource { BT_RESOURCE_CPU, BT_RESOURCE_IO, BT_RESOURCE_MEMORY, BT_RESOURCE_COUNT };

/* /proc/meminfo, bytes. */
struct bt_host_memory {
	uint64_t total_bytes, available_bytes, used_bytes;
	uint64_t swap_total_bytes, swap_used_bytes;
	uint64_t dirty_bytes, writeback_bytes;
};

/* /proc/pressure: part of the last ten seconds (0..1), and time since boot in which some / all were held up.
 */
struct bt_host_pressure {
	double some_avg10, full_avg10;
	uint64_t some_ns, full_ns;
};

/* /proc/stat, since boot. */
struct bt_host_cpu {
	uint32_t cpu;
	uint32_t khz, khz_max; /* now, and at most (without turbo, where told); 0 = not told */
	uint64_t user_ns, nice_ns, system_ns, idle_ns, iowait_ns, irq_ns, softirq_ns, steal_ns;
};

/* /proc/vmstat, since boot; pages unless it says otherwise. */
struct bt_host_vm {
	uint64_t swap_in, swap_out;
	uint64_t major_faults;               /* faults */
	uint64_t refault_anon, refault_file; /* pages that came back soon after they were evicted */
	uint64_t scan_direct;                /* looked at by who wanted memory and had to wait */
	uint64_t oom_kills;                  /* processes */
	uint64_t page_bytes;
};

/* /proc/diskstats, since boot: whole devices, no partitions; those that were used at all. */
struct bt_host_disk {
	char name[32];
	uint32_t major, minor;
	uint64_t reads, read_bytes, read_ns; /* _ns: summed over requests */
	uint64_t writes, write_bytes, write_ns;
	uint64_t flushes, flush_ns;
	uint64_t busy_ns; /* with at least one request in flight */
	uint32_t in_flight;
};

/* cpu.stat and cpu.max, or cpu.cfs_*: since the group was made. Its counters stay when its quota goes. */
struct bt_host_cgroup {
	char *path;        /* owned; raw bytes; as in bt_description.cgroup */
	uint64_t quota_ns; /* CPU time a period; 0: no quota now */
	uint64_t period_ns;
	uint64_t periods, throttled_periods, throttled_ns;
};

struct bt_host_sample {
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	uint32_t valid;  /* enum bt_host_section */
	char name[65];
	char kernel[65]; /* release */
	uint64_t uptime_s;
	double load[3]; /* of the last minute, 5, 15 */
	struct bt_host_memory memory;
	struct bt_host_pressure pressure[BT_RESOURCE_COUNT];
	struct bt_host_vm vm;
	uint64_t forks; /* since boot, threads included */
	uint32_t running, blocked;
	char clocksource[32];
	struct bt_host_cpu *cpus; /* owned, like the lists below */
	size_t cpu_count;
	struct bt_host_disk *disks;
	size_t disk_count;
	struct bt_host_cgroup *cgroups;
	size_t cgroup_count;
};

/* Releases what s owns and zeroes it; s may be zeroed. */
void bt_host_sample_free(struct bt_host_sample *s);

#endif
