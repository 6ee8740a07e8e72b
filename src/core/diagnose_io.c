/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about disks, files and the network. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose_internal.h"
#include "names.h"
#include "words.h"

/* Threads that wait, on average: one process that does nothing else is 1. Below this one hardly does. */
#define WAITS_MIN    0.02
#define DISK_WAITERS 0.5
/* A process is bound by it when this part of its active time is that. */
#define BOUND_PART 0.5
/* One wait is no pattern; one that does not end is stuck. */
#define DISK_COUNT 3
/* With at least one request in flight for so much of the time, a device is what is waited for. */
#define DEVICE_BUSY 0.8
/* Waits that a person sees, and of several at once. */
#define DISK_CRITICAL_NS      100e6
#define DISK_CRITICAL_WAITERS 4.0

#define SYNC_WAITERS 0.25
#define SYNC_RATE    20.0 /* a second, */
#define SYNC_COUNT   10   /* in a short window so many at all */

#define STUCK_NS 5e9

#define IOWAIT_PART      0.25 /* of the CPU time */
#define IOWAIT_EXPLAINED 0.5  /* of it, by threads that wait for disks or page faults */

#define NETWORK_WAITERS 0.8
#define NETWORK_COUNT   10
#define NETWORK_SLOW_NS 100e6

static bool is_sync(const struct bt_wait *w)
{
	static const char *const calls[] = {"fsync",  "fdatasync", "sync",
					    "syncfs", "msync",     "sync_file_range"};
	const char *name = bt_syscall_name(w->reason.syscall);

	for (size_t i = 0; name && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(name, calls[i]))
			return true;
	return false;
}

struct waits {
	double ns;
	uint64_t count;
	const struct bt_wait *most; /* NULL: none is known */
};

/* Known waits for a cause; sync: 1 only such calls, 0 only others, -1 all. */
static struct waits waits_of(const struct bt_process *p, enum bt_microstate cause, int sync)
{
	struct waits sum = {0};

	for (uint32_t i = 0; i < p->usage.wait_count; i++) {
		const struct bt_wait *w = &p->usage.waits[i];

		if (w->reason.cause != cause || (sync >= 0 && is_sync(w) != sync))
			continue;
		sum.ns += (double)w->ns;
		sum.count += w->count;
		if (!sum.most)
			sum.most = w;
	}
	return sum;
}

/* Threads that wait for confirmation of writes, on average. */
static double weigh_sync(const struct bt_host_case *c, const struct bt_process *p)
{
	return p->kind == BT_KIND_USER ? waits_of(p, BT_MS_DISK, 1).ns / c->window_ns : 0;
}

/* And those that wait for a disk otherwise. */
static double weigh_disk(const struct bt_host_case *c, const struct bt_process *p)
{
	double all = bt_threads_in(c, p, BT_MS_DISK);
	double sync = weigh_sync(c, p);

	return p->kind == BT_KIND_USER && all > sync ? all - sync : 0;
}

/* Of its active time; threads: on average. */
static double active_part(const struct bt_host_case *c, const struct bt_process *p, double threads)
{
	double active = bt_threads_active(c, p);

	return active > 0 ? fmin(1, threads / active) : 0;
}

/* Likewise those of a process that is bound by it. */
static double weigh_disk_bound(const struct bt_host_case *c, const struct bt_process *p)
{
	double threads = weigh_disk(c, p);

	return active_part(c, p, threads) >= BOUND_PART && waits_of(p, BT_MS_DISK, 0).count >= DISK_COUNT
		   ? threads
		   : 0;
}

static char *object_name(const struct bt_host_case *c, const struct bt_process *p, const struct bt_wait *w,
			 char *device)
{
	const struct bt_diagnosis_names *n = &c->in->names;

	device[0] = '\0';
	return w && n->object ? n->object(n->context, p, &w->reason, device) : NULL;
}

struct device {
	const struct bt_host_disk *begin, *end;
	double busy;     /* part of the time */
	double requests; /* a second */
	double await_ns; /* of a request */
	double bytes;    /* a second */
};

