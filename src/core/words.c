/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#include <string.h>

#include "names.h"
#include "sanitize.h"
#include "strbuf.h"

void bt_words_percent(struct bt_strbuf *out, double share)
{
	bt_strbuf_add_fixed(out, share * 100, share < 0.0995 && share > 0 ? 1 : 0);
	bt_strbuf_add(out, " %");
}

void bt_words_count(struct bt_strbuf *out, uint64_t count, const char *one, const char *many)
{
	bt_strbuf_add_uint(out, count);
	bt_strbuf_add_char(out, ' ');
	bt_strbuf_add(out, count == 1 ? one : many);
}

void bt_words_times(struct bt_strbuf *out, uint64_t count)
{
	if (count == 1) {
		bt_strbuf_add(out, "once");
		return;
	}
	bt_strbuf_add_uint(out, count);
	bt_strbuf_add(out, " times");
}

/* value in the largest of the units that leaves at least 1 of it; two digits, where it has them. */
static void add_scaled(struct bt_strbuf *out, double value, const char *const units[4])
{
	unsigned int unit = 0;

	/* 999.7 would be rounded to 1000 of the smaller unit. */
	for (; unit < 3 && value >= 999.5; unit++)
		value /= 1000;
	bt_strbuf_add_fixed(out, value, unit && value < 9.95 ? 1 : 0);
	bt_strbuf_add_char(out, ' ');
	bt_strbuf_add(out, units[unit]);
}

void bt_words_duration(struct bt_strbuf *out, double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};

	add_scaled(out, ns, units);
}

void bt_words_bytes(struct bt_strbuf *out, double bytes)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB"};
	static const char *const one[] = {"byte", "kB", "MB", "GB"};

	add_scaled(out, bytes, bytes >= 0.5 && bytes < 1.5 ? one : units);
}

void bt_words_target(struct bt_strbuf *out, const struct bt_wait *w)
{
	static const char *const names[BT_TARGET_COUNT] = {
	    [BT_TARGET_FILE] = "file",         [BT_TARGET_DIRECTORY] = "directory",
	    [BT_TARGET_BLOCKDEV] = "blockdev", [BT_TARGET_CHARDEV] = "chardev",
	    [BT_TARGET_PIPE] = "pipe",         [BT_TARGET_INET] = "inet",
	    [BT_TARGET_UNIX] = "unix",         [BT_TARGET_SOCKET] = "socket",
	    [BT_TARGET_ANON] = "anon_inode",   [BT_TARGET_FUTEX] = "futex",
	};
	unsigned int target = w->reason.target;

	if (target >= BT_TARGET_COUNT || !names[target])
		return;
	bt_strbuf_add(out, names[target]);
	if (!w->reason.object)
		return;
	if (target == BT_TARGET_FUTEX) {
		bt_strbuf_add(out, ":0x");
		bt_strbuf_add_hex(out, w->reason.object);
	} else {
		bt_strbuf_add(out, ":[");
		bt_strbuf_add_uint(out, w->reason.object);
		bt_strbuf_add_char(out, ']');
	}
}

void bt_words_wait(struct bt_strbuf *out, const struct bt_wait *w)
{
	const char *call = w->reason.syscall >= 0 ? bt_syscall_name(w->reason.syscall) : NULL;
	size_t before;

	if (call)
		bt_strbuf_add(out, call);
	else if (w->reason.syscall >= 0)
		bt_strbuf_addf(out, "system call %d", w->reason.syscall);
	else if (w->reason.cause == BT_MS_PAGING)
		bt_strbuf_add(out, "page faults");
	else
		bt_strbuf_add(out, bt_microstate_name(w->reason.cause));
	before = out->length;
	bt_strbuf_add(out, " of ");
	bt_words_target(out, w);
	if (out->length == before + 4)
		bt_strbuf_truncate(out, before);
}

/* Which way it goes: nobody knows of a poll(). */
static const char *direction(const struct bt_reason *reason)
{
	const char *call = reason->syscall >= 0 ? bt_syscall_name(reason->syscall) : NULL;

	if (call && (!strncmp(call, "recv", 4) || strstr(call, "read")))
		return " from ";
	if (call && (!strncmp(call, "send", 4) || strstr(call, "write") || !strcmp(call, "connect")))
		return " to ";
	return " with ";
}

void bt_words_peer(struct bt_strbuf *out, struct bt_model *m, const struct bt_reason *reason,
		   enum bt_charset charset)
{
	const struct bt_peer *peer = m ? bt_model_peer(m, reason) : NULL;
	const struct bt_process *p;

	if (!peer || (!peer->pid && !*peer->address))
		return;
	bt_strbuf_add(out, direction(reason));
	if (!peer->pid) {
		bt_sanitize(out, peer->address, strlen(peer->address), BT_SANITIZE_WIDE, charset);
		return;
	}
	bt_strbuf_add_int(out, peer->pid);
	p = bt_model_find(m, peer->pid);
	if (p) {
		bt_strbuf_add(out, " (");
		bt_sanitize(out, p->comm, strlen(p->comm), BT_COMM_LEN, charset);
		bt_strbuf_add_char(out, ')');
	}
	if (peer->others)
		bt_strbuf_addf(out, " and %u other%s", peer->others, peer->others == 1 ? "" : "s");
}

void bt_words_holder(struct bt_strbuf *out, const struct bt_holder *h)
{
	bt_strbuf_addf(out, "thread %d (", h->tid);
	bt_sanitize(out, h->comm, strlen(h->comm), BT_COMM_LEN, BT_CHARSET_ASCII);
	bt_strbuf_add(out, ") held it ");
	bt_words_percent(out, h->share);
	bt_strbuf_add(out, " of that time");
}
