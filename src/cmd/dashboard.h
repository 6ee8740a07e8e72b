/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BOUNDTOP_DASHBOARD_H
#define BOUNDTOP_DASHBOARD_H

#include "options.h"
#include "session.h"

/* Can the dashboard be drawn on what the program was started on? Exit status, and has said what to do. */
int bt_dashboard_check(void);
/* Runs it until the user has seen enough. The session is open and has its base. Exit status. */
int bt_dashboard_run(struct bt_session *s, const struct bt_options *o);

#endif
