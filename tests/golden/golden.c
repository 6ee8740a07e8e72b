/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * golden NAME: prints what a view makes of a made-up host. golden: names all there are.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"
#include "scenes.h"
#include "sort.h"
#include "strbuf.h"
#include "tree.h"
#include "view.h"

enum show { SHOW_TOP, SHOW_CLASSIFY, SHOW_RUN, SHOW_JSON, SHOW_BURSTS, SHOW_RUN_BURSTS };

struct golden {
	const char *name;
	enum show show;
	const struct scene *scene;
	struct bt_style style;
	const char *sort;
	int32_t only; /* that process alone; 0 = all */
	int32_t tree; /* of that process; 0 = none */
	bool threads;
	bool run;
};

#define WIDE                                                                                                 \
	{                                                                                                    \
		0, true, false                                                                               \
	}
#define AT(n)                                                                                                \
	{                                                                                                    \
		n, true, false                                                                               \
	}
#define ASCII                                                                                                \
	{                                                                                                    \
		80, false, false                                                                             \
	}
#define COLOUR                                                                                               \
	{                                                                                                    \
		100, true, true                                                                              \
	}

/* clang-format off */
static const struct golden goldens[] = {
	{ "top-080", SHOW_TOP, &scene_web, AT(80), NULL, 0, 0, false, false },
	{ "top-100", SHOW_TOP, &scene_web, AT(100), NULL, 0, 0, false, false },
	{ "top-120", SHOW_TOP, &scene_web, AT(120), NULL, 0, 0, false, false },
	{ "top-040", SHOW_TOP, &scene_web, AT(40), NULL, 0, 0, false, false },
	{ "top-pipe", SHOW_TOP, &scene_web, WIDE, NULL, 0, 0, false, false },
	{ "top-ascii", SHOW_TOP, &scene_web, ASCII, NULL, 0, 0, false, false },
	{ "top-colour", SHOW_TOP, &scene_web, COLOUR, NULL, 0, 0, false, false },
	{ "top-threads", SHOW_TOP, &scene_web, AT(80), NULL, 0, 0, true, false },
	{ "top-sort-rss", SHOW_TOP, &scene_web, AT(100), "rss_bytes", 0, 0, false, false },
	{ "top-sort-command", SHOW_TOP, &scene_web, AT(80), "command", 0, 0, false, false },
	{ "top-sampled", SHOW_TOP, &scene_sampled, AT(100), NULL, 0, 0, false, false },
	{ "top-hostile", SHOW_TOP, &scene_hostile, AT(80), NULL, 0, 0, false, false },
	{ "top-hostile-ascii", SHOW_TOP, &scene_hostile, ASCII, NULL, 0, 0, false, false },
	{ "classify-one", SHOW_CLASSIFY, &scene_web, AT(80), NULL, 2212, 0, false, false },
	{ "classify-threads", SHOW_CLASSIFY, &scene_web, AT(80), NULL, 8123, 0, true, false },
	{ "classify-all", SHOW_CLASSIFY, &scene_web, AT(120), NULL, 0, 0, false, false },
	{ "classify-040", SHOW_CLASSIFY, &scene_web, AT(40), NULL, 0, 0, false, false },
	{ "classify-pipe", SHOW_CLASSIFY, &scene_web, WIDE, NULL, 0, 0, false, false },
	{ "classify-hostile", SHOW_CLASSIFY, &scene_hostile, WIDE, NULL, 0, 0, false, false },
	{ "classify-sampled", SHOW_CLASSIFY, &scene_sampled, WIDE, NULL, 2212, 0, false, false },
	{ "classify-tree", SHOW_CLASSIFY, &scene_build, AT(80), NULL, 0, 900, false, false },
	{ "classify-bursts", SHOW_BURSTS, &scene_bursts, WIDE, NULL, 700, 0, false, false },
	{ "classify-bursts-060", SHOW_BURSTS, &scene_bursts, AT(60), NULL, 700, 0, false, false },
	{ "classify-bursts-ascii", SHOW_BURSTS, &scene_bursts, ASCII, NULL, 700, 0, false, false },
	{ "classify-bursts-none", SHOW_BURSTS, &scene_bursts, AT(80), NULL, 701, 0, false, false },
	{ "classify-peer", SHOW_CLASSIFY, &scene_bursts, AT(50), NULL, 703, 0, false, false },
	{ "classify-peer-ascii", SHOW_CLASSIFY, &scene_bursts, ASCII, NULL, 703, 0, false, false },
	{ "json-bursts", SHOW_JSON, &scene_bursts, WIDE, NULL, 700, 0, false, false },
	{ "run-bursts", SHOW_RUN_BURSTS, &scene_build, AT(80), NULL, 0, 900, false, true },
	{ "run", SHOW_RUN, &scene_build, AT(80), NULL, 0, 900, false, true },
	{ "run-pipe", SHOW_RUN, &scene_build, WIDE, NULL, 0, 900, false, true },
	{ "run-ascii", SHOW_RUN, &scene_build, ASCII, NULL, 0, 900, false, true },
	{ "json-one", SHOW_JSON, &scene_web, WIDE, NULL, 2212, 0, false, false },
	{ "json-threads", SHOW_JSON, &scene_web, WIDE, NULL, 8123, 0, true, false },
	{ "json-hostile", SHOW_JSON, &scene_hostile, WIDE, NULL, 4194304, 0, false, false },
	{ "json-sampled", SHOW_JSON, &scene_sampled, WIDE, NULL, 9001, 0, false, false },
	{ "json-run", SHOW_JSON, &scene_build, WIDE, NULL, 0, 900, false, true },
};
/* clang-format on */

