/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The memory of a process that says it is a Java virtual machine: what its symbols lead to, then the rest of
 * it. */
#include "hotspot_layout.h"

#include "fuzz.h"

#define BASE        0x10000ULL
#define THREADS_MAX 16

static bool memory_read(void *context, uint64_t at, void *out, size_t size)
{
	const struct fuzz_input *in = context;

	if (at < BASE || at - BASE > in->size || size > in->size - (at - BASE))
		return false;
	memcpy(out, in->data + (at - BASE), size);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	const struct bt_memory memory = {.read = memory_read, .context = &in};
	uint64_t symbols[BT_HOTSPOT_SYMBOLS], threads[THREADS_MAX];
	struct bt_hotspot_layout layout;
	struct bt_java_thread thread;
	size_t count;

	for (size_t i = 0; i < BT_HOTSPOT_SYMBOLS; i++)
		symbols[i] = fuzz_take(&in, sizeof(symbols[i]));
	if (bt_hotspot_layout_read(&memory, symbols, &layout))
		return 0;
	count = bt_hotspot_threads_read(&memory, &layout, threads, THREADS_MAX);
	FUZZ_ASSERT(count <= THREADS_MAX);
	for (size_t i = 0; i < count; i++) {
		if (!bt_hotspot_thread_read(&memory, &layout, threads[i], &thread))
			continue;
		FUZZ_ASSERT(thread.thread && thread.id);
		if (!bt_hotspot_objects_learn(&memory, &layout, &thread))
			continue;
		FUZZ_ASSERT(layout.jvm.oop_shift <= 7 && layout.jvm.blocker && layout.jvm.eetop);
		(void)bt_hotspot_class_kind(&memory, &layout,
					    bt_hotspot_blocker_class(&memory, &layout, &thread));
	}
	return 0;
}
