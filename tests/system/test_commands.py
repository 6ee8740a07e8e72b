#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""classify, top -b and check with their options; what they say of a process is what /proc says of it."""

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema, witness, workloads  # noqa: E402
from systest.workloads import Workload  # noqa: E402

COMMANDS = ("top", "classify", "run", "record", "replay", "diagnose", "check")
NOBODY = pwd.getpwuid(65534)
PAGE = os.sysconf("SC_PAGE_SIZE")


def start_times():
    """{PID: start time} of all processes."""
    times = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                times[int(name)] = witness.start_time(int(name))
            except (FileNotFoundError, ProcessLookupError):
                pass  # ended meanwhile
    return times


def pids_of(frame):
    return [process["pid"] for process in frame["processes"]]


class Commands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def text_of(self, *args):
        result = product.run(*args)
        self.assertEqual((0, b""), (result.status, result.err))
        text = result.out.decode("utf-8", errors="strict")
        self.assertNotIn("\033", text, "colour although this is no terminal")
        return text

    def frames_of(self, *args):
        result = product.run("top", "-b", "--json", *args)
        self.assertEqual((0, b""), (result.status, result.err))
        self.assertTrue(result.out.endswith(b"\n"))
        return [schema.check_frame(schema.parse(line)) for line in result.out.splitlines()]

    # Help and version

    def test_help(self):
        whole = self.text_of("--help")
        for command in COMMANDS:
            with self.subTest(command=command):
                self.assertIn(command, whole)
                text = self.text_of(command, "--help")
                self.assertIn(f"boundtop {command}", text)
        for option in ("--json", "--threads", "--tree", "-a", "-c", "-d", "-f"):
            self.assertIn(option, self.text_of("classify", "--help"))

    def test_version(self):
        whole = self.text_of("--version")
        self.assertRegex(whole, r"^boundtop \d+\.\d+\.\d+\n")
        for command in COMMANDS:
            self.assertEqual(whole, self.text_of(command, "--version"))
        frame = product.run_json("classify", "-d", 0.1, "--json", os.getpid())
        self.assertIn(frame["version"], whole)

    def test_check(self):
        text = self.text_of("check")
        self.assertRegex(text, r"(?i)btf")
        self.assertIn("bpf", text)

    def test_check_json(self):
        answer = json.loads(self.text_of("check", "--json"))
        self.assertEqual((product.COLLECTOR, product.IS_EXACT, product.IS_EXACT),
                         (answer["collector"], answer["exact"], answer["reason"] is None))
        self.assertEqual(answer["foretold"], answer["program"])
        self.assertEqual(os.uname().release, answer["kernel"])
        for fact in answer["facts"]:
            self.assertIn(fact["state"], ("ok", "missing"))
            self.assertTrue(fact["name"] and fact["cost"] and fact["remedy"], fact)
            if product.IS_EXACT:
                self.assertFalse(fact["required"] and fact["state"] == "missing", fact)

    # classify

    def test_several_pids(self):
        with Workload("hog") as hog, Workload("sleeper", 200000) as sleeper:
            frame = product.run_json("classify", "-d", 1, "--json", hog.pid, sleeper.pid)
        self.assertEqual({hog.pid, sleeper.pid}, set(pids_of(frame)))
        self.assertEqual(2, len(frame["processes"]))
        self.assertEqual("cpu-bound", product.find(frame, hog.pid)["verdict"])
        self.assertEqual("idle", product.find(frame, sleeper.pid)["verdict"])
        self.assertTrue(0.95 <= frame["duration_s"] <= 2, frame["duration_s"])
        self.assertEqual((product.COLLECTOR, product.IS_EXACT), (frame["collector"], frame["exact"]))
        self.assertEqual(os.cpu_count(), frame["cpus_online"])

    def test_text(self):
        with Workload("hog") as hog:
            text = self.text_of("classify", "-d", 1, hog.pid)
        for word in ("workload", str(hog.pid), "cpu-bound", "user"):
            self.assertIn(word, text)

    def test_lines_are_as_long_as_they_need_to_be(self):
        """But for a terminal, or where COLUMNS says otherwise: then names are cut, and verdicts are not."""
        last = "the-last-word-of-many"
        script = ["sh", "-c", "sleep 0.3; exit 0", *[f"word-{i}" for i in range(30)], last]
        free = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        narrow = {**free, "COLUMNS": "60"}
        for env, whole in ((free, True), (narrow, False)):
            with self.subTest(whole=whole):
                text = product.run("run", "--", *script, env=env).out.decode()
                self.assertEqual(whole, last in text.splitlines()[0])
                with subprocess.Popen([*script[:2], "sleep 100 & wait", *script[3:]], start_new_session=True) as process:
                    text = product.run("classify", "-d", 0.2, process.pid, env=env).out.decode()
                    os.killpg(process.pid, signal.SIGKILL)
                self.assertEqual(whole, last in text)
                self.assertIn("idle (", text)

    def test_default_duration(self):
        frame = product.run_json("classify", "--json", os.getpid())
        self.assertTrue(2.9 <= frame["duration_s"] <= 4, frame["duration_s"])

    def test_process_facts(self):
        """The fields that are not measured are the kernel's own, as /proc has them."""
        with Workload("disk", self.folder.file("read"), "direct", comm="bt-facts", nice=-3) as reader:
            pid = reader.pid
            window = witness.io_bytes(pid)[0]
            process = product.classify(pid, 0.5)
            reader.freeze()
            self.assertEqual(("bt-facts", os.getpid(), -3, 1, "user"),
                             tuple(process[key] for key in ("comm", "ppid", "nice", "threads", "kind")))
            self.assertEqual("root", process["user"])
            self.assertEqual(witness.start_time(pid), process["start_time"])
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                self.assertEqual(file.read().rstrip(b"\0").replace(b"\0", b" ").decode(), process["cmdline"])
            with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:
                self.assertIn(process["cgroup"], {line.rstrip("\n").split(":", 2)[2] for line in file})
            with open(f"/proc/{pid}/statm", encoding="ascii") as file:
                resident = int(file.read().split()[1]) * PAGE
            # The kernel batches these counts per CPU, 64 pages at most.
            self.assertLessEqual(abs(process["rss_bytes"] - resident), 256 * PAGE)
            self.assertLessEqual(abs(process["cpu_time_s"] - witness.schedstat(pid)[0]), 0.5)
            self.assertGreater(process["io"]["read_bytes"], 0)
            self.assertLessEqual(process["io"]["read_bytes"], witness.io_bytes(pid)[0] - window)

    def test_all(self):
        before = start_times()
        frame = product.run_json("classify", "-a", "-d", 0.5, "--json")
        # A PID alone may be another process by now.
        lived = before.items() & start_times().items()
        reported = {(process["pid"], process["start_time"]) for process in frame["processes"]}
        self.assertEqual(set(), {(pid, start) for pid, start in lived - reported if not witness.is_hidden(pid)})

    def test_pattern(self):
        with Workload("hog", comm="bt-wanted") as wanted, Workload("sleeper", comm="bt-other"):
            frame = product.run_json("classify", "-c", "bt-wanted", "-d", 0.5, "--json")
            self.assertEqual([wanted.pid], pids_of(frame))

    def test_until_it_ends(self):
        with Workload("end", comm="bt-until") as target:
            with product.Running("classify", "-f", "--json", target.pid) as boundtop:
                boundtop.await_attached()
                target.go()
                result = boundtop.finish(patience=15)
        self.assertEqual((0, b""), (result.status, result.err))
        process = product.find(schema.check_frame(schema.parse(result.out)), target.pid)
        self.assertEqual(("bt-until", True), (process["comm"], process["exited"]))

    def test_threads(self):
        with Workload("sleeper", 5000, 100, 7) as sleeper:
            process = product.classify(sleeper.pid, 1, "--threads")
            truth = set(workloads.threads_of(sleeper.pid))
        self.assertEqual(7, process["threads"])
        self.assertEqual(truth, {thread["tid"] for thread in process["thread_list"]})
        for thread in process["thread_list"]:
            self.assertEqual("sleep", thread["cause"])
        for key in ("wall_s", "oncpu_s"):
            whole = sum(thread[key] for thread in process["thread_list"])
            self.assertLessEqual(abs(process[key] - whole), 0.001 * process["wall_s"])

    def test_tree(self):
        with Workload("waiter") as parent:
            child = parent.facts["child"]
            frame = product.run_json("classify", "--tree", "-d", 1, "--json", parent.pid, with_total=True)
        self.assertEqual(1, frame["descendants"])
        self.assertEqual([child, parent.pid], pids_of(frame), "not the heaviest first")
        self.assertEqual("idle", product.find(frame, parent.pid)["verdict"])
        self.assertEqual("cpu-bound", frame["total"]["verdict"])
        for key in ("wall_s", "oncpu_s"):
            whole = sum(process[key] for process in frame["processes"])
            self.assertLessEqual(abs(frame["total"][key] - whole), 0.001 * whole)

    def test_tree_in_text(self):
        with Workload("waiter") as parent:
            text = self.text_of("classify", "--tree", "-d", 0.5, parent.pid)
        for word in (str(parent.pid), str(parent.facts["child"]), "cpu-bound", "idle"):
            self.assertIn(word, text)

    # top -b

    def test_frames(self):
        started = time.monotonic()
        frames = self.frames_of("-n", 3, "-d", 0.4)
        elapsed = time.monotonic() - started
        self.assertEqual(3, len(frames))
        for frame in frames:
            self.assertGreaterEqual(frame["duration_s"], 0.3)
        self.assertLessEqual(sum(frame["duration_s"] for frame in frames), elapsed)
        self.assertIn(os.getpid(), pids_of(frames[-1]))

    def test_frames_in_text(self):
        text = self.text_of("top", "-b", "-n", 2, "-d", 0.3)
        titles = re.findall(r"^.*\bPID\b.*\bVERDICT\b.*$", text, re.MULTILINE)
        self.assertEqual(2, len(titles), text[:500])

    def test_top_is_the_default(self):
        more = () if product.IS_EXACT else ("--collector", product.COLLECTOR)
        result = product.run("-b", "-n", 1, "-d", 0.2, "--json", *more)
        self.assertEqual((0, b""), (result.status, result.err))
        schema.check_frame(schema.parse(result.out))

    def test_counters_are_per_interval(self):
        """A second frame does not repeat what the first one showed."""
        with Workload("hog") as hog:
            frames = self.frames_of("-n", 3, "-d", 0.5, "-p", hog.pid)
        for frame in frames[1:]:
            process = product.find(frame, hog.pid)
            self.assertLessEqual(process["oncpu_s"], frame["duration_s"] * 1.02)
            # Others may have the CPUs.
            self.assertGreater(process["oncpu_s"] / frame["duration_s"] + process["share"]["run-queue"], 0.7)

    def test_pid_filter(self):
        with Workload("hog") as hog, Workload("sleeper") as sleeper:
            frame = self.frames_of("-n", 1, "-d", 0.3, "-p", f"{hog.pid},{sleeper.pid}")[0]
        self.assertEqual({hog.pid, sleeper.pid}, set(pids_of(frame)))

    def test_pattern_filter(self):
        with Workload("hog", comm="bt-pattern") as hog:
            self.assertEqual([hog.pid], pids_of(self.frames_of("-n", 1, "-d", 0.3, "-c", "bt-pattern")[0]))

    def test_user_filter(self):
        sleep = self.folder.public_copy("/bin/sleep")
        process = subprocess.Popen(["setpriv", f"--reuid={NOBODY.pw_uid}", "--clear-groups", sleep, "100"])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        await_program(process.pid, sleep)
        for user in (NOBODY.pw_name, str(NOBODY.pw_uid)):
            frame = self.frames_of("-n", 1, "-d", 0.3, "-u", user)[0]
            self.assertIn(process.pid, pids_of(frame))
            self.assertEqual({NOBODY.pw_name}, {found["user"] for found in frame["processes"]})

    def test_thread_rows(self):
        with Workload("sleeper", 5000, 0, 5) as sleeper:
            text = self.text_of("top", "-b", "-n", 1, "-d", 0.3, "-H", "-p", sleeper.pid)
            truth = workloads.threads_of(sleeper.pid)
            frame = self.frames_of("-n", 1, "-d", 0.3, "-H", "-p", sleeper.pid)[0]
        for tid in truth:
            self.assertRegex(text, rf"\b{tid}\b")
        self.assertEqual(set(truth), {thread["tid"] for thread in product.find(frame, sleeper.pid)["thread_list"]})

    def test_sorting(self):
        with Workload("hog"), Workload("sleeper", 7000, 2000):
            by_pid = pids_of(self.frames_of("-n", 1, "-d", 0.3, "-s", "pid")[0])
            by_cpu = [process["cpus"] for process in self.frames_of("-n", 1, "-d", 0.5, "-s", "cpus")[0]["processes"]]
        self.assertIn(by_pid, (sorted(by_pid), sorted(by_pid, reverse=True)))
        self.assertEqual(sorted(by_cpu, reverse=True), by_cpu)


def await_program(pid, path):
    """Until a child has become the program that it was started to become."""
    while os.path.realpath(f"/proc/{pid}/exe") != os.path.realpath(path):
        os.sched_yield()


if __name__ == "__main__":
    report.main()
