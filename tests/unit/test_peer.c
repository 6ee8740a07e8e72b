/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who is at the other end of a socket: what the kernel says of sockets, and how it is put into words. */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include "evidence.h"
#include "fake.h"
#include "inet_line.h"
#include "inet_peer.h"
#include "procfs_file.h"
#include "strbuf.h"
#include "unit.h"
#include "unix_peer.h"
#include "words.h"

#if defined(__x86_64__)
#define NR_RECVFROM 45
#define NR_SENDTO   44
#define NR_POLL     7
#else
#define NR_RECVFROM 207
#define NR_SENDTO   206
#define NR_POLL     73
#endif

#define TAIL " 01 00000000:00000000 00:00000000 00000000  1000        0 31337 1 0000000000000000 100 0 0 10 0"

static const char *end_text(const struct bt_inet_end *e)
{
	static struct bt_strbuf text;

	bt_strbuf_clear(&text);
	bt_inet_end_text(e, &text);
	return bt_strbuf_text(&text);
}

static void lines_of_sockets(void **state)
{
	const char *four = "   0: 0100007F:1F90 4D6433C6:01BB" TAIL;
	const char *six = " 12: B80D0120000000000000000001000000:ABCD "
			  "0000000000000000FFFF00000100007F:0050" TAIL;
	struct bt_inet_line line, other;

	(void)state;
	assert_true(bt_inet_line_parse(four, &line));
	assert_string_equal("127.0.0.1:8080", end_text(&line.local));
	assert_string_equal("198.51.100.77:443", end_text(&line.remote));
	assert_true(bt_inet_is_loopback(&line.local) && !bt_inet_is_loopback(&line.remote));
	assert_true(line.ino == 31337 && line.state == 1);
	assert_true(bt_inet_line_parse(six, &other));
	assert_string_equal("[2001:db8::1]:43981", end_text(&other.local));
	/* A socket of version 6 that talks to one of version 4. */
	assert_string_equal("127.0.0.1:80", end_text(&other.remote));
	other.remote.port = 8080;
	assert_true(bt_inet_end_same(&line.local, &other.remote));
	assert_true(bt_inet_line_parse(" 1: 00000000:0016 00000000:0000" TAIL, &line));
	assert_true(bt_inet_is_any(&line.local) && !line.remote.port);
	assert_true(bt_inet_line_parse(" 1: 00000000000000000000000000000000:0016 "
				       "00000000000000000000000001000000:0000" TAIL,
				       &line));
	assert_true(bt_inet_is_any(&line.local) && bt_inet_is_loopback(&line.remote));
	/* Cut before the inode, it is none. */
	for (size_t n = 0; n <= strlen(four) - strlen("31337 1 0000000000000000 100 0 0 10 0"); n++) {
		char *cut = strndup(four, n);

		assert_false(bt_inet_line_parse(cut, &line));
		free(cut);
	}
	assert_false(bt_inet_line_parse(" 0: 010000:1F90 00000000:0000" TAIL, &line));
	assert_false(bt_inet_line_parse(" 0: 0100007F0100007F:1F90 00000000:0000" TAIL, &line));
}

struct answer {
	struct nlmsghdr head;
	struct unix_diag_msg message;
	char attributes[256];
	size_t used;
};

static void attribute_add(struct answer *a, unsigned short type, const void *value, size_t size)
{
	struct rtattr head = {(unsigned short)RTA_LENGTH(size), type};

	memcpy(a->attributes + a->used, &head, sizeof(head));
	memcpy(a->attributes + a->used + RTA_LENGTH(0), value, size);
	a->used += RTA_ALIGN(head.rta_len);
	a->head.nlmsg_len = (uint32_t)(NLMSG_LENGTH(sizeof(a->message)) + a->used);
}

static void answers_of_unix_sockets(void **state)
{
	struct answer a = {
	    .head = {.nlmsg_len = NLMSG_LENGTH(sizeof(a.message)), .nlmsg_type = SOCK_DIAG_BY_FAMILY}};
	struct bt_unix_socket s;
	char path[108];
	uint32_t peer = 4711;

	(void)state;
	assert_int_equal(0, bt_unix_answer_parse(&a, a.head.nlmsg_len, &s));
	assert_true(!s.peer_ino && !*s.path);
	attribute_add(&a, UNIX_DIAG_NAME, "/run/a", 7);
	attribute_add(&a, UNIX_DIAG_PEER, &peer, sizeof(peer));
	assert_int_equal(0, bt_unix_answer_parse(&a, a.head.nlmsg_len, &s));
	assert_string_equal("/run/a", s.path);
	assert_int_equal(4711, s.peer_ino);
	for (size_t n = 0; n < a.head.nlmsg_len; n++)
		assert_int_equal(-EBADMSG, bt_unix_answer_parse(&a, n, &s));
	/* The longest, without a zero; and an abstract name, with some in it. */
	memset(path, 'x', sizeof(path));
	a.used = 0;
	attribute_add(&a, UNIX_DIAG_NAME, path, sizeof(path));
	assert_int_equal(0, bt_unix_answer_parse(&a, a.head.nlmsg_len, &s));
	assert_int_equal(sizeof(path), strlen(s.path));
	a.used = 0;
	attribute_add(&a, UNIX_DIAG_NAME, "\0a\0b", 4);
	assert_int_equal(0, bt_unix_answer_parse(&a, a.head.nlmsg_len, &s));
	assert_string_equal("@a@b", s.path);
	/* Attributes that say that they are longer than there is, or shorter than their own head. */
	for (unsigned short length = 0; length < 300; length += length == 3 ? 10 : 1) {
		memcpy(a.attributes, &length, sizeof(length));
		assert_int_equal(length < RTA_LENGTH(0) || length > RTA_LENGTH(4) ? -EBADMSG : 0,
				 bt_unix_answer_parse(&a, a.head.nlmsg_len, &s));
	}
}

