/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recording has once: strings, users, processes. */
#include <stdlib.h>
#include <string.h>

#include "store_write_internal.h"

#include <utlist.h>

/* Strings whose number is known without asking the file. */
#define STRINGS_MAX 8192

void bt_recorder_forget_strings(struct bt_recorder *r)
{
	struct bt_recorder_string *s, *next;

	HASH_ITER (hh, r->strings, s, next) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): next was read before */
		HASH_DEL(r->strings, s);
		free(s);
	}
}

static void news_set(struct bt_recorder *r, struct bt_recorder_process *p, bool is_news)
{
	if (is_news == p->is_news)
		return;
	p->is_news = is_news;
	if (is_news)
		DL_APPEND(r->news, p);
	else
		DL_DELETE(r->news, p);
}

static void process_forget(struct bt_recorder *r, struct bt_recorder_process *p)
{
	news_set(r, p, false);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): it is out of the table, freed or not */
	HASH_DEL(r->processes, p);
	free(p);
}

void bt_recorder_forget_processes(struct bt_recorder *r)
{
	struct bt_recorder_process *p, *next;

	HASH_ITER (hh, r->processes, p, next)
		process_forget(r, p);
}

int bt_recorder_string(struct bt_recorder *r, const char *text, size_t length, sqlite3_int64 *out)
{
	struct bt_recorder_string *s = NULL;
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
	result = bt_recorder_run(r, S_STRING_ADD, NULL);
	if (result != SQLITE_DONE)
		return result;
	sqlite3_bind_text(r->statements[S_STRING_FIND], 1, text, (int)length, SQLITE_STATIC);
	result = bt_recorder_run(r, S_STRING_FIND, out);
	if (result != SQLITE_DONE)
		return result;
	if (HASH_COUNT(r->strings) >= STRINGS_MAX)
		bt_recorder_forget_strings(r);
	/* Without memory it is asked for again. */
	s = malloc(sizeof(*s) + length);
	if (!s)
		return SQLITE_DONE;
	s->id = *out;
	memcpy(s->text, text, length);
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): those that were forgotten are in no table any more */
	HASH_ADD_KEYPTR(hh, r->strings, s->text, length, s);
	if (!r->strings || !s->hh.tbl)
		free(s);
	return SQLITE_DONE;
}

int bt_recorder_bind_string(struct bt_recorder *r, enum bt_recorder_statement id, int at, const char *text)
{
	sqlite3_int64 number;
	int result = bt_recorder_string(r, text, text ? strlen(text) : 0, &number);

	if (result == SQLITE_DONE && text)
		bt_recorder_bind(r, id, at, (uint64_t)number);
	return result;
}

static int user_add(struct bt_recorder *r, uint32_t uid)
{
	const char *name = r->setup.user_name ? r->setup.user_name(r->setup.context, uid) : NULL;
	int result;

	if (!name)
		return SQLITE_DONE;
	result = bt_recorder_bind_string(r, S_USER_ADD, 3, name);
	if (result != SQLITE_DONE)
		return result;
	bt_recorder_bind(r, S_USER_ADD, 1, (uint64_t)r->session);
	bt_recorder_bind(r, S_USER_ADD, 2, uid);
	return bt_recorder_run(r, S_USER_ADD, NULL);
}

