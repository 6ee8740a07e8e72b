/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The first lines of the dashboard: the host, its budget, who is bound by what. */
#include <stdio.h>
#include <string.h>

#include "bar.h"
#include "cells.h"
#include "host_load.h"
#include "names.h"
#include "tui_internal.h"

#define HOST_NAME_MAX 20
/* Terminals lower than that have better use for their lines. */
#define LINES_FOR_ALL 16
#define WIDE          120

/* Groups of the bar: what stands beside it. */
static const struct {
	const char *name;
	unsigned int ms[2];
} parts[] = {
    {"cpu", {BT_MS_USER, BT_MS_SYSTEM}},  {"starved", {BT_MS_RUN_QUEUE, BT_MS_CPU_QUOTA}},
    {"disk", {BT_MS_DISK, BT_MS_PAGING}}, {"network", {BT_MS_NETWORK, BT_MS_NETWORK}},
    {"ipc", {BT_MS_IPC, BT_MS_IPC}},      {"lock", {BT_MS_LOCK, BT_MS_GIL}},
};
#define PART_COUNT (sizeof(parts) / sizeof(parts[0]))

static unsigned int width_of(const struct bt_strbuf *b)
{
	unsigned int width = 0;

	for (size_t i = 0; i < b->length; i++)
		width += ((unsigned char)b->data[i] & 0xc0) != 0x80;
	return width;
}

/* Text that ends at the right edge; false: it does not fit behind what is there. */
static bool at_right(struct bt_pen *p, const struct bt_strbuf *text, enum bt_ink ink)
{
	int width = (int)width_of(text);

	if (p->x + 2 + width > p->end)
		return false;
	bt_pen_fill(p, p->end - width);
	bt_pen_text(p, ink, bt_strbuf_text(text));
	return true;
}

static uint64_t lost(const struct bt_frame *f)
{
	return f->loss.tasks + f->loss.exits + f->loss.switches + f->vanished;
}

static void collector_text(const struct bt_tui *t, struct bt_strbuf *out, bool brief)
{
	const struct bt_frame *f = t->data;
	const char *separator = bt_cell_separator(&t->style);
	double seconds = (double)f->duration_ns / 1e9;

	bt_strbuf_add(out, t->frame.collector);
	if (!brief) {
		bt_strbuf_add(out, f->exact ? ", exact" : ", sampled");
		bt_strbuf_add(out, separator);
		bt_strbuf_add(out, "lost ");
		bt_strbuf_add_uint(out, lost(f));
		bt_strbuf_add(out, separator);
		bt_strbuf_add(out, "self ");
		bt_strbuf_add_fixed(out, seconds > 0 ? (double)f->overhead_cpu_ns / 1e7 / seconds : 0, 1);
		bt_strbuf_add_char(out, '%');
	}
	bt_strbuf_add(out, separator);
	bt_strbuf_add_fixed(out, seconds, seconds < 1 ? 2 : 1);
	bt_strbuf_add(out, " s");
}

static void draw_title(struct bt_tui *t, int y)
{
	const struct bt_host *h = &t->frame.host->host;
	const char *separator = bt_cell_separator(&t->style);
	struct bt_strbuf right = BT_STRBUF_INIT;
	struct bt_strbuf left = BT_STRBUF_INIT;
	bool drawn = false;

	/* From all there is to say to the least. */
	for (int less = 0; less < 4 && !drawn; less++) {
		struct bt_pen p = bt_tui_pen(t, y);

		bt_strbuf_clear(&left);
		bt_strbuf_clear(&right);
		bt_strbuf_add(&left, separator);
		if (less < 2) {
			bt_text_uptime(&left, h->uptime_s);
			bt_strbuf_add(&left, separator);
		}
		if (less < 3)
			bt_strbuf_addf(&left, "%.2f of %u core%s%s", t->load[BT_MS_USER],
				       t->data->cpus_online, t->data->cpus_online == 1 ? "" : "s", separator);
		bt_strbuf_add(&left, "load ");
		bt_strbuf_add_fixed(&left, h->load, 2);
		collector_text(t, &right, less > 2);
		bt_pen_text(&p, BT_INK_BOLD, less < 1 ? "boundtop" : "");
		bt_pen_text(&p, BT_INK_PLAIN, less < 1 ? separator : "");
		bt_pen_raw(&p, BT_INK_BOLD, h->name, HOST_NAME_MAX);
		bt_pen_text(&p, BT_INK_PLAIN, bt_strbuf_text(&left));
		if (less < 3 && p.x + 2 + (int)width_of(&right) > p.end)
			continue;
		drawn = at_right(&p, &right, t->data->exact && !lost(t->data) ? BT_INK_DIM : BT_INK_PLAIN);
		bt_pen_fill(&p, p.end);
	}
	bt_strbuf_free(&right);
	bt_strbuf_free(&left);
}

/* "cpu  33%", as wide at each frame. Returns what it takes. */
static int draw_parts(struct bt_pen *p, const float share[BT_MS_COUNT])
{
	for (size_t i = 0; i < PART_COUNT; i++) {
		const unsigned int *ms = parts[i].ms;
		double part = (double)share[ms[0]] + (ms[1] != ms[0] ? (double)share[ms[1]] : 0);
		enum bt_ink ink = part >= 0.005 ? bt_ink_of_microstate(ms[0]) : BT_INK_DIM;

		/* Half a number would be another one. */
		if (p->x + (i ? 2 : 0) + (int)strlen(parts[i].name) + 5 > p->end)
			break;
		bt_pen_format(p, ink, "%s%s %3.0f%%", i ? "  " : "", parts[i].name, part * 100);
	}
	return p->x;
}

