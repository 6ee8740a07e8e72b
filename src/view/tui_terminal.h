/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: taken, and given back whatever happens. */
#ifndef BOUNDTOP_TUI_TERMINAL_H
#define BOUNDTOP_TUI_TERMINAL_H

/* 0, -ENOMEM, or -ENODEV: $TERM is not known, or the terminal cannot move its cursor. */
int bt_terminal_open(void);
void bt_terminal_close(void);
void bt_terminal_suspend(void);
void bt_terminal_resume(void);
/* Asks for the size and has curses take it. */
void bt_terminal_resize(void);

#endif
