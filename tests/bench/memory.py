#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory with 200 and with 10,000 processes: ours against top, htop, atop, pidstat, and BPF tools.

Peak RSS is the kernel's (ru_maxrss). What BPF takes is in no RSS, so it stands beside it twice: the memlock
of maps and programs as the kernel shows it, which leaves out what task storage allocates with each thread;
and all kernel memory that was charged to the tool's cgroup, after what the kernel could take back at once
(the /proc entries that it cached) was taken back.
"""
import contextlib
import os
import re
import time
from pathlib import Path

import bench
import bpf
import terminal

OURS = "**boundtop top -b**"
FEW, MANY = 200, 10000
TARGET_MB = {FEW: 12, MANY: 40}
MB = 2 ** 20
SETTLED = 1.5  # seconds after which a tool has done what it does at its start; it runs for 2 at least


class Group:
    """A cgroup for one tool, with which the kernel counts what it allocates for it. Version 1 or 2."""

    def __init__(self):
        for line in Path("/proc/mounts").read_text().splitlines():
            _, mount, kind, options, *_ = line.split()
            if kind == "cgroup" and "memory" in options.split(","):
                self.path, self.version = Path(mount), 1
                break
            if kind == "cgroup2" and "memory" in Path(mount, "cgroup.controllers").read_text().split():
                self.path, self.version = Path(mount), 2
                break
        else:
            raise OSError("no memory controller")
        self.path /= f"boundtop-bench-{os.getpid()}"

    def __enter__(self):
        self.path.mkdir()
        return self

    def __exit__(self, *_):
        for _ in range(50):
            with contextlib.suppress(OSError):
                self.path.rmdir()
                return
            time.sleep(0.1)  # its last process is still being buried

    def enter_command(self):
        return ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(self.path / "cgroup.procs")]

    def kernel_mb(self):
        """Kernel memory that cannot be taken back."""
        with contextlib.suppress(OSError):
            (self.path / ("memory.force_empty" if self.version == 1 else "memory.reclaim")).write_text(
                "0" if self.version == 1 else "1G")
        if self.version == 1:
            return int((self.path / "memory.kmem.usage_in_bytes").read_text()) / MB
        stat = dict(line.split() for line in (self.path / "memory.stat").read_text().splitlines())
        return int(stat["kernel"]) / MB


def tools(short):
    """{name: command}; each runs for two seconds or more"""
    found = {OURS: [bench.boundtop(), "top", "-b", "-n", "3", "-d", "1"],
             "boundtop top -b --json": [bench.boundtop(), "top", "-b", "-n", "3", "-d", "1", "--json"]}
    peers = {"top -b": ["top", "-b", "-n", "3", "-d", "1"],
             "atop": ["atop", "1", "3"],
             "pidstat": ["pidstat", "1", "2"],
             "cpudist": ["cpudist", "2", "1"],
             "runqlat": ["runqlat", "2", "1"],
             "bpftrace, off-CPU sum": bpf.TRACEFS + [
                 "bpftrace", "-e", bpf.BPFTRACE_OFFCPU + " interval:s:3 { exit(); }"]}
    for name, command in peers.items() if not short else [("top -b", peers["top -b"])]:
        if bench.have(command[0], name.split()[0].rstrip(",")):
            found[name] = command
    return found


def weigh(command):
    """{"rss", "memlock", "kernel"} in MB; None where it cannot be known"""
    found = {"memlock": None, "kernel": None}
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        try:
            group = stack.enter_context(Group())
        except OSError:
            group = None  # no cgroup can be made here

        def look(pid):
            if found["memlock"] is None and time.monotonic() - start > SETTLED:
                held = bpf.held(pid)
                found["memlock"] = (sum(held["map"].values()) + sum(held["prog"].values())) / MB
                found["kernel"] = group.kernel_mb() if group else None

        usage = bench.measure([*(group.enter_command() if group else []), *command], while_running=look,
                              # atop would switch on process accounting for the whole system
                              env=os.environ | {"ATOPACCT": ""})
    return found | {"rss": usage.peak_rss}


def weigh_htop():
    with terminal.drawn(["htop", "-d", "10"]) as pid:
        time.sleep(3)
        status = Path(f"/proc/{pid}/status").read_text()
    return {"rss": int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024, "memlock": None, "kernel": None}


def all_tools(count, short):
    variants = {name: (lambda command=command: weigh(command)) for name, command in tools(short).items()}
    if bench.have("htop") and not short:
        variants["htop (in a terminal)"] = weigh_htop
    return bench.rounds(count, variants)


def run(options, report):
    bench.need_root()
    count = options.rounds or (1 if options.short else 3)
    processes = sum(name.isdigit() for name in os.listdir("/proc"))
    results = {}
    for many in (FEW, MANY):
        # What is there already counts for few; with many it makes no difference, and may be gone soon.
        with bench.sleepers(max(1, many - processes) if many == FEW else many):
            results[many] = all_tools(count, options.short)
    column = lambda name, many, what: bench.spread(
        [r[what] for r in results[many][name] if r[what] is not None], "{:.1f}")
    report.table(["tool"] + [f"{title}, {many:,} processes" for title in
                             ("peak RSS MB", "BPF memlock MB", "kernel memory MB") for many in (FEW, MANY)],
                 [[name] + [column(name, many, what) for what in ("rss", "memlock", "kernel")
                            for many in (FEW, MANY)] for name in results[FEW]])
    for many in (FEW, MANY):
        peak = max(r["rss"] for r in results[many][OURS])
        report.check(f"peak RSS of boundtop, {many:,} processes, MB", peak, TARGET_MB[many], "{:.1f}")


if __name__ == "__main__":
    bench.main(run, description=__doc__)
