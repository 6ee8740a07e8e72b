#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Under load nothing is lost: storms of processes, many threads, no CPU to be had, a reader that stops.

The short forms take seconds; tests/load/run.py runs the long ones and prints the same figures.
"""

import contextlib
import os
import select
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import load, product, report, schema, witness  # noqa: E402
from systest.workloads import Workload  # noqa: E402

STORM = load.size(3000, 100000)
# The kernel books some 5 us of each process's waking and ending elsewhere than we do: to be small beside this.
STORM_CPU_US = 1000
THREADS = load.size(4000, 50000)
THREADS_A_PROCESS = 2000
HOGS = load.size(100, 200)
STOPPED_S = load.size(3, 60)
REUSED = load.size(1000, 20000)
EXECS = load.size(500, 10000)
# A bound, not a target: what a process that ended costs until its frame was shown, with the text about it.
KIB_A_PROCESS = 12
KIB_A_THREAD = 4
# What may stay after a storm: hash tables and heaps do not shrink at once.
KIB_KEPT = 24 << 10


def has_line(lines):
    return b"\n" in lines.buffer or bool(select.select([lines.fd], [], [], 0)[0])


# Where it is about what is counted, boundtop gets its turn as the workloads do, whatever else runs on the machine.
FAVOURED = ("nice", "-n", "-15")


@contextlib.contextmanager
def favoured():
    """The test, too: boundtop waits for who reads what it prints."""
    os.setpriority(os.PRIO_PROCESS, 0, -15)
    try:
        yield
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, 0)


class Sums:
    """What the frames say of the short processes of one spawner, and of itself."""

    def __init__(self, parent, comm):
        self.parent, self.comm = parent, comm
        self.ended = self.lost = self.vanished = 0
        self.children_s = self.parent_s = 0.0
        self.most = 0

    def add(self, frame):
        ended = [process for process in frame["processes"]
                 if process["exited"] and process["comm"] == self.comm and process["ppid"] == self.parent]
        self.most = max(self.most, len(ended))
        self.ended += len(ended)
        self.lost += frame["loss"]["exits"]
        self.children_s += sum(process["oncpu_s"] for process in frame["processes"]
                               if process["comm"] == self.comm or process["forked_by"] == self.parent)
        self.parent_s += sum(process["oncpu_s"] for process in frame["processes"] if process["pid"] == self.parent)
        return frame


class Load(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()

    def frames_until(self, top, done, sums, patience=900):
        """Reads frames until the workload has said so; returns what it said."""
        deadline = time.monotonic() + patience
        while not has_line(done.lines):
            self.assertLess(time.monotonic(), deadline)
            sums.add(schema.parse(top.lines.next()))
        return done.expect("done")

    def test_fork_storm(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(favoured())
            group = stack.enter_context(load.ControlGroup("cpuacct", "storm"))
            spawner = stack.enter_context(Workload("spawn", STORM, STORM_CPU_US, 4))
            top = stack.enter_context(product.Running("top", "-b", "-d", 1, "--json", prefix=FAVOURED))
            schema.parse(top.lines.next())
            group.add(spawner.pid)
            before = load.memory_kib(top.pid)
            sums = Sums(spawner.pid, "bt-short")
            spawner.go()
            truth = self.frames_until(top, spawner, sums)
            cpu_s = group.cpu_seconds()
            sums.add(schema.parse(top.lines.next()))
            for _ in range(4):
                sums.add(schema.parse(top.lines.next()))
            after = load.memory_kib(top.pid)
        seen_s = sums.children_s + sums.parent_s
        report.note(f"{sums.ended} of {truth['count']} counted, {sums.lost} lost, at most {sums.most} a frame; CPU "
                    f"{seen_s:.3f} s, the control group's {cpu_s:.3f} s ({100 * (seen_s / cpu_s - 1):+.2f} %)")
        report.note(f"RSS {before['VmRSS']} KiB before, at most {after['VmHWM']}, {after['VmRSS']} after")
        # Frames wait for who reads them; what ends meanwhile and finds no room is in its parent's sums, and counted.
        self.assertGreaterEqual(sums.ended + sums.lost, STORM)
        self.assertLessEqual(sums.ended, STORM)
        self.assertLessEqual(abs(seen_s / cpu_s - 1), 0.01)
        self.assertLessEqual(after["VmHWM"], before["VmRSS"] + KIB_A_PROCESS * sums.most + KIB_KEPT)
        self.assertLessEqual(after["VmRSS"], before["VmRSS"] + KIB_KEPT)

    def test_many_threads(self):
        with contextlib.ExitStack() as stack:
            if load.is_full():
                for name, value in (("kernel/pid_max", 200000), ("kernel/threads-max", 200000)):
                    stack.enter_context(load.at_least(f"/proc/sys/{name}", value))
            top = stack.enter_context(product.Running("top", "-b", "-d", 1, "--json"))
            schema.parse(top.lines.next())
            before = load.memory_kib(top.pid)
            with contextlib.ExitStack() as crowd:
                parked = {crowd.enter_context(Workload("parked", THREADS_A_PROCESS)).pid
                          for _ in range(THREADS // THREADS_A_PROCESS)}
                while has_line(top.lines):
                    top.lines.next()
                top.lines.next()
                frames = [schema.parse(top.lines.next()) for _ in range(3)]
                during = load.memory_kib(top.pid)
            for _ in range(5):
                top.lines.next()
            after = load.memory_kib(top.pid)
        for frame in frames:
            shown = [process for process in frame["processes"] if process["pid"] in parked]
            self.assertEqual({THREADS_A_PROCESS + 1}, {process["threads"] for process in shown})
            self.assertEqual(len(parked), len(shown))
            self.assertEqual(0, frame["loss"]["tasks"])
        report.note(f"{THREADS} threads in {len(parked)} processes: a refresh costs "
                    f"{1000 * frames[-1]['overhead']['cpu_s']:.1f} ms of CPU, frames of "
                    + ", ".join(f"{frame['duration_s']:.2f}" for frame in frames) + " s")
        report.note(f"RSS {before['VmRSS']} KiB before, {during['VmRSS']} with them, {after['VmRSS']} after")
        self.assertLessEqual(during["VmHWM"], before["VmRSS"] + KIB_A_THREAD * THREADS + KIB_KEPT)
        self.assertLessEqual(after["VmRSS"], before["VmRSS"] + KIB_A_THREAD * THREADS // 4 + KIB_KEPT)

    def test_no_cpu_to_be_had(self):
        """Many hogs a CPU, and nobody favours boundtop: frames come, and say who is starved.

        Who reads them is favoured: a frame is larger than a pipe, and to read it takes more than a hundredth of a slow CPU.
        """
        with Workload("crowd", HOGS, nice=0, comm="bt-many-hogs") as crowd:
            crowd.go()
            with product.Running("top", "-b", "-d", 1, "-n", 4, "--json") as top, favoured():
                arrivals, frames, computed = [], [], []
                for _ in range(4):
                    frames.append(schema.parse(top.lines.next()))
                    arrivals.append(time.monotonic())
                    computed.append({pid: witness.schedstat(pid)[0] for pid in witness.children_of(crowd.pid)})
                self.assertEqual(0, top.finish().status)
        gaps = [after - before for before, after in zip(arrivals, arrivals[1:])]
        hogs = [process for process in frames[-1]["processes"] if process["ppid"] == crowd.pid]
        # The scheduler may give one of them half a CPU for a while.
        starved = {pid for pid in computed[-1] if computed[-1][pid] - computed[-2][pid] < gaps[-1] / 5}
        own = [process for process in frames[-1]["processes"] if process["pid"] == top.pid]
        verdicts = {process["verdict"] for process in hogs}
        report.note(f"{len(hogs)} hogs on {os.cpu_count()} CPUs are {verdicts}; frames came after "
                    + ", ".join(f"{gap:.2f}" for gap in gaps) + " s, are of "
                    + ", ".join(f"{frame['duration_s']:.2f}" for frame in frames) + " s; boundtop itself waited "
                    + ", ".join(f"{process['share']['run-queue']:.1%}" for process in own) + " for a CPU")
        self.assertEqual(HOGS, len(hogs))
        self.assertGreater(len(starved), HOGS * 9 // 10)
        self.assertEqual([], [process for process in hogs if process["verdict"] != "starved" and process["pid"] in starved])
        self.assertLess(max(gaps), 3)

    def test_reader_that_stops(self):
        """What ends meanwhile is in the next frame, or counted as lost; its CPU time is there in any case."""
        with contextlib.ExitStack() as stack:
            group = stack.enter_context(load.ControlGroup("cpuacct", "stopped"))
            count = round(STOPPED_S * 400)
            spawner = stack.enter_context(Workload("spawn", count, STORM_CPU_US, 4))
            top = stack.enter_context(product.Running("top", "-b", "-d", 0.5, "--json"))
            schema.parse(top.lines.next())
            group.add(spawner.pid)
            sums = Sums(spawner.pid, "bt-short")
            top.process.send_signal(signal.SIGSTOP)
            spawner.go()
            stopped = time.monotonic()
            truth = spawner.expect("done", 600)
            took = time.monotonic() - stopped
            time.sleep(max(0, STOPPED_S - took))
            top.process.send_signal(signal.SIGCONT)
            cpu_s = group.cpu_seconds()
            for _ in range(4):
                frame = sums.add(schema.parse(top.lines.next()))
            self.assertEqual(0, frame["loss"]["exits"], "it did not recover")
        seen_s = sums.children_s + sums.parent_s
        report.note(f"stopped for {max(took, STOPPED_S):.0f} s: of {truth['count']} that ended {sums.ended} have a record, "
                    f"{sums.lost} are counted as lost; CPU {seen_s:.3f} s, the control group's {cpu_s:.3f} s "
                    f"({100 * (seen_s / cpu_s - 1):+.2f} %)")
        self.assertGreaterEqual(sums.ended + sums.lost, count)
        self.assertLessEqual(sums.ended, count)
        self.assertLessEqual(abs(seen_s / cpu_s - 1), 0.01)

    def test_one_pid_again_and_again(self):
        """Identity is (PID, start time): as many processes, whatever their number."""
        with contextlib.ExitStack() as stack:
            # Beside others the kernel charges some 15 us of its own search for work to whom it finds.
            reuse = stack.enter_context(Workload("reuse", REUSED, 1500))
            top = stack.enter_context(product.Running("top", "-b", "-d", 0.5, "--json", prefix=FAVOURED))
            schema.parse(top.lines.next())
            sums = Sums(reuse.pid, "bt-reuse")
            reuse.go()
            truth = self.frames_until(top, reuse, sums)
            for _ in range(2):
                sums.add(schema.parse(top.lines.next()))
        report.note(f"{sums.ended} of {REUSED} with {truth['pids'][0]} PIDs counted; CPU {sums.children_s:.3f} s, rusage "
                    f"{truth['rusage_s']} s")
        self.assertEqual((REUSED, 0), (sums.ended, sums.lost))
        self.assertLessEqual(abs(sums.children_s / truth["rusage_s"] - 1), 0.02)

    def test_one_process_many_programs(self):
        with Workload("execs", EXECS) as execs:
            with product.Running("top", "-b", "-d", 0.5, "--json", "-p", execs.pid) as top:
                schema.parse(top.lines.next())
                execs.go()
                sums = Sums(execs.pid, "no child")
                truth = self.frames_until(top, execs, sums)
                sums.add(schema.parse(top.lines.next()))
                sums.add(schema.parse(top.lines.next()))
        report.note(f"{EXECS} programs in one process: CPU {sums.parent_s:.3f} s, rusage {truth['rusage_s']} s")
        self.assertLessEqual(abs(sums.parent_s - truth["rusage_s"]), 0.02 * truth["rusage_s"] + 0.01)

    def test_names_that_change(self):
        with Workload("rename", 8) as rename:
            frame = product.run_json("classify", "-d", 1, "--json", "--threads", rename.pid, with_threads=True)
        process = product.find(frame, rename.pid)
        self.assertEqual(9, len(process["thread_list"]))
        for thread in process["thread_list"]:
            self.assertTrue(thread["comm"].startswith("bt-"), thread["comm"])


if __name__ == "__main__":
    report.main()
