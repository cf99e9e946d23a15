#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The process that serves an array is killed again and again while hosts write. Whatever the moment:
# the store opens, each block holds what was flushed last or something written since, copies hold
# their moment, and nothing is wrong with it. However it ends on a disk that is full, what was
# answered is there. What a power cut does besides is sampled by the store's own tests.
import errno
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
MIB = 1 << 20
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


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
@unittest.skipIf(os.geteuid() != 0, "not root")
class Full(Served):
    """The store's folder is a file system of its own, and too small for what is written."""
    store = "store"
    text = ARRAY

    def setUp(self):
        super().setUp()
        self.taken = 0

    def serve(self):
        store = self.folder / "store"
        if not store.exists():
            store.mkdir()
            self.run_tool("mount", "-t", "tmpfs", "-o", "size=24M", "sunder", str(store))
            self.addCleanup(self.run_tool, "umount", str(store))
        super().serve()

    def room(self, size):
        self.run_tool("mount", "-o", f"remount,size={size}", str(self.folder / "store"))

    def refuses(self, call, *arguments):
        with self.assertRaises(nbd.Error) as caught:
            call(*arguments)
        self.assertEqual(caught.exception.errnum, errno.ENOSPC, caught.exception.string)

    def fill(self):
        """Until neither a mebibyte is taken nor a block."""
        host = self.connect("load")
        with self.assertRaises(nbd.Error):
            for number in range(64):
                host.pwrite(bytes([number + 1]) * MIB, number * MIB)
                self.taken = number + 1
        # The last pages: what a flush would have to write its map in.
        with self.assertRaises(nbd.Error):
            for at in range(512):
                place = at * 65536 % (8 * MIB) + at // 128 * BLOCK
                self.connect("data").pwrite(b"d" * BLOCK, place)
        self.assertGreater(self.taken, 10)
        return host

    def nothing_is_lost(self):
        host = self.connect("load")
        for number in range(self.taken):
            self.assertEqual(host.pread(MIB, number * MIB), bytes([number + 1]) * MIB, number)

    def test_a_kill_loses_nothing_after_a_flush_that_failed(self):
        self.refuses(self.fill().flush)
        self.nothing_is_lost()
        self.stop(signal.SIGKILL)
        self.room("64M")
        self.serve()
        self.nothing_is_lost()

    def test_a_stop_says_that_not_all_is_flushed_and_loses_nothing(self):
        self.fill()
        self.server.send_signal(signal.SIGTERM)
        self.assertEqual(self.server.wait(served.PATIENCE), 1, self.log())
        self.server = None
        self.assertIn("failed to flush: No space left on device; what was answered is kept, and "
                      "the next start finds it", self.log())
        self.room("64M")
        self.serve()
        self.nothing_is_lost()

    def test_with_room_it_goes_on_without_a_start(self):
        host = self.fill()
        self.refuses(host.flush)
        self.assertEqual(self.ask("add", "host", "web2").returncode, 1)
        self.room("64M")
        host.flush()
        host.pwrite(b"n" * MIB, 40 * MIB, nbd.CMD_FLAG_FUA)
        self.say("add", "host", "web2")
        self.stop(signal.SIGKILL)
        self.serve()
        self.nothing_is_lost()
        self.assertEqual(self.connect("web1/load").pread(MIB, 40 * MIB), b"n" * MIB)


if __name__ == "__main__":
    served.main(sys.argv)
