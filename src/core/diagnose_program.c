/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about programs that go wrong without binding the host yet. */
#include <stdlib.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "words.h"

/* Who lives for less is short-lived: what it costs to start it is a good part of what it does. */
#define SHORT_NS 500e6
/* Of these, that many a second from one parent, in a short window that many at all, */
#define STORM_RATE  50.0
#define STORM_COUNT 25
/* that take that part of all CPUs: starting a process is a millisecond. */
#define STORM_INFO    0.05
#define STORM_WARNING 0.25

#define ZOMBIES_INFO    20
#define ZOMBIES_WARNING 100
#define ZOMBIES_GROWING 10 /* in the window */

/* Threads that a process has got in the window without one less at any frame. */
#define THREADS_GROWN 16
#define THREADS_RISES 3
#define THREADS_PART  0.1

/* Who started it, and lives; of a chain of short-lived ones the first. */
static const struct bt_process *starter_of(const struct bt_host_case *c, const struct bt_process *p)
{
	for (int depth = 0; depth < 16 && p; depth++) {
		p = p->forked_by.pid && c->f->model ? bt_model_find_identity(c->f->model, &p->forked_by)
						    : NULL;
		if (p && !p->exited)
			return p;
	}
	return NULL;
}

/*
 * A host may have more parents than any fixed number, and the one that matters may come last: all, then room
 * for one more of size bytes, zeroed; NULL: no memory (noted), all are as they were.
 */
static void *with_one_more(struct bt_host_case *c, void *all, size_t count, size_t size)
{
	/* Grows at powers of two. */
	bool full = !(count & (count - 1));
	unsigned char *grown = full ? reallocarray(all, count ? 2 * count : 1, size) : all;

	if (grown)
		memset(grown + count * size, 0, size);
	else
		c->out->failed = true;
	return grown;
}

/* Did it come and go in the window? An old one that ended early in it was there for as short a time. */
static bool is_short_lived(const struct bt_host_case *c, const struct bt_process *p)
{
	return p->exited && p->begin_ns > c->f->begin_ns && (double)(p->end_ns - p->begin_ns) < SHORT_NS;
}

struct starter {
	const struct bt_process *p;
	uint64_t count;
	double cpus;
	const struct bt_process *example;
};

void bt_find_fork_storm(struct bt_host_case *c)
{
	struct starter *starters = NULL;
	size_t count = 0;

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		const struct bt_process *by = NULL;
		uint64_t ended = 0;
		size_t s = 0;

		if (is_short_lived(c, p)) {
			by = starter_of(c, p);
			ended = 1;
		} else if (p->lost_exits) {
			/* Known by their sum, which is a part of its own usage. */
			by = p;
			ended = p->lost_exits;
		}
		if (!ended || !by)
			continue;
		while (s < count && starters[s].p != by)
			s++;
		if (s == count) {
			struct starter *more = with_one_more(c, starters, count, sizeof(*more));

			if (!more)
				break;
			starters = more;
			count++;
		}
		starters[s].p = by;
		starters[s].count += ended;
		if (p != by) {
			starters[s].cpus += bt_threads_in(c, p, BT_MS_USER);
			starters[s].example = p;
		}
	}
	for (size_t s = 0; s < count; s++) {
		const struct starter *at = &starters[s];
		double rate = (double)at->count * 1e9 / c->window_ns;
		/* The parent's own part is what fork costs. */
		double part = (at->cpus + bt_threads_in(c, at->p, BT_MS_USER)) / c->cpus;
		struct bt_finding_subject *subject;
		struct bt_finding *f;

		if (rate < STORM_RATE || at->count < STORM_COUNT || part < STORM_INFO)
			continue;
		f = bt_finding_add(c, part >= STORM_WARNING ? BT_SEVERITY_WARNING : BT_SEVERITY_INFO,
				   part * c->cpus);
		if (!f)
			break;
		bt_finding_number(f, "processes_per_s", rate);
		bt_finding_number(f, "processes", (double)at->count);
		bt_finding_number(f, "cpus", at->cpus);
		bt_finding_number(f, "cpu_part_with_parent", part);
		if (c->both & BT_HOST_FORKS)
			bt_finding_number(f, "forks_per_s", bt_rate(c, c->begin->forks, c->end->forks));
		bt_finding_process(f, at->p, "processes_per_s", rate);
		bt_say_pid_name(&f->text, at->p);
		bt_strbuf_add(&f->text, " starts ");
		bt_strbuf_add_fixed(&f->text, rate, 0);
		bt_strbuf_add(&f->text, " short-lived processes a second, itself or through its children");
		if (at->example) {
			bt_strbuf_add(&f->text, " (such as ");
			bt_say_raw(&f->text, at->example->comm);
			bt_strbuf_add(&f->text, ")");
			subject =
			    bt_finding_process(f, at->example, "lived_ms",
					       (double)(at->example->end_ns - at->example->begin_ns) / 1e6);
			if (subject)
				subject->count = at->count;
		}
		bt_strbuf_add(&f->text, "; with it they take ");
		bt_words_percent(&f->text, part);
		bt_strbuf_add(&f->text, " of all CPUs");
		bt_strbuf_add(&f->advice,
			      "Let one process do the work of many: builtins instead of programs in loops, "
			      "xargs, a worker that stays. No list of processes shows them: they are gone.");
	}
	free(starters);
}

