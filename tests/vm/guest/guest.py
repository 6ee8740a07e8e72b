#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Inside a virtual machine: does what the kernel's command line names in bt.job, and answers line by line.

bt.job=features   the rows of the table, in some seconds
bt.job=system     those system tests that are about the kernel
bt.job=NAME,…     tests/system/test_NAME.py, as they are
"""

import json
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(TESTS, "lib"))
sys.path.insert(0, HERE)
import features  # noqa: E402
import inside  # noqa: E402
from systest import product  # noqa: E402

PATIENCE_S = 900


def words_of_command_line():
    with open("/proc/cmdline", encoding="ascii") as file:
        return dict(word.partition("=")[::2] for word in file.read().split())


class Answers:
    def __init__(self, line):
        # Not buffered: what was said is said when the machine goes down.
        self.file = open(f"/dev/{line}", "wb", buffering=0)  # noqa: SIM115

    def give(self, **facts):
        line = (json.dumps(facts) + "\n").encode()
        while line:
            line = line[self.file.write(line):]


def summarize(lines):
    """What unittest says of a script: how many ran, {failed test: why}, what was skipped."""
    ran, failed, skipped, name = 0, {}, [], None
    for line in lines:
        header = re.match(r"(?:FAIL|ERROR): (\w+)", line)
        if header:
            name = header.group(1)
            failed.setdefault(name, "")
        elif re.match(r"[\w.]*(Error|Expired|Exception): ", line) and name:
            failed[name] = failed[name] or line[:200]
        elif line.startswith("SKIP: "):
            skipped.append(line[6:])
        elif re.match(r"Ran \d+ test", line):
            ran = int(line.split()[1])
    return {"ran": ran, "failed": failed, "skipped": skipped}


def run_test(name, answers):
    """A script of tests/system as ctest runs it; what it says is on the console at once."""
    since = time.monotonic()
    process = subprocess.Popen([sys.executable, os.path.join(TESTS, "system", f"test_{name}.py")], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    timer = threading.Timer(PATIENCE_S, process.kill)
    timer.start()
    lines = []
    for line in process.stdout:
        print(line, end="", flush=True)
        lines.append(line.rstrip())
    status = process.wait()
    found = summarize(lines)
    if not timer.is_alive():
        found["failed"][name] = f"no end within {PATIENCE_S} s"
    elif status not in (0, 77) and not found["failed"]:
        found["failed"][name] = f"ended with status {status}"
    timer.cancel()
    answers.give(**{f"test {name}": {**found, "seconds": round(time.monotonic() - since)}})


def run_features(answers):
    for name, feature in features.ALL.items():
        since = time.monotonic()
        try:
            found = feature()
        except Exception as error:  # noqa: BLE001: whatever it is, the next one can still answer
            found = {"failed": f"{type(error).__name__}: {error}"[:800]}
        answers.give(**{name: {**found, "seconds": round(time.monotonic() - since, 1)}})


def main():
    words = words_of_command_line()
    answers = Answers(words["bt.answers"])
    answers.give(release=os.uname().release, uptime=float(open("/proc/uptime", encoding="ascii").read().split()[0]))
    jobs = words.get("bt.job", "features").split(",")
    if "features" in jobs:
        run_features(answers)
    collector = json.loads(product.run("check", "--json").out)["collector"]
    if collector != "bpf":
        os.environ["COLLECTOR"] = collector
    for job in jobs:
        for name in inside.names(collector) if job == "system" else [job] if job != "features" else []:
            run_test(name, answers)
    answers.give(end=True)


main()
