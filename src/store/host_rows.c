/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kind { NUMBER64, NUMBER32, REAL, NAME, PATH };

struct column {
	const char *name;
	size_t offset;
	enum kind kind;
	size_t size; /* NAME: with the zero */
};

/* clang-format off */
/* NOLINTBEGIN(bugprone-macro-parentheses): type and path are names */
#define SIZE(type, path)       sizeof(((type *)0)->path)
#define C(type, path, name, k) { name, offsetof(type, path), k, SIZE(type, path) }
/* NOLINTEND(bugprone-macro-parentheses) */
#define H(path, name, kind) C(struct bt_host_sample, path, name, kind)
#define PRESSURE(resource, name) \
	H(pressure[BT_RESOURCE_##resource].some_avg10, name "_some_avg10", REAL), \
	H(pressure[BT_RESOURCE_##resource].full_avg10, name "_full_avg10", REAL), \
	H(pressure[BT_RESOURCE_##resource].some_ns, name "_some_ns", NUMBER64), \
	H(pressure[BT_RESOURCE_##resource].full_ns, name "_full_ns", NUMBER64)

static const struct column host_columns[] = {
	H(now_ns, "now_ns", NUMBER64),
	H(valid, "valid", NUMBER32),
	H(uptime_s, "uptime_s", NUMBER64),
	H(load[0], "load_1", REAL),
	H(load[1], "load_5", REAL),
	H(load[2], "load_15", REAL),
	H(memory.total_bytes, "memory_total_bytes", NUMBER64),
	H(memory.available_bytes, "memory_available_bytes", NUMBER64),
	H(memory.used_bytes, "memory_used_bytes", NUMBER64),
	H(memory.swap_total_bytes, "swap_total_bytes", NUMBER64),
	H(memory.swap_used_bytes, "swap_used_bytes", NUMBER64),
	H(memory.dirty_bytes, "dirty_bytes", NUMBER64),
	H(memory.writeback_bytes, "writeback_bytes", NUMBER64),
	PRESSURE(CPU, "cpu"),
	PRESSURE(IO, "io"),
	PRESSURE(MEMORY, "memory"),
	H(vm.swap_in, "swap_in", NUMBER64),
	H(vm.swap_out, "swap_out", NUMBER64),
	H(vm.major_faults, "major_faults", NUMBER64),
	H(vm.refault_anon, "refault_anon", NUMBER64),
	H(vm.refault_file, "refault_file", NUMBER64),
	H(vm.scan_direct, "scan_direct", NUMBER64),
	H(vm.oom_kills, "oom_kills", NUMBER64),
	H(vm.page_bytes, "page_bytes", NUMBER64),
	H(forks, "forks", NUMBER64),
	H(running, "running", NUMBER32),
	H(blocked, "blocked", NUMBER32),
	H(clocksource, "clocksource", NAME),
};

#define P(path, kind) C(struct bt_host_cpu, path, #path, kind)
static const struct column cpu_columns[] = {
	P(cpu, NUMBER32), P(khz, NUMBER32), P(khz_max, NUMBER32), P(user_ns, NUMBER64), P(nice_ns, NUMBER64),
	P(system_ns, NUMBER64), P(idle_ns, NUMBER64), P(iowait_ns, NUMBER64), P(irq_ns, NUMBER64),
	P(softirq_ns, NUMBER64), P(steal_ns, NUMBER64),
};

#define D(path, kind) C(struct bt_host_disk, path, #path, kind)
static const struct column disk_columns[] = {
	D(name, NAME), D(major, NUMBER32), D(minor, NUMBER32), D(reads, NUMBER64), D(read_bytes, NUMBER64),
	D(read_ns, NUMBER64), D(writes, NUMBER64), D(write_bytes, NUMBER64), D(write_ns, NUMBER64),
	D(flushes, NUMBER64), D(flush_ns, NUMBER64), D(busy_ns, NUMBER64), D(in_flight, NUMBER32),
};

#define G(path, kind) C(struct bt_host_cgroup, path, #path, kind)
static const struct column cgroup_columns[] = {
	G(path, PATH), G(quota_ns, NUMBER64), G(period_ns, NUMBER64), G(periods, NUMBER64),
	G(throttled_periods, NUMBER64), G(throttled_ns, NUMBER64),
};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
static const struct {
	const char *name;
	const struct column *columns;
	size_t count;
} tables[BT_HOST_TABLES] = {
	[BT_HOST_TABLE_HOST] = { "host", host_columns, COUNT(host_columns) },
	[BT_HOST_TABLE_CPU] = { "host_cpu", cpu_columns, COUNT(cpu_columns) },
	[BT_HOST_TABLE_DISK] = { "host_disk", disk_columns, COUNT(disk_columns) },
	[BT_HOST_TABLE_CGROUP] = { "host_cgroup", cgroup_columns, COUNT(cgroup_columns) },
};
/* clang-format on */

/* What a broken file may make us read. */
#define ROWS_MAX 65536

int bt_host_rows_create(sqlite3 *db)
{
	int result = SQLITE_OK;

	for (unsigned int t = 0; t < BT_HOST_TABLES && result == SQLITE_OK; t++) {
		sqlite3_str *sql = sqlite3_str_new(db);
		char *text;

		sqlite3_str_appendf(sql, "CREATE TABLE %s (frame INTEGER, place INTEGER", tables[t].name);
		for (size_t i = 0; i < tables[t].count; i++)
			sqlite3_str_appendf(sql, ", %s", tables[t].columns[i].name);
		sqlite3_str_appendall(sql, ", PRIMARY KEY (frame, place)) WITHOUT ROWID");
		text = sqlite3_str_finish(sql);
		result = text ? sqlite3_exec(db, text, NULL, NULL, NULL) : SQLITE_NOMEM;
		sqlite3_free(text);
	}
	return result;
}

static char *statement_of(sqlite3 *db, unsigned int t, bool read)
{
	sqlite3_str *sql = sqlite3_str_new(db);

	sqlite3_str_appendall(sql, read ? "SELECT frame" : "INSERT INTO ");
	if (!read)
		sqlite3_str_appendf(sql, "%s VALUES (?1, ?2", tables[t].name);
	for (size_t i = 0; i < tables[t].count; i++) {
		if (read)
			sqlite3_str_appendf(sql, ", %s", tables[t].columns[i].name);
		else
			sqlite3_str_appendf(sql, ", ?%d", 3 + (int)i);
	}
	if (!read)
		sqlite3_str_appendall(sql, ")");
	else if (t == BT_HOST_TABLE_HOST)
		sqlite3_str_appendall(sql,
				      " FROM host WHERE frame BETWEEN ?1 AND ?2 ORDER BY frame DESC LIMIT 1");
	else
		sqlite3_str_appendf(sql, " FROM %s WHERE frame = ?1 ORDER BY place", tables[t].name);
	return sqlite3_str_finish(sql);
}

int bt_host_rows_prepare(sqlite3 *db, bool read, sqlite3_stmt *out[BT_HOST_TABLES])
{
	int result = SQLITE_OK;

	for (unsigned int t = 0; t < BT_HOST_TABLES && result == SQLITE_OK; t++) {
		char *sql = statement_of(db, t, read);

		result = sql ? sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &out[t], NULL)
			     : SQLITE_NOMEM;
		sqlite3_free(sql);
	}
	return result;
}

static int row_write(sqlite3_stmt *s, unsigned int t, sqlite3_int64 frame, size_t place, const void *of)
{
	int result;

	sqlite3_bind_int64(s, 1, frame);
	sqlite3_bind_int64(s, 2, (sqlite3_int64)place);
	for (size_t i = 0; i < tables[t].count; i++) {
		const struct column *c = &tables[t].columns[i];
		const void *at = (const unsigned char *)of + c->offset;
		int to = 3 + (int)i;

		if (c->kind == NUMBER64)
			sqlite3_bind_int64(s, to, (sqlite3_int64) * (const uint64_t *)at);
		else if (c->kind == NUMBER32)
			sqlite3_bind_int64(s, to, *(const uint32_t *)at);
		else if (c->kind == REAL)
			sqlite3_bind_double(s, to, *(const double *)at);
		else if (c->kind == NAME)
			sqlite3_bind_text(s, to, at, (int)strnlen(at, c->size), SQLITE_STATIC);
		else
			sqlite3_bind_text(s, to, *(char *const *)at, -1, SQLITE_STATIC);
	}
	result = sqlite3_step(s);
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	return result;
}

int bt_host_rows_write(sqlite3_stmt *s[BT_HOST_TABLES], sqlite3_int64 frame,
		       const struct bt_host_sample *sample)
{
	int result = row_write(s[BT_HOST_TABLE_HOST], BT_HOST_TABLE_HOST, frame, 0, sample);

	for (size_t i = 0; i < sample->cpu_count && result == SQLITE_DONE; i++)
		result = row_write(s[BT_HOST_TABLE_CPU], BT_HOST_TABLE_CPU, frame, i, &sample->cpus[i]);
	for (size_t i = 0; i < sample->disk_count && result == SQLITE_DONE; i++)
		result = row_write(s[BT_HOST_TABLE_DISK], BT_HOST_TABLE_DISK, frame, i, &sample->disks[i]);
	for (size_t i = 0; i < sample->cgroup_count && result == SQLITE_DONE; i++)
		result =
		    row_write(s[BT_HOST_TABLE_CGROUP], BT_HOST_TABLE_CGROUP, frame, i, &sample->cgroups[i]);
	return result;
}

/* false: no memory */
static bool row_read(sqlite3_stmt *s, unsigned int t, void *into)
{
	for (size_t i = 0; i < tables[t].count; i++) {
		const struct column *c = &tables[t].columns[i];
		void *at = (unsigned char *)into + c->offset;
		int from = 1 + (int)i;
		const char *text;

		if (c->kind == NUMBER64) {
			*(uint64_t *)at = (uint64_t)sqlite3_column_int64(s, from);
		} else if (c->kind == NUMBER32) {
			*(uint32_t *)at = (uint32_t)sqlite3_column_int64(s, from);
		} else if (c->kind == REAL) {
			*(double *)at = sqlite3_column_double(s, from);
		} else {
			text = (const char *)sqlite3_column_text(s, from);
			if (c->kind == NAME) {
				memccpy(at, text ? text : "", '\0', c->size - 1);
				continue;
			}
			*(char **)at = strdup(text ? text : "");
			if (!*(char **)at)
				return false;
		}
	}
	return true;
}

/* All rows of a frame, as a list. */
static int list_read(sqlite3_stmt *s, unsigned int t, sqlite3_int64 frame, size_t size, void **list,
		     size_t *count, int *result)
{
	int err = 0;

	sqlite3_bind_int64(s, 1, frame);
	while (!err && (*result = sqlite3_step(s)) == SQLITE_ROW && *count < ROWS_MAX) {
		unsigned char *more = realloc(*list, (*count + 1) * size);

		if (!more) {
			err = -ENOMEM;
			break;
		}
		*list = more;
		memset(more + *count * size, 0, size);
		err = row_read(s, t, more + *count * size) ? 0 : -ENOMEM;
		++*count;
	}
	sqlite3_reset(s);
	return err;
}

int bt_host_rows_read(sqlite3_stmt *s[BT_HOST_TABLES], sqlite3_int64 first, sqlite3_int64 frame,
		      struct bt_host_sample *out, int *result)
{
	sqlite3_stmt *main = s[BT_HOST_TABLE_HOST];
	void *cpus = NULL, *disks = NULL, *cgroups = NULL;
	int err = 0;

	bt_host_sample_free(out);
	sqlite3_bind_int64(main, 1, first);
	sqlite3_bind_int64(main, 2, frame);
	*result = sqlite3_step(main);
	if (*result == SQLITE_ROW) {
		frame = sqlite3_column_int64(main, 0);
		row_read(main, BT_HOST_TABLE_HOST, out);
		*result = SQLITE_OK;
		err = list_read(s[BT_HOST_TABLE_CPU], BT_HOST_TABLE_CPU, frame, sizeof(*out->cpus), &cpus,
				&out->cpu_count, result);
		if (!err)
			err = list_read(s[BT_HOST_TABLE_DISK], BT_HOST_TABLE_DISK, frame, sizeof(*out->disks),
					&disks, &out->disk_count, result);
		if (!err)
			err = list_read(s[BT_HOST_TABLE_CGROUP], BT_HOST_TABLE_CGROUP, frame,
					sizeof(*out->cgroups), &cgroups, &out->cgroup_count, result);
		out->cpus = cpus;
		out->disks = disks;
		out->cgroups = cgroups;
	}
	sqlite3_reset(main);
	if (err || (*result != SQLITE_DONE && *result != SQLITE_ROW && *result != SQLITE_OK))
		bt_host_sample_free(out);
	return err;
}
