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
#include "host_rows.h"
#include "names.h"
#include "schema.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* A jump in time reads at most so much. */
#define FRAMES_A_KEY 300

/* Strings whose number is known without asking the file. */
#define STRINGS_MAX 8192

/* The write-ahead log is taken over into the file when it has so many pages, and cut to so many bytes. */
#define WAL_PAGES 2000
#define WAL_BYTES 4000000

#define BUSY_MS 2000

/* Frames that are dropped at a time, when there are too many, and how often names are looked through. */
#define TRIM_FRAMES       8
#define TRIM_NAMES_FRAMES 3600

/* X(constant, statement) */
#define STATEMENTS(X)                                                                                        \
	X(BEGIN, "BEGIN IMMEDIATE")                                                                          \
	X(COMMIT, "COMMIT")                                                                                  \
	X(ROLLBACK, "ROLLBACK")                                                                              \
	X(STRING_ADD, "INSERT OR IGNORE INTO string (text) VALUES (?1)")                                     \
	X(STRING_FIND, "SELECT id FROM string WHERE text = ?1")                                              \
	X(FRAME_ADD,                                                                                         \
	  "INSERT INTO frame (id, session, time_ns, key, begin_ns, end_ns, cpus, self_cpu_ns, tick_ns, "     \
	  "is_exact, measured, lost_tasks, lost_exits, lost_switches, data, run_queue) VALUES "              \
	  "(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)")                         \
	X(PROCESS_ADD,                                                                                       \
	  "INSERT INTO process (session, pid, start_ns, first_ns, ppid, uid, is_kernel, comm, cmdline, "     \
	  "cgroup, container) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "                        \
	  "ON CONFLICT (session, pid, start_ns) "                                                            \
	  "DO UPDATE SET ppid = excluded.ppid, uid = excluded.uid, comm = excluded.comm, "                   \
	  "cmdline = coalesce(excluded.cmdline, cmdline), cgroup = coalesce(excluded.cgroup, cgroup), "      \
	  "container = coalesce(excluded.container, container)")                                             \
	X(PROCESS_END, "UPDATE process SET ended_ns = ?1 WHERE session = ?2 AND pid = ?3 AND start_ns = ?4") \
	X(PROCESS_FIND, "SELECT id FROM process WHERE session = ?1 AND pid = ?2 AND start_ns = ?3")          \
	X(MINUTE_ADD,                                                                                        \
	  "INSERT OR REPLACE INTO minute VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "   \
	  "?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)")                      \
	X(WAIT_ADD, "INSERT OR REPLACE INTO wait VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")          \
	X(PAGES, "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")         \
	X(TOO_OLD, "SELECT min(id) FROM frame WHERE time_ns < ?1")                                           \
	X(FRAMES_DROP,                                                                                       \
	  "DELETE FROM frame WHERE id IN (SELECT id FROM frame WHERE id < ?1 ORDER BY id LIMIT ?2)")         \
	X(FIRST, "SELECT min(id) FROM frame")                                                                \
	X(FIRST_TIME, "SELECT time_ns FROM frame WHERE id = ?1")                                             \
	X(MINUTES_DROP, "DELETE FROM minute WHERE minute < ?1")                                              \
	X(WAITS_DROP, "DELETE FROM wait WHERE minute < ?1")                                                  \
	X(HOST_DROP, "DELETE FROM host WHERE frame < ?1")                                                    \
	X(CPUS_DROP, "DELETE FROM host_cpu WHERE frame < ?1")                                                \
	X(DISKS_DROP, "DELETE FROM host_disk WHERE frame < ?1")                                              \
	X(CGROUPS_DROP, "DELETE FROM host_cgroup WHERE frame < ?1")                                          \
	X(SESSIONS_DROP, "DELETE FROM session WHERE id <> ?1 AND id NOT IN (SELECT session FROM frame)")     \
	X(PROCESSES_DROP,                                                                                    \
	  "DELETE FROM process WHERE ended_ns < ?1 OR session NOT IN (SELECT id FROM session)")              \
	X(USERS_DROP, "DELETE FROM user WHERE session NOT IN (SELECT id FROM session)")                      \
	X(LAYOUTS_DROP, "DELETE FROM layout WHERE layout NOT IN (SELECT layout FROM session)")               \
	X(STRINGS_DROP,                                                                                      \
	  "DELETE FROM string WHERE id NOT IN (SELECT comm FROM process WHERE comm NOT NULL UNION SELECT "   \
	  "cmdline FROM process WHERE cmdline NOT NULL UNION SELECT cgroup FROM process WHERE cgroup NOT "   \
	  "NULL UNION SELECT container FROM process WHERE container NOT NULL UNION SELECT name FROM user "   \
	  "UNION SELECT host FROM session WHERE host NOT NULL UNION SELECT kernel FROM session WHERE "       \
	  "kernel "                                                                                          \
	  "NOT NULL UNION SELECT machine FROM session WHERE machine NOT NULL UNION SELECT collector FROM "   \
	  "session WHERE collector NOT NULL UNION SELECT version FROM session WHERE version NOT NULL UNION " \
	  "SELECT cause FROM wait WHERE cause NOT NULL UNION SELECT syscall FROM wait WHERE syscall NOT "    \
	  "NULL UNION SELECT target FROM wait WHERE target NOT NULL)")                                       \
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
	sqlite3_stmt *host[BT_HOST_TABLES];
	sqlite3_int64 page_bytes;
	struct bt_layout record, lump;
	struct bt_codec *codec;
	struct bt_strbuf data, run_queue;
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
	if (result == SQLITE_DONE)
		result = bind_string(r, S_PROCESS_ADD, 11, d.container);
	free(d.cmdline);
	free(d.cgroup);
	free(d.container);
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
	bt_strbuf_clear(&r->run_queue);
	if (s->run_queue_known) {
		bt_codec_counts_encode(s->run_queue, BT_BURST_BUCKETS, &r->run_queue);
		sqlite3_bind_blob64(r->statements[S_FRAME_ADD], 16, bt_strbuf_text(&r->run_queue),
				    r->run_queue.length, SQLITE_STATIC);
	}
	result = run(r, S_FRAME_ADD, NULL);
	if (result == SQLITE_DONE) {
		r->frame++;
		if (key)
			r->key = r->frame;
	}
	return result;
}

