/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What HotSpot publishes of itself, read from a memory that is made up: what is found, and that nothing in it
 * does harm. */
#include "hotspot_layout.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

#define BASE  0x10000ULL
#define BYTES 0x8000

/* A virtual machine's memory: whatever is put into it lies one behind the other. */
static struct world {
	unsigned char bytes[BYTES];
	uint64_t next;
	uint64_t symbols[BT_HOTSPOT_SYMBOLS];
	uint64_t thread, osthread, object, blocker, lock_class, thread_class, list;
	struct bt_hotspot_layout layout;
} w;

static bool world_read(void *context, uint64_t at, void *out, size_t size)
{
	(void)context;
	if (at < BASE || at - BASE > BYTES || size > BYTES - (at - BASE))
		return false;
	memcpy(out, w.bytes + (at - BASE), size);
	return true;
}

static const struct bt_memory memory = {.read = world_read};

static uint64_t room(uint64_t bytes)
{
	uint64_t at = w.next;

	w.next += (bytes + 7) / 8 * 8;
	assert_true(w.next <= BASE + BYTES);
	return at;
}

static void put(uint64_t at, uint64_t value, size_t bytes)
{
	memcpy(w.bytes + (at - BASE), &value, bytes);
}

static uint64_t text(const char *s)
{
	uint64_t at = room(strlen(s) + 1);

	memcpy(w.bytes + (at - BASE), s, strlen(s));
	return at;
}

static uint64_t symbol(const char *s)
{
	uint64_t at = room(6 + strlen(s));

	put(at + 4, strlen(s), 2);
	memcpy(w.bytes + (at - BASE) + 6, s, strlen(s));
	return at;
}

enum { CONSTANTS_SIZE = 72, KLASS_SHIFT = 3, OOP_SHIFT = 3, EETOP = 16, BLOCKER = 24, NAME = 28 };

static uint64_t klass(const char *name)
{
	uint64_t at = room(64);

	put(at + 24, symbol(name), 8);
	return at;
}

static uint64_t object_of(uint64_t class, uint64_t bytes)
{
	uint64_t at = room(bytes);

	put(at + 8, (class - BASE) >> KLASS_SHIFT, 4);
	return at;
}

static uint64_t narrow(uint64_t object)
{
	return (object - BASE) >> OOP_SHIFT;
}

static void entry(uint64_t table, int index, const char *type, const char *name, const char *kind,
		  uint64_t offset, uint64_t address)
{
	uint64_t at = table + (uint64_t)index * 48;

	put(at, text(type), 8);
	put(at + 8, text(name), 8);
	put(at + 16, text(kind), 8);
	put(at + 32, offset, 8);
	put(at + 40, address, 8);
}

/* An UNSIGNED5 of less than 191 + 64 * 191. */
static uint64_t packed(uint64_t at, uint32_t value)
{
	if (value < 191) {
		put(at++, value + 1, 1);
	} else {
		uint32_t low = (value - 191) % 64, high = (value - 191) / 64;

		put(at++, 192 + low, 1);
		put(at++, high + 1, 1);
	}
	return at;
}

static void fields_make(bool stream, uint64_t constants)
{
	static const struct {
		const char *name;
		uint32_t offset;
	} fields[] = {{"name", NAME}, {"priority", 200}, {"eetop", EETOP}, {"parkBlocker", BLOCKER}};
	uint64_t table = room(256), at = table + 4;

	put(w.thread_class + (stream ? 48 : 40), table, 8);
	if (stream) {
		at = packed(at, 4);
		at = packed(at, 0);
	}
	for (uint32_t i = 0; i < 4; i++) {
		/* Constants are numbered from 1; one has a number of two bytes. */
		uint32_t number = i == 3 ? 200 : i + 1;

		put(constants + CONSTANTS_SIZE + 8UL * number, symbol(fields[i].name), 8);
		if (stream) {
			at = packed(at, number);
			at = packed(at, 9);
			at = packed(at, fields[i].offset);
			at = packed(at, 2);
			/* The second has a first value and a generic type. */
			at = packed(at, i == 1 ? 5 : 0);
			if (i == 1) {
				at = packed(at, 300);
				at = packed(at, 7);
			}
		} else {
			put(at + 2, number, 2);
			put(at + 8, fields[i].offset << 2 | 1, 4);
			at += 12;
		}
	}
	put(table, stream ? at - table - 4 : 24, 4);
}

