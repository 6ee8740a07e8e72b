/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop(1), out of the tables of commands, options, microstates, verdicts, advice and fields. */
#include <string.h>

#include "advice.h"
#include "diagnose.h"
#include "field.h"
#include "help.h"
#include "names.h"
#include "options.h"
#include "tui_keys.h"

/* Characters that roff would make something else of, such as quotes that a shell does not know;
 * groff_char(7). */
static const char *escape_of(char c)
{
	switch (c) {
	case '\\':
		return "\\e";
	case '-':
		return "\\-";
	case '"':
		return "\\(dq"; /* in an argument of a macro it would end it */
	case '\'':
		return "\\(aq";
	case '`':
		return "\\(ga";
	case '^':
		return "\\(ha";
	case '~':
		return "\\(ti";
	default:
		return NULL;
	}
}

/* Text as roff takes it: all of it stays what it is, and no line of it is a command. */
static void add_text(struct bt_strbuf *out, const char *text)
{
	for (const char *p = text; *p; p++) {
		const char *escape = escape_of(*p);

		if (escape)
			bt_strbuf_add(out, escape);
		else if (*p == '.' && (p == text || p[-1] == '\n'))
			bt_strbuf_add(out, "\\&.");
		else
			bt_strbuf_add_char(out, *p);
	}
}

static void add_paragraphs(struct bt_strbuf *out, const char *text)
{
	const char *end;

	while ((end = strstr(text, "\n\n"))) {
		struct bt_strbuf part = BT_STRBUF_INIT;

		bt_strbuf_add_bytes(&part, text, (size_t)(end - text));
		add_text(out, bt_strbuf_text(&part));
		bt_strbuf_add(out, "\n.PP\n");
		bt_strbuf_free(&part);
		text = end + 2;
	}
	add_text(out, text);
	bt_strbuf_add_char(out, '\n');
}

static void add_section(struct bt_strbuf *out, const char *title)
{
	bt_strbuf_addf(out, ".SH %s\n", title);
}

/* A term, bold, and what it means. */
static void add_term(struct bt_strbuf *out, const char *term, const char *meaning)
{
	bt_strbuf_add(out, ".TP\n.B \"");
	add_text(out, term);
	bt_strbuf_add(out, "\"\n");
	add_text(out, meaning);
	bt_strbuf_add_char(out, '\n');
}

static void add_option(struct bt_strbuf *out, const struct bt_option *option)
{
	bt_strbuf_add(out, ".TP\n");
	if (option->letter)
		bt_strbuf_addf(out, "\\fB\\-%c\\fR, ", option->letter);
	bt_strbuf_add(out, "\\fB\\-\\-");
	add_text(out, option->name);
	bt_strbuf_add(out, "\\fR");
	if (option->argument) {
		bt_strbuf_add(out, " \\fI");
		add_text(out, option->argument);
		bt_strbuf_add(out, "\\fR");
	}
	bt_strbuf_add_char(out, '\n');
	add_text(out, option->meaning);
	bt_strbuf_add_char(out, '\n');
}

static void add_commands(struct bt_strbuf *out)
{
	add_section(out, "COMMANDS");
	for (unsigned int i = 0; i < BT_COMMAND_COUNT; i++) {
		const struct bt_command *c = &bt_commands[i];

		bt_strbuf_add(out, ".SS \"boundtop ");
		add_text(out, c->name);
		bt_strbuf_addf(out, "%s", *c->arguments ? " " : "");
		add_text(out, c->arguments);
		bt_strbuf_add(out, "\"\n");
		add_paragraphs(out, c->text);
		for (size_t k = 0; k < bt_option_count; k++) {
			const struct bt_option *option = &bt_option_table[k];
			bool general = option->commands == (1u << BT_COMMAND_COUNT) - 1;

			if ((option->commands & 1u << i) && option->meaning && !general)
				add_option(out, option);
		}
	}
	bt_strbuf_add(out, ".SS \"Every command\"\n");
	for (size_t k = 0; k < bt_option_count; k++)
		if (bt_option_table[k].commands == (1u << BT_COMMAND_COUNT) - 1)
			add_option(out, &bt_option_table[k]);
}

