/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Waits for an interpreter's global lock, told by the address that they wait at: CPython's is a part of one
 * object of a known name, which user space finds (src/collect/interpreter.c). Nothing in the target is
 * touched. Where that is goes along with the accounts: threads have it from who made them.
 */
#ifndef BOUNDTOP_BPF_GIL_H
#define BOUNDTOP_BPF_GIL_H

#include "account.h"
#include "collector_shared.h"
#include "kernel.h"
#include "maps.h"
#include "reason.h"

static __always_inline struct bt_gil_key gil_key(const struct bt_account *a)
{
	struct bt_gil_key key = {.start_ns = a->leader_start_ns, .tgid = a->tgid};

	return key;
}

/* Whether the futex at address is the interpreter's lock of the process that a belongs to. */
static __noinline bool gil_is_at(struct bt_account *a, __u64 address)
{
	if (a->gil_state == BT_GIL_ASKED) {
		struct bt_gil_key key = gil_key(a);
		struct bt_gil_range *range = bpf_map_lookup_elem(&gils, &key);

		if (!range)
			return false;
		a->gil_from = range->from;
		a->gil_size = range->size;
		a->runtime = (__u16)range->runtime;
		a->gil_state = BT_GIL_KNOWN;
	}
	return address - a->gil_from < a->gil_size;
}

static __always_inline void gil_question(const struct bt_gil_key *key, __u64 address)
{
	struct bt_ask *ask = bpf_ringbuf_reserve(&exits, sizeof(*ask), 0);

	if (!ask)
		return;
	__builtin_memset(&ask->head, 0, sizeof(ask->head));
	ask->head.size = sizeof(*ask);
	ask->head.type = BT_RECORD_ASK;
	ask->key = *key;
	ask->address = address;
	bpf_ringbuf_submit(ask, BPF_RB_FORCE_WAKEUP);
}

/*
 * Does t, which is current, wait for a moment at most, by the clock of condition variables? So does who wants
 * an interpreter's lock.
 */
static __always_inline bool gil_waits_like(struct task_struct *t, __u64 now_ns)
{
	struct syscall_regs call;
	__s64 until[2]; /* seconds, nanoseconds */

	task_syscall(t, &call);
	if (call.compat || call.arg[1] != (BT_FUTEX_WAIT_BITSET | BT_FUTEX_PRIVATE) || !call.arg[3] ||
	    bpf_probe_read_user(until, sizeof(until), (void *)call.arg[3]))
		return false;
	return until[0] * 1000000000LL + until[1] - (__s64)now_ns <= BT_GIL_WAIT_NS;
}

/* The process of a had no interpreter when it was asked for. It may have been loaded since. */
static __noinline bool gil_look_again(struct bt_account *a, struct task_struct *t, __u64 address,
				      __u64 now_ns)
{
	struct bt_gil_key key = gil_key(a);
	__u32 turn = (__u32)(now_ns >> BT_GIL_TURN_LOG2);
	struct bt_gil_range *range;

	if (!gil_waits_like(t, now_ns))
		return false;
	range = bpf_map_lookup_elem(&gils, &key);
	if (range && range->runtime && !a->runtime)
		a->runtime = (__u16)range->runtime;
	if (range && range->size) {
		a->gil_from = range->from;
		a->gil_size = range->size;
		return address - a->gil_from < a->gil_size;
	}
	if (range && turn < range->again)
		return false;
	if (range)
		range->again = turn + BT_GIL_AGAIN;
	gil_question(&key, address);
	return false;
}

/* A process has its second thread, or its first one after exec: its address space was not seen yet. */
static __always_inline void gil_ask(struct bt_account *a, __u64 mm)
{
	struct bt_gil_key key = gil_key(a);

	a->gil_mm = mm;
	a->gil_size = 0;
	a->runtime = BT_RUNTIME_OTHER;
	a->gil_state = BT_GIL_ASKED;
	bpf_map_delete_elem(&gils, &key);
	gil_question(&key, 0);
}

/* What a new thread or process has of who made it. */
static __always_inline void gil_inherit(struct bt_account *child, const struct bt_account *parent, __u64 mm)
{
	child->gil_state = parent->gil_state;
	child->gil_from = parent->gil_from;
	child->gil_size = parent->gil_size;
	child->runtime = parent->runtime;
	child->gil_mm = mm;
}

#endif
