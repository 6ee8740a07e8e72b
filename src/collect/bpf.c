/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exact collector's user side: loads bpf/collector.bpf.c, and reads a snapshot through its iterator.
 */
#include "bpf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "collector_shared.h"
#include "describe.h"
#include "host_sample.h"
#include "known.h"
#include "object.h"
#include "questions.h"
#include "skeleton.h"
#include "stack.h"

/* Everybody is looked at every so many reads, and when more than that share, and some, has to be asked for.
 */
#define WALK_EVERY     16
#define WALK_SHARE     4
#define WALK_ASKED_MIN 512

struct bpf_collector {
	struct bt_collector base;
	struct bt_skeleton *skeleton;
	struct ring_buffer *exits;
	struct bt_questions *questions;
	struct bt_stacks *stacks; /* NULL: nobody asked for them, or this kernel has none */
	struct bt_snapshot ended; /* records of ended threads that wait for the next read */
	struct bt_known known;
	struct bt_snapshot answers; /* of those that were asked for; memory */
	uint64_t tick_ns;
	struct bt_run_queue *run_queue; /* of each possible CPU, as last read */
	size_t cpus_possible;
};

static struct bpf_collector *of(struct bt_collector *c)
{
	return (struct bpf_collector *)c;
}

/* If more have to be asked for, all are looked at. */
static size_t asked_at_most(const struct bpf_collector *c)
{
	return c->known.now.count / WALK_SHARE + WALK_ASKED_MIN;
}

/* Called for each record in the ring: a thread that ended, one that something happened to, or a question. */
static int ended_take(void *context, void *data, size_t size)
{
	struct bpf_collector *c = context;
	const struct bt_record_head *head = data;
	unsigned char *room;

	if (bt_questions_answer(c->questions, data, size))
		return 0;
	/* Of more nobody has to know which. */
	if (head->type == BT_RECORD_LISTED)
		return c->known.listed.count > asked_at_most(c) ? 0 : bt_known_list(&c->known, head->tid);
	if (size < sizeof(struct bt_record))
		return 0;
	room = bt_snapshot_reserve(&c->ended, sizeof(struct bt_record));
	if (!room)
		return -ENOMEM;
	memcpy(room, data, sizeof(struct bt_record));
	c->ended.length += sizeof(struct bt_record);
	return 0;
}

static int bpf_drain(struct bt_collector *base)
{
	struct bpf_collector *c = of(base);
	int taken = ring_buffer__consume(c->exits);

	return taken < 0 ? taken : bt_questions_look(c->questions, c->exits);
}

/* The iterator's output behind what s holds. */
static int iterator_read(struct bpf_collector *c, int link, struct bt_snapshot *s)
{
	int fd = bpf_iter_create(link);
	ssize_t got = 0;
	int err;

	if (fd < 0)
		return -errno;
	for (;;) {
		unsigned char *room = bt_snapshot_reserve(s, BT_ITERATOR_BYTES);

		if (!room) {
			got = -ENOMEM;
			break;
		}
		got = read(fd, room, BT_ITERATOR_BYTES);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0) {
			got = got < 0 ? -errno : 0;
			break;
		}
		s->length += (size_t)got;
		/* Of 50,000 threads it takes long enough for a storm to fill the ring. */
		err = bpf_drain(&c->base);
		if (err) {
			got = err;
			break;
		}
	}
	close(fd);
	return (int)got;
}

/* Looks at every thread. */
static int threads_walk(struct bpf_collector *c, struct bt_snapshot *s)
{
	int err;

	/* Who is listed from here on is looked at again next time. */
	*c->skeleton->bss.list_lost = 0;
	bt_known_unlist(&c->known);
	err = iterator_read(c, c->skeleton->iter_link, s);
	if (!err && c->skeleton->asked_link >= 0)
		err = bt_known_take(&c->known, s);
	return err == -EINVAL ? 0 : err;
}

/* Looks at those that do not sleep on. What is not asked for sleeps on up to now_ns at least. */
static int threads_ask(struct bpf_collector *c, uint64_t now_ns, struct bt_snapshot *s)
{
	const struct bt_tids *asked = &c->known.asked;
	int err = 0;

	bt_snapshot_clear(&c->answers);
	for (size_t from = 0; !err && from < asked->count; from += BT_ASKED_MAX) {
		for (size_t i = 0; i < BT_ASKED_MAX; i++)
			c->skeleton->asked[i] = from + i < asked->count ? asked->tids[from + i] : 0;
		err = iterator_read(c, c->skeleton->asked_link, &c->answers);
	}
	return err ? err : bt_known_merge(&c->known, &c->answers, now_ns, s);
}

