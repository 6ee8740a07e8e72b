/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The field table (field.h). */
#include "field.h"

#include <math.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

#include "names.h"

#define NSEC_PER_SEC 1000000000ull

static void value_text(struct bt_value *out, const char *text, bool raw)
{
	if (!text)
		return;
	out->type = BT_VALUE_TEXT;
	out->raw = raw;
	out->text = text;
}

static void value_integer(struct bt_value *out, int64_t integer)
{
	out->type = BT_VALUE_INTEGER;
	out->integer = integer;
}

static void value_real(struct bt_value *out, double real)
{
	if (!isfinite(real))
		return;
	out->type = BT_VALUE_REAL;
	out->real = real;
}

static void value_seconds(struct bt_value *out, uint64_t ns)
{
	value_real(out, (double)ns / (double)NSEC_PER_SEC);
}

static void get_tid(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_integer(out, s->thread ? s->thread->tid : s->process->identity.pid);
}

static void get_pid(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_integer(out, s->process->identity.pid);
}

static void get_ppid(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_integer(out, s->process->ppid);
}

static void get_forked_by(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if (s->process->forked_by.pid > 0)
		value_integer(out, s->process->forked_by.pid);
}

static void get_start_time(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	static uint64_t tick_ns;

	(void)arg;
	if (!tick_ns)
		tick_ns = NSEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	value_integer(out, (int64_t)(s->process->identity.start_ns / tick_ns));
}

static void get_kind(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, bt_kind_name(s->process->kind), false);
}

static void get_state(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	/* One string for each letter that /proc/PID/stat can show. */
	static const char letters[] = "R\0S\0D\0T\0t\0X\0Z\0P\0I\0";
	const char *state = s->thread ? &s->thread->state : &s->process->state;

	(void)arg;
	for (size_t i = 0; i < sizeof(letters) - 1; i += 2)
		if (letters[i] == *state)
			value_text(out, letters + i, false);
	if (out->type == BT_VALUE_NULL)
		value_text(out, "?", false);
}

static void get_nice(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_integer(out, s->thread ? s->thread->nice : s->process->nice);
}

static void get_comm(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, s->thread ? s->thread->comm : s->process->comm, true);
}

/* "" rather than null: a kernel thread's command line is empty, and so is a zombie's. */
static void get_cmdline(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, s->process->cmdline ? s->process->cmdline : "", true);
}

static void get_user(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, s->process->user, true);
}

static void get_cgroup(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, s->process->cgroup, true);
}

static void get_container(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, s->process->container, true);
}

static void get_threads(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_integer(out, s->process->threads);
}

static void get_threads_ended(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_integer(out, s->process->threads_ended);
}

static void get_exited(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	out->type = BT_VALUE_BOOL;
	out->truth = s->thread ? s->thread->ended : s->process->exited;
}

/* As a shell has it. */
static void get_exit_status(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	int code = s->process->exit_code;

	(void)arg;
	if (s->process->exited && code != BT_EXIT_UNKNOWN)
		value_integer(out, WIFSIGNALED(code) ? 128 + WTERMSIG(code) : WEXITSTATUS(code));
}

static void get_verdict(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_text(out, bt_verdict_name(s->verdict->id), false);
}

static void get_cause(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if (s->verdict->cause < BT_MS_COUNT)
		value_text(out, bt_microstate_name(s->verdict->cause), false);
}

static void get_runner_up(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if (s->verdict->runner_up < BT_MS_COUNT)
		value_text(out, bt_microstate_name(s->verdict->runner_up), false);
}

static void get_confidence(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_real(out, s->verdict->confidence);
}

static void get_active(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_real(out, s->verdict->active);
}

static void get_cpus(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_real(out, s->verdict->cpus);
}

static void get_oncpu(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_seconds(out, s->usage->totals.oncpu_ns);
}

static void get_wall(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	value_seconds(out, s->usage->wall_ns);
}

