#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Does the dashboard grow on a host where processes come and go all the time? Hundreds of forks a second, a frame a
second, and a user who presses every key there is; its memory is looked at for as long as --minutes says (60).

Growth is what the median of the last tenth is above that of the second tenth: in the first one, what is kept (names,
the trend of a row) reaches its size. Fails above 1 MB × 1.5, or when boundtop ends by itself.
"""
import os
import re
import statistics
import time
from pathlib import Path

import bench
from frame import Screen, forking

TARGET_GROWTH_MB = 1
TARGET_RSS_MB = 40
SAMPLES = 200
KEY_EVERY = 2  # seconds
# What a user does, in turn (and never q, which would end it): each order, tree, groups, threads, a process opened and left, a search, a filter, help.
KEYS = [b"P", b"M", b"T", b"N", b"A", b"I", b"A", b"t", b"*", b"*", b"t", b"g", b"\r", b"\r", b"g", b"H", b"H", b"i", b"i",
        b"\r", b" ", b"\x1bOF", b"\x1b", b"\x1b[6~", b"\x1bOB", b"F", b"F", b"/sleep\r", b"n", b"\\sh\r", b"\x1b", b"K", b"K", b"?", b"\x1b",
        b"\x1bOH", b"u", b"\x1b", b"\x1bOC", b"\x1bOD"]


def rss_mb(pid):
    """What it has of its own: pages of files come and go with the page cache."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1024


def forks():
    return int(re.search(r"^processes (\d+)", Path("/proc/stat").read_text(), re.MULTILINE)[1])


def watch(screen, seconds):
    """RSS in MB, at even distances."""
    start = time.monotonic()
    sizes = []
    presses = 0
    while len(sizes) < SAMPLES:
        now = time.monotonic() - start
        if screen.process.poll() is not None:
            raise bench.Broken(f"boundtop ended by itself after {now:.0f} s, status {screen.process.returncode}")
        if now >= (len(sizes) + 1) * seconds / SAMPLES:
            sizes.append(rss_mb(screen.process.pid))
            bench.note(f"{now / 60:.1f} of {seconds / 60:.1f} minutes: {sizes[-1]:.1f} MB")
        if now >= presses * KEY_EVERY:
            os.write(screen.master, KEYS[presses % len(KEYS)])
            presses += 1
        time.sleep(0.05)
    return sizes


def run(options, report):
    bench.need_root()
    seconds = 60 * options.minutes
    forked, began = forks(), time.monotonic()
    with forking(options.shells), Screen([bench.boundtop(), "-d", "1"]) as screen:
        sizes = watch(screen, seconds)
        peak = screen.rss()
        cpu = screen.cpu() / (time.monotonic() - began)
    forked = forks() - forked
    tenth = SAMPLES // 10
    parts = [statistics.median(sizes[i * tenth:(i + 1) * tenth]) for i in range(10)]
    report.text(f"{options.minutes:g} minutes, {forked:,} forks ({forked / seconds:.0f} a second), a frame a second, a key every "
                f"{KEY_EVERY} s; {100 * cpu:.1f} % of a CPU:")
    report.table(["tenth of the time", *map(str, range(1, 11))], [["memory of its own, MB", *(f"{size:.1f}" for size in parts)]])
    report.check("growth from the second tenth to the last, MB", parts[9] - parts[1], TARGET_GROWTH_MB)
    report.check("peak RSS, MB", peak, TARGET_RSS_MB, "{:.1f}")


def options(parser):
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--shells", type=int, default=20, help="that fork all the time, some 15 times a second each")


if __name__ == "__main__":
    bench.main(run, options, __doc__)
