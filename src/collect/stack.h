/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where in the kernel threads sleep. */
#ifndef BOUNDTOP_COLLECT_STACK_H
#define BOUNDTOP_COLLECT_STACK_H

#include "collector.h"

/* The operation stack of a collector (collector.h), from /proc. */
int bt_stack_from_proc(struct bt_collector *c, pid_t pid, uint64_t start_ns, pid_t tid, char **out);

/* The same by a BPF program (bpf/task_stack.bpf.c), which has to be loaded while privileges are there. */
struct bt_stacks;

/* 0, or -Exxx as the kernel said; nothing stays in the kernel then. */
int bt_stacks_open(struct bt_stacks **out);
/* As the operation stack; takes no privileges. -ESRCH: no such thread. */
int bt_stacks_read(struct bt_stacks *s, uint64_t start_ns, pid_t tid, char **out);
/* Unloads it; NULL is fine. */
void bt_stacks_close(struct bt_stacks *s);

#endif
