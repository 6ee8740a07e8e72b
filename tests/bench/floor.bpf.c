/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The least that any tool pays which wants to see context switches: a program that does nothing. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_switch")
int floor_switch(void *ctx)
{
	return 0;
}
