/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processes that nothing happens to: what is kept of them is what would be found anew. */
#include "model_fixture.h"

#include "strbuf.h"
#include "view.h"

#define PROCESSES 40
#define FRAMES    120

static int sleeper(struct fixture *f, int32_t pid)
{
	int i = fake_fork(&f->h, pid, -1);

	fake_run(&f->h, i);
	fake_block(&f->h, i, BT_MS_SLEEP, 230, 0);
	return i;
}

/* The next interval of so long; its process, judged. */
static struct bt_process *next(struct fixture *f, int32_t pid, uint64_t ns)
{
	bt_model_begin(f->m);
	fake_pass(&f->h, ns);
	take(f);
	return find(f, pid);
}

static void assert_as_judged_anew(const struct bt_process *p, const struct bt_frame *frame)
{
	struct bt_circumstances c = {frame->duration_ns, frame->tick_ns, frame->exact, frame->measured, 0};
	struct bt_verdict v;

	bt_verdict_judge(&p->usage, p->end_ns - p->begin_ns, &c, &v);
	assert_memory_equal(&v, &p->verdict, sizeof(v));
}

static void an_unchanged_process_keeps_its_verdict(void **state)
{
	struct fixture *f = *state;
	struct bt_process *p;
	uint32_t revision;
	float confidence;

	sleeper(f, 10);
	take(f);
	next(f, 10, SECOND_NS);
	p = next(f, 10, SECOND_NS);
	revision = p->revision;
	confidence = p->verdict.confidence;
	for (int i = 0; i < 3; i++) {
		p = next(f, 10, SECOND_NS);
		assert_int_equal(p->revision, revision);
		assert_budget(p, SECOND_NS);
		assert_as_judged_anew(p, bt_model_frame(f->m));
	}
	/* A shorter window says less. */
	p = next(f, 10, 20 * FAKE_MS);
	assert_int_equal(p->revision, revision);
	assert_true(p->verdict.confidence < confidence);
	assert_as_judged_anew(p, bt_model_frame(f->m));
	/* CPU time and the like are told of a process whose first frame is still, too. */
	assert_int_equal(p->cpu_time_ns, fake_at(&f->h, 0)->r.account.totals.oncpu_ns);
}

static void who_wakes_is_judged_anew(void **state)
{
	struct fixture *f = *state;
	int i = sleeper(f, 10);
	struct bt_process *p;
	uint32_t revision;

	take(f);
	next(f, 10, SECOND_NS);
	revision = next(f, 10, SECOND_NS)->revision;
	bt_model_begin(f->m);
	fake_burst(&f->h, i, SECOND_NS);
	fake_pass(&f->h, FAKE_MS);
	take(f);
	p = find(f, 10);
	assert_int_not_equal(p->revision, revision);
	assert_int_equal(p->verdict.id, BT_VERDICT_CPU_BOUND);
	assert_budget(p, SECOND_NS + FAKE_MS);
	/* And when it is idle again. */
	revision = p->revision;
	p = next(f, 10, SECOND_NS);
	assert_int_not_equal(p->revision, revision);
	assert_int_equal(p->verdict.id, BT_VERDICT_IDLE);
	assert_budget(p, SECOND_NS);
}

/* What happens in an interval that nobody looked at is not forgotten. */
static void an_interval_without_a_frame_counts(void **state)
{
	struct fixture *f = *state;
	int i = sleeper(f, 10);
	struct bt_process *p;
	uint32_t revision;

	take(f);
	next(f, 10, SECOND_NS);
	revision = next(f, 10, SECOND_NS)->revision;
	bt_model_begin(f->m);
	fake_burst(&f->h, i, FAKE_MS);
	memcpy(fake_at(&f->h, i)->r.facts.comm, "other", 6);
	take(f);
	p = next(f, 10, SECOND_NS);
	assert_int_not_equal(p->revision, revision);
	assert_string_equal(p->comm, "other");
	assert_int_equal(p->cpu_time_ns, FAKE_MS);
	assert_as_judged_anew(p, bt_model_frame(f->m));
}

