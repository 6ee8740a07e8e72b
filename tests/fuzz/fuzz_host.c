/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's files about the host: the first byte says which one the rest is taken for. */
#include "host_parse.h"

#include "fuzz.h"

static bool any_disk(const char *name, void *context)
{
	FUZZ_ASSERT(memchr(name, '\0', sizeof(((struct bt_host_disk *)0)->name)));
	return *(int *)context & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	int which = (int)fuzz_take(&in, 1);
	struct bt_host_sample sample = {0};
	struct bt_host_pressure pressure;
	struct bt_host_cgroup group;
	struct bt_cgroup_mount mount;
	struct bt_host_vm vm;
	uint64_t number;
	/* Not terminated, and as long as it is: reading beyond its end is seen. */
	char *text = malloc(in.size);

	if (in.size)
		memcpy(text, in.data, in.size);
	switch (which % 8) {
	case 0:
		bt_host_parse_stat(text, in.size, which & 0x80 ? 100 : 1000, &sample);
		break;
	case 1:
		bt_host_parse_vmstat(text, in.size, &vm);
		break;
	case 2:
		bt_host_parse_pressure(text, in.size, &pressure);
		break;
	case 3:
		bt_host_parse_disks(text, in.size, which & 0x80 ? any_disk : NULL, &which, &sample);
		break;
	case 4:
		bt_host_parse_number(text, in.size, &number);
		break;
	case 5:
		bt_host_parse_cpu_max(text, in.size, &group);
		break;
	case 6:
		bt_host_parse_cpu_stat(text, in.size, &group);
		break;
	default:
		if (bt_host_parse_mountinfo(text, in.size, &mount))
			FUZZ_ASSERT(memchr(mount.path, '\0', sizeof(mount.path)));
	}
	bt_host_sample_free(&sample);
	free(text);
	return 0;
}
