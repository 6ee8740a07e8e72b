#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The dashboard of the real boundtop in a real terminal (tmux): keys that act on processes, its end, Ctrl-Z."""

import contextlib
import os
import re
import resource
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, recording, report  # noqa: E402
from systest.talk import Talk  # noqa: E402
from systest.workloads import Workload  # noqa: E402

PATIENCE_S = 20
USAGE = 2


class Terminal:
    """A shell in tmux, with a server and a home of its own; everything ends with the `with` block."""

    def __init__(self, columns=120, rows=30):
        self.folder = tempfile.TemporaryDirectory(prefix="boundtop-dashboard-")
        self.size = columns, rows

    def tmux(self, *args):
        return subprocess.run(["tmux", "-f", "/dev/null", "-S", f"{self.folder.name}/socket", *map(str, args)],
                              check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8",
                              env=os.environ | {"LC_ALL": "C.UTF-8"}).stdout

    def __enter__(self):
        # What is left of a prompt when spaces at the end of a line are cut.
        prompt = "shell:"
        shell = ["env", "-u", "NO_COLOR", f"HOME={self.folder.name}", "HISTFILE=/dev/null",
                 f"PS1={prompt} ", "LC_ALL=C.UTF-8",
                 "bash", "--norc", "--noprofile", "-i"]
        self.tmux("new-session", "-d", "-s", "t", "-x", self.size[0], "-y", self.size[1], *shell)
        self.tmux("set", "-t", "t", "status", "off")
        try:
            self.await_screen(prompt)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        # A sanitizer's search for leaks can hang where the terminal went away meanwhile.
        left = [os.pidfd_open(pid) for pid in self.children()]
        self.tmux("kill-server")
        for pidfd in left:
            try:
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.close(pidfd)
        self.folder.cleanup()

    def screen(self):
        return self.tmux("capture-pane", "-p", "-t", "t")

    def await_screen(self, pattern, patience=PATIENCE_S):
        deadline = time.monotonic() + patience
        while True:
            screen = self.screen()
            found = re.search(pattern, screen, re.MULTILINE)
            if found:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"no {pattern!r} on the screen:\n{screen}")
            time.sleep(0.05)

    def keys(self, *keys):
        self.tmux("send-keys", "-t", "t", *keys)

    def type(self, text):
        self.tmux("send-keys", "-t", "t", "-l", "--", text)

    def command(self, *args):
        # The status in a form that the command line itself does not hold.
        line = " ".join(map(shlex.quote, map(str, args)))
        self.type(f"{line}; echo status=$((0+$?))=")
        self.keys("Enter")

    def boundtop(self, *args):
        self.command(paths.boundtop(), *args)
        self.await_screen(r"VERDICT")
        return self

    def pid(self):
        """Of the boundtop that the shell runs."""
        return self.children()[0]

    def children(self):
        shell = int(self.tmux("display", "-p", "-t", "t", "#{pane_pid}"))
        with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
            return [int(pid) for pid in file.read().split()]

    def find(self, text):
        """Puts the cursor on the first process that matches."""
        self.keys("/")
        self.type(text)
        self.keys("Enter")


