/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * long_recording make FILE HOURS PROCESSES ACTIVE   a recording of so long, made up, a frame a second
 * long_recording read FILE                          how long it takes to open it, and to jump in it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fake.h"
#include "model.h"
#include "store_read.h"
#include "store_write.h"

#define SECOND_NS 1000000000ull
#define JUMPS     50

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t dice(uint64_t sides)
{
	static uint64_t state = 88172645463325252ull;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % sides;
}

static int make(const char *path, int hours, int processes, int active)
{
	static const enum bt_microstate causes[] = {BT_MS_DISK, BT_MS_EVENT, BT_MS_LOCK, BT_MS_NETWORK};
	const struct bt_recorder_setup setup = {
	    .host = "made-up", .collector = "bpf", .version = "0", .interval_ns = SECOND_NS};
	struct bt_recorder *r;
	struct fake_host h;
	char why[256];

	if (bt_recorder_open(&r, path, &setup, why, sizeof(why))) {
		fprintf(stderr, "%s: %s\n", path, why);
		return 1;
	}
	fake_open(&h);
	for (int i = 0; i < processes; i++) {
		int t = fake_fork(&h, 100 + i, -1);

		fake_run(&h, t);
		fake_block(&h, t, BT_MS_EVENT, 232, 7);
	}
	for (int second = 0; second < hours * 3600; second++) {
		/* Each works a few times, and does what a thread does: computes, and waits for two things or
		 * three.
		 */
		for (int i = 0; i < active; i++) {
			int t = i * (processes / active);

			for (int k = 0; k < 6; k++) {
				fake_wake(&h, t, (int32_t)(100 + dice((uint64_t)processes)));
				fake_pass(&h, dice(20000));
				fake_run(&h, t);
				fake_pass(&h, 1000 + dice(2000000));
				fake_block(&h, t, causes[dice(4)], (int16_t)dice(3), dice(3));
			}
		}
		h.now_ns += SECOND_NS - h.now_ns % SECOND_NS;
		fake_read(&h);
		h.s.measured = BT_MEASURED_ALL;
		if (bt_recorder_frame(r, &h.s, NULL))
			return 1;
	}
	bt_recorder_close(r);
	fake_close(&h);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* A base and the frame after it, judged: what a screen shows. */
static int frame_show(struct bt_recording *r)
{
	struct bt_snapshot s = {0};
	struct bt_model *m;
	bool fresh;

	if (bt_model_create(&m) || bt_recording_read(r, &s, &fresh) || bt_model_update(m, &s))
		return 1;
	bt_model_begin(m);
	if (bt_recording_read(r, &s, &fresh) || bt_model_update(m, &s) || bt_model_judge(m, false))
		return 1;
	bt_snapshot_free(&s);
	bt_model_destroy(m);
	return 0;
}

static int measure(const char *path)
{
	struct bt_recording_frame first, last;
	struct bt_recording *r;
	double jumps[JUMPS], begin = now_ms(), opened;
	char why[256];

	if (bt_recording_open(&r, path, why, sizeof(why)) || bt_recording_bounds(r, &first, &last) ||
	    frame_show(r)) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return 1;
	}
	opened = now_ms() - begin;
	for (int i = 0; i < JUMPS; i++) {
		int64_t span_ns = last.time_ns - first.time_ns - 10 * (int64_t)SECOND_NS;

		begin = now_ms();
		if (bt_recording_seek(r, first.time_ns + (int64_t)dice((uint64_t)span_ns)) || frame_show(r))
			return 1;
		jumps[i] = now_ms() - begin;
	}
	qsort(jumps, JUMPS, sizeof(jumps[0]), by_value);
	printf("%lld frames: opened and first screen judged in %.1f ms; a jump %.1f ms (median of %d), %.1f "
	       "ms at most\n",
	       (long long)(last.id - first.id + 1), opened, jumps[JUMPS / 2], JUMPS, jumps[JUMPS - 1]);
	bt_recording_close(r);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "make"))
		return make(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
	if (argc == 3 && !strcmp(argv[1], "read"))
		return measure(argv[2]);
	fprintf(stderr, "usage: long_recording make FILE HOURS PROCESSES ACTIVE | read FILE\n");
	return 2;
}
