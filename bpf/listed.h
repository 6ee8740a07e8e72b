/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which threads the reader has to look at: of ten thousand, those that do not sleep on.
 *
 * A thread that was last read asleep is not listed. It is put on the list, once, before anything happens to
 * its account: by who wakes it, or at its own switch. The reader takes it off when it reads it asleep again;
 * who was read in any other phase stays on it. So what is not listed sleeps on in the wait that it was last
 * read in, and nobody has to go through all threads to say so.
 *
 * The reader shows those as asleep up to frame_ns, and does not write that into their accounts. Whoever lists
 * a thread does. Both sides first write, then look at what the other one wrote: the reader sets frame_ns and
 * then empties the ring; who lists puts into the ring and then reads frame_ns. Likewise with listed and the
 * phase, when the reader takes a thread off the list.
 */
#ifndef BOUNDTOP_BPF_LISTED_H
#define BOUNDTOP_BPF_LISTED_H

#include "account.h"
#include "collector_shared.h"
#include "kernel.h"
#include "maps.h"
#include "pid_ns.h"

/* Up to when the reader has shown all that is not listed as asleep; written by user space. */
__u64 frame_ns;
/* There was no room in the ring for one: all have to be looked at. */
__u64 list_lost;
/* An exchange that returns what was there is a full barrier everywhere; of a word that no other CPU wants. */
static __always_inline void full_barrier(void)
{
	__u64 word = 0;

	__sync_lock_test_and_set(&word, 1);
}

/* Else every frame walks over all: this kernel cannot look a thread up, or we live in a PID namespace. */
#define list_is_kept (has_rdonly_cast && !pid_ns_inum)

static __always_inline bool account_is_unlisted(const struct bt_account *a)
{
	return list_is_kept && !*(volatile __u8 *)&a->listed;
}

/* Into the ring; a full barrier, by the exchange in bpf_ringbuf_submit() (kernel/bpf/ringbuf.c). */
static __always_inline void list_add(struct bt_account *a, struct task_struct *t)
{
	struct bt_record_head *head;

	a->listed = 1;
	head = bpf_ringbuf_reserve(&exits, sizeof(*head), 0);
	if (!head) {
		__sync_lock_test_and_set(&list_lost, 1);
		return;
	}
	__builtin_memset(head, 0, sizeof(*head));
	head->size = sizeof(*head);
	head->type = BT_RECORD_LISTED;
	head->tid = t->pid;
	bpf_ringbuf_submit(head, BPF_RB_NO_WAKEUP);
}

/* Something is about to happen to a thread that is not listed. */
static __noinline int account_list(struct bt_account *a, struct task_struct *t)
{
	__u64 shown_ns, read_ns;

	list_add(a, t);
	shown_ns = *(volatile __u64 *)&frame_ns;
	if (a->shown_ns < shown_ns)
		a->shown_ns = shown_ns;
	/* The reader may be at it, too: then it is the later one. */
	read_ns = a->read_ns;
	/* What was never read was never shown. */
	if (read_ns && read_ns < shown_ns)
		__sync_val_compare_and_swap(&a->read_ns, read_ns, shown_ns);
	return 0;
}

/* Something has happened to it, while the reader may have taken it off the list. */
static __always_inline void account_list_again(struct bt_account *a, struct task_struct *t)
{
	full_barrier();
	if (account_is_unlisted(a))
		account_list(a, t);
}

/* The reader has read it asleep, at seq. */
static __always_inline void account_unlist(struct bt_account *a, struct task_struct *t, __u32 seq)
{
	*(volatile __u8 *)&a->listed = 0;
	if (!list_is_kept)
		return;
	full_barrier();
	if (*(volatile __u32 *)&a->phase != BT_PHASE_BLOCKED || *(volatile __u32 *)&a->seq != seq)
		account_list(a, t);
}

#endif
