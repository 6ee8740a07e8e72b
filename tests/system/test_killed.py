#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SIGKILL at the entry of every system call that makes something in the kernel, and of others up to the end: nothing stays.

strace counts the calls and kills; bpftool, a file system for pins and /proc say what is left. (At random moments, within calls,
too: test_faults.py.) tests/load/run.py kills at every call to bpf(2), here it is one of a few.
"""

import collections
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import leftovers, load, paths, report  # noqa: E402

PATIENCE_S = 60
# Of these calls one in so many is looked at, of the others so many, from the first to the last.
MAKING, STRIDE = ("bpf", "perf_event_open"), load.size(4, 1)
OTHERS, POINTS = ("openat", "mmap", "read", "poll", "write", "pwrite64", "clone", "clone3", "vfork", "exit_group"), load.size(2, 12)
LOADED = re.compile(r"^bpf\(BPF_PROG_LOAD.* = \d+$", re.MULTILINE)
ATTACHED = re.compile(r"^bpf\(BPF_(?:LINK_CREATE|RAW_TRACEPOINT_OPEN).* = \d+$", re.MULTILINE)
PINNED = re.compile(r"^bpf\(BPF_OBJ_PIN", re.MULTILINE)


def session_of(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return int(file.read().rpartition(")")[2].split()[3])
    except (FileNotFoundError, ProcessLookupError):
        return None


def in_session(session):
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and session_of(pid) == session]


class Screen:
    """A terminal whose other end takes whatever is drawn."""

    def __enter__(self):
        self.other, self.fd = pty.openpty()
        self.reader = threading.Thread(target=self.drain)
        self.reader.start()
        return self

    def drain(self):
        try:
            while os.read(self.other, 1 << 16):
                pass
        except OSError:
            pass  # nobody has it open any more

    def __exit__(self, *unused):
        os.close(self.fd)
        self.reader.join()
        os.close(self.other)


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.strace = report.require_tool("strace", "it kills at the entry of a system call")
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        # A mount namespace that has a place for pins, whatever this host has.
        cls.holder = subprocess.Popen(["unshare", "-m", "sh", "-c", "mount -t bpf bpf /sys/fs/bpf && echo ready && exec cat"],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        cls.addClassCleanup(cls.holder.wait)
        cls.addClassCleanup(cls.holder.stdout.close)
        cls.addClassCleanup(cls.holder.stdin.close)
        if cls.holder.stdout.readline() != b"ready\n":
            raise report.CannotRun("no file system for pins", "it shows what is pinned")

    def pins(self):
        return sorted(os.listdir(f"/proc/{self.holder.pid}/root/sys/fs/bpf"))

    def trace(self, screen, args, *options):
        """The status of strace, which is that of boundtop, and what boundtop called."""
        log = self.folder.file("log")
        for name in ("recording", "recording-wal", "recording-shm", "report"):
            if os.path.exists(self.folder.file(name)):
                os.unlink(self.folder.file(name))
        command = ["nsenter", "-t", str(self.holder.pid), "-m", self.strace, "-o", log, *options, paths.boundtop(), *args]
        process = subprocess.Popen(command, stdin=screen.fd, stdout=screen.fd, stderr=subprocess.DEVNULL,
                                   env={**paths.unsearched(), "TERM": "xterm"}, start_new_session=True)
        try:
            status = process.wait(PATIENCE_S)
        finally:
            for pid in in_session(process.pid) if process.poll() is None else ():
                os.kill(pid, signal.SIGKILL)
            process.wait()
        deadline = time.monotonic() + PATIENCE_S
        while in_session(process.pid):
            self.assertLess(time.monotonic(), deadline, f"processes stay: {in_session(process.pid)}")
            time.sleep(0.01)
        with open(log, encoding="utf-8", errors="replace") as file:
            return status, file.read()

    def moments(self, text):
        """[(system call, which one of them)] of a run that nobody disturbed."""
        calls = collections.Counter(re.findall(r"^(\w+)\(", text, re.MULTILINE))
        found = [(name, number) for name in MAKING for number in range(1, calls[name] + 1, STRIDE)]
        for name in OTHERS:
            points = min(POINTS, calls[name])
            found += [(name, 1 + i * (calls[name] - 1) // max(points - 1, 1)) for i in range(points)]
        return found

    def kill_everywhere(self, *args):
        before, pins = leftovers.listing(), self.pins()
        killed = loaded = attached = late = 0
        with Screen() as screen:
            status, text = self.trace(screen, args, "-e", f"trace={','.join(MAKING + OTHERS)}")
            self.assertEqual(0, status)
            self.assertRegex(text, LOADED)
            self.assertRegex(text, ATTACHED)
            for name, number in self.moments(text):
                status, text = self.trace(screen, args, "-e", f"trace=bpf,{name}", "-e", f"inject={name}:signal=KILL:when={number}")
                self.assertIn(status, (0, -signal.SIGKILL, 128 + signal.SIGKILL), (name, number))
                killed += status != 0
                late += status == 0
                loaded += status != 0 and bool(LOADED.search(text))
                attached += status != 0 and bool(ATTACHED.search(text))
                self.assertNotRegex(text, PINNED)
        left = leftovers.since(before)
        report.note(f"{args[0]}: {killed} kills, {loaded} of them with programs loaded, {attached} attached, {late} came too late; "
                    f"{len(left)} programs, maps and links left, {len(set(self.pins()) - set(pins))} pins")
        self.assertEqual(([], pins), (left, self.pins()))
        # How many calls are made differs from run to run: the last ones may not come.
        self.assertGreater(attached, (killed + late) // 4)

    def test_classify(self):
        self.kill_everywhere("classify", "-d", "0.1", "-a", "--threads", "--json")

    def test_top(self):
        self.kill_everywhere("top", "-b", "-n", "2", "-d", "0.1")

    def test_dashboard(self):
        self.kill_everywhere("top", "-n", "2", "-d", "0.1")

    def test_record(self):
        self.kill_everywhere("record", "-o", self.folder.file("recording"), "-d", "0.3", "-i", "0.1")

    def test_run(self):
        self.kill_everywhere("run", "-o", self.folder.file("report"), "--", "true")

    def test_diagnose(self):
        self.kill_everywhere("diagnose", "-d", "0.1")

    def test_check(self):
        self.kill_everywhere("check")


if __name__ == "__main__":
    report.main()
