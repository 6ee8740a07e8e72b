/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hotspot_layout.h"

#include <errno.h>
#include <string.h>

/* Some hundred of each in every version; more is nonsense. */
#define ENTRIES_MAX 8192
#define STRIDE_MAX  256
/* Offsets in a structure, an object. */
#define OFFSET_MAX (1 << 16)
/* Names of interest are shorter. */
#define NAME_MAX_LENGTH 128
#define JAVA_FIELDS_MAX 128
#define STREAM_MAX      4096
/* Memory comes in pages: what is behind one may not be there. */
#define PAGE_BYTES 4096

const char *const bt_hotspot_symbol_names[BT_HOTSPOT_SYMBOLS] = {
    [BT_HOTSPOT_STRUCTS] = "gHotSpotVMStructs",
    [BT_HOTSPOT_STRUCT_STRIDE] = "gHotSpotVMStructEntryArrayStride",
    [BT_HOTSPOT_STRUCT_TYPE_NAME] = "gHotSpotVMStructEntryTypeNameOffset",
    [BT_HOTSPOT_STRUCT_FIELD_NAME] = "gHotSpotVMStructEntryFieldNameOffset",
    [BT_HOTSPOT_STRUCT_TYPE_STRING] = "gHotSpotVMStructEntryTypeStringOffset",
    [BT_HOTSPOT_STRUCT_OFFSET] = "gHotSpotVMStructEntryOffsetOffset",
    [BT_HOTSPOT_STRUCT_ADDRESS] = "gHotSpotVMStructEntryAddressOffset",
    [BT_HOTSPOT_TYPES] = "gHotSpotVMTypes",
    [BT_HOTSPOT_TYPE_STRIDE] = "gHotSpotVMTypeEntryArrayStride",
    [BT_HOTSPOT_TYPE_NAME] = "gHotSpotVMTypeEntryTypeNameOffset",
    [BT_HOTSPOT_TYPE_SIZE] = "gHotSpotVMTypeEntrySizeOffset",
};

