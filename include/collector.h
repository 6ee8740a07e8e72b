/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The collector interface: where snapshots come from. BPF, procfs and replay stand behind it.
 */
#ifndef BOUNDTOP_COLLECTOR_H
#define BOUNDTOP_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "snapshot.h"

struct bt_collector;
struct bt_host_sample;
struct bt_objects;

/* What can be found out about the object of a wait. */
struct bt_object_facts {
	char *name;      /* owned by who asked; raw bytes: a path, the two ends of an internet socket */
	char device[32]; /* the whole device that a file is on, as /sys/block has it; "": none */
	/* Of a socket: who has the other end; pid 0: nobody here, or not found (yet). */
	pid_t peer_pid;
	unsigned int peer_others; /* processes that have it, too */
	char peer_address[112];   /* of the other end; raw bytes: "192.0.2.1:443", a path; "": it has none */
};

/* What is looked up once for a process, on demand. Strings are raw bytes of the process: sanitize. */
struct bt_description {
	char *cmdline;   /* arguments joined by spaces; NULL: none or not to be had (kernel thread, ended) */
	char *cgroup;    /* path in the hierarchy that limits the CPU; NULL: not to be had */
	char *container; /* container or systemd unit, by its cgroups (container.h); NULL: in none */
};

struct bt_collector_ops {
	const char *name; /* for --collector and the JSON field */
	bool exact;
	/*
	 * Takes a snapshot: clears s and fills it. 0, or -Exxx and s is empty.
	 * The first one is the base that the next one is compared with.
	 */
	int (*read)(struct bt_collector *c, struct bt_snapshot *s);
	/*
	 * A descriptor that becomes readable when drain() should be called before the next read, so that
	 * nothing that ended is lost; -1: there is none.
	 */
	int (*poll_fd)(const struct bt_collector *c);
	/* Takes up what waits there; it comes with the next read. 0 or -Exxx. */
	int (*drain)(struct bt_collector *c);
	/*
	 * Describes a process by its identity. Strings belong to the caller (free()). Returns 0, -ESRCH if
	 * that process is gone (out is empty then), or another -Exxx. start_ns guards against PID reuse.
	 */
	int (*describe)(struct bt_collector *c, pid_t pid, uint64_t start_ns, struct bt_description *out);
	/*
	 * Samples the whole host: the sections asked for (enum bt_host_section, host.h). out was zeroed or
	 * filled by this before; what it owned is released. What cannot be had is not in out->valid, and no
	 * error. 0, or -Exxx and out is empty.
	 */
	int (*host)(struct bt_collector *c, unsigned int sections, struct bt_host_sample *out);
	/*
	 * Names what a thread of a process waits on; NULL: no such function. 0, -ENOENT: nobody knows (out is
	 * empty then), or another -Exxx. A socket is only taken note of when it is asked for the first time,
	 * so that many are looked for together. Then tables and descriptors are gone through, for
	 * c->search_ns at most; it says what it has found by then, and goes on from there when it is asked
	 * again.
	 */
	int (*object)(struct bt_collector *c, pid_t pid, uint64_t start_ns, const struct bt_reason *reason,
		      struct bt_object_facts *out);
	/*
	 * Likewise where in the kernel a thread sleeps: functions, the innermost first, joined by " < "; the
	 * caller's to free. 0, -ENOENT: not to be had, or another -Exxx. Without stacks_prepare() it may be
	 * the innermost alone.
	 */
	int (*stack)(struct bt_collector *c, pid_t pid, uint64_t start_ns, pid_t tid, char **out);
	/* Releases everything, in the kernel too. */
	void (*close)(struct bt_collector *c);
	/* The name of a user where the records come from, to be freed; NULL: there is none. No such function:
	 * that is this host. */
	char *(*user)(struct bt_collector *c, uint32_t uid);
	/*
	 * For who will ask for stacks, while all privileges are still there: makes ready what stack() has no
	 * privileges for later. 0, or -Exxx: nothing is lost but functions. No such function: there is
	 * nothing to do.
	 */
	int (*stacks_prepare)(struct bt_collector *c);
};

/* Implementations embed this first. */
struct bt_collector {
	const struct bt_collector_ops *ops;
	const char *program; /* which build of the kernel side runs; NULL: it has none */
	/* Time that object() may take for sockets, ns; less what it took. Who asks frame by frame sets it. */
	uint64_t search_ns;
	struct bt_objects *objects; /* what object() keeps; NULL: nothing */
};

/* For who asks once, or the first time. */
#define BT_SEARCH_ONCE_NS 2000000000ull
/* For each frame of many. */
#define BT_SEARCH_FRAME_NS 5000000ull

#endif