/* Each group with its microstates. */
static void add_groups(struct bt_strbuf *out)
{
	for (unsigned int g = 0; g < BT_GROUP_NONE; g++) {
		struct bt_strbuf list = BT_STRBUF_INIT;

		for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++)
			if (bt_microstate_group(ms) == g)
				bt_strbuf_addf(&list, "%s%s", list.length ? ", " : "",
					       bt_microstate_name(ms));
		add_term(out, bt_group_name(g), bt_strbuf_text(&list));
		bt_strbuf_free(&list);
	}
	bt_strbuf_add(out, ".PP\n");
}

static void add_words(struct bt_strbuf *out)
{
	add_section(out, "VERDICTS");
	add_paragraphs(out, "A thread is active while it computes, waits for a CPU, or is blocked on "
			    "something that owes it an "
			    "answer: a disk, a network peer, another process, a lock. While it has nothing "
			    "to do (it sleeps, waits "
			    "for work, for a child, or is stopped) it is idle. A process is as active as the "
			    "most active of its "
			    "threads, so that a pool of parked threads does not hide the one that works: "
			    "active is the part of the "
			    "time for which that thread was. (Threads that ended count as one, together. So "
			    "do threads that work one after the other, as in a pool that gets one task at a "
			    "time: who waits for the others is active while they are.)\n\n"
			    "Active time is compared by groups of microstates, over all threads:");
	add_groups(out);
	add_paragraphs(out, "The verdict is the first of these that holds. Its cause is the largest "
			    "microstate of the group that "
			    "won; the runner-up is the largest of the group that came next. Confidence falls "
			    "with a short window, "
			    "few alternations between computing and waiting, lost records, and closeness to "
			    "one of these numbers.");
	for (unsigned int i = 0; i < BT_VERDICT_COUNT; i++)
		add_term(out, bt_verdict_name(i), bt_verdict_meaning(i));
	add_section(out, "MICROSTATES");
	add_paragraphs(
	    out,
	    "At every instant a thread is in exactly one of these, so that they add up to the wall time. "
	    "In bars each has its letter; C is time on the CPU that was too short to be told "
	    "apart into user and system.");
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		struct bt_strbuf term = BT_STRBUF_INIT;

		bt_strbuf_addf(&term, "%s (%c)", bt_microstate_name(ms), bt_microstate_letter(ms));
		add_term(out, bt_strbuf_text(&term), bt_microstate_meaning(ms));
		bt_strbuf_free(&term);
	}
}

static void add_keys(struct bt_strbuf *out)
{
	add_section(out, "KEYS");
	add_paragraphs(out, "What the dashboard of top does at a key; those that top and htop have mean the "
			    "same here. A click "
			    "selects a row, a second one opens it; one on a column head sorts by it.");
	for (size_t i = 0; i < bt_key_count; i++)
		if (bt_keys[i].when != BT_KEY_REPLAY)
			add_term(out, bt_keys[i].label, bt_keys[i].meaning);
	bt_strbuf_add(out, ".PP\n");
	add_paragraphs(
	    out,
	    "In a recording (replay) there are these instead of those for time, signals and nice values:");
	for (size_t i = 0; i < bt_key_count; i++)
		if (bt_keys[i].when == BT_KEY_REPLAY)
			add_term(out, bt_keys[i].label, bt_keys[i].meaning);
	bt_strbuf_add(out, ".PP\n");
	add_paragraphs(
	    out, "A filter is made of words that must all match. A word is looked for in the name and the "
		 "command line, whatever the case; between slashes it is an extended regular expression. "
		 "user:NAME, verdict:NAME and cause:NAME match the beginning, cgroup:TEXT and container:TEXT "
		 "any part, pid:NUMBER "
		 "that process. An exclamation mark turns a word round. Example: user:www verdict:io !nginx");
}

