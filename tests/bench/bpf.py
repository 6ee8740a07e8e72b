# SPDX-License-Identifier: GPL-2.0-or-later
"""BPF programs and perf events that a process holds, seen from outside through /proc/PID/fdinfo.

bpftool could tell as well, but Debian's is built without the part that says which process holds what.
"""
import ctypes
import json
import os
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import bench

# bpftrace and perf want tracefs, which need not be mounted, and perf would mount it for good: they get a
# mount namespace of their own.
TRACEFS = ["unshare", "-m", "sh", "-c", "mount -t debugfs none /sys/kernel/debug; "
           "mount -t tracefs none /sys/kernel/tracing; exec \"$@\"", "sh"]

# The least that can be asked: time off the CPU for each process.
BPFTRACE_OFFCPU = ("tracepoint:sched:sched_switch { @start[args->prev_pid] = nsecs; "
                   "$t = @start[args->next_pid]; "
                   "if ($t) { @off[args->next_pid] = sum(nsecs - $t); delete(@start[args->next_pid]); } }")


def held(pid):
    """What a process holds: {"prog": {id: memlock}, "map": {id: memlock}, "events": number of the
    descriptors that make something run: links, programs, perf events}."""
    found = {"prog": {}, "map": {}, "events": 0}
    try:
        descriptors = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return found
    for fd in descriptors:
        try:
            kind = os.readlink(f"/proc/{pid}/fd/{fd}")
            if not kind.startswith("anon_inode:"):
                continue
            text = Path(f"/proc/{pid}/fdinfo/{fd}").read_text()
        except OSError:
            continue  # closed meanwhile
        info = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
        # An iterator over a map names it, too.
        if "map_id" in info and "memlock" in info:
            found["map"][int(info["map_id"])] = int(info["memlock"])
        elif "prog_id" in info:
            known = found["prog"].get(int(info["prog_id"]), 0)
            found["prog"][int(info["prog_id"])] = max(known, int(info.get("memlock", 0)))
            found["events"] += 1
        elif "perf_event" in kind:
            found["events"] += 1
    return found


@contextmanager
def attached(command):
    """Runs a tracer in the background; the block starts when all that it attaches is attached. The tracer's
    own half stays off the CPU that is measured."""
    with bench.child(["taskset", "-c", "0", *command]) as process:
        events, since, limit = 0, time.monotonic(), time.monotonic() + 30
        while not events or time.monotonic() - since < 0.4:
            now = held(process.pid)["events"]
            if now != events:
                events, since = now, time.monotonic()
            if process.poll() is not None or time.monotonic() > limit:
                raise bench.Broken(f"{' '.join(command)}: nothing was attached "
                                   f"(exit status {process.poll()})")
            time.sleep(0.05)
        yield process


@contextmanager
def statistics_of_runs():
    """The kernel counts the runs and nanoseconds of each program. This holds a descriptor, instead of
    setting kernel.bpf_stats_enabled, so that nothing stays switched on whatever happens."""
    try:
        enable = ctypes.CDLL("libbpf.so.1", use_errno=True).bpf_enable_stats
    except OSError:
        raise bench.Skip("libbpf.so.1: not installed")
    fd = enable(0)  # BPF_STATS_RUN_TIME
    if fd < 0:
        raise bench.Skip(f"bpf_enable_stats: {os.strerror(ctypes.get_errno())}")
    try:
        yield
    finally:
        os.close(fd)


def programs():
    """{id: as bpftool shows it} of every program in the kernel."""
    shown = subprocess.run(["bpftool", "prog", "show", "--json"], capture_output=True, check=True)
    return {program["id"]: program for program in json.loads(shown.stdout)}


def runs(pid):
    """{id: (name, runs, nanoseconds)} of the programs of a process."""
    mine = held(pid)["prog"]
    return {id: (program["name"], program.get("run_cnt", 0), program.get("run_time_ns", 0))
            for id, program in programs().items() if id in mine}
