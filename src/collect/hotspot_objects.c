/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of Java's: how java.lang.Thread looks, and of which class is what a thread is parked for. */
#include <string.h>

#include "hotspot_read.h"

/* More is nonsense. */
#define JAVA_FIELDS_MAX 128
#define STREAM_MAX      4096

/* What java.util.concurrent's threads park for. Of others nobody knows. */
static const struct {
	const char *name;
	enum bt_java_class kind;
} classes[] = {
#define CONCURRENT "java/util/concurrent/"
    {CONCURRENT "locks/ReentrantLock$NonfairSync", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "locks/ReentrantLock$FairSync", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "locks/ReentrantReadWriteLock$NonfairSync", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "locks/ReentrantReadWriteLock$FairSync", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "locks/StampedLock", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "ConcurrentHashMap$TreeBin", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "ThreadPoolExecutor$Worker", BT_JAVA_CLASS_LOCK},
    {CONCURRENT "locks/AbstractQueuedSynchronizer$ConditionObject", BT_JAVA_CLASS_WORK},
    {CONCURRENT "locks/AbstractQueuedLongSynchronizer$ConditionObject", BT_JAVA_CLASS_WORK},
    {CONCURRENT "SynchronousQueue$TransferStack", BT_JAVA_CLASS_WORK},
    {CONCURRENT "SynchronousQueue$TransferQueue", BT_JAVA_CLASS_WORK},
    {CONCURRENT "SynchronousQueue$Transferer", BT_JAVA_CLASS_WORK},
    {CONCURRENT "SynchronousQueue", BT_JAVA_CLASS_WORK},
    {CONCURRENT "LinkedTransferQueue", BT_JAVA_CLASS_WORK},
    {CONCURRENT "Exchanger", BT_JAVA_CLASS_WORK},
    {CONCURRENT "Phaser", BT_JAVA_CLASS_WORK},
    {CONCURRENT "CountDownLatch$Sync", BT_JAVA_CLASS_WORK},
    {CONCURRENT "FutureTask", BT_JAVA_CLASS_WORK},
    {CONCURRENT "CompletableFuture$Signaller", BT_JAVA_CLASS_WORK},
    {CONCURRENT "ForkJoinPool", BT_JAVA_CLASS_WORK},
    {CONCURRENT "ForkJoinTask$Aux", BT_JAVA_CLASS_WORK},
#undef CONCURRENT
};

/* The text of a Symbol; false: too long, or none. */
static bool symbol_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t symbol,
			char out[BT_HOTSPOT_NAME_MAX])
{
	uint16_t length;

	if (!symbol ||
	    !bt_hotspot_bytes(m, symbol + l->field[BT_HOTSPOT_SYMBOL_LENGTH], &length, sizeof(length)) ||
	    !length || length >= BT_HOTSPOT_NAME_MAX ||
	    !bt_hotspot_bytes(m, symbol + l->field[BT_HOTSPOT_SYMBOL_BODY], out, length))
		return false;
	out[length] = '\0';
	return true;
}

static bool class_name_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t klass,
			    char out[BT_HOTSPOT_NAME_MAX])
{
	uint64_t name;

	return klass && !(klass & 7) &&
	       bt_hotspot_number(m, klass + l->field[BT_HOTSPOT_KLASS_NAME], &name) &&
	       symbol_read(m, l, name, out);
}

static uint64_t word_read(const struct bt_memory *m, uint64_t at, uint32_t bytes)
{
	uint64_t wide;
	uint32_t narrow;

	if (bytes == sizeof(narrow))
		return bt_hotspot_int(m, at, &narrow) ? narrow : 0;
	return bt_hotspot_number(m, at, &wide) ? wide : 0;
}

static uint64_t klass_decode(const struct bt_hotspot_layout *l, uint64_t klass, uint32_t bytes)
{
	return bytes == sizeof(uint32_t) ? l->klass_base + (klass << l->klass_shift) : klass;
}

static uint64_t oop_decode(const struct bt_jvm_layout *jvm, uint64_t oop)
{
	return oop && jvm->oop_bytes == sizeof(uint32_t) ? jvm->oop_base + (oop << jvm->oop_shift) : oop;
}

