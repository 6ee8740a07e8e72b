/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text_bursts.h"

#include "bar.h"
#include "strbuf.h"

#define GAUGE_MAX 40
#define GAUGE_MIN 8
/* What a line has beside its gauge: the bounds, the stroke, a count of ten digits. */
#define LINE_REST   38
#define BOUND_WIDTH 7 /* "8.39 ms" */

/* Three digits: "512 ns", "8.39 ms", "67.1 ms", "1.10 s". */
static void add_duration(struct bt_strbuf *out, double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	unsigned int unit = 0;

	for (; unit < 3 && ns >= 999.5; unit++)
		ns /= 1000;
	bt_strbuf_add_fixed(out, ns, !unit || ns >= 99.95 ? 0 : ns >= 9.995 ? 1 : 2);
	bt_strbuf_add_char(out, ' ');
	bt_strbuf_add(out, units[unit]);
}

/* Aligned to the right. */
static void add_bound(struct bt_strbuf *out, double ns)
{
	struct bt_strbuf text = BT_STRBUF_INIT;

	add_duration(&text, ns);
	if (text.length < BOUND_WIDTH)
		bt_strbuf_add_fill(out, ' ', BOUND_WIDTH - text.length);
	bt_strbuf_add(out, bt_strbuf_text(&text));
	out->failed |= text.failed;
	bt_strbuf_free(&text);
}

static unsigned int gauge_width(const struct bt_style *style)
{
	if (!style->columns || style->columns >= GAUGE_MAX + LINE_REST)
		return GAUGE_MAX;
	return style->columns > GAUGE_MIN + LINE_REST ? style->columns - LINE_REST : GAUGE_MIN;
}

static void add_bucket(struct bt_strbuf *out, unsigned int bucket, uint32_t count, uint32_t most,
		       const struct bt_style *style)
{
	size_t begin;

	bt_strbuf_add(out, "    ");
	add_bound(out, bucket ? (double)(1ULL << (BT_BURST_MIN_LOG2 + bucket)) : 0);
	bt_strbuf_add(out, " .. ");
	if (bucket < BT_BURST_BUCKETS - 1)
		add_bound(out, (double)(1ULL << (BT_BURST_MIN_LOG2 + 1 + bucket)));
	else
		bt_strbuf_add_fill(out, ' ', BOUND_WIDTH);
	bt_strbuf_add(out, style->utf8 ? " │" : " |");
	begin = out->length;
	bt_gauge(out, (double)count / (double)most, gauge_width(style), style);
	/* What is there is seen, however little. */
	if (count && out->length == begin)
		bt_strbuf_add(out, style->utf8 ? "▏" : ".");
	if (count) {
		bt_strbuf_add_char(out, ' ');
		bt_strbuf_add_uint(out, count);
	}
	bt_strbuf_add_char(out, '\n');
}

static void add_histogram(struct bt_strbuf *out, const char *name, const uint32_t *histogram, bool measured,
			  const struct bt_style *style)
{
	static const unsigned int percentiles[] = {50, 90, 99};
	unsigned int first = BT_BURST_BUCKETS, last = 0;
	uint32_t most = 0;

	bt_strbuf_addf(out, "  %s bursts  ", name);
	for (unsigned int i = 0; histogram && i < BT_BURST_BUCKETS; i++) {
		if (!histogram[i])
			continue;
		first = first < i ? first : i;
		last = i;
		most = most > histogram[i] ? most : histogram[i];
	}
	if (!measured || !most) {
		bt_strbuf_add(out, measured ? "none ended\n" : "not measured\n");
		return;
	}
	bt_strbuf_add_uint(out, bt_burst_count(histogram));
	for (size_t i = 0; i < sizeof(percentiles) / sizeof(percentiles[0]); i++) {
		bt_strbuf_addf(out, ", p%u ", percentiles[i]);
		add_duration(out, bt_burst_percentile_ns(histogram, percentiles[i] / 100.0));
	}
	bt_strbuf_add_char(out, '\n');
	for (unsigned int i = first; i <= last; i++)
		add_bucket(out, i, histogram[i], most, style);
}

void bt_text_bursts(struct bt_strbuf *out, const struct bt_usage *u, const struct bt_style *style)
{
	bool measured = u->valid & BT_VALID_BURSTS;

	add_histogram(out, "CPU", u->bursts ? u->bursts->cpu : NULL, measured, style);
	add_histogram(out, "I/O", u->bursts ? u->bursts->io : NULL, measured, style);
}
