/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up host with one process, for the tests of advice: each with its evidence, and its twin, one thing
 * changed, that must not get it.
 */
#ifndef BOUNDTOP_TEST_ADVICE_WORLD_H
#define BOUNDTOP_TEST_ADVICE_WORLD_H

#include "advice.h"

#include <errno.h>
#include <sys/syscall.h>

#include "strbuf.h"
#include "unit.h"

#define MS        1000000ULL
#define SECOND_NS (1000 * MS)
#define TICK_NS   (4 * MS)
#define WAITS_MAX 8

/* A host with one process that was there for a second, and another one. */
struct world {
	struct bt_frame frame;
	struct bt_process p, other;
	struct bt_process *list[2];
	struct bt_wait waits[WAITS_MAX];
	struct bt_strbuf text, ids;
};

static inline void world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->list[0] = &w->p;
	w->list[1] = &w->other;
	w->frame = (struct bt_frame){.duration_ns = SECOND_NS,
				     .tick_ns = TICK_NS,
				     .cpus_online = 4,
				     .exact = true,
				     .process_count = 2,
				     .processes = w->list};
	w->p = (struct bt_process){
	    .identity = {.pid = 10}, .comm = "subject", .threads = 1, .end_ns = SECOND_NS};
	w->p.usage.valid = BT_VALID_ACCOUNT | BT_VALID_TICKS | BT_VALID_IO | BT_VALID_WAITS;
	w->p.usage.waits = w->waits;
	w->other =
	    (struct bt_process){.identity = {.pid = 20}, .comm = "other", .threads = 1, .end_ns = SECOND_NS};
}

static inline void world_close(struct world *w)
{
	bt_strbuf_free(&w->text);
	bt_strbuf_free(&w->ids);
}

/* So much of its threads' time in ms was spent there. */
static inline void spend(struct world *w, enum bt_microstate ms, uint64_t ns)
{
	struct bt_usage *u = &w->p.usage;

	u->wall_ns += ns;
	if (ms == BT_MS_USER)
		u->utime_ns += ns;
	if (ms == BT_MS_SYSTEM)
		u->stime_ns += ns;
	if (ms < BT_OFFCPU_FIRST)
		u->totals.oncpu_ns += ns;
	else
		u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST] += ns;
}

/* Waits, the longest first, which spends their time as well. */
static inline struct bt_wait *wait_for(struct world *w, enum bt_microstate ms, enum bt_target target,
				       long syscall, uint64_t ns, uint32_t count)
{
	struct bt_wait *wait = &w->waits[w->p.usage.wait_count++];

	*wait = (struct bt_wait){
	    .reason = {.object = 0xabc,
		       .syscall = (int16_t)syscall,
		       .cause = (uint8_t)ms,
		       .target = (uint8_t)target},
	    .ns = ns,
	    .count = count,
	};
	spend(w, ms, ns);
	return wait;
}

static inline void judge(struct world *w)
{
	struct bt_circumstances c = {
	    .duration_ns = SECOND_NS, .tick_ns = TICK_NS, .exact = true, .measured = BT_MEASURED_ALL};
	struct bt_usage *u = &w->p.usage;
	uint64_t active_ns = bt_totals_active_ns(&u->totals);

	if (!u->oncpu_max_ns)
		u->oncpu_max_ns = u->totals.oncpu_ns;
	if (!u->active_max_ns)
		u->active_max_ns = active_ns < SECOND_NS ? active_ns : SECOND_NS;
	bt_verdict_judge(u, w->p.end_ns - w->p.begin_ns, &c, &w->p.verdict);
	if (w->other.usage.wall_ns)
		bt_verdict_judge(&w->other.usage, SECOND_NS, &c, &w->other.verdict);
}

/* Ids of all advice on the process, with a space between. */
static inline const char *advise(struct world *w)
{
	struct bt_advisor a = {.frame = &w->frame};

	judge(w);
	bt_strbuf_clear(&w->text);
	bt_strbuf_clear(&w->ids);
	for (bt_advice_set set = bt_advise(&a, &w->p); set; set &= set - 1) {
		unsigned int row = (unsigned int)__builtin_ctz(set);

		bt_strbuf_addf(&w->ids, "%s%s", w->ids.length ? " " : "", bt_advice_id(row));
		bt_advice_say(&a, &w->p, row, &w->text);
		bt_strbuf_add_char(&w->text, '\n');
	}
	return bt_strbuf_text(&w->ids);
}

#define assert_advice(w, expected)                                                                           \
	do {                                                                                                 \
		const char *ids = advise(w);                                                                 \
		if (strcmp(ids, expected))                                                                   \
			fail_msg("\"%s\" instead of \"%s\": %s", ids, expected, bt_strbuf_text(&(w)->text)); \
	} while (0)

#define assert_says(w, part)                                                                                 \
	do {                                                                                                 \
		if (!strstr(bt_strbuf_text(&(w)->text), part))                                               \
			fail_msg("no \"%s\" in \"%s\"", part, bt_strbuf_text(&(w)->text));                   \
	} while (0)

#define assert_silent_on(w, part) assert_null(strstr(bt_strbuf_text(&(w)->text), part))

/* Each test has its world w, and again() gives a fresh one for the twin. */
#define WORLD                                                                                                \
	struct world w;                                                                                      \
	(void)state;                                                                                         \
	world_open(&w)
#define again(w) (world_close(w), world_open(w))

#endif
