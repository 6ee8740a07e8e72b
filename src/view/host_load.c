/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_load.h"

#include "names.h"
#include "strbuf.h"

const enum bt_verdict_id bt_verdict_order[BT_VERDICT_COUNT] = {
    BT_VERDICT_CPU_BOUND, BT_VERDICT_IO_BOUND, BT_VERDICT_LOCK_BOUND, BT_VERDICT_STARVED,
    BT_VERDICT_MIXED,     BT_VERDICT_WAITING,  BT_VERDICT_UNKNOWN,    BT_VERDICT_IDLE,
};

void bt_host_load(const struct bt_frame *f, double load[BT_MS_COUNT])
{
	for (int ms = 0; ms < BT_MS_COUNT; ms++)
		load[ms] = 0;
	if (!f->duration_ns)
		return;
	load[BT_MS_USER] = (double)f->totals.oncpu_ns / (double)f->duration_ns;
	for (int k = 0; k < BT_OFFCPU_COUNT; k++)
		load[BT_OFFCPU_FIRST + k] = (double)f->totals.offcpu_ns[k] / (double)f->duration_ns;
}

void bt_host_shares(const struct bt_frame *f, const double load[BT_MS_COUNT], float share[BT_MS_COUNT])
{
	double busy = 0;

	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++)
		if (bt_microstate_group(ms) != BT_GROUP_IDLE && ms != BT_MS_UNKNOWN)
			busy += load[ms];
	if (busy < f->cpus_online)
		busy = f->cpus_online;
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++)
		share[ms] = ms == BT_MS_UNKNOWN || busy <= 0 ? 0 : (float)(load[ms] / busy);
}

void bt_text_uptime(struct bt_strbuf *out, uint64_t uptime_s)
{
	uint64_t minutes = uptime_s / 60;

	if (minutes >= 24ULL * 60)
		bt_strbuf_addf(out, "up %llud %lluh", (unsigned long long)(minutes / (24ULL * 60)),
			       (unsigned long long)(minutes / 60 % 24));
	else
		bt_strbuf_addf(out, "up %lluh %llum", (unsigned long long)(minutes / 60),
			       (unsigned long long)(minutes % 60));
}
