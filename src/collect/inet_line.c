/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "inet_line.h"

#include <arpa/inet.h>
#include <string.h>

#include "strbuf.h"

/* Fields between the state and the inode. */
#define FIELDS_BETWEEN 5

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A number of at most max digits; returns how many there were. */
static unsigned int hex_take(const char **at, unsigned int max, uint32_t *out)
{
	unsigned int count = 0;

	for (*out = 0; count < max && digit(**at) >= 0; count++)
		*out = *out << 4 | (uint32_t)digit(*(*at)++);
	return count;
}

/* Words of eight digits in the machine's own order, ":", the port. */
static bool end_take(const char **at, struct bt_inet_end *out)
{
	uint32_t words[4] = {0}, port;
	unsigned int count = 0;

	while (count < 4 && **at != ':')
		if (hex_take(at, 8, &words[count++]) != 8)
			return false;
	if ((count != 1 && count != 4) || *(*at)++ != ':' || !hex_take(at, 4, &port))
		return false;
	if (count == 1) {
		memcpy(out->address, mapped, sizeof(mapped));
		memcpy(out->address + sizeof(mapped), words, 4);
	} else {
		memcpy(out->address, words, sizeof(words));
	}
	out->port = (uint16_t)port;
	return true;
}

static bool spaces_skip(const char **at)
{
	bool any = **at == ' ';

	while (**at == ' ')
		(*at)++;
	return any;
}

bool bt_inet_line_parse(const char *line, struct bt_inet_line *out)
{
	const char *at = line;
	uint32_t state;

	memset(out, 0, sizeof(*out));
	spaces_skip(&at);
	while (*at >= '0' && *at <= '9')
		at++;
	if (at == line || *at++ != ':')
		return false;
	spaces_skip(&at);
	if (!end_take(&at, &out->local) || !spaces_skip(&at) || !end_take(&at, &out->remote) ||
	    !spaces_skip(&at) || !hex_take(&at, 2, &state))
		return false;
	out->state = state;
	for (int i = 0; i < FIELDS_BETWEEN; i++) {
		if (!spaces_skip(&at))
			return false;
		at += strcspn(at, " ");
	}
	if (!spaces_skip(&at) || *at < '0' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++)
		out->ino = out->ino * 10 + (uint64_t)(*at - '0');
	return true;
}

bool bt_inet_end_same(const struct bt_inet_end *a, const struct bt_inet_end *b)
{
	return a->port == b->port && !memcmp(a->address, b->address, sizeof(a->address));
}

static bool is_mapped(const struct bt_inet_end *e)
{
	return !memcmp(e->address, mapped, sizeof(mapped));
}

bool bt_inet_is_any(const struct bt_inet_end *e)
{
	static const uint8_t zero[16];

	return !memcmp(e->address + (is_mapped(e) ? sizeof(mapped) : 0), zero, is_mapped(e) ? 4 : 16);
}

bool bt_inet_is_loopback(const struct bt_inet_end *e)
{
	static const uint8_t six[16] = {[15] = 1};

	return is_mapped(e) ? e->address[12] == 127 : !memcmp(e->address, six, sizeof(six));
}

void bt_inet_end_text(const struct bt_inet_end *e, struct bt_strbuf *out)
{
	bool four = is_mapped(e);
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(four ? AF_INET : AF_INET6, e->address + (four ? sizeof(mapped) : 0), text, sizeof(text));
	bt_strbuf_addf(out, four ? "%s:%u" : "[%s]:%u", text, e->port);
}
