#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""From the start to the first verdict: `boundtop classify -d 0.1` on a CPU hog, less the 0.1 s.

Beside it, what its peers take from their start to their first answer about the same hog. The target in
milliseconds is shown only; what can fail is the ratio to bpftrace, which also has to load and attach.
"""
import json
import os
import statistics
import subprocess

import bench
import bpf

OURS = "**boundtop classify -d 0.1**"
BPFTRACE = "bpftrace, off-CPU sum for 0.1 s"
TARGET_MS = 150
WINDOW = 0.1


def answers(hog):
    """{name: (command, seconds that it watches)}"""
    found = {OURS: ([bench.boundtop(), "classify", "-d", str(WINDOW), str(hog)], WINDOW),
             "boundtop check": ([bench.boundtop(), "check"], 0)}
    if bench.have("bpftrace"):
        found[BPFTRACE] = (bpf.TRACEFS + [
            "bpftrace", "-e", bpf.BPFTRACE_OFFCPU + " interval:ms:100 { exit(); }"], WINDOW)
    if bench.have("cpudist"):
        found["cpudist -p HOG 1 1"] = (["cpudist", "-p", str(hog), "1", "1"], 1)
    if bench.have("perf"):
        found["perf stat -p HOG"] = (["perf", "stat", "-p", str(hog), "sleep", str(WINDOW)], WINDOW)
    if bench.have("pidstat"):
        found["pidstat -p HOG 1 1"] = (["pidstat", "-p", str(hog), "1", "1"], 1)
    if bench.have("top"):
        found["top -b -n 2 -d 0.1 -p HOG"] = (
            ["top", "-b", "-n", "2", "-d", str(WINDOW), "-p", str(hog)], WINDOW)
    return found


def right_answer(hog):
    """What is measured must have been an answer."""
    command = [bench.boundtop(), "classify", "--json", "-d", str(WINDOW), str(hog)]
    said = subprocess.run(command, capture_output=True)
    if said.returncode != 0:
        raise bench.Broken(f"{' '.join(command)}: {said.stderr.decode(errors='replace').strip()}")
    answer = json.loads(said.stdout)
    verdict = answer["processes"][0]["verdict"]
    if verdict not in ("cpu-bound", "starved"):
        raise bench.Broken(f"a CPU hog was called {verdict}")
    return answer


def cost(command, window):
    usage = bench.measure(command)
    return {"wall": (usage.wall - window) * 1e3, "cpu": usage.cpu * 1e3}


def run(options, report):
    bench.need_root()
    count = options.rounds or (3 if options.short else 15)
    with bench.child(bench.HOG) as hog:
        answer = right_answer(hog.pid)
        results = bench.rounds(count, {
            name: (lambda command=command, window=window: cost(command, window))
            for name, (command, window) in answers(hog.pid).items()},
            bench.patience(options), own=1 / os.cpu_count())
    wall = {name: [r["wall"] for r in rows] for name, rows in results.items()}
    report.table(["command", "wall ms, less the time it watches", "ratio to boundtop", "CPU ms"],
                 [[name, bench.spread(wall[name], "{:.0f}"), f"{bench.ratio(wall[name], wall[OURS]):.2f}",
                   bench.spread([r["cpu"] for r in rows], "{:.0f}")] for name, rows in results.items()])
    report.text(f"The verdict was `{answer['processes'][0]['verdict']}`, by collector "
                f"`{answer['collector']}`, over {answer['duration_s']:.3f} s.")
    report.check("start to first verdict, ms", statistics.median(wall[OURS]), TARGET_MS, "{:.0f}",
                 can_fail=False)
    if BPFTRACE in wall:
        report.check("boundtop / bpftrace", bench.ratio(wall[OURS], wall[BPFTRACE]), 1.0)


if __name__ == "__main__":
    bench.main(run, description=__doc__)
