/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few kernel types that are read, as CO-RE needs them: only the fields that are used, offsets come from
 * the running kernel's BTF. What had another shape in some kernel: kernel.h.
 */
#ifndef BOUNDTOP_BPF_KERNEL_TYPES_H
#define BOUNDTOP_BPF_KERNEL_TYPES_H

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

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

#pragma clang attribute pop

#endif
