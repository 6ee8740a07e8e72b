/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_doubt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include <utlist.h>

#include "clock.h"
#include "names.h"
#include "procfs_peer.h"

#define MS 1000000ull

/* What was found is believed for so long. */
#define SETTLED_NS (5 * MS)
/* Who acts at fewer of the looks does not work for anybody. */
#define HELPED 0.5
/* Readers of readers. */
#define CHAIN_MAX 3
/* Of a process with more threads, some tell. */
#define THREADS_MAX   64
#define EPOLL_MAX     16
#define RELATIVES_MAX 8
/* A thread that was not seen at a futex for so long has nothing more to do with it. */
#define PLACE_NS (5000 * MS)
/* The part of the looks at a futex at which nobody has it, up to which it is a lock; a look's weight. */
#define LOCK_FREE 0.3
#define LOOK      0.2

static bool peers_act(struct bt_proc_eye *e, const struct bt_proc_process *p, enum bt_target target,
		      uint64_t ino, int depth);

/*
 * Has it slept on since it was last found asleep? runs: it does not sleep at all, or wants a CPU, which
 * schedstat does not say before it gets one.
 */
static bool thread_sleeps_on(struct bt_proc_eye *e, const struct bt_proc_thread *t, bool *runs)
{
	struct bt_proc_schedstat now;
	struct bt_proc_syscall call;

	*runs = !bt_proc_thread_call(e, t, &call) && call.running;
	if (*runs)
		return false;
	return bt_proc_thread_clock(e, t, &now) || e->no_schedstat || bt_sampled_sleeps(&t->sampled, &now);
}

/* Is it doing anything at this moment, or waiting for somebody who is? */
static bool thread_acts(struct bt_proc_eye *e, const struct bt_proc_thread *t, int depth)
{
	const struct bt_reason *why = &t->sampled.account.reason;
	bool runs;

	/* Another wait than that which it was found in: it had many of the last one. */
	if (!thread_sleeps_on(e, t, &runs))
		why = &t->sampled.last;
	if (runs)
		return true;
	/* What it reads it waits for; what it writes is taken by somebody else, whom it has to wait for. */
	if (why->syscall >= 0 && why->syscall < BT_SYSCALL_MAX && e->classes[why->syscall] == BT_SC_READ &&
	    (why->target == BT_TARGET_PIPE || why->target == BT_TARGET_UNIX))
		return depth < CHAIN_MAX && peers_act(e, t->process, why->target, why->object, depth + 1);
	return bt_microstate_group(why->cause) < BT_GROUP_IDLE;
}

static bool process_acts(struct bt_proc_eye *e, const struct bt_proc_process *p, int depth)
{
	struct bt_proc_thread *t;
	unsigned int count = 0;

	DL_FOREACH(p->threads, t)
	{
		if (thread_acts(e, t, depth))
			return true;
		if (++count == THREADS_MAX)
			break;
	}
	return false;
}

/* A process that no scan has met. */
static bool stranger_acts(const struct bt_proc_eye *e, pid_t pid)
{
	struct bt_proc_syscall call;
	char path[32], text[512];

	snprintf(path, sizeof(path), "%d/syscall", (int)pid);
	return bt_proc_read(e->proc, path, text, sizeof(text)) > 0 && !bt_proc_syscall_parse(text, &call) &&
	       call.running;
}

/* Most pipes are between relatives: children, who may be too young for a scan, and brothers. */
static void relatives_try(struct bt_proc_eye *e, const struct bt_proc_process *p, enum bt_target target,
			  uint64_t ino)
{
	char path[48], text[256], *rest = text, *word;
	int32_t ppid = p->threads ? p->threads->facts.ppid : 0;
	unsigned int tried = 0;

	snprintf(path, sizeof(path), "%d/task/%d/children", (int)p->pid, (int)p->pid);
	if (bt_proc_read(e->proc, path, text, sizeof(text)) > 0) {
		while ((word = strtok_r(rest, " \n", &rest)) && tried++ < RELATIVES_MAX) {
			long pid = strtol(word, NULL, 10);

			if (pid > 0 && pid <= INT32_MAX && bt_writers_try(e->peers, target, ino, (pid_t)pid))
				return;
		}
	}
	for (struct bt_proc_process *o = e->processes; o && ppid > 1; o = o->hh.next) {
		if (o == p || !o->threads || o->threads->facts.ppid != ppid)
			continue;
		if (bt_writers_try(e->peers, target, ino, o->pid) || tried++ == 2 * RELATIVES_MAX)
			return;
	}
	if (ppid > 1)
		bt_writers_try(e->peers, target, ino, ppid);
}

