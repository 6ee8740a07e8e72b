/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hotspot_layout.h"

#include <errno.h>
#include <string.h>

#include "hotspot_read.h"

/* Some hundred of each in every version; more is nonsense. */
#define ENTRIES_MAX 8192
#define STRIDE_MAX  256
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

/* A string of C's, "" if it is too long or not there. */
static void text_read(const struct bt_memory *m, uint64_t at, char out[BT_HOTSPOT_NAME_MAX])
{
	size_t have = 0;

	while (have < BT_HOTSPOT_NAME_MAX) {
		size_t size = BT_HOTSPOT_NAME_MAX - have;
		size_t left = PAGE_BYTES - (size_t)((at + have) % PAGE_BYTES);

		if (size > left)
			size = left;
		if (!bt_hotspot_bytes(m, at + have, out + have, size))
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
	char text[BT_HOTSPOT_NAME_MAX];

	if (out->has[w->field])
		return;
	memcpy(&offset, entry + symbols[BT_HOTSPOT_STRUCT_OFFSET], sizeof(offset));
	memcpy(&address, entry + symbols[BT_HOTSPOT_STRUCT_ADDRESS], sizeof(address));
	memcpy(&type, entry + symbols[BT_HOTSPOT_STRUCT_TYPE_STRING], sizeof(type));
	if (w->is_static ? !address : offset >= BT_HOTSPOT_OFFSET_MAX)
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
	char type[BT_HOTSPOT_NAME_MAX] = "", name[BT_HOTSPOT_NAME_MAX];
	bool of_interest = false;

	for (enum bt_hotspot_symbol s = BT_HOTSPOT_STRUCT_TYPE_NAME; s <= BT_HOTSPOT_STRUCT_ADDRESS; s++)
		if (stride > STRIDE_MAX || symbols[s] + sizeof(uint64_t) > stride || symbols[s] > STRIDE_MAX)
			return false;
	for (uint64_t i = 0; i < ENTRIES_MAX; i++) {
		unsigned char entry[STRIDE_MAX];
		uint64_t type_at, name_at;

		if (!bt_hotspot_bytes(m, symbols[BT_HOTSPOT_STRUCTS] + i * stride, entry, (size_t)stride))
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
		char text[BT_HOTSPOT_NAME_MAX];
		uint64_t at;

		if (!bt_hotspot_bytes(m, symbols[BT_HOTSPOT_TYPES] + i * stride, entry, (size_t)stride))
			return 0;
		memcpy(&at, entry + name, sizeof(at));
		if (!at)
			return 0;
		text_read(m, at, text);
		if (strcmp(text, wanted_type) != 0)
			continue;
		memcpy(&at, entry + size, sizeof(at));
		return at < BT_HOTSPOT_OFFSET_MAX ? (uint32_t)at : 0;
	}
	return 0;
}

int bt_hotspot_layout_read(const struct bt_memory *m, const uint64_t symbols[BT_HOTSPOT_SYMBOLS],
			   struct bt_hotspot_layout *out)
{
	*out = (struct bt_hotspot_layout){0};
	if (!structs_read(m, symbols, out) ||
	    !bt_hotspot_has_all(out, BT_HOTSPOT_THREAD_LIST, BT_HOTSPOT_THREAD_ID)) {
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

	if (!bt_hotspot_number(m, l->field[BT_HOTSPOT_THREAD_LIST], &list) || !list ||
	    !bt_hotspot_int(m, list + l->field[BT_HOTSPOT_LIST_LENGTH], &length) || !length ||
	    !bt_hotspot_number(m, list + l->field[BT_HOTSPOT_LIST_THREADS], &array))
		return 0;
	if (length > max)
		length = (uint32_t)max;
	return bt_hotspot_bytes(m, array, threads, length * sizeof(*threads)) ? length : 0;
}

bool bt_hotspot_thread_read(const struct bt_memory *m, const struct bt_hotspot_layout *l, uint64_t thread,
			    struct bt_java_thread *out)
{
	uint64_t osthread, object_at;
	uint32_t id;

	*out = (struct bt_java_thread){.thread = thread};
	if (!thread || !bt_hotspot_number(m, thread + l->field[BT_HOTSPOT_OSTHREAD], &osthread) || !osthread)
		return false;
	out->id_at = osthread + l->field[BT_HOTSPOT_THREAD_ID];
	if (!bt_hotspot_int(m, out->id_at, &id) || !id)
		return false;
	out->id = (int32_t)id;
	if (!l->has[BT_HOTSPOT_THREAD_OBJECT])
		return true;
	object_at = thread + l->field[BT_HOTSPOT_THREAD_OBJECT];
	if (l->object_is_handle &&
	    (!l->has[BT_HOTSPOT_HANDLE] ||
	     !bt_hotspot_number(m, object_at + l->field[BT_HOTSPOT_HANDLE], &object_at)))
		object_at = 0;
	out->object_at = object_at;
	return true;
}
