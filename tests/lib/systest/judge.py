# SPDX-License-Identifier: GPL-2.0-or-later
"""Hold a verdict against a label that a witness confirmed."""

import unittest

from . import product, report, witness

# An emulated machine takes as long as the short one to start boundtop, which is in the witness's window, and not in boundtop's.
WINDOW_S = 6 if product.IS_EMULATED else 1.5
# As long in all, there.
ATTEMPTS = 5 if product.IS_EMULATED else 20


def on_cpu(window):
    return window.cpu > window.run_queue and window.off < 0.1


def off_cpu(window):
    """More than what DESIGN asks of the largest group: the next one has less than 4/5 of it.

    Whatever a hypervisor took from the host may have been this thread's: it wanted a CPU then, and schedstat,
    which leaves stolen time out, calls that off.
    """
    return window.cpu + window.run_queue + window.steal < 0.7 * (window.off - window.steal)


def idle(window):
    """Clearly below the 5 % at which a process no longer is."""
    return window.off > 0.96


class Judge(unittest.TestCase):
    window_s = WINDOW_S

    @classmethod
    def setUpClass(cls):
        report.require_root()

    def judge_together(self, *labels):
        """Ask boundtop about all of them, compare, and return what schedstat said about the same stretch of time.

        Each of `labels` is (PID, verdict, cause, what schedstat is to confirm): whether that stretch was what the
        workload stands for. On a busy machine, or one whose hypervisor is, it may not be: a blocked thread then is a
        starved one. Asked again in that case; the witness decides, not the outcome.
        """
        for _ in range(ATTEMPTS):
            windows = [witness.Window(pid) for pid, *_ in labels]
            frame = product.classify_all(self.window_s, *(pid for pid, *_ in labels))
            for window in windows:
                window.close()
            found = [product.find(frame, pid) for pid, *_ in labels]
            for process, window in zip(found, windows):
                report.note(f"{process['verdict']}/{process['cause']} (confidence {process['confidence']:.2f}); "
                            f"schedstat: cpu {window.cpu:.2f}, run queue {window.run_queue:.2f}, off {window.off:.2f}, "
                            f"stolen from the host {window.steal:.2f}")
            if all(confirms(window) for (*_, confirms), window in zip(labels, windows)):
                for (_, verdict, cause, _), process in zip(labels, found):
                    self.assertEqual((verdict, cause), (process["verdict"], process["cause"]), process["share"])
                return windows
        said = [vars(window) for window in windows]
        if product.IS_EMULATED:
            raise report.CannotRun("an emulated machine", f"the workload was never what it stands for: {said}")
        return self.fail(f"the workload was never what it stands for: {said}")

    def judge(self, pid, verdict, cause, label):
        """The same of one."""
        return self.judge_together((pid, verdict, cause, label))[0]

    def judge_blocked(self, pid, verdict, cause, wait):
        """A process that is off the CPU most of the time; strace names the wait."""
        self.judge(pid, verdict, cause, idle if verdict == "idle" else off_cpu)
        self.assert_waits_in(pid, wait)

    def assert_waits_in(self, pid, wait):
        # Emulated, stopping it at a call takes strace longer than the call.
        if wait and not product.IS_EMULATED:
            self.assertEqual(wait, witness.dominant_wait(pid))

    def judge_busy(self, pid, cause):
        self.judge(pid, "cpu-bound", cause, on_cpu)