/* What they are called: versions differ. */
static const struct wanted {
	const char *type, *name;
	enum bt_hotspot_field field;
	bool is_static;
} wanted[] = {
    {"ThreadsSMRSupport", "_java_thread_list", BT_HOTSPOT_THREAD_LIST, true},
    {"ThreadsList", "_length", BT_HOTSPOT_LIST_LENGTH, false},
    {"ThreadsList", "_threads", BT_HOTSPOT_LIST_THREADS, false},
    {"JavaThread", "_current_pending_monitor", BT_HOTSPOT_PENDING, false},
    {"Thread", "_current_pending_monitor", BT_HOTSPOT_PENDING, false},
    {"JavaThread", "_current_waiting_monitor", BT_HOTSPOT_WAITING, false},
    {"Thread", "_current_waiting_monitor", BT_HOTSPOT_WAITING, false},
    {"JavaThread", "_osthread", BT_HOTSPOT_OSTHREAD, false},
    {"Thread", "_osthread", BT_HOTSPOT_OSTHREAD, false},
    {"OSThread", "_thread_id", BT_HOTSPOT_THREAD_ID, false},
    {"JavaThread", "_threadObj", BT_HOTSPOT_THREAD_OBJECT, false},
    {"OopHandle", "_obj", BT_HOTSPOT_HANDLE, false},
    {"CompressedOops", "_base", BT_HOTSPOT_OOP_BASE, true},
    {"CompressedOops", "_narrow_oop._base", BT_HOTSPOT_OOP_BASE, true},
    {"Universe", "_narrow_oop._base", BT_HOTSPOT_OOP_BASE, true},
    {"CompressedOops", "_shift", BT_HOTSPOT_OOP_SHIFT, true},
    {"CompressedOops", "_narrow_oop._shift", BT_HOTSPOT_OOP_SHIFT, true},
    {"Universe", "_narrow_oop._shift", BT_HOTSPOT_OOP_SHIFT, true},
    {"CompressedKlassPointers", "_base", BT_HOTSPOT_KLASS_BASE, true},
    {"CompressedKlassPointers", "_narrow_klass._base", BT_HOTSPOT_KLASS_BASE, true},
    {"Universe", "_narrow_klass._base", BT_HOTSPOT_KLASS_BASE, true},
    {"CompressedKlassPointers", "_shift", BT_HOTSPOT_KLASS_SHIFT, true},
    {"CompressedKlassPointers", "_narrow_klass._shift", BT_HOTSPOT_KLASS_SHIFT, true},
    {"Universe", "_narrow_klass._shift", BT_HOTSPOT_KLASS_SHIFT, true},
    {"oopDesc", "_metadata._klass", BT_HOTSPOT_OBJECT_KLASS, false},
    {"Klass", "_name", BT_HOTSPOT_KLASS_NAME, false},
    {"Symbol", "_length", BT_HOTSPOT_SYMBOL_LENGTH, false},
    {"Symbol", "_body[0]", BT_HOTSPOT_SYMBOL_BODY, false},
    {"Symbol", "_body", BT_HOTSPOT_SYMBOL_BODY, false},
    {"InstanceKlass", "_fields", BT_HOTSPOT_CLASS_FIELDS, false},
    {"InstanceKlass", "_fieldinfo_stream", BT_HOTSPOT_CLASS_STREAM, false},
    {"InstanceKlass", "_constants", BT_HOTSPOT_CONSTANTS, false},
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

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

static bool bytes_read(const struct bt_memory *m, uint64_t at, void *out, size_t size)
{
	return at && m->read(m->context, at, out, size);
}

static bool number_read(const struct bt_memory *m, uint64_t at, uint64_t *out)
{
	return bytes_read(m, at, out, sizeof(*out));
}

static bool int_read(const struct bt_memory *m, uint64_t at, uint32_t *out)
{
	return bytes_read(m, at, out, sizeof(*out));
}

/* A string of C's, "" if it is too long or not there. */
static void text_read(const struct bt_memory *m, uint64_t at, char out[NAME_MAX_LENGTH])
{
	size_t have = 0;

	while (have < NAME_MAX_LENGTH) {
		size_t size = NAME_MAX_LENGTH - have;
		size_t left = PAGE_BYTES - (size_t)((at + have) % PAGE_BYTES);

		if (size > left)
			size = left;
		if (!bytes_read(m, at + have, out + have, size))
			break;
		if (memchr(out + have, '\0', size))
			return;
		have += size;
	}
	out[0] = '\0';
}

static void field_take(const struct bt_memory *m, const uint64_t *symbols, const unsigned char *entry,
		       const struct wanted *w, struct bt_hotspot_layout *out)
{
	uint64_t offset, address, type;
	char text[NAME_MAX_LENGTH];

	if (out->has[w->field])
		return;
	memcpy(&offset, entry + symbols[BT_HOTSPOT_STRUCT_OFFSET], sizeof(offset));
	memcpy(&address, entry + symbols[BT_HOTSPOT_STRUCT_ADDRESS], sizeof(address));
	memcpy(&type, entry + symbols[BT_HOTSPOT_STRUCT_TYPE_STRING], sizeof(type));
	if (w->is_static ? !address : offset >= OFFSET_MAX)
		return;
	out->field[w->field] = w->is_static ? address : offset;
	out->has[w->field] = true;
	if (w->field == BT_HOTSPOT_THREAD_OBJECT) {
		text_read(m, type, text);
		out->object_is_handle = !strcmp(text, "OopHandle");
	}
}

/*
 * Calls for each entry of a table that has the names that it is looked for by; a table ends with an entry
 * without a name.
 */
static bool structs_read(const struct bt_memory *m, const uint64_t *symbols, struct bt_hotspot_layout *out)
{
	uint64_t stride = symbols[BT_HOTSPOT_STRUCT_STRIDE], last = 0;
	char type[NAME_MAX_LENGTH] = "", name[NAME_MAX_LENGTH];
	bool of_interest = false;

	for (enum bt_hotspot_symbol s = BT_HOTSPOT_STRUCT_TYPE_NAME; s <= BT_HOTSPOT_STRUCT_ADDRESS; s++)
		if (stride > STRIDE_MAX || symbols[s] + sizeof(uint64_t) > stride || symbols[s] > STRIDE_MAX)
			return false;
	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		unsigned char entry[STRIDE_MAX];
		uint64_t type_at, name_at;

		if (!bytes_read(m, symbols[BT_HOTSPOT_STRUCTS] + i * stride, entry, (size_t)stride))
			return false;
		memcpy(&type_at, entry + symbols[BT_HOTSPOT_STRUCT_TYPE_NAME], sizeof(type_at));
		memcpy(&name_at, entry + symbols[BT_HOTSPOT_STRUCT_FIELD_NAME], sizeof(name_at));
		if (!type_at)
			return true;
		/* Those of one type follow each other. */
		if (type_at != last) {
			last = type_at;
			text_read(m, type_at, type);
			of_interest = false;
			for (size_t w = 0; w < WANTED; w++)
				of_interest |= !strcmp(type, wanted[w].type);
		}
		if (!of_interest)
			continue;
		text_read(m, name_at, name);
		for (size_t w = 0; w < WANTED; w++)
			if (!strcmp(type, wanted[w].type) && !strcmp(name, wanted[w].name))
				field_take(m, symbols, entry, &wanted[w], out);
	}
	return false;
}

