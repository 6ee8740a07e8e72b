/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include <libproc2/meminfo.h>

#define KIB 1024ull

void bt_host_read(struct bt_host *host)
{
	struct utsname names;
	struct sysinfo info;

	*host = (struct bt_host){0};
	if (!uname(&names))
		memccpy(host->name, names.nodename, '\0', sizeof(host->name) - 1);
	if (!sysinfo(&info)) {
		host->uptime_s = (uint64_t)info.uptime;
		host->load = (double)info.loads[0] / (1 << SI_LOAD_SHIFT);
	}
}

static void read_memory(struct bt_tui_host *host)
{
	/* The library's handle is made once and kept. */
	static struct meminfo_info *info;

	if (!info && procps_meminfo_new(&info) < 0)
		return;
	host->memory_bytes = KIB * MEMINFO_GET(info, MEMINFO_MEM_TOTAL, ul_int);
	host->memory_used_bytes = KIB * MEMINFO_GET(info, MEMINFO_MEM_USED, ul_int);
	host->swap_bytes = KIB * MEMINFO_GET(info, MEMINFO_SWAP_TOTAL, ul_int);
	host->swap_used_bytes = KIB * MEMINFO_GET(info, MEMINFO_SWAP_USED, ul_int);
}

/* The share "some", of the last ten seconds; false: the kernel does not have it. */
static bool read_pressure(const char *path, double *share)
{
	FILE *file = fopen(path, "re");
	char line[128];
	const char *at;
	bool got;

	if (!file)
		return false;
	got = fgets(line, sizeof(line), file) != NULL;
	fclose(file);
	at = got ? strstr(line, "avg10=") : NULL;
	if (at)
		*share = strtod(at + strlen("avg10="), NULL) / 100;
	return at != NULL;
}

void bt_host_read_all(struct bt_tui_host *host)
{
	*host = (struct bt_tui_host){0};
	bt_host_read(&host->host);
	read_memory(host);
	host->pressure = read_pressure("/proc/pressure/cpu", &host->pressure_cpu) &&
			 read_pressure("/proc/pressure/io", &host->pressure_io) &&
			 read_pressure("/proc/pressure/memory", &host->pressure_memory);
}
