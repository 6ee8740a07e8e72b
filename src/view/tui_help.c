/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The help screen, and the line of keys at the bottom: both out of the table of keys. */
#include <stdio.h>
#include <string.h>

#include "bar.h"
#include "names.h"
#include "sanitize.h"
#include "tui_internal.h"

#define LABEL_WIDTH   9
#define MESSAGE_LINES 3

static struct bt_pen help_line(struct bt_tui *t, int top, int height, size_t *line)
{
	long y = (long)(*line)++ - (long)t->scroll;
	struct bt_pen p = bt_tui_pen(t, top + (int)y);

	p.hidden = y < 0 || y >= height;
	return p;
}

/* Words behind a term, broken where the line is full. */
static void help_words(struct bt_tui *t, struct bt_pen *p, int top, int height, size_t *line,
		       const char *text)
{
	int indent = p->x;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (p->x > indent && p->x + 1 + length > p->end) {
			*p = help_line(t, top, height, line);
			bt_pen_fill(p, indent);
		} else if (p->x > indent) {
			bt_pen_text(p, BT_INK_PLAIN, " ");
		}
		bt_pen_format(p, BT_INK_PLAIN, "%.*s", length, text);
		text += length;
		text += *text == ' ';
	}
}

void bt_tui_draw_help(struct bt_tui *t, int top, int height)
{
	size_t line = 0, most;
	struct bt_pen p = help_line(t, top, height, &line);

	bt_pen_text(&p, BT_INK_HEAD, "KEYS");
	for (size_t i = 0; i < bt_key_count; i++) {
		if (!bt_key_is_of(&bt_keys[i], bt_tui_replays(t)))
			continue;
		p = help_line(t, top, height, &line);
		bt_pen_format(&p, BT_INK_BOLD, "%*s  ", LABEL_WIDTH, bt_keys[i].label);
		help_words(t, &p, top, height, &line, bt_keys[i].meaning);
	}
	p = help_line(t, top, height, &line);
	bt_pen_format(&p, BT_INK_BOLD, "%*s  ", LABEL_WIDTH, "mouse");
	help_words(
	    t, &p, top, height, &line,
	    "select a row, and open it at the second click; sort by a column head; keys of the last line");
	help_line(t, top, height, &line);
	p = help_line(t, top, height, &line);
	bt_pen_text(&p, BT_INK_HEAD, "LETTERS OF THE BARS");
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		const char letter[2] = {bt_microstate_letter(ms), '\0'};

		p = help_line(t, top, height, &line);
		bt_pen_fill(&p, LABEL_WIDTH - 1);
		bt_pen_text(&p, bt_ink_of_microstate(ms), *letter == '.' ? bt_bar_dot(&t->style) : letter);
		bt_pen_format(&p, bt_ink_of_microstate(ms), "  %-10s ", bt_microstate_name(ms));
		help_words(t, &p, top, height, &line, bt_microstate_meaning(ms));
	}
	p = help_line(t, top, height, &line);
	bt_pen_format(&p, BT_INK_USER, "%*c  %-10s ", LABEL_WIDTH, BT_BAR_CPU_LETTER, "cpu");
	help_words(t, &p, top, height, &line, "on-CPU, too short to be told apart into user and system");
	help_line(t, top, height, &line);
	p = help_line(t, top, height, &line);
	bt_pen_text(&p, BT_INK_HEAD, "VERDICTS");
	for (unsigned int i = 0; i < BT_VERDICT_COUNT; i++) {
		p = help_line(t, top, height, &line);
		bt_pen_format(&p, bt_ink_of_verdict((enum bt_verdict_id)i, BT_MS_NONE), "%*s%-11s ",
			      LABEL_WIDTH + 2, "", bt_verdict_name(i));
		help_words(t, &p, top, height, &line, bt_verdict_meaning(i));
	}
	most = line > (size_t)height ? line - (size_t)height : 0;
	if (t->scroll > most)
		t->scroll = most;
}

/* The first of the keys of a label. */
static int first_label(const char *label)
{
	return (int)strcspn(label, " ");
}

