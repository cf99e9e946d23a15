#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes on two hosts, each a network namespace, and a packet filter that lets heartbeats through and
# no TCP (FLT-6): nothing on a connection says that it leads nowhere. Needs root and namespaces.
import os
import re
import subprocess
import sys
import unittest

import served
from cluster import NAMES
from encrypted import Encrypted
from served import until

BLOCK = 4096
ADDRESSES = {"server1": "192.0.2.1", "server2": "192.0.2.2"}


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, timeout=served.PATIENCE)


class Filtered(Encrypted):
    def setUp(self):
        self.spaces = {node: f"sunder-{os.getpid()}-{node}" for node in NAMES}
        self.addCleanup(self.remove_hosts)
        self.make_hosts()
        super().setUp()

    def make_hosts(self):
        one, other = self.spaces.values()
        for space in (one, other):
            made = ip("netns", "add", space)
            if made.returncode != 0:
                self.skipTest(f"no network namespaces here: {made.stderr.strip()}")
        made = ip("-n", one, "link", "add", "wire", "type", "veth", "peer", "name", "wire",
                  "netns", other)
        if made.returncode != 0:
            self.skipTest(f"no veth here: {made.stderr.strip()}")
        for node, space in self.spaces.items():
            for words in (("address", "add", f"{ADDRESSES[node]}/30", "dev", "wire"),
                          ("link", "set", "wire", "up"), ("link", "set", "lo", "up")):
                made = ip("-n", space, *words)
                self.assertEqual(made.returncode, 0, made.stderr)

    def remove_hosts(self):
        for space in self.spaces.values():
            ip("netns", "delete", space)

    def within(self, node):
        return ["ip", "netns", "exec", self.spaces[node]]

    def endpoint(self, node, name):
        return f"address: {ADDRESSES[name]}, port: 7789"

    def filter_tcp(self, what):
        """Silently, on its way out of either host: `add` or `delete`."""
        for space in self.spaces.values():
            done = ip("-n", space, "rule", what, "pref", "10", "ipproto", "tcp", "blackhole")
            self.assertEqual(done.returncode, 0, done.stderr)

    def is_quiet(self, space):
        """Nobody owes anybody a word, so that an end that has been left hears of nothing."""
        told = ip("netns", "exec", space, "ss", "--tcp", "--info", "--no-header")
        quiet_ms = [int(ago) for ago in re.findall(r"\blastsnd:(\d+)", told.stdout)]
        return quiet_ms != [] and min(quiet_ms) > 1500  # as long as a settling takes, and half more

    def begin(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        host.pwrite(b"a" * BLOCK, 0)
        until("nothing is on the way", lambda: all(map(self.is_quiet, self.spaces.values())),
              self.logs)
        self.filter_tcp("add")
        host.pwrite(b"b" * BLOCK, 0)  # answered when its node goes on alone

    def until_left_behind(self, node):
        until(f"{node} knows that it is connected to nobody",
              lambda: self.datarep(node)["data"] == "consistent"
              and not self.status(node)["peers"][0]["connected"], self.logs)
        self.assertTrue(self.status(node)["peers"][0]["heard"])

    def test_an_idle_target_learns_that_it_is_left_behind_and_is_brought_up_to_date(self):
        self.begin()
        self.until_left_behind("server2")
        self.filter_tcp("delete")
        self.until_mirrored()
        self.assertNotIn("in service here", self.log("server2"))
        self.compare_images("server1")
        self.assertEqual(bytes(self.connect("server1").pread(BLOCK, 0)), b"b" * BLOCK)

    def test_what_a_faithful_target_takes_over_without_is_never_lost_in_silence(self):
        """Under a faithful policy nobody waits for a target to know that it is left behind."""
        self.begin()
        self.until_left_behind("server2")
        self.kill("server1")
        self.until_served("server2")
        self.connect("server2").pwrite(b"c" * BLOCK, BLOCK)
        self.filter_tcp("delete")
        self.start("server1")
        until("both tell of it", lambda: all(
            self.datarep(node)["state"] == "split brain" for node in NAMES), self.logs)
        self.say("server2", "--yes", "resolve", "datarep")
        self.until_served("server1")
        self.until_mirrored()
        self.assertEqual(bytes(self.connect("server1").pread(2 * BLOCK, 0)),
                         b"b" * BLOCK + bytes(BLOCK))


if __name__ == "__main__":
    served.main(sys.argv)
