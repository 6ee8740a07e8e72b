/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "decide.h"

#define NEEDS_6_1 "boot Linux 5.18 or newer (6.1 is the oldest that is tested)"
#define SETCAP                                                                                               \
	"run it by sudo, or once: sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep "

static enum bt_check_state state_of(bool there)
{
	return there ? BT_CHECK_OK : BT_CHECK_MISSING;
}

/* Of what only BTF can tell, nothing is known without it. */
static enum bt_check_state state_by_btf(const struct bt_kernel_facts *f, bool there)
{
	return f->btf ? state_of(there) : BT_CHECK_UNKNOWN;
}

size_t bt_check_lines(const struct bt_kernel_facts *f, struct bt_check_line *lines)
{
	const struct bt_check_line all[] = {
	    {"capability CAP_BPF", state_of(f->cap_bpf), true, "BPF programs cannot be loaded", SETCAP,
	     f->program},
	    {"capability CAP_PERFMON", state_of(f->cap_perfmon), true,
	     "BPF programs cannot read the kernel's tasks", SETCAP, f->program},
	    {"kernel not locked down for confidentiality",
	     f->lockdown == BT_LOCKDOWN_CONFIDENTIALITY ? BT_CHECK_MISSING : BT_CHECK_OK, true,
	     "BPF programs cannot read the kernel's memory",
	     "boot without lockdown=confidentiality (integrity is fine)", NULL},
	    {"a /proc of one's own PID namespace", f->foreign_pids ? BT_CHECK_MISSING : BT_CHECK_OK, true,
	     "processes have other PIDs there than here",
	     "mount -t proc proc /proc, or share the host's PIDs as well (docker run --pid=host)", NULL},
	    {"kernel type information (BTF)", f->btf_unread ? BT_CHECK_UNKNOWN : state_of(f->btf), true,
	     "nothing is known about this kernel's structures",
	     "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y, and have /sys mounted", NULL},
	    {"task iterator", state_by_btf(f, f->task_iterator), true, "accounts cannot be read out",
	     NEEDS_6_1, NULL},
	    {"task storage", state_by_btf(f, f->task_storage), true, "accounts cannot be kept", NEEDS_6_1,
	     NULL},
	    {"task registers", state_by_btf(f, f->task_pt_regs), true,
	     "the system call that a thread waits in is not known", NEEDS_6_1, NULL},
	    {"ring buffer", state_by_btf(f, f->ring_buffer), true, "what ends is not seen", NEEDS_6_1, NULL},
	    {"tracepoint sched_switch", state_by_btf(f, f->switch_arguments >= 3), true,
	     "nothing is seen at all", NEEDS_6_1, NULL},
	    {"state at the switch (sched_switch's 4th argument)", state_by_btf(f, f->switch_arguments >= 4),
	     false, "the state is read from the task instead", NEEDS_6_1, NULL},
	    {"plain reads of kernel pointers (bpf_rdonly_cast)", state_by_btf(f, f->plain_cast), false,
	     "a switch costs a little more", "boot Linux 6.2 or newer", NULL},
	    {"throttled tasks (task_struct.throttled, cfs_rq.throttle_count)",
	     state_by_btf(f, f->throttled_tasks), false,
	     "waiting for a cgroup's CPU quota is shown as run-queue",
	     "boot a kernel built with CONFIG_CFS_BANDWIDTH=y", NULL},
	    {"/proc", state_of(f->proc), false, "no command lines and cgroup names",
	     "mount -t proc proc /proc", NULL},
	    {"all of /proc to be seen (no hidepid, or CAP_SYS_PTRACE)",
	     state_of(!f->proc_hidden || f->cap_sys_ptrace), false, "other users' processes are not named",
	     "mount -o remount,hidepid=0 /proc", NULL},
	    {"capability CAP_SYS_PTRACE", state_of(f->cap_sys_ptrace), false,
	     "files of other users' processes are not named", SETCAP, f->program},
	    {"capability CAP_DAC_READ_SEARCH", state_of(f->cap_dac_read_search), false,
	     "descriptors of other users' processes are not looked at", SETCAP, f->program},
	    {"cgroups", state_of(f->cgroups), false, "no names of control groups and containers",
	     "mount -t cgroup2 cgroup2 /sys/fs/cgroup", NULL},
	    {"pressure stall information", state_of(f->pressure), false,
	     "what the kernel says of pressure is not at hand", "boot with psi=1 (CONFIG_PSI=y)", NULL},
	    {"schedstat", state_of(f->schedstat), false, "without BPF: nothing is known of run queues",
	     "boot a kernel built with CONFIG_SCHED_INFO=y (CONFIG_SCHEDSTATS=y selects it)", NULL},
	    {"delay accounting", state_of(f->delay_accounting), false,
	     "without BPF: waits for disks and swap are sampled, not counted",
	     "sysctl kernel.task_delayacct=1", NULL},
	    {"system calls of one's own processes (kernel.yama.ptrace_scope, or CAP_SYS_PTRACE)",
	     state_of(!f->ptrace_scope || f->cap_sys_ptrace), false,
	     "without BPF: what a process waits in is not known but for children",
	     "sysctl kernel.yama.ptrace_scope=0", NULL},
	    {"filters for system calls (seccomp)", state_of(f->call_filters), false,
	     "boundtop keeps, while it runs, system calls that it has no use for",
	     "boot a kernel built with CONFIG_SECCOMP_FILTER=y, and allow seccomp() where a container "
	     "forbids it",
	     NULL},
	};
	size_t count = sizeof(all) / sizeof(all[0]);

	_Static_assert(sizeof(all) / sizeof(all[0]) <= BT_CHECK_LINES_MAX, "room for all");
	for (size_t i = 0; i < count; i++) {
		lines[i] = all[i];
		if (!lines[i].program)
			lines[i].program = "";
		else if (!*lines[i].program)
			lines[i].program = "\"$(command -v boundtop)\"";
	}
	return count;
}

const struct bt_check_line *bt_decide_obstacle(const struct bt_kernel_facts *f, struct bt_check_line *out)
{
	struct bt_check_line lines[BT_CHECK_LINES_MAX];
	size_t count = bt_check_lines(f, lines);

	for (size_t i = 0; i < count; i++) {
		if (lines[i].required && lines[i].state == BT_CHECK_MISSING) {
			*out = lines[i];
			return out;
		}
	}
	return NULL;
}

/* What any build of the kernel side takes; the capability to load it is another matter. */
static bool kernel_is_fit(const struct bt_kernel_facts *f)
{
	return f->btf && f->task_iterator && f->task_storage && f->task_pt_regs && f->ring_buffer &&
	       f->switch_arguments >= 3;
}

enum bt_program bt_decide_program(const struct bt_kernel_facts *f)
{
	struct bt_check_line line;

	if (!kernel_is_fit(f) || bt_decide_obstacle(f, &line))
		return BT_PROGRAM_NONE;
	if (f->switch_arguments < 4)
		return BT_PROGRAM_STATELESS;
	return f->plain_cast ? BT_PROGRAM_PLAIN : BT_PROGRAM_CALLS;
}

const char *bt_program_name(enum bt_program program)
{
	static const char *const names[BT_PROGRAM_COUNT] = {
	    [BT_PROGRAM_NONE] = "none",
	    [BT_PROGRAM_PLAIN] = "plain",
	    [BT_PROGRAM_CALLS] = "calls",
	    [BT_PROGRAM_STATELESS] = "stateless",
	};

	return names[program < BT_PROGRAM_COUNT ? program : BT_PROGRAM_NONE];
}
