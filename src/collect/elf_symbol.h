/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an ELF file says of one symbol, through libelf. The file is a stranger's: anything may be in it. */
#ifndef BOUNDTOP_COLLECT_ELF_SYMBOL_H
#define BOUNDTOP_COLLECT_ELF_SYMBOL_H

#include <stdbool.h>
#include <stdint.h>

struct bt_elf_symbol {
	bool found;     /* defined here, with a size */
	bool needs;     /* not found, but a library is needed whose name begins as asked for */
	bool fixed;     /* loaded where it was linked to: ET_EXEC */
	uint64_t value; /* address as linked */
	uint64_t size;  /* bytes */
	uint64_t begin; /* address as linked of the file's first byte in memory */
};

/*
 * Looks name up among the dynamic symbols of the file that fd is open on. library: the beginning of a needed
 * library's name. Returns 0 and fills *out, or -ENOEXEC: no ELF file, or a malformed one.
 */
int bt_elf_symbol_find(int fd, const char *name, const char *library, struct bt_elf_symbol *out);

#endif
