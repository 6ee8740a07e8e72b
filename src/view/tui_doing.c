/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the opened process waited for and who ended that, and what each of its threads or members does now. */
#include "cells.h"
#include "names.h"
#include "tui_page.h"

/* Columns of the names of threads. */
#define NAME_COLUMNS 15
/* Of the bar, by the columns of the terminal. */
#define WIDE       100
#define BAR_WIDE   20
#define BAR_NARROW 12
/* With less room than this behind the figures, what they are about goes into a line of its own. */
#define REASON_MIN    22
#define REASON_INDENT 4

static unsigned int bar_width(const struct bt_pen *pen)
{
	return pen->end < WIDE ? BAR_NARROW : BAR_WIDE;
}

/* PID or TID, name, verdict, CPUs, and the bar. */
static int who_width(const struct bt_pen *pen)
{
	return 42 + (int)bar_width(pen);
}

/*
 * "read pipe:[88112]", with the name of the object where it is known; of a socket, the other end:
 * "recvfrom unix from 77 (postgres) /run/…", "read inet 10.0.0.7:40312 <> 192.0.2.1:443".
 */
static void draw_reason(struct bt_tui *t, struct bt_pen *pen, const struct bt_reason *reason)
{
	const struct bt_wait wait = {.reason = *reason};
	const struct bt_peer *peer = bt_model_peer(t->frame.model, reason);
	struct bt_strbuf words = BT_STRBUF_INIT, name = BT_STRBUF_INIT;

	if (pen->hidden)
		return;
	/* Of several processes nobody knows whose descriptor it is. */
	if (t->opened.present && t->opened.kind == BT_TUI_OPEN_PROCESS)
		t->ops->name_object(t->context, t->opened.live, reason, &name);
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

/*
 * The thread that had the lock for most of the time that others waited for it; false: it is not known, or is
 * the one that waits, asker.
 */
static bool draw_holder(struct bt_tui *t, struct bt_pen *pen, const struct bt_reason *reason, int32_t asker)
{
	bool lock = reason->cause == BT_MS_GIL || reason->cause == BT_MS_LOCK;
	const struct bt_process *p = t->opened.live;
	struct bt_holder holder;

	if (!lock || !p || !bt_model_holder(t->frame.model, p, reason->object, &holder) ||
	    holder.tid == asker)
		return false;
	bt_pen_format(pen, BT_INK_DIM, "  held %.0f%% by %d ", 100 * holder.share, holder.tid);
	bt_pen_raw(pen, BT_INK_DIM, holder.comm, 0);
	return true;
}

/* Who keeps it waiting: the thread that has the lock, or the process that ends the waits. */
static void draw_ender(struct bt_tui *t, struct bt_pen *pen, const struct bt_wait *w)
{
	const struct bt_peer *peer = bt_model_peer(t->frame.model, &w->reason);
	const struct bt_process *waker;

	if (draw_holder(t, pen, &w->reason, 0) || w->waker_pid <= 0 || (peer && peer->pid == w->waker_pid))
		return;
	waker = bt_model_find(t->frame.model, w->waker_pid);
	bt_pen_format(pen, BT_INK_DIM, "  ended by %d ", w->waker_pid);
	bt_pen_raw(pen, BT_INK_DIM, waker ? waker->comm : "", 0);
}

void bt_page_waits(struct bt_page *g, const struct bt_process *p)
{
	const struct bt_usage *u = &p->usage;

	if (!u->wait_count || !u->wall_ns)
		return;
	bt_page_title(g, "WAITED FOR");
	for (uint32_t i = 0; i < u->wait_count; i++) {
		const struct bt_wait *w = &u->waits[i];
		struct bt_pen pen = bt_page_line(g);

		bt_pen_format(&pen, BT_INK_PLAIN, "  %5.1f%% %7ux  ",
			      100.0 * (double)w->ns / (double)u->wall_ns, w->count);
		bt_pen_format(&pen, bt_ink_of_microstate(w->reason.cause), "%-*s", BT_PAGE_NAME,
			      bt_microstate_name(w->reason.cause));
		bt_page_room(g, &pen, REASON_MIN);
		bt_pen_fill(&pen, pen.x ? pen.x : REASON_INDENT);
		draw_reason(g->t, &pen, &w->reason);
		draw_ender(g->t, &pen, w);
	}
}

/* PID or TID, name, verdict, CPUs, where its time went. */
static void draw_who(struct bt_pen *pen, int32_t id, const char *name, const struct bt_verdict *v)
{
	int at;

	bt_pen_format(pen, BT_INK_PLAIN, "%7d ", id);
	at = pen->x + NAME_COLUMNS + 1;
	bt_pen_raw(pen, BT_INK_PLAIN, name, NAME_COLUMNS);
	bt_pen_fill(pen, at);
	bt_pen_format(pen, bt_ink_of_verdict(v->id, v->cause), "%-11s", bt_verdict_name(v->id));
	bt_pen_format(pen, BT_INK_PLAIN, "%5.2f ", (double)v->cpus);
	bt_pen_bar(pen, v->share, v->split, bar_width(pen));
	bt_pen_text(pen, BT_INK_PLAIN, " ");
}

static void draw_thread(struct bt_page *g, const struct bt_thread *th)
{
	struct bt_pen pen = bt_page_line(g);
	bool dim = th->verdict.id == BT_VERDICT_IDLE || th->ended;

	pen.dim = dim;
	/* Tens of thousands can be out of sight. */
	if (!pen.hidden)
		draw_who(&pen, th->tid, th->comm, &th->verdict);
	if (th->blocked && !th->ended && who_width(&pen) + REASON_MIN > pen.end) {
		pen = bt_page_line(g);
		pen.dim = dim;
		bt_pen_fill(&pen, REASON_INDENT);
	}
	if (pen.hidden)
		return;
	if (th->ended) {
		bt_pen_text(&pen, BT_INK_PLAIN, "ended");
	} else if (th->blocked) {
		draw_reason(g->t, &pen, &th->open);
		draw_holder(g->t, &pen, &th->open, th->tid);
	} else {
		bt_pen_text(&pen, BT_INK_PLAIN, th->state == 'R' ? "runs, or wants to" : "");
	}
}

static void draw_titles(struct bt_page *g, const char *titles, const char *last)
{
	struct bt_pen pen;

	bt_page_line(g);
	pen = bt_page_line(g);
	bt_pen_text(&pen, BT_INK_HEAD, titles);
	bt_pen_fill(&pen, who_width(&pen));
	bt_pen_text(&pen, BT_INK_HEAD, last);
}

void bt_page_threads(struct bt_page *g)
{
	const struct bt_process *p = g->t->opened.live;

	if (!p)
		return;
	draw_titles(g, "    TID NAME            VERDICT     CPUS WHERE", "NOW");
	/* Those that do something first. */
	for (int idle = 0; idle < 2; idle++)
		for (uint32_t i = 0; i < p->thread_count; i++)
			if ((p->thread_list[i]->verdict.id == BT_VERDICT_IDLE) == idle)
				draw_thread(g, p->thread_list[i]);
}

void bt_page_members(struct bt_page *g)
{
	struct bt_tui *t = g->t;

	if (!t->opened.member_count)
		return;
	draw_titles(g, "    PID NAME            VERDICT     CPUS WHERE", "COMMAND");
	for (size_t i = 0; i < t->opened.member_count; i++) {
		struct bt_process *p = t->opened.members[i];
		struct bt_pen pen = bt_page_line(g);
		struct bt_strbuf text = BT_STRBUF_INIT;
		unsigned int used;

		if (pen.hidden)
			continue;
		t->ops->describe(t->context, p, BT_TUI_DESCRIBE_COMMAND);
		pen.dim = p->verdict.id == BT_VERDICT_IDLE || p->exited;
		draw_who(&pen, p->identity.pid, p->comm, &p->verdict);
		if (pen.x < pen.end) {
			used = bt_cell_command(&text, p, (unsigned int)(pen.end - pen.x), &t->style);
			bt_pen_cell(&pen, BT_INK_PLAIN, bt_strbuf_text(&text), used);
		}
		bt_strbuf_free(&text);
	}
}
