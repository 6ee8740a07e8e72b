/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The verdict: what a process is bound by (DESIGN, section 1). Pure functions of a usage.
 */
#ifndef BOUNDTOP_VERDICT_H
#define BOUNDTOP_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "microstate.h"
#include "usage.h"

/* X(constant, name, meaning) in the order in which they are tried; the numbers are those of the thresholds
 * below */
#define BT_VERDICTS(X)                                                                                       \
	X(UNKNOWN, "unknown", "more than 20 % of the time unaccounted for, or nothing seen")                 \
	X(IDLE, "idle", "active for less than 5 % of the time, as is a zombie")                              \
	X(WAITING, "waiting",                                                                                \
	  "active for less than 50 % of the time: limited by the work that comes in, not by this host")      \
	X(MIXED, "mixed",                                                                                    \
	  "nothing prevails: the largest of cpu and starved together, io, and lock has less than half of "   \
	  "the "                                                                                             \
	  "active time, or the next one has more than 4/5 of the largest")                                   \
	X(STARVED, "starved",                                                                                \
	  "cpu and starved together are the largest, and starved is 1.5 times cpu or more: it wants a CPU "  \
	  "and does not get one")                                                                            \
	X(CPU_BOUND, "cpu-bound",                                                                            \
	  "cpu and starved together are the largest otherwise: computing is what takes its time")            \
	X(IO_BOUND, "io-bound",                                                                              \
	  "io is the largest: waiting for disk, paging, network or another process takes its time")          \
	X(LOCK_BOUND, "lock-bound", "lock is the largest: waiting for locks takes its time")

enum bt_verdict_id {
#define BT_X(id, name, meaning) BT_VERDICT_##id,
	BT_VERDICTS(BT_X)
#undef BT_X
	    BT_VERDICT_COUNT,
};

/* Thresholds of DESIGN. */
#define BT_UNKNOWN_MAX    0.20 /* unaccounted share above which nothing is said */
#define BT_IDLE_ACTIVE    0.05 /* active below: idle */
#define BT_WAITING_ACTIVE 0.50 /* active below: waiting */
#define BT_MIXED_SHARE    0.50 /* the largest group needs as much of the active time */
#define BT_MIXED_RATIO    0.80 /* and the next one at most as much of the largest */
#define BT_STARVED_RATIO  1.50 /* starved / cpu from which a CPU is what lacks */

/* float: there is one for every process and thread, and no share is known to more than six digits */
struct bt_verdict {
	enum bt_verdict_id id;
	uint8_t cause;     /* enum bt_microstate, or BT_MS_NONE */
	uint8_t runner_up; /* likewise */
	uint32_t
	    measured; /* a bit for each microstate that the collector can tell; the share of others is null */
	bool split;   /* enough ticks to tell user from system; else the share of both is null */
	float confidence;                  /* 0..1 */
	float active;                      /* 0..1 */
	float cpus;                        /* on-CPU time / wall time of the interval */
	float group_share[BT_GROUP_COUNT]; /* parts of the active time; idle and none stay 0 */
	float share[BT_MS_COUNT];          /* of usage.wall_ns; user and system: see split */
};

/* What a verdict depends on besides the usage. */
struct bt_circumstances {
	uint64_t duration_ns; /* of the interval: for cpus */
	uint64_t tick_ns;     /* for the split of on-CPU time */
	bool exact;           /* traced, not sampled */
	uint32_t measured;    /* passed on to the verdict; nothing depends on it */
	double lost;          /* 0..1: the part of the interval's records that were torn or lost */
};

/*
 * Judges u, which was there for presence_ns of the interval: active time is measured against that, so that
 * a process that lived 10 ms at full speed is cpu-bound, not idle. Every field of out is set.
 *
 * cause is the largest microstate of the winning group. Where that is on-CPU time, user or system is named
 * by the majority of the ticks even if they are too few for split; with no tick at all it is BT_MS_NONE.
 * runner_up is the largest microstate of the next of the groups that compete {cpu+starved, io, lock}; if
 * only cpu and starved have any time, of the other one of the two.
 */
void bt_verdict_judge(const struct bt_usage *u, uint64_t presence_ns, const struct bt_circumstances *c,
		      struct bt_verdict *out);

/* Of a zombie, which takes no time and wants none: idle, for no cause. Every field of out is set. */
void bt_verdict_of_zombie(const struct bt_circumstances *c, struct bt_verdict *out);

/*
 * The verdict on a usage that is all wall time in one microstate of the group idle, and nothing else, depends
 * on how long that was in its confidence alone: this is it.
 */
float bt_verdict_still_confidence(uint64_t presence_ns, const struct bt_circumstances *c);

/* What is known about how good a verdict is. */
struct bt_confidence_input {
	uint64_t window_ns;    /* how long it was watched */
	uint64_t alternations; /* bursts, or switches where those are not counted */
	double margin;         /* 0..1: distance to the nearest threshold, as a part of that threshold */
	double cause_margin;   /* 0..1: how well the cause is told from the one closest to it */
	double lost;           /* 0..1: as in bt_circumstances */
	double guessed;        /* 0..1: part of the time whose microstate is a guess */
	bool exact;
};

/*
 * How much a verdict can be relied on, 0..1:
 *
 *   exact ? 0.99 : 0.96                          sampling misses what is short
 * × window / (window + 10 ms)                    a short window shows a moment, not the process
 * × (1 - lost)                                   what is lacking may have been anything
 * × (1 - 0.4 × guessed)                         what is a guess may be wrong
 * × (0.8 + 0.2 × cause_margin)                   user or system, told apart by a few ticks
 * × (1/2 + 1/2 × margin / (margin + softness))   at a threshold either of two verdicts is right
 *
 * softness = 0.01 + 0.1 / (1 + alternations): few bursts say little about how they will go on. It never falls
 * when window, alternations or a margin grow, and never rises with lost or guessed. "unknown" has no
 * confidence.
 */
double bt_confidence(const struct bt_confidence_input *in);

#endif
