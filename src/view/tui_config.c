/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tui_config.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"
#include "strbuf.h"

static const struct {
	const char *name;
	size_t offset;
} flags[] = {
    {"tree", offsetof(struct bt_tui_config, tree)},
    {"group", offsetof(struct bt_tui_config, group)},
    {"threads", offsetof(struct bt_tui_config, threads)},
    {"hide-idle", offsetof(struct bt_tui_config, hide_idle)},
    {"hide-kernel", offsetof(struct bt_tui_config, hide_kernel)},
};

static bool *flag_at(struct bt_tui_config *c, size_t i)
{
	return (bool *)((char *)c + flags[i].offset);
}

static bool flag_get(const struct bt_tui_config *c, size_t i)
{
	return *(const bool *)((const char *)c + flags[i].offset);
}

void bt_tui_config_default(struct bt_tui_config *c)
{
	*c = (struct bt_tui_config){.delay_ns = BT_TUI_DELAY_NS};
}

static int set_sort(struct bt_tui_config *c, const char *value)
{
	c->sort_reversed = *value == '!';
	value += c->sort_reversed;
	c->sort = strcmp(value, "activity") != 0 ? bt_field_find(value) : NULL;
	return c->sort || !strcmp(value, "activity") ? 0 : -EINVAL;
}

static int set_columns(struct bt_tui_config *c, char *value)
{
	char *name;

	c->column_count = 0;
	while ((name = strsep(&value, ", "))) {
		const struct bt_field *f;

		if (!*name)
			continue;
		f = bt_field_find(name);
		for (size_t i = 0; f && i < c->column_count; i++)
			if (c->columns[i] == f)
				f = NULL;
		if (!f)
			return -EINVAL;
		c->columns[c->column_count++] = f;
	}
	return 0;
}

static int set(struct bt_tui_config *c, const char *name, char *value)
{
	uint64_t version;

	if (!strcmp(name, "version")) {
		if (bt_parse_count(value, 1, UINT32_MAX, &version))
			return -EINVAL;
		return version > BT_TUI_CONFIG_VERSION ? -ENOTSUP : 0;
	}
	if (!strcmp(name, "delay"))
		return bt_parse_seconds(value, &c->delay_ns) ? -EINVAL : 0;
	if (!strcmp(name, "sort"))
		return set_sort(c, value);
	if (!strcmp(name, "columns"))
		return set_columns(c, value);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(name, flags[i].name) != 0)
			continue;
		*flag_at(c, i) = !strcmp(value, "yes");
		return *flag_at(c, i) || !strcmp(value, "no") ? 0 : -EINVAL;
	}
	return -EINVAL;
}

/* Without the spaces around it. */
static char *trim(char *text)
{
	size_t length;

	text += strspn(text, " \t\r");
	length = strlen(text);
	while (length && strchr(" \t\r", text[length - 1]))
		text[--length] = '\0';
	return text;
}

static int parse_line(struct bt_tui_config *c, char *line)
{
	char *equals;

	line = trim(line);
	if (!*line || *line == '#')
		return 0;
	equals = strchr(line, '=');
	if (!equals)
		return -EINVAL;
	*equals = '\0';
	return set(c, trim(line), trim(equals + 1));
}

int bt_tui_config_parse(struct bt_tui_config *c, const char *text, char *why, size_t size)
{
	char *copy = strdup(text);
	char *rest = copy;
	char *line;
	int err = copy ? 0 : -ENOMEM;

	bt_tui_config_default(c);
	for (unsigned int number = 1; !err && (line = strsep(&rest, "\n")); number++) {
		err = parse_line(c, line);
		if (err == -ENOTSUP)
			snprintf(why, size, "line %u: written by a newer version", number);
		else if (err)
			snprintf(why, size, "line %u: not understood", number);
	}
	free(copy);
	if (err)
		bt_tui_config_default(c);
	return err;
}

void bt_tui_config_format(const struct bt_tui_config *c, struct bt_strbuf *out)
{
	bt_strbuf_addf(out, "# boundtop's dashboard; written by its key W\nversion = %d\ndelay = ",
		       BT_TUI_CONFIG_VERSION);
	bt_strbuf_add_scaled(out, c->delay_ns / 1000000, 3);
	bt_strbuf_addf(out, "\nsort = %s%s\n", c->sort_reversed ? "!" : "",
		       c->sort ? c->sort->name : "activity");
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		bt_strbuf_addf(out, "%s = %s\n", flags[i].name, flag_get(c, i) ? "yes" : "no");
	if (!c->column_count)
		return;
	bt_strbuf_add(out, "columns =");
	for (size_t i = 0; i < c->column_count; i++)
		bt_strbuf_addf(out, "%s %s", i ? "," : "", c->columns[i]->name);
	bt_strbuf_add_char(out, '\n');
}
