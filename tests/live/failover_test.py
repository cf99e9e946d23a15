#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The failover of a real Linux host: ext4 on a mirrored volume, a program that writes numbered
# records and syncs each, and the source's process killed at a random moment, or stopped for longer
# than anybody waits for it. The survivor takes over; every synced record is there, and the file
# system is whole. Who was lost comes back, is resynchronised by the union of both intent logs, and
# then both images are equal. Needs root, FUSE and loop devices.
import random
import signal
import sys
import time
from pathlib import Path

import served
from cluster import NAMES, other
from mirrored_host import FEW_ROUNDS, ROUNDS, SEED, MirroredHost
from served import until

BLOCK = 4096
FENCE = Path(__file__).with_name("fence.py")


class Failover(MirroredHost):
    def test_every_synced_record_survives_every_kill(self):
        chance = random.Random(SEED)
        source = self.begin()
        for number in range(ROUNDS):
            killed = [0.0]

            def kill():
                self.kill(source)
                killed[0] = time.monotonic()

            synced = self.write_until(source, kill, chance)
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


class StandsStill(MirroredHost):
    """FLT-14. A faithful source that goes on after it was taken for dead answers nothing out of the
    past: its lease is over. It has lost nothing that it acknowledged, or both say that their copies
    parted, each serves its own (R32), and an operator chooses."""

    def stop_and_go_on(self, source, chance):
        import nbd
        survivor = other(source)
        device, records = self.write(source)
        reader = self.connect(source)
        time.sleep(chance.uniform(0, 0.3))  # a random moment, not a wait for anything
        self.tell(source, signal.SIGSTOP)
        self.until_served(survivor)
        found = self.check_records(survivor, records.synced)
        host = self.connect(survivor)
        host.pwrite(b"later" * 819 + b"!", self.tail(host))
        # Asked of the one that stands still, when another has acknowledged something else.
        past = bytearray(BLOCK)
        answered = []
        reader.aio_pread(past, self.tail(host),
                         completion=lambda error: answered.append(error.value) or 1)
        self.tell(source, signal.SIGCONT)
        try:
            while not answered:
                reader.poll(-1)
        except nbd.Error as gone:
            answered.append(gone.errnum)
        if answered == [0]:  # of its own, then, once it knew that the copies had parted
            self.assertEqual(self.datarep(source)["state"], "split brain",
                             f"answered out of the past\n{self.logs()}")
        until("they mirror again, or both tell of a split brain", lambda: self.states() in (
            {"fully operational", "target"}, {"split brain"}))
        split = self.states() == {"split brain"}
        if split:
            self.say(source, "resolve", "datarep", "--yes")
        until("its host is let go", lambda: not records.thread.is_alive())
        device.detach()
        if not split:
            self.assertGreaterEqual(found, records.synced, self.logs())
        self.until_mirrored()
        self.assertFalse(self.serves(source))
        self.compare_images(survivor)
        self.assertEqual(host.pread(BLOCK, self.tail(host)), b"later" * 819 + b"!")
        self.assertEqual(self.find_records(survivor), found)
        end = "split brain told and resolved" if split else "nothing lost"
        print(f"{source} stood still and went on; {records.synced} records synced, {found} found "
              f"on {survivor}; {end}, images equal", flush=True)

    def states(self):
        return {self.datarep(node)["state"] for node in NAMES}

    @staticmethod
    def tail(host):
        return host.get_size() - BLOCK  # no file's, on a file system that is nearly empty

    def test_what_it_acknowledged_is_there_or_told(self):
        chance = random.Random(SEED)
        source = self.begin()
        for _ in range(FEW_ROUNDS):
            self.stop_and_go_on(source, chance)
            source = other(source)


class StandsStillAndIsShot(MirroredHost):
    """A guarded node takes over from nobody whom it has not shot: who stood still goes on never."""
    policy = "datakeeper/guarded"
    fencing = "  fencing: {takes: 1 s}\n"
    missed = 15  # a source shoots whom it misses, and a busy machine lets nodes stand still, too

    def text(self, node):
        self.more = f"fencing: {{program: [{FENCE}, {self.folder}]}}\n"
        return super().text(node)

    def test_nothing_is_answered_out_of_the_past(self):
        import nbd
        chance = random.Random(SEED)
        source = self.begin()
        for number in range(FEW_ROUNDS):
            survivor = other(source)
            device, records = self.write(source)
            reader = self.connect(source)
            time.sleep(chance.uniform(0, 0.3))  # a random moment, not a wait for anything
            self.tell(source, signal.SIGSTOP)
            self.until_served(survivor)
            errors = []
            try:
                reader.aio_pread(bytearray(BLOCK), 0,
                                 completion=lambda error: errors.append(error.value) or 1)
                self.tell(source, signal.SIGCONT)
                while not errors:
                    reader.poll(-1)
            except nbd.Error as gone:
                errors.append(gone.errnum)
            self.assertNotIn(0, errors, self.logs())
            records.stop()
            device.detach()
            self.kill(source)  # it is dead, and only has to be waited for
            found = self.check_records(survivor, records.synced)
            self.start(source)
            self.until_mirrored()
            self.compare_images(survivor)
            print(f"shot {number + 1}: {source} stood still, {survivor} has shot it; "
                  f"{records.synced} records synced, {found} found, images equal", flush=True)
            source = survivor


if __name__ == "__main__":
    served.main(sys.argv)
