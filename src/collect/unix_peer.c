/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unix_peer.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* An answer is in the socket's queue when the question was sent; nothing is waited for. */
int bt_unix_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

	return fd < 0 ? -errno : fd;
}

static void path_copy(char path[BT_UNIX_PATH], const char *bytes, size_t size)
{
	/* A path ends with a zero byte; an abstract name begins with one, and may hold more. */
	if (size && bytes[0])
		size = strnlen(bytes, size);
	if (size >= BT_UNIX_PATH)
		size = BT_UNIX_PATH - 1;
	for (size_t i = 0; i < size; i++)
		path[i] = (char)(bytes[i] ? bytes[i] : '@');
	path[size] = '\0';
}

static int attributes_parse(const char *at, size_t left, struct bt_unix_socket *out)
{
	while (left >= sizeof(struct rtattr)) {
		struct rtattr a;
		const char *value = at + RTA_LENGTH(0);
		uint32_t peer;

		memcpy(&a, at, sizeof(a));
		if (a.rta_len < RTA_LENGTH(0) || a.rta_len > left)
			return -EBADMSG;
		if (a.rta_type == UNIX_DIAG_NAME) {
			path_copy(out->path, value, a.rta_len - RTA_LENGTH(0));
		} else if (a.rta_type == UNIX_DIAG_PEER && a.rta_len >= RTA_LENGTH(sizeof(peer))) {
			memcpy(&peer, value, sizeof(peer));
			out->peer_ino = peer;
		}
		if (RTA_ALIGN(a.rta_len) >= left)
			break;
		at += RTA_ALIGN(a.rta_len);
		left -= RTA_ALIGN(a.rta_len);
	}
	return 0;
}

int bt_unix_answer_parse(const void *answer, size_t size, struct bt_unix_socket *out)
{
	const size_t fixed = NLMSG_LENGTH(sizeof(struct unix_diag_msg));
	struct nlmsghdr head;
	struct nlmsgerr error;

	memset(out, 0, sizeof(*out));
	if (size < sizeof(head))
		return -EBADMSG;
	memcpy(&head, answer, sizeof(head));
	if (head.nlmsg_len > size)
		return -EBADMSG;
	if (head.nlmsg_type == NLMSG_ERROR && head.nlmsg_len >= NLMSG_LENGTH(sizeof(error))) {
		memcpy(&error, (const char *)answer + NLMSG_LENGTH(0), sizeof(error));
		return error.error < 0 ? error.error : -EBADMSG;
	}
	if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || head.nlmsg_len < fixed)
		return -EBADMSG;
	return attributes_parse((const char *)answer + NLMSG_ALIGN(fixed), head.nlmsg_len - fixed, out);
}

int bt_unix_ask(int fd, uint64_t ino, struct bt_unix_socket *out)
{
	struct {
		struct nlmsghdr head;
		struct unix_diag_req ask;
	} question = {
	    .head = {.nlmsg_len = sizeof(question),
		     .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		     .nlmsg_flags = NLM_F_REQUEST},
	    .ask = {.sdiag_family = AF_UNIX,
		    .udiag_states = ~0u,
		    .udiag_ino = (uint32_t)ino,
		    .udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_PEER,
		    .udiag_cookie = {~0u, ~0u}}, /* any */
	};
	char answer[512];
	ssize_t got;

	/* The kernel's own number of it has no more bits. */
	if (ino > UINT32_MAX)
		return -ENOENT;
	if (send(fd, &question, sizeof(question), 0) < 0)
		return -errno;
	got = recv(fd, answer, sizeof(answer), 0);
	return got < 0 ? -errno : bt_unix_answer_parse(answer, (size_t)got, out);
}
