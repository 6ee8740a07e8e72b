/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Strict reading of what users type: the whole text is the value, or it is refused. The result is untouched
 * on failure. No locale: the decimal separator is a point.
 */
#ifndef BOUNDTOP_PARSE_H
#define BOUNDTOP_PARSE_H

#include <stdint.h>

/* 10^7 seconds, 115 days: what is longer is a slip of the finger. */
#define BT_SECONDS_MAX 10000000
/* 1 ms: below, reading takes longer than the interval. */
#define BT_SECONDS_MIN_NS 1000000ULL
/* PID_MAX_LIMIT, include/linux/threads.h */
#define BT_PID_MAX 4194304

/*
 * Seconds, digits with an optional fraction ("3", "0.25", ".5"), to ns. 0; -EINVAL: not such a number
 * (empty, sign, exponent, inf, nan, a unit behind it); -ERANGE: 0, below 1 ms or above BT_SECONDS_MAX.
 */
int bt_parse_seconds(const char *text, uint64_t *out_ns);
/* A process, 1..BT_PID_MAX. 0, -EINVAL (no number), -ERANGE (0 among them). */
int bt_parse_pid(const char *text, int32_t *out);
/* A decimal number min..max. 0, -EINVAL, -ERANGE. */
int bt_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
