/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said of a kernel that lacks something: one fact is taken away at a time. */
#include <string.h>
#include <sys/syscall.h>

#include "decide.h"
#include "syscall_table.h"
#include "unit.h"

static const struct bt_kernel_facts everything = {
    .release = "6.18.0",
    .proc = true,
    .btf = true,
    .task_iterator = true,
    .task_storage = true,
    .task_pt_regs = true,
    .ring_buffer = true,
    .switch_arguments = 4,
    .plain_cast = true,
    .throttled_tasks = true,
    .lockdown = BT_LOCKDOWN_INTEGRITY,
    .schedstat = true,
    .delay_accounting = true,
    .pressure = true,
    .cgroups = true,
    .call_filters = true,
    .cap_bpf = true,
    .cap_perfmon = true,
    .cap_sys_ptrace = true,
    .cap_dac_read_search = true,
};

static size_t missing_count(const struct bt_kernel_facts *f)
{
	struct bt_check_line lines[BT_CHECK_LINES_MAX];
	size_t count = bt_check_lines(f, lines), missing = 0;

	for (size_t i = 0; i < count; i++)
		missing += lines[i].state == BT_CHECK_MISSING;
	return missing;
}

static void assert_obstacle(const struct bt_kernel_facts *f, const char *word, const char *remedy)
{
	struct bt_check_line line;

	assert_non_null(bt_decide_obstacle(f, &line));
	assert_non_null(strstr(line.name, word));
	assert_non_null(strstr(line.remedy, remedy));
	assert_true(strlen(line.cost) > 0);
}

static void nothing_missing(void **state)
{
	struct bt_check_line line;

	(void)state;
	assert_null(bt_decide_obstacle(&everything, &line));
	assert_int_equal(missing_count(&everything), 0);
}

static void required_facts(void **state)
{
	struct bt_kernel_facts f;

	(void)state;
#define WITHOUT(change, word, remedy)                                                                        \
	f = everything;                                                                                      \
	change;                                                                                              \
	assert_obstacle(&f, word, remedy);                                                                   \
	assert_int_equal(missing_count(&f), 1)

	WITHOUT(f.cap_bpf = false, "CAP_BPF", "setcap");
	WITHOUT(f.cap_perfmon = false, "CAP_PERFMON", "setcap");
	WITHOUT(f.lockdown = BT_LOCKDOWN_CONFIDENTIALITY, "locked down", "lockdown=");
	WITHOUT(f.foreign_pids = true, "PID namespace", "--pid=host");
	WITHOUT(f.task_iterator = false, "iterator", "6.1");
	WITHOUT(f.task_storage = false, "storage", "6.1");
	WITHOUT(f.task_pt_regs = false, "registers", "6.1");
	WITHOUT(f.ring_buffer = false, "ring buffer", "6.1");
#undef WITHOUT
	/* Without the tracepoint its fourth argument is missing, too. */
	f = everything;
	f.switch_arguments = 0;
	assert_obstacle(&f, "sched_switch", "6.1");
	assert_int_equal(missing_count(&f), 2);
}

static void without_btf_the_rest_is_unknown(void **state)
{
	struct bt_kernel_facts f = {
	    .proc = true,
	    .cap_bpf = true,
	    .cap_perfmon = true,
	    .cap_sys_ptrace = true,
	    .cap_dac_read_search = true,
	    .lockdown = BT_LOCKDOWN_NONE,
	    .schedstat = true,
	    .delay_accounting = true,
	    .pressure = true,
	    .cgroups = true,
	    .call_filters = true,
	};

	(void)state;
	assert_obstacle(&f, "BTF", "CONFIG_DEBUG_INFO_BTF");
	assert_int_equal(missing_count(&f), 1);
}

/* An empty $(…) would have setcap say something of itself. */
static void what_to_paste_is_whole(void **state)
{
	struct bt_kernel_facts f = everything;
	struct bt_check_line line;

	(void)state;
	f.cap_bpf = false;
	assert_non_null(bt_decide_obstacle(&f, &line));
	assert_string_equal(line.program, "\"$(command -v boundtop)\"");
	strcpy(f.program, "/opt/boundtop");
	assert_non_null(bt_decide_obstacle(&f, &line));
	assert_string_equal(line.program, "/opt/boundtop");
	f = everything;
	f.foreign_pids = true;
	assert_non_null(bt_decide_obstacle(&f, &line));
	assert_string_equal(line.program, "");
}

/* Without memory or descriptors it cannot be read: that it is lacking does not follow. */
static void btf_that_was_not_read_is_not_missing(void **state)
{
	struct bt_kernel_facts f = {
	    .proc = true,
	    .btf_unread = true,
	    .cap_bpf = true,
	    .cap_perfmon = true,
	    .cap_sys_ptrace = true,
	    .cap_dac_read_search = true,
	    .lockdown = BT_LOCKDOWN_NONE,
	    .schedstat = true,
	    .delay_accounting = true,
	    .pressure = true,
	    .cgroups = true,
	    .call_filters = true,
	};
	struct bt_check_line line;

	(void)state;
	assert_null(bt_decide_obstacle(&f, &line));
	assert_int_equal(missing_count(&f), 0);
}

/* A plain user on an old kernel hears of the privileges first: root may find the rest in order. */
static void privileges_come_first(void **state)
{
	struct bt_kernel_facts f = {.proc = true};

	(void)state;
	assert_obstacle(&f, "CAP_BPF", "setcap");
}

