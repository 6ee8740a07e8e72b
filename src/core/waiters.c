/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many threads of a process wait for the same thing, and which one has it. */
#include <string.h>

#include "model_internal.h"
#include "waits.h"

#include <utlist.h>

static bool ledger_has(const struct bt_ledger *l, const struct bt_reason *reason)
{
	const struct bt_wait *waits = l->many ? l->many : &l->one;

	for (uint32_t i = 0; i < l->wait_count; i++)
		if (bt_wait_same(&waits[i].reason, reason))
			return true;
	return false;
}

uint32_t bt_model_waiters(struct bt_model *m, const struct bt_process *process,
			  const struct bt_reason *reason)
{
	const struct bt_process_entry *p =
	    bt_process_get(m, process->identity.pid, process->identity.start_ns);
	const struct bt_thread_entry *t;
	uint32_t waiters = 0;

	if (!p || &p->p != process)
		return 0;
	if (!p->multi)
		return ledger_has(&p->ledger, reason);
	DL_FOREACH(p->threads, t)
	{
		if (t->budget)
			waiters += ledger_has(&t->budget->ledger, reason);
		else if (t->blocked && t->idle_ns)
			waiters += bt_wait_same(&t->open, reason);
	}
	return waiters;
}

static uint64_t held_ns(const struct bt_thread_entry *t, uint64_t object)
{
	for (unsigned int i = 0; t->locks && i < BT_HELD_SLOTS; i++)
		if (t->locks->held[i].ns && t->locks->held[i].object == object)
			return t->locks->held[i].ns;
	return 0;
}

bool bt_model_holder(struct bt_model *m, const struct bt_process *process, uint64_t object,
		     struct bt_holder *out)
{
	const struct bt_process_entry *p =
	    bt_process_get(m, process->identity.pid, process->identity.start_ns);
	const struct bt_thread_entry *t, *most = NULL;
	uint64_t most_ns = 0, sum_ns = 0;

	if (!p || &p->p != process)
		return false;
	DL_FOREACH(p->threads, t)
	{
		uint64_t ns = held_ns(t, object);

		sum_ns += ns;
		if (ns <= most_ns)
			continue;
		most_ns = ns;
		most = t;
	}
	if (!most)
		return false;
	out->tid = most->tid;
	memcpy(out->comm, most->comm, BT_COMM_LEN);
	out->comm[BT_COMM_LEN] = '\0';
	out->share = (double)most_ns / (double)sum_ns;
	return true;
}
