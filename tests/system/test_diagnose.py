#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each finding of `diagnose` on trouble that is made for real, with a witness; silence where there is none.

What this kernel cannot be made to have (pressure figures, slow clocks, steal, frequencies) is tested over made-up
hosts in tests/unit/test_diagnose.c.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema, witness, workloads  # noqa: E402
from systest.workloads import Workload  # noqa: E402

ATTEMPTS = 4
# Findings about work for one CPU while others are idle: with other work on the machine there is none.
IDLE_NEEDED = {"cpu-pinned", "cpu-one-thread"}
SEVERITIES = ("info", "warning", "critical")
HEAD = {**schema.HEAD, "verdict": schema.TEXT, "headline": schema.TEXT, "healthy": schema.TEXT,
        "unseen": schema.TEXT, "findings": (list,)}
FINDING = {"id": schema.TEXT, "severity": schema.TEXT, "text": schema.TEXT, "evidence": (dict,),
           "subjects": (list,), "advice": schema.TEXT}
CGROUP = "/sys/fs/cgroup/cpu" if os.path.isdir("/sys/fs/cgroup/cpu") else "/sys/fs/cgroup"
IS_V1 = CGROUP.endswith("/cpu")
CPUS = len(os.sched_getaffinity(0))

ZOMBIES = """
import os, sys, time
for i in range(120):
    if os.fork() == 0:
        os._exit(0)
print("ready", flush=True)
time.sleep(600)
"""
# Grows by ten threads a second.
GROWTH = """
import threading, time
print("ready", flush=True)
while True:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    time.sleep(0.1)
"""
GIL = """
import threading
def spin():
    while True:
        pass
for i in range(4):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""
# Each asks the next, and only the last does anything (it works for 30 ms); told by their arguments apart.
CHAIN = """
import os, time
def stage(ask, answer, inner):
    while os.read(ask, 1):
        if inner:
            os.write(inner[0], b"x")
            os.read(inner[1], 1)
        else:
            end = time.monotonic() + 0.03
            while time.monotonic() < end:
                pass
        os.write(answer, b"x")
def serve(depth):
    ask, answer = os.pipe(), os.pipe()
    if os.fork() == 0:
        stage(ask[0], answer[1], serve(depth - 1) if depth else None)
    return ask[1], answer[0]
head = serve(1)
print("ready", flush=True)
while True:
    os.write(head[0], b"x")
    os.read(head[1], 1)
"""
POOL = """
import queue, threading, time
jobs = queue.Queue()
def work():
    while True:
        jobs.get()
        sum(range(2000))
for i in range(8):
    threading.Thread(target=work, daemon=True).start()
print("ready", flush=True)
while True:
    jobs.put(1)
    time.sleep(0.02)
"""


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(text))


@contextlib.contextmanager
def child(command, **options):
    """Runs until the block ends; back when it said ready."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                               preexec_fn=workloads.favour, **options)
    try:
        process.stdout.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def python(script):
    return child([sys.executable, "-c", script])


@contextlib.contextmanager
def cgroup(quota_us):
    """A group with that quota of 100 ms."""
    path = tempfile.mkdtemp(prefix="boundtop-test-", dir=CGROUP)
    try:
        if IS_V1:
            write(f"{path}/cpu.cfs_quota_us", quota_us)
        else:
            write(f"{path}/cpu.max", f"{quota_us} 100000")
        yield path
    finally:
        deadline = time.monotonic() + 10
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def throttling(path):
    words = read(f"{path}/cpu.stat").split()
    fields = dict(zip(words[::2], map(int, words[1::2])))
    return fields["nr_periods"], fields["nr_throttled"]


@contextlib.contextmanager
def stuck_writer():
    """A process that writes to a file whose file system takes no writes; yields (PID, path)."""
    folder = tempfile.mkdtemp(prefix="boundtop-test-", dir="/var/tmp")
    image, mount = f"{folder}/image", f"{folder}/mount"
    os.mkdir(mount)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
        stack.callback(subprocess.run, ["umount", mount], check=True)
        path = f"{mount}/file"
        with open(path, "wb"):
            pass
        subprocess.run(["fsfreeze", "-f", mount], check=True)
        stack.callback(subprocess.run, ["fsfreeze", "-u", mount], check=False, stderr=subprocess.DEVNULL)
        script = f"import os\nf = os.open({path!r}, os.O_WRONLY)\nprint('ready', flush=True)\nos.write(f, b'x')"
        writer = stack.enter_context(python(script))
        # It ends only once the file system is thawed.
        stack.callback(subprocess.run, ["fsfreeze", "-u", mount], check=True)
        workloads.await_state([writer.pid], "D")
        yield writer.pid, path


