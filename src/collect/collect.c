/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "collect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "bpf.h"
#include "decide.h"
#include "procfs.h"
#include "rlimits.h"

/* Why the exact collector did not open: the fact that is missing, or else what the kernel said. */
static int failure_explain(int err, char *why, size_t why_size)
{
	struct bt_kernel_facts facts;
	struct bt_check_line line;

	/* No fact about the kernel: probing it would fail for the same reason. */
	if (*bt_limit_remedy(err)) {
		snprintf(why, why_size, "cannot load its BPF programs: %s%s", strerror(-err),
			 bt_limit_remedy(err));
		return err;
	}
	bt_facts_probe(&facts);
	if (bt_decide_obstacle(&facts, &line)) {
		snprintf(why, why_size, "needs %s, or else %s: %s%s", line.name, line.cost, line.remedy,
			 line.program);
		return facts.cap_bpf && facts.cap_perfmon ? -EOPNOTSUPP : -EPERM;
	}
	snprintf(why, why_size, "cannot load its BPF programs: the kernel says %s; see 'boundtop check'",
		 strerror(-err));
	return err;
}

/* The exact one. */
static int exact_open(struct bt_collector **out, char *why, size_t why_size)
{
	int err;

	libbpf_set_print(NULL); /* what failed is said once, and by us */
	err = bt_facts_proc_is_foreign() ? -EOPNOTSUPP : bt_bpf_open(out);
	return err ? failure_explain(err, why, why_size) : 0;
}

/* before: why another one did not open; "" = it was not tried. */
static int sampling_open(struct bt_collector **out, const char *before, char *why, size_t why_size)
{
	char note[256];
	int err = bt_procfs_open(out, note, sizeof(note));

	if (err && *note)
		snprintf(why, why_size, "procfs: %s", note);
	else if (err)
		snprintf(why, why_size, "procfs: %s%s", strerror(-err), bt_limit_remedy(err));
	else if (*before)
		snprintf(why, why_size, "sampling from /proc, less exact%s%s; the exact collector %s",
			 *note ? "; " : "", note, before);
	else
		snprintf(why, why_size, "%s", note);
	return err;
}

int bt_collector_open(struct bt_collector **out, enum bt_collector_choice choice, char *why, size_t why_size)
{
	char unused[1], before[512];
	int err;

	if (!why) {
		why = unused;
		why_size = sizeof(unused);
	}
	why[0] = '\0';
	if (choice == BT_COLLECTOR_PROCFS)
		return sampling_open(out, "", why, why_size);
	err = exact_open(out, why, why_size);
	/*
	 * At a limit of its own the program is no better off with the next one. Where it is the kernel's
	 * memory that lacks, or its control group's, that one takes less.
	 */
	if (!err || choice == BT_COLLECTOR_BPF || bt_limit_is_own(err))
		return err;
	snprintf(before, sizeof(before), "%s", why);
	return sampling_open(out, before, why, why_size);
}
