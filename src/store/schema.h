/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of a recording (docs/recording.md), and what SQLite's results mean to us.
 */
#ifndef BOUNDTOP_STORE_SCHEMA_H
#define BOUNDTOP_STORE_SCHEMA_H

#include <stddef.h>

#include <sqlite3.h>

/* PRAGMA application_id: "bndt" */
#define BT_RECORDING_ID 0x626e6474

/*
 * PRAGMA user_version: what this program writes. It reads all from 1 on; 1 had no host, minutes, containers,
 * 2 no names of objects. It goes on with those that it can raise to its own.
 */
#define BT_RECORDING_SCHEMA 3
#define BT_RECORDING_RAISED 2

/* Makes the tables in an empty file. SQLite's result. */
int bt_schema_create(sqlite3 *db);

/* Makes of a recording of an older schema, BT_RECORDING_RAISED or newer, one of this. SQLite's result. */
int bt_schema_raise(sqlite3 *db, int version);

/*
 * Which schema is it? *version is 0 for an empty file. 0; -EINVAL: no recording, or of a newer schema, and
 * why says so; another -Exxx, likewise.
 */
int bt_schema_check(sqlite3 *db, int *version, char *why, size_t why_size);

/* 0 or -Exxx for a result of SQLite: -ENOSPC, -EBADMSG (damaged), -EBUSY, … */
int bt_sqlite_error(sqlite3 *db, int result);

/* A statement of one number; what is not there is otherwise. SQLite's result. */
int bt_sqlite_number(sqlite3 *db, const char *sql, sqlite3_int64 otherwise, sqlite3_int64 *out);

#endif
