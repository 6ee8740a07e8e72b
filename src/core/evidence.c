/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "evidence.h"

#include "names.h"
#include "strbuf.h"
#include "words.h"

/* Shares below are not worth a word. */
#define WORTH_SAYING 0.05

/* What a line is about: a process, or one of its threads. */
struct subject {
	const struct bt_usage *usage;
	const struct bt_verdict *verdict;
	const struct bt_process *process;
	struct bt_model *model; /* NULL: there is none to ask */
	const char *of_time;    /* "of the time", or of that of several threads */
	uint32_t threads;
	int32_t tid; /* of a thread; 0: it is a process */
	int32_t ppid;
	char state;
	bool kernel;
	bool zombie;
	uint64_t duration_ns; /* of the interval */
	uint64_t tick_ns;
	struct bt_strbuf *out;
};

/* The wait that cost most among those of a group; NULL: none is known. */
static const struct bt_wait *group_wait(const struct bt_usage *u, enum bt_group group)
{
	for (uint32_t i = 0; i < u->wait_count; i++)
		if (bt_microstate_group(u->waits[i].reason.cause) == group)
			return &u->waits[i];
	return NULL;
}

static double group_wall_share(const struct bt_verdict *v, enum bt_group group)
{
	double share = 0;

	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++)
		if (bt_microstate_group(ms) == group)
			share += (double)v->share[ms];
	return share;
}

/* The largest microstate of a group, whatever the verdict says; BT_MS_NONE: none has time. */
static unsigned int group_largest(const struct bt_verdict *v, enum bt_group group)
{
	unsigned int largest = BT_MS_NONE;

	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++)
		if (bt_microstate_group(ms) == group && v->share[ms] > 0 &&
		    (largest == BT_MS_NONE || v->share[ms] > v->share[largest]))
			largest = ms;
	return largest;
}

/* "2 threads" for several, nothing for one. */
static void add_threads(const struct subject *s)
{
	if (s->threads > 1) {
		bt_strbuf_add_uint(s->out, s->threads);
		bt_strbuf_add(s->out, " threads: ");
	}
}

static void say_unknown(const struct subject *s)
{
	const struct bt_usage *u = s->usage;

	if (!u->wall_ns) {
		bt_strbuf_add(s->out, s->state == 'X' ? "nothing seen: it ended before it could be looked at"
						      : "nothing seen: no record of it in this interval");
		return;
	}
	bt_words_percent(
	    s->out, ((double)u->totals.offcpu_ns[BT_MS_UNKNOWN - BT_OFFCPU_FIRST] + (double)u->residual_ns) /
			(double)u->wall_ns);
	bt_strbuf_addf(s->out, " %s is unaccounted for", s->of_time);
	if (!(u->valid & BT_VALID_ACCOUNT))
		bt_strbuf_add(s->out, ": some of its threads have no account");
}

/* What it does when it does nothing. */
static void say_idle_cause(const struct subject *s)
{
	const struct bt_wait *w = group_wait(s->usage, BT_GROUP_IDLE);
	unsigned int cause = s->verdict->cause;

	switch (cause) {
	case BT_MS_STOPPED:
		bt_strbuf_add(s->out, "is stopped or traced ");
		break;
	case BT_MS_SLEEP:
		bt_strbuf_add(s->out, "sleeps ");
		break;
	case BT_MS_CHILD:
		bt_strbuf_add(s->out, "waits for a child or a thread to end ");
		break;
	case BT_MS_EVENT:
		bt_strbuf_add(s->out, "waits for work ");
		break;
	default:
		bt_strbuf_add(s->out, "does nothing ");
		bt_words_percent(s->out, 1 - (double)s->verdict->active);
		bt_strbuf_addf(s->out, " %s", s->of_time);
		return;
	}
	bt_words_percent(s->out, (double)s->verdict->share[cause]);
	bt_strbuf_addf(s->out, " %s", s->of_time);
	if (w && w->reason.cause == cause && w->reason.syscall >= 0) {
		bt_strbuf_add(s->out, ", in ");
		bt_words_wait(s->out, w);
		bt_words_peer(s->out, s->model, &w->reason, BT_CHARSET_ASCII);
		bt_strbuf_add(s->out, ", ");
		bt_words_times(s->out, w->count);
	}
}

