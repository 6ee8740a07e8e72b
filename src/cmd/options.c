/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "parse.h"
#include "rlimits.h"

#define TOP      (1u << BT_COMMAND_TOP)
#define CLASSIFY (1u << BT_COMMAND_CLASSIFY)
#define RUN      (1u << BT_COMMAND_RUN)
#define CHECK    (1u << BT_COMMAND_CHECK)
#define RECORD   (1u << BT_COMMAND_RECORD)
#define REPLAY   (1u << BT_COMMAND_REPLAY)
#define DIAGNOSE (1u << BT_COMMAND_DIAGNOSE)
#define ALL      ((1u << BT_COMMAND_COUNT) - 1)

#define BT_NAMED(id, name)  [BT_COLLECTOR_##id] = (name),
#define BT_LISTED(id, name) " " name

#define TEXT_OF_(x)   #x
#define TEXT_OF(x)    TEXT_OF_(x)
#define SECONDS_RANGE "0.001 to " TEXT_OF(BT_SECONDS_MAX)

#define FRAMES_MAX 1000000000000ull

/* -1, 1e99: numbers, only not such as we take. */
static bool is_beyond_seconds(const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	return *text && !*end && strspn(text, "0123456789.eE+-") == strlen(text) &&
	       (seconds < (double)BT_SECONDS_MIN_NS / 1e9 || seconds > BT_SECONDS_MAX);
}

static int complain_memory(char *why, size_t size)
{
	snprintf(why, size, "%s%s", strerror(ENOMEM), bt_limit_remedy(-ENOMEM));
	return -ENOMEM;
}

int bt_options_status(int err)
{
	return err == -ENOMEM ? BT_EXIT_FAILED : BT_EXIT_USAGE;
}

static int set_seconds(uint64_t *ns, const char *argument, char *why, size_t size)
{
	int err = bt_parse_seconds(argument, ns);

	if (err == -ERANGE || (err && is_beyond_seconds(argument)))
		snprintf(why, size, "must be between 0.001 and " TEXT_OF(BT_SECONDS_MAX) " seconds");
	else if (err)
		snprintf(why, size, "not a number of seconds; give digits, like 3 or 0.5");
	return err ? -EINVAL : 0;
}

static int set_delay(struct bt_options *o, const char *argument, char *why, size_t size)
{
	return set_seconds(&o->delay_ns, argument, why, size);
}

static int set_interval(struct bt_options *o, const char *argument, char *why, size_t size)
{
	return set_seconds(&o->interval_ns, argument, why, size);
}

static int set_frames(struct bt_options *o, const char *argument, char *why, size_t size)
{
	if (!bt_parse_count(argument, 1, FRAMES_MAX, &o->frames))
		return 0;
	snprintf(why, size, "not a number of frames; give 1 or more");
	return -EINVAL;
}

static int set_pids(struct bt_options *o, const char *argument, char *why, size_t size)
{
	char *list = strdup(argument);
	char *rest = list;
	char *text;
	int err = 0;

	if (!list) {
		return complain_memory(why, size);
	}
	while (!err && (text = strsep(&rest, ",")))
		err = bt_options_add_pid(o, text, why, size);
	free(list);
	return err;
}

static int filter_need(struct bt_options *o, char *why, size_t size)
{
	if (o->filter || !bt_filter_create(&o->filter))
		return 0;
	return complain_memory(why, size);
}

static int set_user(struct bt_options *o, const char *argument, char *why, size_t size)
{
	const struct passwd *user = getpwnam(argument);
	uint64_t uid = user ? user->pw_uid : 0;

	int err = filter_need(o, why, size);

	if (err)
		return err;
	if (!user && bt_parse_count(argument, 0, UINT32_MAX - 1, &uid)) {
		snprintf(why, size, "no such user; give a name that `getent passwd` knows, or a number");
		return -EINVAL;
	}
	bt_filter_set_uid(o->filter, (uint32_t)uid);
	return 0;
}

static int set_pattern(struct bt_options *o, const char *argument, char *why, size_t size)
{
	char reason[128] = "";
	int err = filter_need(o, why, size);

	if (err)
		return err;
	err = bt_filter_set_pattern(o->filter, argument, reason, sizeof(reason));
	if (err == -ENOMEM)
		return complain_memory(why, size);
	if (err) {
		snprintf(why, size, "not a valid extended regular expression: %s", reason);
		return -EINVAL;
	}
	o->pattern = true;
	return 0;
}

