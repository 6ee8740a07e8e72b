/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Burst histograms in the text of `classify` and `run`. */
#ifndef BOUNDTOP_TEXT_BURSTS_H
#define BOUNDTOP_TEXT_BURSTS_H

#include "view.h"

/*
 * Appends CPU bursts, then I/O bursts: how many, their percentiles, and a line for each power of two between
 * the shortest and the longest. Of what was not measured it says so.
 */
void bt_text_bursts(struct bt_strbuf *out, const struct bt_usage *u, const struct bt_style *style);

#endif