@contextlib.contextmanager
def slow_answers(delay_s):
    """A client that waits for that long for each answer over TCP; yields its PID."""
    listener = socket.create_server(("127.0.0.1", 0))
    script = (f"import socket\ns = socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))\n"
              "print('ready', flush=True)\nwhile True:\n    s.send(b'x')\n    s.recv(1)\n")
    stop = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection:
            while not stop.is_set() and connection.recv(1):
                stop.wait(delay_s)
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    with listener, python(script) as client:
        try:
            yield client.pid
        finally:
            stop.set()
    thread.join()


def diagnose(seconds, *more, statuses=(0,)):
    result = product.run("diagnose", "-d", seconds, "--json", *more)
    if result.status not in statuses:
        raise AssertionError(f"it ended with {result.status}: {result.err.decode()!r}")
    found = schema.parse(result.out)
    schema.check_fields(found, HEAD, "head")
    ranks = [SEVERITIES.index(finding["severity"]) for finding in found["findings"]]
    if ranks != sorted(ranks, reverse=True):
        raise AssertionError(f"not the worst first: {ranks}")
    for finding in found["findings"]:
        schema.check_fields(finding, FINDING, finding.get("id"))
        if not finding["evidence"] or not finding["advice"]:
            raise AssertionError(f"no evidence or no advice: {finding}")
        report.note(f"{finding['severity']} {finding['id']}: {finding['text']}")
    return found


def others_cpus(ours, began, ended):
    """CPUs that the machine used beside those; began, ended: (time, busy ticks)."""
    tick = os.sysconf("SC_CLK_TCK")
    return (ended[1] - began[1]) / tick / (ended[0] - began[0]) - ours


def busy_mark():
    fields = list(map(int, read("/proc/stat").split()[1:9]))
    return time.monotonic(), sum(fields) - fields[3] - fields[4]


