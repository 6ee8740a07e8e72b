/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reader of strangers' executables: what it finds, and that nothing in a file brings it down. */
#include "elf_symbol.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

/* Exported by the linker's --export-dynamic, as an interpreter exports its runtime. */
__attribute__((visibility("default"), used)) char bt_test_exported[4242];

static int own_executable(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void a_symbol_has_its_size_and_place(void **state)
{
	struct bt_elf_symbol s;
	int fd = own_executable();

	(void)state;
	assert_int_equal(bt_elf_symbol_find(fd, "bt_test_exported", "libcmocka", &s), 0);
	assert_true(s.found);
	assert_int_equal(s.size, sizeof(bt_test_exported));
	/* Linked and loaded addresses differ by whole pages. */
	assert_int_equal((s.value - (uintptr_t)bt_test_exported) % 4096, 0);
	close(fd);
}

static void a_needed_library_is_told(void **state)
{
	struct bt_elf_symbol s;
	int fd = own_executable();

	(void)state;
	assert_int_equal(bt_elf_symbol_find(fd, "no_such_symbol", "libcmocka", &s), 0);
	assert_false(s.found);
	assert_true(s.needs);
	assert_int_equal(bt_elf_symbol_find(fd, "no_such_symbol", "libnone", &s), 0);
	assert_false(s.needs);
	/* A symbol that is used here and defined elsewhere. */
	assert_int_equal(bt_elf_symbol_find(fd, "malloc", "libnone", &s), 0);
	assert_false(s.found);
	close(fd);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	struct bt_elf_symbol s;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_int_equal(bt_elf_symbol_find(fd, "x", "y", &s), -ENOEXEC);
	assert_false(s.found || s.needs);
	close(fd);
	fd = open("/", O_RDONLY | O_CLOEXEC);
	assert_int_equal(bt_elf_symbol_find(fd, "x", "y", &s), -ENOEXEC);
	close(fd);
}

/* Its own executable with bytes changed and the end cut off; most changes are in the heads and tables. */
static void broken_files_do_no_harm(void **state)
{
	int original = own_executable(), copy = memfd_create("broken", MFD_CLOEXEC);
	uint64_t seed = 20261122;
	struct stat status;
	unsigned char *bytes;
	unsigned int read = 0;

	(void)state;
	assert_int_equal(fstat(original, &status), 0);
	size_t size = (size_t)status.st_size;
	bytes = malloc(size);
	assert_non_null(bytes);
	for (int round = 0; round < 300; round++) {
		size_t kept = unit_random(&seed) % 4 ? size : unit_random(&seed) % (size + 1);
		struct bt_elf_symbol s;

		assert_int_equal(pread(original, bytes, size, 0), size);
		for (int i = 0; i < 20; i++) {
			uint64_t dice = unit_random(&seed);
			/* The head, the first tables, the section headers at the end, or anywhere. */
			size_t range = dice % 4 == 0 ? 64 : dice % 4 == 1 ? 4096 : size;
			size_t at = (size_t)(dice >> 16) % range;

			if (dice % 4 == 2)
				at = size - 1 - at % 4096;
			bytes[at] = (unsigned char)(dice >> 8);
		}
		/* Otherwise hardly any would get past the magic number. */
		memcpy(bytes, "\177ELF\2\1\1", 7);
		assert_int_equal(ftruncate(copy, 0), 0);
		assert_int_equal(pwrite(copy, bytes, kept, 0), kept);
		read += !bt_elf_symbol_find(copy, "bt_test_exported", "libcmocka", &s);
	}
	assert_true(read > 0);
	free(bytes);
	close(copy);
	close(original);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_symbol_has_its_size_and_place),
	    cmocka_unit_test(a_needed_library_is_told),
	    cmocka_unit_test(what_is_no_elf_file_is_refused),
	    cmocka_unit_test(broken_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
