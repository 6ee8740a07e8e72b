/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage.h"

#include <string.h>

#include "waits.h"

static const uint8_t is_active[BT_MS_COUNT] = {
#define BT_X(id, name, column, letter, group, meaning)                                                       \
	BT_GROUP_##group != BT_GROUP_IDLE &&BT_GROUP_##group != BT_GROUP_NONE,
    BT_MICROSTATES(BT_X)
#undef BT_X
};

uint64_t bt_totals_active_ns(const struct bt_totals *t)
{
	uint64_t ns = t->oncpu_ns;

	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		ns += is_active[BT_OFFCPU_FIRST + i] ? t->offcpu_ns[i] : 0;
	return ns;
}

uint64_t bt_totals_sum_ns(const struct bt_totals *t)
{
	uint64_t ns = t->oncpu_ns;

	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		ns += t->offcpu_ns[i];
	return ns;
}

uint64_t bt_usage_ns(const struct bt_usage *u, enum bt_microstate ms, uint64_t tick_ns)
{
	uint64_t ticks_ns = u->utime_ns + u->stime_ns;
	uint64_t system_ns = 0;

	(void)tick_ns; /* the length of a tick cancels out */
	if (ms >= BT_OFFCPU_FIRST)
		return u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST];
	/* In doubles: the product of two times in ns overflows after seconds. */
	if (ticks_ns) {
		double part_ns = (double)u->totals.oncpu_ns * ((double)u->stime_ns / (double)ticks_ns);

		/* A broken recording can have any. */
		system_ns = part_ns < (double)u->totals.oncpu_ns ? (uint64_t)part_ns : u->totals.oncpu_ns;
	}
	return ms == BT_MS_SYSTEM ? system_ns : u->totals.oncpu_ns - system_ns;
}

bool bt_usage_split_valid(const struct bt_usage *u, uint64_t tick_ns)
{
	if (!u->totals.oncpu_ns)
		return true;
	return (u->valid & BT_VALID_TICKS) && tick_ns &&
	       u->utime_ns + u->stime_ns >= BT_SPLIT_MIN_TICKS * tick_ns;
}

void bt_usage_rank_oncpu(struct bt_usage *u, uint64_t oncpu_ns)
{
	if (oncpu_ns > u->oncpu_max_ns) {
		u->oncpu_next_ns = u->oncpu_max_ns;
		u->oncpu_max_ns = oncpu_ns;
	} else if (oncpu_ns > u->oncpu_next_ns) {
		u->oncpu_next_ns = oncpu_ns;
	}
}

void bt_usage_sum_begin(struct bt_usage *u, struct bt_usage_store *store)
{
	memset(u, 0, sizeof(*u));
	memset(store, 0, sizeof(*store));
	u->waits = store->waits;
}

void bt_usage_sum_add(struct bt_usage *u, struct bt_usage_store *store, const struct bt_usage *part)
{
	/* What measured nothing has nothing to say about what was measured. */
	if (part->wall_ns || part->valid)
		u->valid = u->wall_ns || u->valid
			       ? ((u->valid & part->valid) | ((u->valid | part->valid) & BT_VALID_RSS))
			       : part->valid;
	u->wall_ns += part->wall_ns;
	u->totals.oncpu_ns += part->totals.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		u->totals.offcpu_ns[i] += part->totals.offcpu_ns[i];
	u->guessed_ns += part->guessed_ns;
	u->residual_ns += part->residual_ns;
	u->utime_ns += part->utime_ns;
	u->stime_ns += part->stime_ns;
	if (u->active_max_ns < part->active_max_ns)
		u->active_max_ns = part->active_max_ns;
	u->active_ended_ns += part->active_ended_ns;
	bt_usage_rank_oncpu(u, part->oncpu_max_ns);
	bt_usage_rank_oncpu(u, part->oncpu_next_ns);
	u->voluntary += part->voluntary;
	u->involuntary += part->involuntary;
	u->minor_faults += part->minor_faults;
	u->major_faults += part->major_faults;
	u->read_bytes += part->read_bytes;
	u->write_bytes += part->write_bytes;
	u->rchar += part->rchar;
	u->wchar += part->wchar;
	if (part->bursts) {
		for (unsigned int i = 0; i < BT_BURST_BUCKETS; i++) {
			store->bursts.cpu[i] += part->bursts->cpu[i];
			store->bursts.io[i] += part->bursts->io[i];
		}
		u->bursts = &store->bursts;
	}
	for (uint32_t i = 0; i < part->wait_count; i++)
		bt_waits_add(store->waits, &u->wait_count, BT_USAGE_WAITS, &part->waits[i]);
	bt_waits_sort(store->waits, u->wait_count);
}

uint64_t bt_burst_count(const uint32_t *histogram)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < BT_BURST_BUCKETS; i++)
		count += histogram[i];
	return count;
}

double bt_burst_percentile_ns(const uint32_t *histogram, double q)
{
	uint64_t count = bt_burst_count(histogram);
	double rank = (double)count * (q < 0 ? 0 : q > 1 ? 1 : q);
	double high = 0;

	for (unsigned int i = 0; i < BT_BURST_BUCKETS; i++) {
		/* The first bucket begins at 0. The last is open: as wide as the others are. */
		double low = i ? (double)(1ULL << (BT_BURST_MIN_LOG2 + i)) : 0;

		if (!histogram[i])
			continue;
		high = (double)(1ULL << (BT_BURST_MIN_LOG2 + 1 + i));
		if (rank <= histogram[i])
			return low + (high - low) * (rank / histogram[i]);
		rank -= histogram[i];
	}
	return high;
}
