# SPDX-License-Identifier: GPL-2.0-or-later
"""What a virtual machine starts with: an initial file system that finds the disk, and the disk.

The disk holds this machine's own programs with the libraries that they name, python3 and the tests; so the
binaries under test meet the libraries that they were built with. For another architecture it holds those of packages.
"""

import glob
import lzma
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))

# What the tests call.
TOOLS = ("bash", "bpftool", "cat", "chmod", "chroot", "chrt", "cp", "dd", "dmesg", "echo", "env", "false", "fsfreeze", "grep",
         "head", "id", "kill", "ln", "losetup", "ls", "mkdir", "mkfs.ext4", "mount", "nice", "nsenter", "printf", "prlimit",
         "ps", "rm", "seq", "setcap", "setpriv", "sh", "sleep", "strace", "strip", "tail", "taskset", "timeout", "tmux", "touch",
         "true", "umount", "unshare", "wc", "yes")

# What the dashboard has to know of the terminals that it is tested in.
TERMINALS = tuple(f"{folder}/terminfo/{name[0]}/{name}" for folder in ("/lib", "/usr/share")
                  for name in ("ansi", "dumb", "linux", "screen", "screen-256color", "tmux", "tmux-256color", "vt100", "xterm", "xterm-256color"))
# tmux wants a locale of UTF-8.
LOCALE = "/usr/lib/locale/C.utf8"

# To see the disk, in the order of loading, and what the tests and boundtop ask for, since nothing in there loads modules; what they
# need comes before. What is built in is not found, and not missed.
MODULES = ("virtio_pci", "virtio_mmio", "virtio_blk", "ext4", "loop", "overlay", "fuse", "unix_diag")
# What the tests start beside boundtop; the last ones where they were built.
WORKLOADS = ("workload", "threads_glibc", "embed", "threads_musl", "judged_twice")

PYTHON_LEFT_OUT = shutil.ignore_patterns("test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "site-packages",
                                         "dist-packages", "config-*", "lib2to3", "pydoc_data", "*.a", "*.opt-*.pyc")
PACKAGES_LEFT_OUT = shutil.ignore_patterns("doc", "info", "man")


