/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t mask_before;
static struct sigaction pipe_before, file_size_before;

void bt_spawn_init(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	sigaction(SIGPIPE, &ignore, &pipe_before);
	sigaction(SIGXFSZ, &ignore, &file_size_before);
}

static ssize_t read_whole(int fd, void *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

/* What releases the child: no terminal and no shell sends it. */
#define GO_SIGNAL SIGUSR1

__attribute__((noreturn)) static void child(pid_t parent, int failed_fd, char **argv)
{
	ssize_t written;
	sigset_t go;
	int err;

	/* If the parent gives up or is killed, the command never runs. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
		_exit(1);
	sigemptyset(&go);
	sigaddset(&go, GO_SIGNAL);
	while (sigwaitinfo(&go, NULL) < 0)
		if (errno != EINTR)
			_exit(1);
	prctl(PR_SET_PDEATHSIG, 0);
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigaction(SIGXFSZ, &file_size_before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	execvp(argv[0], argv);
	err = errno;
	do
		written = write(failed_fd, &err, sizeof(err));
	while (written < 0 && errno == EINTR);
	_exit(1);
}

/* Forks with the signal blocked, so that it is not lost wherever the child is when it comes. */
static pid_t fork_held(void)
{
	sigset_t go, before;
	pid_t pid;
	int err;

	sigemptyset(&go);
	sigaddset(&go, GO_SIGNAL);
	sigprocmask(SIG_BLOCK, &go, &before);
	pid = fork();
	err = errno;
	if (pid)
		sigprocmask(SIG_SETMASK, &before, NULL);
	errno = err;
	return pid;
}

int bt_spawn_prepare(struct bt_spawn *p, char **argv)
{
	pid_t parent = getpid();
	int failed[2] = {-1, -1};
	int err = 0;
	pid_t pid;

	if (pipe2(failed, O_CLOEXEC))
		return -errno;
	pid = fork_held();
	if (pid < 0) {
		err = -errno;
		goto out;
	}
	if (!pid)
		child(parent, failed[1], argv);
	*p = (struct bt_spawn){.pid = pid, .held = true, .failed_fd = failed[0]};
	failed[0] = -1;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->pidfd < 0) {
		err = -errno;
		bt_spawn_close(p);
	}
out:
	for (int i = 0; i < 2; i++)
		if (failed[i] >= 0)
			close(failed[i]);
	return err;
}

int bt_spawn_release(struct bt_spawn *p)
{
	if (kill(p->pid, GO_SIGNAL))
		return -errno;
	p->held = false;
	return 0;
}

int bt_spawn_confirm(struct bt_spawn *p)
{
	int err = 0;

	if (read_whole(p->failed_fd, &err, sizeof(err)) != sizeof(err))
		return 0;
	waitpid(p->pid, NULL, 0);
	p->pid = 0;
	return -err;
}

void bt_spawn_close(struct bt_spawn *p)
{
	if (!p->pid && !p->pidfd)
		return;
	if (p->held) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	if (p->pidfd >= 0)
		close(p->pidfd);
	close(p->failed_fd);
	*p = (struct bt_spawn){0};
}
