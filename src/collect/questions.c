/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "questions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "clock.h"
#include "collector_shared.h"
#include "hotspot.h"
#include "interpreter.h"

struct bt_questions {
	const struct bt_skeleton *skeleton;
	struct bt_interpreters *interpreters;
	struct bt_hotspots *hotspots;
	bool told;        /* something of Java's threads that some of them wait to hear */
	uint64_t look_ns; /* CLOCK_MONOTONIC: they are not looked at before then */
};

int bt_questions_create(struct bt_questions **out, const struct bt_skeleton *skeleton)
{
	struct bt_questions *q = calloc(1, sizeof(*q));
	int err = q ? bt_interpreters_create(&q->interpreters) : -ENOMEM;

	if (!err)
		err = bt_hotspots_create(&q->hotspots);
	if (err) {
		bt_questions_destroy(q);
		return err;
	}
	q->skeleton = skeleton;
	*out = q;
	return 0;
}

void bt_questions_destroy(struct bt_questions *q)
{
	if (!q)
		return;
	bt_interpreters_destroy(q->interpreters);
	bt_hotspots_destroy(q->hotspots);
	free(q);
}

/* Where that process has its interpreter's lock. java: looks for HotSpot as well. */
static void gil_answer(struct bt_questions *q, const struct bt_gil_key *key, uint64_t address, bool java)
{
	struct bt_gil_range range, before = {0};

	bt_interpreter_find(q->interpreters, key->tgid, address, &range);
	/* Asked again, it is the same one. */
	if (address)
		(void)bpf_map_lookup_elem(q->skeleton->gils_map, key, &before);
	if (java && !range.size && !range.runtime &&
	    (before.runtime == BT_RUNTIME_HOTSPOT || bt_hotspot_find(q->hotspots, key)))
		range.runtime = BT_RUNTIME_HOTSPOT;
	range.ruby_tells |= before.ruby_tells;
	if (address)
		range.again =
		    (uint32_t)(bt_clock_read_ns(CLOCK_MONOTONIC) >> BT_GIL_TURN_LOG2) + BT_GIL_AGAIN;
	/* Without an answer the lock is a futex like others. */
	(void)bpf_map_update_elem(q->skeleton->gils_map, key, &range, BPF_ANY);
}

static void java_class_tell(struct bt_questions *q, const struct bt_gil_key *process, uint64_t klass,
			    enum bt_java_class kind)
{
	struct bt_java_class_key key = {.process = *process, .klass = klass};
	uint32_t value = kind;

	(void)bpf_map_update_elem(q->skeleton->java_classes_map, &key, &value, BPF_ANY);
	q->told |= kind != BT_JAVA_CLASS_OTHER;
}

/* What a thread of Java's waits for, by itself: where the kernel side can read it. */
static void java_answer(struct bt_questions *q, const struct bt_ask_java *ask)
{
	struct bt_java_thread_key key = {.start_ns = ask->process.start_ns, .tid = ask->head.tid};
	uint32_t turn = (uint32_t)(bt_clock_read_ns(CLOCK_MONOTONIC) >> BT_JAVA_TURN_LOG2);
	struct bt_java_thread before = {0};
	struct bt_hotspot_answer answer;

	if (ask->klass) {
		java_class_tell(q, &ask->process, ask->klass,
				bt_hotspot_class(q->hotspots, &ask->process, ask->klass));
		return;
	}
	bt_hotspot_thread(q->hotspots, &ask->process, ask->id, &answer);
	if (answer.has_layout) {
		answer.layout.again = turn - 1;
		(void)bpf_map_update_elem(q->skeleton->jvms_map, &ask->process, &answer.layout, BPF_ANY);
	}
	if (answer.klass)
		java_class_tell(q, &ask->process, answer.klass, answer.kind);
	if (!answer.thread.thread) {
		/* One of the virtual machine's own, or not on the list yet. */
		(void)bpf_map_lookup_elem(q->skeleton->java_threads_map, &key, &before);
		answer.thread.id = before.thread || before.id < 1      ? 1
				   : before.id < BT_JAVA_PAUSE_MAX / 2 ? 2 * before.id
								       : BT_JAVA_PAUSE_MAX;
		turn += (uint32_t)answer.thread.id;
	}
	answer.thread.again = turn;
	(void)bpf_map_update_elem(q->skeleton->java_threads_map, &key, &answer.thread, BPF_ANY);
	q->told |= answer.thread.thread != 0;
}

bool bt_questions_answer(struct bt_questions *q, const void *data, size_t size)
{
	const struct bt_record_head *head = data;
	const struct bt_ask *ask = data;

	if (head->type == BT_RECORD_ASK && size >= sizeof(struct bt_ask)) {
		gil_answer(q, &ask->key, ask->address, true);
		return true;
	}
	if (head->type == BT_RECORD_ASK_JAVA && size >= sizeof(struct bt_ask_java)) {
		java_answer(q, data);
		return true;
	}
	return false;
}

/* Looking at all threads anew takes a twentieth of the time at most. */
#define LOOK_REST 20

/* What those wait for that were asleep when nobody knew. Without it they wait for anything. */
static void sleepers_look(struct bt_questions *q)
{
	uint64_t began_ns = bt_clock_read_ns(CLOCK_MONOTONIC), now_ns;
	char none;
	int fd = q->skeleton->polled_link < 0 ? -1 : bpf_iter_create(q->skeleton->polled_link);

	if (fd < 0)
		return;
	while (read(fd, &none, sizeof(none)) < 0 && (errno == EINTR || errno == EAGAIN))
		;
	close(fd);
	now_ns = bt_clock_read_ns(CLOCK_MONOTONIC);
	q->look_ns = now_ns + LOOK_REST * (now_ns - began_ns);
}

/* An answer can lead to another question: of a thread, then of a class. */
static int told_look(struct bt_questions *q, struct ring_buffer *ring, int times)
{
	int taken = 0;

	for (int i = 0; taken >= 0 && q->told && i < times; i++) {
		q->told = false;
		sleepers_look(q);
		taken = ring_buffer__consume(ring);
	}
	return taken < 0 ? taken : 0;
}

int bt_questions_look(struct bt_questions *q, struct ring_buffer *ring)
{
	if (!q->told || bt_clock_read_ns(CLOCK_MONOTONIC) < q->look_ns)
		return 0;
	return told_look(q, ring, 2);
}

/* What one of its threads is called in every HotSpot: whose maps are worth a look. */
#define JAVA_THREAD "VM Thread"

/* The processes with more than one thread among those found at the start: with Java's thread, or the others.
 */
static void gils_seed(struct bt_questions *q, const struct bt_snapshot *s, bool java)
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
		if (java || bpf_map_lookup_elem(q->skeleton->gils_map, &key, &known))
			gil_answer(q, &key, 0, java);
	}
}

int bt_questions_seed(struct bt_questions *q, const struct bt_snapshot *found, struct ring_buffer *ring)
{
	bool *first_look = q->skeleton->bss.first_look;
	int err;

	gils_seed(q, found, true);
	gils_seed(q, found, false);
	if (first_look)
		*first_look = true;
	/* The first time in any case: not only those of Java are looked at. */
	q->told = true;
	err = told_look(q, ring, 3);
	q->told = false;
	if (first_look)
		*first_look = false;
	return err;
}
