/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sleepers N: N processes that sleep. Writes "ready" when all of them exist, and ends them when its standard
 * input closes; should it be killed itself, the kernel ends them.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_for_ever(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0); /* the parent died before the line above */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	for (;;)
		pause();
}

static void end(const pid_t *pids, long count)
{
	for (long i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	long count = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	pid_t self = getpid();
	pid_t *pids;
	char byte;

	if (count <= 0 || count > 4000000) {
		fprintf(stderr, "usage: sleepers N\n");
		return 2;
	}
	pids = calloc((size_t)count, sizeof(*pids));
	if (!pids)
		return 1;
	for (long i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] == 0)
			sleep_for_ever(self);
		if (pids[i] < 0) {
			fprintf(stderr, "sleepers: process %ld of %ld: %s\n", i + 1, count, strerror(errno));
			end(pids, i);
			return 1;
		}
	}
	if (write(STDOUT_FILENO, "ready\n", 6) == 6) {
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
	}
	end(pids, count);
	free(pids);
	return 0;
}
