#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A real Linux host, and a network that is cut between the nodes: asynchronous mirrors, of which a
# prefix of what was synced has to be there, within the limit; guarded nodes, of which one is shot
# and the other has everything; faithful ones, which part, until an operator says who gives up. In
# the end both images are equal. Needs root, FUSE and loop devices.
import random
import sys
import time
from pathlib import Path

import served
from block_device import Attached
from cluster import NAMES, other
from mirrored_host import FEW_ROUNDS, SEED, MirroredHost
from served import until

FENCE = Path(__file__).with_name("fence.py")


class Asynchronous(MirroredHost):
    """What was under way when the source died is lost with it: no more than the limit, and nothing
    of which something later is there."""
    relayed = True
    limit = 64
    mode = f"asynchronous\n      asynchronous_limit: {limit}"

    def test_a_prefix_of_the_records_is_there_within_the_limit(self):
        chance = random.Random(SEED)
        source = self.begin()
        lost = 0
        for number in range(FEW_ROUNDS):
            def kill():
                # What leaves the source after the cut is under way for ever.
                self.network.cut()
                time.sleep(chance.uniform(0.1, 0.3))  # a random moment, not a wait for anything
                self.kill(source)

            synced = self.write_until(source, kill, chance)
            survivor = other(source)
            self.until_served(survivor)
            self.network.heal()
            found = self.check_records(survivor, synced - self.limit)
            lost += max(synced - found, 0)
            self.start(source)
            self.until_mirrored()
            self.compare_images(survivor)
            print(f"asynchronous {number + 1}: {source} cut off and killed; {synced} records "
                  f"synced, the first {found} found on {survivor}; images equal", flush=True)
            source = survivor
        self.assertGreater(lost, 0, "nothing was under way in any round, so nothing was shown")


class Guarded(MirroredHost):
    """Nodes that cannot hear each other shoot. Whoever shoots server1 waits, so that it is server2
    that is shot, whether it is the source or the target."""
    policy = "datakeeper/guarded"
    relayed = True
    fencing = "  fencing: {takes: 1 s, delay: {server1: 3 s}}\n"

    def text(self, node):
        self.more = f"fencing: {{program: [{FENCE}, {self.folder}]}}\n"
        return super().text(node)

    def until_shot(self):
        self.servers["server2"].wait(served.PATIENCE)
        self.kill("server2")

    def test_a_source_that_is_shot_has_acknowledged_nothing_that_is_lost(self):
        chance = random.Random(SEED)
        self.begin()
        for number in range(FEW_ROUNDS):
            self.switch_to("server2")
            self.until_mirrored()

            def cut():
                self.network.cut()
                self.until_shot()

            synced = self.write_until("server2", cut, chance)
            self.until_served("server1")
            found = self.check_records("server1", synced)
            self.network.heal()
            self.start("server2")
            # What it had begun alone was acknowledged to nobody, so no operator has to choose.
            self.until_mirrored()
            self.compare_images("server1")
            print(f"cut {number + 1}: the source was shot; {synced} records synced, {found} found; "
                  "file system whole, images equal", flush=True)

    def test_a_target_that_is_shot_stops_nobody(self):
        chance = random.Random(SEED)
        self.begin()
        for number in range(FEW_ROUNDS):
            device, records = self.write("server1")
            time.sleep(chance.uniform(0, 0.3))  # a random moment, not a wait for anything
            self.network.cut()
            self.until_shot()
            alone = records.synced
            until("its host writes on", lambda: records.synced > alone + 5)
            records.stop()
            device.detach()
            self.assertTrue(self.serves("server1"))
            self.network.heal()
            self.start("server2")
            self.until_mirrored()
            self.compare_images("server1")
            self.check_records("server1", records.synced)
            print(f"cut {number + 1}: the target was shot; {alone} records synced by then, "
                  f"{records.synced} in the end; images equal", flush=True)


