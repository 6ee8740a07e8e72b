/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Moments as people type them, and as they are shown: of the wall clock, in the local time zone (TZ) where
 * none is given. Nanoseconds since 1970 (CLOCK_REALTIME).
 */
#ifndef BOUNDTOP_MOMENT_H
#define BOUNDTOP_MOMENT_H

#include <stdbool.h>
#include <stdint.h>

struct bt_strbuf;

/* What a moment without a date, or a step, is about. */
struct bt_moment_span {
	int64_t from_ns, to_ns; /* what there is */
	int64_t at_ns;          /* where one is: steps are from here */
};

/*
 * One of
 *
 *   14:02  14:02:11  14:02:11.5            that time of day: the one in the span that is nearest to at_ns,
 * or, if none is, on the day of at_ns -5m  +90s  +2h  -1d  -30               before or after at_ns; without a
 * unit seconds 2026-11-25T14:02:11Z  …+01:00          RFC 3339; a space instead of the T, no seconds, no zone
 * (local), and no time (midnight) will do
 *
 * 0; -EINVAL: none of these; -ERANGE: no such day or time. The result may lie outside of the span.
 */
int bt_parse_moment(const char *text, const struct bt_moment_span *span, int64_t *out_ns);

/* "14:02:11", or with its date "2026-11-25 14:02:11"; local. */
void bt_moment_text(struct bt_strbuf *out, int64_t at_ns, bool with_date);
/* Are both on the same local day? */
bool bt_moment_same_day(int64_t a_ns, int64_t b_ns);

#endif
