/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verdict.h"

#include <math.h>
#include <string.h>

#define CONFIDENCE_EXACT     0.99
#define CONFIDENCE_SAMPLED   0.96
#define GUESS_DOUBT          0.4
#define WINDOW_HALF_NS       10e6
#define SOFTNESS_MIN         0.01
#define SOFTNESS_FEW         0.1
#define CONFIDENCE_AT_BORDER 0.5
#define CAUSE_DOUBT          0.2

/* The groups as they compete for a verdict: cpu and starved both want a CPU. */
enum rival { RIVAL_CPU, RIVAL_IO, RIVAL_LOCK, RIVAL_COUNT };

static const uint8_t group_of[BT_MS_COUNT] = {
#define BT_X(id, name, column, letter, group, meaning) BT_GROUP_##group,
    BT_MICROSTATES(BT_X)
#undef BT_X
};

static double at_most_1(double x)
{
	return x > 1 ? 1 : x;
}

static double clamp_01(double x)
{
	return x > 0 ? at_most_1(x) : 0; /* NaN is 0, too */
}

double bt_confidence(const struct bt_confidence_input *in)
{
	double window_ns = (double)in->window_ns;
	double softness = SOFTNESS_MIN + SOFTNESS_FEW / (1.0 + (double)in->alternations);
	double margin = clamp_01(in->margin);
	double c = in->exact ? CONFIDENCE_EXACT : CONFIDENCE_SAMPLED;

	c *= window_ns / (window_ns + WINDOW_HALF_NS);
	c *= 1 - clamp_01(in->lost);
	c *= 1 - GUESS_DOUBT * clamp_01(in->guessed);
	c *= 1 - CAUSE_DOUBT * (1 - clamp_01(in->cause_margin));
	c *= CONFIDENCE_AT_BORDER + (1 - CONFIDENCE_AT_BORDER) * margin / (margin + softness);
	return c;
}

/* What is worked out of a usage on the way to its verdict. */
struct judgement {
	const struct bt_usage *u;
	uint64_t group_ns[BT_GROUP_COUNT];
	uint64_t rival_ns[RIVAL_COUNT];
	uint64_t active_ns;
	double active;
	double unaccounted;
	double margin;       /* so far */
	double cause_margin; /* between user and system */
};

/* Called at each threshold that is passed: the nearest one counts. */
static void margin_lower(struct judgement *j, double margin)
{
	if (margin < j->margin)
		j->margin = margin;
}

/* user or system, whichever has the more ticks; BT_MS_NONE without any. */
static uint8_t oncpu_cause(struct judgement *j, const struct bt_circumstances *c)
{
	double ticks_ns = (double)(j->u->utime_ns + j->u->stime_ns);
	double ticks, part;

	if (ticks_ns <= 0 || !c->tick_ns) {
		j->cause_margin = 0;
		return BT_MS_NONE;
	}
	/* The error of a part that n ticks tell is about 1 / (2 sqrt(n)). */
	ticks = ticks_ns / (double)c->tick_ns;
	part = (double)j->u->utime_ns / ticks_ns;
	j->cause_margin = at_most_1(fabs(part - 0.5) * sqrt(ticks));
	return part >= 0.5 ? BT_MS_USER : BT_MS_SYSTEM;
}

/* The largest microstate of a group; BT_MS_NONE if the group has no time. */
static uint8_t group_cause(struct judgement *j, const struct bt_circumstances *c, enum bt_group group)
{
	uint64_t most_ns = 0;
	uint8_t cause = BT_MS_NONE;

	if (group == BT_GROUP_CPU)
		return j->u->totals.oncpu_ns ? oncpu_cause(j, c) : BT_MS_NONE;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++) {
		if (group_of[BT_OFFCPU_FIRST + i] == group && j->u->totals.offcpu_ns[i] > most_ns) {
			most_ns = j->u->totals.offcpu_ns[i];
			cause = (uint8_t)(BT_OFFCPU_FIRST + i);
		}
	}
	return cause;
}

static bool is_starved(const struct judgement *j)
{
	return (double)j->group_ns[BT_GROUP_STARVED] >= BT_STARVED_RATIO * (double)j->group_ns[BT_GROUP_CPU];
}

/* The group that speaks for a rival; of the two that want a CPU, the one that the verdict would name. */
static enum bt_group rival_group(const struct judgement *j, enum rival r)
{
	switch (r) {
	case RIVAL_IO:
		return BT_GROUP_IO;
	case RIVAL_LOCK:
		return BT_GROUP_LOCK;
	default:
		return is_starved(j) ? BT_GROUP_STARVED : BT_GROUP_CPU;
	}
}

/* The rival with the most time, other than not (RIVAL_COUNT: any). */
static enum rival rival_largest(const struct judgement *j, enum rival not )
{
	enum rival largest = RIVAL_COUNT;

	for (enum rival r = 0; r < RIVAL_COUNT; r++)
		if (r != not &&(largest == RIVAL_COUNT || j->rival_ns[r] > j->rival_ns[largest]))
			largest = r;
	return largest;
}

