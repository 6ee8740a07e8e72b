#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots distribution kernels in virtual machines, runs the system tests inside, prints a table kernel × feature.

tests/vm/run.py                     every series of the matrix
tests/vm/run.py 6.1 6.12            these
tests/vm/run.py --system            and the system tests inside, which takes half an hour a kernel
tests/vm/run.py --tests verdicts,exact 6.1      tests/system/test_NAME.py inside instead of the table's rows
tests/vm/run.py --arch arm64        the same on arm64: cross-compiles, and emulates one machine after the other
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cross  # noqa: E402
from vm import image, kernels, machine, table  # noqa: E402

SKIPPED = 77


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("series", nargs="*", metavar="KERNEL", help=f"of {', '.join(s.name for s in kernels.SERIES)} (default: all)")
    parser.add_argument("--arch", choices=machine.QEMU, default="amd64", help="of the machines (default amd64)")
    parser.add_argument("--build", help="the build that is tested (default build-dev; arm64: build-arm64, which is made)")
    parser.add_argument("--system", action="store_true", help="run all system tests inside that are about the kernel, after the table's rows")
    parser.add_argument("--tests", help="names of system tests to run inside, separated by commas")
    parser.add_argument("--systemd", action="store_true", help="start them by systemd, this machine's own")
    parser.add_argument("--append", default="", help="more words for the kernels' command line")
    parser.add_argument("--refresh", action="store_true", help="look for newer kernels than those fetched before")
    parser.add_argument("--parallel", type=int, help="machines at the same time (default 2; arm64: 1)")
    parser.add_argument("--patience", type=int,
                        help="CPU seconds until a machine is switched off (default 200, arm64 600, with --tests 1800, with --system 3600)")
    parser.add_argument("--write", action="store_true", help="put the results into the tables of docs/kernels.md")
    parser.add_argument("--keep", action="store_true", help="leave the machines' files, and say where")
    parser.add_argument("-v", "--verbose", action="store_true", help="print the consoles")
    options = parser.parse_args()
    known = {series.name: series for series in kernels.SERIES}
    for name in options.series:
        if name not in known:
            parser.error(f"{name}: not one of {', '.join(known)}")
    options.series = [known[name] for name in options.series or known]
    foreign = options.arch != "amd64"
    if options.systemd and foreign:
        parser.error("--systemd: it is this machine's own")
    options.patience = options.patience or (3600 if options.system else 1800 if options.tests else 600 if foreign else 200)
    options.parallel = options.parallel or (1 if foreign else 2)
    return options


def require_programs(options):
    if options.systemd and not os.path.exists(image.SYSTEMD):
        print("SKIP: no systemd: this machine's own is put into the virtual one")
        sys.exit(SKIPPED)
    of_arch = {"amd64": (("qemu-system-x86_64", "qemu-system-x86"), ("busybox", "busybox-static")),
               "arm64": (("qemu-system-aarch64", "qemu-system-arm"), (cross.COMPILER, "gcc-aarch64-linux-gnu"))}
    for name, package in (*of_arch[options.arch], ("cpio", "cpio"), ("mke2fs", "e2fsprogs"), ("dpkg-deb", "dpkg")):
        if not image.find_program(name):
            print(f"SKIP: no {name}: it takes the package {package} to start virtual machines")
            sys.exit(SKIPPED)


def fetch_all(options):
    """The kernels that can be had; a missing one is named. No machine can be tried without the required ones."""
    found = []
    for series in options.series:
        try:
            found.append(kernels.fetch(series, options.arch, options.refresh))
        except kernels.NoMirror as error:
            print(f"kernel {series.name} cannot be had: {error}", flush=True)
            if series.required:
                print(f"SKIP: no package mirror: {error}")
                sys.exit(SKIPPED)
    # The newest may be of a series that is there already.
    return list({kernel.release: kernel for kernel in reversed(found)}.values())[::-1]


def prepare(options, folder):
    """The disks of the machines, and the busybox that starts them."""
    if options.arch == "amd64":
        build = options.build or os.path.join(image.ROOT, "build-dev")
        return image.make_disks(folder, build, options.systemd), image.find_program("busybox")
    packages = cross.tools()
    build = options.build or cross.build(os.path.join(image.ROOT, f"build-{options.arch}"))
    return image.make_disks(folder, build, packages=packages), os.path.join(packages, "bin", "busybox")


def run_all(options, folder, found):
    disks, busybox = prepare(options, folder)
    words = [f"bt.job={options.tests or ('features,system' if options.system else 'features')}", *(["bt.systemd"] if options.systemd else []), *options.append.split()]
    waiting, running, results = list(found), [], []
    try:
        while waiting or running:
            while waiting and len(running) < options.parallel:
                kernel = waiting.pop(0)
                # What a systemd and storms over the whole host compute takes too long, counted.
                running.append(machine.Machine(os.path.join(folder, kernel.release), kernel, options.arch, disks, busybox,
                                               words, counts=not options.systemd).start())
            results.append(running[0].finish(options.patience))
            running.pop(0)
            if options.verbose:
                print(results[-1].console)
    finally:
        for one in running:
            one.stop()
    return results


def main():
    options = arguments()
    require_programs(options)
    found = fetch_all(options)
    folder = tempfile.mkdtemp(prefix="boundtop-vm-")
    try:
        results = run_all(options, folder, found)
    finally:
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if options.tests:
        return table.print_tests(results)
    failures = table.print_features(results)
    if options.system:
        failures += table.print_tests(results, alone=False)
    if options.write:
        table.write_page(results, os.path.join(image.ROOT, "docs", "kernels.md"))
    return failures


if __name__ == "__main__":
    # Ended from outside, it takes its machines along.
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit(128 + signal.SIGTERM))
    try:
        sys.exit(1 if main() else 0)
    except (subprocess.CalledProcessError, kernels.NoMirror) as error:
        sys.exit(f"{os.path.basename(sys.argv[0])}: {error}")
