/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a task blocks, read at the switch: its state, the system call that it is in, the file behind the
 * descriptor. No system call is traced for it. The evidence for each rule: docs/architecture.md.
 */
#ifndef BOUNDTOP_BPF_REASON_H
#define BOUNDTOP_BPF_REASON_H

#include "account.h"
#include "kernel.h"
#include "syscall_class.h"

/* Filled before load: BT_SC_* by number of the native ABI. */
const volatile __u8 syscall_class[BT_SYSCALL_MAX];
/* file systems by s_magic: include/uapi/linux/magic.h and each one's own header */
#define MAGIC_NFS     0x6969
#define MAGIC_CIFS    0xff534d42
#define MAGIC_SMB2    0xfe534d42
#define MAGIC_9P      0x01021997
#define MAGIC_CEPH    0x00c36400
#define MAGIC_AFS     0x5346414f
#define MAGIC_FUSE    0x65735546
#define MAGIC_PROC    0x9fa0
#define MAGIC_SYSFS   0x62656572
#define MAGIC_TMPFS   0x01021994
#define MAGIC_CGROUP  0x0027e0eb
#define MAGIC_CGROUP2 0x63677270
#define MAGIC_DEBUGFS 0x64626720
#define MAGIC_TRACEFS 0x74726163

#define FUTEX_CMD_MASK        0x7f
#define FUTEX_WAIT            0
#define FUTEX_LOCK_PI         6
#define FUTEX_WAIT_BITSET     9
#define FUTEX_WAIT_REQUEUE_PI 11
#define FUTEX_LOCK_PI2        13
#define FUTEX_PRIVATE         0x80

#define AF_UNIX  1
#define AF_INET  2
#define AF_INET6 10

/* What a descriptor leads to. */
struct bt_object {
	__u64 ino;
	__u64 magic;
	__u8 target; /* enum bt_target */
};

static __always_inline __u8 socket_target(struct file *file)
{
	struct socket *socket = plain_read(file, file, private_data);
	struct sock *sk;
	__u16 family;

	if (!socket)
		return BT_TARGET_SOCKET;
	sk = plain_read(socket, socket, sk);
	if (!sk)
		return BT_TARGET_SOCKET;
	family = plain_read(sock, sk, __sk_common.skc_family);
	if (family == AF_INET || family == AF_INET6)
		return BT_TARGET_INET;
	return family == AF_UNIX ? BT_TARGET_UNIX : BT_TARGET_SOCKET;
}

static __always_inline bool object_of_fd(struct task_struct *t, __u32 fd, struct bt_object *o)
{
	struct files_struct *files = task_plain(t)->files;
	struct file *file;
	struct inode *inode;
	struct super_block *sb;
	__u32 mode;

	if (!files || fd >= files->fdt->max_fds)
		return false;
	file = pointer_read(files->fdt->fd + fd);
	if (!file)
		return false;
	inode = plain_read(file, file, f_inode);
	if (!inode)
		return false;
	mode = plain_read(inode, inode, i_mode);
	o->ino = plain_read(inode, inode, i_ino);
	switch ((mode & S_IFMT) >> S_SHIFT) {
	case 0x1:
		o->target = BT_TARGET_PIPE;
		break;
	case 0x2:
		o->target = BT_TARGET_CHARDEV;
		break;
	case 0x6:
		o->target = BT_TARGET_BLOCKDEV;
		break;
	case 0x4:
	case 0x8:
		sb = plain_read(inode, inode, i_sb);
		o->magic = sb ? plain_read(super_block, sb, s_magic) : 0;
		o->target = (mode & S_IFMT) >> S_SHIFT == 0x4 ? BT_TARGET_DIRECTORY : BT_TARGET_FILE;
		break;
	case 0xc:
		o->target = socket_target(file);
		break;
	default:
		o->target = BT_TARGET_ANON;
		break;
	}
	return true;
}

/* A block on a file, by what kind of file system it is on. */
static __always_inline __u8 cause_of_file(__u64 magic, bool uninterruptible)
{
	switch (magic) {
	case MAGIC_NFS:
	case MAGIC_CIFS:
	case MAGIC_SMB2:
	case MAGIC_9P:
	case MAGIC_CEPH:
	case MAGIC_AFS:
		return BT_MS_NETWORK;
	case MAGIC_FUSE:
		return BT_MS_IPC;
	case MAGIC_PROC:
	case MAGIC_SYSFS:
	case MAGIC_TMPFS:
	case MAGIC_CGROUP:
	case MAGIC_CGROUP2:
	case MAGIC_DEBUGFS:
	case MAGIC_TRACEFS:
		return uninterruptible ? BT_MS_LOCK : BT_MS_EVENT;
	default:
		return BT_MS_DISK;
	}
}

static __always_inline __u8 cause_of_object(const struct bt_object *o, bool writes, bool uninterruptible,
					    bool iowait)
{
	switch (o->target) {
	case BT_TARGET_FILE:
	case BT_TARGET_DIRECTORY:
		return cause_of_file(o->magic, uninterruptible);
	case BT_TARGET_BLOCKDEV:
		return BT_MS_DISK;
	case BT_TARGET_PIPE:
	case BT_TARGET_UNIX:
		/* No block I/O is behind these: their buffer was not in memory. */
		return iowait ? BT_MS_PAGING : BT_MS_IPC;
	case BT_TARGET_INET:
		return iowait ? BT_MS_PAGING : BT_MS_NETWORK;
	case BT_TARGET_CHARDEV:
		if (iowait)
			return BT_MS_DISK;
		return writes ? BT_MS_IPC : BT_MS_EVENT;
	default:
		return writes ? BT_MS_IPC : BT_MS_EVENT;
	}
}

