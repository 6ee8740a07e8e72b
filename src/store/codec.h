/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of a recording: a snapshot as what changed since the one before (docs/recording.md has the format).
 *
 * Both sides keep the same state: the last record of each thread, in the order of the snapshot. A key frame
 * begins with the state before it, so that reading can begin there. What the model asks for comes back
 * exactly.
 */
#ifndef BOUNDTOP_STORE_CODEC_H
#define BOUNDTOP_STORE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fields.h"
#include "snapshot.h"
#include "strbuf.h"

/* More than a host can have; a broken file asks for no more memory than these take. */
#define BT_CODEC_THREADS_MAX (1 << 18)
#define BT_CODEC_LUMPS_MAX   (1 << 14)

struct bt_codec;

/*
 * record, lump: the layouts of the file; they must outlive the codec. Encoding takes those of this program.
 * 0 or -ENOMEM.
 */
int bt_codec_create(struct bt_codec **out, const struct bt_layout *record, const struct bt_layout *lump);
void bt_codec_destroy(struct bt_codec *c); /* NULL is fine */
/* Forgets all threads. */
void bt_codec_reset(struct bt_codec *c);

/*
 * Appends the bytes of a frame to out. 0 or -ENOMEM; then, and where the bytes do not get into the file, the
 * next frame has to be a key.
 */
int bt_codec_encode(struct bt_codec *c, const struct bt_snapshot *s, bool key, struct bt_strbuf *out);
/*
 * Takes a frame up, of which begin_ns is kept beside it. restart: it is a key, and all that is known is
 * forgotten. The records are appended to s as the collector gave them; NULL: nobody wants them. 0, -ENOMEM,
 * -EINVAL: these bytes are no frame (what is known is not to be trusted any more).
 */
int bt_codec_decode(struct bt_codec *c, uint64_t begin_ns, const void *data, size_t size, bool restart,
		    struct bt_snapshot *s);
/* Appends the last record of each thread that the last frame showed, whole: a base. 0 or -ENOMEM. */
int bt_codec_base(const struct bt_codec *c, struct bt_snapshot *s);

#endif