/* The runner-up behind a rival that won with that group. */
static uint8_t runner_up(struct judgement *j, const struct bt_circumstances *c, enum rival first,
			 enum bt_group won)
{
	enum rival next = rival_largest(j, first);
	double cause_margin = j->cause_margin;
	uint8_t cause = BT_MS_NONE;

	if (j->rival_ns[next])
		cause = group_cause(j, c, rival_group(j, next));
	else if (won == BT_GROUP_CPU)
		cause = group_cause(j, c, BT_GROUP_STARVED);
	else if (won == BT_GROUP_STARVED)
		cause = group_cause(j, c, BT_GROUP_CPU);
	j->cause_margin = cause_margin; /* whether the first is right does not hang on the second */
	return cause;
}

static void judge_mixed(struct judgement *j, const struct bt_circumstances *c, enum rival first,
			struct bt_verdict *out)
{
	struct judgement split = *j;
	uint64_t most_ns = 0;
	enum bt_group won = rival_group(j, first);

	out->id = BT_VERDICT_MIXED;
	/* The largest microstate of all, which may be in another group than the largest one. */
	for (unsigned int g = 0; g < BT_GROUP_IDLE; g++) {
		uint8_t ms = group_cause(&split, c, g);
		uint64_t ns = 0;

		if (g == BT_GROUP_CPU && j->u->totals.oncpu_ns) {
			uint64_t user_ns = bt_usage_ns(j->u, BT_MS_USER, c->tick_ns);
			uint64_t system_ns = bt_usage_ns(j->u, BT_MS_SYSTEM, c->tick_ns);

			ns = user_ns > system_ns ? user_ns : system_ns;
		} else if (ms != BT_MS_NONE) {
			ns = j->u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST];
		}
		if (ns > most_ns) {
			most_ns = ns;
			won = g;
		}
	}
	out->cause = group_cause(j, c, won);
	first = won == BT_GROUP_IO ? RIVAL_IO : won == BT_GROUP_LOCK ? RIVAL_LOCK : RIVAL_CPU;
	out->runner_up = runner_up(j, c, first, won);
}

/* Active enough to be bound by something. */
static void judge_active(struct judgement *j, const struct bt_circumstances *c, struct bt_verdict *out)
{
	enum rival first = rival_largest(j, RIVAL_COUNT);
	enum rival second = rival_largest(j, first);
	double share = (double)j->rival_ns[first] / (double)j->active_ns;
	double ratio = (double)j->rival_ns[second] / (double)j->rival_ns[first];
	enum bt_group won;

	if (share < BT_MIXED_SHARE || ratio > BT_MIXED_RATIO) {
		/* Either reason is enough, so the farther one decides. */
		margin_lower(j, fmax((BT_MIXED_SHARE - share) / BT_MIXED_SHARE,
				     (ratio - BT_MIXED_RATIO) / (1 - BT_MIXED_RATIO)));
		judge_mixed(j, c, first, out);
		return;
	}
	margin_lower(j, (share - BT_MIXED_SHARE) / BT_MIXED_SHARE);
	margin_lower(j, (BT_MIXED_RATIO - ratio) / BT_MIXED_RATIO);
	won = rival_group(j, first);
	out->cause = group_cause(j, c, won);
	out->runner_up = runner_up(j, c, first, won);
	if (first == RIVAL_CPU) {
		double starved = (double)j->group_ns[BT_GROUP_STARVED];
		double limit = BT_STARVED_RATIO * (double)j->group_ns[BT_GROUP_CPU];

		margin_lower(j, limit > 0 ? fabs(starved - limit) / limit : 1);
		out->id = won == BT_GROUP_STARVED ? BT_VERDICT_STARVED : BT_VERDICT_CPU_BOUND;
	} else {
		out->id = first == RIVAL_IO ? BT_VERDICT_IO_BOUND : BT_VERDICT_LOCK_BOUND;
	}
}

static void judge(struct judgement *j, const struct bt_circumstances *c, struct bt_verdict *out)
{
	if (j->unaccounted > BT_UNKNOWN_MAX) {
		out->id = BT_VERDICT_UNKNOWN;
		out->cause = BT_MS_UNKNOWN;
		j->margin = 0;
		return;
	}
	j->margin = (BT_UNKNOWN_MAX - j->unaccounted) / BT_UNKNOWN_MAX;
	if (j->active < BT_WAITING_ACTIVE || !j->active_ns) {
		enum rival first = rival_largest(j, RIVAL_COUNT);

		if (j->active < BT_IDLE_ACTIVE || !j->active_ns) {
			out->id = BT_VERDICT_IDLE;
			margin_lower(j, (BT_IDLE_ACTIVE - j->active) / BT_IDLE_ACTIVE);
		} else {
			out->id = BT_VERDICT_WAITING;
			margin_lower(j, (j->active - BT_IDLE_ACTIVE) / BT_IDLE_ACTIVE);
			margin_lower(j, (BT_WAITING_ACTIVE - j->active) / BT_WAITING_ACTIVE);
		}
		out->cause = group_cause(j, c, BT_GROUP_IDLE);
		if (j->active_ns) {
			out->runner_up = group_cause(j, c, rival_group(j, first));
			j->cause_margin = 1;
		}
		return;
	}
	margin_lower(j, (j->active - BT_WAITING_ACTIVE) / BT_WAITING_ACTIVE);
	judge_active(j, c, out);
}

