/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of advice share: advice.c (the table), advice_cpu.c, advice_lock.c, advice_io.c,
 * advice_idle.c (what its rows test and say).
 */
#ifndef BOUNDTOP_ADVICE_INTERNAL_H
#define BOUNDTOP_ADVICE_INTERNAL_H

#include "advice.h"

/* A cause needs that part of the active time to be worth an advice: with less, what is won is less than that.
 */
#define BT_ADVICE_WEIGHT_MIN 0.25

/* What is asked about one process. */
struct bt_case {
	struct bt_advisor *advisor;
	const struct bt_process *p;
	const struct bt_usage *u;
	const struct bt_verdict *v;
	double active_ns;   /* of all its threads */
	double presence_ns; /* how long it was there in the interval */
	uint32_t threads;   /* those that ended included */
};

/* What a system call does, as far as advice differs by it. */
enum bt_call {
	BT_CALL_OTHER,
	BT_CALL_READ,
	BT_CALL_WRITE,
	BT_CALL_SYNC,
	BT_CALL_AIO,
	BT_CALL_CONNECT,
	BT_CALL_FILE_LOCK,
	BT_CALL_POLL,
	BT_CALL_COUNT,
};

/* Known waits of a cause, added up. */
struct bt_wait_sum {
	double ns;
	uint64_t count;
	const struct bt_wait *most; /* NULL: there is none */
};

enum bt_call bt_call_of(const struct bt_wait *w);
/* Waits for cause in calls of a kind. */
struct bt_wait_sum bt_case_waits(const struct bt_case *c, enum bt_microstate cause, enum bt_call call);
/* Likewise, whatever the call. */
struct bt_wait_sum bt_case_waits_all(const struct bt_case *c, enum bt_microstate cause);
/* Are most of the known waits for cause in calls of that kind? The longest are known, of each thread. */
bool bt_case_mostly(const struct bt_case *c, enum bt_microstate cause, enum bt_call call);

/* Off-CPU time of a microstate. */
double bt_case_offcpu_ns(const struct bt_case *c, enum bt_microstate ms);
/* Likewise, as a part of the active time. */
double bt_case_weight(const struct bt_case *c, enum bt_microstate ms);
/* Is that microstate (off-CPU) what the verdict is about, or a good part of it? */
bool bt_case_bears(const struct bt_case *c, enum bt_microstate ms);
/* CPUs in use while it was there. */
double bt_case_cpus(const struct bt_case *c);
/* Events of a count, each second that it was there. */
double bt_case_per_second(const struct bt_case *c, double count);
/* Is p a process of its own, as far as the model tells? */
bool bt_case_is_single(const struct bt_case *c);
/* Is it several as one, a family or a control group? */
bool bt_case_is_many(const struct bt_case *c);
/* Is it a program that Python, or Ruby, interprets, by its name or that of its interpreter? */
bool bt_case_runs_python(const struct bt_case *c);
bool bt_case_runs_ruby(const struct bt_case *c);
/* Looks at the whole frame, once. */
const struct bt_advisor *bt_case_host(const struct bt_case *c);

/* What a command takes for its PID: before and the number; nothing if it is gone, or several. */
void bt_say_pid(const struct bt_case *c, const char *before, struct bt_strbuf *out);
/* "77 (xz)": sanitized. */
void bt_say_process(struct bt_strbuf *out, const struct bt_process *p);
/* "412 times, 1.9 ms each, 61 % of the time" */
/* "recvfrom of unix:[123] from 77 (postgres)" */
void bt_say_wait(const struct bt_case *c, const struct bt_wait *w, struct bt_strbuf *out);
void bt_say_waits(const struct bt_case *c, const struct bt_wait_sum *sum, struct bt_strbuf *out);
/* "80 % of the time", "… of its threads' time" */
void bt_say_share(const struct bt_case *c, double ns, struct bt_strbuf *out);
void bt_say_fixed(struct bt_strbuf *out, const char *before, double value, unsigned int decimals,
		  const char *after);

/* One row of the table. */
struct bt_advice {
	const char *id;
	const char *title;
	bool (*applies)(const struct bt_case *c);
	void (*say)(const struct bt_case *c, struct bt_strbuf *out);
};

/* Declares what a row needs. */
#define BT_ADVICE_ROW(name)                                                                                  \
	bool bt_##name##_applies(const struct bt_case *c);                                                   \
	void bt_##name##_say(const struct bt_case *c, struct bt_strbuf *out)

/* advice_cpu.c */
BT_ADVICE_ROW(quota);
BT_ADVICE_ROW(all_cores);
BT_ADVICE_ROW(neighbours);
BT_ADVICE_ROW(queue);
BT_ADVICE_ROW(page_faults);
BT_ADVICE_ROW(system_calls);
BT_ADVICE_ROW(one_thread);
BT_ADVICE_ROW(more_threads);
/* advice_lock.c */
BT_ADVICE_ROW(event_loop);
BT_ADVICE_ROW(gil);
BT_ADVICE_ROW(convoy);
BT_ADVICE_ROW(file_lock);
BT_ADVICE_ROW(kernel_lock);
/* advice_io.c */
BT_ADVICE_ROW(paging);
BT_ADVICE_ROW(sync);
BT_ADVICE_ROW(cache_miss);
BT_ADVICE_ROW(aio);
BT_ADVICE_ROW(disk_write);
BT_ADVICE_ROW(network_files);
BT_ADVICE_ROW(connect);
BT_ADVICE_ROW(send);
BT_ADVICE_ROW(reply);
BT_ADVICE_ROW(python_threads);
BT_ADVICE_ROW(small_messages);
BT_ADVICE_ROW(peer);
/* advice_idle.c */
BT_ADVICE_ROW(work);
BT_ADVICE_ROW(timer);
BT_ADVICE_ROW(child);
BT_ADVICE_ROW(stopped);

#endif