static void add_findings(struct bt_strbuf *out)
{
	add_section(out, "FINDINGS");
	add_paragraphs(
	    out, "What diagnose finds, by the id behind it. From which figures on it is given, and what to "
		 "do: docs/diagnose.md, which is installed with the documentation.");
	for (unsigned int row = 0; row < bt_finding_rows(); row++)
		add_term(out, bt_finding_id(row), bt_finding_title(row));
}

static void add_advice(struct bt_strbuf *out)
{
	add_section(out, "ADVICE");
	add_paragraphs(out,
		       "What to do about a verdict, in lines that begin with an arrow, and in JSON with "
		       "one of these ids. "
		       "None is given without its evidence, which it quotes. For each, docs/advice.md, which "
		       "is installed with "
		       "the documentation, says what it means, the evidence, what to do, and what not "
		       "to do. top leaves it "
		       "out for idle processes.");
	for (unsigned int row = 0; row < bt_advice_count(); row++)
		add_term(out, bt_advice_id(row), bt_advice_title(row));
}

static void add_fields(struct bt_strbuf *out)
{
	add_section(out, "FIELDS");
	add_paragraphs(
	    out, "Names are those of --json, where a dot stands between an object and its key, and of -s, "
		 "which takes the title of a column as well. What was not measured is null in JSON and a "
		 "hyphen in a column, never zero. Those from bar on are not in JSON. There, lists follow: "
		 "waits (what it waited for, the longest first), advice and, with --threads, thread_list. ");
	bt_strbuf_add(out, ".na\n.nh\n.TS\ntab(@);\nlb lb lb lb\nl l l lx.\nName@Title@Unit@Meaning\n");
	for (size_t i = 0; i < BT_FIELD_COUNT; i++) {
		const struct bt_field *f = &bt_fields[i];

		add_text(out, f->name);
		bt_strbuf_add_char(out, '@');
		add_text(out, f->title);
		bt_strbuf_add_char(out, '@');
		add_text(out, bt_unit_name(f->unit));
		bt_strbuf_add(out, "@T{\n");
		add_text(out, f->meaning);
		bt_strbuf_add(out, "\nT}\n");
	}
	bt_strbuf_add(out, ".TE\n.ad\n.hy\n");
}

static void add_reading(struct bt_strbuf *out)
{
	add_section(out, "OUTPUT");
	add_paragraphs(
	    out,
	    "The first line of a frame of top -b: time, host, how long it is up, cores, load; the collector "
	    "and "
	    "whether it is exact; what was lost (threads, ends of threads, switches; 0 as a rule); what "
	    "boundtop "
	    "itself takes of one core; the length of the frame. The second line is the load by cause: how "
	    "many "
	    "threads, on average, were on a CPU, wanted one, or waited for what. The third counts processes "
	    "by verdict.\n\n"
	    "Lines are cut to the width of a terminal; elsewhere they are as long as they need to be, unless "
	    "COLUMNS says otherwise. Of classify only names are cut. A frame ends with an empty line.\n\n"
	    "The shares of a process are of the wall time of all its threads, those that ended included. "
	    "--json "
	    "prints an object a line: one for each frame of top, one for all else.");
}

static void add_statuses(struct bt_strbuf *out)
{
	static const char *const statuses[][2] = {
	    {"0", "done; also where the reader of standard output has closed it (boundtop … | head)"},
	    {"1", "failed; one line on standard error says what, why, and what to do"},
	    {"2", "wrong usage; also top without -b where there is no terminal that can be drawn on"},
	    {"3", "no such process, for one or more of those that were asked for; the others were reported"},
	    {"126, 127", "run: the command cannot be executed, is not found"},
	    {"4", "diagnose --exit-code: a finding is critical"},
	    {"128+N",
	     "ended by signal N. Ctrl-C is no failure where nothing else could have ended it: top without "
	     "-n, "
	     "classify -f. run takes Ctrl-C as time(1) does: it is the command's; what ends boundtop else is "
	     "handed on to the command."},
	};

	add_section(out, "EXIT STATUS");
	add_paragraphs(
	    out, "run ends with the status of the command, or 1 if that was 0 and the report was lost.");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		add_term(out, statuses[i][0], statuses[i][1]);
}

