# SPDX-License-Identifier: GPL-2.0-or-later
"""DESIGN section 2 as a check: every field present, of the right type, and within its bounds."""

import json
import re

MICROSTATES = ("user", "system", "run-queue", "cpu-quota", "disk", "paging", "network", "ipc", "lock", "gil",
               "sleep", "event", "child", "stopped", "unknown")
GROUPS = ("cpu", "starved", "io", "lock", "idle")
VERDICTS = ("unknown", "idle", "waiting", "mixed", "starved", "cpu-bound", "io-bound", "lock-bound")
IDLE = ("sleep", "event", "child", "stopped")

NUMBER = (int, float)
TEXT = (str,)
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
# Everything a terminal could take for a command: C0, DEL and C1.
CONTROL = re.compile("[\x00-\x1f\x7f\x80-\x9f]")

HEAD = {"schema": (int,), "version": TEXT, "collector": TEXT, "exact": (bool,), "time": TEXT,
        "duration_s": NUMBER, "cpus_online": (int,), "loss": (dict,), "overhead": (dict,)}
JUDGED = {"verdict": TEXT, "cause": (str, type(None)), "runner_up": (str, type(None)), "confidence": NUMBER,
          "active": NUMBER, "cpus": NUMBER, "share": (dict,), "group_share": (dict,), "waits": (list,),
          "switches": (dict,), "bursts": (dict,), "wall_s": NUMBER, "oncpu_s": NUMBER}
PROCESS = {**JUDGED, "pid": (int,), "ppid": (int,), "start_time": (int,), "kind": TEXT, "state": TEXT,
           "nice": (int,), "comm": TEXT, "cmdline": TEXT, "user": (str, type(None)),
           "cgroup": (str, type(None)), "container": (str, type(None)), "threads": (int,), "exited": (bool,), "rss_bytes": (int, type(None)),
           "cpu_time_s": (int, float, type(None)), "io": (dict, type(None)),
           "residual": (int, float, type(None)), "advice": (list,)}
TOTAL = {**JUDGED, "residual": (int, float, type(None))}
THREAD = {"tid": (int,), "comm": TEXT, "verdict": TEXT, "cause": (str, type(None)), "share": (dict,),
          "wall_s": NUMBER, "oncpu_s": NUMBER, "residual": (int, float, type(None))}
WAIT = {"cause": TEXT, "syscall": (str, type(None)), "target": (str, type(None)), "share": NUMBER,
        "count": (int,), "waker_pid": (int, type(None)), "peer": (dict, type(None)), "holder": (dict, type(None))}
PEER = {"pid": (int, type(None)), "comm": (str, type(None)), "others": (int,), "address": (str, type(None))}
HOLDER = {"tid": (int,), "comm": TEXT, "share": NUMBER}
BURST = {"count": (int, type(None)), "p50_us": (int, float, type(None)), "p90_us": (int, float, type(None)),
         "p99_us": (int, float, type(None))}


class SchemaError(AssertionError):
    """The output breaks the contract."""


def refuse(constant):
    raise SchemaError(f"{constant} is no JSON number")


def unique(pairs):
    result = dict(pairs)
    if len(result) != len(pairs):
        raise SchemaError(f"a key occurs twice in {[key for key, _ in pairs]}")
    return result


def parse(data):
    """One object from bytes, as strictly as RFC 8259 has it."""
    return json.loads(data.decode("utf-8", errors="strict"), parse_constant=refuse, object_pairs_hook=unique)


def expect(condition, where, what):
    if not condition:
        raise SchemaError(f"{where}: {what}")


def check_fields(item, fields, where):
    expect(isinstance(item, dict), where, "is no object")
    for name, types in fields.items():
        expect(name in item, where, f"has no {name}")
        value = item[name]
        # bool is an int to Python, but not to JSON.
        good = isinstance(value, types) and (bool in types or not isinstance(value, bool))
        expect(good, where, f"{name} is {value!r}, not of {[t.__name__ for t in types]}")
        if isinstance(value, str):
            expect(not CONTROL.search(value), where, f"{name} has a control byte: {value!r}")


def check_share(item, where):
    share = item["share"]
    expect(set(share) == set(MICROSTATES), where, f"share has {sorted(share)}")
    for name, value in share.items():
        expect(value is None or isinstance(value, NUMBER) and not isinstance(value, bool), where,
               f"share of {name} is {value!r}")
        expect(value is None or -1e-9 <= value <= 1 + 1e-6, where, f"share of {name} is {value}")
    measured = sum(value for value in share.values() if value is not None)
    if item["wall_s"] <= 0:
        return
    if None not in share.values():
        expect(abs(measured - 1) <= 0.005, where, f"share sums to {measured}, residual {item.get('residual')}")
    elif share["user"] is None and share["system"] is None:
        whole = measured + item["oncpu_s"] / item["wall_s"]
        # Both are in whole microseconds, of which the shortest have a hundred.
        expect(abs(whole - 1) <= 0.005 + 1e-6 / item["wall_s"], where, f"share and oncpu_s sum to {whole}")