/* Sums of the groups, and the shares of the microstates. */
static void judgement_begin(struct judgement *j, uint64_t presence_ns, const struct bt_circumstances *c,
			    struct bt_verdict *out)
{
	const struct bt_usage *u = j->u;
	double per_wall = 1 / (double)u->wall_ns;
	uint64_t active_ns = u->active_max_ns > u->active_ended_ns ? u->active_max_ns : u->active_ended_ns;

	j->group_ns[BT_GROUP_CPU] = u->totals.oncpu_ns;
	for (unsigned int i = 0; i < BT_OFFCPU_COUNT; i++) {
		j->group_ns[group_of[BT_OFFCPU_FIRST + i]] += u->totals.offcpu_ns[i];
		out->share[BT_OFFCPU_FIRST + i] = (float)((double)u->totals.offcpu_ns[i] * per_wall);
	}
	if (u->totals.oncpu_ns) {
		uint64_t user_ns = bt_usage_ns(u, BT_MS_USER, c->tick_ns);

		out->share[BT_MS_USER] = (float)((double)user_ns * per_wall);
		out->share[BT_MS_SYSTEM] = (float)((double)(u->totals.oncpu_ns - user_ns) * per_wall);
	}
	j->rival_ns[RIVAL_CPU] = j->group_ns[BT_GROUP_CPU] + j->group_ns[BT_GROUP_STARVED];
	j->rival_ns[RIVAL_IO] = j->group_ns[BT_GROUP_IO];
	j->rival_ns[RIVAL_LOCK] = j->group_ns[BT_GROUP_LOCK];
	j->active_ns = j->rival_ns[RIVAL_CPU] + j->rival_ns[RIVAL_IO] + j->rival_ns[RIVAL_LOCK];
	if (j->active_ns)
		for (unsigned int g = 0; g < BT_GROUP_IDLE; g++)
			out->group_share[g] = (float)((double)j->group_ns[g] / (double)j->active_ns);
	j->active = presence_ns ? at_most_1((double)active_ns / (double)presence_ns) : 0;
	j->unaccounted = (double)(j->group_ns[BT_GROUP_NONE] + u->residual_ns) * per_wall;
}

static uint64_t alternations(const struct bt_usage *u)
{
	if ((u->valid & BT_VALID_BURSTS) && u->bursts)
		return bt_burst_count(u->bursts->cpu) + bt_burst_count(u->bursts->io);
	return u->voluntary + u->involuntary;
}

float bt_verdict_still_confidence(uint64_t presence_ns, const struct bt_circumstances *c)
{
	struct bt_confidence_input in = {
	    .window_ns = presence_ns, .margin = 1, .cause_margin = 1, .lost = c->lost, .exact = c->exact};

	return (float)bt_confidence(&in);
}

void bt_verdict_judge(const struct bt_usage *u, uint64_t presence_ns, const struct bt_circumstances *c,
		      struct bt_verdict *out)
{
	struct judgement j = {.u = u, .cause_margin = 1};
	struct bt_confidence_input in = {.window_ns = presence_ns, .lost = c->lost, .exact = c->exact};

	memset(out, 0, sizeof(*out));
	out->id = BT_VERDICT_UNKNOWN;
	out->cause = BT_MS_NONE;
	out->runner_up = BT_MS_NONE;
	out->measured = c->measured;
	out->split = bt_usage_split_valid(u, c->tick_ns);
	if (!u->wall_ns)
		return;
	judgement_begin(&j, presence_ns, c, out);
	out->active = (float)j.active;
	out->cpus = c->duration_ns ? (float)((double)u->totals.oncpu_ns / (double)c->duration_ns) : 0;
	judge(&j, c, out);
	if (out->id == BT_VERDICT_UNKNOWN)
		return; /* not to know is nothing to be confident of */
	in.alternations = alternations(u);
	in.margin = j.margin;
	in.cause_margin = j.cause_margin;
	in.guessed = (double)u->guessed_ns / (double)u->wall_ns;
	out->confidence = (float)bt_confidence(&in);
}

void bt_verdict_of_zombie(const struct bt_circumstances *c, struct bt_verdict *out)
{
	struct bt_confidence_input in = {
	    .window_ns = c->duration_ns,
	    .alternations = UINT64_MAX, /* it will not begin to do something */
	    .margin = 1,
	    .cause_margin = 1,
	    .lost = c->lost,
	    .exact = c->exact,
	};

	memset(out, 0, sizeof(*out));
	out->id = BT_VERDICT_IDLE;
	out->cause = BT_MS_NONE;
	out->runner_up = BT_MS_NONE;
	out->measured = c->measured;
	out->split = true;
	out->confidence = (float)bt_confidence(&in);
}
