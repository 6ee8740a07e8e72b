/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a session has in common whether it watches (session.c) or reads a recording (session_recording.c). */
#ifndef BOUNDTOP_SESSION_INTERNAL_H
#define BOUNDTOP_SESSION_INTERNAL_H

#include "session.h"

/* Says what failed, and why. BT_EXIT_FAILED. */
int bt_session_fail(const char *what, int err);
/* Opens what there is beside a collector. Exit status. */
int bt_session_open_rest(struct bt_session *s);
/* Takes a signal that ends us, if there is one. */
bool bt_session_signal_came(struct bt_session *s);
/* bt_session_wait() of a recording. */
enum bt_wake bt_session_wait_recorded(struct bt_session *s, uint64_t deadline_ns);

#endif
