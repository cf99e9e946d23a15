#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Hosts that hang up while requests are under way: killed between two of them, or in the middle of
# one, and those of a mirror that leaves service. Whoever serves goes on serving.
import subprocess
import sys
import unittest

import served
from cluster import NAMES, Cluster
from served import Served

try:
    import nbd
except ImportError:
    nbd = None

KILLS = 40
DEPTH = 64
MIB = 1 << 20

HOST = """
import nbd, os, sys
host = nbd.NBD()
host.connect_uri(sys.argv[1])
kind, depth = sys.argv[2], int(sys.argv[3])
room = [nbd.Buffer(1 << 18) for _ in range(depth)]
os.write(1, b"x")
while True:
    for number, one in enumerate(room):
        at = number % 16 << 18
        if kind == "read":
            host.aio_pread(one, at)
        else:
            host.aio_pwrite(bytes(1 << 18), at)
    while host.aio_in_flight() > 0:
        host.poll(-1)
"""


def run_host(uri, kind, depth=DEPTH):
    """A process of its own, which is about to have so many requests under way."""
    host = subprocess.Popen(["/usr/bin/python3", "-c", HOST, uri, kind, str(depth)],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert host.stdout.read(1) == b"x", "it did not begin"
    host.stdout.close()
    return host


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Killed(Served):
    def test_an_array_outlives_its_hosts(self):
        for number in range(KILLS):
            host = run_host(self.uri("data"), ("read", "write")[number % 2])
            beside = self.connect("data")
            for _ in range(number):  # a moment of its own, in requests of another
                beside.pread(4096, 0)
            host.kill()
            host.wait()
            self.assertIsNone(self.server.poll(), self.log())
            self.assertEqual(len(beside.pread(MIB, 0)), MIB)
            beside.shutdown()
        self.assertNotIn("Assertion", self.log())


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class LeftBehind(Cluster):
    def test_a_node_outlives_the_hosts_that_it_lets_go(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        source = NAMES[0]
        for number in range(8):
            hosts = [run_host(self.uri(source), kind, 16) for kind in ("read", "write") * 2]
            other = NAMES[1 - NAMES.index(source)]
            self.switch_to(other)
            for host in hosts:
                host.kill()
                host.wait()
            for node in NAMES:
                self.assertIsNone(self.servers[node].poll(), self.logs())
            self.until_mirrored()
            source = other
        self.compare_images(source)


if __name__ == "__main__":
    served.main(sys.argv)