static int threads_read(struct bpf_collector *c, struct bt_snapshot *s)
{
	const struct bt_skeleton_bss *kernel = &c->skeleton->bss;
	size_t most = asked_at_most(c);
	int err;

	/* Before the ring is emptied: bpf/listed.h. */
	__atomic_store_n(kernel->frame_ns, s->begin_ns, __ATOMIC_SEQ_CST);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	err = bpf_drain(&c->base);
	if (err)
		return err;
	if (c->skeleton->asked_link < 0 || !c->known.now.count || *kernel->full_read || *kernel->list_lost ||
	    !(kernel->stats->reads % WALK_EVERY) || c->known.listed.count > most)
		return threads_walk(c, s);
	err = bt_known_ask(&c->known, kernel->stats->reads);
	if (err)
		return err;
	return c->known.asked.count > most ? threads_walk(c, s) : threads_ask(c, s->begin_ns, s);
}

/* What ended in a storm, if there was one. */
static int lumps_read(struct bpf_collector *c, struct bt_snapshot *s)
{
	struct bt_lump_key key, *at = NULL;

	if (!c->skeleton->bss.stats->exits_lumped)
		return 0;
	while (!bpf_map_get_next_key(c->skeleton->lumps_map, at, &key)) {
		struct bt_lump *l = (struct bt_lump *)bt_snapshot_reserve(s, sizeof(*l));

		if (!l)
			return -ENOMEM;
		if (!bpf_map_lookup_elem(c->skeleton->lumps_map, &key, l)) {
			l->head = (struct bt_record_head){
			    .size = sizeof(*l),
			    .type = BT_RECORD_LUMP,
			    .valid = BT_VALID_ACCOUNT,
			    .id = 1ULL << 62 | (key.start_ns << 20 >> 2) | (uint32_t)key.tgid,
			    .now_ns = bt_clock_read_ns(CLOCK_MONOTONIC),
			};
			l->parent_tgid = key.tgid;
			l->parent_start_ns = key.start_ns;
			s->length += sizeof(*l);
		}
		at = &key;
	}
	return 0;
}

/* Times at which a program was not run because it was running already on that CPU. */
static uint64_t misses_read(const struct bpf_collector *c)
{
	uint64_t misses = 0;

	for (size_t i = 0; i < BT_SKELETON_PROGRAMS; i++) {
		struct bpf_prog_info info = {0};
		__u32 size = sizeof(info);

		if (!bpf_obj_get_info_by_fd(c->skeleton->programs[i], &info, &size))
			misses += info.recursion_misses;
	}
	return misses;
}

static void loss_read(const struct bpf_collector *c, struct bt_loss *loss)
{
	const struct bt_kernel_stats *k = c->skeleton->bss.stats;

	loss->tasks = k->tasks_without_account + k->reads_torn;
	loss->exits = k->exits_lumped;
	loss->switches = k->switches_missed + misses_read(c);
}

/* What each CPU has counted, summed. */
static void run_queue_read(struct bpf_collector *c, struct bt_snapshot *s)
{
	__u32 key = 0;

	memset(s->run_queue, 0, sizeof(s->run_queue));
	s->run_queue_known = !bpf_map_lookup_elem(c->skeleton->run_queue_map, &key, c->run_queue);
	for (size_t cpu = 0; s->run_queue_known && cpu < c->cpus_possible; cpu++)
		for (size_t i = 0; i < BT_BURST_BUCKETS; i++)
			s->run_queue[i] += c->run_queue[cpu].waits[i];
}

static int bpf_read(struct bt_collector *base, struct bt_snapshot *s)
{
	struct bpf_collector *c = of(base);
	struct timespec t;
	unsigned char *room;
	int err;

	bt_snapshot_clear(s);
	s->begin_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	c->skeleton->bss.stats->reads++;
	err = threads_read(c, s);
	/* A thread that ends in between is in both: the record of its end counts. */
	if (!err)
		err = bpf_drain(base);
	if (!err && c->ended.length) {
		room = bt_snapshot_reserve(s, c->ended.length);
		if (!room) {
			err = -ENOMEM;
		} else {
			memcpy(room, c->ended.records, c->ended.length);
			s->length += c->ended.length;
			bt_snapshot_clear(&c->ended);
		}
	}
	if (!err)
		err = lumps_read(c, s);
	/* What the kernel wrote and we lost is not unchanged next time. */
	*c->skeleton->bss.full_read = err != 0;
	if (err) {
		bt_snapshot_clear(s);
		return err;
	}
	s->end_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	clock_gettime(CLOCK_REALTIME, &t);
	s->time_s = t.tv_sec;
	s->time_nsec = (uint32_t)t.tv_nsec;
	s->cpus_online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	s->self_cpu_ns = bt_clock_read_ns(CLOCK_PROCESS_CPUTIME_ID);
	s->tick_ns = c->tick_ns;
	s->exact = true;
	s->measured = BT_MEASURED_ALL;
	loss_read(c, &s->loss);
	run_queue_read(c, s);
	return 0;
}

