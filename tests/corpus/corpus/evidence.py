# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel's own files say of the stretch of time that boundtop judged: whether a case was what it stands for.

Time on a CPU and on the run queue: schedstat of every thread; user and system: ticks of /proc/PID/stat; of a tree, in
which processes come and go: a cgroup's cpuacct. What threads wait in: /proc/PID/task/TID/syscall, looked at a hundred
times a second (strace would slow its target down, so it is asked afterwards). Quota: the cgroup's cpu.stat.
"""

import collections
import os
import random
import re
import threading
import time

from systest import report, witness, workloads

SAMPLE_S = 0.01
# More than what DESIGN asks for, so that a case near a threshold is none.
CLEARLY = 0.7
BUSY = 0.9
IDLE = 0.035
# Seconds that schedstat does not see of a wake: it counts from when the CPU hears of it, which may be taken from the host then.
STOLEN_A_WAKE = 0.0005
# A wait is for others' work if they had it for half of the time: this makes less than DESIGN's 0.05.
FEEDER_QUEUED = 0.02
PART = (0.07, 0.43)
STARVED = 1.6
ALIKE = 0.87

HEADERS = ("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h")


def call_names():
    for path in HEADERS:
        if os.path.exists(path):
            with open(path, encoding="ascii") as header:
                return {int(number): name for name, number in re.findall(r"__NR_(\w+) (\d+)", header.read())}
    return {}


NAMES = call_names()
OF_A_DESCRIPTOR = re.compile(r"read|write|recv|send|fsync|fdatasync|accept|connect|ioctl|epoll|splice|sendfile|"
                             r"ftruncate|copy_file_range|fallocate|getdents")


def kind_behind(pid, descriptor):
    try:
        target = os.readlink(f"/proc/{pid}/fd/{descriptor}")
    except OSError:
        return "?"
    return "file" if target.startswith("/") else target.split(":")[0]


class Sampler(threading.Thread):
    """Seconds by what each thread of some processes was seen in: "running", "fault", "read:pipe", "futex" …"""

    def __init__(self, pids):
        super().__init__(daemon=True)
        self.pids = pids
        self.seen = collections.defaultdict(collections.Counter)
        self.ended = threading.Event()

    def run(self):
        # At uneven times, or a rhythm of the workload's own would show as something else.
        while not self.ended.wait(random.uniform(0.5, 1.5) * SAMPLE_S):
            for pid in self.pids:
                try:
                    for tid in workloads.threads_of(pid):
                        self.seen[tid][self.look(pid, tid)] += 1
                except (FileNotFoundError, ProcessLookupError):
                    continue

    @staticmethod
    def look(pid, tid):
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
            words = file.read().split()
        if not words or words[0] == "running":
            return "running"
        number = int(words[0])
        if number < 0:
            return "fault"
        name = NAMES.get(number, str(number))
        if OF_A_DESCRIPTOR.match(name.lstrip("p")):
            return f"{name}:{kind_behind(pid, int(words[1], 16) & 0xffffffff)}"
        return name

    def shares(self):
        """{tid: {what: share}}"""
        self.ended.set()
        self.join()
        return {tid: {what: count / sum(seen.values()) for what, count in seen.items()}
                for tid, seen in self.seen.items()}


def threads_schedstat(pid):
    """{TID: (seconds on a CPU, seconds in its queue, how often it got one)}"""
    found = {}
    for tid in workloads.threads_of(pid):
        with open(f"/proc/{pid}/task/{tid}/schedstat", encoding="ascii") as file:
            fields = file.read().split()
        found[tid] = int(fields[0]) / 1e9, int(fields[1]) / 1e9, int(fields[2])
    return found


class Evidence:
    """Of one process, or of a tree in a cgroup of its own, from begin to close()."""

    def __init__(self, pid, stage):
        self.pid = pid
        self.stage = stage
        self.others_begun = self.queues_of_others()
        self.sampler = Sampler([pid])
        self.sampler.start()
        self.begun = self.counters()
        self.threads_begun = threads_schedstat(pid)
        self.since = time.monotonic()

    def queues_of_others(self):
        """{pid: seconds in the run queue} of the case's other processes."""
        found = {}
        for pid in self.stage.processes() - {self.pid}:
            try:
                found[pid] = sum(queue for _, queue, _ in threads_schedstat(pid).values())
            except (FileNotFoundError, ProcessLookupError):
                continue
        return found

    def counters(self):
        now = {"steal": witness.steal_seconds(), "faults": witness.major_faults(self.pid)}
        now["user"], now["system"] = witness.cpu_ticks(self.pid)
        now["read"], now["written"] = witness.io_bytes(self.pid)
        if "quota" in self.stage.groups:
            now["throttled"] = self.stage.groups["quota"].numbers("cpu.stat")["throttled_time"] / 1e9
        if self.stage.account:
            now["tree"] = self.stage.account.numbers("cpuacct.usage")[""] / 1e9
            ticks = self.stage.account.numbers("cpuacct.stat")
            now["user"], now["system"] = (ticks[key] / witness.TICKS_A_SECOND for key in ("user", "system"))
        return now

    def close(self):
        after = threads_schedstat(self.pid)
        self.wall = time.monotonic() - self.since
        ended = self.counters()
        self.grown = {key: ended[key] - self.begun[key] for key in ended}
        new = (0, 0, 0)
        grown = {tid: [now - before for now, before in zip(counts, self.threads_begun.get(tid, new))] for tid, counts in after.items()}
        self.threads = {tid: (cpu, queue) for tid, (cpu, queue, _) in grown.items()}
        self.cpu = sum(cpu for cpu, _ in self.threads.values())
        self.queue = sum(queue for _, queue in self.threads.values())
        self.others = max((queue - self.others_begun[pid] for pid, queue in self.queues_of_others().items()
                           if pid in self.others_begun), default=0)
        self.steal = self.grown["steal"]
        self.most = max(cpu + queue for cpu, queue in self.threads.values()) / self.wall
        self.wanted = max(cpu + queue + min(self.steal, runs * STOLEN_A_WAKE) for cpu, queue, runs in grown.values()) / self.wall
        self.waits = self.sampler.shares()
        return self

    def waited(self, calls):
        """(seconds over all threads, share of the thread that did most) in one of these calls."""
        shares = [sum(share for what, share in seen.items() if matches(what, calls)) for seen in self.waits.values()]
        return sum(shares) * self.wall, max(shares, default=0)

    def off_in(self, calls):
        """Seconds off the CPU and off its queue by schedstat, of which the samples say how much was in these calls."""
        seconds = 0
        for tid, (cpu, queue) in self.threads.items():
            off = {what: share for what, share in self.waits.get(tid, {}).items() if what != "running"}
            here = sum(share for what, share in off.items() if matches(what, calls))
            seconds += max(0, self.wall - cpu - queue) * here / (sum(off.values()) or 1)
        return seconds

    def text(self):
        total = collections.Counter()
        for seen in self.waits.values():
            total.update(seen)
        calls = ", ".join(f"{what} {share:.2f}" for what, share in total.most_common(4))
        others = f", of others {self.others / self.wall:.2f}" if self.others > 0.005 * self.wall else ""
        extra = others + "".join(f", {key} {self.grown[key]:.2f}" for key in ("tree", "throttled") if key in self.grown)
        return (f"cpu {self.cpu / self.wall:.2f}, run queue {self.queue / self.wall:.2f}, "
                f"stolen {self.steal / self.wall:.2f}{extra}; {len(self.waits)} threads in {calls}")