/*
 * glibc's and the kernel's conventions, seen at work (FACTS): a mutex waits for the value 2, a rwlock for 2
 * or 3 with a bitset, a join without the private flag for the other thread's number. A condition variable and
 * a semaphore wait for 0 and cannot be told apart here: they are events.
 */
static __always_inline __u8 cause_of_futex(__u32 op, __u32 val)
{
	switch (op & FUTEX_CMD_MASK) {
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return BT_MS_LOCK;
	case FUTEX_WAIT:
		return val == 2 ? BT_MS_LOCK : BT_MS_EVENT;
	case FUTEX_WAIT_BITSET:
		if (val == 2 || val == 3)
			return BT_MS_LOCK;
		return val && !(op & FUTEX_PRIVATE) ? BT_MS_CHILD : BT_MS_EVENT;
	default:
		return BT_MS_EVENT;
	}
}

static __always_inline __u8 cause_of_kthread(__u32 state, bool iowait)
{
	if (iowait)
		return BT_MS_DISK;
	if (state & (TASK_INTERRUPTIBLE | TASK_NOLOAD | TASK_PARKED))
		return BT_MS_EVENT;
	return BT_MS_LOCK;
}

/* Why task t, which is blocked in state, left the CPU. before: the reason of its last block, if any. */
static __always_inline void reason_of_block(struct task_struct *t, __u32 state,
					    const struct bt_reason *before, struct bt_reason *r)
{
	bool iowait = BPF_CORE_READ_BITFIELD(t, in_iowait);
	bool uninterruptible = state & TASK_UNINTERRUPTIBLE;
	struct bt_object o = {};
	struct syscall_regs call;
	__u32 class;

	r->object = 0;
	r->fd = -1;
	r->syscall = NO_SYSCALL;
	r->target = BT_TARGET_NONE;
	if (state & (TASK_STOPPED_BIT | TASK_TRACED_BIT | TASK_FROZEN)) {
		r->cause = BT_MS_STOPPED;
		return;
	}
	/* io_uring's workers have the registers of whoever made them. */
	if (t->flags & (PF_KTHREAD | PF_IO_WORKER)) {
		r->cause = cause_of_kthread(state, iowait);
		return;
	}
	task_syscall(t, &call);
	if (call.nr < 0 || call.nr >= BT_SYSCALL_MAX) {
		/* An exception. With I/O it is a page fault; in D it waits for the address space's lock. */
		r->cause = iowait ? BT_MS_PAGING : uninterruptible ? BT_MS_LOCK : BT_MS_UNKNOWN;
		return;
	}
	r->syscall = (__s16)call.nr;
	class = call.compat ? BT_SC_OTHER : syscall_class[call.nr & (BT_SYSCALL_MAX - 1)];
	if (class == BT_SC_RESTART && before && before->syscall >= 0) {
		*r = *before;
		return;
	}

	switch (class) {
	case BT_SC_READ:
	case BT_SC_WRITE:
	case BT_SC_FILE:
	case BT_SC_CONNECT:
	case BT_SC_ACCEPT:
		r->fd = (__s32)call.arg[0];
		if (!object_of_fd(t, (__u32)r->fd, &o)) {
			/* Closed by another thread meanwhile. */
			r->cause = iowait ? BT_MS_DISK : BT_MS_UNKNOWN;
			return;
		}
		r->object = o.ino;
		r->target = o.target;
		if (class == BT_SC_ACCEPT)
			r->cause = BT_MS_EVENT;
		else
			r->cause = cause_of_object(&o, class != BT_SC_READ, uninterruptible, iowait);
		return;
	case BT_SC_PATH:
		/* Interruptible: the other end of a FIFO is not open. */
		r->cause = iowait || uninterruptible ? BT_MS_DISK : BT_MS_IPC;
		return;
	case BT_SC_SYNC:
	case BT_SC_AIO:
		r->cause = BT_MS_DISK;
		return;
	case BT_SC_FUTEX:
		r->object = call.arg[0];
		r->target = BT_TARGET_FUTEX;
		r->cause = iowait ? BT_MS_PAGING : cause_of_futex((__u32)call.arg[1], (__u32)call.arg[2]);
		return;
	case BT_SC_LOCK:
	case BT_SC_FCNTL:
		r->cause = BT_MS_LOCK;
		return;
	case BT_SC_SLEEP:
		r->cause = BT_MS_SLEEP;
		return;
	case BT_SC_CHILD:
		r->cause = BT_MS_CHILD;
		return;
	case BT_SC_MESSAGE:
		r->cause = BT_MS_IPC;
		return;
	case BT_SC_POLL:
	case BT_SC_EVENT:
	case BT_SC_RESTART:
		r->cause = BT_MS_EVENT;
		return;
	default:
		r->cause = iowait ? BT_MS_DISK : uninterruptible ? BT_MS_LOCK : BT_MS_EVENT;
		return;
	}
}

#endif
