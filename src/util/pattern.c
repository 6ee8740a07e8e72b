/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pattern.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Nested groups; each takes the C library some hundred bytes of stack. */
#define DEPTH_MAX 64

/* Places of the expression when it is expanded; about 200 bytes each. */
#define PLACES_MAX 10000
/* The same where parts can match nothing: each of them is then next to all others. */
#define PLACES_EMPTY_MAX 1000

/* Repetitions of the same part, one behind the other. */
#define REPEATED_MAX 2

#define TOO_MUCH "repeats too much"

/* What stands so far on each level, in expanded places. */
struct sizes {
	unsigned int depth;
	uint64_t sum[DEPTH_MAX + 1];
	uint64_t last; /* of sum, what a repetition repeats */
	bool empty;    /* some part can match nothing */
};

static uint64_t capped(uint64_t places)
{
	return places < PLACES_MAX ? places : PLACES_MAX + 1;
}

static void add(struct sizes *s, uint64_t places)
{
	s->sum[s->depth] = capped(s->sum[s->depth] + places);
	s->last = places;
}

static void repeat(struct sizes *s, uint64_t times)
{
	uint64_t before = s->last;

	add(s, capped(before * times) - before);
	s->last = capped(before * times);
}

/* The end of a bracket expression that begins at text. */
static const char *bracket_end(const char *text)
{
	text++;
	text += *text == '^';
	text += *text == ']';
	while (*text && *text != ']') {
		char kind = text[1];

		if (*text == '[' && (kind == ':' || kind == '.' || kind == '=')) {
			for (text += 2; *text && !(*text == kind && text[1] == ']'); text++)
				;
			text += *text ? 1 : 0;
		}
		text += *text ? 1 : 0;
	}
	return text;
}

/* How often {m,n} repeats at most; with no end, m times and once more. What may be missing can match nothing.
 */
static uint64_t interval_times(const char *text, bool *empty)
{
	char *end;
	uint64_t times = strtoul(text + 1, &end, 10);

	if (*end == ',') {
		uint64_t most = strtoul(end + 1, NULL, 10);

		*empty = true;
		times = most > times ? most : times + 1;
	}
	/* Beyond it is refused; RE_DUP_MAX, regex(7) */
	return times <= UINT16_MAX ? times : UINT16_MAX;
}

/* Why text is not taken; NULL: it is. */
static const char *objection(const char *text)
{
	struct sizes s = {0};
	unsigned int repeated = 0; /* how often what stands before is: "g++" is twice */

	for (; *text; text++) {
		/* POSIX leaves open what that means; the C library multiplies it out. */
		repeated = strchr("+*?{", *text) ? repeated + 1 : 0;
		if (repeated > REPEATED_MAX)
			return TOO_MUCH;
		switch (*text) {
		case '\\':
			if (text[1] >= '1' && text[1] <= '9')
				return "back-references are not supported";
			text += text[1] ? 1 : 0;
			add(&s, 1);
			break;
		case '[':
			text = bracket_end(text);
			add(&s, 1);
			break;
		case '(':
			if (s.depth == DEPTH_MAX)
				return "too many nested parentheses";
			s.sum[++s.depth] = 1;
			break;
		case ')':
			if (s.depth) {
				uint64_t group = s.sum[s.depth--];

				add(&s, group);
			}
			break;
		case '+':
			repeat(&s, 2);
			break;
		case '{':
			s.empty |= text[1] == '0' || text[1] == ',';
			repeat(&s, interval_times(text, &s.empty));
			text += strcspn(text, "}");
			break;
		case '*':
		case '?':
			s.empty = true;
			break;
		default:
			add(&s, 1);
		}
		if (!*text)
			break;
	}
	return s.sum[0] > (s.empty ? PLACES_EMPTY_MAX : PLACES_MAX) ? TOO_MUCH : NULL;
}

int bt_pattern_compile(regex_t *out, const char *text, char *why, size_t size)
{
	const char *refused = objection(text);
	int err;

	if (refused) {
		snprintf(why, size, "%s", refused);
		return -EINVAL;
	}
	err = regcomp(out, text, REG_EXTENDED | REG_NOSUB);
	if (!err)
		return 0;
	regerror(err, out, why, size);
	return err == REG_ESPACE ? -ENOMEM : -EINVAL;
}
