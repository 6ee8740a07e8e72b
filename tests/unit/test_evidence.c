/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line in words, and which processes are chosen. */
#include "evidence.h"

#include <errno.h>

#include "fake.h"
#include "filter.h"
#include "strbuf.h"
#include "unit.h"

#if defined(__x86_64__)
#define NR_READ  0
#define NR_FUTEX 202
#define NR_EPOLL 232
#define EPOLL    "epoll_wait"
#else
#define NR_READ  63
#define NR_FUTEX 98
#define NR_EPOLL 22
#define EPOLL    "epoll_pwait"
#endif

struct fixture {
	struct fake_host h;
	struct bt_model *m;
	struct bt_strbuf line;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	fake_open(&f->h);
	return bt_model_create(&f->m);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bt_strbuf_free(&f->line);
	bt_model_destroy(f->m);
	fake_close(&f->h);
	free(f);
	return 0;
}

static void take(struct fixture *f)
{
	assert_int_equal(bt_model_update(f->m, fake_read(&f->h)), 0);
}

static const char *say(struct fixture *f, int32_t pid)
{
	struct bt_process *p;

	assert_int_equal(bt_model_judge(f->m, true), 0);
	p = bt_model_find(f->m, pid);
	assert_non_null(p);
	bt_strbuf_clear(&f->line);
	bt_evidence(p, bt_model_frame(f->m), &f->line);
	return bt_strbuf_text(&f->line);
}

#define assert_says(f, pid, text)                                                                            \
	do {                                                                                                 \
		const char *said = say(f, pid);                                                              \
		if (strcmp(said, text))                                                                      \
			fail_msg("\"%s\" instead of \"%s\"", said, text);                                    \
	} while (0)

static void a_pipe_reader(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	for (int k = 0; k < 10; k++) {
		fake_pass(&f->h, 39 * FAKE_MS);
		fake_block(&f->h, i, BT_MS_IPC, NR_READ, 123);
		fake_pass(&f->h, 61 * FAKE_MS);
		fake_wake(&f->h, i, 9);
		fake_run(&f->h, i);
	}
	take(f);
	assert_says(f, 10, "read of pipe:[123] took 61 % of the time, 10 times (ipc 61 %)");
}

static void a_hog(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	fake_pass(&f->h, 1000 * FAKE_MS);
	take(f);
	assert_says(f, 10, "on the CPU 100 % of the time: user 75 %, system 25 %; 1.00 CPUs");
}

static void starved_threads(void **state)
{
	struct fixture *f = *state;
	int t[10];

	t[0] = fake_fork(&f->h, 10, -1);
	for (int k = 1; k < 10; k++)
		t[k] = fake_clone(&f->h, t[0], 10 + k);
	/* Two of them want nothing. */
	for (int k = 8; k < 10; k++) {
		fake_run(&f->h, t[k]);
		fake_block(&f->h, t[k], BT_MS_EVENT, NR_EPOLL, 0);
	}
	take(f);
	for (int k = 0; k < 8; k++) {
		fake_run(&f->h, t[k]);
		fake_pass(&f->h, 100 * FAKE_MS);
		fake_preempt(&f->h, t[k]);
	}
	take(f);
	assert_says(f, 10,
		    "8.0 of 10 threads wanted a CPU on average, and got 1.00 CPUs: waiting in the run queue "
		    "70 % of its "
		    "threads' time");
}

static void held_back_by_a_quota(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	fake_pass(&f->h, 200 * FAKE_MS);
	fake_throttle(&f->h, i);
	fake_pass(&f->h, 800 * FAKE_MS);
	take(f);
	assert_says(f, 10, "got 0.20 CPUs: held back by the CPU quota of its cgroup 80 % of the time");
}

static void asleep(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	int j = fake_fork(&f->h, 11, -1);
	int k = fake_fork(&f->h, 12, -1);

	fake_run(&f->h, i);
	fake_run(&f->h, j);
	fake_run(&f->h, k);
	take(f);
	fake_block(&f->h, i, BT_MS_EVENT, NR_EPOLL, 0);
	fake_block(&f->h, j, BT_MS_STOPPED, -1, 0);
	fake_block(&f->h, k, BT_MS_EVENT, -1, 0);
	fake_at(&f->h, k)->r.facts.kind = BT_KIND_KERNEL;
	fake_pass(&f->h, 1000 * FAKE_MS);
	take(f);
	assert_says(f, 10, "waits for work 100 % of the time, in " EPOLL ", once");
	assert_says(f, 11, "is stopped or traced 100 % of the time");
	assert_says(f, 12, "kernel thread: waits for work 100 % of the time");
}

static void partly_busy(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	fake_block(&f->h, i, BT_MS_EVENT, NR_EPOLL, 0);
	for (int k = 0; k < 4; k++) {
		fake_pass(&f->h, 75 * FAKE_MS);
		fake_burst(&f->h, i, 25 * FAKE_MS);
	}
	take(f);
	assert_says(f, 10, "waits for work 75 % of the time, in " EPOLL ", 5 times; is active 25 %");
}

