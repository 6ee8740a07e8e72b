/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scenes.h"

#define NSEC_PER_SEC 1000000000ull
#define COUNT(list)  (sizeof(list) / sizeof((list)[0]))

#define U(n)       [BT_MS_USER] = (n)
#define S(n)       [BT_MS_SYSTEM] = (n)
#define R(n)       [BT_MS_RUN_QUEUE] = (n)
#define Q(n)       [BT_MS_CPU_QUOTA] = (n)
#define D(n)       [BT_MS_DISK] = (n)
#define P(n)       [BT_MS_PAGING] = (n)
#define N(n)       [BT_MS_NETWORK] = (n)
#define I(n)       [BT_MS_IPC] = (n)
#define L(n)       [BT_MS_LOCK] = (n)
#define G(n)       [BT_MS_GIL] = (n)
#define SLEEP(n)   [BT_MS_SLEEP] = (n)
#define EVENT(n)   [BT_MS_EVENT] = (n)
#define CHILD(n)   [BT_MS_CHILD] = (n)
#define STOPPED(n) [BT_MS_STOPPED] = (n)
#define UNKNOWN(n) [BT_MS_UNKNOWN] = (n)
#define DOES(...)  .permille = {__VA_ARGS__}

/* clang-format off */
static const struct scene_process web[] = {
	{ 1, 0, .comm = "systemd", .cmdline = "/sbin/init", .user = "root", .cgroup = "/init.scope", .container = "init.scope",
	  .threads = { { DOES(EVENT(1000)) } } },
	{ 2, 0, BT_KIND_KERNEL, .comm = "kthreadd", .user = "root", .threads = { { DOES(EVENT(1000)) } } },
	{ 412, 1, .comm = "cron", .cmdline = "/usr/sbin/cron -f", .user = "root", .threads = { { DOES(SLEEP(1000)) } } },
	{ 2212, 1, .comm = "postgres", .cmdline = "postgres: checkpointer", .user = "postgres",
	  .cgroup = "/system.slice/postgresql.service", .container = "postgresql.service",
	  .threads = { { DOES(U(61), S(142), R(4), D(780), EVENT(13)),
			 .waits = { { BT_MS_DISK, BT_TARGET_FILE, 24576, 74, 610, 412, 0 },
				    { BT_MS_DISK, BT_TARGET_FILE, 24577, 18, 170, 90, 0 },
				    { BT_MS_EVENT, BT_TARGET_ANON, 7, 232, 13, 3, 2210 } } } } },
	{ 4410, 1, .comm = "nginx", .cmdline = "nginx: worker process", .user = "www-data",
	  .threads = { { DOES(U(50), S(60), N(40), EVENT(850)), .rests = 0x34 } } },
	{ 8123, 1, .comm = "python3", .cmdline = "python3 worker.py --queue high", .user = "app",
	  .cgroup = "/docker/3f2a9c1b77d0e4f5a6b7c8d9e0f1a2b3c4d5e6f708192a3b4c5d6e7f80910aab",
	  .container = "docker:3f2a9c1b77d0",
	  .threads = { { DOES(CHILD(1000)) },
		       { 8125, "worker-1", DOES(U(250), R(100), G(650)),
			 .waits = { { BT_MS_GIL, BT_TARGET_FUTEX, 0x7f10a4c0b1b0, 202, 650, 190, 8123 } }, .blocked = true,
			 .held = { 0x7f10a4c0b1b0, 1300 } },
		       { 8126, "worker-2", DOES(U(240), S(10), R(102), G(648)),
			 .waits = { { BT_MS_GIL, BT_TARGET_FUTEX, 0x7f10a4c0b1b0, 202, 648, 188, 8123 } }, .held = { 0x7f10a4c0b1b0, 400 } },
		       { 8127, "worker-3", DOES(U(250), R(90), G(660)),
			 .waits = { { BT_MS_GIL, BT_TARGET_FUTEX, 0x7f10a4c0b1b0, 202, 660, 191, 8123 } }, .held = { 0x7f10a4c0b1b0, 250 } } } },
	{ 9001, 700, .comm = "curl", .cmdline = "curl -s https://example.org/a/rather/long/path?with=a&query=string",
	  .user = "app", .threads = { { DOES(U(30), N(970)),
		.waits = { { BT_MS_NETWORK, BT_TARGET_INET, 88112, 7, 970, 40, 0 } }, .blocked = true } } },
	{ 9100, 700, .comm = "consumer", .cmdline = "./consumer", .user = "app",
	  .threads = { { DOES(U(100), I(900)), .rests = 0x0e,
		.waits = { { BT_MS_IPC, BT_TARGET_PIPE, 88113, 0, 900, 1200, 9101 } } } } },
	{ 9200, 700, .comm = "convoy", .cmdline = "./convoy 4", .user = "app",
	  .threads = { { DOES(U(200), L(800)),
		.waits = { { BT_MS_LOCK, BT_TARGET_FUTEX, 0x55d0c0de, 202, 800, 5000, 9200 } } } } },
	{ 11790, 1, .comm = "cc1plus", .cmdline = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet main.cc", .user = "ci",
	  .cgroup = "/ci.slice", .threads = { { DOES(U(200), Q(800)) } } },
	{ 11802, 1, .comm = "cc1plus", .cmdline = "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus -quiet other.cc",
	  .user = "a-user-with-a-long-name", .threads = { { DOES(U(950), S(20), R(30)) } } },
	{ 11950, 700, .comm = "mixed", .cmdline = "./mixed", .user = "app",
	  .threads = { { DOES(U(260), D(250), L(240), EVENT(250)), .rests = 0x60 } } },
	{ 12001, 700, .comm = "true", .user = "app", .threads = { { DOES(U(700), S(300)), .ended = true, .born = true } } },
};

