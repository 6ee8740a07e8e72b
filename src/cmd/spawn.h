/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command that is started, but waits until it may run. */
#ifndef BOUNDTOP_SPAWN_H
#define BOUNDTOP_SPAWN_H

#include <sys/types.h>

struct bt_spawn {
	pid_t pid;     /* 0: there is none */
	int pidfd;     /* readable when it has ended */
	int go_fd;     /* -1 once it runs */
	int failed_fd; /* carries why it could not be executed */
};

/* Remembers how signals are handled, for the command to have it so, and ignores SIGPIPE. Call first. */
void bt_spawn_init(void);

/* Forks; the child waits. 0 or -Exxx. argv is executed as a shell would. */
int bt_spawn_prepare(struct bt_spawn *p, char **argv);
/* Lets it run. 0, or -Exxx: it could not be executed, and has ended. */
int bt_spawn_release(struct bt_spawn *p);
/* Gives up what has not run; releases the descriptors. p may be zeroed. */
void bt_spawn_close(struct bt_spawn *p);

#endif
