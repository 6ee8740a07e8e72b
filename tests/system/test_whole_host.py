#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Findings of `diagnose` about a whole machine, made for real: swap, memory that is used up, OOM kills, clocks, steal.

Only in a virtual machine of tests/vm: what it does to the machine would stay if it were killed. Each kind of trouble has a
twin: the same program with one thing changed, of which nothing is said.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import product, report, schema  # noqa: E402
from systest.trouble import child, diagnose, read, write  # noqa: E402
from systest.workloads import Workload  # noqa: E402

CGROUP = "/sys/fs/cgroup"
CLOCK = "/sys/devices/system/clocksource/clocksource0"
CPU = "/sys/devices/system/cpu"
SWAP_MB, USED_MB, LIMIT_MB = 96, 48, 28
DISK_MB_PER_S = 8
MEMORY = {"oom-kill", "swap-thrash", "cache-thrash", "memory-low"}

# Looks at one page after the other of so much memory, over and over.
PAGES = f"""
import mmap, sys
memory = mmap.mmap(-1, {USED_MB} << 20)
def touch():
    for at in range(0, len(memory), 4096):
        memory[at] = 1
        if at == 4096 << 10:
            print("ready", flush=True)
touch()
while True:
    touch()
"""
# Reads a file over and over; ready when it has seen all of it once.
READER = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
while True:
    at = 0
    while data := os.pread(fd, 1 << 16, at):
        at += len(data)
    print("ready", flush=True)
"""
# Takes memory until so much of it is left, and what becomes free after that.
TAKER = """
import sys, time
def left():
    fields = dict(line.split(":") for line in open("/proc/meminfo"))
    number = lambda name: int(fields[name].split()[0])
    return number("MemAvailable") / number("MemTotal")
kept = []
while True:
    while left() > float(sys.argv[1]):
        kept.append(b"x" * (2 << 20))
    print("ready", flush=True)
    time.sleep(0.1)
"""
# One child after the other takes so much.
GREEDY = f"""
import os, time
print("ready", flush=True)
while True:
    if not os.fork():
        kept = b"x" * ({USED_MB} << 20)
        os._exit(0)
    os.wait()
    time.sleep(0.2)
