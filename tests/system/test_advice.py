#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Advice on real workloads, with a twin that must not get it; bursts against what the kernel counts."""

import os
import re
import shutil
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, witness, workloads  # noqa: E402
from systest.workloads import Lines, Workload  # noqa: E402

WINDOW_S = 1.5
ATTEMPTS = 4
# glibc's mutexes are unfair: emulated, the same thread may take it again at once, all the time, and waits for nothing.
LEAST_WAITERS = 3 if product.IS_EMULATED else 4

# What another process on the machine can bring about at any time.
OF_THE_HOST = {"cpu-neighbours", "cpu-queue"}


# Short callbacks all the time, and beside them one that takes 200 ms: in the loop, or out of its way.
ASYNCIO = """
import asyncio, sys, time
def burn(s):
    end = time.perf_counter() + s
    while time.perf_counter() < end:
        pass
async def short():
    while True:
        burn(0.001)
        await asyncio.sleep(0.01)
async def long():
    while True:
        if sys.argv[1] == "held":
            burn(0.2)
        else:
            await asyncio.to_thread(time.sleep, 0.2)
        await asyncio.sleep(0.1)
async def main():
    await asyncio.gather(short(), long())
print("ready", flush=True)
asyncio.run(main())
"""
NODE = """
const burn = ms => { const end = Date.now() + ms; while (Date.now() < end); };
setInterval(() => burn(1), 10);
if (process.argv[1] === 'held')
    setInterval(() => burn(200), 300);
else
    new (require('worker_threads').Worker)(`const word = new Int32Array(new SharedArrayBuffer(4));
        for (;;) { const end = Date.now() + 200; while (Date.now() < end); Atomics.wait(word, 0, 0, 50); }`, {eval: true});
console.log('ready');
"""


