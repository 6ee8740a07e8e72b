/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one table of system calls: how to classify a block in them. */
#include "syscall_table.h"

#include <asm/unistd.h>
#include <string.h>
#include <sys/syscall.h>

/* Numbers that this libc or this architecture does not know (arm64 has no poll, pause, vfork, …) are left
 * out. */
#define CALL(name, class)                                                                                    \
	{                                                                                                    \
		SYS_##name, class                                                                            \
	}

static const struct {
	int nr;
	enum bt_syscall_class class;
} calls[] = {
    CALL(read, BT_SC_READ),
    CALL(readv, BT_SC_READ),
    CALL(pread64, BT_SC_READ),
    CALL(preadv, BT_SC_READ),
    CALL(preadv2, BT_SC_READ),
    CALL(recvfrom, BT_SC_READ),
    CALL(recvmsg, BT_SC_READ),
    CALL(recvmmsg, BT_SC_READ),
    CALL(getdents64, BT_SC_READ),
    CALL(readahead, BT_SC_READ),
    CALL(splice, BT_SC_COPY),
    CALL(tee, BT_SC_READ),
    CALL(copy_file_range, BT_SC_COPY),
    CALL(fstat, BT_SC_READ),
    CALL(ioctl, BT_SC_READ),

    CALL(write, BT_SC_WRITE),
    CALL(writev, BT_SC_WRITE),
    CALL(pwrite64, BT_SC_WRITE),
    CALL(pwritev, BT_SC_WRITE),
    CALL(pwritev2, BT_SC_WRITE),
    CALL(sendto, BT_SC_WRITE),
    CALL(sendmsg, BT_SC_WRITE),
    CALL(sendmmsg, BT_SC_WRITE),
    CALL(sendfile, BT_SC_SENDFILE),
    CALL(vmsplice, BT_SC_WRITE),

    CALL(fsync, BT_SC_FILE),
    CALL(fdatasync, BT_SC_FILE),
    CALL(sync_file_range, BT_SC_FILE),
    CALL(ftruncate, BT_SC_FILE),
    CALL(fallocate, BT_SC_FILE),
    CALL(fadvise64, BT_SC_FILE),
    CALL(fchmod, BT_SC_FILE),
    CALL(fchown, BT_SC_FILE),
    CALL(fsetxattr, BT_SC_FILE),
    CALL(fgetxattr, BT_SC_FILE),

    CALL(openat, BT_SC_PATH),
    CALL(openat2, BT_SC_PATH),
    CALL(newfstatat, BT_SC_PATH),
    CALL(statx, BT_SC_PATH),
    CALL(statfs, BT_SC_PATH),
    CALL(faccessat, BT_SC_PATH),
    CALL(readlinkat, BT_SC_PATH),
    CALL(renameat, BT_SC_PATH),
    CALL(renameat2, BT_SC_PATH),
    CALL(unlinkat, BT_SC_PATH),
    CALL(mkdirat, BT_SC_PATH),
    CALL(linkat, BT_SC_PATH),
    CALL(symlinkat, BT_SC_PATH),
    CALL(truncate, BT_SC_PATH),
    CALL(fchmodat, BT_SC_PATH),
    CALL(fchownat, BT_SC_PATH),
    CALL(utimensat, BT_SC_PATH),
    CALL(setxattr, BT_SC_PATH),
    CALL(getxattr, BT_SC_PATH),
    CALL(execve, BT_SC_PATH),
    CALL(execveat, BT_SC_PATH),
    CALL(chdir, BT_SC_PATH),
#ifdef SYS_open
    CALL(open, BT_SC_PATH),
    CALL(creat, BT_SC_PATH),
    CALL(stat, BT_SC_PATH),
    CALL(lstat, BT_SC_PATH),
    CALL(access, BT_SC_PATH),
    CALL(readlink, BT_SC_PATH),
    CALL(rename, BT_SC_PATH),
    CALL(unlink, BT_SC_PATH),
    CALL(mkdir, BT_SC_PATH),
    CALL(rmdir, BT_SC_PATH),
    CALL(link, BT_SC_PATH),
    CALL(symlink, BT_SC_PATH),
    CALL(chmod, BT_SC_PATH),
    CALL(chown, BT_SC_PATH),
    CALL(getdents, BT_SC_READ),
#endif

    CALL(sync, BT_SC_SYNC),
    CALL(syncfs, BT_SC_SYNC),
    CALL(msync, BT_SC_SYNC),

    CALL(connect, BT_SC_CONNECT),
    CALL(accept, BT_SC_ACCEPT),
    CALL(accept4, BT_SC_ACCEPT),

    CALL(ppoll, BT_SC_POLL),
    CALL(pselect6, BT_SC_SELECT),
    CALL(epoll_pwait, BT_SC_EPOLL),
    CALL(epoll_pwait2, BT_SC_EPOLL),
#ifdef SYS_poll
    CALL(poll, BT_SC_POLL),
    CALL(select, BT_SC_SELECT),
    CALL(epoll_wait, BT_SC_EPOLL),
#endif

    CALL(futex, BT_SC_FUTEX),
    CALL(flock, BT_SC_LOCK),
    CALL(semop, BT_SC_SEMAPHORE),
    CALL(semtimedop, BT_SC_SEMAPHORE),
    CALL(fcntl, BT_SC_FCNTL),

    CALL(nanosleep, BT_SC_SLEEP),
    CALL(clock_nanosleep, BT_SC_SLEEP),

    CALL(wait4, BT_SC_CHILD),
    CALL(waitid, BT_SC_CHILD),
    CALL(clone, BT_SC_CHILD),
    CALL(clone3, BT_SC_CHILD),
#ifdef SYS_vfork
    CALL(vfork, BT_SC_CHILD),
#endif

#ifdef SYS_pause
    CALL(pause, BT_SC_EVENT),
#endif
    CALL(rt_sigsuspend, BT_SC_EVENT),
    CALL(rt_sigtimedwait, BT_SC_EVENT),
    CALL(io_uring_enter, BT_SC_URING),

    CALL(io_getevents, BT_SC_AIO),
    CALL(io_pgetevents, BT_SC_AIO),
    CALL(io_submit, BT_SC_AIO),

    CALL(msgrcv, BT_SC_RECEIVE),
    CALL(msgsnd, BT_SC_SEND),
    CALL(mq_timedreceive, BT_SC_RECEIVE),
    CALL(mq_timedsend, BT_SC_SEND),

    CALL(restart_syscall, BT_SC_RESTART),
};

void bt_syscall_table_fill(uint8_t table[BT_SYSCALL_MAX])
{
	memset(table, BT_SC_OTHER, BT_SYSCALL_MAX);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].nr >= 0 && calls[i].nr < BT_SYSCALL_MAX)
			table[calls[i].nr] = (uint8_t)calls[i].class;
	}
}

/* clang-format off */
static const uint16_t compat[BT_SYSCALL_MAX] = {
#include "compat_list.h"
};
/* clang-format on */

void bt_syscall_compat_fill(uint16_t table[BT_SYSCALL_MAX])
{
	memcpy(table, compat, sizeof(compat));
}
