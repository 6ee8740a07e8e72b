/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec.h"
#include "schema.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A jump in time reads at most so much. */
#define FRAMES_A_KEY 600

/* Strings whose number is known without asking the file. */
#define STRINGS_MAX 8192

/* The write-ahead log is taken over into the file when it has so many pages, and cut to so many bytes. */
#define WAL_PAGES 2000
#define WAL_BYTES 4000000

#define BUSY_MS 2000

/* X(constant, statement) */
#define STATEMENTS(X)                                                                                        \
	X(BEGIN, "BEGIN IMMEDIATE")                                                                          \
	X(COMMIT, "COMMIT")                                                                                  \
	X(ROLLBACK, "ROLLBACK")                                                                              \
	X(STRING_ADD, "INSERT OR IGNORE INTO string (text) VALUES (?1)")                                     \
	X(STRING_FIND, "SELECT id FROM string WHERE text = ?1")                                              \
	X(FRAME_ADD,                                                                                         \
	  "INSERT INTO frame (id, session, time_ns, key, begin_ns, end_ns, cpus, self_cpu_ns, tick_ns, "     \
	  "is_exact, measured, lost_tasks, lost_exits, lost_switches, data) VALUES "                         \
	  "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)")                              \
	X(PROCESS_ADD,                                                                                       \
	  "INSERT INTO process (session, pid, start_ns, first_ns, ppid, uid, is_kernel, comm, cmdline, "     \
	  "cgroup) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT (session, pid, start_ns) "   \
	  "DO UPDATE SET ppid = excluded.ppid, uid = excluded.uid, comm = excluded.comm, "                   \
	  "cmdline = coalesce(excluded.cmdline, cmdline), cgroup = coalesce(excluded.cgroup, cgroup)")       \
	X(PROCESS_END, "UPDATE process SET ended_ns = ?1 WHERE session = ?2 AND pid = ?3 AND start_ns = ?4") \
	X(USER_ADD, "INSERT OR IGNORE INTO user (session, uid, name) VALUES (?1, ?2, ?3)")

enum statement {
#define X(id, sql) S_##id,
	STATEMENTS(X)
#undef X
	    S_COUNT,
};

static const char *const statements[S_COUNT] = {
#define X(id, sql) [S_##id] = (sql),
    STATEMENTS(X)
#undef X
};

struct string {
	sqlite3_int64 id;
	UT_hash_handle hh;
	char text[];
};

struct process {
	struct {
		uint64_t start_ns;
		uint64_t pid;
	} key;
	char comm[BT_COMM_LEN];
	uint32_t uid;
	UT_hash_handle hh;
};

struct bt_recorder {
	sqlite3 *db;
	int lock_fd;
	struct bt_recorder_setup setup; /* strings are not kept */
	sqlite3_stmt *statements[S_COUNT];
	struct bt_layout record, lump;
	struct bt_codec *codec;
	struct bt_strbuf data;
	sqlite3_int64 session, frame, key;
	bool need_key;
	struct string *strings;
	struct process *processes;
};

static void strings_forget(struct bt_recorder *r)
{
	struct string *s, *next;

	HASH_ITER (hh, r->strings, s, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(r->strings, s);
		free(s);
	}
}

static void process_forget(struct bt_recorder *r, struct process *p)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the table, freed or not */
	HASH_DEL(r->processes, p);
	free(p);
}

static void processes_forget(struct bt_recorder *r)
{
	struct process *p, *next;

	HASH_ITER (hh, r->processes, p, next)
		process_forget(r, p);
}

/* Runs a statement that gives no rows, or one number at *out. SQLite's result: DONE or an error. */
static int run(struct bt_recorder *r, enum statement id, sqlite3_int64 *out)
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

static void bind(struct bt_recorder *r, enum statement id, int at, uint64_t value)
{
	sqlite3_bind_int64(r->statements[id], at, (sqlite3_int64)value);
}

/* The number of a text; 0 for NULL. SQLite's result. */
static int string_id(struct bt_recorder *r, const char *text, size_t length, sqlite3_int64 *out)
{
	struct string *s = NULL;
	int result;

	*out = 0;
	if (!text)
		return SQLITE_DONE;
	HASH_FIND(hh, r->strings, text, length, s);
	if (s) {
		*out = s->id;
		return SQLITE_DONE;
	}
	sqlite3_bind_text(r->statements[S_STRING_ADD], 1, text, (int)length, SQLITE_STATIC);
	result = run(r, S_STRING_ADD, NULL);
	if (result != SQLITE_DONE)
		return result;
	sqlite3_bind_text(r->statements[S_STRING_FIND], 1, text, (int)length, SQLITE_STATIC);
	result = run(r, S_STRING_FIND, out);
	if (result != SQLITE_DONE)
		return result;
	if (HASH_COUNT(r->strings) >= STRINGS_MAX)
		strings_forget(r);
	/* Without memory it is asked for again. */
	s = malloc(sizeof(*s) + length);
	if (!s)
		return SQLITE_DONE;
	s->id = *out;
	memcpy(s->text, text, length);
	HASH_ADD_KEYPTR(hh, r->strings, s->text, length, s);
	if (!r->strings || !s->hh.tbl)
		free(s);
	return SQLITE_DONE;
}

