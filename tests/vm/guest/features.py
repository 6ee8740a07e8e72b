# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows of the table: each asks boundtop, and a witness, about one thing, and returns what it found."""

import json
import os
import subprocess
import time

from systest import judge, leftovers, paths, product, witness
from systest.workloads import Workload

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

    def add(self, name, pid, confirms, *labels):
        self.cases[name] = (pid, confirms, labels)

    def judge(self):
        right, wrong, labels, unknown = set(), {}, {}, 0.0
        for _ in range(self.LOOKS):
            left = {name: case for name, case in self.cases.items() if name not in right and name not in wrong}
            if not left:
                break
            windows = {name: witness.Window(pid) for name, (pid, _, _) in left.items()}
            frame = product.run_json("classify", "-d", self.SECONDS, "--json", *(pid for pid, _, _ in left.values()))
            for name, (pid, confirms, wanted) in left.items():
                process = product.find(frame, pid)
                unknown = max(unknown, process["share"]["unknown"] or 0)
                labels[name] = label(process)
                if not confirms(windows[name].close()):
                    continue
                if labels[name] in wanted:
                    right.add(name)
                elif frame["exact"] or process["confidence"] >= 0.9:
                    wrong[name] = f"{labels[name]} {process['confidence']} {process['share']}"
        out = {"right": len(right), "of": len(self.cases), "labels": labels, "unknown": round(unknown, 4)}
        if wrong:
            out["failed"] = f"wrong: {wrong}"
        elif unknown > 0.01:
            out["failed"] = f"{unknown:.3f} unaccounted"
        elif not right:
            out["failed"] = f"none was what it stands for: {labels}"
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
            return look.judge()
    finally:
        folder.remove()


def locks():
    """Many threads and one lock, of a library and of an interpreter."""
    look = Look()
    threads = subprocess.Popen(["python3", "-c", GIL], stdout=subprocess.PIPE)
    try:
        with Workload("mutex", 8, "shared") as mutex:
            threads.stdout.readline()
            look.add("mutex", mutex.pid, judge.off_cpu, "lock-bound/lock")
            look.add("gil", threads.pid, judge.off_cpu, "lock-bound/gil")
            return look.judge()
    finally:
        threads.kill()
        threads.communicate()


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
