/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's tables of internet sockets, /proc/net/{tcp,tcp6,udp,udp6}, line by line. */
#ifndef BOUNDTOP_COLLECT_INET_LINE_H
#define BOUNDTOP_COLLECT_INET_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct bt_strbuf;

/* An address of version 4 is one of version 6 (::ffff:192.0.2.1): a socket of either can be the peer. */
struct bt_inet_end {
	uint8_t address[16];
	uint16_t port; /* host order; 0: none */
};

struct bt_inet_line {
	uint64_t ino; /* 0: on its way out of the world it has none */
	struct bt_inet_end local, remote;
	unsigned int state; /* TCP_…, also of UDP */
};

/* false: it is none. */
bool bt_inet_line_parse(const char *line, struct bt_inet_line *out);

bool bt_inet_end_same(const struct bt_inet_end *a, const struct bt_inet_end *b);
/* 0.0.0.0, :: */
bool bt_inet_is_any(const struct bt_inet_end *e);
/* 127.0.0.0/8, ::1 */
bool bt_inet_is_loopback(const struct bt_inet_end *e);
/* "192.0.2.1:443", "[2001:db8::1]:443" */
void bt_inet_end_text(const struct bt_inet_end *e, struct bt_strbuf *out);

#endif
