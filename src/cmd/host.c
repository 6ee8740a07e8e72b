/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

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
