/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static sigset_t mask_before;
static struct sigaction pipe_before;

void bt_spawn_init(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigprocmask(SIG_SETMASK, NULL, &mask_before);
	sigaction(SIGPIPE, &ignore, &pipe_before);
}

static ssize_t read_whole(int fd, void *buffer, size_t size)
{
	ssize_t got;

	do
		got = read(fd, buffer, size);
	while (got < 0 && errno == EINTR);
	return got;
}

__attribute__((noreturn)) static void child(int go_fd, int failed_fd, char **argv)
{
	ssize_t written;
	char go;
	int err;

	/* Nothing comes if the parent gave up or was killed: the command never runs. */
	if (read_whole(go_fd, &go, 1) != 1)
		_exit(1);
	sigaction(SIGPIPE, &pipe_before, NULL);
	sigprocmask(SIG_SETMASK, &mask_before, NULL);
	execvp(argv[0], argv);
	err = errno;
	do
		written = write(failed_fd, &err, sizeof(err));
	while (written < 0 && errno == EINTR);
	_exit(1);
}

int bt_spawn_prepare(struct bt_spawn *p, char **argv)
{
	int go[2] = {-1, -1}, failed[2] = {-1, -1};
	int err = 0;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto out;
	}
	pid = fork();
	if (pid < 0) {
		err = -errno;
		goto out;
	}
	if (!pid) {
		close(go[1]);
		child(go[0], failed[1], argv);
	}
	*p = (struct bt_spawn){.pid = pid, .go_fd = go[1], .failed_fd = failed[0]};
	go[1] = failed[0] = -1;
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->pidfd < 0) {
		err = -errno;
		bt_spawn_close(p);
	}
out:
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (failed[i] >= 0)
			close(failed[i]);
	}
	return err;
}

int bt_spawn_release(struct bt_spawn *p)
{
	int err = 0;

	if (write(p->go_fd, "", 1) != 1)
		return errno ? -errno : -EIO;
	close(p->go_fd);
	p->go_fd = -1;
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
	if (p->go_fd >= 0) {
		close(p->go_fd);
		if (p->pid)
			waitpid(p->pid, NULL, 0);
	}
	if (p->pidfd >= 0)
		close(p->pidfd);
	close(p->failed_fd);
	*p = (struct bt_spawn){0};
}
