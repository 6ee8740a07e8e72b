#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever a host lacks or takes away: the figures or one clear line, and nothing left in the kernel.

tests/load/run.py runs the long forms.
"""

import errno
import os
import platform
import pty
import random
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import leftovers, load, paths, product, report, schema  # noqa: E402
from systest.workloads import Workload  # noqa: E402

FAILED = 1
KILLS = load.size(24, 200)
THREADS = 4000
NOBODY = 65534
SYS_BPF = {"x86_64": 321, "aarch64": 280}.get(platform.machine())
SECCOMP = os.path.join(paths.ROOT, "tests", "lib", "systest", "seccomp.py")
# Not a limit of ours: the program does not even begin.
LOADER_FAILED = 127


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.public = cls.folder.public_copy(paths.boundtop())

    def setUp(self):
        self.before = leftovers.listing()

    def tearDown(self):
        self.assertEqual([], leftovers.since(self.before))

    def shell(self, script, *args, prefix=(), patience=60):
        """sh -c SCRIPT with boundtop's command as "$@"."""
        done = subprocess.run([*prefix, "sh", "-c", script, "sh", paths.boundtop(), *map(str, args)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=patience,
                              check=False)
        return product.Result(done.returncode, done.stdout, done.stderr)

    def assert_one_line(self, result, *words):
        text = result.err.decode("utf-8", errors="strict")
        self.assertEqual(1, text.count("\n"), text)
        self.assertTrue(text.startswith("boundtop: "), text)
        for word in words:
            self.assertIn(word, text)

    def assert_works_or_says(self, result, *words):
        """All of it, or nothing and why."""
        if result.status == 0:
            self.assertEqual(b"", result.err)
            self.assertTrue(result.out)
            return
        self.assertEqual(FAILED, result.status, result)
        self.assertEqual(b"", result.out)
        self.assert_one_line(result, *words)

    def own(self):
        return ("classify", "--collector", "bpf", "-d", "0.1", os.getpid())

    def test_files_to_open(self):
        said = []
        for limit in (*range(4, 21, load.size(4, 1)), 24, 64):
            with self.subTest(limit=limit):
                result = self.shell(f'ulimit -n {limit}; exec "$@"', *self.own())
                self.assert_works_or_says(result, "ulimit -n")
                said.append(result.status)
        self.assertEqual((FAILED, 0), (said[0], said[-1]))

    def test_memory_of_the_process(self):
        if paths.is_sanitized():
            report.note("a sanitizer maps terabytes: no limit of the address space goes with it")
            return
        said = []
        for limit in range(8000, 16001, load.size(1000, 250)):
            with self.subTest(limit=limit):
                result = self.shell(f'ulimit -v {limit}; exec "$@"', *self.own())
                if result.status != LOADER_FAILED:
                    self.assert_works_or_says(result, "ulimit -v")
                    said.append(result.status)
        self.assertIn(FAILED, said)

    def test_locked_memory(self):
        """Kernels before 5.11 count BPF maps there; newer ones do not."""
        self.assert_works_or_says(self.shell('ulimit -l 0; exec "$@"', *self.own()), "ulimit -l")

    def test_memory_of_the_control_group(self):
        """What the maps take is charged to it: refused, not half loaded; or the kernel kills who asked."""
        if paths.is_sanitized():
            report.note("a sanitizer takes more than is to be given here")
            return
        outcomes, sampled = {}, []
        for kib in range(500, 8001, load.size(1500, 250)):
            with self.subTest(kib=kib), load.ControlGroup("memory", "small") as group:
                group.set("memory.limit_in_bytes", "memory.max", kib << 10)
                for args in (self.own(), ("top", "-b", "-n", "1", "-d", "0.1")):
                    result = self.shell('exec "$@"', *args, prefix=group.prefix())
                    outcomes.setdefault(kib, []).append(result.status)
                    if result.status == 0 and result.err and args[0] == "top":
                        # Nobody asked for the exact one: sampling takes less.
                        self.assert_one_line(result, "sampling from /proc", "memory")
                        sampled.append(kib)
                    elif result.status not in (-signal.SIGKILL, 128 + signal.SIGKILL):
                        self.assert_works_or_says(result, "memory")
        self.assertTrue(sampled, outcomes)
        report.note(f"sampled with {sampled}; status by KiB of the control group: " + ", ".join(f"{k}: {v}" for k, v in outcomes.items()))

    def refusals(self, group):
        """How often the control group had no more memory to give."""
        if group.is_v1:
            return int(group.get("memory.failcnt"))
        return int(dict(line.split() for line in group.get("memory.events").splitlines())["max"])

    def frame_of(self, top, workload, wanted, patience=60):
        """The first frame in which this workload is as wanted, and what it says of it."""
        deadline = time.monotonic() + patience
        while True:
            frame = schema.parse(top.lines.next())
            shown = [process for process in frame["processes"] if process["pid"] == workload.pid]
            if shown and wanted(frame, shown[0]):
                return frame, shown[0]
            self.assertLess(time.monotonic(), deadline, (frame["loss"], shown))

    def test_no_memory_for_accounts(self):
        """Refused while threads begin: each without an account is counted, and nothing is made up; those after them have one."""
        with load.ControlGroup("memory", "full") as group, product.Running("top", "-b", "-d", "0.5", "--json",
                                                                         prefix=group.prefix()) as top:
            schema.parse(top.lines.next())
            # Stopped, it needs nothing itself: the kernel would kill it.
            top.process.send_signal(signal.SIGSTOP)
            group.set("memory.limit_in_bytes", "memory.max", group.get("memory.usage_in_bytes" if group.is_v1 else "memory.current"))
            with Workload("parked", THREADS) as parked:
                refused = self.refusals(group)
                group.set("memory.limit_in_bytes", "memory.max", 1 << 40)
                top.process.send_signal(signal.SIGCONT)
                # It may have been stopped in the midst of a frame. None of these threads ever runs again: the next is whole.
                self.frame_of(top, parked, lambda frame, _: frame["loss"]["tasks"])
                first, shown = self.frame_of(top, parked, lambda *_: True)
                with Workload("parked", THREADS) as after:
                    # Those that begin work, and wait for a CPU, first.
                    frame, known = self.frame_of(top, after, lambda _, process: process["threads"] == THREADS + 1
                                                 and process["verdict"] in ("idle", "waiting"))
                    again = frame["loss"]["tasks"]
            while frame["loss"]["tasks"]:
                frame = schema.parse(top.lines.next())
        report.note(f"refused {refused} times while {THREADS} threads began: {first['loss']['tasks']} counted without an account, "
                    f"the process is {shown['verdict']} with confidence {shown['confidence']}; of {THREADS} more "
                    f"{again - first['loss']['tasks']}, that process is {known['verdict']}; when they have ended "
                    f"{frame['loss']['tasks']}")
        self.assertGreater(refused, 0)
        self.assertEqual((THREADS + 1, "unknown", 0), (shown["threads"], shown["verdict"], shown["confidence"]))
        # One that is being made, or moved while it was read, is counted in one frame.
        self.assertLess(again - first["loss"]["tasks"], THREADS // 100)

    def test_processes_to_start(self):
        prefix = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=-all,+bpf,+perfmon",
                  "--ambient-caps=-all,+bpf,+perfmon")
        # A process of that user, so that there is one when the limit is looked at.
        holder = subprocess.Popen([*prefix, "sleep", "60"])
        self.addCleanup(holder.wait)
        self.addCleanup(holder.kill)
        done = subprocess.run([*prefix, "prlimit", "--nproc=1", self.public, "run", "--collector", "bpf", "--", "true"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False, env=paths.unsearched())
        result = product.Result(done.returncode, done.stdout, done.stderr)
        self.assertEqual((FAILED, b""), (result.status, result.out))
        self.assert_one_line(result, "ulimit -u")

    def test_closed_descriptors(self):
        for closed in ("<&-", "2>&-", "<&- 2>&-", ">&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                result = self.shell(f'exec "$@" {closed}', *self.own())
                has_output = ">&-" not in closed.replace("2>&-", "")
                self.assertEqual(0 if has_output else FAILED, result.status, result)
                self.assertEqual(has_output, bool(result.out))
                if not has_output and "2>&-" not in closed:
                    self.assert_one_line(result)

    def test_a_disk_that_is_full(self):
        """The report is there whole, or not at all, and what was there stays."""
        script = ('mount -t tmpfs -o size=8k,nr_inodes=5 none "$0" && cd "$0" && echo before >report && '
                  '{ cat /dev/zero >filler; "$@" run --json -o report -- true; echo $?; cat report; ls -A; } 2>&1')
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, self.folder.path, paths.boundtop()],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False)
        lines = [line for line in done.stdout.decode().splitlines() if not line.startswith("cat:")]
        self.assertEqual(["1", "before", "filler", "report"], lines[1:], lines)
        self.assertIn("No space left on device", lines[0])

    def test_bpf_is_forbidden(self):
        for error in (errno.EPERM, errno.EACCES, errno.ENOSYS, errno.ENOMEM):
            with self.subTest(error=errno.errorcode[error]):
                for args in (self.own(), ("top", "-b", "-n", "1", "--collector", "bpf"), ("run", "--collector", "bpf", "--", "true")):
                    result = self.shell('exec "$@"', *args, prefix=(sys.executable, SECCOMP, str(SYS_BPF), str(error)))
                    self.assertEqual((FAILED, b""), (result.status, result.out))
                    self.assert_one_line(result)

    def hidden(self, script, *args):
        """In a mount namespace of its own."""
        return self.shell(f'{script} && exec "$@"', *args, prefix=("unshare", "-m", "--propagation", "private"))

    def test_no_type_information(self):
        self.assert_works_or_says(self.hidden("mount --bind /dev/null /sys/kernel/btf/vmlinux", *self.own()), "BTF")
        self.assert_works_or_says(self.hidden("umount -l /sys", *self.own()))

    def test_no_proc(self):
        """The figures do not come from there; names of processes do."""
        if paths.is_sanitized():
            report.note("a sanitizer reads its options in /proc, and searches for leaks there")
            return
        self.assert_works_or_says(self.hidden("umount -l /proc", *self.own()), "/proc")
        self.assert_works_or_says(self.hidden("umount -l /proc", "top", "-b", "-n", "1", "-d", "0.1"), "/proc")
        self.assertIn(b"mount", self.hidden("umount -l /proc", "check").out)

    def test_proc_that_hides(self):
        self.assert_works_or_says(self.hidden("mount -t proc -o hidepid=2 none /proc", *self.own()))
        result = self.hidden("mount -t proc -o subset=pid none /proc", "top", "-b", "-n", "1", "-d", "0.1")
        self.assert_works_or_says(result)

    def victims(self, pid):
        return (("classify", "-d", "60", pid), ("classify", "-d", "60", "-a", "--threads", "--json"), ("top", "-b", "-d", "0.05"),
                ("top", "-b", "-d", "0.05", "--json", "-H"), ("run", "--", "sleep", "2"), ("top", "-d", "0.05"), ("check",),
                ("diagnose", "-d", "60"))

    def test_killed_at_any_time(self):
        """While it loads, seeds, reads, watches, prints, draws: the kernel takes all of it back."""
        choice = random.Random(1)
        terminal, screen = pty.openpty()
        self.addCleanup(os.close, terminal)
        self.addCleanup(os.close, screen)
        os.set_blocking(terminal, False)
        with_objects = ended = 0
        with open(os.devnull, "wb") as nowhere:
            for _ in range(KILLS):
                args = choice.choice(self.victims(os.getpid()))
                out = screen if args[:2] == ("top", "-d") else nowhere
                started = subprocess.Popen([paths.boundtop(), *map(str, args)], stdin=screen, stdout=out, stderr=nowhere,
                                           env={**os.environ, "TERM": "xterm"}, start_new_session=True)
                # From a millisecond to half a second, each order as often.
                time.sleep(0.001 * 500 ** choice.random())
                with_objects += bool(leftovers.held_by(started.pid))
                started.kill()
                ended += started.wait() != -signal.SIGKILL
                try:
                    os.read(terminal, 1 << 20)
                except BlockingIOError:
                    pass
        left = leftovers.since(self.before)
        report.note(f"{KILLS} kills, {with_objects} of them with objects in the kernel, {ended} came too late; {len(left)} left")
        self.assertGreater(with_objects, KILLS // 4)
        self.assertEqual([], left)

    def test_hostile_target(self):
        """A command line of megabytes, an executable that is gone, thousands of descriptors."""
        script = ("import os,sys,time\nfor i in range(3000): os.memfd_create('\\n\\x1b[31m' + str(i))\n"
                  "open('/proc/self/comm','wb').write(b'\\x1b]0;x\\x07\\n')\nprint(flush=True)\ntime.sleep(60)\n")
        program = self.folder.file("gone\n\x1b[2J")
        os.symlink(sys.executable, program)
        arguments = ["x\x1b[31m\n" * 15000] * 16
        target = subprocess.Popen(["sh", "-c", 'ulimit -n 4000; exec "$@"', "sh", program, "-c", script, *arguments],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.addCleanup(target.wait)
        self.addCleanup(target.kill)
        self.addCleanup(target.stdout.close)
        target.stdout.readline()
        os.unlink(program)
        for args in (("classify", "-d", "0.2", target.pid), ("classify", "-d", "0.2", "--json", "--threads", target.pid),
                     ("top", "-b", "-n", "1", "-d", "0.2", "-p", target.pid), ("classify", "-d", "0.2", "-c", "x.*31m")):
            with self.subTest(args=args):
                result = product.run(*args)
                self.assertEqual((0, b""), (result.status, result.err))
                text = result.out.decode("utf-8", errors="strict")
                self.assertEqual([], [c for c in text if c != "\n" and (ord(c) < 32 or 127 <= ord(c) < 160)])

    def test_cpu_that_goes_and_comes_back(self):
        """tests/load/run.py alone: half of the host's CPUs are gone for seconds."""
        files = load.online_files()
        if not load.is_full() or not files:
            report.note("not asked for" if files else "no CPU of this machine can be taken offline")
            return
        with Workload("hogs", 2, nice=0) as hogs, product.Running("top", "-b", "-d", 1, "--json") as top:
            online = []
            schema.parse(top.lines.next())
            try:
                with load.Setting(files[-1], 0):
                    for _ in range(3):
                        online.append(schema.check_frame(schema.parse(top.lines.next())))
            except OSError as error:
                report.note(f"this machine keeps its CPUs online: {error}")
                return
            back = [schema.check_frame(schema.parse(top.lines.next())) for _ in range(3)]
        for frame in (online[-1], back[-1]):
            shown = [process for process in frame["processes"] if process["pid"] in hogs.facts["pids"]]
            report.note(f"{frame['cpus_online']} CPUs online: " + ", ".join(
                f"{process['verdict']} {process['cpus']:.2f}" for process in shown) + f", loss {frame['loss']}")
        self.assertEqual(os.cpu_count(), back[-1]["cpus_online"])
        self.assertEqual(os.cpu_count() - 1, online[-1]["cpus_online"])
        self.assertEqual(0, sum(frame["loss"]["tasks"] for frame in [*online, *back]))


if __name__ == "__main__":
    report.main()
