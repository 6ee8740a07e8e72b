/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop replay: the other commands over a recording. */
#include <string.h>

#include "help.h"
#include "options.h"
#include "output.h"

/* Views that a recording can be shown in. */
static const enum bt_command_id views[] = {BT_COMMAND_TOP, BT_COMMAND_CLASSIFY, BT_COMMAND_DIAGNOSE};

/* How many words of the command line a replay option takes that begins there; 0: it is none. */
static int words_of_option(char *const *word)
{
	static const char *const names[] = {"--from", "--to"};

	for (size_t i = 0; *word && i < sizeof(names) / sizeof(names[0]); i++) {
		size_t length = strlen(names[i]);

		if (!strncmp(*word, names[i], length) && (*word)[length] == '=')
			return 1;
		if (!strcmp(*word, names[i]))
			return word[1] ? 2 : 1;
	}
	return 0;
}

/* The view is named before or behind options like --from: takes its name out. Else it is the dashboard. */
static enum bt_command_id view_take(char **rest)
{
	while (words_of_option(rest))
		rest += words_of_option(rest);
	for (size_t i = 0; i < sizeof(views) / sizeof(views[0]) && *rest; i++) {
		if (strcmp(bt_commands[views[i]].name, *rest) != 0)
			continue;
		for (; *rest; rest++)
			rest[0] = rest[1];
		return views[i];
	}
	return BT_COMMAND_TOP;
}

/* 0, or an exit status, and has said what asks for more than a recording has. */
static int check_means_something(const struct bt_options *o)
{
	if (o->collector != BT_COLLECTOR_AUTO) {
		bt_complain("replay: --collector is for what is live; leave it out");
		return BT_EXIT_USAGE;
	}
	if (o->follow) {
		bt_complain("replay: -f follows what is live; leave it out, or see frame by frame by top -b");
		return BT_EXIT_USAGE;
	}
	return 0;
}

int bt_command_replay(struct bt_options *o)
{
	enum bt_command_id view;
	char **rest;
	int status;

	if (!o->operand_count || !*o->operands[0]) {
		bt_complain("replay: no recording given; give the FILE that record wrote");
		return BT_EXIT_USAGE;
	}
	o->recording = o->operands[0];
	rest = o->operands + 1;
	view = view_take(rest);
	/* The dashboard has no operands that it could be. */
	if (view == BT_COMMAND_TOP && *rest && **rest != '-') {
		bt_complain("replay: %s is no view of a recording; give top, classify or diagnose, or none "
			    "for the dashboard",
			    *rest);
		return BT_EXIT_USAGE;
	}
	status = bt_options_parse_more(o, view, rest);
	if (status)
		return status;
	if (o->help)
		return bt_help_print(view);
	if (o->version)
		return bt_version_print();
	status = check_means_something(o);
	if (status)
		return status;
	return bt_commands[view].run(o);
}
