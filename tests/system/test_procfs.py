#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The sampling collector on labelled workloads, as root and as a plain user on its own processes.

The label is confirmed by schedstat over the same stretch of time; where the machine did not let a workload be what
it stands for, there is nothing to judge.
"""

import os
import pwd
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import judge, paths, product, report, witness  # noqa: E402
from systest.workloads import Workload  # noqa: E402

NOBODY = pwd.getpwnam("nobody")
WINDOW_S = 1.5
TICK_S = 0.01  # at CONFIG_HZ=100, the slowest
AS_NOBODY = ["setpriv", f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"]


class Sampling(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.public = cls.folder.public_copy(paths.boundtop())

    def ask(self, pids, prefix=()):
        done = subprocess.run([*prefix, self.public, "classify", "--collector", "procfs", "--json", "-d", str(WINDOW_S),
                               *map(str, pids)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        frame = product.schema.check_frame(product.schema.parse(done.stdout))
        self.assertEqual(("procfs", False), (frame["collector"], frame["exact"]))
        return frame

    def judge(self, labels, prefix=()):
        """{pid: (verdict, cause, what schedstat has to say)}, all beside each other."""
        windows = [witness.Window(pid) for pid in labels]
        frame = self.ask(labels, prefix)
        judged = right = 0
        for window in windows:
            window.close()
            verdict, cause, label = labels[window.pid]
            process = product.find(frame, window.pid)
            if not label(window):
                continue
            judged += 1
            hit = (process["verdict"], process["cause"]) == (verdict, cause)
            right += hit
            report.note(f"{'' if hit else 'MISS: '}{verdict}/{cause}: {process['verdict']}/{process['cause']}, "
                        f"confidence {process['confidence']:.2f}")
            if not hit:
                self.assertLess(process["confidence"], 0.9)
        self.assertGreaterEqual(right, 0.9 * judged)

    def test_labelled_workloads(self):
        with (Workload("hog") as hog, Workload("pipe", "sleep", "fast") as idle, Workload("pipe", "fast", "sleep") as full,
              Workload("sleeper", 100000) as sleeper, Workload("waiter") as waiter,
              Workload("disk", self.folder.file("read"), "direct", realtime=True) as reader):
            self.judge({
                hog.pid: ("cpu-bound", "user", judge.on_cpu),
                idle.facts["reader"]: ("idle", "event", judge.idle),
                idle.facts["writer"]: ("idle", "sleep", judge.idle),
                full.facts["writer"]: ("io-bound", "ipc", judge.off_cpu),
                sleeper.pid: ("idle", "sleep", judge.idle),
                waiter.pid: ("idle", "child", judge.idle),
                reader.pid: ("io-bound", "disk", judge.off_cpu),
            })

    def test_plain_user(self):
        """All processes have a verdict, and its own a cause that was seen."""
        prefix = AS_NOBODY
        sleeper = subprocess.Popen([*prefix, "sleep", "100"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        with Workload("sleeper", 100000) as other:
            frame = self.ask([sleeper.pid, other.pid], prefix)
        own = product.find(frame, sleeper.pid)
        self.assertEqual(("idle", "sleep", "nobody"), (own["verdict"], own["cause"], own["user"]))
        self.assertEqual("clock_nanosleep", own["waits"][0]["syscall"])
        self.assertEqual("idle", product.find(frame, other.pid)["verdict"])

    def test_what_it_did_last(self):
        """It did something and sleeps on: what was seen of it by the way is not all that is said."""
        sleeper = subprocess.Popen(["sh", "-c", "read line; exec sleep 100"], stdin=subprocess.PIPE)
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        self.addCleanup(sleeper.stdin.close)
        with product.Running("classify", "--collector", "procfs", "--json", "-d", "1.5", sleeper.pid) as sampled:
            sampled.await_attached(samples=True)
            sleeper.stdin.write(b"\n")
            sleeper.stdin.flush()
            result = sampled.finish()
        process = product.find(product.schema.parse(result.out), sleeper.pid)
        self.assertEqual(("sleep", "sleep 100"), (process["comm"], process["cmdline"]))


class BesideTheExactOne(unittest.TestCase):
    def test_cpu_time(self):
        """Both over the same second of a hog that stands still at both ends: within 0.5 %, and a tick."""
        report.require_root()
        product.require_exact("it is the witness")
        with Workload("hog") as hog:
            hog.freeze()
            with product.Running("classify", "-d", 60, "--json", "--collector", "procfs", hog.pid) as sampled, \
                    product.Running("classify", "-d", 60, "--json", "--collector", "bpf", hog.pid) as traced:
                sampled.await_attached(samples=True)
                traced.await_attached()
                hog.thaw()
                time.sleep(0.8)
                hog.freeze()
                # What was asked for is said when the windows are over, or when they are cut short.
                for one in (sampled, traced):
                    one.process.send_signal(signal.SIGINT)
                frames = [product.schema.parse(one.finish().out) for one in (sampled, traced)]
        seconds = [product.find(frame, hog.pid)["oncpu_s"] for frame in frames]
        report.note(f"sampled {seconds[0]:.4f} s, traced {seconds[1]:.4f} s")
        self.assertLess(abs(seconds[0] - seconds[1]), 0.005 * seconds[1] + TICK_S)


class SaidClearly(unittest.TestCase):
    """What lacks is one line on standard error."""

    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.public = cls.folder.public_copy(paths.boundtop())

    def within(self, script, *args, user=(), env=None):
        """boundtop with a mount namespace of its own, in which the script was run before."""
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", f'{script} && exec "$@"', "sh", *user,
                   self.public, *args]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, check=False, env=env)

    def test_no_proc(self):
        done = self.within("mount -t tmpfs none /proc", "top", "-b", "-n", "1", "--collector", "procfs",
                           env=paths.unsearched())
        self.assertEqual((1, b""), (done.returncode, done.stdout))
        # The sanitizers' own lines, since they miss /proc, too.
        said = b"".join(line for line in done.stderr.splitlines(True) if not line.startswith(b"=="))
        self.assertRegex(said, rb"^boundtop: procfs: needs /proc, which is not mounted: mount -t proc proc /proc\n$")

    def test_hidden_processes(self):
        """A plain user whose /proc hides the others: its own have a verdict, and it is said why there are no more."""
        sleeper = subprocess.Popen([*AS_NOBODY, "sleep", "100"])
        self.addCleanup(sleeper.wait)
        self.addCleanup(sleeper.kill)
        done = self.within("mount -t proc -o hidepid=2 proc /proc", "classify", "-a", "--json", "-d", "0.5", "--collector",
                           "procfs", user=AS_NOBODY)
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stderr, rb"^boundtop: /proc shows you your own processes alone \(hidepid\): [^\n]*\n$")
        frame = product.schema.check_frame(product.schema.parse(done.stdout))
        self.assertEqual({"nobody"}, {process["user"] for process in frame["processes"]})
        self.assertEqual("idle", product.find(frame, sleeper.pid)["verdict"])
        self.assertEqual(0, frame["loss"]["exits"])

    def test_no_schedstat(self):
        """Like a kernel that keeps none: run queues are not known, and null."""
        with Workload("hog") as hog:
            done = self.within("mount --bind /dev/null /proc/$$/schedstat", "classify", "--json", "-d", "0.5", "--collector",
                               "procfs", str(hog.pid))
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertRegex(done.stderr, rb"^boundtop: this kernel keeps no /proc/PID/schedstat [^\n]*\n$")
        process = product.find(product.schema.check_frame(product.schema.parse(done.stdout)), hog.pid)
        self.assertIsNone(process["share"]["run-queue"])
        self.assertIsNone(process["share"]["cpu-quota"])

    def test_what_run_misses(self):
        """Descendants that live for less than a look: what they took of the CPU is said."""
        script = "i=0; while [ $i -lt 200 ]; do /bin/true; i=$((i+1)); done"
        done = product.run("run", "--collector", "procfs", "--", "sh", "-c", script)
        self.assertEqual(0, done.status)
        self.assertRegex(done.err, rb"^boundtop: sampling missed short-lived descendants, which took 0\.\d+ of 0\.\d+ s "
                         rb"of CPU time; [^\n]*\n$")
        done = product.run("run", "--collector", "procfs", "--", paths.workload(), "burn", "300000")
        self.assertEqual((0, b""), (done.status, done.err))


if __name__ == "__main__":
    report.main()
