/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POSIX extended regular expressions as users type them.
 *
 * The C library expands repetitions when it compiles an expression: ++++++++++ or (x{255}){255}{255} take all
 * memory, and many nested groups all of the stack. Back-references, no part of the standard, can take for
 * ever on a text that somebody else chose. All that is refused in words.
 */
#ifndef BOUNDTOP_PATTERN_H
#define BOUNDTOP_PATTERN_H

#include <regex.h>
#include <stddef.h>

/*
 * Compiles text; out is to be released with regfree(). 0, -ENOMEM, or -EINVAL: what is wrong with it is
 * written to why[size].
 */
int bt_pattern_compile(regex_t *out, const char *text, char *why, size_t size);

#endif
