/* SPDX-License-Identifier: GPL-2.0-or-later */
/* boundtop check: what this kernel and these privileges allow, and which collector runs. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "decide.h"
#include "json_writer.h"
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

/* What was tried out, not foretold. */
struct trial {
	int err;
	const char *collector; /* NULL: none runs */
	const char *program;   /* which build of the kernel side; NULL: it has none */
	bool exact;
	char why[512]; /* why none, or not the best, runs */
};

static void try_out(struct trial *t)
{
	struct bt_collector *collector;

	t->err = bt_collector_open(&collector, BT_COLLECTOR_AUTO, t->why, sizeof(t->why));
	if (t->err) {
		if (!*t->why)
			snprintf(t->why, sizeof(t->why), "%s", strerror(-t->err));
		return;
	}
	t->collector = collector->ops->name;
	t->exact = collector->ops->exact;
	t->program = collector->program;
	collector->ops->close(collector);
}

static void add_text(struct bt_strbuf *out, const struct bt_kernel_facts *facts,
		     const struct bt_check_line *lines, size_t count, const struct trial *t)
{
	bt_strbuf_addf(out, "boundtop %s, kernel %s\n", BOUNDTOP_VERSION, facts->release);
	for (size_t i = 0; i < count; i++)
		add_line(out, &lines[i]);
	if (t->err) {
		bt_strbuf_add(out, "no collector runs\n");
		return;
	}
	bt_strbuf_addf(out, "collector: %s, %s", t->collector, t->exact ? "exact" : "sampled");
	if (t->program)
		bt_strbuf_addf(out, " (build: %s)", t->program);
	bt_strbuf_add(out, "\n");
	if (*t->why)
		bt_strbuf_addf(out, "%s\n", t->why);
}

static void add_fact(struct bt_json *j, const struct bt_check_line *line)
{
	static const char *const states[] = {
	    [BT_CHECK_OK] = "ok", [BT_CHECK_MISSING] = "missing", [BT_CHECK_UNKNOWN] = "unknown"};
	char remedy[512];

	snprintf(remedy, sizeof(remedy), "%s%s", line->remedy, line->program);
	bt_json_begin_object(j, NULL);
	bt_json_text(j, "name", line->name);
	bt_json_text(j, "state", states[line->state]);
	bt_json_bool(j, "required", line->required);
	bt_json_text(j, "cost", line->cost);
	bt_json_text(j, "remedy", remedy);
	bt_json_end_object(j);
}

static void add_json(struct bt_strbuf *out, const struct bt_kernel_facts *facts,
		     const struct bt_check_line *lines, size_t count, const struct trial *t)
{
	enum bt_program program = bt_decide_program(facts);
	struct bt_json j = {out, false};

	bt_json_begin_object(&j, NULL);
	bt_json_integer(&j, "schema", 1);
	bt_json_text(&j, "version", BOUNDTOP_VERSION);
	bt_json_text(&j, "kernel", facts->release);
	bt_json_text(&j, "collector", t->collector);
	bt_json_bool(&j, "exact", t->exact);
	bt_json_text(&j, "program", t->program);
	bt_json_text(&j, "foretold", program == BT_PROGRAM_NONE ? NULL : bt_program_name(program));
	bt_json_text(&j, "reason", *t->why ? t->why : NULL);
	bt_json_begin_array(&j, "facts");
	for (size_t i = 0; i < count; i++)
		add_fact(&j, &lines[i]);
	bt_json_end_array(&j);
	bt_json_end_object(&j);
	bt_strbuf_add(out, "\n");
}

int bt_command_check(struct bt_options *o)
{
	struct bt_check_line lines[BT_CHECK_LINES_MAX];
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_kernel_facts facts;
	struct trial trial = {0};
	size_t count;
	int err;

	if (o->operand_count) {
		bt_complain("%s: check takes no operands; see boundtop check --help", o->operands[0]);
		return BT_EXIT_USAGE;
	}
	bt_facts_probe(&facts);
	count = bt_check_lines(&facts, lines);
	try_out(&trial);
	(o->json ? add_json : add_text)(&out, &facts, lines, count, &trial);
	err = bt_output_write(STDOUT_FILENO, "standard output", &out);
	bt_strbuf_free(&out);
	/* One line: where even this finds no memory, it says what failed. */
	if (trial.err && (!err || err == BT_OUTPUT_CLOSED))
		bt_complain("%s", trial.why);
	return trial.err || (err && err != BT_OUTPUT_CLOSED) ? BT_EXIT_FAILED : BT_EXIT_DONE;
}
