/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Snapshots as a recording could hold them: any bytes as records, through the model and every view. The input
 * is a list of steps, so that records which fit together are found quickly, and any byte of them can be
 * altered; the JSON is read by another library.
 */
#include <jansson.h>

#include "field.h"
#include "model.h"
#include "snapshot.h"
#include "sort.h"
#include "sum.h"
#include "tree.h"
#include "view.h"

#include "fuzz.h"

#define RECORDS_MAX   64
#define SNAPSHOTS_MAX 12

struct world {
	struct fuzz_input in;
	struct bt_model *m;
	struct bt_tree *tree;
	struct bt_snapshot s;
	struct bt_kept kept;
	uint64_t now_ns;
	size_t last; /* where the last record begins */
	unsigned int records, snapshots;
};

/* A time before or after now, near or far. */
static uint64_t take_time(struct world *w)
{
	uint64_t way = fuzz_take(&w->in, 1);
	uint64_t ns = fuzz_take(&w->in, 2) << (way & 0x1f);

	if (way & 0x40)
		return ns;
	return way & 0x80 ? w->now_ns + ns : w->now_ns - ns;
}

static void append(struct world *w, const void *bytes, size_t size)
{
	unsigned char *at = bt_snapshot_reserve(&w->s, size);

	if (!at)
		abort();
	memcpy(at, bytes, size);
	w->last = w->s.length;
	w->s.length += size;
	w->records++;
}

static void add_thread(struct world *w, enum bt_record_type type)
{
	struct bt_record r = {.head = {.size = sizeof(r), .type = type}};
	struct bt_account *a = &r.account;
	uint64_t at;

	r.head.valid = (uint8_t)~fuzz_take(&w->in, 1);
	r.head.tid = (int32_t)fuzz_take(&w->in, 1);
	r.head.id = fuzz_take(&w->in, 1);
	r.head.now_ns = take_time(w);
	r.facts.tgid = (int32_t)fuzz_take(&w->in, 1);
	r.facts.ppid = (int32_t)fuzz_take(&w->in, 1);
	r.facts.leader_start_ns = fuzz_take(&w->in, 1);
	r.facts.start_ns = take_time(w);
	r.facts.runtime_ns = take_time(w);
	r.facts.utime_ns = fuzz_take(&w->in, 4);
	r.facts.stime_ns = fuzz_take(&w->in, 4);
	r.facts.state = (char)fuzz_take(&w->in, 1);
	r.facts.kind = (uint8_t)fuzz_take(&w->in, 1);
	for (size_t i = 0; i < 3; i++)
		r.facts.comm[i] = (char)fuzz_take(&w->in, 1);
	a->id = r.head.id;
	a->phase = (uint32_t)fuzz_take(&w->in, 1);
	a->reason.cause = (uint8_t)fuzz_take(&w->in, 1);
	a->reason.target = (uint8_t)fuzz_take(&w->in, 1);
	a->reason.syscall = (int16_t)fuzz_take(&w->in, 2);
	a->woken_cause = (uint8_t)fuzz_take(&w->in, 1);
	a->born_ns = take_time(w);
	a->since_ns = take_time(w);
	a->woken_ns = take_time(w);
	a->parent_tgid = (int32_t)fuzz_take(&w->in, 1);
	a->totals.oncpu_ns = take_time(w);
	at = fuzz_take(&w->in, 1);
	a->totals.offcpu_ns[at % BT_OFFCPU_COUNT] = take_time(w);
	a->waits[0].reason = a->reason;
	a->waits[0].ns = take_time(w);
	a->waits[0].count = (uint32_t)fuzz_take(&w->in, 1);
	at = fuzz_take(&w->in, 1);
	a->bursts.cpu[at % BT_BURST_BUCKETS] = (uint32_t)fuzz_take(&w->in, 1);
	at = fuzz_take(&w->in, 1);
	a->bursts.io[at % BT_BURST_BUCKETS] = (uint32_t)fuzz_take(&w->in, 1);
	append(w, &r, sizeof(r));
}

static void add_lump(struct world *w)
{
	struct bt_lump l = {.head = {.size = sizeof(l), .type = BT_RECORD_LUMP}};

	l.parent_tgid = (int32_t)fuzz_take(&w->in, 1);
	l.parent_start_ns = fuzz_take(&w->in, 1);
	l.threads = (uint32_t)fuzz_take(&w->in, 1);
	l.wall_ns = take_time(w);
	l.totals.oncpu_ns = take_time(w);
	append(w, &l, sizeof(l));
}

static void add_same(struct world *w)
{
	struct bt_record_head head = {.size = sizeof(head), .type = BT_RECORD_SAME};

	head.id = fuzz_take(&w->in, 1);
	head.now_ns = take_time(w);
	append(w, &head, sizeof(head));
}

/* Alters bytes of the last record. */
static void poke(struct world *w)
{
	size_t offset = (size_t)fuzz_take(&w->in, 2);
	size_t bytes = (size_t)fuzz_take(&w->in, 1) & 7;
	uint64_t value = fuzz_take(&w->in, bytes + 1);

	if (w->last + offset + bytes < w->s.length)
		memcpy(w->s.records + w->last + offset, &value, bytes + 1);
}

/* What another library reads: one object, no key twice. */
static void check_json(const struct bt_strbuf *out)
{
	json_t *parsed =
	    json_loadb(out->data, out->length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);

	FUZZ_ASSERT(parsed);
	json_decref(parsed);
}

