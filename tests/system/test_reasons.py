#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a process waits for, in the less common ways to wait; most with a twin that waits alike for something else.

All of them are started while boundtop runs and wait beside each other. The witness is the kernel's own word for the call
that a thread is in, /proc/PID/syscall.
"""

import glob
import os
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, workloads  # noqa: E402

INTERVAL_S = 1

PYTHON = """
import ctypes, fcntl, mmap, os, pty, signal, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def burn(s):
    end = time.perf_counter() + s
    while time.perf_counter() < end:
        pass
def child(work):
    if not os.fork():
        libc.prctl(1, 9)  # PR_SET_PDEATHSIG
        while True:
            work()
def tcp():
    listener = socket.create_server(("127.0.0.1", 0))
    return socket.create_connection(listener.getsockname()), listener.accept()[0]
def file():
    f = os.memfd_create("file")
    os.truncate(f, 1 << 24)
    return f
def locked(kind, value):
    mutex, attributes = ctypes.create_string_buffer(64), ctypes.create_string_buffer(16)
    libc.pthread_mutexattr_init(attributes)
    getattr(libc, "pthread_mutexattr_set" + kind)(attributes, value)
    libc.pthread_mutex_init(mutex, attributes)
    taken = threading.Event()
    threading.Thread(target=lambda: (libc.pthread_mutex_lock(mutex), taken.set(), libc.pause()), daemon=True).start()
    taken.wait()
    return mutex
print("ready", flush=True)
"""

# name: script, where a thread of it waits by the kernel's word, and what it is bound by
SCRIPTS = {
    "a splice into a full socket": ("""
a, b = tcp(); r, w = os.pipe()
child(lambda: os.write(w, bytes(60000)))
while True: os.splice(r, a.fileno(), 65536)""", "splice", "network"),
    "a poll for room in a full pipe": ("""
import select
r, w = os.pipe(); os.set_blocking(w, False)
child(lambda: (time.sleep(0.02), os.read(r, 65536)))
p = select.poll(); p.register(w, select.POLLOUT)
while True:
    p.poll()
    try: os.write(w, bytes(65536))
    except BlockingIOError: pass""", "poll", "ipc"),
    "a FIFO that nobody opens": ("""
path = "/tmp/boundtop-reasons-%d" % os.getpid(); os.mkfifo(path)
if not os.fork():
    time.sleep(0.3); os.unlink(path); os._exit(0)
os.open(path, os.O_RDONLY)""", "openat", "event"),
    "a server whose client computes": ("""
listener = socket.socket(socket.AF_UNIX); listener.bind("\\0reasons%d" % os.getpid()); listener.listen()
s = socket.socket(socket.AF_UNIX); s.connect(listener.getsockname()); server = listener.accept()[0]
child(lambda: (burn(0.005), s.send(b"x")))
while True: server.recv(1)""", "recvfrom", "event"),
    "a splice out of an empty pipe": ("""
a, b = tcp(); r, w = os.pipe()
child(lambda: (burn(0.005), os.write(w, b"x")))
child(lambda: b.recv(100))
while True: os.splice(r, a.fileno(), 65536)""", "splice", "ipc"),
    "sendfile into a socket": ("a, b = tcp(); f = file()\nwhile True: os.sendfile(a.fileno(), f, 0, 1 << 20)",
                               "sendfile", "network"),
    "sendfile into a unix socket": ("a, b = socket.socketpair(); f = file()\n"
                                    "while True: os.sendfile(a.fileno(), f, 0, 1 << 20)", "sendfile", "ipc"),
    "sendfile into a pipe": ("r, w = os.pipe(); f = file()\nwhile True: os.sendfile(w, f, 0, 1 << 20)", "sendfile", "ipc"),
    "a terminal that is read": ("m, s = pty.openpty()\nos.read(s, 1)", "read", "event"),
    "a terminal that is written": ("m, s = pty.openpty()\nwhile True: os.write(s, bytes(4096))", "write", "ipc"),
    "vmsplice into a full pipe": ("""
