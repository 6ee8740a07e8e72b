/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of options: parsing, --help of each command and the man page are made of it.
 */
#ifndef BOUNDTOP_OPTIONS_H
#define BOUNDTOP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "command.h"
#include "field.h"
#include "filter.h"

/* What was asked for. */
struct bt_options {
	enum bt_command_id command;
	bool named;           /* the command line says which */
	uint64_t delay_ns;    /* 0: not given */
	uint64_t interval_ns; /* likewise */
	uint64_t keep_ns;     /* likewise */
	uint64_t max_size;    /* bytes; likewise */
	uint64_t frames;      /* 0: no end */
	bool batch, json, threads, tree, bursts, all, follow, exit_code;
	bool help, version, dump_man;
	int32_t *pids; /* owned; each once */
	size_t pid_count;
	struct bt_filter *filter; /* owned; pattern and user */
	bool pattern;             /* the filter has one */
	const struct bt_field *sort;
	bool sort_reversed;
	enum bt_collector_choice collector;
	const char *output;
	const char *from, *to; /* of a recording; as typed, NULL: not given */
	const char *recording; /* the file that is replayed; NULL: it is live */
	char **operands;       /* of the command line */
	int operand_count;
};

struct bt_option {
	const char *name;      /* long */
	char letter;           /* short; 0: there is none */
	unsigned int commands; /* bit 1 << enum bt_command_id */
	const char *argument;  /* NULL: takes none */
	const char *meaning;   /* NULL: not listed */
	/* Takes it up. 0, or -EINVAL or -ENOMEM, and what is wrong with it in why. */
	int (*set)(struct bt_options *o, const char *argument, char *why, size_t size);
};

extern const struct bt_option bt_option_table[];
extern const size_t bt_option_count;

/*
 * Reads the command line of a command (argv[0] is its name). 0, or an exit status, and has said what is
 * wrong. o is zeroed; release it with bt_options_free() in both cases.
 */
int bt_options_parse(struct bt_options *o, int argc, char **argv);
/*
 * The same for the view of a recording: argv, which ends with NULL, has what comes behind the command's name.
 */
int bt_options_parse_more(struct bt_options *o, enum bt_command_id command, char **argv);
void bt_options_free(struct bt_options *o);
/* Adds a PID, if it is not there yet. 0, or -EINVAL or -ENOMEM, and what is wrong with it in why. */
/* The exit status that follows. */
int bt_options_status(int err);
int bt_options_add_pid(struct bt_options *o, const char *text, char *why, size_t size);

#endif
