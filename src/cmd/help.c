/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --help and --version, out of the tables of commands and options. */
#include "help.h"

#include <string.h>
#include <unistd.h>

#include "options.h"
#include "output.h"

#define LINE_WIDTH   80
#define TEXT_COLUMN  24
#define ABOUT_COLUMN 12

/* Width of a text that may hold characters of several bytes. */
static size_t width_of(const char *text, size_t length)
{
	size_t width = 0;

	for (size_t i = 0; i < length; i++)
		width += ((unsigned char)text[i] & 0xc0) != 0x80;
	return width;
}

/* Appends words, broken into lines that begin at column indent; the first goes on at column at. */
static void add_wrapped(struct bt_strbuf *out, const char *text, size_t at, size_t indent)
{
	bool first = true;

	while (*text) {
		size_t length = strcspn(text, " \n");
		size_t width = width_of(text, length);

		if (!first && at + 1 + width > LINE_WIDTH) {
			bt_strbuf_add_char(out, '\n');
			bt_strbuf_add_fill(out, ' ', indent);
			at = indent;
		} else if (!first) {
			bt_strbuf_add_char(out, ' ');
			at++;
		}
		bt_strbuf_add_bytes(out, text, length);
		at += width;
		first = false;
		text += length;
		if (!strncmp(text, "\n\n", 2)) {
			bt_strbuf_add(out, "\n\n");
			bt_strbuf_add_fill(out, ' ', indent);
			at = indent;
			first = true;
		}
		text += strspn(text, " \n");
	}
	bt_strbuf_add_char(out, '\n');
}

static void add_option(struct bt_strbuf *out, const struct bt_option *option)
{
	size_t begin = out->length;
	size_t width;

	bt_strbuf_add(out, "  ");
	if (option->letter)
		bt_strbuf_addf(out, "-%c, ", option->letter);
	else
		bt_strbuf_add(out, "    ");
	bt_strbuf_addf(out, "--%s", option->name);
	if (option->argument)
		bt_strbuf_addf(out, " %s", option->argument);
	width = width_of(out->data + begin, out->length - begin);
	if (width + 2 > TEXT_COLUMN) {
		bt_strbuf_add_char(out, '\n');
		width = 0;
	}
	bt_strbuf_add_fill(out, ' ', TEXT_COLUMN - width);
	add_wrapped(out, option->meaning, TEXT_COLUMN, TEXT_COLUMN);
}

static void add_commands(struct bt_strbuf *out)
{
	bt_strbuf_add(out, "\nCommands:\n");
	for (size_t i = 0; i < BT_COMMAND_COUNT; i++) {
		const struct bt_command *c = &bt_commands[i];

		bt_strbuf_addf(out, "  %s", c->name);
		bt_strbuf_add_fill(out, ' ', ABOUT_COLUMN - 2 - strlen(c->name));
		add_wrapped(out, c->summary, ABOUT_COLUMN, ABOUT_COLUMN);
	}
	bt_strbuf_add(out, "\nWithout a command it is top. See boundtop COMMAND --help, and boundtop(1).\n");
}

void bt_help_add(struct bt_strbuf *out, enum bt_command_id command)
{
	const struct bt_command *c = &bt_commands[command];

	if (command == BT_COMMAND_HELP) {
		bt_strbuf_add(out, "Usage: boundtop [COMMAND] [OPTION…] [ARGUMENT…]\n\n");
		add_wrapped(
		    out,
		    "Says what every process of this host is bound by, live and exactly: CPU, disk, network, "
		    "another process, a lock, or nothing at all.",
		    0, 0);
		add_commands(out);
		return;
	}
	bt_strbuf_addf(out, "Usage: boundtop %s%s%s\n\n", c->name, *c->arguments ? " " : "", c->arguments);
	add_wrapped(out, c->text, 0, 0);
	bt_strbuf_add(out, "\nOptions:\n");
	for (size_t i = 0; i < bt_option_count; i++)
		if ((bt_option_table[i].commands & 1u << command) && bt_option_table[i].meaning)
			add_option(out, &bt_option_table[i]);
}

static int print(const struct bt_strbuf *out)
{
	int err = bt_output_write(STDOUT_FILENO, "standard output", out);

	return err && err != BT_OUTPUT_CLOSED ? BT_EXIT_FAILED : BT_EXIT_DONE;
}

/* The only character of the tables that is not ASCII is the ellipsis. */
static void add_ascii(struct bt_strbuf *out, const char *text)
{
	static const char ellipsis[] = "…";
	const char *at;

	while ((at = strstr(text, ellipsis))) {
		bt_strbuf_add_bytes(out, text, (size_t)(at - text));
		bt_strbuf_add(out, "...");
		text = at + strlen(ellipsis);
	}
	bt_strbuf_add(out, text);
}

int bt_help_print(enum bt_command_id command)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_strbuf ascii = BT_STRBUF_INIT;
	bool utf8 = bt_style_detect(STDOUT_FILENO).utf8;
	int status;

	bt_help_add(&out, command);
	if (!utf8)
		add_ascii(&ascii, bt_strbuf_text(&out));
	status = print(utf8 || bt_strbuf_error(&out) ? &out : &ascii);
	bt_strbuf_free(&ascii);
	bt_strbuf_free(&out);
	return status;
}

int bt_version_print(void)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	int status;

	bt_strbuf_add(&out, "boundtop " BOUNDTOP_VERSION "\n");
	status = print(&out);
	bt_strbuf_free(&out);
	return status;
}

int bt_command_version(struct bt_options *o)
{
	if (o->operand_count) {
		bt_complain("%s: version takes no operands", o->operands[0]);
		return BT_EXIT_USAGE;
	}
	return bt_version_print();
}

int bt_command_help(struct bt_options *o)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	int status;

	if (o->dump_man) {
		bt_man_add(&out);
		status = print(&out);
		bt_strbuf_free(&out);
		return status;
	}
	if (!o->operand_count)
		return bt_help_print(BT_COMMAND_HELP);
	if (o->operand_count > 1) {
		bt_complain("%s: help takes one command; see boundtop --help", o->operands[1]);
		return BT_EXIT_USAGE;
	}
	for (unsigned int i = 0; i < BT_COMMAND_COUNT; i++)
		if (!strcmp(bt_commands[i].name, o->operands[0]))
			return bt_help_print((enum bt_command_id)i);
	bt_complain("%s: no such command; see boundtop --help", o->operands[0]);
	return BT_EXIT_USAGE;
}
