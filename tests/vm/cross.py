#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cross-compiles boundtop for arm64, with the libraries of Debian's packages: cross.py BUILD-FOLDER [TARGET…]

It takes the package gcc-aarch64-linux-gnu. What is fetched is kept where tests/vm/run.py keeps its kernels.
"""

import compileall
import hashlib
import os
import py_compile
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vm import image, kernels  # noqa: E402

COMPILER = "aarch64-linux-gnu-gcc"
LIBRARIES = ("libc6-dev", "linux-libc-dev", "libbpf-dev", "libelf-dev", "zlib1g-dev", "libproc2-dev", "libncurses-dev",
             "libcap-ng-dev", "libseccomp-dev", "libsqlite3-dev", "libcmocka-dev", "uthash-dev")
# What image.TOOLS names, an interpreter for the tests, and what boundtop is linked with.
TOOLS = ("bash", "bpftool", "busybox-static", "coreutils", "dash", "libc-bin", "libcap2-bin", "mount", "procps", "python3", "strace", "util-linux",
         "libbpf1", "libcap-ng0", "libelf1", "libncursesw6", "libproc2-0", "libseccomp2", "libsqlite3-0", "zlib1g")


def root_folder(name, packages):
    """A root folder of arm64 with these packages and what they depend on; another one if the list changes."""
    version = hashlib.sha256(" ".join(packages).encode()).hexdigest()[:8]
    folder = os.path.join(kernels.cache_folder(), f"{name}-arm64-{version}")
    if not os.path.isdir(folder):
        apt = kernels.Apt((f"{kernels.MIRROR} bookworm", f"{kernels.SECURITY} bookworm-security"), "arm64")
        apt.update()
        apt.install(*packages, into=folder)
    return folder


def libraries():
    """A root folder with the libraries that boundtop stands on."""
    return root_folder("libraries", LIBRARIES)


def tools():
    """A root folder with what a virtual machine runs."""
    folder = root_folder("tools", TOOLS)
    # Packages come without, and the emulated machine would take long. Of no use to another version, and of no harm.
    stdlib = os.path.join(folder, "usr", "lib", f"python{sys.version_info.major}.{sys.version_info.minor}")
    if os.path.isdir(stdlib):
        compileall.compile_dir(stdlib, quiet=2, stripdir=folder, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
    return folder


def build(folder, *targets):
    toolchain = os.path.join(image.ROOT, "scripts", "cmake", "aarch64.cmake")
    subprocess.run(["cmake", "-G", "Ninja", "--preset", "dev", "-S", image.ROOT, "-B", folder, "--toolchain", toolchain,
                    f"-DCMAKE_SYSROOT={libraries()}"], check=True, stdout=sys.stderr)
    subprocess.run(["cmake", "--build", folder, "--target", *(targets or ("boundtop", "workload"))], check=True, stdout=sys.stderr)
    return folder


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        build(*sys.argv[1:])
    except (subprocess.CalledProcessError, kernels.NoMirror) as error:
        sys.exit(f"cross.py: {error}")
