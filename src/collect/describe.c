/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "describe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "proc2.h"

enum { REL_BEGAN, REL_CMDLINE, REL_CGROUP, REL_COUNT };

static enum pids_item items[REL_COUNT] = {PIDS_TICS_BEGAN, PIDS_CMDLINE_V, PIDS_CGROUP_V};

/* The library's handle, made at the first question and kept: one a program is enough. */
static struct pids_info *pids;

/* Arguments joined by spaces; NULL if there are none: the library says "-" then. */
static char *words_join(char **words)
{
	size_t length = 0;
	char *out, *at;

	if (words && words[0] && !strcmp(words[0], "-") && !words[1])
		return NULL;
	for (char **w = words; w && *w; w++)
		length += strlen(*w) + 1;
	if (!length)
		return NULL;
	out = at = malloc(length);
	if (!out)
		return NULL;
	for (char **w = words; *w; w++) {
		at = stpcpy(at, *w);
		*at++ = ' ';
	}
	at[-1] = '\0';
	return out;
}

/* Whether a comma-separated list of controllers has name. */
static int list_has(const char *list, size_t length, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list, *end = list + length; at < end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		size_t l = (size_t)((comma ? comma : end) - at);

		if (l == n && !memcmp(at, name, n))
			return 1;
		at += l + 1;
	}
	return 0;
}

/* The path in the hierarchy that limits the CPU: the v1 one if there is, else v2's. cgroups(7),
 * /proc/PID/cgroup. */
static char *cgroup_path(char **lines)
{
	const char *v2 = NULL;

	for (char **l = lines; l && *l; l++) {
		const char *controllers = strchr(*l, ':');
		const char *path = controllers ? strchr(controllers + 1, ':') : NULL;

		if (!path)
			continue;
		if (path == controllers + 1)
			v2 = path + 1;
		else if (list_has(controllers + 1, (size_t)(path - controllers - 1), "cpu"))
			return strdup(path + 1);
	}
	return v2 ? strdup(v2) : NULL;
}

/* NULL: in none, or no memory. */
static char *container_name(char **lines)
{
	struct bt_strbuf name = BT_STRBUF_INIT;

	bt_container_of_cgroups((const char *const *)lines, &name);
	if (!name.failed && name.length)
		return name.data;
	bt_strbuf_free(&name);
	return NULL;
}

int bt_describe_from_proc(struct bt_collector *c, pid_t pid, uint64_t start_ns, struct bt_description *out)
{
	unsigned int select[2] = {(unsigned int)pid, 0};
	struct pids_fetch *got;
	struct pids_stack *stack;
	uint64_t ticks = (uint64_t)sysconf(_SC_CLK_TCK);
	int err;

	(void)c;
	memset(out, 0, sizeof(*out));
	if (!pids) {
		err = procps_pids_new(&pids, items, REL_COUNT);
		if (err < 0)
			return err;
	}
	got = procps_pids_select(pids, select, 1, PIDS_SELECT_PID);
	if (!got || !got->counts->total)
		return -ESRCH;
	stack = got->stacks[0];
	/* Another process has its number by now. */
	if (BT_PIDS_VAL(REL_BEGAN, ull_int, stack, pids) != start_ns / (1000000000 / ticks))
		return -ESRCH;
	out->cmdline = words_join(BT_PIDS_VAL(REL_CMDLINE, strv, stack, pids));
	out->cgroup = cgroup_path(BT_PIDS_VAL(REL_CGROUP, strv, stack, pids));
	out->container = container_name(BT_PIDS_VAL(REL_CGROUP, strv, stack, pids));
	return 0;
}
