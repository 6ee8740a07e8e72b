# SPDX-License-Identifier: GPL-2.0-or-later
"""Tools that have no batch mode (htop): they draw on a pseudo-terminal that nobody looks at."""
import os
import pty
import signal
import tempfile
import threading
from contextlib import contextmanager

import bench


def _swallow(master):
    try:
        while os.read(master, 65536):
            pass
    except OSError:
        pass  # the other side closed


@contextmanager
def drawn(command):
    """Runs the tool for as long as the block lasts; gives its PID."""
    master, slave = pty.openpty()
    reader = threading.Thread(target=_swallow, args=(master,), daemon=True)
    reader.start()
    try:
        with tempfile.TemporaryDirectory() as home:
            env = os.environ | {"TERM": "xterm", "HOME": home, "HTOPRC": f"{home}/htoprc"}
            with bench.child(command, stop=signal.SIGTERM, stdin=slave, stdout=slave, env=env) as process:
                yield process.pid
    finally:
        os.close(slave)
        reader.join(5)
        os.close(master)
