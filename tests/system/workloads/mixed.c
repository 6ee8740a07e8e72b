/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hundreds of threads that change their state all the time, each in its own way. */
#include "common.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_WORDS = 5 };

int run_mixed(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	const char *const parts[][MAX_WORDS] = {
	    {"hog", "3", NULL},
	    {"sleeper", "1000", "50", "60", NULL},
	    {"sleeper", "7000", "300", "40", NULL},
	    {"parked", "60", NULL},
	    {"mutex", "24", "shared", NULL},
	    {"mutex", "4", "own", NULL},
	    {"disk", argv[1], "direct", NULL},
	    {"disk", argv[1], "direct", NULL},
	    {"disk", argv[1], "cached", NULL},
	    {"pipe", "busy", "fast", NULL},
	    {"pipe", "fast", "sleep", NULL},
	    {"pipe", "sleep", "fast", NULL},
	    {"pipe", "fast", "fast", NULL},
	};

	/* The readers of the pipes are the processes named here; their writers are found below them. */
	printf("ready pids=");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		printf("%s%d", i ? "," : "", (int)workload_start(parts[i]));
	announce("%s", "");
	wait_for_end();
}
