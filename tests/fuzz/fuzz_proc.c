/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of a process below /proc, with a name in them that it chose: the first byte says which one. */
#include "inet_line.h"
#include "procfs_file.h"
#include "unix_peer.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	unsigned int which = (unsigned int)fuzz_take(&in, 1);
	char *text = fuzz_text(in.data, in.size);
	struct bt_proc_schedstat schedstat;
	struct bt_proc_syscall call;
	struct bt_proc_status status;
	struct bt_inet_line line;
	struct bt_proc_stat stat;
	struct bt_proc_io io;
	struct bt_unix_socket answer;
	uint64_t inode;
	bool is_pipe;

	switch (which % 8) {
	case 0:
		bt_proc_stat_parse(text, &stat);
		break;
	case 1:
		bt_proc_schedstat_parse(text, &schedstat);
		break;
	case 2:
		bt_proc_syscall_parse(text, &call);
		break;
	case 3:
		bt_proc_status_parse(text, &status);
		break;
	case 4:
		bt_proc_io_parse(text, &io);
		break;
	case 5:
		bt_inet_line_parse(text, &line);
		break;
	case 6:
		bt_proc_link_parse(text, &is_pipe, &inode);
		break;
	default:
		bt_unix_answer_parse(in.data, in.size, &answer);
	}
	free(text);
	return 0;
}