class Script:
    """Before all others on its CPU: a burst is as long as it takes on the clock."""

    def __init__(self, *command):
        self.process = subprocess.Popen(["chrt", "--fifo", "1", *command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE)

    def __enter__(self):
        Lines(self.process.stdout.fileno()).next()
        return self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Advice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def ask(self, pid, expected, *args):
        """The texts of all advice by its id. Asked again while others take the CPU: schedstat tells."""
        for _ in range(ATTEMPTS):
            window = witness.Window(pid)
            process = product.classify(pid, WINDOW_S, *args)
            window.close()
            advice = {item["id"]: item["text"] for item in process["advice"]}
            report.note(f"{process['verdict']}/{process['cause']}: {advice}")
            if set(advice) == expected:
                return advice
            if window.run_queue < 0.1 * window.cpu:
                self.assertEqual(expected, set(advice), process["share"])
        return self.fail(f"not {expected}, or others never left it a CPU: {vars(window)}")

    def require_cheap_faults(self, pid):
        """What the advice rests on, that a page fault takes less than 5 us: emulated, it may take longer."""
        if not product.IS_EMULATED:
            return
        faults, spent = witness.minor_faults(pid), witness.cpu_ticks(pid)[1]
        time.sleep(WINDOW_S)
        each_us = (witness.cpu_ticks(pid)[1] - spent) / (witness.minor_faults(pid) - faults) * 1e6
        report.note(f"a fault takes {each_us:.1f} us")
        if each_us > 4.5:
            raise report.CannotRun("an emulated machine", f"a page fault takes {each_us:.1f} us")

    def test_one_thread(self):
        with Workload("hog") as hog:
            advice = self.ask(hog.pid, {"cpu-one-thread"})
            self.assertIn("more cores change nothing", advice["cpu-one-thread"])

    def test_page_faults(self):
        """Takes memory anew all the time: more than malloc() ever keeps (32 MB). In the twin it reads as much of it as is there anyway."""
        # Not in huge pages, as it would be where the kernel gives them to everybody: few faults then, and each takes long.
        script = ("import ctypes\nctypes.CDLL(None).prctl(41, 1, 0, 0, 0)\n"
                  "kept = bytearray(1 << 26)\nprint(flush=True)\nwhile True: {}")
        with self.subTest("anew"), Script(sys.executable, "-c", script.format("bytes(kept)")) as pid:
            self.require_cheap_faults(pid)
            before = witness.minor_faults(pid)
            text = self.ask(pid, {"cpu-page-faults"})["cpu-page-faults"]
            grown = witness.minor_faults(pid) - before
            self.assertLessEqual(int(re.search(r"faults (\d+) pages in a second", text)[1]) * WINDOW_S, 1.05 * grown)
        with Script(sys.executable, "-c", script.format('open("/dev/zero", "rb", 0).readinto(kept)')) as pid:
            self.ask(pid, {"cpu-system-calls"})

    def test_all_cores(self):
        cores = len(os.sched_getaffinity(0))
        with Workload("hog", 2 * cores) as hog:
            advice = self.ask(hog.pid, {"cpu-all-cores"})
            self.assertIn("more cores would be used", advice["cpu-all-cores"])

    @unittest.skipIf(os.cpu_count() < 2, "a second CPU is needed to be kept from")
    def test_kept_from_a_cpu(self):
        """Two threads on one CPU: they get no advice to split the work, nor that all cores are in use."""
        with Workload("hog", 2, cpus="1") as hog:
            process = product.classify(hog.pid, WINDOW_S)
            ids = {item["id"] for item in process["advice"]}
            self.assertEqual(1, len(ids & OF_THE_HOST), process["advice"])
            self.assertFalse(ids - OF_THE_HOST)

    def test_fsync(self):
        with Workload("fsync", self.folder.file("write"), "sync") as writer:
            text = self.ask(writer.pid, {"disk-fsync"})["disk-fsync"]
            self.assertRegex(text, r"fsync of file:\[\d+\]")
        with Workload("fsync", self.folder.file("write"), "nosync") as writer:
            self.assertNotIn("disk-fsync", {item["id"] for item in product.classify(writer.pid)["advice"]})

    def test_reads(self):
        with Workload("disk", self.folder.file("read"), "direct") as reader:
            before = witness.io_counters(reader.pid)
            text = self.ask(reader.pid, {"disk-cache-miss"})["disk-cache-miss"]
            after = witness.io_counters(reader.pid)
            self.assertGreater(after["read_bytes"] - before["read_bytes"],
                               0.9 * (after["rchar"] - before["rchar"]))
            self.assertIn("O_DIRECT", text)
        with Workload("disk", self.folder.file("read"), "cached") as reader:
            ids = {item["id"] for item in product.classify(reader.pid)["advice"]}
            self.assertFalse({name for name in ids if name.startswith(("disk", "paging"))}, ids)

    def test_paging(self):
        with Workload("paging", self.folder.file("read")) as pager:
            before = witness.major_faults(pager.pid)
            text = self.ask(pager.pid, {"paging-memory"})["paging-memory"]
            said = int(re.match(r"(\d+) page fault", text)[1])
            self.assertLessEqual(said, witness.major_faults(pager.pid) - before)
            self.assertGreater(said, 0)

    def test_network(self):
        with Workload("server", 5000) as server:
            with Workload("client", server.facts["port"]) as client:
                text = self.ask(client.pid, {"network-reply"})["network-reply"]
                each = re.search(r"times, ([\d.]+) ms each", text)
                self.assertTrue(5 <= float(each[1]) < 8, text)
        with Workload("server", 0) as server, Workload("client", server.facts["port"], 20000) as client:
            self.ask(client.pid, {"idle-timer"})

    def test_peer(self):
        with Workload("pipe", "busy", "fast") as pair:
            text = self.ask(pair.facts["reader"], {"ipc-peer"})["ipc-peer"]
            self.assertIn(f"Waits for {pair.facts['writer']} (", text)
            self.assertIn("which is cpu-bound by user", text)

    def test_locks(self):
        with Workload("mutex", 4, "shared") as convoy:
            text = self.ask(convoy.pid, {"lock-convoy"})["lock-convoy"]
            self.assertRegex(text, rf"^[{LEAST_WAITERS}-4] threads wait for the lock at 0x[0-9a-f]+ \d+ times")
        with Workload("mutex", 2, "own") as threads:
            ids = {item["id"] for item in product.classify(threads.pid)["advice"]}
            self.assertNotIn("lock-convoy", ids)

    def test_event_loop(self):
        loops = [(sys.executable, "-c", ASYNCIO)]
        if shutil.which("node"):
            loops.append(("node", "-e", NODE))
        for loop in loops:
            with self.subTest(loop[0]):
                with Script(*loop, "held") as pid:
                    held = {item["id"]: item["text"] for item in product.classify(pid, WINDOW_S)["advice"]}
                with Script(*loop, "free") as pid:
                    free = {item["id"]: item["text"] for item in product.classify(pid, WINDOW_S)["advice"]}
                report.note(f"{held}; {free}")
                self.assertRegex(held.get("event-loop-held", ""), r"held: [1-9] times it computed for 67 ms or more")
                self.assertNotIn("event-loop-held", free)

    def test_idle(self):
        with Workload("waiter") as parent:
            text = self.ask(parent.pid, {"idle-child"})["idle-child"]
            self.assertIn(f"boundtop classify --tree {parent.pid}", text)
            parent.freeze()
            self.ask(parent.pid, {"idle-stopped"})
        with Workload("sleeper", 100000) as sleeper:
            self.ask(sleeper.pid, {"idle-timer"})


class Bursts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()

    def test_cpu_bursts(self):
        """4 ms of work between sleeps of 6 ms: what the kernel counts of both tells their length."""
        with Workload("sleeper", 6000, 4000) as sleeper:
            before = witness.schedstat(sleeper.pid)[0], workloads.sleeps(sleeper.pid)
            process = product.classify(sleeper.pid, 2)
            after = witness.schedstat(sleeper.pid)[0], workloads.sleeps(sleeper.pid)
        bursts = process["bursts"]["cpu"]
        mean_us = (after[0] - before[0]) / (after[1] - before[1]) * 1e6
        report.note(f"{bursts}; schedstat: {after[1] - before[1]} of {mean_us:.0f} us on average")
        self.assertLessEqual(bursts["count"], after[1] - before[1])
        self.assertGreater(bursts["count"], 100)
        self.assertAlmostEqual(bursts["count"], process["switches"]["voluntary"], delta=1)
        # Exact but for the width of a bucket, a factor of two.
        self.assertTrue(0.5 < bursts["p50_us"] / mean_us < 2, bursts)
        self.assertLessEqual(bursts["p50_us"], bursts["p90_us"])
        self.assertLessEqual(bursts["p90_us"], bursts["p99_us"])

    def test_io_bursts(self):
        """A pipe that is filled every 10 ms or so: as many I/O bursts as reads that waited."""
        with Workload("pipe", "busy", "fast") as pair:
            reader = pair.facts["reader"]
            process = product.classify(reader, 2)
        io = process["bursts"]["io"]
        waits = [wait for wait in process["waits"] if wait["cause"] == "ipc"]
        mean_us = sum(wait["share"] for wait in waits) * process["wall_s"] / io["count"] * 1e6
        report.note(f"{io}; {mean_us:.0f} us on average")
        self.assertAlmostEqual(io["count"], sum(wait["count"] for wait in waits), delta=1)
        self.assertTrue(0.5 < io["p50_us"] / mean_us < 2, io)

    def test_drawn(self):
        with Workload("sleeper", 6000, 4000) as sleeper:
            result = product.run("classify", "-d", 1, "--bursts", sleeper.pid, env={**os.environ, "LC_ALL": "C"})
        self.assertEqual(0, result.status)
        rows = re.findall(rb"^ {4} *(\S+ [num]?s) \.\. +(\S+ [num]?s) \|([#.]*)( \d+)?$", result.out, re.M)
        self.assertTrue(any(row[:2] == (b"2.10 ms", b"4.19 ms") for row in rows), result.out)
        total = int(re.search(rb"CPU bursts +(\d+)", result.out)[1])
        drawn = result.out[:result.out.index(b"I/O bursts")]
        self.assertEqual(total, sum(int(n) for n in re.findall(rb"\|[#.]* (\d+)$", drawn, re.M)))


if __name__ == "__main__":
    report.main()
