/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a thread of Java's waits for, as it says itself: each one parks at a futex of its own, whatever it
 * waits for, but has noted which monitor it wants to enter (JavaThread::_current_pending_monitor), or for
 * which object it parked (java.lang.Thread.parkBlocker). Both are read when it goes to sleep, by itself.
 * Where they lie, user space finds out when it is asked (src/collect/hotspot.h).
 *
 * Collectors of garbage move objects, and whoever lies about itself may: so each step is checked where that
 * can be, and what does not fit means that nothing is known.
 */
#ifndef BOUNDTOP_BPF_HOTSPOT_H
#define BOUNDTOP_BPF_HOTSPOT_H

#include "account.h"
#include "collector_shared.h"
#include "gil.h"
#include "kernel.h"
#include "maps.h"
#include "pid_ns.h"

/* klass 0: t itself is asked for. */
static __always_inline void java_question(struct bt_account *a, struct task_struct *t, __u64 klass)
{
	struct bt_ask_java *ask = bpf_ringbuf_reserve(&exits, sizeof(*ask), 0);

	if (!ask)
		return;
	__builtin_memset(ask, 0, sizeof(*ask));
	ask->head.size = sizeof(*ask);
	ask->head.type = BT_RECORD_ASK_JAVA;
	ask->head.tid = a->tid;
	ask->process = gil_key(a);
	ask->klass = klass;
	ask->id = number_in_own(pid_of(task_plain(t)));
	a->runtime = BT_RUNTIME_HOTSPOT_ASKED;
	bpf_ringbuf_submit(ask, BPF_RB_FORCE_WAKEUP);
}

/* Of t's memory; own: t is current, and what is not in memory cannot be had. */
static __always_inline bool java_read(struct task_struct *t, bool own, void *out, __u32 size, __u64 at)
{
	return at && !(own ? bpf_probe_read_user(out, size, (void *)at)
			   : bpf_copy_from_user_task(out, size, (void *)at, t, 0));
}

/* A word of 4 bytes or 8; 0: it cannot be had. */
static __always_inline __u64 java_word(struct task_struct *t, bool own, __u64 at, __u32 bytes)
{
	__u64 wide = 0;
	__u32 narrow = 0;

	if (bytes == sizeof(narrow))
		return java_read(t, own, &narrow, sizeof(narrow), at) ? narrow : 0;
	return java_read(t, own, &wide, sizeof(wide), at) ? wide : 0;
}

/* The JavaThread of t, if that is known. */
static __always_inline const struct bt_java_thread *
java_thread_of(struct bt_account *a, struct task_struct *t, __u64 now_ns, bool own)
{
	struct bt_java_thread_key key = {.start_ns = a->leader_start_ns, .tid = a->tid};
	__u32 turn = (__u32)(now_ns >> BT_JAVA_TURN_LOG2), id = 0;
	struct bt_java_thread *known = bpf_map_lookup_elem(&java_threads, &key);

	if (known) {
		/* Or it has let go of that one (DetachCurrentThread()). */
		if (known->thread && java_read(t, own, &id, sizeof(id), known->id_at) &&
		    (__s32)id == known->id)
			return known;
		if ((__s32)(turn - known->again) <= 0)
			return NULL;
		/* One question is enough, until there is an answer. */
		known->again = turn;
	} else {
		struct bt_java_thread none = {.again = turn};

		bpf_map_update_elem(&java_threads, &key, &none, BPF_NOEXIST);
	}
	java_question(a, t, 0);
	return NULL;
}

/* What t is parked for: the object, and whether that is a lock. */
static __always_inline enum bt_java_class java_blocker(struct bt_account *a, struct task_struct *t,
						       const struct bt_java_thread *known,
						       struct bt_jvm_layout *l, __u64 now_ns, bool own,
						       __u64 *object)
{
	struct bt_java_class_key key = {.process = gil_key(a)};
	__u64 thread = java_word(t, own, known->object_at, sizeof(thread)), waiting = 1;
	__u32 turn = (__u32)(now_ns >> BT_JAVA_TURN_LOG2);
	__u32 *class;

	/* That it is the thread's own object is sure if this points back. */
	if (!thread || java_word(t, own, thread + l->eetop, sizeof(thread)) != known->thread)
		return BT_JAVA_CLASS_OTHER;
	*object = 0;
	if (l->oop_bytes == sizeof(__u32) ? !java_read(t, own, object, sizeof(__u32), thread + l->blocker)
					  : !java_read(t, own, object, sizeof(__u64), thread + l->blocker))
		return BT_JAVA_CLASS_OTHER;
	if (!*object) {
		/* It sleeps, or waits for something of the virtual machine's own, whose locks are mutexes. In
		 * Object.wait() it waits for the monitor in the end. */
		return l->waiting &&
			       java_read(t, own, &waiting, sizeof(waiting), known->thread + l->waiting) &&
			       !waiting
			   ? BT_JAVA_CLASS_WORK
			   : BT_JAVA_CLASS_OTHER;
	}
	if (l->oop_bytes == sizeof(__u32))
		*object = l->oop_base + (*object << (l->oop_shift & 7));
	key.klass = java_word(t, own, *object + l->klass, l->klass_bytes);
	if (!key.klass)
		return BT_JAVA_CLASS_OTHER;
	class = bpf_map_lookup_elem(&java_classes, &key);
	if (class)
		return *class;
	if ((__s32)(turn - l->again) <= 0)
		return BT_JAVA_CLASS_OTHER;
	l->again = turn;
	java_question(a, t, key.klass);
	return BT_JAVA_CLASS_OTHER;
}

/* A wait of t at a futex, in doubt: fills in why if it is for a lock. own: t is current. */
static __always_inline enum bt_doubt java_wait_of(struct bt_account *a, struct task_struct *t,
						  struct bt_reason *why, __u64 now_ns, bool own)
{
	const struct bt_java_thread *known;
	struct bt_gil_key process = gil_key(a);
	struct bt_jvm_layout *l;
	__u64 object;

	a->runtime = BT_RUNTIME_HOTSPOT;
	known = java_thread_of(a, t, now_ns, own);
	l = known ? bpf_map_lookup_elem(&jvms, &process) : NULL;
	if (!l)
		return BT_DOUBT_FUTEX;
	object = java_word(t, own, known->thread + l->pending, sizeof(object));
	if (!object && l->blocker) {
		enum bt_java_class class = java_blocker(a, t, known, l, now_ns, own, &object);

		if (class != BT_JAVA_CLASS_LOCK)
			return class == BT_JAVA_CLASS_WORK ? BT_DOUBT_WORK : BT_DOUBT_FUTEX;
	}
	if (!object)
		return BT_DOUBT_FUTEX;
	/* All who wait for it are seen to wait for the same thing. */
	why->object = object;
	why->cause = BT_MS_LOCK;
	return BT_DOUBT_NONE;
}

static __noinline enum bt_doubt java_wait_name(struct bt_account *a, struct task_struct *t,
					       struct bt_reason *why, __u64 now_ns)
{
	return java_wait_of(a, t, why, now_ns, true);
}

#endif
