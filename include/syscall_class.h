/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How to classify a block in a system call. The table number → class is filled by user space for its
 * architecture (src/collect/syscall_table.c) and read by the BPF side at the switch (bpf/reason.h).
 */
#ifndef BOUNDTOP_SYSCALL_CLASS_H
#define BOUNDTOP_SYSCALL_CLASS_H

/* Highest number + 1 that the table holds; both x86-64 and arm64 are below (6.18: 469). */
#define BT_SYSCALL_MAX 512

enum bt_syscall_class {
	BT_SC_OTHER, /* I/O if flagged so, a kernel lock in D, an event else */
	BT_SC_READ,  /* argument 0 is the descriptor that data comes from */
	BT_SC_WRITE, /* argument 0 is the descriptor that data goes to */
	BT_SC_COPY, /* argument 0 is where a copy inside the kernel comes from, argument 2 where it goes to */
	BT_SC_SENDFILE, /* argument 0 is where a copy of a file goes to, argument 1 the file */
	BT_SC_FILE,     /* argument 0 is a file that is changed or synced */
	BT_SC_PATH,     /* works on a path: look-up, open, create, remove */
	BT_SC_SYNC,     /* the file system or the address space is written back */
	BT_SC_CONNECT,  /* argument 0 is a socket whose peer is asked for something */
	BT_SC_ACCEPT,   /* argument 0 is a listening socket */
	BT_SC_POLL,     /* argument 0 is an array of struct pollfd, argument 1 its length */
	BT_SC_SELECT, /* argument 0 is one more than the highest descriptor, argument 1 the set of those read
		       */
	BT_SC_EPOLL,  /* argument 0 is an epoll instance */
	BT_SC_FUTEX,  /* the operation says */
	BT_SC_LOCK,   /* file locks */
	BT_SC_SEMAPHORE, /* argument 0 is a set of semaphores: a lock, or a signal */
	BT_SC_FCNTL,     /* a file lock if it blocks at all */
	BT_SC_SLEEP,     /* until a time */
	BT_SC_CHILD,     /* until a child changes state; vfork */
	BT_SC_EVENT,     /* until a signal or a completion of unknown kind comes */
	BT_SC_URING,     /* completion of what a ring has in flight, block I/O or other */
	BT_SC_AIO,       /* completion of block I/O */
	BT_SC_RECEIVE,   /* argument 0 is a message queue that is read */
	BT_SC_SEND,      /* argument 0 is a message queue that is written */
	BT_SC_RESTART,   /* goes on with what a signal interrupted: the class of the call before */
	BT_SC_COUNT,
};

#endif
