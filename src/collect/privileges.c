/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <cap-ng.h>

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40 /* include/uapi/linux/capability.h; it came with 5.9 */
#endif

#define BIT(drop) (1u << BT_DROP_##drop)
#define READING   (BIT(ALL) | BIT(BUT_CONTROL) | BIT(BUT_FILES))

static const struct {
	unsigned int capability;
	unsigned int by; /* bits 1 << enum bt_drop: kept when so much is dropped */
} kept[] = {
    {CAP_SYS_PTRACE, READING},    {CAP_DAC_READ_SEARCH, READING},   {CAP_CHECKPOINT_RESTORE, READING},
    {CAP_KILL, BIT(BUT_CONTROL)}, {CAP_SYS_NICE, BIT(BUT_CONTROL)}, {CAP_DAC_OVERRIDE, BIT(BUT_FILES)},
};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

int bt_privileges_drop(enum bt_drop drop)
{
	bool had[KEPT];
	/* Clearing the bounding set takes a capability of its own. */
	capng_select_t sets = CAPNG_SELECT_CAPS;

	if (drop == BT_DROP_NOTHING)
		return 0;
	if (capng_get_caps_process())
		return -EPERM;
	for (size_t i = 0; i < KEPT; i++)
		had[i] =
		    kept[i].by & 1u << drop && capng_have_capability(CAPNG_PERMITTED, kept[i].capability);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		sets = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < KEPT; i++) {
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     kept[i].capability);
	}
	return capng_apply(sets) ? -EPERM : 0;
}
