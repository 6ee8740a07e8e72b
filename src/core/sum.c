/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sum.h"

void bt_sum_begin(struct bt_sum *s, const struct bt_process *like)
{
	struct bt_process *total = &s->process;

	*total = *like;
	total->threads = 0;
	total->threads_ended = 0;
	total->lost_exits = 0;
	total->rss_bytes = 0;
	total->cpu_time_ns = 0;
	total->begin_ns = UINT64_MAX;
	total->end_ns = 0;
	total->thread_list = NULL;
	total->thread_count = 0;
	s->members = 0;
	bt_usage_sum_begin(&total->usage, &s->store);
}

void bt_sum_add(struct bt_sum *s, const struct bt_process *p)
{
	struct bt_process *total = &s->process;

	bt_usage_sum_add(&total->usage, &s->store, &p->usage);
	total->threads += p->threads;
	total->threads_ended += p->threads_ended;
	total->lost_exits += p->lost_exits;
	total->rss_bytes += p->threads ? p->rss_bytes : 0;
	total->cpu_time_ns += p->cpu_time_ns;
	if (p->begin_ns < total->begin_ns)
		total->begin_ns = p->begin_ns;
	if (p->end_ns > total->end_ns)
		total->end_ns = p->end_ns;
	s->members++;
	s->ended += p->exited;
}

void bt_sum_judge(struct bt_sum *s, const struct bt_frame *f)
{
	struct bt_process *total = &s->process;
	struct bt_circumstances c = {
	    .duration_ns = f->duration_ns,
	    .tick_ns = f->tick_ns,
	    .exact = f->exact,
	    .measured = f->measured,
	};
	double all = (double)total->threads + total->threads_ended + total->lost_exits;

	if (total->begin_ns > total->end_ns)
		total->begin_ns = total->end_ns;
	total->exited = !total->threads && total->threads_ended;
	c.lost = all > 0 ? total->lost_exits / all : 0;
	if (bt_process_is_zombie(total))
		bt_verdict_of_zombie(&c, &total->verdict);
	else
		bt_verdict_judge(&total->usage, total->end_ns - total->begin_ns, &c, &total->verdict);
}