static void get_share(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	if (!(s->usage->valid & BT_VALID_ACCOUNT) || !s->usage->wall_ns)
		return;
	if (!(s->verdict->measured >> arg & 1))
		return;
	if (arg < BT_OFFCPU_FIRST && !s->verdict->split)
		return;
	value_real(out, s->verdict->share[arg]);
}

static void get_group_share(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	value_real(out, s->verdict->group_share[arg]);
}

static void get_rss(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if (s->usage->valid & BT_VALID_RSS)
		value_integer(out, (int64_t)s->process->rss_bytes);
}

static void get_cpu_time(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if (s->usage->valid & BT_VALID_RUNTIME)
		value_seconds(out, s->process->cpu_time_ns);
}

static void get_io(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	const struct bt_usage *u = s->usage;
	const uint64_t counters[] = {u->read_bytes, u->write_bytes, u->rchar, u->wchar};

	if (u->valid & BT_VALID_IO)
		value_integer(out, (int64_t)counters[arg]);
}

/* Bytes a second, of the time that it was there. */
static void get_io_rate(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	uint64_t bytes = arg ? s->usage->write_bytes : s->usage->read_bytes;
	uint64_t presence_ns = s->process->end_ns - s->process->begin_ns;

	if ((s->usage->valid & BT_VALID_IO) && presence_ns)
		value_real(out, (double)bytes * (double)NSEC_PER_SEC / (double)presence_ns);
}

static void get_residual(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if ((s->usage->valid & BT_VALID_ACCOUNT) && s->usage->wall_ns)
		value_real(out, (double)s->usage->residual_ns / (double)s->usage->wall_ns);
}

static void get_guessed(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if ((s->usage->valid & BT_VALID_ACCOUNT) && s->usage->wall_ns)
		value_real(out, (double)s->usage->guessed_ns / (double)s->usage->wall_ns);
}

static void get_switches(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	value_integer(out, (int64_t)(arg ? s->usage->involuntary : s->usage->voluntary));
}

static void get_faults(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	value_integer(out, (int64_t)(arg ? s->usage->major_faults : s->usage->minor_faults));
}

/* arg: a percentile, or 0 for the count. */
static void value_burst(const struct bt_usage *u, const uint32_t *histogram, unsigned int arg,
			struct bt_value *out)
{
	if (!(u->valid & BT_VALID_BURSTS))
		return;
	if (!arg)
		value_integer(out, histogram ? (int64_t)bt_burst_count(histogram) : 0);
	else if (histogram && bt_burst_count(histogram))
		value_real(out, bt_burst_percentile_ns(histogram, arg / 100.0) / 1000);
}

static void get_cpu_burst(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	value_burst(s->usage, s->usage->bursts ? s->usage->bursts->cpu : NULL, arg, out);
}

static void get_io_burst(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	value_burst(s->usage, s->usage->bursts ? s->usage->bursts->io : NULL, arg, out);
}

static void get_command(const struct bt_subject *s, unsigned int arg, struct bt_value *out)
{
	(void)arg;
	if (s->thread)
		value_text(out, s->thread->comm, true);
	else
		value_text(out, s->process->cmdline ? s->process->cmdline : s->process->comm, true);
}

#define P     BT_SCOPE_PROCESS
#define ALL   (BT_SCOPE_PROCESS | BT_SCOPE_THREAD)
#define R     BT_FIELD_RIGHT
#define RD    (BT_FIELD_RIGHT | BT_FIELD_DESCENDING)
#define SHARE BT_UNIT_SHARE

