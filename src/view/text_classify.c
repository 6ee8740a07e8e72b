/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of `classify`: verdict, budget and evidence of each process. */
#include "cells.h"
#include "evidence.h"
#include "text_advice.h"
#include "text_budget.h"
#include "text_bursts.h"
#include "view.h"

/* Columns for the name in the first line, and for what comes behind it: the verdict has to be seen. */
#define NAME_WIDTH 32
#define REST_WIDTH 88
#define SHARE_MIN  0.0005
#define PID_WIDTH  7

/* How much of a name there is room for; 0: all of it. */
static unsigned int name_limit(const struct bt_style *style)
{
	if (!style->columns)
		return 0;
	if (style->columns > REST_WIDTH + NAME_WIDTH)
		return style->columns - REST_WIDTH;
	return style->columns / 2 < NAME_WIDTH ? style->columns / 2 : NAME_WIDTH;
}

/* Of a list: where verdicts stand below each other, unless a name is longer. */
static unsigned int name_width(const struct bt_report *r, const struct bt_style *style)
{
	struct bt_strbuf scratch = BT_STRBUF_INIT;
	unsigned int widest = 0;

	for (size_t i = 0; i < r->process_count && widest < NAME_WIDTH; i++) {
		unsigned int width;

		bt_strbuf_clear(&scratch);
		width = bt_cell_command(&scratch, r->processes[i], name_limit(style), style);
		if (width > widest)
			widest = width;
	}
	bt_strbuf_free(&scratch);
	return widest < NAME_WIDTH ? widest : NAME_WIDTH;
}

static void add_parts(struct bt_strbuf *out, const struct bt_verdict *v)
{
	struct bt_budget_part parts[BT_MS_COUNT];
	size_t count = bt_budget_parts(v, SHARE_MIN, parts);

	if (!count)
		return;
	bt_strbuf_add_char(out, ' ');
	for (size_t i = 0; i < count; i++) {
		bt_strbuf_addf(out, "%s %s ", i ? " " : "", parts[i].name);
		bt_cell_percent(out, parts[i].share, 1);
		bt_strbuf_add_char(out, '%');
	}
	bt_strbuf_add_char(out, '\n');
}

static void add_threads(struct bt_strbuf *out, const struct bt_process *p, const struct bt_style *style)
{
	struct bt_columns columns;

	bt_columns_choose(&columns, true, NULL, style);
	bt_columns_head(&columns, style, out);
	for (uint32_t i = 0; i < p->thread_count; i++) {
		struct bt_subject s = bt_subject_of_thread(p, p->thread_list[i]);

		bt_columns_row(&columns, &s, style, out);
	}
}

/* pid_width, wide: where one stands in a list, so that verdicts stand below each other; else 0. */
static void add_process(struct bt_strbuf *out, const struct bt_report *r, struct bt_advisor *advisor,
			const struct bt_process *p, unsigned int pid_width, unsigned int wide,
			const struct bt_style *style)
{
	bool brief = pid_width && p->verdict.id == BT_VERDICT_IDLE && !p->exited && p->state != 'Z';
	size_t begin = out->length;
	unsigned int used;

	bt_strbuf_add_int(out, p->identity.pid);
	if (out->length - begin < pid_width) {
		size_t length = out->length - begin;

		bt_strbuf_truncate(out, begin);
		bt_strbuf_add_fill(out, ' ', pid_width - length);
		bt_strbuf_add_int(out, p->identity.pid);
	}
	bt_strbuf_add_char(out, ' ');
	used = bt_cell_command(out, p, name_limit(style), style);
	if (used < wide)
		bt_strbuf_add_fill(out, ' ', wide - used);
	if (p == r->total)
		bt_strbuf_addf(out, " and %llu descendant%s", (unsigned long long)r->descendants,
			       r->descendants == 1 ? "" : "s");
	bt_strbuf_add(out, "   ");
	bt_text_verdict(out, &p->verdict, style);
	bt_strbuf_add(out, "   ");
	bt_text_measure(out, p);
	bt_text_ending(out, p);
	bt_strbuf_add_char(out, '\n');
	if (!brief) {
		add_parts(out, &p->verdict);
		bt_strbuf_add(out, "  ");
		bt_evidence(p, r->frame, out);
		bt_strbuf_add_char(out, '\n');
		bt_text_advice(out, advisor, p, style);
		if (r->bursts)
			bt_text_bursts(out, &p->usage, style);
	}
	if (r->threads && p != r->total)
		add_threads(out, p, style);
}

int bt_view_classify(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out)
{
	bool list = r->process_count > 1;
	unsigned int wide = list ? name_width(r, style) : 0;
	struct bt_advisor advisor = {.frame = r->frame};
	struct bt_columns columns;

	if (r->total) {
		add_process(out, r, &advisor, r->total, 0, 0, style);
		bt_strbuf_add_char(out, '\n');
	}
	if (r->total && !r->threads) {
		bt_columns_choose(&columns, false, NULL, style);
		bt_columns_head(&columns, style, out);
		for (size_t i = 0; i < r->process_count; i++) {
			struct bt_subject s = bt_subject_of_process(r->processes[i]);

			bt_columns_row(&columns, &s, style, out);
		}
		return bt_strbuf_error(out);
	}
	for (size_t i = 0; i < r->process_count; i++)
		add_process(out, r, &advisor, r->processes[i], list ? PID_WIDTH : 0, wide, style);
	return bt_strbuf_error(out);
}
