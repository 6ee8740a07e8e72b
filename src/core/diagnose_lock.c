/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about processes and threads that wait for each other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "words.h"

/* A process is bound by it when this part of its active time is that, */
#define BOUND_PART 0.4
/* with so many threads waiting on average. */
#define LOCK_WAITERS 0.8
#define GIL_WAITERS  0.5
/* Who waits for a file lock and gets it once just takes turns; so often in the window, they get in each
 * other's way. */
#define FILE_LOCK_COUNT 10
/* At most so many findings of a kind: the first is the worst. */
#define FINDINGS_MAX 3

#define CHAIN_MAX  6
#define CHAIN_MIN  3
#define CHAIN_PART 0.5
/* Threads that wait, on average, at the head of it. */
#define CHAIN_WAITERS 0.3
/* Who was there for less of the window came and went. */
#define CHAIN_LIVED 0.5

static const struct bt_wait *longest(const struct bt_process *p, enum bt_microstate ms)
{
	for (uint32_t i = 0; i < p->usage.wait_count; i++)
		if (p->usage.waits[i].reason.cause == ms)
			return &p->usage.waits[i];
	return NULL;
}

/* Locks of the kernel's own make many short processes wait where there is too much of everything: what counts
 * is who waits for one by himself. */
#define KERNEL_LOCK_MIN 0.5

static bool is_kernel_lock(const struct bt_wait *w)
{
	static const char *const calls[] = {"flock", "fcntl", "semop", "semtimedop"};
	const char *name = w ? bt_syscall_name(w->reason.syscall) : NULL;

	if (w && w->reason.target == BT_TARGET_FUTEX)
		return false;
	for (size_t i = 0; name && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(name, calls[i]))
			return false;
	return true;
}

static double weigh_lock(const struct bt_host_case *c, const struct bt_process *p)
{
	double threads = bt_threads_in(c, p, BT_MS_LOCK);

	if (p->kind != BT_KIND_USER || bt_active_part(p, BT_MS_LOCK) < BOUND_PART)
		return 0;
	return threads < KERNEL_LOCK_MIN && is_kernel_lock(longest(p, BT_MS_LOCK)) ? 0 : threads;
}

static double weigh_gil(const struct bt_host_case *c, const struct bt_process *p)
{
	return bt_active_part(p, BT_MS_GIL) >= BOUND_PART ? bt_threads_in(c, p, BT_MS_GIL) : 0;
}

static enum bt_severity severity_of(const struct bt_wait *w, bool futex)
{
	return w && !futex && w->count < FILE_LOCK_COUNT ? BT_SEVERITY_INFO : BT_SEVERITY_WARNING;
}