static int set_sort(struct bt_options *o, const char *argument, char *why, size_t size)
{
	size_t length;
	char sign = 0;

	if (*argument == '-' || *argument == '+')
		sign = *argument++;
	o->sort = bt_field_find(argument);
	if (o->sort) {
		bool descending = o->sort->flags & BT_FIELD_DESCENDING;

		o->sort_reversed = sign && descending != (sign == '-');
		return 0;
	}
	length = (size_t)snprintf(why, size, "no such field; there are");
	for (size_t i = 0; i < BT_FIELD_COUNT && length < size; i++)
		length +=
		    (size_t)snprintf(why + length, size - length, "%s %s", i ? "," : "", bt_fields[i].name);
	return -EINVAL;
}

static int set_collector(struct bt_options *o, const char *argument, char *why, size_t size)
{
	static const char *const names[BT_COLLECTOR_COUNT] = {BT_COLLECTORS(BT_NAMED)};
	size_t length;

	for (unsigned int i = 0; i < BT_COLLECTOR_COUNT; i++) {
		if (strcmp(names[i], argument) != 0)
			continue;
		o->collector = (enum bt_collector_choice)i;
		return 0;
	}
	length = (size_t)snprintf(why, size, "no such collector; there are");
	for (unsigned int i = 0; i < BT_COLLECTOR_COUNT && length < size; i++)
		length += (size_t)snprintf(why + length, size - length, "%s %s", i ? "," : "", names[i]);
	return -EINVAL;
}

/* A whole number and its unit, one of the letters of units, each of which is worth what is at its place. */
static int parse_amount(const char *text, const char *units, const uint64_t *worth, uint64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	char number[24];
	uint64_t value;

	if (!digits || digits >= sizeof(number) || !unit || text[digits + 1])
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (bt_parse_count(number, 1, UINT64_MAX / worth[unit - units], &value))
		return -ERANGE;
	*out = value * worth[unit - units];
	return 0;
}

#define KEEP_MAX_S (100ull * 366 * 86400)

static int set_keep(struct bt_options *o, const char *argument, char *why, size_t size)
{
	static const uint64_t seconds[] = {1, 60, 3600, 86400};
	uint64_t keep_s;
	int err = parse_amount(argument, "smhd", seconds, &keep_s);

	if (!err && keep_s <= KEEP_MAX_S) {
		o->keep_ns = keep_s * 1000000000;
		return 0;
	}
	snprintf(why, size,
		 err == -EINVAL ? "not a length of time; give a whole number and s, m, h or d, like 24h"
				: "out of range; give 1s to 36600d");
	return -EINVAL;
}

#define SIZE_MIN     (256u << 10)
#define SIZE_LARGEST (1ull << 46)

static int set_max_size(struct bt_options *o, const char *argument, char *why, size_t size)
{
	static const uint64_t bytes[] = {1ull << 10, 1ull << 20, 1ull << 30};
	int err = parse_amount(argument, "KMG", bytes, &o->max_size);

	if (!err && o->max_size >= SIZE_MIN && o->max_size <= SIZE_LARGEST)
		return 0;
	snprintf(why, size,
		 err == -EINVAL ? "not a size; give a whole number and K, M or G, like 1G"
				: "out of range; give 256K to 65536G");
	return -EINVAL;
}

static int set_output(struct bt_options *o, const char *argument, char *why, size_t size)
{
	if (!*argument) {
		snprintf(why, size, "empty; give the name of a file");
		return -EINVAL;
	}
	o->output = argument;
	return 0;
}

#define TEXT(member)                                                                                         \
	static int set_##member(struct bt_options *o, const char *argument, char *why, size_t size)          \
	{                                                                                                    \
		(void)why;                                                                                   \
		(void)size;                                                                                  \
		o->member = argument;                                                                        \
		return 0;                                                                                    \
	}
TEXT(from)
TEXT(to)

#define FLAG(member)                                                                                         \
	static int set_##member(struct bt_options *o, const char *argument, char *why, size_t size)          \
	{                                                                                                    \
		(void)argument;                                                                              \
		(void)why;                                                                                   \
		(void)size;                                                                                  \
		o->member = true;                                                                            \
		return 0;                                                                                    \
	}
FLAG(batch)
FLAG(json)
FLAG(threads)
FLAG(tree)
FLAG(bursts)
FLAG(all)
FLAG(follow)
FLAG(exit_code)
FLAG(help)
FLAG(version)
FLAG(dump_man)

