/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NSEC_PER_SEC  1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull
/* Documentation/block/stat.rst: whatever the device's own sectors are. */
#define SECTOR_BYTES 512

struct span {
	const char *at, *end;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The next line without its end; false: there is none. */
static bool take_line(struct span *text, struct span *line)
{
	const char *newline;

	if (text->at >= text->end)
		return false;
	newline = memchr(text->at, '\n', (size_t)(text->end - text->at));
	*line = (struct span){text->at, newline ? newline : text->end};
	text->at = newline ? newline + 1 : text->end;
	return true;
}

/* The next word of a line; false: there is none. */
static bool take_word(struct span *line, struct span *word)
{
	while (line->at < line->end && is_space(*line->at))
		line->at++;
	word->at = line->at;
	while (line->at < line->end && !is_space(*line->at))
		line->at++;
	word->end = line->at;
	return word->at < word->end;
}

static bool span_is(const struct span *s, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(s->end - s->at) == length && !memcmp(s->at, text, length);
}

static bool span_begins(const struct span *s, const char *text)
{
	size_t length = strlen(text);

	return (size_t)(s->end - s->at) >= length && !memcmp(s->at, text, length);
}

/* Product, or the largest number there is. */
static uint64_t times(uint64_t a, uint64_t b)
{
	uint64_t product;

	return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}

static bool parse_digits(const struct span *s, uint64_t *out)
{
	uint64_t value = 0;

	if (s->at >= s->end)
		return false;
	for (const char *c = s->at; c < s->end; c++) {
		if (*c < '0' || *c > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value)) {
			value = UINT64_MAX;
			break;
		}
	}
	*out = value;
	return true;
}

static bool take_number(struct span *line, uint64_t *out)
{
	struct span word;

	return take_word(line, &word) && parse_digits(&word, out);
}

/* "12.34": never locale's business. */
static bool parse_decimal(const struct span *s, double *out)
{
	double value = 0, unit = 1;
	bool fraction = false;

	if (s->at >= s->end)
		return false;
	for (const char *c = s->at; c < s->end; c++) {
		if (*c == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*c < '0' || *c > '9')
			return false;
		value = 10 * value + (*c - '0');
		if (fraction)
			unit *= 10;
	}
	*out = value / unit;
	return true;
}

static uint64_t ticks_ns(uint64_t ticks, uint64_t hz)
{
	return times(ticks, NSEC_PER_SEC / (hz ? hz : 1));
}

static int cpu_add(struct span line, uint32_t number, uint64_t hz, struct bt_host_sample *out)
{
	struct bt_host_cpu *cpus, *cpu;
	uint64_t field[8] = {0};

	/* Kernels of old have fewer fields. */
	for (size_t i = 0; i < sizeof(field) / sizeof(field[0]); i++)
		if (!take_number(&line, &field[i]))
			break;
	cpus = reallocarray(out->cpus, out->cpu_count + 1, sizeof(*cpus));
	if (!cpus)
		return -ENOMEM;
	out->cpus = cpus;
	cpu = &cpus[out->cpu_count++];
	*cpu = (struct bt_host_cpu){
	    .cpu = number,
	    .user_ns = ticks_ns(field[0], hz),
	    .nice_ns = ticks_ns(field[1], hz),
	    .system_ns = ticks_ns(field[2], hz),
	    .idle_ns = ticks_ns(field[3], hz),
	    .iowait_ns = ticks_ns(field[4], hz),
	    .irq_ns = ticks_ns(field[5], hz),
	    .softirq_ns = ticks_ns(field[6], hz),
	    .steal_ns = ticks_ns(field[7], hz),
	};
	return 0;
}

int bt_host_parse_stat(const char *text, size_t length, uint64_t hz, struct bt_host_sample *out)
{
	struct span all = {text, text + length}, line, key;

	out->cpu_count = 0;
	while (take_line(&all, &line)) {
		uint64_t value = 0;

		if (!take_word(&line, &key))
			continue;
		if (span_begins(&key, "cpu")) {
			struct span number = {key.at + strlen("cpu"), key.end};

			if (parse_digits(&number, &value) && value < UINT32_MAX &&
			    cpu_add(line, (uint32_t)value, hz, out))
				return -ENOMEM;
		} else if (span_is(&key, "processes")) {
			take_number(&line, &out->forks);
		} else if (span_is(&key, "procs_running")) {
			if (take_number(&line, &value))
				out->running = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
		} else if (span_is(&key, "procs_blocked")) {
			if (take_number(&line, &value))
				out->blocked = value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
		}
	}
	return out->cpu_count ? 0 : -EINVAL;
}

