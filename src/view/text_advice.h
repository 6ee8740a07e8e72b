/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice in the text of `classify` and `run`. */
#ifndef BOUNDTOP_TEXT_ADVICE_H
#define BOUNDTOP_TEXT_ADVICE_H

#include "advice.h"
#include "view.h"

/* A paragraph for each advice on p, "  → …", broken at style->columns; nothing if there is none. */
void bt_text_advice(struct bt_strbuf *out, struct bt_advisor *a, const struct bt_process *p,
		    const struct bt_style *style);

/* Appends words and a newline; a line that is full goes on in column indent, where the first one has begun.
 */
void bt_text_wrapped(struct bt_strbuf *out, const char *text, unsigned int indent,
		     const struct bt_style *style);

#endif
