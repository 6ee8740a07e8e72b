// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where in the kernel one thread sleeps, as /proc/PID/stack has it, but without CAP_SYS_ADMIN: a line for
 * each function, the innermost first. On its own, because few commands ask, and the collector's object has
 * no room for another function.
 */
#include "kernel.h"

#include "collector_shared.h"

char LICENSE[] SEC("license") = "GPL";

/* When the leader of the thread's process began. Written by user space. */
__u64 leader_start_ns;

static __u64 frames[BT_STACK_FUNCTIONS];

/* Its link is made for that thread alone. */
SEC("iter/task")
int bt_task_stack(struct bpf_iter__task *ctx)
{
	struct seq_file *out = ctx->meta->seq;
	struct task_struct *t = ctx->task;
	long size;

	if (!t || !iterator_takes_tid() || BPF_CORE_READ(t, group_leader, start_boottime) != leader_start_ns)
		return 0;
	size = bpf_get_task_stack(t, frames, sizeof(frames), 0);
	for (__u32 i = 0; i < BT_STACK_FUNCTIONS && (long)((i + 1) * sizeof(*frames)) <= size; i++)
		BPF_SEQ_PRINTF(out, "%pB\n", frames[i]);
	return 0;
}