static void say_idle(const struct subject *s)
{
	if (s->zombie) {
		bt_strbuf_addf(s->out, "is a zombie: it ended and its parent %d has not waited for it",
			       s->ppid);
		return;
	}
	say_idle_cause(s);
	if (s->verdict->id == BT_VERDICT_WAITING || (double)s->verdict->active >= 0.001) {
		bt_strbuf_add(s->out, s->threads > 1 ? "; its busiest thread is active " : "; is active ");
		bt_words_percent(s->out, (double)s->verdict->active);
	}
}

static void say_cpu(const struct subject *s)
{
	const struct bt_verdict *v = s->verdict;
	double starved = group_wall_share(v, BT_GROUP_STARVED);

	add_threads(s);
	bt_strbuf_add(s->out, "on the CPU ");
	bt_words_percent(s->out, group_wall_share(v, BT_GROUP_CPU));
	bt_strbuf_addf(s->out, " %s", s->of_time);
	if (v->split) {
		bt_strbuf_add(s->out, ": user ");
		bt_words_percent(s->out, (double)v->share[BT_MS_USER]);
		bt_strbuf_add(s->out, ", system ");
		bt_words_percent(s->out, (double)v->share[BT_MS_SYSTEM]);
	}
	bt_strbuf_add(s->out, "; ");
	bt_strbuf_add_fixed(s->out, (double)v->cpus, 2);
	bt_strbuf_add(s->out, " CPUs");
	if (starved >= WORTH_SAYING) {
		bt_strbuf_add(s->out, ", and waited for one ");
		bt_words_percent(s->out, starved);
	}
}

/* Threads that were on a CPU or waited for one, on average over the interval. */
static double cpus_wanted(const struct subject *s)
{
	const struct bt_totals *t = &s->usage->totals;
	double ns = (double)t->oncpu_ns;

	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++)
		if (bt_microstate_group(BT_OFFCPU_FIRST + i) == BT_GROUP_STARVED)
			ns += (double)t->offcpu_ns[i];
	return s->duration_ns ? ns / (double)s->duration_ns : 0;
}

static void say_starved(const struct subject *s)
{
	const struct bt_verdict *v = s->verdict;
	double quota = (double)v->share[BT_MS_CPU_QUOTA];
	double queue = (double)v->share[BT_MS_RUN_QUEUE];

	/* Not all of its threads wanted one all the time. */
	if (s->threads > 1) {
		bt_strbuf_add_fixed(s->out, cpus_wanted(s), 1);
		bt_strbuf_addf(s->out, " of %u threads wanted a CPU on average, and got ", s->threads);
	} else {
		bt_strbuf_add(s->out, "got ");
	}
	bt_strbuf_add_fixed(s->out, (double)v->cpus, 2);
	bt_strbuf_add(s->out, " CPUs: ");
	if (quota > 0) {
		bt_strbuf_add(s->out, "held back by the CPU quota of its cgroup ");
		bt_words_percent(s->out, quota);
		if (queue >= WORTH_SAYING)
			bt_strbuf_add(s->out, ", ");
	}
	if (queue >= WORTH_SAYING || quota <= 0) {
		bt_strbuf_add(s->out, "waiting in the run queue ");
		bt_words_percent(s->out, queue);
	}
	bt_strbuf_addf(s->out, " %s", s->of_time);
}

/* Which thread of the process kept the others waiting, if that was seen. */
static void add_holder(const struct subject *s, const struct bt_wait *w)
{
	struct bt_holder holder;

	if (!w || !s->model || !bt_model_holder(s->model, s->process, w->reason.object, &holder))
		return;
	/* While it waited it did not have it. */
	if (holder.tid == s->tid)
		return;
	bt_strbuf_add(s->out, "; ");
	bt_words_holder(s->out, &holder);
}

