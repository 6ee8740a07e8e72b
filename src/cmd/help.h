/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_HELP_H
#define BOUNDTOP_HELP_H

#include "command.h"
#include "strbuf.h"

/* What --help of a command says. BT_COMMAND_HELP: of the program. */
void bt_help_add(struct bt_strbuf *out, enum bt_command_id command);
/* boundtop(1) in roff. */
void bt_man_add(struct bt_strbuf *out);
/* Prints it on standard output. Exit status. */
int bt_help_print(enum bt_command_id command);
int bt_version_print(void);

#endif
