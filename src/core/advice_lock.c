/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice on what keeps the others waiting while one computes: event loops, an interpreter's lock, other
 * locks. */
#include "advice_internal.h"
#include "names.h"
#include "words.h"

/* One at a time; what the kernel does for the others comes on top. */
#define ONE_CPU_MAX 1.10

/* While threads wait for a lock, its holder computes: the verdict may be about that. */
static bool suffers(const struct bt_case *c, enum bt_microstate lock)
{
	return bt_case_bears(c, lock) ||
	       (c->v->id == BT_VERDICT_CPU_BOUND && bt_case_weight(c, lock) >= BT_ADVICE_WEIGHT_MIN);
}

/* The first burst that a person, or a client with a short timeout, notices: bucket 18 begins there. */
#define HELD_BUCKET 18
#define HELD_NS     ((double)(1ULL << (BT_BURST_MIN_LOG2 + HELD_BUCKET)))
/* So much of its CPU time in such bursts is no accident of one request. */
#define HELD_MIN 0.5

/* CPU bursts that are that long, and how much they took at the least. */
static uint64_t bursts_held(const struct bt_usage *u, double *ns)
{
	uint64_t count = 0;

	*ns = 0;
	if (!u->bursts || !(u->valid & BT_VALID_BURSTS))
		return 0;
	for (unsigned int b = HELD_BUCKET; b < BT_BURST_BUCKETS; b++) {
		count += u->bursts->cpu[b];
		*ns += (double)u->bursts->cpu[b] * (double)(1ULL << (BT_BURST_MIN_LOG2 + b));
	}
	return count;
}

/*
 * Is waiting for events what it mostly does between its bursts, and are these most of its CPU time? Who polls
 * for what another process is to hand over has no loop: xz before each read.
 */
static bool loop_is_held(const struct bt_usage *u)
{
	uint64_t polls = 0, all = 0;
	double held_ns;

	for (uint32_t i = 0; (u->valid & BT_VALID_WAITS) && i < u->wait_count; i++) {
		const struct bt_wait *w = &u->waits[i];

		all += w->count;
		if (bt_call_of(w) == BT_CALL_POLL && w->reason.cause != BT_MS_IPC)
			polls += w->count;
	}
	return polls && 2 * polls > all && bursts_held(u, &held_ns) &&
	       held_ns >= HELD_MIN * (double)u->totals.oncpu_ns;
}

/* The usage of the thread whose event loop is held; NULL: none is. A thread beside it may well compute. */
static const struct bt_usage *held_loop(const struct bt_case *c)
{
	struct bt_model *m = c->advisor->frame->model;
	struct bt_process *p;
	double held_ns;

	if (!bursts_held(c->u, &held_ns))
		return NULL;
	if (c->threads == 1 || !bt_case_is_single(c))
		return loop_is_held(c->u) ? c->u : NULL;
	p = bt_model_find_identity(m, &c->p->identity);
	if (!p || bt_model_threads(m, p))
		return NULL;
	for (uint32_t i = 0; i < p->thread_count; i++)
		if (loop_is_held(&p->thread_list[i]->usage))
			return &p->thread_list[i]->usage;
	return NULL;
}

bool bt_event_loop_applies(const struct bt_case *c)
{
	const struct bt_usage *u = held_loop(c);

	return u && (double)u->totals.oncpu_ns >= BT_ADVICE_WEIGHT_MIN * c->active_ns;
}

void bt_event_loop_say(const struct bt_case *c, struct bt_strbuf *out)
{
	const struct bt_usage *u = held_loop(c);
	double held_ns;

	if (!u)
		return;
	bt_strbuf_add(out, "Its event loop is held: ");
	bt_words_count(out, bursts_held(u, &held_ns), "time", "times");
	bt_say_fixed(out, " it computed for ", HELD_NS / 1e6, 0, " ms or more without looking for events, ");
	bt_say_fixed(
	    out, "p99 ", bt_burst_percentile_ns(u->bursts->cpu, 0.99) / 1e6, 0,
	    " ms; meanwhile nothing else in it is answered. Move that work to a process or thread of its "
	    "own (run_in_executor, worker_threads), or split it: more cores or a faster network change "
	    "nothing.");
}

bool bt_gil_applies(const struct bt_case *c)
{
	return suffers(c, BT_MS_GIL);
}

