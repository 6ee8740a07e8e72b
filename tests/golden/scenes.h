/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_TEST_SCENES_H
#define BOUNDTOP_TEST_SCENES_H

#include "scene.h"

extern const struct scene scene_web;     /* a web host under mixed load */
extern const struct scene scene_hostile; /* names that mean harm, and states that are odd */
extern const struct scene scene_build;   /* make with children that come and go; 900 is the root */
extern const struct scene scene_talk;    /* one that talks to others by sockets */
extern const struct scene scene_bursts;  /* bursts from the shortest to the longest, none, and a peer */
extern const struct scene scene_sampled; /* by a collector that samples, with losses */

#endif
