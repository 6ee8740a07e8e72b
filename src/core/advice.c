/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of advice, and the evidence that its rows ask for. */
#include "advice_internal.h"

#include <string.h>

#include "names.h"
#include "sanitize.h"
#include "words.h"

/* What was there for less is over before anybody can act on it, and too little was seen to be sure. */
#define PRESENCE_MIN_NS 100e6
/* Columns of a name within a sentence; a comm has 15 bytes. */
#define NAME_WIDTH 15
/* Most of the waits: what is left can be no more than half. */
#define MOSTLY 0.5
/* With less of a cause's time in waits that are known, these do not speak for the rest. */
#define KNOWN_MIN 0.25

/* clang-format off */
/* The one table. Where several apply they are given in this order: the more certain remedy first. */
static const struct bt_advice table[] = {
{ "cpu-quota", "held back by the CPU quota of its cgroup", bt_quota_applies, bt_quota_say },
{ "cpu-all-cores", "parallel work that uses all CPUs of the host", bt_all_cores_applies, bt_all_cores_say },
{ "cpu-neighbours", "waits for CPUs that other processes use", bt_neighbours_applies, bt_neighbours_say },
{ "cpu-queue", "waits for a CPU, though the host as a whole has some left", bt_queue_applies, bt_queue_say },
{ "cpu-page-faults", "memory taken anew takes most of its CPU time", bt_page_faults_applies, bt_page_faults_say },
{ "cpu-system-calls", "most of its CPU time is in the kernel", bt_system_calls_applies, bt_system_calls_say },
{ "cpu-one-thread", "one thread uses a whole CPU, the others hardly any", bt_one_thread_applies, bt_one_thread_say },
{ "cpu-more-threads", "several threads use a whole CPU each, and CPUs are left", bt_more_threads_applies, bt_more_threads_say },
{ "event-loop-held", "a callback keeps an event loop from all others", bt_event_loop_applies, bt_event_loop_say },
{ "gil-use-processes", "threads fight for an interpreter's lock", bt_gil_applies, bt_gil_say },
{ "lock-convoy", "threads wait for the same lock", bt_convoy_applies, bt_convoy_say },
{ "lock-file", "waits for a file lock that another holds", bt_file_lock_applies, bt_file_lock_say },
{ "lock-kernel", "waits for a lock within the kernel", bt_kernel_lock_applies, bt_kernel_lock_say },
{ "paging-memory", "page faults wait for the disk", bt_paging_applies, bt_paging_say },
{ "disk-fsync", "waits until the device confirms writes", bt_sync_applies, bt_sync_say },
{ "disk-cache-miss", "reads miss the page cache", bt_cache_miss_applies, bt_cache_miss_say },
{ "disk-aio", "waits for asynchronous I/O to complete", bt_aio_applies, bt_aio_say },
{ "disk-write", "writes wait for the disk", bt_disk_write_applies, bt_disk_write_say },
{ "network-files", "waits for files of a network file system", bt_network_files_applies, bt_network_files_say },
{ "network-connect", "waits for connections to be made", bt_connect_applies, bt_connect_say },
{ "network-send", "waits for the other end to take its data", bt_send_applies, bt_send_say },
{ "network-reply", "waits for replies over the network", bt_reply_applies, bt_reply_say },
{ "python-threads-suffice", "a Python program that waits for disk or network", bt_python_threads_applies, bt_python_threads_say },
{ "ipc-small-messages", "many short exchanges with another process", bt_small_messages_applies, bt_small_messages_say },
{ "ipc-peer", "waits for another process, which is named", bt_peer_applies, bt_peer_say },
{ "idle-work", "limited by the work that comes in", bt_work_applies, bt_work_say },
{ "idle-timer", "limited by its own sleeping", bt_timer_applies, bt_timer_say },
{ "idle-child", "waits for children or threads to end", bt_child_applies, bt_child_say },
{ "idle-stopped", "stopped, traced or frozen", bt_stopped_applies, bt_stopped_say },
};
/* clang-format on */

#define ROWS (sizeof(table) / sizeof(table[0]))

_Static_assert(ROWS <= 8 * sizeof(bt_advice_set), "a bit for each row");

