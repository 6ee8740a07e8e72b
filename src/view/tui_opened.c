/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is opened, a process, a family or a control group: how it is found again, and what is kept of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui_internal.h"
#include "tui_rows.h"

/* Members of which it is asked who is at the other ends of their sockets: the most active ones. */
#define MEMBERS_ASKED 32

void bt_tui_opened_close(struct bt_tui *t)
{
	free(t->opened.cmdline);
	free(t->opened.user);
	free(t->opened.cgroup);
	free(t->opened.container);
	free(t->opened.group);
	free(t->opened.members);
	memset(&t->opened, 0, sizeof(t->opened));
}

static void text_keep(char **kept, const char *text)
{
	char *copy;

	if (!text || (*kept && !strcmp(*kept, text)))
		return;
	copy = strdup(text);
	if (!copy)
		return;
	free(*kept);
	*kept = copy;
}

static void history_add(struct bt_tui_opened *o, const struct bt_verdict *v, uint64_t duration_ns)
{
	uint8_t *shares;

	if (o->frames == BT_TUI_HISTORY) {
		memmove(o->history[0], o->history[1], sizeof(o->history) - sizeof(o->history[0]));
		memmove(&o->seconds[0], &o->seconds[1], sizeof(o->seconds) - sizeof(o->seconds[0]));
	} else {
		o->frames++;
	}
	o->seconds[o->frames - 1] = (float)duration_ns / 1e9f;
	shares = o->history[o->frames - 1];
	for (unsigned int ms = 0; ms < BT_MS_COUNT; ms++) {
		float share = v->share[ms];

		/* What cannot be told apart is drawn as one. */
		if (!v->split && ms < BT_OFFCPU_FIRST)
			share = ms == BT_MS_USER ? v->share[BT_MS_USER] + v->share[BT_MS_SYSTEM] : 0;
		shares[ms] = (uint8_t)(share > 1 ? 255 : share * 255 + 0.5f);
	}
}

/* Those of the frame that belong to the opened group. */
static size_t group_find(struct bt_tui *t, struct bt_process **out)
{
	size_t count = 0;

	for (size_t i = 0; i < t->frame.process_count; i++) {
		struct bt_process *p = t->frame.processes[i];

		t->ops->describe(t->context, p, BT_TUI_DESCRIBE_COMMAND);
		if (!strcmp(bt_tui_group_name(p), t->opened.group))
			out[count++] = p;
	}
	return count;
}

/* Finds the members of the opened family or group in this frame. 0 or -ENOMEM. */
static int members_find(struct bt_tui *t)
{
	struct bt_tui_opened *o = &t->opened;
	struct bt_process **list = malloc((t->frame.process_count + 1) * sizeof(struct bt_process *));
	int err = 0;

	free(o->members);
	o->members = list;
	o->member_count = 0;
	if (!list)
		return -ENOMEM;
	if (o->kind == BT_TUI_OPEN_GROUP)
		o->member_count = group_find(t, list);
	else
		err = bt_tui_family(t, &o->identity, list, &o->member_count);
	if (!err)
		qsort(list, o->member_count, sizeof(struct bt_process *), bt_process_compare_activity);
	return err;
}

/* Several processes as one, with a verdict of their own. */
static int members_sum(struct bt_tui *t)
{
	struct bt_tui_opened *o = &t->opened;
	const struct bt_process *first;
	int err = members_find(t);

	o->present = !err && o->member_count;
	if (!o->present)
		return err;
	first = o->kind == BT_TUI_OPEN_FAMILY ? o->live : o->members[0];
	bt_sum_begin(&o->last, first);
	for (size_t i = 0; i < o->member_count; i++) {
		bt_sum_add(&o->last, o->members[i]);
		if (i < MEMBERS_ASKED)
			t->ops->describe(t->context, o->members[i], BT_TUI_DESCRIBE_PEERS);
	}
	if (o->kind == BT_TUI_OPEN_GROUP)
		o->last.process.identity = (struct bt_identity){.pid = -1};
	bt_sum_judge(&o->last, t->data);
	return 0;
}

void bt_tui_opened_update(struct bt_tui *t)
{
	struct bt_tui_opened *o = &t->opened;
	bool one = o->kind == BT_TUI_OPEN_PROCESS;
	struct bt_process *p = NULL;

	if (!o->open)
		return;
	/* Those of the frame before are gone. */
	o->member_count = 0;
	o->present = false;
	if (o->kind != BT_TUI_OPEN_GROUP) {
		o->live = p = bt_model_find_identity(t->frame.model, &o->identity);
		if (!p || (one && bt_model_threads(t->frame.model, p)))
			return;
		t->ops->describe(t->context, p,
				 BT_TUI_DESCRIBE_USER | BT_TUI_DESCRIBE_COMMAND |
				     (one ? BT_TUI_DESCRIBE_PEERS : 0));
	}
	if (!one && (members_sum(t) || !o->present))
		return;
	if (one) {
		o->present = true;
		bt_sum_begin(&o->last, p);
		bt_sum_add(&o->last, p);
		o->last.process.verdict = p->verdict;
		o->last.process.exited = p->exited;
	}
	text_keep(&o->cmdline, o->last.process.cmdline);
	text_keep(&o->user, o->last.process.user);
	text_keep(&o->cgroup, o->kind == BT_TUI_OPEN_GROUP ? o->group : o->last.process.cgroup);
	text_keep(&o->container, o->last.process.container);
	o->last.process.cmdline = o->cmdline;
	o->last.process.user = o->user;
	o->last.process.cgroup = o->cgroup;
	o->last.process.container = o->container;
	history_add(o, &o->last.process.verdict, t->data->duration_ns);
}

void bt_tui_opened_open(struct bt_tui *t, const struct bt_tui_row *row)
{
	const struct bt_process *p = row->subject.process;
	struct bt_tui_opened *o = &t->opened;

	bt_tui_opened_close(t);
	o->kind = row->group ? BT_TUI_OPEN_GROUP : row->sum ? BT_TUI_OPEN_FAMILY : BT_TUI_OPEN_PROCESS;
	if (row->group) {
		o->group = strdup(p->cgroup);
		if (!o->group) {
			bt_tui_complain(t, "no memory to open it");
			return;
		}
	}
	o->open = true;
	o->identity = p->identity;
	t->view = BT_TUI_PROCESS;
	t->scroll = 0;
	bt_tui_opened_update(t);
}
