# SPDX-License-Identifier: GPL-2.0-or-later
"""Which system tests are about the kernel that runs, in the order of what they tell about it.

Left out: `unit`, `whole_host` and `clock_step` want a machine that is started another way (tests/vm/CMakeLists.txt),
`library` knows no kernel.
"""

EXACT = ("run", "lifecycle", "exact", "verdicts", "peers", "interpreters", "reasons", "open_waits", "everyone_counted", "gil", "holder", "procfs",
         "record", "commands", "waits", "faults", "killed", "load", "bad_input", "dashboard", "diagnose", "advice")
# Where sampling is all that runs.
SAMPLED = ("procfs", "run", "lifecycle", "peers", "commands", "record", "dashboard")


def names(collector):
    return EXACT if collector == "bpf" else SAMPLED