/*
 * Does anybody act at the other end? -1: nobody is known there. Not the process itself: who waits for its own
 * thread waits for work.
 */
static int peers_look(struct bt_proc_eye *e, const struct bt_proc_process *p, enum bt_target target,
		      uint64_t ino, int depth)
{
	pid_t pids[BT_WRITERS_MAX];
	size_t count = bt_writers_find(e->peers, target, ino, pids);

	if (!count && target == BT_TARGET_PIPE && depth == 0) {
		relatives_try(e, p, target, ino);
		count = bt_writers_find(e->peers, target, ino, pids);
	}
	for (size_t i = 0; i < count; i++) {
		struct bt_proc_process *other;

		HASH_FIND_INT(e->processes, &pids[i], other);
		if (other ? other != p && process_acts(e, other, depth) : stranger_acts(e, pids[i]))
			return 1;
	}
	return count ? 0 : -1;
}

static bool peers_act(struct bt_proc_eye *e, const struct bt_proc_process *p, enum bt_target target,
		      uint64_t ino, int depth)
{
	return peers_look(e, p, target, ino, depth) > 0;
}

/* Whether somebody acts (-1: nobody is known) is found anew at each look at who waits: mostly, or not? */
static bool mostly(struct bt_proc_thread *t, int acts)
{
	float now = acts > 0 ? 1 : 0;

	if (acts < 0)
		return t->helped_known && t->helped >= (float)HELPED;

	t->helped = t->helped_known ? t->helped + (now - t->helped) * (float)LOOK : now;
	t->helped_known = true;
	return t->helped >= (float)HELPED;
}

/* What one of several descriptors that are waited for may be about. */
struct polled {
	bool accepts;       /* somebody else's requests come in here */
	int32_t owed, peer; /* an internet socket that is owed an answer; another process's end; -1 */
	int acts;           /* as peers_look() says, of any */
};

static void polled_add(struct bt_proc_eye *e, struct bt_proc_thread *t, int32_t fd, struct polled *out)
{
	struct bt_proc_object o;

	if (bt_proc_object_find(e->objects, t->process->pid, fd, &o))
		return;
	out->accepts |= o.accepts;
	if (o.aim.owed && !o.doubtful)
		out->owed = fd;
	else if (o.aim.peer && out->acts <= 0) {
		int acts = peers_look(e, t->process, o.aim.target, o.ino, 0);

		if (acts >= out->acts) {
			out->acts = acts;
			out->peer = fd;
		}
	}
}

static bool memory_read(const struct bt_proc_thread *t, uint64_t address, void *out, size_t size)
{
	struct iovec here = {.iov_base = out, .iov_len = size};
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address of another process */
	struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

	return process_vm_readv(t->process->pid, &here, 1, &there, 1, 0) == (ssize_t)size;
}

