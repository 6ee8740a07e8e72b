#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Cross-compiles boundtop for arm64, with the libraries of Debian's packages: cross.py BUILD-FOLDER [TARGET…]

It takes the package gcc-aarch64-linux-gnu. What is fetched is kept where tests/vm/run.py keeps its kernels.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from vm import image, kernels  # noqa: E402

PACKAGES = ("libc6-dev", "linux-libc-dev", "libbpf-dev", "libelf-dev", "zlib1g-dev", "libproc2-dev", "libncurses-dev",
            "libcap-ng-dev", "libsqlite3-dev", "libcmocka-dev", "uthash-dev")


def libraries():
    """A root folder of arm64 with the libraries that boundtop stands on."""
    folder = os.path.join(kernels.cache_folder(), "libraries-arm64")
    if not os.path.isdir(folder):
        apt = kernels.Apt((f"{kernels.MIRROR} bookworm", f"{kernels.SECURITY} bookworm-security"), "arm64")
        apt.update()
        apt.install(*PACKAGES, into=folder)
    return folder


def main(folder, *targets):
    toolchain = os.path.join(image.ROOT, "scripts", "cmake", "aarch64.cmake")
    subprocess.run(["cmake", "-G", "Ninja", "--preset", "dev", "-S", image.ROOT, "-B", folder, "--toolchain", toolchain,
                    f"-DCMAKE_SYSROOT={libraries()}"], check=True)
    subprocess.run(["cmake", "--build", folder, "--target", *(targets or ("boundtop", "workload"))], check=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (subprocess.CalledProcessError, kernels.NoMirror) as error:
        sys.exit(f"cross.py: {error}")
