/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is typed as a filter, against a process whose name and arguments are any bytes, too. */
#include "filter.h"
#include "model.h"
#include "query.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	size_t typed = (size_t)fuzz_take(&in, 1);
	struct bt_process p = {.identity = {.pid = (int32_t)fuzz_take(&in, 4)}};
	struct bt_filter *filter = NULL;
	struct bt_query *query = NULL;
	char why[128] = "";
	char *text, *name;
	int err;

	typed = typed < in.size ? typed : in.size;
	text = fuzz_text(in.data, typed);
	name = fuzz_text(in.data + typed, in.size - typed);
	memcpy(p.comm, name, strnlen(name, BT_COMM_LEN));
	p.verdict.cause = (uint8_t)typed % (BT_MS_COUNT + 1);
	p.cmdline = p.cgroup = p.user = in.size & 1 ? name : NULL;
	err = bt_query_create(&query, text, why, sizeof(why));
	FUZZ_ASSERT(!err == !*why && !err == !!query);
	if (query) {
		bt_query_needs(query);
		bt_query_match(query, &p);
	}
	if (bt_filter_create(&filter))
		abort();
	*why = '\0';
	err = bt_filter_set_pattern(filter, text, why, sizeof(why));
	FUZZ_ASSERT(!err == !*why);
	bt_filter_match(filter, &p);
	bt_query_destroy(query);
	bt_filter_destroy(filter);
	free(text);
	free(name);
	return 0;
}
