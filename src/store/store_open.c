/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a recording to read it: what it is, and by which schema it was written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "schema.h"
#include "store_read_internal.h"

/* What a broken file may ask for at most. */
#define VALUE_BYTES_MAX (256 << 20)

#define BUSY_MS 2000

static const char *const statements[S_COUNT] = {
#define X(id, sql) [S_##id] = (sql),
    BT_RECORDING_STATEMENTS(X)
#undef X
};

/* What schema 1 has not: columns that are NULL there. */
static const struct {
	enum bt_recording_statement id;
	const char *column, *instead;
} since_2[] = {
    {S_READ, ", run_queue", ", NULL"},
    {S_PROCESS, "(SELECT text FROM string WHERE id = container)", "NULL"},
};

/* And schema 2: whole tables, of which nothing is asked then. */
static const enum bt_recording_statement since_3[] = {S_OBJECT, S_STACK};

/* The file as it is, for where SQLite may write nothing beside it. An URI, to be freed. */
static char *immutable_uri(const char *path)
{
	size_t length = strlen(path);
	char *uri = malloc(3 * length + 32);
	char *at;

	if (!uri)
		return NULL;
	at = stpcpy(uri, "file:");
	for (size_t i = 0; i < length; i++)
		at += sprintf(at, "%%%02x", (unsigned int)(unsigned char)path[i]);
	stpcpy(at, "?immutable=1");
	return uri;
}

/* The log of what was recorded last has something in it. */
static bool log_is_there(const char *path)
{
	struct stat status;
	char *log = NULL;
	bool there = asprintf(&log, "%s-wal", path) > 0 && !stat(log, &status) && status.st_size;

	free(log);
	return there;
}

static int database_open(struct bt_recording *r, const char *path, int *version, char *why, size_t why_size)
{
	/* Nothing is written to it; but who may not write leaves SQLite's two files beside it behind. */
	int how = access(path, W_OK) ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	int result = sqlite3_open_v2(path, &r->db, how | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_int64 unused;
	char *uri;

	if (result == SQLITE_OK) {
		sqlite3_busy_timeout(r->db, BUSY_MS);
		result = bt_sqlite_number(r->db, "PRAGMA user_version", 0, &unused);
	}
	/* A recording in a folder that is not ours: its log cannot be had a look at. */
	if ((result & 0xff) == SQLITE_CANTOPEN || (result & 0xff) == SQLITE_READONLY) {
		uri = immutable_uri(path);
		if (!uri)
			return -ENOMEM;
		sqlite3_close(r->db);
		r->db = NULL;
		result = sqlite3_open_v2(uri, &r->db,
					 SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
		free(uri);
		if (log_is_there(path))
			snprintf(why, why_size,
				 "what was recorded last is in its log (%s-wal), which cannot be read here: "
				 "copy both to a "
				 "folder that you may write to",
				 path);
	}
	if (result != SQLITE_OK && (result & 0xff) != SQLITE_NOTADB)
		return bt_recording_error(r, result);
	return bt_schema_check(r->db, version, why, why_size);
}

static int statement_prepare(struct bt_recording *r, enum bt_recording_statement id, int version)
{
	struct bt_strbuf sql = BT_STRBUF_INIT;
	const char *text = statements[id];
	int result;

	for (size_t i = 0; i < sizeof(since_3) / sizeof(since_3[0]) && version < 3; i++)
		if (since_3[i] == id)
			return SQLITE_OK;
	for (size_t i = 0; i < sizeof(since_2) / sizeof(since_2[0]) && version < 2; i++) {
		const char *at = since_2[i].id == id ? strstr(text, since_2[i].column) : NULL;

		if (!at)
			continue;
		bt_strbuf_add_bytes(&sql, text, (size_t)(at - text));
		bt_strbuf_add(&sql, since_2[i].instead);
		bt_strbuf_add(&sql, at + strlen(since_2[i].column));
		text = bt_strbuf_text(&sql);
		break;
	}
	result = sqlite3_prepare_v3(r->db, text, -1, SQLITE_PREPARE_PERSISTENT, &r->statements[id], NULL);
	bt_strbuf_free(&sql);
	return result;
}

/* The rest, once there is a database. */
static int recording_begin(struct bt_recording *r, int version, char *why, size_t why_size)
{
	int result = SQLITE_OK;

	if (!version && *why)
		return -EINVAL;
	if (!version) {
		snprintf(why, why_size, "empty; nothing was recorded to it");
		return -EINVAL;
	}
	sqlite3_limit(r->db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(r->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	for (unsigned int i = 0; i < S_COUNT && result == SQLITE_OK; i++)
		result = statement_prepare(r, (enum bt_recording_statement)i, version);
	if (result == SQLITE_OK && version >= 2)
		result = bt_host_rows_prepare(r->db, true, r->host);
	if (result != SQLITE_OK)
		return bt_recording_error(r, result);
	return bt_codec_create(&r->codec, &r->record, &r->lump);
}

static int open_end(struct bt_recording *r, int err, struct bt_recording **out, char *why, size_t why_size)
{
	if (!err) {
		*out = r;
		return 0;
	}
	if (!*why)
		snprintf(why, why_size, "%s", err == -EBADMSG ? "damaged" : strerror(-err));
	bt_recording_close(r);
	return err;
}

static struct bt_recording *recording_make(void)
{
	struct bt_recording *r = calloc(1, sizeof(*r));

	if (r)
		r->session =
		    (struct bt_recording_session){.host = "", .kernel = "", .collector = "", .version = ""};
	return r;
}

int bt_recording_open(struct bt_recording **out, const char *path, char *why, size_t why_size)
{
	struct bt_recording *r;
	struct stat status;
	int version = 0;
	int err = 0;

	*why = '\0';
	if (stat(path, &status))
		err = -errno;
	else if (!S_ISREG(status.st_mode))
		err = S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL;
	if (!err && access(path, R_OK))
		err = -errno;
	r = recording_make();
	if (!r)
		return -ENOMEM;
	if (err == -EINVAL)
		snprintf(why, why_size, "not a regular file");
	if (!err)
		err = database_open(r, path, &version, why, why_size);
	if (!err)
		err = recording_begin(r, version, why, why_size);
	return open_end(r, err, out, why, why_size);
}

int bt_recording_open_bytes(struct bt_recording **out, void *bytes, size_t size, char *why, size_t why_size)
{
	struct bt_recording *r = recording_make();
	int version = 0;
	int result, err;

	*why = '\0';
	if (!r)
		return -ENOMEM;
	result = sqlite3_open_v2(":memory:", &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_deserialize(r->db, "main", bytes, (sqlite3_int64)size, (sqlite3_int64)size,
					     SQLITE_DESERIALIZE_READONLY);
	err = bt_recording_error(r, result);
	if (!err)
		err = bt_schema_check(r->db, &version, why, why_size);
	if (!err)
		err = recording_begin(r, version, why, why_size);
	return open_end(r, err, out, why, why_size);
}

void bt_recording_close(struct bt_recording *r)
{
	if (!r)
		return;
	for (unsigned int i = 0; i < S_COUNT; i++)
		sqlite3_finalize(r->statements[i]);
	for (unsigned int i = 0; i < BT_HOST_TABLES; i++)
		sqlite3_finalize(r->host[i]);
	sqlite3_close(r->db);
	bt_codec_destroy(r->codec);
	for (unsigned int i = 0; i < sizeof(r->texts) / sizeof(r->texts[0]); i++)
		free(r->texts[i]);
	free(r);
}
