/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of `diagnose`: the verdict on the host, the findings, and what is fine. */
#include "cells.h"
#include "sanitize.h"
#include "text_advice.h"
#include "view_diagnose.h"

/* Where texts begin: behind the longest severity. */
#define INDENT 10

static const char *colour_of(enum bt_severity severity)
{
	static const char *const colours[] = {
	    [BT_SEVERITY_INFO] = "\033[36m",
	    [BT_SEVERITY_WARNING] = "\033[33m",
	    [BT_SEVERITY_CRITICAL] = "\033[1;31m",
	};

	return colours[severity];
}

static void add_label(struct bt_strbuf *out, const char *label, const char *colour,
		      const struct bt_style *style)
{
	size_t length = strlen(label);

	if (style->colour)
		bt_strbuf_add(out, colour);
	bt_strbuf_add(out, label);
	if (style->colour)
		bt_strbuf_add(out, "\033[m");
	bt_strbuf_add_fill(out, ' ', length < INDENT ? INDENT - length : 1);
}

static void add_finding(struct bt_strbuf *out, const struct bt_finding *f, const struct bt_style *style)
{
	static const char *const labels[] = {"INFO", "WARNING", "CRITICAL"};
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_strbuf_addf(&text, "%s  [%s]", bt_strbuf_text(&f->text), bt_finding_id(f->row));
	add_label(out, labels[f->severity], colour_of(f->severity), style);
	bt_text_wrapped(out, bt_strbuf_text(&text), INDENT, style);
	if (bt_strbuf_error(&text))
		out->failed = true;
	bt_strbuf_free(&text);
	if (!f->advice.length)
		return;
	bt_strbuf_add_fill(out, ' ', INDENT);
	bt_strbuf_add(out, style->utf8 ? "→ " : "-> ");
	bt_text_wrapped(out, bt_strbuf_text(&f->advice), INDENT + (style->utf8 ? 2 : 3), style);
}

static void add_verdict(struct bt_strbuf *out, const struct bt_diagnosis_report *r,
			const struct bt_style *style)
{
	const struct bt_diagnosis *d = r->diagnosis;

	bt_cell_raw(out, r->host && *r->host ? r->host : "this host", 40, style);
	bt_strbuf_add(out, ", ");
	bt_strbuf_add_fixed(out, (double)r->head.frame->duration_ns / 1e9, 1);
	bt_strbuf_add(out, " s: ");
	if (style->colour)
		bt_strbuf_add(out, d->worst >= BT_SEVERITY_WARNING ? colour_of(d->worst) : "\033[32m");
	bt_strbuf_add(out, d->verdict);
	if (style->colour)
		bt_strbuf_add(out, "\033[m");
	bt_strbuf_addf(out, " %s %s\n", style->utf8 ? "—" : "-", d->headline);
}

int bt_view_diagnose(const struct bt_diagnosis_report *r, const struct bt_style *style, struct bt_strbuf *out)
{
	const struct bt_diagnosis *d = r->diagnosis;

	add_verdict(out, r, style);
	if (d->count)
		bt_strbuf_add_char(out, '\n');
	for (size_t i = 0; i < d->count; i++)
		add_finding(out, &d->findings[i], style);
	if (d->healthy.length) {
		add_label(out, "healthy", "\033[32m", style);
		bt_text_wrapped(out, bt_strbuf_text(&d->healthy), INDENT, style);
	}
	if (d->unseen.length) {
		add_label(out, "unseen", "\033[2m", style);
		bt_text_wrapped(out, bt_strbuf_text(&d->unseen), INDENT, style);
	}
	return bt_strbuf_error(out);
}