static int process_add(struct bt_recorder *r, const struct bt_recorder_process *p)
{
	struct bt_description d = {0};
	char comm[BT_COMM_LEN + 1] = {0};
	int result;

	memcpy(comm, p->comm, BT_COMM_LEN);
	if (r->setup.of)
		r->setup.of->ops->describe(r->setup.of, (pid_t)p->key.pid, p->key.start_ns, &d);
	result = bt_recorder_bind_string(r, S_PROCESS_ADD, 8, comm);
	if (result == SQLITE_DONE)
		result = bt_recorder_bind_string(r, S_PROCESS_ADD, 9, d.cmdline);
	if (result == SQLITE_DONE)
		result = bt_recorder_bind_string(r, S_PROCESS_ADD, 10, d.cgroup);
	if (result == SQLITE_DONE)
		result = bt_recorder_bind_string(r, S_PROCESS_ADD, 11, d.container);
	free(d.cmdline);
	free(d.cgroup);
	free(d.container);
	if (result != SQLITE_DONE)
		return result;
	bt_recorder_bind(r, S_PROCESS_ADD, 1, (uint64_t)r->session);
	bt_recorder_bind(r, S_PROCESS_ADD, 2, p->key.pid);
	bt_recorder_bind(r, S_PROCESS_ADD, 3, p->key.start_ns);
	bt_recorder_bind(r, S_PROCESS_ADD, 4, (uint64_t)p->first_ns);
	bt_recorder_bind(r, S_PROCESS_ADD, 5, (uint64_t)p->ppid);
	bt_recorder_bind(r, S_PROCESS_ADD, 6, p->uid);
	bt_recorder_bind(r, S_PROCESS_ADD, 7, p->is_kernel);
	result = bt_recorder_run(r, S_PROCESS_ADD, NULL);
	return result == SQLITE_DONE ? user_add(r, p->uid) : result;
}

static struct bt_recorder_process *process_find(struct bt_recorder *r, const struct bt_facts *f)
{
	struct bt_recorder_process *p = NULL,
				   like = {.key = {.start_ns = f->leader_start_ns, .pid = (uint32_t)f->tgid}};

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, r->processes, &like.key, sizeof(like.key), p);
	return p;
}

/* A process that is not known yet, or calls itself something else since an exec. 0 or -ENOMEM. */
static int process_see(struct bt_recorder *r, const struct bt_record *record, int64_t time_ns)
{
	const struct bt_facts *f = &record->facts;
	bool leader = record->head.tid == f->tgid;
	struct bt_recorder_process *p = process_find(r, f);

	/* It was the end of its leader alone, or another thread took its place by exec. */
	if (p)
		p->ended_ns = 0;
	if (p && (!leader || (!memcmp(p->comm, f->comm, BT_COMM_LEN) && p->uid == f->uid)))
		return 0;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->key.start_ns = f->leader_start_ns;
		p->key.pid = (uint32_t)f->tgid;
		p->first_ns = time_ns;
		HASH_ADD(hh, r->processes, key, sizeof(p->key), p);
		if (!r->processes || !p->hh.tbl) {
			free(p);
			return -ENOMEM;
		}
	}
	memcpy(p->comm, f->comm, BT_COMM_LEN);
	p->uid = f->uid;
	p->ppid = f->ppid;
	p->is_kernel = f->kind == BT_KIND_KERNEL;
	news_set(r, p, true);
	return 0;
}

int bt_recorder_see(struct bt_recorder *r, const struct bt_snapshot *s, int64_t time_ns)
{
	struct bt_recorder_process *p;
	int err = 0;

	bt_snapshot_for_each (head, s) {
		const struct bt_record *record = (const struct bt_record *)(const void *)head;

		if (head->type == BT_RECORD_THREAD && record->facts.state != 'Z' &&
		    record->facts.state != 'X') {
			err = process_see(r, record, time_ns);
		} else if (head->type == BT_RECORD_ENDED && head->tid == record->facts.tgid) {
			p = process_find(r, &record->facts);
			if (p)
				p->ended_ns = time_ns;
		}
		if (err)
			break;
	}
	return err;
}

int bt_recorder_processes_write(struct bt_recorder *r)
{
	const struct bt_recorder_process *p;
	int result = SQLITE_DONE;

	DL_FOREACH(r->news, p)
	{
		result = process_add(r, p);
		if (result != SQLITE_DONE)
			break;
	}
	return result;
}

void bt_recorder_processes_written(struct bt_recorder *r)
{
	while (r->news)
		news_set(r, r->news, false);
}

