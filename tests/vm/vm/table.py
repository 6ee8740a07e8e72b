# SPDX-License-Identifier: GPL-2.0-or-later
"""Results side by side: a row a kernel, a column a feature; and the system tests that ran inside."""

from . import kernels

END = "<!-- end -->"


def share(value):
    return f"{100 * value:.2f} %"


def of_check(found):
    return f"{found['collector']}, {found['program']}" if found["program"] else f"{found['collector']}: {found['reason']}"


def of_labels(found):
    return f"{found['right']} of {found['of']}"


COLUMNS = (
    ("check", "what runs", of_check),
    ("verdicts", "verdicts", of_labels),
    ("locks", "lock, GIL", of_labels),
    ("exact", "on-CPU off by", lambda found: share(found["off"])),
    ("run", "`run`: unaccounted", lambda found: share(found["unknown"])),
    ("leftovers", "left behind", lambda found: str(found["left"])),
)


def cell(result, key, text):
    found = result.lines.get(key)
    if found is None:
        return "no answer"
    return "FAILED" if "failed" in found else text(found)


def rows(results):
    head = ["kernel", "boot", *(title for _, title, _ in COLUMNS), "kernel's log"]
    out = [head]
    for result in results:
        out.append([result.kernel.release, f"{result.lines.get('uptime', 0):.1f} s",
                    *(cell(result, key, text) for key, _, text in COLUMNS),
                    "not clean" if result.trouble() else "clean"])
    return out


def tests_of(result):
    return {key[5:]: value for key, value in result.lines.items() if key.startswith("test ")}


def test_rows(results):
    """Of each kernel that ran any: how many tests, and what was wrong with which."""
    out = [["kernel", "system tests inside", "passed", "skipped", "failed"]]
    for result in results:
        tests = tests_of(result)
        if not tests:
            continue
        ran = sum(found["ran"] for found in tests.values())
        failed = [f"`{script}` {name}: {why}" for script, found in tests.items() for name, why in found["failed"].items()]
        skipped = [reason for found in tests.values() for reason in found["skipped"]]
        out.append([result.kernel.release, " ".join(tests), f"{ran - len(failed) - len(skipped)} of {ran}",
                    str(len(skipped)), "<br>".join(failed).replace("|", "\\|") or "none"])
    return out


def failures(result):
    found = [f"{key}: {value['failed']}" for key, value in result.lines.items()
             if isinstance(value, dict) and not key.startswith("test ") and "failed" in value]
    found += [f"kernel's log: {line}" for line in result.trouble()]
    if not result.ended:
        found.append("did not come to its end; its console ended with: " + "\n    ".join(result.console.splitlines()[-15:]))
    return found


def markdown(rows_):
    head, *body = rows_
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cells) + " |" for cells in body]
    return "\n".join(lines)


def print_failures(results, of):
    count = 0
    for result in results:
        for failure in of(result):
            print(f"FAILED: {result.kernel.release}: {failure}")
            count += 1
    return count


def print_features(results):
    """Returns how much failed."""
    print(markdown(rows(results)))
    for result in results:
        inside = ", ".join(f"{key} {value['seconds']}" for key, value in result.lines.items() if isinstance(value, dict) and not key.startswith("test "))
        print(f"  {result.kernel.release}: {result.seconds:.0f} s, {result.cpu_seconds:.0f} of CPU time; by the machine's clock: {inside}")
    return print_failures(results, failures)


def print_tests(results, alone=True):
    """Returns how much failed. alone: nothing else was printed about these machines."""
    for result in results:
        for script, found in tests_of(result).items():
            print(f"{result.kernel.release}: {script}: {found['ran']} tests, {len(found['failed'])} failed, after {found['seconds']} s; "
                  f"{'; '.join(found['skipped'])}")

    def failed(result):
        return [f"{script}: {name}: {why}" for script, found in tests_of(result).items() for name, why in found["failed"].items()] + \
            (failures(result) if alone else [])

    return print_failures(results, failed)


def series_key(release):
    """What of the matrix a release stands for: what has no series of its own was the newest."""
    series = kernels.series_of(release)
    return series if series in {one.name for one in kernels.SERIES} else kernels.NEWEST


def merged(before, found):
    """The rows found, and those of a table in a page that are about other kernels."""
    new = {series_key(cells[0]) for cells in found[1:]}
    old = [[cell.strip() for cell in line.strip().strip("|").split(" | ")] for line in before.strip().splitlines()[2:]]
    rows_ = [cells for cells in old if series_key(cells[0]) not in new and len(cells) == len(found[0])] + found[1:]
    return [found[0], *sorted(rows_, key=lambda cells: kernels.version_key(cells[0]))]


def write_page(results, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for begin, found in (("<!-- tests/vm/run.py --write: begin -->", rows(results)),
                         ("<!-- tests/vm/run.py --system --write: begin -->", test_rows(results))):
        before, _, rest = text.partition(begin)
        table, _, after = rest.partition(END)
        text = f"{before}{begin}\n{markdown(merged(table, found))}\n{END}{after}"
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
