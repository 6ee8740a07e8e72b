/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_head.h"

#include <string.h>

static void head_fill(const struct bt_host_sample *s, struct bt_host *host)
{
	memcpy(host->name, s->name, sizeof(host->name));
	host->uptime_s = s->uptime_s;
	host->load = s->load[0];
}

void bt_host_head_read(struct bt_collector *c, struct bt_host *host)
{
	struct bt_host_sample s = {0};

	*host = (struct bt_host){0};
	if (c->ops->host(c, BT_HOST_NAME, &s))
		return;
	head_fill(&s, host);
	bt_host_sample_free(&s);
}

void bt_host_head_read_all(struct bt_collector *c, struct bt_tui_host *host)
{
	struct bt_host_sample s = {0};

	*host = (struct bt_tui_host){0};
	if (c->ops->host(c, BT_HOST_HEAD, &s))
		return;
	head_fill(&s, &host->host);
	host->memory_bytes = s.memory.total_bytes;
	host->memory_used_bytes = s.memory.used_bytes;
	host->swap_bytes = s.memory.swap_total_bytes;
	host->swap_used_bytes = s.memory.swap_used_bytes;
	host->pressure = s.valid & BT_HOST_PRESSURE;
	host->pressure_cpu = s.pressure[BT_RESOURCE_CPU].some_avg10;
	host->pressure_io = s.pressure[BT_RESOURCE_IO].some_avg10;
	host->pressure_memory = s.pressure[BT_RESOURCE_MEMORY].some_avg10;
	bt_host_sample_free(&s);
}
