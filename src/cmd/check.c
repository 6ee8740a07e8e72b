/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop check: what this kernel and these privileges allow, and which collector runs. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "decide.h"
#include "options.h"
#include "output.h"

static const char *state_word(const struct bt_check_line *line)
{
	switch (line->state) {
	case BT_CHECK_OK:
		return "ok";
	case BT_CHECK_UNKNOWN:
		return "unknown";
	default:
		return line->required ? "MISSING" : "missing";
	}
}

static void add_line(struct bt_strbuf *out, const struct bt_check_line *line)
{
	bt_strbuf_addf(out, "  %-8s %s\n", state_word(line), line->name);
	if (line->state == BT_CHECK_OK)
		return;
	if (line->cost)
		bt_strbuf_addf(out, "           without it: %s\n", line->cost);
	if (line->remedy)
		bt_strbuf_addf(out, "           to get it: %s%s\n", line->remedy, line->program);
}

/* The decision is tried out, not foretold. 0, or why no collector runs is in why. */
static int add_decision(struct bt_strbuf *out, char *why, size_t size)
{
	struct bt_collector *collector;
	int err = bt_collector_open(&collector, BT_COLLECTOR_AUTO, why, size);

	if (err) {
		bt_strbuf_add(out, "no collector runs\n");
		if (!*why)
			snprintf(why, size, "%s", strerror(-err));
		return err;
	}
	bt_strbuf_addf(out, "collector: %s, %s\n", collector->ops->name,
		       collector->ops->exact ? "exact" : "sampled");
	if (*why)
		bt_strbuf_addf(out, "%s\n", why);
	collector->ops->close(collector);
	return 0;
}

int bt_command_check(struct bt_options *o)
{
	struct bt_check_line lines[BT_CHECK_LINES_MAX];
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_kernel_facts facts;
	size_t count;
	char why[512] = "";
	int none, err;

	if (o->operand_count) {
		bt_complain("%s: check takes no operands; see boundtop check --help", o->operands[0]);
		return BT_EXIT_USAGE;
	}
	bt_facts_probe(&facts);
	count = bt_check_lines(&facts, lines);
	bt_strbuf_addf(&out, "boundtop %s, kernel %s\n", BOUNDTOP_VERSION, facts.release);
	for (size_t i = 0; i < count; i++)
		add_line(&out, &lines[i]);
	none = add_decision(&out, why, sizeof(why));
	err = bt_output_write(STDOUT_FILENO, "standard output", &out);
	bt_strbuf_free(&out);
	/* One line: where even this finds no memory, it says what failed. */
	if (none && (!err || err == BT_OUTPUT_CLOSED))
		bt_complain("%s", why);
	return none || (err && err != BT_OUTPUT_CLOSED) ? BT_EXIT_FAILED : BT_EXIT_DONE;
}
