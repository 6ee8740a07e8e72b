/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop replay: the other commands over a recording. */
#include <string.h>

#include "options.h"
#include "output.h"

/* Views that a recording can be shown in. */
static const enum bt_command_id views[] = {BT_COMMAND_TOP, BT_COMMAND_CLASSIFY};

int bt_command_replay(struct bt_options *o)
{
	enum bt_command_id view = BT_COMMAND_TOP;
	char **rest = o->operands + 1;
	int status;

	if (!o->operand_count) {
		bt_complain("replay: no recording given; give the FILE that record wrote");
		return BT_EXIT_USAGE;
	}
	o->recording = o->operands[0];
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && *rest; i++) {
		if (strcmp(bt_commands[views[i]].name, *rest) != 0)
			continue;
		view = views[i];
		rest++;
		break;
	}
	status = bt_options_parse_more(o, view, rest);
	if (status)
		return status;
	return bt_commands[view].run(o);
}
