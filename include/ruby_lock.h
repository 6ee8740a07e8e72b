/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ruby's global lock, whose address is exported by nothing. Its threads wait for it where they also sleep, at
 * a condition variable of their own (thread_pthread.c: native_thread_data.cond is a union of intr and gvlq
 * where glibc is used); but with another mutex: the one of the lock, or the one of the thread itself, which
 * lies behind that condition variable (rb_thread_t.interrupt_lock). glibc has both pointers side by side on
 * the stack, for the case that the wait is cancelled (struct _condvar_cleanup_buffer,
 * nptl/pthread_cond_wait.c). From 3.3 on a thread sleeps with the mutex of the lock, too, and nothing tells.
 * Pure.
 */
#ifndef BOUNDTOP_RUBY_LOCK_H
#define BOUNDTOP_RUBY_LOCK_H

#include "account.h"

/* The futexes of a condition variable are the two words at its end. */
#define BT_RUBY_FUTEX_OFFSET 40
/* How far behind it in the thread its own mutex can be; 88 bytes in 2.7 to 3.1. */
#define BT_RUBY_OWN_BYTES 512
/* So deep in the stack of who waits both pointers are; at 152 and 168 bytes in glibc 2.36. */
#define BT_RUBY_STACK_WORDS 40

enum bt_ruby_wait {
	BT_RUBY_UNKNOWN,
	BT_RUBY_SLEEPS, /* with its own mutex */
	BT_RUBY_LOCK,   /* with one that is elsewhere */
};

/* What two words of the stack say about a wait at futex. */
BT_INLINE enum bt_ruby_wait bt_ruby_wait_of(const __u64 words[2], __u64 futex)
{
	__u64 cond = (futex & ~7ULL) - BT_RUBY_FUTEX_OFFSET;

	/* A copy of the first pointer has anything behind it, but hardly a pointer to something aligned. */
	if (words[0] != cond || words[1] == cond || words[1] < 4096 || words[1] >> 47 || words[1] & 7)
		return BT_RUBY_UNKNOWN;
	return words[1] - cond < BT_RUBY_OWN_BYTES ? BT_RUBY_SLEEPS : BT_RUBY_LOCK;
}

#endif
