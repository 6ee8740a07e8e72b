# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel and strace say: the truth that boundtop is held against."""

import collections
import os
import re
import signal
import subprocess
import threading
import time

from .report import require_tool
from .workloads import Lines, set_autogroup_nice, threads_of

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# After it was told to end.
STRACE_END_S = 5


def schedstat(pid):
    """(on-CPU seconds, run-queue seconds) over all living threads of a process.

    /proc/PID/schedstat is the main thread alone; and both are exact only while nothing runs.
    """
    cpu = wait = 0
    for tid in threads_of(pid):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as file:
            fields = file.read().split()
        cpu += int(fields[0])
        wait += int(fields[1])
    return cpu / 1e9, wait / 1e9


def stat_fields(pid):
    """The fields of /proc/PID/stat from the state on: index 0 is field 3 of proc(5)."""
    with open(f"/proc/{pid}/stat", "rb") as stat:
        return stat.read().rpartition(b")")[2].split()


def is_hidden(pid):
    """Whether the kernel keeps even root from looking into a process, as it can for a virtual machine's
    own agent; tracing does not see it either.
    """
    try:
        os.listdir(f"/proc/{pid}/fdinfo")
    except PermissionError:
        return True
    except (FileNotFoundError, ProcessLookupError):
        pass
    return False


def cpu_ticks(pid):
    """(utime, stime) in seconds; a process that does not live in ticks is not seen by them."""
    fields = stat_fields(pid)
    return int(fields[11]) / TICKS_A_SECOND, int(fields[12]) / TICKS_A_SECOND


def minor_faults(pid):
    return int(stat_fields(pid)[7])


def major_faults(pid):
    return int(stat_fields(pid)[9])


def start_time(pid):
    return int(stat_fields(pid)[19])


def children_of(pid):
    children = []
    for tid in threads_of(pid):
        with open(f"/proc/{pid}/task/{tid}/children", encoding="ascii") as file:
            children += [int(child) for child in file.read().split()]
    return children


def io_counters(pid):
    with open(f"/proc/{pid}/io", encoding="ascii") as file:
        return {key: int(value) for key, value in (line.split(": ") for line in file.read().splitlines())}


def io_bytes(pid):
    """(read, written) bytes that reached the block layer."""
    counters = io_counters(pid)
    return counters["read_bytes"], counters["write_bytes"]


def steal_seconds(cpu=None):
    """Time the hypervisor took from us. The kernel leaves it out of a thread's CPU time."""
    name = "cpu" if cpu is None else f"cpu{cpu}"
    with open("/proc/stat", encoding="ascii") as stat:
        for line in stat:
            fields = line.split()
            if fields[0] == name:
                return int(fields[8]) / TICKS_A_SECOND
    raise ValueError(f"no {name} in /proc/stat")


class Window:
    """How the threads of a process spent a stretch of time, by schedstat: shares of their wall time.

    `steal` is what a hypervisor took from all CPUs in that time, as a share of the same: the most that these
    threads can have lost. It is part of `off`.
    """

    def __init__(self, pid):
        self.pid = pid
        self.since = time.monotonic()
        self.before = schedstat(pid)
        self.steal_before = steal_seconds()
        self.cpu = self.run_queue = self.off = self.steal = None

    def close(self):
        wall = (time.monotonic() - self.since) * len(threads_of(self.pid))
        cpu, wait = schedstat(self.pid)
        self.cpu = (cpu - self.before[0]) / wall
        self.run_queue = (wait - self.before[1]) / wall
        self.off = 1 - self.cpu - self.run_queue
        self.steal = (steal_seconds() - self.steal_before) / wall
        return self


CALL = re.compile(r"(\d+) +(\w+)\((?:\d+<(.*?)>+(?=[,)]))?")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>")
SPENT = re.compile(r"<(\d+\.\d+)>$")


def kind_of(object_name):
    """pipe, TCP, file, or nothing: what strace -yy prints behind a descriptor."""
    if not object_name:
        return ""
    if object_name.startswith("/"):
        return "file"
    return object_name.split(":")[0]


def strace_times(pid, seconds=0.4):
    """Seconds inside each (system call, kind of object), over all threads, while strace watches.

    Not at the same time as boundtop measures: strace slows its target down.
    """
    strace = require_tool("strace", "it is the witness of what a thread waits for")
    # Ahead of all others: a call lasts until strace lets it go on.
    command = ["nice", "-n", "-20", strace, "-f", "-T", "-yy", "-o", "/dev/stdout", "-p", str(pid)]
    tracer = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    set_autogroup_nice(tracer.pid, -20)
    attached = Lines(tracer.stderr.fileno())
    end = threading.Timer(STRACE_END_S, tracer.kill)
    try:
        if b"attached" not in attached.next():
            raise RuntimeError("strace could not attach")
        timer = time.monotonic() + seconds
        text = b""
        os.set_blocking(tracer.stdout.fileno(), False)
        while time.monotonic() < timer:
            chunk = tracer.stdout.read()
            text += chunk or b""
            time.sleep(0.01)
        tracer.send_signal(signal.SIGINT)
        # It waits for ever for who waits in vfork() for a child that it stopped itself.
        os.set_blocking(tracer.stdout.fileno(), True)
        end.start()
        text += tracer.stdout.read() or b""
    finally:
        end.cancel()
        tracer.kill()
        tracer.wait()
        tracer.stdout.close()
        tracer.stderr.close()
    return sum_traced(text.decode(errors="replace"), seconds)


def sum_traced(text, seconds):
    """Sum strace -f -T -yy lines. A call that was cut in two has its object in the first half; one that did
    not end while strace watched took what its thread did not spend elsewhere.
    """
    times = collections.defaultdict(float)
    by_thread = collections.defaultdict(float)
    begun = {}
    for line in text.splitlines():
        call, resumed, spent = CALL.match(line), RESUMED.match(line), SPENT.search(line)
        if call:
            tid, name, target = call.groups()
            begun[tid] = name, kind_of(target)
        elif not resumed:
            continue
        else:
            tid, name = resumed.groups()
            # Without a first half: strace came after it, and has no object.
            begun.setdefault(tid, (name, ""))
        if spent:
            times[begun.pop(tid)] += float(spent.group(1))
            by_thread[tid] += float(spent.group(1))
    for tid, key in begun.items():
        times[key] += max(0, seconds - by_thread[tid])
    return dict(times)


def dominant_wait(pid, seconds=0.4):
    """The (system call, kind of object) in which the threads of a process spent most time."""
    times = strace_times(pid, seconds)
    return max(times, key=times.get) if times else None
