#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Content that is compressed on its way, at a level for all peers or for each.
import os
import sys

import served
from cluster import NAMES, Cluster


class Compressed(Cluster):
    more = "compression: 3\n"

    def test_what_is_sent_compressed_is_the_same_there(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        host.pwrite(b"compressible " * 80659 + bytes(9), 0)
        host.pwrite(os.urandom(1 << 20), 1 << 20)
        self.compare_images("server1")


class CompressedForOne(Cluster):
    """A leg over a long way is compressed, and one within the house is not."""
    relayed = True

    def text(self, node):
        there = "server2.relay}}"
        level = "server2.relay}, compression: 6}"
        return super().text(node).replace(there, level)

    def test_each_leg_has_its_own_level(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        passed = {node: 0 for node in NAMES}

        def count(dialled, data):
            passed["server2" if dialled == "server2" else "server1"] += len(data)
            return data

        self.network.mangle = count
        for source, target in (NAMES, NAMES[::-1]):
            if not self.serves(source):
                self.switch_to(source)
            self.until_mirrored()
            before = passed[target]
            self.connect(source).pwrite(b"compressible " * 322638 + bytes(10), 0)
            through = passed[target] - before
            if target == "server2":
                self.assertLess(through, 1 << 20)
            else:
                self.assertGreater(through, 4 << 20)
        self.compare_images("server2")


if __name__ == "__main__":
    served.main(sys.argv)