/* What belongs to frames that are gone, but for strings. oldest: the first that is left. */
static int trim_rest(struct bt_recorder *r, sqlite3_int64 oldest)
{
	static const enum statement by_frame[] = {S_HOST_DROP, S_CPUS_DROP, S_DISKS_DROP, S_CGROUPS_DROP};
	sqlite3_int64 time_ns = 0;
	int result;

	bind(r, S_FIRST_TIME, 1, (uint64_t)oldest);
	result = run(r, S_FIRST_TIME, &time_ns);
	for (size_t i = 0; i < sizeof(by_frame) / sizeof(by_frame[0]) && result == SQLITE_DONE; i++) {
		bind(r, by_frame[i], 1, (uint64_t)oldest);
		result = run(r, by_frame[i], NULL);
	}
	if (result == SQLITE_DONE) {
		bind(r, S_MINUTES_DROP, 1, (uint64_t)(time_ns / 1000000000 - 60));
		result = run(r, S_MINUTES_DROP, NULL);
	}
	if (result == SQLITE_DONE) {
		bind(r, S_WAITS_DROP, 1, (uint64_t)(time_ns / 1000000000 - 60));
		result = run(r, S_WAITS_DROP, NULL);
	}
	return result;
}

/* What nobody refers to any more: now and then, as all of it has to be looked through. */
static int trim_names(struct bt_recorder *r)
{
	static const enum statement steps[] = {S_SESSIONS_DROP, S_PROCESSES_DROP, S_USERS_DROP,
					       S_LAYOUTS_DROP, S_STRINGS_DROP};
	sqlite3_int64 oldest = 0, time_ns = 0;
	int result = run(r, S_FIRST, &oldest);

	bind(r, S_FIRST_TIME, 1, (uint64_t)oldest);
	if (result == SQLITE_DONE)
		result = run(r, S_FIRST_TIME, &time_ns);
	/* A minute's row names processes until it is gone itself. */
	bind(r, S_PROCESSES_DROP, 1, (uint64_t)(time_ns - 120 * (int64_t)1000000000));
	bind(r, S_SESSIONS_DROP, 1, (uint64_t)r->session);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && result == SQLITE_DONE; i++)
		result = run(r, steps[i], NULL);
	strings_forget(r);
	return result;
}

