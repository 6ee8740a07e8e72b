/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON of `diagnose`. */
#include <unistd.h>

#include "json_head.h"
#include "view_diagnose.h"

/* As the field start_time has it. */
static int64_t ticks_of(uint64_t start_ns)
{
	return (int64_t)(start_ns / (1000000000 / (uint64_t)sysconf(_SC_CLK_TCK)));
}

static void add_subject(struct bt_json *j, const struct bt_finding_subject *s)
{
	bt_json_begin_object(j, NULL);
	if (s->process.pid) {
		bt_json_integer(j, "pid", s->process.pid);
		bt_json_integer(j, "start_time", ticks_of(s->process.start_ns));
		bt_json_text(j, "comm", s->comm);
	}
	if (s->tid)
		bt_json_integer(j, "tid", s->tid);
	if (s->count)
		bt_json_integer(j, "count", (int64_t)s->count);
	if (s->cgroup)
		bt_json_text(j, "cgroup", s->cgroup);
	if (*s->device)
		bt_json_text(j, "device", s->device);
	if (s->object)
		bt_json_text(j, "object", s->object);
	if (s->measure)
		bt_json_real(j, s->measure, s->value);
	bt_json_end_object(j);
}

static void add_finding(struct bt_json *j, const struct bt_finding *f)
{
	bt_json_begin_object(j, NULL);
	bt_json_text(j, "id", bt_finding_id(f->row));
	bt_json_text(j, "severity", bt_severity_name(f->severity));
	bt_json_text(j, "text", bt_strbuf_text(&f->text));
	bt_json_begin_object(j, "evidence");
	for (size_t i = 0; i < f->number_count; i++)
		bt_json_real(j, f->numbers[i].name, f->numbers[i].value);
	bt_json_end_object(j);
	bt_json_begin_array(j, "subjects");
	for (size_t i = 0; i < f->subject_count; i++)
		add_subject(j, &f->subjects[i]);
	bt_json_end_array(j);
	bt_json_text(j, "advice", bt_strbuf_text(&f->advice));
	bt_json_end_object(j);
}

int bt_view_diagnose_json(const struct bt_diagnosis_report *r, struct bt_strbuf *out)
{
	const struct bt_diagnosis *d = r->diagnosis;
	struct bt_json j = {out, false};

	bt_json_begin_object(&j, NULL);
	bt_json_head(&j, &r->head);
	bt_json_text(&j, "host", r->host);
	bt_json_text(&j, "verdict", d->verdict);
	bt_json_text(&j, "headline", d->headline);
	bt_json_text(&j, "healthy", bt_strbuf_text(&d->healthy));
	bt_json_text(&j, "unseen", bt_strbuf_text(&d->unseen));
	bt_json_begin_array(&j, "findings");
	for (size_t i = 0; i < d->count; i++)
		add_finding(&j, &d->findings[i]);
	bt_json_end_array(&j);
	bt_json_end_object(&j);
	bt_strbuf_add_char(out, '\n');
	return bt_strbuf_error(out);
}
