/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <stdlib.h>

void bt_host_sample_free(struct bt_host_sample *s)
{
	for (size_t i = 0; i < s->cgroup_count; i++)
		free(s->cgroups[i].path);
	free(s->cgroups);
	free(s->disks);
	free(s->cpus);
	*s = (struct bt_host_sample){0};
}
