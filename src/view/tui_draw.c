/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_draw.h"

#include <curses.h>

#include "bar.h"
#include "cells.h"
#include "names.h"
#include "sanitize.h"
#include "strbuf.h"

#define SELECTED_TEXT   254
#define SELECTED_GROUND 238

static int colours;

/*
 * Of 256 colours those that stay furthest apart for the common ways to see them, each within the hues that
 * are expected of it (tests/unit/test_palette.c has the distances). A bar has letters all the same.
 */
static const struct {
	short of_256, of_8;
} paint[BT_INK_COUNT] = {
    [BT_INK_HEAD] = {254, COLOR_WHITE},     [BT_INK_ERROR] = {202, COLOR_RED},
    [BT_INK_USER] = {42, COLOR_GREEN},      [BT_INK_SYSTEM] = {158, COLOR_GREEN},
    [BT_INK_STARVED] = {220, COLOR_YELLOW}, [BT_INK_DISK] = {202, COLOR_RED},
    [BT_INK_NETWORK] = {69, COLOR_CYAN},    [BT_INK_LOCK] = {133, COLOR_MAGENTA},
    [BT_INK_UNKNOWN] = {245, COLOR_WHITE},
};

short bt_ink_of_256(enum bt_ink ink)
{
	return paint[ink].of_256;
}

/* Pairs: a colour on the terminal's own background, black on that colour, the colour in a selected line. */
static short pair_text(enum bt_ink ink)
{
	return (short)(1 + (int)ink);
}

static short pair_filled(enum bt_ink ink)
{
	return (short)(1 + BT_INK_COUNT + (int)ink);
}

static short pair_selected(enum bt_ink ink)
{
	return (short)(1 + 2 * BT_INK_COUNT + (int)ink);
}

void bt_inks_init(bool colour)
{
	colours = 0;
	if (!colour || !has_colors() || start_color() == ERR)
		return;
	colours = COLORS >= 256 ? 256 : COLORS >= 8 ? 8 : 0;
	if (!colours)
		return;
	use_default_colors();
	for (int i = 0; i < BT_INK_COUNT; i++) {
		short of = paint[i].of_8;

		if (colours == 256) {
			of = paint[i].of_256;
			init_pair(pair_selected((enum bt_ink)i), (short)(of ? of : SELECTED_TEXT),
				  SELECTED_GROUND);
		}
		if (!of)
			continue;
		init_pair(pair_text((enum bt_ink)i), of, -1);
		init_pair(pair_filled((enum bt_ink)i), colours == 256 ? 16 : COLOR_BLACK, of);
	}
}

enum bt_ink bt_ink_of_microstate(unsigned int ms)
{
	switch (ms) {
	case BT_MS_USER:
		return BT_INK_USER;
	case BT_MS_SYSTEM:
		return BT_INK_SYSTEM;
	case BT_MS_RUN_QUEUE:
	case BT_MS_CPU_QUOTA:
		return BT_INK_STARVED;
	case BT_MS_DISK:
	case BT_MS_PAGING:
		return BT_INK_DISK;
	case BT_MS_NETWORK:
	case BT_MS_IPC:
		return BT_INK_NETWORK;
	case BT_MS_LOCK:
	case BT_MS_GIL:
		return BT_INK_LOCK;
	case BT_MS_UNKNOWN:
		return BT_INK_UNKNOWN;
	default:
		return BT_INK_DIM;
	}
}

enum bt_ink bt_ink_of_verdict(enum bt_verdict_id id, unsigned int cause)
{
	switch (id) {
	case BT_VERDICT_STARVED:
		return BT_INK_STARVED;
	case BT_VERDICT_CPU_BOUND:
		return BT_INK_USER;
	case BT_VERDICT_IO_BOUND:
		return cause < BT_MS_COUNT ? bt_ink_of_microstate(cause) : BT_INK_DISK;
	case BT_VERDICT_LOCK_BOUND:
		return BT_INK_LOCK;
	case BT_VERDICT_MIXED:
		return BT_INK_BOLD;
	case BT_VERDICT_IDLE:
	case BT_VERDICT_UNKNOWN:
		return BT_INK_DIM;
	default:
		return BT_INK_PLAIN;
	}
}

static void attributes_set(const struct bt_pen *p, enum bt_ink ink, bool filled)
{
	attr_t attributes = A_NORMAL;
	short pair = 0;

	if (ink == BT_INK_DIM || p->dim)
		attributes |= A_DIM;
	else if (ink == BT_INK_BOLD || ink == BT_INK_HEAD || (ink >= BT_INK_ERROR && !filled))
		attributes |= A_BOLD;
	if (colours && ink >= BT_INK_ERROR && !p->dim)
		pair = (short)(filled ? pair_filled(ink) : pair_text(ink));
	/* A selected line stands out with any number of colours; its bar keeps its own. */
	if (p->selected && colours == 256 && !filled) {
		attributes &= ~(attr_t)A_DIM;
		pair = pair_selected(ink);
	} else if (p->selected && !(filled && pair)) {
		attributes = (attributes & ~(attr_t)A_DIM) | A_REVERSE;
		pair = 0;
	}
	attr_set(attributes, pair, NULL);
}

