# SPDX-License-Identifier: GPL-2.0-or-later
"""One virtual machine, from its start to what it had to say."""

import json
import os
import re
import subprocess
import time

from . import image

# Emulated by one thread: with one thread a CPU, attaching BPF programs brings stock kernels down, and so does /dev/kvm here.
QEMU = {
    "amd64": ("qemu-system-x86_64", "-accel", "tcg,thread=single", "-cpu", "max,cx16=off"),
    # A real model: "max" has pointers signed, which takes most of the time.
    "arm64": ("qemu-system-aarch64", "-accel", "tcg,thread=single", "-machine", "virt", "-cpu", "cortex-a76"),
}
# The machine's clock counts its instructions, 2 ns each, while it has any to execute: who emulates may have other things to do,
# which is not seen inside. Before 6.5 a kernel that starts the second CPU itself hangs then: it is brought online later.
CLOCK = ("-icount", "shift=1")
# The disk to work on, so that who waits for it does so for longer than it computes.
SLOW = ",throttling.iops-total=100"
# Two serial lines: what the kernel says, and the answers. The board for arm64 has one; another one comes as a card.
CONSOLE = {"amd64": "ttyS0", "arm64": "ttyAMA0"}
ANSWERS = {"amd64": "ttyS1", "arm64": "ttyS0"}
ANSWERS_LINE = {"amd64": ("-serial", "chardev:answers"), "arm64": ("-device", "pci-serial,chardev=answers")}

TROUBLE = re.compile(r"\b(WARNING:|BUG:|Oops|kernel BUG|Kernel panic|Call Trace|rcu.*(stall|self-detected)|soft lockup|"
                     r"hung_task|blocked for more than)")


class Result:
    """What the guest wrote line by line, and what its kernel said."""

    def __init__(self, kernel):
        self.kernel = kernel
        self.lines = {}
        self.console = ""
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self.ended = False

    def trouble(self):
        """Lines of the kernel's log that nobody wants to see."""
        return [line.strip() for line in self.console.splitlines() if TROUBLE.search(line)]


class Machine:
    def __init__(self, folder, kernel, arch, disks, busybox, options=(), counts=True):
        """counts: its clock is the number of its instructions."""
        self.result = Result(kernel)
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        initramfs = image.make_initramfs(folder, kernel, busybox)
        self.answers = os.path.join(folder, "answers")
        self.log = os.path.join(folder, "console")
        words = [f"console={CONSOLE[arch]}", f"bt.answers={ANSWERS[arch]}", "quiet", "panic=-1", "oops=panic", "no_timer_check",
                 *(["maxcpus=1"] if counts else []), *options]
        self.command = [
            *QEMU[arch], *(CLOCK if counts else ()), "-smp", "2", "-m", "1G", "-nodefaults", "-no-user-config", "-display", "none", "-monitor", "none",
            "-no-reboot", "-snapshot", "-serial", f"file:{self.log}",
            "-chardev", f"file,id=answers,path={self.answers}", *ANSWERS_LINE[arch],
            *(word for disk in disks for word in ("-drive", f"file={disk},format=raw,if=virtio{SLOW if disk != disks[0] else ''}")),
            "-kernel", kernel.image, "-initrd", initramfs,
            "-append", " ".join(words)]
        self.process = None
        self.since = 0.0

    def start(self):
        self.since = time.monotonic()
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        return self

    def cpu_seconds(self):
        """What emulating it took so far."""
        try:
            with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except FileNotFoundError:
            return 0.0

    def finish(self, patience):
        """Waits until it has switched itself off; what takes more CPU seconds than that is switched off.

        A machine that hangs takes none: it gets the time that it would take beside ten others.
        """
        result = self.result
        said = ""
        while self.process.poll() is None:
            result.cpu_seconds = self.cpu_seconds()
            if result.cpu_seconds > patience or time.monotonic() - self.since > 10 * patience:
                said = f"switched off after {result.cpu_seconds:.0f} s of CPU time, {time.monotonic() - self.since:.0f} s"
                self.stop()
                break
            time.sleep(0.1)
        else:
            said = self.process.stderr.read()
        result.seconds = time.monotonic() - self.since
        result.console = self.read(self.log) + said
        for line in self.read(self.answers).splitlines():
            try:
                result.lines.update(json.loads(line))
            except ValueError:
                result.console += f"\nnot understood: {line[:200]!r}"
        result.ended = result.lines.pop("end", False)
        return result

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.communicate()

    @staticmethod
    def read(path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""
