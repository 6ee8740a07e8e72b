/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake.h"

#include "account_reader.h"
#include "hand_over.h"

#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

void fake_open(struct fake_host *h)
{
	memset(h, 0, sizeof(*h));
	h->now_ns = 1000ULL * 1000 * FAKE_MS;
	h->next_id = 1;
}

void fake_close(struct fake_host *h)
{
	bt_snapshot_free(&h->s);
	free(h->threads);
	free(h->pending);
}

void fake_pass(struct fake_host *h, uint64_t ns)
{
	h->now_ns += ns;
}

struct fake_thread *fake_at(struct fake_host *h, int i)
{
	return &h->threads[i];
}

static int thread_add(struct fake_host *h)
{
	struct fake_thread *t;

	if (h->count == h->capacity) {
		h->capacity = h->capacity ? h->capacity * 2 : 64;
		h->threads = must(realloc(h->threads, h->capacity * sizeof(*h->threads)));
	}
	t = &h->threads[h->count];
	memset(t, 0, sizeof(*t));
	t->used = true;
	t->user_percent = 75;
	t->r.head.size = sizeof(t->r);
	t->r.head.valid = BT_VALID_ACCOUNT | BT_VALID_TICKS | BT_VALID_IO | BT_VALID_RSS | BT_VALID_BURSTS |
			  BT_VALID_WAITS | BT_VALID_RUNTIME;
	t->r.head.id = h->next_id++;
	t->r.facts.start_ns = h->now_ns + FAKE_SUSPENDED_NS;
	t->r.facts.state = 'R';
	t->r.account.id = t->r.head.id;
	t->r.account.born_ns = h->now_ns;
	t->r.account.since_ns = h->now_ns;
	t->r.account.phase = BT_PHASE_RUNNABLE;
	t->r.account.reason.cause = BT_MS_RUN_QUEUE;
	return (int)h->count++;
}

int fake_fork(struct fake_host *h, int32_t pid, int parent)
{
	int i = thread_add(h);
	struct bt_record *r = &h->threads[i].r;

	r->head.tid = pid;
	r->facts.tgid = pid;
	r->facts.leader_start_ns = r->facts.start_ns;
	r->facts.rss_bytes = 1 << 20;
	memcpy(r->facts.comm, "fake", 5);
	r->account.leader_start_ns = r->facts.start_ns;
	if (parent >= 0) {
		r->facts.ppid = h->threads[parent].r.facts.tgid;
		r->account.parent_tgid = r->facts.ppid;
		r->account.parent_start_ns = h->threads[parent].r.facts.leader_start_ns;
	}
	return i;
}

int fake_clone(struct fake_host *h, int of, int32_t tid)
{
	int i = thread_add(h);
	const struct bt_facts *leader = &h->threads[of].r.facts;
	struct bt_record *r = &h->threads[i].r;

	r->head.tid = tid;
	r->facts.tgid = leader->tgid;
	r->facts.ppid = leader->ppid;
	r->facts.leader_start_ns = leader->leader_start_ns;
	r->facts.rss_bytes = leader->rss_bytes;
	memcpy(r->facts.comm, "clone", 6);
	r->account.leader_start_ns = leader->leader_start_ns;
	r->account.parent_tgid = leader->tgid;
	r->account.parent_start_ns = leader->leader_start_ns;
	return i;
}

void fake_run(struct fake_host *h, int i)
{
	bt_account_switch_in(&h->threads[i].r.account, h->now_ns);
	h->threads[i].r.facts.state = 'R';
}

static void leave(struct fake_host *h, int i, int blocked, const struct bt_reason *why)
{
	struct bt_record *r = &h->threads[i].r;

	bt_account_switch_out(&r->account, h->now_ns, blocked, why, BT_DOUBT_NONE);
	if (blocked)
		r->facts.voluntary++;
	else
		r->facts.involuntary++;
	r->facts.state = (char)(blocked ? (why->cause == BT_MS_DISK ? 'D' : 'S') : 'R');
}

void fake_preempt(struct fake_host *h, int i)
{
	struct bt_reason why = {.fd = -1, .syscall = -1, .cause = BT_MS_RUN_QUEUE};

	leave(h, i, 0, &why);
}

void fake_throttle(struct fake_host *h, int i)
{
	struct bt_reason why = {.fd = -1, .syscall = -1, .cause = BT_MS_CPU_QUOTA};

	leave(h, i, 0, &why);
}

void fake_block(struct fake_host *h, int i, enum bt_microstate cause, int16_t syscall, uint64_t object)
{
	struct bt_reason why = {.fd = 3, .syscall = syscall, .object = object, .cause = (uint8_t)cause};

	why.target = cause == BT_MS_IPC    ? BT_TARGET_PIPE
		     : cause == BT_MS_DISK ? BT_TARGET_FILE
		     : cause == BT_MS_LOCK ? BT_TARGET_FUTEX
					   : BT_TARGET_NONE;
	if (why.target == BT_TARGET_FUTEX)
		bt_account_turn_begin(&h->threads[i].r.account, object, h->now_ns);
	leave(h, i, 1, &why);
}

