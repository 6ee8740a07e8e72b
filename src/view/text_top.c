/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A frame of `top -b`: the host in three lines, then a row a process or thread. */
#include <stdlib.h>
#include <time.h>

#include "bar.h"
#include "cells.h"
#include "host_load.h"
#include "names.h"
#include "sort.h"
#include "view.h"

#define HOST_BAR_MAX  60
#define HOST_BAR_MIN  10
#define HOST_NAME_MAX 20

/* What a head line says at the left, from all of it to the least. */
enum head_part { HEAD_NAME = 1, HEAD_UPTIME = 2, HEAD_CORES = 4 };

/* A place in the line for each pair of bytes that one character takes. */
static unsigned int width_of(const struct bt_strbuf *b, size_t from)
{
	unsigned int width = 0;

	for (size_t i = from; i < b->length; i++)
		width += ((unsigned char)b->data[i] & 0xc0) != 0x80;
	return width;
}

static void add_head_left(struct bt_strbuf *out, const struct bt_report *r, unsigned int parts,
			  const struct bt_style *style)
{
	const char *separator = bt_cell_separator(style);
	struct tm tm;

	if (parts & HEAD_NAME) {
		bt_strbuf_add(out, "boundtop");
		bt_strbuf_add(out, separator);
	}
	if (localtime_r(&(time_t){r->frame->time_s}, &tm)) {
		bt_strbuf_addf(out, "%02d:%02d:%02d", tm.tm_hour, tm.tm_min, tm.tm_sec);
		bt_strbuf_add(out, separator);
	}
	bt_cell_raw(out, r->host->name, style->columns ? HOST_NAME_MAX : 0, style);
	if (parts & HEAD_UPTIME) {
		bt_strbuf_add(out, separator);
		bt_text_uptime(out, r->host->uptime_s);
	}
	if (parts & HEAD_CORES) {
		bt_strbuf_add(out, separator);
		bt_strbuf_addf(out, "%u core%s", r->frame->cpus_online,
			       r->frame->cpus_online == 1 ? "" : "s");
	}
	bt_strbuf_add(out, separator);
	bt_strbuf_add(out, "load ");
	bt_strbuf_add_fixed(out, r->host->load, 2);
}

static void add_head_right(struct bt_strbuf *out, const struct bt_report *r, const struct bt_style *style)
{
	const struct bt_frame *f = r->frame;
	const char *separator = bt_cell_separator(style);
	double seconds = (double)f->duration_ns / 1e9;

	bt_strbuf_add(out, r->collector);
	bt_strbuf_add(out, f->exact ? ", exact" : ", sampled");
	bt_strbuf_add(out, separator);
	bt_strbuf_add(out, "lost ");
	bt_strbuf_add_uint(out, f->loss.tasks + f->loss.exits + f->loss.switches + f->vanished);
	bt_strbuf_add(out, separator);
	bt_strbuf_add(out, "self ");
	bt_strbuf_add_fixed(out, seconds > 0 ? (double)f->overhead_cpu_ns / 1e7 / seconds : 0, 1);
	bt_strbuf_add_char(out, '%');
	bt_strbuf_add(out, separator);
	bt_strbuf_add_fixed(out, seconds, seconds < 1 ? 2 : 1);
	bt_strbuf_add(out, " s");
}

static void add_head(struct bt_strbuf *out, const struct bt_report *r, const struct bt_style *style)
{
	static const unsigned int variants[] = {HEAD_NAME | HEAD_UPTIME | HEAD_CORES,
						HEAD_UPTIME | HEAD_CORES, HEAD_CORES, 0};
	struct bt_strbuf right = BT_STRBUF_INIT;
	unsigned int right_width, left_width = 0;
	size_t begin = out->length;

	add_head_right(&right, r, style);
	right_width = width_of(&right, 0);
	for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
		bt_strbuf_truncate(out, begin);
		add_head_left(out, r, variants[i], style);
		left_width = width_of(out, begin);
		if (!style->columns || left_width + 2 + right_width <= style->columns)
			break;
	}
	if (!style->columns)
		bt_strbuf_add(out, "  ");
	else if (left_width + 2 + right_width <= style->columns)
		bt_strbuf_add_fill(out, ' ', style->columns - left_width - right_width);
	else
		bt_strbuf_add_char(out, '\n');
	bt_strbuf_add(out, bt_strbuf_text(&right));
	bt_strbuf_add_char(out, '\n');
	out->failed |= right.failed;
	bt_strbuf_free(&right);
}

static void add_load(struct bt_strbuf *out, const char *name, double load)
{
	if (load < 0.005)
		return;
	bt_strbuf_add(out, "  ");
	bt_strbuf_add(out, name);
	bt_strbuf_add_char(out, ' ');
	bt_strbuf_add_fixed(out, load, load < 100 ? 2 : 0);
}

static void add_host(struct bt_strbuf *out, const struct bt_frame *f, const struct bt_style *style)
{
	struct bt_strbuf numbers = BT_STRBUF_INIT;
	double load[BT_MS_COUNT];
	float share[BT_MS_COUNT];
	unsigned int width = HOST_BAR_MAX, used;

	bt_host_load(f, load);
	bt_host_shares(f, load, share);
	bt_strbuf_add(&numbers, "cpu ");
	bt_strbuf_add_fixed(&numbers, load[BT_MS_USER], 2);
	bt_strbuf_addf(&numbers, " of %u", f->cpus_online);
	add_load(&numbers, "starved", load[BT_MS_RUN_QUEUE] + load[BT_MS_CPU_QUOTA]);
	add_load(&numbers, "disk", load[BT_MS_DISK] + load[BT_MS_PAGING]);
	add_load(&numbers, "network", load[BT_MS_NETWORK]);
	add_load(&numbers, "ipc", load[BT_MS_IPC]);
	add_load(&numbers, "lock", load[BT_MS_LOCK] + load[BT_MS_GIL]);
	add_load(&numbers, "unknown", load[BT_MS_UNKNOWN]);

	used = 8 + width_of(&numbers, 0);
	if (style->columns && used + HOST_BAR_MIN > style->columns)
		width = 0;
	else if (style->columns && used + width > style->columns)
		width = style->columns - used;
	bt_strbuf_add(out, "host  ");
	if (width) {
		bt_bar(out, share, false, width, style);
		bt_strbuf_add(out, "  ");
	}
	bt_strbuf_add(out, bt_strbuf_text(&numbers));
	bt_strbuf_add_char(out, '\n');
	out->failed |= numbers.failed;
	bt_strbuf_free(&numbers);
}