def matches(what, calls):
    """"read" stands for read of anything, "read:pipe" for that of a pipe."""
    return any(what == call or what.partition(":")[0] == call for call in calls)


def is_user(evidence):
    user, system = evidence.grown["user"], evidence.grown["system"]
    return user / ((user + system) or 1)


def busy(e, which="any"):
    """On a CPU all the time, and not in a queue for one; and most of it where the label says."""
    if e.queue + e.steal > 0.6 * e.cpu or e.most + e.steal / e.wall < BUSY:
        return False
    return {"any": True, "user": is_user(e) > 0.6, "system": is_user(e) < 0.4}[which]


def busy_together(e, which="any"):
    """As busy(), of threads that take turns, or share the work: together they fill one CPU at the least."""
    if e.queue + e.steal > 0.6 * e.cpu or e.cpu + e.steal < BUSY * e.wall:
        return False
    return {"any": True, "user": is_user(e) > 0.6, "system": is_user(e) < 0.4}[which]


def tree_busy(e, share=0.8, which="any"):
    """So much of one CPU at the least, by the cgroup's account."""
    if e.grown["tree"] < share * e.wall:
        return False
    return {"any": True, "user": is_user(e) > 0.6, "system": is_user(e) < 0.4}[which]


def blocked(e, *calls):
    """Off the CPU in one of these calls, clearly longer than all of its threads had or wanted a CPU.

    Time stolen from the host may have been wanted by this process.
    """
    _, most = e.waited(calls)
    return e.cpu + e.queue + e.steal < CLEARLY * e.off_in(calls) and most + e.most > 0.8