static void optional_facts(void **state)
{
	struct bt_kernel_facts f;
	struct bt_check_line line;

	(void)state;
#define WITHOUT(change)                                                                                      \
	f = everything;                                                                                      \
	change;                                                                                              \
	assert_null(bt_decide_obstacle(&f, &line));                                                          \
	assert_int_equal(missing_count(&f), 1)

	WITHOUT(f.switch_arguments = 3);
	WITHOUT(f.plain_cast = false);
	WITHOUT(f.throttled_tasks = false);
	WITHOUT(f.proc = false);
	WITHOUT(f.cap_sys_ptrace = false);
	WITHOUT(f.cap_dac_read_search = false);
	WITHOUT(f.schedstat = false);
	WITHOUT(f.delay_accounting = false);
	WITHOUT(f.pressure = false);
	WITHOUT(f.cgroups = false);
	WITHOUT(f.call_filters = false);
	/* Who may look into every process is not kept from it by these. */
	f = everything;
	f.proc_hidden = true;
	f.ptrace_scope = 1;
	assert_int_equal(missing_count(&f), 0);
	f.cap_sys_ptrace = false;
	assert_int_equal(missing_count(&f), 3);
	assert_null(bt_decide_obstacle(&f, &line));
#undef WITHOUT
	/* That the mode cannot be read is no obstacle. */
	f = everything;
	f.lockdown = BT_LOCKDOWN_UNKNOWN;
	assert_null(bt_decide_obstacle(&f, &line));
}

/* Which build of the kernel side runs: one fact less, another build, or none. */
static void programs(void **state)
{
	struct bt_kernel_facts f;

	(void)state;
#define DECIDES(change, program)                                                                             \
	f = everything;                                                                                      \
	change;                                                                                              \
	assert_int_equal(bt_decide_program(&f), BT_PROGRAM_##program)

	DECIDES(, PLAIN);
	DECIDES(f.plain_cast = false, CALLS);
	DECIDES(f.switch_arguments = 3, STATELESS);
	DECIDES(f.plain_cast = false; f.switch_arguments = 3, STATELESS);
	DECIDES(f.throttled_tasks = false, PLAIN);
	DECIDES(f.proc = false, PLAIN);
	DECIDES(f.cap_sys_ptrace = false, PLAIN);
	DECIDES(f.lockdown = BT_LOCKDOWN_UNKNOWN, PLAIN);
	DECIDES(f.switch_arguments = 0, NONE);
	DECIDES(f.btf = false, NONE);
	DECIDES(f.btf = false; f.btf_unread = true, NONE);
	DECIDES(f.task_iterator = false, NONE);
	DECIDES(f.task_storage = false, NONE);
	DECIDES(f.task_pt_regs = false, NONE);
	DECIDES(f.ring_buffer = false, NONE);
	DECIDES(f.cap_bpf = false, NONE);
	DECIDES(f.cap_perfmon = false, NONE);
	DECIDES(f.lockdown = BT_LOCKDOWN_CONFIDENTIALITY, NONE);
	DECIDES(f.foreign_pids = true, NONE);
#undef DECIDES
	for (unsigned int i = 0; i < BT_PROGRAM_COUNT; i++)
		assert_true(strlen(bt_program_name((enum bt_program)i)) > 0);
}

static void system_calls(void **state)
{
	uint8_t table[BT_SYSCALL_MAX];

	(void)state;
	bt_syscall_table_fill(table);
	assert_int_equal(table[SYS_read], BT_SC_READ);
	assert_int_equal(table[SYS_write], BT_SC_WRITE);
	assert_int_equal(table[SYS_fsync], BT_SC_FILE);
	assert_int_equal(table[SYS_futex], BT_SC_FUTEX);
	assert_int_equal(table[SYS_restart_syscall], BT_SC_RESTART);
	assert_int_equal(table[SYS_getpid], BT_SC_OTHER);
	assert_int_equal(table[BT_SYSCALL_MAX - 1], BT_SC_OTHER);
	for (unsigned int i = 0; i < BT_SYSCALL_MAX; i++)
		assert_in_range(table[i], 0, BT_SC_COUNT - 1);
}

/* Numbers of i386's own table. */
static void system_calls_of_32_bits(void **state)
{
	uint16_t table[BT_SYSCALL_MAX];

	(void)state;
	bt_syscall_compat_fill(table);
#if defined(__x86_64__)
	assert_int_equal(table[3], SYS_read + 1);
	assert_int_equal(table[7], SYS_wait4 + 1);
	assert_int_equal(table[142], SYS_select + 1);
	assert_int_equal(table[300], SYS_newfstatat + 1);
	assert_int_equal(table[422], SYS_futex + 1);
	/* socketcall: one number for many */
	assert_int_equal(table[102], 0);
#endif
	for (unsigned int i = 0; i < BT_SYSCALL_MAX; i++)
		assert_in_range(table[i], 0, BT_SYSCALL_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_missing),
	    cmocka_unit_test(required_facts),
	    cmocka_unit_test(without_btf_the_rest_is_unknown),
	    cmocka_unit_test(btf_that_was_not_read_is_not_missing),
	    cmocka_unit_test(what_to_paste_is_whole),
	    cmocka_unit_test(privileges_come_first),
	    cmocka_unit_test(optional_facts),
	    cmocka_unit_test(programs),
	    cmocka_unit_test(system_calls),
	    cmocka_unit_test(system_calls_of_32_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
