/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parse.h"

#include <errno.h>
#include <stdbool.h>

#define NS_PER_S 1000000000ULL

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads the digits at *at; what is too large stays at UINT64_MAX. Returns how many there were. */
static unsigned int parse_digits(const char **at, uint64_t *out)
{
	unsigned int count = 0;
	uint64_t value = 0;

	for (; is_digit(**at); (*at)++, count++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**at - '0'), &value)) {
			for (; is_digit(**at); (*at)++)
				;
			*out = UINT64_MAX;
			return count + 1;
		}
	}
	*out = value;
	return count;
}

int bt_parse_seconds(const char *text, uint64_t *out_ns)
{
	unsigned int digits;
	uint64_t seconds;
	uint64_t ns = 0;

	digits = parse_digits(&text, &seconds);
	if (*text == '.') {
		uint64_t unit = NS_PER_S;

		/* What is below a nanosecond is cut off. */
		for (text++; is_digit(*text); text++, digits++) {
			unit /= 10;
			ns += (uint64_t)(*text - '0') * unit;
		}
	}
	if (!digits || *text)
		return -EINVAL;
	if (seconds > BT_SECONDS_MAX || (seconds == BT_SECONDS_MAX && ns))
		return -ERANGE;
	ns += seconds * NS_PER_S;
	if (ns < BT_SECONDS_MIN_NS)
		return -ERANGE;
	*out_ns = ns;
	return 0;
}

int bt_parse_count(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t value;

	if (!parse_digits(&text, &value) || *text)
		return -EINVAL;
	if (value < min || value > max)
		return -ERANGE;
	*out = value;
	return 0;
}

int bt_parse_pid(const char *text, int32_t *out)
{
	uint64_t value;
	int err = bt_parse_count(text, 1, BT_PID_MAX, &value);

	if (!err)
		*out = (int32_t)value;
	return err;
}
