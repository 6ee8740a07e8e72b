/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"
#include "waits.h"

bool bt_ledger_add_wait(struct bt_ledger *l, const struct bt_wait *w)
{
	if (!l->many && l->wait_count && !bt_wait_same(&l->one.reason, &w->reason)) {
		if (!w->ns && !w->count)
			return true;
		l->many = calloc(BT_LEDGER_WAITS, sizeof(*l->many));
		if (!l->many)
			return false;
		l->many[0] = l->one;
	}
	bt_waits_add(l->many ? l->many : &l->one, &l->wait_count, l->many ? BT_LEDGER_WAITS : 1, w);
	return true;
}

void bt_ledger_take_wait(struct bt_ledger *l, unsigned int cause, uint64_t ns)
{
	struct bt_wait *waits = l->many ? l->many : &l->one, *most = NULL;

	for (uint32_t i = 0; i < l->wait_count; i++)
		if (waits[i].reason.cause == cause && (!most || waits[i].ns > most->ns))
			most = &waits[i];
	if (most)
		most->ns -= bt_min_u64(most->ns, ns);
}

bool bt_ledger_add_bursts(struct bt_ledger *l, const struct bt_bursts *more)
{
	if (!l->bursts)
		l->bursts = calloc(1, sizeof(*l->bursts));
	if (!l->bursts)
		return false;
	for (unsigned int i = 0; i < BT_BURST_BUCKETS; i++) {
		l->bursts->cpu[i] += more->cpu[i];
		l->bursts->io[i] += more->io[i];
	}
	l->burst = true;
	return true;
}

bool bt_ledger_copy(struct bt_ledger *to, const struct bt_ledger *from)
{
	const struct bt_wait *waits = from->many ? from->many : &from->one;

	for (uint32_t i = 0; i < from->wait_count; i++)
		if (!bt_ledger_add_wait(to, &waits[i]))
			return false;
	return !from->burst || bt_ledger_add_bursts(to, from->bursts);
}

void bt_ledger_free(struct bt_ledger *l)
{
	free(l->many);
	free(l->bursts);
	memset(l, 0, sizeof(*l));
}

void bt_ledger_begin(struct bt_ledger *l)
{
	bool burst = l->burst;
	uint32_t wait_count = l->wait_count;

	l->wait_count = 0;
	l->burst = false;
	if (!l->many && !l->bursts)
		return;
	/* What was not needed in one interval will not be in the next. */
	if (wait_count < 2) {
		free(l->many);
		l->many = NULL;
	}
	if (!burst) {
		free(l->bursts);
		l->bursts = NULL;
	} else {
		memset(l->bursts, 0, sizeof(*l->bursts));
	}
}

void bt_ledger_show(struct bt_ledger *l, struct bt_usage *u)
{
	struct bt_wait *waits = l->many ? l->many : &l->one;

	bt_waits_sort(waits, l->wait_count);
	u->waits = waits;
	u->wait_count = l->wait_count < BT_USAGE_WAITS ? l->wait_count : BT_USAGE_WAITS;
	u->bursts = l->burst ? l->bursts : NULL;
}
