/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a wait in epoll was for: what is ready in the instance, and who owes whom if nothing is. */
#ifndef BOUNDTOP_BPF_EPOLL_H
#define BOUNDTOP_BPF_EPOLL_H

#include "account.h"
#include "kernel.h"
#include "object.h"
#include "reason.h"

/* The epoll instance behind a descriptor, its struct eventpoll; 0: closed meanwhile. */
static __always_inline __u64 epoll_of_fd(struct task_struct *t, __s32 fd)
{
	__u64 file = file_of_fd(task_files(t), (__u32)fd);

	return file ? address_read((void *)file + bpf_core_field_offset(struct file, private_data)) : 0;
}

/*
 * What made an instance ready, its struct epitem; 0: nothing did, its time ran out. ep_poll_callback() puts
 * it on the list before it wakes the waiter (fs/eventpoll.c).
 */
static __always_inline __u64 epoll_ready_item(__u64 ep)
{
	__u64 head = ep + bpf_core_field_offset(struct eventpoll, rdllist);
	__u64 first = ep ? address_read((void *)head) : 0;

	return first && first != head ? first - bpf_core_field_offset(struct epitem, rdllink) : 0;
}

/* The open file that an item is about. */
static __always_inline __u64 epoll_item_file(__u64 item)
{
	return address_read((void *)item + bpf_core_field_offset(struct epitem, ffd));
}

/* A socket that had no room for what was sent, and has again: this part of its buffer is still full. */
#define SEND_PART_LEFT 8

/* Whether what became ready is room to write in: nothing else was asked for, or a connection was full. */
static __always_inline bool epoll_item_asks(__u64 item, __u64 file, const struct bt_object *o)
{
	__u32 events = plain_read(epitem, (struct epitem *)item, event.events);
	struct sock *sk;
	int queued;

	if (!(events & POLL_OUT))
		return false;
	if (!(events & POLL_IN))
		return true;
	if (o->target != BT_TARGET_INET)
		return false;
	sk = sock_of_file((struct file *)file);
	if (!sk)
		return false;
	queued = plain_read(sock, sk, sk_wmem_queued);
	/* BPF divides no signed number. */
	return queued > 0 && (__u32)queued > (__u32)plain_read(sock, sk, sk_sndbuf) / SEND_PART_LEFT;
}

/* One more than the files of an instance that are looked at: those in the upper levels of its tree. */
#define EPOLL_LOOK 16
/* Who has sent more segments than that and never got a byte does not expect any. */
#define EPOLL_SENT_MAX 16

/*
 * Whether a connection of ours, from this open file, is owed an answer: data was sent after what came in
 * last. Both are known to the tick (tcp_event_data_sent(), tcp_event_data_recv()); within one, what was sent
 * after the waiter had last heard of anything came later. As with other waits that nobody is seen to end,
 * none is taken to be owed for longer than BT_IDLE_AFTER_NS.
 */
static __always_inline bool file_is_owed(__u64 file, __u64 ready_ns, __u64 now_ns)
{
	struct bt_object o = {};
	struct sock *sk;
	__u64 sent_ns;
	__s32 ticks;
	__u32 sent;

	if (!object_of_file(file, &o) || o.target != BT_TARGET_INET || !o.owed)
		return false;
	sk = sock_of_file((struct file *)file);
	if (!sk || plain_read(sock, sk, sk_type) != SOCK_STREAM)
		return false;
	sent = plain_read(tcp_sock, (struct tcp_sock *)sk, data_segs_out);
	if (!sent || (sent > EPOLL_SENT_MAX && !plain_read(tcp_sock, (struct tcp_sock *)sk, bytes_received)))
		return false;
	/* When the first was sent that is on its way, or the last that has arrived (net/ipv4/tcp_rate.c). */
	sent_ns = plain_read(tcp_sock, (struct tcp_sock *)sk, first_tx_mstamp) * 1000;
	if (bt_span_ns(sent_ns, now_ns) >= BT_IDLE_AFTER_NS)
		return false;
	ticks =
	    (__s32)(plain_read(tcp_sock, (struct tcp_sock *)sk, lsndtime) -
		    plain_read(inet_connection_sock, (struct inet_connection_sock *)sk, icsk_ack.lrcvtime));
	return ticks > 0 || (!ticks && ready_ns && sent_ns > ready_ns);
}

/*
 * Whether who waits at an epoll instance is owed an answer at a connection that is in it, while its waits run
 * out. ready_ns: when it last heard of anything. 1: so it is.
 */
__noinline int epoll_is_owed(__u64 ep, __u64 ready_ns, __u64 now_ns)
{
	__u64 node[EPOLL_LOOK] = {};

	if (!ep || !bpf_core_field_exists(((struct tcp_sock *)0)->first_tx_mstamp))
		return 0;
	node[1] = address_read((void *)ep + bpf_core_field_offset(struct eventpoll, rbr.rb_root.rb_node));
#pragma unroll
	for (int i = 1; i < EPOLL_LOOK; i++) {
		if (!node[i])
			continue;
		if (file_is_owed(epoll_item_file(node[i] - bpf_core_field_offset(struct epitem, rbn)),
				 ready_ns, now_ns))
			return 1;
		/* The two below a node, as in a heap. */
		if (2 * i < EPOLL_LOOK) {
			node[2 * i] =
			    address_read((void *)node[i] + bpf_core_field_offset(struct rb_node, rb_left));
			node[2 * i + 1] =
			    address_read((void *)node[i] + bpf_core_field_offset(struct rb_node, rb_right));
		}
	}
	return 0;
}

#endif