enum bt_call bt_call_of(const struct bt_wait *w)
{
	static const struct {
		const char *name;
		enum bt_call call;
	} calls[] = {
	    {"read", BT_CALL_READ},          {"pread64", BT_CALL_READ},
	    {"readv", BT_CALL_READ},         {"preadv", BT_CALL_READ},
	    {"preadv2", BT_CALL_READ},       {"sendfile", BT_CALL_READ},
	    {"splice", BT_CALL_READ},        {"copy_file_range", BT_CALL_READ},
	    {"write", BT_CALL_WRITE},        {"pwrite64", BT_CALL_WRITE},
	    {"writev", BT_CALL_WRITE},       {"pwritev", BT_CALL_WRITE},
	    {"pwritev2", BT_CALL_WRITE},     {"sendto", BT_CALL_WRITE},
	    {"sendmsg", BT_CALL_WRITE},      {"sendmmsg", BT_CALL_WRITE},
	    {"msgsnd", BT_CALL_WRITE},       {"mq_timedsend", BT_CALL_WRITE},
	    {"fsync", BT_CALL_SYNC},         {"fdatasync", BT_CALL_SYNC},
	    {"sync", BT_CALL_SYNC},          {"syncfs", BT_CALL_SYNC},
	    {"msync", BT_CALL_SYNC},         {"sync_file_range", BT_CALL_SYNC},
	    {"io_getevents", BT_CALL_AIO},   {"io_pgetevents", BT_CALL_AIO},
	    {"io_uring_enter", BT_CALL_AIO}, {"connect", BT_CALL_CONNECT},
	    {"flock", BT_CALL_FILE_LOCK},    {"fcntl", BT_CALL_FILE_LOCK},
	    {"epoll_wait", BT_CALL_POLL},    {"epoll_pwait", BT_CALL_POLL},
	    {"epoll_pwait2", BT_CALL_POLL},  {"poll", BT_CALL_POLL},
	    {"ppoll", BT_CALL_POLL},         {"select", BT_CALL_POLL},
	    {"pselect6", BT_CALL_POLL},
	};
	const char *name = bt_syscall_name(w->reason.syscall);

	/* Its descriptor is the one that it writes to. */
	if (name && !strcmp(name, "sendfile") && w->reason.target >= BT_TARGET_PIPE)
		return BT_CALL_WRITE;
	for (size_t i = 0; name && i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!strcmp(calls[i].name, name))
			return calls[i].call;
	return BT_CALL_OTHER;
}

/* call BT_CALL_COUNT: any. */
static struct bt_wait_sum sum_waits(const struct bt_case *c, enum bt_microstate cause, enum bt_call call)
{
	struct bt_wait_sum sum = {0};

	if (!(c->u->valid & BT_VALID_WAITS))
		return sum;
	for (uint32_t i = 0; i < c->u->wait_count; i++) {
		const struct bt_wait *w = &c->u->waits[i];

		if (w->reason.cause != cause || (call != BT_CALL_COUNT && bt_call_of(w) != call))
			continue;
		sum.ns += (double)w->ns;
		sum.count += w->count;
		if (!sum.most)
			sum.most = w; /* most time first */
	}
	return sum;
}

struct bt_wait_sum bt_case_waits(const struct bt_case *c, enum bt_microstate cause, enum bt_call call)
{
	return sum_waits(c, cause, call);
}

struct bt_wait_sum bt_case_waits_all(const struct bt_case *c, enum bt_microstate cause)
{
	return sum_waits(c, cause, BT_CALL_COUNT);
}

bool bt_case_mostly(const struct bt_case *c, enum bt_microstate cause, enum bt_call call)
{
	struct bt_wait_sum all = bt_case_waits_all(c, cause);
	struct bt_wait_sum part = bt_case_waits(c, cause, call);
	double cause_ns = (double)c->u->totals.offcpu_ns[cause - BT_OFFCPU_FIRST];

	return part.count && part.ns >= MOSTLY * all.ns && all.ns >= KNOWN_MIN * cause_ns;
}

double bt_case_offcpu_ns(const struct bt_case *c, enum bt_microstate ms)
{
	return (double)c->u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST];
}

double bt_case_weight(const struct bt_case *c, enum bt_microstate ms)
{
	return c->active_ns > 0 ? bt_case_offcpu_ns(c, ms) / c->active_ns : 0;
}

bool bt_case_bears(const struct bt_case *c, enum bt_microstate ms)
{
	enum bt_group group = bt_microstate_group(ms);
	bool won;

	switch (c->v->id) {
	case BT_VERDICT_MIXED:
		won = true;
		break;
	case BT_VERDICT_STARVED:
	case BT_VERDICT_CPU_BOUND:
		won = group == BT_GROUP_STARVED;
		break;
	case BT_VERDICT_IO_BOUND:
		won = group == BT_GROUP_IO;
		break;
	case BT_VERDICT_LOCK_BOUND:
		won = group == BT_GROUP_LOCK;
		break;
	default:
		won = false;
	}
	return won && bt_case_weight(c, ms) >= BT_ADVICE_WEIGHT_MIN;
}

double bt_case_cpus(const struct bt_case *c)
{
	return (double)c->u->totals.oncpu_ns / c->presence_ns;
}

double bt_case_per_second(const struct bt_case *c, double count)
{
	return count * 1e9 / c->presence_ns;
}

bool bt_case_is_single(const struct bt_case *c)
{
	struct bt_model *m = c->advisor->frame->model;

	return m && bt_model_find_identity(m, &c->p->identity) == c->p;
}

bool bt_case_is_many(const struct bt_case *c)
{
	return c->advisor->frame->model && !bt_case_is_single(c);
}

/* Of "python": "python", "python3", "python3.11", and with a path in front */
static bool is_interpreter(const char *name, size_t length, const char *interpreter)
{
	const char *slash = memrchr(name, '/', length);
	size_t stem = strlen(interpreter);

	if (slash) {
		length -= (size_t)(slash + 1 - name);
		name = slash + 1;
	}
	if (length < stem || memcmp(name, interpreter, stem) != 0)
		return false;
	return strspn(name + stem, "0123456789.") >= length - stem;
}