static bool is_zombie(const struct bt_process *p)
{
	return p->state == 'Z' && !p->threads;
}

struct parent {
	int32_t pid;
	uint64_t count, fresh; /* fresh: since the window began */
	const struct bt_process *example;
};

void bt_find_zombies(struct bt_host_case *c)
{
	struct parent *parents = NULL;
	size_t count = 0;

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		size_t k = 0;

		if (!is_zombie(p))
			continue;
		while (k < count && parents[k].pid != p->ppid)
			k++;
		if (k == count) {
			struct parent *more = with_one_more(c, parents, count, sizeof(*more));

			if (!more)
				break;
			parents = more;
			count++;
		}
		parents[k].pid = p->ppid;
		parents[k].count++;
		parents[k].fresh += p->usage.wall_ns > 0;
		parents[k].example = p;
	}
	for (size_t k = 0; k < count; k++) {
		const struct parent *at = &parents[k];
		const struct bt_process *parent = NULL;
		struct bt_finding_subject *s;
		struct bt_finding *f;

		if (at->count < ZOMBIES_INFO)
			continue;
		f = bt_finding_add(c,
				   at->count >= ZOMBIES_WARNING || at->fresh >= ZOMBIES_GROWING
				       ? BT_SEVERITY_WARNING
				       : BT_SEVERITY_INFO,
				   (double)at->count / 1000);
		if (!f)
			break;
		bt_finding_number(f, "zombies", (double)at->count);
		bt_finding_number(f, "new_zombies", (double)at->fresh);
		for (size_t i = 0; i < c->f->process_count; i++)
			if (c->f->processes[i]->identity.pid == at->pid && !c->f->processes[i]->exited)
				parent = c->f->processes[i];
		bt_strbuf_addf(&f->text, "%llu zombies (", (unsigned long long)at->count);
		bt_say_raw(&f->text, at->example->comm);
		bt_strbuf_add(&f->text, ") of which their parent, ");
		if (parent) {
			bt_finding_process(f, parent, "zombies", (double)at->count);
			bt_say_pid_name(&f->text, parent);
		} else {
			bt_strbuf_addf(&f->text, "%d", at->pid);
		}
		bt_strbuf_addf(&f->text, ", takes no notice; %llu new in this window",
			       (unsigned long long)at->fresh);
		s = bt_finding_process(f, at->example, NULL, 0);
		if (s)
			s->count = at->count;
		bt_strbuf_add(
		    &f->advice,
		    "The parent has to wait() for them; they hold PIDs and nothing else, and go when "
		    "it ends.");
	}
	free(parents);
}

void bt_find_thread_growth(struct bt_host_case *c)
{
	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		struct bt_growth_of g;
		struct bt_finding *f;
		uint32_t grown;

		if (p->exited || p->threads < THREADS_GROWN ||
		    !bt_growth_find(c->in->growth, &p->identity, &g) || g.last < g.first)
			continue;
		grown = g.last - g.first;
		/* One that starts its pool does so at once; one that fills it falls now and then. The last
		 * look may come right after the one before. */
		if (grown < THREADS_GROWN || g.falls || g.rises < THREADS_RISES || g.rises + 2 < g.notes ||
		    grown < THREADS_PART * g.first)
			continue;
		f = bt_finding_add(c, BT_SEVERITY_WARNING, grown / 1000.0);
		if (!f)
			return;
		bt_finding_number(f, "threads_at_begin", g.first);
		bt_finding_number(f, "threads_at_end", g.last);
		bt_finding_number(f, "threads_per_s", grown * 1e9 / c->window_ns);
		bt_finding_number(f, "frames", g.notes);
		bt_finding_process(f, p, "threads", g.last);
		bt_say_pid_name(&f->text, p);
		bt_strbuf_addf(&f->text, " gets more and more threads: %u at first, %u now, and never fewer",
			       g.first, g.last);
		bt_strbuf_add(&f->advice,
			      "If it goes on so, threads are never joined or all wait for the same thing "
			      "(boundtop classify --threads ");
		bt_strbuf_addf(&f->advice,
			       "%d). It ends at pids.max or threads-max, and then nothing starts any more.",
			       p->identity.pid);
	}
}
