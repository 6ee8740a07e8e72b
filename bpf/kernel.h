/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the kernel's types (kernel_types.h) are read. Kernel differences live here and nowhere else, each with
 * the commit it is about.
 */
#ifndef BOUNDTOP_BPF_KERNEL_H
#define BOUNDTOP_BPF_KERNEL_H

#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bt_atomic_long___old {
	long counter;
};

struct mm_rss_stat___old {
	struct bt_atomic_long___old count[4];
};

struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

/* Deferred throttling, per task: e1fad12dcb66 ("sched/fair: Switch to task based throttle model"), 6.18 */
struct task_struct___throttled {
	bool throttled;
};

/* __state was state before 2f064a59a11f ("sched: Change task_struct::state"), 5.14 */
struct task_struct___old {
	volatile long state;
};

/* An iterator's link for one thread: f0d74c4da1f0 ("bpf: Parameterize task iterators."), 6.1; before, what is
 * asked for is ignored. */
union bpf_iter_link_info___tid {
	struct {
		__u32 tid;
	} task;
};

#pragma clang attribute pop

/* include/linux/sched.h */
#define PF_IO_WORKER         0x00000010
#define PF_KTHREAD           0x00200000
#define TASK_INTERRUPTIBLE   0x0001
#define TASK_UNINTERRUPTIBLE 0x0002
#define TASK_STOPPED_BIT     0x0004
#define TASK_TRACED_BIT      0x0008
#define TASK_PARKED          0x0040
#define TASK_DEAD            0x0080
#define TASK_NOLOAD          0x0400
#define TASK_FROZEN          0x8000 /* f5d39b020809 ("freezer,sched: Rewrite core freezer logic"), 6.1 */
/* Modifiers that do not say what a thread does; what is left is zero for a runnable one. */
#define TASK_STATE_MASK (0x00ff | TASK_FROZEN)
#define MAX_RT_PRIO     100 /* include/linux/sched/prio.h */

#define S_IFMT  0170000
#define S_SHIFT 12

#define TS_COMPAT 0x0002 /* arch/x86/include/asm/thread_info.h */
#define TIF_32BIT 22     /* arch/arm64/include/asm/thread_info.h */

/* MAX_ERRNO and the like of task pointers aside: no task has these as its number of a system call. */
#define NO_SYSCALL (-1)

/* bpf_rdonly_cast() is there (a35b9af4ec2c ("bpf: Add a kfunc to type cast from bpf uapi ctx to kernel
 * ctx"), 6.2). */
const volatile bool has_rdonly_cast;

extern void *bpf_rdonly_cast(void *obj, __u32 btf_id) __ksym __weak;

/* There if bpf_rdonly_cast() is: 3f0e6f2b41d3 ("bpf: Add bpf_task_from_pid() kfunc"), 6.2, too. */
extern struct task_struct *bpf_task_from_pid(__s32 pid) __ksym __weak;
extern void bpf_task_release(struct task_struct *t) __ksym __weak;

/* Makes an untyped pointer a typed one, so that reading through it is a plain load; only if has_rdonly_cast.
 */
#define plain_cast(type, ptr) ((struct type *)bpf_rdonly_cast((ptr), bpf_core_type_id_kernel(struct type)))

/* ptr->field of an untyped pointer. */
#define plain_read(type, ptr, field)                                                                         \
	(has_rdonly_cast ? plain_cast(type, ptr)->field : BPF_CORE_READ((struct type *)(ptr), field))

/*
 * The pointer at an address, as a number: global functions take no others. Any type that begins with a number
 * of 64 bits serves for a plain load.
 */
static __always_inline __u64 address_read(void *at)
{
	__u64 value = 0;

	if (has_rdonly_cast)
		return plain_cast(timespec64, at)->tv_sec;
	bpf_probe_read_kernel(&value, sizeof(value), at);
	return value;
}

/*
 * A task to read from. For every pointer loaded through a trusted one the verifier searches the whole BTF by
 * name (btf_nested_type_is_trusted()), 1 ms each: half of the time that loading took. Helpers want the
 * trusted one.
 */
static __always_inline struct task_struct *task_plain(struct task_struct *t)
{
	return has_rdonly_cast ? plain_cast(task_struct, t) : t;
}

#define iterator_takes_tid() bpf_core_field_exists(((union bpf_iter_link_info___tid *)0)->task)

#define task_is_kthread(t) ((t)->flags & PF_KTHREAD)

static __always_inline __u32 task_state(struct task_struct *t)
{
	if (bpf_core_field_exists(t->__state))
		return t->__state;
	return (__u32)BPF_CORE_READ((struct task_struct___old *)t, state);
}

static __always_inline bool task_is_throttled(struct task_struct *t)
{
	struct task_struct___throttled *tt = (void *)t;

	if (bpf_core_field_exists(tt->throttled))
		return tt->throttled;
	/* Before that commit a queue was taken away with all who were in it. Who is of another class is in
	 * none. */
	if (!bpf_core_field_exists(t->se.cfs_rq) || !bpf_core_field_exists(t->se.cfs_rq->throttle_count))
		return false;
	return t->prio >= MAX_RT_PRIO && t->se.cfs_rq->throttle_count > 0;
}

