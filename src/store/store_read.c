/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "numbers.h"
#include "schema.h"
#include "store_read_internal.h"

int bt_recording_error(const struct bt_recording *r, int result)
{
	return bt_sqlite_error(r->db, result);
}

/* A row at most: 0, 1: none, or -Exxx. The statement is to be reset when it was read. */
static int step(struct bt_recording *r, enum bt_recording_statement id)
{
	int result = sqlite3_step(r->statements[id]);

	if (result == SQLITE_ROW)
		return 0;
	sqlite3_reset(r->statements[id]);
	return result == SQLITE_DONE ? 1 : bt_recording_error(r, result);
}

static void done(struct bt_recording *r, enum bt_recording_statement id)
{
	sqlite3_reset(r->statements[id]);
	sqlite3_clear_bindings(r->statements[id]);
}

static void bind(struct bt_recording *r, enum bt_recording_statement id, int at, sqlite3_int64 value)
{
	sqlite3_bind_int64(r->statements[id], at, value);
}

/* A copy of a text, at most as long as it is whole; NULL for NULL, and where there is no memory. */
static char *text_of(sqlite3_stmt *s, int column)
{
	const unsigned char *text = sqlite3_column_text(s, column);

	return text ? strdup((const char *)text) : NULL;
}

/* Into a field of that size, whole or not at all. */
static void text_copy(sqlite3_stmt *s, int column, char *out, size_t size)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	if (text && strlen(text) < size)
		memcpy(out, text, strlen(text) + 1);
}

/* A moment that can be reckoned with, whatever a broken file has. */
static int64_t time_of(sqlite3_stmt *s, int column)
{
	int64_t time_ns = sqlite3_column_int64(s, column);

	if (time_ns > INT64_MAX / 2)
		return INT64_MAX / 2;
	return time_ns < INT64_MIN / 2 ? INT64_MIN / 2 : time_ns;
}

static int frame_of(struct bt_recording *r, enum bt_recording_statement id, struct bt_recording_frame *out)
{
	int err = step(r, id);

	if (err)
		return err;
	out->id = sqlite3_column_int64(r->statements[id], 0);
	out->session = sqlite3_column_int64(r->statements[id], 1);
	out->time_ns = time_of(r->statements[id], 2);
	out->end_ns = (uint64_t)sqlite3_column_int64(r->statements[id], 3);
	done(r, id);
	return 0;
}

int bt_recording_bounds(struct bt_recording *r, struct bt_recording_frame *first,
			struct bt_recording_frame *last)
{
	int err = frame_of(r, S_FIRST, first);

	return err ? err : frame_of(r, S_LAST, last);
}

int bt_recording_span(struct bt_recording *r, int64_t *from_ns, int64_t *to_ns)
{
	int err = step(r, S_SPAN);

	if (err)
		return err;
	*from_ns = time_of(r->statements[S_SPAN], 0);
	*to_ns = time_of(r->statements[S_SPAN], 1);
	done(r, S_SPAN);
	return 0;
}

/* What a statement says is read next, and from which key on; the first frame there is, if it says none. */
static int jump_set(struct bt_recording *r, enum bt_recording_statement to)
{
	struct bt_recording_frame first = {0};
	sqlite3_int64 id = 0, key = 0;
	int err = step(r, to);

	if (err < 0)
		return err;
	if (!err) {
		id = sqlite3_column_int64(r->statements[to], 0);
		key = sqlite3_column_int64(r->statements[to], 1);
		done(r, to);
		bind(r, S_KEY, 1, key);
		err = step(r, S_KEY);
		done(r, S_KEY);
	}
	/* Before the first, or where the beginning is gone already. */
	if (err == 1 || key > id) {
		err = frame_of(r, S_FIRST, &first);
		id = key = first.id;
	}
	if (!err) {
		r->jump = id;
		r->key = key;
	}
	return err;
}

int bt_recording_seek(struct bt_recording *r, int64_t time_ns)
{
	bind(r, S_AT, 1, time_ns);
	return jump_set(r, S_AT);
}