/* Processes of one name that wait for the same kind of lock belong into one line. */
void bt_find_lock_convoy(struct bt_host_case *c)
{
	struct bt_name_group groups[BT_NAME_GROUPS];
	size_t count = bt_rank_names(c, weigh_lock, LOCK_WAITERS, groups);

	for (size_t i = 0; i < count && i < FINDINGS_MAX; i++) {
		const struct bt_process *p = groups[i].first;
		const struct bt_wait *w = longest(p, BT_MS_LOCK);
		bool futex = w && w->reason.target == BT_TARGET_FUTEX;
		struct bt_finding_subject *s;
		struct bt_finding *f = bt_finding_add(c, severity_of(w, futex), groups[i].weight);
		uint32_t waiters = w && c->f->model ? bt_model_waiters(c->f->model, p, &w->reason) : 0;

		if (!f)
			return;
		bt_finding_number(f, "threads_waiting", groups[i].weight);
		bt_finding_number(f, "lock_part", bt_active_part(p, BT_MS_LOCK));
		bt_finding_number(f, "threads_at_that_lock", waiters);
		bt_finding_number(f, "cpus", bt_threads_in(c, p, BT_MS_USER));
		if (groups[i].count > 1) {
			bt_words_count(&f->text, groups[i].count, "process", "processes");
			bt_strbuf_add_char(&f->text, ' ');
			bt_say_raw(&f->text, p->comm);
			bt_strbuf_add(&f->text, " wait");
		} else if (p->threads + p->threads_ended <= 1) {
			bt_say_pid_name(&f->text, p);
			bt_strbuf_add(&f->text, " waits");
		} else {
			/* Those that wait for the same thing, as far as they are known: others may rest. */
			if (w)
				bt_words_count(&f->text, waiters ? waiters : p->threads + p->threads_ended,
					       "thread", "threads");
			else
				bt_strbuf_add(&f->text, "Threads");
			bt_strbuf_add(&f->text, " of ");
			bt_say_pid_name(&f->text, p);
			bt_strbuf_add(&f->text, " wait");
		}
		bt_strbuf_add(&f->text, " for a lock ");
		bt_words_percent(&f->text, bt_active_part(p, BT_MS_LOCK));
		bt_strbuf_add(&f->text, " of the active time, on average ");
		bt_strbuf_add_fixed(&f->text, groups[i].weight, 1);
		bt_strbuf_add(&f->text, " at a time");
		s = bt_finding_process(f, p, "threads_waiting", groups[i].weight);
		if (s && groups[i].count > 1)
			s->count = groups[i].count;
		if (w) {
			struct bt_strbuf target = BT_STRBUF_INIT;
			const struct bt_diagnosis_names *n = &c->in->names;
			char device[32] = "";

			bt_strbuf_add(&f->text, " (");
			bt_words_wait(&f->text, w);
			bt_strbuf_add(&f->text, ", ");
			bt_words_times(&f->text, w->count);
			bt_strbuf_add(&f->text, ")");
			bt_words_target(&target, w);
			if (s && !futex && n->object)
				s->object = n->object(n->context, p, &w->reason, device);
			if (s && !s->object && target.length)
				s->object = strdup(bt_strbuf_text(&target));
			if (s && s->object && !futex) {
				bt_strbuf_add(&f->text, ": ");
				bt_say_raw(&f->text, s->object);
			}
			bt_strbuf_free(&target);
		}
		/* Which it was that is not among the longest waits, nobody knows: a thread's most likely. */
		bt_strbuf_add(
		    &f->advice,
		    futex || !w
			? "Hold it for shorter, split it, or run fewer threads: more CPUs make it worse."
			: "See who holds it (lslocks, /proc/locks), and for how long.");
	}
}

void bt_find_gil(struct bt_host_case *c)
{
	struct bt_rank ranks[BT_RANKS];
	double total;
	size_t all, count = bt_rank(c, weigh_gil, GIL_WAITERS, ranks, &total, &all);

	for (size_t i = 0; i < count && i < FINDINGS_MAX; i++) {
		const struct bt_process *p = ranks[i].p;
		struct bt_finding *f = bt_finding_add(c, BT_SEVERITY_WARNING, ranks[i].weight);
		double wants = ranks[i].weight + bt_threads_in(c, p, BT_MS_USER);

		if (!f)
			return;
		bt_finding_number(f, "threads_waiting", ranks[i].weight);
		bt_finding_number(f, "gil_part", bt_active_part(p, BT_MS_GIL));
		bt_finding_number(f, "threads", p->threads);
		bt_finding_number(f, "cpus", bt_threads_in(c, p, BT_MS_USER));
		bt_finding_process(f, p, "threads_waiting", ranks[i].weight);
		bt_strbuf_add_fixed(&f->text, wants, 1);
		bt_strbuf_add(&f->text, " threads of ");
		bt_say_pid_name(&f->text, p);
		bt_strbuf_add(&f->text, " fight for the interpreter's lock (GIL): ");
		bt_words_percent(&f->text, bt_active_part(p, BT_MS_GIL));
		bt_strbuf_add(&f->text, " of their active time");
		bt_strbuf_add(&f->advice,
			      "Processes instead of threads for the computing part (multiprocessing, "
			      "ProcessPoolExecutor), or a build without the GIL. More CPUs change nothing.");
	}
	if (all > FINDINGS_MAX)
		bt_strbuf_addf(&c->out->findings[c->out->count - 1].text, "; and so do %zu more processes",
			       all - FINDINGS_MAX);
}

