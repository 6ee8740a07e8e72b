#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What recording costs with 1,000 processes of which 50 are active, and how fast a long recording opens.

record.py [--short] [--hours N]: CPU time and bytes of `record` over a minute (--short: ten seconds); then a made-up
recording of 24 hours, how long it takes to open and to jump in it. Half a GB of disk, a minute or two on a quiet machine.
"""
import argparse
import contextlib
import fcntl
import os
import pty
import random
import select
import signal
import sqlite3
import statistics
import struct
import subprocess
import tempfile
import termios
import time
from pathlib import Path

import bench

PROCESSES, ACTIVE = 1000, 50
TARGET_CPU, TARGET_MB_AN_HOUR = 0.01, 30
JUMPS = 10


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
    return int(fields[0]) / 1e9


def frame_bytes(path):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
        pages, free, size = (db.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size"))
        return (pages - free) * size, db.execute("SELECT count(*) FROM frame").fetchone()[0]


@contextlib.contextmanager
def active_processes(count):
    """Each computes 0.2 ms and sleeps 10 ms, over and over."""
    program = "import time\nwhile True:\n t = time.perf_counter() + 0.0002\n while time.perf_counter() < t: pass\n time.sleep(0.01)\n"
    running = [subprocess.Popen(["python3", "-c", program]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def measure(seconds, folder):
    path = os.path.join(folder, "rec.db")
    with contextlib.ExitStack() as stack:
        sleepers = stack.enter_context(subprocess.Popen([bench.helper("sleepers"), str(PROCESSES - ACTIVE)],
                                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        stack.callback(sleepers.stdin.close)
        sleepers.stdout.readline()
        stack.enter_context(active_processes(ACTIVE))
        with subprocess.Popen([bench.boundtop(), "record", "-o", path]) as recorder:
            time.sleep(3)  # what is written once is there
            before, began = cpu_s(recorder.pid), time.monotonic()
            bytes_before, frames_before = frame_bytes(path)
            time.sleep(seconds)
            cpu = (cpu_s(recorder.pid) - before) / (time.monotonic() - began)
            bytes_after, frames_after = frame_bytes(path)
            recorder.send_signal(signal.SIGTERM)
    megabytes = (bytes_after - bytes_before) / (frames_after - frames_before) * 3600 / 1e6
    print(f"record, {PROCESSES} processes, {ACTIVE} active, {frames_after - frames_before} frames: "
          f"{100 * cpu:.2f} % of one core (target {100 * TARGET_CPU:.0f} %), "
          f"{megabytes:.1f} MB an hour (target {TARGET_MB_AN_HOUR})")


def drawn_ms(master, since, quiet_s=0.5):
    """When the last byte came before it was quiet, since then."""
    last = since
    while select.select([master], [], [], quiet_s)[0]:
        os.read(master, 65536)
        last = time.monotonic()
    return 1000 * (last - since)


def play(path, hours):
    """The dashboard itself: from its start to the first screen, from the key to the screen of another time."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    dice, jumps = random.Random(4), []
    with tempfile.TemporaryDirectory() as home:
        since = time.monotonic()
        with bench.child([bench.boundtop(), "replay", path], stop=signal.SIGTERM, stdin=slave, stdout=slave,
                         env=os.environ | {"TERM": "xterm", "HOME": home}):
            # The first screen, and then a frame a second: stopped before the next one.
            first = drawn_ms(master, since, 0.3)
            os.write(master, b" ")
            drawn_ms(master, since)
            for turn in range(JUMPS):
                # To and fro, within the recording.
                minutes = dice.randrange(1, 20 * hours)
                os.write(master, f"j{'+-'[turn % 2]}{minutes + (20 * hours if turn % 2 == 0 else 0)}m".encode())
                drawn_ms(master, since)
                since = time.monotonic()
                os.write(master, b"\r")
                jumps.append(drawn_ms(master, since))
    os.close(slave)
    os.close(master)
    print(f"dashboard: first screen after {first:.0f} ms (target 500), a jump {statistics.median(jumps):.0f} ms "
          f"(median of {JUMPS}), {max(jumps):.0f} ms at most (target 200)")


def main():
    bench.need_root()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--hours", type=int, default=None)
    arguments = parser.parse_args()
    hours = arguments.hours or (1 if arguments.short else 24)
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="boundtop-bench-") as folder:
        measure(10 if arguments.short else 60, folder)
        path = os.path.join(folder, "long.db")
        subprocess.run([bench.helper("long_recording"), "make", path, str(hours), str(PROCESSES), str(ACTIVE)], check=True)
        print(f"{hours} h, {os.path.getsize(path) / hours / 1e6:.1f} MB an hour: ", end="", flush=True)
        subprocess.run([bench.helper("long_recording"), "read", path], check=True)
        play(path, hours)


if __name__ == "__main__":
    main()
