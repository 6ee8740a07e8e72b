/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The BPF programs as this kernel takes them: hides which of the generated skeletons was loaded.
 */
#ifndef BOUNDTOP_COLLECT_SKELETON_H
#define BOUNDTOP_COLLECT_SKELETON_H

#include <stdbool.h>
#include <sys/types.h>

#include "collector_shared.h"
#include "decide.h"

#define BT_SKELETON_PROGRAMS 5

/* The kernel side's variables, mapped: both sides see each other's writes. */
struct bt_skeleton_bss {
	bool *seeding;
	bool *full_read;
	bool *first_look; /* NULL: there is no such program (polled_link) */
	__u64 *frame_ns;  /* see bpf/listed.h */
	__u64 *list_lost;
	struct bt_kernel_stats *stats;
};

struct bt_skeleton {
	struct bt_skeleton_bss bss;
	int programs[BT_SKELETON_PROGRAMS];
	int iter_link;
	int polled_link; /* -1: this kernel has no such program */
	int asked_link;  /* likewise */
	int64_t *asked;  /* the numbers that it goes by: BT_ASKED_MAX, mapped */
	int exits_map;
	int lumps_map;
	int gils_map;
	int jvms_map;
	int java_threads_map;
	int java_classes_map;
	int run_queue_map;
	void *generated; /* struct collector or struct collector_5_14 */
	void (*destroy)(void *generated);
};

/* Loads and attaches that build. 0 or -Exxx: what the kernel said. */
int bt_skeleton_open(struct bt_skeleton **out, enum bt_program program);
/* A link of an iterator over tasks, for that one thread alone, by its number in our PID namespace; from 6.1
 * on, and before 9495a5b731fc ("bpf: Fix iter/task tid filtering"), 6.12, for the leader of a process alone.
 * It takes no privileges, and is gone with its descriptor. The descriptor, or -Exxx. */
int bt_skeleton_link_thread(int program, pid_t tid);
/* Detaches and unloads; NULL is fine. */
void bt_skeleton_close(struct bt_skeleton *s);

#endif
