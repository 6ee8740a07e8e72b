/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The dashboard's file: what is read and written again says the same. */
#include "strbuf.h"
#include "tui_config.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bt_strbuf once = BT_STRBUF_INIT, twice = BT_STRBUF_INIT;
	char *text = fuzz_text(data, size);
	struct bt_tui_config config, fresh;
	char why[64] = "";
	int err = bt_tui_config_parse(&config, text, why, sizeof(why));

	FUZZ_ASSERT(!err == !*why);
	bt_tui_config_default(&fresh);
	FUZZ_ASSERT(!err || (config.delay_ns == fresh.delay_ns && !config.column_count && !config.sort));
	bt_tui_config_format(&config, &once);
	FUZZ_ASSERT(!bt_tui_config_parse(&fresh, bt_strbuf_text(&once), why, sizeof(why)));
	bt_tui_config_format(&fresh, &twice);
	FUZZ_ASSERT(!strcmp(bt_strbuf_text(&once), bt_strbuf_text(&twice)));
	bt_strbuf_free(&once);
	bt_strbuf_free(&twice);
	free(text);
	return 0;
}
