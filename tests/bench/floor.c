/* SPDX-License-Identifier: GPL-2.0-or-later */
/* floor: keeps the empty program of floor.bpf.c attached until it is killed. */
#include <errno.h> /* floor.skel.h needs it */
#include <stdio.h>
#include <unistd.h>

#include "floor.skel.h"

int main(void)
{
	struct floor *skel = floor__open_and_load();

	if (!skel || floor__attach(skel)) {
		fprintf(stderr, "floor: cannot load or attach a program at sched_switch\n");
		floor__destroy(skel);
		return 1;
	}
	for (;;)
		pause();
}