static int draw_host(struct bt_tui *t, int y)
{
	float share[BT_MS_COUNT];
	struct bt_pen p = bt_tui_pen(t, y);
	int numbers_width = 68;
	bool one_line = p.end >= WIDE;
	int bar = one_line ? p.end - numbers_width - 8 : p.end - 6;

	bt_host_shares(t->data, t->load, share);
	bt_pen_text(&p, BT_INK_PLAIN, "host  ");
	bt_pen_bar(&p, share, false, bar > BT_BAR_WIDTH_MAX ? BT_BAR_WIDTH_MAX : (unsigned int)bar);
	if (one_line) {
		bt_pen_text(&p, BT_INK_PLAIN, "  ");
	} else {
		p = bt_tui_pen(t, y + 1);
		bt_pen_text(&p, BT_INK_PLAIN, p.end >= 80 ? "      " : "");
	}
	draw_parts(&p, share);
	if (t->load[BT_MS_UNKNOWN] >= 0.005)
		bt_pen_format(&p, BT_INK_UNKNOWN, "  unknown %.2f", t->load[BT_MS_UNKNOWN]);
	return one_line ? 1 : 2;
}

/* "9 cpu-bound  3 io-bound …": each has its place, and keeps it; where there is little room, only some. */
static void draw_verdicts(struct bt_tui *t, struct bt_pen *p)
{
	const struct bt_frame *f = t->data;
	bool brief = p->end < WIDE;
	const char *space = p->end < 80 || p->end >= 100 ? "  " : " ";
	char words[48];

	for (size_t i = 0; i < BT_VERDICT_COUNT; i++) {
		enum bt_verdict_id id = bt_verdict_order[i];
		const char *name = bt_verdict_name(id);
		int length = brief ? (int)strcspn(name, "-") : (int)strlen(name);

		if (p->end < 80 && !f->verdicts[id])
			continue;
		if (p->x + snprintf(words, sizeof(words), p->end < 80 ? "%zu %.*s" : "%3zu %.*s",
				    (size_t)f->verdicts[id], length, name) >
		    p->end)
			break;
		bt_pen_format(p, f->verdicts[id] ? bt_ink_of_verdict(id, BT_MS_NONE) : BT_INK_DIM, "%s%s",
			      words, space);
	}
	if (p->end - p->x >= 9)
		bt_pen_format(p, BT_INK_DIM, "%3zu ended", (size_t)f->exited);
}

static void add_size(struct bt_strbuf *out, uint64_t bytes)
{
	double gigabytes = (double)bytes / (1 << 30);

	bt_strbuf_add_fixed(out, gigabytes, gigabytes < 9.95 ? 1 : 0);
	bt_strbuf_add_char(out, 'G');
}

static void memory_text(const struct bt_tui_host *h, struct bt_strbuf *out)
{
	if (h->memory_bytes) {
		bt_strbuf_addf(out, "mem %2.0f%% of ",
			       100.0 * (double)h->memory_used_bytes / (double)h->memory_bytes);
		add_size(out, h->memory_bytes);
	}
	if (h->swap_bytes) {
		bt_strbuf_addf(out, "   swap %2.0f%% of ",
			       100.0 * (double)h->swap_used_bytes / (double)h->swap_bytes);
		add_size(out, h->swap_bytes);
	} else {
		bt_strbuf_add(out, "   no swap");
	}
	if (h->pressure)
		bt_strbuf_addf(out, "   pressure cpu %2.0f%% io %2.0f%% mem %2.0f%%", h->pressure_cpu * 100,
			       h->pressure_io * 100, h->pressure_memory * 100);
}

/* What is out of the ordinary about the list; false: there was no room to say it. */
static bool draw_state(struct bt_tui *t, struct bt_pen *p)
{
	bool drawn = true;

	struct bt_strbuf state = BT_STRBUF_INIT;

	if (t->paused)
		bt_strbuf_add(&state, "PAUSED");
	if (t->follow)
		bt_strbuf_addf(&state, "%sfollow %d", state.length ? "  " : "", t->followed.pid);
	if (t->filter && t->rows.hidden_filter)
		bt_strbuf_addf(&state, "%s%zu filtered out", state.length ? "  " : "", t->rows.hidden_filter);
	if (t->rows.hidden_idle)
		bt_strbuf_addf(&state, "%s%zu idle hidden", state.length ? "  " : "", t->rows.hidden_idle);
	if (state.length)
		drawn = at_right(p, &state, t->paused ? BT_INK_STARVED : BT_INK_BOLD);
	bt_strbuf_free(&state);
	return drawn;
}

int bt_tui_draw_head(struct bt_tui *t)
{
	struct bt_strbuf memory = BT_STRBUF_INIT;
	struct bt_pen p;
	int lines = t->foot_line + 1;
	int y = 0;

	p = bt_tui_pen(t, 0);
	if (!t->data) {
		bt_pen_text(&p, BT_INK_BOLD, "boundtop");
		bt_pen_text(&p, BT_INK_DIM, "  the first frame is on its way");
		return 1;
	}
	draw_title(t, y++);
	y += bt_tui_draw_playback(t, y);
	if (lines >= LINES_FOR_ALL)
		y += draw_host(t, y);
	p = bt_tui_pen(t, y++);
	draw_verdicts(t, &p);
	if (lines >= LINES_FOR_ALL) {
		p = bt_tui_pen(t, y++);
		memory_text(t->frame.host, &memory);
		bt_pen_text(&p, BT_INK_PLAIN, bt_strbuf_text(&memory));
	}
	/* Where it is that narrow, it is more than what else the line has to say. */
	if (!draw_state(t, &p)) {
		p = bt_tui_pen(t, y - 1);
		bt_pen_fill(&p, p.end);
		p = bt_tui_pen(t, y - 1);
		draw_state(t, &p);
	}
	bt_strbuf_free(&memory);
	return y;
}
