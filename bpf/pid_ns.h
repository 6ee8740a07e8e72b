/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The numbers that processes and threads are shown by: those of the PID namespace of who reads. */
#ifndef BOUNDTOP_BPF_PID_NS_H
#define BOUNDTOP_BPF_PID_NS_H

#include "account.h"
#include "kernel.h"

/*
 * The PID namespace whose numbers are shown, by its inode number; 0: the initial one, whose numbers tasks
 * have themselves. Filled before load.
 */
const volatile __u32 pid_ns_inum;

#define PID_LEVELS 8 /* namespaces within each other that are looked at; the kernel allows 32 */

/* The number of a struct pid in that namespace; 0: it has none there. */
static __noinline int number_in_ns(__u64 pid)
{
	__u64 numbers = pid + bpf_core_field_offset(struct pid, numbers);

	if (!pid)
		return 0;
	for (__u32 i = 0; i < PID_LEVELS; i++) {
		struct upid *u = (struct upid *)(numbers + i * bpf_core_type_size(struct upid));
		struct pid_namespace *ns;

		if (i > plain_read(pid, (struct pid *)pid, level))
			break;
		ns = plain_read(upid, u, ns);
		if (ns && plain_read(pid_namespace, ns, ns.inum) == pid_ns_inum)
			return plain_read(upid, u, nr);
	}
	return 0;
}

static __always_inline __u64 pid_of(struct task_struct *plain)
{
	return address_read((void *)plain + bpf_core_field_offset(struct task_struct, thread_pid));
}

/* The number of a struct pid in the innermost namespace, its own; 0: it has none. */
static __always_inline __s32 number_in_own(__u64 pid)
{
	__u64 numbers = pid + bpf_core_field_offset(struct pid, numbers);

	if (!pid)
		return 0;
	numbers += (__u64)plain_read(pid, (struct pid *)pid, level) * bpf_core_type_size(struct upid);
	return plain_read(upid, (struct upid *)numbers, nr);
}

/* Of a task that is not being released: then it has no number any more. */
static __always_inline int numbers_set(struct bt_account *a, struct task_struct *t)
{
	__u64 pid;

	if (!pid_ns_inum) {
		a->tid = t->pid;
		a->tgid = t->tgid;
		return 0;
	}
	pid = pid_of(task_plain(t));
	if (!pid)
		return 0;
	a->tid = number_in_ns(pid);
	a->tgid = number_in_ns(pid_of(task_plain(t)->group_leader));
	return 0;
}

/* The number that a thread is shown by: who execs takes the leader's over, in the initial namespace unseen.
 */
static __always_inline __s32 tid_shown(const struct bt_account *a, const struct task_struct *t)
{
	return pid_ns_inum ? a->tid : t->pid;
}

#endif
