/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_budget.h"

#include <sys/wait.h>

#include "bar.h"
#include "cells.h"
#include "names.h"

size_t bt_budget_parts(const struct bt_verdict *v, double share_min, struct bt_budget_part parts[BT_MS_COUNT])
{
	size_t count = 0;

	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		struct bt_budget_part part = {bt_microstate_name(ms), ms, v->share[ms]};
		size_t at = count;

		if (!v->split && ms == BT_MS_USER)
			part = (struct bt_budget_part){"cpu", ms, v->share[ms] + v->share[BT_MS_SYSTEM]};
		if ((!v->split && ms == BT_MS_SYSTEM) || !(part.share >= share_min))
			continue;
		for (; at && parts[at - 1].share < part.share; at--)
			parts[at] = parts[at - 1];
		parts[at] = part;
		count++;
	}
	return count;
}

void bt_text_verdict(struct bt_strbuf *out, const struct bt_verdict *v, const struct bt_style *style)
{
	const char *sgr = bt_colour_of_verdict(v->id);

	if (*sgr)
		bt_colour_begin(out, sgr, style);
	bt_strbuf_add(out, bt_verdict_name(v->id));
	if (v->cause < BT_MS_COUNT && v->id >= BT_VERDICT_STARVED) {
		bt_strbuf_add(out, " by ");
		bt_strbuf_add(out, bt_microstate_name(v->cause));
	} else if (v->cause < BT_MS_COUNT && v->cause != BT_MS_UNKNOWN) {
		bt_strbuf_addf(out, " (%s)", bt_microstate_name(v->cause));
	}
	if (*sgr)
		bt_colour_end(out, style);
}

void bt_text_measure(struct bt_strbuf *out, const struct bt_process *p)
{
	double seconds = (double)(p->end_ns - p->begin_ns) / 1e9;

	bt_cell_percent(out, p->verdict.active, 0);
	bt_strbuf_add(out, "% active, ");
	bt_strbuf_add_fixed(out, p->verdict.cpus, 2);
	bt_strbuf_add(out, " cpus, ");
	bt_strbuf_add_fixed(out, seconds, seconds < 1 ? 3 : 1);
	bt_strbuf_add(out, " s, confidence ");
	bt_strbuf_add_fixed(out, p->verdict.confidence, 2);
}

void bt_text_ending(struct bt_strbuf *out, const struct bt_process *p)
{
	if (!p->exited && p->state == 'Z')
		bt_strbuf_add(out, "; a zombie: it ended, and its parent has not asked how");
	else if (p->exited && p->exit_code == BT_EXIT_UNKNOWN)
		bt_strbuf_add(out, "; ended");
	else if (p->exited && WIFSIGNALED(p->exit_code))
		bt_strbuf_addf(out, "; killed by signal %d", WTERMSIG(p->exit_code));
	else if (p->exited)
		bt_strbuf_addf(out, "; ended with status %d", WEXITSTATUS(p->exit_code));
}