/* "9 cpu-bound  3 io-bound … 131 idle   3 ended", broken where the line is full. */
static void add_counts(struct bt_strbuf *out, const struct bt_frame *f, const struct bt_style *style)
{
	size_t begin = out->length;
	size_t before;

	for (size_t i = 0; i <= BT_VERDICT_COUNT; i++) {
		bool last = i == BT_VERDICT_COUNT;
		size_t count = last ? f->exited : f->verdicts[bt_verdict_order[i]];
		const char *name = last ? "ended" : bt_verdict_name(bt_verdict_order[i]);

		if (!count)
			continue;
		before = out->length;
		bt_strbuf_addf(out, "%s%zu %s", before > begin ? "  " : "", count, name);
		if (!style->columns || out->length - begin <= style->columns || before == begin)
			continue;
		bt_strbuf_truncate(out, before);
		bt_strbuf_add_char(out, '\n');
		begin = out->length;
		bt_strbuf_addf(out, "%zu %s", count, name);
	}
	bt_strbuf_add_char(out, '\n');
}

/* A row for each thread. */
static int add_threads(struct bt_strbuf *out, const struct bt_report *r, const struct bt_columns *columns,
		       const struct bt_style *style)
{
	struct bt_row *rows;
	size_t count = 0;

	for (size_t i = 0; i < r->process_count; i++)
		count += r->processes[i]->thread_count;
	rows = malloc((count + 1) * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	count = 0;
	for (size_t i = 0; i < r->process_count; i++) {
		const struct bt_process *p = r->processes[i];

		for (uint32_t t = 0; t < p->thread_count; t++)
			rows[count++] = (struct bt_row){.process = p, .thread = p->thread_list[t]};
	}
	bt_rows_sort(rows, count, r->sort, r->sort_reversed);
	for (size_t i = 0; i < count; i++) {
		const struct bt_subject s = bt_row_subject(&rows[i]);

		bt_columns_row(columns, &s, style, out);
	}
	free(rows);
	return 0;
}

static void add_process(struct bt_strbuf *out, const struct bt_process *p, const struct bt_columns *columns,
			const struct bt_style *style)
{
	const struct bt_subject s = bt_subject_of_process(p);

	bt_columns_row(columns, &s, style, out);
}

static bool is_usable(const struct bt_kept *kept, const struct bt_style *style)
{
	return kept->usable && kept->style.columns == style->columns && kept->style.utf8 == style->utf8 &&
	       kept->style.colour == style->colour;
}

/* A row for each process; those that nothing happened to as they were, many at a time. */
static void add_kept(struct bt_strbuf *out, const struct bt_report *r, const struct bt_columns *columns,
		     const struct bt_style *style)
{
	struct bt_kept *kept = r->kept;
	const char *text = bt_strbuf_text(&kept->text);
	bool usable = is_usable(kept, style);
	uint32_t before = kept->frame++;
	size_t run = 0, run_end = 0; /* in text: rows that follow each other there as here */

	for (size_t i = 0; i < r->process_count; i++) {
		struct bt_process *p = r->processes[i];

		if (usable && p->shown_frame == before && p->shown_revision == p->revision) {
			if (p->shown_offset != run_end) {
				bt_strbuf_add_bytes(out, text + run, run_end - run);
				run = run_end = p->shown_offset;
			}
			p->shown_offset = (uint32_t)(out->length + run_end - run);
			run_end += p->shown_length;
		} else {
			bt_strbuf_add_bytes(out, text + run, run_end - run);
			run = run_end;
			p->shown_offset = (uint32_t)out->length;
			add_process(out, p, columns, style);
			p->shown_length = (uint32_t)out->length - p->shown_offset;
			p->shown_revision = p->revision;
		}
		p->shown_frame = kept->frame;
	}
	bt_strbuf_add_bytes(out, text + run, run_end - run);
	kept->style = *style;
	/* Where a row lies is told in 32 bits. */
	kept->usable = out->length <= UINT32_MAX && !out->failed;
}

int bt_view_top(const struct bt_report *r, const struct bt_style *style, struct bt_strbuf *out)
{
	struct bt_columns columns;
	int err = 0;

	add_head(out, r, style);
	add_host(out, r->frame, style);
	add_counts(out, r->frame, style);
	bt_columns_choose(&columns, r->threads, r->sort, style);
	bt_columns_head(&columns, style, out);
	/* A column to sort by may show times, which no revision tells of. */
	if (r->kept && !r->threads && !r->sort) {
		add_kept(out, r, &columns, style);
	} else {
		err = r->threads ? add_threads(out, r, &columns, style) : 0;
		for (size_t i = 0; !r->threads && i < r->process_count; i++)
			add_process(out, r->processes[i], &columns, style);
		if (r->kept)
			r->kept->usable = false;
	}
	/* Frames are paragraphs. */
	bt_strbuf_add_char(out, '\n');
	return err ? err : bt_strbuf_error(out);
}
