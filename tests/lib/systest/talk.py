# SPDX-License-Identifier: GPL-2.0-or-later
"""Two processes that talk by a socket."""

import os
import subprocess
import tempfile

from . import workloads

PYTHON = "/usr/bin/python3"  # that a plain user may run

# Two processes, a socket between them: `ask` waits for an answer for ever, `serve` has the other end.
TALK = r"""
import ctypes, fcntl, os, signal, socket, struct, sys, time
kind, folder = sys.argv[1:]

def comm(name):
    ctypes.CDLL(None).prctl(15, name.encode(), 0, 0, 0)

def own_network():
    # Nothing but a loopback device, with a network beside its own address.
    if ctypes.CDLL(None).unshare(0x40000000):
        sys.exit("no namespace")
    s = socket.socket()
    address = struct.pack("16s2sH4s8x", b"lo", b"", 0, b"")
    for call, name, value in ((0x8914, b"lo", struct.pack("h", 1)), (0x8916, b"lo:1", struct.pack("=H2x4s", 2, bytes([198, 51, 100, 1]))),
                              (0x891c, b"lo:1", struct.pack("=H2x4s", 2, bytes([255, 255, 255, 0])))):
        fcntl.ioctl(s, call, struct.pack("16s16s8x", name, value))
    s.close()

if kind in ("namespace", "remote"):
    own_network()
path = f"{folder}/socket"
spare = None
if kind == "pair":
    mine, spare = socket.socketpair()
elif kind in ("unix", "abstract"):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path if kind == "unix" else "\0boundtop" + path)
    listener.listen()
elif kind == "datagrams":
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
elif kind == "udp":
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind(("127.0.0.1", 0))
elif kind == "tcp6":
    listener = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
elif kind != "remote":
    listener = socket.create_server(("127.0.0.1", 0))

parent = os.getpid()
told, tell = os.pipe()
asker = os.fork()
if not asker:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    comm("ask")
    if kind == "pair":
        # Both have both ends, as a shell's children have each other's pipes.
        own = mine
    elif kind == "remote":
        own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        own.connect(("198.51.100.77", 4711))
    else:
        own = socket.socket(socket.AF_INET if listener.family == socket.AF_INET6 else listener.family, listener.type)
        if kind == "datagrams":
            own.bind(path + ".ask")
        own.connect(("127.0.0.1", listener.getsockname()[1]) if listener.family == socket.AF_INET6 else listener.getsockname())
    os.write(tell, b"%d\n" % os.fstat(own.fileno()).st_ino)
    while kind not in ("pair", "remote"):
        own.send(b"?")
        own.recv(1)
    own.recv(1)
comm("serve")
ino = int(os.read(told, 64))
if kind == "pair":
    served = spare.fileno()
elif kind in ("datagrams", "udp"):
    served = listener.fileno()
elif kind != "remote":
    own, _ = listener.accept()
    served = own.fileno()
print("ready", f"pid={parent}", f"asker={asker}", f"ino={ino}", f"served={0 if kind == 'remote' else os.fstat(served).st_ino}", flush=True)
while kind in ("unix", "abstract", "tcp", "tcp6", "namespace"):
    own.recv(1)
    time.sleep(0.02)
    own.send(b"!")
while kind in ("datagrams", "udp"):
    _, address = listener.recvfrom(1)
    time.sleep(0.02)
    listener.sendto(b"!", address)
signal.pause()
"""


class Talk:
    """Both processes; they end with the `with` block."""

    def __init__(self, kind, as_user=None):
        self.folder = tempfile.TemporaryDirectory(prefix="boundtop-peers-")
        os.chmod(self.folder.name, 0o777)
        self.process = subprocess.Popen([PYTHON, "-c", TALK, kind, self.folder.name], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **(as_user or {"preexec_fn": workloads.favour}))

    def __enter__(self):
        try:
            self.facts = workloads.parse_facts(workloads.Lines(self.process.stdout.fileno()).next().decode())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.folder.cleanup()
