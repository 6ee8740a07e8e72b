/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop: finds the command, reads its options, and runs it. */
#include <locale.h>
#include <string.h>

#include "command.h"
#include "help.h"
#include "options.h"
#include "output.h"
#include "spawn.h"

const struct bt_command bt_commands[BT_COMMAND_COUNT] = {
    [BT_COMMAND_TOP] =
	{
	    "top",
	    "[-d SECS] [-n N] [-b] [-p PID,…] [-u USER] [-c PATTERN] [-H] [-s FIELD] [--json]",
	    "all processes, live; the keys are those of top and htop",
	    "Shows what every process of the host is bound by, and where its time went, on the whole "
	    "terminal, a frame every second. The key ? lists the keys, Enter opens a process, q ends it. "
	    "Where there is no terminal, -b prints the frames as text.\n\n"
	    "A frame is what happened since the one before. Processes that ended in between are shown once. "
	    "The most active come first.",
	    bt_command_top,
	},
    [BT_COMMAND_CLASSIFY] =
	{
	    "classify",
	    "[-d SECS | -f] [--json] [--threads] [--tree] [--bursts] [-a | -c PATTERN | PID…]",
	    "what some processes, or all, are bound by",
	    "Watches processes for a while and says of each what it is bound by, where its time went, on "
	    "what "
	    "evidence, and what to do about it. One that ends meanwhile is reported with what was seen of "
	    "it. Ctrl-C ends the "
	    "watching, not "
	    "the report.",
	    bt_command_classify,
	},
    [BT_COMMAND_RUN] =
	{
	    "run",
	    "[-o FILE] [--json] [--bursts] [--] COMMAND [ARG…]",
	    "run a command, and say where the time went",
	    "Runs a command and follows it with all its descendants. When it ends, says how long it took, "
	    "what it was "
	    "bound by, where the time went, and which of its processes were the heaviest. The report follows "
	    "the "
	    "command's own output on standard output; -o FILE keeps the two apart.",
	    bt_command_run,
	},
    [BT_COMMAND_RECORD] =
	{
	    "record",
	    "-o FILE [-d SECS] [-i SECS] [--keep TIME] [--max-size SIZE]",
	    "record what all processes do, to be looked at later",
	    "Writes what every thread of the host did to FILE, a frame every second, until Ctrl-C: replay "
	    "shows it, and judges it then. What is asleep is not written again. FILE is an SQLite database "
	    "(docs/recording.md), readable to nobody else, as it holds command lines; one that is a "
	    "recording "
	    "already is gone on with.",
	    bt_command_record,
	},
    [BT_COMMAND_REPLAY] =
	{
	    "replay",
	    "FILE [top|classify|diagnose] [OPTION…] [--from TIME] [--to TIME]",
	    "look at a recording as if it were now",
	    "Shows what record has written to FILE, in the view of another command, with the same verdicts. "
	    "The dashboard plays it, stops, steps both ways, and jumps to a time. top -b prints the frames "
	    "as they "
	    "were recorded, or longer ones (-d SECS); classify judges all of it as one, or the first SECS "
	    "(-d). "
	    "--from and --to choose a part. The other options are those of that command.",
	    bt_command_replay,
	},
    [BT_COMMAND_DIAGNOSE] =
	{
	    "diagnose",
	    "[-d SECS] [--json] [--exit-code]",
	    "what is wrong with this host, who is behind it, and what to do",
	    "Watches the whole host for a while and says what it is bound by, if by anything. What it finds "
	    "comes worst first, each with its severity, its evidence in numbers, who is behind it, its id, "
	    "and "
	    "what to do; then what was looked at and is fine. info is good to know, warning: somebody gets "
	    "less "
	    "than could be, critical: users suffer. What each id means, from which figures on it is given, "
	    "and "
	    "what not to do: docs/diagnose.md.",
	    bt_command_diagnose,
	},
    [BT_COMMAND_CHECK] =
	{
	    "check",
	    "",
	    "what this kernel and these privileges allow",
	    "Says what boundtop needs of the kernel and of its privileges, what of it is missing, what that "
	    "costs "
	    "and how to get it, and which collector runs.",
	    bt_command_check,
	},
    [BT_COMMAND_HELP] =
	{
	    "help",
	    "[COMMAND]",
	    "how it is used",
	    "Says how boundtop, or one of its commands, is used.",
	    bt_command_help,
	},
    [BT_COMMAND_VERSION] =
	{
	    "version",
	    "",
	    "which version this is",
	    "Says which version this is.",
	    bt_command_version,
	},
};

/* `boundtop -b` is `boundtop top -b`, but `boundtop --help` is of them all. */
static int find_command(const char *name, enum bt_command_id *command)
{
	*command = BT_COMMAND_TOP;
	if (!name || *name == '-')
		return 0;
	for (unsigned int i = 0; i < BT_COMMAND_COUNT; i++) {
		if (strcmp(bt_commands[i].name, name) != 0)
			continue;
		*command = (enum bt_command_id)i;
		return 0;
	}
	bt_complain("%s: no such command; see boundtop --help", name);
	return BT_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct bt_options o = {0};
	int status;

	bt_output_init();
	bt_spawn_init();
	/* Characters as the user has them; numbers stay as they are everywhere. */
	setlocale(LC_CTYPE, "");
	if (argc < 1)
		return BT_EXIT_USAGE;
	o.named = argc > 1 && *argv[1] != '-';
	status = find_command(argv[1], &o.command);
	if (status)
		return status;
	/* --dump-man is for the build, not for people: it is listed nowhere. */
	if (argc == 2 && !strcmp(argv[1], "--dump-man"))
		o.command = BT_COMMAND_HELP;
	status = bt_options_parse(&o, argc - o.named, argv + o.named);
	if (!status && o.help)
		status = bt_help_print(o.named ? o.command : BT_COMMAND_HELP);
	else if (!status && o.version)
		status = bt_version_print();
	else if (!status)
		status = bt_commands[o.command].run(&o);
	bt_options_free(&o);
	return status;
}
