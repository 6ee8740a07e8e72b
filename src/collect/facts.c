/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <cap-ng.h>
#include <linux/seccomp.h>

/* PID_NS_INIT_INO, include/uapi/linux/nsfs.h (before 6.18 PROC_PID_INIT_INO, include/linux/proc_ns.h) */
#define PID_NS_INITIAL 0xEFFFFFFCu

#define PLAIN_IN_A_SHELL "/._+-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool has_type(const struct btf *btf, const char *name, unsigned int kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

static bool has_enumerator(const struct btf *btf, const char *type, const char *name)
{
	const struct btf_type *t;
	const struct btf_enum *e;
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_ENUM);

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, (unsigned int)id);
	e = btf_enum(t);
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		if (!strcmp(btf__name_by_offset(btf, e[i].name_off), name))
			return true;
	}
	return false;
}

static bool has_member(const struct btf *btf, const char *type, const char *name)
{
	const struct btf_type *t;
	const struct btf_member *m;
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, (unsigned int)id);
	m = btf_members(t);
	for (unsigned int i = 0; i < btf_vlen(t); i++) {
		if (!strcmp(btf__name_by_offset(btf, m[i].name_off), name))
			return true;
	}
	return false;
}

/* btf_trace_NAME is a typedef of a pointer to the tracepoint's prototype; its first argument is the caller's
 * data. */
static int tracepoint_arguments(const struct btf *btf, const char *typedef_name)
{
	const struct btf_type *t;
	int id = btf__find_by_name_kind(btf, typedef_name, BTF_KIND_TYPEDEF);

	if (id < 0)
		return 0;
	t = btf__type_by_id(btf, btf__type_by_id(btf, (unsigned int)id)->type);
	if (!t || !btf_is_ptr(t))
		return 0;
	t = btf__type_by_id(btf, t->type);
	return t && btf_is_func_proto(t) && btf_vlen(t) ? btf_vlen(t) - 1 : 0;
}

static void btf_probe(struct bt_kernel_facts *f)
{
	struct btf *btf;

	libbpf_set_print(NULL);
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		f->btf_unread = !access("/sys/kernel/btf/vmlinux", R_OK);
		return;
	}
	f->btf = true;
	f->task_iterator = has_type(btf, "bpf_iter__task", BTF_KIND_STRUCT);
	f->task_storage = has_enumerator(btf, "bpf_map_type", "BPF_MAP_TYPE_TASK_STORAGE");
	f->ring_buffer = has_enumerator(btf, "bpf_map_type", "BPF_MAP_TYPE_RINGBUF");
	f->task_pt_regs = has_enumerator(btf, "bpf_func_id", "BPF_FUNC_task_pt_regs");
	f->switch_arguments = tracepoint_arguments(btf, "btf_trace_sched_switch");
	f->plain_cast = has_type(btf, "bpf_rdonly_cast", BTF_KIND_FUNC);
	f->throttled_tasks =
	    has_member(btf, "task_struct", "throttled") || has_member(btf, "cfs_rq", "throttle_count");
	btf__free(btf);
}

/* The mode in force is the one in brackets: Documentation of LSM lockdown, kernel_lockdown(7). */
static enum bt_lockdown lockdown_probe(void)
{
	char text[128] = "";
	FILE *f = fopen("/sys/kernel/security/lockdown", "re");
	enum bt_lockdown mode = BT_LOCKDOWN_UNKNOWN;

	if (!f)
		return mode;
	if (fgets(text, sizeof(text), f)) {
		if (strstr(text, "[none]"))
			mode = BT_LOCKDOWN_NONE;
		else if (strstr(text, "[integrity]"))
			mode = BT_LOCKDOWN_INTEGRITY;
		else if (strstr(text, "[confidentiality]"))
			mode = BT_LOCKDOWN_CONFIDENTIALITY;
	}
	fclose(f);
	return mode;
}

