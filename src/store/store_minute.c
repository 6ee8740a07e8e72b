/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums of a minute, for the views. */
#include "names.h"
#include "store_write_internal.h"

static int wait_add(struct bt_recorder *r, int64_t minute, sqlite3_int64 row, const struct bt_wait *w)
{
	const char *target = bt_target_name(w->reason.target);
	int result = bt_recorder_bind_string(r, S_WAIT_ADD, 3, bt_microstate_name(w->reason.cause));

	if (result == SQLITE_DONE)
		result = bt_recorder_bind_string(r, S_WAIT_ADD, 4, bt_syscall_name(w->reason.syscall));
	if (result == SQLITE_DONE)
		result = bt_recorder_bind_string(r, S_WAIT_ADD, 5, *target ? target : NULL);
	if (result != SQLITE_DONE)
		return result;
	bt_recorder_bind(r, S_WAIT_ADD, 1, (uint64_t)minute);
	bt_recorder_bind(r, S_WAIT_ADD, 2, (uint64_t)row);
	if (w->reason.object)
		bt_recorder_bind(r, S_WAIT_ADD, 6, w->reason.object);
	if (w->waker_pid)
		bt_recorder_bind(r, S_WAIT_ADD, 7, (uint64_t)w->waker_pid);
	bt_recorder_bind(r, S_WAIT_ADD, 8, w->ns);
	bt_recorder_bind(r, S_WAIT_ADD, 9, w->count);
	return bt_recorder_run(r, S_WAIT_ADD, NULL);
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
	int result = bt_recorder_process_row(r, p, (minute + 60) * 1000000000, &row);

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
	bt_recorder_bind(r, S_MINUTE_ADD, 1, (uint64_t)minute);
	bt_recorder_bind(r, S_MINUTE_ADD, 2, (uint64_t)row);
	for (unsigned int i = 0; i < count; i++)
		bt_recorder_bind(r, S_MINUTE_ADD, 3 + (int)i, values[i]);
	result = bt_recorder_run(r, S_MINUTE_ADD, NULL);
	for (unsigned int i = 0; i < u->wait_count && result == SQLITE_DONE; i++)
		result = wait_add(r, minute, row, &u->waits[i]);
	return result;
}

int bt_recorder_minute(struct bt_recorder *r, const struct bt_frame *f, int64_t minute)
{
	int result = bt_recorder_run(r, S_BEGIN, NULL);

	for (size_t i = 0; i < f->process_count && result == SQLITE_DONE; i++) {
		const struct bt_process *p = f->processes[i];

		if (p->usage.wall_ns && bt_totals_active_ns(&p->usage.totals))
			result = minute_add(r, p, minute);
	}
	if (result == SQLITE_DONE)
		result = bt_recorder_processes_end(r, f->model, (minute + 60) * 1000000000);
	if (result == SQLITE_DONE)
		result = bt_recorder_run(r, S_COMMIT, NULL);
	if (result != SQLITE_DONE)
		return bt_recorder_undo(r, result, r->frame, r->key);
	bt_recorder_processes_ended(r, f->model);
	return 0;
}
