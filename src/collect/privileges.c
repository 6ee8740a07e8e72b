/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privileges.h"

#include <errno.h>

#include <cap-ng.h>

static const unsigned int kept[] = {CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH};

int bt_privileges_drop(void)
{
	int had[sizeof(kept) / sizeof(kept[0])];
	/* Clearing the bounding set takes a capability of its own. */
	capng_select_t sets = CAPNG_SELECT_CAPS;

	if (capng_get_caps_process())
		return -EPERM;
	for (unsigned int i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		sets = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned int i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		if (had[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     kept[i]);
	}
	return capng_apply(sets) ? -EPERM : 0;
}