/* Binds the number of a text; NULL stays NULL. SQLite's result. */
static int bind_string(struct bt_recorder *r, enum statement id, int at, const char *text)
{
	sqlite3_int64 number;
	int result = string_id(r, text, text ? strlen(text) : 0, &number);

	if (result == SQLITE_DONE && text)
		bind(r, id, at, (uint64_t)number);
	return result;
}

static int user_add(struct bt_recorder *r, uint32_t uid)
{
	const char *name = r->setup.user_name ? r->setup.user_name(r->setup.context, uid) : NULL;
	int result;

	if (!name)
		return SQLITE_DONE;
	result = bind_string(r, S_USER_ADD, 3, name);
	if (result != SQLITE_DONE)
		return result;
	bind(r, S_USER_ADD, 1, (uint64_t)r->session);
	bind(r, S_USER_ADD, 2, uid);
	return run(r, S_USER_ADD, NULL);
}

static int process_add(struct bt_recorder *r, const struct bt_record *record, int64_t time_ns)
{
	const struct bt_facts *f = &record->facts;
	struct bt_description d = {0};
	char comm[BT_COMM_LEN + 1] = {0};
	int result;

	memcpy(comm, f->comm, BT_COMM_LEN);
	if (r->setup.of)
		r->setup.of->ops->describe(r->setup.of, f->tgid, f->leader_start_ns, &d);
	result = bind_string(r, S_PROCESS_ADD, 8, comm);
	if (result == SQLITE_DONE)
		result = bind_string(r, S_PROCESS_ADD, 9, d.cmdline);
	if (result == SQLITE_DONE)
		result = bind_string(r, S_PROCESS_ADD, 10, d.cgroup);
	free(d.cmdline);
	free(d.cgroup);
	free(d.container); /* follows from the cgroup: replay.c */
	if (result != SQLITE_DONE)
		return result;
	bind(r, S_PROCESS_ADD, 1, (uint64_t)r->session);
	bind(r, S_PROCESS_ADD, 2, (uint64_t)f->tgid);
	bind(r, S_PROCESS_ADD, 3, f->leader_start_ns);
	bind(r, S_PROCESS_ADD, 4, (uint64_t)time_ns);
	bind(r, S_PROCESS_ADD, 5, (uint64_t)f->ppid);
	bind(r, S_PROCESS_ADD, 6, f->uid);
	bind(r, S_PROCESS_ADD, 7, f->kind == BT_KIND_KERNEL);
	result = run(r, S_PROCESS_ADD, NULL);
	return result == SQLITE_DONE ? user_add(r, f->uid) : result;
}

static struct process *process_find(struct bt_recorder *r, const struct bt_facts *f)
{
	struct process *p = NULL, like = {.key = {.start_ns = f->leader_start_ns, .pid = (uint32_t)f->tgid}};

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, r->processes, &like.key, sizeof(like.key), p);
	return p;
}

/* A process that is not known yet, or calls itself something else since an exec. SQLite's result. */
static int process_see(struct bt_recorder *r, const struct bt_record *record, int64_t time_ns)
{
	const struct bt_facts *f = &record->facts;
	bool leader = record->head.tid == f->tgid;
	struct process *p = process_find(r, f);

	if (p && (!leader || (!memcmp(p->comm, f->comm, BT_COMM_LEN) && p->uid == f->uid)))
		return SQLITE_DONE;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return SQLITE_NOMEM;
		p->key.start_ns = f->leader_start_ns;
		p->key.pid = (uint32_t)f->tgid;
		HASH_ADD(hh, r->processes, key, sizeof(p->key), p);
		if (!r->processes || !p->hh.tbl) {
			free(p);
			return SQLITE_NOMEM;
		}
	}
	if (leader) {
		memcpy(p->comm, f->comm, BT_COMM_LEN);
		p->uid = f->uid;
	}
	return process_add(r, record, time_ns);
}

static int process_end(struct bt_recorder *r, const struct bt_record *record, int64_t time_ns)
{
	struct process *p = process_find(r, &record->facts);

	if (!p)
		return SQLITE_DONE;
	process_forget(r, p);
	bind(r, S_PROCESS_END, 1, (uint64_t)time_ns);
	bind(r, S_PROCESS_END, 2, (uint64_t)r->session);
	bind(r, S_PROCESS_END, 3, (uint64_t)record->facts.tgid);
	bind(r, S_PROCESS_END, 4, record->facts.leader_start_ns);
	return run(r, S_PROCESS_END, NULL);
}

