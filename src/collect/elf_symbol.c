/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf_symbol.h"

#include <errno.h>
#include <string.h>

#include <gelf.h>
#include <libelf.h>

static void symbols_search(Elf *elf, Elf_Scn *section, const GElf_Shdr *head, const char *name,
			   struct bt_elf_symbol *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Sym symbol;

	for (int i = 0; data && gelf_getsym(data, i, &symbol); i++) {
		const char *found = elf_strptr(elf, head->sh_link, symbol.st_name);

		if (!found || symbol.st_shndx == SHN_UNDEF || !symbol.st_size || strcmp(found, name) != 0)
			continue;
		out->found = true;
		out->value = symbol.st_value;
		out->size = symbol.st_size;
		return;
	}
}

static void needed_search(Elf *elf, Elf_Scn *section, const GElf_Shdr *head, const char *library,
			  struct bt_elf_symbol *out)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Dyn entry;

	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++) {
		const char *needed;

		if (entry.d_tag != DT_NEEDED)
			continue;
		needed = elf_strptr(elf, head->sh_link, (size_t)entry.d_un.d_val);
		if (needed && !strncmp(needed, library, strlen(library)))
			out->needs = true;
	}
}

/* The mapping of the file's first byte. */
static void begin_search(Elf *elf, struct bt_elf_symbol *out)
{
	size_t count = 0;

	if (elf_getphdrnum(elf, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
		    segment.p_offset == 0) {
			out->begin = segment.p_vaddr;
			return;
		}
	}
}

int bt_elf_symbol_find(int fd, const char *name, const char *library, struct bt_elf_symbol *out)
{
	Elf_Scn *section = NULL;
	GElf_Ehdr head;
	Elf *elf;

	*out = (struct bt_elf_symbol){0};
	elf_version(EV_CURRENT);
	/* Read, not mapped: a file that is cut short meanwhile would end us. */
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return -ENOEXEC;
	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &head)) {
		elf_end(elf);
		return -ENOEXEC;
	}
	out->fixed = head.e_type == ET_EXEC;
	begin_search(elf, out);
	while (!out->found && (section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (!gelf_getshdr(section, &header))
			continue;
		if (header.sh_type == SHT_DYNSYM)
			symbols_search(elf, section, &header, name, out);
		else if (header.sh_type == SHT_DYNAMIC)
			needed_search(elf, section, &header, library, out);
	}
	elf_end(elf);
	return 0;
}
