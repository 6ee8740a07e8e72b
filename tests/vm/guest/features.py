# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the table: each asks boundtop, and a witness, about one thing, and returns what it found."""

import json
import os
import subprocess
import time

from systest import judge, leftovers, paths, product, schema, witness
from systest.workloads import Workload, favour

GIL = """
import threading
def spin():
    n = 0
    while True:
        n += 1
for _ in range(8):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
spin()
"""


def failed(why):
    return {"failed": why}


def check():
    """What `check` says of this kernel, and that it foretells by facts what really loads."""
    result = product.run("check", "--json")
    if result.status:
        return failed(f"check ended with {result.status}: {result.out.decode()} {result.err.decode()}")
    answer = json.loads(result.out)
    found = {key: answer[key] for key in ("collector", "exact", "program", "foretold", "reason")}
    found["missing"] = [fact["name"] for fact in answer["facts"] if fact["state"] != "ok"]
    if answer["foretold"] != answer["program"]:
        found["failed"] = f"foretold {answer['foretold']}, and {answer['program']} runs: {answer['reason']}"
    return found


def label(process):
    return f"{process['verdict']}/{process['cause']}"


def resting(window):
    """Off the CPU by far; how little it does when it wakes depends on how slow this machine is."""
    return window.off > 0.75


class Look:
    """Labelled workloads at the same time, and one look at all of them.

    Emulation is slow, and whoever emulates may have other things to do: schedstat says whether each was what it stands
    for meanwhile. What never was is not judged, and counts as such.
    """

    SECONDS = 1.5
    LOOKS = 4

    def __init__(self):
        self.cases = {}
        self.of = 0
        self.right, self.wrong, self.labels, self.unknown = set(), {}, {}, 0.0

    def add(self, name, pid, confirms, *labels):
        self.cases[name] = (pid, confirms, labels)

    def judge(self):
        """Those that were added and run now; a frame and the witness are of the same time."""
        left, self.cases = self.cases, {}
        self.of += len(left)
        pids = [word for pid, _, _ in left.values() for word in ("-p", pid)]
        with product.Running("top", "-b", "-d", self.SECONDS, "--json", *pids) as top:
            top.lines.next()
            for _ in range(self.LOOKS):
                windows = {name: witness.Window(pid) for name, (pid, _, _) in left.items()}
                frame = schema.check_frame(schema.parse(top.lines.next()))
                confirmed = [name for name, window in windows.items() if left[name][1](window.close())]
                for name, (pid, _, wanted) in left.items():
                    self.hold(name, product.find(frame, pid), wanted, name in confirmed, frame["exact"])
                left = {name: case for name, case in left.items() if name not in self.right and name not in self.wrong}
                if not left:
                    break

    def hold(self, name, process, wanted, confirmed, exact):
        """The verdict against the label."""
        self.unknown = max(self.unknown, process["share"]["unknown"] or 0)
        self.labels[name] = label(process)
        if not confirmed:
            return
        if self.labels[name] in wanted:
            self.right.add(name)
        elif exact or process["confidence"] >= 0.9:
            self.wrong[name] = f"{self.labels[name]} {process['confidence']} {process['share']}"

    def result(self):
        out = {"right": len(self.right), "of": self.of, "labels": self.labels, "unknown": round(self.unknown, 4)}
        if self.wrong:
            out["failed"] = f"wrong: {self.wrong}"
        elif self.unknown > 0.01:
            out["failed"] = f"{self.unknown:.3f} unaccounted"
        elif not self.right:
            out["failed"] = f"none was what it stands for: {self.labels}"
        return out


def verdicts():
    look = Look()
    folder = paths.DiskFolder()
    try:
        with Workload("disk", folder.file("read"), "direct") as reader, Workload("sleeper", 300000, 0) as sleeper, \
                Workload("parked", 3) as parked, Workload("pipe", "sleep", "fast") as idle, \
                Workload("server", 50000) as server, Workload("client", server.facts["port"]) as client, \
                Workload("hog", nice=0) as hog:
            look.add("hog", hog.pid, judge.on_cpu, "cpu-bound/user")
            look.add("sleeper", sleeper.pid, resting, "idle/sleep", "waiting/sleep")
            look.add("parked", parked.pid, resting, "idle/event")
            look.add("server", server.pid, resting, "idle/sleep", "waiting/sleep")
            look.add("client", client.pid, judge.off_cpu, "io-bound/network")
            look.add("fed by a sleeper", idle.facts["reader"], resting, "idle/event", "waiting/event")
            look.add("direct reader", reader.pid, judge.off_cpu, "io-bound/disk")
            look.judge()
    finally:
        folder.remove()
    return look.result()


def locks():
    """Many threads and one lock, of a library and of an interpreter; one after the other, as each wants a CPU all the time."""
    look = Look()
    with Workload("mutex", 8, "shared") as mutex:
        look.add("mutex", mutex.pid, judge.off_cpu, "lock-bound/lock")
        look.judge()
    threads = subprocess.Popen(["python3", "-c", GIL], stdout=subprocess.PIPE, preexec_fn=favour)
    try:
        threads.stdout.readline()
        look.add("gil", threads.pid, judge.off_cpu, "lock-bound/gil")
        look.judge()
    finally:
        threads.kill()
        threads.communicate()
    return look.result()


def exact():
    """CPU time by boundtop beside schedstat's, of a hog that stands still at both ends, and of a command beside wait4()'s."""
    samples = json.loads(product.run("check", "--json").out)["collector"] != "bpf"
    with Workload("hog") as hog:
        hog.freeze()
        with product.Running("classify", "-d", "1.5", "--json", hog.pid) as look:
            look.await_attached(samples=samples)
            before = witness.schedstat(hog.pid)
            hog.thaw()
            time.sleep(0.8)
            hog.freeze()
            after = witness.schedstat(hog.pid)
            result = look.finish()
    frame = json.loads(result.out)
    process = product.find(frame, hog.pid)
    ours, theirs = process["cpus"] * frame["duration_s"], after[0] - before[0]
    off = abs(ours / theirs - 1) if theirs else 1
    out = {"ours_s": round(ours, 4), "schedstat_s": round(theirs, 4), "off": round(off, 5)}
    return {**out, "failed": "more than 0.5 % off"} if off > 0.005 else out


def run(times=4):
    """`run` again and again: nothing is unaccounted for."""
    worst = 0.0
    for _ in range(times):
        with open("/dev/null", "wb") as null:
            out = product.run("run", "--json", "-o", "/run/out", "--", paths.workload(), "burn", 100000, stdout=null)
        if out.status:
            return failed(f"run ended with {out.status}: {out.err.decode()}")
        with open("/run/out", "rb") as file:
            total = json.load(file)["total"]
        worst = max(worst, total["share"]["unknown"] or 0)
    found = {"times": times, "unknown": round(worst, 4)}
    return {**found, "failed": "more than 1 % unaccounted"} if worst > 0.01 else found


def leave_nothing():
    """Nothing of ours is left in the kernel."""
    left = leftovers.since(AT_FIRST)
    return failed(f"left: {left}") if left else {"left": 0}


AT_FIRST = leftovers.listing()
ALL = {"check": check, "verdicts": verdicts, "locks": locks, "exact": exact, "run": run, "leftovers": leave_nothing}