void bt_recorder_processes_again(struct bt_recorder *r)
{
	struct bt_recorder_process *p, *next;

	HASH_ITER (hh, r->processes, p, next)
		news_set(r, p, true);
}

static bool is_over(struct bt_model *m, const struct bt_recorder_process *p)
{
	struct bt_identity identity = {.pid = (int32_t)p->key.pid, .start_ns = p->key.start_ns};
	const struct bt_process *of = bt_model_find_identity(m, &identity);

	return !of || !of->threads;
}

static int process_end(struct bt_recorder *r, uint64_t pid, uint64_t start_ns, int64_t time_ns)
{
	bt_recorder_bind(r, S_PROCESS_END, 1, (uint64_t)time_ns);
	bt_recorder_bind(r, S_PROCESS_END, 2, (uint64_t)r->session);
	bt_recorder_bind(r, S_PROCESS_END, 3, pid);
	bt_recorder_bind(r, S_PROCESS_END, 4, start_ns);
	return bt_recorder_run(r, S_PROCESS_END, NULL);
}

int bt_recorder_processes_end(struct bt_recorder *r, struct bt_model *m, int64_t time_ns)
{
	const struct bt_recorder_process *p, *next;
	int result = SQLITE_DONE;

	HASH_ITER (hh, r->processes, p, next) {
		if (!is_over(m, p))
			continue;
		result = process_end(r, p->key.pid, p->key.start_ns, p->ended_ns ? p->ended_ns : time_ns);
		if (result != SQLITE_DONE)
			break;
	}
	return result;
}

void bt_recorder_processes_ended(struct bt_recorder *r, struct bt_model *m)
{
	struct bt_recorder_process *p, *next;

	HASH_ITER (hh, r->processes, p, next)
		if (is_over(m, p))
			process_forget(r, p);
}

int bt_recorder_process_find(struct bt_recorder *r, uint32_t pid, uint64_t start_ns, sqlite3_int64 *row)
{
	*row = 0;
	bt_recorder_bind(r, S_PROCESS_FIND, 1, (uint64_t)r->session);
	bt_recorder_bind(r, S_PROCESS_FIND, 2, pid);
	bt_recorder_bind(r, S_PROCESS_FIND, 3, start_ns);
	return bt_recorder_run(r, S_PROCESS_FIND, row);
}

int bt_recorder_process_row(struct bt_recorder *r, const struct bt_process *p, int64_t ended_ns,
			    sqlite3_int64 *row)
{
	int result = bt_recorder_process_find(r, (uint32_t)p->identity.pid, p->identity.start_ns, row);

	if (result != SQLITE_DONE || *row)
		return result;
	/* It came and went between two frames: nobody could be asked about it. */
	result = bt_recorder_bind_string(r, S_PROCESS_ADD, 8, p->comm);
	if (result != SQLITE_DONE)
		return result;
	bt_recorder_bind(r, S_PROCESS_ADD, 1, (uint64_t)r->session);
	bt_recorder_bind(r, S_PROCESS_ADD, 2, (uint64_t)p->identity.pid);
	bt_recorder_bind(r, S_PROCESS_ADD, 3, p->identity.start_ns);
	bt_recorder_bind(r, S_PROCESS_ADD, 4, 0);
	bt_recorder_bind(r, S_PROCESS_ADD, 5, (uint64_t)p->ppid);
	bt_recorder_bind(r, S_PROCESS_ADD, 6, p->uid);
	bt_recorder_bind(r, S_PROCESS_ADD, 7, p->kind == BT_KIND_KERNEL);
	result = bt_recorder_run(r, S_PROCESS_ADD, NULL);
	*row = sqlite3_last_insert_rowid(r->db);
	return result == SQLITE_DONE && !p->threads
		   ? process_end(r, (uint64_t)p->identity.pid, p->identity.start_ns, ended_ns)
		   : result;
}
