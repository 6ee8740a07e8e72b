/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

#include <errno.h>

#include <cap-ng.h>

#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40 /* include/uapi/linux/capability.h; it came with 5.9 */
#endif

/* The last two are for control. */
static const unsigned int kept[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH, CAP_CHECKPOINT_RESTORE, CAP_KILL,
				    CAP_SYS_NICE};
#define KEPT_READING 3

int bt_privileges_drop(enum bt_drop drop)
{
	int had[sizeof(kept) / sizeof(kept[0])];
	/* Clearing the bounding set takes a capability of its own. */
	capng_select_t sets = CAPNG_SELECT_CAPS;
	unsigned int count = drop == BT_DROP_BUT_CONTROL ? sizeof(kept) / sizeof(kept[0]) : KEPT_READING;

	if (drop == BT_DROP_NOTHING)
		return 0;
	if (capng_get_caps_process())
		return -EPERM;
	for (unsigned int i = 0; i < count; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		sets = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned int i = 0; i < count; i++) {
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     kept[i]);
	}
	return capng_apply(sets) ? -EPERM : 0;
}
