/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The report of `run`: real time, verdict and budget of the whole tree, then its heaviest processes. */
#include "bar.h"
#include "cells.h"
#include "evidence.h"
#include "names.h"
#include "text_advice.h"
#include "text_budget.h"
#include "text_bursts.h"
#include "view.h"

#define HEAVIEST  10
#define STILL_MAX 5
#define BAR_WIDTH 40
#define SHARE_MIN 0.0005

static void add_seconds(struct bt_strbuf *out, const char *name, uint64_t ns)
{
	bt_strbuf_add(out, name);
	bt_strbuf_add_fixed(out, (double)ns / 1e9, 3);
	bt_strbuf_add(out, " s");
}

static void add_head(struct bt_strbuf *out, const struct bt_report *r, const struct bt_style *style)
{
	const struct bt_run_result *run = r->run;
	unsigned int room = style->columns > 20 ? style->columns - 14 : 6;

	bt_strbuf_add(out, "boundtop run: ");
	bt_cell_raw(out, run->command, style->columns ? room : 0, style);
	bt_strbuf_add_char(out, '\n');
	add_seconds(out, "real ", run->real_ns);
	add_seconds(out, "   user ", run->user_ns);
	add_seconds(out, "   system ", run->system_ns);
	bt_strbuf_addf(out, "   exit status %d", run->exit_status);
	bt_strbuf_addf(out, "   %llu descendant%s\n\n", (unsigned long long)r->descendants,
		       r->descendants == 1 ? "" : "s");
}

static void add_budget(struct bt_strbuf *out, const struct bt_process *total, const struct bt_style *style)
{
	struct bt_budget_part parts[BT_MS_COUNT];
	size_t count = bt_budget_parts(&total->verdict, SHARE_MIN, parts);

	for (size_t i = 0; i < count; i++) {
		double seconds = parts[i].share * (double)total->usage.wall_ns / 1e9;
		const char *sgr = bt_colour_of_microstate(parts[i].ms);

		bt_strbuf_addf(out, "  %-10s%6.1f%% %10.3f s  ", parts[i].name, parts[i].share * 100,
			       seconds);
		bt_colour_begin(out, sgr, style);
		bt_gauge(out, parts[i].share, BAR_WIDTH, style);
		bt_colour_end(out, style);
		bt_strbuf_add_char(out, '\n');
	}
}

static void add_heaviest(struct bt_strbuf *out, const struct bt_report *r, const struct bt_style *style)
{
	struct bt_columns columns;
	size_t shown = r->process_count < HEAVIEST ? r->process_count : HEAVIEST;

	bt_columns_choose(&columns, false, &bt_fields[BT_FIELD_ONCPU_S], style);
	bt_strbuf_add_char(out, '\n');
	bt_columns_head(&columns, style, out);
	for (size_t i = 0; i < shown; i++) {
		struct bt_subject s = bt_subject_of_process(r->processes[i]);

		bt_columns_row(&columns, &s, style, out);
	}
	if (r->descendants + 1 > shown)
		bt_strbuf_addf(out, "%llu more processes\n",
			       (unsigned long long)(r->descendants + 1 - shown));
}

static void add_still_running(struct bt_strbuf *out, const struct bt_report *r, const struct bt_style *style)
{
	size_t named = 0;

	if (!r->run->still_running)
		return;
	bt_strbuf_addf(out, "still running: %zu (", r->run->still_running);
	for (size_t i = 0; i < r->process_count && named < STILL_MAX; i++) {
		const struct bt_process *p = r->processes[i];

		if (p->exited || p->state == 'Z' || p->identity.pid == r->total->identity.pid)
			continue;
		bt_strbuf_addf(out, "%s%d ", named++ ? ", " : "", p->identity.pid);
		bt_cell_raw(out, p->comm, 0, style);
	}
	bt_strbuf_add(out, r->run->still_running > named ? style->utf8 ? ", …)\n" : ", ...)\n" : ")\n");
}

int bt_view_run(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out)
{
	const struct bt_process *total = r->total;
	struct bt_advisor advisor = {.frame = r->frame};

	add_head(out, r, style);
	bt_text_verdict(out, &total->verdict, style);
	bt_strbuf_add(out, "   ");
	bt_text_measure(out, total);
	bt_strbuf_add(out, "\n  ");
	bt_evidence(total, r->frame, out);
	bt_strbuf_add_char(out, '\n');
	bt_text_advice(out, &advisor, total, style);
	bt_strbuf_add_char(out, '\n');
	add_budget(out, total, style);
	if (r->bursts) {
		bt_strbuf_add_char(out, '\n');
		bt_text_bursts(out, &total->usage, style);
	}
	add_heaviest(out, r, style);
	add_still_running(out, r, style);
	return bt_strbuf_error(out);
}
