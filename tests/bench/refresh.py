#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a refresh costs with 10,000 processes: ours against procps top, htop, atop and pidstat.

A slope, so that start-up and the first frame stay out: (cost of n frames - cost of one) / (n - 1).
CPU time is user and system time of the tool, which is where the kernel accounts the reading of /proc and of
BPF iterators.
"""
import os
import subprocess
import tempfile
import threading

import bench
import terminal

OURS = "**boundtop top -b**"
TOP = "top -b"
HTOP = "htop (in a terminal)"
TARGET = 1 / 20
DELAY = 1  # atop and pidstat know whole seconds only


def slope(command, frames, **options):
    """command: function of the number of frames → what to run."""
    one, many = bench.measure(command(1), **options), bench.measure(command(frames), **options)
    return {"first": one.cpu * 1e3,
            "cpu": (many.cpu - one.cpu) / (frames - 1) * 1e3,
            # What keeps to a schedule instead of sleeping between frames is never late.
            "late": max(0, (many.wall - one.wall) / (frames - 1) - DELAY) * 1e3}


def to_file(command, frames):
    with tempfile.TemporaryFile(dir="/var/tmp") as output:
        return slope(command, frames, stdout=output)


def to_pipe(command, frames):
    with bench.child(["cat"], stdin=subprocess.PIPE) as reader:
        return slope(command, frames, stdout=reader.stdin)


def in_terminal(command, frames):
    cpu = [bench.thread_cpu_seconds(pid) for pid in terminal.frames(command, frames, DELAY)]
    return {"first": cpu[0] * 1e3, "cpu": (cpu[-1] - cpu[0]) / (len(cpu) - 1) * 1e3, "late": None}


def tools():
    """{name: function of the number of frames → what one costs}"""
    ours = [bench.boundtop(), "top", "-b", "-d", str(DELAY), "-n"]
    text = lambda frames: [*ours, str(frames)]
    home = os.environ | {"HOME": "/nonexistent"}  # the defaults, not somebody's ~/.toprc
    # atop would switch on process accounting for the whole system.
    no_accounting = os.environ | {"ATOPACCT": ""}
    found = {
        OURS: lambda frames: slope(text, frames),
        "boundtop top -b, to a pipe": lambda frames: to_pipe(text, frames),
        "boundtop top -b, to a file": lambda frames: to_file(text, frames),
        "boundtop top -b --json": lambda frames: slope(lambda n: [*ours, str(n), "--json"], frames),
        TOP: lambda frames: slope(lambda n: ["top", "-b", "-d", str(DELAY), "-n", str(n)], frames, env=home),
    }
    if bench.have("htop"):
        found[HTOP] = lambda frames: in_terminal(["htop", "-d", str(DELAY * 10)], frames)
    if bench.have("atop"):
        found["atop"] = lambda frames: slope(lambda n: ["atop", str(DELAY), str(n)], frames,
                                             env=no_accounting)
    if bench.have("pidstat"):
        found["pidstat"] = lambda frames: slope(lambda n: ["pidstat", str(DELAY), str(n)], frames)
    return found


def run(options, report):
    bench.need_root()
    if not bench.have("top"):
        raise bench.Skip("no top: install procps")
    frames = options.frames or (3 if options.short else 6)
    count = options.rounds or (1 if options.short else 5)
    with bench.sleepers(options.processes):
        results = bench.rounds(count, {name: (lambda tool=tool: tool(frames))
                                       for name, tool in tools().items()})
    cpu = {name: [r["cpu"] for r in rows] for name, rows in results.items()}
    report.text(f"{options.processes:,} sleeping processes:")
    report.table(["tool", "CPU ms a frame", "ratio to top", "wall ms a frame, over the delay",
                  "CPU ms, start and first frame"],
                 [[name, bench.spread(cpu[name], "{:.1f}"), f"{bench.ratio(cpu[name], cpu[TOP]):.3f}",
                   bench.spread([r["late"] for r in rows if r["late"] is not None], "{:.1f}"),
                   bench.spread([r["first"] for r in rows], "{:.1f}")] for name, rows in results.items()])
    report.check("CPU a frame, boundtop / top", bench.ratio(cpu[OURS], cpu[TOP]), TARGET, "{:.3f}")


def options(parser):
    parser.add_argument("--processes", type=int, default=10000)
    parser.add_argument("--frames", type=int, help="frames the slope is taken over")


if __name__ == "__main__":
    bench.main(run, options, __doc__)