r, w = os.pipe(); data = ctypes.create_string_buffer(65536)
part = (ctypes.c_ulong * 2)(ctypes.addressof(data), 65536)
while True: libc.vmsplice(w, part, 1, 0)""", "vmsplice", "ipc"),
    "a full unix socket": ("a, b = socket.socketpair()\nwhile True: a.send(bytes(4096))", "sendto", "ipc"),
    "a full socket that was accepted": ("a, b = tcp()\nwhile True: b.send(bytes(65536))", "sendto", "network"),
    "a full queue": ("q = libc.msgget(0, 0o1600); m = ctypes.create_string_buffer(b'\\1' + bytes(4000))\n"
                     "while True: libc.msgsnd(q, m, 3000, 0)", "msgsnd", "ipc"),
    "an empty queue, its sender at work": ("""
q = libc.msgget(0, 0o1600); m = ctypes.create_string_buffer(b"\\1" + bytes(100))
child(lambda: (burn(0.005), libc.msgsnd(q, m, 50, 0)))
while True: libc.msgrcv(q, m, 50, 0, 0)""", "msgrcv", "ipc"),
    "an empty queue, its sender asleep": ("""
q = libc.msgget(0, 0o1600); m = ctypes.create_string_buffer(b"\\1" + bytes(100))
child(lambda: (time.sleep(0.02), libc.msgsnd(q, m, 50, 0)))
while True: libc.msgrcv(q, m, 50, 0, 0)""", "msgrcv", "event"),
    "a robust mutex": ("libc.pthread_mutex_lock(locked('robust', 1))", "futex", "lock"),
    "a mutex with inheritance": ("libc.pthread_mutex_lock(locked('protocol', 1))", "futex", "lock"),
    "a lock on an open file": ("""
f = file(); whole = struct.pack("hhqqi", 1, 0, 0, 0, 0); fcntl.fcntl(f, 37, whole)
fcntl.fcntl(os.open(f"/proc/self/fd/{f}", os.O_RDWR), 38, whole)""", "fcntl", "lock"),
    "a timer that is read": ("t = libc.timerfd_create(1, 0); libc.timerfd_settime(t, 0, struct.pack('4q', 0, 20000000, 0, "
                             "20000000), None)\nwhile True: os.read(t, 8)", "read", "sleep"),
    "a child that shares the address space": ("""
stack = ctypes.create_string_buffer(1 << 16)
libc.clone(ctypes.cast(libc.pause, ctypes.c_void_p), ctypes.c_void_p(ctypes.addressof(stack) + (1 << 16) - 64),
           0x4100 | signal.SIGCHLD, None)""", "clone", "child"),
}

# Unix sockets whose reader has waited since before boundtop began: the server's part, the client's, which of them is
# judged, and for what it waits.
SERVED = {
    "a server at work, read": ("burn(1e9)", "a.recv(1)", "client", "ipc"),
    "a server at work, polled": ("burn(1e9)", "poll(a).poll()", "client", "ipc"),
    "a server at work, with an epoll instance": ("e = epoll(b); burn(1e9)", "a.recv(1)", "client", "ipc"),
    "a server that reads": ("b.recv(1)", "a.recv(1)", "client", "event"),
    "a server that polls": ("poll(b).poll()", "poll(a).poll()", "client", "event"),
    "a server in epoll_wait": ("epoll(b).poll()", "a.recv(1)", "client", "event"),
    "a server that no client asks": ("b.recv(1)", "burn(1e9)", "server", "event"),
    "one of a pair of sockets": ("burn(1e9)", "pair[0].recv(1)", "client", "event"),
}
SERVER = """
import select
def poll(s):
    p = select.poll(); p.register(s, 1); return p
def epoll(s):
    e = select.epoll(); e.register(s, 1); return e
path = sys.argv[1]
pair = socket.socketpair()
listener = socket.socket(socket.AF_UNIX); listener.bind(path); listener.listen()
client = os.fork()
if not client:
    libc.prctl(1, 9)
    a = socket.socket(socket.AF_UNIX); a.connect(path)
    {client}
b = listener.accept()[0]
print(client, flush=True)
{server}
"""

RINGS = {"client": "network", "server": "event", "busy": "ipc", "idle": "event", "timer": "event", "file": "disk"}
THREADS = {"mutex": "lock", "rwlock": "lock", "condition": "event", "semaphore": "event", "join": "event"}

# $1: a folder. One file; the daemon works before each answer, and the child reads, or touches a mapping.
FUSE = """
import ctypes, mmap, os, struct, sys, time
libc = ctypes.CDLL(None, use_errno=True)
folder, mapped = sys.argv[1], sys.argv[2] == "mapped"
device = os.open("/dev/fuse", os.O_RDWR)
if libc.mount(b"slow", folder.encode(), b"fuse", 6, b"fd=%d,rootmode=40000,user_id=0,group_id=0" % device):
    sys.exit(os.strerror(ctypes.get_errno()))
