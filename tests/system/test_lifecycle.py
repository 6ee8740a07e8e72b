#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes and threads that end, change or are odd while boundtop watches."""

import os
import signal
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import load, product, report, schema, witness, workloads  # noqa: E402
from systest.workloads import Workload  # noqa: E402

PF_KTHREAD = 0x00200000
KTHREADD = 2
# As a terminal takes it: red, a second line, a bell; then bytes that are no UTF-8.
HOSTILE = b"\x1b[31m\nX\x07\xff\xc3(\x9b"


def is_kernel_thread(pid):
    return bool(int(witness.stat_fields(pid)[6]) & PF_KTHREAD)


class Lifecycle(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()

    def result_of(self, boundtop, status=0, **check):
        result = boundtop.finish()
        self.assertEqual((status, b""), (result.status, result.err))
        return schema.check_frame(schema.parse(result.out), **check)

    def assert_cpu(self, ours, truth, share=0.01, floor_s=0.001):
        report.note(f"on CPU: ours {ours:.6f} s, witness {truth:.6f} s")
        self.assertLessEqual(abs(ours - truth), max(share * truth, floor_s))

    def test_killed_during_the_window(self):
        product.require_exact("what was done between the last look and the end is not known")
        with Workload("hog") as hog:
            hog.freeze()
            with product.Running("classify", "-d", 2, "--json", "--threads", hog.pid) as boundtop:
                boundtop.await_attached()
                before = witness.schedstat(hog.pid)[0]
                hog.thaw()
                time.sleep(0.5)
                hog.process.kill()
                _, _, usage = os.wait4(hog.pid, 0)
                hog.process.returncode = -9  # reaped here, for its resource usage
                frame = self.result_of(boundtop, with_threads=True)
        process = product.find(frame, hog.pid)
        self.assertTrue(process["exited"])
        self.assertEqual(("cpu-bound", "workload"), (process["verdict"], process["comm"]))
        self.assertEqual(os.getpid(), process["ppid"])
        self.assert_cpu(process["oncpu_s"], usage.ru_utime + usage.ru_stime - before)

    def test_ended_before_text_is_printed(self):
        with Workload("end", comm="bt-brief") as brief:
            with product.Running("classify", "-d", 0.5, brief.pid) as boundtop:
                boundtop.await_attached()
                brief.go()
                self.assertEqual(0, brief.process.wait(timeout=10))
                result = boundtop.finish()
        self.assertEqual((0, b""), (result.status, result.err))
        self.assertIn(b"bt-brief", result.out)
        self.assertIn(str(brief.pid).encode(), result.out)

    def test_one_of_two_is_gone(self):
        """The others are still worth a report."""
        with Workload("hog") as hog, Workload("end") as brief:
            with product.Running("classify", "-d", 1, "--json", hog.pid, brief.pid) as boundtop:
                boundtop.await_attached()
                brief.go()
                brief.process.wait(timeout=10)
                frame = self.result_of(boundtop)
        self.assertTrue(product.find(frame, brief.pid)["exited"])
        self.assertFalse(product.find(frame, hog.pid)["exited"])
        self.assertEqual("cpu-bound", product.find(frame, hog.pid)["verdict"])

    def test_exec_from_a_thread(self):
        """The thread takes over the PID, the leader is gone, and nothing of its CPU time is lost."""
        product.require_exact("the leader's CPU time goes with it")
        with Workload("exec-thread", 300000, comm="bt-before") as workload:
            started = witness.start_time(workload.pid)
            with product.Running("classify", "-d", 2.5, "--json", "--threads", workload.pid) as boundtop:
                boundtop.await_attached()
                before = witness.schedstat(workload.pid)[0]
                workload.go()
                truth = workload.expect("done")["rusage_s"] - before
                frame = self.result_of(boundtop, with_threads=True)
            self.assertEqual(started, witness.start_time(workload.pid))
        process = product.find(frame, workload.pid)
        self.assertEqual((False, "workload", 1), (process["exited"], process["comm"], process["threads"]))
        self.assertEqual(started, process["start_time"])
        self.assertGreater(truth, 0.5)
        self.assert_cpu(process["oncpu_s"], truth)

    def test_threads_come_and_go(self):
        product.require_exact("they live for less than a look")
        # On one CPU: who is woken on one that slept is charged by the kernel from then on, and not from when it runs.
        with load.ControlGroup("cpuacct", "churn") as group, Workload("churn", 1000, 1500, cpus="0") as churn:
            group.add(churn.pid)
            with product.Running("classify", "-d", 60, "--json", "--threads", churn.pid) as boundtop:
                boundtop.await_attached()
                before = group.cpu_seconds()
                churn.go()
                churn.expect("done")
                # getrusage() leaves out what a thread does after it has handed in its account.
                truth = group.cpu_seconds() - before
                boundtop.process.send_signal(signal.SIGINT)
                frame = self.result_of(boundtop, 128 + signal.SIGINT, with_threads=True)
        process = product.find(frame, churn.pid)
        self.assertEqual((False, 1), (process["exited"], process["threads"]))
        self.assertEqual({}, schema.losses(frame))
        self.assert_cpu(process["oncpu_s"], truth)

    def test_zombie(self):
        with Workload("zombie") as parent:
            zombie = parent.facts["zombie"]
            self.assertEqual("Z", workloads.state_of(zombie, zombie))
            result = product.run("classify", "-d", 0.3, "--json", zombie)
            self.assertEqual((0, b""), (result.status, result.err))
            process = product.find(schema.check_frame(schema.parse(result.out)), zombie)
            self.assertEqual("Z", process["state"])
            self.assertEqual(0, process["oncpu_s"])
            self.assertEqual(("idle", None), (process["verdict"], process["cause"]))
            self.assertGreater(process["confidence"], 0.9)
            text = product.run("classify", "-d", 0.3, zombie)
            self.assertEqual((0, b""), (text.status, text.err))
            self.assertIn(f"its parent {parent.pid} has not waited for it".encode(), text.out)

    def test_kernel_thread(self):
        self.assertTrue(is_kernel_thread(KTHREADD))
        process = product.classify(KTHREADD, 0.5)
        self.assertEqual(("kernel", "kthreadd", "", ""), (process["kind"], process["comm"], process["cmdline"],
                                                          process["cgroup"] and ""))
        self.assertEqual(("idle", "event"), (process["verdict"], process["cause"]))

    def test_kernel_threads_are_told_apart(self):
        frame = product.run_json("classify", "-a", "-d", 0.3, "--json")
        kinds = set()
        for process in frame["processes"]:
            try:
                truth = "kernel" if is_kernel_thread(process["pid"]) else "user"
            except FileNotFoundError:
                continue
            kinds.add(truth)
            self.assertEqual(truth, process["kind"], process["comm"])
        self.assertEqual({"kernel", "user"}, kinds)

    def test_hostile_name(self):
        with Workload("hostile") as hostile:
            with open(f"/proc/{hostile.pid}/comm", "rb") as file:
                self.assertEqual(HOSTILE + b"\n", file.read())
            with open(f"/proc/{hostile.pid}/cmdline", "rb") as file:
                self.assertTrue(file.read().startswith(HOSTILE + b"\0"))
            process = product.classify(hostile.pid, 0.5, "--threads")
            self.assertIn("[31m", process["comm"])
            self.assertIn("[31m", process["cmdline"])
            for args in (("classify", "-d", 0.3, hostile.pid), ("classify", "-d", 0.3, "--threads", hostile.pid),
                         ("top", "-b", "-n", 1, "-d", 0.3, "-p", hostile.pid),
                         ("classify", "-d", 0.3, "-a", "--json")):
                with self.subTest(args=args):
                    result = product.run(*args)
                    self.assertEqual((0, b""), (result.status, result.err))
                    text = result.out.decode("utf-8", errors="strict")
                    bad = [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)]
                    self.assertEqual([], bad)
                    self.assertIn("[31m", text)
                    self.assertNotIn("\nX", text, "the name broke a line in two")

    def test_asleep_since_before(self):
        """Threads that never run in the window have a state all the same."""
        with Workload("parked", 8) as parked:
            process = product.classify(parked.pid, 0.5, "--threads")
        self.assertEqual(9, len(process["thread_list"]))
        self.assertEqual("idle", process["verdict"])
        for thread in process["thread_list"]:
            self.assertLess(thread["share"]["unknown"], 0.01, thread)
            self.assertEqual("idle", thread["verdict"])
        waiting = [thread for thread in process["thread_list"] if thread["tid"] != parked.pid]
        self.assertEqual({"event"}, {thread["cause"] for thread in waiting})

    def test_started_during_the_window(self):
        """Born within the window: a wall time of its own, from its birth on."""
        # Emulated, it takes the workload more than a second to start.
        with product.Running("classify", "-a", "-d", 5 if product.IS_EMULATED else 2, "--json") as boundtop:
            boundtop.await_attached()
            time.sleep(0.8)
            with Workload("hog") as hog:
                frame = self.result_of(boundtop)
        process = product.find(frame, hog.pid)
        self.assertEqual("cpu-bound", process["verdict"], process["share"])
        self.assertTrue(0.1 < process["wall_s"] <= frame["duration_s"] - 0.7, process["wall_s"])


if __name__ == "__main__":
    report.main()
