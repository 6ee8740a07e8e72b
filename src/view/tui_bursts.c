/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long the opened process computes and waits at a time, as two histograms side by side. */
#include "tui_page.h"

/* The shortest that a bucket holds, in at most six columns. */
static void bucket_text(struct bt_strbuf *out, unsigned int bucket)
{
	double ns = bucket ? (double)(1ull << (BT_BURST_MIN_LOG2 + bucket)) : 0;

	if (ns < 1000)
		bt_strbuf_addf(out, "%3.0f ns", ns);
	else if (ns < 1e6)
		bt_strbuf_addf(out, "%3.0f us", ns / 1e3);
	else if (ns < 1e9)
		bt_strbuf_addf(out, "%3.0f ms", ns / 1e6);
	else
		bt_strbuf_addf(out, "%3.0f s ", ns / 1e9);
}

static void time_text(struct bt_strbuf *out, double ns)
{
	if (ns < 1e6)
		bt_strbuf_addf(out, "%.0f us", ns / 1e3);
	else if (ns < 1e9)
		bt_strbuf_addf(out, "%.1f ms", ns / 1e6);
	else
		bt_strbuf_addf(out, "%.1f s", ns / 1e9);
}

struct histogram {
	const char *name;
	const uint32_t *buckets;
	enum bt_ink ink;
	unsigned int first, last;
	uint32_t most;
	uint64_t count;
};

static void histogram_set(struct histogram *h, const char *name, const uint32_t *buckets, enum bt_ink ink)
{
	*h = (struct histogram){.name = name, .buckets = buckets, .ink = ink, .first = BT_BURST_BUCKETS};
	for (unsigned int i = 0; buckets && i < BT_BURST_BUCKETS; i++) {
		if (!buckets[i])
			continue;
		if (h->first == BT_BURST_BUCKETS)
			h->first = i;
		h->last = i;
		h->count += buckets[i];
		h->most = buckets[i] > h->most ? buckets[i] : h->most;
	}
}

static void histogram_title(struct bt_pen *p, const struct histogram *h)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	bt_pen_text(p, BT_INK_HEAD, h->name);
	if (!h->count) {
		bt_pen_text(p, BT_INK_DIM, "  none");
		return;
	}
	bt_strbuf_addf(&text, "  %llu, p50 ", (unsigned long long)h->count);
	time_text(&text, bt_burst_percentile_ns(h->buckets, 0.5));
	bt_strbuf_add(&text, ", p99 ");
	time_text(&text, bt_burst_percentile_ns(h->buckets, 0.99));
	bt_pen_text(p, BT_INK_PLAIN, bt_strbuf_text(&text));
	bt_strbuf_free(&text);
}

static void histogram_line(struct bt_pen *p, const struct histogram *h, unsigned int line)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	unsigned int bucket = h->first + line;
	int room = p->end - p->x - 19;

	if (!h->count || bucket > h->last)
		return;
	bucket_text(&text, bucket);
	bt_pen_format(p, BT_INK_PLAIN, "  %s ", bt_strbuf_text(&text));
	if (h->buckets[bucket])
		bt_pen_format(p, BT_INK_PLAIN, "%7u ", h->buckets[bucket]);
	else
		bt_pen_text(p, BT_INK_DIM, "        ");
	if (room > 0)
		bt_pen_gauge(p, h->ink, (double)h->buckets[bucket] / h->most, (unsigned int)room);
	bt_strbuf_free(&text);
}

void bt_page_bursts(struct bt_page *g, const struct bt_process *p)
{
	const struct bt_bursts *b = p->usage.bursts;
	struct histogram cpu, io;
	unsigned int lines;
	struct bt_pen pen;
	int middle, end;

	histogram_set(&cpu, "CPU BURSTS", b ? b->cpu : NULL, BT_INK_USER);
	histogram_set(&io, "I/O BURSTS", b ? b->io : NULL, BT_INK_DISK);
	bt_page_line(g);
	lines = cpu.count ? cpu.last - cpu.first + 1 : 0;
	if (io.count && io.last - io.first + 1 > lines)
		lines = io.last - io.first + 1;
	for (unsigned int i = 0; i <= lines; i++) {
		pen = bt_page_line(g);
		end = pen.end;
		middle = end / 2;
		pen.end = middle - 1;
		if (i)
			histogram_line(&pen, &cpu, i - 1);
		else
			histogram_title(&pen, &cpu);
		pen.end = end;
		bt_pen_fill(&pen, middle);
		if (i)
			histogram_line(&pen, &io, i - 1);
		else
			histogram_title(&pen, &io);
	}
}