int bt_recording_seek_frame(struct bt_recording *r, int64_t id)
{
	bind(r, S_OF, 1, id);
	return jump_set(r, S_OF);
}

int bt_recording_before(struct bt_recording *r, int64_t id, struct bt_recording_frame *out)
{
	bind(r, S_BEFORE, 1, id);
	return frame_of(r, S_BEFORE, out);
}

int bt_recording_after(struct bt_recording *r, int64_t id, struct bt_recording_frame *out)
{
	int err;

	bind(r, S_NEXT, 1, id);
	err = frame_of(r, S_NEXT, out);
	if (err || !id || out->id == id + 1)
		return err;
	/* The recorder dropped what comes next: what follows builds on it, up to a key. */
	bind(r, S_NEXT_KEY, 1, id);
	return frame_of(r, S_NEXT_KEY, out);
}

int bt_recording_peek(struct bt_recording *r, struct bt_recording_frame *next)
{
	int err;

	if (!r->key && !r->at) {
		err = bt_recording_seek(r, INT64_MIN);
		if (err)
			return err;
	}
	if (!r->key)
		return bt_recording_after(r, r->at, next);
	bind(r, S_NEXT, 1, r->jump - 1);
	return frame_of(r, S_NEXT, next);
}

bool bt_recording_has_pid(struct bt_recording *r, pid_t pid)
{
	bool has;

	bind(r, S_HAS_PID, 1, pid);
	has = !step(r, S_HAS_PID);
	done(r, S_HAS_PID);
	return has;
}

static int layout_read(struct bt_recording *r, sqlite3_int64 layout, const char *part, struct bt_layout *l,
		       const struct bt_stored_field *known, size_t known_count)
{
	sqlite3_stmt *s = r->statements[S_LAYOUT];
	int err = 0;

	l->count = 0;
	bind(r, S_LAYOUT, 1, layout);
	sqlite3_bind_text(s, 2, part, -1, SQLITE_STATIC);
	while (!err) {
		const char *name;

		err = step(r, S_LAYOUT);
		if (err)
			break;
		name = (const char *)sqlite3_column_text(s, 0);
		err = name ? bt_layout_add(l, known, known_count, name, (uint64_t)sqlite3_column_int64(s, 1),
					   sqlite3_column_int(s, 2))
			   : -EINVAL;
	}
	done(r, S_LAYOUT);
	if (err == 1)
		err = l->count ? 0 : -EINVAL;
	return err == -EINVAL ? -EBADMSG : err;
}

static int session_read(struct bt_recording *r, sqlite3_int64 id)
{
	sqlite3_stmt *s = r->statements[S_SESSION];
	sqlite3_int64 layout;
	const char **const names[] = {&r->session.host, &r->session.kernel, &r->session.collector,
				      &r->session.version};
	int err;

	if (r->session.id == id)
		return 0;
	bind(r, S_SESSION, 1, id);
	err = step(r, S_SESSION);
	if (err)
		return err == 1 ? -EBADMSG : err;
	layout = sqlite3_column_int64(s, 1);
	r->session.id = 0;
	r->session.interval_ns = (uint64_t)sqlite3_column_int64(s, 0);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		free(r->texts[i]);
		r->texts[i] = text_of(s, 2 + (int)i);
		*names[i] = r->texts[i] ? r->texts[i] : "";
	}
	done(r, S_SESSION);
	err = layout_read(r, layout, "record", &r->record, bt_record_fields, bt_record_field_count);
	if (!err)
		err = layout_read(r, layout, "lump", &r->lump, bt_lump_fields, bt_lump_field_count);
	if (err)
		return err;
	bind(r, S_BEGINNING, 1, id);
	err = step(r, S_BEGINNING);
	if (err)
		return err == 1 ? -EBADMSG : err;
	r->first = sqlite3_column_int64(r->statements[S_BEGINNING], 0);
	done(r, S_BEGINNING);
	r->session.id = id;
	return 0;
}

