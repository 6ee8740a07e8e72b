#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""`run` starts a command, follows all its descendants, passes on its status, and says where the time went."""

import os
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema, workloads  # noqa: E402


class Run(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.output = cls.folder.file("report")

    def run_json(self, *command, status=0, **options):
        """Run it with the report in a file; return the report and what the command itself printed."""
        result = product.run("run", "--json", "-o", self.output, "--", *command, **options)
        self.assertEqual((status, b""), (result.status, result.err))
        with open(self.output, "rb") as file:
            return schema.check_frame(schema.parse(file.read()), with_total=True), result.out

    def workload(self, *arguments, **options):
        frame, out = self.run_json(paths.workload(), *arguments, preexec_fn=workloads.favour, **options)
        said = {line.split()[0]: workloads.parse_facts(line) for line in out.decode().splitlines()}
        return frame, said

    def assert_cpu(self, ours, truth):
        report.note(f"on CPU: ours {ours:.6f} s, witness {truth:.6f} s")
        self.assertLessEqual(abs(ours - truth), max(0.01 * truth, 0.002))

    def test_statuses(self):
        for status in (0, 1, 7, 255):
            with self.subTest(status=status):
                self.run_json("sh", "-c", f"exit {status}", status=status)
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV):
            with self.subTest(signal=number):
                self.run_json("sh", "-c", f"kill -{int(number)} $$", status=128 + number)

    def test_input_and_output_are_the_commands(self):
        """Its own output first, then the report; nothing of ours on standard error."""
        result = product.run("run", "--", "sh", "-c", "cat; echo noise >&2", stdin=None, input=b"hello\n")
        self.assertEqual((0, b"noise\n"), (result.status, result.err))
        self.assertTrue(result.out.startswith(b"hello\n"), result.out)
        self.assertGreater(len(result.out), len(b"hello\n"), "no report")

    def test_json_on_standard_output(self):
        result = product.run("run", "--json", "--", "true")
        self.assertEqual((0, b""), (result.status, result.err))
        schema.check_frame(schema.parse(result.out), with_total=True)

    def test_report_in_a_file(self):
        frame, out = self.run_json("echo", "hello")
        self.assertEqual(b"hello\n", out)
        self.assertEqual(0, frame["descendants"])

    def test_options_of_the_command_are_its_own(self):
        _, out = self.run_json("echo", "--json", "-o", "x")
        self.assertEqual(b"--json -o x\n", out)

    def test_time_and_verdict(self):
        started = time.monotonic()
        frame, _ = self.workload("burn", 600000, 7, status=7)
        self.assertTrue(0.6 <= frame["duration_s"] <= time.monotonic() - started, frame["duration_s"])
        self.assertEqual(("cpu-bound", "user"), (frame["total"]["verdict"], frame["total"]["cause"]))
        self.assertEqual(1, len(frame["processes"]))
        self.assertTrue(frame["processes"][0]["exited"])
        self.assertEqual(os.path.basename(paths.workload()), frame["processes"][0]["comm"])
        self.assertTrue(0.6 <= frame["total"]["oncpu_s"] <= 0.63, frame["total"]["oncpu_s"])

    def test_text(self):
        result = product.run("run", "--", paths.workload(), "burn", "500000")
        self.assertEqual((0, b""), (result.status, result.err))
        text = result.out.decode("utf-8", errors="strict")
        for word in ("ready\n", "cpu-bound", "user", "workload"):
            self.assertIn(word, text)
        self.assertNotIn("\033", text)

    def test_daemonized_grandchild(self):
        """It left its session and its parent died: it is a descendant all the same."""
        product.require_exact("its parent is gone within a look")
        frame, said = self.workload("daemonize", 400000)
        names = [(process["pid"], process["ppid"], process["comm"]) for process in frame["processes"]]
        self.assertEqual(2, frame["descendants"], names)
        self.assertIn(said["ready"]["child"], {process["pid"] for process in frame["processes"]})
        daemons = [process for process in frame["processes"] if process["comm"] == "bt-daemon"]
        self.assertEqual(1, len(daemons))
        self.assertTrue(daemons[0]["exited"])
        self.assert_cpu(daemons[0]["oncpu_s"], 0.4)

    def test_many_descendants(self):
        product.require_exact("they live for less than a look")
        count = 400
        frame, said = self.workload("spawn", count, 1000, 4, stdin=None, input=b"\n")
        children = [process for process in frame["processes"] if process["comm"] == "bt-short"]
        self.assertEqual(count, said["done"]["count"])
        self.assertEqual(count, frame["descendants"])
        self.assertEqual(count, len(children))
        self.assertEqual({}, schema.losses(frame))
        self.assert_cpu(sum(child["oncpu_s"] for child in children), said["done"]["rusage_s"])
        whole = sum(process["oncpu_s"] for process in frame["processes"])
        self.assertLessEqual(abs(frame["total"]["oncpu_s"] - whole), 0.001 * whole)

    def test_first_instants_are_seen(self):
        """The command is held until boundtop watches: nothing of a short life is missed."""
        frame, _ = self.workload("burn", 1000)
        self.assertGreaterEqual(frame["total"]["oncpu_s"], 0.001)
        self.assertLessEqual(frame["total"]["oncpu_s"], 0.02)

    def test_only_the_commands_own_time_counts(self):
        """Neither how boundtop gets ready and waits for its end, nor what lives on after it."""
        for command in (("true",), ("sh", "-c", "exit 0")):
            frame, _ = self.run_json(*command)
            total, real_s = frame["total"], frame["run"]["real_s"]
            with self.subTest(command=command, real_s=real_s, wall_s=total["wall_s"], share=total["share"]):
                self.assertLessEqual(total["wall_s"], real_s)
                self.assertEqual(real_s, frame["duration_s"])
                # Both are printed in whole microseconds.
                self.assertAlmostEqual(total["oncpu_s"] / real_s, total["cpus"], delta=0.001 + 2e-6 / real_s)
                self.assertLess(total["share"]["ipc"] * total["wall_s"], 0.0001)
                self.assertNotIn("ipc", [wait["cause"] for wait in total["waits"]])
        frame, _ = self.run_json("sh", "-c", "sleep 1 & exec >&- 2>&-; exit 3", status=3)
        # Its second is not in it; a switch of its own right after the end is, up to that switch.
        self.assertLessEqual(frame["total"]["wall_s"], 2 * frame["run"]["real_s"] + 0.05, frame)

    def test_nobody_else_is_reported(self):
        with workloads.Workload("hog") as hog:
            frame, _ = self.workload("burn", 200000)
            self.assertNotIn(hog.pid, {process["pid"] for process in frame["processes"]})

    def test_interrupt_goes_to_the_command(self):
        """Ctrl-C reaches both of us: the command decides, and its report is still printed."""
        script = 'trap "exit 5" INT; echo ready; while :; do sleep 0.05; done'
        arguments = product.arguments(("run", "--json", "-o", self.output, "--", "sh", "-c", script))
        process = subprocess.Popen([paths.boundtop(), *arguments],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        self.assertEqual(b"ready\n", process.stdout.readline())
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=20)
        self.assertEqual((5, b""), (process.returncode, err))
        with open(self.output, "rb") as file:
            schema.check_frame(schema.parse(file.read()), with_total=True)


if __name__ == "__main__":
    report.main()
