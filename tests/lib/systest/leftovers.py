# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left in the kernel when boundtop has gone: BPF programs, maps and links."""

import json
import os
import subprocess
import time

from .report import require_tool

KINDS = ("prog", "map", "link")


def listing():
    """{(kind, id)} of everything in the kernel, by bpftool; needs root."""
    bpftool = require_tool("bpftool", "it lists the BPF objects in the kernel")
    objects = set()
    for kind in KINDS:
        done = subprocess.run([bpftool, "-j", kind, "show"], stdout=subprocess.PIPE, check=True)
        objects |= {(kind, item["id"]) for item in json.loads(done.stdout or b"[]") if "id" in item}
    return objects


def held_by(pid):
    """The BPF objects behind a process's descriptors. (Debian's bpftool does not name the holders.)"""
    held = set()
    folder = f"/proc/{pid}/fdinfo"
    try:
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), encoding="ascii", errors="replace") as info:
                for line in info:
                    key, _, value = line.partition(":")
                    if key in ("prog_id", "map_id", "link_id"):
                        held.add((key.removesuffix("_id"), int(value)))
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        pass  # gone, or hidden even from root (as a virtual machine's own agent can be)
    return held


def held_by_anyone():
    return set().union(*(held_by(pid) for pid in os.listdir("/proc") if pid.isdigit()))


def since(before, patience=10):
    """The objects that are new and that no living process holds.

    The kernel frees them after a grace period, so they get some time; and another user's BPF program
    that comes and goes meanwhile is no leftover of ours.
    """
    deadline = time.monotonic() + patience
    while True:
        left = listing() - before
        left -= held_by_anyone()
        if not left or time.monotonic() > deadline:
            return sorted(left)
        time.sleep(0.1)
