#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each finding of `diagnose` on trouble that is made for real, with a witness; silence where there is none.

What changes the whole machine (swap, memory that is used up, the clock) is in test_whole_host.py, which runs in virtual machines.
"""

import contextlib
import os
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, witness, workloads  # noqa: E402
from systest.trouble import SEVERITIES, cgroup, child, diagnose, functions_of, python, quota_set, read, slow_answers, stuck_writer, write  # noqa: E402
from systest.workloads import Workload  # noqa: E402

ATTEMPTS = 4
# Of what is counted from before boundtop starts until it has ended: to start takes an emulated machine more than a second.
WINDOW_S = 8 if product.IS_EMULATED else 2
# Findings about work for one CPU while others are idle: with other work on the machine there is none.
IDLE_NEEDED = {"cpu-pinned", "cpu-one-thread"}
# As many functions of a stack are said.
STACK_FUNCTIONS = 4
CPUS = len(os.sched_getaffinity(0))

ZOMBIES = """
import os, sys, time
for i in range(120):
    if os.fork() == 0:
        os._exit(0)
print("ready", flush=True)
time.sleep(600)
"""
# Grows by ten threads a second.
GROWTH = """
import threading, time
print("ready", flush=True)
while True:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    time.sleep(0.1)
"""
GIL = """
import threading
def spin():
    while True:
        pass
for i in range(4):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""
# Each asks the next, and only the last does anything (it works for 30 ms); told by their arguments apart.
CHAIN = """
import os, time
def stage(ask, answer, inner):
    while os.read(ask, 1):
        if inner:
            os.write(inner[0], b"x")
            os.read(inner[1], 1)
        else:
            end = time.monotonic() + 0.03
            while time.monotonic() < end:
                pass
        os.write(answer, b"x")
def serve(depth):
    ask, answer = os.pipe(), os.pipe()
    if os.fork() == 0:
        stage(ask[0], answer[1], serve(depth - 1) if depth else None)
    return ask[1], answer[0]
head = serve(1)
print("ready", flush=True)
while True:
    os.write(head[0], b"x")
    os.read(head[1], 1)
"""
POOL = """
import queue, threading, time
jobs = queue.Queue()
def work():
    while True:
        jobs.get()
        sum(range(2000))
for i in range(8):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
while True:
    jobs.put(1)
    time.sleep(0.02)
"""


def throttling(path):
    words = read(f"{path}/cpu.stat").split()
    fields = dict(zip(words[::2], map(int, words[1::2])))
    return fields["nr_periods"], fields["nr_throttled"]


def others_cpus(ours, began, ended):
    """CPUs that the machine used beside those; began, ended: (time, busy ticks)."""
    tick = os.sysconf("SC_CLK_TCK")
    return (ended[1] - began[1]) / tick / (ended[0] - began[0]) - ours


def busy_mark():
    fields = list(map(int, read("/proc/stat").split()[1:9]))
    return time.monotonic(), sum(fields) - fields[3] - fields[4]


def iowait_mark():
    """Time, and how long CPUs have been idle with somebody's request on its way."""
    return time.monotonic(), int(read("/proc/stat").split()[5]) / os.sysconf("SC_CLK_TCK")


