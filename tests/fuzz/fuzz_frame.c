/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of a recording: any bytes as what changed since the frame before, and what comes out through the
 * model. */
#include <errno.h>

#include "codec.h"
#include "fields.h"
#include "model.h"

#include "fuzz.h"

#define FRAMES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	struct bt_layout record = {0}, lump = {0};
	struct bt_snapshot s = {0};
	struct bt_codec *codec = NULL;
	struct bt_model *m = NULL;
	uint64_t now_ns = 1ull << 40;

	bt_layout_own(&record, bt_record_fields, bt_record_field_count);
	bt_layout_own(&lump, bt_lump_fields, bt_lump_field_count);
	if (bt_codec_create(&codec, &record, &lump) || bt_model_create(&m))
		abort();
	for (int i = 0; in.size && i < FRAMES_MAX; i++) {
		uint8_t how = (uint8_t)fuzz_take(&in, 1);
		size_t length = (size_t)fuzz_take(&in, 2);
		int err;

		length = length < in.size ? length : in.size;
		bt_snapshot_clear(&s);
		err = bt_codec_decode(codec, now_ns, in.data, length, how & 1, how & 2 ? NULL : &s);
		in.data += length;
		in.size -= length;
		FUZZ_ASSERT(!err || err == -EINVAL);
		if (!err && how & 4 && bt_codec_base(codec, &s))
			abort();
		s.begin_ns = now_ns;
		now_ns += 1000000000;
		s.end_ns = now_ns;
		s.exact = true;
		s.measured = BT_MEASURED_ALL;
		if (err)
			continue;
		bt_model_update(m, &s);
		bt_model_judge(m, true);
		bt_model_begin(m);
	}
	bt_model_destroy(m);
	bt_codec_destroy(codec);
	bt_snapshot_free(&s);
	return 0;
}