reader = os.fork()
if not reader:
    os.close(device)
    libc.prctl(1, 9)
    file = os.open(folder + "/file", os.O_RDONLY)
    print("ready", os.getpid(), os.getppid(), flush=True)
    while not mapped:
        os.pread(file, 4096, 0)
    pages = mmap.mmap(file, 1 << 20, prot=mmap.PROT_READ)
    while True:
        for at in range(0, 1 << 20, 4096):
            pages[at]
        pages.madvise(mmap.MADV_DONTNEED)
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
def attributes(node):
    mode = 0o40755 if node == 1 else 0o100644
    return struct.pack("<6Q10I", node, 0 if node == 1 else 1 << 20, 8, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
INIT, LOOKUP, GETATTR, OPEN, READ, FORGET, INTERRUPT, BATCH_FORGET = 26, 1, 3, 14, 15, 2, 36, 42
while True:
    request = os.read(device, 1 << 18)
    _, operation, unique, node = struct.unpack_from("<IIQQ", request)
    answer, error = b"", 0
    if operation == INIT:
        answer = struct.pack("<IIIIHHIIHHI", 7, 31, 1 << 17, 0, 16, 12, 1 << 16, 1, 0, 0, 0) + bytes(28)
    elif operation == LOOKUP:
        answer = struct.pack("<4QII", 2, 0, 0, 0, 0, 0) + attributes(2)
    elif operation == GETATTR:
        answer = struct.pack("<QII", 0, 0, 0) + attributes(node)
    elif operation == OPEN:
        answer = struct.pack("<QII", 1, 0 if mapped else 1, 0)
    elif operation == READ:
        end = time.perf_counter() + 0.005
        while time.perf_counter() < end:
            pass
        answer = bytes(struct.unpack_from("<QQI", request, 40)[2])
    elif operation in (FORGET, BATCH_FORGET, INTERRUPT):
        continue
    else:
        error = -38
    os.write(device, struct.pack("<IiQ", 16 + len(answer), error, unique) + answer)
"""


def call_numbers():
    """{name: number}, by the C library's headers."""
    for path in glob.glob("/usr/include/*/asm/unistd_64.h") + glob.glob("/usr/include/asm/unistd_64.h"):
        with open(path, encoding="ascii") as header:
            return {name: int(number) for name, number in re.findall(r"__NR_(\w+) (\d+)", header.read())}
    return None


def calls_of(pid):
    """The numbers of the calls that its threads are in."""
    numbers = set()
    for tid in workloads.threads_of(pid):
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
            numbers.add(file.read().split()[0])
    return numbers


class Reasons(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)

    def start(self, command):
        """A process, and the words of its first line."""
        process = subprocess.Popen(["nice", "-n", "-15", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   start_new_session=True)

        def stop():
            try:
                os.killpg(process.pid, 9)
            except ProcessLookupError:
                pass
            process.wait()
            process.stdout.close()
        self.addCleanup(stop)
        workloads.set_autogroup_nice(process.pid, -15)
        return process.pid, workloads.Lines(process.stdout.fileno()).next().split()

    def watch(self, start):
        """What start() returns, and the first frame that is all of the time after it."""
        with product.Running("top", "-b", "--json", "-d", INTERVAL_S) as boundtop:
            boundtop.await_attached()
            started = start()
            return started, boundtop.frame_after(time.time())

    def expect(self, name, frame, pid, cause, share=0.5):
        """Of the time that it does not wait for a CPU."""
        process = product.find(frame, pid)
        shares = process["share"]
        waited = 1 - shares["run-queue"]
        report.note(f"{name}: {process['verdict']}/{process['cause']}, {cause} {shares[cause]:.2f} of {waited:.2f}")
        with self.subTest(name):
            self.assertGreater(shares[cause], share * waited, {k: v for k, v in shares.items() if v})
        return process

    def judge_scripts(self, frame, pids):
        numbers = call_numbers()
        for name, (_, call, cause) in SCRIPTS.items():
            # One of two threads may be what it is about.
            self.expect(name, frame, pids[name], cause, 0.45 if cause == "lock" else 0.6)
            if not numbers:
                continue
            with self.subTest(name):
                for _ in range(100):
                    if str(numbers[call]) in calls_of(pids[name]):
                        break
                    time.sleep(0.005)
                else:
                    self.fail(f"{calls_of(pids[name])}, never {numbers[call]} ({call})")

    def judge_libcs(self, frame, pids):
        for (program, what), pid in pids.items():
            process = self.expect(f"{os.path.basename(program)} {what}", frame, pid, THREADS[what], 0.7)
            if what == "join":
                self.assertEqual("idle", process["verdict"])
                self.assertGreater(process["share"]["child"], 0.1)

    def judge_files(self, frame, pids):
        for how, (reader, daemon) in pids.items():
            process = self.expect(f"a file of a daemon's that is {how}", frame, reader, "ipc")
            self.assertEqual(daemon, process["waits"][0]["waker_pid"])

    def test_calls(self):
        programs = [paths.workload("threads_glibc")]
        musl = os.path.join(os.path.dirname(programs[0]), "threads_musl")
        if os.path.exists(musl):
            programs.append(musl)
        folders = {how: self.folder.file(how) for how in ("read", "mapped")} if os.path.exists("/dev/fuse") else {}
        for folder in folders.values():
            os.mkdir(folder)
            self.addCleanup(subprocess.run, ["umount", "-l", folder], check=False)

        def start():
            scripts = {name: self.start([sys.executable, "-c", PYTHON + script])[0]
                       for name, (script, _, _) in SCRIPTS.items()}
            libcs = {(program, what): self.start([program, what])[0] for program in programs for what in THREADS}
            files = {how: [int(pid) for pid in self.start([sys.executable, "-c", FUSE, folder, how])[1][1:]]
                     for how, folder in folders.items()}
            return scripts, libcs, files
        (scripts, libcs, files), frame = self.watch(start)
        self.judge_scripts(frame, scripts)
        self.judge_libcs(frame, libcs)
        self.judge_files(frame, files)
        for program in programs:
            # What was asleep before boundtop started is looked at once more.
            process = product.classify(libcs[program, "join"], 0.3)
            self.assertEqual("idle", process["verdict"], process["share"])
            self.assertGreater(process["share"]["child"], 0.1)
        if len(programs) < 2:
            raise report.CannotRun("no musl", "only one libc to try")
        if not folders:
            raise report.CannotRun("no FUSE", "no file system to make")

    def test_found_asleep(self):
        """Whoever waits at the other end works for nobody; the witness is its state."""
        judged = {}
        for name, (server, client, who, _) in SERVED.items():
            script = PYTHON.replace('print("ready", flush=True)', SERVER.format(server=server, client=client))
            pid, words = self.start([sys.executable, "-c", script, self.folder.file(f"socket{len(judged)}")])
            parts = {"client": (int(words[0]), client), "server": (pid, server)}
            judged[name] = parts[who][0]
            for pid, part in parts.values():
                workloads.await_state([pid], "R" if "burn" in part else "S")
        frame = product.run_json("classify", "-d", 0.5, "-a", "--json")
        for name, (_, _, _, cause) in SERVED.items():
            self.expect(name, frame, judged[name], cause, 0.9)

    def test_rings(self):
        def start():
            return {(what, how): self.start([paths.workload(), "ring", what, how, self.folder.file(how)])[0]
                    for what in RINGS for how in ("plain", "deferred")}
        pids, frame = self.watch(start)
        for (what, how), pid in pids.items():
            if what == "file":
                # It computes as much as it waits, on a disk that is fast.
                shares = product.find(frame, pid)["share"]
                report.note(f"ring {what} {how}: disk {shares['disk']:.2f}, event {shares['event']:.2f}")
                self.assertGreater(shares["disk"], 10 * (shares["event"] + shares["ipc"] + shares["network"]))
            else:
                # Kernels before 6.4 give a pipe's read to a thread of the ring's, which is half of the process.
                self.expect(f"ring {what} {how}", frame, pid, RINGS[what], 0.45)


if __name__ == "__main__":
    report.main()
