#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Links that drip: a leg that moves on, however slowly, is kept for longer than a connection may
# stall, and hosts wait behind it in bounded memory; one that moves no more is given up in time.
import re
import sys
import threading
import time
from pathlib import Path

import served
from cluster import NAMES, Cluster
from served import until

MIB = 1 << 20
STALL = 2  # seconds, as the cluster's file says
RATE = 100 * 1024
SIZE = 64      # MiB of the volume
WRITTEN = 600  # MiB


class Drips(Cluster):
    relayed = True

    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.host = self.connect("server1")
        self.writer = None
        self.failed = []

    def write_in_the_background(self, mebibytes):
        def write():
            try:
                for number in range(mebibytes):
                    self.host.pwrite(bytes([number % 255 + 1]) * MIB, number % SIZE * MIB)
            except Exception as failure:  # for the test's own thread
                self.failed.append(failure)

        self.writer = threading.Thread(target=write)
        self.writer.start()

    def leg(self):
        return self.datarep("server1")["legs"][0]["state"]

    def memory(self):
        text = Path(f"/proc/{self.servers['server1'].pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024


class Synchronous(Drips):
    def test_a_leg_that_drips_is_kept_and_one_that_stands_still_is_not(self):
        before = self.log("server1").count("leg to server2")
        room = self.memory()
        self.network.drip(RATE)
        self.write_in_the_background(3)
        end = time.monotonic() + 5 * STALL
        while time.monotonic() < end:
            self.assertEqual(self.leg(), "mirroring", self.logs())
            time.sleep(0.1)
        self.assertTrue(self.writer.is_alive(), "it was not slow enough to show anything")
        self.assertLess(self.memory() - room, 128 * MIB)
        self.assertEqual(self.log("server1").count("leg to server2"), before, self.logs())
        # What comes to a stop is another thing.
        self.network.cut()
        began = time.monotonic()
        until("the leg is given up", lambda: self.leg() != "mirroring", self.logs)
        self.assertLess(time.monotonic() - began, 3 * STALL)
        self.writer.join(served.PATIENCE)
        self.assertFalse(self.writer.is_alive())
        self.assertEqual(self.failed, [])
        self.network.drip(None)
        self.network.heal()
        self.until_mirrored()
        self.compare_images("server1")


class Asynchronous(Drips):
    """Far more writes than memory is meant to hold: hosts wait for room, not for the target."""
    mode = "asynchronous\n      asynchronous_limit: 4096"

    def test_what_waits_for_a_leg_is_bounded_in_bytes(self):
        room = self.memory()
        self.network.drip(RATE)
        self.write_in_the_background(WRITTEN)
        most = 0
        end = time.monotonic() + 2 * STALL
        while time.monotonic() < end:
            most = max(most, self.memory() - room)
            time.sleep(0.05)
        self.assertTrue(self.writer.is_alive(), "nobody waited")
        self.assertGreater(most, 32 * MIB, "nothing waited for the leg")
        self.assertLess(most, 192 * MIB)
        self.assertEqual(self.leg(), "mirroring", self.logs())
        # Others are heard beside them.
        self.assertEqual(len(self.connect("server1").pread(MIB, 0)), MIB)
        self.network.drip(None)
        self.writer.join(served.PATIENCE)
        self.assertFalse(self.writer.is_alive())
        self.assertEqual(self.failed, [])
        self.until_mirrored()
        self.compare_images("server1")


if __name__ == "__main__":
    served.main(sys.argv)
