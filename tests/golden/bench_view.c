/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a frame of many processes costs the views, in CPU time: bench_view [PROCESSES], by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scenes.h"
#include "sort.h"
#include "strbuf.h"
#include "view.h"

#define FRAMES 20

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* One in twenty of the web host's busy processes, idle ones else. */
static struct scene_process *crowd(size_t count)
{
	struct scene_process *list = calloc(count, sizeof(*list));

	for (size_t i = 0; list && i < count; i++) {
		list[i] =
		    i % 20 ? scene_web.processes[0] : scene_web.processes[i / 20 % (scene_web.count - 1)];
		list[i].pid = (int32_t)(10 * i + 10);
		for (int k = 1; k < SCENE_THREADS_MAX; k++)
			if (list[i].threads[k].tid)
				list[i].threads[k].tid = list[i].pid + k;
	}
	return list;
}

/* kept: nothing happens from frame to frame. */
static void measure(const char *name, bt_view view, struct bt_report *r, struct bt_kept *kept)
{
	const struct bt_style style = {0, true, false};
	struct bt_strbuf out = BT_STRBUF_INIT, shown;
	double begin_ms = 0;

	for (int i = 0; i <= FRAMES; i++) {
		/* The first finds the memory. */
		if (i == 1)
			begin_ms = cpu_ms();
		bt_strbuf_clear(&out);
		if (bt_processes_sort(r->processes, r->process_count, NULL, false) || view(r, &style, &out))
			exit(1);
		if (!kept)
			continue;
		shown = out;
		out = kept->text;
		kept->text = shown;
	}
	printf("%-10s %7.2f ms a frame of %zu processes, %zu bytes\n", name, (cpu_ms() - begin_ms) / FRAMES,
	       r->process_count, kept ? kept->text.length : out.length);
	bt_strbuf_free(&out);
	r->kept = NULL;
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	struct scene_process *list = crowd(count);
	const struct scene scene = {list, count, 1000000000, {0}, false, false};
	const struct bt_host host = {"web-07", 1000000, 3.12};
	struct bt_report r = {.version = "1.2.3", .collector = "bpf", .host = &host, .brief = true};
	struct bt_snapshot s = {0};
	struct bt_kept kept = {0};
	struct bt_collector *c = NULL;
	struct bt_model *m = NULL;

	if (!list || scene_open(&scene, &c) || bt_model_create(&m))
		return 1;
	for (int i = 0; i < 2; i++) {
		if (c->ops->read(c, &s) || bt_model_update(m, &s))
			return 1;
		if (!i)
			bt_model_begin(m);
	}
	if (bt_model_judge(m, false))
		return 1;
	r.frame = bt_model_frame(m);
	r.processes = r.frame->processes;
	r.process_count = r.frame->process_count;
	for (size_t i = 0; i < r.process_count; i++) {
		r.processes[i]->cmdline = list[i].cmdline;
		r.processes[i]->user = list[i].user;
		r.processes[i]->cgroup = list[i].cgroup;
	}
	measure("text", bt_view_top, &r, NULL);
	r.kept = &kept;
	measure("text, kept", bt_view_top, &r, &kept);
	measure("JSON", bt_view_json, &r, NULL);
	bt_strbuf_free(&kept.text);
	bt_model_destroy(m);
	bt_snapshot_free(&s);
	c->ops->close(c);
	free(list);
	return 0;
}
