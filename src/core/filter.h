/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which processes are shown: by PIDs, user, and pattern. All that is set must match; an empty filter matches
 * every process.
 */
#ifndef BOUNDTOP_FILTER_H
#define BOUNDTOP_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bt_filter;
struct bt_process;

int bt_filter_create(struct bt_filter **out); /* 0 or -ENOMEM */
void bt_filter_destroy(struct bt_filter *f);  /* NULL is fine */

/* Adds a PID to those that are shown. 0 or -ENOMEM. */
int bt_filter_add_pid(struct bt_filter *f, int32_t pid);
void bt_filter_set_uid(struct bt_filter *f, uint32_t uid);
/*
 * A POSIX extended regular expression, searched in comm and (where it is set) cmdline. 0, -ENOMEM, or
 * -EINVAL: what is wrong with it is written to why[size].
 */
int bt_filter_set_pattern(struct bt_filter *f, const char *pattern, char *why, size_t size);

bool bt_filter_is_empty(const struct bt_filter *f);
/* Does matching need the command line? */
bool bt_filter_needs_cmdline(const struct bt_filter *f);
bool bt_filter_match(const struct bt_filter *f, const struct bt_process *p);

#endif
