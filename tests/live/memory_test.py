#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes whose copies are in memory and gone with the process: whoever returns has nothing. Called
# with the path of the built command.
import shutil
import signal
import sys

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = bytes(range(256)) * 16


class Memory(Cluster):
    stored = False

    def start_and_write(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.connect("server1").pwrite(BLOCK, 0)

    def begin_source_anew_unnoticed(self):
        self.start_and_write()
        self.tell("server2", signal.SIGSTOP)  # so that it does not take over
        self.kill("server1")
        self.start("server1")
        self.tell("server2", signal.SIGCONT)

    def name_the_loser(self, node):
        until("both know", lambda: all(
            self.datarep(name)["state"] == "split brain" for name in NAMES), self.logs)
        self.say(node, "--yes", "resolve", "datarep")

    def until_all_is_well(self, node):
        self.until_served(node)
        self.until_mirrored()
        self.until_all_is_there(node)

    def until_all_is_there(self, node):
        self.until_served(node)
        self.assertEqual(bytes(self.connect(node).pread(len(BLOCK), 0)), BLOCK)

    def test_a_target_that_lost_its_copy_is_given_all_of_it(self):
        self.start_and_write()
        self.kill("server2")
        self.start("server2")
        self.until_mirrored()
        self.kill("server1")
        self.until_all_is_there("server2")

    def test_a_source_that_lost_its_copy_is_told_from_its_successor(self):
        self.start_and_write()
        self.kill("server1")
        self.until_served("server2")
        self.start("server1")
        self.name_the_loser("server1")
        self.until_all_is_well("server2")

    def test_a_source_that_lost_its_copy_does_not_overwrite_the_only_one_that_is_left(self):
        self.begin_source_anew_unnoticed()
        self.name_the_loser("server1")
        until("nobody is split", lambda: all(
            self.datarep(name)["state"] != "split brain" for name in NAMES), self.logs)
        # Nobody knows that it was in sync as the source died, but an operator.
        self.say("server2", "--yes", "force", "datarep")
        self.until_all_is_well("server2")


class Replaced(Memory):
    """The same where all that a node had was on a disk, and that one is another now (FLT-4)."""
    stored = True

    def kill(self, node, how=signal.SIGKILL):
        super().kill(node, how)
        shutil.rmtree(self.folder / f"{node}.state")


class BornInSync(Replaced):
    """Copies that were taken for equal when the mirror was made are that only once (R44)."""
    mirror = "      initially: in sync\n"

    def test_a_source_that_lost_its_copy_is_told_from_its_successor(self):
        self.start_and_write()
        self.kill("server1")
        self.until_served("server2")
        self.start("server1")
        self.until_mirrored()
        self.kill("server2")
        self.until_all_is_there("server1")

    def test_a_source_that_lost_its_copy_does_not_overwrite_the_only_one_that_is_left(self):
        self.begin_source_anew_unnoticed()
        until("it knows that the other copy is later", lambda:
              self.datarep("server1").get("rule") == "peer_is_later", self.logs)
        self.assertFalse(self.serves("server1"))
        # Nobody knows that it was in sync as the source died, but an operator.
        self.say("server2", "--yes", "force", "datarep")
        # That the owner it was forced past is another disk is for him to say as well (R129).
        self.name_the_loser("server1")
        self.until_all_is_well("server2")


if __name__ == "__main__":
    served.main(sys.argv)
