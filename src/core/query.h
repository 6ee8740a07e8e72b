/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A filter as people type it: words that must all match.
 *
 *   text          in the name or the command line, whatever the case
 *   /expression/  a POSIX extended regular expression, searched there
 *   user:text  cgroup:text  container:text  verdict:text  cause:text   the value begins with it (cgroup,
 *   container: has it)
 *   pid:number
 *   !word         what does not match
 */
#ifndef BOUNDTOP_QUERY_H
#define BOUNDTOP_QUERY_H

#include <stdbool.h>
#include <stddef.h>

struct bt_process;
struct bt_query;

/* What must be looked up of a process before it can be matched. */
enum bt_query_need { BT_QUERY_NEEDS_COMMAND = 1 << 0, BT_QUERY_NEEDS_USER = 1 << 1 };

/* 0, -ENOMEM, or -EINVAL: what is wrong with it is written to why[size]. *out is only set on success. */
int bt_query_create(struct bt_query **out, const char *text, char *why, size_t size);
void bt_query_destroy(struct bt_query *q); /* NULL is fine */

unsigned int bt_query_needs(const struct bt_query *q); /* enum bt_query_need */
/* NULL matches every process. */
bool bt_query_match(const struct bt_query *q, const struct bt_process *p);

#endif
