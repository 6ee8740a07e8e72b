#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The interpreter's lock is found wherever the interpreter lies: deleted, replaced, stripped, loaded late, in a container.

All of them run beside each other, three threads that compute in each; none but one has the lock at a time. The twin
is a program that waits just like that, with no interpreter in it.
"""

import glob
import os
import shutil
import struct
import subprocess
import sys
import sysconfig
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, workloads  # noqa: E402

SPIN = """
import threading
def spin():
    n = 0
    while True:
        n += 1
for _ in range(3):
    threading.Thread(target=spin, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

# Three threads that wait for 5 ms at a time, by the same clock and in the same call as who wants the lock.
TIMED = """
import threading
def wait():
    lock = threading.Lock()
    lock.acquire()
    while True:
        lock.acquire(timeout=0.005)
for _ in range(3):
    threading.Thread(target=wait, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
"""

# Ruby's threads: who computes all the time; who computes in turn, as in the twin, where each waits for the one before it; and
# who has next to nothing to do.
RUBY = """
def burn(seconds)
  limit = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
  nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < limit
end
queues = Array.new(4) { Queue.new }
4.times do |i|
  Thread.new do
    loop do
      case ARGV[0]
      when 'spin' then burn(10)
      when 'turns' then queues[i].pop; burn(0.02); queues[(i + 1) % 4].push(0)
      when 'fed' then queues[i].pop
      end
    end
  end
end
queues[0].push(0)
STDOUT.sync = true
puts 'ready'
sleep unless ARGV[0] == 'fed'
loop { sleep 0.01; queues.each { |q| q.push(0) } }
"""

# $1: an empty folder; the rest: a command. /usr is a layer over the host's, all else is its own.
CONTAINER = """
set -e
mount -t tmpfs none "$1"
mkdir -p "$1/upper" "$1/work" "$1/root/usr" "$1/root/proc" "$1/root/tmp"
mount -t overlay overlay -o "lowerdir=/usr,upperdir=$1/upper,workdir=$1/work" "$1/root/usr"
for name in lib lib64 bin; do ln -s "usr/$name" "$1/root/$name"; done
cp "$0" "$1/root/tmp/embed"
root=$1/root
shift
exec chroot "$root" "$@"
"""


def debian_python():
    """One that has its runtime in the executable, if there is one."""
    path = os.path.realpath("/usr/bin/python3")
    return path if os.path.exists(path) else sys.executable


def libpython():
    """A library that can be loaded, and the home of what belongs to it; None: there is none."""
    for path in sorted(glob.glob("/usr/lib/*/libpython3*.so.1.0") + glob.glob("/usr/lib64/libpython3*.so.1.0")):
        return path, None
    name = sysconfig.get_config_var("INSTSONAME") or ""
    path = os.path.join(sysconfig.get_config_var("LIBDIR"), name)
    return (path, sys.base_prefix) if ".so" in name and os.path.exists(path) else None


class Started:
    def __init__(self, command, home=None):
        environment = dict(os.environ, PYTHONHOME=home) if home else os.environ
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
        self.pid = self.process.pid

    def ready(self):
        workloads.Lines(self.process.stdout.fileno()).next()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Interpreters(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()
        cls.folder = paths.DiskFolder()
        cls.addClassCleanup(cls.folder.remove)
        cls.library = libpython()

    def start(self, *command, home=None):
        started = Started(command, home)
        self.addCleanup(started.stop)
        return started

    def copy(self, path, name):
        return shutil.copy(path, self.folder.file(name))

    def test_executables_that_lie(self):
        """The kernel runs what has sound program headers; whoever looks for symbols finds something else."""
        with open(paths.workload(), "rb") as file:
            sound = file.read()
        headers = struct.unpack_from("<Q", sound, 40)[0]
        size, count = struct.unpack_from("<HH", sound, 58)
        symbols = next(at for at in range(headers, headers + size * count, size)
                       if struct.unpack_from("<I", sound, at + 4)[0] == 11)  # SHT_DYNSYM
        lies = [[(40, "<Q", 1 << 62)], [(40, "<Q", 1)], [(60, "<H", 65535)], [(58, "<H", 0)],
                [(60, "<H", 0), (headers + 32, "<Q", 1 << 60)], [(symbols + 24, "<Q", (1 << 64) - 8)],
                [(symbols + 32, "<Q", 1 << 40)], [(symbols + 56, "<Q", 0)], [(symbols + 56, "<Q", 1)],
                [(symbols + 40, "<I", 0xffffffff)], [(headers + 4, "<I", 11)]]
        started = []
        for number, lie in enumerate(lies):
            path = self.folder.file(f"lie-{number}")
            with open(path, "wb") as file:
                content = bytearray(sound)
                for offset, form, value in lie:
                    struct.pack_into(form, content, offset, value)
                file.write(content)
            os.chmod(path, 0o755)
            started.append(self.start(path, "parked", "2"))
        for one in started:
            one.ready()
        frame = product.run_json("classify", "-d", "0.5", "--json", *[one.pid for one in started])
        for one in started:
            process = product.find(frame, one.pid)
            self.assertEqual(("idle", "event"), (process["verdict"], process["cause"]), process["share"])

    def test_wherever_it_lies(self):
        python, embed = debian_python(), paths.workload("embed")
        deleted = self.copy(python, "deleted")
        replaced = self.copy(python, "replaced")
        stripped = self.copy(python, "stripped")
        subprocess.run(["strip", stripped], check=True)
        box = self.folder.file("box")
        os.mkdir(box)
        inside = ["unshare", "--mount", "--propagation", "private", "sh", "-c", CONTAINER, embed, box]
        started = {
            "deleted": self.start(deleted, "-c", SPIN),
            "replaced": self.start(replaced, "-c", SPIN),
            "stripped": self.start(stripped, "-c", SPIN),
            "in a container": self.start(*inside, python, "-c", SPIN),
            "exec by a thread": self.start(python, "-c", "import os, sys, threading\nthreading.Thread(target=os.execv, "
                                           "args=(sys.executable, [sys.executable, '-c', sys.argv[1]])).start()\n"
                                           "threading.Event().wait()", SPIN),
        }
        if self.library:
            path, home = self.library
            # By a name that says nothing, and gone.
            plugin = self.copy(path, "plugin.so")
            started["loaded late"] = self.start(embed, path, SPIN, home=home)
            started["loaded late, deleted"] = self.start(embed, plugin, SPIN, home=home)
        timed = self.start(python, "-c", TIMED)
        for one in [*started.values(), timed]:
            one.ready()
        os.unlink(deleted)
        shutil.copy("/bin/true", replaced + ".new")
        os.rename(replaced + ".new", replaced)
        if self.library:
            os.unlink(plugin)
        frame = product.run_json("classify", "-d", "1.5", "--json", timed.pid, *[one.pid for one in started.values()])
        for name, one in started.items():
            share = product.find(frame, one.pid)["share"]
            report.note(f"{name}: gil {share['gil']:.2f}, run queue {share['run-queue']:.2f}, event {share['event']:.2f}")
            with self.subTest(name):
                # One of three has it; they wait for a CPU, too, and the main thread for ever.
                self.assertGreater(share["gil"], 0.3 * (1 - share["run-queue"] - share["event"]))
                self.assertLess(share["event"], 0.6)
        self.assertLess(product.find(frame, timed.pid)["share"]["gil"], 0.02)
        if not self.library:
            raise report.CannotRun("no libpython", "no interpreter to load late")

    def test_ruby(self):
        ruby = shutil.which("ruby")
        if not ruby:
            raise report.CannotRun("no Ruby", "no lock of its to wait for")
        started = {what: self.start(ruby, "-e", RUBY, what) for what in ("spin", "turns", "fed")}
        for one in started.values():
            one.ready()
        judged = {}
        for what, one in started.items():
            judged[what] = product.classify(one.pid, 2)
            report.note(f"{what}: {judged[what]['verdict']}/{judged[what]['cause']}, "
                        f"{ {k: round(v, 2) for k, v in judged[what]['share'].items() if v} }")
        # Three of four wait for it, and the main thread.
        self.assertEqual(("lock-bound", "gil"), (judged["spin"]["verdict"], judged["spin"]["cause"]))
        self.assertGreater(judged["spin"]["share"]["gil"], 0.5 * (1 - judged["spin"]["share"]["run-queue"]))
        # Nobody wants it while another has it, but for a moment; together they do the work of one.
        self.assertLess(judged["turns"]["share"]["gil"], 0.2)
        self.assertEqual(("cpu-bound", "user"), (judged["turns"]["verdict"], judged["turns"]["cause"]))
        self.assertLess(judged["fed"]["share"]["gil"], 0.1)
        self.assertIn(judged["fed"]["verdict"], ("idle", "waiting"))


if __name__ == "__main__":
    report.main()