static uint32_t type_size_read(const struct bt_memory *m, const uint64_t *symbols, const char *wanted_type)
{
	uint64_t stride = symbols[BT_HOTSPOT_TYPE_STRIDE];
	uint64_t name = symbols[BT_HOTSPOT_TYPE_NAME], size = symbols[BT_HOTSPOT_TYPE_SIZE];

	if (stride > STRIDE_MAX || name > STRIDE_MAX || size > STRIDE_MAX || name + 8 > stride ||
	    size + 8 > stride)
		return 0;
	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		unsigned char entry[STRIDE_MAX];
		char text[NAME_MAX_LENGTH];
		uint64_t at;

		if (!bytes_read(m, symbols[BT_HOTSPOT_TYPES] + i * stride, entry, (size_t)stride))
			return 0;
		memcpy(&at, entry + name, sizeof(at));
		if (!at)
			return 0;
		text_read(m, at, text);
		if (strcmp(text, wanted_type) != 0)
			continue;
		memcpy(&at, entry + size, sizeof(at));
		return at < OFFSET_MAX ? (uint32_t)at : 0;
	}
	return 0;
}

static bool has_all(const struct bt_hotspot_layout *l, enum bt_hotspot_field from, enum bt_hotspot_field to)
{
	bool all = true;

	for (enum bt_hotspot_field f = from; f <= to; f++)
		all &= l->has[f];
	return all;
}

int bt_hotspot_layout_read(const struct bt_memory *m, const uint64_t symbols[BT_HOTSPOT_SYMBOLS],
			   struct bt_hotspot_layout *out)
{
	*out = (struct bt_hotspot_layout){0};
	if (!structs_read(m, symbols, out) || !has_all(out, BT_HOTSPOT_THREAD_LIST, BT_HOTSPOT_THREAD_ID)) {
		*out = (struct bt_hotspot_layout){0};
		return -EINVAL;
	}
	out->jvm.pending = (uint32_t)out->field[BT_HOTSPOT_PENDING];
	out->jvm.waiting = (uint32_t)out->field[BT_HOTSPOT_WAITING];
	out->constants_size = type_size_read(m, symbols, "ConstantPool");
	return 0;
}

size_t bt_hotspot_threads_read(const struct bt_memory *m, const struct bt_hotspot_layout *l,
			       uint64_t *threads, size_t max)
{
	uint64_t list, array;
	uint32_t length;

	if (!number_read(m, l->field[BT_HOTSPOT_THREAD_LIST], &list) || !list ||
	    !int_read(m, list + l->field[BT_HOTSPOT_LIST_LENGTH], &length) || !length ||
	    !number_read(m, list + l->field[BT_HOTSPOT_LIST_THREADS], &array))
		return 0;
	if (length > max)
		length = (uint32_t)max;
	return bytes_read(m, array, threads, length * sizeof(*threads)) ? length : 0;
}

bool bt_hotspot_thread_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t thread,
			    struct bt_java_thread *out)
{
	uint64_t osthread, object_at;
	uint32_t id;

	*out = (struct bt_java_thread){.thread = thread};
	if (!thread || !number_read(m, thread + l->field[BT_HOTSPOT_OSTHREAD], &osthread) || !osthread)
		return false;
	out->id_at = osthread + l->field[BT_HOTSPOT_THREAD_ID];
	if (!int_read(m, out->id_at, &id) || !id)
		return false;
	out->id = (int32_t)id;
	if (!l->has[BT_HOTSPOT_THREAD_OBJECT])
		return true;
	object_at = thread + l->field[BT_HOTSPOT_THREAD_OBJECT];
	if (l->object_is_handle && (!l->has[BT_HOTSPOT_HANDLE] ||
				    !number_read(m, object_at + l->field[BT_HOTSPOT_HANDLE], &object_at)))
		object_at = 0;
	out->object_at = object_at;
	return true;
}

