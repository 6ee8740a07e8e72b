/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advice on waits for disk, memory, network and other processes. */
#include <string.h>

#include "advice_internal.h"
#include "names.h"
#include "strbuf.h"
#include "words.h"

/* Of what it reads, that part has to come from the device for the page cache to have missed. */
#define MISS_MIN 0.50
/* So many bytes from the device make a read; below it is metadata. */
#define MISS_MIN_BYTES 65536
/* A Python program that computes for more of its active time than this may well need processes. */
#define PYTHON_CPU_MAX 0.20
/* As often a second, and as short on average: an exchange costs more than what it carries. */
#define MESSAGES_MIN_PER_SECOND 1000
#define MESSAGE_WAIT_MAX_NS     500e3
/* More than a quarter of a pipe at a time is no small message. */
#define MESSAGE_MAX_BYTES 16384
/* Parents looked at. */
#define FAMILY_DEPTH 64

static bool is_file(const struct bt_wait *w)
{
	return w->reason.target == BT_TARGET_FILE || w->reason.target == BT_TARGET_DIRECTORY;
}

bool bt_paging_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_PAGING) && c->u->major_faults;
}

void bt_paging_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bt_strbuf_add_uint(out, c->u->major_faults);
	bt_strbuf_add(out, c->u->major_faults == 1 ? " page fault waited for the disk, "
						   : " page faults waited for the disk, ");
	bt_words_duration(out, bt_case_offcpu_ns(c, BT_MS_PAGING) / (double)c->u->major_faults);
	bt_strbuf_add(out, c->u->major_faults == 1 ? ", " : " each, ");
	bt_say_share(c, bt_case_offcpu_ns(c, BT_MS_PAGING), out);
	bt_strbuf_add(out, ". More memory, or less in use (vmstat tells swapping, si, from mapped files that "
			   "are read for the first time); a faster disk only makes it hurt less.");
}

bool bt_sync_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_DISK) && bt_case_mostly(c, BT_MS_DISK, BT_CALL_SYNC);
}

void bt_sync_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_DISK, BT_CALL_SYNC);

	bt_strbuf_add(out, "Waits for the device to confirm writes: ");
	bt_say_wait(c, sum.most, out);
	bt_strbuf_add(out, sum.count > sum.most->count ? " and the like, " : ", ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out,
		      ". Batch or group the commits, or use a device with a protected write cache: faster "
		      "reads or more memory change nothing.");
}

bool bt_cache_miss_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_DISK) && bt_case_mostly(c, BT_MS_DISK, BT_CALL_READ) &&
	       (c->u->valid & BT_VALID_IO) && c->u->read_bytes >= MISS_MIN_BYTES &&
	       (double)c->u->read_bytes >= MISS_MIN * (double)c->u->rchar;
}

void bt_cache_miss_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_DISK, BT_CALL_READ);

	bt_strbuf_add(out, "Reads ");
	bt_words_bytes(out, bt_case_per_second(c, (double)c->u->read_bytes));
	bt_strbuf_add(out, " a second from the device, of ");
	bt_words_bytes(out, bt_case_per_second(c, (double)c->u->rchar));
	bt_strbuf_add(out, " that it asks for: ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out,
		      ". If it reads the same data again, more memory keeps it; then read ahead or larger "
		      "pieces; then a faster disk. If it opens with O_DIRECT, memory does not help.");
}

bool bt_aio_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_DISK) && bt_case_mostly(c, BT_MS_DISK, BT_CALL_AIO);
}

void bt_aio_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_DISK, BT_CALL_AIO);

	bt_strbuf_add(out, "Waits for asynchronous I/O in ");
	bt_say_wait(c, sum.most, out);
	bt_strbuf_add_char(out, ' ');
	bt_say_waits(c, &sum, out);
	if (c->u->valid & BT_VALID_IO) {
		bt_strbuf_add(out, ", at ");
		bt_words_bytes(out,
			       bt_case_per_second(c, (double)c->u->read_bytes + (double)c->u->write_bytes));
		bt_strbuf_add(out, " a second");
	}
	bt_strbuf_add(out,
		      ". Keep more requests in flight, or larger ones, until the device has its full rate; "
		      "then a faster device. It mostly goes past the page cache, where memory does not "
		      "help.");
}

bool bt_disk_write_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_DISK) && bt_case_mostly(c, BT_MS_DISK, BT_CALL_WRITE);
}

