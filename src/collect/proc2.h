/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libproc2 4.0.5 took the info argument out of its VAL macros: one wrapper, chosen when configured.
 */
#ifndef BOUNDTOP_COLLECT_PROC2_H
#define BOUNDTOP_COLLECT_PROC2_H

#include <libproc2/meminfo.h>
#include <libproc2/pids.h>

#if BOUNDTOP_PROC2_VAL_HAS_INFO
#define BT_PIDS_VAL(item, type, stack, info)    PIDS_VAL(item, type, stack, info)
#define BT_MEMINFO_VAL(item, type, stack, info) MEMINFO_VAL(item, type, stack, info)
#else
#define BT_PIDS_VAL(item, type, stack, info)    PIDS_VAL(item, type, stack)
#define BT_MEMINFO_VAL(item, type, stack, info) MEMINFO_VAL(item, type, stack)
#endif

#endif
