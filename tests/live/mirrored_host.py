# SPDX-License-Identifier: BSD-3-Clause
#
# A real Linux host on a mirrored volume: ext4 by nbdfuse and a loop device, and a program that
# writes numbered records and syncs each. What the tests of failovers share: writing until something
# happens, and what has to be there afterwards. SUNDER_FAILOVERS says how often a kill is tried.
import os
import time
import unittest

from block_device import CHECK, MAKE, MISSING, Attached, Records
from cluster import NAMES, Cluster
from served import until

ROUNDS = int(os.environ.get("SUNDER_FAILOVERS", "20"))
FEW_ROUNDS = max(ROUNDS // 4, 1)  # of what takes longer, or is less random
SEED = int(os.environ.get("SUNDER_SEED", "1"))


@unittest.skipIf(MISSING, MISSING)
class MirroredHost(Cluster):
    def begin(self):
        """Both serve, and the volume has a file system; who is the source."""
        self.start(*NAMES)
        self.until_served(NAMES[0])
        self.until_mirrored()
        device = Attached(self, self.uri(NAMES[0]))
        self.run_tool(*MAKE["ext4"], device.device)
        device.detach()
        return NAMES[0]

    def write(self, node, name="records"):
        """A host that writes, and has written some; and its program."""
        device = Attached(self, self.uri(node))
        records = Records(device.mount("ext4") / name, may_lose_disk=True)
        self.addCleanup(records.stop)  # before what it writes to is taken from it
        until("records are written", lambda: records.synced > 5)
        return device, records

    def write_until(self, node, happens, chance):
        """What was synced when the host lost its disk, or was stopped."""
        device, records = self.write(node)
        time.sleep(chance.uniform(0, 0.3))  # a random moment, not a wait for anything
        happens()
        records.stop()
        device.detach()
        return records.synced

    def find_records(self, node, name="records"):
        """Repairs the file system as a booting host does; how many records are there, in order."""
        device = Attached(self, self.uri(node))
        # 1: its journal was replayed, and nothing is wrong with it.
        self.run_tool(*CHECK["ext4"][:1], "-fp", device.device, expect=None)
        files = device.mount("ext4")
        found = Records.count(files / name) if (files / name).exists() else None
        device.unmount()
        self.run_tool(*CHECK["ext4"], device.device)
        device.detach()
        return found

    def check_records(self, node, synced):
        found = self.find_records(node)
        self.assertGreaterEqual(found, synced, self.logs())
        return found