/* name "": the busiest. False: not sampled. */
static bool device_find(const struct bt_host_case *c, const char *name, struct device *out)
{
	static const struct bt_host_disk unused;
	bool found = false;

	if (!(c->both & BT_HOST_DISKS))
		return false;
	for (size_t i = 0; i < c->end->disk_count; i++) {
		struct device d = {.begin = &unused, .end = &c->end->disks[i]};
		double requests;

		if (*name && strcmp(d.end->name, name) != 0)
			continue;
		for (size_t k = 0; k < c->begin->disk_count; k++)
			if (!strcmp(c->begin->disks[k].name, d.end->name))
				d.begin = &c->begin->disks[k];
		requests = bt_counter_growth(d.begin->reads + d.begin->writes + d.begin->flushes,
					     d.end->reads + d.end->writes + d.end->flushes);
		d.busy = fmin(1, bt_counter_growth(d.begin->busy_ns, d.end->busy_ns) / c->sample_ns);
		d.requests = requests * 1e9 / c->sample_ns;
		if (requests > 0)
			d.await_ns =
			    bt_counter_growth(d.begin->read_ns + d.begin->write_ns + d.begin->flush_ns,
					      d.end->read_ns + d.end->write_ns + d.end->flush_ns) /
			    requests;
		d.bytes = bt_counter_growth(d.begin->read_bytes + d.begin->write_bytes,
					    d.end->read_bytes + d.end->write_bytes) *
			  1e9 / c->sample_ns;
		if (!found || d.busy > out->busy)
			*out = d;
		found = true;
	}
	return found;
}

static void say_device(struct bt_finding *f, const struct device *d)
{
	struct bt_finding_subject *s = bt_finding_subject(f);

	bt_finding_number(f, "device_busy", d->busy);
	bt_finding_number(f, "device_requests_per_s", d->requests);
	bt_finding_number(f, "device_await_ms", d->await_ns / 1e6);
	bt_finding_number(f, "device_bytes_per_s", d->bytes);
	if (s) {
		memcpy(s->device, d->end->name, sizeof(s->device));
		s->measure = "busy";
		s->value = d->busy;
	}
	bt_strbuf_add(&f->text, ". ");
	bt_say_raw(&f->text, d->end->name);
	bt_strbuf_add(&f->text, " is busy ");
	bt_words_percent(&f->text, d->busy);
	bt_strbuf_add(&f->text, ": ");
	bt_strbuf_add_fixed(&f->text, d->requests, 0);
	bt_strbuf_add(&f->text, " requests/s of ");
	bt_words_duration(&f->text, d->await_ns);
	bt_strbuf_add(&f->text, ", ");
	bt_words_bytes(&f->text, d->bytes);
	bt_strbuf_add(&f->text, "/s");
}

/* "read of /var/lib/x, 412 times, 1.9 ms each" */
static void say_waits(struct bt_finding *f, const struct bt_wait *w, const struct waits *sum,
		      const char *object)
{
	if (object) {
		const char *call = bt_syscall_name(w->reason.syscall);

		bt_strbuf_add(&f->text, call ? call : bt_microstate_name(w->reason.cause));
		bt_strbuf_add(&f->text, " of ");
		bt_say_raw(&f->text, object);
	} else {
		bt_words_wait(&f->text, w);
	}
	bt_strbuf_add(&f->text, ", ");
	bt_words_times(&f->text, sum->count);
	bt_strbuf_add(&f->text, ", ");
	bt_words_duration(&f->text, sum->count ? sum->ns / (double)sum->count : sum->ns);
	bt_strbuf_add(&f->text, sum->count > 1 ? " each" : "");
}

/* The subjects of ranked processes (of all, those are the heaviest), with what each waits for, and the device
 * most of them wait for. */
