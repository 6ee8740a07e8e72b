/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the user chose of the dashboard, and how it is written down: lines of "name = value", '#' begins a
 * comment. Pure: who runs the dashboard reads and writes the file.
 */
#ifndef BOUNDTOP_TUI_CONFIG_H
#define BOUNDTOP_TUI_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "field.h"

struct bt_strbuf;

#define BT_TUI_CONFIG_VERSION 1
#define BT_TUI_COLUMNS_MAX    BT_FIELD_COUNT
#define BT_TUI_DELAY_NS       1000000000ull

struct bt_tui_config {
	uint64_t delay_ns;
	const struct bt_field *sort; /* NULL: the most active first */
	bool sort_reversed;
	bool tree, group, threads;
	bool hide_idle, hide_kernel;
	/* In their order, each once; none = as many of the standard ones as fit. */
	size_t column_count;
	const struct bt_field *columns[BT_TUI_COLUMNS_MAX];
};

void bt_tui_config_default(struct bt_tui_config *c);
/*
 * 0; -EINVAL: broken, or -ENOTSUP: of a newer version, and c is the default, and what is wrong is written to
 * why[size].
 */
int bt_tui_config_parse(struct bt_tui_config *c, const char *text, char *why, size_t size);
void bt_tui_config_format(const struct bt_tui_config *c, struct bt_strbuf *out);

#endif
