# SPDX-License-Identifier: GPL-2.0-or-later
"""How often boundtop was right: on a terminal, and as docs/accuracy.md."""

import collections
import os
import platform
import subprocess
import sys
import textwrap

from systest import paths, schema

SURE = 0.9
ABOUT = """Labelled workloads, most of them real software. The label of each follows from how it is made, and a witness
that is not boundtop (schedstat, /proc/PID/task/*/syscall, cgroup counters, major faults) has to agree over the very
window that boundtop judges; if it does not (others had the CPU), both are asked again. A miss stays in the list."""
SAMPLED_TITLE = "## The sampling collector"
SAMPLED_RIGHT = 0.9
ABOUT_SAMPLED = """The same workloads, started by a plain user and judged by that user with `--collector procfs`, without any
privilege; the exact collector watches as root at the same time. Who samples misses what is short, and nobody tells it who
ended a wait: its confidence says so."""
NOTES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "misses.md")


class Result:
    def __init__(self, case):
        self.case = case
        self.said = self.witness = self.exact = None
        self.attempts = 0
        self.confirmed = False
        self.skipped = self.failed = self.strace = None

    def skip(self, why):
        self.skipped = why
        return self

    def fail(self, why):
        self.failed = why
        return self

    def add(self, said, witness, confirmed):
        self.said, self.witness, self.confirmed = said, witness, confirmed
        self.attempts += 1

    def verdict_right(self):
        return self.confirmed and self.said["verdict"] == self.case.verdict

    def cause_right(self):
        return self.verdict_right() and self.said["cause"] in self.case.causes

    def word(self):
        if self.skipped:
            return "skipped"
        if self.failed:
            return "broken"
        if not self.confirmed:
            return "unconfirmed"
        return "right" if self.cause_right() else "cause wrong" if self.verdict_right() else "WRONG"

    def witness_text(self):
        return self.witness.text() + (f"; {self.strace[1]}" if self.strace else "")

    def line(self):
        label = f"{self.case.verdict}/{'|'.join(self.case.causes)}"
        if self.skipped or self.failed:
            return f"{self.word():12}{self.case.name:32}{label:24}{self.skipped or self.failed}"
        text = (f"{self.word():12}{self.case.name:32}{label:24}{self.said['verdict']}/{self.said['cause']} "
                f"{self.said['confidence']:.2f}; {self.witness_text()}")
        if self.strace and not self.strace[0]:
            text += f"\n{'':12}strace differs"
        if self.word() != "right":
            shares = {key: round(value, 2) for key, value in self.said["share"].items() if value and value > 0.004}
            waits = [(w["cause"], w["syscall"], w["target"], round(w["share"], 2)) for w in self.said["waits"]]
            text += f"\n{'':12}active {self.said['active']:.2f} {shares} {waits}"
        return text


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "–"


