/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a refresh costs the core: bench_model [PROCESSES [BUSY_PERCENT]] prints CPU time a frame and memory.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fake.h"
#include "model.h"
#include "strbuf.h"
#include "tree.h"

#define FRAMES 50

static double cpu_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static double heap_mb(void)
{
	struct mallinfo2 info = mallinfo2();

	return (double)(info.uordblks + info.hblkhd) / 1e6;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

/* run of a build: processes that live a moment, counted in a tree, forgotten but for a few. */
static int bench_storm(int frames, int count)
{
	struct bt_identity root;
	struct bt_model *m;
	struct bt_tree *t;
	struct fake_host h;
	double cpu = 0, before_mb;
	uint64_t oncpu_ns;

	fake_open(&h);
	fake_fork(&h, 1, -1);
	if (bt_model_create(&m) || bt_model_update(m, fake_read(&h)))
		return 1;
	root = bt_model_find(m, 1)->identity;
	if (bt_tree_create(m, &root, &t))
		return 1;
	for (int f = 0; f < frames; f++) {
		double t0;

		h.count = 1; /* those of before are gone */
		for (int i = 0; i < count; i++) {
			int child = fake_fork(&h, 2 + i, 0);

			fake_run(&h, child);
			fake_pass(&h, FAKE_MS);
			fake_exit(&h, child, 0);
			fake_reap(&h, child);
		}
		fake_read(&h);
		t0 = cpu_ms();
		if (bt_model_update(m, &h.s))
			return 1;
		bt_model_prune(m, 1000);
		cpu += cpu_ms() - t0;
	}
	oncpu_ns = bt_tree_total(t)->usage.totals.oncpu_ns;
	if (oncpu_ns != (uint64_t)frames * (uint64_t)count * FAKE_MS ||
	    bt_tree_descendants(t) != (uint64_t)frames * (uint64_t)count)
		return 1;
	before_mb = heap_mb();
	bt_tree_destroy(t);
	bt_model_destroy(m);
	printf("storm: %d processes ended, %d a frame: %.0f ns each, %.2f MB heap\n", frames * count, count,
	       cpu * 1e6 / frames / count, before_mb - heap_mb());
	fake_close(&h);
	return 0;
}

static void bench_strbuf(void)
{
	struct bt_strbuf b = BT_STRBUF_INIT;
	const int cells = 100000;
	double before;

	for (int round = 0; round < 2; round++) {
		bt_strbuf_clear(&b);
		before = cpu_ms();
		for (int i = 0; i < cells; i++) {
			bt_strbuf_add_fixed(&b, (double)i * 0.0371, 1);
			bt_strbuf_add_char(&b, ' ');
		}
	}
	printf("strbuf: %.0f ns a fixed-point cell\n", (cpu_ms() - before) * 1e6 / cells);
	bt_strbuf_free(&b);
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 10000;
	int busy_percent = argc > 2 ? atoi(argv[2]) : 1;
	int busy = count * busy_percent / 100;
	double update[FRAMES], judge[FRAMES], begin[FRAMES];
	struct bt_model *m;
	struct fake_host h;
	double before_mb;

	fake_open(&h);
	for (int i = 0; i < count; i++) {
		int t = fake_fork(&h, 100 + i, -1);

		fake_run(&h, t);
		fake_block(&h, t, BT_MS_EVENT, 232, 7);
	}
	fake_pass(&h, FAKE_MS);
	fake_read(&h);
	before_mb = heap_mb();
	if (bt_model_create(&m) || bt_model_update(m, &h.s))
		return 1;
	for (int f = 0; f < FRAMES; f++) {
		double t0, t1, t2;

		for (int i = 0; i < busy; i++)
			fake_burst(&h, i * (count / busy), FAKE_MS / 10);
		fake_pass(&h, 1000 * FAKE_MS);
		fake_read(&h);
		t0 = cpu_ms();
		bt_model_begin(m);
		t1 = cpu_ms();
		if (bt_model_update(m, &h.s))
			return 1;
		t2 = cpu_ms();
		if (bt_model_judge(m, false))
			return 1;
		begin[f] = t1 - t0;
		update[f] = t2 - t1;
		judge[f] = cpu_ms() - t2;
	}
	printf("%d processes, %d %% busy: begin %.2f + update %.2f + judge %.2f = %.2f ms a frame, %.2f MB "
	       "heap, "
	       "%zu bytes of snapshot\n",
	       count, busy_percent, median(begin, FRAMES), median(update, FRAMES), median(judge, FRAMES),
	       median(begin, FRAMES) + median(update, FRAMES) + median(judge, FRAMES), heap_mb() - before_mb,
	       h.s.length);
	bt_model_destroy(m);
	fake_close(&h);
	bench_strbuf();
	return bench_storm(50, 20000);
}
