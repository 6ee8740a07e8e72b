/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "numbers.h"
#include "schema.h"
#include "store_write_internal.h"

/*
 * A jump in time reads at most so many frames. With 1,000 threads, 50 of them active, a key takes 80 KB more
 * than another frame: 3 MB an hour, of 14.
 */
#define FRAMES_A_KEY 100

int bt_recorder_run(struct bt_recorder *r, enum bt_recorder_statement id, sqlite3_int64 *out)
{
	sqlite3_stmt *s = r->statements[id];
	int result = sqlite3_step(s);

	if (result == SQLITE_ROW) {
		if (out)
			*out = sqlite3_column_int64(s, 0);
		result = SQLITE_DONE;
	}
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return result;
}

void bt_recorder_bind(struct bt_recorder *r, enum bt_recorder_statement id, int at, uint64_t value)
{
	sqlite3_bind_int64(r->statements[id], at, (sqlite3_int64)value);
}

static int frame_add(struct bt_recorder *r, const struct bt_snapshot *s, int64_t time_ns, bool key)
{
	int result;

	bt_recorder_bind(r, S_FRAME_ADD, 1, (uint64_t)(r->frame + 1));
	bt_recorder_bind(r, S_FRAME_ADD, 2, (uint64_t)r->session);
	bt_recorder_bind(r, S_FRAME_ADD, 3, (uint64_t)time_ns);
	bt_recorder_bind(r, S_FRAME_ADD, 4, (uint64_t)(key ? r->frame + 1 : r->key));
	bt_recorder_bind(r, S_FRAME_ADD, 5, s->begin_ns);
	bt_recorder_bind(r, S_FRAME_ADD, 6, s->end_ns);
	bt_recorder_bind(r, S_FRAME_ADD, 7, s->cpus_online);
	bt_recorder_bind(r, S_FRAME_ADD, 8, s->self_cpu_ns);
	bt_recorder_bind(r, S_FRAME_ADD, 9, s->tick_ns);
	bt_recorder_bind(r, S_FRAME_ADD, 10, s->exact);
	bt_recorder_bind(r, S_FRAME_ADD, 11, s->measured);
	bt_recorder_bind(r, S_FRAME_ADD, 12, s->loss.tasks);
	bt_recorder_bind(r, S_FRAME_ADD, 13, s->loss.exits);
	bt_recorder_bind(r, S_FRAME_ADD, 14, s->loss.switches);
	sqlite3_bind_blob64(r->statements[S_FRAME_ADD], 15, bt_strbuf_text(&r->data), r->data.length,
			    SQLITE_STATIC);
	bt_strbuf_clear(&r->run_queue);
	if (s->run_queue_known) {
		bt_counts_put(s->run_queue, BT_BURST_BUCKETS, &r->run_queue);
		sqlite3_bind_blob64(r->statements[S_FRAME_ADD], 16, bt_strbuf_text(&r->run_queue),
				    r->run_queue.length, SQLITE_STATIC);
	}
	result = bt_recorder_run(r, S_FRAME_ADD, NULL);
	if (result == SQLITE_DONE) {
		r->frame++;
		if (key)
			r->key = r->frame;
	}
	return result;
}

int bt_recorder_undo(struct bt_recorder *r, int result, sqlite3_int64 frame, sqlite3_int64 key)
{
	int err = bt_sqlite_error(r->db, result);

	for (unsigned int i = 0; i < S_COUNT; i++) {
		sqlite3_reset(r->statements[i]);
		sqlite3_clear_bindings(r->statements[i]);
	}
	if (!sqlite3_get_autocommit(r->db))
		bt_recorder_run(r, S_ROLLBACK, NULL);
	r->frame = frame;
	r->key = key;
	r->need_key = true;
	r->lost = true;
	bt_recorder_forget_strings(r);
	bt_recorder_processes_again(r);
	bt_recorder_name_again(r);
	return err;
}

/* Everything in memory, whatever becomes of the file: a later snapshot tells of what is new alone. 0 or
 * -ENOMEM. */
static int snapshot_see(struct bt_recorder *r, const struct bt_snapshot *s, int64_t time_ns, bool key)
{
	int err, see_err = bt_recorder_see(r, s, time_ns);

	bt_recorder_name_see(r, s);
	bt_strbuf_clear(&r->data);
	err = bt_codec_encode(r->codec, s, key, &r->data);
	return err ? err : see_err;
}

/* The rows of all processes, which were left out of the frame before. 0 or -Exxx. */
static int rows_write(struct bt_recorder *r)
{
	int result = bt_recorder_run(r, S_BEGIN, NULL);

	if (result == SQLITE_DONE)
		result = bt_recorder_processes_write(r);
	if (result == SQLITE_DONE)
		result = bt_recorder_run(r, S_COMMIT, NULL);
	if (result != SQLITE_DONE)
		return bt_recorder_undo(r, result, r->frame, r->key);
	bt_recorder_processes_written(r);
	return 0;
}

int bt_recorder_frame(struct bt_recorder *r, const struct bt_snapshot *s, const struct bt_host_sample *host)
{
	int64_t time_ns = s->time_s * 1000000000 + s->time_nsec;
	sqlite3_int64 frame = r->frame, last_key = r->key;
	bool key = r->need_key || frame + 1 - last_key >= FRAMES_A_KEY;
	/* As long as the disk is full, no more is tried than a frame. */
	bool rows_later = r->lost;
	int result = SQLITE_NOMEM;

	if (!snapshot_see(r, s, time_ns, key))
		result = bt_recorder_run(r, S_BEGIN, NULL);
	if (result == SQLITE_DONE && !rows_later)
		result = bt_recorder_processes_write(r);
	if (result == SQLITE_DONE)
		result = frame_add(r, s, time_ns, key);
	if (result == SQLITE_DONE)
		result = bt_recorder_name(r, s->end_ns);
	if (result == SQLITE_DONE && host && host->valid)
		result = bt_host_rows_write(r->host, r->frame, host);
	if (result == SQLITE_DONE)
		result = bt_recorder_trim(r, time_ns);
	if (result == SQLITE_DONE)
		result = bt_recorder_run(r, S_COMMIT, NULL);
	if (result != SQLITE_DONE)
		return bt_recorder_undo(r, result, frame, last_key);
	r->need_key = r->lost = false;
	if (rows_later)
		return rows_write(r);
	bt_recorder_processes_written(r);
	return 0;
}

uint64_t bt_recorder_size(const struct bt_recorder *r)
{
	sqlite3_int64 pages = 0, size = 0;

	bt_sqlite_number(r->db, "PRAGMA page_count", 0, &pages);
	bt_sqlite_number(r->db, "PRAGMA page_size", 0, &size);
	return (uint64_t)pages * (uint64_t)size;
}