int bt_host_parse_vmstat(const char *text, size_t length, struct bt_host_vm *out)
{
	const struct {
		const char *key;
		uint64_t *value;
	} table[] = {
	    {"pswpin", &out->swap_in},
	    {"pswpout", &out->swap_out},
	    {"pgmajfault", &out->major_faults},
	    {"workingset_refault_anon", &out->refault_anon},
	    {"workingset_refault_file", &out->refault_file},
	    /* Before 170b04b7ae49 ("mm/workingset: prepare the workingset detection infrastructure for
	     * anon LRU"), 5.9, there were no others. */
	    {"workingset_refault", &out->refault_file},
	    {"pgscan_direct", &out->scan_direct},
	    {"oom_kill", &out->oom_kills},
	};
	struct span all = {text, text + length}, line, key;
	bool any = false;

	while (take_line(&all, &line)) {
		if (!take_word(&line, &key))
			continue;
		for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
			if (span_is(&key, table[i].key))
				any |= take_number(&line, table[i].value);
	}
	return any ? 0 : -EINVAL;
}

int bt_host_parse_pressure(const char *text, size_t length, struct bt_host_pressure *out)
{
	struct span all = {text, text + length}, line, key, word;
	bool any = false;

	*out = (struct bt_host_pressure){0};
	while (take_line(&all, &line)) {
		double avg10 = 0;
		uint64_t total_us = 0;

		if (!take_word(&line, &key))
			continue;
		while (take_word(&line, &word)) {
			struct span value = word;

			if (span_begins(&word, "avg10=")) {
				value.at += strlen("avg10=");
				parse_decimal(&value, &avg10);
			} else if (span_begins(&word, "total=")) {
				value.at += strlen("total=");
				parse_digits(&value, &total_us);
			}
		}
		if (span_is(&key, "some")) {
			out->some_avg10 = avg10 / 100;
			out->some_ns = times(total_us, NSEC_PER_USEC);
			any = true;
		} else if (span_is(&key, "full")) {
			out->full_avg10 = avg10 / 100;
			out->full_ns = times(total_us, NSEC_PER_USEC);
		}
	}
	return any ? 0 : -EINVAL;
}

/* Documentation/admin-guide/iostats.rst */
enum {
	DISK_READS,
	DISK_READS_MERGED,
	DISK_SECTORS_READ,
	DISK_READ_MS,
	DISK_WRITES,
	DISK_WRITES_MERGED,
	DISK_SECTORS_WRITTEN,
	DISK_WRITE_MS,
	DISK_IN_FLIGHT,
	DISK_BUSY_MS,
	DISK_WEIGHTED_MS,
	DISK_FIELDS_MIN,
	DISK_DISCARDS = DISK_FIELDS_MIN,
	DISK_DISCARDS_MERGED,
	DISK_SECTORS_DISCARDED,
	DISK_DISCARD_MS,
	DISK_FLUSHES, /* b68663186577 ("block: add iostat counters for flush requests"), 5.5 */
	DISK_FLUSH_MS,
	DISK_FIELDS,
};

/* False: no whole line of a device. */
static bool disk_parse(struct span line, struct bt_host_disk *d)
{
	uint64_t major, minor, field[DISK_FIELDS] = {0};
	struct span name;
	size_t count = 0, length;

	if (!take_number(&line, &major) || !take_number(&line, &minor) || !take_word(&line, &name))
		return false;
	while (count < DISK_FIELDS && take_number(&line, &field[count]))
		count++;
	length = (size_t)(name.end - name.at);
	if (count < DISK_FIELDS_MIN || length >= sizeof(d->name) || major > UINT32_MAX || minor > UINT32_MAX)
		return false;
	*d = (struct bt_host_disk){
	    .major = (uint32_t)major,
	    .minor = (uint32_t)minor,
	    .reads = field[DISK_READS],
	    .read_bytes = times(field[DISK_SECTORS_READ], SECTOR_BYTES),
	    .read_ns = times(field[DISK_READ_MS], NSEC_PER_MSEC),
	    .writes = field[DISK_WRITES],
	    .write_bytes = times(field[DISK_SECTORS_WRITTEN], SECTOR_BYTES),
	    .write_ns = times(field[DISK_WRITE_MS], NSEC_PER_MSEC),
	    .flushes = field[DISK_FLUSHES],
	    .flush_ns = times(field[DISK_FLUSH_MS], NSEC_PER_MSEC),
	    .busy_ns = times(field[DISK_BUSY_MS], NSEC_PER_MSEC),
	    .in_flight = field[DISK_IN_FLIGHT] < UINT32_MAX ? (uint32_t)field[DISK_IN_FLIGHT] : UINT32_MAX,
	};
	memcpy(d->name, name.at, length);
	return true;
}