/* clang-format off */
const struct bt_option bt_option_table[] = {
{ "batch", 'b', TOP, NULL, "print frames as text, a paragraph each, wherever the output goes", set_batch },
{ "delay", 'd', TOP, "SECS", "length of a frame, " SECONDS_RANGE "; 1 if not given", set_delay },
{ "delay", 'd', CLASSIFY, "SECS", "how long to watch, " SECONDS_RANGE "; 3 if not given", set_delay },
{ "delay", 'd', RECORD, "SECS", "how long to record, " SECONDS_RANGE "; until Ctrl-C if not given", set_delay },
{ "interval", 'i', RECORD, "SECS", "length of a frame, " SECONDS_RANGE "; 1 if not given", set_interval },
{ "delay", 'd', DIAGNOSE, "SECS", "how long to watch, " SECONDS_RANGE "; 5 if not given", set_delay },
{ "iterations", 'n', TOP, "N", "end after N frames, the first of which comes after one delay", set_frames },
{ "follow", 'f', CLASSIFY, NULL, "watch until the last of the processes ends, or Ctrl-C", set_follow },
{ "pid", 'p', TOP, "PID,…", "only these processes", set_pids },
{ "user", 'u', TOP, "USER", "only processes of this effective user, by name or number", set_user },
{ "all", 'a', CLASSIFY, NULL, "all processes, also those that come and go", set_all },
{ "command", 'c', TOP | CLASSIFY, "PATTERN",
  "only processes whose name or command line has a match of this extended regular expression", set_pattern },
{ "threads", 'H', TOP, NULL, "a row for each thread", set_threads },
{ "threads", 0, CLASSIFY, NULL, "each thread, too", set_threads },
{ "tree", 0, CLASSIFY, NULL, "the process with all its descendants: first as one, then each", set_tree },
{ "bursts", 0, CLASSIFY | RUN, NULL, "draw how long its CPU and I/O bursts were, as histograms; JSON has their percentiles in any case", set_bursts },
{ "sort", 's', TOP, "FIELD",
  "sort by a field of the table in boundtop(1), by its name or title; -FIELD: descending, +FIELD: ascending", set_sort },
{ "json", 0, TOP, NULL, "print JSON, an object a line and frame; -b is not needed then", set_json },
{ "json", 0, CLASSIFY | RUN | DIAGNOSE | CHECK, NULL, "print JSON, an object a line", set_json },
{ "output", 'o', RUN, "FILE", "write the report to FILE instead of standard output; whole or not at all, if its folder takes a new file", set_output },
{ "output", 'o', RECORD, "FILE", "the file to record to; is made, or gone on with", set_output },
{ "from", 0, REPLAY, "TIME", "begin there: 14:02, 14:02:11, 2026-11-25T14:02:11Z, or -5m, before the end of the recording; at its beginning if not given", set_from },
{ "to", 0, REPLAY, "TIME", "end there, likewise", set_to },
{ "keep", 0, RECORD, "TIME", "drop what is older, 90s, 30m, 24h or 7d; all that --max-size leaves if not given", set_keep },
{ "max-size", 0, RECORD, "SIZE", "drop the oldest when the file would become larger, 500K, 200M or 4G; 1G if not given", set_max_size },
{ "exit-code", 0, DIAGNOSE, NULL, "end with 4 if a finding is critical", set_exit_code },
{ "collector", 0, TOP | CLASSIFY | RUN | DIAGNOSE | RECORD, "NAME", "where the figures come from, one of:" BT_COLLECTORS(BT_LISTED) "; auto takes the best that opens", set_collector },
{ "help", 'h', ALL, NULL, "say how it is used, and end", set_help },
{ "version", 'V', ALL, NULL, "say which version this is, and end", set_version },
{ "dump-man", 0, 1u << BT_COMMAND_HELP, NULL, NULL, set_dump_man },
};
/* clang-format on */
const size_t bt_option_count = sizeof(bt_option_table) / sizeof(bt_option_table[0]);

