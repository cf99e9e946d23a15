#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What operators order, and what status says of it afterwards: by which rule a mirror is where it
# is, what became of the last order, and what to do where one is refused.
import json
import signal
import sys

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096


class Ordered(Cluster):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def refused(self, node, *words):
        said = self.ctl(node, *words)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
        return said.stderr

    def last_order(self, node):
        order = self.datarep(node)["last_order"]
        self.assertTrue(order["decided"])
        return order["words"], order["granted"], order["rule"]


class Orders(Ordered):
    def test_status_says_what_was_decided_last(self):
        self.assertNotIn("last_order", self.datarep("server1"))
        self.say("server2", "switchover", "datarep")
        self.until_served("server2")
        self.assertEqual(self.datarep("server2")["rule"], "handed_over")
        self.assertEqual(self.last_order("server2"), ("switchover datarep", True, "granted"))
        self.assertEqual(self.datarep("server1")["rule"], "peer_is_source")
        words = self.refused("server1", "force", "datarep", "--yes")
        self.assertIn("force_refused_peer_serves: the peer has it in service", words)
        self.assertEqual(self.last_order("server1"),
                         ("force datarep", False, "force_refused_peer_serves"))
        self.assertIn("last order: force datarep: REFUSED: the peer has it in service",
                      self.say("server1", "status"))
        self.refused("server1", "resolve", "datarep", "--yes")
        self.assertEqual(self.last_order("server1"), ("resolve datarep", False, "no_split_brain"))
        self.refused("server1", "confirm", "server2")
        self.assertEqual(self.last_order("server1"),
                         ("confirm server2", False, "nothing_to_confirm"))
        self.until_mirrored()
        self.kill("server2")
        self.until_served("server1")
        self.assertEqual(self.datarep("server1")["rule"], "failover")

    def test_how_much_of_the_intent_log_is_set_can_be_looked_at(self):
        for node, peer in zip(NAMES, reversed(NAMES)):
            self.assertRegex(self.say(node, "examine", "datarep"),
                             rf"^intent log of datarep towards {peer}: 1024 bits \(chunks\), "
                             r"\d+ dirty \([0-9.]+%\); 64 KiB chunks, 1 pages of counters; ")
        self.kill("server2")
        self.connect("server1").pwrite(b"a" * BLOCK, 0)
        log = json.loads(self.say("server1", "examine", "--json"))["mirrors"][0]["legs"][0]
        self.assertEqual((log["peer"], log["kept"], log["bits"]), ("server2", True, 1024))
        self.assertGreater(log["set_stably"], 0)
        self.assertEqual(self.ctl("server1", "examine", "datarap").returncode, 3)

    def test_what_was_taken_out_stays_so_until_its_node_begins_anew(self):
        self.assertIn("take it out of service here (R62), until `bring-in`, or until this node "
                      "begins anew", self.say("server1", "help"))
        self.say("server1", "take-out", "datarep")
        until("it is out", lambda: not self.serves("server1"), self.logs)
        self.kill("server1", signal.SIGTERM)
        until("its death is noticed", lambda: not self.status("server2")["peers"][0]["heard"])
        self.assertEqual(self.datarep("server2")["rule"], "taken_out")
        # Who keeps the node from running keeps the mirror out of service, whoever begins.
        self.kill("server2", signal.SIGTERM)
        self.start("server2")
        until("it knows that it is alone",
              lambda: self.datarep("server2").get("rule") == "booted_alone", self.logs)
        self.assertFalse(self.serves("server2"))
        self.start("server1")
        self.until_served("server1")

    def test_what_may_lose_data_is_said_first_and_wants_a_yes(self):
        host = self.connect("server1")
        host.pwrite(b"a" * BLOCK, 0)
        self.kill("server1")
        self.until_served("server2")
        self.connect("server2").pwrite(b"b" * BLOCK, 0)
        self.say("server2", "take-out", "datarep")
        before = self.datarep("server2")
        for words, loss in (
                (("force", "datarep"), "comes in service with what its copy of 64 MiB holds, which "
                                       "is up to date. What was written elsewhere (server1)"),
                (("clear-intent-log", "datarep"), "forgets that its copy and that of server1 may "
                                                  "differ in 64 KiB of 64 MiB"),
                (("clear-intent-log", "datarep", "target=server1"), "that of server1 may differ")):
            said = self.ctl("server2", *words)
            self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
            self.assertIn(loss, said.stdout)
            self.assertIn("ctl: say --yes if that is to be", said.stderr)
        after = self.datarep("server2")
        self.assertEqual(after["legs"], before["legs"])
        self.assertFalse(after["in_service"])
        said = self.ctl("server2", "clear-intent-log", "none")
        self.assertEqual(said.returncode, 3)
        self.say("server2", "clear-intent-log", "datarep", "--yes")
        self.assertEqual(self.datarep("server2")["legs"][0]["out_of_step_bytes"], 0)
        self.say("server2", "force", "datarep", "--yes")
        self.until_served("server2")
        self.assertEqual(self.datarep("server2")["rule"], "force_online")


class Confirmed(Ordered):
    time = "1 s"

    def setUp(self):
        self.fencing = ("  confirm_failover: {pairs: [{from: server1, to: server2}], "
                        f"timeout: {self.time}, default: block}}\n")
        super().setUp()
        self.kill("server1")
        until("it is blocked", lambda: self.datarep("server2").get("rule") == "failover_blocked",
              self.logs)


class Late(Confirmed):
    def test_who_confirms_late_is_heard(self):
        self.refused("server2", "confirm", "server1", "dead=no")
        self.say("server2", "confirm", "server1")
        self.until_served("server2")
        self.assertEqual(self.last_order("server2"), ("confirm server1", True, "granted"))
        self.assertEqual(self.datarep("server2")["rule"], "failover")
        self.assertIn("nothing_to_confirm", self.refused("server2", "confirm", "server1"))


class Never(Confirmed):
    time = "0 s"

    def test_who_confirms_what_is_never_automatic_is_told_what_to_do(self):
        self.assertIn("never automatic (R64), bring the mirror in service here instead",
                      self.refused("server2", "confirm", "server1"))
        self.say("server2", "bring-in", "datarep")
        self.until_served("server2")


if __name__ == "__main__":
    served.main(sys.argv)
