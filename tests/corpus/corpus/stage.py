# SPDX-License-Identifier: GPL-2.0-or-later
"""Start the programs of a case, know when they are ready, and leave nothing behind."""

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

from systest import witness, workloads

PR_SET_CHILD_SUBREAPER = 36
PATIENCE_S = 40
POLL_S = 0.01


class Missing(Exception):
    """What a case needs and this machine lacks."""


def adopt_orphans():
    """What loses its parent becomes our child, so that whatever a case started can be found and ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def descendants(pid):
    """In the order in which they are met; what ends meanwhile is left out."""
    found, todo = [], [pid]
    while todo:
        try:
            children = witness.children_of(todo.pop(0))
        except (FileNotFoundError, ProcessLookupError):
            continue
        found += children
        todo += children
    return found


def comm_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def cpu_seconds(pid):
    try:
        return witness.schedstat(pid)[0]
    except (FileNotFoundError, ProcessLookupError):
        return 0


class Group:
    """A cgroup (v1) of our own, in one hierarchy."""

    def __init__(self, controller, name, **limits):
        self.path = f"/sys/fs/cgroup/{controller}/{name}"
        if not os.path.isdir(os.path.dirname(self.path)):
            raise Missing(f"the {controller} controller of cgroup v1")
        os.mkdir(self.path)
        for key, value in limits.items():
            self.write(f"{controller}.{key}", value)

    def write(self, key, value):
        with open(f"{self.path}/{key}", "w", encoding="ascii") as file:
            file.write(str(value))

    def numbers(self, key):
        """{"nr_throttled": 3, …} of a file like cpu.stat; {"": 3} of one with a single number."""
        with open(f"{self.path}/{key}", encoding="ascii") as file:
            rows = [line.split() for line in file]
        return {row[0] if len(row) > 1 else "": int(row[-1]) for row in rows}

    def enter(self):
        """The calling process goes in."""
        self.write("cgroup.procs", os.getpid())

    def remove(self):
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return os.rmdir(self.path)
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_S)


def quota_group(name, percent):
    return Group("cpu", name, cfs_period_us=20000, cfs_quota_us=200 * percent)


def memory_group(name, megabytes):
    return Group("memory", name, limit_in_bytes=megabytes << 20)


class Stage:
    """A case while it runs: `names` is what its steps may refer to, and where its processes are found."""

    def __init__(self, names, tree, user=None):
        """user: an entry of passwd for all that names none of its own."""
        self.names = names
        self.user = user
        self.names["port"] = free_port()
        self.tree = tree
        self.groups = {}
        self.programs = []
        self.account = Group("cpuacct", f"boundtop-corpus-{os.getpid()}") if tree else None

    def start(self, step):
        argv = [word.format_map(self.names) for word in step.argv]
        for program in (argv[0], *[word.format_map(self.names) for word in step.needs]):
            if not shutil.which(program):
                raise Missing(program)
        if step.cpus:
            argv = ["taskset", "-c", step.cpus, *argv]
        entered = [self.account] if self.account else []
        name = f"boundtop-corpus-{os.getpid()}-{step.name}"
        if step.quota:
            self.groups["quota"] = quota_group(name, step.quota)
            entered.append(self.groups["quota"])
        if step.memory_mb:
            self.groups["memory"] = memory_group(name, step.memory_mb)
            entered.append(self.groups["memory"])
        if step.freeze:
            self.groups["freezer"] = Group("freezer", name)
            entered.append(self.groups["freezer"])
        user = pwd.getpwnam(step.user) if step.user else self.user

        def prepare():
            os.setsid()
            for group in entered:
                group.enter()
            os.nice(step.nice)
            workloads.set_autogroup_nice(os.getpid(), step.nice)
            if step.realtime:
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
            if user:
                os.setgroups([])
                os.setgid(user.pw_gid)
                os.setuid(user.pw_uid)
            # Last: a change of user takes it back.
            workloads.die_with_parent()

        stdin = open(step.stdin.format_map(self.names), "rb") if step.stdin else subprocess.PIPE
        with open(os.path.join(self.names["dir"], f"{step.name}.log"), "wb") as log:
            process = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE if step.ready == "line" else log,
                                       stderr=log, preexec_fn=prepare, cwd=self.names["dir"])
        if step.stdin:
            stdin.close()
        self.programs.append(process)
        self.names[step.name] = process.pid
        self.await_ready(step, process)
        if step.freeze:
            self.groups["freezer"].write("freezer.state", "FROZEN")
            await_true(lambda: self.frozen() == "FROZEN", "frozen")

    def frozen(self):
        with open(f"{self.groups['freezer'].path}/freezer.state", encoding="ascii") as file:
            return file.read().strip()

    def await_ready(self, step, process):
        kind, _, argument = step.ready.format_map(self.names).partition(" ")
        if kind == "line":
            line = workloads.Lines(process.stdout.fileno()).next(PATIENCE_S).decode()
            if line.split()[:1] != ["ready"]:
                raise RuntimeError(f"{step.name} said {line!r}")
            for key, value in workloads.parse_facts(line).items():
                self.names[f"{step.name}.{key}"] = value
                self.names[key] = value
            return
        if kind == "done":
            if process.wait(PATIENCE_S) != 0:
                raise RuntimeError(f"{step.name} ended with {process.returncode}: {self.log(step.name)}")
            return
        checks = {
            "port": lambda: connects(socket.AF_INET, ("127.0.0.1", int(argument))),
            "unix": lambda: connects(socket.AF_UNIX, argument),
            "child": lambda: self.find(process.pid, argument) is not None,
            "cpu": lambda: any(cpu_seconds(pid) > float(argument) for pid in [process.pid, *descendants(process.pid)]),
            "asleep": lambda: is_asleep(process.pid),
        }
        check = checks[kind]

        def ready():
            if process.poll() is not None:
                raise RuntimeError(f"{step.name} ended with {process.returncode}: {self.log(step.name)}")
            return check()

        await_true(ready, f"{step.name}: {step.ready}")

    def log(self, name):
        with open(os.path.join(self.names["dir"], f"{name}.log"), "rb") as file:
            return file.read()[-300:]

    @staticmethod
    def find(root, comm):
        """The youngest of them: programs make their helpers first. "COMM:busy": the one with most CPU time."""
        comm, _, which = comm.partition(":")
        found = [pid for pid in descendants(root) if comm_of(pid) == comm]
        if not found:
            return None
        return max(found, key=cpu_seconds) if which == "busy" else found[-1]

    def processes(self):
        """Of all steps, with their descendants."""
        return {pid for program in self.programs for pid in [program.pid, *descendants(program.pid)]}

    def judged(self, where):
        """The PID that a case names; a moment later than its start for a descendant."""
        step, slash, comm = where.partition("/")
        if not slash:
            return int(self.names[where])
        await_true(lambda: self.find(self.names[step], comm) is not None, f"no {comm} below {step}")
        return self.find(self.names[step], comm)

    def stop(self):
        if "freezer" in self.groups:
            self.groups["freezer"].write("freezer.state", "THAWED")
        deadline = time.monotonic() + PATIENCE_S
        # Those that were started last go first: clients before their servers.
        for process in reversed(self.programs):
            end(process.pid)
        while True:
            left = descendants(os.getpid())
            if not left:
                break
            for pid in left:
                kill(pid, signal.SIGKILL)
            reap()
            if time.monotonic() > deadline:
                raise TimeoutError(f"these live on: {left}")
            time.sleep(POLL_S)
        for process in self.programs:
            process.poll()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    close(pipe)
        for group in [*self.groups.values(), *([self.account] if self.account else [])]:
            group.remove()


def close(pipe):
    try:
        pipe.close()
    except BrokenPipeError:
        pass


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def end(pid):
    """A process and its descendants: asked first (a database frees its shared memory then), then killed."""
    family = [pid, *descendants(pid)]
    kill(pid, signal.SIGTERM if comm_of(pid) in ("postgres", "mariadbd", "stress-ng") else signal.SIGKILL)
    kill(pid, signal.SIGCONT)
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < deadline:
        reap()
        time.sleep(POLL_S)
    for one in family:
        kill(one, signal.SIGKILL)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def connects(family, address):
    with socket.socket(family) as probe:
        try:
            probe.connect(address)
            return True
        except OSError:
            return False


def is_asleep(pid):
    """Every thread sleeps, and did 50 ms ago without having run in between."""
    def mark():
        try:
            return [(tid, workloads.state_of(pid, tid)) for tid in workloads.threads_of(pid)], cpu_seconds(pid)
        except (FileNotFoundError, ProcessLookupError):
            return None
    before = mark()
    time.sleep(0.05)
    after = mark()
    return before is not None and before == after and all(state in "SD" for _, state in after[0])


def await_true(check, what):
    deadline = time.monotonic() + PATIENCE_S
    while not check():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {PATIENCE_S} s still not {what}")
        time.sleep(POLL_S)
