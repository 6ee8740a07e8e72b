#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the other end of a socket that is waited on: by name if it is on this host, else by its address.

The witness are the two processes themselves: each says which inode its end of the socket has.
"""

import os
import pwd
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import paths, product, report, schema  # noqa: E402
from systest.talk import Talk  # noqa: E402

NOBODY = pwd.getpwnam("nobody")
AS_NOBODY = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}


def has(pid, ino):
    """Does the process have the socket open, by its own table?"""
    folder = f"/proc/{pid}/fd"
    return any(os.readlink(f"{folder}/{fd}") == f"socket:[{ino}]" for fd in os.listdir(folder))


class Peers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        report.require_root()

    def wait_of(self, talk, *more):
        """What is said of the wait for that socket, and the process's evidence and advice."""
        process = product.classify(talk.facts["asker"], 1, *more)
        waits = [wait for wait in process["waits"] if wait["target"] == f"socket:[{talk.facts['ino']}]"]
        self.assertTrue(waits, process["waits"])
        return waits[0], process["evidence"]

    def assert_named(self, kind, address=None, others=0):
        for collector in ("bpf", "procfs") if product.IS_EXACT else ("procfs",):
            with self.subTest(kind=kind, collector=collector), Talk(kind) as talk:
                server = talk.facts["pid"]
                self.assertTrue(has(server, talk.facts["served"]))
                wait, evidence = self.wait_of(talk, "--collector", collector)
                report.note(f"{kind}: {evidence}; {wait['peer']}")
                self.assertEqual((server, "serve", others), tuple(wait["peer"][key] for key in ("pid", "comm", "others")))
                if address:
                    self.assertRegex(wait["peer"]["address"], address)

    def test_unix_stream(self):
        self.assert_named("unix", r"^/tmp/boundtop-peers-.*/socket$")

    def test_unix_abstract(self):
        self.assert_named("abstract", r"^@boundtop/tmp/boundtop-peers-.*/socket$")

    def test_unix_datagrams(self):
        self.assert_named("datagrams", r"/socket$")

    def test_both_have_both_ends(self):
        self.assert_named("pair")

    def test_tcp(self):
        self.assert_named("tcp", r"^127\.0\.0\.1:\d+$")

    def test_version_4_to_a_socket_of_version_6(self):
        self.assert_named("tcp6", r"^127\.0\.0\.1:\d+$")

    def test_udp(self):
        self.assert_named("udp", r"^127\.0\.0\.1:\d+$")

    def test_in_another_network_namespace(self):
        self.assert_named("namespace", r"^127\.0\.0\.1:\d+$")

    def test_remote(self):
        with Talk("remote") as talk:
            wait, evidence = self.wait_of(talk)
            report.note(evidence)
            self.assertEqual({"pid": None, "comm": None, "others": 0, "address": "198.51.100.77:4711"}, wait["peer"])
            self.assertRegex(evidence, r"recvfrom of inet:\[\d+\] from 198\.51\.100\.77:4711")

    def test_evidence_names_it(self):
        with Talk("tcp") as talk:
            _, evidence = self.wait_of(talk)
            self.assertRegex(evidence, rf"recvfrom of inet:\[{talk.facts['ino']}\] from {talk.facts['pid']} \(serve\)")

    def test_the_server_sees_who_asks(self):
        product.require_exact("a look hardly ever meets the server in the wait for that socket")
        with Talk("unix") as talk:
            process = product.classify(talk.facts["pid"], 1)
            peers = [wait["peer"] for wait in process["waits"] if wait["target"] == f"socket:[{talk.facts['served']}]"]
            self.assertEqual(talk.facts["asker"], peers[0]["pid"])

    def test_plain_user(self):
        """Without rights it samples, and names those of its own processes."""
        with Talk("unix", AS_NOBODY) as talk:
            result = subprocess.run([paths.boundtop(), "classify", "--json", "-d", "1", str(talk.facts["asker"])],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, **AS_NOBODY)
            frame = schema.check_frame(schema.parse(result.stdout))
            waits = [wait for wait in frame["processes"][0]["waits"] if wait["target"] == f"socket:[{talk.facts['ino']}]"]
            self.assertTrue(waits, frame["processes"][0])
            self.assertEqual(talk.facts["pid"], waits[0]["peer"]["pid"])

    def test_frames_go_on_with_the_search(self):
        """Each frame has some milliseconds for it: with many processes it is found in one of the next."""
        with Talk("unix") as talk, product.Running("top", "--json", "-d", "0.2", "-p", talk.facts["asker"]) as running:
            for _ in range(50):
                frame = schema.parse(running.lines.next())
                peers = [wait["peer"] for process in frame["processes"] for wait in process["waits"] if wait["peer"]]
                if any(peer["pid"] == talk.facts["pid"] for peer in peers):
                    break
            else:
                self.fail(f"never named: {frame['processes']}")


if __name__ == "__main__":
    report.main()
