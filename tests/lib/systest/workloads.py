# SPDX-License-Identifier: GPL-2.0-or-later
"""Start labelled workloads, hear when they are ready, and leave nothing behind."""

import ctypes
import errno
import os
import select
import signal
import subprocess
import time

from . import paths

PATIENCE_S = 180  # an emulated machine fills a file for the disk's readers in more than a minute
PR_SET_PDEATHSIG = 1


class Lines:
    """Lines of a pipe with a deadline; buffered reads and select() do not go together."""

    def __init__(self, fd):
        self.fd = fd
        self.buffer = b""

    def next(self, patience=PATIENCE_S):
        deadline = time.monotonic() + patience
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                raise TimeoutError(f"no line within {patience} s; so far {self.buffer[:200]!r}")
            chunk = os.read(self.fd, 1 << 20)
            if not chunk:
                raise EOFError(f"the other side ended; left over {self.buffer[:200]!r}")
            self.buffer += chunk
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line


def parse_facts(line):
    """{"pid": 3, "pids": [4, 5], "cpu_s": 0.5} from "ready pid=3 pids=4,5 cpu_s=0.5"."""
    facts = {}
    for word in line.split()[1:]:
        key, _, value = word.partition("=")
        if "," in value or key == "pids":
            facts[key] = [int(item) for item in value.split(",")]
        else:
            facts[key] = float(value) if "." in value else int(value)
    return facts


class Workload:
    """One running workload. It is killed at the end of the `with` block, and its children with it.

    The default priority is above the normal one: other work on the machine must not turn a hog
    into a starved hog. `realtime` puts it before all others: only for one that hardly computes, and that
    would otherwise wait for its turn after each of a thousand blocks a second.
    """

    def __init__(self, name, *args, comm=None, nice=-15, cpus=None, realtime=False):
        command = ["nice", "-n", str(nice)]
        if realtime:
            command = ["chrt", "--fifo", "1"]
        if cpus is not None:
            command += ["taskset", "-c", cpus]
        command += [paths.workload()]
        if comm:
            command += ["-n", comm]
        command += [name, *[str(arg) for arg in args]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        start_new_session=True)
        self.pid = self.process.pid
        set_autogroup_nice(self.pid, nice)
        self.lines = Lines(self.process.stdout.fileno())
        try:
            self.facts = self.expect("ready")
        except BaseException:
            self.stop()
            raise

    def expect(self, word, patience=PATIENCE_S):
        line = self.lines.next(patience).decode()
        if line.split()[0] != word:
            raise ValueError(f"the workload said {line!r} instead of {word}")
        return parse_facts(line)

    def go(self):
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()

    def signal(self, number):
        self.process.send_signal(number)

    def freeze(self):
        """Stop it; back when every thread has stopped, so that its counters are exact."""
        freeze([self.pid])

    def thaw(self):
        self.signal(signal.SIGCONT)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.await_descendants()
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass

    def await_descendants(self, patience=20):
        """Its descendants die with it, a moment later: the pipe to them has an error when none reads."""
        poller = select.poll()
        poller.register(self.process.stdin.fileno(), 0)
        if not poller.poll(patience * 1000):
            raise TimeoutError(f"descendants of workload {self.pid} live on")

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stop()


def die_with_parent():
    """For subprocess's preexec_fn: a hog of high priority must not outlive its test, whatever ends that."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def favour():
    """For subprocess's preexec_fn: what a Workload gets, for a command of the test's own."""
    die_with_parent()
    os.setsid()
    os.nice(-15)
    set_autogroup_nice(os.getpid(), -15)


def set_autogroup_nice(pid, nice):
    """Where the scheduler groups tasks by session, a nice value counts within the session alone.

    Kernels without such groups have no file. A process whose ancestors never made a session is in the root group, which
    has no nice value (EINVAL): there its own counts. So call it for a process that leads a session: else it is the
    group of this test.
    """
    try:
        file = os.open(f"/proc/{pid}/autogroup", os.O_WRONLY)
    except FileNotFoundError:
        return
    try:
        os.write(file, str(nice).encode())
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(file)


def state_of(pid, tid):
    """The state letter of one thread in /proc."""
    with open(f"/proc/{pid}/task/{tid}/stat", "rb") as stat:
        return stat.read().rpartition(b")")[2].split()[0].decode()


def sleeps(pid):
    """Voluntary switches so far."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("voluntary_ctxt_switches:"))


def threads_of(pid):
    return [int(tid) for tid in os.listdir(f"/proc/{pid}/task")]


def freeze(pids, patience=10):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    await_state(pids, "T", patience)


def await_state(pids, state, patience=10):
    """Wait until every thread of these processes is in the state. /proc has no event for it: poll."""
    deadline = time.monotonic() + patience
    for pid in pids:
        while not all(state_of(pid, tid) == state for tid in threads_of(pid)):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{pid} is not in state {state} after {patience} s")
            time.sleep(0.001)


def thaw(pids):
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
