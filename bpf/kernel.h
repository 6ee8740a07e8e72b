/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few kernel types that are read, as CO-RE needs them: only the fields that are used, offsets come from
 * the running kernel's BTF. Kernel differences live here and nowhere else, each with the commit it is about.
 */
#ifndef BOUNDTOP_BPF_KERNEL_H
#define BOUNDTOP_BPF_KERNEL_H

/* The trampoline's context is all that the helpers' headers need of vmlinux.h. */
#include <linux/bpf.h>
#include <linux/types.h>

#include <bpf/bpf_helpers.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long di, si, dx, orig_ax;
	unsigned long bx, cx, r10, sp;
};
struct thread_info {
	unsigned int status; /* arch/x86: TS_COMPAT */
};
#elif defined(__TARGET_ARCH_arm64)
struct user_pt_regs___bt {
	unsigned long regs[31];
};
struct pt_regs {
	unsigned long regs[31];
	unsigned long orig_x0, sp;
	int syscallno;
};
struct thread_info {
	unsigned long flags; /* arch/arm64: TIF_32BIT */
};
#endif

struct super_block {
	unsigned long s_magic;
	__u32 s_dev;
};

struct pipe_inode_info {
	unsigned int head, tail, max_usage;
};

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
	struct pipe_inode_info *i_pipe;
};

struct sock_common {
	__u16 skc_family;
	unsigned char skc_state;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct wait_queue_head {
	struct list_head head;
};

struct wait_queue_entry {
	void *private;
	struct list_head entry;
};

struct socket_wq {
	struct wait_queue_head wait;
};

struct sock {
	struct sock_common __sk_common;
	struct socket_wq *sk_wq;
	struct socket *sk_socket;
	struct pid *sk_peer_pid;
	int sk_wmem_queued;
	int sk_sndbuf;
	/* a bit field before 5.17 */
	__u8 sk_userlocks;
	__u16 sk_type;
};

struct ipv6_pinfo {
	int mcast_oif;
};

struct inet_sock {
	struct sock sk;
	struct ipv6_pinfo *pinet6;
	int mc_index;
};

struct inet_connection_sock {
	struct {
		__u32 lrcvtime;
	} icsk_ack;
};

struct tcp_sock {
	__u64 bytes_received;
	__u32 data_segs_out;
	__u32 lsndtime;
	__u64 first_tx_mstamp;
};

struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

struct socket {
	struct sock *sk;
	struct file *file;
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct qstr d_name;
};

struct path {
	struct dentry *dentry;
};

struct file {
	unsigned int f_mode;
	struct inode *f_inode;
	void *private_data;
	struct path f_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct timespec64 {
	__u64 tv_sec;
};

struct epoll_filefd {
	struct file *file;
};

struct rb_node {
	struct rb_node *rb_right;
	struct rb_node *rb_left;
};

struct rb_root {
	struct rb_node *rb_node;
};

struct rb_root_cached {
	struct rb_root rb_root;
};

struct epoll_event {
	__u32 events;
};

struct epitem {
	struct epoll_event event;
	struct rb_node rbn;
	struct list_head rdllink;
	struct epoll_filefd ffd;
	struct eventpoll *ep;
};

struct eppoll_entry {
	struct epitem *base;
	struct wait_queue_entry wait;
};

struct eventpoll {
	struct wait_queue_head wq;
	struct list_head rdllist;
	struct rb_root_cached rbr;
};

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

struct io_task_work {
	struct llist_node node;
};

/* a request's and a task's half of a ring; task_list is a llist since f88262e60bb9, 6.0 */
struct io_kiocb {
	struct file *file;
	__u8 opcode;
	struct io_task_work io_task_work;
};

struct io_uring_task {
	struct file *registered_rings[16];
	struct llist_head task_list;
};

struct io_ring_ctx {
	struct llist_head work_llist; /* c0e0d6ba25f1, 6.1 */
};

struct percpu_counter {
	__s64 count;
};

struct mm_struct {
	/* percpu_counter since f1a7941243c1 ("mm: convert mm's rss stats into percpu_counter"), 6.2 */
	struct percpu_counter rss_stat[4];
};

struct bt_atomic_long___old {
	long counter;
};

struct mm_rss_stat___old {
	struct bt_atomic_long___old count[4];
};

struct mm_struct___old {
	struct mm_rss_stat___old rss_stat;
};

struct task_io_accounting {
	__u64 rchar, wchar;
	__u64 read_bytes, write_bytes;
};

struct rq {
	__u64 clock;
};

struct cfs_rq {
	struct rq *rq;      /* CONFIG_FAIR_GROUP_SCHED */
	int throttle_count; /* CONFIG_CFS_BANDWIDTH: of it and the groups above, so many have used up their
			       quota */
};

struct sched_entity {
	__u64 sum_exec_runtime;
	struct cfs_rq *cfs_rq; /* CONFIG_FAIR_GROUP_SCHED */
};

/* CONFIG_SCHED_INFO, which schedstats, taskstats and delay accounting all select */
struct sched_info {
	unsigned long long run_delay;
	unsigned long long last_queued;
};

struct bt_sigset___local {
	unsigned long sig[1];
};

struct sigpending {
	struct bt_sigset___local signal;
};

struct signal_struct {
	struct sigpending shared_pending;
	struct list_head thread_head;
	__u64 cutime;
	__u64 cstime;
	unsigned long long sum_sched_runtime;
};

struct bt_kuid___local {
	__u32 val;
};

struct cred {
	struct bt_kuid___local euid;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* one for each namespace that it is in, the initial one first */
};

struct task_struct {
	struct pid *thread_pid;
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	void *stack;
	unsigned int on_cpu; /* one byte in 7.3: CO-RE adjusts the size of what has no sign alone */
	int prio;
	int static_prio;
	struct sched_entity se;
	struct sched_info sched_info;
	struct mm_struct *mm;
	int exit_state;
	int exit_code;
	unsigned int in_iowait : 1;
	int pid;
	int tgid;
	struct task_struct *real_parent;
	struct list_head children;
	struct list_head sibling;
	struct task_struct *group_leader;
	__u64 utime;
	__u64 stime;
	unsigned long nvcsw;
	unsigned long nivcsw;
	__u64 start_time;
	__u64 start_boottime;
	unsigned long min_flt;
	unsigned long maj_flt;
	const struct cred *cred;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
	struct bt_sigset___local blocked;
	struct sigpending pending;
	struct list_head thread_node;
	struct task_io_accounting ioac;
	struct io_uring_task *io_uring;
	struct css_set *cgroups;
};

/* Deferred throttling, per task: e1fad12dcb66 ("sched/fair: Switch to task based throttle model"), 6.18 */
struct task_struct___throttled {
	bool throttled;
};

/* __state was state before 2f064a59a11f ("sched: Change task_struct::state"), 5.14 */
struct task_struct___old {
	volatile long state;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
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
	/* Before, the queue was taken away with all who were in it. Who is of another class is in none. */
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
