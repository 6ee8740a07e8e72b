#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The budget is closed, and its parts are the kernel's own figures.

schedstat of a running thread is up to a tick old, and leaves out the wait that is still open. So the
target stands still (SIGSTOP) whenever one of the two looks at it: boundtop attaches while it is stopped,
schedstat is read, it runs, it is stopped, schedstat is read, boundtop ends.
"""

import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema, witness, workloads  # noqa: E402
from systest.workloads import Workload  # noqa: E402

RUN_S = 10
SHORT_RUN_S = 5
WINDOW_S = 4
MEASURES = 3
# For attaching before the target runs and for stopping it after.
MARGIN_S = 1.5


class Measured:
    """One stretch of time as boundtop and as schedstat saw it, per process."""

    def __init__(self, pids, run_s=RUN_S):
        workloads.freeze(pids)
        with product.Running("classify", "-d", run_s + MARGIN_S, "--json", "--threads", *pids) as boundtop:
            boundtop.await_attached()
            before = {pid: witness.schedstat(pid) for pid in pids}
            steal = witness.steal_seconds()
            workloads.thaw(pids)
            time.sleep(run_s)
            workloads.freeze(pids)
            self.steal = witness.steal_seconds() - steal
            after = {pid: witness.schedstat(pid) for pid in pids}
            if boundtop.process.poll() is not None:
                raise AssertionError("boundtop's window ended before the target was stopped")
            result = boundtop.finish()
        if result.status != 0:
            raise AssertionError(f"boundtop ended with {result.status}: {result.err.decode()!r}")
        self.frame = schema.check_frame(schema.parse(result.out), with_threads=True)
        self.kernel_cpu = {pid: after[pid][0] - before[pid][0] for pid in pids}
        self.kernel_wait = {pid: after[pid][1] - before[pid][1] for pid in pids}

    def process(self, pid):
        return product.find(self.frame, pid)

    def cpu(self, pid):
        return self.process(pid)["oncpu_s"]

    def wait(self, pid):
        process = self.process(pid)
        return process["share"]["run-queue"] * process["wall_s"]


def measure(pids, run_s=RUN_S):
    """Again while the hypervisor stole time: the kernel leaves that out of a thread's CPU time, so that
    its figure and a clock's are of different things. What decides is the machine, not the outcome.
    """
    for _ in range(MEASURES):
        measured = Measured(pids, run_s)
        if measured.steal == 0:
            break
        report.note(f"{measured.steal * 1e3:.0f} ms were stolen")
    return measured


class Exact(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def compare(self, what, ours, kernels, share, floor_s, steal):
        """Within `share` or `floor_s`, whichever allows more; five times that on an emulated machine.

        The kernel reads its clock some instructions before we read it at the same switch, and there each takes ten times as long.
        """
        allowed = max(share * kernels, floor_s) * (5 if product.IS_EMULATED else 1)
        off = ours - kernels
        report.note(f"{what}: ours {ours:.6f} s, schedstat {kernels:.6f} s, off {off * 1e3:+.3f} ms of "
                    f"{allowed * 1e3:.3f} ms allowed; steal {steal * 1e3:.0f} ms")
        self.assertLessEqual(abs(off), allowed, what)

    def test_cpu_time_of_a_hog(self):
        with Workload("hog") as hog:
            measured = measure([hog.pid])
            self.assertGreater(measured.kernel_cpu[hog.pid], RUN_S / 2)
            self.compare("hog on CPU", measured.cpu(hog.pid), measured.kernel_cpu[hog.pid], 0.001, 0.001,
                         measured.steal)

    def test_cpu_time_of_many_threads(self):
        """Threads of one process that take the CPU from one another; /proc/PID/schedstat has the first alone."""
        with Workload("mutex", 8, "own") as threads:
            measured = measure([threads.pid], SHORT_RUN_S)
            self.compare("8 threads on CPU", measured.cpu(threads.pid), measured.kernel_cpu[threads.pid], 0.001,
                         0.001, measured.steal)

    def test_cpu_time_of_who_sleeps_and_wakes(self):
        """Thousands of times a second: at each wake-up the scheduler begins to count before the switch.

        Where that preempts somebody or ends a CPU's sleep it saves a reading of its clock (rq_clock_skip_update(),
        kernel/sched/core.c): 10 us a wake-up on a virtual machine, half of this one's time.
        """
        with Workload("sleeper", 100) as sleeper:
            measured = measure([sleeper.pid], SHORT_RUN_S)
            self.compare("a sleeper on CPU", measured.cpu(sleeper.pid), measured.kernel_cpu[sleeper.pid], 0.005, 0.001,
                         measured.steal)

    def test_run_queue_time(self):
        count = 8 * len(os.sched_getaffinity(0))
        with Workload("hogs", count, nice=0) as hogs:
            pids = hogs.facts["pids"]
            measured = Measured(pids)
        for pid in pids:
            self.assertGreater(measured.kernel_wait[pid], RUN_S / 2)
            self.compare(f"{pid} in the run queue", measured.wait(pid), measured.kernel_wait[pid], 0.01, 0.002,
                         measured.steal)

    def test_closed_budget(self):
        # Behind boundtop: among a hundred that compute it would wait for minutes to load where that takes a second of CPU.
        with Workload("mixed", self.folder.file("read"), nice=10) as mixed:
            pids = list(descendants(mixed.pid))
            alive = {pid: set(workloads.threads_of(pid)) for pid in pids}
            started = time.monotonic()
            frame = product.run_json("classify", "-d", WINDOW_S, "--json", "--threads", *pids, with_threads=True)
            elapsed = time.monotonic() - started
            still = {pid: set(workloads.threads_of(pid)) for pid in pids}
        count = 0
        worst = 0.0
        for process in frame["processes"]:
            listed = {thread["tid"] for thread in process["thread_list"]}
            self.assertEqual(alive[process["pid"]] & still[process["pid"]], listed)
            for thread in process["thread_list"]:
                count += 1
                worst = max(worst, self.check_thread(process, thread, elapsed))
        self.assertEqual(set(pids), {process["pid"] for process in frame["processes"]})
        self.assertGreaterEqual(count, 200)
        self.assertEqual({}, schema.losses(frame))
        report.note(f"{count} threads, worst residual {worst * 1e3:.4f} ms in {frame['duration_s']:.3f} s")

    def check_thread(self, process, thread, elapsed):
        where = f"thread {thread['tid']} of {process['pid']}: {thread}"
        off = abs(thread["residual"]) * thread["wall_s"]
        self.assertLessEqual(off, max(0.001 * thread["wall_s"], 0.001), where)
        # All of them lived through the whole window.
        self.assertTrue(0.95 * WINDOW_S <= thread["wall_s"] <= elapsed, where)
        # The residual is boundtop's own word; the parts that it prints must add up, too.
        parts = sum(value for value in thread["share"].values() if value is not None)
        if thread["share"]["user"] is None:
            parts += thread["oncpu_s"] / thread["wall_s"]
        self.assertLessEqual(abs(parts - 1) * thread["wall_s"], max(0.001 * thread["wall_s"], 0.001), where)
        self.assertLessEqual(thread["share"]["unknown"], 0.01, where)
        return off


def descendants(pid):
    yield pid
    for child in witness.children_of(pid):
        yield from descendants(child)


if __name__ == "__main__":
    report.main()