static int bpf_poll_fd(const struct bt_collector *base)
{
	return ring_buffer__epoll_fd(((const struct bpf_collector *)base)->exits);
}

static int bpf_stacks_prepare(struct bt_collector *base)
{
	struct bpf_collector *c = of(base);

	return c->stacks ? 0 : bt_stacks_open(&c->stacks);
}

static int bpf_stack(struct bt_collector *base, pid_t pid, uint64_t start_ns, pid_t tid, char **out)
{
	const struct bpf_collector *c = of(base);

	if (c->stacks && !bt_stacks_read(c->stacks, start_ns, tid, out))
		return 0;
	return bt_stack_from_proc(base, pid, start_ns, tid, out);
}

static void bpf_close(struct bt_collector *base)
{
	struct bpf_collector *c = of(base);

	if (!c)
		return;
	bt_objects_destroy(c->base.objects);
	ring_buffer__free(c->exits);
	bt_questions_destroy(c->questions);
	bt_stacks_close(c->stacks);
	bt_skeleton_close(c->skeleton);
	bt_snapshot_free(&c->ended);
	bt_snapshot_free(&c->answers);
	bt_known_free(&c->known);
	free(c->run_queue);
	free(c);
}

static const struct bt_collector_ops ops = {
    .name = "bpf",
    .exact = true,
    .read = bpf_read,
    .poll_fd = bpf_poll_fd,
    .drain = bpf_drain,
    .describe = bt_describe_from_proc,
    .host = bt_host_from_proc,
    .object = bt_object_from_proc,
    .stack = bpf_stack,
    .close = bpf_close,
    .stacks_prepare = bpf_stacks_prepare,
};

/* Makes an account for every thread that is there already. */
static int accounts_seed(struct bpf_collector *c)
{
	struct bt_snapshot s = {0};
	int err;

	*c->skeleton->bss.seeding = true;
	err = iterator_read(c, c->skeleton->iter_link, &s);
	*c->skeleton->bss.seeding = false;
	/* What was read is thrown away: the first snapshot is to be whole. */
	*c->skeleton->bss.full_read = true;
	if (!err)
		err = bt_questions_seed(c->questions, &s, c->exits);
	bt_snapshot_free(&s);
	return err;
}

/*
 * The best build first: where it loads, which is nearly everywhere, nobody has to read the kernel's BTF. Else
 * the facts decide.
 */
static int programs_open(struct bpf_collector *c)
{
	enum bt_program program = BT_PROGRAM_PLAIN;
	struct bt_kernel_facts facts;
	int err = bt_skeleton_open(&c->skeleton, program);

	/* Another build asks for no less. */
	if (err && err != -EPERM && err != -ENOMEM && err != -EMFILE && err != -ENFILE) {
		bt_facts_probe(&facts);
		program = bt_decide_program(&facts);
		/* The kernel knows better than its BTF what it takes, and than us who could not read it. */
		if (program == BT_PROGRAM_PLAIN || !facts.btf)
			program = BT_PROGRAM_CALLS;
		err = bt_skeleton_open(&c->skeleton, program);
	}
	if (!err)
		c->base.program = bt_program_name(program);
	return err;
}

int bt_bpf_open(struct bt_collector **out)
{
	struct bpf_collector *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->base.ops = &ops;
	c->base.search_ns = BT_SEARCH_ONCE_NS;
	/* utime and stime are counted at each tick of CONFIG_HZ, which the kernel tells nobody; the
	 * resolution of the coarse clock is that tick (kernel/time/posix-timers.c). */
	struct timespec tick = {0};
	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	c->tick_ns = (uint64_t)tick.tv_nsec;

	err = libbpf_num_possible_cpus();
	if (err > 0) {
		c->cpus_possible = (size_t)err;
		c->run_queue = calloc(c->cpus_possible, sizeof(*c->run_queue));
		err = c->run_queue ? 0 : -ENOMEM;
	}
	if (!err)
		err = programs_open(c);
	if (!err)
		err = bt_questions_create(&c->questions, c->skeleton);
	if (!err) {
		c->exits = ring_buffer__new(c->skeleton->exits_map, ended_take, c, NULL);
		err = c->exits ? 0 : -errno;
	}
	if (!err)
		err = accounts_seed(c);
	if (err) {
		bpf_close(&c->base);
		return err;
	}
	*out = &c->base;
	return 0;
}
