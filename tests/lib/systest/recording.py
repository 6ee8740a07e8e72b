# SPDX-License-Identifier: GPL-2.0-or-later
"""What a recording says by SQL, and waiting until it has something."""

import contextlib
import sqlite3
import time

PATIENCE_S = 60


def rows(path, query):
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as db:
        return db.execute(query).fetchall()


def frames(path):
    try:
        return rows(path, "SELECT count(*) FROM frame")[0][0]
    except sqlite3.OperationalError:
        return 0  # the tables are not there yet


def await_frames(path, count, recorder):
    deadline = time.monotonic() + PATIENCE_S
    while frames(path) < count:
        if recorder.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"{frames(path)} frames, not {count}: {recorder.process.stderr.read()!r}")
        time.sleep(0.01)
