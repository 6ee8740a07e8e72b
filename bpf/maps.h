/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel side keeps, and what it hands over. */
#ifndef BOUNDTOP_BPF_MAPS_H
#define BOUNDTOP_BPF_MAPS_H

#include "collector_shared.h"
#include "kernel.h"

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct bt_account);
} accounts SEC(".maps");

/* Threads that ended, and what the reader is asked and told: its types are those of the wire and
 * BT_RECORD_ASK, …_LISTED. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, BT_EXITS_BYTES);
} exits SEC(".maps");

/* Threads that ended while the ring was full, summed under the process that forked them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BT_LUMPS_MAX);
	__type(key, struct bt_lump_key);
	__type(value, struct bt_lump);
} lumps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bt_run_queue);
} run_queue SEC(".maps");

/* Where interpreters have their lock; user space answers (gil.h). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BT_GILS_MAX);
	__type(key, struct bt_gil_key);
	__type(value, struct bt_gil_range);
} gils SEC(".maps");

/* What is known of Java's processes, threads and classes; user space answers (hotspot.h). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BT_JVMS_MAX);
	__type(key, struct bt_gil_key);
	__type(value, struct bt_jvm_layout);
} jvms SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BT_JAVA_THREADS_MAX);
	__type(key, struct bt_java_thread_key);
	__type(value, struct bt_java_thread);
} java_threads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, BT_JAVA_CLASSES_MAX);
	__type(key, struct bt_java_class_key);
	__type(value, __u32);
} java_classes SEC(".maps");

/* Threads that the reader asks for: their numbers, 0 = none. Written by user space, mapped. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, BT_ASKED_MAX);
	__type(key, __u32);
	__type(value, __s64);
} asked SEC(".maps");

#endif