/* Is that object of the class, with class words of so many bytes? */
static bool object_is(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t object,
		      uint32_t bytes, const char *name)
{
	char found[BT_HOTSPOT_NAME_MAX];
	uint64_t klass = object ? word_read(m, object + l->field[BT_HOTSPOT_OBJECT_KLASS], bytes) : 0;

	return klass && class_name_read(m, l, klass_decode(l, klass, bytes), found) && !strcmp(found, name);
}

/* Those of java.lang.Thread that are of interest. */
struct java_fields {
	uint32_t eetop, blocker, name; /* 0: not found */
};

static void java_field_take(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t constants,
			    uint32_t index, uint32_t offset, struct java_fields *out)
{
	char name[BT_HOTSPOT_NAME_MAX];
	uint64_t symbol;

	/* Numbers of constants have 16 bits. */
	if (!index || index > UINT16_MAX || !offset || offset >= BT_HOTSPOT_OFFSET_MAX ||
	    !bt_hotspot_number(m, constants + l->constants_size + 8UL * index, &symbol) ||
	    !symbol_read(m, l, symbol & ~7ULL, name))
		return;
	if (!strcmp(name, "eetop"))
		out->eetop = offset;
	else if (!strcmp(name, "parkBlocker"))
		out->blocker = offset;
	else if (!strcmp(name, "name"))
		out->name = offset;
}

/*
 * Up to JDK 20, fieldInfo.hpp: six numbers a field. The second is that of its name, the last two are its
 * offset, with two bits that say so.
 */
static void fields_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t table,
			uint64_t constants, struct java_fields *out)
{
	uint32_t length;

	if (!bt_hotspot_int(m, table, &length))
		return;
	for (uint32_t i = 0; i < JAVA_FIELDS_MAX && 6 * i + 6 <= length; i++) {
		uint16_t field[6];
		uint32_t packed;

		if (!bt_hotspot_bytes(m, table + sizeof(length) + i * sizeof(field), field, sizeof(field)))
			return;
		packed = (uint32_t)field[5] << 16 | field[4];
		if ((packed & 3) == 1)
			java_field_take(m, l, constants, field[1], packed >> 2, out);
	}
}

/* A number of a stream, unsigned5.hpp: no byte is 0, and up to five of them belong together. */
static uint32_t stream_next(const unsigned char *bytes, size_t length, size_t *at)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < 5 && *at < length; i++) {
		uint32_t byte = bytes[(*at)++];

		sum += (byte - 1) << (6 * i);
		if (byte < 192)
			break;
	}
	return sum;
}

/*
 * From JDK 21 on, fieldInfo.hpp: how many there are, how many more the virtual machine has added, then of
 * each its name, type, offset, access, flags, and what those say is there.
 */
static void stream_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t stream,
			uint64_t constants, struct java_fields *out)
{
	unsigned char bytes[STREAM_MAX];
	uint32_t length, count;
	size_t at = 0;

	if (!bt_hotspot_int(m, stream, &length) || length > sizeof(bytes) ||
	    !bt_hotspot_bytes(m, stream + sizeof(length), bytes, length))
		return;
	count = stream_next(bytes, length, &at);
	stream_next(bytes, length, &at);
	for (uint32_t i = 0; i < count && i < JAVA_FIELDS_MAX && at < length; i++) {
		uint32_t name = stream_next(bytes, length, &at);
		uint32_t offset, flags;

		stream_next(bytes, length, &at);
		offset = stream_next(bytes, length, &at);
		stream_next(bytes, length, &at);
		flags = stream_next(bytes, length, &at);
		/* initialized, generic, contended: a number more each */
		for (unsigned int bit = 0; bit <= 4; bit += 2)
			if (flags >> bit & 1)
				stream_next(bytes, length, &at);
		java_field_take(m, l, constants, name, offset, out);
	}
}

static void java_fields_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t klass,
			     struct java_fields *out)
{
	uint64_t constants, table;

	*out = (struct java_fields){0};
	if (!l->constants_size || !bt_hotspot_number(m, klass + l->field[BT_HOTSPOT_CONSTANTS], &constants) ||
	    !constants)
		return;
	if (l->has[BT_HOTSPOT_CLASS_FIELDS]) {
		if (bt_hotspot_number(m, klass + l->field[BT_HOTSPOT_CLASS_FIELDS], &table) && table)
			fields_read(m, l, table, constants, out);
	} else if (bt_hotspot_number(m, klass + l->field[BT_HOTSPOT_CLASS_STREAM], &table) && table) {
		stream_read(m, l, table, constants, out);
	}
}

