# SPDX-License-Identifier: GPL-2.0-or-later
"""What is left in the kernel when boundtop has gone: BPF programs, maps and links."""

import json
import os
import subprocess
import time

from .report import require_tool

KINDS = ("prog", "map", "link")


def listing():
    """{(kind, id): the PIDs that hold it} by bpftool; needs root."""
    bpftool = require_tool("bpftool", "it lists the BPF objects in the kernel")
    objects = {}
    for kind in KINDS:
        done = subprocess.run([bpftool, "-j", kind, "show"], stdout=subprocess.PIPE, check=True)
        for item in json.loads(done.stdout or b"[]"):
            if "id" in item:
                objects[kind, item["id"]] = {owner["pid"] for owner in item.get("pids", [])}
    return objects


def owned_by(pid):
    """The BPF objects that a process holds."""
    return [key for key, owners in listing().items() if pid in owners]


def since(before, patience=10):
    """The objects that are new and that no living process holds.

    The kernel frees them after a grace period, so they get some time; and another user's BPF program
    that comes and goes meanwhile is no leftover of ours.
    """
    deadline = time.monotonic() + patience
    while True:
        left = [key for key, owners in listing().items() if key not in before and not any(map(alive, owners))]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.1)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] != b"Z"
    except (FileNotFoundError, ProcessLookupError):
        return os.path.exists(f"/proc/{pid}")
