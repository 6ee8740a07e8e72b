#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Everything that can be wrong gets one clear line, the right exit status, and leaves nothing behind."""

import json
import os
import select
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import leftovers, paths, product, report, witness  # noqa: E402
from systest.workloads import Workload  # noqa: E402

FAILED, USAGE, NO_PROCESS = 1, 2, 3
NOBODY = 65534
NEEDED_CAPABILITIES = ("bpf", "perfmon", "sys_ptrace", "dac_read_search")
# linux/capability.h; none of them is needed to read what was attached.
DROPPED = {"sys_module": 16, "sys_rawio": 17, "sys_admin": 21, "setuid": 7, "net_admin": 12}


WITHOUT_FILTERS = [sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_filters.py")]


def as_nobody(*capabilities):
    """A command prefix: user nobody with these capabilities and no other."""
    names = ",".join(["-all", *[f"+{name}" for name in capabilities]])
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", f"--inh-caps={names}",
            f"--ambient-caps={names}"]


def free_pid():
    """A PID that no process has, and that the kernel will not hand out soon."""
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
        pid = int(file.read()) - 1
    while os.path.exists(f"/proc/{pid}"):
        pid -= 1
    return pid


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.public = cls.folder.public_copy(paths.boundtop())

    def assert_one_line(self, err, *words):
        text = err.decode("utf-8", errors="strict")
        self.assertEqual(1, text.count("\n"), text)
        self.assertTrue(text.startswith("boundtop: ") and text.endswith("\n"), repr(text))
        for word in words:
            self.assertIn(word, text)

    def assert_refused(self, status, *args, words=()):
        result = product.run(*args, patience=20)
        self.assertEqual(status, result.status, result)
        self.assertEqual(b"", result.out)
        self.assert_one_line(result.err, *words)

    def refuse_each(self, status, cases):
        for args in cases:
            with self.subTest(args=args):
                self.assert_refused(status, *args)

    def test_letter_among_others(self):
        """It is the letter that is named, not the option before."""
        self.assert_refused(USAGE, "top", "--json", "-xb", words=("-x: no such option",))

    def test_no_such_process(self):
        pid = free_pid()
        self.assert_refused(NO_PROCESS, "classify", "-d", "0.2", pid, words=(str(pid),))
        self.assert_refused(NO_PROCESS, "classify", "--json", "-d", "0.2", pid)
        self.assert_refused(NO_PROCESS, "classify", "--tree", "-d", "0.2", pid)

    def test_top_of_no_such_process(self):
        """As with classify: each is named, the others are shown, and the status tells."""
        pid = free_pid()
        self.assert_refused(NO_PROCESS, "top", "-b", "-n", "1", "-d", "0.2", "-p", pid, words=(str(pid),))
        with Workload("sleeper") as sleeper:
            result = product.run("top", "-b", "-n", "1", "-d", "0.2", "-p", f"{pid},{sleeper.pid}")
        self.assertEqual(NO_PROCESS, result.status)
        self.assert_one_line(result.err, str(pid))
        self.assertIn(str(sleeper.pid).encode(), result.out)

    def test_hidden_process(self):
        """One that the kernel shows no BPF program: classify and top say the same of it."""
        hidden = [int(name) for name in os.listdir("/proc") if name.isdigit() and witness.is_hidden(int(name))]
        if not hidden:
            report.note("no process of this machine is kept from being traced")
            return
        for args in (("classify", "-d", "0.2", hidden[0]), ("top", "-b", "-n", "1", "-d", "0.2", "-p", hidden[0])):
            with self.subTest(args=args):
                self.assert_refused(NO_PROCESS, *args, words=(str(hidden[0]), "cannot be watched"))

    def test_impossible_pids(self):
        for pid in ("0", "-1", "abc", "12x", "", "1.5", "99999999999999999999", "4294967297", "0x10"):
            with self.subTest(pid=pid):
                result = product.run("classify", "-d", "0.2", "--", pid, patience=20)
                self.assertIn(result.status, (USAGE, NO_PROCESS), result)
                self.assertEqual(b"", result.out)
                self.assert_one_line(result.err)
        self.refuse_each(USAGE, [("top", "-b", "-n", "1", "-p", pid) for pid in ("abc", "1,x", "", ",", "-5")])

    def test_impossible_durations(self):
        bad = ("0", "-1", "-0.5", "abc", "", "nan", "inf", "1e30", "99999999999999999999", "1x", "1 2", "0x1p4",
               "1e-30")
        own = os.getpid()
        self.refuse_each(USAGE, [("classify", "-d", value, own) for value in bad])
        self.refuse_each(USAGE, [("top", "-b", "-n", "1", "-d", value) for value in bad])

    def test_reasons_are_true(self):
        own = os.getpid()
        for value in ("0", "-1", "1e99", "1e-4", "0.0009", "10000001"):
            self.assert_refused(USAGE, "classify", "-d", value, own, words=("must be between 0.001 and 10000000",))
        for value in ("abc", "1e-3", "nan", "0x1p4", ""):
            self.assert_refused(USAGE, "classify", "-d", value, own, words=("not a number of seconds",))
        self.assertIn(b"0.001 to 10000000", product.run("classify", "--help").out)
        self.assert_refused(USAGE, "classify", "-c", "(", words=("not a valid extended regular expression: ",))
        self.assert_refused(USAGE, "help", "classify", "run", words=("run: help takes one command",))

    def test_ascii_where_the_locale_is(self):
        plain = {**os.environ, "LC_ALL": "C"}
        for args in (("--help",), ("top", "--help"), ("classify", "--help"), ("run", "--help"), ("top", "-b", "x")):
            with self.subTest(args=args):
                result = product.run(*args, env=plain)
                self.assertTrue(result.out.isascii() and result.err.isascii(), result)
        self.assertIn(b"PID,...", product.run("top", "--help", env=plain).out)

    def test_impossible_counts(self):
        self.refuse_each(USAGE, [("top", "-b", "-d", "0.1", "-n", value)
                                 for value in ("0", "-1", "abc", "", "1.5", "99999999999999999999")])

    def test_wrong_usage(self):
        own = str(os.getpid())
        self.refuse_each(USAGE, [
            ("no-such-command",), ("--no-such-option",), ("top", "--no-such-option"), ("classify",),
            ("classify", "-d"), ("classify", "--no-such-option", own), ("classify", "-f", "-d", "1", own),
            ("classify", "-a", own), ("classify", "-a", "-c", "x"), ("classify", "-c", "x", own), ("run",),
            ("run", "--"), ("run", "-o"), ("top", "-b", "-n", "1", "-s", "no-such-field"), ("top", "-b", "-n"),
            ("top", "-b", "-n", "1", "--collector", "no-such-collector"), ("top", "-b", "-n", "1", "surplus"),
            ("check", "surplus"), ("top", "-b", "-n", "1", "-u", "no-such-user-here")])

    def test_commands_that_cannot_run(self):
        plain = self.folder.file("not-executable")
        with open(plain, "w", encoding="ascii") as file:
            file.write("no program\n")
        self.assert_refused(127, "run", "--", self.folder.file("missing"), words=("missing",))
        self.assert_refused(127, "run", "--", "no-such-command-in-the-path")
        self.assert_refused(126, "run", "--", plain, words=("not-executable",))
        self.assert_refused(126, "run", "--", self.folder.path)
        self.assert_refused(127, "run", "--", "")

    def test_unwritable_report(self):
        marker = self.folder.file("marker")
        result = product.run("run", "-o", "/nonexistent/report", "--", "touch", marker)
        self.assertEqual(FAILED, result.status)
        self.assert_one_line(result.err, "/nonexistent/report")
        self.assertFalse(os.path.exists(marker), "the command ran although its report can not be written")
        result = product.run("run", "-o", "/dev/full", "--", "true")
        self.assertEqual(FAILED, result.status)
        self.assert_one_line(result.err)

    def test_report_that_grows_too_large(self):
        """The signal is for the command; the report fails as a write that failed, and leaves no half of it."""
        folder = self.folder.file("small")
        os.mkdir(folder)
        done = subprocess.run(["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", paths.boundtop(), "run", "-o",
                               os.path.join(folder, "report"), "--", "grep", "-E", "^SigIgn", "/proc/self/status"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        self.assertEqual((FAILED, []), (done.returncode, os.listdir(folder)))
        self.assert_one_line(done.stderr, "File too large", "ulimit -f")
        ignored = int(done.stdout.split()[1], 16)
        self.assertFalse(ignored & 1 << signal.SIGXFSZ - 1)

    def test_where_a_report_goes(self):
        """Through links, even to what is not there yet; and in place where the folder takes no new file."""
        for name, link in (("dangling", "not-there-yet"), ("twice", "dangling2"), ("dangling2", "also-not-there")):
            os.symlink(link, self.folder.file(name))
        for name, target in (("dangling", "not-there-yet"), ("twice", "also-not-there"), ("dangling", "not-there-yet")):
            path, target = self.folder.file(name), self.folder.file(target)
            result = product.run("run", "-o", path, "--", "true")
            self.assertEqual((0, b""), (result.status, result.err))
            self.assertTrue(os.path.islink(path))
            self.assertFalse(os.path.islink(target))
            with open(target, "rb") as file:
                self.assertIn(b"boundtop run: true", file.read())
        result = product.run("run", "-o", "/dev/stdout", "--", "true")
        self.assertEqual((0, b""), (result.status, result.err))
        self.assertTrue(result.out.startswith(b"boundtop run: true"))
        os.symlink("round", self.folder.file("round"))
        self.assert_refused(FAILED, "run", "-o", self.folder.file("round"), "--", "true", words=("symbolic links",))

    def test_report_in_a_folder_of_others(self):
        folder = self.folder.file("of-others")
        report_path = os.path.join(folder, "report")
        os.mkdir(folder)
        os.chmod(self.folder.path, 0o755)
        with open(report_path, "w", encoding="ascii") as file:
            file.write("what was there before " * 1000)
        os.chown(report_path, NOBODY, NOBODY)
        before = os.stat(report_path)
        done = self.unprivileged("run", "-o", report_path, "--", "true", capabilities=("bpf", "perfmon"))
        self.assertEqual((0, b""), (done.returncode, done.stderr))
        after = os.stat(report_path)
        self.assertEqual((before.st_ino, before.st_mode), (after.st_ino, after.st_mode))
        with open(report_path, "rb") as file:
            self.assertTrue(file.read().startswith(b"boundtop run: true\n"))
        self.assertEqual(["report"], os.listdir(folder))

    def test_what_takes_no_report(self):
        marker = self.folder.file("ran-all-the-same")
        for path in ("/proc/version", "/proc/self/report", "/sys/kernel/btf/vmlinux"):
            with self.subTest(path=path):
                self.assert_refused(FAILED, "run", "-o", path, "--", "touch", marker,
                                    words=(path, "cannot be written", "nothing was started"))
        self.assertFalse(os.path.exists(marker))

    def commands_with_output(self):
        own = str(os.getpid())
        return (("classify", "-d", "0.1", own), ("classify", "-d", "0.1", "--json", own),
                ("classify", "-d", "0.1", "-a", "--json"), ("top", "-b", "-n", "1", "-d", "0.1"),
                ("top", "-b", "-n", "2", "-d", "0.1", "--json"), ("check",), ("--help",), ("--version",),
                ("classify", "--help"))

    def test_full_disk(self):
        for args in self.commands_with_output():
            with self.subTest(args=args), open("/dev/full", "wb") as full:
                result = product.run(*args, stdout=full)
                self.assertEqual(FAILED, result.status, result)
                self.assert_one_line(result.err)

    def test_no_standard_output_at_all(self):
        """Descriptor 1 is free then, and must not become a BPF map that gets the report."""
        for args in self.commands_with_output():
            with self.subTest(args=args):
                done = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh", paths.boundtop(), *args],
                                      stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
                self.assertEqual(FAILED, done.returncode, done)
                self.assert_one_line(done.stderr)

    def test_reader_that_leaves(self):
        """As `| head -c 1`: no noise, no endless run, no crash."""
        for args in (("top", "-b", "-n", "1000", "-d", "0.05"), ("top", "-b", "-n", "1000", "-d", "0.05", "--json"),
                     ("classify", "-d", "0.3", "-a", "--json")):
            with self.subTest(args=args), product.Running(*args) as running:
                if args[0] == "top":
                    self.assertTrue(os.read(running.process.stdout.fileno(), 1))
                running.process.stdout.close()
                running.process.stdout = None
                err = running.process.stderr.read()
                status = running.process.wait(timeout=60)
                self.assertEqual(b"", err)
                self.assertIn(status, (0, FAILED, -signal.SIGPIPE, 128 + signal.SIGPIPE))

    def test_killed_leaves_nothing(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                before = leftovers.listing()
                with product.Running("top", "-b", "-n", 1000, "-d", 60) as running:
                    running.await_attached()
                    held = leftovers.held_by(running.pid)
                    self.assertIn("prog", {kind for kind, _ in held}, "the witness sees nothing of it")
                    running.process.send_signal(number)
                    running.process.wait(timeout=20)
                self.assertEqual([], leftovers.since(before))
                self.assertFalse(held & leftovers.listing())

    def test_ignored_signals_stay_ignored(self):
        """nohup and jobs in the background of a shell have some ignored: so it shall be."""
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT):
            trap = ("sh", "-c", f'trap "" {int(number)}; exec "$@"', "sh")
            with self.subTest(signal=number):
                with product.Running("top", "-b", "-n", 2, "-d", 0.5, prefix=trap) as running:
                    running.await_attached()
                    running.process.send_signal(number)
                    result = running.finish()
                self.assertEqual((0, b""), (result.status, result.err))
                self.assertEqual(2, result.out.count(b"VERDICT"))

    def test_killed_run_leaves_nothing(self):
        """SIGKILL to `run` while its command works: the kernel side goes, whatever the command does."""
        before = leftovers.listing()
        with product.Running("run", "--", paths.workload(), "burn", 20000000) as running:
            self.assertEqual(b"ready", running.lines.next())
            children = witness.children_of(running.pid)
            self.assertEqual(1, len(children))
            ended = os.pidfd_open(children[0])
            self.addCleanup(os.close, ended)
            running.process.kill()
            running.process.wait(timeout=20)
            self.assertEqual([], leftovers.since(before))
            # The workload is armed against the death of its parent.
            self.assertTrue(select.select([ended], [], [], 10)[0])

    def test_errors_leave_nothing(self):
        before = leftovers.listing()
        product.run("classify", "-d", "0.1", free_pid())
        product.run("run", "--", "no-such-command-in-the-path")
        self.assertEqual([], leftovers.since(before))

    def unprivileged(self, *args, capabilities=()):
        return subprocess.run([*as_nobody(*capabilities), self.public, *map(str, args)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)

    def test_without_privileges(self):
        marker = self.folder.file("ran")
        for args in (("classify", "-d", "0.1", "1"), ("classify", "-d", "0.1", "--json", "1"),
                     ("top", "-b", "-n", "1", "-d", "0.1"), ("run", "--", "touch", marker)):
            with self.subTest(args=args):
                done = self.unprivileged(args[0], "--collector", "bpf", *args[1:])
                self.assertEqual(FAILED, done.returncode, done)
                self.assertEqual(b"", done.stdout)
                self.assert_one_line(done.stderr)
                self.assertRegex(done.stderr.decode(), r"root|sudo|CAP_BPF|cap_bpf")
        self.assertFalse(os.path.exists(marker))

    def test_help_needs_no_privileges(self):
        for args in (("--help",), ("--version",), ("top", "--help")):
            with self.subTest(args=args):
                done = self.unprivileged(*args)
                self.assertEqual((0, b""), (done.returncode, done.stderr))
                self.assertTrue(done.stdout)

    def test_check_says_what_is_missing(self):
        done = self.unprivileged("check")
        self.assertEqual((0, b""), (done.returncode, done.stderr), "it samples from /proc then")
        self.assertRegex(done.stdout.decode(), r"collector: procfs, sampled\n.*needs capability CAP_BPF")
        self.assertRegex(done.stdout.decode(), r"(?i)missing +capability CAP_BPF")
        self.assertIn(f"sudo setcap cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep {self.public}\n",
                      done.stdout.decode())
        done = self.unprivileged("check", capabilities=NEEDED_CAPABILITIES)
        self.assertEqual(0, done.returncode, done)
        self.assertRegex(done.stdout.decode(), r"ok +capability CAP_BPF")

    def test_capabilities_are_enough(self):
        with Workload("hog") as hog:
            done = self.unprivileged("classify", "-d", "1", "--json", hog.pid, capabilities=NEEDED_CAPABILITIES)
            self.assertEqual((0, b""), (done.returncode, done.stderr))
            process = product.find(product.schema.check_frame(product.schema.parse(done.stdout)), hog.pid)
            self.assertEqual(("cpu-bound", "user"), (process["verdict"], process["cause"]))
            self.assertTrue(process["exited"] is False and process["user"] == "root")

    def test_few_descriptors(self):
        """Whatever it stumbles over: one line names the limit, and nobody is sent after the kernel's BTF."""
        for limit in range(5, 25):
            for args in (("classify", "-d", "0.1", os.getpid()), ("run", "--", "true"), ("check",)):
                with self.subTest(limit=limit, args=args):
                    self.assert_limit_is_named(f"ulimit -n {limit}", "ulimit -n", args)

    def test_little_memory(self):
        """What it takes to start differs with the libraries: from where it starts, it says what it lacks."""
        if paths.is_sanitized():
            report.note("a sanitizer needs terabytes of addresses")
            return
        for limit_kb in (*range(7000, 10000, 250), *range(10000, 16000, 1000)):
            for args in (("--version",), ("classify", "-d", "0.1", os.getpid()), ("run", "--", "true"), ("check",)):
                with self.subTest(limit_kb=limit_kb, args=args):
                    self.assert_limit_is_named(f"ulimit -v {limit_kb}", "ulimit -v", args)

    def assert_limit_is_named(self, limit, remedy, args):
        done = subprocess.run(["sh", "-c", f'{limit}; exec "$@"', "sh", paths.boundtop(), *map(str, args)],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        if done.returncode == 127:
            return  # the loader did not find room for the libraries
        self.assertIn(done.returncode, (0, FAILED), done)
        if done.returncode == FAILED:
            self.assert_one_line(done.stderr, remedy)
        self.assertNotIn(b"BTF", done.stderr)
        self.assertNotIn(b"MISSING", done.stdout)

    INSIDE = ("unshare", "--pid", "--fork", "--kill-child")

    def ask_inside(self, script, *args, mount=True):
        """boundtop in a PID namespace of its own, as "$@" of a shell script that runs there."""
        done = subprocess.run([*self.INSIDE, *(["--mount-proc"] if mount else []), "sh", "-c", script, "sh", paths.boundtop(),
                               *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        return product.Result(done.returncode, done.stdout, done.stderr)

    def test_another_pid_namespace(self):
        """All PIDs are those that are seen there, and what is outside is not."""
        pair = 'sleep 30 & sh -c "while sleep 0.02; do echo; done" | cat >/dev/null & "$@" 1 2 $!; kill $! $(jobs -p)'
        done = self.ask_inside(pair, "classify", "--json", "-d", "0.5")
        self.assertEqual((0, b""), (done.status, done.err))
        frame = product.schema.check_frame(product.schema.parse(done.out))
        self.assertEqual(("bpf", True), (frame["collector"], frame["exact"]))
        found = {process["comm"]: process for process in frame["processes"]}
        self.assertEqual({"sh", "sleep", "cat"}, set(found))
        self.assertEqual((1, 0), (found["sh"]["pid"], found["sh"]["ppid"]))
        self.assertEqual(("idle", "sleep", 1), (found["sleep"]["verdict"], found["sleep"]["cause"], found["sleep"]["ppid"]))
        wakers = {wait["waker_pid"] for wait in found["cat"]["waits"] if wait["syscall"] == "read"}
        self.assertTrue(wakers and all(waker < 30 for waker in wakers), wakers)
        done = self.ask_inside('"$@"', "top", "-b", "-n", "1", "-d", "0.2", "--json")
        self.assertEqual((0, b""), (done.status, done.err))
        pids = [process["pid"] for process in json.loads(done.out)["processes"]]
        self.assertIn(1, pids)
        self.assertLess(max(pids), 30)
        done = self.ask_inside('"$@"', "run", "--json", "--", "sh", "-c", "for i in 1 2 3; do sleep 0.01; done")
        self.assertEqual((0, b""), (done.status, done.err))
        frame = json.loads(done.out)
        self.assertEqual(3, frame["descendants"])
        self.assertLess(max(process["pid"] for process in frame["processes"]), 30)

    def test_proc_of_another_pid_namespace(self):
        """There, PIDs are others than here: the exact collector says so before anything is started."""
        marker = self.folder.file("ran")
        for args in (("classify", "-d", "0.1", "1"), ("top", "-b", "-n", "1"), ("run", "--", "touch", marker)):
            with self.subTest(args=args):
                done = self.ask_inside('"$@"', args[0], "--collector", "bpf", *args[1:], mount=False)
                self.assertEqual((FAILED, b""), (done.status, done.out))
                self.assert_one_line(done.err, "PID namespace", "--pid=host")
        self.assertFalse(os.path.exists(marker))
        done = self.ask_inside('"$@"', "check", mount=False)
        self.assertEqual(0, done.status)
        self.assertRegex(done.out.decode(), r"MISSING +a /proc of one's own PID namespace")
        self.assertIn("collector: procfs, sampled\n", done.out.decode())

    def test_privileges_are_dropped(self):
        with product.Running("top", "-b", "-n", 1000, "-d", 60) as running:
            running.await_attached()
            with open(f"/proc/{running.pid}/status", encoding="ascii", errors="replace") as file:
                lines = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
        effective = int(lines["CapEff"], 16)
        # System calls are filtered; which ones: tests/unit/test_confine.c
        self.assertEqual(("2", "1"), (lines["Seccomp"], lines["NoNewPrivs"]))
        with open("/proc/self/status", encoding="ascii", errors="replace") as file:
            own = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff"))
        for name, bit in DROPPED.items():
            if own & 1 << bit:
                self.assertFalse(effective & 1 << bit, f"boundtop keeps {name}")

    def test_without_filters_for_system_calls(self):
        """It runs all the same, and check says what is not given up."""
        done = subprocess.run([*WITHOUT_FILTERS, paths.boundtop(), "check"], stdout=subprocess.PIPE, timeout=30, check=True)
        self.assertRegex(done.stdout.decode(), r"(?m)^  missing  filters for system calls")
        with product.Running("top", "-b", "-n", 1000, "-d", 60, prefix=WITHOUT_FILTERS) as running:
            running.await_attached()
            with open(f"/proc/{running.pid}/status", encoding="ascii", errors="replace") as file:
                self.assertIn("Seccomp_filters:\t1\n", file.readlines())

    def test_command_is_started_as_by_a_shell(self):
        """What boundtop drops, blocks and opens for itself must not reach the command that it runs."""
        wanted = "^(Cap|Sig(Blk|Ign|Cgt)|NoNewPrivs)"
        command = ["grep", "-E", wanted, "/proc/self/status"]
        result = product.run("run", "-o", self.folder.file("report"), "--", *command)
        plain = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        self.assertEqual((0, plain.stdout), (result.status, result.out))
        result = product.run("run", "-o", self.folder.file("report"), "--", "ls", "/proc/self/fd")
        self.assertEqual((0, b"0\n1\n2\n3\n"), (result.status, result.out))


if __name__ == "__main__":
    report.main()