static void world_make(bool stream)
{
	uint64_t statics, structs, types, constants, name, slot, array;
	int n = 0;

	memset(&w, 0, sizeof(w));
	w.next = BASE + 64;
	statics = room(64);
	structs = room(48ULL * 32);
	types = room(24ULL * 3);
	w.thread_class = klass("java/lang/Thread");
	w.lock_class = klass("java/util/concurrent/locks/ReentrantLock$NonfairSync");
	constants = room(CONSTANTS_SIZE + 8 * 256);
	put(w.thread_class + 32, constants, 8);
	fields_make(stream, constants);
	w.thread = room(64);
	w.osthread = room(64);
	w.object = object_of(w.thread_class, 64);
	w.blocker = object_of(w.lock_class, 32);
	name = object_of(klass("java/lang/String"), 32);
	slot = room(8);
	array = room(8);
	w.list = room(32);
	put(w.object + EETOP, w.thread, 8);
	put(w.object + NAME, narrow(name), 4);
	put(w.object + BLOCKER, narrow(w.blocker), 4);
	put(w.thread + 8, w.osthread, 8);
	put(w.thread + 24, slot, 8);
	put(slot, w.object, 8);
	put(w.osthread + 12, 4711, 4);
	put(array, w.thread, 8);
	put(w.list + 4, 1, 4);
	put(w.list + 16, array, 8);
	put(statics, w.list, 8);
	put(statics + 8, BASE, 8);
	put(statics + 16, OOP_SHIFT, 4);
	put(statics + 24, BASE, 8);
	put(statics + 32, KLASS_SHIFT, 4);
	entry(structs, n++, "Universe", "_other", "int", 0, statics);
	entry(structs, n++, "ThreadsSMRSupport", "_java_thread_list", "ThreadsList*", 0, statics);
	entry(structs, n++, "ThreadsList", "_length", "const uint", 4, 0);
	entry(structs, n++, "ThreadsList", "_threads", "JavaThread**", 16, 0);
	entry(structs, n++, "JavaThread", "_current_pending_monitor", "ObjectMonitor*", 40, 0);
	entry(structs, n++, "JavaThread", "_current_waiting_monitor", "ObjectMonitor*", 48, 0);
	entry(structs, n++, stream ? "Thread" : "JavaThread", "_osthread", "OSThread*", 8, 0);
	entry(structs, n++, "JavaThread", "_threadObj", "OopHandle", 24, 0);
	entry(structs, n++, "OSThread", "_thread_id", "pid_t", 12, 0);
	entry(structs, n++, "OopHandle", "_obj", "oop*", 0, 0);
	entry(structs, n++, "CompressedOops", stream ? "_base" : "_narrow_oop._base", "address", 0,
	      statics + 8);
	entry(structs, n++, "CompressedOops", stream ? "_shift" : "_narrow_oop._shift", "int", 0,
	      statics + 16);
	entry(structs, n++, "CompressedKlassPointers", stream ? "_base" : "_narrow_klass._base", "address", 0,
	      statics + 24);
	entry(structs, n++, "CompressedKlassPointers", stream ? "_shift" : "_narrow_klass._shift", "int", 0,
	      statics + 32);
	entry(structs, n++, "oopDesc", "_metadata._klass", "Klass*", 8, 0);
	entry(structs, n++, "Klass", "_name", "Symbol*", 24, 0);
	entry(structs, n++, "Symbol", "_length", "u2", 4, 0);
	entry(structs, n++, "Symbol", "_body[0]", "u1", 6, 0);
	entry(structs, n++, "InstanceKlass", stream ? "_fieldinfo_stream" : "_fields", "Array*",
	      stream ? 48 : 40, 0);
	entry(structs, n++, "InstanceKlass", "_constants", "ConstantPool*", 32, 0);
	put(types, text("Symbol"), 8);
	put(types + 16, 8, 8);
	put(types + 24, text("ConstantPool"), 8);
	put(types + 40, CONSTANTS_SIZE, 8);
	w.symbols[BT_HOTSPOT_STRUCTS] = structs;
	w.symbols[BT_HOTSPOT_STRUCT_STRIDE] = 48;
	w.symbols[BT_HOTSPOT_STRUCT_FIELD_NAME] = 8;
	w.symbols[BT_HOTSPOT_STRUCT_TYPE_STRING] = 16;
	w.symbols[BT_HOTSPOT_STRUCT_OFFSET] = 32;
	w.symbols[BT_HOTSPOT_STRUCT_ADDRESS] = 40;
	w.symbols[BT_HOTSPOT_TYPES] = types;
	w.symbols[BT_HOTSPOT_TYPE_STRIDE] = 24;
	w.symbols[BT_HOTSPOT_TYPE_SIZE] = 16;
}

/* All that is asked of it, in the order in which it is; what came of it. */
static enum bt_java_class ask(struct bt_java_thread *thread)
{
	uint64_t threads[4];

	memset(thread, 0, sizeof(*thread));
	if (bt_hotspot_layout_read(&memory, w.symbols, &w.layout) ||
	    !bt_hotspot_threads_read(&memory, &w.layout, threads, 4) ||
	    !bt_hotspot_thread_read(&memory, &w.layout, threads[0], thread) ||
	    !bt_hotspot_objects_learn(&memory, &w.layout, thread))
		return BT_JAVA_CLASS_OTHER;
	return bt_hotspot_class_kind(&memory, &w.layout,
				     bt_hotspot_blocker_class(&memory, &w.layout, thread));
}

