/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorder and its statements, for the files that write a recording. */
#ifndef BOUNDTOP_STORE_WRITE_INTERNAL_H
#define BOUNDTOP_STORE_WRITE_INTERNAL_H

#include <stdbool.h>

#include <sqlite3.h>

#include "codec.h"
#include "host_rows.h"
#include "store_write.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/* How a minute that is there already takes up more. */
#define BT_MINUTE_SUM(name) "\"" name "\" = \"" name "\" + excluded.\"" name "\", "
#define BT_MINUTE_SUM_CPU(name)
#define BT_MINUTE_SUM_STARVED(name)                                BT_MINUTE_SUM(name "_ns")
#define BT_MINUTE_SUM_IO(name)                                     BT_MINUTE_SUM_STARVED(name)
#define BT_MINUTE_SUM_LOCK(name)                                   BT_MINUTE_SUM_STARVED(name)
#define BT_MINUTE_SUM_IDLE(name)                                   BT_MINUTE_SUM_STARVED(name)
#define BT_MINUTE_SUM_NONE(name)                                   BT_MINUTE_SUM_STARVED(name)
#define BT_MINUTE_SUM_OF(id, name, column, letter, group, meaning) BT_MINUTE_SUM_##group(name)
#define BT_MINUTE_SUMS                                                                                       \
	BT_MINUTE_SUM("duration_ns")                                                                         \
	BT_MINUTE_SUM("wall_ns")                                                                             \
	BT_MINUTE_SUM("active_ns")                                                                           \
	BT_MINUTE_SUM("oncpu_ns")                                                                            \
	BT_MINUTE_SUM("utime_ns")                                                                            \
	BT_MINUTE_SUM("stime_ns")                                                                            \
	BT_MICROSTATES(BT_MINUTE_SUM_OF)                                                                     \
	BT_MINUTE_SUM("voluntary")                                                                           \
	BT_MINUTE_SUM("involuntary")                                                                         \
	BT_MINUTE_SUM("major_faults")                                                                        \
	BT_MINUTE_SUM("read_bytes")                                                                          \
	BT_MINUTE_SUM("write_bytes")                                                                         \
	"threads = max(threads, excluded.threads), rss_bytes = excluded.rss_bytes"

/* X(constant, statement) */
#define BT_RECORDER_STATEMENTS(X)                                                                            \
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
	  "container = coalesce(excluded.container, container), ended_ns = NULL")                            \
	X(PROCESS_END, "UPDATE process SET ended_ns = ?1 WHERE session = ?2 AND pid = ?3 AND start_ns = ?4") \
	X(PROCESS_FIND, "SELECT id FROM process WHERE session = ?1 AND pid = ?2 AND start_ns = ?3")          \
	/* The same minute may come twice: the clock was set back. */                                        \
	X(MINUTE_ADD,                                                                                        \
	  "INSERT INTO minute VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "    \
	  "?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28) ON CONFLICT DO UPDATE "          \
	  "SET " BT_MINUTE_SUMS)                                                                             \
	X(WAIT_ADD,                                                                                          \
	  "INSERT INTO wait SELECT ?1, ?2, coalesce(max(place) + 1, 0), ?3, ?4, ?5, ?6, ?7, ?8, ?9 FROM "    \
	  "wait WHERE minute = ?1 AND process = ?2")                                                         \
	X(PAGES, "SELECT page_count - freelist_count FROM pragma_page_count, pragma_freelist_count")         \
	X(TOO_OLD, "SELECT id FROM frame WHERE time_ns < ?1 ORDER BY time_ns LIMIT 1")                       \
	X(FRAMES_DROP,                                                                                       \
	  "DELETE FROM frame WHERE id IN (SELECT id FROM frame WHERE id < ?1 ORDER BY id LIMIT ?2)")         \
	X(FIRST, "SELECT min(id) FROM frame")                                                                \
	X(FIRST_TIME, "SELECT min(time_ns) FROM frame")                                                      \
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
	  "NULL UNION SELECT target FROM wait WHERE target NOT NULL UNION SELECT target FROM object UNION "  \
	  "SELECT name FROM object WHERE name NOT NULL UNION SELECT peer FROM object WHERE peer NOT NULL "   \
	  "UNION SELECT device FROM object WHERE device NOT NULL UNION SELECT text "                         \
	  "FROM stack)")                                                                                     \
	X(OBJECT_AGAIN,                                                                                      \
	  "UPDATE object SET last = ?4 WHERE process = ?1 AND target = ?2 AND object = ?3 AND name IS ?5 "   \
	  "AND device IS ?6 AND peer IS ?7 AND peer_pid IS ?8 AND peer_others IS ?9 AND frame = (SELECT "    \
	  "max(frame) FROM object WHERE process = ?1 AND target = ?2 AND object = ?3)")                      \
	X(OBJECT_ADD,                                                                                        \
	  "INSERT OR REPLACE INTO object (process, target, object, frame, last, name, device, peer, "        \
	  "peer_pid, peer_others) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7, ?8, ?9)")                          \
	X(STACK_ADD, "INSERT OR REPLACE INTO stack (process, tid, frame, text) VALUES (?1, ?2, ?3, ?4)")     \
	X(OBJECTS_DROP,                                                                                      \
	  "DELETE FROM object WHERE process NOT IN (SELECT id FROM process) OR (process, target, object, "   \
	  "frame) IN (SELECT process, target, object, frame FROM (SELECT *, row_number() OVER (PARTITION "   \
	  "BY process ORDER BY last DESC) AS place FROM object) WHERE place > 64 AND last < ?1)")            \
	X(STACKS_DROP, "DELETE FROM stack WHERE process NOT IN (SELECT id FROM process)")                    \
	X(USER_ADD, "INSERT OR IGNORE INTO user (session, uid, name) VALUES (?1, ?2, ?3)")

