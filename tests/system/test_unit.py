#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The systemd unit, started by a systemd: records with what the unit leaves it, ends, is started again, goes on.

Only in a virtual machine of tests/vm, as a systemd wants to be the first process.
"""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import product, report, schema  # noqa: E402
from systest.trouble import read  # noqa: E402
from systest.workloads import Workload  # noqa: E402

UNIT = "boundtop-record.service"
RECORDING = "/var/lib/boundtop/rec.db"
PATIENCE_S = 60


def systemctl(*words, statuses=(0,)):
    done = subprocess.run(["systemctl", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode not in statuses:
        raise AssertionError(f"systemctl {' '.join(words)} ended with {done.returncode}: {done.stdout}")
    return done.stdout.strip()


def shown(name):
    return systemctl("show", "-P", name, UNIT)


def rows(query):
    with contextlib.closing(sqlite3.connect(f"file:{RECORDING}?mode=rw", uri=True)) as db:
        return db.execute(query).fetchall()


def await_more_than(count):
    deadline = time.monotonic() + PATIENCE_S
    frames = 0
    while frames <= count:
        if time.monotonic() > deadline:
            raise AssertionError(f"{frames} frames, not more than {count}: {systemctl('status', UNIT, statuses=range(9))}")
        time.sleep(0.1)
        with contextlib.suppress(sqlite3.OperationalError):
            frames = rows("SELECT count(*) FROM frame")[0][0]
    return frames


class Unit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        if read("/proc/1/comm") != "systemd\n":
            raise report.CannotRun("no systemd", "it is not the first process: tests/vm/run.py --systemd --tests unit 6.12")

    def test_unit(self):
        systemctl("start", UNIT)
        self.addCleanup(systemctl, "stop", UNIT)
        # Files of others have names, although the unit has its own /tmp and cannot write to /sys.
        with Workload("disk", "/var/tmp/read", "direct") as reader:
            frames = await_more_than(3)
            self.assertIn(("/var/tmp/read", "vdb"), rows(
                "SELECT n.text, d.text FROM object o JOIN string n ON n.id = o.name JOIN string d ON d.id = o.device "
                f"JOIN process p ON p.id = o.process WHERE p.pid = {reader.pid}"))
        pid = int(shown("MainPID"))
        status = dict(line.split(":\t", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":\t" in line)
        # What the unit takes away is gone, and what the program needs only to begin with, too.
        self.assertEqual("1", status["NoNewPrivs"])
        self.assertEqual("2", status["Seccomp"])
        self.assertEqual({"sys_ptrace": 19, "dac_read_search": 2, "checkpoint_restore": 40},
                         {name: bit for name, bit in (("sys_ptrace", 19), ("dac_read_search", 2), ("checkpoint_restore", 40),
                                                      ("bpf", 39), ("perfmon", 38), ("sys_admin", 21), ("dac_override", 1))
                          if int(status["CapEff"], 16) & 1 << bit})
        self.assertEqual((0o700, 0o600), tuple(os.stat(path).st_mode & 0o777 for path in (os.path.dirname(RECORDING), RECORDING)))
        self.assertLess(int(shown("MemoryCurrent")), 200 << 20)
        report.note(f"memory {int(shown('MemoryCurrent')) >> 20} MiB, RSS {status['VmRSS'].split()[0]} kB, tasks {shown('TasksCurrent')}")

        # By whoever it was killed, it is started again and goes on with its file, as another session.
        os.kill(pid, signal.SIGKILL)
        frames = await_more_than(max(frames, rows("SELECT max(id) FROM frame")[0][0]))
        self.assertNotEqual(pid, int(shown("MainPID")))
        self.assertEqual("1", shown("NRestarts"))
        self.assertEqual([(1,), (2,)], rows("SELECT id FROM session"))

        systemctl("stop", UNIT)
        self.assertEqual(("inactive", "success", "0"), (shown("ActiveState"), shown("Result"), shown("ExecMainStatus")))
        self.assertEqual([os.path.basename(RECORDING)], os.listdir(os.path.dirname(RECORDING)))
        replayed = product.run("replay", RECORDING, "classify", "-a", "--json")
        self.assertEqual(0, replayed.status, replayed.err)
        frame = schema.parse(replayed.out)
        self.assertEqual(("bpf", True), (frame["collector"], frame["exact"]))
        init = product.find(frame, 1)
        self.assertEqual(("systemd", "root"), (init["comm"], init["user"]))
        self.assertIn("systemd", init["cmdline"])


if __name__ == "__main__":
    report.main()
