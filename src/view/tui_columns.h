/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which columns a line has room for. Pure. */
#ifndef BOUNDTOP_TUI_COLUMNS_H
#define BOUNDTOP_TUI_COLUMNS_H

#include "tui_config.h"

struct bt_tui_column {
	const struct bt_field *field;
	unsigned int width; /* 0 = the rest of the line */
};

struct bt_tui_columns {
	size_t count;
	struct bt_tui_column list[BT_TUI_COLUMNS_MAX];
};

/* What the choice depends on besides the user's own (config). */
struct bt_tui_room {
	unsigned int columns;   /* of the terminal */
	unsigned int pid_width; /* digits of the largest PID */
	bool threads;           /* TID instead of PID */
};

/*
 * The columns of config, or the standard ones, in their order, without those that find no room: the least
 * important first, of the user's own the rightmost. What they are sorted by is seen in any case, if it is a
 * column at all.
 */
void bt_tui_columns_choose(struct bt_tui_columns *c, const struct bt_tui_config *config,
			   const struct bt_tui_room *room);
/* The standard ones, in their order: what the user's own choice begins with. */
size_t bt_tui_columns_standard(const struct bt_field *list[BT_TUI_COLUMNS_MAX]);

#endif
