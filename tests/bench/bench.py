# SPDX-License-Identifier: GPL-2.0-or-later
"""What every benchmark here needs: children that leave nothing behind, rounds, medians, tables, verdicts.

The machine is taken to be noisy and shared. So everything that is compared is measured in the same run, in
interleaved rounds (A B C, B C A, …), a ratio is the median of the ratios within the rounds, and only ratios
and sizes can fail, never a time.
"""
import argparse
import ctypes
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXIT_SKIP = 77
WORSE_THAN_TARGET = 1.5  # a check fails at this many times its target: noise does not, a regression does
HOG = ["sh", "-c", "while :; do :; done"]


class Skip(Exception):
    """This machine cannot run the benchmark."""


class Broken(Exception):
    """The benchmark, or what it measures, does not work."""


# ---- what is measured -------------------------------------------------------------------------------

def boundtop():
    path = Path(os.environ.get("BOUNDTOP", ROOT / "build" / "boundtop")).absolute()
    if not os.access(path, os.X_OK):
        raise Broken(f"no boundtop at {path}: build it (cmake --preset release && cmake --build --preset "
                     "release) or set BOUNDTOP")
    return str(path)


def helper(name):
    """A small program of this folder; built in build-dev unless ctest said where it is."""
    if "BENCH_HELPERS" in os.environ:
        return str(Path(os.environ["BENCH_HELPERS"]) / name)
    path = ROOT / "build-dev" / "tests" / "bench" / name
    if not path.exists():
        note("building the helpers in build-dev")
        for command in (["cmake", "--preset", "dev"],
                        ["cmake", "--build", "--preset", "dev", "--target", "bench_helpers"]):
            if subprocess.run(command, cwd=ROOT, stdout=sys.stderr).returncode != 0:
                raise Broken(f"cannot build {path}")
    return str(path)


def have(*programs):
    return all(shutil.which(program) for program in programs)


def need_root():
    if os.geteuid() != 0:
        raise Skip("not root: BPF programs and their peers need it")


# ---- children ---------------------------------------------------------------------------------------

_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    PR_SET_PDEATHSIG = 1
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


@contextmanager
def child(command, stop=signal.SIGINT, **options):
    """A process in the background, ended at the end of the block, or with us, even if we are killed."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    process = subprocess.Popen(command, preexec_fn=_die_with_parent, start_new_session=True, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(stop)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


@contextmanager
def sleepers(count):
    """`count` sleeping processes."""
    pid_max = int(Path("/proc/sys/kernel/pid_max").read_text())
    if count + 2000 > pid_max:
        raise Skip(f"kernel.pid_max={pid_max}: too small for {count} processes")
    with child([helper("sleepers"), str(count)], stop=signal.SIGTERM,
               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=None) as process:
        if process.stdout.readline() != b"ready\n":
            raise Skip(f"limit on processes: cannot start {count} of them")
        try:
            yield
            there = sum(name.isdigit() for name in os.listdir("/proc"))
            if process.poll() is not None or there < count:
                raise Broken(f"somebody ended the sleeping processes: {there} of {count} are left")
        finally:
            process.stdin.close()
            process.wait()


@dataclass
class Usage:
    wall: float      # seconds
    cpu: float       # seconds, user and system, of the command and the children it waited for
    peak_rss: float  # MB (2^20 bytes)
    status: int


def measure(command, stdin=None, stdout=None, stderr=None, env=None, while_running=None, expect=(0,)):
    """Runs a command to its end. while_running(pid) is called every few milliseconds meanwhile."""
    reader, writer = os.pipe()
    # The helper wants its report on descriptor 3; sh can move it, Popen cannot.
    wrapped = ["sh", "-c", f'exec "$@" 3>&{writer}', "sh", helper("usage"), *command]
    with tempfile.TemporaryFile() as complaints, os.fdopen(reader, "rb") as report:
        with child(wrapped, stop=signal.SIGKILL, pass_fds=[writer], env=env, stdin=stdin or subprocess.DEVNULL,
                   stdout=stdout or subprocess.DEVNULL, stderr=stderr or complaints) as process:
            os.close(writer)
            pid = int(report.readline())
            while while_running and process.poll() is None:
                while_running(pid)
                time.sleep(0.01)
            process.wait()
        fields = report.readline().split()
        if len(fields) != 4 or int(fields[3]) not in expect:
            complaints.seek(0)
            said = complaints.read(500).decode(errors="replace").strip()
            raise Broken(f"{' '.join(command)}: exit status {fields[3].decode() if fields else '?'}: {said}")
    return Usage(int(fields[0]) / 1e9, int(fields[1]) / 1e6, int(fields[2]) / 1024, int(fields[3]))


def cpu_seconds(pid):
    """CPU time of a process so far, exact to a scheduler tick."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- rounds and figures -----------------------------------------------------------------------------

