/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A recording that is open, and its statements, for the files that read it. */
#ifndef BOUNDTOP_STORE_READ_INTERNAL_H
#define BOUNDTOP_STORE_READ_INTERNAL_H

#include <sqlite3.h>

#include "codec.h"
#include "host_rows.h"
#include "store_read.h"

/* X(constant, statement) */
#define BT_RECORDING_STATEMENTS(X)                                                                           \
	X(FIRST, "SELECT id, session, time_ns, end_ns FROM frame WHERE id = key ORDER BY id LIMIT 1")        \
	X(LAST, "SELECT id, session, time_ns, end_ns FROM frame ORDER BY id DESC LIMIT 1")                   \
	X(SPAN, "SELECT (SELECT min(time_ns) FROM frame), (SELECT max(time_ns) FROM frame)")                 \
	X(AT, "SELECT id, key FROM frame WHERE time_ns <= ?1 ORDER BY time_ns DESC, id DESC LIMIT 1")        \
	X(OF, "SELECT id, key FROM frame WHERE id >= ?1 ORDER BY id LIMIT 1")                                \
	X(KEY, "SELECT id FROM frame WHERE id = ?1 AND key = id")                                            \
	X(NEXT_KEY, "SELECT id, session, time_ns, end_ns FROM frame WHERE id > ?1 AND key = id ORDER BY "    \
		    "id LIMIT 1")                                                                            \
	X(BEFORE, "SELECT id, session, time_ns, end_ns FROM frame WHERE id < ?1 ORDER BY id DESC LIMIT 1")   \
	X(HAS_PID, "SELECT 1 FROM process WHERE pid = ?1 LIMIT 1")                                           \
	X(BEGINNING, "SELECT min(id) FROM frame WHERE session = ?1")                                         \
	X(NEXT, "SELECT id, session, time_ns, end_ns FROM frame WHERE id > ?1 ORDER BY id LIMIT 1")          \
	X(READ,                                                                                              \
	  "SELECT id, session, time_ns, key, begin_ns, end_ns, cpus, self_cpu_ns, tick_ns, is_exact, "       \
	  "measured, lost_tasks, lost_exits, lost_switches, data, run_queue FROM frame WHERE id >= ?1 "      \
	  "ORDER BY id LIMIT 1")                                                                             \
	X(SESSION,                                                                                           \
	  "SELECT interval_ns, layout, (SELECT text FROM string WHERE id = host), (SELECT text FROM string " \
	  "WHERE id = kernel), (SELECT text FROM string WHERE id = collector), (SELECT text FROM string "    \
	  "WHERE id = version) FROM session WHERE id = ?1")                                                  \
	X(LAYOUT, "SELECT name, count, is_time FROM layout WHERE layout = ?1 AND part = ?2 ORDER BY place")  \
	X(PROCESS,                                                                                           \
	  "SELECT (SELECT text FROM string WHERE id = cmdline), (SELECT text FROM string WHERE id = "        \
	  "cgroup), (SELECT text FROM string WHERE id = container) FROM process WHERE session = ?1 AND pid " \
	  "= ?2 AND start_ns = ?3")                                                                          \
	X(OBJECT,                                                                                            \
	  "SELECT (SELECT text FROM string WHERE id = o.name), (SELECT text FROM string WHERE id = "         \
	  "o.device), (SELECT text FROM string WHERE id = o.peer), o.peer_pid, o.peer_others FROM process "  \
	  "p JOIN object o ON o.process = p.id WHERE p.session = ?1 AND p.pid = ?2 "                         \
	  "AND p.start_ns = ?3 AND o.target = (SELECT id FROM string WHERE text = ?4) AND o.object = ?5 "    \
	  "ORDER BY o.frame > ?6, abs(o.frame - ?6) LIMIT 1")                                                \
	X(STACK,                                                                                             \
	  "SELECT (SELECT text FROM string WHERE id = s.text) FROM process p JOIN stack s ON s.process = "   \
	  "p.id WHERE p.session = ?1 AND p.pid = ?2 AND p.start_ns = ?3 AND s.tid = ?4 AND s.frame <= ?5 "   \
	  "ORDER BY s.frame DESC LIMIT 1")                                                                   \
	X(USER, "SELECT (SELECT text FROM string WHERE id = name) FROM user WHERE session = ?1 AND uid = "   \
		"?2")

enum bt_recording_statement {
#define X(id, sql) S_##id,
	BT_RECORDING_STATEMENTS(X)
#undef X
	    S_COUNT,
};
struct bt_recording {
	sqlite3 *db;
	sqlite3_stmt *host[BT_HOST_TABLES]; /* NULL: the file has no such tables */
	sqlite3_stmt *statements[S_COUNT];  /* NULL: likewise */
	struct bt_layout record, lump;
	struct bt_codec *codec;
	struct bt_recording_session session;
	char *texts[4];      /* of the session; owned */
	sqlite3_int64 first; /* of the session */
	sqlite3_int64 at;    /* the frame that was read last; 0: none */
	sqlite3_int64 jump;  /* the one to be read next as a base, and */
	sqlite3_int64 key;   /* where that begins; 0: no jump */
};

/* -Exxx of a result of SQLite. */
int bt_recording_error(const struct bt_recording *r, int result);

#endif