/* The processes of a snapshot that came and went. Sleepers are no news. */
static int processes_see(struct bt_recorder *r, const struct bt_snapshot *s, int64_t time_ns)
{
	int result = SQLITE_DONE;

	bt_snapshot_for_each (head, s) {
		const struct bt_record *record = (const struct bt_record *)(const void *)head;

		if (head->type == BT_RECORD_THREAD && record->facts.state != 'Z' &&
		    record->facts.state != 'X')
			result = process_see(r, record, time_ns);
		else if (head->type == BT_RECORD_ENDED && head->tid == record->facts.tgid)
			result = process_end(r, record, time_ns);
		if (result != SQLITE_DONE)
			break;
	}
	return result;
}

static int frame_add(struct bt_recorder *r, const struct bt_snapshot *s, int64_t time_ns)
{
	bool key = r->need_key || r->frame + 1 - r->key >= FRAMES_A_KEY;
	int result;

	bt_strbuf_clear(&r->data);
	if (bt_codec_encode(r->codec, s, key, &r->data))
		return SQLITE_NOMEM;
	bind(r, S_FRAME_ADD, 1, (uint64_t)(r->frame + 1));
	bind(r, S_FRAME_ADD, 2, (uint64_t)r->session);
	bind(r, S_FRAME_ADD, 3, (uint64_t)time_ns);
	bind(r, S_FRAME_ADD, 4, (uint64_t)(key ? r->frame + 1 : r->key));
	bind(r, S_FRAME_ADD, 5, s->begin_ns);
	bind(r, S_FRAME_ADD, 6, s->end_ns);
	bind(r, S_FRAME_ADD, 7, s->cpus_online);
	bind(r, S_FRAME_ADD, 8, s->self_cpu_ns);
	bind(r, S_FRAME_ADD, 9, s->tick_ns);
	bind(r, S_FRAME_ADD, 10, s->exact);
	bind(r, S_FRAME_ADD, 11, s->measured);
	bind(r, S_FRAME_ADD, 12, s->loss.tasks);
	bind(r, S_FRAME_ADD, 13, s->loss.exits);
	bind(r, S_FRAME_ADD, 14, s->loss.switches);
	sqlite3_bind_blob64(r->statements[S_FRAME_ADD], 15, bt_strbuf_text(&r->data), r->data.length,
			    SQLITE_STATIC);
	result = run(r, S_FRAME_ADD, NULL);
	if (result == SQLITE_DONE) {
		r->frame++;
		if (key)
			r->key = r->frame;
	}
	return result;
}

int bt_recorder_frame(struct bt_recorder *r, const struct bt_snapshot *s)
{
	int64_t time_ns = s->time_s * 1000000000 + s->time_nsec;
	sqlite3_int64 frame = r->frame, key = r->key;
	int result = run(r, S_BEGIN, NULL);
	int err;

	if (result == SQLITE_DONE)
		result = processes_see(r, s, time_ns);
	if (result == SQLITE_DONE)
		result = frame_add(r, s, time_ns);
	if (result == SQLITE_DONE)
		result = run(r, S_COMMIT, NULL);
	if (result == SQLITE_DONE) {
		r->need_key = false;
		return 0;
	}
	err = bt_sqlite_error(r->db, result);
	if (!sqlite3_get_autocommit(r->db))
		run(r, S_ROLLBACK, NULL);
	/* What went in with it is not there, whatever we thought. */
	r->frame = frame;
	r->key = key;
	r->need_key = true;
	strings_forget(r);
	processes_forget(r);
	return err;
}

uint64_t bt_recorder_size(const struct bt_recorder *r)
{
	sqlite3_int64 pages = 0, size = 0;

	bt_sqlite_number(r->db, "PRAGMA page_count", 0, &pages);
	bt_sqlite_number(r->db, "PRAGMA page_size", 0, &size);
	return (uint64_t)pages * (uint64_t)size;
}

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
		result = string_id(r, texts[i], texts[i] ? strlen(texts[i]) : 0, &ids[i]);
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
static int file_take(const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	struct stat status;

	if (fd < 0)
		return -errno;
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
	int result = version ? SQLITE_OK : bt_schema_create(r->db);

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
		result = bt_sqlite_number(r->db, "SELECT max(id) FROM frame", 0, &r->frame);
	if (result == SQLITE_OK)
		result = run(r, S_BEGIN, NULL);
	if (result == SQLITE_DONE)
		result = session_add(r, setup);
	if (result == SQLITE_DONE)
		result = run(r, S_COMMIT, NULL);
	return result == SQLITE_DONE ? SQLITE_OK : result;
}

int bt_recorder_open(struct bt_recorder **out, const char *path, const struct bt_recorder_setup *setup,
		     char *why, size_t why_size)
{
	struct bt_recorder *r = calloc(1, sizeof(*r));
	int version = 0;
	int result, err;

	*why = '\0';
	if (!r)
		return -ENOMEM;
	r->setup = *setup;
	r->need_key = true;
	r->lock_fd = file_take(path, why, why_size);
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
	if (!err && version && version < BT_RECORDING_SCHEMA) {
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
	sqlite3_close(r->db);
	if (r->lock_fd >= 0)
		close(r->lock_fd);
	strings_forget(r);
	processes_forget(r);
	bt_codec_destroy(r->codec);
	bt_strbuf_free(&r->data);
	free(r);
}
