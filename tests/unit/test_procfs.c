/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsers of files below /proc, and what follows from them. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "procfs_cause.h"
#include "procfs_doubt.h"
#include "procfs_file.h"
#include "procfs_peer.h"
#include "procfs_quota.h"
#include "procfs_socket.h"
#include "syscall_table.h"
#include "unit.h"

static void stat_with_any_name(void **state)
{
	struct bt_proc_stat s;
	const char *tail = " S 2 3 4 5 6 4194304 7 8 9 10 11 12 13 14 20 -5 3 0 4711 99 25 "
			   "18446744073709551615 1 2 3 4 5 6 7 8 9 10 11 "
			   "12 17 1 0 0 42 0 0\n";
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), "17 (a) S (b\n) )%s", tail);
	assert_int_equal(0, bt_proc_stat_parse(text, &s));
	assert_string_equal("a) S (b\n) ", s.comm);
	assert_int_equal(17, s.pid);
	assert_int_equal('S', s.state);
	assert_int_equal(2, s.ppid);
	assert_int_equal(9, s.major_faults);
	assert_int_equal(7, s.minor_faults);
	assert_int_equal(11, s.utime_ticks);
	assert_int_equal(12, s.stime_ticks);
	assert_int_equal(13, s.child_utime_ticks);
	assert_int_equal(-5, s.nice);
	assert_int_equal(3, s.threads);
	assert_int_equal(4711, s.start_ticks);
	assert_int_equal(25, s.rss_pages);
	assert_int_equal(42, s.blkio_ticks);
	/* Cut anywhere before the last field it is none. */
	for (size_t n = 0; n < strlen(text) - 8; n++) {
		char *cut = strndup(text, n);

		assert_int_equal(-EINVAL, bt_proc_stat_parse(cut, &s));
		free(cut);
	}
	snprintf(text, sizeof(text), "17 (a name that is longer than any)%s", tail);
	assert_int_equal(0, bt_proc_stat_parse(text, &s));
	assert_string_equal("a name that is ", s.comm);
}

static void calls(void **state)
{
	struct bt_proc_syscall c;

	(void)state;
	assert_int_equal(0, bt_proc_syscall_parse("running\n", &c));
	assert_true(c.running);
	assert_int_equal(0, bt_proc_syscall_parse("-1 0x7ffc0 0x7f00\n", &c));
	assert_true(!c.running && c.nr == -1);
	assert_int_equal(0,
			 bt_proc_syscall_parse("202 0x10 0x89 0x2 0x3 0x4 0xffffffffffffffff 0x1 0x2\n", &c));
	assert_true(c.nr == 202 && c.arg[0] == 0x10 && c.arg[1] == 0x89 && c.arg[5] == UINT64_MAX);
	assert_int_equal(-EINVAL, bt_proc_syscall_parse("202 0x10\n", &c));
	assert_int_equal(-EINVAL, bt_proc_syscall_parse("", &c));
}

static void other_files(void **state)
{
	struct bt_proc_schedstat k;
	struct bt_proc_status s;
	struct bt_proc_io io;
	struct bt_inet_line line;

	(void)state;
	assert_int_equal(0, bt_proc_schedstat_parse("12345678901 42 7\n", &k));
	assert_true(k.oncpu_ns == 12345678901 && k.run_queue_ns == 42 && k.turns == 7);
	assert_int_equal(-EINVAL, bt_proc_schedstat_parse("0 0\n", &k));
	assert_int_equal(
	    0, bt_proc_status_parse("Name:\tUid:\\n\nUid:\t1\t2\t3\t4\nvoluntary_ctxt_switches:\t5\n"
				    "nonvoluntary_ctxt_switches:\t6\n",
				    &s));
	assert_true(s.euid == 2 && s.voluntary == 5 && s.involuntary == 6);
	assert_int_equal(-EINVAL, bt_proc_status_parse("Name:\tx\n", &s));
	assert_int_equal(
	    0, bt_proc_io_parse("rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n"
				"cancelled_write_bytes: 7\n",
				&io));
	assert_true(io.rchar == 1 && io.wchar == 2 && io.read_bytes == 5 && io.write_bytes == 6);
	assert_true(bt_inet_line_parse(
	    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000 "
	    "       0 31337 1 0000000000000000 100 0 0 10 0",
	    &line));
	assert_true(line.local.port == 8080 && line.state == 10 && line.ino == 31337);
	assert_true(bt_inet_line_parse(
	    " 12: 00000000000000000000000001000000:ABCD "
	    "00000000000000000000000001000000:0050 01 00000000:00000000 00:00000000 00000000     0  "
	    "      0 7 1 0000000000000000 20 0 0 10 -1",
	    &line));
	assert_true(line.local.port == 0xabcd && line.remote.port == 80 && line.state == 1 && line.ino == 7);
	assert_false(bt_inet_line_parse("  sl  local_address rem_address   st tx_queue", &line));
}

