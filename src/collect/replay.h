/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recording as a collector: each read gives its next frame. What is beside that (time, jumps) is asked
 * here.
 */
#ifndef BOUNDTOP_COLLECT_REPLAY_H
#define BOUNDTOP_COLLECT_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "collector.h"
#include "store_read.h"

/* 0, or -Exxx and why says what is wrong with the file. */
int bt_replay_open(struct bt_collector **out, const char *path, char *why, size_t why_size);

/* The recording behind a collector; NULL: it is none. */
struct bt_recording *bt_replay_recording(struct bt_collector *c);

#endif
