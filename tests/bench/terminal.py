# SPDX-License-Identifier: GPL-2.0-or-later
"""Tools that have no batch mode (htop): they draw on a pseudo-terminal, and a burst of output is a frame."""
import os
import pty
import select
import signal
import tempfile
import time

import bench

UNSETTLED = 2  # bursts at the start that are no frame of their own


def frames(command, count, delay):
    """Generates the tool's PID, first when it has settled, then after each of `count` frames; the generator
    must be run to its end, or closed."""
    master, slave = pty.openpty()
    seen, last = 0, 0.0
    try:
        with tempfile.TemporaryDirectory() as home:
            env = os.environ | {"TERM": "xterm", "HOME": home, "HTOPRC": f"{home}/htoprc"}
            with bench.child(command, stop=signal.SIGTERM, stdin=slave, stdout=slave, env=env) as process:
                while seen <= count + UNSETTLED:
                    if not select.select([master], [], [], 30)[0]:
                        raise bench.Broken(f"{' '.join(command)}: no output in 30 s")
                    os.read(master, 65536)
                    if time.monotonic() - last > delay / 4:
                        seen += 1
                        if seen > UNSETTLED:
                            yield process.pid
                    last = time.monotonic()
    finally:
        os.close(slave)
        os.close(master)
