#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The long forms of the tests under load and of faults, as root: sudo tests/load/run.py [TEST...]

100,000 processes, 50,000 threads, 200 hogs, a reader that stops for a minute, 200 kills at random and one at every call to
bpf(2), a CPU taken offline: several minutes in which the host is of little use to others. It raises kernel.pid_max and
kernel.threads-max and puts them back. TEST is as unittest has it: Load.test_fork_storm.
"""

import os
import subprocess
import sys

SYSTEM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system")
SCRIPTS = {"Load": "test_load.py", "Faults": "test_faults.py", "Killed": "test_killed.py"}


def main(tests):
    if {"-h", "--help"} & set(tests) or any(test.split(".")[0] not in SCRIPTS for test in tests):
        print(__doc__.strip())
        return 2
    failed = 0
    for name, script in SCRIPTS.items():
        chosen = [test for test in tests if test.split(".")[0] == name]
        if tests and not chosen:
            continue
        done = subprocess.run([sys.executable, os.path.join(SYSTEM, script), *chosen],
                              env={**os.environ, "BOUNDTOP_LOAD": "full"}, check=False)
        failed |= done.returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
