# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the things under test are, and a place on a real disk to work in."""

import os
import shutil
import tempfile

from .report import CannotRun

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
DISK_FILE_SYSTEMS = ("ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs")


def boundtop():
    path = os.environ.get("BOUNDTOP") or os.path.join(ROOT, "build-dev", "boundtop")
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not there: build it, or set BOUNDTOP")
    return os.path.realpath(path)


def workload(name="workload"):
    folder = os.environ.get("WORKLOADS") or os.path.join(ROOT, "build-dev", "tests", "system")
    path = os.path.join(folder, name)
    if not os.access(path, os.X_OK):
        raise FileNotFoundError(f"{path} is not there: build it, or set WORKLOADS")
    return os.path.realpath(path)


def is_sanitized():
    """Whether the binary under test was built with AddressSanitizer."""
    with open(boundtop(), "rb") as binary:
        return b"__asan_init" in binary.read()


def unsearched():
    """An environment without the sanitizers' search for leaks, which wants /proc and a process of its own."""
    options = os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, "ASAN_OPTIONS": f"{options}:detect_leaks=0"}


def file_system_of(path):
    """The type of the file system a path lies on, by the longest mount point above it."""
    path = os.path.realpath(path)
    best = ("", "")
    with open("/proc/self/mountinfo", encoding="utf-8", errors="replace") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            point = left.split()[4]
            if path == point or path.startswith(point.rstrip("/") + "/"):
                # Of several mounts on one point the last is the one that is seen.
                if len(point) >= len(best[0]):
                    best = (point, right.split()[0])
    return best[1]


class DiskFolder:
    """A temporary folder on a local disk; /tmp may be in memory."""

    def __init__(self):
        for parent in ("/var/tmp", "/tmp", os.getcwd()):
            if file_system_of(parent) in DISK_FILE_SYSTEMS:
                self.path = tempfile.mkdtemp(prefix="boundtop-test-", dir=parent)
                return
        raise CannotRun("no local disk file system", "nothing to read from or to write to")

    def file(self, name):
        return os.path.join(self.path, name)

    def public_copy(self, program):
        """A copy that every user can run: the build may lie below a home that nobody else may enter."""
        os.chmod(self.path, 0o755)
        copy = self.file(os.path.basename(program))
        shutil.copyfile(program, copy)
        os.chmod(copy, 0o755)
        return copy

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
