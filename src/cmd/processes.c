/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "processes.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lookup.h"
#include "output.h"

static int open_pidfd(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

size_t bt_processes_check(struct bt_options *o, int *fds)
{
	size_t kept = 0;
	size_t asked = o->pid_count;

	/* What is one now has nothing to do with what was one then. */
	for (size_t i = 0; o->recording && fds && i < asked; i++)
		fds[i] = -1;
	if (o->recording)
		return 0;
	for (size_t i = 0; i < asked; i++) {
		int fd = open_pidfd(o->pids[i]);

		if (fd < 0 && errno == ESRCH) {
			bt_complain("%d: no such process; see `ps -e`", o->pids[i]);
			continue;
		}
		/* What a thread that leads no process gives depends on the kernel. */
		if (fd < 0 && (errno == EINVAL || errno == ENOENT)) {
			bt_complain("%d: a thread, not a process; its process is `Tgid` in /proc/%d/status",
				    o->pids[i], o->pids[i]);
			continue;
		}
		if (fds)
			fds[kept] = fd;
		else if (fd >= 0)
			close(fd);
		o->pids[kept++] = o->pids[i];
	}
	o->pid_count = kept;
	return asked - kept;
}

void bt_processes_complain_unseen(const struct bt_options *o, int32_t pid)
{
	int fd;

	if (o->recording) {
		bt_complain("%d: no such process in that part of the recording", pid);
		return;
	}
	fd = open_pidfd(pid);
	if (fd < 0) {
		bt_complain("%d: ended before it could be watched", pid);
		return;
	}
	close(fd);
	bt_complain("%d: this kernel hides it from BPF programs; it cannot be watched", pid);
}

static bool wanted(struct bt_session *s, const struct bt_options *o, struct bt_process *p)
{
	bool found = !o->pid_count;

	for (size_t i = 0; i < o->pid_count && !found; i++)
		found = o->pids[i] == p->identity.pid;
	if (!found || !o->filter)
		return found;
	/* Its own command line holds the pattern. */
	if (o->pattern && !o->recording && p->identity.pid == getpid())
		return false;
	if (bt_filter_needs_cmdline(o->filter))
		bt_lookup_fill(s->lookup, p, BT_LOOKUP_CMDLINE);
	return bt_filter_match(o->filter, p);
}

/* Rank of a process in the order in which PIDs were given. */
static size_t rank_of(const struct bt_options *o, const struct bt_process *p)
{
	size_t i = 0;

	while (i < o->pid_count && o->pids[i] != p->identity.pid)
		i++;
	return i;
}

static int compare_rank(const void *a, const void *b, void *arg)
{
	const struct bt_process *x = *(struct bt_process *const *)a;
	const struct bt_process *y = *(struct bt_process *const *)b;
	size_t i = rank_of(arg, x), k = rank_of(arg, y);

	if (i != k)
		return i < k ? -1 : 1;
	return x->identity.start_ns < y->identity.start_ns ? -1 : x->identity.start_ns > y->identity.start_ns;
}

struct bt_process **bt_processes_select(struct bt_session *s, const struct bt_options *o,
					const struct bt_frame *f, size_t *count)
{
	struct bt_process **list = malloc((f->process_count + 1) * sizeof(struct bt_process *));

	if (!list)
		return NULL;
	*count = 0;
	for (size_t i = 0; i < f->process_count; i++)
		if (wanted(s, o, f->processes[i]))
			list[(*count)++] = f->processes[i];
	if (o->pid_count)
		qsort_r(list, *count, sizeof(struct bt_process *), compare_rank, (void *)o);
	return list;
}
