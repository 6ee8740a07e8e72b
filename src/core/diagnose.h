/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Diagnosis: what is wrong with the host, who is behind it, and what to do; out of one table of findings.
 *
 * Pure: it looks at one interval (a frame), two samples of the host, and what was noted meanwhile
 * (growth.h). Each finding has numbers for its evidence; what was not measured is no finding. The meaning of
 * each id, its thresholds, and what not to do: the section of docs/diagnose.md that is named like the id.
 */
#ifndef BOUNDTOP_DIAGNOSE_H
#define BOUNDTOP_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host.h"
#include "model.h"
#include "strbuf.h"

struct bt_growth;

/* X(constant, name): info: good to know. warning: somebody gets less than could be. critical: users suffer.
 */
#define BT_SEVERITIES(X)                                                                                     \
	X(INFO, "info")                                                                                      \
	X(WARNING, "warning")                                                                                \
	X(CRITICAL, "critical")

enum bt_severity {
#define BT_X(id, name) BT_SEVERITY_##id,
	BT_SEVERITIES(BT_X)
#undef BT_X
	    BT_SEVERITY_COUNT,
};

/*
 * X(constant, verdict on a host whose worst finding is of that area, its name among what is healthy). Of the
 * area PROGRAM are findings that bind nobody yet.
 */
#define BT_AREAS(X)                                                                                          \
	X(CPU, "cpu-bound", "cpu")                                                                           \
	X(QUOTA, "throttled", "quotas")                                                                      \
	X(DISK, "disk-bound", "disk")                                                                        \
	X(MEMORY, "memory-bound", "memory")                                                                  \
	X(NETWORK, "network-bound", "network")                                                               \
	X(LOCK, "lock-bound", "locks")                                                                       \
	X(PROGRAM, "attention", "processes")

enum bt_area {
#define BT_X(id, verdict, name) BT_AREA_##id,
	BT_AREAS(BT_X)
#undef BT_X
	    BT_AREA_COUNT,
};

#define BT_FINDING_NUMBERS  12
#define BT_FINDING_SUBJECTS 8

/* One figure; units in its name, which lives as long as the program. */
struct bt_number {
	const char *name;
	double value;
};

/* Whom or what a finding is about. Strings are raw bytes; what does not apply is 0, empty or NULL. */
struct bt_finding_subject {
	struct bt_identity process;
	int32_t tid;
	char comm[BT_COMM_LEN + 1];
	char device[32];
	char *cgroup;        /* owned */
	char *object;        /* owned; a file, "futex:0x7f…", "flock of …" */
	uint64_t count;      /* so many alike, of whom this is one; 0: only it */
	const char *measure; /* what value is, with its unit; NULL: nothing */
	double value;
};

struct bt_finding {
	unsigned int row; /* of the table */
	enum bt_severity severity;
	double weight; /* threads or CPUs that it costs, on average: orders findings of one severity */
	size_t number_count, subject_count;
	struct bt_number numbers[BT_FINDING_NUMBERS];
	struct bt_finding_subject subjects[BT_FINDING_SUBJECTS]; /* the heaviest first */
	struct bt_strbuf text;                                   /* one line, valid UTF-8, names sanitized */
	struct bt_strbuf advice;                                 /* likewise */
};

/* Asks what a thread waits on; NULL members: nobody knows. Strings belong to the caller. */
struct bt_diagnosis_names {
	void *context;
	/* The name of a file; device (32 bytes) gets the whole device that it is on, "" if there is none. */
	char *(*object)(void *context, const struct bt_process *p, const struct bt_reason *r, char *device);
	/* Where in the kernel a thread sleeps: functions, the innermost first, joined by " < ". */
	char *(*stack)(void *context, const struct bt_process *p, int32_t tid);
};

struct bt_diagnosis_input {
	const struct bt_frame *frame; /* judged, and with the threads listed */
	const struct bt_host_sample *begin, *end;
	const struct bt_growth *growth; /* NULL: nothing was noted */
	struct bt_diagnosis_names names;
};

/* Zeroed: nothing was found. */
struct bt_diagnosis {
	struct bt_finding *findings; /* worst first; owned */
	size_t count, capacity;
	const char *verdict;      /* a word: that of the worst finding's area, or "healthy" */
	const char *headline;     /* why, in a phrase */
	struct bt_strbuf healthy; /* what was looked at, and is fine: in one line; "" if nothing is */
	struct bt_strbuf unseen;  /* what could not be looked at; "" if everything was */
	enum bt_severity worst;   /* of the findings */
	bool failed;              /* no memory: something may be missing */
};

/* 0 or -ENOMEM. Release out with bt_diagnosis_free() in both cases. */
int bt_diagnose(const struct bt_diagnosis_input *in, struct bt_diagnosis *out);
void bt_diagnosis_free(struct bt_diagnosis *d);

size_t bt_finding_rows(void);
/* Of a row of the table: its id, and in a phrase when it is given. */
const char *bt_finding_id(unsigned int row);
const char *bt_finding_title(unsigned int row);
const char *bt_severity_name(unsigned int severity);

#endif
