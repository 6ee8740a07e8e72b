/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stddef.h>
#include <sys/syscall.h>

#include "names.h"

/* syscall_list.h is made of the libc's own macros: BT_SYSCALL(read) for each __NR_read. */
#pragma GCC diagnostic push
/* Two names may share a number. */
#pragma GCC diagnostic ignored "-Woverride-init"
static const char *const names[] = {
#define BT_SYSCALL(name) [__NR_##name] = #name,
#include "syscall_list.h"
#undef BT_SYSCALL
};
#pragma GCC diagnostic pop

const char *bt_syscall_name(int nr)
{
	if (nr < 0 || (size_t)nr >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[nr];
}
