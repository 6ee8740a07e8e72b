/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hotspot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <uthash.h>

#include "clock.h"
#include "elf_symbol.h"
#include "hotspot_layout.h"
#include "mapping.h"

#define LIBRARY "libjvm.so"

/* Processes that are remembered; then all are forgotten. */
#define PROCESSES_MAX 256
#define THREADS_MAX   65536

/* The list of threads is read anew when so many times as long has passed as that took of CPU time. */
#define REST 20

/* Until the last one of so many looks at objects there has been a plain Thread; each pause is twice as long.
 */
#define LEARN_MAX      10
#define LEARN_PAUSE_NS 10000000ULL

struct process {
	struct bt_gil_key key;
	struct bt_hotspot_layout layout;
	unsigned int learned; /* looks at objects, */
	uint64_t learn_ns;    /* and before when there is no other */
	/* Threads as last read; those that have gone since are found out about by their number. */
	struct bt_java_thread *threads;
	size_t count;
	uint64_t read_ns, cost_ns;
	UT_hash_handle hh;
};

/* CPU time that questions may cost: at once, and of each second. Who asks too much gets no answer. */
#define CREDIT_MAX_NS 500000000LL
#define CREDIT_SHARE  20

struct bt_hotspots {
	int64_t credit_ns;
	uint64_t credited_ns; /* when that was */
	uint64_t cpu_ns;      /* CPU time at which the answer that is being made began */
	struct process *processes;
	uint64_t *list; /* of JavaThreads, while they are read */
};

static bool process_read(void *context, uint64_t at, void *out, size_t size)
{
	const struct process *p = context;
	struct iovec own = {.iov_base = out, .iov_len = size};
	/* NOLINTNEXTLINE(performance-no-int-to-ptr): an address in another process */
	struct iovec others = {.iov_base = (void *)(uintptr_t)at, .iov_len = size};

	return process_vm_readv(p->key.tgid, &own, 1, &others, 1, 0) == (ssize_t)size;
}

static struct bt_memory memory_of(struct process *p)
{
	return (struct bt_memory){.read = process_read, .context = p};
}

int bt_hotspots_create(struct bt_hotspots **out)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return -ENOMEM;
	(*out)->credit_ns = CREDIT_MAX_NS;
	return 0;
}

/* Whether there is time for an answer; then answer_end() has to follow. */
static bool answer_begin(struct bt_hotspots *h)
{
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);

	if (h->credited_ns)
		h->credit_ns += (int64_t)((now_ns - h->credited_ns) / CREDIT_SHARE);
	h->credited_ns = now_ns;
	if (h->credit_ns > CREDIT_MAX_NS)
		h->credit_ns = CREDIT_MAX_NS;
	if (h->credit_ns <= 0)
		return false;
	h->cpu_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	return true;
}

static void answer_end(struct bt_hotspots *h)
{
	h->credit_ns -= (int64_t)(bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - h->cpu_ns);
}

static void process_forget(struct bt_hotspots *h, struct process *p)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): out of the table, then freed */
	HASH_DEL(h->processes, p);
	free(p->threads);
	free(p);
}

static void processes_forget(struct bt_hotspots *h)
{
	struct process *p, *next;

	HASH_ITER (hh, h->processes, p, next)
		process_forget(h, p);
}

void bt_hotspots_destroy(struct bt_hotspots *h)
{
	if (!h)
		return;
	processes_forget(h);
	free(h->list);
	free(h);
}

static struct process *process_get(struct bt_hotspots *h, const struct bt_gil_key *key)
{
	struct process *p;

	HASH_FIND(hh, h->processes, key, sizeof(*key), p);
	return p;
}

static bool is_jvm(const struct bt_mapping_search *s, const struct bt_mapping *m)
{
	const char *slash = strrchr(m->path, '/');

	(void)s;
	return !m->offset && slash && !strncmp(slash + 1, LIBRARY, strlen(LIBRARY));
}

/* The values of the exported symbols, as they are in the process now. */
static bool symbols_read(struct process *p, uint64_t values[BT_HOTSPOT_SYMBOLS])
{
	struct bt_mapping_search jvm = {.fits = is_jvm};
	bool all = true;
	int fd;

	if (!bt_mapping_find(p->key.tgid, &jvm))
		return false;
	fd = bt_mapping_open(p->key.tgid, &jvm);
	if (fd < 0)
		return false;
	for (size_t i = 0; all && i < BT_HOTSPOT_SYMBOLS; i++) {
		struct bt_elf_symbol symbol;

		all = !lseek(fd, 0, SEEK_SET) &&
		      !bt_elf_symbol_find(fd, bt_hotspot_symbol_names[i], LIBRARY, &symbol) && symbol.found &&
		      process_read(
			  p, symbol.fixed ? symbol.value : jvm.first.start - symbol.begin + symbol.value,
			  &values[i], sizeof(values[i]));
	}
	close(fd);
	return all;
}

