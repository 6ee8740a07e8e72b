/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines: any arguments to any command. What is refused is refused in words. */
#include <stdarg.h>

#include "command.h"
#include "options.h"
#include "output.h"
#include "parse.h"

#include "fuzz.h"

#define ARGUMENTS_MAX 32

static unsigned int complaints;

/* In the place of output.c: nothing is printed. */
void bt_complain(const char *format, ...)
{
	char line[4096];
	va_list ap;

	va_start(ap, format);
	FUZZ_ASSERT(vsnprintf(line, sizeof(line), format, ap) >= 0);
	va_end(ap);
	complaints++;
}

/* Likewise of main.c: a line of it is looked at for the name alone. */
const struct bt_command bt_commands[BT_COMMAND_COUNT] = {
    [BT_COMMAND_TOP] = {.name = "top"},         [BT_COMMAND_CLASSIFY] = {.name = "classify"},
    [BT_COMMAND_RUN] = {.name = "run"},         [BT_COMMAND_RECORD] = {.name = "record"},
    [BT_COMMAND_REPLAY] = {.name = "replay"},   [BT_COMMAND_DIAGNOSE] = {.name = "diagnose"},
    [BT_COMMAND_CHECK] = {.name = "check"},     [BT_COMMAND_HELP] = {.name = "help"},
    [BT_COMMAND_VERSION] = {.name = "version"},
};

/* Values alone: the whole text is the value, or it is refused and the result untouched. */
static void check_values(const char *text)
{
	uint64_t ns = 7, count = 7;
	int32_t pid = 7;

	FUZZ_ASSERT(bt_parse_seconds(text, &ns)
			? ns == 7
			: ns >= BT_SECONDS_MIN_NS && ns <= BT_SECONDS_MAX * 1000000000ull);
	FUZZ_ASSERT(bt_parse_count(text, 3, 99, &count) ? count == 7 : count >= 3 && count <= 99);
	FUZZ_ASSERT(bt_parse_pid(text, &pid) ? pid == 7 : pid >= 1 && pid <= BT_PID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	uint8_t command = (uint8_t)fuzz_take(&in, 1);
	struct bt_options o = {.command = command % BT_COMMAND_COUNT, .named = command & 0x80};
	char *argv[ARGUMENTS_MAX + 2] = {(char *)bt_commands[o.command].name};
	char *text = fuzz_text(in.data, in.size);
	int argc = 1, status;

	/* A line an argument. */
	for (char *rest = text, *argument; argc <= ARGUMENTS_MAX && (argument = strsep(&rest, "\n"));) {
		check_values(argument);
		argv[argc++] = argument;
	}
	complaints = 0;
	status = bt_options_parse(&o, argc, argv);
	FUZZ_ASSERT(status == 0 || status == BT_EXIT_USAGE);
	FUZZ_ASSERT(complaints == (status ? 1 : 0));
	FUZZ_ASSERT(status || (o.operand_count >= 0 && o.operands + o.operand_count == argv + argc));
	bt_options_free(&o);
	free(text);
	return 0;
}
