/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hostile bytes into text that is safe on a terminal, in JSON, and in a label.
 *
 * A process chooses its own name and arguments. What comes out is valid UTF-8 with no control character (C0,
 * DEL, C1), no escape, no line or paragraph separator, no bidirectional control, no invisible or private-use
 * character, nothing unassigned, and no combining mark without a base or above BT_SANITIZE_MARKS on one. Each
 * byte that is no UTF-8 and each character that is not allowed stays visible as one replacement: U+FFFD, or
 * '?' in ASCII.
 */
#ifndef BOUNDTOP_SANITIZE_H
#define BOUNDTOP_SANITIZE_H

#include <limits.h>
#include <stddef.h>

#include "strbuf.h"

/* Combining marks on one character; no living language needs more. */
#define BT_SANITIZE_MARKS 3

/* No limit of width. */
#define BT_SANITIZE_WIDE UINT_MAX

enum bt_charset { BT_CHARSET_UTF8, BT_CHARSET_ASCII };

/*
 * Appends length bytes of text, as far as they fit into max_width columns: a wide character is whole or left
 * out. Zero bytes are replaced as any control character. Returns the display width of what was appended.
 */
unsigned int bt_sanitize(struct bt_strbuf *out, const char *text, size_t length, unsigned int max_width,
			 enum bt_charset charset);

#endif