static void assert_link(const char *link, int err, bool is_pipe, uint64_t ino)
{
	uint64_t got_ino = 0;
	bool got_pipe = false;

	assert_int_equal(err, bt_proc_link_parse(link, &got_pipe, &got_ino));
	if (!err)
		assert_true(got_pipe == is_pipe && got_ino == ino);
}

static void what_others_have_open(void **state)
{
	int32_t fds[3];

	(void)state;
	assert_link("pipe:[123]", 0, true, 123);
	assert_link("socket:[9]", 0, false, 9);
	assert_link("pipe:[]", -EINVAL, true, 0);
	assert_link("pipe:[12", -EINVAL, true, 0);
	assert_link("pipe:[-1]", -EINVAL, true, 0);
	assert_link("socket:[1]x", -EINVAL, true, 0);
	assert_link("/tmp/pipe:[1]", -EINVAL, true, 0);
	assert_int_equal(2,
			 bt_doubt_epoll_parse("pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t1057\n"
					      "tfd:        5 events:       19 data:                5 pos:0\n"
					      "tfd:       17 events:       19 data: ffff pos:0 ino:1\n",
					      fds, 3));
	assert_true(fds[0] == 5 && fds[1] == 17);
	assert_int_equal(1, bt_doubt_epoll_parse("tfd: 5\ntfd: 6\n", fds, 1));
	assert_int_equal(0, bt_doubt_epoll_parse("", fds, 3));
	assert_int_equal(0, bt_doubt_epoll_parse("tfd: -7 events\ntfd:", fds, 3));
}

static void groups(void **state)
{
	char path[16];

	(void)state;
	assert_int_equal(
	    0, bt_quota_path_parse("12:cpuset:/no\n5:cpu,cpuacct:/a/b\n0::/v2\n", false, path, sizeof(path)));
	assert_string_equal("/a/b", path);
	assert_int_equal(0, bt_quota_path_parse("5:cpu,cpuacct:/a/b\n0::/v2", true, path, sizeof(path)));
	assert_string_equal("/v2", path);
	assert_int_equal(-EINVAL, bt_quota_path_parse("5:cpuacct:/a\n", false, path, sizeof(path)));
	assert_int_equal(-EINVAL,
			 bt_quota_path_parse("0::/much/too/long/for/it\n", true, path, sizeof(path)));
	assert_int_equal(-EINVAL, bt_quota_path_parse("0:", true, path, sizeof(path)));
	assert_int_equal(-EINVAL, bt_quota_path_parse("\n:\n::\n", false, path, sizeof(path)));
}

/* What a call with such arguments, on such an object, in such a state is put down to; sure: no guess. */
static void assert_cause(unsigned int cause, bool sure, char at, int nr, uint64_t arg1, uint64_t arg2,
			 enum bt_target target)
{
	uint8_t classes[BT_SYSCALL_MAX];
	struct bt_evidence e = {.state = at, .call_known = true, .wchan = "", .object_known = true};
	struct bt_reason why;
	bool got;

	bt_syscall_table_fill(classes);
	e.call.nr = nr;
	e.call.sp = 1ULL << 46;
	e.call.arg[0] = 3;
	e.call.arg[1] = arg1;
	e.call.arg[2] = arg2;
	e.class = nr >= 0 ? classes[nr] : 0;
	e.object = (struct bt_proc_object){
	    .aim = {.target = target, .peer = target == BT_TARGET_PIPE || target == BT_TARGET_UNIX},
	    .ino = 9};
	got = bt_cause_of_evidence(&e, &why);
	if (why.cause != cause || got != sure)
		fail_msg("call %d, state %c, target %d: cause %d, %s", nr, at, target, why.cause,
			 got ? "sure" : "a guess");
}