void fake_wake(struct fake_host *h, int i, int32_t waker_pid)
{
	struct bt_account *a = &h->threads[i].r.account;

	bt_account_waking(a, h->now_ns, waker_pid, a->reason.cause);
}

void fake_give(struct fake_host *h, int holder, int i)
{
	bt_account_hand_over(&h->threads[i].r.account, &h->threads[holder].r.account, h->now_ns);
	fake_wake(h, i, h->threads[holder].r.facts.tgid);
}

void fake_burst(struct fake_host *h, int i, uint64_t ns)
{
	struct bt_reason why = h->threads[i].r.account.reason;

	fake_wake(h, i, 0);
	fake_run(h, i);
	fake_pass(h, ns);
	leave(h, i, 1, &why);
}

/* The kernel's own counters follow the account. */
static void facts_refresh(struct fake_host *h, struct fake_thread *t)
{
	struct bt_totals totals;
	uint64_t runtime_ns, user_ns;

	bt_account_totals_at(&t->r.account, h->now_ns, &totals);
	runtime_ns = totals.oncpu_ns;
	user_ns = runtime_ns * t->user_percent / 100;
	t->r.facts.runtime_ns = runtime_ns;
	t->r.facts.utime_ns = user_ns / FAKE_TICK_NS * FAKE_TICK_NS;
	t->r.facts.stime_ns = (runtime_ns - user_ns) / FAKE_TICK_NS * FAKE_TICK_NS;
}

void fake_exit(struct fake_host *h, int i, int32_t exit_code)
{
	struct fake_thread *t = &h->threads[i];

	bt_account_end(&t->r.account, h->now_ns);
	facts_refresh(h, t);
	t->ended = true;
	t->r.facts.exit_code = exit_code;
	t->r.facts.state = 'Z';
	if (t->r.head.tid != t->r.facts.tgid)
		t->reaped = true;
	h->pending = must(realloc(h->pending, h->pending_length + sizeof(t->r)));
	t->r.head.type = BT_RECORD_ENDED;
	t->r.head.now_ns = h->now_ns;
	memcpy(h->pending + h->pending_length, &t->r, sizeof(t->r));
	h->pending_length += sizeof(t->r);
}

void fake_reap(struct fake_host *h, int i)
{
	h->threads[i].reaped = true;
}

void fake_append(struct fake_host *h, const void *bytes, size_t size)
{
	memcpy(must(bt_snapshot_reserve(&h->s, size)), bytes, size);
	h->s.length += size;
}

static void pending_flush(struct fake_host *h)
{
	if (h->pending_length)
		fake_append(h, h->pending, h->pending_length);
	h->pending_length = 0;
}

static void thread_read(struct fake_host *h, struct fake_thread *t)
{
	struct bt_account *a = &t->r.account;
	bool same = bt_account_is_unchanged(a) && a->read_ns && a->read_cause == a->reason.cause;

	bt_account_mark_read(a, h->now_ns);
	bt_account_was_read(a, a->seq, a->phase);
	t->r.head.now_ns = h->now_ns;
	t->r.head.type = BT_RECORD_THREAD;
	if (same && !h->no_same && !t->ghost) {
		struct bt_record_head head = t->r.head;

		head.type = BT_RECORD_SAME;
		head.size = sizeof(head);
		fake_append(h, &head, sizeof(head));
		return;
	}
	facts_refresh(h, t);
	if (t->ghost) {
		struct bt_record r = t->r;

		memset(&r.account, 0, sizeof(r.account));
		r.head.valid &= (uint8_t) ~(BT_VALID_ACCOUNT | BT_VALID_BURSTS | BT_VALID_WAITS);
		fake_append(h, &r, sizeof(r));
		return;
	}
	fake_append(h, &t->r, sizeof(t->r));
}

const struct bt_snapshot *fake_read(struct fake_host *h)
{
	bt_snapshot_clear(&h->s);
	h->s.begin_ns = h->now_ns;
	h->s.end_ns = h->now_ns;
	h->s.time_s = (int64_t)(h->now_ns / 1000000000);
	h->s.cpus_online = 2;
	h->s.tick_ns = FAKE_TICK_NS;
	h->s.exact = !h->sampled;
	h->s.measured = BT_MEASURED_ALL;
	if (!h->ended_last)
		pending_flush(h);
	for (size_t i = 0; i < h->count; i++)
		if (h->threads[i].used && !h->threads[i].reaped && !h->threads[i].hidden)
			thread_read(h, &h->threads[i]);
	pending_flush(h);
	return &h->s;
}
