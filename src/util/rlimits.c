/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rlimits.h"

#include <errno.h>
#include <sys/resource.h>

static bool is_limited(int resource)
{
	struct rlimit limit;

	return !getrlimit(resource, &limit) && limit.rlim_cur != RLIM_INFINITY;
}

const char *bt_limit_remedy(int err)
{
	switch (err) {
	case -EMFILE:
		return "; raise the limit of open files: ulimit -n 64";
	case -ENFILE:
		return "; the host has no more files to open: raise fs.file-max, see sysctl(8)";
	case -EFBIG:
		return "; raise the limit of the size of files: ulimit -f unlimited";
	case -EAGAIN:
		return is_limited(RLIMIT_NPROC) ? "; raise the limit of processes: ulimit -u" : "";
	case -ENOMEM:
		if (is_limited(RLIMIT_AS))
			return "; raise the limit of memory: ulimit -v unlimited";
		return is_limited(RLIMIT_DATA)
			   ? "; raise the limit of memory: ulimit -d unlimited"
			   : "; free some memory, or raise the limit of its control group";
	default:
		return "";
	}
}

bool bt_limit_is_own(int err)
{
	if (err == -ENOMEM)
		return is_limited(RLIMIT_AS) || is_limited(RLIMIT_DATA);
	return err != -ENFILE && *bt_limit_remedy(err);
}
