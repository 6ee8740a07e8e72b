/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter.h"

#include <errno.h>
#include <stdlib.h>

#include "model.h"
#include "pattern.h"

struct bt_filter {
	int32_t *pids;
	size_t pid_count;
	uint32_t uid;
	bool has_uid;
	bool has_pattern;
	regex_t pattern;
};

int bt_filter_create(struct bt_filter **out)
{
	struct bt_filter *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	*out = f;
	return 0;
}

void bt_filter_destroy(struct bt_filter *f)
{
	if (!f)
		return;
	if (f->has_pattern)
		regfree(&f->pattern);
	free(f->pids);
	free(f);
}

int bt_filter_add_pid(struct bt_filter *f, int32_t pid)
{
	int32_t *pids = realloc(f->pids, (f->pid_count + 1) * sizeof(*pids));

	if (!pids)
		return -ENOMEM;
	f->pids = pids;
	f->pids[f->pid_count++] = pid;
	return 0;
}

void bt_filter_set_uid(struct bt_filter *f, uint32_t uid)
{
	f->uid = uid;
	f->has_uid = true;
}

int bt_filter_set_pattern(struct bt_filter *f, const char *pattern, char *why, size_t size)
{
	regex_t compiled;
	int err = bt_pattern_compile(&compiled, pattern, why, size);

	if (err)
		return err;
	if (f->has_pattern)
		regfree(&f->pattern);
	f->pattern = compiled;
	f->has_pattern = true;
	return 0;
}

bool bt_filter_is_empty(const struct bt_filter *f)
{
	return !f->pid_count && !f->has_uid && !f->has_pattern;
}

bool bt_filter_needs_cmdline(const struct bt_filter *f)
{
	return f->has_pattern;
}

static bool match_pid(const struct bt_filter *f, int32_t pid)
{
	for (size_t i = 0; i < f->pid_count; i++)
		if (f->pids[i] == pid)
			return true;
	return false;
}

bool bt_filter_match(const struct bt_filter *f, const struct bt_process *p)
{
	if (f->pid_count && !match_pid(f, p->identity.pid))
		return false;
	if (f->has_uid && f->uid != p->uid)
		return false;
	if (!f->has_pattern)
		return true;
	return !regexec(&f->pattern, p->comm, 0, NULL, 0) ||
	       (p->cmdline && !regexec(&f->pattern, p->cmdline, 0, NULL, 0));
}
