# SPDX-License-Identifier: GPL-2.0-or-later
"""What a case of the suite is: data alone. How it is started: stage.py; what confirms it: evidence.py."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Step:
    """One program to start. `argv` and `ready` may name what is known by then in braces: {dir}, {port}, {server}.

    `ready` says when to go on: "line" (it prints one that begins with ready; its key=value become role.key),
    "port N", "unix PATH", "child COMM" (a descendant of that name), "cpu S" (it, or a descendant, has used so much
    CPU time), "asleep" (all of its threads sleep), "done" (it ends with status 0).
    """
    name: str
    argv: tuple
    ready: str = "cpu 0.1"
    cpus: str = None
    nice: int = -15
    realtime: bool = False  # before all others: for what hardly computes and blocks a thousand times a second
    quota: int = None       # percent of one CPU, by a cgroup of its own
    memory_mb: int = None   # likewise
    freeze: bool = False    # by a cgroup of its own, once it is ready
    user: str = None
    stdin: str = None       # a file
    needs: tuple = ()       # programs beside argv[0]
    settle: str = None      # a process that the step has started: wait until it, too, has used CPU time


@dataclasses.dataclass(frozen=True)
class Case:
    """`judged`: a step's name, "step.key" of what it printed, or "step/COMM": its first descendant of that name;
    with tree: that process and all its descendants as one.
    """
    name: str
    steps: tuple
    judged: str
    verdict: str
    causes: tuple
    witness: tuple          # (rule of evidence.py, its arguments…)
    why: str                # what makes the label true
    twin: str = None        # the case with one thing changed and another verdict
    tree: bool = False
    short: bool = False
    stop: bool = False      # SIGSTOP for what is judged
    kind: str = "software"  # or "own": a program made for the purpose