static void refusals(void **state)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = {.head = {.nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR},
		    .error = {.error = -ENOENT}};
	struct bt_unix_socket s;

	(void)state;
	assert_int_equal(-ENOENT, bt_unix_answer_parse(&answer, sizeof(answer), &s));
	answer.error.error = 0;
	assert_int_equal(-EBADMSG, bt_unix_answer_parse(&answer, sizeof(answer), &s));
	answer.head.nlmsg_type = NLMSG_DONE;
	assert_int_equal(-EBADMSG, bt_unix_answer_parse(&answer, sizeof(answer), &s));
}

static bool socket_link_parse(const char *link, uint64_t *ino)
{
	bool is_pipe;

	return !bt_proc_link_parse(link, &is_pipe, ino) && !is_pipe;
}

static void links(void **state)
{
	uint64_t ino;

	(void)state;
	assert_true(socket_link_parse("socket:[4294967295]", &ino));
	assert_true(ino == 4294967295u);
	assert_false(socket_link_parse("pipe:[12]", &ino));
	assert_false(socket_link_parse("socket:[]", &ino));
	assert_false(socket_link_parse("socket:[12", &ino));
	assert_false(socket_link_parse("socket:[12]x", &ino));
}

/* Sentence for a wait at socket 7 in a call, when who is at its other end is known. */
static void assert_said(const char *expected, int nr, const struct bt_peer *peer)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	const struct bt_wait wait = {
	    .reason = {.object = 7, .syscall = (int16_t)nr, .target = BT_TARGET_UNIX}};
	struct fake_host h;
	struct bt_model *m;

	fake_open(&h);
	assert_int_equal(0, bt_model_create(&m));
	fake_fork(&h, 10, -1);
	assert_int_equal(0, bt_model_update(m, fake_read(&h)));
	if (peer)
		assert_int_equal(0, bt_model_peer_set(m, 7, peer));
	bt_words_peer(&text, m, &wait.reason, BT_CHARSET_ASCII);
	assert_string_equal(expected, bt_strbuf_text(&text));
	/* The next interval knows nothing of it. */
	bt_model_begin(m);
	assert_null(bt_model_peer(m, &wait.reason));
	bt_strbuf_free(&text);
	bt_model_destroy(m);
	fake_close(&h);
}

static void words(void **state)
{
	(void)state;
	assert_said("", NR_RECVFROM, NULL);
	assert_said("", NR_RECVFROM, &(struct bt_peer){0});
	assert_said(" from 99", NR_RECVFROM, &(struct bt_peer){.pid = 99});
	assert_said(" from 99 and 1 other", NR_RECVFROM, &(struct bt_peer){.pid = 99, .others = 1});
	assert_said(" to 99 and 12 others", NR_SENDTO, &(struct bt_peer){.pid = 99, .others = 12});
	assert_said(" with 192.0.2.1:443", NR_POLL, &(struct bt_peer){.address = "192.0.2.1:443"});
	assert_said(" to /run/?[31mx?", NR_SENDTO, &(struct bt_peer){.address = "/run/\033[31mx\xff"});
}

static void wait_is_of_a_socket_alone(void **state)
{
	struct bt_reason reason = {.object = 7, .target = BT_TARGET_PIPE};
	struct bt_model *m;

	(void)state;
	assert_int_equal(0, bt_model_create(&m));
	assert_int_equal(0, bt_model_peer_set(m, 7, &(struct bt_peer){.pid = 3}));
	assert_null(bt_model_peer(m, &reason));
	reason.target = BT_TARGET_INET;
	assert_int_equal(3, bt_model_peer(m, &reason)->pid);
	assert_int_equal(0, bt_model_peer_set(m, 7, &(struct bt_peer){.pid = 4}));
	assert_int_equal(4, bt_model_peer(m, &reason)->pid);
	bt_model_destroy(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_of_sockets),
	    cmocka_unit_test(answers_of_unix_sockets),
	    cmocka_unit_test(refusals),
	    cmocka_unit_test(links),
	    cmocka_unit_test(words),
	    cmocka_unit_test(wait_is_of_a_socket_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
