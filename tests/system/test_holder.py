#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which thread keeps the others from a lock: one that has it for long, and in the twin each as long as the others.

The witness is schedstat: whoever has the lock computes, the others do not.
"""

import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import product, report, workloads  # noqa: E402
from systest.workloads import Workload  # noqa: E402

# A regular expression that goes back over and over again: in C, and with the lock, for a tenth of a second. Each letter
# more doubles it.
LETTERS = 16 if product.IS_EMULATED else 20
# Starting boundtop takes more than a second there, with a CPU that the threads under test lack, and schedstat sees that.
GREEDY_S = 6 if product.IS_EMULATED else 1
PYTHON = """
import ctypes, re, threading
def spin():
    n = 0
    while True:
        n += 1
def match():
    ctypes.CDLL(None).prctl(15, b"greedy", 0, 0, 0)
    while True:
        re.match(r"(a*)*b", {letters} * "a")
for work in ({works}):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""


class Python:
    def __init__(self, works):
        self.process = subprocess.Popen([sys.executable, "-c", PYTHON.format(works=works, letters=LETTERS)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, preexec_fn=workloads.favour)
        self.pid = self.process.pid

    def __enter__(self):
        try:
            workloads.Lines(self.process.stdout.fileno()).next()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def computed(pid):
    """{TID: seconds on the CPU}"""
    seconds = {}
    for tid in workloads.threads_of(pid):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as file:
            seconds[tid] = int(file.read().split()[0]) / 1e9
    return seconds


class Holder(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()

    def holder(self, pid, cause, seconds):
        """What boundtop says, and the part of the CPU time that this thread had, by schedstat."""
        before = computed(pid)
        process = product.classify(pid, seconds)
        after = computed(pid)
        wait = next(wait for wait in process["waits"] if wait["cause"] == cause)
        holder = wait["holder"]
        self.assertIsNotNone(holder, process["waits"])
        spent = {tid: after[tid] - before[tid] for tid in after}
        report.note(f"{process['evidence']}; schedstat: {spent[holder['tid']] / sum(spent.values()):.2f}")
        if process["verdict"] in ("lock-bound", "cpu-bound"):
            self.assertIn(f"thread {holder['tid']} (", process["evidence"] + str(process["advice"]))
        return holder, spent[holder["tid"]] / sum(spent.values())

    def judge(self, pid, cause, greedy):
        # Whoever has the lock while the host takes our CPUs away has it for long: in a longer time, each has it then.
        holder, spent = self.holder(pid, cause, GREEDY_S if greedy else 4)
        if greedy:
            self.assertEqual("greedy", holder["comm"])
            self.assertGreater(holder["share"], 0.5)
            self.assertGreater(spent, 0.5)
        else:
            self.assertLess(spent, 0.5)
            self.assertLess(holder["share"], 0.5)

    def test_interpreters_lock(self):
        with Python("match, spin, spin") as script:
            self.judge(script.pid, "gil", True)
        with Python("spin, spin, spin") as script:
            self.judge(script.pid, "gil", False)

    def test_mutex(self):
        with Workload("mutex", 4, "greedy") as threads:
            self.judge(threads.pid, "lock", True)
        with Workload("mutex", 4, "fair") as threads:
            self.judge(threads.pid, "lock", False)


if __name__ == "__main__":
    report.main()