static void a_thread_more_or_less_is_a_change(void **state)
{
	struct fixture *f = *state;
	int i = sleeper(f, 10);
	struct bt_process *p;
	uint32_t revision;
	int k;

	take(f);
	next(f, 10, SECOND_NS);
	revision = next(f, 10, SECOND_NS)->revision;
	k = fake_clone(&f->h, i, 11);
	fake_run(&f->h, k);
	fake_block(&f->h, k, BT_MS_EVENT, 232, 0);
	p = next(f, 10, SECOND_NS);
	assert_int_not_equal(p->revision, revision);
	assert_int_equal(p->threads, 2);
	/* Two kinds of sleep at once: their shares are worked out each time. */
	next(f, 10, SECOND_NS);
	p = next(f, 10, SECOND_NS);
	assert_near(p->verdict.share[BT_MS_EVENT], 0.5, 1e-6);
	assert_near(p->verdict.share[BT_MS_SLEEP], 0.5, 1e-6);
	assert_int_equal(p->usage.wait_count, 2);
	assert_as_judged_anew(p, bt_model_frame(f->m));
	revision = p->revision;
	fake_exit(&f->h, k, 0);
	p = next(f, 10, SECOND_NS);
	assert_int_not_equal(p->revision, revision);
	assert_int_equal(p->threads, 1);
	/* One that goes without a word, too. */
	next(f, 10, SECOND_NS);
	revision = next(f, 10, SECOND_NS)->revision;
	fake_at(&f->h, i)->hidden = true;
	for (int n = 0; n < 3; n++)
		p = next(f, 10, SECOND_NS);
	assert_int_not_equal(p->revision, revision);
	assert_int_equal(p->threads, 0);
	assert_true(p->exited);
}

static unsigned int dice(unsigned int *seed, unsigned int sides)
{
	*seed = *seed * 1103515245 + 12345;
	return (*seed >> 16) % sides;
}

/* Have all of its threads ended? */
static bool is_last(struct fake_host *h, int32_t pid)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->threads[i].r.facts.tgid == pid && !h->threads[i].ended)
			return false;
	return true;
}

/* A frame's worth of this and that; what it does depends on seed and the threads alone. */
static void live(struct fake_host *h, unsigned int *seed)
{
	static const enum bt_microstate causes[] = {BT_MS_SLEEP, BT_MS_EVENT, BT_MS_CHILD, BT_MS_IPC};

	for (unsigned int k = 0; k < 4; k++) {
		int i = (int)dice(seed, (unsigned int)h->count);
		struct fake_thread *t = fake_at(h, i);

		if (t->ended || t->r.account.phase != BT_PHASE_BLOCKED)
			continue;
		fake_wake(h, i, 0);
		fake_run(h, i);
		fake_pass(h, dice(seed, 20) * FAKE_MS);
		switch (dice(seed, 8)) {
		case 0:
			fake_exit(h, i, 0);
			if (dice(seed, 2) && is_last(h, t->r.facts.tgid))
				fake_reap(h, i);
			break;
		case 1:
			t->r.facts.comm[0] = (char)('a' + dice(seed, 26));
			fake_block(h, i, BT_MS_SLEEP, 230, 0);
			break;
		case 2:
			fake_block(h, i, BT_MS_EVENT, 232, 0);
			i = fake_clone(h, i, (int32_t)(1000 + h->count));
			fake_run(h, i);
			fake_block(h, i, BT_MS_EVENT, 232, 0);
			break;
		case 3:
			fake_block(h, i, BT_MS_EVENT, 232, 0);
			i = fake_fork(h, (int32_t)(1000 + h->count), i);
			fake_run(h, i);
			fake_block(h, i, BT_MS_CHILD, 61, 0);
			break;
		default:
			fake_block(h, i, causes[dice(seed, 4)], 0, dice(seed, 3));
			break;
		}
	}
	fake_pass(h, (1 + dice(seed, 3)) * 100 * FAKE_MS);
}

static void assert_same_process(const struct bt_process *a, const struct bt_process *b)
{
	assert_memory_equal(&a->verdict, &b->verdict, sizeof(a->verdict));
	assert_int_equal(a->usage.wall_ns, b->usage.wall_ns);
	assert_memory_equal(&a->usage.totals, &b->usage.totals,
			    sizeof(a->usage) - offsetof(struct bt_usage, totals));
	assert_int_equal(a->usage.wait_count, b->usage.wait_count);
	for (uint32_t i = 0; i < a->usage.wait_count; i++)
		assert_int_equal(a->usage.waits[i].ns, b->usage.waits[i].ns);
	assert_int_equal(a->usage.valid, b->usage.valid);
	assert_int_equal(!a->usage.bursts, !b->usage.bursts);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->exited, b->exited);
	assert_int_equal(a->threads, b->threads);
	assert_int_equal(a->threads_ended, b->threads_ended);
	assert_int_equal(a->begin_ns, b->begin_ns);
	assert_int_equal(a->end_ns, b->end_ns);
	assert_int_equal(a->cpu_time_ns, b->cpu_time_ns);
	assert_string_equal(a->comm, b->comm);
}

static void sleepers(struct fixture *f)
{
	for (int i = 0; i < PROCESSES; i++)
		sleeper(f, 100 + i);
	take(f);
}

