#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Python programs of one shape each: shapes.py NAME [ARGUMENT…]. Prints "ready key=value…" and goes on until killed."""

import asyncio
import concurrent.futures
import ctypes
import fcntl
import hashlib
import mmap
import multiprocessing
import multiprocessing.pool
import os
import queue
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time


def ready(**facts):
    print("ready", *[f"{key}={value}" for key, value in facts.items()], flush=True)


def spin(seconds=1e9):
    """CPU time of this thread, in Python alone."""
    end = time.thread_time() + seconds
    n = 0
    while time.thread_time() < end:
        for _ in range(50):
            n += 1
    return n


def forever(function, *args):
    while True:
        function(*args)


def child(function, *args):
    process = multiprocessing.Process(target=function, args=args, daemon=True)
    process.start()
    return process


def thread(function, *args):
    one = threading.Thread(target=function, args=args, daemon=True)
    one.start()
    return one


def park():
    while True:
        signal.pause()


# The same CPU work by threads, by processes, by an event loop.

def threads_cpu(count):
    for _ in range(int(count)):
        thread(spin)
    ready()
    park()


def processes_cpu(count):
    children = [child(spin) for _ in range(int(count))]
    ready(worker=children[0].pid)
    for one in children:
        one.join()


def asyncio_cpu():
    async def work():
        while True:
            spin(0.005)
            await asyncio.sleep(0)

    async def main():
        ready()
        await asyncio.gather(*[work() for _ in range(4)])
    asyncio.run(main())


def hash_threads(count):
    def work():
        data = bytes(1 << 22)
        while True:
            hashlib.sha256(data).digest()
    for _ in range(int(count)):
        thread(work)
    ready()
    park()


# The same requests over TCP by threads, by processes, by an event loop. The server answers after 5 ms.

def server(delay_s, work_s="0"):
    async def serve(reader, writer):
        try:
            while await reader.readexactly(1):
                await asyncio.sleep(float(delay_s))
                if float(work_s):
                    spin(float(work_s))
                writer.write(b".")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass

    async def main():
        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        ready(port=listener.sockets[0].getsockname()[1])
        await listener.serve_forever()
    asyncio.run(main())


def ask(port, pause_s=0.0):
    with socket.create_connection(("127.0.0.1", int(port))) as one:
        while True:
            one.sendall(b".")
            one.recv(1)
            if pause_s:
                time.sleep(pause_s)


def client(port, pause_s="0"):
    ready()
    ask(port, float(pause_s))


def threads_io(port):
    for _ in range(4):
        thread(ask, port)
    ready()
    park()


def processes_io(port):
    children = [child(ask, port) for _ in range(4)]
    ready(worker=children[0].pid)
    park()


def asyncio_io(port):
    async def work():
        reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
        while True:
            writer.write(b".")
            await reader.readexactly(1)

    async def main():
        ready()
        await asyncio.gather(*[work() for _ in range(4)])
    asyncio.run(main())


def asyncio_idle():
    async def main():
        await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        ready()
        await asyncio.Event().wait()
    asyncio.run(main())


def asyncio_pipe(kind):
    """Reads what a child writes, which computes or sleeps between two lines."""
    async def main():
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "ticker", kind, stdout=asyncio.subprocess.PIPE)
        ready(child=process.pid)
        while await process.stdout.readline():
            pass
    asyncio.run(main())


def ticker(kind):
    while True:
        spin(0.01) if kind == "busy" else time.sleep(0.02)
        os.write(1, b"tick\n")


# Waits for one of many.

def poll_for(files, serve):
    """serve() with each of the files that has something to read."""
    poll = select.poll()
    for file in files:
        poll.register(file, select.POLLIN)
    while True:
        for number, _ in poll.poll():
            serve(number)


def select_replies(port, count):
    """So many connections, and a question on its way on each of them."""
    connections = [socket.create_connection(("127.0.0.1", int(port))) for _ in range(int(count))]
    for connection in connections:
        connection.sendall(b"?")
    ready()
    while True:
        for connection in select.select(connections, [], [])[0]:
            connection.recv(100)
            connection.sendall(b"?")


def poll_server(count):
    """Serves so many clients, of one process that sleeps between the requests."""
    listener = socket.create_server(("127.0.0.1", 0))
    clients = [socket.create_connection(listener.getsockname()) for _ in range(int(count))]
    accepted = {}
    for _ in clients:
        connection, _ = listener.accept()
        accepted[connection.fileno()] = connection

    def ask():
        while True:
            for client in clients:
                client.sendall(b"?")
            time.sleep(0.05)
    child(ask)
    for client in clients:
        client.close()
    ready()
    poll_for([listener, *accepted.values()], lambda number: accepted[number].recv(100))