/* The way out of what was opened is the way back. */
static const char *foot_word(const struct bt_tui *t, const struct bt_key *k)
{
	return k->action == BT_ACTION_QUIT && t->view != BT_TUI_LIST ? "back" : k->brief;
}

static int foot_width(const struct bt_tui *t, const struct bt_key *k)
{
	return first_label(k->label) + (int)strlen(foot_word(t, k)) + 2;
}

static void foot_add(struct bt_tui *t, struct bt_pen *p, const struct bt_key *k)
{
	int begin = p->x;

	bt_pen_format(p, BT_INK_BOLD, "%.*s", first_label(k->label), k->label);
	bt_pen_format(p, BT_INK_PLAIN, " %s", foot_word(t, k));
	if (t->foot_key_count < BT_TUI_FOOT_KEYS) {
		t->foot_keys[t->foot_key_count].begin = begin;
		t->foot_keys[t->foot_key_count].end = p->x;
		t->foot_keys[t->foot_key_count++].action = k->action;
	}
	bt_pen_fill(p, p->x + 1);
}

/* Bytes of the words of text that fit into room columns; at least one word, which is cut if it is longer. */
static size_t words_fit(const struct bt_tui *t, const char *text, unsigned int room)
{
	struct bt_strbuf safe = BT_STRBUF_INIT;
	size_t fits = strcspn(text, " ");

	while (text[fits]) {
		size_t end = fits + 1 + strcspn(text + fits + 1, " ");
		enum bt_charset charset = t->style.utf8 ? BT_CHARSET_UTF8 : BT_CHARSET_ASCII;

		bt_strbuf_clear(&safe);
		if (bt_sanitize(&safe, text, end, BT_SANITIZE_WIDE, charset) > room)
			break;
		fits = end;
	}
	bt_strbuf_free(&safe);
	return fits;
}

/* In the last line, and above it what has no room there: a narrow terminal is told all of it. */
static void draw_message(const struct bt_tui *t, int line)
{
	enum bt_ink ink = t->message_error ? BT_INK_ERROR : BT_INK_BOLD;
	size_t ends[MESSAGE_LINES], at = 0;
	int lines = 0;

	while (lines < MESSAGE_LINES && lines <= line && t->message[at]) {
		ends[lines] = at + words_fit(t, t->message + at, t->style.columns);
		at = ends[lines++];
		at += strspn(t->message + at, " ");
	}
	at = 0;
	for (int i = 0; i < lines; i++) {
		struct bt_pen p = bt_tui_pen(t, line - lines + 1 + i);
		char part[sizeof(t->message)];

		snprintf(part, sizeof(part), "%.*s", (int)(ends[i] - at), t->message + at);
		bt_pen_raw(&p, ink, part, 0);
		bt_pen_fill(&p, p.end);
		at = ends[i] + strspn(t->message + ends[i], " ");
	}
}

void bt_tui_draw_foot(struct bt_tui *t, int line)
{
	const struct bt_key *quit = bt_key_of(BT_ACTION_QUIT);
	struct bt_pen p = bt_tui_pen(t, line);

	t->foot_key_count = 0;
	if (t->prompt.active) {
		bt_tui_prompt_draw(t, line);
		return;
	}
	if (*t->message) {
		draw_message(t, line);
		return;
	}
	/* As many as there is room for; the way out is always shown. In a recording, those for time come
	 * first. */
	for (int pass = bt_tui_replays(t) ? 0 : 1; pass < 2; pass++) {
		for (size_t i = 0; i < bt_key_count; i++) {
			const struct bt_key *k = &bt_keys[i];

			if (!k->brief || k == quit || (k->when == BT_KEY_REPLAY) != (pass == 0) ||
			    !bt_key_is_of(k, bt_tui_replays(t)) || (t->view != BT_TUI_LIST && !k->everywhere))
				continue;
			if (p.x + foot_width(t, k) + foot_width(t, quit) <= p.end)
				foot_add(t, &p, k);
		}
	}
	foot_add(t, &p, quit);
}
