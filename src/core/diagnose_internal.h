/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the diagnosis share: diagnose.c (the table, order and verdict), diagnose_case.c (what is
 * asked of a host), and diagnose_cpu.c, diagnose_io.c, diagnose_memory.c, diagnose_lock.c,
 * diagnose_program.c (the findings).
 */
#ifndef BOUNDTOP_DIAGNOSE_INTERNAL_H
#define BOUNDTOP_DIAGNOSE_INTERNAL_H

#include "diagnose.h"
#include "growth.h"

/* What is asked about one host. */
struct bt_host_case {
	const struct bt_diagnosis_input *in;
	struct bt_diagnosis *out;
	unsigned int row; /* that is looked at now */
	const struct bt_frame *f;
	const struct bt_host_sample *begin, *end;
	uint32_t both;    /* sections that both samples have */
	double window_ns; /* of the frame */
	double sample_ns; /* between the two samples */
	double cpus;      /* online */
	/* Threads, on average over the window, that were … */
	double oncpu, queued, quota, disk, paging, network, ipc, lock, gil;
	double queue_p50_ns, queue_p99_ns; /* of waits in run queues; NAN: not measured */
	/* By /proc/stat, in CPUs, on average; NAN: not sampled. */
	double busy, idle, iowait, steal;
};

/* Computes what the members are said to be. */
void bt_host_case_fill(struct bt_host_case *c, const struct bt_diagnosis_input *in, struct bt_diagnosis *out);

/* Threads of p that were in that microstate, on average over the window; USER: on a CPU. */
double bt_threads_in(const struct bt_host_case *c, const struct bt_process *p, enum bt_microstate ms);
/* Likewise the active ones. */
double bt_threads_active(const struct bt_host_case *c, const struct bt_process *p);
/* Part of its active time; 0 if there is none. */
double bt_active_part(const struct bt_process *p, enum bt_microstate ms);
/* Growth of a counter; some are known to fall now and then (idle and iowait:
 * Documentation/filesystems/proc.rst). */
static inline double bt_counter_growth(uint64_t begin, uint64_t end)
{
	return end > begin ? (double)(end - begin) : 0;
}
/* What a sample has of that CPU; NULL: it was offline. */
const struct bt_host_cpu *bt_cpu_find(const struct bt_host_sample *s, uint32_t cpu);
/* Growth of a counter, a second. */
double bt_rate(const struct bt_host_case *c, uint64_t begin, uint64_t end);

/* Processes and what each counts for. */
struct bt_rank {
	const struct bt_process *p;
	double weight;
};

#define BT_RANKS 16

/* Those that weigh min or more, the heaviest first; at most BT_RANKS. total: their weight, all of them. */
size_t bt_rank(const struct bt_host_case *c,
	       double (*weigh)(const struct bt_host_case *, const struct bt_process *), double min,
	       struct bt_rank ranks[BT_RANKS], double *total, size_t *all);

/* Processes of the same name. */
struct bt_name_group {
	const struct bt_process *first; /* the heaviest */
	double weight;
	uint64_t count;
};

#define BT_NAME_GROUPS 5

/* Likewise by name. */
size_t bt_rank_names(const struct bt_host_case *c,
		     double (*weigh)(const struct bt_host_case *, const struct bt_process *), double min,
		     struct bt_name_group groups[BT_NAME_GROUPS]);

/* A new finding of the row; NULL: no memory (noted). Valid until the next one is added. */
struct bt_finding *bt_finding_add(struct bt_host_case *c, enum bt_severity severity, double weight);
void bt_finding_number(struct bt_finding *f, const char *name, double value);
/* A new subject, NULL: there is no room for more. */
struct bt_finding_subject *bt_finding_subject(struct bt_finding *f);
struct bt_finding_subject *bt_finding_process(struct bt_finding *f, const struct bt_process *p,
					      const char *measure, double value);
/* Subjects for groups, and "8 × cc1plus (1.8 CPUs), 8123 python3 (1.0)": decimals of the weight. */
void bt_finding_groups(struct bt_finding *f, const struct bt_name_group *groups, size_t count,
		       const char *measure, const char *unit);

/* "8123 python3": sanitized. */
void bt_say_pid_name(struct bt_strbuf *out, const struct bt_process *p);
void bt_say_raw(struct bt_strbuf *out, const char *text);

/* One row of the table. */
struct bt_finding_row {
	const char *id;
	enum bt_area area;
	const char *headline; /* behind the verdict, if this is the worst finding */
	const char *title;
	/* Adds what it finds. */
	void (*find)(struct bt_host_case *c);
};

/* diagnose_cpu.c */
void bt_find_cpu_saturated(struct bt_host_case *c);
void bt_find_cpu_pinned(struct bt_host_case *c);
void bt_find_cpu_one_thread(struct bt_host_case *c);
void bt_find_cpu_neighbour(struct bt_host_case *c);
void bt_find_cpu_steal(struct bt_host_case *c);
void bt_find_cpu_frequency(struct bt_host_case *c);
void bt_find_clock_source(struct bt_host_case *c);
/* diagnose_quota.c */
void bt_find_cgroup_throttled(struct bt_host_case *c);
/* diagnose_io.c */
void bt_find_disk_waits(struct bt_host_case *c);
void bt_find_fsync_storm(struct bt_host_case *c);
void bt_find_stuck(struct bt_host_case *c);
void bt_find_iowait(struct bt_host_case *c);
void bt_find_network_waits(struct bt_host_case *c);
/* diagnose_memory.c */
void bt_find_swap_thrash(struct bt_host_case *c);
void bt_find_cache_thrash(struct bt_host_case *c);
void bt_find_memory_low(struct bt_host_case *c);
void bt_find_oom(struct bt_host_case *c);
/* diagnose_lock.c */
void bt_find_lock_convoy(struct bt_host_case *c);
void bt_find_gil(struct bt_host_case *c);
void bt_find_chain(struct bt_host_case *c);
/* diagnose_program.c */
void bt_find_fork_storm(struct bt_host_case *c);
void bt_find_zombies(struct bt_host_case *c);
void bt_find_thread_growth(struct bt_host_case *c);

#endif
