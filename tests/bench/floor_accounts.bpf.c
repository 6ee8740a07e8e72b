/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The least that a tool pays which wants to know how long each thread had a CPU, slept, and waited for a CPU:
 * the clock and the threads' accounts, three additions, and nothing else.
 */
#include <linux/bpf.h>
#include <stdbool.h>

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

struct task_struct;

struct account {
	__u64 since_ns;
	__u64 oncpu_ns, offcpu_ns, queued_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct account);
} accounts SEC(".maps");

static struct account *account_of(struct task_struct *t)
{
	return bpf_task_storage_get(&accounts, t, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(account_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct account *of_prev = account_of(prev), *of_next = account_of(next);

	if (of_prev) {
		of_prev->oncpu_ns += now_ns - of_prev->since_ns;
		of_prev->since_ns = now_ns;
	}
	if (of_next) {
		of_next->queued_ns += now_ns - of_next->since_ns;
		of_next->since_ns = now_ns;
	}
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(account_waking, struct task_struct *t)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct account *a = account_of(t);

	if (a) {
		a->offcpu_ns += now_ns - a->since_ns;
		a->since_ns = now_ns;
	}
	return 0;
}
