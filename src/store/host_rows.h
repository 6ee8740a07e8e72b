/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Host samples (host.h) as rows: a table for the host, one each for its CPUs, disks and control groups. */
#ifndef BOUNDTOP_STORE_HOST_ROWS_H
#define BOUNDTOP_STORE_HOST_ROWS_H

#include <stdbool.h>

#include <sqlite3.h>

#include "host.h"

enum bt_host_table {
	BT_HOST_TABLE_HOST,
	BT_HOST_TABLE_CPU,
	BT_HOST_TABLE_DISK,
	BT_HOST_TABLE_CGROUP,
	BT_HOST_TABLES
};

/* Makes the tables. SQLite's result. */
int bt_host_rows_create(sqlite3 *db);
/* Statements to write a row of each table, or (read) to read those of a frame. SQLite's result. */
int bt_host_rows_prepare(sqlite3 *db, bool read, sqlite3_stmt *out[BT_HOST_TABLES]);
/* Writes a sample beside a frame. SQLite's result: DONE or an error. */
int bt_host_rows_write(sqlite3_stmt *s[BT_HOST_TABLES], sqlite3_int64 frame,
		       const struct bt_host_sample *sample);
/*
 * Reads the last one that is not later than the frame and not earlier than first; out is empty where there is
 * none. 0, -ENOMEM, or an error of SQLite in *result, and out is empty.
 */
int bt_host_rows_read(sqlite3_stmt *s[BT_HOST_TABLES], sqlite3_int64 first, sqlite3_int64 frame,
		      struct bt_host_sample *out, int *result);

#endif
