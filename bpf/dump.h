/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The iterator: one record of each thread, with its account and its open interval; the first time, the
 * accounts themselves. A part of collector.bpf.c, whose accounts it is about.
 */
#ifndef BOUNDTOP_BPF_DUMP_H
#define BOUNDTOP_BPF_DUMP_H

#include "account_reader.h"

/* Set while the iterator runs for the first time: it makes an account for every thread that it finds. */
bool seeding;
/* Set to have every record whole, as after a read that failed. */
bool full_read;

/* A thread that parks itself leaves its CPU at once. */
#define PARKED_FOR_NS 100000000

/* Threads that the iterator goes through between two looks at the clock, less one. */
#define DUMP_CLOCK_MASK 15

/* The time that the iterator gives to sleepers. */
static __u64 dump_now_ns;

/* The record that the iterator is making: too large for the stack; there is one reader. */
static struct bt_record scratch;

/*
 * The account of a thread that was there before us. Its own switches may come in meanwhile on another CPU,
 * and know better: each step gives way to them.
 */
static __noinline struct bt_account *account_seed(struct task_struct *t, __u64 now_ns)
{
	struct bt_account *a = bpf_task_storage_get(&accounts, t, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u32 state = task_state(t);
	__u8 phase;

	if (!a)
		return NULL;
	parent_set(a, t);
	if (!a->id)
		account_init(a, t, now_ns);
	/* User space answers without being asked for those it finds at the start. */
	if (a->gil_state == BT_GIL_UNASKED)
		a->gil_state = BT_GIL_ASKED;
	if (a->phase != BT_PHASE_NONE)
		return a;
	if (t->exit_state) {
		phase = BT_PHASE_DEAD;
	} else if (t->on_cpu) {
		phase = BT_PHASE_ONCPU;
	} else if (!(state & TASK_STATE_MASK)) {
		a->reason.cause = task_is_throttled(t) ? BT_MS_CPU_QUOTA : BT_MS_RUN_QUEUE;
		phase = BT_PHASE_RUNNABLE;
	} else {
		a->doubt = (__u8)reason_of_block(t, state, NULL, &a->reason);
		a->found_asleep = 1;
		phase = BT_PHASE_BLOCKED;
	}
	if (a->phase == BT_PHASE_NONE)
		bt_account_phase_set(a, phase);
	return a;
}

/*
 * A CPU that goes offline is no longer traced (__DO_TRACE() asks cpu_online()), so the last switch-out there
 * is not seen: that of the thread which took the CPU down, and is parked then. Nobody else writes its account
 * before its CPU is back.
 */
static __always_inline void park_late(struct bt_account *a, struct task_struct *t, __u64 now_ns)
{
	struct bt_reason parked = {.fd = -1, .syscall = NO_SYSCALL, .cause = BT_MS_EVENT};
	__u64 left_ns = a->since_ns + (t->se.sum_exec_runtime - a->runtime_ns);

	if (t->on_cpu || !(task_state(t) & TASK_PARKED) || a->since_ns + PARKED_FOR_NS > now_ns)
		return;
	/* What a frame has shown stays. */
	if (left_ns < a->shown_ns)
		left_ns = a->shown_ns;
	a->runtime_ns = t->se.sum_exec_runtime;
	a->run_delay_ns = task_run_delay_ns(t);
	bt_account_switch_out(a, left_ns < now_ns ? left_ns : now_ns, true, &parked, BT_DOUBT_NONE);
}

/* Copies the account against its running writers. false: it moved at every attempt, the copy is torn. */
static __always_inline bool account_read(struct bt_account *a, struct bt_record *r, __u32 *seq)
{
	for (int i = 0; i < BT_READ_ATTEMPTS; i++) {
		*seq = *(volatile __u32 *)&a->seq;
		bt_store_fence(a);
		bt_account_mark_read(a, r->head.now_ns);
		r->account = *a;
		bt_store_fence(a);
		if (!(*seq & 1) && *seq == *(volatile __u32 *)&a->seq)
			return true;
		r->head.now_ns = bpf_ktime_get_ns();
	}
	__sync_fetch_and_add(&stats.reads_torn, 1);
	return false;
}

/* The whole record of a thread, and seq as it was read. */
static __noinline int record_make(struct bt_record *r, struct bt_account *a, struct task_struct *t,
				  __u32 *seq)
{
	struct task_struct *parent;
	__u64 now_ns = bpf_ktime_get_ns();

	if (a && a->phase == BT_PHASE_ONCPU)
		park_late(a, task_plain(t), now_ns);
	/* The thread that execs takes the leader's number over. */
	if (a && a->id && pid_ns_inum)
		numbers_set(a, t);
	if (a && a->id) {
		missed_count(a);
		record_head(r, a, BT_RECORD_THREAD, tid_shown(a, t), now_ns);
		if (!account_read(a, r, seq))
			r->head.valid = BT_VALID_FACTS;
	} else {
		/* No memory for an account, or it is being made. */
		stats.tasks_without_account += !seeding;
		r->head.size = sizeof(*r);
		r->head.type = BT_RECORD_THREAD;
		r->head.valid = BT_VALID_FACTS;
		r->head.tid = t->pid;
		r->head.now_ns = now_ns;
		r->head.id = 1ULL << 63 | (t->start_boottime << 22 >> 1 ^ (__u32)t->pid);
		__builtin_memset(&r->account, 0, sizeof(r->account));
	}
	facts_fill(&r->facts, t);
	parent = task_plain(t)->real_parent;
	r->facts.ppid = parent ? parent->tgid : 0;
	if (pid_ns_inum) {
		r->facts.tgid = a ? a->tgid : 0;
		r->facts.ppid = parent ? number_in_ns(pid_of(parent->group_leader)) : 0;
	}
	r->facts.leader_start_ns = task_plain(t)->group_leader->start_boottime;
	return 0;
}

/* The reader has got the record: what has not gone to sleep by then stays on its list. */
static __always_inline void record_was_read(struct bt_account *a, struct task_struct *t,
					    const struct bt_record *r, __u32 seq)
{
	__u32 phase = r->account.phase;

	bt_account_was_read(a, seq, phase);
	/* Where all are walked over nobody is asked for, and nothing is guessed. */
	if (phase == BT_PHASE_BLOCKED && r->head.valid & BT_VALID_ACCOUNT &&
	    !(list_is_kept && bt_account_is_undecided(&r->account, r->head.now_ns)))
		account_unlist(a, t, seq);
	else
		a->listed = 1;
}

SEC("iter/task")
int bt_dump(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct seq_file *out = ctx->meta->seq;
	struct bt_record *r = &scratch;
	struct bt_account *a;
	__u32 seq = 0;

	if (!t)
		return 0;
	/* A thread that sleeps on is shown up to a moment ago: a clock for each of ten thousand is felt. */
	if (!(ctx->meta->seq_num & DUMP_CLOCK_MASK))
		dump_now_ns = bpf_ktime_get_ns();
	a = bpf_task_storage_get(&accounts, t, NULL, 0);
	/* Of another namespace, or on its way out. */
	if (pid_ns_inum && !seeding && (!a || !a->tid))
		return 0;
	/* One that is listed is about to go on: what the ring said of it is forgotten by who walks. */
	if (a && !seeding && !full_read && !a->listed && bt_account_is_unchanged(a) &&
	    a->shown_ns <= dump_now_ns && (t->pid ^ stats.reads) & BT_REFRESH_MASK) {
		record_head(r, a, BT_RECORD_SAME, tid_shown(a, t), dump_now_ns);
		r->head.size = sizeof(r->head);
		bt_account_mark_read(a, dump_now_ns);
		bpf_seq_write(out, &r->head, sizeof(r->head));
		return 0;
	}
	if (seeding) {
		user_regs_locate(t);
		a = account_seed(t, bpf_ktime_get_ns());
	}
	record_make(r, a, t, &seq);
	/* Refused for want of room, this thread comes again with the next buffer: it was not read yet. */
	if (!bpf_seq_write(out, r, sizeof(*r)) && a)
		record_was_read(a, t, r, seq);
	return 0;
}

/* The thread with that place in asked, if the reader asks for one. Returns 1 where there are no more. */
static int asked_dump(__u32 i, void *ctx)
{
	struct seq_file *out = *(struct seq_file **)ctx;
	struct bt_record *r = &scratch;
	struct bt_account *a;
	struct task_struct *t;
	__s32 *tid = bpf_map_lookup_elem(&asked, &i);
	__u32 seq = 0;

	if (!tid || !*tid)
		return 1;
	t = bpf_task_from_pid(*tid);
	if (!t)
		return 0;
	a = bpf_task_storage_get(&accounts, t, NULL, 0);
	/* Here alone: it takes the verifier as long as all the rest of the iterators. Who waits so is asked
	 * for. */
	if (a)
		open_wait_look(a, t);
	record_make(r, a, t, &seq);
	if (!bpf_seq_write(out, r, sizeof(*r)) && a)
		record_was_read(a, t, r, seq);
	bpf_task_release(t);
	return 0;
}

/*
 * The threads that the reader asks for, by the numbers in asked, in one go: it is an iterator over one thread
 * only, the reader's own. (One over the elements of the map would do, but there are kernels that let none of
 * that kind be loaded, root or not: docs/kernels.md.)
 */
SEC("iter/task")
int bt_asked(struct bpf_iter__task *ctx)
{
	struct seq_file *out = ctx->meta->seq;

	if (has_rdonly_cast && ctx->task)
		bpf_loop(BT_ASKED_MAX, asked_dump, &out, 0);
	return 0;
}

#endif