void bt_disk_write_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_DISK, BT_CALL_WRITE);

	bt_strbuf_add(out, "Writes wait for the disk ");
	bt_say_waits(c, &sum, out);
	if (c->u->valid & BT_VALID_IO) {
		bt_strbuf_add(out, ", at ");
		bt_words_bytes(out, bt_case_per_second(c, (double)c->u->write_bytes));
		bt_strbuf_add(out, " a second");
	}
	bt_strbuf_add(out,
		      ". Write less, in larger pieces, or to a faster device; if it opens with O_SYNC or "
		      "O_DIRECT, each call waits for the device itself.");
}

static bool waits_for_network_files(const struct bt_case *c)
{
	const struct bt_wait *most = bt_case_waits_all(c, BT_MS_NETWORK).most;

	return most && is_file(most);
}

bool bt_network_files_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_NETWORK) && waits_for_network_files(c);
}

void bt_network_files_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, BT_MS_NETWORK);

	bt_strbuf_add(out, "Waits for a network file system: ");
	bt_say_wait(c, sum.most, out);
	bt_strbuf_add(out, " and the like, ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out,
		      ". Fewer and larger reads and writes, a local copy, or client caching; a local disk's "
		      "speed does not matter.");
}

bool bt_connect_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_NETWORK) && bt_case_mostly(c, BT_MS_NETWORK, BT_CALL_CONNECT);
}

void bt_connect_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_NETWORK, BT_CALL_CONNECT);

	bt_strbuf_add(out, "Waits for connections to be made ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out, ". Keep them open and use them again, or make several at a time.");
}

bool bt_send_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_NETWORK) && !waits_for_network_files(c) &&
	       bt_case_mostly(c, BT_MS_NETWORK, BT_CALL_WRITE);
}

void bt_send_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits(c, BT_MS_NETWORK, BT_CALL_WRITE);

	bt_strbuf_add(out, "Waits for room to send: ");
	bt_say_wait(c, sum.most, out);
	bt_strbuf_add(out, " took ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out, ". The other end or the line takes no more: send less (compress), or make that "
			   "faster. Nothing on this host is slow.");
}

bool bt_reply_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_NETWORK) && bt_case_waits_all(c, BT_MS_NETWORK).count &&
	       !waits_for_network_files(c) && !bt_connect_applies(c) && !bt_send_applies(c);
}

void bt_reply_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, BT_MS_NETWORK);

	bt_strbuf_add(out, "Waits for replies ");
	bt_say_waits(c, &sum, out);
	bt_strbuf_add(out, ", most in ");
	bt_say_wait(c, sum.most, out);
	bt_say_fixed(out, "; it uses ", bt_case_cpus(c), 2,
		     " CPUs. Ask for several at a time (concurrency, non-blocking I/O), and with fewer round "
		     "trips: a faster CPU or disk here changes nothing.");
}

/*
 * Waiting for another process is no evidence: behind the pipe may be the very pool of processes that computes
 * for it.
 */
bool bt_python_threads_applies(const struct bt_case *c)
{
	return c->v->id == BT_VERDICT_IO_BOUND &&
	       (bt_case_bears(c, BT_MS_NETWORK) || bt_case_bears(c, BT_MS_DISK)) &&
	       (double)(c->v->group_share[BT_GROUP_CPU] + c->v->group_share[BT_GROUP_STARVED]) <=
		   PYTHON_CPU_MAX &&
	       !bt_case_bears(c, BT_MS_IPC) && bt_case_runs_python(c);
}

void bt_python_threads_say(const struct bt_case *c, struct bt_strbuf *out)
{
	bool network = bt_case_weight(c, BT_MS_NETWORK) >= bt_case_weight(c, BT_MS_DISK);

	bt_strbuf_add(out, "This Python program computes for ");
	bt_words_percent(out, (double)c->v->group_share[BT_GROUP_CPU]);
	bt_strbuf_addf(out, " of its active time and waits for the %s for ", network ? "network" : "disk");
	bt_words_percent(out, bt_case_weight(c, network ? BT_MS_NETWORK : BT_MS_DISK));
	bt_strbuf_add(out, ", when the interpreter's lock is free. To do more at a time, threads");
	bt_strbuf_add(out, network ? " or asyncio are enough" : " are enough (asyncio reads no files)");
	bt_strbuf_add(out, ": processes would cost memory and win nothing.");
}

/* Bytes that a wait stands for; 0: nobody counts them (receiving and sending are not). */
static double message_bytes(const struct bt_case *c, const struct bt_wait_sum *sum)
{
	enum bt_call call = bt_call_of(sum->most);

	if (!(c->u->valid & BT_VALID_IO) || (call != BT_CALL_READ && call != BT_CALL_WRITE))
		return 0;
	return (double)(call == BT_CALL_READ ? c->u->rchar : c->u->wchar) / (double)sum->count;
}

