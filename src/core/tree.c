/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model_internal.h"

int bt_trees_update(struct bt_model *m)
{
	(void)m;
	return 0;
}

void bt_trees_begin(struct bt_model *m)
{
	(void)m;
}

void bt_trees_forget(struct bt_model *m, const struct bt_process_entry *p)
{
	(void)m;
	(void)p;
}