class Summary:
    def __init__(self, results, seconds):
        self.results = results
        self.seconds = seconds
        self.judged = [r for r in results if r.confirmed and not r.skipped and not r.failed]

    def count(self, word):
        return sum(result.word() == word for result in self.results)

    def right(self):
        return all(result.word() in ("right", "skipped") for result in self.results)

    def calibration(self):
        """(verdicts given with so much confidence, how many of them were right)"""
        sure = [r for r in self.judged if r.said["confidence"] >= SURE]
        return len(sure), sum(r.verdict_right() for r in sure)

    def unknown_share(self):
        return sum(r.said["share"]["unknown"] or 0 for r in self.judged) / (len(self.judged) or 1)

    def figures(self):
        n = len(self.judged)
        verdicts = sum(r.verdict_right() for r in self.judged)
        causes = sum(r.cause_right() for r in self.judged)
        sure, right = self.calibration()
        straced = [r for r in self.judged if r.strace]
        return [
            ("Cases", f"{len(self.results)}, of which {len(self.judged)} could be confirmed by their witness"),
            ("Verdict right", f"{verdicts} of {n} ({percent(verdicts, n)})"),
            ("Verdict and cause right", f"{causes} of {n} ({percent(causes, n)})"),
            ("Wait seen by strace as well", f"{sum(r.strace[0] for r in straced)} of {len(straced)}"),
            (f"Given with a confidence of {SURE} or more", f"{sure}, of which {right} right ({percent(right, sure)})"),
            ("Time that nobody can account for", f"{100 * self.unknown_share():.2f} %"),
            ("Skipped, for want of software", str(self.count("skipped"))),
            ("Unconfirmed: the witness never saw what the case stands for", str(self.count("unconfirmed"))),
            ("Broken: could not be started or judged", str(self.count("broken"))),
        ]

    def text(self):
        return "\n".join(f"{key}: {value}" for key, value in [*self.figures(), ("Took", f"{self.seconds:.0f} s")])

    def matrix(self):
        rows = collections.defaultdict(collections.Counter)
        for result in self.judged:
            rows[result.case.verdict][result.said["verdict"]] += 1
        columns = [v for v in schema.VERDICTS if any(row[v] for row in rows.values()) or v in rows]
        yield "| label \\ verdict | " + " | ".join(columns) + " |"
        yield "|---" * (len(columns) + 1) + "|"
        for label in schema.VERDICTS:
            if label in rows:
                yield f"| {label} | " + " | ".join(str(rows[label][v] or "·") for v in columns) + " |"

    def causes(self):
        """By cause of the label (the first, where more are accepted): cases, right."""
        rows = collections.defaultdict(list)
        for result in self.judged:
            rows[result.case.causes[0]].append(result.cause_right())
        yield "| cause | cases | verdict and cause right |"
        yield "|---|---|---|"
        for cause in schema.MICROSTATES:
            if cause in rows:
                yield f"| {cause} | {len(rows[cause])} | {sum(rows[cause])} |"

    def confidences(self):
        yield "| confidence | verdicts | right |"
        yield "|---|---|---|"
        for low, high in ((0.9, 1.01), (0.7, 0.9), (0.5, 0.7), (0, 0.5)):
            some = [r for r in self.judged if low <= r.said["confidence"] < high]
            yield f"| {low:.1f} to {min(high, 1):.1f} | {len(some)} | {sum(r.verdict_right() for r in some)} |"

    def listing(self):
        yield "| case | what it is | label | boundtop | conf. | witness, same window | twin |"
        yield "|---|---|---|---|---|---|---|"
        for r in self.results:
            c = r.case
            label = f"{c.verdict} / {' or '.join(c.causes)}"
            if r.skipped or r.failed:
                why = cell(r.skipped or r.failed)
                yield f"| {c.name} | {c.why} | {label} | {r.word()}: {why} | | | {c.twin or ''} |"
                continue
            said = f"{r.said['verdict']} / {r.said['cause']}"
            mark = {"right": "", "cause wrong": "**cause wrong:** ", "WRONG": "**wrong:** ",
                "unconfirmed": "(unconfirmed) "}
            yield (f"| {c.name} | {c.why} | {label} | {mark[r.word()]}{said} | {r.said['confidence']:.2f} | "
                   f"{c.witness[0]}: {cell(r.witness_text())} | {c.twin or ''} |")

    def misses(self):
        notes = read_notes()
        wrong = [r for r in self.results if r.word() in ("WRONG", "cause wrong", "unconfirmed", "broken")]
        if not wrong:
            yield "None in this run."
        for r in wrong:
            what = r.failed or f"{r.said['verdict']} / {r.said['cause']}, active {r.said['active']:.2f}"
            note = notes.get(r.case.name, "Not analysed yet.")
            yield f"- **{r.case.name}** ({r.word().lower()}): {cell(what)}. {note}"

    def markdown(self):
        host = f"{os.cpu_count()} CPUs, Linux {platform.release()}, {distribution()}, boundtop {version()}"
        lines = ["# How accurate the verdicts are", "",
            *textwrap.wrap(ABOUT, 115), "",
            f"Written by `sudo tests/corpus/run.py --write` in {self.seconds / 60:.0f} minutes on {host}.",
            "The software: `scripts/install-packages corpus`.", "", "| | |", "|---|---|", *[f"| {key} | {value} |"
            for key, value in self.figures()], "", "## Confusion matrix", "", *self.matrix(), "", "## Causes", "",
            *self.causes(), "", "## Calibration of confidence", "", *self.confidences(), "", "## Misses", "",
            *self.misses(), "", "## What cannot be had here", "", *read_text("limits.md"), "", "## The cases", "",
            *self.listing(), ""]
        return "\n".join(lines)


    def write(self, path):
        """All of the page, but for what is said of the sampling collector."""
        with open(path, encoding="utf-8") as file:
            kept = section(file.read())
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{self.markdown()}\n{kept}")


