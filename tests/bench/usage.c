/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage COMMAND [ARG…]: runs the command and writes to descriptor 3 "PID" when it starts and
 * "WALL_NS CPU_US MAXRSS_KB EXIT_STATUS" when it ended.
 *
 * A program of its own, because ru_maxrss of a child is never less than what the process was that forked it
 * (exec_mmap() keeps the old mm's peak): under Python everything weighs at least 10 MB.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_FD = 3 };

static long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static long long micros(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

int main(int argc, char **argv)
{
	struct rusage used;
	long long start;
	int status;
	pid_t pid;

	if (argc < 2) {
		fprintf(stderr, "usage: usage COMMAND [ARG…] 3>REPORT\n");
		return 2;
	}
	start = now_ns();
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(REPORT_FD);
		execvp(argv[1], argv + 1);
		fprintf(stderr, "usage: %s: %s\n", argv[1], strerror(errno));
		_exit(127);
	}
	if (pid < 0) {
		perror("usage: fork");
		return 1;
	}
	dprintf(REPORT_FD, "%d\n", pid);
	while (wait4(pid, &status, 0, &used) < 0) {
		if (errno != EINTR) {
			perror("usage: wait4");
			return 1;
		}
	}
	dprintf(REPORT_FD, "%lld %lld %ld %d\n", now_ns() - start,
		micros(used.ru_utime) + micros(used.ru_stime), used.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