static void head_read(sqlite3_stmt *s, struct bt_snapshot *out)
{
	int64_t time_ns = time_of(s, 2);

	/* Rounded down also before 1970, where a broken file may be. */
	out->time_s = time_ns / 1000000000 - (time_ns % 1000000000 < 0);
	out->time_nsec = (uint32_t)(time_ns - out->time_s * 1000000000);
	out->begin_ns = (uint64_t)sqlite3_column_int64(s, 4);
	out->end_ns = (uint64_t)sqlite3_column_int64(s, 5);
	out->cpus_online = (uint32_t)sqlite3_column_int64(s, 6);
	out->self_cpu_ns = (uint64_t)sqlite3_column_int64(s, 7);
	out->tick_ns = (uint64_t)sqlite3_column_int64(s, 8);
	out->exact = sqlite3_column_int(s, 9) != 0;
	out->measured = (uint32_t)sqlite3_column_int64(s, 10);
	out->loss.tasks = (uint64_t)sqlite3_column_int64(s, 11);
	out->loss.exits = (uint64_t)sqlite3_column_int64(s, 12);
	out->loss.switches = (uint64_t)sqlite3_column_int64(s, 13);
	out->run_queue_known = sqlite3_column_type(s, 15) == SQLITE_BLOB;
	if (out->run_queue_known)
		bt_counts_get(sqlite3_column_blob(s, 15), (size_t)sqlite3_column_bytes(s, 15), out->run_queue,
			      BT_BURST_BUCKETS);
}

/* Takes the row of a frame up. restart: begin anew with it. s: its records are wanted. */
static int frame_take(struct bt_recording *r, bool restart, struct bt_snapshot *s)
{
	sqlite3_stmt *row = r->statements[S_READ];
	const void *data = sqlite3_column_blob(row, 14);
	size_t size = (size_t)sqlite3_column_bytes(row, 14);
	int err = session_read(r, sqlite3_column_int64(row, 1));

	if (!err)
		err = bt_codec_decode(r->codec, (uint64_t)sqlite3_column_int64(row, 4), data ? data : "",
				      size, restart, s);
	if (s && !err)
		head_read(row, s);
	return err == -EINVAL ? -EBADMSG : err;
}

/* From the key up to the frame itself, which becomes a base. */
static int jump_read(struct bt_recording *r, struct bt_snapshot *s)
{
	sqlite3_int64 at = r->key;
	sqlite3_int64 session = 0;
	bool restart = true;
	int err = 0;

	while (!err) {
		bind(r, S_READ, 1, at);
		err = step(r, S_READ);
		if (err)
			break;
		at = sqlite3_column_int64(r->statements[S_READ], 0);
		if (restart)
			session = sqlite3_column_int64(r->statements[S_READ], 1);
		else if (session != sqlite3_column_int64(r->statements[S_READ], 1))
			err = -EBADMSG;
		if (!err)
			err = frame_take(r, restart, NULL);
		if (!err && at >= r->jump)
			head_read(r->statements[S_READ], s);
		done(r, S_READ);
		restart = false;
		if (!err && at >= r->jump)
			break;
		at++;
	}
	if (!err)
		err = bt_codec_base(r->codec, s);
	if (!err)
		r->at = at;
	return err;
}

static int next_read(struct bt_recording *r, struct bt_snapshot *s, bool *fresh)
{
	struct bt_recording_frame next;
	int err = bt_recording_peek(r, &next);

	if (err)
		return err;
	*fresh = r->key || next.session != r->session.id;
	if (r->key) {
		/* It may be gone since it was looked for. */
		err = bt_recording_seek_frame(r, next.id);
		if (!err)
			err = jump_read(r, s);
		r->key = r->jump = 0;
		return err;
	}
	bind(r, S_READ, 1, next.id);
	err = step(r, S_READ);
	if (!err)
		err = frame_take(r, *fresh, s);
	done(r, S_READ);
	r->at = err ? r->at : next.id;
	return err;
}

int bt_recording_read(struct bt_recording *r, struct bt_snapshot *s, bool *fresh)
{
	int result = sqlite3_exec(r->db, "BEGIN", NULL, NULL, NULL);
	int err;

	bt_snapshot_clear(s);
	if (result != SQLITE_OK)
		return bt_recording_error(r, result);
	err = next_read(r, s, fresh);
	sqlite3_exec(r->db, "COMMIT", NULL, NULL, NULL);
	if (err)
		bt_snapshot_clear(s);
	return err;
}

