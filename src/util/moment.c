/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "moment.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "strbuf.h"

#define NS_PER_S  1000000000ll
#define S_PER_DAY 86400
/* The year 2200: what is later, or farther away, does not fit into nanoseconds. */
#define S_MAX 7258118400ll

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Exactly count digits; false, and *at stays: there are others. */
static bool take_digits(const char **at, int count, int *out)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!is_digit((*at)[i]))
			return false;
		value = 10 * value + (*at)[i] - '0';
	}
	*at += count;
	*out = value;
	return true;
}

static bool take(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* Digits behind the point, in ns; what is below one is cut off. */
static bool take_fraction(const char **at, int64_t *out_ns)
{
	int64_t unit = NS_PER_S;

	if (!is_digit(**at))
		return false;
	for (; is_digit(**at); (*at)++) {
		unit /= 10;
		*out_ns += (**at - '0') * unit;
	}
	return true;
}

/* HH:MM[:SS[.…]] */
static bool take_time(const char **at, struct tm *tm, int64_t *ns)
{
	if (!take_digits(at, 2, &tm->tm_hour) || !take(at, ':') || !take_digits(at, 2, &tm->tm_min))
		return false;
	if (!take(at, ':'))
		return true;
	if (!take_digits(at, 2, &tm->tm_sec))
		return false;
	return !take(at, '.') || take_fraction(at, ns);
}

static bool in_range(const struct tm *tm)
{
	/* Second 60 is a leap second. */
	return tm->tm_hour < 24 && tm->tm_min < 60 && tm->tm_sec <= 60;
}

/* Seconds of a local time; false: there is no such day. */
static bool local_seconds(const struct tm *tm, int64_t *out_s)
{
	struct tm copy = *tm;

	copy.tm_isdst = -1;
	*out_s = mktime(&copy);
	return copy.tm_mday == tm->tm_mday && copy.tm_mon == tm->tm_mon;
}

/* [zone] at the end: Z, or ±HH:MM. */
static int take_zone(const char *at, const struct tm *tm, int64_t *out_s)
{
	struct tm copy = *tm;
	int hours = 0, minutes = 0;
	bool west;

	if (!*at)
		return local_seconds(tm, out_s) ? 0 : -ERANGE;
	*out_s = timegm(&copy);
	if (copy.tm_mday != tm->tm_mday || copy.tm_mon != tm->tm_mon)
		return -ERANGE;
	if ((*at == 'Z' || *at == 'z') && !at[1])
		return 0;
	west = *at == '-';
	if ((*at != '+' && !west) || (at++, !take_digits(&at, 2, &hours)) || !take(&at, ':') ||
	    !take_digits(&at, 2, &minutes) || *at)
		return -EINVAL;
	*out_s += (west ? 60 : -60) * (60ll * hours + minutes);
	return 0;
}

static int parse_date(const char *at, int64_t *out_ns)
{
	struct tm tm = {0};
	int64_t ns = 0, seconds;
	int err;

	if (!take_digits(&at, 4, &tm.tm_year) || !take(&at, '-') || !take_digits(&at, 2, &tm.tm_mon) ||
	    !take(&at, '-') || !take_digits(&at, 2, &tm.tm_mday))
		return -EINVAL;
	if (*at && !((*at == 'T' || *at == 't' || *at == ' ') && (at++, take_time(&at, &tm, &ns))))
		return -EINVAL;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || !in_range(&tm))
		return -ERANGE;
	err = take_zone(at, &tm, &seconds);
	if (err)
		return err;
	if (seconds < 0 || seconds > S_MAX)
		return -ERANGE;
	*out_ns = seconds * NS_PER_S + ns;
	return 0;
}

static int parse_time_of_day(const char *at, const struct bt_moment_span *span, int64_t *out_ns)
{
	struct tm tm = {0}, day;
	int64_t ns = 0, best_ns = 0, distance_ns = INT64_MAX;
	time_t now = (time_t)(span->at_ns / NS_PER_S);
	/* One day more on either side: where one is may be neither the first nor the last. */
	int before = (int)((span->at_ns - span->from_ns) / NS_PER_S / S_PER_DAY) + 1;
	int after = (int)((span->to_ns - span->at_ns) / NS_PER_S / S_PER_DAY) + 1;

	if (!take_time(&at, &tm, &ns) || *at)
		return -EINVAL;
	if (!in_range(&tm))
		return -ERANGE;
	if (!localtime_r(&now, &day))
		return -ERANGE;
	for (int shift = -before; shift <= after; shift++) {
		struct tm then = day;
		int64_t at_ns, far_ns;

		then.tm_hour = tm.tm_hour;
		then.tm_min = tm.tm_min;
		then.tm_sec = tm.tm_sec;
		then.tm_mday += shift;
		then.tm_isdst = -1;
		at_ns = (int64_t)mktime(&then) * NS_PER_S + ns;
		far_ns = at_ns > span->at_ns ? at_ns - span->at_ns : span->at_ns - at_ns;
		/* Outside of the span it is only taken if there is nothing better. */
		if (at_ns < span->from_ns || at_ns > span->to_ns)
			far_ns = shift ? INT64_MAX : INT64_MAX - 1;
		if (far_ns >= distance_ns)
			continue;
		distance_ns = far_ns;
		best_ns = at_ns;
	}
	*out_ns = best_ns;
	return 0;
}

static int parse_step(const char *at, const struct bt_moment_span *span, int64_t *out_ns)
{
	static const struct {
		char unit;
		int seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', S_PER_DAY}};
	bool back = *at++ == '-';
	int64_t value = 0, ns = 0;
	int seconds = 1;

	if (!is_digit(*at))
		return -EINVAL;
	for (; is_digit(*at); at++)
		value = value > S_MAX ? value : 10 * value + *at - '0';
	if (take(&at, '.') && !take_fraction(&at, &ns))
		return -EINVAL;
	for (size_t i = 0; *at && i < sizeof(units) / sizeof(units[0]); i++) {
		if (*at != units[i].unit || at[1])
			continue;
		seconds = units[i].seconds;
		at++;
		break;
	}
	if (*at)
		return -EINVAL;
	if (value > S_MAX / seconds)
		return -ERANGE;
	ns = (value * NS_PER_S + ns) * seconds;
	if (back ? ns > span->at_ns : span->at_ns > S_MAX * NS_PER_S - ns)
		return -ERANGE;
	*out_ns = span->at_ns + (back ? -ns : ns);
	return 0;
}

int bt_parse_moment(const char *text, const struct bt_moment_span *span, int64_t *out_ns)
{
	if (*text == '+' || *text == '-')
		return parse_step(text, span, out_ns);
	if (strchr(text, '-'))
		return parse_date(text, out_ns);
	return parse_time_of_day(text, span, out_ns);
}

void bt_moment_text(struct bt_strbuf *out, int64_t at_ns, bool with_date)
{
	time_t seconds = (time_t)(at_ns / NS_PER_S);
	char text[64] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), with_date ? "%Y-%m-%d %H:%M:%S" : "%H:%M:%S", &tm);
	bt_strbuf_add(out, text);
}

bool bt_moment_same_day(int64_t a_ns, int64_t b_ns)
{
	time_t a = (time_t)(a_ns / NS_PER_S);
	time_t b = (time_t)(b_ns / NS_PER_S);
	struct tm x, y;

	return localtime_r(&a, &x) && localtime_r(&b, &y) && x.tm_year == y.tm_year && x.tm_yday == y.tm_yday;
}