unsigned int bt_doubt_epoll_parse(const char *text, int32_t *fds, unsigned int max)
{
	unsigned int count = 0;

	for (const char *line = text; line && *line && count < max;) {
		if (sscanf(line, "tfd: %" SCNd32, &fds[count]) == 1 && fds[count] >= 0)
			count++;
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return count;
}

static void epoll_look(struct bt_proc_eye *e, struct bt_proc_thread *t, int epfd, struct polled *out)
{
	char path[64], text[BT_PROC_TEXT];
	int32_t fds[EPOLL_MAX];
	unsigned int count;

	snprintf(path, sizeof(path), "%d/fdinfo/%d", t->process->pid, epfd);
	if (bt_proc_read(e->proc, path, text, sizeof(text)) <= 0)
		return;
	count = bt_doubt_epoll_parse(text, fds, EPOLL_MAX);
	for (unsigned int i = 0; i < count; i++)
		polled_add(e, t, fds[i], out);
}

static void poll_look(struct bt_proc_eye *e, struct bt_proc_thread *t, const uint64_t *arg,
		      struct polled *out)
{
	struct {
		int32_t fd;
		int16_t events, revents;
	} set[BT_POLLED_MAX];
	uint64_t count = arg[1] < BT_POLLED_MAX ? arg[1] : BT_POLLED_MAX;

	if (!count || !memory_read(t, arg[0], set, count * sizeof(set[0])))
		return;
	for (uint64_t i = 0; i < count; i++)
		polled_add(e, t, set[i].fd, out);
}

static void select_look(struct bt_proc_eye *e, struct bt_proc_thread *t, const uint64_t *arg,
			struct polled *out)
{
	uint64_t bits = 0;

	if (!arg[0] || !arg[1] || !memory_read(t, arg[1], &bits, sizeof(bits)))
		return;
	if (arg[0] < 64)
		bits &= (1ULL << arg[0]) - 1;
	for (int i = 0; bits && i < BT_POLLED_MAX; i++, bits &= bits - 1)
		polled_add(e, t, __builtin_ctzll(bits), out);
}

static void settle_polled(struct bt_proc_eye *e, struct bt_proc_thread *t, const struct bt_evidence *v,
			  struct bt_reason *why)
{
	struct polled found = {.owed = -1, .peer = -1, .acts = -1};

	if (v->class == BT_SC_EPOLL)
		epoll_look(e, t, (int)v->call.arg[0], &found);
	else if (v->class == BT_SC_POLL)
		poll_look(e, t, v->call.arg, &found);
	else
		select_look(e, t, v->call.arg, &found);
	/* A server that asks others, too, waits for both: for requests as far as anybody knows. */
	if (found.owed >= 0 && !found.accepts) {
		why->cause = BT_MS_NETWORK;
		why->fd = found.owed;
	} else if (mostly(t, found.acts) && found.peer >= 0) {
		why->cause = BT_MS_IPC;
		why->fd = found.peer;
	}
}

/*
 * Futexes that are waited for, private ones of a process and those in memory that processes share, with the
 * threads that were seen there. Where hardly ever all of them wait at the same time, one has what the others
 * want: a lock. In a pool that is fed, they all wait when there is nothing to do.
 */
struct bt_futex_place {
	uint64_t address;
	uint64_t pid; /* 0: shared. The family of a process has it at the same address. */
	struct bt_proc_thread *members;
	UT_hash_handle hh;
	double free; /* part of the looks at which all members waited */
	bool looked;
};

void bt_doubt_forget(struct bt_proc_eye *e, struct bt_proc_thread *t)
{
	struct bt_futex_place *place = t->place;

	if (!place)
		return;
	DL_DELETE2(place->members, t, place_prev, place_next);
	t->place = NULL;
	if (place->members)
		return;
	HASH_DEL(e->places, place);
	free(place);
}

static struct bt_futex_place *place_enter(struct bt_proc_eye *e, struct bt_proc_thread *t, uint64_t address,
					  bool private)
{
	const uint64_t key[2] = {address, private ? (uint64_t)t->process->pid : 0};
	struct bt_futex_place *place;

	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, e->places, key, sizeof(key), place);
	if (place && t->place == place)
		return place;
	bt_doubt_forget(e, t);
	/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all bytes of the key are set */
	HASH_FIND(hh, e->places, key, sizeof(key), place);
	if (!place) {
		place = calloc(1, sizeof(*place));
		if (!place)
			return NULL;
		place->address = key[0];
		place->pid = key[1];
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
		HASH_ADD(hh, e->places, address, sizeof(key), place);
	}
	DL_APPEND2(place->members, t, place_prev, place_next);
	t->place = place;
	return place;
}

/* Does it do something that it may need the lock for? Sleeping with it held is something. */
static bool has_left(struct bt_proc_eye *e, const struct bt_proc_thread *t, uint64_t address)
{
	const struct bt_account *a = &t->sampled.account;
	bool runs;

	if (!thread_sleeps_on(e, t, &runs))
		return true;
	return a->reason.object != address && a->reason.cause != BT_MS_EVENT &&
	       a->reason.cause != BT_MS_CHILD;
}