/* "3 threads wait"; "Waits" where they are not counted. */
static void say_waiters(const struct bt_case *c, const struct bt_wait *w, struct bt_strbuf *out)
{
	struct bt_model *m = c->advisor->frame->model;
	uint32_t waiters = w && m ? bt_model_waiters(m, c->p, &w->reason) : 0;

	if (!waiters) {
		bt_strbuf_add(out, "Waits");
		return;
	}
	bt_words_count(out, waiters, "thread", "threads");
	bt_strbuf_add(out, waiters == 1 ? " waits" : " wait");
}

/* "; thread 77 (worker-2) held it 83 % of that time"; nothing where nobody was seen to let go of it. */
static void say_holder(const struct bt_case *c, const struct bt_wait *w, struct bt_strbuf *out)
{
	struct bt_model *m = c->advisor->frame->model;
	struct bt_holder holder;

	if (!w || !m || !bt_model_holder(m, c->p, w->reason.object, &holder))
		return;
	bt_strbuf_add(out, "; ");
	bt_words_holder(out, &holder);
}

void bt_gil_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, BT_MS_GIL);

	say_waiters(c, sum.most, out);
	bt_strbuf_add(out, " for the interpreter's lock, ");
	bt_say_share(c, bt_case_offcpu_ns(c, BT_MS_GIL), out);
	say_holder(c, sum.most, out);
	/* Several interpreters, or extensions that release it, get more. */
	bt_say_fixed(out, "; together they get ", bt_case_cpus(c), 2,
		     bt_case_cpus(c) <= ONE_CPU_MAX ? " CPUs, and it allows 1. " : " CPUs. ");
	bt_strbuf_add(out,
		      bt_case_runs_ruby(c)
			  ? "Use processes for the computing part (fork, Ractor), or an extension that "
			    "releases it."
			  : "Use processes for the computing part (multiprocessing, ProcessPoolExecutor), a "
			    "build without the lock, or an extension that releases it.");
	bt_strbuf_add(out, " More cores or a faster disk change nothing.");
}

/* Locks of a program's own are words of its memory; there are others. */
static struct bt_wait_sum lock_waits(const struct bt_case *c)
{
	return bt_case_waits_all(c, BT_MS_LOCK);
}

bool bt_convoy_applies(const struct bt_case *c)
{
	struct bt_wait_sum sum = lock_waits(c);

	return suffers(c, BT_MS_LOCK) && sum.most && sum.most->reason.target == BT_TARGET_FUTEX;
}

void bt_convoy_say(const struct bt_case *c, struct bt_strbuf *out)
{
	const struct bt_wait *w = lock_waits(c).most;
	struct bt_wait_sum one = {.ns = (double)w->ns, .count = w->count, .most = w};

	say_waiters(c, w, out);
	bt_strbuf_add(out, " for the lock at 0x");
	bt_strbuf_add_hex(out, w->reason.object);
	bt_strbuf_add_char(out, ' ');
	bt_say_waits(c, &one, out);
	say_holder(c, w, out);
	bt_strbuf_add(out,
		      ". Hold it for shorter, split it, or give each thread data of its own: more threads "
		      "or cores make it worse.");
}

bool bt_file_lock_applies(const struct bt_case *c)
{
	struct bt_wait_sum sum = lock_waits(c);

	return suffers(c, BT_MS_LOCK) && sum.most && bt_call_of(sum.most) == BT_CALL_FILE_LOCK;
}

void bt_file_lock_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_LOCK, BT_CALL_FILE_LOCK);

	bt_strbuf_add(out, "Waits for a file lock: ");
	bt_words_wait(out, sum.most);
	bt_strbuf_add(out, " took ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out, ". lslocks shows who holds it; hold it for shorter, or lock parts of the file.");
}

bool bt_kernel_lock_applies(const struct bt_case *c)
{
	struct bt_wait_sum sum = lock_waits(c);

	return suffers(c, BT_MS_LOCK) && sum.most && sum.most->reason.target != BT_TARGET_FUTEX &&
	       bt_call_of(sum.most) != BT_CALL_FILE_LOCK;
}

void bt_kernel_lock_say(const struct bt_case *c, struct bt_strbuf *out)
{
	const struct bt_wait *w = lock_waits(c).most;
	struct bt_wait_sum one = {.ns = (double)w->ns, .count = w->count, .most = w};

	if (w->reason.syscall < 0) {
		bt_strbuf_add(out, "Waits in page faults for the lock of its address space ");
	} else {
		bt_strbuf_add(out, "Waits within the kernel, in ");
		bt_words_wait(out, w);
		bt_strbuf_add_char(out, ' ');
	}
	bt_say_waits(c, &one, out);
	bt_strbuf_add(out, ": call it less often, or from fewer threads at a time.");
}