static bool process_find(struct bt_hotspots *h, const struct bt_gil_key *key)
{
	uint64_t symbols[BT_HOTSPOT_SYMBOLS] = {0};
	struct process *p = process_get(h, key);
	struct bt_memory memory;

	if (p)
		process_forget(h, p);
	if (HASH_COUNT(h->processes) >= PROCESSES_MAX)
		processes_forget(h);
	p = calloc(1, sizeof(*p));
	if (!p)
		return false;
	p->key = *key;
	memory = memory_of(p);
	if (!symbols_read(p, symbols) || bt_hotspot_layout_read(&memory, symbols, &p->layout)) {
		free(p);
		return false;
	}
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the table owns it */
	HASH_ADD(hh, h->processes, key, sizeof(p->key), p);
	return true;
}

bool bt_hotspot_find(struct bt_hotspots *h, const struct bt_gil_key *key)
{
	bool found;

	if (!answer_begin(h))
		return false;
	found = process_find(h, key);
	answer_end(h);
	return found;
}

/* The first objects come later than the first threads. */
static void objects_learn(struct process *p)
{
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	struct bt_memory memory = memory_of(p);

	if (p->layout.jvm.blocker || p->learned >= LEARN_MAX || now_ns < p->learn_ns)
		return;
	p->learn_ns = now_ns + (LEARN_PAUSE_NS << p->learned++);
	for (size_t i = 0; i < p->count; i++)
		if (bt_hotspot_objects_learn(&memory, &p->layout, &p->threads[i]))
			return;
}

/* All threads, unless that was done a moment ago. */
static void threads_read(struct bt_hotspots *h, struct process *p)
{
	uint64_t began_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	uint64_t now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	struct bt_memory memory = memory_of(p);
	size_t count;
	void *room;

	if (p->read_ns && now_ns < p->read_ns + REST * p->cost_ns)
		return;
	if (!h->list)
		h->list = calloc(THREADS_MAX, sizeof(*h->list));
	if (!h->list)
		return;
	count = bt_hotspot_threads_read(&memory, &p->layout, h->list, THREADS_MAX);
	room = realloc(p->threads, (count + 1) * sizeof(*p->threads));
	if (room) {
		p->threads = room;
		p->count = 0;
		for (size_t i = 0; i < count; i++)
			if (bt_hotspot_thread_read(&memory, &p->layout, h->list[i], &p->threads[p->count]))
				p->count++;
	}
	p->read_ns = now_ns;
	p->cost_ns = bt_clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns;
}

/* The thread, if it is still the one that was read. */
static bool thread_find(struct process *p, int32_t id, struct bt_java_thread *out)
{
	int32_t now;

	for (size_t i = 0; i < p->count; i++) {
		if (p->threads[i].id != id)
			continue;
		*out = p->threads[i];
		return process_read(p, out->id_at, &now, sizeof(now)) && now == id;
	}
	return false;
}

static void thread_answer(struct bt_hotspots *h, struct process *p, int32_t id, struct bt_hotspot_answer *out)
{
	struct bt_memory memory = memory_of(p);

	if (!thread_find(p, id, &out->thread)) {
		threads_read(h, p);
		if (!thread_find(p, id, &out->thread))
			out->thread = (struct bt_java_thread){0};
	}
	objects_learn(p);
	out->layout = p->layout.jvm;
	out->has_layout = true;
	if (!out->thread.thread)
		return;
	out->klass = bt_hotspot_blocker_class(&memory, &p->layout, &out->thread);
	if (out->klass)
		out->kind = bt_hotspot_class_kind(&memory, &p->layout, out->klass);
}

void bt_hotspot_thread(struct bt_hotspots *h, const struct bt_gil_key *key, int32_t id,
		       struct bt_hotspot_answer *out)
{
	struct process *p = process_get(h, key);

	*out = (struct bt_hotspot_answer){0};
	if (!p || !id || !answer_begin(h))
		return;
	thread_answer(h, p, id, out);
	answer_end(h);
}

enum bt_java_class bt_hotspot_class(struct bt_hotspots *h, const struct bt_gil_key *key, uint64_t klass)
{
	struct process *p = process_get(h, key);
	enum bt_java_class kind;
	struct bt_memory memory;

	if (!p || !answer_begin(h))
		return BT_JAVA_CLASS_OTHER;
	memory = memory_of(p);
	kind = bt_hotspot_class_kind(&memory, &p->layout, klass);
	answer_end(h);
	return kind;
}
