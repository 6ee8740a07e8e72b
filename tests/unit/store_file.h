/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file that a recording can be made in, in a folder of its own, and what SQL says of it. */
#ifndef BOUNDTOP_TEST_STORE_FILE_H
#define BOUNDTOP_TEST_STORE_FILE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "schema.h"

#include "unit.h"

struct place {
	char folder[32];
	char file[48];
};

static inline void place_make(struct place *p)
{
	strcpy(p->folder, "/tmp/boundtop-store-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->file, sizeof(p->file), "%s/rec.db", p->folder);
}

static inline void place_remove(const struct place *p)
{
	static const char *const ends[] = {"", "-wal", "-shm"};
	char path[64];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", p->file, ends[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(p->folder), 0);
}

/* The number that a query gives; -1: none. */
static inline int count_of(const char *file, const char *sql)
{
	sqlite3 *db;
	sqlite3_int64 count;

	assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
	assert_int_equal(bt_sqlite_number(db, sql, -1, &count), SQLITE_OK);
	sqlite3_close(db);
	return (int)count;
}

#endif
