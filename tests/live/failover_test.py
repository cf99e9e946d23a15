#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# The failover of a real Linux host: ext4 on a mirrored volume, a program that writes numbered
# records and syncs each, and the source's process killed at a random moment, or stopped for longer
# than anybody waits for it. The survivor takes over; every synced record is there, and the file
# system is whole. Who was lost comes back, is resynchronised by the union of both intent logs, a
# part of the volume, and then both images are equal. A resync whose source is killed goes on where
# it was. Needs root, FUSE and loop devices.
import os
import random
import re
import signal
import sys
import time
from pathlib import Path

import served
from block_device import Attached
from cluster import NAMES, other
from mirrored_host import FEW_ROUNDS, ROUNDS, SEED, MirroredHost
from served import until

BLOCK = 4096
CHUNK = 64 << 10  # what a bit of an intent log names
MIB = 1 << 20
FENCE = Path(__file__).with_name("fence.py")


class Returning(MirroredHost):
    """Who was lost is given what its copy lacks, and no more (R15, R25)."""
    most = 8 * MIB  # of 64 MiB: an eighth, and several times what the file system writes

    def begin(self):
        """The first resync copied everything, and is forgotten by the intent log."""
        source = super().begin()
        until("no chunk is named", lambda: not self.out_of_step(source), self.logs)
        return source

    def out_of_step(self, source):
        return self.datarep(source)["legs"][0]["out_of_step_bytes"]

    def told(self, node):
        """How much of its log there is by now."""
        return len(self.log(node))

    def resyncs(self, source, since):
        """Those that began since its log had so much: by which rule, and with how many chunks."""
        target = other(source)
        found = []
        rule = None
        for line in self.log(source)[since:].splitlines():
            if decided := re.search(rf"with {target}: .* \[(\w+)\]$", line):
                rule = decided[1]
            if begun := re.search(rf"resync of {target} begins: .* \((\d+) chunks\)$", line):
                found.append((rule, int(begun[1])))
        return found

    def check_part(self, source, since, rules):
        """Resyncs by these rules in turn, and no others; how much they copied, in KiB."""
        found = self.resyncs(source, since)
        self.assertRegex(" ".join(rule for rule, _ in found), f"^({rules})$", self.logs())
        copied = max(chunks for _, chunks in found) * CHUNK
        self.assertGreater(copied, 0, self.logs())
        self.assertLess(copied, self.most, self.logs())
        return copied >> 10


class Failover(Returning):
    def test_every_synced_record_survives_every_kill(self):
        chance = random.Random(SEED)
        source = self.begin()
        for number in range(ROUNDS):
            killed = [0.0]

            def kill():
                self.kill(source)
                killed[0] = time.monotonic()

            survivor = other(source)
            since = self.told(survivor)
            synced = self.write_until(source, kill, chance)
            self.until_served(survivor)
            took = time.monotonic() - killed[0]
            found = self.check_records(survivor, synced)
            self.start(source)
            self.until_mirrored()
            copied = self.check_part(survivor, since, "union_of_both_logs")
            self.compare_images(survivor)
            print(f"failover {number + 1}: {source} killed, {survivor} serves {took:.1f} s later; "
                  f"{synced} records synced, {found} found; file system whole, {copied} KiB "
                  "copied, images equal", flush=True)
            source = survivor


class BreaksOff(Returning):
    """The new source is killed while it gives the old one what that lacks. Half a copy does not
    serve, and what is left of it is copied when its source is back (R39)."""
    mirror = "      initially: in sync\n      resync_rate: {max: 4 MB/s}\n"
    alone = 16 * MIB  # are written while the other copy is away; the settling of a second counts
    most = alone + Returning.most

    def write_alone(self, node):
        device = Attached(self, self.uri(node))
        content = os.urandom(self.alone)
        (device.mount("ext4") / "alone").write_bytes(content)
        device.unmount()
        device.detach()
        return content

    def find_alone(self, node):
        device = Attached(self, self.uri(node))
        found = (device.mount("ext4") / "alone").read_bytes()
        device.unmount()
        device.detach()
        return found

    def kill_in_the_middle(self, source, target):
        self.start(target)
        until("a part is there for good", lambda: self.datarep(source)["state"] == "resyncing" and
              self.out_of_step(source) < self.alone, self.logs)
        self.kill(source)
        self.assertNotIn(f"resync of {target} is done", self.log(source)[self.since:])

    def test_what_is_left_is_copied_when_the_source_is_back(self):
        chance = random.Random(SEED)
        source = self.begin()
        for number in range(max(FEW_ROUNDS // 2, 1)):  # they take longer yet
            survivor = other(source)
            self.since = self.told(survivor)
            synced = self.write_until(source, lambda: self.kill(source), chance)
            self.until_served(survivor)
            found = self.check_records(survivor, synced)
            content = self.write_alone(survivor)
            self.kill_in_the_middle(survivor, source)
            until("half a copy knows that it is one", lambda: self.datarep(source).get("rule") ==
                  "target_not_in_sync", self.logs)
            self.assertFalse(self.serves(source), self.logs())
            self.start(survivor)
            self.until_served(survivor)
            self.until_mirrored()
            self.check_part(survivor, self.since, "union_of_both_logs continue_interrupted")
            parts = [chunks * CHUNK >> 10 for _, chunks in self.resyncs(survivor, self.since)]
            self.assertLess(parts[1], parts[0], self.logs())
            self.compare_images(survivor)
            self.assertEqual(self.find_alone(survivor), content)
            self.check_records(survivor, found)
            print(f"resync {number + 1} of {source} broken off: {survivor} killed and back; "
                  f"{found} records found; {parts[0]} KiB were to be copied, then {parts[1]} KiB; "
                  "images equal", flush=True)
            source = survivor


class StandsStill(Returning):
    """FLT-14. A faithful source that goes on after it was taken for dead answers nothing out of the
    past: its lease is over. It has lost nothing that it acknowledged, or both say that their copies
    parted, each serves its own (R32), and an operator chooses."""

    def stop_and_go_on(self, source, chance):
        import nbd
        survivor = other(source)
        since = self.told(survivor)
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
        # Who has stepped down by then says that it was away, and what its log names all the same.
        copied = self.check_part(survivor, since, "union_of_both_logs|target_was_away")
        self.compare_images(survivor)
        self.assertEqual(host.pread(BLOCK, self.tail(host)), b"later" * 819 + b"!")
        self.assertEqual(self.find_records(survivor), found)
        end = "split brain told and resolved" if split else "nothing lost"
        print(f"{source} stood still and went on; {records.synced} records synced, {found} found "
              f"on {survivor}; {end}, {copied} KiB copied, images equal", flush=True)

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


class StandsStillAndIsShot(Returning):
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
            since = self.told(survivor)
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
            copied = self.check_part(survivor, since, "union_of_both_logs")
            self.compare_images(survivor)
            print(f"shot {number + 1}: {source} stood still, {survivor} has shot it; "
                  f"{records.synced} records synced, {found} found, {copied} KiB copied, images "
                  "equal", flush=True)
            source = survivor


if __name__ == "__main__":
    served.main(sys.argv)