/* Drops a few of the oldest frames, if there are too many. Those without their key are no use: they go first.
 */
static int trim(struct bt_recorder *r, int64_t time_ns)
{
	sqlite3_int64 pages = 0, old = 0, oldest = 0;
	bool too_large = false;
	int result = SQLITE_DONE;

	if (r->setup.max_bytes) {
		result = run(r, S_PAGES, &pages);
		too_large = (uint64_t)pages * (uint64_t)r->page_bytes > r->setup.max_bytes;
	}
	if (result == SQLITE_DONE && r->setup.keep_ns) {
		bind(r, S_TOO_OLD, 1, (uint64_t)(time_ns - (int64_t)r->setup.keep_ns));
		result = run(r, S_TOO_OLD, &old);
	}
	if (result == SQLITE_DONE && (too_large || old)) {
		/* Never the frames that the next one builds on. */
		bind(r, S_FRAMES_DROP, 1, (uint64_t)r->key);
		bind(r, S_FRAMES_DROP, 2, TRIM_FRAMES);
		result = run(r, S_FRAMES_DROP, NULL);
		if (result == SQLITE_DONE)
			result = run(r, S_FIRST, &oldest);
		if (result == SQLITE_DONE)
			result = trim_rest(r, oldest);
	}
	if (result == SQLITE_DONE && r->frame % TRIM_NAMES_FRAMES == 0)
		result = trim_names(r);
	return result;
}

/* What went in with a transaction that failed is not there, whatever we thought. */
static int undo(struct bt_recorder *r, int result, sqlite3_int64 frame, sqlite3_int64 key)
{
	int err = bt_sqlite_error(r->db, result);

	if (!sqlite3_get_autocommit(r->db))
		run(r, S_ROLLBACK, NULL);
	r->frame = frame;
	r->key = key;
	r->need_key = true;
	strings_forget(r);
	processes_forget(r);
	return err;
}

int bt_recorder_frame(struct bt_recorder *r, const struct bt_snapshot *s, const struct bt_host_sample *host)
{
	int64_t time_ns = s->time_s * 1000000000 + s->time_nsec;
	sqlite3_int64 frame = r->frame, key = r->key;
	int result = run(r, S_BEGIN, NULL);

	if (result == SQLITE_DONE)
		result = processes_see(r, s, time_ns);
	if (result == SQLITE_DONE)
		result = frame_add(r, s, time_ns);
	if (result == SQLITE_DONE && host && host->valid)
		result = bt_host_rows_write(r->host, r->frame, host);
	if (result == SQLITE_DONE)
		result = trim(r, time_ns);
	if (result == SQLITE_DONE)
		result = run(r, S_COMMIT, NULL);
	if (result != SQLITE_DONE)
		return undo(r, result, frame, key);
	r->need_key = false;
	return 0;
}

static int process_row(struct bt_recorder *r, const struct bt_process *p, sqlite3_int64 *row)
{
	int result;

	*row = 0;
	bind(r, S_PROCESS_FIND, 1, (uint64_t)r->session);
	bind(r, S_PROCESS_FIND, 2, (uint64_t)p->identity.pid);
	bind(r, S_PROCESS_FIND, 3, p->identity.start_ns);
	result = run(r, S_PROCESS_FIND, row);
	if (result != SQLITE_DONE || *row)
		return result;
	/* It came and went between two frames: nobody could be asked about it. */
	result = bind_string(r, S_PROCESS_ADD, 8, p->comm);
	if (result != SQLITE_DONE)
		return result;
	bind(r, S_PROCESS_ADD, 1, (uint64_t)r->session);
	bind(r, S_PROCESS_ADD, 2, (uint64_t)p->identity.pid);
	bind(r, S_PROCESS_ADD, 3, p->identity.start_ns);
	bind(r, S_PROCESS_ADD, 4, 0);
	bind(r, S_PROCESS_ADD, 5, (uint64_t)p->ppid);
	bind(r, S_PROCESS_ADD, 6, p->uid);
	bind(r, S_PROCESS_ADD, 7, p->kind == BT_KIND_KERNEL);
	result = run(r, S_PROCESS_ADD, NULL);
	*row = sqlite3_last_insert_rowid(r->db);
	return result;
}

