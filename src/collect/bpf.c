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
#include "hotspot.h"
#include "interpreter.h"
#include "known.h"
#include "object.h"
#include "skeleton.h"

/* Everybody is looked at every so many reads, and when more than that share, and some, has to be asked for.
 */
#define WALK_EVERY     16
#define WALK_SHARE     4
#define WALK_ASKED_MIN BT_ASKED_MAX

/* A bpf iterator hands out at most its own buffer a read: 8 pages (kernel/bpf/bpf_iter.c, bpf_seq_read()). */
#define READ_BYTES (32 << 10)

struct bpf_collector {
	struct bt_collector base;
	struct bt_skeleton *skeleton;
	struct ring_buffer *exits;
	struct bt_interpreters *interpreters;
	struct bt_hotspots *hotspots;
	bool java_told;           /* something was said of Java's threads that some of them wait to hear; */
	uint64_t java_look_ns;    /* they are looked at, all threads are for that, not before then */
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

/* Where that process has its interpreter's lock: for the kernel side, which puts a name to waits by it. */
static void gil_answer(struct bpf_collector *c, const struct bt_gil_key *key, uint64_t address, bool java)
{
	struct bt_gil_range range, before = {0};

	bt_interpreter_find(c->interpreters, key->tgid, address, &range);
	/* Asked again, it is the same one. */
	if (address)
		(void)bpf_map_lookup_elem(c->skeleton->gils_map, key, &before);
	if (java && !range.size && (before.jvm || bt_hotspot_find(c->hotspots, key)))
		range.jvm = BT_JVM_HOTSPOT;
	if (address)
		range.again =
		    (uint32_t)(bt_clock_read_ns(CLOCK_MONOTONIC) >> BT_GIL_TURN_LOG2) + BT_GIL_AGAIN;
	/* Without an answer the lock is a futex like others. */
	(void)bpf_map_update_elem(c->skeleton->gils_map, key, &range, BPF_ANY);
}

static void java_class_tell(struct bpf_collector *c, const struct bt_gil_key *process, uint64_t klass,
			    enum bt_java_class kind)
{
	struct bt_java_class_key key = {.process = *process, .klass = klass};
	uint32_t value = kind;