static void show(struct world *w, uint8_t how)
{
	static const bt_view views[] = {bt_view_json, bt_view_top, bt_view_classify, bt_view_run};
	struct bt_run_result run = {.command = "c", .real_ns = 1};
	struct bt_host host = {.name = "h"};
	struct bt_style style = {.columns = how & 0x10 ? 80 : 0, .utf8 = how & 0x20, .colour = how & 0x40};
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_report r = {.version = "0", .collector = "replay", .frame = bt_model_frame(w->m)};
	struct bt_process **list = NULL;
	struct bt_sum sum;

	if (!r.frame || bt_model_judge(w->m, how & 1))
		abort();
	r.process_count = r.frame->process_count;
	list = calloc(r.process_count + 1, sizeof(struct bt_process *));
	if (!list)
		abort();
	for (size_t i = 0; i < r.process_count; i++) {
		list[i] = r.frame->processes[i];
		/* What is looked up outlives the process, as it does in lookup.h. */
		list[i]->cmdline = i & 1 ? "\x1b[31m \xff\n x" : NULL;
		if (list[i]->usage.wait_count)
			bt_model_waiters(w->m, list[i], &list[i]->usage.waits[0].reason);
	}
	r.processes = list;
	r.threads = how & 1;
	r.bursts = true;
	r.host = &host;
	r.kept = &w->kept;
	if (w->tree) {
		r.total = bt_tree_total(w->tree);
		r.descendants = bt_tree_descendants(w->tree);
	} else if (r.process_count) {
		bt_sum_begin(&sum, list[0]);
		for (size_t i = 0; i < r.process_count; i++)
			bt_sum_add(&sum, list[i]);
		bt_sum_judge(&sum, r.frame);
		r.total = &sum.process;
	}
	if (bt_processes_sort(list, r.process_count, &bt_fields[how % BT_FIELD_COUNT], how & 2))
		abort();
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]); i++) {
		r.run = views[i] == bt_view_run || how & 8 ? &run : NULL;
		if (views[i] == bt_view_run && !r.total)
			continue;
		bt_strbuf_clear(&out);
		if (views[i](&r, &style, &out))
			abort();
		if (views[i] == bt_view_json)
			check_json(&out);
		/* As it is agreed on who shows frames: what was shown is there when the next one is made. */
		if (views[i] == bt_view_top && w->kept.usable) {
			bt_strbuf_clear(&w->kept.text);
			bt_strbuf_add_bytes(&w->kept.text, out.data, out.length);
		}
	}
	bt_strbuf_free(&out);
	free(list);
}

static void end_snapshot(struct world *w)
{
	uint8_t how = (uint8_t)fuzz_take(&w->in, 1);

	w->s.begin_ns = w->now_ns;
	w->now_ns += fuzz_take(&w->in, 2) << (how & 0x1f);
	w->s.end_ns = w->now_ns;
	w->s.cpus_online = 2;
	w->s.tick_ns = how & 0x40 ? 4000000 : 0;
	w->s.exact = how & 0x80;
	w->s.measured = BT_MEASURED_ALL;
	bt_model_update(w->m, &w->s);
	bt_snapshot_clear(&w->s);
	w->last = 0;
	w->records = 0;
	w->snapshots++;
}

static void step(struct world *w)
{
	struct bt_identity who;
	struct bt_process *p;

	switch (fuzz_take(&w->in, 1) % 12) {
	case 0:
	case 1:
		add_thread(w, BT_RECORD_THREAD);
		break;
	case 2:
		add_thread(w, BT_RECORD_ENDED);
		break;
	case 3:
		add_same(w);
		break;
	case 4:
		add_lump(w);
		break;
	case 5:
	case 6:
		poke(w);
		break;
	case 7:
		end_snapshot(w);
		break;
	case 8:
		bt_model_begin(w->m);
		break;
	case 9:
		show(w, (uint8_t)fuzz_take(&w->in, 1));
		break;
	case 10:
		who.pid = (int32_t)fuzz_take(&w->in, 1);
		p = bt_model_find(w->m, who.pid);
		if (p && !w->tree && bt_tree_create(w->m, &p->identity, &w->tree))
			abort();
		break;
	default:
		who.pid = (int32_t)fuzz_take(&w->in, 1);
		p = bt_model_find(w->m, who.pid);
		if (p)
			bt_model_begin_at(w->m, &p->identity, take_time(w));
		else if (who.pid & 1)
			bt_model_end_at(w->m, take_time(w));
		else
			bt_model_prune(w->m, (size_t)who.pid & 3);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world w = {.in = {data, size}, .now_ns = 1ull << 40};

	if (bt_model_create(&w.m))
		abort();
	if (size && data[0] == 0xff) {
		/* The rest as it is, twice: a base and an interval. */
		for (int i = 0; i < 2; i++) {
			append(&w, data + 1, size - 1);
			end_snapshot(&w);
		}
		w.in.size = 0;
	}
	while (w.in.size && w.records < RECORDS_MAX && w.snapshots < SNAPSHOTS_MAX)
		step(&w);
	end_snapshot(&w);
	show(&w, (uint8_t)size);
	bt_tree_destroy(w.tree);
	bt_model_destroy(w.m);
	bt_snapshot_free(&w.s);
	bt_strbuf_free(&w.kept.text);
	return 0;
}
