/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a descriptor leads to: kind of file, and for sockets who owes whom. */
#ifndef BOUNDTOP_BPF_OBJECT_H
#define BOUNDTOP_BPF_OBJECT_H

#include "account.h"
#include "kernel.h"

#define AF_UNIX  1
#define AF_INET  2
#define AF_INET6 10

#define SOCK_STREAM 1
#define SOCK_DGRAM  2

#define TCP_ESTABLISHED 1
#define TCP_LISTEN      10

/* include/net/sock.h: what bind() chose. */
#define SOCK_BINDADDR_LOCK 4
#define SOCK_BINDPORT_LOCK 8

struct bt_object {
	__u64 ino;
	__u64 magic;
	__u8 target; /* enum bt_target */
	bool owed;   /* internet socket: who reads it waits for an answer, not for a request */
	bool peer;   /* a reader may be owed something by another process */
	bool timer;
};

/*
 * A stream that came through accept() has the interface that its first packet came in by noted as its
 * multicast interface (tcp_v4_syn_recv_sock(), tcp_v6_syn_recv_sock()); nothing else can set that on a stream
 * (IP_MULTICAST_IF and IPV6_MULTICAST_IF refuse them). A datagram socket for which bind() chose neither a
 * port nor an address, or with a peer, asks.
 */
static __always_inline bool socket_is_owed(struct sock *sk, __u16 family)
{
	__u8 state = plain_read(sock, sk, __sk_common.skc_state);
	struct ipv6_pinfo *v6;

	switch (plain_read(sock, sk, sk_type)) {
	case SOCK_STREAM:
		if (state == TCP_LISTEN || plain_read(inet_sock, sk, mc_index))
			return false;
		v6 = family == AF_INET6 ? plain_read(inet_sock, sk, pinet6) : NULL;
		return !v6 || !plain_read(ipv6_pinfo, v6, mcast_oif);
	case SOCK_DGRAM:
		return state == TCP_ESTABLISHED ||
		       !(plain_read(sock, sk, sk_userlocks) & (SOCK_BINDADDR_LOCK | SOCK_BINDPORT_LOCK));
	default:
		return true;
	}
}

/*
 * Who accepted a unix stream waits for requests, as with internet sockets: it has the name of the listener,
 * and who connected has none, as a rule (unix_stream_connect() in net/unix/af_unix.c).
 */
static __always_inline bool unix_is_accepted(struct sock *sk)
{
	struct unix_sock *u = (struct unix_sock *)sk;
	struct sock *peer = plain_read(unix_sock, u, peer);

	return peer && plain_read(unix_sock, u, addr) &&
	       !plain_read(unix_sock, (struct unix_sock *)peer, addr);
}

/* The socket behind an open file that is one; NULL: it is being closed. */
static __always_inline struct sock *sock_of_file(struct file *file)
{
	struct socket *socket = plain_read(file, file, private_data);

	return socket ? plain_read(socket, socket, sk) : NULL;
}

static __always_inline void object_of_socket(struct file *file, struct bt_object *o)
{
	struct sock *sk = sock_of_file(file);
	__u16 family;

	o->target = BT_TARGET_SOCKET;
	if (!sk)
		return;
	family = plain_read(sock, sk, __sk_common.skc_family);
	if (family == AF_UNIX) {
		o->target = BT_TARGET_UNIX;
		o->peer = !unix_is_accepted(sk);
	} else if (family == AF_INET || family == AF_INET6) {
		o->target = BT_TARGET_INET;
		o->owed = socket_is_owed(sk, family);
	}
}

/* eventfd, timerfd and kin share one inode; the name of the dentry tells them apart (fs/anon_inodes.c). */
static __always_inline void object_of_anon(struct file *file, struct bt_object *o)
{
	struct dentry *dentry = plain_read(file, file, f_path.dentry);
	const unsigned char *name = dentry ? plain_read(dentry, dentry, d_name.name) : NULL;
	char head[8] = {};

	o->target = BT_TARGET_ANON;
	if (!name || bpf_probe_read_kernel(head, sizeof(head), name))
		return;
	o->peer = !__builtin_memcmp(head, "[eventfd", sizeof(head));
	o->timer = !__builtin_memcmp(head, "[timerfd", sizeof(head));
}

/*
 * The look at an open file, and at the one behind a descriptor. Global functions: the verifier goes through
 * them once, not once for each way that leads here. They take no kernel pointers but as numbers. 1: found.
 */
__noinline int object_of_file(__u64 address, struct bt_object *o)
{
	struct file *file = (struct file *)address;
	struct super_block *sb;
	struct inode *inode;
	__u32 mode;

	if (!o || !file)
		return 0;
	inode = plain_read(file, file, f_inode);
	if (!inode)
		return 0;
	mode = plain_read(inode, inode, i_mode);
	o->ino = plain_read(inode, inode, i_ino);
	switch ((mode & S_IFMT) >> S_SHIFT) {
	case 0x1:
		o->target = BT_TARGET_PIPE;
		o->peer = true;
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
		object_of_socket(file, o);
		break;
	default:
		object_of_anon(file, o);
		break;
	}
	return 1;
}

/* The open file behind a descriptor; 0: closed meanwhile, or never open. */
static __always_inline __u64 file_of_fd(__u64 files, __u32 fd)
{
	struct fdtable *table;

	if (!files)
		return 0;
	table = plain_read(files_struct, (void *)files, fdt);
	if (!table || fd >= plain_read(fdtable, table, max_fds))
		return 0;
	return address_read(plain_read(fdtable, table, fd) + fd);
}

static __always_inline int object_of_fd(__u64 files, __u32 fd, struct bt_object *o)
{
	return object_of_file(file_of_fd(files, fd), o);
}

/*
 * Which end a copy inside the kernel waits for: 1, the one that it goes to. A pipe tells: there is data in
 * the one that is read, or no room in the one that is written.
 */
__noinline int copy_waits_for_room(__u64 files, __u32 from, __u32 to)
{
	struct file *file = (struct file *)file_of_fd(files, from);
	struct inode *inode = file ? plain_read(file, file, f_inode) : NULL;
	struct pipe_inode_info *pipe;

	if (inode && (plain_read(inode, inode, i_mode) & S_IFMT) >> S_SHIFT == 0x1) {
		pipe = plain_read(inode, inode, i_pipe);
		return pipe &&
		       plain_read(pipe_inode_info, pipe, head) != plain_read(pipe_inode_info, pipe, tail);
	}
	file = (struct file *)file_of_fd(files, to);
	inode = file ? plain_read(file, file, f_inode) : NULL;
	if (!inode || (plain_read(inode, inode, i_mode) & S_IFMT) >> S_SHIFT != 0x1)
		return 0;
	pipe = plain_read(inode, inode, i_pipe);
	return pipe && plain_read(pipe_inode_info, pipe, head) - plain_read(pipe_inode_info, pipe, tail) >=
			   plain_read(pipe_inode_info, pipe, max_usage);
}

/* Where the descriptors of a task are. */
static __always_inline __u64 task_files(struct task_struct *t)
{
	return address_read((void *)t + bpf_core_field_offset(struct task_struct, files));
}

/* Its address space, as a number to tell it from another. */
static __always_inline __u64 task_mm(struct task_struct *t)
{
	return address_read((void *)t + bpf_core_field_offset(struct task_struct, mm));
}

#endif