static void causes(void **state)
{
	(void)state;
	assert_cause(BT_MS_DISK, true, 'D', SYS_pread64, 0, 0, BT_TARGET_FILE);
	assert_cause(BT_MS_DISK, true, 'D', SYS_fsync, 0, 0, BT_TARGET_FILE);
	assert_cause(BT_MS_EVENT, false, 'S', SYS_read, 0, 0, BT_TARGET_PIPE);
	assert_cause(BT_MS_IPC, true, 'S', SYS_write, 0, 0, BT_TARGET_PIPE);
	assert_cause(BT_MS_PAGING, true, 'D', SYS_write, 0, 0, BT_TARGET_PIPE);
	assert_cause(BT_MS_NETWORK, true, 'S', SYS_sendto, 0, 0, BT_TARGET_INET);
	assert_cause(BT_MS_EVENT, true, 'S', SYS_recvfrom, 0, 0, BT_TARGET_INET);
	assert_cause(BT_MS_EVENT, true, 'S', SYS_accept4, 0, 0, BT_TARGET_INET);
	assert_cause(BT_MS_SLEEP, true, 'S', SYS_clock_nanosleep, 0, 0, 0);
	assert_cause(BT_MS_CHILD, true, 'S', SYS_wait4, 0, 0, 0);
	assert_cause(BT_MS_LOCK, true, 'S', SYS_futex, 0x80, 2, 0);
	assert_cause(BT_MS_LOCK, true, 'S', SYS_futex, 0x189, 3, 0);
	assert_cause(BT_MS_EVENT, false, 'S', SYS_futex, 0x189, 0, 0);
	assert_cause(BT_MS_CHILD, true, 'S', SYS_futex, 0x109, 4711, 0);
	/* An owner with the bit for waiters beside it, as robust mutexes and musl's have it. */
	assert_cause(BT_MS_LOCK, true, 'S', SYS_futex, 0x80, 0x80000000 | 4711, 0);
	assert_cause(BT_MS_STOPPED, true, 'T', SYS_read, 0, 0, BT_TARGET_PIPE);
	assert_cause(BT_MS_EVENT, false, 'S', SYS_epoll_pwait, 0, 0, 0);
	assert_cause(BT_MS_LOCK, false, 'D', -1, 0, 0, 0);
	assert_cause(BT_MS_EVENT, false, 'S', SYS_openat, 0, 0, 0);
	assert_cause(BT_MS_DISK, true, 'D', SYS_openat, 0, 0, 0);
}

static void causes_by_function(void **state)
{
	struct bt_evidence e = {.state = 'S', .wchan = "hrtimer_nanosleep"};
	struct bt_reason why;

	(void)state;
	assert_true(bt_cause_of_evidence(&e, &why));
	assert_int_equal(BT_MS_SLEEP, why.cause);
	assert_int_equal(-1, why.syscall);
	e.wchan = "__refrigerator";
	assert_true(bt_cause_of_evidence(&e, &why));
	assert_int_equal(BT_MS_STOPPED, why.cause);
	e.wchan = "";
	assert_false(bt_cause_of_evidence(&e, &why));
	assert_int_equal(BT_MS_EVENT, why.cause);
	e.state = 'D';
	assert_false(bt_cause_of_evidence(&e, &why));
	assert_int_equal(BT_MS_DISK, why.cause);
	e.kernel_thread = true;
	assert_false(bt_cause_of_evidence(&e, &why));
	assert_int_equal(BT_MS_LOCK, why.cause);
	e.state = 'I';
	assert_true(bt_cause_of_evidence(&e, &why));
	assert_int_equal(BT_MS_EVENT, why.cause);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stat_with_any_name),
	    cmocka_unit_test(calls),
	    cmocka_unit_test(other_files),
	    cmocka_unit_test(causes),
	    cmocka_unit_test(causes_by_function),
	    cmocka_unit_test(what_others_have_open),
	    cmocka_unit_test(groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
