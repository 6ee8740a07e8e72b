#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every benchmark, and with --write puts what they print into docs/benchmarks.md."""
import argparse
import datetime
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import bench

BENCHMARKS = ["switch", "refresh", "frame", "start", "memory"]
DOCUMENT = bench.ROOT / "docs" / "benchmarks.md"
PACKAGES = ["linux-perf", "libbpf-tools", "bpftrace", "htop", "atop", "sysstat", "procps", "bpftool"]


def run(name, arguments):
    """(exit status, what it printed)"""
    command = [sys.executable, str(Path(__file__).with_name(f"{name}.py")), *arguments]
    print(f"### {name}.py {' '.join(arguments)}", flush=True)
    with bench.child(command, stop=signal.SIGTERM, stdout=subprocess.PIPE, stderr=None, text=True) as process:
        printed = process.stdout.read()
        status = process.wait()
    print(printed, flush=True)
    return status, printed


def first_line(*command):
    if not shutil.which(command[0]):
        return "?"
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip().split("\n")[0]


def processor():
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def versions():
    if not shutil.which("dpkg-query"):
        return ", ".join([first_line("perf", "version"), first_line("bpftrace", "--version"),
                          first_line("htop", "--version"), first_line("top", "-V")])
    form = "${Package} ${Version}, "
    shown = subprocess.run(["dpkg-query", "-W", "-f", form, *PACKAGES], capture_output=True, text=True)
    return shown.stdout.rstrip(", ")


def machine():
    uname = os.uname()
    virtual = first_line("systemd-detect-virt") if shutil.which("systemd-detect-virt") else "?"
    hypervisor = " hypervisor " in Path("/proc/cpuinfo").read_text()
    kind = "virtual machine" if hypervisor or virtual not in ("none", "?") else "bare metal"
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30
    return (f"- Machine: {kind}, {os.cpu_count()} × {processor()}, {memory:.0f} GB\n"
            f"- Kernel: {uname.sysname} {uname.release} {uname.machine}\n"
            f"- boundtop: {first_line(bench.boundtop(), '--version')}\n"
            f"- Peers: {versions()}\n"
            f"- Date: {datetime.date.today().isoformat()}\n")


def put(document, name, text):
    """Replaces what stands between the markers of `name`."""
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->"
    before, _, rest = document.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{DOCUMENT}: no markers for {name}")
    return f"{before}{begin}{text.strip()}\n{end}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"into {DOCUMENT.relative_to(bench.ROOT)}")
    parser.add_argument("--short", action="store_true", help="few rounds")
    parser.add_argument("benchmarks", nargs="*", default=BENCHMARKS, help=f"of {', '.join(BENCHMARKS)}")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    arguments = ["--short"] if options.short else []
    statuses = []
    for name in options.benchmarks:
        status, text = run(name, arguments)
        statuses.append(status)
        # One that failed is written, too: the document says what is so.
        if options.write and text and status != bench.EXIT_SKIP:
            command = " ".join([f"sudo tests/bench/{name}.py", *arguments])
            document = put(DOCUMENT.read_text(), name, f"`{command}`:\n\n{text}")
            DOCUMENT.write_text(put(document, "machine", machine()))
    if all(status == bench.EXIT_SKIP for status in statuses):
        return bench.EXIT_SKIP
    return max(status for status in statuses if status != bench.EXIT_SKIP)


if __name__ == "__main__":
    sys.exit(main())
