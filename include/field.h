/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The field table: the one list of all that can be said of a process or a thread.
 *
 * It feeds the JSON keys, the columns of `top -b`, the sort keys (-s) and the tables of the man page. Who
 * adds a field adds one line in fields.c. Fields that are lists (waits, advice, thread_list) are not in it.
 */
#ifndef BOUNDTOP_FIELD_H
#define BOUNDTOP_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "microstate.h"
#include "model.h"

/* In the order of the JSON object. */
enum bt_field_id {
	BT_FIELD_TID,
	BT_FIELD_PID,
	BT_FIELD_PPID,
	BT_FIELD_FORKED_BY,
	BT_FIELD_START_TIME,
	BT_FIELD_KIND,
	BT_FIELD_STATE,
	BT_FIELD_NICE,
	BT_FIELD_COMM,
	BT_FIELD_CMDLINE,
	BT_FIELD_USER,
	BT_FIELD_CGROUP,
	BT_FIELD_CONTAINER,
	BT_FIELD_THREADS,
	BT_FIELD_THREADS_ENDED,
	BT_FIELD_EXITED,
	BT_FIELD_EXIT_STATUS,
	BT_FIELD_VERDICT,
	BT_FIELD_CAUSE,
	BT_FIELD_RUNNER_UP,
	BT_FIELD_CONFIDENCE,
	BT_FIELD_ACTIVE,
	BT_FIELD_CPUS,
	BT_FIELD_ONCPU_S,
	BT_FIELD_WALL_S,
	BT_FIELD_SHARE,                                      /* the first of BT_MS_COUNT */
	BT_FIELD_GROUP_SHARE = BT_FIELD_SHARE + BT_MS_COUNT, /* the first of BT_FIELD_GROUPS */
	BT_FIELD_RSS_BYTES = BT_FIELD_GROUP_SHARE + BT_GROUP_IDLE,
	BT_FIELD_CPU_TIME_S,
	BT_FIELD_IO_READ_BYTES,
	BT_FIELD_IO_WRITE_BYTES,
	BT_FIELD_IO_RCHAR,
	BT_FIELD_IO_WCHAR,
	BT_FIELD_RESIDUAL,
	BT_FIELD_GUESSED,
	BT_FIELD_SWITCHES_VOLUNTARY,
	BT_FIELD_SWITCHES_INVOLUNTARY,
	BT_FIELD_MINOR_FAULTS,
	BT_FIELD_MAJOR_FAULTS,
	BT_FIELD_BURSTS_CPU_COUNT,
	BT_FIELD_BURSTS_CPU_P50,
	BT_FIELD_BURSTS_CPU_P90,
	BT_FIELD_BURSTS_CPU_P99,
	BT_FIELD_BURSTS_IO_COUNT,
	BT_FIELD_BURSTS_IO_P50,
	BT_FIELD_BURSTS_IO_P90,
	BT_FIELD_BURSTS_IO_P99,
	/* For people, not in JSON. */
	BT_FIELD_BAR,
	BT_FIELD_TREND,
	BT_FIELD_READ_RATE,
	BT_FIELD_WRITE_RATE,
	BT_FIELD_WAITS_FOR,
	BT_FIELD_COMMAND,
	BT_FIELD_COUNT,
};

/* What a field is told of. */
enum bt_scope {
	BT_SCOPE_PROCESS = 1 << 0,
	BT_SCOPE_THREAD = 1 << 1,
};

/* What the fields are of: a process (also a tree of them, summed as one), or one of its threads. */
struct bt_subject {
	enum bt_scope scope;
	const struct bt_process *process;
	const struct bt_thread *thread; /* THREAD only, else NULL */
	const struct bt_usage *usage;   /* of the thread, or of the process */
	const struct bt_verdict *verdict;
};

struct bt_subject bt_subject_of_process(const struct bt_process *p);
struct bt_subject bt_subject_of_thread(const struct bt_process *p, const struct bt_thread *t);

enum bt_value_type {
	BT_VALUE_NULL, /* not measured, or there is none: never zero */
	BT_VALUE_TEXT,
	BT_VALUE_INTEGER,
	BT_VALUE_REAL,
	BT_VALUE_BOOL,
};

struct bt_value {
	enum bt_value_type type;
	bool raw; /* TEXT: bytes of a process, to be sanitized; else a word of ours */
	union {
		const char *text; /* lives as long as the subject */
		int64_t integer;
		double real;
		bool truth;
	};
};

enum bt_unit {
	BT_UNIT_NONE,
	BT_UNIT_COUNT,
	BT_UNIT_SHARE, /* 0..1; people see per cent */
	BT_UNIT_CORES, /* 1.0 = one core */
	BT_UNIT_SECONDS,
	BT_UNIT_MICROSECONDS,
	BT_UNIT_BYTES,
	BT_UNIT_TICKS, /* of CLK_TCK, since boot */
};

enum bt_field_flag {
	BT_FIELD_RIGHT = 1 << 0,      /* aligned to the right */
	BT_FIELD_DESCENDING = 1 << 1, /* the largest first, when sorted by it */
	BT_FIELD_HUMAN = 1 << 2,      /* not in JSON */
	BT_FIELD_SCREEN = 1 << 3,     /* needs earlier frames: the dashboard alone shows it */
};

struct bt_field {
	const char *name;  /* for -s, and the JSON key; a dot stands between an object and its key */
	const char *title; /* column head; at most width columns */
	uint8_t width;     /* columns; 0 = as wide as there is room */
	uint8_t scopes;    /* enum bt_scope */
	uint8_t flags;     /* enum bt_field_flag */
	uint8_t unit;      /* enum bt_unit */
	uint8_t arg;       /* for get */
	const char *meaning;
	/* Fills out; arg is the field's own. NULL: the view makes it (the bar, what it waits for). */
	void (*get)(const struct bt_subject *s, unsigned int arg, struct bt_value *out);
};

extern const struct bt_field bt_fields[BT_FIELD_COUNT];

/* The value of a field, NULL outside of its scope. */
static inline void bt_field_get(const struct bt_field *f, const struct bt_subject *s, struct bt_value *out)
{
	out->type = BT_VALUE_NULL;
	if (f->get && (f->scopes & s->scope))
		f->get(s, f->arg, out);
}

/* Looks a field up by its name, its title or the part of its name after the dot, whatever the case; NULL:
 * none. */
const struct bt_field *bt_field_find(const char *name);

/* Name of a unit as the man page has it; "" for none. */
const char *bt_unit_name(enum bt_unit unit);

#endif
