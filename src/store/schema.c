/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host_rows.h"
#include "microstate.h"

#define TEXT_OF_(x) #x
#define TEXT_OF(x)  TEXT_OF_(x)

/* clang-format off */
/*
 * Pages of 1 KiB, because a frame's bytes lie on pages of their own, the last of which is half empty.
 */
static const char tables[] =
	"PRAGMA page_size = 1024;"
	"PRAGMA journal_mode = WAL;"
	"BEGIN IMMEDIATE;"
	"PRAGMA application_id = " TEXT_OF(BT_RECORDING_ID) ";"
	"CREATE TABLE string (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
	"CREATE TABLE layout (layout INTEGER, part TEXT, place INTEGER, name TEXT NOT NULL, count INTEGER NOT NULL,"
	" is_time INTEGER NOT NULL, PRIMARY KEY (layout, part, place)) WITHOUT ROWID;"
	"CREATE TABLE session (id INTEGER PRIMARY KEY, began_ns INTEGER NOT NULL, interval_ns INTEGER NOT NULL,"
	" layout INTEGER NOT NULL, boot_id TEXT, host INTEGER, kernel INTEGER, machine INTEGER, collector INTEGER,"
	" version INTEGER);"
	"CREATE TABLE frame (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, time_ns INTEGER NOT NULL,"
	" key INTEGER NOT NULL, begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, cpus INTEGER,"
	" self_cpu_ns INTEGER, tick_ns INTEGER, is_exact INTEGER, measured INTEGER, lost_tasks INTEGER,"
	" lost_exits INTEGER, lost_switches INTEGER, run_queue BLOB, data BLOB NOT NULL);"
	"CREATE INDEX frame_time ON frame (time_ns);"
	"CREATE TABLE process (id INTEGER PRIMARY KEY, session INTEGER NOT NULL, pid INTEGER NOT NULL,"
	" start_ns INTEGER NOT NULL, first_ns INTEGER NOT NULL, ended_ns INTEGER, ppid INTEGER, uid INTEGER,"
	" is_kernel INTEGER, comm INTEGER, cmdline INTEGER, cgroup INTEGER, container INTEGER,"
	" UNIQUE (session, pid, start_ns));"
	"CREATE TABLE user (session INTEGER, uid INTEGER, name INTEGER NOT NULL, PRIMARY KEY (session, uid))"
	" WITHOUT ROWID;"
	"CREATE TABLE minute (minute INTEGER, process INTEGER, duration_ns INTEGER, threads INTEGER, wall_ns INTEGER,"
	" active_ns INTEGER, oncpu_ns INTEGER, utime_ns INTEGER, stime_ns INTEGER"
#define COLUMN_CPU(name)
#define COLUMN_STARVED(name) ", \"" name "_ns\" INTEGER"
#define COLUMN_IO(name) COLUMN_STARVED(name)
#define COLUMN_LOCK(name) COLUMN_STARVED(name)
#define COLUMN_IDLE(name) COLUMN_STARVED(name)
#define COLUMN_NONE(name) COLUMN_STARVED(name)
#define BT_X(id, name, column, letter, group, meaning) COLUMN_##group(name)
	BT_MICROSTATES(BT_X)
#undef BT_X
	", voluntary INTEGER, involuntary INTEGER, major_faults INTEGER, read_bytes INTEGER, write_bytes INTEGER,"
	" rss_bytes INTEGER, PRIMARY KEY (minute, process)) WITHOUT ROWID;"
	"CREATE TABLE wait (minute INTEGER, process INTEGER, place INTEGER, cause INTEGER, syscall INTEGER,"
	" target INTEGER, object INTEGER, waker_pid INTEGER, ns INTEGER, count INTEGER,"
	" PRIMARY KEY (minute, process, place)) WITHOUT ROWID;";

#define SHARE(sum, name) ", round(1.0 * " sum "(\"" name "_ns\") / " sum "(wall_ns), 4) AS \"" name "\""
/* User and system time mean something from 25 ticks on, as everywhere else; of 4 ms, the usual length. */
#define PART(sum, ticks, name) \
	", CASE WHEN " sum "(utime_ns + stime_ns) >= 100000000 THEN round(1.0 * " sum "(oncpu_ns) / " sum \
	"(wall_ns) * " sum "(" ticks ") / " sum "(utime_ns + stime_ns), 4) END AS \"" name "\""
#define SHARES(sum) \
	", round(1.0 * " sum "(active_ns) / " sum "(wall_ns), 4) AS active" \
	", round(1.0 * " sum "(oncpu_ns) / " sum "(wall_ns), 4) AS cpu" \
	PART(sum, "utime_ns", "user") PART(sum, "stime_ns", "system") \
	SHARE(sum, "run-queue") SHARE(sum, "cpu-quota") SHARE(sum, "disk") SHARE(sum, "paging") \
	SHARE(sum, "network") SHARE(sum, "ipc") SHARE(sum, "lock") SHARE(sum, "gil") SHARE(sum, "sleep") \
	SHARE(sum, "event") SHARE(sum, "child") SHARE(sum, "stopped") SHARE(sum, "unknown")

