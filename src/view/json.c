/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON view: DESIGN, section 2. */
#include <stdio.h>
#include <time.h>

#include "advice.h"
#include "evidence.h"
#include "field.h"
#include "json_head.h"
#include "names.h"
#include "view.h"

#define SCHEMA 1

/* What stands before the value of each field, from the comma to the colon: the same for every process. */
struct plan {
	struct bt_strbuf text;
	struct {
		const struct bt_field *field;
		size_t end; /* in text; it begins where the one before ends */
	} steps[BT_FIELD_COUNT];
	size_t count;
};

struct json_view {
	struct bt_json json;
	const struct bt_report *report;
	struct bt_advisor advisor;
	struct plan process, thread;
	struct bt_strbuf scratch;
};

/* Length of the part of name up to the last dot of the first levels levels. */
static size_t prefix_length(const char *name, unsigned int levels)
{
	const char *p = name;

	for (; levels; levels--)
		p = strchr(p, '.') + 1;
	return (size_t)(p - name);
}

static unsigned int depth_of(const char *name)
{
	unsigned int depth = 0;

	for (; *name; name++)
		depth += *name == '.';
	return depth;
}

static void plan_build(struct plan *p, enum bt_scope scope)
{
	struct bt_json j = {&p->text, false};
	const char *open = "";
	unsigned int depth = 0;

	for (size_t i = 0; i < BT_FIELD_COUNT; i++) {
		const struct bt_field *f = &bt_fields[i];
		unsigned int wanted = depth_of(f->name);
		unsigned int common = 0;

		if (!(f->scopes & scope) || (f->flags & BT_FIELD_HUMAN))
			continue;
		while (common < depth && common < wanted &&
		       prefix_length(f->name, common + 1) == prefix_length(open, common + 1) &&
		       !strncmp(f->name, open, prefix_length(f->name, common + 1)))
			common++;
		for (; depth > common; depth--)
			bt_json_end_object(&j);
		for (; depth < wanted; depth++) {
			size_t from = prefix_length(f->name, depth);

			bt_json_key(&j, f->name + from, prefix_length(f->name, depth + 1) - from - 1);
			bt_json_begin_object(&j, NULL);
		}
		open = f->name;
		bt_json_key(&j, f->name + prefix_length(f->name, depth),
			    strlen(f->name) - prefix_length(f->name, depth));
		j.comma = true;
		p->steps[p->count].field = f;
		p->steps[p->count++].end = p->text.length;
	}
	for (; depth; depth--)
		bt_json_end_object(&j);
}

static void add_value(struct bt_json *j, const struct bt_value *v)
{
	j->comma = false;
	switch (v->type) {
	case BT_VALUE_NULL:
		bt_json_null(j, NULL);
		break;
	case BT_VALUE_TEXT:
		bt_json_text(j, NULL, v->text);
		break;
	case BT_VALUE_INTEGER:
		bt_json_integer(j, NULL, v->integer);
		break;
	case BT_VALUE_REAL:
		bt_json_real(j, NULL, v->real);
		break;
	case BT_VALUE_BOOL:
		bt_json_bool(j, NULL, v->truth);
		break;
	}
}

/* Of 10,000 processes most do nothing: nearly all of their values are 0. */
static bool is_zero(const struct bt_value *v)
{
	return (v->type == BT_VALUE_REAL && v->real == 0) || (v->type == BT_VALUE_INTEGER && !v->integer);
}

static void add_fields(struct bt_json *j, const struct plan *p, const struct bt_subject *s)
{
	const char *text = p->text.data;
	size_t at = 0;

	for (size_t i = 0; i < p->count; i++) {
		size_t length = p->steps[i].end - at;
		struct bt_value value;

		bt_field_get(p->steps[i].field, s, &value);
		if (is_zero(&value) && bt_strbuf_room(j->out, length + 1)) {
			char *end = (char *)mempcpy(j->out->data + j->out->length, text + at, length);

			memcpy(end, "0", 2);
			j->out->length += length + 1;
		} else {
			bt_strbuf_add_bytes(j->out, text + at, length);
			add_value(j, &value);
		}
		at = p->steps[i].end;
	}
	bt_strbuf_add_bytes(j->out, text + at, p->text.length - at);
	j->comma = true;
}