bool bt_hotspot_objects_learn(const struct bt_memory *m, struct bt_hotspot_layout *l,
			      const struct bt_java_thread *thread)
{
	static const char *const of_thread = "java/lang/Thread", *const of_string = "java/lang/String";
	struct bt_jvm_layout jvm = l->jvm;
	struct java_fields fields;
	uint64_t object, klass, oop_base;
	uint32_t oop_shift;

	if (!bt_hotspot_has_all(l, BT_HOTSPOT_OOP_BASE, BT_HOTSPOT_SYMBOL_BODY) ||
	    !l->has[BT_HOTSPOT_CONSTANTS] ||
	    !(l->has[BT_HOTSPOT_CLASS_FIELDS] || l->has[BT_HOTSPOT_CLASS_STREAM]) ||
	    !bt_hotspot_number(m, thread->object_at, &object) || !object ||
	    !bt_hotspot_number(m, l->field[BT_HOTSPOT_OOP_BASE], &oop_base) ||
	    !bt_hotspot_int(m, l->field[BT_HOTSPOT_OOP_SHIFT], &oop_shift) || oop_shift > 7 ||
	    !bt_hotspot_number(m, l->field[BT_HOTSPOT_KLASS_BASE], &l->klass_base) ||
	    !bt_hotspot_int(m, l->field[BT_HOTSPOT_KLASS_SHIFT], &l->klass_shift) || l->klass_shift > 31)
		return false;
	jvm.oop_base = oop_base;
	jvm.oop_shift = (uint8_t)oop_shift;
	jvm.klass = (uint32_t)l->field[BT_HOTSPOT_OBJECT_KLASS];
	/* Whether classes and references are packed, nobody publishes: what makes sense is right. */
	jvm.klass_bytes = 4;
	if (!object_is(m, l, object, jvm.klass_bytes, of_thread)) {
		jvm.klass_bytes = 8;
		if (!object_is(m, l, object, jvm.klass_bytes, of_thread))
			return false;
	}
	klass = klass_decode(l, word_read(m, object + jvm.klass, jvm.klass_bytes), jvm.klass_bytes);
	java_fields_read(m, l, klass, &fields);
	if (!fields.eetop || !fields.blocker || !fields.name ||
	    word_read(m, object + fields.eetop, 8) != thread->thread)
		return false;
	for (jvm.oop_bytes = 4; jvm.oop_bytes <= 8; jvm.oop_bytes += 4) {
		uint64_t name = oop_decode(&jvm, word_read(m, object + fields.name, jvm.oop_bytes));

		if (!object_is(m, l, name, jvm.klass_bytes, of_string))
			continue;
		jvm.eetop = fields.eetop;
		jvm.blocker = fields.blocker;
		l->jvm = jvm;
		return true;
	}
	return false;
}

uint64_t bt_hotspot_blocker_class(const struct bt_memory *m, const struct bt_hotspot_layout *l,
				  const struct bt_java_thread *thread)
{
	uint64_t object, blocker;

	if (!l->jvm.blocker || !bt_hotspot_number(m, thread->object_at, &object) || !object ||
	    word_read(m, object + l->jvm.eetop, 8) != thread->thread)
		return 0;
	blocker = oop_decode(&l->jvm, word_read(m, object + l->jvm.blocker, l->jvm.oop_bytes));
	return blocker ? word_read(m, blocker + l->jvm.klass, l->jvm.klass_bytes) : 0;
}

enum bt_java_class bt_hotspot_class_kind(const struct bt_memory *m, const struct bt_hotspot_layout *l,
					 uint64_t klass)
{
	char name[BT_HOTSPOT_NAME_MAX];

	if (!l->jvm.blocker || !class_name_read(m, l, klass_decode(l, klass, l->jvm.klass_bytes), name))
		return BT_JAVA_CLASS_OTHER;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strcmp(classes[i].name, name))
			return classes[i].kind;
	return BT_JAVA_CLASS_OTHER;
}