/* The text of a Symbol; false: too long, or none. */
static bool symbol_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t symbol,
			char out[NAME_MAX_LENGTH])
{
	uint16_t length;

	if (!symbol || !bytes_read(m, symbol + l->field[BT_HOTSPOT_SYMBOL_LENGTH], &length, sizeof(length)) ||
	    !length || length >= NAME_MAX_LENGTH ||
	    !bytes_read(m, symbol + l->field[BT_HOTSPOT_SYMBOL_BODY], out, length))
		return false;
	out[length] = '\0';
	return true;
}

static bool class_name_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t klass,
			    char out[NAME_MAX_LENGTH])
{
	uint64_t name;

	return klass && !(klass & 7) && number_read(m, klass + l->field[BT_HOTSPOT_KLASS_NAME], &name) &&
	       symbol_read(m, l, name, out);
}

static uint64_t word_read(const struct bt_memory *m, uint64_t at, uint32_t bytes)
{
	uint64_t wide;
	uint32_t narrow;

	if (bytes == sizeof(narrow))
		return int_read(m, at, &narrow) ? narrow : 0;
	return number_read(m, at, &wide) ? wide : 0;
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
	char found[NAME_MAX_LENGTH];
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
	char name[NAME_MAX_LENGTH];
	uint64_t symbol;

	/* Numbers of constants have 16 bits. */
	if (!index || index > UINT16_MAX || !offset || offset >= OFFSET_MAX ||
	    !number_read(m, constants + l->constants_size + 8UL * index, &symbol) ||
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

	if (!int_read(m, table, &length))
		return;
	for (uint32_t i = 0; i < JAVA_FIELDS_MAX && 6 * i + 6 <= length; i++) {
		uint16_t field[6];
		uint32_t packed;

		if (!bytes_read(m, table + sizeof(length) + i * sizeof(field), field, sizeof(field)))
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

	if (!int_read(m, stream, &length) || length > sizeof(bytes) ||
	    !bytes_read(m, stream + sizeof(length), bytes, length))
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
	if (!l->constants_size || !number_read(m, klass + l->field[BT_HOTSPOT_CONSTANTS], &constants) ||
	    !constants)
		return;
	if (l->has[BT_HOTSPOT_CLASS_FIELDS]) {
		if (number_read(m, klass + l->field[BT_HOTSPOT_CLASS_FIELDS], &table) && table)
			fields_read(m, l, table, constants, out);
	} else if (number_read(m, klass + l->field[BT_HOTSPOT_CLASS_STREAM], &table) && table) {
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

	if (!has_all(l, BT_HOTSPOT_OOP_BASE, BT_HOTSPOT_SYMBOL_BODY) || !l->has[BT_HOTSPOT_CONSTANTS] ||
	    !(l->has[BT_HOTSPOT_CLASS_FIELDS] || l->has[BT_HOTSPOT_CLASS_STREAM]) ||
	    !number_read(m, thread->object_at, &object) || !object ||
	    !number_read(m, l->field[BT_HOTSPOT_OOP_BASE], &oop_base) ||
	    !int_read(m, l->field[BT_HOTSPOT_OOP_SHIFT], &oop_shift) || oop_shift > 7 ||
	    !number_read(m, l->field[BT_HOTSPOT_KLASS_BASE], &l->klass_base) ||
	    !int_read(m, l->field[BT_HOTSPOT_KLASS_SHIFT], &l->klass_shift) || l->klass_shift > 31)
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

	if (!l->jvm.blocker || !number_read(m, thread->object_at, &object) || !object ||
	    word_read(m, object + l->jvm.eetop, 8) != thread->thread)
		return 0;
	blocker = oop_decode(&l->jvm, word_read(m, object + l->jvm.blocker, l->jvm.oop_bytes));
	return blocker ? word_read(m, blocker + l->jvm.klass, l->jvm.klass_bytes) : 0;
}

enum bt_java_class bt_hotspot_class_kind(const struct bt_memory *m, const struct bt_hotspot_layout *l,
					 uint64_t klass)
{
	char name[NAME_MAX_LENGTH];

	if (!l->jvm.blocker || !class_name_read(m, l, klass_decode(l, klass, l->jvm.klass_bytes), name))
		return BT_JAVA_CLASS_OTHER;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (!strcmp(classes[i].name, name))
			return classes[i].kind;
	return BT_JAVA_CLASS_OTHER;
}
