/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every JSON object begins with. */
#ifndef BOUNDTOP_VIEW_JSON_HEAD_H
#define BOUNDTOP_VIEW_JSON_HEAD_H

#include "json_writer.h"
#include "view.h"

/* Version, collector, time and losses of the report's frame; within an object that was begun. */
void bt_json_head(struct bt_json *j, const struct bt_report *r);

#endif