"""


def words_of_command_line():
    return read("/proc/cmdline").split()


def script(text, *arguments, group=None):
    """A child that runs it, in that control group from the start on."""
    def enter():
        write(f"{group}/cgroup.procs", os.getpid())

    return child([sys.executable, "-c", text, *map(str, arguments)], **({"enter": enter} if group else {}))


def oom_kills(group):
    return int(dict(line.split() for line in read(f"{group}/memory.events").splitlines())["oom_kill"])


def vmstat(name):
    return int(dict(line.split() for line in read("/proc/vmstat").splitlines())[name])


def pressure_s():
    """For how long some and all were held up for want of memory, in seconds since the start; nothing where it is off."""
    if not os.path.exists("/proc/pressure/memory"):
        return {}
    return {line.split()[0]: int(line.rpartition("=")[2]) / 1e6 for line in read("/proc/pressure/memory").splitlines()}


@contextlib.contextmanager
def memory_group(limit_mb=None, limit="memory.max"):
    """A control group that may have so much memory; beyond memory.high it is slowed down, beyond memory.max it is killed."""
    write(f"{CGROUP}/cgroup.subtree_control", "+memory +io")
    path = tempfile.mkdtemp(prefix="boundtop-test-", dir=CGROUP)
    if limit_mb:
        write(f"{path}/{limit}", limit_mb << 20)
    try:
        yield path
    finally:
        deadline = time.monotonic() + 30
        while "populated 1" in read(f"{path}/cgroup.events") and time.monotonic() < deadline:
            time.sleep(0.05)
        os.rmdir(path)


@contextlib.contextmanager
def swap():
    """A swap file on the disk."""
    path = "/var/tmp/swap"
    with open(path, "wb") as file:
        for _ in range(SWAP_MB):
            file.write(bytes(1 << 20))
    os.chmod(path, 0o600)
    subprocess.run(["busybox", "mkswap", path], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["busybox", "swapon", path], check=True)
    try:
        yield
    finally:
        subprocess.run(["busybox", "swapoff", path], check=True)
        os.unlink(path)


class WholeHost(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        if not any(word.startswith("bt.job=") for word in words_of_command_line()):
            raise report.CannotRun("no virtual machine", "it changes all of it: tests/vm/run.py --tests whole_host 6.12")

    def finding(self, found, name):
        for finding in found["findings"]:
            if finding["id"] == name:
                return finding
        return self.fail(f"no {name} in {[f['id'] for f in found['findings']]}")

    def assert_silent(self, found, names):
        self.assertFalse([finding for finding in found["findings"] if finding["id"] in names])

    def test_swap_thrash(self):
        with swap():
            # Not memory.max: a disk that is slow for the machine's clock makes that an OOM kill.
            with memory_group(LIMIT_MB, "memory.high") as group, script(PAGES, group=group) as pages:
                # What is far above memory.high is made to sleep, for seconds: then there is nothing to be found.
                for _ in range(5):
                    before, held_up = vmstat("pswpin"), pressure_s()
                    found = diagnose(4)
                    swapped_in = vmstat("pswpin") - before
                    held_up = {name: value - held_up[name] for name, value in pressure_s().items()}
                    report.note(f"{swapped_in} pages swapped in, by /proc/vmstat")
                    if swapped_in > 2000:
                        break
            thrash = self.finding(found, "swap-thrash")
            self.assertIn(thrash["severity"], ("warning", "critical"))
            self.assertIn(pages.pid, [subject.get("pid") for subject in thrash["subjects"]])
            # The witness looks for longer: an emulated machine takes its time to start a program.
            self.assertGreater(thrash["evidence"]["swap_in_pages_per_s"], 50)
            self.assertLess(thrash["evidence"]["swap_in_pages_per_s"] * found["duration_s"], 1.1 * swapped_in)
            self.assertEqual("memory-bound", found["verdict"])
            # Pressure is a figure where the kernel has one, and none is no zero.
            self.assertEqual("psi=1" in words_of_command_line(), bool(held_up))
            for name in ("some", "full"):
                if name in held_up:
                    self.assertLess(0, thrash["evidence"][f"pressure_{name}"])
                    self.assertLess(thrash["evidence"][f"pressure_{name}"] * found["duration_s"], 0.1 + 1.1 * held_up[name])
                else:
                    self.assertIsNone(thrash["evidence"][f"pressure_{name}"])
            # The twin: the same, in a group that has room.
            with memory_group() as group, script(PAGES, group=group):
                self.assert_silent(diagnose(2), MEMORY)

    def test_oom_kill(self):
        with memory_group(LIMIT_MB) as group, script(GREEDY, group=group):
            before = oom_kills(group)
            found = diagnose(3)
            kills = oom_kills(group) - before
        killed = self.finding(found, "oom-kill")
        self.assertEqual("critical", killed["severity"])
        self.assertTrue(1 <= killed["evidence"]["oom_kills"] <= kills, kills)
        self.assertRegex(killed["text"], "ended by SIGKILL meanwhile: [0-9]+ python3")
        with memory_group(3 * USED_MB) as group, script(GREEDY, group=group):
            self.assert_silent(diagnose(3), MEMORY)
            self.assertEqual(0, oom_kills(group))

    def test_memory_low(self):
        with script(TAKER, 0.04) as taker:
            low = self.finding(diagnose(1), "memory-low")
            self.assertLess(low["evidence"]["available_part"], 0.05)
            self.assertEqual(taker.pid, low["subjects"][0]["pid"])
        with script(TAKER, 0.3):
            self.assert_silent(diagnose(1), MEMORY)

    def test_cache_thrash(self):
        def read_all(stack, group):
            for file in files:
                stack.enter_context(script(READER, file, group=group))

        # One of them the kernel keeps in memory; two are thrown out by each other.
        files = ["/var/tmp/first", "/var/tmp/second", "/var/tmp/third"]
        for path in files:
            self.addCleanup(os.unlink, path)
            with open(path, "wb") as file:
                file.write(os.urandom(USED_MB << 19))
                os.fsync(file.fileno())
                # Whoever reads it first has it in memory on his account.
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        with memory_group(LIMIT_MB + 10) as group, contextlib.ExitStack() as stack:
            read_all(stack, group)
            # They wait for the disk, however fast it is beside the emulated CPUs.
            device = os.stat(files[0]).st_dev
            write(f"{group}/io.max", f"{os.major(device)}:{os.minor(device)} rbps={DISK_MB_PER_S << 20}")
            before = vmstat("workingset_refault_file")
            found = diagnose(3)
            refaulted = vmstat("workingset_refault_file") - before
        thrash = self.finding(found, "cache-thrash")
        self.assertLess(thrash["evidence"]["refault_file_pages_per_s"] * found["duration_s"], 1.1 * refaulted)
        with memory_group() as group, contextlib.ExitStack() as stack:
            read_all(stack, group)
            self.assert_silent(diagnose(2), MEMORY)

    def test_clock_source(self):
        had = read(f"{CLOCK}/current_clocksource").strip()
        known = read(f"{CLOCK}/available_clocksource").split()
        self.assertIn("acpi_pm", known)
        self.addCleanup(write, f"{CLOCK}/current_clocksource", had)
        write(f"{CLOCK}/current_clocksource", "acpi_pm")
        slow = self.finding(diagnose(1), "clock-source")
        self.assertIn("acpi_pm", slow["text"])
        # The twin: one that takes no system call. Some emulated machines have none.
        fast = [name for name in known if name in ("tsc", "kvm-clock")]
        if fast:
            write(f"{CLOCK}/current_clocksource", fast[0])
            self.assert_silent(diagnose(1), {"clock-source"})
        else:
            report.note(f"no fast clock here: {known}")

    def test_cpu_frequency(self):
        """No emulated CPU has a clock to slow down: the kernel's files are put where it would have them."""
        self.assertFalse(os.path.exists(f"{CPU}/cpu0/cpufreq"))
        with Workload("hogs", os.cpu_count(), nice=19), contextlib.ExitStack() as stack:
            self.assert_silent(diagnose(1), {"cpu-frequency"})
            for cpu in range(os.cpu_count()):
                folder = f"{CPU}/cpu{cpu}"
                subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True)
                stack.callback(subprocess.run, ["umount", folder], check=True)
                os.mkdir(f"{folder}/cpufreq")
                for name, khz in (("scaling_cur_freq", 800000), ("cpuinfo_max_freq", 3600000), ("base_frequency", 2400000)):
                    write(f"{folder}/cpufreq/{name}", f"{khz}\n")
            slow = self.finding(diagnose(1), "cpu-frequency")
            self.assertAlmostEqual(800, slow["evidence"]["mhz"])
            self.assertEqual(os.cpu_count(), slow["evidence"]["busy_cpus"])
            for cpu in range(os.cpu_count()):
                write(f"{CPU}/cpu{cpu}/cpufreq/scaling_cur_freq", "2300000\n")
            self.assert_silent(diagnose(1), {"cpu-frequency"})

    def test_replayed(self):
        """The same over a recording: what was seen of the host is in it."""
        with memory_group(LIMIT_MB) as group, script(GREEDY, group=group), tempfile.TemporaryDirectory() as folder:
            before = oom_kills(group)
            # The host is sampled every five seconds.
            self.assertEqual(0, product.run("record", "-o", f"{folder}/rec.db", "-d", 7).status)
            kills = oom_kills(group) - before
            replayed = product.run("replay", f"{folder}/rec.db", "diagnose", "--json")
        self.assertEqual(0, replayed.status, replayed.err)
        found = self.finding(schema.parse(replayed.out), "oom-kill")
        self.assertTrue(1 <= found["evidence"]["oom_kills"] <= kills, kills)

    def test_healthy(self):
        self.assert_silent(diagnose(2), MEMORY | {"cpu-frequency", "cpu-steal", "cpu-saturated", "disk-waits", "stuck-in-d"})


if __name__ == "__main__":
    report.main()
