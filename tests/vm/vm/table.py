# SPDX-License-Identifier: GPL-2.0-or-later
"""Results side by side: a row a kernel, a column a feature."""

BEGIN, END = "<!-- tests/vm/run.py --write: begin -->", "<!-- end -->"


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


def failures(result):
    found = [f"{key}: {value['failed']}" for key, value in result.lines.items() if isinstance(value, dict) and "failed" in value]
    found += [f"kernel's log: {line}" for line in result.trouble()]
    if not result.ended:
        found.append("did not come to its end; its console ended with: " + "\n    ".join(result.console.splitlines()[-15:]))
    return found


def markdown(results):
    head, *body = rows(results)
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
    print(markdown(results))
    for result in results:
        inside = ", ".join(f"{key} {value['seconds']}" for key, value in result.lines.items() if isinstance(value, dict))
        print(f"  {result.kernel.release}: {result.seconds:.0f} s, {result.cpu_seconds:.0f} of CPU time; by the machine's clock: {inside}")
    return print_failures(results, failures)


def print_tests(results):
    for result in results:
        for key, value in result.lines.items():
            if key.startswith("test "):
                print(f"{result.kernel.release}: {key[5:]}: status {value['status']} after {value['seconds']} s; "
                      f"{'; '.join(value['said'])}")

    def failed(result):
        return [key for key, value in result.lines.items() if key.startswith("test ") and value["status"] not in (0, 77)] + \
            failures(result)

    return print_failures(results, failed)


def write_page(results, path):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n{markdown(results)}\n{END}{after}")
