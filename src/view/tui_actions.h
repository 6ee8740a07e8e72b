/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_TUI_ACTIONS_H
#define BOUNDTOP_TUI_ACTIONS_H

#include "tui_keys.h"

struct bt_tui;

/* Does what a key stands for, in the view that is shown. Returns enum bt_tui_request. */
unsigned int bt_tui_act(struct bt_tui *t, enum bt_action action);
/* Draws the whole screen; the terminal gets what changed. */
void bt_tui_draw(struct bt_tui *t);

#endif