class Diagnose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def finding(self, found, name, pid=None, severity="info"):
        """The finding of that id that is about that process, at least of that severity."""
        for finding in found["findings"]:
            if finding["id"] == name and (pid is None or pid in [s.get("pid") for s in finding["subjects"]]):
                self.assertGreaterEqual(SEVERITIES.index(finding["severity"]), SEVERITIES.index(severity), finding)
                return finding
        return self.fail(f"no {name} about {pid} in {[(f['id'], f['subjects']) for f in found['findings']]}")

    def look(self, seconds, name, pid, severity, ours):
        """As finding(). Looked at again where others want the CPUs, too, beside the ours that this trouble takes."""
        for attempt in range(ATTEMPTS):
            began = busy_mark()
            found = diagnose(seconds)
            others = others_cpus(ours, began, busy_mark())
            if others < 0.3 or attempt == ATTEMPTS - 1 or any(f["id"] == name for f in found["findings"]):
                break
        if others >= 0.3 and name in IDLE_NEEDED:
            report.note(f"others used {others:.1f} CPUs all the time: none was idle")
            return found, None
        return found, self.finding(found, name, pid, severity)

    def test_several_at_once(self):
        """What does not disturb each other, in one window."""
        with contextlib.ExitStack() as stack:
            group = stack.enter_context(cgroup(10000))
            held = stack.enter_context(Workload("hog", 2))
            write(f"{group}/cgroup.procs", held.pid)
            stuck, path = stack.enter_context(stuck_writer())
            zombies = stack.enter_context(python(ZOMBIES))
            growth = stack.enter_context(python(GROWTH))
            slow = stack.enter_context(slow_answers(0.15))
            before = throttling(group)
            found = diagnose(5.5, "--exit-code", statuses=(4,))
            after = throttling(group)
            functions = functions_of(stuck)
            self.assertEqual("D", workloads.state_of(stuck, stuck))

        throttled = self.finding(found, "cgroup-throttled", held.pid, "warning")
        self.assertEqual("/" + os.path.basename(group), throttled["subjects"][0]["cgroup"])
        part = (after[1] - before[1]) / (after[0] - before[0])
        self.assertAlmostEqual(part, throttled["evidence"]["throttled_part"], delta=0.1)
        self.assertAlmostEqual(0.1, throttled["evidence"]["quota_cpus"])
        in_d = self.finding(found, "stuck-in-d", stuck, "critical")
        self.assertIn(path, in_d["text"])
        self.assertIn("write of", in_d["text"])
        self.assertEqual(120, self.finding(found, "zombies", zombies.pid, "warning")["evidence"]["zombies"])
        threads = self.finding(found, "threads-grow", growth.pid, "warning")["evidence"]
        self.assertGreater(threads["threads_at_end"], threads["threads_at_begin"])
        self.finding(found, "network-waits", slow, "warning")
        with self.subTest("stack"):
            if not functions:
                raise report.CannotRun("no stacks in /proc", "they are the witness")
            said = re.search(r" \[([^]]*)\]", in_d["text"]).group(1).split(" < ")
            self.assertGreater(len(said), 1)
            self.assertEqual(functions[:STACK_FUNCTIONS], said)

    def test_throttled_before(self):
        """A quota that is too small, then none; in the window one that suffices: the counters go on where they were."""
        with cgroup(10000) as group, Workload("hog", 1) as hog:
            write(f"{group}/cgroup.procs", hog.pid)
            time.sleep(0.6)
            quota_set(group, None)
            before = throttling(group)
            timer = threading.Timer(2.5, quota_set, (group, 1000000))
            timer.start()
            found = diagnose(4)
            timer.join()
            after = throttling(group)
        report.note(f"(periods, throttled): {before}, {after}")
        self.assertGreater(before[1], 0)
        self.assertGreater(after[0], before[0] + 5)
        self.assertEqual(before[1], after[1])
        self.assertNotIn("cgroup-throttled", [f["id"] for f in found["findings"]])

    def test_locks(self):
        with Workload("mutex", 4, "shared") as convoy:
            _, lock = self.look(1.5, "lock-convoy", convoy.pid, "warning", 1)
            self.assertRegex(lock["subjects"][0]["object"], "^futex:0x")
        with python(GIL) as spinners:
            _, gil = self.look(1.5, "gil-fight", spinners.pid, "warning", 1)
            self.assertGreater(gil["evidence"]["threads_waiting"], 1)

    def test_file_lock(self):
        """Which file it is, of a wait that has not ended yet."""
        path = self.folder.file("lock")
        lock = f"import fcntl\nf = open({path!r}, 'w')\n"
        with python(lock + "fcntl.flock(f, fcntl.LOCK_EX)\nprint('ready', flush=True)\nimport time\ntime.sleep(600)"), \
                python(lock + "print('ready', flush=True)\nfcntl.flock(f, fcntl.LOCK_EX)") as waiter:
            workloads.await_state([waiter.pid], "S")
            held = self.finding(diagnose(1), "lock-convoy", waiter.pid)
        self.assertEqual(path, next(s["object"] for s in held["subjects"] if s["pid"] == waiter.pid))
        self.assertIn(path, held["text"])

    def test_chain(self):
        with python(CHAIN) as head:
            chain = self.finding(diagnose(1.5), "ipc-chain", head.pid)
            middle = witness.children_of(head.pid)[0]
            last = witness.children_of(middle)[0]
            self.assertEqual([head.pid, middle, last], [s["pid"] for s in chain["subjects"]])

    def test_cpus(self):
        with Workload("hogs", 4 * CPUS) as hogs, Workload("hog", comm="bt-victim", nice=5) as victim:
            found, neighbour = self.look(2, "cpu-neighbour", victim.pid, "warning", CPUS)
            self.finding(found, "cpu-saturated", severity="warning")
            self.assertEqual("cpu-bound", found["verdict"])
            self.assertIn(neighbour["subjects"][0]["pid"], witness.children_of(hogs.pid) + [hogs.pid])

    @unittest.skipIf(CPUS < 2, "a second CPU is needed to be idle")
    def test_one_core(self):
        with Workload("hog", 3, cpus="1"):
            self.look(2, "cpu-pinned", None, "warning", 1)
        with Workload("hog", 1) as hog:
            self.look(2, "cpu-one-thread", hog.pid, "info", 1)

    def test_fork_storm(self):
        with child(["bash", "-c", "echo ready; while :; do /bin/true; done"]) as shell:
            before = int(read("/proc/stat").split("processes ")[1].split()[0])
            began = time.monotonic()
            storm = self.finding(diagnose(WINDOW_S), "fork-storm", shell.pid)
            rate = (int(read("/proc/stat").split("processes ")[1].split()[0]) - before) / (time.monotonic() - began)
            self.assertAlmostEqual(rate, storm["evidence"]["processes_per_s"], delta=0.4 * rate)

    def test_disk(self):
        with Workload("disk", self.folder.file("read"), "direct") as reader:
            waits = self.finding(diagnose(1.5), "disk-waits", reader.pid)
            self.assertEqual(self.folder.file("read"), waits["subjects"][0]["object"])
            device = waits["subjects"][0]["device"]
            self.assertTrue(os.path.isdir(f"/sys/block/{device}"), device)
        with Workload("fsync", self.folder.file("write"), "sync") as writer:
            storm = self.finding(diagnose(1.5), "fsync-storm", writer.pid)
            self.assertIn("fsync of " + self.folder.file("write"), storm["text"])

    def test_iowait_without_a_disk(self):
        """A ring that waits for a pipe: the kernel calls that iowait, and it is the witness, too."""
        for _ in range(ATTEMPTS):
            with contextlib.ExitStack() as stack:
                rings = [stack.enter_context(Workload("ring", "idle", "plain")) for _ in range(2 * CPUS)]
                began = iowait_mark()
                found = diagnose(WINDOW_S)
                ended = iowait_mark()
            # Before and after its window boundtop has one CPU, and the others are in iowait as ever.
            beside = (ended[0] - began[0] - found["duration_s"]) if product.IS_EMULATED else 0
            part = (ended[1] - began[1] - beside * (CPUS - 1)) / (ended[0] - began[0] - beside) / CPUS
            if part > 0.35:
                break
        else:
            self.fail(f"others had the CPUs {ATTEMPTS} times, or this kernel counts no rings: {part:.2f} iowait")
        iowait = self.finding(found, "iowait-no-disk")
        self.assertIn(iowait["subjects"][0]["pid"], [ring.pid for ring in rings])
        self.assertEqual(len(rings), iowait["subjects"][0]["count"])
        self.assertAlmostEqual(part, iowait["evidence"]["iowait_part"], delta=0.1)
        self.assertEqual("info", iowait["severity"])
        self.assertNotEqual("disk-bound", found["verdict"])

    def test_harmless(self):
        """An idle server, a pool that is fed, one job after the other: nobody has trouble."""
        folder = self.folder.file("make")
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
            file.write("all: " + " ".join(f"t{i}" for i in range(1000)) + "\nt%:\n\t@sleep 0.1\n")
        with Workload("server", 0), python(POOL), \
                child(["sh", "-c", "echo ready; exec make -j1"], cwd=folder) as make:
            for _ in range(ATTEMPTS):
                began = busy_mark()
                found = diagnose(3)
                others = others_cpus(0.2, began, busy_mark())
                if others < 0.3:
                    break
        ours = {make.pid}
        for finding in found["findings"]:
            about = {subject.get("pid") for subject in finding["subjects"]}
            self.assertFalse(about & ours, finding)
        # What is left can only be the machine's own: the witness is /proc/stat.
        if others < 0.3:
            self.assertFalse([f for f in found["findings"] if f["severity"] != "info" and f["id"] != "cpu-steal"])
        else:
            report.note(f"others used {others:.1f} CPUs all the time")

    def test_text_and_usage(self):
        result = product.run("diagnose", "-d", 0.3)
        self.assertEqual(0, result.status)
        lines = result.out.decode().splitlines()
        self.assertIn(f"{os.uname().nodename}, 0.3 s: ", lines[0])
        self.assertNotIn("\x1b", result.out.decode())
        narrow = product.run("diagnose", "-d", 0.3, env={**os.environ, "COLUMNS": "60"}).out.decode()
        self.assertTrue(all(len(line) <= 60 for line in narrow.splitlines()[2:] if " " in line.strip()), narrow)
        result = product.run("diagnose", "4711")
        self.assertEqual(2, result.status)


if __name__ == "__main__":
    report.main()
