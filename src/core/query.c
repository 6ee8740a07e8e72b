/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "query.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "names.h"
#include "pattern.h"

#define TERMS_MAX 16

enum term_kind {
	TERM_TEXT,
	TERM_REGEX,
	TERM_USER,
	TERM_CGROUP,
	TERM_CONTAINER,
	TERM_VERDICT,
	TERM_CAUSE,
	TERM_PID
};

static const struct {
	const char *prefix;
	enum term_kind kind;
} prefixes[] = {
    {"user:", TERM_USER},       {"cgroup:", TERM_CGROUP}, {"container:", TERM_CONTAINER},
    {"verdict:", TERM_VERDICT}, {"cause:", TERM_CAUSE},   {"pid:", TERM_PID},
};

struct term {
	enum term_kind kind;
	bool negated;
	const char *text; /* in the query's own copy */
	regex_t regex;    /* REGEX */
};

struct bt_query {
	char *text;
	size_t count;
	struct term terms[TERMS_MAX];
};

/* Cuts the next word out of *rest; an expression may hold spaces. NULL: there is none. */
static char *next_word(char **rest)
{
	char *word = *rest + strspn(*rest, " ");
	char *end;

	if (!*word)
		return NULL;
	end = word + (*word == '!');
	if (*end == '/') {
		for (end++; *end && *end != '/'; end++)
			end += *end == '\\' && end[1];
		end += *end == '/';
	}
	end += strcspn(end, " ");
	*rest = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

static int term_set_regex(struct term *t, char *expression, char *why, size_t size)
{
	size_t length = strlen(expression);
	int err;

	if (length && expression[length - 1] == '/')
		expression[length - 1] = '\0';
	err = bt_pattern_compile(&t->regex, expression, why, size);
	if (!err)
		t->kind = TERM_REGEX;
	return err;
}

static bool begins(const char *text, const char *with)
{
	return text && !strncasecmp(text, with, strlen(with));
}

/* Is there a name that begins so? Else nothing would ever match, and nobody knew why. */
static bool is_known(const struct term *t)
{
	bool verdict = t->kind == TERM_VERDICT;

	if (!verdict && t->kind != TERM_CAUSE)
		return true;
	for (unsigned int i = 0; i < (verdict ? (unsigned int)BT_VERDICT_COUNT : BT_MS_COUNT); i++)
		if (begins(verdict ? bt_verdict_name(i) : bt_microstate_name(i), t->text))
			return true;
	return false;
}

static int term_set(struct term *t, char *word, char *why, size_t size)
{
	t->negated = *word == '!';
	word += t->negated;
	t->kind = TERM_TEXT;
	t->text = word;
	if (*word == '/')
		return term_set_regex(t, word + 1, why, size);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t length = strlen(prefixes[i].prefix);

		if (strncasecmp(word, prefixes[i].prefix, length) != 0)
			continue;
		t->kind = prefixes[i].kind;
		t->text = word + length;
		if (!is_known(t)) {
			snprintf(why, size, "%s: no such %s", t->text,
				 t->kind == TERM_VERDICT ? "verdict" : "cause");
			return -EINVAL;
		}
		if (t->kind != TERM_PID || (*t->text && !t->text[strspn(t->text, "0123456789")]))
			return 0;
		snprintf(why, size, "%s: not a PID", t->text);
		return -EINVAL;
	}
	return 0;
}

int bt_query_create(struct bt_query **out, const char *text, char *why, size_t size)
{
	struct bt_query *q = calloc(1, sizeof(*q));
	char *rest, *word;
	int err = -ENOMEM;

	if (q)
		q->text = strdup(text);
	if (!q || !q->text)
		goto failed;
	for (rest = q->text; (word = next_word(&rest)); q->count++) {
		if (q->count == TERMS_MAX) {
			snprintf(why, size, "more than %d words", TERMS_MAX);
			err = -EINVAL;
			goto failed;
		}
		err = term_set(&q->terms[q->count], word, why, size);
		if (err)
			goto failed;
	}
	*out = q;
	return 0;
failed:
	bt_query_destroy(q);
	return err;
}

void bt_query_destroy(struct bt_query *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->count; i++)
		if (q->terms[i].kind == TERM_REGEX)
			regfree(&q->terms[i].regex);
	free(q->text);
	free(q);
}

unsigned int bt_query_needs(const struct bt_query *q)
{
	unsigned int needs = 0;

	for (size_t i = 0; q && i < q->count; i++) {
		enum term_kind kind = q->terms[i].kind;

		if (kind == TERM_TEXT || kind == TERM_REGEX || kind == TERM_CGROUP || kind == TERM_CONTAINER)
			needs |= BT_QUERY_NEEDS_COMMAND;
		if (kind == TERM_USER)
			needs |= BT_QUERY_NEEDS_USER;
	}
	return needs;
}

static bool term_match(const struct term *t, const struct bt_process *p)
{
	switch (t->kind) {
	case TERM_REGEX:
		return !regexec(&t->regex, p->comm, 0, NULL, 0) ||
		       (p->cmdline && !regexec(&t->regex, p->cmdline, 0, NULL, 0));
	case TERM_USER:
		return begins(p->user, t->text);
	case TERM_CGROUP:
		return p->cgroup && strcasestr(p->cgroup, t->text);
	case TERM_CONTAINER:
		return p->container && strcasestr(p->container, t->text);
	case TERM_VERDICT:
		return begins(bt_verdict_name(p->verdict.id), t->text);
	case TERM_CAUSE:
		return p->verdict.cause < BT_MS_COUNT &&
		       begins(bt_microstate_name(p->verdict.cause), t->text);
	case TERM_PID:
		return strtol(t->text, NULL, 10) == p->identity.pid;
	default:
		return strcasestr(p->comm, t->text) || (p->cmdline && strcasestr(p->cmdline, t->text));
	}
}

bool bt_query_match(const struct bt_query *q, const struct bt_process *p)
{
	for (size_t i = 0; q && i < q->count; i++)
		if (term_match(&q->terms[i], p) == q->terms[i].negated)
			return false;
	return true;
}
