#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Bytes that change on their way between two nodes that know each other: a bit of a host's content,
# a frame that is cut off, one that says it is larger than any may be. Nothing of it reaches a disk,
# the connection is given up and made anew, and both images are equal in the end.
import os
import struct
import sys
import threading

import served
from cluster import NAMES, Cluster, other
from served import until

BLOCK = 4096
MARK = b"marked so that it is found on its way"


class Mangled(Cluster):
    relayed = True

    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.mangled = threading.Event()

    def marked(self):
        return MARK + os.urandom(BLOCK - len(MARK))

    def once(self, change):
        """Changes what goes to server2, the first time that it can be."""
        def mangle(node, data):
            if node != "server2" or self.mangled.is_set():
                return data
            changed = change(data)
            if changed != data:
                self.mangled.set()
            return changed
        self.network.mangle = mangle

    def goes_on(self):
        def given_up():
            return self.log("server1").count("leg to server2: disconnected")

        before = given_up()
        host = self.connect("server1")
        contents = [self.marked() for _ in range(64)]
        for number, content in enumerate(contents):
            host.pwrite(content, number * BLOCK)
        until("it was changed on its way", self.mangled.is_set)
        until("the leg was given up", lambda: given_up() > before, self.logs)
        self.assertIn("the connection to server1 is given up:", self.log("server2"))
        self.until_mirrored()
        for node in NAMES:
            self.assertIsNone(self.servers[node].poll(), self.logs())
        self.compare_images("server1")
        for number, content in enumerate(contents):
            self.assertEqual(host.pread(BLOCK, number * BLOCK), content)
        self.assertFalse(self.serves(other("server1")))

    def test_a_bit_of_the_content(self):
        def change(data):
            at = data.find(MARK)
            return data if at < 0 else data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
        self.once(change)
        self.goes_on()

    def test_a_frame_that_is_cut_off(self):
        def change(data):
            at = data.find(MARK)
            return data if at < 0 else data[:at + 8]
        self.once(change)
        self.goes_on()

    def test_a_frame_that_is_larger_than_any(self):
        def change(data):
            at = data.find(b"SunF")
            if at < 0 or MARK not in data:
                return data
            return data[:at + 8] + struct.pack("<I", 0xffffffff) + data[at + 12:]
        self.once(change)
        self.goes_on()

    def test_a_frame_of_another_kind(self):
        def change(data):
            at = data.find(b"SunF")
            if at < 0 or MARK not in data:
                return data
            return data[:at + 5] + b"\x03" + data[at + 6:]  # control, on a leg
        self.once(change)
        self.goes_on()


if __name__ == "__main__":
    served.main(sys.argv)