static void a_lock_is_found(void **state)
{
	struct bt_java_thread thread;

	(void)state;
	for (int stream = 0; stream < 2; stream++) {
		world_make(stream);
		assert_int_equal(ask(&thread), BT_JAVA_CLASS_LOCK);
		assert_int_equal(thread.thread, w.thread);
		assert_int_equal(thread.id, 4711);
		assert_int_equal(thread.id_at, w.osthread + 12);
		assert_int_equal(w.layout.jvm.pending, 40);
		assert_int_equal(w.layout.jvm.waiting, 48);
		assert_int_equal(w.layout.jvm.eetop, EETOP);
		assert_int_equal(w.layout.jvm.blocker, BLOCKER);
		assert_int_equal(w.layout.jvm.oop_bytes, 4);
		assert_int_equal(w.layout.jvm.klass_bytes, 4);
		assert_int_equal(w.layout.jvm.oop_base, BASE);
	}
}

static void other_classes_are_no_locks(void **state)
{
	struct bt_java_thread thread;
	uint64_t object;

	(void)state;
	world_make(false);
	object =
	    object_of(klass("java/util/concurrent/locks/AbstractQueuedSynchronizer$ConditionObject"), 32);
	put(w.object + BLOCKER, narrow(object), 4);
	assert_int_equal(ask(&thread), BT_JAVA_CLASS_WORK);
	object = object_of(klass("java/util/concurrent/locks/ReentrantLock$NonfairSync2"), 32);
	put(w.object + BLOCKER, narrow(object), 4);
	assert_int_equal(ask(&thread), BT_JAVA_CLASS_OTHER);
	put(w.object + BLOCKER, 0, 4);
	assert_int_equal(ask(&thread), BT_JAVA_CLASS_OTHER);
}

/* Without objects there are monitors all the same. */
static void what_does_not_fit_is_not_known(void **state)
{
	struct bt_java_thread thread;

	(void)state;
	/* A java.lang.Thread of somebody else's. */
	world_make(false);
	put(w.object + EETOP, w.thread + 8, 8);
	assert_int_equal(ask(&thread), BT_JAVA_CLASS_OTHER);
	assert_int_equal(w.layout.jvm.pending, 40);
	assert_int_equal(w.layout.jvm.blocker, 0);
	assert_int_equal(bt_hotspot_blocker_class(&memory, &w.layout, &thread), 0);
	/* Coloured references. */
	world_make(true);
	put(w.object + NAME, 0xfffffff0, 4);
	assert_int_equal(ask(&thread), BT_JAVA_CLASS_OTHER);
	assert_int_equal(w.layout.jvm.blocker, 0);
	/* An old virtual machine, or none: nothing is published. */
	world_make(false);
	put(w.symbols[BT_HOTSPOT_STRUCTS] + 5ULL * 48, 0, 8);
	assert_int_equal(bt_hotspot_layout_read(&memory, w.symbols, &w.layout), -EINVAL);
	memset(w.symbols, 0, sizeof(w.symbols));
	assert_int_equal(bt_hotspot_layout_read(&memory, w.symbols, &w.layout), -EINVAL);
}

static void a_list_without_end_is_cut(void **state)
{
	uint64_t threads[4];

	(void)state;
	world_make(false);
	assert_int_equal(bt_hotspot_layout_read(&memory, w.symbols, &w.layout), 0);
	put(w.list + 4, 0xffffffff, 4);
	put(w.list + 16, BASE, 8);
	assert_int_equal(bt_hotspot_threads_read(&memory, &w.layout, threads, 4), 4);
	put(w.list + 16, BASE + BYTES - 8, 8);
	assert_int_equal(bt_hotspot_threads_read(&memory, &w.layout, threads, 4), 0);
}

static void broken_memory_does_no_harm(void **state)
{
	uint64_t seed = 20261126;
	struct bt_java_thread thread;
	unsigned int found = 0;

	(void)state;
	for (int round = 0; round < 4000; round++) {
		world_make(round & 1);
		for (int i = 0; i < 6; i++) {
			uint64_t dice = unit_random(&seed);

			w.bytes[(dice >> 16) % (w.next - BASE)] = (unsigned char)dice;
			if (dice % 11 == 0)
				w.symbols[(dice >> 8) % BT_HOTSPOT_SYMBOLS] =
				    unit_random(&seed) >> (dice >> 40) % 64;
		}
		found += ask(&thread) != BT_JAVA_CLASS_OTHER;
		if (w.layout.jvm.blocker) {
			assert_true(w.layout.jvm.oop_shift <= 7);
			assert_true(w.layout.jvm.oop_bytes == 4 || w.layout.jvm.oop_bytes == 8);
		}
	}
	assert_in_range(found, 100, 3999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_lock_is_found),
	    cmocka_unit_test(other_classes_are_no_locks),
	    cmocka_unit_test(what_does_not_fit_is_not_known),
	    cmocka_unit_test(a_list_without_end_is_cut),
	    cmocka_unit_test(broken_memory_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
