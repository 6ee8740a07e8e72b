#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A wait at a pipe that goes on, of one who has not waited there before: nobody has ended it, so what the writer does tells.

Each is looked at twice: asleep when boundtop comes, and begun while it runs. The witness is the state of all the others of
its session: somebody computes, or nobody does.
"""

import json
import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import product, report, workloads  # noqa: E402

INTERVAL_S = 1
# The first look may come when the writer has hardly begun; the last one is after a second.
SETTLED_S = 2 * INTERVAL_S

BURN = "sh -c 'while :; do :; done'"
READER = "sh -c 'echo $$; exec cat >/dev/null'"
THREAD = """python3 -c '
import threading
def burn():
    while True: pass
threading.Thread(target=burn).start()'"""
ASKS = """exec python3 -c '
import os, subprocess
print(os.getpid(), flush=True)
subprocess.check_output({command})'"""
POLLS = """exec python3 -c '
import os, subprocess
print(os.getpid(), flush=True)
subprocess.Popen({command}, stdout=-1, stderr=-1).communicate()'"""
IN_A_THREAD = """exec python3 -c '
import os, subprocess, threading
print(os.getpid(), flush=True)
ask = threading.Thread(target=subprocess.check_output, args=(["sh", "-c", "while :; do :; done"],))
ask.start()
ask.join()'"""
CHILD = """exec python3 -c '
import subprocess
subprocess.Popen(["sh", "-c", "echo $$; exec cat"], stdin=subprocess.PIPE)
while True: pass'"""
BOTH_ENDS = """exec python3 -c '
import os, threading
r, w = os.pipe()
threading.Thread(target=os.read, args=(r, 1)).start()
print(os.getpid(), flush=True)
threading.Event().wait()'"""
BUSY, SLEEPY = '["sh", "-c", "while :; do :; done"]', '["sleep", "1000"]'

# name: (shell script that prints the reader's PID, cause, whether anybody else computes, the cause's share at the least)
PIPES = {
    "a writer that computes": (f"{BURN} | {READER}", "ipc", True, 0.9),
    "a writer that sleeps": (f"sleep 1000 | {READER}", "event", False, 0.9),
    "a shell that waits for one that computes": (f"({BURN}; true) | {READER}", "ipc", True, 0.9),
    "a shell that waits for one that sleeps": (f"(sleep 1000; true) | {READER}", "event", False, 0.9),
    "behind a reader of one that computes": (f"{BURN} | cat | {READER}", "ipc", True, 0.9),
    "behind a reader of one that sleeps": (f"sleep 1000 | cat | {READER}", "event", False, 0.9),
    "a writer's thread": (f"{THREAD} | {READER}", "ipc", True, 0.9),
    "what a command says that computes": (ASKS.format(command=BUSY), "ipc", True, 0.9),
    "what a command says that sleeps": (ASKS.format(command=SLEEPY), "event", False, 0.9),
    "all that a command says that computes": (POLLS.format(command=BUSY), "ipc", True, 0.9),
    "all that a command says that sleeps": (POLLS.format(command=SLEEPY), "event", False, 0.9),
    # It is about one of two threads.
    "what a thread's command says": (IN_A_THREAD, "ipc", True, 0.45),
    "what its parent has for it to do": (CHILD, "event", True, 0.9),
    "nobody but itself": (BOTH_ENDS, "event", False, 0.9),
}


def others_compute(pid):
    """Whether a thread of another process in its session wants a CPU."""
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            if int(other) != pid and os.getsid(int(other)) == os.getsid(pid) and \
                    any(workloads.state_of(int(other), tid) == "R" for tid in workloads.threads_of(int(other))):
                return True
        except (FileNotFoundError, ProcessLookupError):
            continue
    return False


class OpenWaits(unittest.TestCase):

    def setUp(self):
        if json.loads(product.run("check", "--json").out)["program"] != "plain":
            raise report.CannotRun("no plain reads of kernel pointers", "it takes them to look for who writes into a pipe")

    def start(self, script):
        process = subprocess.Popen(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   start_new_session=True)

        def stop():
            os.killpg(process.pid, 9)
            process.wait()
            process.stdout.close()
        self.addCleanup(stop)
        return int(workloads.Lines(process.stdout.fileno()).next())

    def start_all(self):
        pids = {name: self.start(script) for name, (script, *_) in PIPES.items()}
        for name, (_, _, computed, _) in PIPES.items():
            workloads.await_state([pids[name]], "S")
            deadline = time.monotonic() + 20
            while others_compute(pids[name]) != computed:
                self.assertLess(time.monotonic(), deadline, f"{name}: the others do not do what they are for")
                time.sleep(0.01)
        return pids

    def judge(self, frame, pids):
        for name, (_, cause, computed, share) in PIPES.items():
            process = product.find(frame, pids[name])
            report.note(f"{name}: {process['verdict']}/{process['cause']} {process['share'][cause]:.2f}")
            with self.subTest(name):
                self.assertGreater(process["share"][cause], share, {k: v for k, v in process["share"].items() if v})
                self.assertEqual(others_compute(pids[name]), computed)

    def test_found_asleep(self):
        pids = self.start_all()
        self.judge(product.run_json("classify", "-d", 0.3, "-a", "--json"), pids)
        # As long as there is more to judge by than one moment.
        self.judge(product.run_json("classify", "-d", 1.5, "-a", "--json"), pids)

    def test_begun_while_it_runs(self):
        with product.Running("top", "-b", "--json", "-d", INTERVAL_S) as boundtop:
            boundtop.await_attached()
            pids = self.start_all()
            self.judge(boundtop.frame_after(time.time() + SETTLED_S), pids)


if __name__ == "__main__":
    report.main()
