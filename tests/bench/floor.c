/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor [--accounts]: keeps the empty program of floor.bpf.c, or those of floor_accounts.bpf.c, attached
 * until it is killed. */
#include <errno.h> /* the skeletons need it */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.skel.h"
#include "floor_accounts.skel.h"

static int empty_attach(void)
{
	struct floor *skel = floor__open_and_load();

	return skel ? floor__attach(skel) : -errno;
}

static int accounts_attach(void)
{
	struct floor_accounts *skel = floor_accounts__open_and_load();

	return skel ? floor_accounts__attach(skel) : -errno;
}

int main(int argc, char **argv)
{
	int accounts = argc > 1 && !strcmp(argv[1], "--accounts");

	if (accounts ? accounts_attach() : empty_attach()) {
		fprintf(stderr, "floor: cannot load or attach a program at sched_switch\n");
		return 1;
	}
	for (;;)
		pause();
}