static void a_lock(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);
	int j = fake_clone(&f->h, i, 11);

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_LOCK, NR_FUTEX, 0x7f00aa);
	fake_run(&f->h, j);
	fake_block(&f->h, j, BT_MS_LOCK, NR_FUTEX, 0x7f00aa);
	take(f);
	fake_pass(&f->h, 1000 * FAKE_MS);
	take(f);
	assert_says(
	    f, 10,
	    "2 threads: futex of futex:0x7f00aa took 100 % of its threads' time, 2 times (lock 100 %)");
	bt_strbuf_clear(&f->line);
	bt_evidence_thread(bt_model_find(f->m, 10)->thread_list[1], bt_model_find(f->m, 10),
			   bt_model_frame(f->m), &f->line);
	assert_string_equal(f->line.data,
			    "futex of futex:0x7f00aa took 100 % of the time, once (lock 100 %)");
}

static void of_everything_a_bit(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	fake_pass(&f->h, 500 * FAKE_MS);
	fake_block(&f->h, i, BT_MS_DISK, NR_READ, 5);
	fake_pass(&f->h, 450 * FAKE_MS);
	take(f);
	assert_says(f, 10, "nothing prevails in its active time: on the CPU 53 %, disk 47 %");
}

static void nothing_to_say(void **state)
{
	struct fixture *f = *state;
	int zombie = fake_fork(&f->h, 10, -1);
	int hidden = fake_fork(&f->h, 11, -1);
	int ghost = fake_fork(&f->h, 12, -1);

	fake_at(&f->h, zombie)->r.facts.ppid = 77;
	fake_run(&f->h, zombie);
	fake_exit(&f->h, zombie, 0);
	fake_at(&f->h, ghost)->ghost = true;
	take(f);
	fake_at(&f->h, hidden)->hidden = true;
	fake_at(&f->h, ghost)->r.head.valid &= (uint8_t)~BT_VALID_RUNTIME;
	fake_pass(&f->h, 100 * FAKE_MS);
	take(f);
	assert_says(f, 10, "is a zombie: it ended and its parent 77 has not waited for it");
	assert_says(f, 11, "nothing seen: no record of it in this interval");
	assert_says(f, 12, "100 % of the time is unaccounted for: some of its threads have no account");
}

/* No byte of a process gets into the line. */
static void hostile_names(void **state)
{
	struct fixture *f = *state;
	int i = fake_fork(&f->h, 10, -1);

	fake_run(&f->h, i);
	take(f);
	memset(fake_at(&f->h, i)->r.facts.comm, 0x1b, BT_COMM_LEN);
	fake_block(&f->h, i, BT_MS_NETWORK, 32000, 1);
	fake_pass(&f->h, 1000 * FAKE_MS);
	take(f);
	assert_says(f, 10, "system call 32000 took 100 % of the time, once (network 100 %)");
}

static void filters(void **state)
{
	struct bt_process p = {.identity = {.pid = 10}, .uid = 1000, .comm = "bash"};
	struct bt_filter *f;
	char why[80] = "";

	(void)state;
	assert_int_equal(bt_filter_create(&f), 0);
	assert_true(bt_filter_is_empty(f));
	assert_true(bt_filter_match(f, &p));
	assert_false(bt_filter_needs_cmdline(f));
	assert_int_equal(bt_filter_add_pid(f, 11), 0);
	assert_false(bt_filter_match(f, &p));
	assert_int_equal(bt_filter_add_pid(f, 10), 0);
	assert_true(bt_filter_match(f, &p));
	bt_filter_set_uid(f, 0);
	assert_false(bt_filter_match(f, &p));
	bt_filter_set_uid(f, 1000);
	assert_true(bt_filter_match(f, &p));
	assert_int_equal(bt_filter_set_pattern(f, "^b(a|i)sh$", why, sizeof(why)), 0);
	assert_true(bt_filter_match(f, &p));
	assert_true(bt_filter_needs_cmdline(f));
	assert_int_equal(bt_filter_set_pattern(f, "(", why, sizeof(why)), -EINVAL);
	assert_true(strlen(why) > 0);
	assert_true(bt_filter_match(f, &p));
	assert_int_equal(bt_filter_set_pattern(f, "server\\.py", why, sizeof(why)), 0);
	assert_false(bt_filter_match(f, &p));
	p.cmdline = "python3 /srv/server.py --fast";
	assert_true(bt_filter_match(f, &p));
	assert_false(bt_filter_is_empty(f));
	bt_filter_destroy(f);
	bt_filter_destroy(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_pipe_reader),
	    TEST(a_hog),
	    TEST(starved_threads),
	    TEST(held_back_by_a_quota),
	    TEST(asleep),
	    TEST(partly_busy),
	    TEST(a_lock),
	    TEST(of_everything_a_bit),
	    TEST(nothing_to_say),
	    TEST(hostile_names),
	    cmocka_unit_test(filters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
