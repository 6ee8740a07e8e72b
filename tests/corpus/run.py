#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the accuracy suite: each labelled workload is started, confirmed by its witness, and judged by boundtop.

    run.py [--only PATTERN] [--short] [--write] [--list]
    run.py --sampled […]        the sampling collector, as a plain user on its own processes, beside the exact one

Exit status: 0 all that could be confirmed was judged rightly, 1 something was not, 77 nothing could run.
"""

import argparse
import fnmatch
import os
import pwd
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from corpus import accuracy, evidence, fixtures, stage, table  # noqa: E402
from systest import paths, product, report, workloads  # noqa: E402

WINDOW_S = 2
ATTEMPTS = 4
ATTEMPTS_SHORT = 12


def ask(case, pid, *more, **options):
    """boundtop in the background, to be asked what it said by heard(). Not favoured, it can wait a minute to load beside them."""
    tree = ["--tree"] if case.tree else []
    return product.Running("classify", "-d", WINDOW_S, "--json", *more, *tree, pid, favoured=True, **options)


def heard(case, pid, running):
    result = running.finish()
    if result.status:
        raise AssertionError(f"boundtop ended with {result.status}: {result.err.decode()!r}")
    frame = product.schema.check_frame(product.schema.parse(result.out), with_total=case.tree)
    return frame["total"] if case.tree else product.find(frame, pid)


def judge(case, pid, the_stage, sampled):
    """What boundtop says, what the exact collector says beside a sampled one, and the witness's word on the same time."""
    witness = evidence.Evidence(pid, the_stage)
    exact = None
    with ask(case, pid, "--collector", "bpf") as first:
        if sampled:
            with sampled.ask(case, pid) as second:
                said = heard(case, pid, second)
                exact = heard(case, pid, first)
        else:
            said = heard(case, pid, first)
    return said, witness.close(), exact


class Sampled:
    """boundtop as whoever owns what is judged, who has no privileges, with the collector that samples."""

    def __init__(self, names):
        names.folder.public_copy(paths.boundtop())
        self.program = names.folder.file("boundtop")
        self.user = pwd.getpwnam("nobody")

    def ask(self, case, pid):
        uid = os.stat(f"/proc/{pid}").st_uid
        user = ["setpriv", f"--reuid={uid}", f"--regid={pwd.getpwuid(uid).pw_gid}", "--clear-groups"]
        return ask(case, pid, "--collector", "procfs", prefix=user, program=self.program)


def run_case(case, names, attempts, sampled):
    result = accuracy.Result(case)
    try:
        the_stage = stage.Stage(names.for_case(case), case.tree, sampled and sampled.user)
    except stage.Missing as missing:
        return result.skip(str(missing))
    try:
        for step in case.steps:
            the_stage.start(step)
        pid = the_stage.judged(case.judged)
        if case.stop:
            workloads.freeze([pid])
        for _ in range(attempts):
            said, witness, result.exact = judge(case, pid, the_stage, sampled)
            result.add(said, witness, evidence.holds(case.witness, witness))
            if result.confirmed:
                break
        if result.confirmed and not case.tree and not case.short and not sampled:
            result.strace = evidence.strace_agrees(case.witness, pid)
    except stage.Missing as missing:
        result.skip(str(missing))
    except (OSError, RuntimeError, TimeoutError, EOFError, AssertionError, KeyError) as error:
        result.fail(f"{type(error).__name__}: {error}")
    finally:
        the_stage.stop()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="PATTERN", default="*", help="cases whose name matches (fnmatch; a,b,c)")
    parser.add_argument("--short", action="store_true", help="the part that the tests run")
    parser.add_argument("--sampled", action="store_true", help="judge the sampling collector, as a plain user")
    parser.add_argument("--write", action="store_true", help="write docs/accuracy.md")
    parser.add_argument("--list", action="store_true", help="name the cases, and run none")
    options = parser.parse_args()
    patterns = options.only.split(",")
    cases = [case for case in table.table() if any(fnmatch.fnmatch(case.name, pattern) for pattern in patterns) and
             (case.short or not options.short)]
    if options.list:
        for case in cases:
            print(f"{case.name}: {case.verdict}/{'|'.join(case.causes)}: {case.why}")
        return 0
    if os.geteuid() != 0:
        print("SKIP: not root: the suite loads BPF programs and reads other users' processes")
        return report.SKIPPED
    # Stopped from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    stage.adopt_orphans()
    evidence_nice()
    results = []
    begun = time.monotonic()
    names = fixtures.Names()
    sampled = Sampled(names) if options.sampled else None
    try:
        for case in cases:
            results.append(run_case(case, names, ATTEMPTS_SHORT if options.short else ATTEMPTS, sampled))
            print(results[-1].line(), flush=True)
    finally:
        names.remove()
    summary = (accuracy.SampledSummary if sampled else accuracy.Summary)(results, time.monotonic() - begun)
    print(summary.text())
    if options.write:
        summary.write(os.path.join(paths.ROOT, "docs", "accuracy.md"))
    return 0 if summary.right() else 1


def evidence_nice():
    """The witness looks a hundred times a second, whoever else has the CPU."""
    os.setpriority(os.PRIO_PROCESS, 0, -18)


if __name__ == "__main__":
    sys.exit(main())