static void add_waiters(struct bt_host_case *c, struct bt_finding *f, const struct bt_rank *ranks,
			size_t count, size_t all, enum bt_microstate cause, int sync, char *device)
{
	device[0] = '\0';
	for (size_t i = 0; i < count && i < 3; i++) {
		struct waits w = waits_of(ranks[i].p, cause, sync);
		struct bt_finding_subject *s =
		    bt_finding_process(f, ranks[i].p, "threads_waiting", ranks[i].weight);
		char on[32] = "";
		char *name = object_name(c, ranks[i].p, w.most, on);

		if (!*device)
			memcpy(device, on, sizeof(on));
		bt_strbuf_add(&f->text, i ? "; " : "");
		bt_say_pid_name(&f->text, ranks[i].p);
		bt_strbuf_add(&f->text, " waits ");
		bt_words_percent(&f->text, active_part(c, ranks[i].p, ranks[i].weight));
		bt_strbuf_add(&f->text, i ? "" : " of its active time");
		if (w.most) {
			bt_strbuf_add(&f->text, " (");
			say_waits(f, w.most, &w, name);
			bt_strbuf_add(&f->text, ")");
		}
		if (s) {
			memcpy(s->device, on, sizeof(on));
			s->object = name;
		} else {
			free(name);
		}
	}
	if (all > 3)
		bt_strbuf_addf(&f->text, "; and %zu more", all - 3);
}

void bt_find_disk_waits(struct bt_host_case *c)
{
	struct bt_rank ranks[BT_RANKS];
	double waiters, bound_waiters, longest_ns = 0;
	size_t waiting, bound, count;
	enum bt_severity severity = BT_SEVERITY_INFO;
	bool sampled;
	struct bt_finding *f;
	struct device d;
	char device[32];

	bt_rank(c, weigh_disk, WAITS_MIN, ranks, &waiters, &waiting);
	count = bt_rank(c, weigh_disk_bound, WAITS_MIN, ranks, &bound_waiters, &bound);
	if (!count || waiters < DISK_WAITERS)
		return;
	for (size_t i = 0; i < count; i++) {
		struct waits w = waits_of(ranks[i].p, BT_MS_DISK, 0);

		longest_ns = fmax(longest_ns, w.ns / (double)w.count);
	}
	f = bt_finding_add(c, severity, waiters);
	if (!f)
		return;
	bt_finding_number(f, "threads_waiting", waiters);
	bt_finding_number(f, "processes_waiting", (double)waiting);
	bt_finding_number(f, "longest_mean_wait_ms", longest_ns / 1e6);
	add_waiters(c, f, ranks, count, bound, BT_MS_DISK, 0, device);
	sampled = device_find(c, device, &d) || device_find(c, "", &d);
	if (sampled && d.busy > 0.05)
		say_device(f, &d);
	/* Without a device that is full it is only how these programs work. */
	if ((sampled && d.busy >= DEVICE_BUSY) || longest_ns >= DISK_CRITICAL_NS)
		severity = BT_SEVERITY_WARNING;
	if (severity == BT_SEVERITY_WARNING && longest_ns >= DISK_CRITICAL_NS &&
	    waiters >= DISK_CRITICAL_WAITERS)
		severity = BT_SEVERITY_CRITICAL;
	f->severity = severity;
	bt_strbuf_add(&f->advice,
		      "Fewer or larger requests, more of it in memory, or a faster device; ionice -c3 or "
		      "io.max for what has time.");
}

void bt_find_fsync_storm(struct bt_host_case *c)
{
	struct bt_rank ranks[BT_RANKS];
	double waiters, rate, waits = 0;
	size_t all, count = bt_rank(c, weigh_sync, WAITS_MIN, ranks, &waiters, &all);
	struct bt_finding *f;
	struct device d;
	char device[32];

	for (size_t i = 0; i < c->f->process_count; i++)
		if (weigh_sync(c, c->f->processes[i]) >= WAITS_MIN)
			waits += (double)waits_of(c->f->processes[i], BT_MS_DISK, 1).count;
	rate = waits * 1e9 / c->window_ns;
	if (!count || waiters < SYNC_WAITERS || rate < SYNC_RATE || waits < SYNC_COUNT)
		return;
	f = bt_finding_add(c,
			   active_part(c, ranks[0].p, ranks[0].weight) >= BOUND_PART ? BT_SEVERITY_WARNING
										     : BT_SEVERITY_INFO,
			   waiters);
	if (!f)
		return;
	bt_finding_number(f, "waits_per_s", rate);
	bt_finding_number(f, "threads_waiting", waiters);
	bt_finding_number(f, "processes_waiting", (double)all);
	bt_strbuf_add_fixed(&f->text, rate, 0);
	bt_strbuf_add(&f->text, " waits a second for writes to be confirmed: ");
	add_waiters(c, f, ranks, count, all, BT_MS_DISK, 1, device);
	if (device_find(c, device, &d) || device_find(c, "", &d)) {
		bt_finding_number(f, "flushes_per_s",
				  bt_counter_growth(d.begin->flushes, d.end->flushes) * 1e9 / c->sample_ns);
		say_device(f, &d);
	}
	bt_strbuf_add(&f->advice,
		      "Confirm several writes at once (group commit, batches), not each; or a device with a "
		      "protected write cache. Reads are not the trouble.");
}

