/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Recordings: all that replay reads of one, and the model that is fed with it. */
#include "model.h"
#include "store_read.h"

#include "fuzz.h"

#define FRAMES_MAX 64

static void frames_take(struct bt_recording *r)
{
	struct bt_host_sample host = {0};
	const struct bt_reason reason = {.object = 7, .target = BT_TARGET_FILE};
	struct bt_object_facts facts;
	struct bt_description d = {0};
	struct bt_snapshot s = {0};
	struct bt_model *m = NULL;
	char *stack;
	bool fresh;

	if (bt_model_create(&m))
		abort();
	for (int i = 0; i < FRAMES_MAX && !bt_recording_read(r, &s, &fresh); i++) {
		(void)bt_model_update(m, &s);
		(void)bt_model_judge(m, true);
		bt_model_begin(m);
		if (!bt_recording_describe(r, 100, 1, &d)) {
			free(d.cmdline);
			free(d.cgroup);
			free(d.container);
		}
		(void)bt_recording_host(r, &host);
		free(bt_recording_user(r, 0));
		if (!bt_recording_object(r, 100, 1, &reason, &facts))
			free(facts.name);
		if (!bt_recording_stack(r, 100, 1, 100, &stack))
			free(stack);
	}
	bt_host_sample_free(&host);
	bt_snapshot_free(&s);
	bt_model_destroy(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bt_recording_frame first, last;
	struct bt_recording *r;
	char why[256];
	/* It is written to while it is read. */
	char *bytes = fuzz_text(data, size);

	if (!bt_recording_open_bytes(&r, bytes, size, why, sizeof(why))) {
		if (!bt_recording_bounds(r, &first, &last)) {
			frames_take(r);
			if (!bt_recording_seek(r, last.time_ns))
				frames_take(r);
		}
		bt_recording_close(r);
	} else {
		FUZZ_ASSERT(*why);
	}
	free(bytes);
	return 0;
}
