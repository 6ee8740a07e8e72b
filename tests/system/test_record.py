#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""record and replay: the same verdicts later, files that survive anything, and what SQL says of them."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, recording, report, schema, workloads  # noqa: E402
from systest.trouble import diagnose, functions_in, functions_of, slow_answers, stuck_writer  # noqa: E402
from systest.workloads import Workload  # noqa: E402

# By hand: KILLS=200
KILLS = int(os.environ.get("KILLS", "20"))
PATIENCE_S = 60


def await_line(stream, text):
    """The next lines up to the one that has text; an event, not a sleep."""
    for line in iter(stream.readline, b""):
        if text in line:
            return line
    raise AssertionError(f"ended without {text!r}")


def await_sleeps(pid, count):
    """Until it has slept so many times more: a recorder does so at least once a frame."""
    goal = workloads.sleeps(pid) + count
    while workloads.sleeps(pid) < goal:
        time.sleep(0.01)


class Record(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        # One recording that several tests look at.
        cls.shared = cls.folder.file("shared.db")
        with Workload("hog") as hog, Workload("parked", 2) as parked:
            cls.hog, cls.parked = hog.pid, parked.pid
            with product.Running("record", "-o", cls.shared, "-i", 0.5) as recorder:
                recording.await_frames(cls.shared, 2, recorder)
                # Of the same minute; windows of their own, so what they say of these two must not depend on that.
                cls.live = product.run_json("classify", "-d", 2, "--json", hog.pid, parked.pid)
                recording.await_frames(cls.shared, 8, recorder)
                recorder.process.send_signal(signal.SIGTERM)
                cls.recorded = recorder.finish()
        cls.left_behind = os.listdir(cls.folder.path)

    def file(self, name):
        path = self.folder.file(name)
        self.addCleanup(lambda: [os.unlink(path + end) for end in ("", "-wal", "-shm") if os.path.exists(path + end)])
        return path

    def replay(self, path, *args):
        result = product.run("replay", path, *args)
        self.assertEqual((0, b""), (result.status, result.err))
        return result.out

    def refused(self, *args, status=1):
        """The one line on standard error."""
        result = product.run(*args)
        self.assertEqual((status, b"", 1), (result.status, result.out, result.err.count(b"\n")), result.err)
        return result.err.decode()

    def await_peer(self, path, pid):
        """Until it is recorded who has the other end of a socket of that process: it is looked for little by little."""
        deadline = time.monotonic() + PATIENCE_S
        while not recording.rows(path, f"SELECT 1 FROM object JOIN process p ON p.id = process WHERE p.pid = {pid} AND peer_pid NOT NULL"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    # The same as live

    def test_ended_by_sigterm(self):
        self.assertEqual((0, b"", b""), (self.recorded.status, self.recorded.out, self.recorded.err))
        self.assertEqual(0o600, os.stat(self.shared).st_mode & 0o7777)
        self.assertEqual(["shared.db"], self.left_behind)

    def test_same_verdicts_as_live(self):
        frame = schema.check_frame(schema.parse(self.replay(self.shared, "classify", "--json", self.hog, self.parked)))
        self.assertEqual((product.COLLECTOR, product.IS_EXACT), (frame["collector"], frame["exact"]))
        for pid in (self.hog, self.parked):
            live, replayed = product.find(self.live, pid), product.find(frame, pid)
            # A spinner is starved where others have the CPU: that is the load of the moment.
            self.assertEqual(live["verdict"].replace("starved", "cpu-bound"),
                             replayed["verdict"].replace("starved", "cpu-bound"))
            for key in ("comm", "cmdline", "user", "cgroup", "start_time", "ppid"):
                self.assertEqual(live[key], replayed[key], key)
            self.assertAlmostEqual(live["share"]["event"], replayed["share"]["event"], delta=0.05)

    def test_the_very_same_frames(self):
        """What every process of this host is bound by, live, and as it was recorded: no word of it differs."""
        with contextlib.ExitStack() as load:
            for what in (("hog",), ("park", 5, "lock"), ("parked", 2), ("ask", "pipe", "read", 5000, 0)):
                load.enter_context(Workload(*what))
            churn = load.enter_context(subprocess.Popen(["sh", "-c", "while :; do true | cat; done"], start_new_session=True))
            load.callback(os.killpg, churn.pid, signal.SIGKILL)
            done = subprocess.run([paths.workload("judged_twice"), "8", self.file("twice.db")],
                                  capture_output=True, text=True, timeout=PATIENCE_S)
        report.note(done.stdout.strip())
        self.assertEqual((0, ""), (done.returncode, done.stderr), done.stdout)
        counts = dict(word.split("=") for word in done.stdout.split())
        self.assertEqual(("8", "0"), (counts["frames"], counts["differ"]))
        self.assertGreater(int(counts["judged"]), 100)
        for verdict in ("idle", "io-bound", "lock-bound"):
            self.assertGreater(int(counts[verdict]), 0, verdict)

    def test_clock_was_set_while_it_recorded(self):
        """Forth and back, and back alone; for real: test_clock_step.py in a virtual machine."""
        hour_ns = 3600 * 10**9
        count = recording.frames(self.shared)
        for steps in (((3, hour_ns), (6, -hour_ns)), ((4, -hour_ns),)):
            with self.subTest(steps=steps):
                path = self.file("stepped.db")
                shutil.copyfile(self.shared, path)
                with contextlib.closing(sqlite3.connect(path)) as db, db:
                    for place, step in steps:
                        db.execute("UPDATE frame SET time_ns = time_ns + ? WHERE id >= (SELECT id FROM frame ORDER BY id LIMIT 1 OFFSET ?)",
                                   (step, place))
                self.assertEqual(count - 1, len(self.replay(path, "top", "-b", "--json").splitlines()))
                straight, stepped = (schema.parse(self.replay(name, "classify", "--json", self.hog)) for name in (self.shared, path))
                self.assertEqual(straight["processes"], stepped["processes"])

    def test_every_recorded_frame_is_printed(self):
        lines = self.replay(self.shared, "top", "-b", "--json").splitlines()
        self.assertEqual(recording.frames(self.shared) - 1, len(lines))
        for line in lines:
            frame = schema.check_frame(schema.parse(line))
            self.assertEqual(self.hog, product.find(frame, self.hog)["pid"])

    def test_longer_frames(self):
        lines = self.replay(self.shared, "top", "-b", "--json", "-d", 1).splitlines()
        # On a busy host a recorded one can be longer than was asked for.
        (last, *ends), expected = [end for end, in recording.rows(self.shared, "SELECT end_ns FROM frame ORDER BY id")], 0
        for end in ends:
            if end - last > 0.95e9:
                last, expected = end, expected + 1
        self.assertAlmostEqual(expected, len(lines), delta=1)
        self.assertEqual(1, len(self.replay(self.shared, "top", "-b", "--json", "-n", 1).splitlines()))

    def test_a_part_of_it(self):
        whole = schema.parse(self.replay(self.shared, "classify", "--json", "-a"))
        part = schema.parse(self.replay(self.shared, "--from", "-1.2s", "classify", "--json", "-a"))
        # It begins with the last frame before that time, or with the first after it.
        ends = recording.rows(self.shared, "SELECT time_ns, end_ns FROM frame ORDER BY id")
        before = sum(time <= ends[-1][0] - 1.2e9 for time, _ in ends)
        possible = [(ends[-1][1] - end) / 1e9 for _, end in ends[before - 1:before + 1]]
        # The time of a frame lies between its begin and its end: sampling reads one process after the other.
        within = 0.001 if product.IS_EXACT and not product.IS_EMULATED else 0.05
        self.assertTrue(any(abs(part["duration_s"] - seconds) < within for seconds in possible), (part["duration_s"], possible))
        self.assertLess(part["duration_s"], whole["duration_s"])
        self.assertEqual(whole["time"], part["time"])
        first = schema.parse(self.replay(self.shared, "classify", "--json", "-a", "--to", "-1.2s"))
        self.assertLess(first["time"], part["time"])
        self.assertIn("nothing between", self.refused("replay", self.shared, "top", "-b", "--from", "+1h"))
        self.assertIn("not a time", self.refused("replay", self.shared, "top", "-b", "--to", "noon", status=2))
        self.assertIn("is not before", self.refused("replay", self.shared, "top", "-b", "--from", "-1s", "--to", "-2s", status=2))

    def test_no_such_process(self):
        self.assertIn("no such process", self.refused("replay", self.shared, "classify", 4194303, status=3))

    def test_names_as_live(self):
        """Files, devices, peers, and where a thread in D sleeps: the words of `diagnose`, later."""
        def objects(found, pids):
            # What is said of the CPUs is of the load of the moment.
            return {(finding["id"], subject["pid"]): (subject.get("object"), subject.get("device"))
                    for finding in found["findings"] for subject in finding["subjects"]
                    if finding["id"] in ("stuck-in-d", "disk-waits", "network-waits") and subject.get("pid") in pids}

        def stuck_text(found):
            text = next(finding["text"] for finding in found["findings"] if finding["id"] == "stuck-in-d")
            return re.sub(r"for [0-9.]+ s or", "for … or", text)

        def peer(found, pid):
            return next(wait["peer"] for wait in product.find(found, pid)["waits"] if wait["cause"] == "network")

        path, read = self.file("names.db"), self.folder.file("read")
        with stuck_writer() as (stuck, file), Workload("disk", read, "direct") as reader, slow_answers(0.15) as slow:
            with product.Running("record", "-o", path) as recorder:
                recording.await_frames(path, 1, recorder)
                live = diagnose(5.5)
                functions = functions_of(stuck)
                live_peer = peer(product.run_json("classify", "-d", 1, "--json", slow), slow)
                recording.await_frames(path, 7, recorder)
                self.await_peer(path, slow)
                recorder.process.send_signal(signal.SIGTERM)
                self.assertEqual(0, recorder.finish().status)
        replayed = schema.parse(self.replay(path, "diagnose", "--json"))
        pids = (stuck, reader.pid, slow)
        self.assertEqual(objects(live, pids), objects(replayed, pids))
        self.assertEqual(3, len(objects(live, pids)))
        self.assertEqual(read, objects(replayed, pids)["disk-waits", reader.pid][0])
        self.assertEqual(file, objects(replayed, pids)["stuck-in-d", stuck][0])
        self.assertIn("127.0.0.1:", objects(replayed, pids)["network-waits", slow][0])
        self.assertEqual(stuck_text(live), stuck_text(replayed))
        self.assertEqual(os.getpid(), live_peer["pid"])
        self.assertEqual(live_peer, peer(schema.parse(self.replay(path, "classify", "--json", slow)), slow))
        # And for those who ask by themselves: the minute that is written at the end.
        self.assertEqual([(read,)], recording.rows(path, f"SELECT DISTINCT name FROM waits_by_minute WHERE pid = {reader.pid} AND cause = 'disk'"))
        with self.subTest("stack"):
            if not product.IS_EXACT and "[" not in stuck_text(live):
                raise report.CannotRun("no iterator of one thread", "it is what tells where a thread sleeps")
            self.check_stack(path, stuck, stuck, functions)

    def check_stack(self, path, pid, tid, functions):
        """What the recording has is what the kernel tells root."""
        if not functions:
            raise report.CannotRun("no stacks in /proc", "they are the witness")
        (text,), = recording.rows(path, "SELECT string.text FROM stack JOIN process ON process.id = stack.process JOIN string ON "
                              f"string.id = stack.text WHERE pid = {pid} AND tid = {tid}")
        self.assertGreater(text.count(" < "), 0)
        self.assertEqual(functions[:text.count(" < ") + 1], text.split(" < "))

    def test_stack_in_another_pid_namespace(self):
        """Of a thread in D, whose child goes no further than to open a FIFO."""
        path, fifo = self.file("inside.db"), self.file("fifo")
        os.mkfifo(fifo)
        parent = ("import os, threading\nthreading.Thread(target=os.posix_spawn, args=('/bin/true', ['true'], {}), "
                  f"kwargs={{'file_actions': [(os.POSIX_SPAWN_OPEN, 0, {fifo!r}, os.O_RDONLY, 0)]}}).start()")
        script = ('"$1" -c "$2" & sleep 0.5; "$3" record -o "$4" -d 3; cd /proc/$!/task; tid=0; '
                  "for t in *; do test $t -lt $tid || tid=$t; done; echo $! $tid; cat $tid/stack")
        inside = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", script, "sh", sys.executable,
                  parent, paths.boundtop(), path]
        done = subprocess.run(inside, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False, timeout=PATIENCE_S)
        numbers, *lines = done.stdout.decode().splitlines()
        pid, tid = map(int, numbers.split())
        self.assertLess(pid, tid)
        self.assertLess(tid, 30)
        self.check_stack(path, pid, tid, functions_in(lines))

    # Files

    def test_goes_on_with_a_recording(self):
        path = self.file("on.db")
        for _ in range(2):
            self.assertEqual(0, product.run("record", "-o", path, "-d", 0.2, "-i", 0.1).status)
        self.assertEqual([(1,), (2,)], recording.rows(path, "SELECT id FROM session"))
        self.assertEqual(recording.frames(path) - 2, len(self.replay(path, "top", "-b", "--json").splitlines()))
        judged = product.run("replay", path, "classify", "-a", "--json")
        self.assertEqual(0, judged.status)
        self.assertIn(b"interrupted 1 time in that part", judged.err)
        self.assertLess(schema.parse(judged.out)["duration_s"], 1)

    def test_each_session_for_itself(self):
        """A tree, a diagnosis, a PID: of the last session, and of what is between two there is nothing."""
        path = self.file("sessions.db")
        self.assertEqual(0, product.run("record", "-o", path, "-d", 1, "-i", 0.2).status)
        with Workload("hog") as hog:
            self.assertEqual(0, product.run("record", "-o", path, "-d", 1, "-i", 0.2).status)
        for *command, key in (("classify", "--tree", hog.pid, "total"), ("diagnose", "verdict"), ("top", "-b", "-p", hog.pid, "schema")):
            with self.subTest(command=command):
                result = product.run("replay", path, *command, "--json")
                self.assertEqual(0, result.status, result.err)
                frame = schema.parse(result.out.splitlines()[-1])
                self.assertIn(key, frame)
                if command[0] != "top":
                    self.assertIn(b"interrupted 1 time in that part", result.err)
                if command[0] == "classify":
                    self.assertEqual("cpu-bound", frame["total"]["verdict"])
        ended, begun = (recording.rows(path, f"SELECT {end}(time_ns) / 1e9 FROM frame WHERE session = {session}")[0][0]
                        for session, end in ((1, "max"), (2, "min")))
        moments = [time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f"{at % 1:.3f}Z"[1:]
                   for at in (ended + (begun - ended) / 3, begun - (begun - ended) / 3)]
        self.assertIn("nothing between", self.refused("replay", path, "diagnose", "--from", moments[0], "--to", moments[1]))
        result = product.run("replay", path, "classify", "--from", moments[0], hog.pid)
        self.assertEqual((0, b""), (result.status, result.err))

    def test_one_writer(self):
        path = self.file("one.db")
        with product.Running("record", "-o", path) as recorder:
            recording.await_frames(path, 1, recorder)
            self.assertIn("another boundtop", self.refused("record", "-o", path, "-d", 0.1))
            recorder.process.send_signal(signal.SIGINT)
            self.assertEqual(0, recorder.finish().status)

    def test_what_is_no_recording_is_left_alone(self):
        text, other, newer = self.file("text"), self.file("other.db"), self.file("newer.db")
        with open(text, "wb") as out:
            out.write(b"precious" * 1000)
        with contextlib.closing(sqlite3.connect(other)) as db:
            db.execute("CREATE TABLE t (a)")
            db.commit()
        product.run("record", "-o", newer, "-d", 0.1)
        with contextlib.closing(sqlite3.connect(newer)) as db:
            db.execute("PRAGMA user_version = 99")
        for path, why in ((text, "not a recording"), (other, "not a recording"), (newer, "newer boundtop")):
            with open(path, "rb") as file:
                before = file.read()
            self.assertIn(why, self.refused("record", "-o", path, "-d", 0.1))
            self.assertIn(why, self.refused("replay", path, "top", "-b"))
            with open(path, "rb") as file:
                self.assertEqual(before, file.read())
        self.assertIn("No such file", self.refused("replay", self.file("none"), "top", "-b"))
        self.assertIn("Is a directory", self.refused("replay", self.folder.path, "top", "-b"))
        self.assertIn("give the FILE", self.refused("replay", "", status=2))
        self.assertIn("No such file", self.refused("record", "-o", self.file("none/none"), "-d", 0.1))
        self.assertIn("Permission denied", self.refused("record", "-o", "/sys/none", "-d", 0.1))

    def test_killed_while_it_writes(self):
        path = self.file("killed.db")
        seen = 0
        dice = random.Random(6)
        for _ in range(KILLS):
            with product.Running("record", "-o", path, "-i", 0.01) as recorder:
                recording.await_frames(path, seen + 2, recorder)
                time.sleep(dice.uniform(0, 0.05))  # anywhere in what it does
                shown = recording.frames(path)
                recorder.process.send_signal(signal.SIGKILL)
                recorder.process.wait()
            self.assertEqual([("ok",)], recording.rows(path, "PRAGMA quick_check"))
            seen = recording.frames(path)
            self.assertGreaterEqual(seen, shown)
        lines = self.replay(path, "top", "-b", "--json").splitlines()
        self.assertEqual(seen - KILLS, len(lines))
        report.note(f"{KILLS} kills, {seen} frames, all of them read")

    def test_disk_full(self):
        folder = self.folder.file("small")
        os.mkdir(folder)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2M", "tmpfs", folder], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", folder], check=True)
        path, filler = os.path.join(folder, "rec.db"), os.path.join(folder, "filler")
        with product.Running("record", "-o", path, "-i", 0.02) as recorder:
            recording.await_frames(path, 3, recorder)
            with open(filler, "wb", buffering=0) as out, contextlib.suppress(OSError):
                while True:
                    out.write(bytes(4096))
            await_line(recorder.process.stderr, b"full")
            full = recording.frames(path)
            # It comes in a frame that is lost and does nothing after that.
            with Workload("parked", 2) as parked:
                await_sleeps(recorder.process.pid, 20)
                os.unlink(filler)
                await_line(recorder.process.stderr, b"goes on")
                recording.await_frames(path, full + 6, recorder)
                recorder.process.send_signal(signal.SIGTERM)
                self.assertEqual(0, recorder.process.wait(PATIENCE_S))
        self.assertEqual([("ok",)], recording.rows(path, "PRAGMA quick_check"))
        lines = self.replay(path, "top", "-b", "--json").splitlines()
        self.assertEqual(recording.frames(path) - 1, len(lines))
        shown = {process["pid"]: process for process in json.loads(lines[-1])["processes"]}
        self.assertIn(parked.pid, shown)
        self.assertEqual(("idle", 3), (shown[parked.pid]["verdict"], shown[parked.pid]["threads"]))

    def test_keeps_to_its_size(self):
        path = self.file("small.db")
        with product.Running("record", "-o", path, "-i", 0.005, "--max-size", "512K") as recorder:
            recording.await_frames(path, 1, recorder)
            deadline = time.monotonic() + PATIENCE_S
            while recording.rows(path, "SELECT min(id) FROM frame")[0][0] < 700:
                self.assertLess(time.monotonic(), deadline)
                self.assertLess(os.path.getsize(path), 1500 << 10)
                time.sleep(0.05)
            recorder.process.send_signal(signal.SIGTERM)
            self.assertEqual(0, recorder.finish().status)
        self.assertGreater(len(self.replay(path, "top", "-b", "--json").splitlines()), 10)

    # SQL

    def test_documented_queries(self):
        with open(os.path.join(paths.ROOT, "docs", "recording.md"), encoding="utf-8") as page:
            queries = re.findall(r"```sql\n(.*?)```", page.read(), re.DOTALL)
        self.assertGreater(len(queries), 3)
        for query in queries:
            recording.rows(self.shared, query)  # or else it raises
        shares = recording.rows(self.shared, f"SELECT comm, active, cpu + \"run-queue\" FROM shares_by_minute WHERE pid = {self.hog}")
        self.assertTrue(shares)
        for comm, active, share in shares:
            self.assertEqual("workload", comm)
            self.assertGreater(active, 0.9)
            self.assertGreater(share, 0.9)
        sums = recording.rows(self.shared, "SELECT cpu + \"run-queue\" + \"cpu-quota\" + disk + paging + network + ipc + lock + gil + "
                                 "sleep + event + child + stopped + unknown FROM shares_by_minute")
        self.assertTrue(all(abs(total - 1) < 0.01 for (total,) in sums), sums)

    def test_group_of_short_ones(self):
        """A group's CPUs are of the minute, not of the part for which its processes were there."""
        path = self.file("short.db")
        with contextlib.closing(sqlite3.connect(self.shared)) as source, contextlib.closing(sqlite3.connect(path)) as copy:
            source.backup(copy)
            copy.execute("INSERT INTO string (id, text) SELECT max(id) + 1, '/short' FROM string")
            copy.execute("UPDATE process SET cgroup = (SELECT max(id) FROM string) WHERE pid = ?", (self.hog,))
            copy.commit()
            query = "SELECT cpus FROM cgroup_shares_by_minute WHERE cgroup = '/short' ORDER BY time"
            before = copy.execute(query).fetchall()
            copy.execute("UPDATE minute SET duration_ns = duration_ns / 20 WHERE process IN (SELECT id FROM process WHERE pid = ?)",
                         (self.hog,))
            copy.commit()
            for (cpus,), (of_short,) in zip(before, copy.execute(query).fetchall(), strict=True):
                self.assertAlmostEqual(cpus, of_short, delta=0.05 * cpus)

    def test_options(self):
        for args, what in ((("--keep", "1y"), "length of time"), (("--max-size", "1"), "not a size"),
                           (("--max-size", "1K"), "out of range"), (("-i", "0"), "between")):
            self.assertIn(what, self.refused("record", "-o", self.file("x"), *args, status=2))
        self.assertIn("give -o FILE", self.refused("record", status=2))
        self.assertIn("give the FILE", self.refused("replay", status=2))
        for word in ("record", "bogus"):
            self.assertIn(f"{word} is no view of a recording", self.refused("replay", self.shared, word, status=2))


if __name__ == "__main__":
    report.main()
