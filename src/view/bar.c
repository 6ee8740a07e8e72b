/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bar.h"

#include "names.h"
#include "strbuf.h"

/* Cells, in the order in which they are drawn: on-CPU, each other microstate, idle. */
enum { PART_IDLE = BT_MS_COUNT, PART_COUNT };

const char *bt_colour_of_microstate(unsigned int ms)
{
	switch (ms) {
	case BT_MS_USER:
	case BT_MS_SYSTEM:
		return "32";
	case BT_MS_RUN_QUEUE:
	case BT_MS_CPU_QUOTA:
		return "33";
	case BT_MS_DISK:
	case BT_MS_PAGING:
		return "31";
	case BT_MS_NETWORK:
	case BT_MS_IPC:
		return "34";
	case BT_MS_LOCK:
	case BT_MS_GIL:
		return "35";
	default:
		return "";
	}
}

const char *bt_colour_of_verdict(enum bt_verdict_id id)
{
	switch (id) {
	case BT_VERDICT_STARVED:
		return "1;33";
	case BT_VERDICT_CPU_BOUND:
		return "1;32";
	case BT_VERDICT_IO_BOUND:
		return "1;31";
	case BT_VERDICT_LOCK_BOUND:
		return "1;35";
	case BT_VERDICT_MIXED:
		return "1";
	default:
		return "";
	}
}

void bt_colour_begin(struct bt_strbuf *out, const char *sgr, const struct bt_style *style)
{
	if (!style->colour)
		return;
	bt_strbuf_add(out, "\033[");
	bt_strbuf_add(out, sgr);
	bt_strbuf_add_char(out, 'm');
}

void bt_colour_end(struct bt_strbuf *out, const struct bt_style *style)
{
	if (style->colour)
		bt_strbuf_add(out, "\033[0m");
}

/* Rounds each part to cells so that they add up to width: the largest remainders are rounded up. */
static void share_out(const float parts[PART_COUNT], unsigned int width, unsigned int cells[PART_COUNT])
{
	float rest[PART_COUNT];
	float sum = 0;
	unsigned int left = width;

	for (unsigned int i = 0; i < PART_COUNT; i++)
		sum += parts[i];
	for (unsigned int i = 0; i < PART_COUNT; i++) {
		float exact = sum > 0 ? parts[i] / sum * (float)width : 0;

		cells[i] = (unsigned int)exact;
		if (cells[i] > left)
			cells[i] = left;
		left -= cells[i];
		rest[i] = exact - (float)cells[i];
	}
	for (; left; left--) {
		unsigned int most = PART_IDLE;

		for (unsigned int i = 0; i < PART_COUNT; i++)
			if (rest[i] > rest[most])
				most = i;
		cells[most]++;
		rest[most] = -1;
	}
}

static void add_idle(struct bt_strbuf *out, unsigned int count, const struct bt_style *style)
{
	/* Two bytes each; most bars of most hosts are nothing else. */
	static const char dots[] = "····································································"
				   "····································································"
				   "································································";

	if (style->utf8)
		bt_strbuf_add_bytes(out, dots, 2 * (size_t)count);
	else
		bt_strbuf_add_fill(out, '.', count);
	_Static_assert(sizeof(dots) > 2 * (size_t)BT_BAR_WIDTH_MAX, "as many dots as the widest bar");
}

size_t bt_bar_parts(const float share[BT_MS_COUNT], bool split, unsigned int width,
		    struct bt_bar_part parts[BT_BAR_PARTS])
{
	float weights[PART_COUNT] = {0};
	unsigned int cells[PART_COUNT];
	float busy = 0;
	size_t count = 0;
	static const bool idle[BT_MS_COUNT] = {
#define BT_X(id, name, column, letter, group, meaning) [BT_MS_##id] = BT_GROUP_##group == BT_GROUP_IDLE,
	    BT_MICROSTATES(BT_X)
#undef BT_X
	};

	if (width > BT_BAR_WIDTH_MAX)
		width = BT_BAR_WIDTH_MAX;
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		if (idle[ms] || !(share[ms] > 0))
			continue;
		weights[ms] = share[ms];
		busy += share[ms];
	}
	if (busy * (float)width < 0.5f) {
		parts[0] = (struct bt_bar_part){PART_IDLE, width, '.'};
		return width > 0;
	}
	if (!split) {
		weights[BT_MS_USER] += weights[BT_MS_SYSTEM];
		weights[BT_MS_SYSTEM] = 0;
	}
	weights[PART_IDLE] = busy < 1 ? 1 - busy : 0;
	share_out(weights, width, cells);
	for (unsigned int i = 0; i < PART_COUNT; i++) {
		char letter = '.';

		if (!split && i == BT_MS_USER)
			letter = BT_BAR_CPU_LETTER;
		else if (i != PART_IDLE)
			letter = bt_microstate_letter(i);
		if (cells[i])
			parts[count++] = (struct bt_bar_part){i, cells[i], letter};
	}
	return count;
}

void bt_bar(struct bt_strbuf *out, const float share[BT_MS_COUNT], bool split, unsigned int width,
	    const struct bt_style *style)
{
	struct bt_bar_part parts[BT_BAR_PARTS];
	size_t count = bt_bar_parts(share, split, width, parts);

	for (size_t i = 0; i < count; i++) {
		const char *sgr = parts[i].ms < BT_MS_COUNT ? bt_colour_of_microstate(parts[i].ms) : "";

		if (parts[i].ms == PART_IDLE) {
			add_idle(out, parts[i].cells, style);
			continue;
		}
		if (*sgr)
			bt_colour_begin(out, sgr, style);
		bt_strbuf_add_fill(out, parts[i].letter, parts[i].cells);
		if (*sgr)
			bt_colour_end(out, style);
	}
}

void bt_gauge(struct bt_strbuf *out, double share, unsigned int width, const struct bt_style *style)
{
	static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	unsigned int steps;

	/* A broken recording may say anything; NaN fails both. */
	share = share > 0 ? share : 0;
	share = share < 1 ? share : 1;
	steps = (unsigned int)(share * width * 8 + 0.5);
	if (!style->utf8) {
		bt_strbuf_add_fill(out, '#', (steps + 4) / 8);
		return;
	}
	for (unsigned int i = 0; i < steps / 8; i++)
		bt_strbuf_add(out, "█");
	bt_strbuf_add(out, eighths[steps % 8]);
}