int bt_host_parse_disks(const char *text, size_t length, bool (*is_disk)(const char *name, void *context),
			void *context, struct bt_host_sample *out)
{
	struct span all = {text, text + length}, line;

	while (take_line(&all, &line)) {
		struct bt_host_disk *disks, d;

		if (!disk_parse(line, &d) || !(d.reads || d.writes || d.in_flight) ||
		    (is_disk && !is_disk(d.name, context)))
			continue;
		disks = reallocarray(out->disks, out->disk_count + 1, sizeof(*disks));
		if (!disks)
			return -ENOMEM;
		out->disks = disks;
		disks[out->disk_count++] = d;
	}
	return 0;
}

bool bt_host_parse_number(const char *text, size_t length, uint64_t *out)
{
	struct span all = {text, text + length}, line;

	return take_line(&all, &line) && take_number(&line, out);
}

bool bt_host_parse_cpu_max(const char *text, size_t length, struct bt_host_cgroup *out)
{
	struct span all = {text, text + length}, line;
	uint64_t quota_us, period_us;

	if (!take_line(&all, &line) || !take_number(&line, &quota_us) || !take_number(&line, &period_us))
		return false;
	out->quota_ns = times(quota_us, NSEC_PER_USEC);
	out->period_ns = times(period_us, NSEC_PER_USEC);
	return period_us > 0;
}

bool bt_host_parse_cpu_stat(const char *text, size_t length, struct bt_host_cgroup *out)
{
	struct span all = {text, text + length}, line, key;
	bool any = false;

	while (take_line(&all, &line)) {
		uint64_t value;

		if (!take_word(&line, &key) || !take_number(&line, &value))
			continue;
		if (span_is(&key, "nr_periods")) {
			out->periods = value;
			any = true;
		} else if (span_is(&key, "nr_throttled")) {
			out->throttled_periods = value;
		} else if (span_is(&key, "throttled_time")) {
			out->throttled_ns = value;
		} else if (span_is(&key, "throttled_usec")) {
			out->throttled_ns = times(value, NSEC_PER_USEC);
		}
	}
	return any;
}

/* Whether a comma-separated list has name. */
static bool list_has(const struct span *list, const char *name)
{
	for (struct span one = *list; one.at < list->end; one.at = one.end + 1) {
		const char *comma = memchr(one.at, ',', (size_t)(list->end - one.at));

		one.end = comma ? comma : list->end;
		if (span_is(&one, name))
			return true;
	}
	return false;
}

/* proc_pid_mountinfo(5): … mount point (5th), options, optional fields, "-", type, source, super options */
static bool mount_parse(struct span line, struct bt_cgroup_mount *out)
{
	struct span word, point = {0}, type, source, options;
	size_t length;

	for (int i = 0; i < 5; i++)
		if (!take_word(&line, &point))
			return false;
	do {
		if (!take_word(&line, &word))
			return false;
	} while (!span_is(&word, "-"));
	if (!take_word(&line, &type) || !take_word(&line, &source) || !take_word(&line, &options))
		return false;
	if (span_is(&type, "cgroup2"))
		out->v2 = true;
	else if (span_is(&type, "cgroup") && list_has(&options, "cpu"))
		out->v2 = false;
	else
		return false;
	length = (size_t)(point.end - point.at);
	if (length >= sizeof(out->path))
		return false;
	memcpy(out->path, point.at, length);
	out->path[length] = '\0';
	return true;
}

bool bt_host_parse_mountinfo(const char *text, size_t length, struct bt_cgroup_mount *out)
{
	struct span all = {text, text + length}, line;
	bool found = false;

	while (take_line(&all, &line)) {
		struct bt_cgroup_mount m;

		if (!mount_parse(line, &m) || (found && m.v2))
			continue;
		*out = m;
		found = true;
		if (!m.v2)
			break;
	}
	return found;
}
