#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The sampling collector on labelled workloads, as root and as a plain user on its own processes.

The label is confirmed by schedstat over the same stretch of time; where the machine did not let a workload be what
it stands for, there is nothing to judge.
"""

import os
import pwd
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import judge, paths, product, report, witness  # noqa: E402
from systest.workloads import Workload  # noqa: E402

NOBODY = pwd.getpwnam("nobody")
WINDOW_S = 1.5
TICK_S = 0.01  # at CONFIG_HZ=100, the slowest


class Sampling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.public = cls.folder.public_copy(paths.boundtop())

    def ask(self, pids, prefix=()):
        done = subprocess.run([*prefix, self.public, "classify", "--collector", "procfs", "--json", "-d", str(WINDOW_S),
                               *map(str, pids)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        frame = product.schema.check_frame(product.schema.parse(done.stdout))
        self.assertEqual(("procfs", False), (frame["collector"], frame["exact"]))
        return frame

    def judge(self, labels, prefix=()):
        """{pid: (verdict, cause, what schedstat has to say)}, all beside each other."""
        windows = [witness.Window(pid) for pid in labels]
        frame = self.ask(labels, prefix)
        judged = right = 0
        for window in windows:
            window.close()
            verdict, cause, label = labels[window.pid]
            process = product.find(frame, window.pid)
            self.assertIsNone(process["share"]["cpu-quota"])
            if not label(window):
                continue
            judged += 1
            hit = (process["verdict"], process["cause"]) == (verdict, cause)
            right += hit
            report.note(f"{'' if hit else 'MISS: '}{verdict}/{cause}: {process['verdict']}/{process['cause']}, "
                        f"confidence {process['confidence']:.2f}")
            if not hit:
                self.assertLess(process["confidence"], 0.9)
        self.assertGreaterEqual(right, 0.9 * judged)

    def test_labelled_workloads(self):
        with (Workload("hog") as hog, Workload("pipe", "sleep", "fast") as idle, Workload("pipe", "fast", "sleep") as full,
              Workload("sleeper", 100000) as sleeper, Workload("waiter") as waiter,
              Workload("disk", self.folder.file("read"), "direct", realtime=True) as reader):
            self.judge({
                hog.pid: ("cpu-bound", "user", judge.on_cpu),
                idle.facts["reader"]: ("idle", "event", judge.idle),
                idle.facts["writer"]: ("idle", "sleep", judge.idle),
                full.facts["writer"]: ("io-bound", "ipc", judge.off_cpu),
                sleeper.pid: ("idle", "sleep", judge.idle),
                waiter.pid: ("idle", "child", judge.idle),
                reader.pid: ("io-bound", "disk", judge.off_cpu),
            })

    def test_plain_user(self):
        """All processes have a verdict, and its own a cause that was seen."""
        prefix = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]
        sleeper = subprocess.Popen([*prefix, "sleep", "100"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        with Workload("sleeper", 100000) as other:
            frame = self.ask([sleeper.pid, other.pid], prefix)
        own = product.find(frame, sleeper.pid)
        self.assertEqual(("idle", "sleep", "nobody"), (own["verdict"], own["cause"], own["user"]))
        self.assertEqual("clock_nanosleep", own["waits"][0]["syscall"])
        self.assertEqual("idle", product.find(frame, other.pid)["verdict"])


if __name__ == "__main__":
    report.main()
