/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks of the kernel's, in nanoseconds. Not for the core, which is told what time it is. */
#ifndef BOUNDTOP_CLOCK_H
#define BOUNDTOP_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t bt_clock_read_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#endif
