/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What grows while a host is watched: threads of each process, noted at every frame of a window.
 */
#ifndef BOUNDTOP_GROWTH_H
#define BOUNDTOP_GROWTH_H

#include "model.h"

struct bt_growth;

/* 0 or -ENOMEM. */
int bt_growth_create(struct bt_growth **out);
void bt_growth_destroy(struct bt_growth *g); /* NULL is fine */
/* Notes what is there at the end of a frame. 0 or -ENOMEM. */
int bt_growth_note(struct bt_growth *g, const struct bt_frame *f);

struct bt_growth_of {
	uint32_t first, last;  /* threads */
	uint32_t notes;        /* frames in which it was there */
	uint32_t rises, falls; /* from one to the next */
};

/* False: it was never noted. */
bool bt_growth_find(const struct bt_growth *g, const struct bt_identity *who, struct bt_growth_of *out);

#endif
