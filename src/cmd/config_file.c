/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"
#include "strbuf.h"

/* What is larger is not ours. */
#define SIZE_MAX_BYTES 65536

static char *config_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	char *path = NULL;
	int length;

	/* A relative one is to be ignored, says the XDG base directory specification. */
	if (base && *base == '/')
		length = asprintf(&path, "%s/boundtop/top.conf", base);
	else if (home && *home)
		length = asprintf(&path, "%s/.config/boundtop/top.conf", home);
	else
		return NULL;
	return length < 0 ? NULL : path;
}

/* 0 or -Exxx. */
static int read_file(const char *path, struct bt_strbuf *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char bytes[4096];
	ssize_t got;
	int err = 0;

	if (fd < 0)
		return -errno;
	while ((got = read(fd, bytes, sizeof(bytes))) > 0 && out->length <= SIZE_MAX_BYTES)
		bt_strbuf_add_bytes(out, bytes, (size_t)got);
	if (got < 0)
		err = -errno;
	else if (out->length > SIZE_MAX_BYTES || memchr(bt_strbuf_text(out), '\0', out->length))
		err = -EINVAL;
	close(fd);
	return err ? err : bt_strbuf_error(out);
}

void bt_config_file_load(struct bt_config_file *f, struct bt_tui_config *config, struct bt_strbuf *said)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	char why[128] = "";
	int err;

	bt_tui_config_default(config);
	*f = (struct bt_config_file){.path = config_path()};
	if (!f->path)
		return;
	err = read_file(f->path, &text);
	if (!err)
		err = bt_tui_config_parse(config, bt_strbuf_text(&text), why, sizeof(why));
	if (err && err != -ENOENT && err != -ENOTDIR) {
		f->refused = true;
		bt_strbuf_addf(said, "%s: %s; it is left as it is, and not used", f->path,
			       *why             ? why
			       : err == -EINVAL ? "no text"
						: strerror(-err));
	}
	bt_strbuf_free(&text);
}

/* Makes the folders of path that are not there. */
static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		/* What fails here fails again, and is said, when the file is written. */
		if (mkdir(path, 0700) && errno != EEXIST)
			errno = 0;
		*slash = '/';
	}
}

int bt_config_file_save(const struct bt_config_file *f, const struct bt_strbuf *text, struct bt_strbuf *said)
{
	int err;

	if (!f->path) {
		bt_strbuf_add(said, "not saved: neither HOME nor XDG_CONFIG_HOME says where");
		return -ENOENT;
	}
	if (f->refused) {
		bt_strbuf_addf(said, "not saved: %s is not ours to overwrite; move it away", f->path);
		return -EEXIST;
	}
	make_folders(f->path);
	err = bt_output_replace_quietly(f->path, text);
	if (err)
		bt_strbuf_addf(said, "not saved: %s: %s", f->path, strerror(-err));
	else
		bt_strbuf_addf(said, "saved: %s", f->path);
	return err;
}

void bt_config_file_close(struct bt_config_file *f)
{
	free(f->path);
	f->path = NULL;
}
