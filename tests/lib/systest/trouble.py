# SPDX-License-Identifier: GPL-2.0-or-later
"""Trouble that is made for real, and what `diagnose` says of it."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from . import product, report, schema, workloads

# What of the CPUs' time has to be taken for a finding.
STEAL = 0.1
SEVERITIES = ("info", "warning", "critical")
HEAD = {**schema.HEAD, "verdict": schema.TEXT, "headline": schema.TEXT, "healthy": schema.TEXT,
        "unseen": schema.TEXT, "findings": (list,)}
FINDING = {"id": schema.TEXT, "severity": schema.TEXT, "text": schema.TEXT, "evidence": (dict,),
           "subjects": (list,), "advice": schema.TEXT}
CGROUP = "/sys/fs/cgroup/cpu" if os.path.isdir("/sys/fs/cgroup/cpu") else "/sys/fs/cgroup"
IS_V1 = CGROUP.endswith("/cpu")


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(str(text))


@contextlib.contextmanager
def child(command, enter=None, **options):
    """Runs until the block ends; back when it said ready. enter() is called in it before."""
    def begin():
        workloads.favour()
        if enter:
            enter()

    process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=begin, **options)
    try:
        process.stdout.readline()
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def python(script):
    return child([sys.executable, "-c", script])


def quota_set(group, quota_us):
    """So much of 100 ms; None: as much as there is."""
    if IS_V1:
        write(f"{group}/cpu.cfs_quota_us", quota_us or -1)
    else:
        write(f"{group}/cpu.max", f"{quota_us or 'max'} 100000")


@contextlib.contextmanager
def cgroup(quota_us):
    """A group with that quota of 100 ms."""
    path = tempfile.mkdtemp(prefix="boundtop-test-", dir=CGROUP)
    try:
        quota_set(path, quota_us)
        yield path
    finally:
        deadline = time.monotonic() + 10
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@contextlib.contextmanager
def stuck_writer():
    """A process that writes to a file whose file system takes no writes; yields (PID, path)."""
    folder = tempfile.mkdtemp(prefix="boundtop-test-", dir="/var/tmp")
    image, mount = f"{folder}/image", f"{folder}/mount"
    os.mkdir(mount)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        subprocess.run(["mkfs.ext4", "-q", image], check=True)
        subprocess.run(["mount", "-o", "loop", image, mount], check=True)
        stack.callback(subprocess.run, ["umount", mount], check=True)
        path = f"{mount}/file"
        with open(path, "wb"):
            pass
        subprocess.run(["fsfreeze", "-f", mount], check=True)
        stack.callback(subprocess.run, ["fsfreeze", "-u", mount], check=False, stderr=subprocess.DEVNULL)
        script = f"import os\nf = os.open({path!r}, os.O_WRONLY)\nprint('ready', flush=True)\nos.write(f, b'x')"
        writer = stack.enter_context(python(script))
        # It ends only once the file system is thawed.
        stack.callback(subprocess.run, ["fsfreeze", "-u", mount], check=True)
        workloads.await_state([writer.pid], "D")
        yield writer.pid, path


def functions_in(lines):
    """Of /proc/PID/stack, the innermost first."""
    return [line.split()[1].split("+")[0] for line in lines]


def functions_of(pid):
    """Where in the kernel it sleeps, as root is told; empty where nobody is."""
    try:
        return functions_in(read(f"/proc/{pid}/stack").splitlines())
    except OSError:
        return []


@contextlib.contextmanager
def slow_answers(delay_s):
    """A client that waits for that long for each answer over TCP; yields its PID."""
    listener = socket.create_server(("127.0.0.1", 0))
    script = (f"import socket\ns = socket.create_connection(('127.0.0.1', {listener.getsockname()[1]}))\n"
              "print('ready', flush=True)\nwhile True:\n    s.send(b'x')\n    s.recv(1)\n")
    stop = threading.Event()

    def serve():
        connection, _ = listener.accept()
        with connection:
            while not stop.is_set() and connection.recv(1):
                stop.wait(delay_s)
                with contextlib.suppress(OSError):
                    connection.send(b"x")

    thread = threading.Thread(target=serve)
    thread.start()
    with listener, python(script) as client:
        try:
            yield client.pid
        finally:
            stop.set()
    thread.join()


def stolen():
    """(time, CPU seconds that the hypervisor took so far)."""
    return time.monotonic(), int(read("/proc/stat").split(None, 9)[8]) / os.sysconf("SC_CLK_TCK")


def check_steal(found, before, after):
    """No machine can be made to be stolen from; but where one is, its windows say so, and the others do not."""
    part = (after[1] - before[1]) / (after[0] - before[0]) / os.cpu_count()
    said = any(finding["id"] == "cpu-steal" for finding in found["findings"])
    if said != (part >= STEAL) and abs(part - STEAL) > STEAL / 2:
        raise AssertionError(f"steal is {part:.3f} of the time by /proc/stat, and cpu-steal {'said' if said else 'not said'}")
    if said:
        report.note(f"steal {part:.3f} by /proc/stat")


def diagnose(seconds, *more, statuses=(0,)):
    before = stolen()
    result = product.run("diagnose", "-d", seconds, "--json", *more)
    if result.status not in statuses:
        raise AssertionError(f"it ended with {result.status}: {result.err.decode()!r}")
    found = schema.parse(result.out)
    schema.check_fields(found, HEAD, "head")
    ranks = [SEVERITIES.index(finding["severity"]) for finding in found["findings"]]
    if ranks != sorted(ranks, reverse=True):
        raise AssertionError(f"not the worst first: {ranks}")
    check_steal(found, before, stolen())
    for finding in found["findings"]:
        schema.check_fields(finding, FINDING, finding.get("id"))
        if not finding["evidence"] or not finding["advice"]:
            raise AssertionError(f"no evidence or no advice: {finding}")
        report.note(f"{finding['severity']} {finding['id']}: {finding['text']}")
    return found
