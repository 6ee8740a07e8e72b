#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The clock of the machine is set an hour ahead and back while boundtop watches; CLOCK_MONOTONIC is the witness.

Only in a virtual machine of tests/vm: tests/vm/run.py --tests clock_step 6.12.
"""

import contextlib
import datetime
import os
import pty
import select
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema  # noqa: E402
from systest.trouble import read  # noqa: E402
from systest.workloads import Workload  # noqa: E402

HOUR_S = 3600
STEPS = (0, HOUR_S, -HOUR_S)
FRAMES_A_STEP = 4
PATIENCE_S = 120
# What an emulated machine takes for whatever lies between two looks at clocks.
SLACK_S = 5


def step_clock(seconds):
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME) + seconds)


def time_of(frame):
    return datetime.datetime.fromisoformat(frame["time"]).timestamp()


def steps_in(moments):
    """What a clock was set by between two frames: [(time, seconds since the frame before)]."""
    seen = [now - before - passed for (before, _), (now, passed) in zip(moments, moments[1:])]
    return [round(step) for step in seen if abs(step) > SLACK_S]


class Dashboard:
    """In a terminal; its end is asked for by the key q."""

    def __init__(self):
        self.terminal, screen = pty.openpty()
        self.process = subprocess.Popen([paths.boundtop(), "top", "-d", "0.5"], stdin=screen, stdout=screen,
                                        stderr=subprocess.DEVNULL, start_new_session=True,
                                        env={**os.environ, "TERM": "xterm", "LINES": "30", "COLUMNS": "100"})
        os.close(screen)

    def drawn(self, patience):
        """Bytes that come until nothing has come for a while; 0: nothing came."""
        count = 0
        while select.select([self.terminal], [], [], 0 if count else patience)[0]:
            count += len(os.read(self.terminal, 1 << 16))
        return count

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


class ClockStep(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        if "bt.job=" not in read("/proc/cmdline"):
            raise report.CannotRun("no virtual machine", "the clock is everybody's: tests/vm/run.py --tests clock_step 6.12")

    def setUp(self):
        ahead = time.clock_gettime(time.CLOCK_REALTIME) - time.monotonic()
        self.addCleanup(lambda: time.clock_settime(time.CLOCK_REALTIME, ahead + time.monotonic()))

    def assert_intervals(self, frames):
        """[(time, seconds since the frame before)] of a watch that began before the first step."""
        self.assertEqual([HOUR_S, -HOUR_S], [HOUR_S * round(step / HOUR_S) for step in steps_in(frames)], frames)
        self.assertTrue(all(0.1 < passed < 30 for _, passed in frames), frames)

    def test_watched(self):
        with contextlib.ExitStack() as stack:
            hog = stack.enter_context(Workload("hog"))
            began = time.monotonic()
            tops = {name: stack.enter_context(product.Running("top", "-b", "-d", 0.5, "--json", "--collector", name, "-p", hog.pid))
                    for name in ("bpf", "procfs")}
            frames = {name: [] for name in tops}
            for step in STEPS:
                step_clock(step)
                for name, top in tops.items():
                    # Some from before the step may still wait to be read.
                    fresh = 0
                    while fresh < FRAMES_A_STEP:
                        frames[name].append(schema.check_frame(schema.parse(top.lines.next(PATIENCE_S))))
                        fresh += abs(time_of(frames[name][-1]) - time.time()) < HOUR_S / 2
            took = time.monotonic() - began
        for name, found in frames.items():
            with self.subTest(collector=name):
                self.assert_intervals([(time_of(frame), frame["duration_s"]) for frame in found])
                whole = sum(frame["duration_s"] for frame in found)
                shares = [product.find(frame, hog.pid)["active"] for frame in found]
                report.note(f"{name}: {len(found)} frames of {whole:.1f} s in {took:.1f} s; the hog was active for "
                            f"{min(shares):.2f} and more of each")
                self.assertLessEqual(whole, took)
                self.assertGreater(min(shares), 0.8)

    def test_drawn(self):
        with Dashboard() as dashboard:
            drawn = []
            for step in STEPS:
                step_clock(step)
                for _ in range(FRAMES_A_STEP):
                    drawn.append(dashboard.drawn(PATIENCE_S))
                    self.assertIsNone(dashboard.process.poll())
            os.write(dashboard.terminal, b"q")
            with contextlib.suppress(OSError):
                while dashboard.drawn(PATIENCE_S):
                    pass
            self.assertEqual(0, dashboard.process.wait(PATIENCE_S))
        report.note(f"drawn, in bytes: {drawn}")
        self.assertGreater(min(drawn), 0)

    def test_recorded(self):
        with tempfile.TemporaryDirectory() as folder, Workload("hog") as hog:
            path = os.path.join(folder, "recording")
            # Back alone: what was recorded last is the earliest.
            for steps in ([HOUR_S, -HOUR_S], [-HOUR_S]):
                with self.subTest(steps=steps):
                    with product.Running("record", "-o", path, "-i", 0.5) as recorder:
                        for step in steps:
                            self.await_frames(path, recorder)
                            step_clock(step)
                        self.await_frames(path, recorder)
                        recorder.process.terminate()
                        self.assertEqual((0, b"", b""), tuple(recorder.finish(PATIENCE_S)))
                    self.assert_replayed(path, hog.pid, steps)
                os.unlink(path)

    def rows(self, path):
        with contextlib.closing(sqlite3.connect(path)) as db:
            try:
                found = db.execute("SELECT time_ns / 1e9, begin_ns / 1e9, end_ns / 1e9 FROM frame ORDER BY id").fetchall()
            except sqlite3.OperationalError:
                return []  # not there yet
        return [dict(zip(("time", "begin", "end"), row)) for row in found]

    def await_frames(self, path, recorder):
        deadline = time.monotonic() + PATIENCE_S
        wanted = len(self.rows(path)) + 3
        while len(self.rows(path)) < wanted:
            self.assertIsNone(recorder.process.poll())
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def assert_between(self, before, now, seconds):
        """From some moment of one read of all threads to some moment of another."""
        self.assertTrue(now["begin"] - before["end"] - 0.1 < seconds < now["end"] - before["begin"] + 0.1, (before, now, seconds))

    def assert_replayed(self, path, pid, steps):
        rows = self.rows(path)
        pairs = list(zip(rows, rows[1:]))
        stepped = steps_in([(rows[0]["time"], 0)] + [(now["time"], now["end"] - before["end"]) for before, now in pairs])
        self.assertEqual(steps, [HOUR_S * round(step / HOUR_S) for step in stepped])
        done = product.run("replay", path, "top", "-b", "--json", patience=PATIENCE_S)
        self.assertEqual((0, b""), (done.status, done.err))
        shown = [schema.check_frame(schema.parse(line)) for line in done.out.splitlines()]
        self.assertEqual(len(pairs), len(shown))
        for (before, now), frame in zip(pairs, shown):
            self.assert_between(before, now, frame["duration_s"])
        done = product.run("replay", path, "classify", "--json", pid, patience=PATIENCE_S)
        self.assertEqual((0, b""), (done.status, done.err))
        whole = schema.parse(done.out)
        report.note(f"replayed: {len(shown)} frames; as one, of {whole['duration_s']:.1f} s, the hog is "
                    f"{product.find(whole, pid)['verdict']}")
        self.assert_between(rows[0], rows[-1], whole["duration_s"])
        self.assertIn(product.find(whole, pid)["verdict"], ("cpu-bound", "starved"))


if __name__ == "__main__":
    report.main()
