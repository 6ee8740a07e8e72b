/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice on processes that have nothing to do: what decides how fast they are is elsewhere. */
#include "advice_internal.h"
#include "strbuf.h"
#include "words.h"

static bool idles(const struct bt_case *c, enum bt_microstate cause)
{
	return (c->v->id == BT_VERDICT_IDLE || c->v->id == BT_VERDICT_WAITING) && c->v->cause == cause;
}

static double idle_ns(const struct bt_case *c, enum bt_microstate ms)
{
	return (double)c->u->totals.offcpu_ns[ms - BT_OFFCPU_FIRST];
}

/* ", in epoll_wait, 120 times" */
static void say_longest(const struct bt_case *c, enum bt_microstate cause, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, cause);

	if (!sum.most || sum.most->reason.syscall < 0)
		return;
	bt_strbuf_add(out, ", most in ");
	bt_words_wait(out, sum.most);
	bt_strbuf_add(out, ", ");
	bt_words_times(out, sum.most->count);
}

bool bt_work_applies(const struct bt_case *c)
{
	return idles(c, BT_MS_EVENT);
}

void bt_work_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_strbuf_add(out, "Waits for work ");
	bt_say_share(c, idle_ns(c, BT_MS_EVENT), out);
	say_longest(c, BT_MS_EVENT, out);
	bt_strbuf_add(out, "; it is active ");
	bt_words_percent(out, (double)c->v->active);
	bt_strbuf_add(out, ". Tuning it or this host changes nothing: who sends it work sets its pace.");
}

bool bt_timer_applies(const struct bt_case *c)
{
	return idles(c, BT_MS_SLEEP);
}

void bt_timer_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_strbuf_add(out, "Asked to sleep ");
	bt_say_share(c, idle_ns(c, BT_MS_SLEEP), out);
	say_longest(c, BT_MS_SLEEP, out);
	bt_strbuf_add(out, ". Its own timer sets its pace: if that is too slow, let it sleep for shorter, or "
			   "wait for the event itself.");
}

bool bt_child_applies(const struct bt_case *c)
{
	return idles(c, BT_MS_CHILD);
}

void bt_child_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, BT_MS_CHILD);
	bool threads = sum.most && sum.most->reason.target == BT_TARGET_FUTEX;

	bt_strbuf_addf(out, "Waits for %s to end ", threads ? "a thread" : "a child");
	bt_say_share(c, idle_ns(c, BT_MS_CHILD), out);
	bt_strbuf_add(out, ". Look there instead");
	bt_say_pid(c, threads ? ": boundtop classify --threads " : ": boundtop classify --tree ", out);
	bt_strbuf_add_char(out, '.');
}

bool bt_stopped_applies(const struct bt_case *c)
{
	return idles(c, BT_MS_STOPPED);
}

void bt_stopped_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_strbuf_add(out, "Stopped, traced or frozen ");
	bt_say_share(c, idle_ns(c, BT_MS_STOPPED), out);
	bt_strbuf_add(out, ". It goes on after kill -CONT");
	bt_say_pid(c, " ", out);
	bt_strbuf_add(out, ", when its debugger lets it, or when its cgroup is thawed.");
}
