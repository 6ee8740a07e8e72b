#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""screens.py PROGRAM EXPECTED [NAME…]: what the dashboard shows in a real terminal (tmux) after scripted keys,
against the screens in EXPECTED, which a person can read.
screens.py --renew PROGRAM EXPECTED [NAME…]: writes them anew; look at `git diff` before you commit them.

A screen is taken as soon as it is as expected, so nothing is slept for; one that never gets there has failed.
"""
import argparse
import difflib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 10  # seconds for a screen to become what it should be; more than any machine needs
SETTLED = 0.4  # seconds without a change after which a new screen is taken for finished


@dataclass
class Screen:
    name: str
    # As `tmux send-keys` has them; "=text" is typed as it stands, "@x,y" clicked, "%x,y" scrolled down
    # at, "~ms" a pause: what comes late
    keys: list = field(default_factory=list)
    scene: str = "web"
    frames: int = 10  # before the keys
    columns: int = 100
    rows: int = 30
    config: str = ""
    env: dict = field(default_factory=dict)
    colours: bool = False  # with escape sequences
    resize: tuple = ()  # columns, rows; after the keys
    shell: str = ""  # run in a shell, {} is the program: for what happens at its end
    replay: bool = False
    kill: int = 0  # signal to send to the program, after the keys


# So that the cursor is seen, and little else but text is in the way.
CURSOR = {"colours": True, "env": {"NO_COLOR": "1"}}
DOWN_TO = lambda count: ["Down"] * count

SCREENS = [
    # Sizes
    Screen("list-100x30"),
    Screen("list-080x24", columns=80, rows=24),
    Screen("list-040x10", columns=40, rows=10),
    Screen("list-060x16", columns=60, rows=16),
    Screen("list-120x30", columns=120),
    Screen("list-200x40", columns=200, rows=40),
    Screen("list-500x50", columns=500, rows=50),
    Screen("list-020x05", columns=20, rows=5),
    Screen("resized-smaller", resize=(60, 20)),
    Screen("resized-larger", columns=60, rows=20, resize=(110, 32)),
    Screen("list-first-frame", frames=1),
    Screen("list-no-frame", frames=0),
    # Terminals
    Screen("ascii", env={"LC_ALL": "C"}),
    Screen("process-ascii", ["Down", "Down", "Enter"], env={"LC_ALL": "C"}),
    Screen("colours-256", columns=80, rows=20, colours=True),
    Screen("colours-8", columns=80, rows=20, colours=True, env={"TERM": "screen"}),
    Screen("colours-2", columns=80, rows=20, colours=True, env={"TERM": "vt220"}),
    Screen("no-color", columns=80, rows=20, colours=True, env={"NO_COLOR": "1"}),
    # Moving
    Screen("cursor-down", DOWN_TO(3), rows=14, **CURSOR),
    Screen("cursor-end", ["End"], rows=14, **CURSOR),
    Screen("cursor-home", ["End", "Home"], rows=14, **CURSOR),
    # Keys of another terminal than TERM says: those that are known by all, and none that renices.
    Screen("escape-sequences", ["=\x1b[F", "=\x1b[1;5D", "=\x1b[I", "=\x1b[1~", "=\x1b[B"], rows=14, **CURSOR),
    # … in pieces, as over a slow line or on a busy host.
    Screen("escape-pieces", ["=\x1b", "~60", "=[", "~60", "=I", "=\x1b[", "~60", "=<0;3;24M"], rows=14, **CURSOR),
    Screen("typed-pid", ["=9", "=2"], **CURSOR),
    Screen("typed-pid-exact", ["=412"], **CURSOR),
    Screen("typed-pid-none", ["=77"], **CURSOR),
    Screen("typed-pid-none-enter", ["=77", "Enter"], **CURSOR),
    Screen("page-down", ["PageDown"], rows=14, **CURSOR),
    Screen("cursor-up", [*DOWN_TO(3), "Up"], rows=14, **CURSOR),
    Screen("page-up", ["End", "PageUp"], rows=14, **CURSOR),
    Screen("command-right", ["Right"], columns=80, rows=24),
    Screen("command-left", ["Right", "Right", "Left"], columns=80, rows=24),
    # Mouse
    Screen("mouse-row", ["@40,9"], **CURSOR),
    Screen("mouse-open", ["@40,9", "@40,9"]),
    Screen("mouse-head", ["@38,5"]),
    Screen("mouse-head-twice", ["@38,5", "@38,5"]),
    Screen("mouse-foot", ["@46,29"]),
    Screen("mouse-wheel", ["%40,9"], **CURSOR),
    Screen("mouse-menu", ["F6", "@5,8", "@5,8"]),
    # Order
    Screen("sort-cpu", ["P"]),
    Screen("sort-activity", ["N", "A"]),
    Screen("sort-memory", ["M"]),
    Screen("sort-time", ["T"]),
    Screen("sort-pid", ["N"]),
    Screen("sort-inverted", ["P", "I"]),
    Screen("sort-menu", ["F6"]),
    Screen("sort-menu-080x24", ["F6"], columns=80, rows=24),
    Screen("key-unknown", ["x"]),
    Screen("sort-by-menu", ["F6", *DOWN_TO(4), "Enter"]),
    # What is listed
    Screen("tree", ["t"]),
    Screen("tree-collapsed", ["t", "=/", "=systemd", "Enter", "-"]),
    Screen("tree-all-collapsed", ["*"], scene="build"),
    Screen("group", ["g"]),
    Screen("group-expanded", ["g", "=/", "=worker", "Enter", "+"]),
    Screen("group-all-expanded", ["g", "*"]),
    Screen("group-all-collapsed", ["g", "*", "*"]),
    Screen("group-opened", ["g", "Enter"]),
    Screen("group-opened-080x24", ["g", "Enter", "End"], columns=80, rows=24),
    Screen("group-opened-back", ["g", "Enter", "Escape"]),
    Screen("family-opened", ["t", "/", "=make", "Enter", "-", "Enter"], scene="build", rows=40, frames=1),
    Screen("family-opened-gone", ["t", "/", "=make", "Enter", "-", "Enter", "Space", "Space"], scene="build", frames=1),
    Screen("family-opened-web", ["t", "=/", "=systemd", "Enter", "-", "Enter"], rows=45),
    Screen("threads", ["H"]),
    Screen("tree-threads", ["t", "H"]),
    Screen("idle-hidden", ["i"]),
    Screen("idle-hidden-tree", ["t", "i"]),
    Screen("idle-hidden-collapsed", ["t", "=/", "=systemd", "Enter", "-", "i"]),
    Screen("idle-hidden-group", ["g", "i"]),
    Screen("kernel-hidden", ["K"]),
    Screen("filter-prompt", ["F4", "=user:app !lua"]),
    Screen("filter-prompt-long", ["F4", "=日本語の名前 is longer than this line"], columns=40, rows=10, scene="hostile"),
    Screen("filter-wide", ["F4", "=日本語", "Enter"], scene="hostile"),
    Screen("filter", ["F4", "=user:app verdict:io", "Enter"]),
    Screen("filter-regex", ["\\", "=/cc1.*[mo]\\w+\\.cc/", "Enter"]),
    Screen("filter-broken", ["F4", "=/a(/", "Enter"]),
    Screen("filter-broken-again", ["F4", "=/a(/", "Enter", "F4"]),
    Screen("filter-no-verdict", ["F4", "=verdict:slow", "Enter"]),
    Screen("filter-no-cause", ["F4", "=!cause:x", "Enter"]),
    Screen("filter-cgroup", ["F4", "=cgroup:slice", "Enter"]),
    Screen("filter-nothing", ["F4", "=no such thing", "Enter"]),
    Screen("filter-dropped", ["F4", "=cc1", "Enter", "Escape"]),
    Screen("filter-dropped-cursor", ["F4", "=cron", "Enter", "Escape"], **CURSOR),
    Screen("filter-edited", ["F4", "=cc2", "BSpace", "=1", "Enter"]),
    Screen("search", ["/", "=curl", "Enter"], **CURSOR),
    Screen("search-next", ["/", "=cc1plus", "Enter", "n"], **CURSOR),
    Screen("search-nothing", ["/", "=nowhere", "Enter"]),
    Screen("user-menu", ["u"]),
    Screen("user", ["u", "Down", "Down", "Enter"]),
    # Time
    Screen("paused", ["Z"]),
    Screen("paused-040x10", ["Z", "i"], columns=40, rows=10),
    Screen("paused-process", ["Z", "Enter"]),
    Screen("stepped", ["Space"]),
    Screen("delay-prompt", ["d"]),
    Screen("delay-broken", ["d", "=x", "Enter"]),
    Screen("follow", ["/", "=nginx", "Enter", "F", "Space", "P"], **CURSOR),
    # A recording
    Screen("replay", replay=True),
    Screen("replay-080x24", columns=80, rows=24, replay=True),
    Screen("replay-040x10", columns=40, rows=10, replay=True),
    Screen("replay-ascii", ["Space", "j", "=-10m", "Enter", "j", "=17:58", "Enter"], env={"LC_ALL": "C"}, replay=True),
    Screen("replay-paused", ["Space"], replay=True),
    Screen("replay-faster", ["]", "]", "]"], replay=True),
    Screen("replay-slower", ["[", "["], replay=True),
    Screen("replay-step", ["Space", "."], frames=3, replay=True),
    Screen("replay-back", ["Space", ","], frames=4, replay=True),
    Screen("replay-prompt", ["j", "=17:5"], replay=True),
    Screen("replay-jump", ["j", "=18:20:00", "Enter"], replay=True),
    Screen("replay-jump-far", ["j", "=+5h", "Enter"], replay=True),
    Screen("replay-jump-outside", ["j", "=16:00", "Enter"], replay=True),
    Screen("replay-jump-broken", ["j", "=soon", "Enter"], replay=True),
    Screen("replay-process", ["Enter"], replay=True, rows=24),
    Screen("replay-no-signal", ["k", "r"], replay=True, rows=16),
    Screen("replay-help", ["?"], replay=True, rows=60),
    # One process
    Screen("process", ["Enter"]),
    Screen("process-disk", ["/", "=postgres", "Enter", "Enter"]),
    Screen("process-threads", ["/", "=worker", "Enter", "Enter"], rows=45),
    Screen("process-scrolled", ["/", "=worker", "Enter", "Enter", "End"], rows=24),
    Screen("process-080x24", ["/", "=curl", "Enter", "Enter"], columns=80, rows=24),
    Screen("process-040x10", ["/", "=curl", "Enter", "Enter"], columns=40, rows=10),
    Screen("process-040x10-down", ["/", "=curl", "Enter", "Enter", "PgDn", "PgDn"], columns=40, rows=10),
    Screen("process-040x10-end", ["/", "=worker", "Enter", "Enter", "End"], columns=40, rows=10),
    Screen("process-ended", ["/", "=true", "Enter", "Enter"], frames=1),
    Screen("process-gone", ["/", "=true", "Enter", "Enter", "Space", "Space"], frames=1),
    Screen("process-sockets", ["/", "=shop", "Enter", "Enter"], scene="talk", columns=120, rows=45),
    Screen("process-sockets-080x24", ["/", "=shop", "Enter", "Enter", "End"], scene="talk", columns=80, rows=24),
    Screen("process-socket-served", ["/", "=postgres", "Enter", "Enter"], scene="talk"),
    Screen("list-sockets", scene="talk", columns=200, rows=14),
    Screen("process-back", ["Enter", "q"]),
    # What is done to processes
    Screen("signal-menu", ["F9"]),
    Screen("signal-sent", ["k", "Enter"]),
    Screen("signal-group", ["g", "k"], rows=16),
    Screen("signal-group-040x10", ["g", "k"], columns=40, rows=10),
    Screen("renice-group", ["g", "Enter", "F7"], rows=16),
    Screen("signal-ended", ["/", "=true", "Enter", "Enter", "k"], frames=1, rows=16),
    Screen("signal-gone", ["/", "=curl", "Enter", "k", "Enter"]),
    Screen("signal-refused", ["N", "k", "Enter"]),
    Screen("renice-prompt", ["r"]),
    Screen("renice-more", ["F8"]),
    Screen("renice-less", ["F7"]),
    Screen("renice-done", ["r", "=-5", "Enter"]),
    Screen("renice-broken", ["r", "=much", "Enter"]),
    # Columns and their file
    Screen("columns-menu", ["F2"]),
    Screen("columns-changed", ["F2", "Down", "Space", "Down", "+", "Enter"]),
    Screen("columns-config", config="version = 1\ncolumns = pid, command, verdict, share.gil, rss_bytes, nosuch"),
    Screen("columns-own", config="version = 1\ncolumns = pid, state, command, verdict, share.gil, rss_bytes, trend, waits_for\n"
                                 "sort = !share.gil\nhide-idle = yes"),
    Screen("saved", ["W"]),
    # Help
    Screen("help", ["F1"]),
    Screen("help-080x24", ["?"], columns=80, rows=24),
    Screen("help-scrolled", ["h", "PageDown", "PageDown"], rows=24),
    Screen("help-back", ["h", "q"]),
    # Hostile names
    Screen("hostile", scene="hostile"),
    Screen("hostile-080x24", scene="hostile", columns=80, rows=24),
    Screen("hostile-ascii", scene="hostile", env={"LC_ALL": "C"}),
    Screen("hostile-tree", ["t"], scene="hostile"),
    Screen("hostile-process", ["Enter"], scene="hostile"),
    Screen("hostile-right", ["Right"], scene="hostile"),
    Screen("hostile-group", ["g"], scene="hostile"),
    # A collector that samples
    Screen("sampled", scene="sampled"),
    # The end
    Screen("quit", ["q"], shell="echo before; {}; echo status $?"),
    Screen("quit-f10", ["F10"], shell="echo before; {}; echo status $?"),
    # Everything that takes memory was used: the sanitizer says what was not given back.
    Screen("quit-after-all", ["t", "-", "Enter", "q", "*", "*", "H", "g", "Enter", "q", "+", "g", "/", "=cc1", "Enter", "F4", "=user:app", "Enter",
                              "u", "q", "F6", "q", "F2", "Space", "+", "q", "k", "q", "Enter", "Space", "?", "q", "q",
                              "F", "Z", "W", "Left", "Right", "P", "I", "H", "r", "=1", "Enter", "Space", "q"],
           shell="echo before; {}; echo status $?"),
    Screen("crash", shell="ulimit -c 0; echo before; {}; echo status $?", kill=signal.SIGABRT),
    Screen("unknown-terminal", shell="{}; echo status $?", env={"TERM": "no-such-terminal"}),
]


def ended(text):
    """The same, where colours end at the end of a line: tmux says so there or on the next, by how the cells behind were cleared."""
    reset = "\033[0m\033[39m\033[49m"
    return text.replace(f"\n{reset}", f"{reset}\n")


class Tmux:
    """A server of our own, with a socket of its own; all of it is gone at the end."""

    def __init__(self, program):
        self.folder = tempfile.TemporaryDirectory(prefix="boundtop-tui-")
        self.program = program

    def __enter__(self):
        # tmux itself has to know UTF-8, whatever the program is to know. A server without a session would end.
        os.environ["LC_ALL"] = "C.UTF-8"
        self("new-session", "-d", "-s", "keep", "read forever")
        return self

    def __exit__(self, *_):
        subprocess.run(self.command("kill-server"), stderr=subprocess.DEVNULL, check=False)
        self.folder.cleanup()

    def command(self, *args):
        return ["tmux", "-f", "/dev/null", "-S", f"{self.folder.name}/socket", *args]

    def __call__(self, *args):
        return subprocess.run(self.command(*args), check=True, stdout=subprocess.PIPE,
                              text=True, encoding="utf-8").stdout

    def start(self, screen):
        env = {"LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "tmux-256color", "NO_COLOR": ""} | screen.env
        program = " ".join(["env", *(shlex.quote(f"{name}={value}") for name, value in env.items()),
                            shlex.quote(self.program), shlex.quote(screen.scene), str(screen.frames), shlex.quote(screen.config),
                            *(["replay"] if screen.replay else [])])
        # What a shell would say of its own end must not be seen.
        command = f"{(screen.shell or '{}').format(program)}; read forever"
        self("new-session", "-d", "-s", "screen", "-x", str(screen.columns), "-y", str(screen.rows),
             "sh", "-c", command)
        self("set", "-t", "screen", "status", "off")
        self("resize-window", "-t", "screen", "-x", str(screen.columns), "-y", str(screen.rows))

    def end(self):
        self("kill-session", "-t", "screen")

    def capture(self, colours=False):
        text = self("capture-pane", "-p", "-t", "screen", *(["-e"] if colours else []))
        return ended("".join(line.rstrip() + "\n" for line in text.rstrip("\n").split("\n")))

    def wait(self, done, what):
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what}; the screen was:\n{self.capture()}")
            time.sleep(0.01)

    def child(self):
        """PID of the program, which the pane's shell has started."""
        pid = int(self("display", "-p", "-t", "screen", "#{pane_pid}"))
        while True:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            if not children:
                return pid
            pid = int(children[0])

    @staticmethod
    def mouse(key):
        """What a terminal sends: the button went down, and up again; or the wheel was turned."""
        x, y = (chr(33 + int(number)) for number in key[1:].split(","))
        events = " #" if key[0] == "@" else "a"
        return "".join(f"\x1b[M{event}{x}{y}" for event in events)

    def type(self, screen):
        for key in screen.keys:
            if key.startswith("~"):
                time.sleep(int(key[1:]) / 1000)
            elif key.startswith("="):
                self("send-keys", "-t", "screen", "-l", "--", key[1:])
            elif key[0] in "@%" and len(key) > 1:
                self("send-keys", "-t", "screen", "-l", "--", self.mouse(key))
            else:
                self("send-keys", "-t", "screen", key)


