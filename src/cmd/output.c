/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse.h"
#include "sanitize.h"

#define COLUMNS_MAX 10000

static bool closed[3];
static struct bt_strbuf *complaints;

void bt_output_init(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		closed[fd] = fcntl(fd, F_GETFD) < 0;
		/* open() takes the lowest that is free: this one. A command that we run finds it closed
		 * again. */
		if (closed[fd] && open("/dev/null", O_RDWR | O_CLOEXEC) != fd)
			_exit(1);
	}
}

static bool charset_is_utf8(void)
{
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

void bt_complain(const char *format, ...)
{
	struct bt_strbuf text = BT_STRBUF_INIT;
	struct bt_strbuf line = BT_STRBUF_INIT;
	va_list ap;

	va_start(ap, format);
	bt_strbuf_vaddf(&text, format, ap);
	va_end(ap);
	bt_strbuf_add(&line, "boundtop: ");
	bt_sanitize(&line, bt_strbuf_text(&text), text.length, BT_SANITIZE_WIDE,
		    charset_is_utf8() ? BT_CHARSET_UTF8 : BT_CHARSET_ASCII);
	bt_strbuf_add_char(&line, '\n');
	if (complaints)
		bt_strbuf_add_bytes(complaints, bt_strbuf_text(&line), line.length);
	/* There is nobody left to tell that this failed. */
	else if (write(STDERR_FILENO, bt_strbuf_text(&line), line.length) < 0)
		errno = 0;
	bt_strbuf_free(&text);
	bt_strbuf_free(&line);
}

void bt_complain_into(struct bt_strbuf *text)
{
	complaints = text;
}

struct bt_style bt_style_detect(int fd)
{
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	const char *columns = getenv("COLUMNS");
	struct bt_style style = {.utf8 = charset_is_utf8()};
	struct winsize size;
	uint64_t count;

	if (isatty(fd)) {
		style.columns = 80;
		if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
			style.columns = size.ws_col;
		style.colour = !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
	}
	if (columns && !bt_parse_count(columns, 1, COLUMNS_MAX, &count))
		style.columns = (unsigned int)count;
	return style;
}

/* Until a descriptor that does not block takes more. */
static void wait_writable(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	poll(&pollfd, 1, -1);
}

static int write_all(int fd, const char *data, size_t length)
{
	while (length) {
		ssize_t written = write(fd, data, length);

		if (written > 0) {
			data += written;
			length -= (size_t)written;
		} else if (written < 0 && errno == EAGAIN) {
			wait_writable(fd);
		} else if (written < 0 && errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

int bt_output_write(int fd, const char *name, const struct bt_strbuf *text)
{
	int err = bt_strbuf_error(text);

	if (!err && fd <= 2 && closed[fd])
		err = -EBADF;
	if (!err)
		err = write_all(fd, bt_strbuf_text(text), text->length);
	if (err == -EPIPE)
		return BT_OUTPUT_CLOSED;
	if (err == -EBADF)
		bt_complain("%s: closed; open it, or send it to /dev/null", name);
	else if (err == -ENOSPC)
		bt_complain("%s: the disk behind it is full; the output is incomplete", name);
	else if (err)
		bt_complain("%s: %s; the output is incomplete", name, strerror(-err));
	return err;
}

/* Devices and pipes (/dev/stdout, /dev/full) cannot be replaced: they are written to. */
static int write_to(const char *path, const struct bt_strbuf *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int err = 0;

	if (fd < 0)
		return -errno;
	err = write_all(fd, bt_strbuf_text(text), text->length);
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static int write_and_rename(const char *path, mode_t mode, const struct bt_strbuf *text)
{
	char *temporary;
	int err = 0;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return -ENOMEM;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		free(temporary);
		return err;
	}
	if (fchmod(fd, mode))
		err = -errno;
	if (!err)
		err = write_all(fd, bt_strbuf_text(text), text->length);
	if (!err && fsync(fd) && errno != EINVAL)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	free(temporary);
	return err;
}

int bt_output_check(const char *path)
{
	char *target = realpath(path, NULL);
	char *folder = strdup(target ? target : path);
	struct stat status;
	int err = 0;

	if (!folder)
		err = -ENOMEM;
	else if (target && !stat(target, &status) && S_ISDIR(status.st_mode))
		err = -EISDIR;
	else if ((target && access(target, W_OK)) ||
		 ((!target || S_ISREG(status.st_mode)) && access(dirname(folder), W_OK | X_OK)))
		err = -errno;
	free(folder);
	free(target);
	if (err)
		bt_complain("%s: cannot be written: %s; nothing was started", path, strerror(-err));
	return err;
}

int bt_output_replace_quietly(const char *path, const struct bt_strbuf *text)
{
	int err = bt_strbuf_error(text);
	char *target = NULL;
	struct stat status;
	mode_t mask;

	if (err)
		goto out;
	if (stat(path, &status)) {
		mask = umask(0);
		umask(mask);
		err = write_and_rename(path, 0666 & ~mask, text);
	} else if (!S_ISREG(status.st_mode)) {
		err = write_to(path, text);
	} else {
		/* A link stays one: what it points to is replaced. */
		target = realpath(path, NULL);
		err = target ? write_and_rename(target, status.st_mode & 07777, text) : -errno;
	}
	free(target);
out:
	return err;
}

int bt_output_replace(const char *path, const struct bt_strbuf *text)
{
	int err = bt_output_replace_quietly(path, text);

	if (err)
		bt_complain("%s: cannot be written: %s; the report is lost", path, strerror(-err));
	return err;
}
