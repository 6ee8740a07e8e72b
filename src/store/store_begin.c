/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing a recording that is written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema.h"
#include "store_write_internal.h"

/* The write-ahead log is taken over into the file when it has so many pages, and cut to so many bytes. */
#define WAL_PAGES 2000
#define WAL_BYTES 4000000

#define BUSY_MS 2000

static const char *const statements[S_COUNT] = {
#define X(id, sql) [S_##id] = (sql),
    BT_RECORDER_STATEMENTS(X)
#undef X
};

static int layout_add(struct bt_recorder *r, sqlite3_int64 layout, const char *part,
		      const struct bt_stored_field *fields, size_t count)
{
	sqlite3_stmt *s = NULL;
	int result = sqlite3_prepare_v2(
	    r->db,
	    "INSERT INTO layout (layout, part, place, name, count, is_time) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	    -1, &s, NULL);

	for (size_t i = 0; i < count && (result == SQLITE_OK || result == SQLITE_DONE); i++) {
		const struct bt_stored_field *f = &fields[i];

		if (f->kind == BT_STORED_NEVER)
			continue;
		sqlite3_bind_int64(s, 1, layout);
		sqlite3_bind_text(s, 2, part, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, (sqlite3_int64)i);
		sqlite3_bind_text(s, 4, f->name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 5, f->count);
		sqlite3_bind_int64(s, 6,
				   f->kind == BT_STORED_TIME || f->kind == BT_STORED_WOKEN_TIME ||
				       f->kind == BT_STORED_SHOWN_TIME);
		result = sqlite3_step(s);
		sqlite3_reset(s);
	}
	sqlite3_finalize(s);
	return result == SQLITE_OK ? SQLITE_DONE : result;
}

static int session_add(struct bt_recorder *r, const struct bt_recorder_setup *setup)
{
	static const char sql[] =
	    "INSERT INTO session (began_ns, interval_ns, layout, boot_id, host, kernel, "
	    "machine, collector, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
	const char *const texts[] = {setup->host, setup->kernel, setup->machine, setup->collector,
				     setup->version};
	sqlite3_int64 ids[sizeof(texts) / sizeof(texts[0])], layout;
	sqlite3_stmt *s = NULL;
	int result = bt_sqlite_number(r->db, "SELECT max(layout) FROM layout", 0, &layout);

	/* One a session: it is small, and whatever program goes on with the file writes its own. */
	layout++;
	if (result == SQLITE_OK)
		result = layout_add(r, layout, "record", bt_record_fields, bt_record_field_count);
	if (result == SQLITE_DONE)
		result = layout_add(r, layout, "lump", bt_lump_fields, bt_lump_field_count);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && result == SQLITE_DONE; i++)
		result = bt_recorder_string(r, texts[i], texts[i] ? strlen(texts[i]) : 0, &ids[i]);
	if (result != SQLITE_DONE)
		return result;
	result = sqlite3_prepare_v2(r->db, sql, -1, &s, NULL);
	if (result != SQLITE_OK)
		return result;
	sqlite3_bind_int64(s, 1, setup->began_ns);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)setup->interval_ns);
	sqlite3_bind_int64(s, 3, layout);
	sqlite3_bind_text(s, 4, setup->boot_id, -1, SQLITE_STATIC);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i])
			sqlite3_bind_int64(s, 5 + (int)i, ids[i]);
	result = sqlite3_step(s);
	sqlite3_finalize(s);
	r->session = sqlite3_last_insert_rowid(r->db);
	return result;
}

/* The file for us alone, and made if it is not there. A descriptor that holds the lock, or -Exxx. */
static int file_take(const char *path, bool *made, char *why, size_t why_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
	int err = -errno;
	struct stat status;

	*made = fd >= 0;
	if (fd < 0)
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	/* Where there is no such file it matters why none could be made. */
	if (fd < 0)
		return errno == ENOENT && err != -EEXIST ? err : -errno;
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		snprintf(why, why_size, "not a regular file");
		close(fd);
		return -EINVAL;
	}
	/* Another kind of lock than SQLite's own, which our closing of a descriptor would undo. */
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		snprintf(why, why_size, "another boundtop is recording to it");
		close(fd);
		return -EBUSY;
	}
	return fd;
}