def spread(e, *calls):
    """As blocked(), of a program whose threads take turns: together they fill the time."""
    seconds, _ = e.waited(calls)
    return e.cpu + e.queue + e.steal < CLEARLY * e.off_in(calls) and e.cpu + e.queue + seconds > 0.8 * e.wall


def idle(e, *calls):
    """None of its threads does anything to speak of, and in these calls is where they wait.

    Nor does who wakes them: a feeder that is kept from a CPU for longer than it sleeps lets them wait in earnest.
    """
    seconds, _ = e.waited(calls)
    fed = "wait4" in calls or e.others < FEEDER_QUEUED * e.wall
    return fed and e.wanted < IDLE and seconds > 0.5 * len(e.waits) * e.wall


def part(e, *calls):
    """The busiest thread works for a part of the time, and waits in these calls for the rest."""
    return PART[0] < e.most and e.most + e.steal / e.wall < PART[1] and e.waited(calls)[1] > 0.5


def starved(e):
    """It wants a CPU all the time, and others have it for most of that."""
    return e.queue > STARVED * e.cpu and e.most + e.steal / e.wall > BUSY


def throttled(e):
    """Its cgroup's quota keeps it from the CPU for most of the time. (schedstat calls that the run queue.)"""
    return e.grown["throttled"] > STARVED * e.cpu and e.grown["throttled"] > 0.6 * e.queue


def alike(e, *calls):
    """As long in these calls as it had or wanted a CPU."""
    seconds = e.off_in(calls)
    wanted = e.cpu + e.queue
    return min(seconds - e.steal, wanted) > ALIKE * max(seconds, wanted + e.steal)


def faulting(e):
    """Major faults, and less CPU than waiting; a fault is no system call, or one that touches the memory."""
    return e.grown["faults"] > 3 * e.wall and e.cpu + e.queue + e.steal < 0.4 * e.wall


def stopped(e):
    """No CPU time at all, and the state says why."""
    return e.cpu == 0 and (e.stage.groups.get("freezer") is not None or
                           all(workloads.state_of(e.pid, tid) in "Tt" for tid in workloads.threads_of(e.pid)))


RULES = {rule.__name__: rule for rule in (busy, busy_together, tree_busy, blocked, spread, idle, part, starved, throttled, alike,
    faulting, stopped)}


OF_A_WAIT = ("blocked", "spread", "idle", "part", "alike")
STRACE_S = 0.25
STRACE_LEAST = 0.25


def strace_agrees(rule, pid):
    """(whether strace sees the case's calls last as well, what it saw); None where there is no wait to be seen.

    Afterwards, as strace slows its target down; for that reason it is asked about the kind of wait, not about shares.
    """
    name, *calls = rule
    # It does not let go of a process whose child, which it follows too, has not yet become another program (vfork).
    if name not in OF_A_WAIT or "wait4" in calls:
        return None
    try:
        times = witness.strace_times(pid, STRACE_S)
    except (EOFError, RuntimeError, TimeoutError, report.CannotRun) as error:
        return False, f"strace: {error}"
    by_call = collections.Counter()
    for (call, _), seconds in times.items():
        by_call[call] += seconds / STRACE_S
    # What was interrupted when strace came goes on by restart_syscall(); which one it was is not shown.
    expected = {call.partition(":")[0] for call in calls} | {"restart_syscall"}
    seen = sum(share for call, share in by_call.items() if call in expected)
    return seen > STRACE_LEAST, "strace: " + ", ".join(f"{call} {share:.2f}" for call, share in by_call.most_common(2))


def holds(rule, evidence):
    name, *arguments = rule
    return RULES[name](evidence, *arguments)
