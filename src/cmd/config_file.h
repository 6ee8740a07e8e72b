/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that keeps what the user chose of the dashboard. */
#ifndef BOUNDTOP_CONFIG_FILE_H
#define BOUNDTOP_CONFIG_FILE_H

#include "tui_config.h"

struct bt_strbuf;

struct bt_config_file {
	char *path;   /* NULL: there is no home to keep it in */
	bool refused; /* what is there was not understood: it is not overwritten */
};

/*
 * Reads $XDG_CONFIG_HOME/boundtop/top.conf (~/.config/… without it) into config; the default where there is
 * none. What is wrong with it is appended to said, a line.
 */
void bt_config_file_load(struct bt_config_file *f, struct bt_tui_config *config, struct bt_strbuf *said);
/* Replaces the file. 0 or -Exxx; in both cases appends what to tell the user, a line. */
int bt_config_file_save(const struct bt_config_file *f, const struct bt_strbuf *text, struct bt_strbuf *said);
void bt_config_file_close(struct bt_config_file *f);

#endif