static const struct bt_host host = {"web-07", 12 * 86400 + 4 * 3600, 3.12};
static const struct bt_run_result run_result = {"make -j2 \"all\"", 4012345678, 5100000000, 400000000, 2, 1};

/* What the commands do: look up names, choose, sort. Returns how many of list are left. */
static size_t prepare(const struct golden *g, struct bt_process **list, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		const struct scene_process *p = scene_find(g->scene, list[i]->identity.pid);

		list[i]->cmdline = p ? p->cmdline : NULL;
		list[i]->user = p ? p->user : NULL;
		list[i]->cgroup = p ? p->cgroup : NULL;
		list[i]->container = p ? p->container : NULL;
		if (!g->only || list[i]->identity.pid == g->only)
			list[kept++] = list[i];
	}
	return kept;
}

static int read_scene(const struct golden *g, struct bt_model *m, struct bt_tree **tree)
{
	const struct bt_identity root = {g->tree,
					 11 * 86400 * 1000000000ull + (uint64_t)g->tree * 4000000000ull};
	struct bt_snapshot s = {0};
	struct bt_collector *c;
	int err = scene_open(g->scene, &c);

	if (err)
		return err;
	err = c->ops->read(c, &s) ?: bt_model_update(m, &s);
	if (!err) {
		bt_model_begin(m);
		err = g->tree ? bt_tree_create(m, &root, tree) : 0;
	}
	if (!err)
		err = c->ops->read(c, &s) ?: bt_model_update(m, &s);
	bt_snapshot_free(&s);
	c->ops->close(c);
	return err;
}

static int render(const struct golden *g, struct bt_model *m, struct bt_tree *tree, struct bt_strbuf *out)
{
	static const bt_view views[] = {bt_view_top,  bt_view_classify, bt_view_run,
					bt_view_json, bt_view_classify, bt_view_run};
	struct bt_report r = {.version = "1.2.3", .threads = g->threads};
	int err;

	r.collector = g->scene->sampled ? "procfs" : "bpf";
	err = bt_model_judge(m, g->threads);
	if (err)
		return err;
	r.frame = bt_model_frame(m);
	if (tree)
		err = bt_tree_members(tree, &r.processes, &r.process_count);
	else
		r.processes = r.frame->processes, r.process_count = r.frame->process_count;
	if (err)
		return err;
	r.process_count = prepare(g, r.processes, r.process_count);
	if (tree) {
		r.total = bt_tree_total(tree);
		r.descendants = bt_tree_descendants(tree);
	}
	r.bursts = g->show == SHOW_BURSTS || g->show == SHOW_RUN_BURSTS;
	r.host = g->show == SHOW_TOP ? &host : NULL;
	r.run = g->run ? &run_result : NULL;
	r.sort = g->sort ? bt_field_find(g->sort) : NULL;
	if (!tree)
		err = bt_processes_sort(r.processes, r.process_count, r.sort, false);
	return err ? err : views[g->show](&r, &g->style, out);
}

static int print_golden(const struct golden *g)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_tree *tree = NULL;
	struct bt_model *m = NULL;
	int err = bt_model_create(&m);

	if (!err)
		err = read_scene(g, m, &tree);
	if (!err)
		err = render(g, m, tree, &out);
	if (!err && fwrite(out.data, 1, out.length, stdout) != out.length)
		err = -EIO;
	bt_tree_destroy(tree);
	bt_model_destroy(m);
	bt_strbuf_free(&out);
	if (err)
		fprintf(stderr, "golden: %s: %s\n", g->name, strerror(-err));
	return err;
}

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(goldens) / sizeof(goldens[0]); i++) {
		if (argc < 2)
			puts(goldens[i].name);
		else if (!strcmp(goldens[i].name, argv[1]))
			return print_golden(&goldens[i]) ? 1 : 0;
	}
	return argc < 2 ? 0 : 2;
}