/* As /proc/PID/fd and its kin name things. */
static const char *target_text(const struct bt_reason *r, struct bt_strbuf *out)
{
	bt_strbuf_clear(out);
	switch (r->target) {
	case BT_TARGET_NONE:
		return NULL;
	case BT_TARGET_FUTEX:
		bt_strbuf_add(out, "futex:0x");
		bt_strbuf_add_hex(out, r->object);
		break;
	case BT_TARGET_INET:
	case BT_TARGET_UNIX:
	case BT_TARGET_SOCKET:
		bt_strbuf_add(out, "socket:[");
		bt_strbuf_add_uint(out, r->object);
		bt_strbuf_add_char(out, ']');
		break;
	default:
		bt_strbuf_add(out, bt_target_name(r->target));
		if (!r->object)
			break;
		bt_strbuf_add(out, ":[");
		bt_strbuf_add_uint(out, r->object);
		bt_strbuf_add_char(out, ']');
		break;
	}
	return bt_strbuf_text(out);
}

/* Of locks within a process: the thread that had it for most of the time that others waited. */
static void add_holder(struct json_view *v, const struct bt_process *p, const struct bt_wait *w)
{
	struct bt_model *m = v->report->frame->model;
	struct bt_json *j = &v->json;
	struct bt_holder holder;

	if (!m || (w->reason.cause != BT_MS_GIL && w->reason.cause != BT_MS_LOCK) ||
	    !bt_model_holder(m, p, w->reason.object, &holder)) {
		bt_json_null(j, "holder");
		return;
	}
	bt_json_begin_object(j, "holder");
	bt_json_integer(j, "tid", holder.tid);
	bt_json_text(j, "comm", holder.comm);
	bt_json_real(j, "share", holder.share);
	bt_json_end_object(j);
}

/* The other end of a socket. */
static void add_peer(struct json_view *v, const struct bt_wait *w)
{
	struct bt_model *m = v->report->frame->model;
	const struct bt_peer *peer = m ? bt_model_peer(m, &w->reason) : NULL;
	const struct bt_process *p = peer && peer->pid ? bt_model_find(m, peer->pid) : NULL;
	struct bt_json *j = &v->json;

	if (!peer) {
		bt_json_null(j, "peer");
		return;
	}
	bt_json_begin_object(j, "peer");
	if (peer->pid)
		bt_json_integer(j, "pid", peer->pid);
	else
		bt_json_null(j, "pid");
	bt_json_text(j, "comm", p ? p->comm : NULL);
	bt_json_integer(j, "others", peer->others);
	bt_json_text(j, "address", *peer->address ? peer->address : NULL);
	bt_json_end_object(j);
}

/* u: of p, or of one of its threads. */
static void add_waits(struct json_view *v, const struct bt_process *p, const struct bt_usage *u)
{
	struct bt_json *j = &v->json;

	bt_json_begin_array(j, "waits");
	for (uint32_t i = 0; i < u->wait_count; i++) {
		const struct bt_wait *w = &u->waits[i];

		bt_json_begin_object(j, NULL);
		bt_json_text(j, "cause", bt_microstate_name(w->reason.cause));
		bt_json_text(j, "syscall", bt_syscall_name(w->reason.syscall));
		bt_json_text(j, "target", target_text(&w->reason, &v->scratch));
		bt_json_real(j, "share", u->wall_ns ? (double)w->ns / (double)u->wall_ns : 0);
		bt_json_integer(j, "count", w->count);
		if (w->waker_pid > 0)
			bt_json_integer(j, "waker_pid", w->waker_pid);
		else
			bt_json_null(j, "waker_pid");
		add_peer(v, w);
		add_holder(v, p, w);
		bt_json_end_object(j);
	}
	bt_json_end_array(j);
}

static void add_thread(struct json_view *v, const struct bt_process *p, const struct bt_thread *t)
{
	struct bt_subject subject = bt_subject_of_thread(p, t);

	bt_json_begin_object(&v->json, NULL);
	add_fields(&v->json, &v->thread, &subject);
	bt_strbuf_clear(&v->scratch);
	bt_evidence_thread(t, p, v->report->frame, &v->scratch);
	bt_json_text(&v->json, "evidence", bt_strbuf_text(&v->scratch));
	add_waits(v, p, &t->usage);
	bt_json_end_object(&v->json);
}

