#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The library of the system tests: what it lets pass, the others can not find."""

import copy
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import report, schema, witness, workloads  # noqa: E402

SHARE = {**dict.fromkeys(schema.MICROSTATES, 0.0), "user": 0.9, "sleep": 0.1}
BURST = {"count": 0, "p50_us": None, "p90_us": None, "p99_us": None}
PROCESS = {
    "pid": 7, "ppid": 1, "start_time": 5, "kind": "user", "state": "S", "nice": 0, "comm": "x", "cmdline": "x y",
    "user": "root", "cgroup": "/", "container": None, "threads": 1, "exited": False, "verdict": "cpu-bound", "cause": "user",
    "runner_up": None, "confidence": 0.9, "active": 0.9, "cpus": 0.9, "share": SHARE,
    "group_share": {"cpu": 1.0, "starved": 0, "io": 0, "lock": 0}, "waits": [], "rss_bytes": 1, "cpu_time_s": 1,
    "io": None, "residual": 0.0, "switches": {"voluntary": 1, "involuntary": 0},
    "bursts": {"cpu": BURST, "io": BURST}, "advice": [], "wall_s": 1.0, "oncpu_s": 0.9}
FRAME = {"schema": 1, "version": "0.1.0", "collector": "bpf", "exact": True, "time": "2024-01-01T00:00:00Z",
         "duration_s": 1.0, "cpus_online": 2, "loss": {"tasks": 0, "exits": 0}, "overhead": {"cpu_s": 0.0},
         "processes": [PROCESS]}

STRACE = """\
100 read(0<pipe:[5]>,  <unfinished ...>
101 futex(0x1, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 <0.250000>
100 <... read resumed>"x", 10) = 1 <0.500000>
100 recvfrom(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, "q", 1, 0, NULL, NULL) = 1 <0.125000>
100 pread64(4</var/tmp/a b>, "", 65536, 0) = 65536 <0.062500>
100 --- SIGSTOP {si_signo=SIGSTOP} ---
100 clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=1, tv_nsec=0}, NULL) = 0 <1.000000>
102 restart_syscall(<... resuming interrupted read ...>) = 0 <0.031250>
103 wait4(-1,  <detached ...>
"""


class Library(unittest.TestCase):
    def test_strace_is_summed(self):
        self.assertEqual({("read", "pipe"): 0.5, ("futex", ""): 0.25, ("recvfrom", "TCP"): 0.125,
                          ("pread64", "file"): 0.0625, ("clock_nanosleep", ""): 1.0, ("restart_syscall", ""): 0.03125,
                          ("wait4", ""): 2.0}, witness.sum_traced(STRACE, 2.0))

    def test_facts(self):
        self.assertEqual({"pids": [4, 5], "port": 80, "s": 0.5}, workloads.parse_facts("ready pids=4,5 port=80 s=0.5"))

    def test_good_frame(self):
        schema.check_frame(copy.deepcopy(FRAME))

    def refuse(self, change):
        frame = copy.deepcopy(FRAME)
        change(frame, frame["processes"][0])
        with self.assertRaises(schema.SchemaError):
            schema.check_frame(frame)

    def test_missing_fields(self):
        for name in schema.HEAD:
            self.refuse(lambda frame, process, name=name: frame.pop(name))
        for name in schema.PROCESS:
            self.refuse(lambda frame, process, name=name: process.pop(name))

    def test_wrong_values(self):
        for key, value in {"pid": 0, "exited": 0, "comm": "a\033b", "cmdline": "a\nb", "verdict": "busy",
                           "cause": "cpu", "confidence": 1.5, "threads": True, "kind": "thread"}.items():
            self.refuse(lambda frame, process, key=key, value=value: process.update({key: value}))

    def test_shares(self):
        self.refuse(lambda frame, process: process["share"].update(user=0.8))
        self.refuse(lambda frame, process: process["share"].pop("gil"))
        self.refuse(lambda frame, process: process["share"].update(user=None, system=None, disk=0.1))
        frame = copy.deepcopy(FRAME)
        frame["processes"][0]["share"].update(user=None, system=None)
        schema.check_frame(frame)

    def test_duplicates(self):
        self.refuse(lambda frame, process: frame["processes"].append(process))

    def test_strict_json(self):
        for text in (b'{"a": NaN}', b'{"a": 1, "a": 2}', b'{"a": "\xff"}', b"{} {}"):
            with self.assertRaises((schema.SchemaError, ValueError)):
                schema.parse(text)


if __name__ == "__main__":
    report.main()
