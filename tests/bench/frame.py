#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the dashboard costs with 10,000 processes: CPU time and bytes a frame, the time to the answer to a key,
memory; ours against top and htop, each in a terminal of 160 × 50 that nobody looks at.

CPU time is that of all threads (schedstat) over some frames, start-up and the first frames not counted. A key
(Down) is answered when the first bytes come back; keys are sent at odd times, so some of them meet a refresh.
"""
import contextlib
import fcntl
import os
import pty
import random
import re
import select
import signal
import statistics
import struct
import tempfile
import termios
import threading
import time
from pathlib import Path

import bench

OURS = "**boundtop**"
TARGET_RATIO = 1 / 10
TARGET_KEY_MS = 30
TARGET_RSS_MB = 40
DELAY = 2  # at 10,000 processes htop needs more than half of a second
ROWS, COLUMNS = 50, 160
WARM_FRAMES = 3
PATIENCE = 30  # seconds to the first bytes
DOWN = b"\x1bOB"  # as xterm sends it to those that switched its keypad on


class Screen:
    """A tool that draws; what it draws is counted and thrown away."""

    def __init__(self, command):
        self.command = command
        self.bytes = 0
        self.last = 0.0  # when the last bytes came

    def __enter__(self):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.home = tempfile.TemporaryDirectory()
        env = {key: value for key, value in os.environ.items() if key not in ("LINES", "COLUMNS", "NO_COLOR")}
        env |= {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "HOME": self.home.name,
                "XDG_CONFIG_HOME": self.home.name, "HTOPRC": f"{self.home.name}/htoprc"}
        self.child = bench.child(self.command, stop=signal.SIGTERM, stdin=slave, stdout=slave, env=env)
        self.process = self.child.__enter__()
        os.close(slave)
        self.reader = threading.Thread(target=self.swallow, daemon=True)
        self.reader.start()
        deadline = time.monotonic() + PATIENCE
        while not self.bytes:
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise bench.Broken(f"{' '.join(self.command)}: draws nothing")
            time.sleep(0.01)
        return self

    def __exit__(self, *reason):
        self.child.__exit__(*reason)
        self.reader.join(5)
        os.close(self.master)
        self.home.cleanup()

    def swallow(self):
        while True:
            try:
                got = len(os.read(self.master, 65536))
            except OSError:
                return  # the other side closed
            self.last = time.monotonic()
            self.bytes += got

    def cpu(self):
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def rss(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def key_ms(self):
        """Milliseconds to the answer to a key that is sent when nothing has come for a while."""
        while time.monotonic() - self.last < 0.05:
            time.sleep(0.005)
        before = self.bytes
        sent = time.monotonic()
        os.write(self.master, DOWN)
        while self.bytes == before and time.monotonic() - sent < 10:
            time.sleep(0.0002)
        return (time.monotonic() - sent) * 1e3


def measure(command, frames, keys):
    with Screen(command) as screen:
        time.sleep(WARM_FRAMES * DELAY)
        cpu, written = screen.cpu(), screen.bytes
        time.sleep(frames * DELAY)
        found = {"cpu": (screen.cpu() - cpu) / frames * 1e3, "bytes": (screen.bytes - written) / frames}
        times = []
        for _ in range(keys):
            select.select([], [], [], random.uniform(0, 0.3))
            times.append(screen.key_ms())
        found["key"] = statistics.median(times)
        found["key_worst"] = max(times)
        found["rss"] = screen.rss()
    return found


def forking(shells):
    """Processes that come and go, some hundred a second."""
    stack = contextlib.ExitStack()
    for _ in range(shells):
        stack.enter_context(bench.child(["sh", "-c", "while :; do sleep 0.05; done"], stop=signal.SIGKILL))
    return stack


def run(options, report):
    bench.need_root()
    ours = [bench.boundtop(), "-d", str(DELAY)]
    tools = {OURS: ours}
    if bench.have("top"):
        tools["top"] = ["top", "-d", str(DELAY)]
    if bench.have("htop"):
        tools["htop"] = ["htop", "-d", f"{DELAY}0"]
    if len(tools) == 1:
        raise bench.Skip("no peer: install procps or htop")
    count = options.rounds or (1 if options.short else 3)
    frames, keys = (3, 10) if options.short else (5, 20)
    # The watcher must not wait for its turn; what it starts is as it would be.
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    with bench.sleepers(options.processes):
        results = bench.rounds(count, {name: (lambda command=command: measure(command, frames, keys))
                                       for name, command in tools.items()}, bench.patience(options))
    quiet = measure(ours, frames, keys)
    with forking(20):
        busy = measure(ours, frames, keys)
    column = lambda name, what, form="{:.1f}": bench.spread([row[what] for row in results[name]], form)
    report.text(f"{options.processes:,} sleeping processes, {COLUMNS} × {ROWS}:")
    report.table(["tool", "CPU ms a frame", "bytes a frame", "ms to the answer to a key", "the slowest key", "peak RSS MB"],
                 [[name, column(name, "cpu"), column(name, "bytes", "{:.0f}"), column(name, "key"),
                   column(name, "key_worst"), column(name, "rss")] for name in tools])
    report.text("The same without these processes, and with 20 shells that fork all the time instead:")
    report.table(["host", "CPU ms a frame", "bytes a frame", "ms to the answer to a key"],
                 [[host, f"{row['cpu']:.1f}", f"{row['bytes']:.0f}", f"{row['key']:.1f}"]
                  for host, row in (("as it is", quiet), ("forking", busy))])
    cpu = {name: [row["cpu"] for row in results[name]] for name in tools}
    for name in tools:
        if name != OURS:
            report.check(f"CPU a frame, boundtop / {name}", bench.ratio(cpu[OURS], cpu[name]), TARGET_RATIO, "{:.3f}")
    report.check("answer to a key, ms", statistics.median(row["key"] for row in results[OURS]), TARGET_KEY_MS,
                 "{:.1f}", can_fail=False)
    report.check("peak RSS, MB", max(row["rss"] for row in results[OURS]), TARGET_RSS_MB, "{:.1f}")


def options(parser):
    parser.add_argument("--processes", type=int, default=10000)


if __name__ == "__main__":
    bench.main(run, options, __doc__)
