#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Threads of Java's that wait for a monitor or a lock of java.util.concurrent, told from those that wait for work.

The program measures itself how long each of its threads took to get its lock; the virtual machine says which ones it
holds to be blocked. Who holds a lock sleeps, so that a busy machine changes nothing. The twins beside them, in the same
process: Object.wait(), a SynchronousQueue, a CountDownLatch, a pool without work.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, workloads  # noqa: E402

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "workloads", "Locks.java")
LOCKS = ("monitor", "fair", "write", "unfair", "barged")
WORK = ("waiter", "notifier", "taker", "giver", "latch", "pool", "C1", "C2")


def newer():
    """Virtual machines beside the one that is the default."""
    folder = "/usr/lib/jvm"
    found = {os.path.realpath(f"{folder}/{name}/bin/java") for name in (os.listdir(folder) if os.path.isdir(folder) else ())}
    found.discard(os.path.realpath(shutil.which("java")))
    return sorted(path for path in found if os.access(path, os.X_OK))


class Program:
    """Locks.java, running: what its threads have waited, in seconds, by name."""

    def __init__(self, folder, java, *options):
        command = [java, "-Xmx64m", *options, "-cp", folder, "Locks"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.lines = workloads.Lines(self.process.stdout.fileno())
        self.states = {}
        self.told()

    def told(self):
        words = [word.split("=") for word in self.lines.next().decode().split()[1:]]
        self.states = {name: state for name, _, state in words}
        return {name: int(ns) / 1e9 for name, ns, _ in words}

    def ask(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return self.told()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Java(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        if not shutil.which("javac"):
            raise report.CannotRun("no Java compiler", "nothing to run")
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        subprocess.run(["javac", "-d", cls.folder.path, SOURCE], check=True)

    def check(self, java, *options, objects=True):
        program = Program(self.folder.path, java, *options)
        try:
            before, began = program.ask(), time.monotonic()
            frame = product.run_json("classify", "-d", "1.2", "--json", "--threads", program.pid)
            after, took = program.ask(), time.monotonic() - began
        finally:
            program.stop()
        process = product.find(frame, program.pid)
        seconds = {thread["comm"]: thread["share"]["lock"] * thread["wall_s"] for thread in process["thread_list"]}
        starved = {thread["comm"]: thread["share"]["run-queue"] * thread["wall_s"] for thread in process["thread_list"]}
        waited = {name: after[name] - before[name] for name in after}
        of_interest = LOCKS if objects else ("monitor", "unfair")
        for name, lock_s in sorted(seconds.items()):
            if name.startswith(of_interest) and name in waited:
                report.note(f"{name}: lock {lock_s:.2f} s, by its own watch {waited[name]:.2f} s, {program.states[name]}")
                # Its watch ran on while boundtop was started and ended, and while the thread waited for a CPU.
                self.assertLessEqual(lock_s, waited[name] + 0.05, name)
                self.assertGreater(lock_s + starved[name], waited[name] - (took - frame["duration_s"]) - 0.1, name)
            elif name.startswith(WORK):
                self.assertLess(lock_s, 0.05, name)
        # All who wait for one monitor are seen to wait for the same thing.
        blocked = [name for name in seconds if name.startswith("unfair") and seconds[name] > 0.6]
        objects = {name: thread["waits"][0]["target"] for thread in process["thread_list"]
                   for name in [thread["comm"]] if name in blocked}
        self.assertGreaterEqual(len(objects), 2, seconds)
        self.assertEqual(1, len(set(objects.values())), objects)

    def test_locks_and_work(self):
        self.check("java", "-XX:+UseSerialGC")

    def test_other_objects(self):
        """References of 8 bytes, classes of 8 bytes, objects that are moved all the time."""
        self.check("java", "-XX:+UseG1GC", "-XX:-UseCompressedOops")
        self.check("java", "-XX:+UseParallelGC", "-XX:-UseCompressedClassPointers")

    def test_other_versions(self):
        for java in newer():
            with self.subTest(java):
                self.check(java, "-XX:+UseSerialGC")
                # Its references are coloured, and what they lead to is not looked at.
                self.check(java, "-XX:+UseZGC", objects=False)

    def test_from_the_start(self):
        """boundtop is there first, and hears of each thread when that first waits."""
        said, reported = self.folder.file("said"), self.folder.file("report")
        command = ["java", "-Xmx64m", "-XX:+UseSerialGC", "-cp", self.folder.path, "Locks", "1"]
        with open(said, "wb") as output:
            subprocess.run([paths.boundtop(), "run", "--json", "-o", reported, "--", *command], stdout=output, timeout=100, check=True)
        with open(said, encoding="ascii") as file:
            last = [word.split("=") for word in file.read().splitlines()[-1].split()[1:]]
        waited = sum(int(ns) for name, ns, _ in last if name.startswith(LOCKS)) / 1e9
        with open(reported, encoding="utf-8") as file:
            summary = json.loads(file.readline())
        total = summary["total"]
        lock_s, starved_s = (total["share"][state] * total["wall_s"] for state in ("lock", "run-queue"))
        report.note(f"from its start: lock {lock_s:.2f} s, run queue {starved_s:.2f} s, by its own watch {waited:.2f} s")
        self.assertLess(lock_s, waited + 0.5)
        self.assertGreater(lock_s, 0.8 * (waited - starved_s))


if __name__ == "__main__":
    report.main()
