/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sort.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LAST UINT64_MAX

/* Order of doubles as order of integers. */
static uint64_t key_of_real(double real)
{
	uint64_t bits;

	memcpy(&bits, &real, sizeof(bits));
	return bits >> 63 ? ~bits : bits | 1ull << 63;
}

static uint64_t key_of_text(const char *text)
{
	uint64_t key = 0;

	for (int i = 0; i < 8; i++) {
		key = key << 8 | (unsigned char)*text;
		text += *text != '\0';
	}
	return key;
}

static uint64_t key_of(const struct bt_field *f, const struct bt_subject *s, bool descending)
{
	struct bt_value v;
	uint64_t key;

	bt_field_get(f, s, &v);
	switch (v.type) {
	case BT_VALUE_NULL:
		return LAST;
	case BT_VALUE_TEXT:
		key = key_of_text(v.text);
		break;
	case BT_VALUE_INTEGER:
		key = (uint64_t)v.integer ^ 1ull << 63;
		break;
	case BT_VALUE_REAL:
		key = key_of_real(v.real);
		break;
	default:
		key = v.truth;
		break;
	}
	key = descending ? ~key : key;
	return key == LAST ? LAST - 1 : key;
}

/* Rounded, within 31 bits; NaN is 0. */
static uint64_t key_half(float value)
{
	const float most = 0x1p30f;

	return value > 0 ? (uint64_t)((value < most ? value : most) + 0.5f) : 0;
}

/* Whole per cent, so that two of which one is a hair more active do not swap places in each frame. */
static uint64_t activity_key(const struct bt_subject *s)
{
	/* A broken recording may say anything. */
	return ~(key_half(s->verdict->active * 100) << 32 | key_half(s->verdict->cpus * 1000));
}

struct order {
	const struct bt_field *text; /* a field of texts, which may differ only behind the key; else NULL */
	bool descending;
};

static int row_compare(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	const struct bt_row *x = a;
	const struct bt_row *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	if (order->text && x->key < LAST - 1) {
		const struct bt_subject a_subject = bt_row_subject(x), b_subject = bt_row_subject(y);
		struct bt_value v, w;
		int difference;

		bt_field_get(order->text, &a_subject, &v);
		bt_field_get(order->text, &b_subject, &w);
		difference = v.type == BT_VALUE_TEXT && w.type == BT_VALUE_TEXT ? strcmp(v.text, w.text) : 0;
		if (difference)
			return order->descending ? -difference : difference;
	}
	return x->tie < y->tie ? -1 : x->tie > y->tie;
}

/*
 * Sorts rows. Nearly all of most hosts come in their order: idle, one after the other. So those that do are
 * left where they are, and only the rest are sorted and merged in.
 */
static void sort_rest(struct bt_row *rows, size_t count, struct order *order)
{
	struct bt_row *rest = malloc((count + 1) * sizeof(*rest));
	size_t kept = 0, left = 0;

	if (!rest) {
		qsort_r(rows, count, sizeof(*rows), row_compare, order);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (kept && row_compare(&rows[kept - 1], &rows[i], order) > 0)
			rest[left++] = rows[i];
		else
			rows[kept++] = rows[i];
	}
	qsort_r(rest, left, sizeof(*rest), row_compare, order);
	/* From the end, where there is room. */
	for (size_t at = count; left; at--) {
		if (kept && row_compare(&rows[kept - 1], &rest[left - 1], order) > 0)
			rows[at - 1] = rows[--kept];
		else
			rows[at - 1] = rest[--left];
	}
	free(rest);
}

void bt_rows_sort(struct bt_row *rows, size_t count, const struct bt_field *field, bool reversed)
{
	bool descending = field && !(field->flags & BT_FIELD_DESCENDING) == reversed;
	bool text = field && field->get && !(field->flags & BT_FIELD_RIGHT);
	struct order order = {text ? field : NULL, descending};

	for (size_t i = 0; i < count; i++) {
		const struct bt_subject s = bt_row_subject(&rows[i]);

		if (field && field->get)
			rows[i].key = key_of(field, &s, descending);
		else
			rows[i].key = reversed ? ~activity_key(&s) : activity_key(&s);
		rows[i].tie = bt_row_tie(&rows[i]);
	}
	sort_rest(rows, count, &order);
}

int bt_processes_sort(struct bt_process **list, size_t count, const struct bt_field *field, bool reversed)
{
	struct bt_row *rows = malloc((count + 1) * sizeof(*rows));

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct bt_row){.process = list[i]};
	bt_rows_sort(rows, count, field, reversed);
	for (size_t i = 0; i < count; i++)
		list[i] = (struct bt_process *)rows[i].process;
	free(rows);
	return 0;
}