/* The process at the other end; NULL: nobody knows, or it is one of its own threads. */
static const struct bt_process *peer_of(const struct bt_case *c, const struct bt_wait *w)
{
	struct bt_model *m = c->advisor->frame->model;
	const struct bt_peer *peer = m && w ? bt_model_peer(m, &w->reason) : NULL;
	int32_t pid = w && w->waker_pid > 0 ? w->waker_pid : peer ? peer->pid : 0;

	/* Who ended a wait is who was waited for; of one that is still open, who has the other end. */
	return m && pid && (pid != c->p->identity.pid || bt_case_is_many(c)) ? bt_model_find(m, pid) : NULL;
}

/* Is peer one of the family or the control group that the case is about? */
static bool is_within(const struct bt_case *c, const struct bt_process *peer)
{
	struct bt_model *m = c->advisor->frame->model;

	if (!bt_case_is_many(c))
		return false;
	for (int depth = 0; peer && depth < FAMILY_DEPTH; depth++) {
		if (peer->identity.pid == c->p->identity.pid)
			return true;
		peer = peer->ppid > 0 ? bt_model_find(m, peer->ppid) : NULL;
	}
	return false;
}

/* Then the answers take their time, and not the exchange. */
static bool computes(const struct bt_process *peer)
{
	return peer && peer->verdict.id == BT_VERDICT_CPU_BOUND && peer->verdict.cause == BT_MS_USER;
}

bool bt_small_messages_applies(const struct bt_case *c)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, BT_MS_IPC);

	return bt_case_bears(c, BT_MS_IPC) && sum.count && !is_file(sum.most) &&
	       bt_case_per_second(c, (double)sum.count) >= MESSAGES_MIN_PER_SECOND &&
	       sum.ns / (double)sum.count <= MESSAGE_WAIT_MAX_NS &&
	       message_bytes(c, &sum) <= MESSAGE_MAX_BYTES && !computes(peer_of(c, sum.most));
}

void bt_small_messages_say(const struct bt_case *c, struct bt_strbuf *out)
{
	struct bt_wait_sum sum = bt_case_waits_all(c, BT_MS_IPC);
	const struct bt_process *peer = peer_of(c, sum.most);
	double bytes = message_bytes(c, &sum);

	bt_strbuf_add(out, "Waits ");
	bt_strbuf_add_uint(out, (uint64_t)(bt_case_per_second(c, (double)sum.count) + 0.5));
	bt_strbuf_add(out, " times a second for ");
	if (peer)
		bt_say_process(out, peer);
	else
		bt_strbuf_add(out, "another process");
	bt_strbuf_add(out, ", ");
	bt_words_duration(out, sum.ns / (double)sum.count);
	bt_strbuf_add(out, " each");
	if (bytes > 0) {
		bt_strbuf_add(out, " for ");
		bt_words_bytes(out, bytes);
	}
	bt_strbuf_add(out,
		      ": the exchange itself is the cost. Put several messages into one, or share memory.");
}

bool bt_peer_applies(const struct bt_case *c)
{
	return bt_case_bears(c, BT_MS_IPC) && peer_of(c, bt_case_waits_all(c, BT_MS_IPC).most);
}

void bt_peer_say(const struct bt_case *c, struct bt_strbuf *out)
{
	const struct bt_wait *w = bt_case_waits_all(c, BT_MS_IPC).most;
	const struct bt_process *peer = peer_of(c, w);
	struct bt_wait_sum one = {.ns = (double)w->ns, .count = w->count, .most = w};

	bt_strbuf_add(out,
		      is_within(c, peer) ? "Its processes wait for each other, most for " : "Waits for ");
	bt_say_process(out, peer);
	if (peer->verdict.id != BT_VERDICT_UNKNOWN) {
		bt_strbuf_addf(out, ", which is %s", bt_verdict_name(peer->verdict.id));
		if (peer->verdict.cause < BT_MS_COUNT && peer->verdict.id >= BT_VERDICT_STARVED)
			bt_strbuf_addf(out, " by %s", bt_microstate_name(peer->verdict.cause));
	}
	bt_strbuf_add(out, ": ");
	bt_say_wait(c, w, out);
	bt_strbuf_add(out, " took ");
	bt_say_waits(c, &one, out);
	bt_strbuf_add(out, bt_call_of(w) == BT_CALL_WRITE
			       ? ". That one takes too little: look there, a faster CPU for this one changes "
				 "nothing."
			       : ". Look there: a faster CPU or disk for this one changes nothing.");
}
