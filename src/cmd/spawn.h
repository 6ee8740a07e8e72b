/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that is started, but waits until it may run. */
#ifndef BOUNDTOP_SPAWN_H
#define BOUNDTOP_SPAWN_H

#include <stdbool.h>
#include <sys/types.h>

struct bt_spawn {
	pid_t pid;     /* 0: there is none */
	int pidfd;     /* readable when it has ended */
	bool held;     /* it waits to be released */
	int failed_fd; /* carries why it could not be executed */
};

/* Remembers how signals are handled, for the command to have it so, and ignores those that tell of a failed
 * write: it is told as an error. Call first. */
void bt_spawn_init(void);

/*
 * Forks; the child waits, for a signal: whoever measures it sees it wait for nobody's work. 0 or -Exxx. argv
 * is executed as a shell would.
 */
int bt_spawn_prepare(struct bt_spawn *p, char **argv);
/* Lets it run. 0 or -Exxx. */
int bt_spawn_release(struct bt_spawn *p);
/* Waits until it is executed. 0, or -Exxx: it could not be, and has ended. */
int bt_spawn_confirm(struct bt_spawn *p);
/* Gives up what has not run; releases the descriptors. p may be zeroed. */
void bt_spawn_close(struct bt_spawn *p);

#endif
