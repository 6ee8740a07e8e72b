/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resource limits that errors come from. */
#ifndef BOUNDTOP_RLIMITS_H
#define BOUNDTOP_RLIMITS_H

#include <stdbool.h>

/*
 * What to do about err (-Exxx) if a limit is what it comes from: "; raise the limit of …", to be put behind
 * what is said of the error. "" for any other error.
 */
const char *bt_limit_remedy(int err);
/* Is it a limit of this process alone (ulimit)? false: another error, or a limit shared with others. */
bool bt_limit_is_own(int err);

#endif