/* The number in a file; 0: there is none. */
static long number_in(const char *path)
{
	FILE *f = fopen(path, "re");
	char text[32] = "";
	long number = 0;

	if (!f)
		return 0;
	if (fgets(text, sizeof(text), f) && text[0] >= '0' && text[0] <= '9')
		number = strtol(text, NULL, 10);
	fclose(f);
	return number;
}

static void mounts_probe(struct bt_kernel_facts *f)
{
	FILE *mounts = fopen("/proc/self/mounts", "re");
	char *line = NULL;
	size_t room = 0;

	if (!mounts)
		return;
	while (getline(&line, &room, mounts) > 0) {
		if (strstr(line, " cgroup ") || strstr(line, " cgroup2 "))
			f->cgroups = true;
		/* The last one mounted there is the one that is seen. */
		if (strstr(line, " /proc proc "))
			f->proc_hidden = strstr(line, "hidepid=") && !strstr(line, "hidepid=0") &&
					 !strstr(line, "hidepid=off");
	}
	free(line);
	fclose(mounts);
}

static void files_probe(struct bt_kernel_facts *f)
{
	f->proc = !access("/proc/self/stat", R_OK);
	/* Without CONFIG_SCHED_INFO the file is not there, or nothing but zeros. Our own may say zero until
	 * the first tick. */
	f->schedstat = number_in("/proc/1/schedstat") > 0 || number_in("/proc/self/schedstat") > 0;
	f->delay_accounting = number_in("/proc/sys/kernel/task_delayacct") > 0;
	f->pressure = !access("/proc/pressure/cpu", R_OK);
	f->ptrace_scope = (int)number_in("/proc/sys/kernel/yama/ptrace_scope");
	mounts_probe(f);
}

static bool has_call_filters(void)
{
	/* Who knows filters looks for one before anything else (prctl(2), PR_SET_SECCOMP). */
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) && errno == EFAULT;
}

static bool has_capability(unsigned int capability)
{
	return capng_have_capability(CAPNG_EFFECTIVE, capability);
}

/* For a command line that the user can paste. */
static void program_probe(char *out, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", out, size - 1);

	out[length > 0 ? length : 0] = '\0';
	if (length == (ssize_t)size - 1 || out[strspn(out, PLAIN_IN_A_SHELL)])
		out[0] = '\0';
}

uint32_t bt_facts_pid_namespace(void)
{
	struct stat status;

	if (stat("/proc/self/ns/pid", &status) || status.st_ino == PID_NS_INITIAL)
		return 0;
	return (uint32_t)status.st_ino;
}

bool bt_facts_pids_are_foreign(void)
{
	return bt_facts_pid_namespace() != 0;
}

bool bt_facts_proc_is_foreign(void)
{
	char link[16];
	ssize_t length = readlink("/proc/self", link, sizeof(link) - 1);

	if (length <= 0)
		return false;
	link[length] = '\0';
	return strtol(link, NULL, 10) != getpid();
}

void bt_facts_probe(struct bt_kernel_facts *out)
{
	struct bt_kernel_facts f = {0};
	struct utsname name;
	bool admin;

	if (!uname(&name))
		snprintf(f.release, sizeof(f.release), "%s", name.release);
	program_probe(f.program, sizeof(f.program));
	files_probe(&f);
	f.foreign_pids = bt_facts_proc_is_foreign();
	f.lockdown = lockdown_probe();
	f.call_filters = has_call_filters();
	if (!capng_get_caps_process()) {
		admin = has_capability(CAP_SYS_ADMIN);
		f.cap_bpf = admin || has_capability(CAP_BPF);
		f.cap_perfmon = admin || has_capability(CAP_PERFMON);
		f.cap_sys_ptrace = has_capability(CAP_SYS_PTRACE);
		f.cap_dac_read_search = has_capability(CAP_DAC_READ_SEARCH);
	}
	btf_probe(&f);
	*out = f;
}
