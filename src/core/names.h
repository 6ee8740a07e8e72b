/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of microstates, groups, verdicts and system calls: strings that live as long as the program.
 */
#ifndef BOUNDTOP_NAMES_H
#define BOUNDTOP_NAMES_H

#include "verdict.h"

/* For values from elsewhere: a number that is none of the table's gives "none" (letter ' '). */
const char *bt_microstate_name(unsigned int ms);    /* in JSON and as a cause */
const char *bt_microstate_column(unsigned int ms);  /* three letters */
const char *bt_microstate_meaning(unsigned int ms); /* a phrase */
char bt_microstate_letter(unsigned int ms);         /* in a bar */
/* BT_GROUP_NONE for what is no microstate. */
enum bt_group bt_microstate_group(unsigned int ms);
/* The microstate of that name; BT_MS_NONE: there is none. */
enum bt_microstate bt_microstate_by_name(const char *name);

const char *bt_group_name(unsigned int group);
const char *bt_verdict_name(unsigned int id);
const char *bt_verdict_meaning(unsigned int id);
const char *bt_kind_name(unsigned int kind);     /* "user", "kernel" */
const char *bt_target_name(unsigned int target); /* "pipe", "file", …; "" for none */

static inline bool bt_target_is_socket(unsigned int target)
{
	return target == BT_TARGET_INET || target == BT_TARGET_UNIX;
}

/* Name of a system call of this machine's own ABI; NULL: no such number (-1 among them). */
const char *bt_syscall_name(int nr);

#endif