const struct bt_recording_session *bt_recording_session(const struct bt_recording *r)
{
	return &r->session;
}

static void bind_process(struct bt_recording *r, enum bt_recording_statement id, pid_t pid, uint64_t start_ns)
{
	bind(r, id, 1, r->session.id);
	bind(r, id, 2, pid);
	bind(r, id, 3, (sqlite3_int64)start_ns);
}

int bt_recording_describe(struct bt_recording *r, pid_t pid, uint64_t start_ns, struct bt_description *out)
{
	int err;

	*out = (struct bt_description){0};
	bind_process(r, S_PROCESS, pid, start_ns);
	err = step(r, S_PROCESS);
	if (err)
		return err == 1 ? -ESRCH : err;
	out->cmdline = text_of(r->statements[S_PROCESS], 0);
	out->cgroup = text_of(r->statements[S_PROCESS], 1);
	out->container = text_of(r->statements[S_PROCESS], 2);
	done(r, S_PROCESS);
	return 0;
}

int bt_recording_object(struct bt_recording *r, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
			struct bt_object_facts *out)
{
	sqlite3_stmt *s = r->statements[S_OBJECT];
	int err;

	*out = (struct bt_object_facts){0};
	if (!s)
		return -ENOENT;
	bind_process(r, S_OBJECT, pid, start_ns);
	sqlite3_bind_text(s, 4, bt_target_name(reason->target), -1, SQLITE_STATIC);
	bind(r, S_OBJECT, 5, (sqlite3_int64)reason->object);
	bind(r, S_OBJECT, 6, r->at);
	err = step(r, S_OBJECT);
	if (err)
		return err == 1 ? -ENOENT : err;
	out->name = text_of(s, 0);
	text_copy(s, 1, out->device, sizeof(out->device));
	text_copy(s, 2, out->peer_address, sizeof(out->peer_address));
	out->peer_pid = sqlite3_column_int(s, 3);
	out->peer_others = (unsigned int)sqlite3_column_int(s, 4);
	done(r, S_OBJECT);
	return out->name || out->peer_pid || *out->peer_address ? 0 : -ENOENT;
}

int bt_recording_stack(struct bt_recording *r, pid_t pid, uint64_t start_ns, pid_t tid, char **out)
{
	int err;

	*out = NULL;
	if (!r->statements[S_STACK])
		return -ENOENT;
	bind_process(r, S_STACK, pid, start_ns);
	bind(r, S_STACK, 4, tid);
	bind(r, S_STACK, 5, r->at);
	err = step(r, S_STACK);
	if (err)
		return err == 1 ? -ENOENT : err;
	*out = text_of(r->statements[S_STACK], 0);
	done(r, S_STACK);
	return *out ? 0 : -ENOENT;
}

int bt_recording_host(struct bt_recording *r, struct bt_host_sample *out)
{
	int result = SQLITE_DONE;
	int err = 0;

	bt_host_sample_free(out);
	/* None of the session before: frames come as often as there are samples, or more often. */
	if (r->host[0])
		err = bt_host_rows_read(r->host, r->first, r->at, out, &result);
	if (!err && result != SQLITE_ROW)
		err = bt_recording_error(r, result);
	memset(out->name, 0, sizeof(out->name));
	memset(out->kernel, 0, sizeof(out->kernel));
	memccpy(out->name, r->session.host, '\0', sizeof(out->name) - 1);
	memccpy(out->kernel, r->session.kernel, '\0', sizeof(out->kernel) - 1);
	return err;
}

char *bt_recording_user(struct bt_recording *r, uint32_t uid)
{
	char *name = NULL;

	bind(r, S_USER, 1, r->session.id);
	bind(r, S_USER, 2, uid);
	if (!step(r, S_USER)) {
		name = text_of(r->statements[S_USER], 0);
		done(r, S_USER);
	}
	return name;
}
