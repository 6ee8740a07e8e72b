/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * judged_twice FRAMES FILE: watches this host for so many frames, judges it, and records the very same
 * frames; then judges the recording. Prints what both said; ends with 1 if they differ anywhere.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect.h"
#include "model.h"
#include "replay.h"
#include "store_write.h"

#define INTERVAL_MS       250
#define DIFFERENCES_SHOWN 10

/* What was said of a process in a frame. */
struct said {
	struct bt_identity who;
	int frame;
	bool exited;
	struct bt_verdict verdict;
	struct bt_totals totals;
};

struct all_said {
	struct said *list;
	size_t count, room;
};

/* Each word of a verdict but the padding. */
static bool verdict_same(const struct bt_verdict *a, const struct bt_verdict *b)
{
	return a->id == b->id && a->cause == b->cause && a->runner_up == b->runner_up &&
	       a->measured == b->measured && a->split == b->split && a->confidence == b->confidence &&
	       a->active == b->active && a->cpus == b->cpus &&
	       !memcmp(a->group_share, b->group_share, sizeof(a->group_share)) &&
	       !memcmp(a->share, b->share, sizeof(a->share));
}

static int said_compare(const void *left, const void *right)
{
	const struct said *a = left, *b = right;

	if (a->frame != b->frame)
		return a->frame < b->frame ? -1 : 1;
	if (a->who.start_ns != b->who.start_ns)
		return a->who.start_ns < b->who.start_ns ? -1 : 1;
	return (a->who.pid > b->who.pid) - (a->who.pid < b->who.pid);
}

/* Judges the interval that is open, and begins the next one. 0 or -ENOMEM. */
static int listen(struct bt_model *m, int number, struct all_said *all)
{
	const struct bt_frame *f = bt_model_judge(m, false) ? NULL : bt_model_frame(m);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < f->process_count; i++) {
		const struct bt_process *p = f->processes[i];

		if (all->count == all->room) {
			size_t room = all->room ? 2 * all->room : 1024;
			struct said *list = realloc(all->list, room * sizeof(*list));

			if (!list)
				return -ENOMEM;
			all->list = list;
			all->room = room;
		}
		all->list[all->count++] =
		    (struct said){p->identity, number, p->exited, p->verdict, p->usage.totals};
	}
	bt_model_begin(m);
	return 0;
}

static void pass_interval(struct bt_collector *c)
{
	struct pollfd fd = {.fd = c->ops->poll_fd(c), .events = POLLIN};

	while (poll(&fd, 1, INTERVAL_MS) > 0 && !c->ops->drain(c))
		;
}

/* Frames of c, into r as well if that is given; ends with the recording. 0 or -Exxx. */
static int watch(struct bt_collector *c, struct bt_recorder *r, int frames, struct all_said *all)
{
	struct bt_snapshot s = {0};
	struct bt_model *m = NULL;
	int err = bt_model_create(&m);

	for (int frame = 0; !err && frame <= frames; frame++) {
		if (r && frame)
			pass_interval(c);
		err = c->ops->read(c, &s);
		if (!err && r)
			err = bt_recorder_frame(r, &s, NULL);
		if (!err)
			err = bt_model_update(m, &s);
		if (!err && frame)
			err = listen(m, frame, all);
		else if (!err)
			bt_model_begin(m);
	}
	bt_snapshot_free(&s);
	bt_model_destroy(m);
	return err;
}

static int live(int frames, const char *path, struct all_said *all)
{
	struct bt_recorder_setup setup = {.version = "test", .interval_ns = INTERVAL_MS * 1000000ull};
	struct bt_recorder *r = NULL;
	struct bt_collector *c;
	char why[512] = "";
	int err = bt_collector_open(&c, BT_COLLECTOR_AUTO, why, sizeof(why));

	if (!err) {
		setup.collector = c->ops->name;
		setup.of = c;
		err = bt_recorder_open(&r, path, &setup, why, sizeof(why));
		if (!err)
			err = watch(c, r, frames, all);
		bt_recorder_close(r);
		c->ops->close(c);
	}
	if (err)
		fprintf(stderr, "live: %s %s\n", strerror(-err), why);
	return err;
}

static int replayed(int frames, const char *path, struct all_said *all)
{
	struct bt_collector *c;
	char why[512] = "";
	int err = bt_replay_open(&c, path, why, sizeof(why));

	if (!err) {
		err = watch(c, NULL, frames, all);
		c->ops->close(c);
	}
	if (err)
		fprintf(stderr, "replayed: %s %s\n", err < 0 ? strerror(-err) : "too few frames", why);
	return err;
}

static void print(const char *what, const struct said *s)
{
	printf("  %s: frame %d, process %d: verdict %d, cause %d, confidence %.9g, active %.9g, %s\n", what,
	       s->frame, s->who.pid, (int)s->verdict.id, s->verdict.cause, (double)s->verdict.confidence,
	       (double)s->verdict.active, s->exited ? "ended" : "there");
}

/* How many differ, or are in one of both alone. */
static size_t compare(const struct all_said *a, const struct all_said *b)
{
	size_t i = 0, k = 0, differ = 0;

	while (i < a->count || k < b->count) {
		int order = i == a->count ? 1 : k == b->count ? -1 : said_compare(&a->list[i], &b->list[k]);
		bool same = !order && a->list[i].exited == b->list[k].exited &&
			    verdict_same(&a->list[i].verdict, &b->list[k].verdict) &&
			    !memcmp(&a->list[i].totals, &b->list[k].totals, sizeof(struct bt_totals));

		if (!same && differ++ < DIFFERENCES_SHOWN) {
			if (order <= 0)
				print("live", &a->list[i]);
			if (order >= 0)
				print("replayed", &b->list[k]);
		}
		i += order <= 0;
		k += order >= 0;
	}
	return differ;
}

int main(int argc, char **argv)
{
	struct all_said told[2] = {0};
	int frames = argc == 3 ? atoi(argv[1]) : 0;
	size_t of[BT_VERDICT_COUNT] = {0}, differ;

	if (frames <= 0) {
		fprintf(stderr, "usage: judged_twice FRAMES FILE\n");
		return 2;
	}
	if (live(frames, argv[2], &told[0]) || replayed(frames, argv[2], &told[1]))
		return 2;
	for (int i = 0; i < 2; i++)
		qsort(told[i].list, told[i].count, sizeof(struct said), said_compare);
	differ = compare(&told[0], &told[1]);
	for (size_t i = 0; i < told[0].count; i++)
		of[told[0].list[i].verdict.id]++;
	printf("frames=%d judged=%zu differ=%zu", frames, told[0].count, differ);
#define BT_X(id, name, meaning) printf(" %s=%zu", name, of[BT_VERDICT_##id]);
	BT_VERDICTS(BT_X)
#undef BT_X
	printf("\n");
	free(told[0].list);
	free(told[1].list);
	return differ ? 1 : 0;
}