static double weigh_ipc(const struct bt_host_case *c, const struct bt_process *p)
{
	return p->kind == BT_KIND_USER && bt_active_part(p, BT_MS_IPC) >= CHAIN_PART
		   ? bt_threads_in(c, p, BT_MS_IPC)
		   : 0;
}

/* The living one: others may have had that PID before it. */
static const struct bt_process *living_find(const struct bt_host_case *c, int32_t pid)
{
	for (size_t i = 0; i < c->f->process_count; i++)
		if (c->f->processes[i]->identity.pid == pid && !c->f->processes[i]->exited)
			return c->f->processes[i];
	return NULL;
}

/* Whom p waits for most of its active time; NULL: for nobody, or for one that came and went meanwhile. */
static const struct bt_process *owed_by(const struct bt_host_case *c, const struct bt_process *p)
{
	const struct bt_wait *most = NULL;
	const struct bt_process *owner;

	if (bt_active_part(p, BT_MS_IPC) < CHAIN_PART)
		return NULL;
	for (uint32_t i = 0; i < p->usage.wait_count && !most; i++)
		if (p->usage.waits[i].reason.cause == BT_MS_IPC && p->usage.waits[i].waker_pid > 0 &&
		    p->usage.waits[i].waker_pid != p->identity.pid)
			most = &p->usage.waits[i];
	owner = most ? living_find(c, most->waker_pid) : NULL;
	return owner && (double)(owner->end_ns - owner->begin_ns) >= CHAIN_LIVED * c->window_ns ? owner
												: NULL;
}

static size_t chain_of(const struct bt_host_case *c, const struct bt_process *head,
		       const struct bt_process *chain[CHAIN_MAX])
{
	size_t length = 0;

	for (const struct bt_process *p = head; p && length < CHAIN_MAX; p = owed_by(c, p)) {
		for (size_t i = 0; i < length; i++)
			if (chain[i] == p)
				return length;
		chain[length++] = p;
	}
	return length;
}

static void say_end(struct bt_strbuf *out, const struct bt_process *p)
{
	bt_strbuf_addf(out, ", which is %s", bt_verdict_name(p->verdict.id));
	if (p->verdict.cause != BT_MS_NONE && p->verdict.id != BT_VERDICT_UNKNOWN)
		bt_strbuf_addf(out, " (%s)", bt_microstate_name(p->verdict.cause));
}

void bt_find_chain(struct bt_host_case *c)
{
	struct bt_rank ranks[BT_RANKS];
	const struct bt_process *best[CHAIN_MAX] = {NULL};
	size_t best_length = 0;
	double total, weight = 0;
	struct bt_finding *f;
	size_t all, count = bt_rank(c, weigh_ipc, CHAIN_WAITERS, ranks, &total, &all);

	for (size_t i = 0; i < count; i++) {
		const struct bt_process *chain[CHAIN_MAX];
		size_t length = chain_of(c, ranks[i].p, chain);

		if (length <= best_length)
			continue;
		best_length = length;
		weight = ranks[i].weight;
		for (size_t k = 0; k < length; k++)
			best[k] = chain[k];
	}
	/* That one waits for another is what a pipe is for. */
	if (best_length < CHAIN_MIN)
		return;
	f = bt_finding_add(c, BT_SEVERITY_INFO, weight);
	if (!f)
		return;
	bt_finding_number(f, "length", (double)best_length);
	bt_finding_number(f, "threads_waiting", weight);
	for (size_t i = 0; i < best_length; i++) {
		bool last = i + 1 == best_length;

		bt_finding_process(f, best[i], "ipc_part", bt_active_part(best[i], BT_MS_IPC));
		bt_say_pid_name(&f->text, best[i]);
		if (last) {
			say_end(&f->text, best[i]);
			break;
		}
		bt_strbuf_add(&f->text, i ? ", which waits for " : " waits for ");
	}
	bt_strbuf_add(&f->advice, "Only the last of them is worth a look: ");
	bt_say_pid_name(&f->advice, best[best_length - 1]);
	bt_strbuf_addf(&f->advice, " (boundtop classify %d).", best[best_length - 1]->identity.pid);
}
