# SPDX-License-Identifier: GPL-2.0-or-later
"""Run boundtop, and know when it is attached."""

import calendar
import collections
import os
import platform
import subprocess
import time

from . import paths, schema
from .report import CannotRun
from .workloads import Lines, favour

Result = collections.namedtuple("Result", "status out err")

# Where a program waits for its next refresh: poll, select, nanosleep, epoll_wait, sigtimedwait and kin.
WAITING_CALLS = {
    "x86_64": {7, 23, 34, 35, 128, 230, 232, 270, 271, 281, 441},
    "aarch64": {22, 72, 73, 101, 115, 137, 441},
}[platform.machine()]
PATIENCE_S = 90
COLLECTING = {"top", "classify", "run", "diagnose", "record"}
# Where sampling is all that runs, COLLECTOR=procfs: it is asked for, so that nothing is said about it.
COLLECTOR = os.environ.get("COLLECTOR", "bpf")
IS_EXACT = COLLECTOR == "bpf"
# In a virtual machine whose CPUs are a program (tests/vm): each instruction takes ten times as long.
IS_EMULATED = "EMULATED" in os.environ


def require_exact(why):
    if not IS_EXACT:
        raise CannotRun("no exact collector", why)


def arguments(args):
    """As words of a command line."""
    words = [str(arg) for arg in args]
    if not IS_EXACT and "--collector" not in words and words[:1] and words[0] in COLLECTING:
        words[1:1] = ["--collector", COLLECTOR]
    return words


def run(*args, patience=PATIENCE_S, **options):
    """Run it to its end; `options` are those of subprocess.run."""
    options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
               "preexec_fn": favour if IS_EMULATED else None, **options}
    done = subprocess.run([paths.boundtop(), *arguments(args)], timeout=patience, check=False, **options)
    return Result(done.returncode, done.stdout, done.stderr)


def run_json(*args, **check):
    """Run it, expect success and one object that keeps the contract."""
    result = run(*args)
    if result.status != 0:
        raise AssertionError(f"boundtop {args} ended with {result.status}: {result.err.decode()!r}")
    return schema.check_frame(schema.parse(result.out), **check)


def classify(pid, seconds=2, *more):
    """What `classify` says of one process."""
    frame = run_json("classify", "-d", seconds, "--json", *more, pid, with_threads="--threads" in more)
    return find(frame, pid)


def classify_all(seconds, *pids):
    """The frame of `classify` with several processes."""
    return run_json("classify", "-d", seconds, "--json", *pids)


def find(frame, pid):
    found = [process for process in frame["processes"] if process["pid"] == pid]
    if len(found) != 1:
        raise AssertionError(f"{len(found)} processes with PID {pid} in {[p['pid'] for p in frame['processes']]}")
    return found[0]


class Running:
    """boundtop in the background; killed at the end of the `with` block if it still runs."""

    def __init__(self, *args, prefix=(), program=None, stdout=subprocess.PIPE, favoured=IS_EMULATED):
        """favoured: with as much of the CPUs as a Workload has, in a session of its own."""
        self.program = program or paths.boundtop()
        command = [*prefix, self.program, *arguments(args)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stdout,
                                        stderr=subprocess.PIPE, preexec_fn=favour if favoured else None)
        self.pid = self.process.pid
        if stdout == subprocess.PIPE:
            self.lines = Lines(self.process.stdout.fileno())

    def frame_after(self, begin):
        """The first frame that is all of the time after `begin` (of time.time())."""
        while True:
            frame = schema.parse(self.lines.next())
            end = calendar.timegm(time.strptime(frame["time"][:19], "%Y-%m-%dT%H:%M:%S"))
            if end - frame["duration_s"] > begin:
                return frame

    def await_attached(self, patience=30, samples=not IS_EXACT):
        """Back when its first reading was taken: it sleeps in one call and was not switched in since.

        A stretch of 50 ms is enough, because between attaching and the first reading it never waits
        in one of these calls. Who samples wakes up all the time, and waits in none of them before its first reading.
        """
        deadline = time.monotonic() + patience
        seen = since = None
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"boundtop ended with {self.process.returncode}: "
                                     f"{self.process.stderr.read().decode()!r}")
            now = self.waiting_mark()
            if now is not None and samples:
                return self
            if now is None or now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > 0.05:
                return self
            time.sleep(0.002)
        raise TimeoutError(f"boundtop is not attached after {patience} s")

    def waiting_mark(self):
        """The wait it is in, if it is one for the next refresh; else None."""
        try:
            with open(f"/proc/{self.pid}/syscall", encoding="ascii") as file:
                call = file.read().split()
            with open(f"/proc/{self.pid}/status", encoding="utf-8", errors="replace") as file:
                switches = [line for line in file if "ctxt_switches" in line]
            if os.path.realpath(f"/proc/{self.pid}/exe") != self.program:
                return None
        except (FileNotFoundError, ProcessLookupError):
            return None
        if not call or not call[0].isdigit() or int(call[0]) not in WAITING_CALLS:
            return None
        return tuple(call), tuple(switches)

    def finish(self, patience=PATIENCE_S):
        out, err = self.process.communicate(timeout=patience)
        if out is not None:
            out = self.lines.buffer + out
        return Result(self.process.returncode, out, err)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
