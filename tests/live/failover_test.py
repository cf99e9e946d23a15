#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The failover of a real Linux host: ext4 on a mirrored volume, a program that writes numbered
# records and syncs each, and the source's process killed at a random moment. The survivor takes
# over; every synced record is there, and the file system is whole. Who was killed comes back, is
# resynchronised by the union of both intent logs, and then both images are equal. Needs root, FUSE
# and loop devices. SUNDER_FAILOVERS says how often.
import os
import random
import signal
import sys
import time
import unittest

import served
from block_device import CHECK, MAKE, MISSING, Attached, Records
from cluster import NAMES, Cluster
from served import until

ROUNDS = int(os.environ.get("SUNDER_FAILOVERS", "20"))
SEED = int(os.environ.get("SUNDER_SEED", "1"))


def other(node):
    return NAMES[1 - NAMES.index(node)]


@unittest.skipIf(MISSING, MISSING)
class Failover(Cluster):
    def write_and_kill(self, source, how, chance):
        """What was synced when the source was lost."""
        device = Attached(self, self.uri(source))
        records = Records(device.mount("ext4") / "records", may_lose_disk=True)
        before = records.synced
        until("records are written", lambda: records.synced > before + 5)
        time.sleep(chance.uniform(0, 0.3))  # a random moment, not a wait for anything
        how()
        records.stop()
        device.detach()
        return records.synced

    def check_records(self, node, synced):
        device = Attached(self, self.uri(node))
        self.run_tool(*CHECK["ext4"][:1], "-fp", device.device, expect=None)
        files = device.mount("ext4")
        found = Records.count(files / "records")
        device.unmount()
        self.run_tool(*CHECK["ext4"], device.device)
        device.detach()
        self.assertGreaterEqual(found, synced, self.logs())
        return found

    def test_every_synced_record_survives_every_kill(self):
        chance = random.Random(SEED)
        self.start(*NAMES)
        source = NAMES[0]
        self.until_served(source)
        self.until_mirrored()
        device = Attached(self, self.uri(source))
        self.run_tool(*MAKE["ext4"], device.device)
        device.detach()
        for number in range(ROUNDS):
            killed = [0.0]

            def kill():
                self.kill(source)
                killed[0] = time.monotonic()

            synced = self.write_and_kill(source, kill, chance)
            survivor = other(source)
            self.until_served(survivor)
            took = time.monotonic() - killed[0]
            found = self.check_records(survivor, synced)
            self.start(source)
            self.until_mirrored()
            self.compare_images(survivor)
            print(f"failover {number + 1}: {source} killed, {survivor} serves {took:.1f} s later; "
                  f"{synced} records synced, {found} found; file system whole, images equal",
                  flush=True)
            source = survivor


if __name__ == "__main__":
    served.main(sys.argv)
