/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What system calls are left; in a child, since it is for good. The kernel is the witness. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "unit.h"

static char folder[] = "/tmp/boundtop-confine-XXXXXX";

/* What errno says of an attempt; 0: it was made. */
static int tried(int result)
{
	return result < 0 ? errno : 0;
}

static int opened(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int err = tried(fd);

	if (fd >= 0)
		close(fd);
	return err;
}

static int make_file(void)
{
	char path[sizeof(folder) + 8];

	snprintf(path, sizeof(path), "%s/made", folder);
	return opened(path, O_WRONLY | O_CREAT | O_TRUNC);
}

static int read_file(void)
{
	return opened("/proc/self/stat", O_RDONLY);
}

static int change_mode(void)
{
	return tried(chmod(folder, 0700));
}

static int write_memory(void)
{
	return opened("/proc/self/mem", O_RDWR);
}

static int execute(void)
{
	return tried(execl("/nowhere/true", "true", (char *)NULL));
}

static int change_root(void)
{
	return tried(chroot("/nowhere"));
}

/* What attempt() gives in a child that confined itself; -1: it could not. */
static int confined(enum bt_files files, int (*attempt)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (!child) {
		int err = bt_calls_confine(files);

		if (err)
			_exit(255);
		_exit(attempt());
	}
	assert_int_equal(child, waitpid(child, &status, 0));
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status) == 255 ? -1 : WEXITSTATUS(status);
}

static void who_reads_changes_no_file(void **state)
{
	(void)state;
	assert_int_equal(EPERM, confined(BT_FILES_READ, make_file));
	assert_int_equal(EPERM, confined(BT_FILES_READ, change_mode));
	assert_int_equal(EPERM, confined(BT_FILES_READ, write_memory));
	assert_int_equal(0, confined(BT_FILES_READ, read_file));
}

static void who_writes_does(void **state)
{
	(void)state;
	assert_int_equal(0, confined(BT_FILES_WRITE, make_file));
	assert_int_equal(0, confined(BT_FILES_WRITE, change_mode));
	assert_int_equal(0, confined(BT_FILES_WRITE, read_file));
}

static void nobody_executes(void **state)
{
	(void)state;
	assert_int_equal(ENOENT, execute());
	assert_int_equal(EPERM, confined(BT_FILES_READ, execute));
	assert_int_equal(EPERM, confined(BT_FILES_WRITE, execute));
	assert_int_equal(EPERM, confined(BT_FILES_WRITE, change_root));
}

static int setup(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	char path[sizeof(folder) + 8];

	(void)state;
	snprintf(path, sizeof(path), "%s/made", folder);
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(who_reads_changes_no_file),
	    cmocka_unit_test(who_writes_does),
	    cmocka_unit_test(nobody_executes),
	};

	return cmocka_run_group_tests_name("confine", tests, setup, teardown);
}