static void put(struct bt_pen *p, enum bt_ink ink, bool filled, const char *text, size_t bytes,
		unsigned int width)
{
	if (!p->hidden && bytes && width) {
		attributes_set(p, ink, filled);
		mvaddnstr(p->y, p->x, text, (int)bytes);
	}
	p->x += (int)width;
}

void bt_pen_cell(struct bt_pen *p, enum bt_ink ink, const char *text, unsigned int width)
{
	if (p->x + (int)width <= p->end)
		put(p, ink, false, text, strlen(text), width);
	else
		bt_pen_text(p, ink, text);
}

void bt_pen_text(struct bt_pen *p, enum bt_ink ink, const char *text)
{
	unsigned int width = 0;
	size_t bytes = 0;

	/* Each character of ours is one column wide. */
	while (text[bytes] && p->x + (int)width < p->end) {
		for (bytes++; ((unsigned char)text[bytes] & 0xc0) == 0x80; bytes++)
			;
		width++;
	}
	put(p, ink, false, text, bytes, width);
}

void bt_pen_badge(struct bt_pen *p, enum bt_ink ink, const char *text)
{
	bool selected = p->selected;

	if (colours && ink >= BT_INK_ERROR && p->x + (int)strlen(text) <= p->end) {
		put(p, ink, true, text, strlen(text), (unsigned int)strlen(text));
		return;
	}
	p->selected = true;
	bt_pen_text(p, ink, text);
	p->selected = selected;
}

void bt_pen_format(struct bt_pen *p, enum bt_ink ink, const char *format, ...)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	va_list ap;

	va_start(ap, format);
	bt_strbuf_vaddf(&text, format, ap);
	va_end(ap);
	bt_pen_text(p, ink, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

void bt_pen_raw(struct bt_pen *p, enum bt_ink ink, const char *text, unsigned int width)
{
	struct bt_strbuf safe = BT_STRBUF_INIT;
	unsigned int room = p->end > p->x ? (unsigned int)(p->end - p->x) : 0;
	unsigned int used;

	if (width && width < room)
		room = width;
	if (!room)
		return;
	used = bt_cell_raw(&safe, text, room, p->style);
	put(p, ink, false, bt_strbuf_text(&safe), safe.length, used);
	bt_strbuf_free(&safe);
}

void bt_pen_fill(struct bt_pen *p, int x)
{
	if (x > p->end)
		x = p->end;
	if (x <= p->x)
		return;
	if (!p->hidden) {
		attributes_set(p, BT_INK_PLAIN, false);
		for (int at = p->x; at < x; at++)
			mvaddch(p->y, at, ' ');
	}
	p->x = x;
}

void bt_pen_bar(struct bt_pen *p, const float share[BT_MS_COUNT], bool split, unsigned int width)
{
	struct bt_bar_part parts[BT_BAR_PARTS];
	size_t count;

	if (p->x + (int)width > p->end)
		width = p->end > p->x ? (unsigned int)(p->end - p->x) : 0;
	count = bt_bar_parts(share, split, width, parts);
	for (size_t i = 0; i < count; i++) {
		bool idle = parts[i].ms == BT_MS_COUNT;
		const char *dot = bt_bar_dot(p->style);
		char letter[2] = {parts[i].letter, '\0'};

		for (unsigned int k = 0; k < parts[i].cells; k++)
			put(p, bt_ink_of_microstate(parts[i].ms), !idle, idle ? dot : letter,
			    idle ? strlen(dot) : 1, 1);
	}
}

void bt_pen_gauge(struct bt_pen *p, enum bt_ink ink, double share, unsigned int width)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	unsigned int steps;
	int end = p->x + (int)width;

	if (!(share > 0))
		share = 0;
	if (share > 1)
		share = 1;
	steps = (unsigned int)(share * width * 8 + 0.5);
	for (unsigned int i = 0; i < steps / 8; i++)
		bt_pen_text(p, ink, p->style->utf8 ? "█" : "#");
	if (p->style->utf8)
		bt_pen_text(p, ink, eighths[steps % 8]);
	else if (steps % 8 >= 4)
		bt_pen_text(p, ink, "#");
	bt_pen_fill(p, end);
}

unsigned int bt_spark_level(double share)
{
	unsigned int level;

	if (!(share >= 0.01))
		return 0;
	level = (unsigned int)(share * BT_SPARK_FULL + 0.5);
	return level < 1 ? 1 : level > BT_SPARK_FULL ? BT_SPARK_FULL : level;
}

void bt_pen_spark(struct bt_pen *p, enum bt_ink ink, unsigned int level)
{
	static const char *const marks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇"};
	static const char *const plain[] = {" ", "_", ".", ":", "-", "=", "+", "#"};

	bt_pen_text(p, ink, p->style->utf8 ? marks[level] : plain[level]);
}
