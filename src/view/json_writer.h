/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes JSON straight into a buffer, correct by construction: commas and nesting are kept here, numbers know
 * no locale, strings are sanitized, and what is not finite is null.
 *
 * A tree of nodes (jansson) costs many times as much for a frame of 10,000 processes.
 */
#ifndef BOUNDTOP_JSON_WRITER_H
#define BOUNDTOP_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "strbuf.h"

struct bt_json {
	struct bt_strbuf *out;
	bool comma; /* something stands before, on this level */
};

/* Keys are words of ours: nothing in them needs to be escaped. key NULL: an element of an array. */
void bt_json_begin_object(struct bt_json *j, const char *key);
void bt_json_end_object(struct bt_json *j);
void bt_json_begin_array(struct bt_json *j, const char *key);
void bt_json_end_array(struct bt_json *j);
/* The key of a value that follows. */
void bt_json_key(struct bt_json *j, const char *key, size_t length);

void bt_json_null(struct bt_json *j, const char *key);
void bt_json_bool(struct bt_json *j, const char *key, bool truth);
void bt_json_integer(struct bt_json *j, const char *key, int64_t value);
/* With up to six decimals: no share and no time is known better. */
void bt_json_real(struct bt_json *j, const char *key, double value);
/* Any bytes; NULL is null. */
void bt_json_text(struct bt_json *j, const char *key, const char *text);

#endif
