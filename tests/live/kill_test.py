#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The process that serves an array is killed again and again while hosts write. Whatever the moment:
# the store opens, each block holds what was flushed last or something written since, copies hold
# their moment, and nothing is wrong with it. What a power cut does besides is sampled by the
# store's own tests.
import os
import random
import signal
import subprocess
import sys
import unittest

import served
from served import Served, until

try:
    import nbd
except ImportError:
    nbd = None

ROUNDS = int(os.environ.get("SUNDER_KILLS", "200"))
BLOCK = 4096
BLOCKS = 2048

ARRAY = """\
array: eva1
profile: eva-p6000
{store}listen: {{socket: nbd.sock}}
disk_groups:
  dg1: {{capacity: 4 GiB}}
volumes:
  data: {{group: dg1, size: 8 MiB}}
  load: {{group: dg1, size: 64 MiB}}
hosts:
  web1: [{{volume: data, lun: 1}}, {{volume: load, lun: 2}}]
"""


def content(number):
    return (number.to_bytes(8, "big") * (BLOCK // 8)) if number else bytes(BLOCK)


class Block:
    """What a block may hold: the number that was flushed, or one of those written since."""

    def __init__(self):
        self.flushed = 0
        self.since = []


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Kill(Served):
    store = "store"
    text = ARRAY

    def numbers(self, export):
        host = self.connect(export)
        whole = host.pread(BLOCK * BLOCKS, 0)
        found = []
        for at in range(0, len(whole), BLOCK):
            number = int.from_bytes(whole[at:at + 8], "big")
            self.assertEqual(whole[at:at + BLOCK], content(number), f"block {at // BLOCK} is torn")
            found.append(number)
        return found

    def write_until_killed(self, blocks, chance, writes):
        host = self.connect("data")
        for left in range(writes, -1, -1):
            if left == 0:
                self.server.send_signal(signal.SIGKILL)
            self.last += 1
            at = chance.randrange(BLOCKS)
            blocks[at].since.append(self.last)
            try:
                host.pwrite(content(self.last), at * BLOCK,
                            nbd.CMD_FLAG_FUA if chance.random() < 0.02 else 0)
                if chance.random() < 0.05:
                    host.flush()
                    for block in blocks:
                        if block.since:
                            block.flushed, block.since = block.since[-1], []
            except nbd.Error:
                break
        self.server.wait(served.PATIENCE)
        self.server = None

    def test_what_was_flushed_survives_every_kill(self):
        seed = int(os.environ.get("SUNDER_SEED", "1"))
        chance = random.Random(seed)
        blocks = [Block() for _ in range(BLOCKS)]
        copy = None  # the numbers that a snapshot has to show
        self.last = 0
        for round in range(ROUNDS):
            self.connect("load").trim(64 << 20, 0)
            load = subprocess.Popen(
                ["fio", "--name=load", "--ioengine=nbd", "--uri=" + self.uri("load"),
                 "--rw=randwrite", "--bs=4k", "--iodepth=16", "--size=64M", "--time_based",
                 "--runtime=600", "--fdatasync=8"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder,
                start_new_session=True)
            try:
                until("fio writes", lambda: self.volume("load")["mapped_bytes"] > 0)
                if copy is None and chance.random() < 0.5:
                    copy = self.numbers("data")
                    self.say("add", "snapshot", "s", "of=data")
                    self.say("present", "s", "to=web1", "lun=3")
                elif copy is not None and chance.random() < 0.3:
                    self.say("unpresent", "web1", "lun=3")
                    self.say("delete", "volume", "s")
                    copy = None
                self.write_until_killed(blocks, chance, chance.randrange(1, 200))
            finally:
                # Told to end, fio may wait for ever for what a killed server owes its jobs.
                os.killpg(load.pid, signal.SIGKILL)
                load.wait(served.PATIENCE)
            if round % 10 == 0:
                checked = self.ask("check", str(self.folder / "store"))
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            self.serve()
            for at, number in enumerate(self.numbers("data")):
                block = blocks[at]
                self.assertIn(number, [block.flushed, *block.since],
                              f"round {round}, block {at}, seed {seed}")
                block.flushed, block.since = number, []
            if copy is not None:
                self.assertEqual(self.numbers("s"), copy, f"round {round}, seed {seed}")
        print(f"{ROUNDS} kills, {self.last} writes")


if __name__ == "__main__":
    served.main(sys.argv)
