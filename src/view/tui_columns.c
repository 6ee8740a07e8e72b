/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_columns.h"

#include <string.h>

#define PID_WIDTH_MIN 5
#define BAR_MIN       12
#define BAR_MAX       40
#define WAIT_MORE     20 /* for what is waited for, of what is plenty */
#define TEXT_MIN      14 /* of the command, whatever has to go for it */
#define TEXT_FIXED    30 /* of a text that is not the last column */
#define TEXT_COSY     32 /* from which on there is room for more columns */

/* In their order, with their importance: 0 is always there, the higher the earlier dropped. */
static const struct {
	enum bt_field_id id;
	unsigned int rank;
} standard[] = {
    {BT_FIELD_PID, 0},     {BT_FIELD_USER, 5},       {BT_FIELD_VERDICT, 0},     {BT_FIELD_CAUSE, 3},
    {BT_FIELD_CPUS, 4},    {BT_FIELD_ACTIVE, 2},     {BT_FIELD_BAR, 1},         {BT_FIELD_TREND, 8},
    {BT_FIELD_THREADS, 9}, {BT_FIELD_RSS_BYTES, 10}, {BT_FIELD_CPU_TIME_S, 12}, {BT_FIELD_STATE, 13},
    {BT_FIELD_NICE, 16},   {BT_FIELD_READ_RATE, 14}, {BT_FIELD_WRITE_RATE, 15}, {BT_FIELD_WAITS_FOR, 11},
    {BT_FIELD_CGROUP, 17}, {BT_FIELD_COMMAND, 0},
};
#define STANDARD_COUNT (sizeof(standard) / sizeof(standard[0]))
/* Up to here a column is worth more than a long command. */
#define RANK_CORE 9

struct candidate {
	const struct bt_field *field;
	unsigned int rank;
	bool chosen;
};

size_t bt_tui_columns_standard(const struct bt_field *list[BT_TUI_COLUMNS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < STANDARD_COUNT; i++)
		if (standard[i].rank <= RANK_CORE)
			list[count++] = &bt_fields[standard[i].id];
	return count;
}

static unsigned int width_of(const struct bt_field *f, bool last, const struct bt_tui_room *room)
{
	if (f == &bt_fields[BT_FIELD_PID] || f == &bt_fields[BT_FIELD_TID] ||
	    f == &bt_fields[BT_FIELD_PPID] || f == &bt_fields[BT_FIELD_FORKED_BY])
		return room->pid_width > PID_WIDTH_MIN ? room->pid_width : PID_WIDTH_MIN;
	if (f == &bt_fields[BT_FIELD_BAR])
		return BAR_MIN;
	if (!f->width && !last)
		return TEXT_FIXED;
	return f->width;
}

static size_t candidates_fill(struct candidate *list, const struct bt_tui_config *config)
{
	bool sorted = !config->sort;
	size_t count = 0;

	if (!config->column_count) {
		for (size_t i = 0; i < STANDARD_COUNT; i++) {
			const struct bt_field *f = &bt_fields[standard[i].id];
			bool sort = f == config->sort;

			/* What it is sorted by stands before the bar, if it is not there already. */
			if (standard[i].id == BT_FIELD_BAR && !sorted) {
				bool later = false;

				for (size_t k = i; k < STANDARD_COUNT; k++)
					later |= &bt_fields[standard[k].id] == config->sort;
				if (!later && config->sort->width)
					list[count++] = (struct candidate){config->sort, 0, false};
			}
			sorted |= sort;
			list[count++] = (struct candidate){f, sort ? 0 : standard[i].rank, false};
		}
		return count;
	}
	for (size_t i = 0; i < config->column_count; i++)
		list[count++] = (struct candidate){config->columns[i], (unsigned int)i, false};
	return count;
}

/* Chooses by rank until there is no room; returns what the chosen take, the spaces between included. */
static unsigned int candidates_choose(struct candidate *list, size_t count, const struct bt_tui_room *room,
				      bool own)
{
	/* A last column of its own width needs no more. */
	unsigned int text_min = list[count - 1].field->width ? 0 : TEXT_MIN;
	unsigned int used = 0;

	for (unsigned int rank = 0; rank <= BT_TUI_COLUMNS_MAX; rank++) {
		for (size_t i = 0; i < count; i++) {
			const struct bt_field *f = list[i].field;
			unsigned int rest = own || rank <= RANK_CORE ? text_min : TEXT_COSY + 20 - BAR_MIN;
			unsigned int width = width_of(f, i + 1 == count, room) + (i + 1 < count);

			if (list[i].rank != rank || list[i].chosen)
				continue;
			if (rank && used + width + rest > room->columns)
				return used;
			list[i].chosen = true;
			used += width;
		}
	}
	return used;
}

void bt_tui_columns_choose(struct bt_tui_columns *c, const struct bt_tui_config *config,
			   const struct bt_tui_room *room)
{
	struct candidate list[BT_TUI_COLUMNS_MAX + 1];
	size_t count = candidates_fill(list, config);
	unsigned int used = candidates_choose(list, count, room, config->column_count > 0);
	unsigned int left = room->columns > used ? room->columns - used : 0;

	c->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct bt_field *f = list[i].field;
		struct bt_tui_column *column = &c->list[c->count];

		if (!list[i].chosen || c->count == BT_TUI_COLUMNS_MAX)
			continue;
		if (room->threads && f == &bt_fields[BT_FIELD_PID])
			f = &bt_fields[BT_FIELD_TID];
		column->field = f;
		column->width = width_of(f, i + 1 == count, room);
		if (f == &bt_fields[BT_FIELD_BAR] && left > TEXT_MIN) {
			unsigned int more = left - TEXT_MIN;
			unsigned int wish = f->width - BAR_MIN;

			/* First its own width; then a share of what is plenty. */
			if (left > 4 * TEXT_COSY)
				wish = BAR_MAX - BAR_MIN;
			more = more / 2 < wish ? more / 2 : wish;
			column->width += more;
			left -= more;
		}
		if (f == &bt_fields[BT_FIELD_WAITS_FOR] && i + 1 < count && left > 4 * TEXT_COSY) {
			column->width += WAIT_MORE;
			left -= WAIT_MORE;
		}
		c->count++;
	}
}
