/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What HotSpot publishes of itself for the serviceability agent, and what it has by that: the tables that the
 * exported symbols gHotSpotVMStructs and gHotSpotVMTypes lead to (vmStructs.hpp), its threads, and of objects
 * no more than what threads are parked for. Read through a function, from a process that is a stranger's:
 * anything may be in it. Seen right with JDK 17 and 25; what another one lacks is not known.
 */
#ifndef BOUNDTOP_COLLECT_HOTSPOT_LAYOUT_H
#define BOUNDTOP_COLLECT_HOTSPOT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collector_shared.h"

/* The memory of a process. */
struct bt_memory {
	/* All size bytes at an address, or false. */
	bool (*read)(void *context, uint64_t at, void *out, size_t size);
	void *context;
};

/* Exported symbols, as they are read: each is a number of 64 bits in that memory. */
enum bt_hotspot_symbol {
	BT_HOTSPOT_STRUCTS,
	BT_HOTSPOT_STRUCT_STRIDE,
	BT_HOTSPOT_STRUCT_TYPE_NAME,
	BT_HOTSPOT_STRUCT_FIELD_NAME,
	BT_HOTSPOT_STRUCT_TYPE_STRING,
	BT_HOTSPOT_STRUCT_OFFSET,
	BT_HOTSPOT_STRUCT_ADDRESS,
	BT_HOTSPOT_TYPES,
	BT_HOTSPOT_TYPE_STRIDE,
	BT_HOTSPOT_TYPE_NAME,
	BT_HOTSPOT_TYPE_SIZE,
	BT_HOTSPOT_SYMBOLS,
};

extern const char *const bt_hotspot_symbol_names[BT_HOTSPOT_SYMBOLS];

/* Fields: an offset in their structure, or if they are static, their address; 0 and !has: not published. */
enum bt_hotspot_field {
	BT_HOTSPOT_THREAD_LIST, /* static */
	BT_HOTSPOT_LIST_LENGTH,
	BT_HOTSPOT_LIST_THREADS,
	BT_HOTSPOT_PENDING,
	BT_HOTSPOT_OSTHREAD,
	BT_HOTSPOT_THREAD_ID,
	/* So much for monitors. */
	BT_HOTSPOT_WAITING,
	BT_HOTSPOT_THREAD_OBJECT,
	BT_HOTSPOT_HANDLE,
	BT_HOTSPOT_OOP_BASE,    /* static */
	BT_HOTSPOT_OOP_SHIFT,   /* static */
	BT_HOTSPOT_KLASS_BASE,  /* static */
	BT_HOTSPOT_KLASS_SHIFT, /* static */
	BT_HOTSPOT_OBJECT_KLASS,
	BT_HOTSPOT_KLASS_NAME,
	BT_HOTSPOT_SYMBOL_LENGTH,
	BT_HOTSPOT_SYMBOL_BODY,
	BT_HOTSPOT_CLASS_FIELDS, /* a table of 16-bit numbers, */
	BT_HOTSPOT_CLASS_STREAM, /* or packed, from JDK 21 on */
	BT_HOTSPOT_CONSTANTS,
	BT_HOTSPOT_FIELDS,
};

struct bt_hotspot_layout {
	uint64_t field[BT_HOTSPOT_FIELDS];
	bool has[BT_HOTSPOT_FIELDS];
	bool object_is_handle;   /* JavaThread::_threadObj leads to the reference; else it is one */
	uint32_t constants_size; /* of a ConstantPool, whose entries lie behind it */
	uint64_t klass_base;
	uint32_t klass_shift;
	struct bt_jvm_layout jvm; /* for the kernel side; blocker is 0 until objects are known, too */
};

/*
 * Fills *out by the values of the symbols. 0, or -EINVAL: that is not enough to find out who waits for a
 * monitor. What belongs to objects is not there yet: bt_hotspot_objects_learn().
 */
int bt_hotspot_layout_read(const struct bt_memory *m, const uint64_t symbols[BT_HOTSPOT_SYMBOLS],
			   struct bt_hotspot_layout *out);

/* The JavaThreads that there are, at most max; how many there are is returned. */
size_t bt_hotspot_threads_read(const struct bt_memory *m, const struct bt_hotspot_layout *l,
			       uint64_t *threads, size_t max);

/* What is to be known of one of them; again is 0. false: it is gone. */
bool bt_hotspot_thread_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t thread,
			    struct bt_java_thread *out);

/*
 * How objects look, by the java.lang.Thread of this thread; l->jvm has it from then on. false: the Virtual
 * Machine is not that far, the thread is of a class of its own, or its objects are of a kind that is not
 * known (a collector with coloured pointers): then another one may do, or none.
 */
bool bt_hotspot_objects_learn(const struct bt_memory *m, struct bt_hotspot_layout *l,
			      const struct bt_java_thread *thread);

/* The class of what that thread is parked for, as objects have it; 0: it is parked for nothing. */
uint64_t bt_hotspot_blocker_class(const struct bt_memory *m, const struct bt_hotspot_layout *l,
				  const struct bt_java_thread *thread);

/* Of which kind a class is, as objects have it. */
enum bt_java_class bt_hotspot_class_kind(const struct bt_memory *m, const struct bt_hotspot_layout *l,
					 uint64_t klass);

#endif
