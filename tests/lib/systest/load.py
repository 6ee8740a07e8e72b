# SPDX-License-Identifier: GPL-2.0-or-later
"""Short and long forms of the tests under load, and settings of the whole host that are put back."""

import glob
import os
import subprocess


def is_full():
    """tests/load/run.py asks for the long forms."""
    return os.environ.get("BOUNDTOP_LOAD") == "full"


def size(short, full):
    return full if is_full() else short


class Setting:
    """A file of the kernel that holds another value for a while.

    A helper puts the old one back when our end of its pipe is closed: also if this process is killed.
    """

    def __init__(self, path, value):
        self.path, self.value = path, str(value)
        with open(path, encoding="ascii") as file:
            self.before = file.read().strip()

    def __enter__(self):
        self.keeper = subprocess.Popen(["sh", "-c", 'cat; printf %s "$0" > "$1"', self.before, self.path],
                                       stdin=subprocess.PIPE, start_new_session=True)
        with open(self.path, "w", encoding="ascii") as file:
            file.write(self.value)
        return self

    def __exit__(self, *unused):
        self.keeper.stdin.close()
        self.keeper.wait()


def at_least(path, value):
    """A Setting that raises a limit, and never lowers it."""
    with open(path, encoding="ascii") as file:
        before = int(file.read())
    return Setting(path, max(before, value))


class ControlGroup:
    """A control group of its own, of a v1 controller or of v2; what still runs in it at the end is killed."""

    def __init__(self, controller, name):
        v1 = f"/sys/fs/cgroup/{controller}"
        v2 = "/sys/fs/cgroup"
        self.is_v1 = os.path.isdir(v1)
        self.path = os.path.join(v1 if self.is_v1 else v2, f"boundtop-test-{name}-{os.getpid()}")

    def __enter__(self):
        os.mkdir(self.path)
        return self

    def set(self, v1, v2, value):
        with open(os.path.join(self.path, v1 if self.is_v1 else v2), "w", encoding="ascii") as file:
            file.write(str(value))

    def get(self, name):
        with open(os.path.join(self.path, name), encoding="ascii") as file:
            return file.read().strip()

    def add(self, pid):
        with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as file:
            file.write(str(pid))

    def prefix(self):
        """For a command that is to start in it."""
        return ["sh", "-c", 'echo $$ > "$0"; exec "$@"', os.path.join(self.path, "cgroup.procs")]

    def cpu_seconds(self):
        """CPU time of all that ran in it, the ended ones included; a cpuacct or v2 group."""
        if self.is_v1:
            with open(os.path.join(self.path, "cpuacct.usage"), encoding="ascii") as file:
                return int(file.read()) / 1e9
        with open(os.path.join(self.path, "cpu.stat"), encoding="ascii") as file:
            return int(dict(line.split() for line in file)["usage_usec"]) / 1e6

    def __exit__(self, *unused):
        with open(os.path.join(self.path, "cgroup.procs"), encoding="ascii") as file:
            for pid in file.read().split():
                os.kill(int(pid), 9)
        for _ in range(1000):
            try:
                os.rmdir(self.path)
                return
            except OSError:
                subprocess.run(["sleep", "0.01"], check=True)


def memory_kib(pid):
    """{"VmRSS": …, "VmHWM": …} of a process, in KiB."""
    found = {}
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
        for line in file:
            name, _, value = line.partition(":")
            if name in ("VmRSS", "VmHWM"):
                found[name] = int(value.split()[0])
    return found


def online_files():
    """What takes a CPU offline and back; CPU 0 mostly has none."""
    return sorted(glob.glob("/sys/devices/system/cpu/cpu[0-9]*/online"))