class Dashboard(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()

    def test_shows_what_a_process_is_bound_by(self):
        with Workload("hog") as hog, Terminal() as terminal:
            terminal.boundtop("-p", hog.pid, "-d", "0.5")
            found = terminal.await_screen(rf"^ *{hog.pid} root +cpu-bound +user .*U{{5}}.* workload hog")
            report.note(found.group(0))
            terminal.keys("Enter")
            terminal.await_screen(r"^ *cpu-bound by user")
            terminal.await_screen(r"^ +user +\d")
            terminal.keys("q")
            terminal.await_screen("VERDICT")
            terminal.keys("q")
            terminal.await_screen("status=0=")

    def test_names_who_is_at_the_other_end_of_a_socket(self):
        """Asker and server of one socket, each opened; the witness is what they say of themselves."""
        with Talk("unix") as talk, Terminal(140, 40) as terminal:
            asker, server = talk.facts["asker"], talk.facts["pid"]
            for pid, other in ((asker, f"{server} \\(serve\\)"), (server, f"{asker} \\(ask\\)")):
                terminal.boundtop("-p", pid, "-d", "0.5")
                terminal.keys("Enter")
                found = terminal.await_screen(rf"^ +[0-9.]+% .*recvfrom unix from {other}.*socket")
                report.note(found.group(0))
                terminal.keys("q", "q")
                terminal.await_screen("status=0=")
                terminal.keys("C-l")

    def test_plays_a_recording_of_several_sessions(self):
        """The middle one is a base alone, of which nothing can be shown; the witness is the file."""
        with tempfile.TemporaryDirectory(prefix="boundtop-dashboard-", dir="/var/tmp") as folder, Terminal() as terminal:
            path = os.path.join(folder, "rec.db")
            for _ in range(2):
                self.assertEqual(0, product.run("record", "-o", path, "-d", 1.2, "-i", 0.2).status)
                with product.Running("record", "-o", path, "-i", 60) as recorder:
                    before = recording.frames(path)
                    recording.await_frames(path, before + 1, recorder)
                    recorder.process.kill()
                    recorder.process.wait()
            with contextlib.closing(sqlite3.connect(path)) as db:
                times = {session: [time.strftime("%H:%M:%S", time.localtime(ns // 10**9)) for (ns,) in
                                   db.execute("SELECT time_ns FROM frame WHERE session = ? ORDER BY id", (session,))]
                         for session in (1, 2, 3, 4)}
            self.assertEqual([1, 1], [len(times[2]), len(times[4])])
            terminal.command(paths.boundtop(), "replay", path)
            terminal.await_screen("VERDICT")
            terminal.keys("Space")
            terminal.await_screen("PAUSED")
            for _ in range(len(times[1]) + len(times[3])):
                terminal.keys(".")
            terminal.await_screen(rf"^replay +{times[3][-1]} .*PAUSED")
            for _ in range(len(times[1]) + len(times[3])):
                terminal.keys(",")
            terminal.await_screen(rf"^replay +{times[1][1]} .*PAUSED")
            terminal.keys("q")
            terminal.await_screen("status=0=")

    def test_without_a_command_it_is_the_dashboard(self):
        with Terminal(80, 24) as terminal:
            terminal.command(paths.boundtop())
            terminal.await_screen(r"VERDICT +CAUSE")
            terminal.keys("C-c")
            terminal.await_screen("status=0=")

    def test_ends_after_its_frames(self):
        with Terminal() as terminal:
            terminal.command(paths.boundtop(), "-n", "2", "-d", "0.2")
            terminal.await_screen("status=0=")

    def test_sends_a_signal_and_sets_a_nice_value(self):
        with Workload("hog") as hog, Terminal() as terminal:
            terminal.boundtop("-p", hog.pid, "-d", "0.5")
            terminal.keys("r")
            terminal.await_screen(rf"nice value of {hog.pid}")
            terminal.type("7")
            terminal.keys("Enter")
            terminal.await_screen(rf"{hog.pid} \(workload\) has nice value 7")
            self.assertEqual(7, os.getpriority(os.PRIO_PROCESS, hog.pid))
            terminal.keys("F7")
            terminal.await_screen(rf"{hog.pid} \(workload\) has nice value 6")
            terminal.keys("k")
            terminal.await_screen(rf"Enter sends to {hog.pid} workload")
            terminal.keys("Enter")
            terminal.await_screen(rf"SIGTERM was sent to {hog.pid}")
            hog.process.wait(PATIENCE_S)
            self.assertEqual(-signal.SIGTERM, hog.process.returncode)
            terminal.keys("q")

    def test_stops_and_goes_on(self):
        with Terminal() as terminal:
            terminal.boundtop("-d", "0.5")
            terminal.keys("C-z")
            terminal.await_screen(r"Stopped")
            self.assertNotIn("VERDICT", terminal.screen())
            terminal.type("fg")
            terminal.keys("Enter")
            terminal.await_screen("VERDICT")
            terminal.keys("q")
            # After a stop the shell forgets what stood behind the semicolon.
            terminal.type("echo back=$?=")
            terminal.keys("Enter")
            terminal.await_screen("back=0=")

    def test_takes_the_size_of_its_terminal(self):
        with Terminal(120, 30) as terminal:
            terminal.boundtop("-d", "0.5")
            terminal.await_screen("TREND")
            terminal.tmux("resize-window", "-t", "t", "-x", 40, "-y", 10)
            terminal.await_screen(r"^ *PID VERDICT +COMMAND$")
            terminal.tmux("resize-window", "-t", "t", "-x", 130, "-y", 40)
            terminal.await_screen("WHERE THE TIME WENT")
            terminal.keys("q")

    def test_gives_the_terminal_back_whatever_ends_it(self):
        # The sanitizer takes the other signals of a crash.
        crash = signal.SIGABRT if paths.is_sanitized() else signal.SIGSEGV
        for ending, status in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (crash, 128 + crash)):
            with self.subTest(ending=ending), Terminal() as terminal:
                terminal.command("ulimit", "-c", "0")
                terminal.boundtop("-d", "0.5")
                os.kill(terminal.pid(), ending)
                terminal.await_screen(f"status={status}=")
                # It echoes what is typed, and a line is a line.
                terminal.type("echo still=$((40+2))=")
                terminal.keys("Enter")
                terminal.await_screen("^still=42=$")
                self.assertNotIn("VERDICT", terminal.screen())

    def test_a_lost_collector_is_said(self):
        product.require_exact("it is what is lost")
        with Terminal() as terminal:
            terminal.boundtop("-d", "0.2")
            pid = terminal.pid()
            limits = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            # No descriptor for the next reading: there is none. But as many as poll() wants to be allowed.
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (8, limits[1]))
            terminal.await_screen("the collector cannot be read: .*; the last frame stays")
            terminal.await_screen("VERDICT")
            # And can still be looked at.
            terminal.keys("t")
            terminal.await_screen("└ ")
            terminal.await_screen("the last frame stays")
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)
            terminal.keys("q")
            terminal.await_screen("status=0=")

    def test_keeps_what_was_chosen(self):
        with Terminal() as terminal:
            terminal.boundtop("-d", "0.5")
            terminal.keys("P", "i", "W")
            terminal.await_screen("saved: ")
            terminal.keys("q")
            terminal.await_screen("status=0=")
            with open(f"{terminal.folder.name}/.config/boundtop/top.conf", encoding="ascii") as file:
                text = file.read()
            self.assertIn("sort = cpus\n", text)
            self.assertIn("hide-idle = yes\n", text)
            self.assertIn("delay = 0.500\n", text)

    def test_leaves_a_strange_file_alone(self):
        with Terminal() as terminal:
            path = f"{terminal.folder.name}/.config/boundtop/top.conf"
            os.makedirs(os.path.dirname(path))
            for strange in ("version = 2\nshape = round\n", "\x00\x01", "tree = perhaps\n"):
                with open(path, "w", encoding="ascii") as file:
                    file.write(strange)
                terminal.keys("C-l")
                terminal.command(paths.boundtop())
                terminal.await_screen(r"top\.conf: .*left as it is")
                terminal.await_screen("VERDICT")
                terminal.keys("W")
                terminal.await_screen("not saved: ")
                terminal.keys("q")
                terminal.await_screen("status=0=")
                with open(path, encoding="ascii") as file:
                    self.assertEqual(strange, file.read())

    def test_without_a_terminal_it_says_what_to_do(self):
        for args in ((), ("top",), ("top", "-n", "1")):
            result = product.run(*args)
            self.assertEqual((USAGE, b""), (result.status, result.out))
            self.assertEqual(1, result.err.count(b"\n"))
            self.assertIn(b"-b", result.err)

    def test_terminals_that_cannot_be_drawn_on(self):
        for name, status in (("dumb", USAGE), ("", USAGE), ("no-such-terminal", 1)):
            with self.subTest(terminal=name), Terminal() as terminal:
                terminal.command("env", f"TERM={name}", paths.boundtop())
                terminal.await_screen(f"status={status}=")
                terminal.await_screen(r"boundtop: top: .*give -b")


if __name__ == "__main__":
    unittest.main()
