/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is opened, a process or several as one: what it is bound by and why, and its budget over time. */
#include <stdarg.h>
#include <stdio.h>

#include "advice.h"
#include "cells.h"
#include "evidence.h"
#include "moment.h"
#include "names.h"
#include "text_budget.h"
#include "tui_page.h"

#define GAUGE_WIDTH 18
/* On fewer columns the verdict comes before all that is broken into several lines. */
#define NARROW 60

/* One process, and it is there: the model's own, which can be asked for more. Else what is kept of it. */
static const struct bt_process *shown(const struct bt_tui *t)
{
	const struct bt_tui_opened *o = &t->opened;

	return o->kind == BT_TUI_OPEN_PROCESS && o->present ? o->live : &o->last.process;
}

/* "5 s", "3 min", "4 h", "12 d": the two digits that matter. */
static void add_age(struct bt_strbuf *out, uint64_t seconds)
{
	const uint64_t minute_s = 60, hour_s = 3600, day_s = 86400;

	if (seconds < 2 * minute_s)
		bt_strbuf_addf(out, "%llu s", (unsigned long long)seconds);
	else if (seconds < 2 * hour_s)
		bt_strbuf_addf(out, "%llu min", (unsigned long long)(seconds / minute_s));
	else if (seconds < 2 * day_s)
		bt_strbuf_addf(out, "%llu h", (unsigned long long)(seconds / hour_s));
	else
		bt_strbuf_addf(out, "%llu d", (unsigned long long)(seconds / day_s));
}

/* "started 14:02:11, 3 h ago", or where room is short "3 h old"; nothing where the host's uptime is not
 * known. */
static void draw_start(struct bt_page *g, struct bt_pen *pen, const struct bt_process *p)
{
	const struct bt_tui *t = g->t;
	const char *separator = bt_cell_separator(&t->style);
	uint64_t uptime_s = t->frame.host->host.uptime_s;
	uint64_t start_s = p->identity.start_ns / 1000000000;
	struct bt_strbuf age = BT_STRBUF_INIT, text = BT_STRBUF_INIT;
	int64_t start_ns;

	if (!uptime_s || start_s > uptime_s)
		return;
	add_age(&age, uptime_s - start_s);
	start_ns = (t->data->time_s - (int64_t)(uptime_s - start_s)) * 1000000000;
	bt_strbuf_add(&text, "started ");
	bt_moment_text(&text, start_ns, !bt_moment_same_day(start_ns, t->data->time_s * 1000000000));
	bt_strbuf_addf(&text, ", %s ago", bt_strbuf_text(&age));
	if (pen->x + (int)(strlen(separator) + text.length) > pen->end) {
		bt_strbuf_clear(&text);
		bt_strbuf_addf(&text, "%s old", bt_strbuf_text(&age));
	}
	bt_page_part(g, pen, BT_INK_PLAIN, separator, bt_strbuf_text(&text));
	bt_strbuf_free(&age);
	bt_strbuf_free(&text);
}

static void add_use(struct bt_page *g, struct bt_pen *pen, const char *before, const char *value,
		    const char *behind)
{
	static const char between[] = "   ";

	/* "-": not measured, and no use of an unmeasured thing is told. */
	if (!strcmp(value, "-"))
		return;
	bt_page_room(g, pen,
		     (unsigned int)(strlen(between) + strlen(before) + strlen(value) + strlen(behind)));
	bt_pen_text(pen, BT_INK_DIM, pen->x ? between : "");
	bt_pen_text(pen, BT_INK_DIM, before);
	bt_pen_text(pen, BT_INK_PLAIN, value);
	bt_pen_text(pen, BT_INK_DIM, behind);
}

/* What top and htop would tell of it. */
static void draw_uses(struct bt_page *g, const struct bt_process *p)
{
	static const struct {
		enum bt_field_id field;
		const char *before, *behind;
	} uses[] = {
	    {BT_FIELD_RSS_BYTES, "memory ", ""},
	    {BT_FIELD_CPU_TIME_S, "CPU time ", ""},
	    {BT_FIELD_READ_RATE, "reads ", "/s"},
	    {BT_FIELD_WRITE_RATE, "writes ", "/s"},
	};
	const struct bt_subject s = bt_subject_of_process(p);
	double seconds = (double)(p->end_ns - p->begin_ns) / 1e9;
	struct bt_pen pen = bt_page_line(g);
	struct bt_strbuf text = BT_STRBUF_INIT;

	for (size_t i = 0; i < sizeof(uses) / sizeof(*uses); i++) {
		bt_strbuf_clear(&text);
		bt_cell_field(&text, &bt_fields[uses[i].field], 0, &s, &g->t->style);
		add_use(g, &pen, uses[i].before, bt_strbuf_text(&text), uses[i].behind);
	}
	if (seconds > 0) {
		bt_strbuf_clear(&text);
		bt_strbuf_addf(&text, "%.0f", (double)(p->usage.voluntary + p->usage.involuntary) / seconds);
		add_use(g, &pen, "switches ", bt_strbuf_text(&text), "/s");
	}
	bt_strbuf_free(&text);
}