static bool is_stuck(const struct bt_process *p, const struct bt_thread *t)
{
	enum bt_group group = bt_microstate_group(t->open.cause);

	return t->blocked && t->state == 'D' && !t->ended && group != BT_GROUP_IDLE &&
	       (double)t->blocked_ns >= STUCK_NS && p->state != 'X';
}

void bt_find_stuck(struct bt_host_case *c)
{
	size_t found[BT_SEVERITY_COUNT] = {0}; /* which finding, plus 1: they move when one is added */
	size_t shown[BT_SEVERITY_COUNT] = {0}, more[BT_SEVERITY_COUNT] = {0};
	size_t first = c->out->count;

	for (size_t i = 0; i < c->f->process_count; i++) {
		const struct bt_process *p = c->f->processes[i];
		/* A driver's thread can be made like that. */
		enum bt_severity severity =
		    p->kind == BT_KIND_KERNEL ? BT_SEVERITY_INFO : BT_SEVERITY_CRITICAL;

		for (uint32_t k = 0; k < p->thread_count; k++) {
			const struct bt_thread *t = p->thread_list[k];
			const struct bt_diagnosis_names *n = &c->in->names;
			struct bt_wait w = {.reason = t->open};
			struct bt_finding_subject *s;
			struct bt_finding *f;
			char *stack;

			if (!is_stuck(p, t))
				continue;
			if (!found[severity]) {
				if (!bt_finding_add(c, severity, 0))
					return;
				found[severity] = c->out->count;
			}
			f = &c->out->findings[found[severity] - 1];
			f->weight += 1;
			if (shown[severity] == 3) {
				more[severity]++;
				continue;
			}
			bt_strbuf_add(&f->text, shown[severity]++ ? "; " : "");
			s = bt_finding_process(f, p, "blocked_s", (double)t->blocked_ns / 1e9);
			bt_say_pid_name(&f->text, p);
			if (t->tid != p->identity.pid) {
				bt_strbuf_addf(&f->text, " (thread %d)", t->tid);
				if (s)
					s->tid = t->tid;
			}
			bt_strbuf_add(&f->text, " is stuck in D for ");
			bt_words_duration(&f->text, (double)t->blocked_ns);
			bt_strbuf_add(&f->text, " or longer, in ");
			if (s)
				s->object = object_name(c, p, &w, s->device);
			if (s && s->object && bt_syscall_name(t->open.syscall)) {
				bt_strbuf_addf(&f->text, "%s of ", bt_syscall_name(t->open.syscall));
				bt_say_raw(&f->text, s->object);
			} else {
				bt_words_wait(&f->text, &w);
			}
			stack = n->stack ? n->stack(n->context, p, t->tid) : NULL;
			if (stack && *stack) {
				bt_strbuf_add(&f->text, " [");
				bt_say_raw(&f->text, stack);
				bt_strbuf_add(&f->text, "]");
			}
			free(stack);
		}
	}
	for (size_t i = first; i < c->out->count; i++) {
		struct bt_finding *f = &c->out->findings[i];

		bt_finding_number(f, "threads_stuck", f->weight);
		bt_finding_number(f, "longer_than_s", STUCK_NS / 1e9);
		if (more[f->severity])
			bt_strbuf_addf(&f->text, "; and %zu more threads", more[f->severity]);
		bt_strbuf_add(&f->advice,
			      "No signal ends it: see what it waits for (a device, a network file system, a "
			      "frozen file system), and the kernel's log (dmesg).");
	}
}

