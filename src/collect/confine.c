/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>

#include <seccomp.h>

/* LeakSanitizer stops the process that it looks through. */
#ifdef __SANITIZE_ADDRESS__
#define TRACES(call)
#else
#define TRACES(call) SCMP_SYS(call),
#endif

/* io_uring_setup, open_by_handle_at, openat2: other ways to open a file, whose arguments a filter does not
 * see. */
static const int never[] = {
    TRACES(ptrace) SCMP_SYS(execve),
    SCMP_SYS(execveat),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(openat2),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(mount),
    SCMP_SYS(move_mount),
    SCMP_SYS(open_tree),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
};

static const int changing[] = {
    SCMP_SYS(creat),        SCMP_SYS(unlink),    SCMP_SYS(unlinkat),    SCMP_SYS(rename),
    SCMP_SYS(renameat),     SCMP_SYS(renameat2), SCMP_SYS(mkdir),       SCMP_SYS(mkdirat),
    SCMP_SYS(rmdir),        SCMP_SYS(link),      SCMP_SYS(linkat),      SCMP_SYS(symlink),
    SCMP_SYS(symlinkat),    SCMP_SYS(mknod),     SCMP_SYS(mknodat),     SCMP_SYS(truncate),
    SCMP_SYS(chmod),        SCMP_SYS(fchmod),    SCMP_SYS(fchmodat),    SCMP_SYS(chown),
    SCMP_SYS(lchown),       SCMP_SYS(fchown),    SCMP_SYS(fchownat),    SCMP_SYS(setxattr),
    SCMP_SYS(lsetxattr),    SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr),
    SCMP_SYS(fremovexattr),
};

/* Opening a file in one of these ways. O_RDWR and O_WRONLY are bits of their own; O_TMPFILE comes with one of
 * them. */
static const scmp_datum_t writing[] = {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC};

static int calls_refuse(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int err = 0;

	/* -EDOM: this architecture has no such call. */
	for (size_t i = 0; i < count && !err; i++) {
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
		if (err == -EDOM)
			err = 0;
	}
	return err;
}

static int writing_refuse(scmp_filter_ctx filter, int call, unsigned int flags_at)
{
	int err = 0;

	for (size_t i = 0; i < sizeof(writing) / sizeof(*writing) && !err; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), call, 1,
				       SCMP_CMP(flags_at, SCMP_CMP_MASKED_EQ, writing[i], writing[i]));
	return err == -EDOM ? 0 : err;
}

int bt_calls_confine(enum bt_files files)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int err = filter ? 0 : -ENOMEM;

	if (!err)
		err = calls_refuse(filter, never, sizeof(never) / sizeof(*never));
	if (!err && files == BT_FILES_READ)
		err = calls_refuse(filter, changing, sizeof(changing) / sizeof(*changing));
	if (!err && files == BT_FILES_READ)
		err = writing_refuse(filter, SCMP_SYS(open), 1);
	if (!err && files == BT_FILES_READ)
		err = writing_refuse(filter, SCMP_SYS(openat), 2);
	if (!err)
		err = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return err;
}