enum bt_recorder_statement {
#define X(id, sql) S_##id,
	BT_RECORDER_STATEMENTS(X)
#undef X
	    S_COUNT,
};

struct bt_recorder_string {
	sqlite3_int64 id;
	UT_hash_handle hh;
	char text[];
};

/* A process that was not seen to be over yet, and what its row says. */
struct bt_recorder_process {
	struct {
		uint64_t start_ns;
		uint64_t pid;
	} key;
	int64_t first_ns, ended_ns; /* CLOCK_REALTIME; ended_ns: of its leader, 0: not seen */
	int32_t ppid;
	uint32_t uid;
	char comm[BT_COMM_LEN];
	bool is_kernel;
	bool is_news; /* the row is not in the file, or says something else there */
	struct bt_recorder_process *prev, *next; /* of those */
	UT_hash_handle hh;
};

struct bt_recorder_object;
struct bt_recorder_sleeper;

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
	bool lost; /* what was to be written last is not in the file */
	struct bt_recorder_string *strings;
	struct bt_recorder_process *processes, *news;
	struct bt_recorder_object *objects;   /* in use, asked for or to be asked for */
	struct bt_recorder_sleeper *sleepers; /* threads in D */
	int64_t asking_ns;                    /* that may go into asking now, */
	int asking_names;                     /* and names that may be written */
};

/* Runs a statement that gives no rows, or one number at *out. SQLite's result: DONE or an error. */
int bt_recorder_run(struct bt_recorder *r, enum bt_recorder_statement id, sqlite3_int64 *out);
void bt_recorder_bind(struct bt_recorder *r, enum bt_recorder_statement id, int at, uint64_t value);

/* In store_names.c. SQLite's results. */
/* The number of a text; 0 for NULL. */
int bt_recorder_string(struct bt_recorder *r, const char *text, size_t length, sqlite3_int64 *out);
/* Binds the number of a text; NULL stays NULL. */
int bt_recorder_bind_string(struct bt_recorder *r, enum bt_recorder_statement id, int at, const char *text);
/* Takes note of the processes of a snapshot that came, or have another name; nothing is written. 0 or
 * -ENOMEM. */
int bt_recorder_see(struct bt_recorder *r, const struct bt_snapshot *s, int64_t time_ns);
/* Writes what is news; it stays so until _written(). _again(): all is, as nobody knows what the file has. */
int bt_recorder_processes_write(struct bt_recorder *r);
void bt_recorder_processes_written(struct bt_recorder *r);
void bt_recorder_processes_again(struct bt_recorder *r);
/* Writes which processes are over, by the model; time_ns where their end was not seen. _ended(): forgets
 * those. */
int bt_recorder_processes_end(struct bt_recorder *r, struct bt_model *m, int64_t time_ns);
void bt_recorder_processes_ended(struct bt_recorder *r, struct bt_model *m);
/* The number of the row of a process; 0: there is none. */
int bt_recorder_process_find(struct bt_recorder *r, uint32_t pid, uint64_t start_ns, sqlite3_int64 *row);
/* The same, and it is made if there is none; then of one that is over at ended_ns. */
int bt_recorder_process_row(struct bt_recorder *r, const struct bt_process *p, int64_t ended_ns,
			    sqlite3_int64 *row);
void bt_recorder_forget_strings(struct bt_recorder *r);
void bt_recorder_forget_processes(struct bt_recorder *r);

/* In store_objects.c: the names of what is waited for. */
/* Takes note of what is waited for; nothing is asked or written. */
void bt_recorder_name_see(struct bt_recorder *r, const struct bt_snapshot *s);
/* Asks and writes. SQLite's result. */
int bt_recorder_name(struct bt_recorder *r, uint64_t now_ns);
/* What was written may not be in the file. */
void bt_recorder_name_again(struct bt_recorder *r);
/* At first there is much to be asked. */
void bt_recorder_name_begin(struct bt_recorder *r);
void bt_recorder_forget_objects(struct bt_recorder *r);

/* In store_trim.c: drops a few of the oldest frames, if there are too many. SQLite's result. */
int bt_recorder_trim(struct bt_recorder *r, int64_t time_ns);

/* What went in with a transaction that failed is not there, whatever we thought. -Exxx of SQLite's result. */
int bt_recorder_undo(struct bt_recorder *r, int result, sqlite3_int64 frame, sqlite3_int64 key);

#endif
