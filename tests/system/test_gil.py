#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same work in Python by threads, by processes, and by threads that let go of the interpreter's lock."""

import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import judge, product, report, schema, workloads  # noqa: E402

SPIN = """
def spin():
    n = 0
    while True:
        n += 1
"""

THREADS = SPIN + """
import threading
for _ in range(4):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

PROCESSES = SPIN + """
import multiprocessing, signal
children = [multiprocessing.Process(target=spin, daemon=True) for _ in range(2)]
for child in children:
    child.start()
print("ready", *[child.pid for child in children], flush=True)
signal.pause()
"""

# hashlib lets go of the lock for large buffers.
RELEASED = """
import hashlib, threading
def spin():
    data = bytes(1 << 22)
    while True:
        hashlib.sha256(data).digest()
for _ in range(2):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

# What a pool does that has nothing to do: a semaphore, and no GIL.
PARKED = """
import concurrent.futures, signal
pool = concurrent.futures.ThreadPoolExecutor(4)
list(pool.map(abs, range(100)))
print("ready", flush=True)
signal.pause()
"""


def interpreters():
    """Debian's, which has the runtime in its executable, and whoever runs this test."""
    found = {os.path.realpath(path): path for path in ("/usr/bin/python3", sys.executable) if os.path.exists(path)}
    return list(found.values())


class Script:
    def __init__(self, interpreter, text):
        self.process = subprocess.Popen([interpreter, "-c", text], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        preexec_fn=workloads.favour)
        self.pid = self.process.pid

    def __enter__(self):
        line = workloads.Lines(self.process.stdout.fileno()).next().split()
        assert line[0] == b"ready", line
        self.pids = [int(pid) for pid in line[1:]]
        return self

    def __exit__(self, *_):
        os.killpg(self.pid, 9)
        self.process.wait()
        self.process.stdout.close()


class Gil(judge.Judge):
    def each(self, text, judge_it):
        for interpreter in interpreters():
            report.note(interpreter)
            with self.subTest(interpreter=interpreter), Script(interpreter, text) as script:
                judge_it(script)

    def test_threads(self):
        self.each(THREADS, lambda script: self.judge_blocked(script.pid, "lock-bound", "gil", ("futex", "")))

    def test_processes(self):
        def judge_children(script):
            for pid in script.pids:
                self.judge_busy(pid, "user")

        self.each(PROCESSES, judge_children)

    def test_threads_that_let_go(self):
        """The main thread sleeps beside two that compute: a third of the wall time is off the CPU."""
        def computes(window):
            return window.cpu > 2 * window.run_queue + 0.2

        self.each(RELEASED, lambda script: self.judge(script.pid, "cpu-bound", "user", computes))

    def test_pool_without_work(self):
        self.each(PARKED, lambda script: self.judge_blocked(script.pid, "idle", "event", None))

    def test_born_while_it_is_watched(self):
        """Where the lock is becomes known between the start of the second thread and its first waits."""
        for interpreter in interpreters():
            with self.subTest(interpreter=interpreter):
                with tempfile.TemporaryDirectory() as folder:
                    path = os.path.join(folder, "report")
                    product.run("run", "-o", path, "--json", "--", "timeout", "--signal=KILL", "1", interpreter, "-c",
                                THREADS)
                    with open(path, "rb") as file:
                        frame = schema.check_frame(schema.parse(file.read()), with_total=True)
                share = frame["total"]["share"]
                report.note(f"gil {share['gil']:.2f}, event {share['event']:.2f}")
                self.assertGreater(share["gil"], 0.2)


if __name__ == "__main__":
    report.main()