static bool place_is_lock(struct bt_proc_eye *e, struct bt_futex_place *place, const struct bt_proc_thread *t,
			  uint64_t now_ns)
{
	struct bt_proc_thread *other;
	unsigned int count = 0;
	bool left = false;
	double now;

	DL_FOREACH2(place->members, other, place_next)
	{
		if (other == t || other->placed_ns + PLACE_NS < now_ns)
			continue;
		left |= has_left(e, other, place->address);
		if (left || count++ == THREADS_MAX)
			break;
	}
	now = left ? 0 : 1;
	place->free = place->looked ? place->free + (now - place->free) * LOOK : now;
	place->looked = true;
	return place->free < LOCK_FREE;
}

/* Of its parent, its children and theirs: who shares memory is mostly related. */
static bool family_acts(struct bt_proc_eye *e, const struct bt_proc_process *p)
{
	int32_t ppid = p->threads->facts.ppid;

	for (struct bt_proc_process *other = e->processes; other; other = other->hh.next) {
		int32_t parent = other->threads ? other->threads->facts.ppid : 0;

		if (other == p || (other->pid != ppid && parent != p->pid && (parent != ppid || ppid <= 1)))
			continue;
		if (process_acts(e, other, CHAIN_MAX))
			return true;
	}
	return false;
}

static void settle_futex(struct bt_proc_eye *e, struct bt_proc_thread *t, const struct bt_evidence *v,
			 struct bt_reason *why)
{
	bool private = v->call.arg[1] & BT_FUTEX_PRIVATE;
	struct bt_futex_place *place = place_enter(e, t, v->call.arg[0], private);
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);

	if (!place)
		return;
	t->placed_ns = now_ns;
	if (place_is_lock(e, place, t, now_ns))
		why->cause = BT_MS_LOCK;
	else if (!private && mostly(t, family_acts(e, t->process)))
		why->cause = BT_MS_IPC;
}

/*
 * What a ring has in flight nobody tells; whether the process's bytes from and for disks grow from look to
 * look, its counters do. -1: not known.
 */
static int ring_is_disks(const struct bt_proc_eye *e, struct bt_proc_thread *t)
{
	struct bt_proc_io io;
	char path[32], text[512];
	uint64_t before = t->ring_bytes;

	snprintf(path, sizeof(path), "%d/io", (int)t->process->pid);
	if (bt_proc_read(e->proc, path, text, sizeof(text)) <= 0 || bt_proc_io_parse(text, &io))
		return -1;
	t->ring_bytes = io.read_bytes + io.write_bytes;
	return before ? t->ring_bytes > before : -1;
}

void bt_doubt_settle(struct bt_proc_eye *e, struct bt_proc_thread *t, const struct bt_evidence *v,
		     struct bt_reason *why)
{
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);

	/* A futex is looked at each time: it is how often that tells. */
	if (v->class != BT_SC_FUTEX && t->settled_ns + SETTLED_NS > now_ns &&
	    t->settled.syscall == why->syscall && t->settled_arg == v->call.arg[0]) {
		*why = t->settled;
		return;
	}
	switch (v->class) {
	case BT_SC_READ:
	case BT_SC_COPY:
		if (v->object_known && v->object.aim.peer &&
		    mostly(t, peers_look(e, t->process, v->object.aim.target, v->object.ino, 0)))
			why->cause = BT_MS_IPC;
		break;
	case BT_SC_EPOLL:
	case BT_SC_POLL:
	case BT_SC_SELECT:
		settle_polled(e, t, v, why);
		break;
	case BT_SC_FUTEX:
		settle_futex(e, t, v, why);
		break;
	case BT_SC_URING:
		if (mostly(t, ring_is_disks(e, t)))
			why->cause = BT_MS_DISK;
		break;
	default:
		return;
	}
	t->settled_ns = now_ns;
	t->settled = *why;
	t->settled_arg = v->call.arg[0];
}