def settled(tmux, colours):
    """The screen when it has not changed for a while: only to make a new one."""
    last, since = tmux.capture(colours), time.monotonic()
    while time.monotonic() - since < SETTLED:
        time.sleep(0.05)
        now = tmux.capture(colours)
        if now != last:
            last, since = now, time.monotonic()
    return last


def show(tmux, screen, expected):
    """The screen: as expected as soon as it is, else what it came to be."""
    tmux.start(screen)
    try:
        # Either the first frame is there, or the program has said why there is none.
        tmux.wait(lambda: any(word in tmux.capture() for word in ("quit", "F1 h", "F10", "status", "tui_scene:")), "no first screen")
        tmux.type(screen)
        if screen.kill:
            os.kill(tmux.child(), screen.kill)
        if screen.resize:
            tmux("resize-window", "-t", "screen", "-x", str(screen.resize[0]), "-y", str(screen.resize[1]))
        if expected is None:
            return settled(tmux, screen.colours)
        try:
            tmux.wait(lambda: tmux.capture(screen.colours) == expected, "never")
        except TimeoutError:
            return tmux.capture(screen.colours)
        # What was compared, not one more look: where there is no sparkline, an earlier frame can be the same.
        return expected
    finally:
        tmux.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--renew", action="store_true")
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("expected", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    failed = 0
    with Tmux(options.program) as tmux:
        for screen in SCREENS:
            if options.names and screen.name not in options.names:
                continue
            path = options.expected / f"{screen.name}.txt"
            expected = None if options.renew else ended(path.read_text(encoding="utf-8")) if path.exists() else ""
            actual = show(tmux, screen, expected)
            if options.renew:
                path.write_text(actual, encoding="utf-8")
            elif actual != expected:
                failed += 1
                sys.stdout.writelines(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True),
                                                           str(path), "what was shown"))
    known = {screen.name for screen in SCREENS}
    for path in options.expected.glob("*.txt"):
        if path.stem not in known:
            print(f"{path}: belongs to no screen")
            failed += 1
    if failed:
        print(f"{failed} differ; if that is meant: {sys.argv[0]} --renew {options.program} {options.expected} NAME…")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