/* A script with #! has its own name, but the interpreter is the first of its arguments. */
static bool case_runs(const struct bt_case *c, const char *interpreter)
{
	const struct bt_process *p = c->p;

	return is_interpreter(p->comm, strlen(p->comm), interpreter) ||
	       (p->cmdline && is_interpreter(p->cmdline, strcspn(p->cmdline, " "), interpreter));
}

bool bt_case_runs_python(const struct bt_case *c)
{
	return case_runs(c, "python");
}

bool bt_case_runs_ruby(const struct bt_case *c)
{
	return case_runs(c, "ruby");
}

const struct bt_advisor *bt_case_host(const struct bt_case *c)
{
	struct bt_advisor *a = c->advisor;
	const struct bt_frame *f = a->frame;
	uint64_t most_ns[2] = {0};
	double sum_ns = 0;

	if (a->host_known)
		return a;
	for (size_t i = 0; i < f->process_count; i++) {
		const struct bt_process *p = f->processes[i];
		uint64_t ns = p->usage.totals.oncpu_ns;

		sum_ns += (double)ns;
		if (ns > most_ns[0]) {
			most_ns[1] = most_ns[0];
			a->heaviest[1] = a->heaviest[0];
			most_ns[0] = ns;
			a->heaviest[0] = p;
		} else if (ns > most_ns[1]) {
			most_ns[1] = ns;
			a->heaviest[1] = p;
		}
	}
	a->host_cpus = f->duration_ns ? sum_ns / (double)f->duration_ns : 0;
	a->host_known = true;
	return a;
}

void bt_say_pid(const struct bt_case *c, const char *before, struct bt_strbuf *out)
{
	if (!c->p->exited && !bt_case_is_many(c))
		bt_strbuf_addf(out, "%s%d", before, c->p->identity.pid);
}

void bt_say_fixed(struct bt_strbuf *out, const char *before, double value, unsigned int decimals,
		  const char *after)
{
	bt_strbuf_add(out, before);
	bt_strbuf_add_fixed(out, value, decimals);
	bt_strbuf_add(out, after);
}

void bt_say_process(struct bt_strbuf *out, const struct bt_process *p)
{
	bt_strbuf_add_int(out, p->identity.pid);
	bt_strbuf_add(out, " (");
	bt_sanitize(out, p->comm, strlen(p->comm), NAME_WIDTH, BT_CHARSET_UTF8);
	bt_strbuf_add_char(out, ')');
}

void bt_say_share(const struct bt_case *c, double ns, struct bt_strbuf *out)
{
	bt_words_percent(out, ns / (double)c->u->wall_ns);
	bt_strbuf_add(out, c->threads > 1 ? " of its threads' time" : " of the time");
}

void bt_say_wait(const struct bt_case *c, const struct bt_wait *w, struct bt_strbuf *out)
{
	bt_words_wait(out, w);
	bt_words_peer(out, c->advisor->frame->model, &w->reason, BT_CHARSET_UTF8);
}

void bt_say_waits(const struct bt_case *c, const struct bt_wait_sum *sum, struct bt_strbuf *out)
{
	bt_words_times(out, sum->count);
	bt_strbuf_add(out, ", ");
	bt_words_duration(out, sum->ns / (double)(sum->count ? sum->count : 1));
	bt_strbuf_add(out, sum->count > 1 ? " each, " : ", ");
	bt_say_share(c, sum->ns, out);
}

static struct bt_case case_of(struct bt_advisor *a, const struct bt_process *p)
{
	return (struct bt_case){
	    .advisor = a,
	    .p = p,
	    .u = &p->usage,
	    .v = &p->verdict,
	    .active_ns = (double)bt_totals_active_ns(&p->usage.totals),
	    .presence_ns = (double)(p->end_ns - p->begin_ns),
	    .threads = p->threads + p->threads_ended,
	};
}

bt_advice_set bt_advise(struct bt_advisor *a, const struct bt_process *p)
{
	bt_advice_set set = 0;
	struct bt_case c;

	/* Nobody can tell a kernel thread what to do. */
	if (p->verdict.id == BT_VERDICT_UNKNOWN || p->kind == BT_KIND_KERNEL || !p->usage.wall_ns)
		return 0;
	c = case_of(a, p);
	if (c.presence_ns < PRESENCE_MIN_NS)
		return 0;
	for (unsigned int row = 0; row < ROWS; row++)
		if (table[row].applies(&c))
			set |= (bt_advice_set)1 << row;
	return set;
}

void bt_advice_say(struct bt_advisor *a, const struct bt_process *p, unsigned int row, struct bt_strbuf *out)
{
	struct bt_case c = case_of(a, p);

	table[row].say(&c, out);
}

size_t bt_advice_count(void)
{
	return ROWS;
}

const char *bt_advice_id(unsigned int row)
{
	return table[row].id;
}

const char *bt_advice_title(unsigned int row)
{
	return table[row].title;
}
