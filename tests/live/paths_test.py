#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes that beat on two paths, by UDP on two networks of this machine, each of which can be cut by
# itself: a peer is silent when nothing of it comes on any of them, and not before.
import re
import select
import socket
import sys
import threading

import served
from cluster import NAMES, Cluster, other
from served import until

BLOCK = 4096
ADDRESSES = ("127.0.0.1", "127.0.0.2")


def datagrams(address):
    """A socket on a port that nobody has."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, 0))
    return made


class Path:
    """What lies between the nodes on one network: for each of them a relay, at which the others
    send to it."""

    def __init__(self, address):
        self.address = address
        self.whole = True
        self.stopping = False
        self.relays = {node: datagrams(address) for node in NAMES}
        self.ports = {}  # at which the nodes hear
        for node in NAMES:
            with datagrams(address) as free:
                self.ports[node] = free.getsockname()[1]
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def port(self, node, seen_by):
        return self.ports[node] if node == seen_by else self.relays[node].getsockname()[1]

    def run(self):
        node_of = {relay: node for node, relay in self.relays.items()}
        while not self.stopping:
            for relay in select.select(list(node_of), [], [], 0.1)[0]:
                beat = relay.recv(1 << 16)
                if self.whole:
                    relay.sendto(beat, (self.address, self.ports[node_of[relay]]))

    def stop(self):
        self.stopping = True
        self.thread.join()
        for relay in self.relays.values():
            relay.close()


class Paths(Cluster):
    relayed = True
    missed = 15  # a path that was cut has to be told from a machine that lets nodes stand still
    silent = 1500  # ms without a beat

    def setUp(self):
        self.paths = [Path(address) for address in ADDRESSES]
        for path in self.paths:
            self.addCleanup(path.stop)
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        until("each is heard on each path", lambda: all(
            None not in self.peer(node)["heard_ago_ms"] for node in NAMES), self.logs)
        self.told = {node: len(self.log(node)) for node in NAMES}

    def text(self, node):
        def with_beats(member):
            beats = ", ".join(f"{{address: {path.address}, port: {path.port(member[1], node)}}}"
                              for path in self.paths)
            return f"{member[0]}, beats: [{beats}]"
        return re.sub(r"(server\d): \{peers: \{socket: \S+?\}", with_beats, super().text(node))

    def peer(self, node):
        return self.status(node)["peers"][0]

    def nothing_comes_on(self, number):
        """At either node, for twice as long as it takes until a silent peer is missed."""
        ago = [self.peer(node)["heard_ago_ms"] for node in NAMES]
        for node, paths in zip(NAMES, ago):
            self.assertLess(paths[1 - number], self.silent, f"{node}: {paths}\n{self.logs()}")
        return all(paths[number] > 2 * self.silent for paths in ago)

    def new(self, node):
        """What its log says since the nodes mirrored."""
        return self.log(node)[self.told[node]:]

    def nobody_is_missed(self):
        for node in NAMES:
            self.assertTrue(self.peer(node)["heard"], self.logs())
            self.assertEqual(self.new(node), "", self.logs())
        self.assertTrue(self.serves("server1"))
        self.assertFalse(self.serves("server2"))

    def test_whoever_is_heard_on_one_path_is_not_missed(self):
        for number, path in enumerate(self.paths):
            path.whole = False
            until(f"nothing comes on path {number}", lambda: self.nothing_comes_on(number),
                  self.logs)
            self.nobody_is_missed()
            path.whole = True
            until("both are heard again", lambda: all(
                max(self.peer(node)["heard_ago_ms"]) < self.silent for node in NAMES), self.logs)
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        self.nobody_is_missed()
        self.compare_images("server1")

    def test_whoever_is_heard_on_none_is_missed_and_its_mirror_taken_over(self):
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        self.paths[0].whole = False
        until("nothing comes on one path", lambda: self.nothing_comes_on(0), self.logs)
        self.nobody_is_missed()
        self.network.cut()
        self.paths[1].whole = False
        self.until_served("server2")
        for node in NAMES:
            until(f"{other(node)} is missed", lambda: not self.peer(node)["heard"], self.logs)
        self.assertEqual(self.connect("server2").pread(BLOCK, 0), b"x" * BLOCK)
        # One of them is enough to meet again; nobody has written since they parted.
        self.paths[1].whole = True
        self.network.heal()
        self.until_mirrored()
        self.assertNotEqual(self.serves("server1"), self.serves("server2"))

    def test_one_path_is_enough_to_miss_a_source_that_died(self):
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        self.paths[1].whole = False
        until("nothing comes on one path", lambda: self.nothing_comes_on(1), self.logs)
        self.kill("server1")
        self.until_served("server2")
        self.assertEqual(self.connect("server2").pread(BLOCK, 0), b"x" * BLOCK)
        self.start("server1")
        self.until_mirrored()
        self.compare_images("server2")


if __name__ == "__main__":
    served.main(sys.argv)