static void add_rest(struct bt_strbuf *out)
{
	static const char *const examples[][2] = {
	    {"sudo boundtop", "What is every process bound by, right now?"},
	    {"sudo boundtop classify 2212", "What is process 2212 bound by?"},
	    {"sudo boundtop top -b -n 1 -d 5", "What was every process bound by in five seconds?"},
	    {"sudo boundtop run -- make -j8", "Where did the build's time go?"},
	    {"sudo boundtop top -b -s share.disk", "Who waits for the disk?"},
	    {"sudo boundtop classify -a --json | jq '.processes[] | select(.verdict == \"starved\")'",
	     "Who wants a CPU and does not get one?"},
	};

	add_section(out, "ENVIRONMENT");
	add_term(out, "COLUMNS", "width of the output, if it is set");
	add_term(out, "NO_COLOR",
		 "no colour, if it is set and not empty; there is none outside of a terminal either");
	add_term(
	    out, "TERM",
	    "the terminal; where it is dumb, unset or not known, top needs -b. With 256 colours, 8, or none, "
	    "nothing is told by colour alone");
	add_section(out, "FILES");
	add_term(
	    out, "$XDG_CONFIG_HOME/boundtop/top.conf, ~/.config/boundtop/top.conf",
	    "what the key W saves: columns, order, what is shown, the delay. What is broken, or written by a "
	    "newer version, is left as it is, and not used");
	add_term(out, "/sys/kernel/btf/vmlinux",
		 "types of the running kernel, which the exact collector needs");
	add_term(out, "/proc", "command lines, users and control groups");
	add_section(out, "EXAMPLES");
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++)
		add_term(out, examples[i][0], examples[i][1]);
	add_section(out, "SEE ALSO");
	bt_strbuf_add(out,
		      ".BR top (1),\n.BR time (1),\n.BR strace (1),\n.BR proc (5),\n.BR capabilities (7)\n");
}

void bt_man_add(struct bt_strbuf *out)
{
	bt_strbuf_add(out,
		      "'\\\" t\n.TH BOUNDTOP 1 \"\" \"boundtop " BOUNDTOP_VERSION "\" \"User Commands\"\n");
	add_section(out, "NAME");
	bt_strbuf_add(out, "boundtop \\- what every process is bound by, and why\n");
	add_section(out, "SYNOPSIS");
	for (unsigned int i = 0; i < BT_COMMAND_COUNT; i++) {
		const struct bt_command *c = &bt_commands[i];

		bt_strbuf_addf(out, "%s.B boundtop %s\n", i ? ".br\n" : "", c->name);
		add_text(out, c->arguments);
		bt_strbuf_add(out, *c->arguments ? "\n" : "");
	}
	add_section(out, "DESCRIPTION");
	add_paragraphs(
	    out,
	    "Says of every process of a host what it is bound by: CPU, disk, network, another process, a "
	    "lock, or nothing at all. Each switch of every thread is accounted for in the kernel, so "
	    "that the microstates of a thread add up to its wall time; nothing is attached to the "
	    "processes that are watched.\n\n"
	    "It needs root, or CAP_BPF and CAP_PERFMON, and CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH for "
	    "the control groups and command lines of others; boundtop check says what is missing. In a "
	    "container it has to share the PIDs of the host, as by docker run --pid=host. Without a command "
	    "it "
	    "is top.");
	add_commands(out);
	add_keys(out);
	add_words(out);
	add_advice(out);
	add_findings(out);
	add_reading(out);
	add_fields(out);
	add_statuses(out);
	add_rest(out);
}