def poll_pipes(kind, count):
    """So many pipes; into one of them a child writes, which computes or sleeps between two lines."""
    ends = [os.pipe() for _ in range(int(count))]

    def write():
        while True:
            spin(0.01) if kind == "busy" else time.sleep(0.02)
            os.write(ends[0][1], b"tick\n")
    child(write)
    ready()
    poll_for([read for read, _ in ends], lambda number: os.read(number, 100))


def poll_signals(kind):
    """Pipes of which nothing comes; a child computes, and then sends a signal, or connects to a socket that is among them."""
    ends = [os.pipe() for _ in range(2)]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("listener")
    listener.listen()
    parent = os.getpid()
    signal.signal(signal.SIGUSR1, lambda *_: None)

    def disturb():
        while True:
            spin(0.1)
            if kind == "signal":
                os.kill(parent, signal.SIGUSR1)
            else:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect("listener")
    child(disturb)
    ready()
    poll_for([listener, *(read for read, _ in ends)], lambda _: listener.accept()[0].close())


# Pools: idle, fed slowly, saturated.

def feed(submit, kind, work_s):
    if kind == "idle":
        park()
    while True:
        if kind == "slow":
            submit(1)
            time.sleep(0.1)
        else:
            submit(16)


def task(seconds):
    spin(seconds)
    return os.getpid()


def pool(kind):
    with multiprocessing.Pool(2) as workers:
        worker = workers.map(task, [0.05] * 4)[0]
        ready(worker=worker)
        feed(lambda count: workers.map(task, [0.025] * count, 1), kind, 0.025)


def process_pool(kind, count="2"):
    with concurrent.futures.ProcessPoolExecutor(int(count)) as workers:
        worker = list(workers.map(task, [0.05] * 2 * int(count)))[0]
        ready(worker=worker)
        feed(lambda count: list(workers.map(task, [0.025] * count)), kind, 0.025)


def thread_pool(kind):
    with concurrent.futures.ThreadPoolExecutor(4) as workers:
        list(workers.map(task, [0.01] * 8))
        ready()
        feed(lambda count: list(workers.map(task, [0.025] * count)), kind, 0.025)


def thread_pool_1(kind):
    """One worker, so that its share is that of the work."""
    with concurrent.futures.ThreadPoolExecutor(1) as workers:
        list(workers.map(task, [0.01] * 4))
        ready()
        feed(lambda count: list(workers.map(task, [0.025] * count)), kind, 0.025)


# Fork and spawn.

def short_processes(method):
    context = multiprocessing.get_context(method)
    ready()
    while True:
        one = context.Process(target=spin, args=(0.3 if method == "spawn" else 0.1,))
        one.start()
        one.join()


# Messages between processes, small and large; the slower side decides.

def messages(size, slow):
    receive, send = multiprocessing.Pipe(duplex=False)
    data = bytes(int(size))

    def produce():
        while True:
            if slow == "producer":
                spin(0.01)
            elif slow == "idle":
                time.sleep(0.05)
            send.send_bytes(data)

    def consume():
        while True:
            receive.recv_bytes()
            if slow == "consumer":
                spin(0.01)

    producer, consumer = child(produce), child(consume)
    ready(producer=producer.pid, consumer=consumer.pid)
    park()


def shared_memory(kind):
    """A buffer in shared memory, filled by one and read by another; semaphores tell when."""
    buffer = multiprocessing.RawArray(ctypes.c_char, 1 << 16)
    filled, emptied = multiprocessing.Semaphore(0), multiprocessing.Semaphore(1)

    def produce():
        while True:
            emptied.acquire()
            spin(0.01) if kind == "busy" else time.sleep(0.05)
            buffer[0:4] = b"data"
            filled.release()

    def consume():
        while True:
            filled.acquire()
            buffer[0:4]
            emptied.release()

    producer, consumer = child(produce), child(consume)
    ready(producer=producer.pid, consumer=consumer.pid)
    park()


def lock_processes(count):
    lock = multiprocessing.Lock()

    def work():
        while True:
            with lock:
                spin(0.005)
    children = [child(work) for _ in range(int(count))]
    ready(worker=children[0].pid)
    park()


def lock_threads(hold):
    """A threading.Lock, held while asleep, or while something is written to the disk: no GIL is held then."""
    lock = threading.Lock()

    def work(number):
        path = f"held-{number}"
        fd = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        while True:
            with lock:
                if hold == "sleep":
                    time.sleep(0.005)
                else:
                    os.pwrite(fd, bytes(1 << 20), 0)
                    os.fsync(fd)
    for number in range(6):
        thread(work, number)
    ready()
    park()


def queue_threads():
    """A consumer of a queue that a thread of the same process feeds now and then."""
    q = queue.Queue()

    def consume():
        while q.get():
            pass
    thread(consume)
    ready()
    while True:
        q.put(1)
        time.sleep(0.05)


