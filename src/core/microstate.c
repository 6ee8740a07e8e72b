/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <string.h>

#include "wire.h"

static const struct {
	const char *name;
	const char *column;
	const char *meaning;
	char letter;
	enum bt_group group;
} microstates[BT_MS_COUNT] = {
#define BT_X(id, name, column, letter, group, meaning) {name, column, meaning, letter, BT_GROUP_##group},
    BT_MICROSTATES(BT_X)
#undef BT_X
};

static const char *const groups[BT_GROUP_COUNT] = {
#define BT_X(id, name) name,
    BT_GROUPS(BT_X)
#undef BT_X
};

static const struct {
	const char *name;
	const char *meaning;
} verdicts[BT_VERDICT_COUNT] = {
#define BT_X(id, name, meaning) {name, meaning},
    BT_VERDICTS(BT_X)
#undef BT_X
};

static const char *const kinds[BT_KIND_COUNT] = {
    [BT_KIND_USER] = "user",
    [BT_KIND_KERNEL] = "kernel",
};

static const char *const targets[BT_TARGET_COUNT] = {
    [BT_TARGET_NONE] = "",
    [BT_TARGET_FILE] = "file",
    [BT_TARGET_DIRECTORY] = "directory",
    [BT_TARGET_BLOCKDEV] = "block device",
    [BT_TARGET_CHARDEV] = "character device",
    [BT_TARGET_PIPE] = "pipe",
    [BT_TARGET_INET] = "internet socket",
    [BT_TARGET_UNIX] = "unix socket",
    [BT_TARGET_SOCKET] = "socket",
    [BT_TARGET_ANON] = "anonymous file",
    [BT_TARGET_FUTEX] = "futex",
};

static const char no_name[] = "none";

const char *bt_microstate_name(unsigned int ms)
{
	return ms < BT_MS_COUNT ? microstates[ms].name : no_name;
}

const char *bt_microstate_column(unsigned int ms)
{
	return ms < BT_MS_COUNT ? microstates[ms].column : no_name;
}

const char *bt_microstate_meaning(unsigned int ms)
{
	return ms < BT_MS_COUNT ? microstates[ms].meaning : no_name;
}

char bt_microstate_letter(unsigned int ms)
{
	if (ms >= BT_MS_COUNT)
		return ' ';
	return microstates[ms].letter;
}

enum bt_group bt_microstate_group(unsigned int ms)
{
	return ms < BT_MS_COUNT ? microstates[ms].group : BT_GROUP_NONE;
}

enum bt_microstate bt_microstate_by_name(const char *name)
{
	unsigned int ms = 0;

	while (ms < BT_MS_COUNT && strcmp(microstates[ms].name, name) != 0)
		ms++;
	return (enum bt_microstate)ms;
}

const char *bt_group_name(unsigned int group)
{
	return group < BT_GROUP_COUNT ? groups[group] : no_name;
}

const char *bt_verdict_name(unsigned int id)
{
	return id < BT_VERDICT_COUNT ? verdicts[id].name : no_name;
}

const char *bt_verdict_meaning(unsigned int id)
{
	return id < BT_VERDICT_COUNT ? verdicts[id].meaning : no_name;
}

const char *bt_kind_name(unsigned int kind)
{
	return kind < BT_KIND_COUNT ? kinds[kind] : no_name;
}

const char *bt_target_name(unsigned int target)
{
	return target < BT_TARGET_COUNT && targets[target] ? targets[target] : "";
}