static int wait_add(struct bt_recorder *r, int64_t minute, sqlite3_int64 row, unsigned int place,
		    const struct bt_wait *w)
{
	const char *target = bt_target_name(w->reason.target);
	int result = bind_string(r, S_WAIT_ADD, 4, bt_microstate_name(w->reason.cause));

	if (result == SQLITE_DONE)
		result = bind_string(r, S_WAIT_ADD, 5, bt_syscall_name(w->reason.syscall));
	if (result == SQLITE_DONE)
		result = bind_string(r, S_WAIT_ADD, 6, *target ? target : NULL);
	if (result != SQLITE_DONE)
		return result;
	bind(r, S_WAIT_ADD, 1, (uint64_t)minute);
	bind(r, S_WAIT_ADD, 2, (uint64_t)row);
	bind(r, S_WAIT_ADD, 3, place);
	if (w->reason.object)
		bind(r, S_WAIT_ADD, 7, w->reason.object);
	if (w->waker_pid)
		bind(r, S_WAIT_ADD, 8, (uint64_t)w->waker_pid);
	bind(r, S_WAIT_ADD, 9, w->ns);
	bind(r, S_WAIT_ADD, 10, w->count);
	return run(r, S_WAIT_ADD, NULL);
}

static int minute_add(struct bt_recorder *r, const struct bt_process *p, int64_t minute)
{
	const struct bt_usage *u = &p->usage;
	uint64_t values[26] = {p->end_ns - p->begin_ns,
			       p->threads + p->threads_ended,
			       u->wall_ns,
			       bt_totals_active_ns(&u->totals),
			       u->totals.oncpu_ns,
			       u->utime_ns,
			       u->stime_ns};
	unsigned int count = 7;
	sqlite3_int64 row;
	int result = process_row(r, p, &row);

	if (result != SQLITE_DONE)
		return result;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		values[count++] = u->totals.offcpu_ns[i];
	values[count++] = u->voluntary;
	values[count++] = u->involuntary;
	values[count++] = u->major_faults;
	values[count++] = u->read_bytes;
	values[count++] = u->write_bytes;
	values[count++] = p->rss_bytes;
	_Static_assert(7 + BT_OFFCPU_COUNT + 6 == sizeof(values) / sizeof(values[0]), "columns of minute");
	bind(r, S_MINUTE_ADD, 1, (uint64_t)minute);
	bind(r, S_MINUTE_ADD, 2, (uint64_t)row);
	for (unsigned int i = 0; i < count; i++)
		bind(r, S_MINUTE_ADD, 3 + (int)i, values[i]);
	result = run(r, S_MINUTE_ADD, NULL);
	for (unsigned int i = 0; i < u->wait_count && result == SQLITE_DONE; i++)
		result = wait_add(r, minute, row, i, &u->waits[i]);
	return result;
}

int bt_recorder_minute(struct bt_recorder *r, const struct bt_frame *f, int64_t minute)
{
	int result = run(r, S_BEGIN, NULL);

	for (size_t i = 0; i < f->process_count && result == SQLITE_DONE; i++) {
		const struct bt_process *p = f->processes[i];

		if (p->usage.wall_ns && bt_totals_active_ns(&p->usage.totals))
			result = minute_add(r, p, minute);
	}
	if (result == SQLITE_DONE)
		result = run(r, S_COMMIT, NULL);
	return result == SQLITE_DONE ? 0 : undo(r, result, r->frame, r->key);
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
static int file_take(const char *path, bool *made, char *why, size_t why_size)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0600);
	struct stat status;

	*made = fd >= 0;
	if (fd < 0)
		fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
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
		result = bt_host_rows_prepare(r->db, false, r->host);
	if (result == SQLITE_OK)
		result = bt_sqlite_number(r->db, "PRAGMA page_size", 4096, &r->page_bytes);
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
	bool made;

	*why = '\0';
	if (!r)
		return -ENOMEM;
	r->setup = *setup;
	r->need_key = true;
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
	strings_forget(r);
	processes_forget(r);
	bt_codec_destroy(r->codec);
	bt_strbuf_free(&r->data);
	bt_strbuf_free(&r->run_queue);
	free(r);
}
