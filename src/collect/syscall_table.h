/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_SYSCALL_TABLE_H
#define BOUNDTOP_SYSCALL_TABLE_H

#include <stdint.h>

#include "syscall_class.h"

/* Fills table[nr] with the class (enum bt_syscall_class) of each system call of the architecture that this
 * was compiled for; all others are BT_SC_OTHER. */
void bt_syscall_table_fill(uint8_t table[BT_SYSCALL_MAX]);

/* Fills table[nr] for the system calls of the 32-bit ABI with one more than the number of the same call in
 * the machine's own; 0: there is none, or it takes several calls' place (socketcall, ipc). */
void bt_syscall_compat_fill(uint16_t table[BT_SYSCALL_MAX]);

#endif
