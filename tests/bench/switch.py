#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a context switch costs with boundtop, and with its peers, attached.

`perf bench sched pipe` on one CPU: two processes hand each other a byte, two switches and two wake-ups an
operation. Wall time is what perf prints. The target is on CPU time, which is the same on an idle machine and
does not see its neighbours on a busy one; perf's own start is taken out.
"""
import re
import statistics
import subprocess
import tempfile

import bench
import bpf

FLOOR = "an empty sched_switch program (the floor)"
ACCOUNTS = "clock and accounts alone (the floor of exact times)"
OURS = "**boundtop top**"
TARGET = 1.10
RUNS = 5


def tracers(scratch, slow):
    """{name: command that attaches it}, those that are installed."""
    found = {FLOOR: [bench.helper("floor")],
             ACCOUNTS: [bench.helper("floor"), "--accounts"],
             OURS: [bench.boundtop(), "top", "-b", "-d", "3600"]}
    if bench.have("cpudist"):
        found["cpudist"] = ["cpudist", "3600"]
    if bench.have("runqlat"):
        found["runqlat"] = ["runqlat", "3600"]
    if bench.have("bpftrace"):
        found["bpftrace, off-CPU sum"] = bpf.TRACEFS + ["bpftrace", "-e", bpf.BPFTRACE_OFFCPU]
    found["perf sched record"] = bpf.TRACEFS + ["perf", "sched", "record", "-o", f"{scratch}/perf.data",
                                                "sleep", "3600"]
    if slow and bench.have("offcputime"):
        found["offcputime (stacks)"] = ["offcputime", "3600"]
    return found


def pipe(loops):
    """(wall without start, CPU with it) of one run, in seconds."""
    command = ["taskset", "-c", "1", "perf", "bench", "sched", "pipe", "-l", str(loops)]
    with tempfile.TemporaryFile() as output:
        usage = bench.measure(command, stdout=output)
        output.seek(0)
        said = re.search(rb"([\d.]+) usecs/op", output.read())
    return float(said[1]) * loops / 1e6, usage.cpu


def pipes(loops):
    """µs an operation; the median of a few short runs, because a neighbour's burst spoils one long run."""
    runs = [pipe(loops) for _ in range(RUNS)]
    _, start = pipe(1)
    return {"wall": statistics.median(wall for wall, _ in runs) / loops * 1e6,
            "cpu": (statistics.median(cpu for _, cpu in runs) - start) / (loops - 1) * 1e6}


class Costs:
    """Measures with a tracer attached, and with none before and after: the machine's pace changes within
    seconds, by more than what is to be measured."""

    def __init__(self, loops):
        self.loops = loops
        self.bare = pipes(loops)

    def of(self, command):
        with bpf.attached(command) as tracer:
            before = bench.cpu_seconds(tracer.pid)
            found = pipes(self.loops)
            tool = (bench.cpu_seconds(tracer.pid) - before) / (RUNS * self.loops) * 1e6
        after = pipes(self.loops)
        bare = {what: (self.bare[what] + after[what]) / 2 for what in ("cpu", "wall")}
        self.bare = after
        return found | {"tool": tool, "bare": bare, "added": (found["cpu"] - bare["cpu"]) * 1e3,
                        "ratio": found["cpu"] / bare["cpu"], "wall ratio": found["wall"] / bare["wall"]}


def ns_a_run(command, loops):
    """{program: (ns a run, runs an operation)}"""
    with bpf.attached(command) as tracer:
        before = bpf.runs(tracer.pid)
        pipe(loops)
        after = bpf.runs(tracer.pid)
    found = {}
    for id, (name, count, ns) in after.items():
        count, ns = count - before[id][1], ns - before[id][2]
        if count >= loops / 100:
            found[name] = (ns / count, count / loops)
    return found


def run(options, report):
    bench.need_root()
    if not bench.have("perf", "taskset"):
        raise bench.Skip("no perf or taskset: install linux-perf and util-linux")
    loops = options.loops or (10000 if options.short else 20000)
    count = options.rounds or (3 if options.short else 12)
    with tempfile.TemporaryDirectory() as scratch:
        tools = tracers(scratch, options.slow)
        try:
            with bpf.attached(tools[FLOOR]):
                pass
        except bench.Broken:
            raise bench.Skip("BPF: no program can be attached to sched_switch here")
        costs = Costs(loops)
        results = bench.rounds(count, {name: (lambda command=command: costs.of(command))
                                       for name, command in tools.items()}, bench.patience(options))
    show_costs(report, results)
    show_runs(report, {name: command for name, command in tools.items() if "perf" not in name},
              RUNS * loops, 1 if options.short else 5)
    check(report, results)


def show_costs(report, results):
    column = lambda rows, key, form: bench.spread([row[key] for row in rows], form)
    bare = [row["bare"] for rows in results.values() for row in rows]
    table = [["nothing", column(bare, "cpu", "{:.2f}"), "–", "1", column(bare, "wall", "{:.2f}"), "1", "–"]]
    for name, rows in results.items():
        table.append([name, column(rows, "cpu", "{:.2f}"), column(rows, "added", "{:+.0f}"),
                      column(rows, "ratio", "{:.3f}"), column(rows, "wall", "{:.2f}"),
                      column(rows, "wall ratio", "{:.3f}"),
                      f"{statistics.median(row['tool'] for row in rows):.2f}"])
    report.table(["what is attached", "CPU µs/op", "added ns/op", "ratio", "wall µs/op", "ratio",
                  "the tool's own CPU µs/op"], table)


def show_runs(report, tools, loops, count):
    if not bench.have("bpftool"):
        report.text("No bpftool: nanoseconds a run are not shown.")
        return
    with bpf.statistics_of_runs():
        results = bench.rounds(count, {name: (lambda command=command: ns_a_run(command, loops))
                                       for name, command in tools.items()})
    rows = []
    for name, found in results.items():
        for program in sorted({program for one in found for program in one}):
            runs = [one[program] for one in found if program in one]
            rows.append([name, f"`{program}`", bench.spread([ns for ns, _ in runs], "{:.0f}"),
                         f"{statistics.median(n for _, n in runs):.1f}",
                         f"{statistics.median(ns * n for ns, n in runs):.0f}"])
    report.text("By the kernel's own count (`bpf_stats_enabled`; the cost of counting is in each run, the "
                "empty program's is nearly all that):")
    report.table(["what is attached", "program", "ns a run", "runs an op", "ns/op"], rows)


def check(report, results):
    ratio = {name: statistics.median(row["ratio"] for row in rows) for name, rows in results.items()}
    report.check("boundtop / nothing attached", ratio[OURS], TARGET, "{:.3f}")
    for peer in results:
        if peer.startswith(("cpudist", "bpftrace", "perf sched")):
            report.check(f"boundtop / {peer}", ratio[OURS] / ratio[peer], 1.0, "{:.3f}")


def options(parser):
    parser.add_argument("--loops", type=int, help="operations a run")
    parser.add_argument("--slow", action="store_true", help="offcputime, too")


if __name__ == "__main__":
    bench.main(run, options, __doc__)