def check_verdict(item, where):
    expect(item["verdict"] in VERDICTS, where, f"verdict is {item['verdict']!r}")
    expect(item["cause"] is None or item["cause"] in MICROSTATES, where, f"cause is {item['cause']!r}")
    if item["verdict"] in ("idle", "waiting"):
        # A zombie has no time, and so none of a microstate.
        none = item["cause"] is None and item.get("state") == "Z"
        expect(none or item["cause"] in IDLE, where, f"{item['verdict']} because of {item['cause']}")


def check_judged(item, where):
    check_share(item, where)
    check_verdict(item, where)
    expect(item["runner_up"] is None or item["runner_up"] in MICROSTATES, where,
           f"runner_up is {item['runner_up']!r}")
    expect(0 <= item["confidence"] <= 1, where, f"confidence is {item['confidence']}")
    expect(0 <= item["active"] <= 1, where, f"active is {item['active']}")
    expect(item["cpus"] >= 0, where, f"cpus is {item['cpus']}")
    expect(set(GROUPS) - set(item["group_share"]) <= {"idle"}, where,
           f"group_share has {sorted(item['group_share'])}")
    for wait in item["waits"]:
        check_fields(wait, WAIT, f"{where} waits")
        expect(wait["cause"] in MICROSTATES, where, f"waits for {wait['cause']!r}")
        if wait["peer"] is not None:
            check_fields(wait["peer"], PEER, f"{where} peer")
            expect(wait["peer"]["pid"] or wait["peer"]["address"], where, "a peer without PID and address")
        if wait["holder"] is not None:
            check_fields(wait["holder"], HOLDER, f"{where} holder")
            expect(0 < wait["holder"]["share"] <= 1 + 1e-6, where, f"a holder's share is {wait['holder']['share']}")
    check_fields(item["switches"], {"voluntary": (int,), "involuntary": (int,)}, f"{where} switches")
    for kind in ("cpu", "io"):
        expect(kind in item["bursts"], where, f"bursts has no {kind}")
        check_fields(item["bursts"][kind], BURST, f"{where} bursts {kind}")


def check_process(process, with_threads=False):
    where = f"process {process.get('pid')} ({process.get('comm')!r})"
    check_fields(process, PROCESS, where)
    check_judged(process, where)
    expect(process["kind"] in ("user", "kernel"), where, f"kind is {process['kind']!r}")
    expect(process["pid"] > 0, where, "PID 0 is the idle task")
    for advice in process["advice"]:
        check_fields(advice, {"id": TEXT, "text": TEXT}, f"{where} advice")
    if process["io"] is not None:
        check_fields(process["io"], {name: (int, type(None)) for name in
                                     ("read_bytes", "write_bytes", "rchar", "wchar")}, f"{where} io")
    if with_threads:
        expect("thread_list" in process, where, "has no thread_list")
    for thread in process.get("thread_list", []):
        inner = f"{where} thread {thread.get('tid')}"
        check_fields(thread, THREAD, inner)
        check_share(thread, inner)
        check_verdict(thread, inner)


def losses(frame):
    """What is missing from the frame, by kind. A switch that was not traced is not: its time is there, as
    "unknown", and what that may come to is tested where times are.
    """
    return {name: count for name, count in frame["loss"].items() if count != 0 and name != "switches"}


def check_frame(frame, with_threads=False, with_total=False):
    check_fields(frame, HEAD, "head")
    expect(frame["schema"] == 1, "head", f"schema is {frame['schema']}")
    expect(RFC3339.match(frame["time"]), "head", f"time is {frame['time']!r}")
    check_fields(frame["loss"], {"tasks": (int,), "exits": (int,)}, "loss")
    check_fields(frame["overhead"], {"cpu_s": NUMBER}, "overhead")
    expect(isinstance(frame.get("processes"), list), "head", "has no processes")
    for process in frame["processes"]:
        check_process(process, with_threads)
    identities = [(process["pid"], process["start_time"]) for process in frame["processes"]]
    expect(len(set(identities)) == len(identities), "head", "a process is there twice")
    if with_total:
        check_fields(frame, {"total": (dict,), "descendants": (int,)}, "head")
        check_fields(frame["total"], TOTAL, "total")
        check_judged(frame["total"], "total")
    return frame