class Diagnose(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def finding(self, found, name, pid=None, severity="info"):
        """The finding of that id that is about that process, at least of that severity."""
        for finding in found["findings"]:
            if finding["id"] == name and (pid is None or pid in [s.get("pid") for s in finding["subjects"]]):
                self.assertGreaterEqual(SEVERITIES.index(finding["severity"]), SEVERITIES.index(severity), finding)
                return finding
        return self.fail(f"no {name} about {pid} in {[(f['id'], f['subjects']) for f in found['findings']]}")

    def look(self, seconds, name, pid, severity, ours):
        """As finding(). Looked at again where others want the CPUs, too, beside the ours that this trouble takes."""
        for attempt in range(ATTEMPTS):
            began = busy_mark()
            found = diagnose(seconds)
            others = others_cpus(ours, began, busy_mark())
            if others < 0.3 or attempt == ATTEMPTS - 1 or any(f["id"] == name for f in found["findings"]):
                break
        if others >= 0.3 and name in IDLE_NEEDED:
            report.note(f"others used {others:.1f} CPUs all the time: none was idle")
            return found, None
        return found, self.finding(found, name, pid, severity)

    def test_several_at_once(self):
        """What does not disturb each other, in one window."""
        with contextlib.ExitStack() as stack:
            group = stack.enter_context(cgroup(10000))
            held = stack.enter_context(Workload("hog", 2))
            write(f"{group}/cgroup.procs", held.pid)
            stuck, path = stack.enter_context(stuck_writer())
            zombies = stack.enter_context(python(ZOMBIES))
            growth = stack.enter_context(python(GROWTH))
            slow = stack.enter_context(slow_answers(0.15))
            before = throttling(group)
            found = diagnose(5.5, "--exit-code", statuses=(4,))
            after = throttling(group)
            self.assertEqual("D", workloads.state_of(stuck, stuck))

        throttled = self.finding(found, "cgroup-throttled", held.pid, "warning")
        self.assertEqual("/" + os.path.basename(group), throttled["subjects"][0]["cgroup"])
        part = (after[1] - before[1]) / (after[0] - before[0])
        self.assertAlmostEqual(part, throttled["evidence"]["throttled_part"], delta=0.1)
        self.assertAlmostEqual(0.1, throttled["evidence"]["quota_cpus"])
        in_d = self.finding(found, "stuck-in-d", stuck, "critical")
        self.assertIn(path, in_d["text"])
        self.assertIn("write of", in_d["text"])
        self.assertEqual(120, self.finding(found, "zombies", zombies.pid, "warning")["evidence"]["zombies"])
        threads = self.finding(found, "threads-grow", growth.pid, "warning")["evidence"]
        self.assertGreater(threads["threads_at_end"], threads["threads_at_begin"])
        self.finding(found, "network-waits", slow, "warning")

    def test_locks(self):
        with Workload("mutex", 4, "shared") as convoy:
            _, lock = self.look(1.5, "lock-convoy", convoy.pid, "warning", 1)
            self.assertRegex(lock["subjects"][0]["object"], "^futex:0x")
        with python(GIL) as spinners:
            _, gil = self.look(1.5, "gil-fight", spinners.pid, "warning", 1)
            self.assertGreater(gil["evidence"]["threads_waiting"], 1)

    def test_chain(self):
        with python(CHAIN) as head:
            chain = self.finding(diagnose(1.5), "ipc-chain", head.pid)
            middle = witness.children_of(head.pid)[0]
            last = witness.children_of(middle)[0]
            self.assertEqual([head.pid, middle, last], [s["pid"] for s in chain["subjects"]])

    def test_cpus(self):
        with Workload("hogs", 4 * CPUS) as hogs, Workload("hog", comm="bt-victim", nice=5) as victim:
            found, neighbour = self.look(2, "cpu-neighbour", victim.pid, "warning", CPUS)
            self.finding(found, "cpu-saturated", severity="warning")
            self.assertEqual("cpu-bound", found["verdict"])
            self.assertIn(neighbour["subjects"][0]["pid"], witness.children_of(hogs.pid) + [hogs.pid])

    @unittest.skipIf(CPUS < 2, "a second CPU is needed to be idle")
    def test_one_core(self):
        with Workload("hog", 3, cpus="1"):
            self.look(2, "cpu-pinned", None, "warning", 1)
        with Workload("hog", 1) as hog:
            self.look(2, "cpu-one-thread", hog.pid, "info", 1)

    def test_fork_storm(self):
        with child(["bash", "-c", "echo ready; while :; do /bin/true; done"]) as shell:
            before = int(read("/proc/stat").split("processes ")[1].split()[0])
            began = time.monotonic()
            storm = self.finding(diagnose(2), "fork-storm", shell.pid)
            rate = (int(read("/proc/stat").split("processes ")[1].split()[0]) - before) / (time.monotonic() - began)
            self.assertAlmostEqual(rate, storm["evidence"]["processes_per_s"], delta=0.4 * rate)

    def test_disk(self):
        with Workload("disk", self.folder.file("read"), "direct") as reader:
            waits = self.finding(diagnose(1.5), "disk-waits", reader.pid)
            self.assertEqual(self.folder.file("read"), waits["subjects"][0]["object"])
            device = waits["subjects"][0]["device"]
            self.assertTrue(os.path.isdir(f"/sys/block/{device}"), device)
        with Workload("fsync", self.folder.file("write"), "sync") as writer:
            storm = self.finding(diagnose(1.5), "fsync-storm", writer.pid)
            self.assertIn("fsync of " + self.folder.file("write"), storm["text"])

    def test_harmless(self):
        """An idle server, a pool that is fed, one job after the other: nobody has trouble."""
        folder = self.folder.file("make")
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/Makefile", "w", encoding="ascii") as file:
            file.write("all: " + " ".join(f"t{i}" for i in range(1000)) + "\nt%:\n\t@sleep 0.1\n")
        with Workload("server", 0), python(POOL), \
                child(["sh", "-c", "echo ready; exec make -j1"], cwd=folder) as make:
            for _ in range(ATTEMPTS):
                began = busy_mark()
                found = diagnose(3)
                others = others_cpus(0.2, began, busy_mark())
                if others < 0.3:
                    break
        ours = {make.pid}
        for finding in found["findings"]:
            about = {subject.get("pid") for subject in finding["subjects"]}
            self.assertFalse(about & ours, finding)
        # What is left can only be the machine's own: the witness is /proc/stat.
        if others < 0.3:
            self.assertFalse([f for f in found["findings"] if f["severity"] != "info" and f["id"] != "cpu-steal"])
        else:
            report.note(f"others used {others:.1f} CPUs all the time")

    def test_text_and_usage(self):
        result = product.run("diagnose", "-d", 0.3)
        self.assertEqual(0, result.status)
        lines = result.out.decode().splitlines()
        self.assertIn(f"{os.uname().nodename}, 0.3 s: ", lines[0])
        self.assertNotIn("\x1b", result.out.decode())
        narrow = product.run("diagnose", "-d", 0.3, env={**os.environ, "COLUMNS": "60"}).out.decode()
        self.assertTrue(all(len(line) <= 60 for line in narrow.splitlines()[2:] if " " in line.strip()), narrow)
        result = product.run("diagnose", "4711")
        self.assertEqual(2, result.status)


if __name__ == "__main__":
    report.main()