static void add_advice(struct json_view *v, const struct bt_process *p)
{
	struct bt_json *j = &v->json;
	bt_advice_set set = 0;

	/* Of 10,000 processes most do nothing, and their verdict says so. */
	if (!v->report->brief || p->verdict.id != BT_VERDICT_IDLE)
		set = bt_advise(&v->advisor, p);
	bt_json_begin_array(j, "advice");
	for (; set; set &= set - 1) {
		unsigned int row = (unsigned int)__builtin_ctz(set);

		bt_strbuf_clear(&v->scratch);
		bt_advice_say(&v->advisor, p, row, &v->scratch);
		bt_json_begin_object(j, NULL);
		bt_json_text(j, "id", bt_advice_id(row));
		bt_json_text(j, "text", bt_strbuf_text(&v->scratch));
		bt_json_end_object(j);
	}
	bt_json_end_array(j);
}

static void add_process(struct json_view *v, const char *key, const struct bt_process *p, bool threads)
{
	struct bt_subject subject = bt_subject_of_process(p);

	bt_json_begin_object(&v->json, key);
	add_fields(&v->json, &v->process, &subject);
	bt_strbuf_clear(&v->scratch);
	bt_evidence(p, v->report->frame, &v->scratch);
	bt_json_text(&v->json, "evidence", bt_strbuf_text(&v->scratch));
	add_waits(v, p, &p->usage);
	add_advice(v, p);
	if (threads) {
		bt_json_begin_array(&v->json, "thread_list");
		for (uint32_t i = 0; i < p->thread_count; i++)
			add_thread(v, p, p->thread_list[i]);
		bt_json_end_array(&v->json);
	}
	bt_json_end_object(&v->json);
}

void bt_json_head(struct bt_json *j, const struct bt_report *r)
{
	const struct bt_frame *f = r->frame;
	char when[64] = "";
	size_t length;
	struct tm tm;

	bt_json_integer(j, "schema", SCHEMA);
	bt_json_text(j, "version", r->version);
	bt_json_text(j, "collector", r->collector);
	bt_json_bool(j, "exact", f->exact);
	if (gmtime_r(&(time_t){f->time_s}, &tm)) {
		length = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
		snprintf(when + length, sizeof(when) - length, ".%03uZ", f->time_nsec / 1000000 % 1000);
	}
	bt_json_text(j, "time", when);
	bt_json_real(j, "duration_s", (double)f->duration_ns / 1e9);
	bt_json_integer(j, "cpus_online", f->cpus_online);
	bt_json_begin_object(j, "loss");
	bt_json_integer(j, "tasks", (int64_t)f->loss.tasks);
	bt_json_integer(j, "exits", (int64_t)f->loss.exits);
	bt_json_integer(j, "switches", (int64_t)f->loss.switches);
	bt_json_integer(j, "vanished", (int64_t)f->vanished);
	bt_json_end_object(j);
	bt_json_begin_object(j, "overhead");
	bt_json_real(j, "cpu_s", (double)f->overhead_cpu_ns / 1e9);
	bt_json_end_object(j);
}

static void add_run(struct bt_json *j, const struct bt_run_result *run)
{
	bt_json_begin_object(j, "run");
	bt_json_text(j, "command", run->command);
	bt_json_real(j, "real_s", (double)run->real_ns / 1e9);
	bt_json_real(j, "user_s", (double)run->user_ns / 1e9);
	bt_json_real(j, "system_s", (double)run->system_ns / 1e9);
	bt_json_integer(j, "exit_status", run->exit_status);
	bt_json_integer(j, "still_running", (int64_t)run->still_running);
	bt_json_end_object(j);
}

int bt_view_json(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out)
{
	struct json_view v = {.json = {out, false}, .report = r, .advisor = {.frame = r->frame}};
	int err;

	(void)style;
	plan_build(&v.process, BT_SCOPE_PROCESS);
	plan_build(&v.thread, BT_SCOPE_THREAD);
	err = bt_strbuf_error(&v.process.text) ?: bt_strbuf_error(&v.thread.text);
	if (err)
		goto out;
	bt_json_begin_object(&v.json, NULL);
	bt_json_head(&v.json, r);
	if (r->run)
		add_run(&v.json, r->run);
	if (r->total) {
		add_process(&v, "total", r->total, false);
		bt_json_integer(&v.json, "descendants", (int64_t)r->descendants);
	}
	bt_json_begin_array(&v.json, "processes");
	for (size_t i = 0; i < r->process_count; i++)
		add_process(&v, NULL, r->processes[i], r->threads);
	bt_json_end_array(&v.json);
	bt_json_end_object(&v.json);
	bt_strbuf_add_char(out, '\n');
	err = bt_strbuf_error(out) ?: bt_strbuf_error(&v.scratch);
out:
	bt_strbuf_free(&v.process.text);
	bt_strbuf_free(&v.thread.text);
	bt_strbuf_free(&v.scratch);
	return err;
}