class SampledSummary(Summary):
    """Of the sampling collector, as a plain user on its own processes, with the exact one beside it."""

    def sure_and_wrong(self):
        return [r for r in self.judged if r.said["confidence"] >= SURE and not r.verdict_right()]

    def right(self):
        """What is not told for sure may be wrong now and then."""
        verdicts = sum(r.verdict_right() for r in self.judged)
        return not self.sure_and_wrong() and not self.count("broken") and verdicts >= SAMPLED_RIGHT * len(self.judged)

    def figures(self):
        n = len(self.judged)
        verdicts = sum(r.verdict_right() for r in self.judged)
        causes = sum(r.cause_right() for r in self.judged)
        sure = [r for r in self.judged if r.said["confidence"] >= SURE]
        exact = sum(r.exact["verdict"] == r.case.verdict for r in self.judged)
        alike = sum(r.exact["verdict"] == r.said["verdict"] for r in sure)
        return [
            ("Cases", f"{len(self.results)}, of which {n} could be confirmed by their witness"),
            ("Verdict right", f"{verdicts} of {n} ({percent(verdicts, n)})"),
            ("Verdict and cause right", f"{causes} of {n} ({percent(causes, n)})"),
            ("The exact collector, over the same time", f"{exact} of {n} ({percent(exact, n)})"),
            (f"Given with a confidence of {SURE} or more", f"{len(sure)}, of which {len(self.sure_and_wrong())} wrong"),
            ("… and the same verdict by the exact collector", f"{alike} of {len(sure)}"),
            ("Skipped, unconfirmed, broken", ", ".join(str(self.count(w)) for w in ("skipped", "unconfirmed", "broken"))),
        ]

    def misses(self):
        for r in self.judged:
            if r.word() != "right":
                yield (f"- **{r.case.name}** ({r.word().lower()}): {r.case.verdict} / {' or '.join(r.case.causes)}, and it said "
                       f"{r.said['verdict']} / {r.said['cause']} ({r.said['confidence']:.2f})")

    def markdown(self):
        return "\n".join([SAMPLED_TITLE, "", *textwrap.wrap(ABOUT_SAMPLED, 115), "",
            f"Written by `sudo tests/corpus/run.py {' '.join(sys.argv[1:])}` in {self.seconds / 60:.0f} minutes.", "",
            "| | |", "|---|---|", *[f"| {key} | {value} |" for key, value in self.figures()], "", *self.matrix(), "",
            *self.confidences(), "", "Misses:", "", *self.misses(), ""])

    def write(self, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        rest = text.partition(SAMPLED_TITLE)[0].rstrip("\n")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{rest}\n\n{self.markdown()}")


def section(text):
    """What a page says of the sampling collector: it comes last."""
    _, title, rest = text.partition(SAMPLED_TITLE)
    return title + rest


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def read_text(name):
    path = os.path.join(os.path.dirname(NOTES), name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return file.read().rstrip("\n").split("\n")


def read_notes():
    """{case: analysis} from lines like "case, case: text"."""
    notes = {}
    for line in read_text("misses.md"):
        names, colon, text = line.partition(": ")
        if colon:
            notes.update((name.strip(), text) for name in names.split(","))
    return notes


def version():
    done = subprocess.run([paths.boundtop(), "--version"], stdout=subprocess.PIPE, check=False)
    return (done.stdout.decode().split() or ["?"])[-1]


def distribution():
    with open("/etc/os-release", encoding="utf-8") as file:
        return next((line.split("=")[1].strip().strip('"') for line in file if line.startswith("PRETTY_NAME=")),
                    "Linux")
