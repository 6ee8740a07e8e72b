/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Executables and libraries of any process. */
#include <sys/mman.h>
#include <unistd.h>

#include "elf_symbol.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct bt_elf_symbol symbol;
	int err;

	if (fd < 0)
		fd = memfd_create("elf", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	lseek(fd, 0, SEEK_SET);
	err = bt_elf_symbol_find(fd, "_PyRuntime", "libpython", &symbol);
	FUZZ_ASSERT(!err || !symbol.found);
	FUZZ_ASSERT(!symbol.found || symbol.size);
	return 0;
}