def libraries_of(path):
    """What the loader takes for a program; nothing for a script or a static one."""
    done = subprocess.run(["ldd", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
    return re.findall(r"(/\S+) \(0x", done.stdout)


class Tree:
    """A root folder that is filled file by file, each where it is on this machine."""

    def __init__(self, folder, packages=None):
        """packages: a root folder to begin with, instead of an empty one."""
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)
        if packages:
            shutil.copytree(packages, folder, symlinks=True, ignore=PACKAGES_LEFT_OUT)
        for name in ("bin", "sbin", "lib", "lib64"):
            os.makedirs(os.path.join(folder, "usr", name), exist_ok=True)
            if not os.path.lexists(os.path.join(folder, name)):
                os.symlink(os.path.join("usr", name), os.path.join(folder, name))
        for name in ("proc", "sys", "dev", "run", "etc", "root", "tmp", "var/tmp", "boundtop"):
            os.makedirs(os.path.join(folder, name), exist_ok=True)
        for name in ("tmp", "var/tmp"):
            os.chmod(os.path.join(folder, name), 0o1777)

    def path(self, name):
        return os.path.join(self.folder, name.lstrip("/"))

    def write(self, name, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def add(self, source, target=None):
        target = self.path(target or source)
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copyfile(source, target)
            shutil.copymode(source, target)

    def add_program(self, source, target=None):
        self.add(source, target)
        for library in libraries_of(source):
            self.add(library)

    def add_folder(self, source, target, **options):
        shutil.copytree(source, self.path(target), symlinks=True, dirs_exist_ok=True, **options)

    def add_python(self):
        """Debian's where there is one: a container of the tests' has /usr and nothing else."""
        program = os.path.realpath("/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable)
        stdlib = subprocess.run([program, "-c", "import sysconfig; print(sysconfig.get_path('stdlib'))"], stdout=subprocess.PIPE,
                                text=True, check=True).stdout.strip()
        self.add_folder(stdlib, stdlib, ignore=PYTHON_LEFT_OUT)
        self.add_program(program)
        if not os.path.exists(self.path("/usr/bin/python3")):
            os.symlink(program, self.path("/usr/bin/python3"))
        for library in glob.glob("/usr/lib/*/libpython3*.so.1.0"):
            self.add_program(library)
        for module in os.listdir(os.path.join(stdlib, "lib-dynload")):
            for library in libraries_of(os.path.join(stdlib, "lib-dynload", module)):
                self.add(library)


# What a systemd needs to come up, and to make a service's sandbox; all else it goes without.
SYSTEMD = "/lib/systemd/systemd"
SYSTEMD_PROGRAMS = (SYSTEMD, "/lib/systemd/systemd-shutdown", "/bin/systemctl")
SYSTEMD_UNITS = ("basic.target", "final.target", "multi-user.target", "paths.target", "poweroff.target", "shutdown.target",
                 "slices.target", "sockets.target", "sysinit.target", "systemd-poweroff.service", "timers.target", "umount.target")
# The tests themselves: a service beside the one that they are about.
TESTS_UNIT = """[Unit]
Description=Tests
[Service]
Type=oneshot
EnvironmentFile=/boundtop/environment
ExecStart=/usr/bin/python3 -B /boundtop/tests/vm/guest/guest.py
ExecStopPost=/usr/bin/busybox poweroff -f
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
TimeoutStartSec=infinity
"""


def add_systemd(tree, build):
    """A system that starts the tests by systemd, with boundtop and its unit installed where users have them."""
    for program in SYSTEMD_PROGRAMS:
        tree.add_program(os.path.realpath(program), program)
    for unit in SYSTEMD_UNITS:
        tree.add(f"/lib/systemd/system/{unit}")
    tree.write("/etc/systemd/system/tests.service", TESTS_UNIT)
    tree.write("/etc/systemd/system/default.target", "[Unit]\nRequires=multi-user.target\nWants=tests.service\n")
    tree.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    tree.write("/etc/os-release", "ID=tests\n")
    os.symlink("../run", tree.path("/var/run"))
    tree.add_program(os.path.join(build, "boundtop"), "/usr/bin/boundtop")
    tree.add(os.path.join(ROOT, "packaging", "systemd", "boundtop-record.service"), "/etc/systemd/system/boundtop-record.service")


def find_program(name):
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


def own_tree(folder):
    """A root folder with this machine's tools."""
    tree = Tree(folder)
    for tool in TOOLS:
        path = find_program(tool)
        if path:
            tree.add_program(os.path.realpath(path), os.path.join("/usr/bin", tool))
    tree.add_python()
    tree.add(find_program("busybox"), "/usr/bin/busybox")
    for terminal in TERMINALS:
        if os.path.exists(terminal):
            tree.add(terminal)
    if os.path.isdir(LOCALE):
        tree.add_folder(LOCALE, LOCALE)
    return tree


def make_disks(folder, build, systemd=False, packages=None):
    """The ext4 images of a machine's disks: one with the build's boundtop and all that the tests need, and an empty one.

    packages: a root folder that has the tools, of the machine's architecture where that is not this one's.
    """
    root = os.path.join(folder, "root")
    tree = Tree(root, packages) if packages else own_tree(root)
    add = tree.add if packages else tree.add_program
    add(os.path.join(build, "boundtop"), "/boundtop/boundtop")
    for name in WORKLOADS:
        path = os.path.join(build, "tests", "system", name)
        if os.path.exists(path):
            add(path, f"/boundtop/{name}")
    tree.add_folder(os.path.join(ROOT, "docs"), "/boundtop/docs")
    for name in ("lib", "system", "vm"):
        tree.add_folder(os.path.join(ROOT, "tests", name), f"/boundtop/tests/{name}", ignore=shutil.ignore_patterns("__pycache__"))
    tree.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    tree.write("/etc/group", "root:x:0:\nnogroup:x:65534:\n")
    if systemd:
        add_systemd(tree, build)
    return [pack_disk(tree.folder, os.path.join(folder, "disk"), "1G"), pack_disk(None, os.path.join(folder, "scratch"), "256M")]


def pack_disk(folder, image, size):
    """An ext4 file system with what is in the folder; sparse."""
    options = ["-d", folder] if folder else []
    subprocess.run([find_program("mke2fs"), "-q", "-t", "ext4", "-E", "root_owner=0:0", *options, image, size], check=True,
                   stdout=subprocess.DEVNULL)
    return image


def module_files(modules):
    """{name: path} of a kernel's modules; names have no dashes."""
    found = {}
    for folder, _, names in os.walk(os.path.join(modules, "kernel")):
        for name in names:
            base = re.sub(r"\.ko(\.xz)?$", "", name)
            if base != name:
                found[base.replace("-", "_")] = os.path.join(folder, name)
    return found


def module_read(path):
    with open(path, "rb") as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith(".xz") else data


def modules_in_order(files, wanted):
    """[(name, contents)]: each after what its own .modinfo says that it depends on."""
    loaded = {}

    def load(name):
        if name in loaded or name not in files:
            return
        data = module_read(files[name])
        depends = re.search(rb"\0depends=([^\0]*)\0", data)
        for other in (depends.group(1).decode().split(",") if depends else ()):
            load(other.replace("-", "_"))
        loaded[name] = data

    for name in wanted:
        load(name)
    return list(loaded.items())


INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /new
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
for module in /modules/*; do /bin/busybox insmod $module; done
/bin/busybox mount -t ext4 /dev/vda /new || /bin/busybox poweroff -f
/bin/busybox umount /proc
/bin/busybox mount --move /dev /new/dev
exec /bin/busybox switch_root /new /usr/bin/busybox sh /boundtop/tests/vm/guest/init
"""


def make_initramfs(folder, kernel, busybox):
    """Loads what the disk needs, and goes on there."""
    root = os.path.join(folder, "initramfs")
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "modules"):
        os.makedirs(os.path.join(root, name))
    shutil.copy(busybox, os.path.join(root, "bin", "busybox"))
    for number, (name, data) in enumerate(modules_in_order(module_files(kernel.modules), MODULES)):
        with open(os.path.join(root, "modules", f"{number:02}-{name}.ko"), "wb") as file:
            file.write(data)
    with open(os.path.join(root, "init"), "w", encoding="ascii") as file:
        file.write(INIT)
    os.chmod(os.path.join(root, "init"), 0o755)
    names = subprocess.run(["find", "."], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    archive = os.path.join(folder, "initramfs.cpio")
    with open(archive, "wb") as file:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], input=names, cwd=root, stdout=file, check=True)
    return archive
