/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process, opened: what it is bound by and why, its budget over time, bursts, waits, threads. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "cells.h"
#include "evidence.h"
#include "moment.h"
#include "names.h"
#include "text_budget.h"
#include "tui_internal.h"

#define GAUGE_WIDTH 18
#define NAME_WIDTH  10
#define NAME_INDENT 2

/* Lines are drawn from the first to the last; those scrolled out of sight are only counted. */
struct page {
	struct bt_tui *t;
	int top, height;
	size_t line;
};

static struct bt_pen page_line(struct page *g)
{
	long y = (long)g->line++ - (long)g->t->scroll;
	struct bt_pen p = bt_tui_pen(g->t, g->top + (int)y);

	p.hidden = y < 0 || y >= g->height;
	return p;
}

static void page_title(struct page *g, const char *text)
{
	struct bt_pen p;

	page_line(g);
	p = page_line(g);
	bt_pen_text(&p, BT_INK_HEAD, text);
}

/* Words, broken into lines that begin at indent. */
static void page_words(struct page *g, enum bt_ink ink, int indent, const char *text)
{
	struct bt_pen p = page_line(g);

	bt_pen_fill(&p, indent);
	while (*text) {
		int length = (int)strcspn(text, " ");

		if (p.x > indent && p.x + 1 + length > p.end) {
			p = page_line(g);
			bt_pen_fill(&p, indent);
		} else if (p.x > indent) {
			bt_pen_text(&p, ink, " ");
		}
		bt_pen_format(&p, ink, "%.*s", length, text);
		text += length;
		text += *text == ' ';
	}
}

void bt_tui_process_close(struct bt_tui *t)
{
	free(t->opened.cmdline);
	free(t->opened.user);
	free(t->opened.cgroup);
	free(t->opened.container);
	memset(&t->opened, 0, sizeof(t->opened));
}

static void text_keep(char **kept, const char *text)
{
	char *copy;

	if (!text || (*kept && !strcmp(*kept, text)))
		return;
	copy = strdup(text);
	if (!copy)
		return;
	free(*kept);
	*kept = copy;
}

static void history_add(struct bt_tui_opened *o, const struct bt_verdict *v, uint64_t duration_ns)
{
	uint8_t *shares;

	if (o->frames == BT_TUI_HISTORY) {
		memmove(o->history[0], o->history[1], sizeof(o->history) - sizeof(o->history[0]));
		memmove(&o->seconds[0], &o->seconds[1], sizeof(o->seconds) - sizeof(o->seconds[0]));
	} else {
		o->frames++;
	}
	o->seconds[o->frames - 1] = (float)duration_ns / 1e9f;
	shares = o->history[o->frames - 1];
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		float share = v->share[ms];

		/* What cannot be told apart is drawn as one. */
		if (!v->split && ms < BT_OFFCPU_FIRST)
			share = ms == BT_MS_USER ? v->share[BT_MS_USER] + v->share[BT_MS_SYSTEM] : 0;
		shares[ms] = (uint8_t)(share > 1 ? 255 : share * 255 + 0.5f);
	}
}

void bt_tui_process_update(struct bt_tui *t)
{
	struct bt_tui_opened *o = &t->opened;
	struct bt_process *p;

	if (!o->open)
		return;
	o->live = p = bt_model_find_identity(t->frame.model, &o->identity);
	if (!p || bt_model_threads(t->frame.model, p))
		return;
	t->ops->describe(t->context, p,
			 BT_TUI_DESCRIBE_USER | BT_TUI_DESCRIBE_COMMAND | BT_TUI_DESCRIBE_PEERS);
	text_keep(&o->cmdline, p->cmdline);
	text_keep(&o->user, p->user);
	text_keep(&o->cgroup, p->cgroup);
	text_keep(&o->container, p->container);
	bt_sum_begin(&o->last, p);
	bt_sum_add(&o->last, p);
	o->last.process.verdict = p->verdict;
	o->last.process.exited = p->exited;
	o->last.process.cmdline = o->cmdline;
	o->last.process.user = o->user;
	o->last.process.cgroup = o->cgroup;
	o->last.process.container = o->container;
	history_add(o, &p->verdict, t->data->duration_ns);
}