static const struct scene_process hostile[] = {
	{ 31, 2, BT_KIND_KERNEL, 'I', .comm = "kworker/0:1", .user = "root", .threads = { { DOES(EVENT(1000)) } } },
	{ 4194304, 1, .comm = "\033[31m\nX\a\xff\xc3(", .cmdline = "\033]0;owned\a \"quoted\\\" \xe2\x80\xae" "abc\n\xff tail",
	  .user = "root", .cgroup = "/a\"b\\c\nd", .container = "\xff\033[31m", .threads = { { DOES(U(1000)) } } },
	{ 500, 1, .comm = "日本語の名前", .cmdline = "日本語の名前 --引数 e\xcc\x81 ok", .user = "ユーザー",
	  .threads = { { DOES(U(600), I(400)) } } },
	{ 600, 1, .state = 'T', .comm = "stopped", .cmdline = "vi notes", .user = "app", .threads = { { DOES(STOPPED(1000)) } } },
	{ 700, 1, .state = 'Z', .comm = "defunct", .user = "app", .threads = { { DOES(EVENT(0)) } } },
	{ 800, 1, .comm = "lost", .cmdline = "lost", .user = "app", .threads = { { DOES(U(300), UNKNOWN(700)) } } },
	{ 900, 1, .comm = "killed", .user = "app", .exit_code = 9, .threads = { { DOES(U(1000)), .ended = true } } },
	{ 901, 1, .comm = "paging", .cmdline = "paging", .user = "app", .threads = { { DOES(P(900), S(100)) } } },
};