/* With full records nothing is ever still: the same host, both ways. */
static void still_is_as_good_as_told_in_full(void **state)
{
	struct fixture *f = *state;
	struct fixture full = {0};
	unsigned int seed = 1, full_seed = 1;

	fake_open(&full.h);
	full.h.no_same = true;
	assert_int_equal(bt_model_create(&full.m), 0);
	sleepers(f);
	sleepers(&full);
	for (int n = 0; n < FRAMES; n++) {
		const struct bt_frame *a, *b;

		bt_model_begin(f->m);
		bt_model_begin(full.m);
		for (int k = n % 7 ? 1 : 3; k--;) { /* some intervals are of several snapshots */
			live(&f->h, &seed);
			live(&full.h, &full_seed);
			take(f);
			take(&full);
		}
		if (n % 5 == 0)
			continue; /* nobody looks */
		assert_int_equal(bt_model_judge(f->m, n % 3 == 0), 0);
		assert_int_equal(bt_model_judge(full.m, false), 0);
		a = bt_model_frame(f->m);
		b = bt_model_frame(full.m);
		assert_int_equal(a->process_count, b->process_count);
		assert_memory_equal(&a->totals, &b->totals, sizeof(a->totals));
		assert_memory_equal(a->verdicts, b->verdicts, sizeof(a->verdicts));
		assert_int_equal(a->exited, b->exited);
		for (size_t i = 0; i < a->process_count; i++)
			assert_same_process(a->processes[i], b->processes[i]);
	}
	bt_model_destroy(full.m);
	fake_close(&full.h);
}

/* The frame as text: with the rows of the one before where they are right, and all anew. */
static size_t assert_rows(struct fixture *f, struct bt_kept *kept, const struct bt_style *style)
{
	static const struct bt_host host = {"host", 60, 0.5};
	struct bt_report r = {.version = "1", .collector = "fake", .host = &host};
	struct bt_strbuf text = BT_STRBUF_INIT, anew = BT_STRBUF_INIT;
	size_t redrawn = 0;

	assert_int_equal(bt_model_judge(f->m, false), 0);
	r.frame = bt_model_frame(f->m);
	r.processes = r.frame->processes;
	r.process_count = r.frame->process_count;
	for (size_t i = 0; i < r.process_count; i++) {
		const struct bt_process *p = r.processes[i];

		redrawn += !kept->usable || p->shown_frame != kept->frame || p->shown_revision != p->revision;
	}
	assert_int_equal(bt_view_top(&r, style, &anew), 0);
	r.kept = kept;
	assert_int_equal(bt_view_top(&r, style, &text), 0);
	assert_string_equal(bt_strbuf_text(&text), bt_strbuf_text(&anew));
	bt_strbuf_free(&anew);
	bt_strbuf_free(&kept->text);
	kept->text = text;
	return redrawn;
}

static void rows_are_as_if_drawn_anew(void **state)
{
	struct fixture *f = *state;
	struct bt_style style = {0, true, false};
	struct bt_kept kept = {0};
	unsigned int seed = 7;
	size_t rows = 0, redrawn = 0;

	sleepers(f);
	for (int n = 0; n < FRAMES; n++) {
		style.columns = n / 10 % 3 ? 0 : 70 + (unsigned int)n / 10;
		style.colour = n / 20 % 2;
		bt_model_begin(f->m);
		live(&f->h, &seed);
		f->h.no_same = n % 16 == 15;
		take(f);
		redrawn += assert_rows(f, &kept, &style);
		rows += bt_model_frame(f->m)->process_count;
	}
	bt_strbuf_free(&kept.text);
	assert_true(redrawn < rows * 2 / 3);
}

/* A sleeping thread's name, command line and priority can change: the next full record says so. */
static void what_a_full_record_tells_is_drawn(void **state)
{
	const struct bt_style style = {0, true, false};
	struct fixture *f = *state;
	struct bt_kept kept = {0};
	struct bt_process *p;
	int i = sleeper(f, 10);

	take(f);
	next(f, 10, SECOND_NS);
	assert_int_equal(assert_rows(f, &kept, &style), 1);
	next(f, 10, SECOND_NS);
	assert_int_equal(assert_rows(f, &kept, &style), 0);
	memcpy(fake_at(&f->h, i)->r.facts.comm, "renamed", 8);
	fake_at(&f->h, i)->r.facts.nice = 7;
	next(f, 10, SECOND_NS);
	assert_int_equal(assert_rows(f, &kept, &style), 0); /* nobody was told */
	assert_null(strstr(bt_strbuf_text(&kept.text), "[renamed]"));
	f->h.no_same = true;
	p = next(f, 10, SECOND_NS);
	p->cmdline = "/bin/other 1"; /* as after an exec */
	assert_int_equal(p->nice, 7);
	assert_int_equal(assert_rows(f, &kept, &style), 1);
	assert_non_null(strstr(bt_strbuf_text(&kept.text), "/bin/other 1\n"));
	bt_strbuf_free(&kept.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(an_unchanged_process_keeps_its_verdict), TEST(who_wakes_is_judged_anew),
	    TEST(an_interval_without_a_frame_counts),     TEST(a_thread_more_or_less_is_a_change),
	    TEST(still_is_as_good_as_told_in_full),       TEST(rows_are_as_if_drawn_anew),
	    TEST(what_a_full_record_tells_is_drawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