static void say_blocked(const struct subject *s, enum bt_group group)
{
	const struct bt_wait *w = group_wait(s->usage, group);
	unsigned int cause = group_largest(s->verdict, group);

	add_threads(s);
	if (cause == BT_MS_GIL) {
		/* Its waits have several addresses, none of which says anything. */
		bt_strbuf_add(s->out,
			      "waiting for the interpreter's lock (GIL), which one holds at a time, took ");
		bt_words_percent(s->out, (double)s->verdict->share[cause]);
		bt_strbuf_addf(s->out, " %s", s->of_time);
		add_holder(s, w);
		return;
	}
	/* A wait that is the smaller part would explain the wrong thing. */
	if (w && (w->reason.cause == cause || w->ns * 2 > s->usage->wall_ns)) {
		bt_words_wait(s->out, w);
		bt_words_peer(s->out, s->model, &w->reason, BT_CHARSET_ASCII);
		bt_strbuf_add(s->out, " took ");
		bt_words_percent(s->out, (double)w->ns / (double)s->usage->wall_ns);
		bt_strbuf_addf(s->out, " %s, ", s->of_time);
		bt_words_times(s->out, w->count);
		bt_strbuf_addf(s->out, " (%s ", bt_microstate_name(cause));
		bt_words_percent(s->out, (double)s->verdict->share[cause]);
		bt_strbuf_add_char(s->out, ')');
		if (w->reason.cause == BT_MS_LOCK)
			add_holder(s, w);
	} else {
		bt_strbuf_addf(s->out, "blocked on %s ", bt_microstate_name(cause));
		bt_words_percent(s->out, (double)s->verdict->share[cause]);
		bt_strbuf_addf(s->out, " %s", s->of_time);
	}
}

static void say_mixed(const struct subject *s)
{
	static const struct {
		enum bt_group group;
		const char *words;
	} parts[] = {
	    {BT_GROUP_CPU, "on the CPU"},
	    {BT_GROUP_STARVED, "waiting for one"},
	    {BT_GROUP_IO, NULL},
	    {BT_GROUP_LOCK, NULL},
	};
	const char *separator = ": ";

	bt_strbuf_add(s->out, "nothing prevails in its active time");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		double share = (double)s->verdict->group_share[parts[i].group];
		unsigned int largest = group_largest(s->verdict, parts[i].group);

		if (share < WORTH_SAYING)
			continue;
		bt_strbuf_add(s->out, separator);
		bt_strbuf_add(s->out, parts[i].words ? parts[i].words : bt_microstate_name(largest));
		bt_strbuf_add_char(s->out, ' ');
		bt_words_percent(s->out, share);
		separator = ", ";
	}
}

static void say(const struct subject *s)
{
	if (s->kernel)
		bt_strbuf_add(s->out, "kernel thread: ");
	switch (s->verdict->id) {
	case BT_VERDICT_IDLE:
	case BT_VERDICT_WAITING:
		say_idle(s);
		break;
	case BT_VERDICT_MIXED:
		say_mixed(s);
		break;
	case BT_VERDICT_STARVED:
		say_starved(s);
		break;
	case BT_VERDICT_CPU_BOUND:
		say_cpu(s);
		break;
	case BT_VERDICT_IO_BOUND:
		say_blocked(s, BT_GROUP_IO);
		break;
	case BT_VERDICT_LOCK_BOUND:
		say_blocked(s, BT_GROUP_LOCK);
		break;
	default:
		say_unknown(s);
	}
}

void bt_evidence(const struct bt_process *p, const struct bt_frame *f, struct bt_strbuf *out)
{
	uint32_t threads = p->threads + p->threads_ended;
	struct subject s = {
	    .usage = &p->usage,
	    .verdict = &p->verdict,
	    .process = p,
	    .model = f->model,
	    .of_time = threads > 1 ? "of its threads' time" : "of the time",
	    .threads = threads,
	    .ppid = p->ppid,
	    .state = p->state,
	    .kernel = p->kind == BT_KIND_KERNEL,
	    .zombie = bt_process_is_zombie(p),
	    .duration_ns = f->duration_ns,
	    .tick_ns = f->tick_ns,
	    .out = out,
	};

	say(&s);
	if (p->lost_exits)
		bt_strbuf_addf(out, "; %u that ended are known by their sum alone", p->lost_exits);
}

void bt_evidence_thread(const struct bt_thread *t, const struct bt_process *p, const struct bt_frame *f,
			struct bt_strbuf *out)
{
	struct subject s = {
	    .usage = &t->usage,
	    .verdict = &t->verdict,
	    .process = p,
	    .model = f->model,
	    .of_time = "of the time",
	    .threads = 1,
	    .tid = t->tid,
	    .ppid = p->ppid,
	    .state = t->state,
	    .kernel = p->kind == BT_KIND_KERNEL,
	    .duration_ns = f->duration_ns,
	    .tick_ns = f->tick_ns,
	    .out = out,
	};

	say(&s);
}
