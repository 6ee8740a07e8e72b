/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The JSON writer: whatever is put in, what comes out is one value that another library reads. */
#include <jansson.h>

#include "json_writer.h"

#include "fuzz.h"

#define DEPTH_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	struct bt_json j = {.out = &out};
	struct fuzz_input in = {data, size};
	unsigned int depth = 0;
	json_t *parsed;
	double real;
	uint64_t bits;

	bt_json_begin_array(&j, NULL);
	while (in.size) {
		uint8_t what = (uint8_t)fuzz_take(&in, 1);
		size_t length;
		char *text;

		switch (what % 6) {
		case 0:
			bits = fuzz_take(&in, 8);
			memcpy(&real, &bits, sizeof(real));
			bt_json_real(&j, NULL, real);
			break;
		case 1:
			bt_json_integer(&j, NULL, (int64_t)fuzz_take(&in, 8));
			break;
		case 2:
			if (depth < DEPTH_MAX) {
				bt_json_begin_array(&j, NULL);
				depth++;
			}
			break;
		case 3:
			if (depth) {
				bt_json_end_array(&j);
				depth--;
			}
			break;
		case 4:
			bt_json_bool(&j, NULL, what & 0x80);
			break;
		default:
			length = (size_t)fuzz_take(&in, 1);
			length = length < in.size ? length : in.size;
			text = fuzz_text(in.data, length);
			in.data += length;
			in.size -= length;
			bt_json_begin_object(&j, NULL);
			bt_json_text(&j, "text", text);
			bt_json_end_object(&j);
			free(text);
		}
	}
	while (depth--)
		bt_json_end_array(&j);
	bt_json_end_array(&j);
	FUZZ_ASSERT(!bt_strbuf_error(&out));
	/* JSON_DECODE_INT_AS_REAL: numbers beyond int64_t are numbers all the same. */
	parsed = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
	FUZZ_ASSERT(parsed);
	json_decref(parsed);
	bt_strbuf_free(&out);
	return 0;
}
