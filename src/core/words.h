/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers and waits in words, as evidence and advice have them: plain ASCII; of a process's own bytes only
 * names, sanitized.
 */
#ifndef BOUNDTOP_WORDS_H
#define BOUNDTOP_WORDS_H

#include <stdint.h>

#include "model.h"

#include "sanitize.h"

struct bt_strbuf;

/* "61 %", "4.3 %" */
void bt_words_percent(struct bt_strbuf *out, double share);
/* "once", "412 times" */
/* "1 thread", "3 threads". */
void bt_words_count(struct bt_strbuf *out, uint64_t count, const char *one, const char *many);
void bt_words_times(struct bt_strbuf *out, uint64_t count);
/* Two digits or more: "850 ns", "45 us", "1.9 ms", "24 ms", "1.2 s" */
void bt_words_duration(struct bt_strbuf *out, double ns);
/* "512 bytes", "4.1 kB", "92 MB", "1.5 GB": powers of 1000 */
void bt_words_bytes(struct bt_strbuf *out, double bytes);
/* What was waited for: "pipe:[123]", "futex:0x7f0", "file:[9]"; "" if nobody knows. */
void bt_words_target(struct bt_strbuf *out, const struct bt_wait *w);
/* The call, and what it was for: "read of pipe:[123]", "epoll_wait"; without a call, what it was doing. */
void bt_words_wait(struct bt_strbuf *out, const struct bt_wait *w);
/*
 * The other end of the socket that is waited on: " from 1234 (postgres)", " to 192.0.2.1:443"; nothing, where
 * nobody found it out (bt_model_peer()). m: NULL is fine.
 */
void bt_words_peer(struct bt_strbuf *out, struct bt_model *m, const struct bt_reason *reason,
		   enum bt_charset charset);
/* "thread 1234 (worker-2) held it 83 % of that time" */
void bt_words_holder(struct bt_strbuf *out, const struct bt_holder *h);

#endif
