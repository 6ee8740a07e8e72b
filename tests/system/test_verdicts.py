#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Workloads whose label is known get that verdict; a witness that is not boundtop confirms the label.

Most have a twin: the same workload with one thing changed, which must get another verdict.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import judge, paths, product, report, witness, workloads  # noqa: E402
from systest.workloads import Workload  # noqa: E402



class Verdicts(judge.Judge):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    # A CPU hog, and the same thread stopped.

    def test_hog(self):
        with Workload("hog") as hog:
            before = witness.cpu_ticks(hog.pid)
            self.judge_busy(hog.pid, "user")
            after = witness.cpu_ticks(hog.pid)
            self.assertGreater(after[0] - before[0], 9 * (after[1] - before[1]))

    def test_stopped(self):
        with Workload("hog") as hog:
            hog.freeze()
            self.judge(hog.pid, "idle", "stopped", lambda window: window.cpu == 0)
            self.assertEqual("T", workloads.state_of(hog.pid, hog.pid))

    # Blocks of a file from the disk, and from the page cache.

    def test_direct_reader(self):
        with Workload("disk", self.folder.file("read"), "direct", realtime=True) as reader:
            before = witness.io_bytes(reader.pid)[0]
            self.judge_blocked(reader.pid, "io-bound", "disk", ("pread64", "file"))
            self.assertGreater(witness.io_bytes(reader.pid)[0], before)

    def test_cached_reader(self):
        with Workload("disk", self.folder.file("read"), "cached") as reader:
            before = witness.io_counters(reader.pid)
            self.judge_busy(reader.pid, "system")
            after = witness.io_counters(reader.pid)
            # Not none at all: a kernel may take pages out of the cache on its own.
            self.assertLess(after["read_bytes"] - before["read_bytes"], 0.01 * (after["rchar"] - before["rchar"]))

    def test_fsync_writer(self):
        with Workload("fsync", self.folder.file("write"), "sync", realtime=True) as writer:
            self.judge_blocked(writer.pid, "io-bound", "disk", ("fsync", "file"))

    def test_writer_without_fsync(self):
        with Workload("fsync", self.folder.file("write"), "nosync") as writer:
            self.judge_busy(writer.pid, "system")

    # Pages of a mapping, from the disk; strace does not see a page fault, the kernel counts it.

    def test_cold_mapping(self):
        with Workload("paging", self.folder.file("read")) as pager:
            faults, read = witness.major_faults(pager.pid), witness.io_bytes(pager.pid)[0]
            self.judge_blocked(pager.pid, "io-bound", "paging", None)
            self.assertGreater(witness.major_faults(pager.pid), faults)
            self.assertGreater(witness.io_bytes(pager.pid)[0], read)

    # A connection: who asked, and who waits to be asked.

    def test_network_client(self):
        with Workload("server", 5000) as server, Workload("client", server.facts["port"]) as client:
            self.judge_blocked(client.pid, "io-bound", "network", ("recvfrom", "TCP"))

    def test_client_that_pauses(self):
        with Workload("server", 0) as server, Workload("client", server.facts["port"], 20000) as client:
            self.judge_blocked(client.pid, "idle", "sleep", ("clock_nanosleep", ""))

    def test_server_without_work(self):
        with Workload("server", 0) as server, Workload("client", server.facts["port"], 20000):
            self.judge_blocked(server.pid, "idle", "event", ("recvfrom", "TCP"))

    # A pipe: the reader is owed data when the writer works on it, and not when the writer sleeps.

    def test_pipe_reader_with_busy_writer(self):
        with Workload("pipe", "busy", "fast") as pair:
            self.judge_blocked(pair.facts["reader"], "io-bound", "ipc", ("read", "pipe"))
            self.judge_busy(pair.facts["writer"], "user")

    def test_pipe_reader_with_idle_writer(self):
        with Workload("pipe", "sleep", "fast") as pair:
            self.judge_blocked(pair.facts["reader"], "idle", "event", ("read", "pipe"))
            self.judge_blocked(pair.facts["writer"], "idle", "sleep", ("clock_nanosleep", ""))

    def test_pipe_writer_with_busy_reader(self):
        with Workload("pipe", "fast", "busy") as pair:
            self.judge_blocked(pair.facts["writer"], "io-bound", "ipc", ("write", "pipe"))

    def test_pipe_writer_with_slow_reader(self):
        """A writer is never ambiguous: whatever its reader does, the pipe is full."""
        with Workload("pipe", "fast", "sleep") as pair:
            self.judge_blocked(pair.facts["writer"], "io-bound", "ipc", ("write", "pipe"))

    # One mutex for all threads, and one for each.

    def test_mutex_convoy(self):
        # One of eight computes: of fewer those who want the CPU weigh almost as much.
        with Workload("mutex", 8, "shared") as convoy:
            self.judge_blocked(convoy.pid, "lock-bound", "lock", ("futex", ""))

    def test_own_mutexes(self):
        with Workload("mutex", 2, "own") as threads:
            self.judge_busy(threads.pid, "user")

    # Asleep all the time, and a third of it at work.

    def test_sleeper(self):
        with Workload("sleeper", 100000) as sleeper:
            self.judge_blocked(sleeper.pid, "idle", "sleep", ("clock_nanosleep", ""))

    def test_sleeper_with_some_work(self):
        with Workload("sleeper", 7000, 2000) as sleeper:
            self.judge(sleeper.pid, "waiting", "sleep",
                       lambda window: 0.1 < window.cpu + window.run_queue < 0.45)

    # A parent that waits for its child, and the child at work.

    def test_parent_that_waits(self):
        with Workload("waiter") as parent:
            self.judge_blocked(parent.pid, "idle", "child", ("wait4", ""))
            self.judge_busy(parent.facts["child"], "user")

    # More hogs than cores; test_hog is the twin.

    def test_eight_hogs_a_core(self):
        count = 8 * len(os.sched_getaffinity(0))
        with Workload("hogs", count, nice=0) as hogs:
            windows = [witness.Window(pid) for pid in hogs.facts["pids"]]
            frame = product.run_json("classify", "-d", judge.WINDOW_S * 2, "--json", *hogs.facts["pids"])
            self.assertEqual(count, len(frame["processes"]))
            for window in windows:
                window.close()
                process = product.find(frame, window.pid)
                self.assertEqual(("starved", "run-queue"), (process["verdict"], process["cause"]), process["share"])
                self.assertGreater(window.run_queue, 1.5 * window.cpu)


if __name__ == "__main__":
    report.main()
