/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this kernel has and what we may do: facts only. What follows from them: decide.h.
 */
#ifndef BOUNDTOP_COLLECT_FACTS_H
#define BOUNDTOP_COLLECT_FACTS_H

#include <stdbool.h>
#include <stdint.h>

enum bt_lockdown {
	BT_LOCKDOWN_UNKNOWN,
	BT_LOCKDOWN_NONE,
	BT_LOCKDOWN_INTEGRITY,
	BT_LOCKDOWN_CONFIDENTIALITY
};

struct bt_kernel_facts {
	char release[65];  /* uname -r */
	char program[256]; /* the file that runs; empty where a shell would not take its name as it is */
	bool proc;         /* /proc is mounted */
	bool foreign_pids; /* /proc is of another PID namespace than ours */
	bool btf;          /* kernel type information was read; all below are false without it */
	bool btf_unread; /* it was not, although /sys/kernel/btf/vmlinux is there: no memory, no descriptor */
	bool task_iterator;   /* iter/task */
	bool task_storage;    /* BPF_MAP_TYPE_TASK_STORAGE */
	bool task_pt_regs;    /* bpf_task_pt_regs() */
	bool ring_buffer;     /* BPF_MAP_TYPE_RINGBUF */
	int switch_arguments; /* of the tracepoint sched_switch; 0: not known */
	bool plain_cast;      /* bpf_rdonly_cast() */
	bool throttled_tasks; /* task_struct.throttled or cfs_rq.throttle_count: who is held back by a CPU
				 quota */
	enum bt_lockdown lockdown;
	bool schedstat;        /* /proc/PID/schedstat counts */
	bool delay_accounting; /* kernel.task_delayacct: delays of threads are counted */
	bool pressure;         /* /proc/pressure can be read */
	bool cgroups;          /* a cgroup hierarchy of either version is mounted */
	bool proc_hidden;      /* /proc is mounted with hidepid: not everybody sees everything */
	int ptrace_scope;      /* kernel.yama.ptrace_scope; 0 without Yama, too */
	bool call_filters;     /* seccomp's: system calls can be given up */
	bool cap_bpf;          /* effective; CAP_SYS_ADMIN counts as both of the first two */
	bool cap_perfmon;
	bool cap_sys_ptrace;
	bool cap_dac_read_search;
};

/* These facts alone, which no program of ours has to be loaded for. */

/* The inode number of our PID namespace; 0: it is the initial one. */
uint32_t bt_facts_pid_namespace(void);
bool bt_facts_pids_are_foreign(void);
/* Is /proc that of another PID namespace than ours? Then its numbers are none that anybody types here. */
bool bt_facts_proc_is_foreign(void);
/* Asks the kernel; never fails: what cannot be found out is false or unknown. */
void bt_facts_probe(struct bt_kernel_facts *out);

#endif
