/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "procfs_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

ssize_t bt_proc_read(int dir, const char *path, char *text, size_t size)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -errno;
	do
		length = read(fd, text, size - 1);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		length = -errno;
	else
		text[length] = '\0';
	close(fd);
	return length;
}

/* The number at *at, which is left behind it and the blanks that follow. */
static uint64_t number_take(const char **at)
{
	char *end;
	uint64_t value = strtoull(*at, &end, 10);

	while (*end == ' ' || *end == '\t')
		end++;
	*at = end;
	return value;
}

int bt_proc_stat_parse(const char *text, struct bt_proc_stat *out)
{
	/* The name may hold blanks and brackets of its own. */
	const char *open = strchr(text, '(');
	const char *close = strrchr(text, ')');
	const char *at;
	size_t length;

	if (!open || !close || close < open || close[1] != ' ' || !close[2] || close[3] != ' ')
		return -EINVAL;
	*out = (struct bt_proc_stat){.pid = (int32_t)strtol(text, NULL, 10), .state = close[2]};
	length = (size_t)(close - open - 1);
	memcpy(out->comm, open + 1, length < BT_COMM_LEN - 1 ? length : BT_COMM_LEN - 1);
	at = close + 4;
	for (int field = 4; field <= 42 && *at && *at != '\n'; field++) {
		const char *before = at;
		uint64_t value = number_take(&at);

		if (at == before)
			return -EINVAL;
		switch (field) {
		case 4:
			out->ppid = (int32_t)value;
			break;
		case 9:
			out->flags = (uint32_t)value;
			break;
		case 10:
			out->minor_faults = value;
			break;
		case 12:
			out->major_faults = value;
			break;
		case 14:
			out->utime_ticks = value;
			break;
		case 15:
			out->stime_ticks = value;
			break;
		case 16:
			out->child_utime_ticks = value;
			break;
		case 17:
			out->child_stime_ticks = value;
			break;
		case 19:
			out->nice = (int8_t)(int64_t)value;
			break;
		case 20:
			out->threads = (int32_t)value;
			break;
		case 22:
			out->start_ticks = value;
			break;
		case 24:
			out->rss_pages = value;
			break;
		case 42:
			out->blkio_ticks = value;
			return 0;
		default:
			break;
		}
	}
	return -EINVAL;
}

int bt_proc_schedstat_parse(const char *text, struct bt_proc_schedstat *out)
{
	return sscanf(text, "%" SCNu64 " %" SCNu64 " %" SCNu64, &out->oncpu_ns, &out->run_queue_ns,
		      &out->turns) == 3
		   ? 0
		   : -EINVAL;
}

int bt_proc_syscall_parse(const char *text, struct bt_proc_syscall *out)
{
	int got;

	*out = (struct bt_proc_syscall){.nr = -1};
	if (!strncmp(text, "running", 7)) {
		out->running = true;
		return 0;
	}
	got = sscanf(text,
		     "%d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64,
		     &out->nr, &out->arg[0], &out->arg[1], &out->arg[2], &out->arg[3], &out->arg[4],
		     &out->arg[5], &out->sp);
	return got >= 7 || (got >= 1 && out->nr == -1) ? 0 : -EINVAL;
}

/* What stands behind a key at the beginning of a line; NULL: there is none. */
static const char *value_find(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, key, length))
			return line + length;
	}
	return NULL;
}

int bt_proc_status_parse(const char *text, struct bt_proc_status *out)
{
	/* The name comes first, with its line ends escaped. */
	const char *uid = value_find(text, "Uid:\t");
	const char *voluntary = value_find(text, "voluntary_ctxt_switches:\t");
	const char *involuntary = value_find(text, "nonvoluntary_ctxt_switches:\t");

	if (!uid || !voluntary || !involuntary)
		return -EINVAL;
	number_take(&uid);
	out->euid = (uint32_t)number_take(&uid);
	out->voluntary = number_take(&voluntary);
	out->involuntary = number_take(&involuntary);
	return 0;
}

int bt_proc_io_parse(const char *text, struct bt_proc_io *out)
{
	const char *rchar = value_find(text, "rchar: ");
	const char *wchar = value_find(text, "wchar: ");
	const char *read_bytes = value_find(text, "read_bytes: ");
	const char *write_bytes = value_find(text, "write_bytes: ");

	if (!rchar || !wchar || !read_bytes || !write_bytes)
		return -EINVAL;
	out->rchar = number_take(&rchar);
	out->wchar = number_take(&wchar);
	out->read_bytes = number_take(&read_bytes);
	out->write_bytes = number_take(&write_bytes);
	return 0;
}

int bt_proc_link_parse(const char *link, bool *is_pipe, uint64_t *ino)
{
	int end = 0;

	*is_pipe = !strncmp(link, "pipe:[", 6);
	if (!*is_pipe && strncmp(link, "socket:[", 8) != 0)
		return -EINVAL;
	link += *is_pipe ? 6 : 8;
	if (*link < '0' || *link > '9' || sscanf(link, "%" SCNu64 "]%n", ino, &end) != 1 || !end || link[end])
		return -EINVAL;
	return 0;
}