static int statements_prepare(struct bt_recorder *r)
{
	for (unsigned int i = 0; i < S_COUNT; i++) {
		int result = sqlite3_prepare_v3(r->db, statements[i], -1, SQLITE_PREPARE_PERSISTENT,
						&r->statements[i], NULL);

		if (result != SQLITE_OK)
			return result;
	}
	return SQLITE_OK;
}

/* The tables, and the session's row. SQLite's result, 0 on success. */
static int session_begin(struct bt_recorder *r, int version, const struct bt_recorder_setup *setup)
{
	int result = version ? bt_schema_raise(r->db, version) : bt_schema_create(r->db);

	/* Losing the last frames with the power is fine, a broken file would not be: no sync a frame. */
	if (result == SQLITE_OK)
		result = sqlite3_exec(r->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;", NULL,
				      NULL, NULL);
	sqlite3_wal_autocheckpoint(r->db, WAL_PAGES);
	if (result == SQLITE_OK) {
		char sql[64];

		snprintf(sql, sizeof(sql), "PRAGMA journal_size_limit = %d", WAL_BYTES);
		result = sqlite3_exec(r->db, sql, NULL, NULL, NULL);
	}
	if (result == SQLITE_OK)
		result = statements_prepare(r);
	if (result == SQLITE_OK)
		result = bt_host_rows_prepare(r->db, false, r->host);
	if (result == SQLITE_OK)
		result = bt_sqlite_number(r->db, "PRAGMA page_size", 4096, &r->page_bytes);
	if (result == SQLITE_OK)
		result = bt_sqlite_number(r->db, "SELECT max(id) FROM frame", 0, &r->frame);
	if (result == SQLITE_OK)
		result = bt_recorder_run(r, S_BEGIN, NULL);
	if (result == SQLITE_DONE)
		result = session_add(r, setup);
	if (result == SQLITE_DONE)
		result = bt_recorder_run(r, S_COMMIT, NULL);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

int bt_recorder_open(struct bt_recorder **out, const char *path, const struct bt_recorder_setup *setup,
		     char *why, size_t why_size)
{
	struct bt_recorder *r = calloc(1, sizeof(*r));
	int version = 0;
	int result, err;
	bool made;

	*why = '\0';
	if (!r)
		return -ENOMEM;
	r->setup = *setup;
	r->need_key = true;
	bt_recorder_name_begin(r);
	r->lock_fd = file_take(path, &made, why, why_size);
	err = r->lock_fd < 0 ? r->lock_fd : 0;
	if (!err) {
		bt_layout_own(&r->record, bt_record_fields, bt_record_field_count);
		bt_layout_own(&r->lump, bt_lump_fields, bt_lump_field_count);
		err = bt_codec_create(&r->codec, &r->record, &r->lump);
	}
	if (!err) {
		result = sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
		if (r->db)
			sqlite3_busy_timeout(r->db, BUSY_MS);
		err = bt_sqlite_error(r->db, result);
	}
	if (!err)
		err = bt_schema_check(r->db, &version, why, why_size);
	if (!err && version && version < BT_RECORDING_RAISED) {
		snprintf(why, why_size, "recorded by an older boundtop (schema %d; this one writes %d)",
			 version, BT_RECORDING_SCHEMA);
		err = -EINVAL;
	}
	if (!err)
		err = bt_sqlite_error(r->db, session_begin(r, version, setup));
	if (err) {
		if (!*why)
			snprintf(why, why_size, "%s", err == -EBADMSG ? "damaged" : strerror(-err));
		bt_recorder_close(r);
		if (made)
			unlink(path);
		return err;
	}
	*out = r;
	return 0;
}

void bt_recorder_close(struct bt_recorder *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; i < S_COUNT; i++)
		sqlite3_finalize(r->statements[i]);
	for (unsigned int i = 0; i < BT_HOST_TABLES; i++)
		sqlite3_finalize(r->host[i]);
	sqlite3_close(r->db);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	bt_recorder_forget_strings(r);
	bt_recorder_forget_processes(r);
	bt_recorder_forget_objects(r);
	bt_codec_destroy(r->codec);
	bt_strbuf_free(&r->data);
	bt_strbuf_free(&r->run_queue);
	free(r);
}
