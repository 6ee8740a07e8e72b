/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parse.h"
#include "rlimits.h"
#include "sanitize.h"

#define COLUMNS_MAX 10000
/* As many links as the kernel follows: MAXSYMLINKS, include/linux/namei.h */
#define LINKS_MAX 40

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

/* One line without a byte of memory. */
static void complain_briefly(const char *format, va_list ap)
{
	char line[512] = "boundtop: ";
	size_t length = strlen(line);
	int added = vsnprintf(line + length, sizeof(line) - length, format, ap);

	if (added > 0)
		length += (size_t)added;
	if (length > sizeof(line) - 1)
		length = sizeof(line) - 1;
	for (size_t i = 0; i < length; i++)
		if (line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[length++] = '\n';
	if (write(STDERR_FILENO, line, length) < 0)
		errno = 0;
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
	if (bt_strbuf_error(&text) || bt_strbuf_error(&line)) {
		va_start(ap, format);
		complain_briefly(format, ap);
		va_end(ap);
	} else if (complaints) {
		bt_strbuf_add_bytes(complaints, bt_strbuf_text(&line), line.length);
	} else if (write(STDERR_FILENO, bt_strbuf_text(&line), line.length) < 0) {
		errno = 0; /* there is nobody left to tell that this failed */
	}
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
		bt_complain("%s: %s; the output is incomplete%s", name, strerror(-err), bt_limit_remedy(err));
	return err;
}

/*
 * Writes to what is there: devices and pipes (/dev/stdout, /dev/full), which cannot be replaced, and files in
 * folders that take no new one. NULL: tries whether it can.
 */
static int write_in_place(const char *path, const struct bt_strbuf *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | (text ? O_TRUNC : 0));
	int err = 0;

	if (fd < 0)
		return -errno;
	if (text)
		err = write_all(fd, bt_strbuf_text(text), text->length);
	else if (write(fd, "", 0) < 0) /* /proc/version: root may open it for writing */
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/* A new file beside path, open at *fd. Its name, to be freed; NULL: there is none, and *fd is -Exxx. */
static char *open_beside(const char *path, int *fd)
{
	char *name;

	if (asprintf(&name, "%s.XXXXXX", path) < 0) {
		*fd = -ENOMEM;
		return NULL;
	}
	*fd = mkostemp(name, O_CLOEXEC);
	if (*fd >= 0)
		return name;
	*fd = -errno;
	free(name);
	return NULL;
}

/* Makes the new file, open at fd, what path is. */
static int write_and_rename(int fd, const char *temporary, const char *path, mode_t mode,
			    const struct bt_strbuf *text)
{
	int err = 0;

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
	return err;
}

/* Where path leads, through links to files that need not be there. NULL, and errno says why. */
static char *follow_links(const char *path)
{
	char *at = strdup(path);

	for (int i = 0; at && i < LINKS_MAX; i++) {
		char link[PATH_MAX];
		ssize_t length = readlink(at, link, sizeof(link) - 1);
		char *next = NULL;

		if (length < 0) /* no link, or nothing there */
			return at;
		link[length] = '\0';
		if (*link == '/')
			next = strdup(link);
		else if (asprintf(&next, "%s/%s", dirname(at), link) < 0)
			next = NULL;
		free(at);
		at = next;
	}
	if (at)
		errno = ELOOP;
	free(at);
	return NULL;
}

/* Where a report goes. */
struct destination {
	char *path; /* links followed; owned */
	bool exists;
	bool regular; /* and can be replaced, as far as that goes */
	mode_t mode;
};

static int destination_find(struct destination *d, const char *path)
{
	struct stat status;

	*d = (struct destination){.exists = !stat(path, &status)};
	if (!d->exists) {
		mode_t mask = umask(0);

		umask(mask);
		d->mode = 0666 & ~mask;
		d->path = follow_links(path);
		return d->path ? 0 : errno ? -errno : -ENOMEM;
	}
	d->regular = S_ISREG(status.st_mode);
	d->mode = status.st_mode & 07777;
	/* A link stays one: what it points to is replaced. Those of /proc/self/fd need not lead by a name. */
	d->path = d->regular ? realpath(path, NULL) : NULL;
	if (!d->path) {
		d->regular = false;
		d->path = strdup(path);
	}
	if (!d->path)
		return -ENOMEM;
	return S_ISDIR(status.st_mode) ? -EISDIR : 0;
}

int bt_output_check(const char *path)
{
	struct destination d;
	int err = destination_find(&d, path);

	if (!err && d.exists && access(d.path, W_OK))
		err = -errno;
	if (!err && (!d.exists || d.regular)) {
		int fd;
		char *temporary = open_beside(d.path, &fd);

		if (temporary) {
			close(fd);
			unlink(temporary);
			free(temporary);
		} else {
			err = d.exists ? write_in_place(d.path, NULL) : fd;
		}
	}
	free(d.path);
	if (d.exists && (err == -EIO || err == -EINVAL))
		bt_complain("%s: cannot be written: it takes no data; nothing was started", path);
	else if (err)
		bt_complain("%s: cannot be written: %s; nothing was started", path, strerror(-err));
	return err;
}

int bt_output_replace_quietly(const char *path, const struct bt_strbuf *text)
{
	struct destination d = {0};
	int err = bt_strbuf_error(text);

	if (!err)
		err = destination_find(&d, path);
	if (!err && d.exists && !d.regular) {
		err = write_in_place(d.path, text);
	} else if (!err) {
		int fd;
		char *temporary = open_beside(d.path, &fd);

		if (temporary) {
			err = write_and_rename(fd, temporary, d.path, d.mode, text);
			free(temporary);
		} else {
			err = d.exists ? write_in_place(d.path, text) : fd;
		}
	}
	free(d.path);
	return err;
}

int bt_output_replace(const char *path, const struct bt_strbuf *text)
{
	int err = bt_output_replace_quietly(path, text);

	if (err)
		bt_complain("%s: cannot be written: %s; the report is lost%s", path, strerror(-err),
			    bt_limit_remedy(err));
	return err;
}
