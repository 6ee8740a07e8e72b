/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up host for golden tests: what each thread did in an interval is written down in per mille, and
 * comes as two snapshots, like those of a collector.
 */
#ifndef BOUNDTOP_TEST_SCENE_H
#define BOUNDTOP_TEST_SCENE_H

#include "collector.h"

#define SCENE_THREADS_MAX 6
#define SCENE_WAITS_MAX   BT_WAIT_SLOTS

/* What a thread waited for. */
struct scene_wait {
	enum bt_microstate cause;
	enum bt_target target;
	uint64_t object;
	int16_t syscall; /* x86-64; 0 is read */
	uint16_t permille;
	uint32_t count;
	int32_t waker_pid;
};

struct scene_held {
	uint64_t object;
	uint16_t permille; /* of the interval, summed over those that waited */
};

struct scene_thread {
	int32_t tid; /* 0: the process's own PID */
	const char *comm;
	uint16_t permille[BT_MS_COUNT];
	struct scene_wait waits[SCENE_WAITS_MAX];
	struct scene_held held;         /* which lock it had while others waited */
	const struct bt_bursts *bursts; /* NULL: made of the rest */
	bool ended;                     /* half-way through the interval; permille is of its half */
	bool blocked;                   /* at the end of each interval but the first, on the first of waits */
	bool born;                      /* at the begin of the interval */
	uint8_t
	    rests; /* bit n: in the n-th of eight intervals it waits for work instead; the first is bit 0 */
};

struct scene_process {
	int32_t pid, ppid;
	enum bt_kind kind;
	char state; /* 0: S */
	const char *comm, *cmdline, *user, *cgroup, *container;
	struct scene_thread threads[SCENE_THREADS_MAX];
	int32_t exit_code;
};

struct scene {
	const struct scene_process *processes;
	size_t count;
	uint64_t interval_ns;
	struct bt_loss loss;
	bool sampled;
	bool few_ticks; /* too few to tell user from system */
};

/*
 * A collector of the scene. The first read gives its begin, each later one what is an interval further.
 * Release it with close().
 */
int scene_open(const struct scene *scene, struct bt_collector **out);
/* Names of a process of the scene; NULL: it has none there. */
const struct scene_process *scene_find(const struct scene *scene, int32_t pid);

#endif