def both_work(channel):
    """Two processes that answer each other; each works for as long as the other."""
    if channel == "unix":
        ours, theirs = socket.socketpair()
    elif channel == "tcp":
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs = listener.accept()[0]
    else:
        there, back = os.pipe(), os.pipe()

    def turn(inbound, outbound):
        while True:
            os.read(inbound, 1)
            spin(0.005)
            os.write(outbound, b".")
    if channel == "pipe":
        other = child(turn, there[0], back[1])
        ready(other=other.pid)
        os.write(there[1], b".")
        turn(back[0], there[1])
    other = child(turn, theirs.fileno(), theirs.fileno())
    ready(other=other.pid)
    os.write(ours.fileno(), b".")
    turn(ours.fileno(), ours.fileno())


def both_work_shm():
    there, back = multiprocessing.Semaphore(0), multiprocessing.Semaphore(1)

    def turn(inbound, outbound):
        while True:
            inbound.acquire()
            spin(0.005)
            outbound.release()
    other = child(turn, there, back)
    ready(other=other.pid)
    turn(back, there)


# Files.

def read_and_work(path):
    """On the CPU for as long as it waits for the disk, what the reading itself takes included."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECT)
    size = os.fstat(fd).st_size
    buffer = mmap.mmap(-1, 4 << 20)
    n = 1
    ready()
    while True:
        n = (n * 1103515245 + 12345) & 0x7fffffff
        wall, cpu = time.monotonic(), time.thread_time()
        os.preadv(fd, [buffer], n % (size // len(buffer)) * len(buffer))
        cpu = time.thread_time() - cpu
        spin(time.monotonic() - wall - 2 * cpu)


def reader(path, kind):
    """Random blocks, from the disk or from the page cache."""
    fd = os.open(path, os.O_RDONLY | (os.O_DIRECT if kind == "direct" else 0))
    size = os.fstat(fd).st_size
    buffer = mmap.mmap(-1, 1 << 20)
    n = 1
    if kind == "cached":
        while os.readv(fd, [buffer]):
            pass
    ready()
    while True:
        n = (n * 1103515245 + 12345) & 0x7fffffff
        os.preadv(fd, [buffer], n % (size // len(buffer)) * len(buffer))


def fsyncs(threads):
    def work(number):
        fd = os.open(f"log-{number}", os.O_CREAT | os.O_WRONLY, 0o600)
        while True:
            # Records behind each other, as logs are written: then the journal waits for the disk, too.
            os.write(fd, bytes(4096))
            os.fsync(fd)
    for number in range(int(threads)):
        thread(work, number)
    ready()
    park()


def database(synchronous):
    db = sqlite3.connect("db", isolation_level=None)
    db.execute(f"PRAGMA synchronous={synchronous}")
    if synchronous == "OFF":
        db.execute("PRAGMA journal_mode=MEMORY")
    db.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT)")
    ready()
    n = 0
    while True:
        n += 1
        db.execute("INSERT OR REPLACE INTO t VALUES (?, zeroblob(400000))", (n % 20,))


def mapping(path):
    """Touches pages of a file that are not in memory."""
    fd = os.open(path, os.O_RDONLY)
    size = os.fstat(fd).st_size
    pages = mmap.mmap(fd, size, mmap.MAP_SHARED, mmap.PROT_READ)
    n = 1
    ready()
    while True:
        pages.madvise(mmap.MADV_DONTNEED)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        for _ in range(500):
            n = (n * 1103515245 + 12345) & 0x7fffffff
            pages[n % size]


def file_locks(kind):
    def work():
        fd = os.open("lock", os.O_CREAT | os.O_RDWR, 0o600)
        lock = fcntl.flock if kind == "flock" else fcntl.lockf
        while True:
            lock(fd, fcntl.LOCK_EX)
            spin(0.005)
            lock(fd, fcntl.LOCK_UN)
    children = [child(work) for _ in range(4)]
    ready(worker=children[0].pid)
    park()


# Waiting for others, or for nothing.

def runs(kind):
    ready()
    while True:
        if kind == "wait":
            subprocess.run(["sleep", "0.5"], check=True)
        else:
            subprocess.run([sys.executable, "-S", "-E", __file__, "burn"], stdout=subprocess.PIPE, check=True)


def burn():
    spin(0.5)
    print("done")


def sleeps(work_s, pause_s):
    ready()
    while True:
        if float(work_s):
            spin(float(work_s))
        time.sleep(float(pause_s))


def timers():
    async def main():
        ready()
        while True:
            await asyncio.sleep(0.02)
    asyncio.run(main())


def loop_hogged():
    """An event loop whose callbacks compute for a fifth of the time."""
    async def main():
        ready()
        while True:
            spin(0.02)
            await asyncio.sleep(0.08)
    asyncio.run(main())


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