static const struct scene_process build[] = {
	{ 900, 1, .comm = "make", .user = "ci", .threads = { { DOES(U(20), S(10), CHILD(970)), .ended = true, .born = true } },
	  .exit_code = 2 << 8 },
	{ 901, 900, .comm = "cc1", .user = "ci", .threads = { { DOES(U(700), S(50), R(250)), .ended = true, .born = true } } },
	{ 902, 900, .comm = "cc1", .user = "ci", .threads = { { DOES(U(600), S(50), D(150), R(200)), .ended = true, .born = true } } },
	{ 903, 900, .comm = "ld", .user = "ci", .threads = { { DOES(U(100), D(900)), .ended = true, .born = true } } },
	{ 904, 900, .comm = "ccache", .cmdline = "ccache --daemon", .user = "ci", .threads = { { DOES(EVENT(1000)), .born = true } } },
};
/* Who the sockets lead to: tui_scene.c. */
static const struct scene_process talk[] = {
	{ 300, 1, .comm = "dbus-daemon", .cmdline = "dbus-daemon --system", .user = "root", .threads = { { DOES(EVENT(1000)) } } },
	{ 3100, 1, .comm = "postgres", .cmdline = "postgres: app shop [local] SELECT", .user = "postgres",
	  .threads = { { DOES(U(800), S(50), EVENT(150)),
		.waits = { { BT_MS_EVENT, BT_TARGET_UNIX, 7001, 45, 150, 70, 3200 } } } } },
	{ 3200, 1, .comm = "shop", .cmdline = "./shop --port 8080", .user = "app",
	  .threads = { { 0, "query", DOES(U(40), I(960)),
			 .waits = { { BT_MS_IPC, BT_TARGET_UNIX, 7000, 45, 960, 70, 3100 } }, .blocked = true },
		       { 3201, "cache", DOES(U(30), N(970)),
			 .waits = { { BT_MS_NETWORK, BT_TARGET_INET, 7002, 47, 970, 400, 0 } }, .blocked = true },
		       { 3202, "payments", DOES(U(10), N(990)),
			 .waits = { { BT_MS_NETWORK, BT_TARGET_INET, 7003, 0, 990, 3, 0 } }, .blocked = true },
		       { 3203, "log", DOES(U(20), I(980)),
			 .waits = { { BT_MS_IPC, BT_TARGET_UNIX, 7004, 46, 980, 90, 300 } }, .blocked = true } } },
	{ 3300, 1, .comm = "redis-server", .cmdline = "redis-server *:6379", .user = "redis", .threads = { { DOES(U(100), EVENT(900)) } } },
};

/* As many as a bar has cells, fewer than it can show, none, and the open ends of the scale. */
static const struct bt_bursts spread = {
	.cpu = { [0] = 3, [11] = 120, [12] = 8000, [13] = 3111, [14] = 1, [16] = 250 },
	.io = { [BT_BURST_BUCKETS - 3] = 2, [BT_BURST_BUCKETS - 1] = 1 },
};

static const struct scene_process bursts[] = {
	{ 700, 1, .comm = "bursty", .cmdline = "./bursty", .user = "app",
	  .threads = { { DOES(U(600), I(400)), .bursts = &spread } } },
	{ 701, 1, .comm = "quiet", .cmdline = "./quiet", .user = "app", .threads = { { DOES(EVENT(1000)) } } },
	{ 702, 1, .comm = "日本\033語", .cmdline = "./answerer", .user = "app", .threads = { { DOES(U(1000)) } } },
	{ 703, 1, .comm = "asker", .cmdline = "./asker", .user = "app",
	  .threads = { { DOES(U(50), I(950)), .waits = { { BT_MS_IPC, BT_TARGET_PIPE, 88113, 0, 950, 12000, 702 } } } } },
};
/* clang-format on */

const struct scene scene_web = {web, COUNT(web), NSEC_PER_SEC, {0}, false, false};
const struct scene scene_hostile = {hostile, COUNT(hostile), NSEC_PER_SEC, {0}, false, false};
const struct scene scene_build = {build, COUNT(build), 4 * NSEC_PER_SEC, {0}, false, false};
const struct scene scene_talk = {talk, COUNT(talk), NSEC_PER_SEC, {0}, false, false};
const struct scene scene_bursts = {bursts, COUNT(bursts), NSEC_PER_SEC, {0}, false, false};
const struct scene scene_sampled = {web, COUNT(web), NSEC_PER_SEC / 5, {1, 2, 3}, true, true};
