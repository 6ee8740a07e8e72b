# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit status of a test script: 0 passed, 1 failed, 77 cannot run on this machine."""

import os
import shutil
import signal
import sys
import unittest

SKIPPED = 77


class CannotRun(unittest.SkipTest):
    """Raised with the fact about this machine that stands in the way, and why it does."""

    def __init__(self, fact, why):
        super().__init__(f"{fact}: {why}")


def require_root():
    if os.geteuid() != 0:
        raise CannotRun("not root", "the tests load BPF programs and read other users' processes")


def require_tool(name, why):
    path = shutil.which(name)
    if not path:
        raise CannotRun(f"no {name}", why)
    return path


def note(text):
    """A figure worth keeping in the log, passed or failed."""
    print(f"  {text}", flush=True)


def main():
    """Run the calling script's tests and leave with the status that ctest expects."""
    # Each line at once: a test that hangs should show where.
    sys.stdout.reconfigure(line_buffering=True)
    # What is ignored here is in everything that is started from here: in a background job SIGINT is.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    program = unittest.main(module="__main__", exit=False, verbosity=2)
    result = program.result
    for test, reason in result.skipped:
        print(f"SKIP: {reason} ({test})", flush=True)
    if not result.wasSuccessful():
        sys.exit(1)
    if result.skipped and len(result.skipped) >= result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(0)