def busy_share(seconds):
    """Which part of all CPUs' time was used meanwhile."""
    def read():
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
        return sum(fields), fields[3] + fields[4]  # idle and iowait

    total, idle = read()
    time.sleep(seconds)
    total_now, idle_now = read()
    return 1 - (idle_now - idle) / max(1, total_now - total)


def wait_for_calm(patience, own=0.0):
    """Waits while others use more than a fifth of the CPUs, at most `patience` seconds; returns what is left
    of them. own: the part that belongs here."""
    while patience > 0 and busy_share(0.3) > 0.2 + own:
        note(f"waiting for the machine to calm down, {patience:.0f} s at most")
        time.sleep(0.7)
        patience -= 1
    return patience


def rounds(count, variants, patience=0, own=0.0):
    """variants: {name: function → number or dict of numbers}. Returns {name: [result a round]}. Waits at most
    `patience` seconds in all for a calm machine."""
    results = {name: [] for name in variants}
    names = list(variants)
    for turn in range(count):
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            patience = wait_for_calm(patience, own)
            note(f"round {turn + 1}/{count}: {name}")
            results[name].append(variants[name]())
    return results


def patience(options):
    """Seconds; a test must end, a documented run should not measure what others do."""
    return 10 if options.short else 300


def ratios(values, base):
    """The ratio within each round: what drifts between rounds cancels out."""
    return [a / b for a, b in zip(values, base)]


def ratio(values, base):
    return statistics.median(ratios(values, base))


def spread(values, form="{:.2f}"):
    """`median (lower quartile–upper quartile)`, or the median alone where they are the same"""
    if not values:
        return "–"
    if len(values) == 1:
        return form.format(values[0])
    low, median, high = map(form.format, statistics.quantiles(values, method="inclusive"))
    return median if low == high else f"{median} ({low}–{high})"


# ---- output -----------------------------------------------------------------------------------------

def note(text):
    """Progress, for somebody who watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


class Report:
    """Tables and verdicts as Markdown, which is also how they go into docs/benchmarks.md."""

    def __init__(self):
        self.failed = False

    def table(self, header, rows):
        widths = [max(len(str(row[i])) for row in [header, *rows]) for i in range(len(header))]
        note("")
        for row in [header, ["-" * width for width in widths], *rows]:
            print("| " + " | ".join(str(cell).ljust(width) for cell, width in zip(row, widths)) + " |")
        print()

    def text(self, text):
        print(text + "\n")

    def check(self, what, value, target, form="{:.2f}", can_fail=True):
        """A figure that should be at most its target. can_fail=False: a time, which is only shown."""
        if value <= target:
            verdict = "met"
        elif can_fail and value > WORSE_THAN_TARGET * target:
            verdict = f"FAILED (more than {WORSE_THAN_TARGET} × the target)"
            self.failed = True
        else:
            verdict = "missed"
        print(f"- {what}: **{form.format(value)}**, target ≤ {form.format(target)}: {verdict}")


def main(benchmark, add_options=None, description=None):
    """Runs benchmark(options, report) as a command of its own."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, help="interleaved rounds")
    parser.add_argument("--short", action="store_true", help="few rounds, for ctest")
    if add_options:
        add_options(parser)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    report = Report()
    try:
        benchmark(options, report)
    except Skip as skip:
        note("")
        print(f"SKIP: {skip}")
        sys.exit(EXIT_SKIP)
    except Broken as broken:
        note("")
        print(f"{Path(sys.argv[0]).name}: {broken}", file=sys.stderr)
        sys.exit(1)
    sys.exit(1 if report.failed else 0)