int bt_options_add_pid(struct bt_options *o, const char *text, char *why, size_t size)
{
	int32_t pid;
	int32_t *pids;

	if (bt_parse_pid(text, &pid)) {
		if (*text && strspn(text, "0") == strlen(text))
			snprintf(why, size, "PID 0 is the idle task of the kernel, not a process");
		else
			snprintf(why, size, "not a PID; give a number from 1 to %d", BT_PID_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < o->pid_count; i++)
		if (o->pids[i] == pid)
			return 0;
	pids = reallocarray(o->pids, o->pid_count + 1, sizeof(*pids));
	if (!pids) {
		return complain_memory(why, size);
	}
	pids[o->pid_count++] = pid;
	o->pids = pids;
	return 0;
}

void bt_options_free(struct bt_options *o)
{
	free(o->pids);
	bt_filter_destroy(o->filter);
	*o = (struct bt_options){0};
}

/* The table in getopt's terms: values are places in the table + VALUE_FIRST, letters are themselves. */
#define VALUE_FIRST 256

struct parser {
	struct option longs[32];
	char shorts[64];
	enum bt_command_id command;
	unsigned int commands; /* whose options are taken: bits */
	bool named;
};

static void parser_build(struct parser *p, enum bt_command_id command, bool replayed)
{
	size_t longs = 0, shorts = 0;

	p->command = command;
	p->commands = 1u << command | (replayed ? REPLAY : 0);
	/* Operands end the options of `run`: what follows is the command's. ':' tells a missing argument
	 * apart. */
	if (command == BT_COMMAND_RUN || command == BT_COMMAND_REPLAY)
		p->shorts[shorts++] = '+';
	p->shorts[shorts++] = ':';
	for (size_t i = 0; i < bt_option_count; i++) {
		const struct bt_option *option = &bt_option_table[i];

		if (!(option->commands & p->commands))
			continue;
		p->longs[longs].name = option->name;
		p->longs[longs].has_arg = option->argument ? required_argument : no_argument;
		p->longs[longs++].val = VALUE_FIRST + (int)i;
		if (option->letter)
			p->shorts[shorts++] = option->letter;
		if (option->letter && option->argument)
			p->shorts[shorts++] = ':';
	}
	p->longs[longs] = (struct option){0};
	p->shorts[shorts] = '\0';
}

static const struct bt_option *parser_option(const struct parser *p, int value)
{
	if (value >= VALUE_FIRST)
		return &bt_option_table[value - VALUE_FIRST];
	for (size_t i = 0; i < bt_option_count; i++)
		if ((bt_option_table[i].commands & p->commands) && bt_option_table[i].letter == value)
			return &bt_option_table[i];
	return NULL;
}

/* What getopt stumbled over: an unknown option, or one without (or with too much of) an argument. */
static int complain_option(const struct parser *p, int found, char **argv)
{
	const char *text = argv[optind - 1];
	const char *command = bt_commands[p->command].name;
	char letter[3] = {'-', (char)optopt, '\0'};
	const char *what;

	/* A letter may stand among others, and what is before optind be another option. */
	if (optopt > 0 && optopt < VALUE_FIRST)
		text = letter;
	if (found == ':')
		what = "needs an argument";
	else
		what = optopt >= VALUE_FIRST ? "takes no argument" : "no such option";
	if (p->named)
		bt_complain("%s: %s; see boundtop %s --help", text, what, command);
	else
		bt_complain("%s: %s; see boundtop --help", text, what);
	return BT_EXIT_USAGE;
}

static int parse(struct bt_options *o, enum bt_command_id command, int argc, char **argv)
{
	struct parser p = {0};
	char why[2048];
	int found;

	parser_build(&p, command, o->recording != NULL);
	p.named = o->named;
	opterr = 0;
	optind = 0; /* from the beginning, whatever it has read before */
	while ((found = getopt_long(argc, argv, p.shorts, p.longs, NULL)) != -1) {
		const struct bt_option *option;
		int err;

		if (found == '?' || found == ':')
			return complain_option(&p, found, argv);
		option = parser_option(&p, found);
		err = option->set(o, optarg, why, sizeof(why));
		if (err) {
			if (option->letter)
				bt_complain("-%c %s: %s", option->letter, optarg, why);
			else
				bt_complain("--%s %s: %s", option->name, optarg, why);
			return bt_options_status(err);
		}
	}
	o->operands = argv + optind;
	o->operand_count = argc - optind;
	return 0;
}

int bt_options_parse(struct bt_options *o, int argc, char **argv)
{
	return parse(o, o->command, argc, argv);
}

int bt_options_parse_more(struct bt_options *o, enum bt_command_id command, char **argv)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	/* What comes before the first is taken for the program's name. */
	return parse(o, command, argc + 1, argv - 1);
}