/* Behind all that is said of it: that it is over, that the screen stands still. */
static void draw_state(struct bt_page *g, struct bt_pen *pen, bool ended)
{
	const char *separator = bt_cell_separator(&g->t->style);

	if (ended)
		bt_page_part(g, pen, BT_INK_ERROR, separator, "ENDED");
	if (g->t->paused)
		bt_page_part(g, pen, BT_INK_STARVED, separator, "PAUSED");
}

static __attribute__((format(printf, 3, 4))) void draw_fact(struct bt_page *g, struct bt_pen *pen,
							    const char *format, ...)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	va_list ap;

	va_start(ap, format);
	bt_strbuf_vaddf(&text, format, ap);
	va_end(ap);
	bt_page_part(g, pen, BT_INK_PLAIN, bt_cell_separator(&g->t->style), bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

static void draw_threads(struct bt_page *g, struct bt_pen *pen, const struct bt_process *p)
{
	draw_fact(g, pen, "%u thread%s", p->threads, p->threads == 1 ? "" : "s");
}

/* Whose, how many threads, since when: of one process. */
static void draw_facts(struct bt_page *g, const struct bt_process *p)
{
	struct bt_tui *t = g->t;
	const struct bt_process *parent = bt_model_find(t->frame.model, p->ppid);
	struct bt_pen pen = bt_page_line(g);

	bt_pen_raw(&pen, BT_INK_PLAIN, p->user ? p->user : "?", 20);
	draw_threads(g, &pen, p);
	draw_fact(g, &pen, "nice %d", p->nice);
	draw_fact(g, &pen, "state %c", p->state > 32 && p->state < 127 ? p->state : '?');
	draw_fact(g, &pen, "parent %d%s%s", p->ppid, parent ? " " : "", parent ? parent->comm : "");
	draw_start(g, &pen, p);
	draw_state(g, &pen, p->exited || !t->opened.present);
}

/* Of a family or a group. */
static void draw_count(struct bt_page *g, const struct bt_process *p)
{
	const struct bt_tui_opened *o = &g->t->opened;
	bool family = o->kind == BT_TUI_OPEN_FAMILY;
	struct bt_pen pen = bt_page_line(g);
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_tui_add_members(&text, &o->last);
	bt_pen_format(&pen, BT_INK_PLAIN, "%s of %s", family ? "family" : "control group",
		      bt_strbuf_text(&text));
	bt_strbuf_free(&text);
	draw_threads(g, &pen, p);
	if (family) {
		draw_fact(g, &pen, "of %s", p->user ? p->user : "?");
		draw_start(g, &pen, p);
	}
	draw_state(g, &pen, !o->present);
}

/* In the line that there is, if it has room for all. limits: parts with two spaces between them. */
static void draw_limits(struct bt_page *g, struct bt_pen *pen, const char *limits)
{
	size_t length = strlen(limits), part;

	bt_page_room(g, pen, 10 + (unsigned int)length);
	bt_pen_text(pen, BT_INK_DIM, pen->x ? "   limits " : "limits ");
	for (; length; limits += part, length -= part) {
		const char *next = strstr(limits, "  ");

		part = next ? (size_t)(next - limits) : length;
		bt_page_room(g, pen, (unsigned int)part);
		bt_pen_format(pen, BT_INK_PLAIN, "%.*s", (int)part, limits);
		if (next && pen->x + 2 < pen->end)
			bt_pen_text(pen, BT_INK_PLAIN, "  ");
		part += next ? 2 : 0;
	}
}

/* Container, control group, limits. */
static void draw_place(struct bt_page *g, const struct bt_process *p)
{
	struct bt_tui *t = g->t;
	bool grouped = t->opened.kind == BT_TUI_OPEN_GROUP;
	const struct {
		const char *name, *value, *between;
	} place[] = {
	    {"container ", p->container, ""},
	    {"cgroup ", grouped ? NULL : p->cgroup, bt_cell_separator(&t->style)},
	};
	struct bt_strbuf text = BT_STRBUF_INIT;
	struct bt_pen pen;

	if (t->opened.present && !p->exited)
		t->ops->limits(t->context, p, &text);
	if (!p->container && (!p->cgroup || grouped) && !text.length)
		return;
	pen = bt_page_line(g);
	for (size_t i = 0; i < 2; i++) {
		if (!place[i].value)
			continue;
		bt_page_room(g, &pen, (unsigned int)(strlen(place[i].name) + strlen(place[i].value)) + 3);
		bt_pen_text(&pen, BT_INK_DIM, pen.x ? place[i].between : "");
		bt_pen_text(&pen, BT_INK_DIM, place[i].name);
		bt_pen_raw(&pen, BT_INK_PLAIN, place[i].value, 0);
	}
	if (text.length)
		draw_limits(g, &pen, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

static void draw_name(struct bt_page *g, const struct bt_process *p)
{
	struct bt_pen pen = bt_page_line(g);
	struct bt_strbuf text = BT_STRBUF_INIT;
	unsigned int used;

	if (g->t->opened.kind == BT_TUI_OPEN_GROUP) {
		bt_pen_raw(&pen, BT_INK_BOLD, g->t->opened.group, 0);
	} else {
		bt_pen_format(&pen, BT_INK_BOLD, "%d ", p->identity.pid);
		used = bt_cell_command(&text, p, (unsigned int)(pen.end - pen.x), &g->t->style);
		bt_pen_cell(&pen, BT_INK_BOLD, bt_strbuf_text(&text), used);
	}
	bt_strbuf_free(&text);
}

static void draw_about(struct bt_page *g, const struct bt_process *p)
{
	if (g->t->opened.kind == BT_TUI_OPEN_PROCESS)
		draw_facts(g, p);
	else
		draw_count(g, p);
	draw_uses(g, p);
	draw_place(g, p);
}

/* The verdict, and what speaks for it. */
static void draw_verdict(struct bt_page *g, const struct bt_process *p)
{
	const struct bt_subject subject = bt_subject_of_process(p);
	struct bt_style plain = g->t->style;
	uint64_t since_ns;
	struct bt_strbuf text = BT_STRBUF_INIT;
	struct bt_pen pen;

	plain.colour = false;
	bt_page_line(g);
	pen = bt_page_line(g);
	bt_strbuf_add_char(&text, ' ');
	bt_text_verdict(&text, &p->verdict, &plain);
	bt_strbuf_add_char(&text, ' ');
	bt_pen_text(&pen, BT_INK_PLAIN, " ");
	bt_pen_badge(&pen, bt_ink_of_verdict(p->verdict.id, p->verdict.cause), bt_strbuf_text(&text));
	bt_strbuf_clear(&text);
	since_ns = shown(g->t) == g->t->opened.live ? bt_trends_since_ns(g->t->trends, &subject) : 0;
	if (since_ns) {
		bt_strbuf_add(&text, " for ");
		add_age(&text, (bt_tui_now_ns(g->t) - since_ns + 500000000) / 1000000000);
		bt_pen_text(&pen, BT_INK_BOLD, bt_strbuf_text(&text));
		bt_strbuf_clear(&text);
	}
	bt_text_measure(&text, p);
	bt_text_ending(&text, p);
	if (pen.x + 3 + (int)text.length > pen.end) {
		bt_page_words(g, BT_INK_PLAIN, BT_PAGE_INDENT, bt_strbuf_text(&text));
	} else {
		bt_pen_text(&pen, BT_INK_PLAIN, "   ");
		bt_pen_text(&pen, BT_INK_PLAIN, bt_strbuf_text(&text));
	}
	bt_strbuf_clear(&text);
	bt_evidence(shown(g->t), g->t->data, &text);
	bt_page_words(g, BT_INK_PLAIN, BT_PAGE_INDENT, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

/* What to do about it; of what has ended there is nothing to be done. */
static void draw_advice(struct bt_page *g)
{
	struct bt_advisor advisor = {.frame = g->t->data};
	const struct bt_process *p = shown(g->t);
	struct bt_strbuf text = BT_STRBUF_INIT;
	bt_advice_set advice = g->t->opened.present ? bt_advise(&advisor, p) : 0;

	for (unsigned int row = 0; row < bt_advice_count(); row++) {
		if (!(advice >> row & 1))
			continue;
		bt_strbuf_clear(&text);
		bt_strbuf_add(&text, g->t->style.utf8 ? "→ " : "-> ");
		bt_advice_say(&advisor, p, row, &text);
		bt_page_words(g, BT_INK_BOLD, BT_PAGE_INDENT, bt_strbuf_text(&text));
	}
	bt_strbuf_free(&text);
}

static void draw_history(struct bt_tui *t, struct bt_pen *p, unsigned int ms)
{
	const struct bt_tui_opened *o = &t->opened;
	size_t room = p->end > p->x ? (size_t)(p->end - p->x) : 0;
	size_t count = o->frames < room ? o->frames : room;

	for (size_t i = o->frames - count; i < o->frames; i++)
		bt_pen_spark(p, bt_ink_of_microstate(ms), bt_spark_level(o->history[i][ms] / 255.0));
}

static bool was_seen(const struct bt_tui_opened *o, unsigned int ms)
{
	for (size_t i = 0; i < o->frames; i++)
		if (o->history[i][ms])
			return true;
	return false;
}

/* Seconds of the frames that there is room for from where the pen is. */
static double history_seconds(const struct bt_tui_opened *o, const struct bt_pen *p)
{
	size_t room = p->end > p->x ? (size_t)(p->end - p->x) : 0;
	double seconds = 0;

	for (size_t i = o->frames > room ? o->frames - room : 0; i < o->frames; i++)
		seconds += (double)o->seconds[i];
	return seconds;
}

/* What would be next, if the verdict's cause were gone. */
static void draw_runner_up(struct bt_pen *p, const struct bt_verdict *v)
{
	char text[48];
	int length;

	if (v->id < BT_VERDICT_MIXED || v->runner_up >= BT_MS_COUNT || v->share[v->runner_up] < 0.005f)
		return;
	length = snprintf(text, sizeof(text), "next: %s %.0f%%", bt_microstate_name(v->runner_up),
			  100 * (double)v->share[v->runner_up]);
	if (p->x + 2 + length > p->end)
		return;
	bt_pen_fill(p, p->end - length);
	bt_pen_text(p, BT_INK_DIM, text);
}

/* In the order of the table, so that lines stay where they are from frame to frame. */
static void draw_budget(struct bt_page *g, const struct bt_process *p)
{
	struct bt_tui_opened *o = &g->t->opened;
	const struct bt_verdict *v = &p->verdict;
	struct bt_pen pen;

	bt_page_line(g);
	pen = bt_page_line(g);
	bt_pen_text(&pen, BT_INK_HEAD, "WHERE THE TIME WENT");
	bt_pen_fill(&pen, BT_PAGE_INDENT + BT_PAGE_NAME + 8 + GAUGE_WIDTH + 1);
	bt_pen_format(&pen, BT_INK_HEAD, "LAST %.0f s", history_seconds(o, &pen));
	draw_runner_up(&pen, v);
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		bool together = !v->split && ms == BT_MS_USER;
		double share = (double)v->share[ms] + (together ? (double)v->share[BT_MS_SYSTEM] : 0);

		if ((!v->split && ms == BT_MS_SYSTEM) || (share < 0.0005 && !was_seen(o, ms)))
			continue;
		pen = bt_page_line(g);
		bt_pen_fill(&pen, BT_PAGE_INDENT);
		bt_pen_format(&pen, BT_INK_PLAIN, "%-*s%5.1f%%  ", BT_PAGE_NAME,
			      together ? "cpu" : bt_microstate_name(ms), share * 100);
		bt_pen_gauge(&pen, bt_ink_of_microstate(ms), share, GAUGE_WIDTH);
		bt_pen_text(&pen, BT_INK_PLAIN, " ");
		draw_history(g->t, &pen, ms);
	}
}

void bt_tui_draw_process(struct bt_tui *t, int top, int height)
{
	const struct bt_process *p = &t->opened.last.process;
	struct bt_page g = {t, top, height, 0};
	size_t most;
	bool narrow;

	if (!t->opened.last.members) {
		struct bt_pen pen = bt_page_line(&g);

		bt_pen_text(&pen, BT_INK_DIM, "nothing seen of it");
		return;
	}
	narrow = t->style.columns < NARROW;
	draw_name(&g, p);
	if (!narrow)
		draw_about(&g, p);
	draw_verdict(&g, p);
	draw_advice(&g);
	if (narrow)
		draw_about(&g, p);
	draw_budget(&g, p);
	bt_page_bursts(&g, p);
	bt_page_waits(&g, p);
	if (t->opened.kind == BT_TUI_OPEN_PROCESS)
		bt_page_threads(&g);
	else
		bt_page_members(&g);
	most = g.line > (size_t)height ? g.line - (size_t)height : 0;
	if (t->scroll > most)
		t->scroll = most;
}
