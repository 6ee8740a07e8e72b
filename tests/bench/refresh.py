#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a refresh costs with 10,000 processes: ours against procps top, htop, atop and pidstat.

A running tool is watched from outside. A frame is over when it has written something and all its threads
sleep; what a frame costs is the growth of their CPU time (schedstat) from there to the same point of the next.
That is user and system time, in which the kernel accounts the reading of /proc and of BPF iterators. Start-up
and the first two frames, for which names are looked up, are not counted.
"""
import math
import os
import re
import signal
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import bench
import terminal

OURS = "**boundtop top -b**"
TOP = "top -b"
TARGET = 1 / 20
DELAY = 2  # atop and pidstat know whole seconds only, and pidstat may need more than one of them
ASLEEP = 0.1  # seconds after which a sleeping tool has nothing more to say
UNCOUNTED = 2  # frames at the start
PATIENCE = 20  # seconds for the start


class Frames:
    """Call it as often as possible with the PID of a tool that runs: notes the end of each frame."""

    def __init__(self):
        self.ends = []  # CPU seconds so far, wall seconds that the frame took
        self.cpu = self.written = self.told = 0
        self.quiet = self.busy = time.monotonic()  # since when it sleeps; when it last began to work

    def __call__(self, pid):
        now = time.monotonic()
        cpu, written, asleep = 0, self.written, True
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                cpu += int((task / "schedstat").read_text().split()[0])
                asleep &= (task / "stat").read_text().rpartition(")")[2].split()[0] == "S"
            written = int(re.search(r"wchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[1])
        except (OSError, IndexError):
            return  # a thread ends
        if cpu != self.cpu or written != self.written or not asleep:
            if self.quiet < now:
                self.busy = now
            self.cpu, self.written, self.quiet = cpu, written, math.inf
        elif self.quiet == math.inf:
            self.quiet = now
        elif now - self.quiet > ASLEEP and self.written > self.told:
            self.ends.append((self.cpu / 1e9, self.quiet - self.busy))
            self.told = self.written

    def done(self, frames):
        return len(self.ends) >= UNCOUNTED + frames

    def result(self, frames):
        first, last = self.ends[UNCOUNTED - 1], self.ends[UNCOUNTED + frames - 1]
        walls = [wall for _, wall in self.ends[UNCOUNTED:UNCOUNTED + frames]]
        return {"cpu": (last[0] - first[0]) / frames * 1e3, "wall": sum(walls) / frames * 1e3,
                "start": self.ends[0][0] * 1e3}


def watch(pid, frames):
    """What a frame costs; None if the tool never sleeps between two of them."""
    watched = Frames()
    limit = time.monotonic() + PATIENCE + DELAY * (UNCOUNTED + frames) * 2
    while not watched.done(frames):
        if time.monotonic() > limit:
            return None
        watched(pid)
        time.sleep(0.01)
    return watched.result(frames)


def batch(command, frames, **options):
    with bench.child(command, stop=signal.SIGTERM, **options) as process:
        return watch(process.pid, frames)


def to_file(command, frames):
    with tempfile.TemporaryFile(dir="/var/tmp") as output:
        return batch(command, frames, stdout=output)


def to_pipe(command, frames):
    with bench.child(["cat"], stdin=subprocess.PIPE) as reader:
        return batch(command, frames, stdout=reader.stdin)


def in_terminal(command, frames):
    with terminal.drawn(command) as pid:
        return watch(pid, frames)


def tools(short):
    """{name: function of the number of frames → what one costs}"""
    delay = str(DELAY)
    ours = [bench.boundtop(), "top", "-b", "-d", delay]
    home = os.environ | {"HOME": "/nonexistent"}  # the defaults, not somebody's ~/.toprc
    # atop would switch on process accounting for the whole system.
    no_accounting = os.environ | {"ATOPACCT": ""}
    found = {
        OURS: lambda frames: batch(ours, frames),
        "boundtop top -b, to a pipe": lambda frames: to_pipe(ours, frames),
        "boundtop top -b, to a file": lambda frames: to_file(ours, frames),
        "boundtop top -b --json": lambda frames: batch([*ours, "--json"], frames),
        TOP: lambda frames: batch(["top", "-b", "-d", delay], frames, env=home),
    }
    if short:
        return {name: found[name] for name in (OURS, TOP)}
    if bench.have("htop"):
        found["htop (in a terminal)"] = lambda frames: in_terminal(["htop", "-d", f"{delay}0"], frames)
    if bench.have("atop"):
        found["atop"] = lambda frames: batch(["atop", delay], frames, env=no_accounting)
    if bench.have("pidstat"):
        found["pidstat"] = lambda frames: batch(["pidstat", delay], frames)
    return found


def run(options, report):
    bench.need_root()
    if not bench.have("top"):
        raise bench.Skip("no top: install procps")
    frames = options.frames or (2 if options.short else 3)
    count = options.rounds or 3
    # The watcher must not wait for its turn; what it starts is as it would be.
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    with bench.sleepers(options.processes):
        results = bench.rounds(count, {name: (lambda tool=tool: tool(frames))
                                       for name, tool in tools(options.short).items()},
                               bench.patience(options))
    for needed in (OURS, TOP):
        if None in results[needed]:
            raise bench.Broken(f"{needed}: never asleep between two frames")
    show(report, options.processes, results)


def show(report, processes, results):
    """A peer that could not keep up in a round is left out of it."""
    column = lambda rows, key: bench.spread([row[key] for row in rows if row], "{:.1f}")
    ratios = {name: [row["cpu"] / top["cpu"] for row, top in zip(rows, results[TOP]) if row]
              for name, rows in results.items()}
    report.text(f"{processes:,} sleeping processes:")
    report.table(["tool", "CPU ms a frame", "ratio to top", "wall ms a frame", "CPU ms, start and first frame"],
                 [[name, column(rows, "cpu"), bench.spread(ratios[name], "{:.3f}"),
                   column(rows, "wall"), column(rows, "start")] for name, rows in results.items()])
    report.check("CPU a frame, boundtop / top", statistics.median(ratios[OURS]), TARGET, "{:.3f}")


def options(parser):
    parser.add_argument("--processes", type=int, default=10000)
    parser.add_argument("--frames", type=int, help="frames counted a round")


if __name__ == "__main__":
    bench.main(run, options, __doc__)