static double weigh_uring(const struct bt_host_case *c, const struct bt_process *p)
{
	double ns = 0;

	for (uint32_t i = 0; i < p->usage.wait_count; i++) {
		const char *name = bt_syscall_name(p->usage.waits[i].reason.syscall);

		if (name && !strcmp(name, "io_uring_enter") && p->usage.waits[i].reason.cause != BT_MS_DISK)
			ns += (double)p->usage.waits[i].ns;
	}
	return ns / c->window_ns;
}

void bt_find_iowait(struct bt_host_case *c)
{
	struct bt_name_group groups[BT_NAME_GROUPS];
	struct bt_finding *f;
	struct device d;
	size_t count;

	if (isnan(c->iowait) || c->iowait < IOWAIT_PART * c->cpus ||
	    c->disk + c->paging >= IOWAIT_EXPLAINED * c->iowait)
		return;
	count = bt_rank_names(c, weigh_uring, 0.05, groups);
	if (!count)
		return;
	f = bt_finding_add(c, BT_SEVERITY_INFO, 0);
	if (!f)
		return;
	bt_finding_number(f, "iowait_part", c->iowait / c->cpus);
	bt_finding_number(f, "iowait_cpus", c->iowait);
	bt_finding_number(f, "threads_waiting_for_disk", c->disk + c->paging);
	if (device_find(c, "", &d))
		bt_finding_number(f, "device_busy", d.busy);
	bt_strbuf_add(&f->text, "The kernel reports ");
	bt_words_percent(&f->text, c->iowait / c->cpus);
	bt_strbuf_add(&f->text, " iowait, but no disk is behind it (");
	bt_strbuf_add_fixed(&f->text, c->disk + c->paging, 2);
	bt_strbuf_add(&f->text, " threads wait for one). Waiting for io_uring completions: ");
	bt_finding_groups(f, groups, count, "threads_in_io_uring", " threads");
	bt_strbuf_add(&f->advice,
		      "Nothing is wrong: any wait in io_uring_enter counts as iowait, idle sockets and "
		      "timers too. Take iowait for no sign of a slow disk here.");
}

static double weigh_network_bound(const struct bt_host_case *c, const struct bt_process *p)
{
	return p->kind == BT_KIND_USER && bt_active_part(p, BT_MS_NETWORK) >= BOUND_PART &&
		       waits_of(p, BT_MS_NETWORK, -1).count >= NETWORK_COUNT
		   ? bt_threads_in(c, p, BT_MS_NETWORK)
		   : 0;
}

/* Replies that come, and take long. Who waits for one that never comes may just be listening. */
void bt_find_network_waits(struct bt_host_case *c)
{
	struct bt_rank ranks[BT_RANKS];
	double waiters, mean_ns = 0;
	size_t all, count = bt_rank(c, weigh_network_bound, NETWORK_WAITERS, ranks, &waiters, &all);
	bool files = false;
	struct bt_finding *f;
	char device[32];

	for (size_t i = 0; i < count; i++) {
		struct waits w = waits_of(ranks[i].p, BT_MS_NETWORK, -1);

		mean_ns = fmax(mean_ns, w.ns / (double)w.count);
		files |= w.most && (w.most->reason.target == BT_TARGET_FILE ||
				    w.most->reason.target == BT_TARGET_DIRECTORY);
	}
	if (!count)
		return;
	f = bt_finding_add(c, mean_ns >= NETWORK_SLOW_NS || files ? BT_SEVERITY_WARNING : BT_SEVERITY_INFO,
			   waiters);
	if (!f)
		return;
	bt_finding_number(f, "threads_waiting", waiters);
	bt_finding_number(f, "processes_waiting", (double)all);
	bt_finding_number(f, "longest_mean_wait_ms", mean_ns / 1e6);
	add_waiters(c, f, ranks, count, all, BT_MS_NETWORK, -1, device);
	bt_strbuf_add(&f->advice,
		      files ? "Look at the file server and the way to it (nfsiostat, ss -ti)."
			    : "This host is not what they wait for: look at the other end and the way to it "
			      "(ss -ti shows round-trip times and retransmits), or ask for more at once.");
}