void bt_tui_process_open(struct bt_tui *t, const struct bt_process *p)
{
	bt_tui_process_close(t);
	t->opened.open = true;
	t->opened.identity = p->identity;
	t->view = BT_TUI_PROCESS;
	t->scroll = 0;
	bt_tui_process_update(t);
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

/* "started 14:02:11, 3 h ago"; nothing where the host's uptime is not known. */
static void draw_start(const struct bt_tui *t, struct bt_pen *pen, const struct bt_process *p)
{
	uint64_t uptime_s = t->frame.host->host.uptime_s;
	uint64_t start_s = p->identity.start_ns / 1000000000;
	struct bt_strbuf text = BT_STRBUF_INIT;
	int64_t start_ns;

	if (!uptime_s || start_s > uptime_s)
		return;
	start_ns = (t->data->time_s - (int64_t)(uptime_s - start_s)) * 1000000000;
	bt_strbuf_addf(&text, "%sstarted ", bt_cell_separator(&t->style));
	bt_moment_text(&text, start_ns, !bt_moment_same_day(start_ns, t->data->time_s * 1000000000));
	bt_strbuf_add(&text, ", ");
	add_age(&text, uptime_s - start_s);
	bt_strbuf_add(&text, " ago");
	if (pen->x + (int)text.length <= pen->end)
		bt_pen_text(pen, BT_INK_PLAIN, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

static void add_use(struct bt_tui *t, struct bt_pen *pen, enum bt_field_id id, const char *before,
		    const char *behind)
{
	const struct bt_subject s = bt_subject_of_process(&t->opened.last.process);
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_cell_field(&text, &bt_fields[id], 0, &s, &t->style);
	/* "-": not measured, and no use of an unmeasured thing is told. */
	if (strcmp(bt_strbuf_text(&text), "-") != 0) {
		bt_pen_text(pen, BT_INK_DIM, pen->x ? "   " : "");
		bt_pen_text(pen, BT_INK_DIM, before);
		bt_pen_text(pen, BT_INK_PLAIN, bt_strbuf_text(&text));
		bt_pen_text(pen, BT_INK_DIM, behind);
	}
	bt_strbuf_free(&text);
}

/* What top and htop would tell of it. */
static void draw_uses(struct page *g, const struct bt_process *p)
{
	double seconds = (double)(p->end_ns - p->begin_ns) / 1e9;
	struct bt_pen pen = page_line(g);

	add_use(g->t, &pen, BT_FIELD_RSS_BYTES, "memory ", "");
	add_use(g->t, &pen, BT_FIELD_CPU_TIME_S, "CPU time ", "");
	add_use(g->t, &pen, BT_FIELD_READ_RATE, "reads ", "/s");
	add_use(g->t, &pen, BT_FIELD_WRITE_RATE, "writes ", "/s");
	if (seconds > 0 && pen.end - pen.x > 25) {
		bt_pen_text(&pen, BT_INK_DIM, "   switches ");
		bt_pen_format(&pen, BT_INK_PLAIN, "%.0f",
			      (double)(p->usage.voluntary + p->usage.involuntary) / seconds);
		bt_pen_text(&pen, BT_INK_DIM, "/s");
	}
}

static void draw_name(struct page *g, const struct bt_process *p)
{
	struct bt_tui *t = g->t;
	const char *separator = bt_cell_separator(&t->style);
	const struct bt_process *parent;
	struct bt_pen pen = page_line(g);
	struct bt_strbuf text = BT_STRBUF_INIT;
	unsigned int used;

	bt_pen_format(&pen, BT_INK_BOLD, "%d ", p->identity.pid);
	used = bt_cell_command(&text, p, (unsigned int)(pen.end - pen.x), &t->style);
	bt_pen_cell(&pen, BT_INK_BOLD, bt_strbuf_text(&text), used);
	bt_strbuf_free(&text);

	pen = page_line(g);
	bt_pen_raw(&pen, BT_INK_PLAIN, p->user ? p->user : "?", 20);
	bt_pen_format(&pen, BT_INK_PLAIN, "%s%u thread%s%snice %d%sstate %c%sparent %d ", separator,
		      p->threads, p->threads == 1 ? "" : "s", separator, p->nice, separator,
		      p->state > 32 && p->state < 127 ? p->state : '?', separator, p->ppid);
	parent = bt_model_find(t->frame.model, p->ppid);
	bt_pen_raw(&pen, BT_INK_PLAIN, parent ? parent->comm : "", 0);
	draw_start(t, &pen, p);
	if (p->exited || !t->opened.live)
		bt_pen_format(&pen, BT_INK_ERROR, "%sENDED", separator);
	if (t->paused)
		bt_pen_format(&pen, BT_INK_STARVED, "%sPAUSED", separator);
	draw_uses(g, p);
	if (t->opened.live && !p->exited)
		t->ops->limits(t->context, p, &text);
	if (!p->cgroup && !p->container && !text.length)
		return;
	pen = page_line(g);
	if (p->container) {
		bt_pen_text(&pen, BT_INK_DIM, "container ");
		bt_pen_raw(&pen, BT_INK_PLAIN, p->container, 0);
		bt_pen_text(&pen, BT_INK_DIM, p->cgroup ? separator : "");
	}
	if (p->cgroup) {
		bt_pen_text(&pen, BT_INK_DIM, "cgroup ");
		bt_pen_raw(&pen, BT_INK_PLAIN, p->cgroup, 0);
	}
	if (text.length) {
		/* In the same line, if it has room for both. */
		if (pen.x && pen.x + 10 + (int)text.length > pen.end)
			pen = page_line(g);
		bt_pen_text(&pen, BT_INK_DIM, pen.x ? "   limits " : "limits ");
		bt_pen_raw(&pen, BT_INK_PLAIN, bt_strbuf_text(&text), 0);
	}
	bt_strbuf_free(&text);
}

/* The verdict, and what speaks for it. */
static void draw_verdict(struct page *g, const struct bt_process *p)
{
	const struct bt_subject subject = bt_subject_of_process(p);
	struct bt_style plain = g->t->style;
	uint64_t since_ns;
	struct bt_strbuf text = BT_STRBUF_INIT;
	struct bt_pen pen;

	plain.colour = false;
	page_line(g);
	pen = page_line(g);
	bt_strbuf_add_char(&text, ' ');
	bt_text_verdict(&text, &p->verdict, &plain);
	bt_strbuf_add_char(&text, ' ');
	bt_pen_text(&pen, BT_INK_PLAIN, " ");
	bt_pen_badge(&pen, bt_ink_of_verdict(p->verdict.id, p->verdict.cause), bt_strbuf_text(&text));
	bt_strbuf_clear(&text);
	since_ns = g->t->opened.live ? bt_trends_since_ns(g->t->trends, &subject) : 0;
	if (since_ns) {
		bt_strbuf_add(&text, " for ");
		add_age(&text, (bt_tui_now_ns(g->t) - since_ns + 500000000) / 1000000000);
		bt_pen_text(&pen, BT_INK_BOLD, bt_strbuf_text(&text));
		bt_strbuf_clear(&text);
	}
	bt_text_measure(&text, p);
	bt_text_ending(&text, p);
	bt_pen_text(&pen, BT_INK_PLAIN, "   ");
	bt_pen_text(&pen, BT_INK_PLAIN, bt_strbuf_text(&text));
	bt_strbuf_clear(&text);
	bt_evidence(p, g->t->data, &text);
	page_words(g, BT_INK_PLAIN, NAME_INDENT, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

/* What to do about it; of what has ended there is nothing to be done. */
static void draw_advice(struct page *g)
{
	struct bt_advisor advisor = {.frame = g->t->data};
	const struct bt_process *p = g->t->opened.live;
	struct bt_strbuf text = BT_STRBUF_INIT;
	bt_advice_set advice = p ? bt_advise(&advisor, p) : 0;

	for (unsigned int row = 0; row < bt_advice_count(); row++) {
		if (!(advice >> row & 1))
			continue;
		bt_strbuf_clear(&text);
		bt_strbuf_add(&text, g->t->style.utf8 ? "→ " : "-> ");
		bt_advice_say(&advisor, p, row, &text);
		page_words(g, BT_INK_BOLD, NAME_INDENT, bt_strbuf_text(&text));
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
static void draw_budget(struct page *g, const struct bt_process *p)
{
	struct bt_tui_opened *o = &g->t->opened;
	const struct bt_verdict *v = &p->verdict;
	struct bt_pen pen;

	page_line(g);
	pen = page_line(g);
	bt_pen_text(&pen, BT_INK_HEAD, "WHERE THE TIME WENT");
	bt_pen_fill(&pen, NAME_INDENT + NAME_WIDTH + 8 + GAUGE_WIDTH + 1);
	bt_pen_format(&pen, BT_INK_HEAD, "LAST %.0f s", history_seconds(o, &pen));
	draw_runner_up(&pen, v);
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		bool together = !v->split && ms == BT_MS_USER;
		double share = (double)v->share[ms] + (together ? (double)v->share[BT_MS_SYSTEM] : 0);

		if ((!v->split && ms == BT_MS_SYSTEM) || (share < 0.0005 && !was_seen(o, ms)))
			continue;
		pen = page_line(g);
		bt_pen_fill(&pen, NAME_INDENT);
		bt_pen_format(&pen, BT_INK_PLAIN, "%-*s%5.1f%%  ", NAME_WIDTH,
			      together ? "cpu" : bt_microstate_name(ms), share * 100);
		bt_pen_gauge(&pen, bt_ink_of_microstate(ms), share, GAUGE_WIDTH);
		bt_pen_text(&pen, BT_INK_PLAIN, " ");
		draw_history(g->t, &pen, ms);
	}
}

/* The shortest that a bucket holds, in at most six columns. */
static void bucket_text(struct bt_strbuf *out, unsigned int bucket)
{
	double ns = bucket ? (double)(1ull << (BT_BURST_MIN_LOG2 + bucket)) : 0;

	if (ns < 1000)
		bt_strbuf_addf(out, "%3.0f ns", ns);
	else if (ns < 1e6)
		bt_strbuf_addf(out, "%3.0f us", ns / 1e3);
	else if (ns < 1e9)
		bt_strbuf_addf(out, "%3.0f ms", ns / 1e6);
	else
		bt_strbuf_addf(out, "%3.0f s ", ns / 1e9);
}

static void time_text(struct bt_strbuf *out, double ns)
{
	if (ns < 1e6)
		bt_strbuf_addf(out, "%.0f us", ns / 1e3);
	else if (ns < 1e9)
		bt_strbuf_addf(out, "%.1f ms", ns / 1e6);
	else
		bt_strbuf_addf(out, "%.1f s", ns / 1e9);
}

struct histogram {
	const char *name;
	const uint32_t *buckets;
	enum bt_ink ink;
	unsigned int first, last;
	uint32_t most;
	uint64_t count;
};

static void histogram_set(struct histogram *h, const char *name, const uint32_t *buckets, enum bt_ink ink)
{
	*h = (struct histogram){.name = name, .buckets = buckets, .ink = ink, .first = BT_BURST_BUCKETS};
	for (unsigned int i = 0; buckets && i < BT_BURST_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		if (h->first == BT_BURST_BUCKETS)
			h->first = i;
		h->last = i;
		h->count += buckets[i];
		h->most = buckets[i] > h->most ? buckets[i] : h->most;
	}
}

static void histogram_title(struct bt_pen *p, const struct histogram *h)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_pen_text(p, BT_INK_HEAD, h->name);
	if (!h->count) {
		bt_pen_text(p, BT_INK_DIM, "  none");
		return;
	}
	bt_strbuf_addf(&text, "  %llu, p50 ", (unsigned long long)h->count);
	time_text(&text, bt_burst_percentile_ns(h->buckets, 0.5));
	bt_strbuf_add(&text, ", p99 ");
	time_text(&text, bt_burst_percentile_ns(h->buckets, 0.99));
	bt_pen_text(p, BT_INK_PLAIN, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

static void histogram_line(struct bt_pen *p, const struct histogram *h, unsigned int line)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	unsigned int bucket = h->first + line;
	int room = p->end - p->x - 19;

	if (!h->count || bucket > h->last)
		return;
	bucket_text(&text, bucket);
	bt_pen_format(p, BT_INK_PLAIN, "  %s ", bt_strbuf_text(&text));
	if (h->buckets[bucket])
		bt_pen_format(p, BT_INK_PLAIN, "%7u ", h->buckets[bucket]);
	else
		bt_pen_text(p, BT_INK_DIM, "        ");
	if (room > 0)
		bt_pen_gauge(p, h->ink, (double)h->buckets[bucket] / h->most, (unsigned int)room);
	bt_strbuf_free(&text);
}

static void draw_bursts(struct page *g, const struct bt_process *p)
{
	const struct bt_bursts *b = p->usage.bursts;
	struct histogram cpu, io;
	unsigned int lines;
	struct bt_pen pen;
	int middle, end;

	histogram_set(&cpu, "CPU BURSTS", b ? b->cpu : NULL, BT_INK_USER);
	histogram_set(&io, "I/O BURSTS", b ? b->io : NULL, BT_INK_DISK);
	page_line(g);
	lines = cpu.count ? cpu.last - cpu.first + 1 : 0;
	if (io.count && io.last - io.first + 1 > lines)
		lines = io.last - io.first + 1;
	for (unsigned int i = 0; i <= lines; i++) {
		pen = page_line(g);
		end = pen.end;
		middle = end / 2;
		pen.end = middle - 1;
		if (i)
			histogram_line(&pen, &cpu, i - 1);
		else
			histogram_title(&pen, &cpu);
		pen.end = end;
		bt_pen_fill(&pen, middle);
		if (i)
			histogram_line(&pen, &io, i - 1);
		else
			histogram_title(&pen, &io);
	}
}

/*
 * "read pipe:[88112]", with the name of the object where it is known; of a socket, the other end:
 * "recvfrom unix from 77 (postgres) /run/…", "read inet 10.0.0.7:40312 <> 192.0.2.1:443".
 */
static void draw_reason(struct bt_tui *t, struct bt_pen *pen, const struct bt_process *p,
			const struct bt_reason *reason)
{
	const struct bt_wait wait = {.reason = *reason};
	const struct bt_peer *peer = bt_model_peer(t->frame.model, reason);
	struct bt_strbuf words = BT_STRBUF_INIT, name = BT_STRBUF_INIT;

	if (pen->hidden)
		return;
	if (t->opened.live)
		t->ops->name_object(t->context, p, reason, &name);
	/* Both addresses are in its name. */
	bt_wait_words(&words, &wait, peer && !peer->pid && name.length ? NULL : t->frame.model);
	bt_pen_raw(pen, BT_INK_PLAIN, bt_strbuf_text(&words), 0);
	if (name.length) {
		bt_pen_text(pen, BT_INK_PLAIN, " ");
		bt_pen_raw(pen, BT_INK_BOLD, bt_strbuf_text(&name), 0);
	}
	bt_strbuf_free(&words);
	bt_strbuf_free(&name);
}

/* Who keeps it waiting: the thread that has the lock, or the process that ends the waits. */
static void draw_ender(struct bt_tui *t, struct bt_pen *pen, const struct bt_process *p,
		       const struct bt_wait *w)
{
	const struct bt_peer *peer = bt_model_peer(t->frame.model, &w->reason);
	bool lock = w->reason.cause == BT_MS_GIL || w->reason.cause == BT_MS_LOCK;
	struct bt_model *m = t->frame.model;
	struct bt_holder holder;

	if (lock && m && bt_model_holder(m, p, w->reason.object, &holder)) {
		bt_pen_format(pen, BT_INK_DIM, "  held %.0f%% by %d ", 100 * holder.share, holder.tid);
		bt_pen_raw(pen, BT_INK_DIM, holder.comm, 0);
	} else if (w->waker_pid > 0 && (!peer || peer->pid != w->waker_pid)) {
		const struct bt_process *waker = bt_model_find(m, w->waker_pid);

		bt_pen_format(pen, BT_INK_DIM, "  ended by %d ", w->waker_pid);
		bt_pen_raw(pen, BT_INK_DIM, waker ? waker->comm : "", 0);
	}
}

static void draw_waits(struct page *g, const struct bt_process *p)
{
	const struct bt_usage *u = &p->usage;

	if (!u->wait_count || !u->wall_ns)
		return;
	page_title(g, "WAITED FOR");
	for (uint32_t i = 0; i < u->wait_count; i++) {
		const struct bt_wait *w = &u->waits[i];
		struct bt_pen pen = page_line(g);

		bt_pen_format(&pen, BT_INK_PLAIN, "  %5.1f%% %7ux  ",
			      100.0 * (double)w->ns / (double)u->wall_ns, w->count);
		bt_pen_format(&pen, bt_ink_of_microstate(w->reason.cause), "%-*s", NAME_WIDTH,
			      bt_microstate_name(w->reason.cause));
		draw_reason(g->t, &pen, p, &w->reason);
		draw_ender(g->t, &pen, p, w);
	}
}

static void draw_thread(struct page *g, const struct bt_process *p, const struct bt_thread *th)
{
	struct bt_pen pen = page_line(g);
	const struct bt_verdict *v = &th->verdict;
	int at;

	if (pen.hidden)
		return;
	pen.dim = v->id == BT_VERDICT_IDLE || th->ended;
	bt_pen_format(&pen, BT_INK_PLAIN, "%7d ", th->tid);
	at = pen.x + 16;
	bt_pen_raw(&pen, BT_INK_PLAIN, th->comm, 15);
	bt_pen_fill(&pen, at);
	bt_pen_format(&pen, bt_ink_of_verdict(v->id, v->cause), "%-11s", bt_verdict_name(v->id));
	bt_pen_format(&pen, BT_INK_PLAIN, "%5.2f ", (double)v->cpus);
	bt_pen_bar(&pen, v->share, v->split, pen.end < 100 ? 12 : 20);
	bt_pen_text(&pen, BT_INK_PLAIN, " ");
	if (th->ended)
		bt_pen_text(&pen, BT_INK_PLAIN, "ended");
	else if (th->blocked)
		draw_reason(g->t, &pen, p, &th->open);
	else
		bt_pen_text(&pen, BT_INK_PLAIN, th->state == 'R' ? "runs, or wants to" : "");
}

static void draw_threads(struct page *g)
{
	const struct bt_process *p = g->t->opened.live;
	struct bt_pen pen;

	if (!p)
		return;
	page_line(g);
	pen = page_line(g);
	bt_pen_text(&pen, BT_INK_HEAD, "    TID NAME            VERDICT     CPUS WHERE");
	bt_pen_fill(&pen, 41 + (pen.end < 100 ? 13 : 21));
	bt_pen_text(&pen, BT_INK_HEAD, "NOW");
	/* Those that do something first. */
	for (int idle = 0; idle < 2; idle++)
		for (uint32_t i = 0; i < p->thread_count; i++)
			if ((p->thread_list[i]->verdict.id == BT_VERDICT_IDLE) == idle)
				draw_thread(g, p, p->thread_list[i]);
}

void bt_tui_draw_process(struct bt_tui *t, int top, int height)
{
	const struct bt_process *p = &t->opened.last.process;
	struct page g = {t, top, height, 0};
	size_t most;

	if (!t->opened.last.members) {
		struct bt_pen pen = page_line(&g);

		bt_pen_text(&pen, BT_INK_DIM, "nothing seen of it");
		return;
	}
	draw_name(&g, p);
	draw_verdict(&g, p);
	draw_advice(&g);
	draw_budget(&g, p);
	draw_bursts(&g, p);
	draw_waits(&g, p);
	draw_threads(&g);
	most = g.line > (size_t)height ? g.line - (size_t)height : 0;
	if (t->scroll > most)
		t->scroll = most;
}
