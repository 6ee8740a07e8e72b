/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of commands. --help and the man page are made of it.
 */
#ifndef BOUNDTOP_COMMAND_H
#define BOUNDTOP_COMMAND_H

#include <stddef.h>

struct bt_options;

enum bt_command_id {
	BT_COMMAND_TOP,
	BT_COMMAND_CLASSIFY,
	BT_COMMAND_RUN,
	BT_COMMAND_RECORD,
	BT_COMMAND_REPLAY,
	BT_COMMAND_DIAGNOSE,
	BT_COMMAND_CHECK,
	BT_COMMAND_HELP,
	BT_COMMAND_VERSION,
	BT_COMMAND_COUNT,
};

/* Exit statuses: DESIGN, section 2. */
enum bt_exit {
	BT_EXIT_DONE = 0,
	BT_EXIT_FAILED = 1,
	BT_EXIT_USAGE = 2,
	BT_EXIT_NO_PROCESS = 3,
	BT_EXIT_CRITICAL = 4, /* diagnose --exit-code: a finding is critical */
	BT_EXIT_NOT_EXECUTABLE = 126,
	BT_EXIT_NOT_FOUND = 127,
	BT_EXIT_SIGNAL = 128, /* + its number */
};

struct bt_command {
	const char *name;
	const char *arguments; /* synopsis behind the name */
	const char *summary;   /* one line */
	const char *text;      /* a paragraph or more; empty lines part them */
	/* Does it; returns the exit status, and has said what failed. */
	int (*run)(struct bt_options *o);
};

extern const struct bt_command bt_commands[BT_COMMAND_COUNT];

int bt_command_top(struct bt_options *o);
int bt_command_classify(struct bt_options *o);
int bt_command_run(struct bt_options *o);
int bt_command_record(struct bt_options *o);
int bt_command_replay(struct bt_options *o);
int bt_command_diagnose(struct bt_options *o);
int bt_command_check(struct bt_options *o);
int bt_command_help(struct bt_options *o);
int bt_command_version(struct bt_options *o);

#endif