class SplitBrain(MirroredHost):
    """Faithful nodes go on alone. Both copies are written, nothing is copied when they meet, and
    what the one that gives up wrote is gone."""
    relayed = True

    def part(self, source, survivor):
        """What a host of each wrote, and knows to be synced, while they did not hear each other."""
        # Until then intent logs name all that the first resync has copied.
        until("what was copied is settled", lambda:
              self.datarep(source)["legs"][0]["out_of_step_bytes"] == 0, self.logs)
        device, records = self.write(source)
        self.network.cut()
        self.until_served(survivor)
        before = records.synced
        until("the old source is written", lambda: records.synced > before + 5)
        apart_device, apart = self.write(survivor, "apart")
        self.network.heal()
        until("both tell of it", lambda: all(
            self.datarep(node)["state"] == "split brain" for node in NAMES))
        # Nothing is copied, and both serve: hosts write on.
        before = (records.synced, apart.synced)
        until("both are written", lambda: records.synced > before[0] + 5
              and apart.synced > before[1] + 5)
        apart.stop()
        apart_device.detach()
        return device, records, apart.synced

    def losses(self, node):
        return self.datarep(node)["legs"][0]["would_lose"]

    def check_losses(self, node):
        """What the other said when they met is no more than what it says itself later on."""
        told = self.losses(node)
        own = self.losses(other(node))
        self.assertTrue(told["counted"] and told["peer_counted"] and told["peer_goes_on"])
        self.assertGreater(told["peer_bytes"], 0)
        self.assertLessEqual(told["peer_bytes"], own["bytes"])
        self.assertLess(own["bytes"], 64 << 20)
        self.assertRegex(self.say(node, "status"),
                         rf"gives up at most: \S+ [KM]iB here, \S+ [KM]iB at {other(node)}, "
                         "more since they met")

    def check(self, number, loser):
        """The host of the loser is let go, and then what is there is what the winner had."""
        source, survivor = NAMES
        device, records, apart = self.part(source, survivor)
        for node in NAMES:
            self.check_losses(node)
        shown = self.ctl(loser, "resolve", "datarep")
        self.assertEqual(shown.returncode, 1, "it is not asked whether that is to be")
        amount = r"at most [\d.]+ [KM]iB of 64 MiB"
        winner = other(loser)
        for lost in (rf"{loser} would lose {amount}, written since it and {winner} parted, "
                     rf"and become what {winner} holds\.",
                     rf"{winner} would lose {amount}, written since it and {loser} parted, and "
                     rf"what hosts have written to it since it met {loser}, ",
                     r"By intent logs, which may name more than was written\."):
            self.assertRegex(shown.stdout, lost)
        if loser != source:
            records.stop()
            device.detach()
        self.say(loser, "resolve", "datarep", "--yes")
        until("the loser serves no more", lambda: not self.serves(loser))
        if loser == source:
            records.stop()  # its disk is gone
            device.detach()
        self.until_mirrored()
        self.assertTrue(self.serves(winner))
        self.compare_images(winner)
        found = self.find_records(winner), self.find_records(winner, "apart")
        if loser == source:
            self.assertLess(found[0], records.synced, "what the loser wrote is there")
            self.assertGreaterEqual(found[1], apart)
        else:
            self.assertGreaterEqual(found[0], records.synced)
            self.assertIsNone(found[1], "what the loser wrote is there")
        print(f"split brain {number + 1}: {source} synced {records.synced}, {survivor} {apart} "
              f"apart; {loser} gave up: {found[0]} and {found[1]} found, images equal", flush=True)
        return winner

    def resolve(self, loser_of):
        self.begin()
        for number in range(FEW_ROUNDS):
            winner = self.check(number, loser_of)
            device = Attached(self, self.uri(winner))
            files = device.mount("ext4")
            for name in ("records", "apart"):
                (files / name).unlink(missing_ok=True)
            device.unmount()
            device.detach()
            if winner != NAMES[0]:
                self.switch_to(NAMES[0])
                self.until_mirrored()

    def test_the_old_source_gives_up(self):
        self.resolve(NAMES[0])

    def test_who_took_over_gives_up(self):
        self.resolve(NAMES[1])


if __name__ == "__main__":
    served.main(sys.argv)
