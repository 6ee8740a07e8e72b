#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Waits whose meaning only their end tells: for each kind one that is owed an answer, and one with nothing to do.

The client asks, the server works for 5 ms and answers: the client is owed that. In the twin the client sleeps for
20 ms between two questions that cost next to nothing: then the server waits for work, whatever it waits in.
"""

import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from systest import judge, report  # noqa: E402
from systest.workloads import Workload  # noqa: E402

WORK_US = 5000
PAUSE_US = 20000
LONG_US = 60000000


class Waits(judge.Judge):
    window_s = 1  # a hundred waits, if not thousands; there are many pairs

    def judge_pair(self, channel, wait, cause, seen_in):
        """`seen_in`: where strace sees both of them wait."""
        with Workload("ask", channel, wait, WORK_US, 0) as pair:
            client, server = pair.facts["client"], pair.facts["server"]
            self.judge_together((client, "io-bound", cause, judge.off_cpu), (server, "cpu-bound", "user", judge.on_cpu))
            self.assert_waits_in(client, seen_in)
        with Workload("ask", channel, wait, 0, PAUSE_US) as pair:
            client, server = pair.facts["client"], pair.facts["server"]
            self.judge_together((client, "idle", "sleep", judge.idle), (server, "idle", "event", judge.idle))
            self.assert_waits_in(client, ("clock_nanosleep", ""))
            self.assert_waits_in(server, seen_in)

    def test_unix_socket(self):
        self.judge_pair("unix", "read", "ipc", ("read", "UNIX-STREAM"))

    def test_pipes(self):
        self.judge_pair("pipe", "read", "ipc", ("read", "pipe"))

    def test_eventfd(self):
        self.judge_pair("eventfd", "read", "ipc", ("read", "anon_inode"))

    def test_message_queue(self):
        self.judge_pair("queue", "read", "ipc", ("mq_timedreceive", ""))

    def test_shared_semaphore(self):
        self.judge_pair("sem", "read", "ipc", ("futex", ""))

    def test_tcp(self):
        self.judge_pair("tcp", "read", "network", ("read", "TCP"))

    def test_tcp_over_ipv6(self):
        self.judge_pair("tcp6", "read", "network", ("read", "TCPv6"))

    def test_poll_of_tcp(self):
        self.judge_pair("tcp", "poll", "network", ("poll", ""))

    def test_poll_of_a_unix_socket(self):
        self.judge_pair("unix", "poll", "ipc", ("poll", ""))

    def test_poll_that_lasts(self):
        """A wait that began before boundtop did, and goes on after."""
        with Workload("ask", "tcp", "poll", LONG_US, 0) as pair:
            self.judge_blocked(pair.facts["client"], "io-bound", "network", None)
        with Workload("ask", "tcp", "poll", 0, LONG_US) as pair:
            self.judge_blocked(pair.facts["server"], "idle", "event", None)

    def test_select_of_tcp(self):
        self.judge_pair("tcp", "select", "network", ("pselect6", ""))

    def test_select_of_a_pipe(self):
        self.judge_pair("pipe", "select", "ipc", ("pselect6", ""))

    @unittest.skipUnless(os.uname().machine == "x86_64", "int 0x80 is of x86")
    def test_32_bit_calls(self):
        """Other numbers, other registers; strace 6.1 does not see that a 64-bit program makes them."""
        self.judge_pair("pipe", "int80", "ipc", None)
        self.judge_pair("tcp", "int80", "network", None)
        self.judge_pair("tcp", "socketcall", "network", None)

    def test_epoll_of_tcp(self):
        self.judge_pair("tcp", "epoll", "network", ("epoll_wait", "anon_inode"))

    def test_epoll_that_runs_out(self):
        """An event loop with timers: most of its waits end before the answer comes."""
        self.judge_pair("tcp", "ticks", "network", ("epoll_wait", "anon_inode"))

    def test_epoll_of_a_unix_socket(self):
        self.judge_pair("unix", "epoll", "ipc", ("epoll_wait", "anon_inode"))

    def test_semaphore_as_a_lock(self):
        with Workload("semaphore", 16, "lock") as convoy:
            self.judge_blocked(convoy.pid, "lock-bound", "lock", ("futex", ""))

    def test_semaphore_of_a_pool(self):
        with Workload("semaphore", 4, "queue") as pool:
            self.judge_blocked(pool.pid, "idle", "event", ("futex", ""))

    def test_parked_for_a_lock(self):
        """Each at a futex of its own: only who wakes whom tells a lock."""
        with Workload("park", 6, "lock") as convoy:
            self.judge_blocked(convoy.pid, "lock-bound", "lock", ("futex", ""))

    def test_parked_without_one(self):
        with Workload("park", 5, "turns") as turns:
            # Each of four works, or wants to, for a quarter of the time, and together all the time, as one would.
            self.judge(turns.pid, "cpu-bound", "user",
                       lambda window: window.cpu > 0.12 and window.run_queue < 0.3 * window.cpu)
        with Workload("park", 6, "pipeline") as stages:
            # One of six computes.
            self.judge(stages.pid, "cpu-bound", "user", lambda window: window.run_queue < 1.4 * window.cpu)
        with Workload("park", 5, "pool") as pool:
            self.judge_blocked(pool.pid, "idle", "event", ("futex", ""))


if __name__ == "__main__":
    report.main()
