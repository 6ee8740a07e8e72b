#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Inside a virtual machine: does what the kernel's command line names in bt.job, and answers line by line.

bt.job=features   the rows of the table, in some seconds
bt.job=NAME,…     tests/system/test_NAME.py, as they are
"""

import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.join(HERE, "..", "..")
sys.path.insert(0, os.path.join(TESTS, "lib"))
sys.path.insert(0, HERE)
import features  # noqa: E402

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


def run_test(name, answers):
    """A script of tests/system as ctest runs it."""
    since = time.monotonic()
    try:
        done = subprocess.run([sys.executable, os.path.join(TESTS, "system", f"test_{name}.py")], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S, check=False)
        status, text = done.returncode, done.stdout
    except subprocess.TimeoutExpired as error:
        status, text = "time", error.stdout or b""
    print(text.decode(errors="replace"), flush=True)
    failed = [line for line in text.decode(errors="replace").splitlines() if line.startswith(("FAIL:", "ERROR:", "SKIP:", "Ran "))]
    answers.give(**{f"test {name}": {"status": status, "seconds": round(time.monotonic() - since), "said": failed}})


def main():
    words = words_of_command_line()
    answers = Answers(words["bt.answers"])
    answers.give(release=os.uname().release, uptime=float(open("/proc/uptime", encoding="ascii").read().split()[0]))
    for job in words.get("bt.job", "features").split(","):
        if job != "features":
            run_test(job, answers)
            continue
        for name, feature in features.ALL.items():
            since = time.monotonic()
            try:
                found = feature()
            except Exception as error:  # noqa: BLE001: whatever it is, the next one can still answer
                found = {"failed": f"{type(error).__name__}: {error}"[:800]}
            answers.give(**{name: {**found, "seconds": round(time.monotonic() - since, 1)}})
    answers.give(end=True)


main()