static const char views[] =
	"CREATE VIEW minutes AS SELECT m.*, p.session AS session,"
	" datetime(m.minute, 'unixepoch', 'localtime') AS time, p.pid AS pid, c.text AS comm, l.text AS cmdline,"
	" n.text AS login, g.text AS cgroup, k.text AS container"
	" FROM minute m JOIN process p ON p.id = m.process LEFT JOIN string c ON c.id = p.comm"
	" LEFT JOIN string l ON l.id = p.cmdline LEFT JOIN user u ON u.session = p.session AND u.uid = p.uid"
	" LEFT JOIN string n ON n.id = u.name LEFT JOIN string g ON g.id = p.cgroup"
	" LEFT JOIN string k ON k.id = p.container;"
	"CREATE VIEW shares_by_minute AS SELECT time, pid, comm, login, cgroup, container, cmdline, threads,"
	" round(1.0 * oncpu_ns / max(1, duration_ns), 4) AS cpus" SHARES("")
	", read_bytes, write_bytes, rss_bytes FROM minutes;"
	"CREATE VIEW cgroup_shares_by_minute AS SELECT time, cgroup, count(DISTINCT pid) AS processes, sum(threads) AS threads,"
	/* All of the minute that was recorded, however short those of the group were there. */
	" round(1.0 * sum(oncpu_ns) / max(1, (SELECT sum(recorded_ns) FROM (SELECT max(a.duration_ns) AS recorded_ns"
	" FROM minute a JOIN process p ON p.id = a.process WHERE a.minute = m.minute GROUP BY p.session))), 4) AS cpus" SHARES("sum")
	", sum(read_bytes) AS read_bytes, sum(write_bytes) AS write_bytes FROM minutes m GROUP BY minute, cgroup;";

/* What came with schema 3. */
static const char since_3[] =
	"CREATE TABLE object (process INTEGER, target INTEGER, object INTEGER, frame INTEGER, last INTEGER NOT NULL,"
	" name INTEGER, device INTEGER, peer INTEGER, peer_pid INTEGER, peer_others INTEGER,"
	" PRIMARY KEY (process, target, object, frame)) WITHOUT ROWID;"
	"CREATE TABLE stack (process INTEGER, tid INTEGER, frame INTEGER, text INTEGER NOT NULL,"
	" PRIMARY KEY (process, tid, frame)) WITHOUT ROWID;"
	"DROP VIEW IF EXISTS waits_by_minute;"
	"CREATE VIEW waits_by_minute AS SELECT m.time, m.pid, m.comm, m.login, m.cgroup, c.text AS cause,"
	" y.text AS syscall, t.text AS target, w.object, (SELECT n.text FROM object o JOIN string n ON n.id = o.name"
	" WHERE o.process = w.process AND o.target = w.target AND o.object = w.object ORDER BY o.frame DESC LIMIT 1)"
	" AS name, w.waker_pid, round(1.0 * w.ns / m.wall_ns, 4) AS share,"
	" w.ns / 1e9 AS seconds, w.count FROM wait w JOIN minutes m ON m.minute = w.minute AND m.process = w.process"
	" LEFT JOIN string c ON c.id = w.cause LEFT JOIN string y ON y.id = w.syscall"
	" LEFT JOIN string t ON t.id = w.target;"
	"PRAGMA user_version = " TEXT_OF(BT_RECORDING_SCHEMA) ";"
	"COMMIT;";
/* clang-format on */

/* Ends the transaction that something failed in. */
static void roll_back(sqlite3 *db, int result)
{
	if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
}

int bt_schema_create(sqlite3 *db)
{
	int result = sqlite3_exec(db, tables, NULL, NULL, NULL);

	if (result == SQLITE_OK)
		result = bt_host_rows_create(db);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, views, NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, since_3, NULL, NULL, NULL);
	roll_back(db, result);
	return result;
}

int bt_schema_raise(sqlite3 *db, int version)
{
	int result = SQLITE_OK;

	if (version == BT_RECORDING_SCHEMA)
		return result;
	result = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_exec(db, since_3, NULL, NULL, NULL);
	roll_back(db, result);
	return result;
}

int bt_sqlite_number(sqlite3 *db, const char *sql, sqlite3_int64 otherwise, sqlite3_int64 *out)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	*out = otherwise;
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		*out = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : result;
}

int bt_schema_check(sqlite3 *db, int *version, char *why, size_t why_size)
{
	sqlite3_int64 id = 0, schema = 0, objects = 0;
	int result = bt_sqlite_number(db, "PRAGMA application_id", 0, &id);

	*version = 0;
	if (result == SQLITE_OK)
		result = bt_sqlite_number(db, "PRAGMA user_version", 0, &schema);
	if (result == SQLITE_OK)
		result = bt_sqlite_number(db, "SELECT count(*) FROM sqlite_schema", 0, &objects);
	if (result == SQLITE_NOTADB || (result == SQLITE_OK && id != BT_RECORDING_ID && (id || objects))) {
		snprintf(why, why_size, "not a recording of boundtop");
		return -EINVAL;
	}
	if (result != SQLITE_OK) {
		int err = bt_sqlite_error(db, result);

		snprintf(why, why_size, "%s", err == -EBADMSG ? "damaged" : strerror(-err));
		return err;
	}
	if (schema > BT_RECORDING_SCHEMA) {
		snprintf(
		    why, why_size,
		    "recorded by a newer boundtop (schema %lld; this one knows up to %d); use that one, or "
		    "newer",
		    schema, BT_RECORDING_SCHEMA);
		return -EINVAL;
	}
	if (objects && schema < 1) {
		snprintf(why, why_size, "not a recording of boundtop");
		return -EINVAL;
	}
	*version = (int)schema;
	return 0;
}

int bt_sqlite_error(sqlite3 *db, int result)
{
	switch (result & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
		if (db && sqlite3_system_errno(db))
			return -sqlite3_system_errno(db);
		return -EIO;
	default: /* no such table, a value that is none: whatever is in the file, it is not ours */
		return -EBADMSG;
	}
}
