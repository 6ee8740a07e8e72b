#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that live milliseconds, between two refreshes, are counted, each of them."""

import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema  # noqa: E402
from systest.workloads import Workload  # noqa: E402

COUNT = 20000
REHEARSAL = 1000
CPU_US = 1000
PARALLEL = 4


def seconds_for(count):
    """How long this machine takes, now."""
    with Workload("spawn", count, CPU_US, PARALLEL) as spawner:
        started = time.monotonic()
        spawner.go()
        spawner.expect("done")
        return time.monotonic() - started


class EveryoneCounted(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def test_twenty_thousand(self):
        interval = round(seconds_for(REHEARSAL) * COUNT / REHEARSAL * 1.3 + 2)
        with Workload("spawn", COUNT, CPU_US, PARALLEL) as spawner:
            with product.Running("top", "-b", "-n", 2, "-d", interval, "--json") as top:
                first = schema.parse(top.lines.next())
                spawner.go()
                truth = spawner.expect("done")
                finished = time.monotonic()
                line = top.lines.next()
                report.note(f"the spawner ended {time.monotonic() - finished:.1f} s before the second frame; "
                            f"interval {interval} s")
                result = top.finish()
        self.assertEqual((0, b""), (result.status, result.out))
        self.assertEqual([], self.ours(first, spawner.pid))
        frame = schema.parse(line)
        ended = self.ours(frame, spawner.pid)
        seconds = sum(process["oncpu_s"] for process in ended)
        report.note(f"{len(ended)} of {truth['count']} counted; CPU {seconds:.3f} s, times(2) {truth['times_s']} s, "
                    f"getrusage {truth['rusage_s']} s; loss {frame['loss']}")
        self.assertEqual({}, schema.losses(frame))
        self.assertEqual(COUNT, len(ended))
        self.assertEqual(COUNT, len({(process["pid"], process["start_time"]) for process in ended}))
        self.assertLessEqual(abs(seconds / truth["times_s"] - 1), 0.01)
        for process in ended[:: COUNT // 200]:
            schema.check_process(process)

    def ours(self, frame, parent):
        return [process for process in frame["processes"]
                if process["exited"] and process["comm"] == "bt-short" and process["ppid"] == parent]

    def test_programs_that_are_executed(self):
        """Not only forks: these get a new program, and with it a new name, before they end."""
        count = 500
        program = self.folder.file("bt-executed")
        shutil.copy("/bin/true", program)
        script = f'read go; i=0; while [ $i -lt {count} ]; do {program}; i=$((i+1)); done; echo done'
        shell = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(shell.stdout.close)
        self.addCleanup(shell.kill)
        with product.Running("classify", "--json", "-d", 6, "-a") as boundtop:
            boundtop.await_attached()
            shell.communicate(b"go\n", timeout=60)
            self.assertIsNone(boundtop.process.poll(), "the window ended before the shell did")
            result = boundtop.finish()
        self.assertEqual(0, result.status, result.err)
        frame = schema.check_frame(schema.parse(result.out))
        ended = [process for process in frame["processes"] if process["comm"] == "bt-executed"]
        self.assertEqual({}, schema.losses(frame))
        self.assertEqual(count, len(ended))
        self.assertTrue(all(process["exited"] for process in ended))


if __name__ == "__main__":
    report.main()
