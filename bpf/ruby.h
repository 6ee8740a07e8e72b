/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a thread of Ruby's waits for at a futex, by the mutex that is on its stack (include/ruby_lock.h). */
#ifndef BOUNDTOP_BPF_RUBY_H
#define BOUNDTOP_BPF_RUBY_H

#include "collector_shared.h"
#include "gil.h"
#include "kernel.h"
#include "maps.h"
#include "ruby_lock.h"

/*
 * What t, a thread of Ruby's, waits for at a futex: fills in why if that is the lock; all who wait for it are
 * seen to wait for the same thing, its mutex. own: t is current. Where it is not known which Ruby it is, a
 * thread has to sleep first in the way of those in which that tells.
 */
static __always_inline enum bt_doubt ruby_wait_of(struct bt_account *a, struct task_struct *t,
						  struct bt_reason *why, bool own)
{
	struct bt_gil_key key = gil_key(a);
	struct bt_gil_range *process = bpf_map_lookup_elem(&gils, &key);
	enum bt_ruby_wait wait = BT_RUBY_UNKNOWN;
	struct syscall_regs call;
	__u64 words[2] = {0};

	task_syscall(t, &call);
	/* A native thread that waits to be used again has a condition variable on its own stack. */
	if (why->object - call.sp < BT_FUTEX_FRAME)
		return BT_DOUBT_WORK;
	for (int i = 0; i < BT_RUBY_STACK_WORDS && wait == BT_RUBY_UNKNOWN; i++) {
		void *at = (void *)(call.sp + sizeof(*words) * i);

		if (own ? bpf_probe_read_user(words, sizeof(words), at)
			: bpf_copy_from_user_task(words, sizeof(words), at, t, 0))
			return BT_DOUBT_FUTEX;
		wait = bt_ruby_wait_of(words, why->object);
	}
	if (!process || wait == BT_RUBY_UNKNOWN)
		return BT_DOUBT_FUTEX;
	if (wait == BT_RUBY_SLEEPS) {
		process->ruby_tells = 1;
		return BT_DOUBT_WORK;
	}
	if (!process->ruby_tells)
		return BT_DOUBT_FUTEX;
	why->cause = BT_MS_GIL;
	why->object = words[1];
	return BT_DOUBT_NONE;
}

static __noinline enum bt_doubt ruby_wait_name(struct bt_account *a, struct task_struct *t,
					       struct bt_reason *why)
{
	return ruby_wait_of(a, t, why, true);
}

#endif
