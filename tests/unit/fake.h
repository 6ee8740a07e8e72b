/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host made of accounts: threads that run, block, wake and end by the real state machine (account.h), read
 * into snapshots as the BPF collector reads them. Time passes only when told to.
 */
#ifndef BOUNDTOP_TEST_FAKE_H
#define BOUNDTOP_TEST_FAKE_H

#include "snapshot.h"

#define FAKE_MS      1000000ULL
#define FAKE_TICK_NS (4 * FAKE_MS)
/* Boot time less monotonic time: this host was suspended once. */
#define FAKE_SUSPENDED_NS (5000 * FAKE_MS)

struct fake_thread {
	struct bt_record r; /* as the kernel has it; its account is the live one */
	bool used;
	bool reaped;           /* not to be found any more */
	bool ended;            /* its ENDED record was sent */
	bool hidden;           /* the iterator does not see it (unhashed, or torn) */
	bool ghost;            /* it has no account */
	uint32_t user_percent; /* of its on-CPU time */
	uint64_t oncpu_seen_ns;
};

struct fake_host {
	uint64_t now_ns;
	uint64_t next_id;
	struct fake_thread *threads;
	size_t count, capacity;
	struct bt_snapshot s;   /* what fake_read() filled */
	unsigned char *pending; /* ENDED records since the last read */
	size_t pending_length;
	bool ended_last; /* ENDED records come behind the threads instead of before */
	bool no_same;    /* full records only */
	bool sampled;    /* snapshots are not exact */
};

void fake_open(struct fake_host *h);
void fake_close(struct fake_host *h);
void fake_pass(struct fake_host *h, uint64_t ns);

/* Threads are named by index: the array moves. The process forks from parent (-1: seen by nobody). */
int fake_fork(struct fake_host *h, int32_t pid, int parent);
int fake_clone(struct fake_host *h, int of, int32_t tid);
struct fake_thread *fake_at(struct fake_host *h, int i);

void fake_run(struct fake_host *h, int i);     /* gets a CPU */
void fake_preempt(struct fake_host *h, int i); /* loses it */
void fake_throttle(struct fake_host *h, int i);
void fake_block(struct fake_host *h, int i, enum bt_microstate cause, int16_t syscall, uint64_t object);
void fake_wake(struct fake_host *h, int i, int32_t waker_pid);
/* holder lets go of the lock that i waits for, and wakes it. */
void fake_give(struct fake_host *h, int holder, int i);
/* Ends; a leader becomes a zombie that stays until fake_reap(). */
void fake_exit(struct fake_host *h, int i, int32_t exit_code);
void fake_reap(struct fake_host *h, int i);

/* Runs for ns, then blocks for the same reason as it was last given. */
void fake_burst(struct fake_host *h, int i, uint64_t ns);

/* Takes a snapshot into h->s. It takes no time. */
const struct bt_snapshot *fake_read(struct fake_host *h);
/* Appends raw bytes to h->s. */
void fake_append(struct fake_host *h, const void *bytes, size_t size);

#endif