/* clang-format off */
const struct bt_field bt_fields[BT_FIELD_COUNT] = {
/* name, title, width, scopes, flags, unit, arg, meaning, get */
[BT_FIELD_TID] = { "tid", "TID", 7, BT_SCOPE_THREAD, R, 0, 0, "thread ID", get_tid },
[BT_FIELD_PID] = { "pid", "PID", 7, P, R, 0, 0, "process ID", get_pid },
[BT_FIELD_PPID] = { "ppid", "PPID", 7, P, R, 0, 0, "its parent now", get_ppid },
[BT_FIELD_FORKED_BY] = { "forked_by", "FORKER", 7, P, R, 0, 0,
	"process that forked it, also when that one is gone; null: not seen", get_forked_by },
[BT_FIELD_START_TIME] = { "start_time", "START", 10, P, R, BT_UNIT_TICKS, 0,
	"start in clock ticks since boot, as field 22 of /proc/PID/stat: with the PID, the identity of the process", get_start_time },
[BT_FIELD_KIND] = { "kind", "KIND", 6, P, 0, 0, 0, "\"user\", or \"kernel\" for a kernel thread", get_kind },
[BT_FIELD_STATE] = { "state", "S", 1, ALL, 0, 0, 0, "state as in /proc/PID/stat", get_state },
[BT_FIELD_NICE] = { "nice", "NI", 3, ALL, R, 0, 0, "nice value", get_nice },
[BT_FIELD_COMM] = { "comm", "NAME", 15, ALL, 0, 0, 0, "name of the program or thread", get_comm },
[BT_FIELD_CMDLINE] = { "cmdline", "CMDLINE", 0, P, 0, 0, 0, "command line; empty for kernel threads", get_cmdline },
[BT_FIELD_USER] = { "user", "USER", 8, P, 0, 0, 0, "effective user", get_user },
[BT_FIELD_CGROUP] = { "cgroup", "CGROUP", 30, P, 0, 0, 0, "control group", get_cgroup },
[BT_FIELD_CONTAINER] = { "container", "CONTAINER", 24, P, 0, 0, 0,
	"container, as ENGINE:NAME, or else systemd unit, by its control groups; null: in none", get_container },
[BT_FIELD_THREADS] = { "threads", "THR", 4, P, RD, BT_UNIT_COUNT, 0, "threads alive", get_threads },
[BT_FIELD_THREADS_ENDED] = { "threads_ended", "THR-", 5, P, RD, BT_UNIT_COUNT, 0,
	"threads that ended in the interval", get_threads_ended },
[BT_FIELD_EXITED] = { "exited", "EXIT", 5, ALL, BT_FIELD_DESCENDING, 0, 0, "it ended in the interval", get_exited },
[BT_FIELD_EXIT_STATUS] = { "exit_status", "STATUS", 6, P, RD, 0, 0,
	"how it ended: its exit status, or 128 + the signal; null while it lives, and where its end was not seen", get_exit_status },
[BT_FIELD_VERDICT] = { "verdict", "VERDICT", 10, ALL, 0, 0, 0, "what it is bound by", get_verdict },
[BT_FIELD_CAUSE] = { "cause", "CAUSE", 9, ALL, 0, 0, 0, "the largest microstate behind the verdict", get_cause },
[BT_FIELD_RUNNER_UP] = { "runner_up", "NEXT", 9, ALL, 0, 0, 0, "the largest microstate of the next group", get_runner_up },
[BT_FIELD_CONFIDENCE] = { "confidence", "CONF%", 5, ALL, RD, SHARE, 0, "how far the verdict can be trusted", get_confidence },
[BT_FIELD_ACTIVE] = { "active", "ACT%", 4, ALL, RD, SHARE, 0,
	"part of the time in which its most active thread computed, or waited for a CPU, an answer or a lock", get_active },
[BT_FIELD_CPUS] = { "cpus", "CPUS", 6, ALL, RD, BT_UNIT_CORES, 0, "on-CPU time / length of the interval", get_cpus },
[BT_FIELD_ONCPU_S] = { "oncpu_s", "ONCPU", 8, ALL, RD, BT_UNIT_SECONDS, 0, "on-CPU time in the interval", get_oncpu },
[BT_FIELD_WALL_S] = { "wall_s", "WALL", 8, ALL, RD, BT_UNIT_SECONDS, 0,
	"wall time of its threads, summed: what the shares are of", get_wall },
#define BT_X(id, name, column, letter, group, text)                                                       \
[BT_FIELD_SHARE + BT_MS_##id] = { "share." name, column "%", 4, ALL, RD, SHARE, BT_MS_##id, text, get_share },
BT_MICROSTATES(BT_X)
#undef BT_X
[BT_FIELD_GROUP_SHARE + BT_GROUP_CPU] = { "group_share.cpu", "CPU/A", 5, ALL, RD, SHARE, BT_GROUP_CPU,
	"on-CPU part of the active time", get_group_share },
[BT_FIELD_GROUP_SHARE + BT_GROUP_STARVED] = { "group_share.starved", "STV/A", 5, ALL, RD, SHARE, BT_GROUP_STARVED,
	"part of the active time in which it wanted a CPU and had none", get_group_share },
[BT_FIELD_GROUP_SHARE + BT_GROUP_IO] = { "group_share.io", "IO/A", 5, ALL, RD, SHARE, BT_GROUP_IO,
	"part of the active time blocked on disk, paging, network or another process", get_group_share },
[BT_FIELD_GROUP_SHARE + BT_GROUP_LOCK] = { "group_share.lock", "LCK/A", 5, ALL, RD, SHARE, BT_GROUP_LOCK,
	"part of the active time blocked on locks", get_group_share },
[BT_FIELD_RSS_BYTES] = { "rss_bytes", "RSS", 6, P, RD, BT_UNIT_BYTES, 0, "resident memory", get_rss },
[BT_FIELD_CPU_TIME_S] = { "cpu_time_s", "TIME+", 9, P, RD, BT_UNIT_SECONDS, 0, "CPU time since it began", get_cpu_time },
[BT_FIELD_IO_READ_BYTES] = { "io.read_bytes", "READ", 6, ALL, RD, BT_UNIT_BYTES, 0, "read from block devices", get_io },
[BT_FIELD_IO_WRITE_BYTES] = { "io.write_bytes", "WRITE", 6, ALL, RD, BT_UNIT_BYTES, 1,
	"written to block devices, sooner or later", get_io },
[BT_FIELD_IO_RCHAR] = { "io.rchar", "RCHAR", 6, ALL, RD, BT_UNIT_BYTES, 2,
	"read through read(2) and the like, page cache included", get_io },
[BT_FIELD_IO_WCHAR] = { "io.wchar", "WCHAR", 6, ALL, RD, BT_UNIT_BYTES, 3, "written likewise", get_io },
[BT_FIELD_RESIDUAL] = { "residual", "RESID", 6, ALL, RD, SHARE, 0,
	"what the microstates lack of the wall time, or have too much", get_residual },
[BT_FIELD_GUESSED] = { "guessed", "GUESS", 6, ALL, RD, SHARE, 0,
	"part of the time whose microstate is a guess, as sampling leaves some", get_guessed },
[BT_FIELD_SWITCHES_VOLUNTARY] = { "switches.voluntary", "VCSW", 7, ALL, RD, BT_UNIT_COUNT, 0,
	"times it gave up the CPU by itself", get_switches },
[BT_FIELD_SWITCHES_INVOLUNTARY] = { "switches.involuntary", "ICSW", 7, ALL, RD, BT_UNIT_COUNT, 1,
	"times it was preempted", get_switches },
[BT_FIELD_MINOR_FAULTS] = { "minor_faults", "MINFLT", 7, ALL, RD, BT_UNIT_COUNT, 0,
	"page faults that needed no I/O: memory touched for the first time, or again", get_faults },
[BT_FIELD_MAJOR_FAULTS] = { "major_faults", "MAJFLT", 6, ALL, RD, BT_UNIT_COUNT, 1,
	"page faults that needed I/O", get_faults },
[BT_FIELD_BURSTS_CPU_COUNT] = { "bursts.cpu.count", "CBURST", 7, ALL, RD, BT_UNIT_COUNT, 0,
	"CPU bursts: on-CPU time between two voluntary blocks", get_cpu_burst },
[BT_FIELD_BURSTS_CPU_P50] = { "bursts.cpu.p50_us", "CB50", 8, ALL, RD, BT_UNIT_MICROSECONDS, 50,
	"length that half of the CPU bursts stay below", get_cpu_burst },
[BT_FIELD_BURSTS_CPU_P90] = { "bursts.cpu.p90_us", "CB90", 8, ALL, RD, BT_UNIT_MICROSECONDS, 90, "likewise, 90 %", get_cpu_burst },
[BT_FIELD_BURSTS_CPU_P99] = { "bursts.cpu.p99_us", "CB99", 8, ALL, RD, BT_UNIT_MICROSECONDS, 99, "likewise, 99 %", get_cpu_burst },
[BT_FIELD_BURSTS_IO_COUNT] = { "bursts.io.count", "IBURST", 7, ALL, RD, BT_UNIT_COUNT, 0,
	"I/O bursts: blocked intervals of the group io", get_io_burst },
[BT_FIELD_BURSTS_IO_P50] = { "bursts.io.p50_us", "IB50", 8, ALL, RD, BT_UNIT_MICROSECONDS, 50,
	"length that half of the I/O bursts stay below", get_io_burst },
[BT_FIELD_BURSTS_IO_P90] = { "bursts.io.p90_us", "IB90", 8, ALL, RD, BT_UNIT_MICROSECONDS, 90, "likewise, 90 %", get_io_burst },
[BT_FIELD_BURSTS_IO_P99] = { "bursts.io.p99_us", "IB99", 8, ALL, RD, BT_UNIT_MICROSECONDS, 99, "likewise, 99 %", get_io_burst },
[BT_FIELD_BAR] = { "bar", "WHERE THE TIME WENT", 20, ALL, BT_FIELD_HUMAN, 0, 0,
	"a letter for each twentieth of its time, idle time as dots", NULL },
[BT_FIELD_TREND] = { "trend", "TREND", 8, ALL, BT_FIELD_HUMAN | BT_FIELD_SCREEN, 0, 0,
	"how active it was in the last frames, the latest at the right", NULL },
[BT_FIELD_READ_RATE] = { "read_rate", "READ/s", 6, ALL, RD | BT_FIELD_HUMAN, BT_UNIT_BYTES, 0,
	"read from block devices, a second", get_io_rate },
[BT_FIELD_WRITE_RATE] = { "write_rate", "WRIT/s", 6, ALL, RD | BT_FIELD_HUMAN, BT_UNIT_BYTES, 1,
	"written to block devices, a second", get_io_rate },
[BT_FIELD_WAITS_FOR] = { "waits_for", "WAITS FOR", 28, ALL, BT_FIELD_HUMAN, 0, 0,
	"what most of its waiting was for: system call, object, and who ended it", NULL },
[BT_FIELD_COMMAND] = { "command", "COMMAND", 0, ALL, BT_FIELD_HUMAN, 0, 0, "command line, or the name where there is none", get_command },
};
/* clang-format on */

struct bt_subject bt_subject_of_process(const struct bt_process *p)
{
	return (struct bt_subject){BT_SCOPE_PROCESS, p, NULL, &p->usage, &p->verdict};
}

struct bt_subject bt_subject_of_thread(const struct bt_process *p, const struct bt_thread *t)
{
	return (struct bt_subject){BT_SCOPE_THREAD, p, t, &t->usage, &t->verdict};
}

const struct bt_field *bt_field_find(const char *name)
{
	const struct bt_field *found = NULL;

	for (size_t i = 0; i < BT_FIELD_COUNT; i++) {
		const struct bt_field *f = &bt_fields[i];
		const char *dot = strchr(f->name, '.');

		if (!strcasecmp(f->name, name) || !strcasecmp(f->title, name))
			return f;
		if (!found && dot && !strcasecmp(dot + 1, name))
			found = f;
	}
	return found;
}

const char *bt_unit_name(enum bt_unit unit)
{
	static const char *const names[] = {
	    [BT_UNIT_NONE] = "",       [BT_UNIT_COUNT] = "count", [BT_UNIT_SHARE] = "0..1",
	    [BT_UNIT_CORES] = "cores", [BT_UNIT_SECONDS] = "s",   [BT_UNIT_MICROSECONDS] = "us",
	    [BT_UNIT_BYTES] = "bytes", [BT_UNIT_TICKS] = "ticks",
	};

	return names[unit];
}