/* Time in run queues since the thread began, but for a wait that is still open; 0 where that is not kept. */
static __always_inline __u64 task_run_delay_ns(struct task_struct *t)
{
	return bpf_core_field_exists(t->sched_info.run_delay) ? t->sched_info.run_delay : 0;
}

/* For how long the task that is about to get its CPU has been in that run queue; 0 where that is not kept. */
static __always_inline __u64 task_queued_ns(struct task_struct *t)
{
	__u64 since_ns, clock_ns;

	if (!bpf_core_field_exists(t->sched_info.last_queued) || !bpf_core_field_exists(t->se.cfs_rq))
		return 0;
	since_ns = t->sched_info.last_queued;
	clock_ns = t->se.cfs_rq->rq->clock;
	return since_ns && clock_ns > since_ns ? clock_ns - since_ns : 0;
}

static __always_inline __u64 mm_rss_pages(struct mm_struct *mm)
{
	__s64 pages;

	/* MM_FILEPAGES 0, MM_ANONPAGES 1, MM_SWAPENTS 2, MM_SHMEMPAGES 3: include/linux/mm_types_task.h */
	if (bpf_core_type_exists(struct mm_rss_stat___old)) {
		struct mm_struct___old *old = (void *)mm;

		pages = BPF_CORE_READ(old, rss_stat.count[0].counter) +
			BPF_CORE_READ(old, rss_stat.count[1].counter) +
			BPF_CORE_READ(old, rss_stat.count[3].counter);
	} else {
		pages = mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
	}
	return pages > 0 ? pages : 0;
}

/* Number of the system call that a task is in, and its first three arguments, from its user registers. */
struct syscall_regs {
	long nr;
	__u64 arg[4];
	__u64 sp;    /* of the stack */
	bool compat; /* 32-bit ABI: numbers of another table */
};

/*
 * Where a task's user registers are on its kernel stack: the same for all (task_pt_regs()), but it depends on
 * how the kernel was configured. Found once, because asking the helper each time is felt; 0 = not yet.
 */
static __u64 user_regs_offset;

/* Finds it, by any task. Only who may see kernel addresses may keep one for a moment. */
static __always_inline void user_regs_locate(struct task_struct *t)
{
	static volatile __u64 address;
	__u64 stack = address_read((void *)t + bpf_core_field_offset(struct task_struct, stack));

	if (user_regs_offset || !has_rdonly_cast || !stack)
		return;
	address = (__u64)bpf_task_pt_regs(t);
	user_regs_offset = address - stack;
	address = 0;
}

static __always_inline struct pt_regs *task_user_regs(struct task_struct *t)
{
	if (!has_rdonly_cast || !user_regs_offset)
		return (struct pt_regs *)bpf_task_pt_regs(t);
	return plain_cast(pt_regs, task_plain(t)->stack + user_regs_offset);
}

/* Whether this task runs, or what interrupted it, where that can be told. */
enum context { CONTEXT_UNKNOWN, CONTEXT_TASK, CONTEXT_INTERRUPT };

/*
 * An interrupt that comes while a task is in the kernel is served on a stack of its own, and so are softirqs,
 * those that the task's own network call raises too (run_irq_on_irqstack_cond() and do_softirq_own_stack() in
 * arch/x86/include/asm/irq_stack.h; call_on_irq_stack() in arch/arm64/kernel/entry-common.c). One that comes
 * while it is in user mode may be served on the task's: then it is in no system call. ctx: a program's
 * context, which lies on the stack that is in use (bpf_trace_run1() in kernel/trace/bpf_trace.c). The
 * verifier has no objection to the distance of two pointers.
 */
static __always_inline enum context context_now(void *ctx, struct task_struct *current_task)
{
	__u64 stack;

	if (!has_rdonly_cast || !user_regs_offset)
		return CONTEXT_UNKNOWN;
	stack = (__u64)plain_cast(pt_regs, task_plain(current_task)->stack);
	return (__u64)ctx - stack < user_regs_offset ? CONTEXT_TASK : CONTEXT_INTERRUPT;
}

static __always_inline void task_syscall(struct task_struct *t, struct syscall_regs *out)
{
	struct pt_regs *regs = task_user_regs(t);

#if defined(__TARGET_ARCH_x86)
	out->nr = (int)regs->orig_ax;
	out->compat = t->thread_info.status & TS_COMPAT;
	out->arg[0] = out->compat ? (__u32)regs->bx : regs->di;
	out->arg[1] = out->compat ? (__u32)regs->cx : regs->si;
	out->arg[2] = regs->dx;
	out->arg[3] = out->compat ? (__u32)regs->si : regs->r10;
	out->sp = regs->sp;
#elif defined(__TARGET_ARCH_arm64)
	out->nr = regs->syscallno;
	out->arg[0] = regs->orig_x0;
	out->arg[1] = regs->regs[1];
	out->arg[2] = regs->regs[2];
	out->arg[3] = regs->regs[3];
	out->sp = regs->sp;
	out->compat = t->thread_info.flags & (1UL << TIF_32BIT);
#endif
}

#endif