	(void)bpf_map_update_elem(c->skeleton->java_classes_map, &key, &value, BPF_ANY);
	c->java_told |= kind != BT_JAVA_CLASS_OTHER;
}

/* What a thread of Java's waits for, by itself: where the kernel side can read it. */
static void java_answer(struct bpf_collector *c, const struct bt_ask_java *ask)
{
	struct bt_java_thread_key key = {.start_ns = ask->process.start_ns, .tid = ask->head.tid};
	uint32_t turn = (uint32_t)(bt_clock_read_ns(CLOCK_MONOTONIC) >> BT_JAVA_TURN_LOG2);
	struct bt_java_thread before = {0};
	struct bt_hotspot_answer answer;

	if (ask->klass) {
		java_class_tell(c, &ask->process, ask->klass,
				bt_hotspot_class(c->hotspots, &ask->process, ask->klass));
		return;
	}
	bt_hotspot_thread(c->hotspots, &ask->process, ask->id, &answer);
	if (answer.has_layout) {
		answer.layout.again = turn - 1;
		(void)bpf_map_update_elem(c->skeleton->jvms_map, &ask->process, &answer.layout, BPF_ANY);
	}
	if (answer.klass)
		java_class_tell(c, &ask->process, answer.klass, answer.kind);
	if (!answer.thread.thread) {
		/* One of the virtual machine's own, or not on the list yet. */
		(void)bpf_map_lookup_elem(c->skeleton->java_threads_map, &key, &before);
		answer.thread.id = before.thread || before.id < 1      ? 1
				   : before.id < BT_JAVA_PAUSE_MAX / 2 ? 2 * before.id
								       : BT_JAVA_PAUSE_MAX;
		turn += (uint32_t)answer.thread.id;
	}
	answer.thread.again = turn;
	(void)bpf_map_update_elem(c->skeleton->java_threads_map, &key, &answer.thread, BPF_ANY);
	c->java_told |= answer.thread.thread != 0;
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

	if (head->type == BT_RECORD_ASK && size >= sizeof(struct bt_ask)) {
		const struct bt_ask *ask = data;

		gil_answer(c, &ask->key, ask->address, true);
		return 0;
	}
	if (head->type == BT_RECORD_ASK_JAVA && size >= sizeof(struct bt_ask_java)) {
		java_answer(c, data);
		return 0;
	}
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

/* Looking at all threads anew takes a twentieth of the time at most. */
#define JAVA_LOOK_REST 20

/* What those wait for that were asleep when nobody knew. Without it they wait for anything. */
static void sleepers_look(struct bpf_collector *c)
{
	uint64_t began_ns = bt_clock_read_ns(CLOCK_MONOTONIC), now_ns;
	char none;
	int fd = c->skeleton->polled_link < 0 ? -1 : bpf_iter_create(c->skeleton->polled_link);

	if (fd < 0)
		return;
	while (read(fd, &none, sizeof(none)) < 0 && (errno == EINTR || errno == EAGAIN))
		;
	close(fd);
	now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	c->java_look_ns = now_ns + JAVA_LOOK_REST * (now_ns - began_ns);
}

static int bpf_drain(struct bt_collector *base)
{
	struct bpf_collector *c = of(base);
	int taken = ring_buffer__consume(c->exits);

	if (!c->java_told || bt_clock_read_ns(CLOCK_MONOTONIC) < c->java_look_ns)
		return taken < 0 ? taken : 0;
	/* An answer leads to another question at most: for a thread, then for a class. */
	for (int i = 0; taken >= 0 && c->java_told && i < 2; i++) {
		c->java_told = false;
		sleepers_look(c);
		taken = ring_buffer__consume(c->exits);
	}
	return taken < 0 ? taken : 0;
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
		unsigned char *room = bt_snapshot_reserve(s, READ_BYTES);

		if (!room) {
			got = -ENOMEM;
			break;
		}
		got = read(fd, room, READ_BYTES);
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

static void bpf_close(struct bt_collector *base)
{
	struct bpf_collector *c = of(base);

	if (!c)
		return;
	bt_objects_destroy(c->base.objects);
	ring_buffer__free(c->exits);
	bt_interpreters_destroy(c->interpreters);
	bt_hotspots_destroy(c->hotspots);
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
    .stack = bt_stack_from_proc,
    .close = bpf_close,
};

/* What one of its threads is called in every HotSpot: whose maps are worth a look. */
#define JAVA_THREAD "VM Thread"

/* The processes with more than one thread among those found at the start: with Java's thread, or the others.
 */
static void gils_seed(struct bpf_collector *c, const struct bt_snapshot *s, bool java)
{
	struct bt_gil_key last = {0};
	struct bt_gil_range known;

	for (size_t at = 0; at + sizeof(struct bt_record) <= s->length;) {
		const struct bt_record *r = (const struct bt_record *)(const void *)(s->records + at);
		struct bt_gil_key key = {.start_ns = r->facts.leader_start_ns, .tgid = r->facts.tgid};

		at += r->head.size;
		if (r->facts.kind != BT_KIND_USER || r->head.tid == r->facts.tgid)
			continue;
		/* An iterator goes by number: threads of a process mostly come one after the other. */
		if (java ? strncmp(r->facts.comm, JAVA_THREAD, sizeof(r->facts.comm)) != 0
			 : key.tgid == last.tgid && key.start_ns == last.start_ns)
			continue;
		last = key;
		/* An answer is taken at once, for good. */
		if (java || bpf_map_lookup_elem(c->skeleton->gils_map, &key, &known))
			gil_answer(c, &key, 0, java);
	}
}

/* What those wait for that were found asleep. A thread of Java's asks first who it is, and then for a class.
 */
static int asleep_seed(struct bpf_collector *c)
{
	int err = 0;

	if (c->skeleton->bss.first_look)
		*c->skeleton->bss.first_look = true;
	for (int i = 0; !err && (!i || c->java_told) && i < 3; i++) {
		c->java_told = false;
		sleepers_look(c);
		err = ring_buffer__consume(c->exits);
		err = err < 0 ? err : 0;
	}
	c->java_told = false;
	if (c->skeleton->bss.first_look)
		*c->skeleton->bss.first_look = false;
	return err;
}

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
	gils_seed(c, &s, true);
	gils_seed(c, &s, false);
	if (!err)
		err = asleep_seed(c);
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
		/* The kernel knows better than its BTF what it takes. */
		if (program == BT_PROGRAM_PLAIN)
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
		err = bt_interpreters_create(&c->interpreters);
	if (!err)
		err = bt_hotspots_create(&c->hotspots);
	if (!err)
		err = programs_open(c);
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
