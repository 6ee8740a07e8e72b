/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What goes to the user, and how it can go wrong. */
#ifndef BOUNDTOP_OUTPUT_H
#define BOUNDTOP_OUTPUT_H

#include "strbuf.h"
#include "view.h"

/* "boundtop: …" on standard error: one line, whatever the arguments hold. */
void bt_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* While the screen is taken: appends such lines to text instead; NULL: to standard error again. */
void bt_complain_into(struct bt_strbuf *text);

/* Keeps descriptors 0 to 2 from being given to anything else when they are closed. Call first. */
void bt_output_init(void);

/* What a descriptor can show. */
struct bt_style bt_style_detect(int fd);

/* A reader that has seen enough (head) is no failure; nobody needs to hear of it. */
#define BT_OUTPUT_CLOSED 1

/*
 * Writes all of text to fd, which is called name in the complaint. 0; BT_OUTPUT_CLOSED: nobody reads it any
 * more, said to no one; -Exxx, said on standard error.
 */
int bt_output_write(int fd, const char *name, const struct bt_strbuf *text);
/* Could bt_output_replace() write there, as far as can be told now? 0, or -Exxx, said on standard error. */
int bt_output_check(const char *path);
/*
 * Replaces a file by text, whole or not at all, if its folder takes a new file; else writes it in place. 0,
 * or -Exxx, said on standard error.
 */
int bt_output_replace(const char *path, const struct bt_strbuf *text);
/* The same, and says nothing. */
int bt_output_replace_quietly(const char *path, const struct bt_strbuf *text);

#endif
