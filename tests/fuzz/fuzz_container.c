/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths of control groups, which who makes one chooses: alone, and as lines of /proc/PID/cgroup. */
#include "container.h"

#include "fuzz.h"

#define LINES_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bt_strbuf out = BT_STRBUF_INIT;
	const char *lines[LINES_MAX + 1] = {NULL};
	char *text = fuzz_text(data, size);
	size_t count = 0;

	FUZZ_ASSERT(!bt_container_name(text, &out) == !out.length);
	bt_strbuf_clear(&out);
	for (char *rest = text, *line; count < LINES_MAX && (line = strsep(&rest, "\n"));)
		lines[count++] = line;
	FUZZ_ASSERT(!bt_container_of_cgroups(lines, &out) == !out.length);
	bt_strbuf_free(&out);
	free(text);
	return 0;
}
