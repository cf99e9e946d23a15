#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Guarded nodes whose peer is lost: what is held is told of, it holds up nobody else, and it goes
# with the node.
import json
import signal
import sys

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096


class Holding(Cluster):
    """A guarded source whose target is lost answers no write before the target is back."""
    policy = "datakeeper/guarded"

    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.host = self.connect("server1")
        self.host.pwrite(b"r" * BLOCK, 1 << 20)
        self.asked, self.answered = 0, []

    def write(self, count):
        for _ in range(count):
            self.asked += 1
            self.host.aio_pwrite(b"w" * BLOCK, self.asked * BLOCK,
                                 completion=lambda error: self.answered.append(error.value) or 1)
        until("they are held", lambda: self.host.poll(1) >= 0 and
              self.datarep("server1")["held"]["requests"] == self.asked, self.logs)

    def reads(self, host):
        done = []
        host.aio_pread(bytearray(BLOCK), 1 << 20,
                       completion=lambda error: done.append(error.value) or 1)
        until("a read is answered", lambda: host.poll(1) >= 0 and done, self.logs)
        self.assertEqual((done, self.asked - len(self.answered)), ([0], self.asked))

    def bring_back(self):
        self.start("server2")
        until("the writers go on",
              lambda: self.host.poll(1) >= 0 and len(self.answered) == self.asked, self.logs)
        self.assertEqual(self.answered, [0] * self.asked)
        self.until_mirrored()
        self.compare_images("server1")


class Held(Holding):
    more = "threads: 8\n"

    def test_people_and_programs_are_told_what_is_held_since_when_and_why(self):
        self.assertIn("without `fencing`", self.log("server1"))
        self.assertEqual(self.datarep("server1")["held"], {"requests": 0})
        self.assertNotIn("HOLDS", self.say("server1", "status"))
        self.assertIn('sunder_held_requests{mirror="datarep"} 0', self.say("server1", "metrics"))
        self.kill("server2")
        self.write(3)
        until("a second is over", lambda: self.datarep("server1")["held"]["for_ms"] >= 1000)
        held = self.datarep("server1")["held"]
        self.assertEqual((held["because_of"], held["rule"], held["cites"]),
                         (["server2"], "peer_may_take_over", "SAF-6, G20"))
        people = self.say("server1", "status")
        self.assertRegex(people, r"HOLDS 3 requests of hosts, for [1-9]\d* s, because of server2: ")
        lines = self.say("server1", "metrics").splitlines()
        self.assertIn('sunder_held_requests{mirror="datarep"} 3', lines)
        self.assertIn('sunder_leg_holds_requests{mirror="datarep",peer="server2"} 1', lines)
        self.assertNotIn('sunder_held_seconds{mirror="datarep"} 0', lines)
        self.assertEqual(self.answered, [])
        begins = "requests of hosts are HELD, without an answer, because of server2"
        ends = "no requests of hosts are held any more, after "
        log = self.log("server1")
        self.assertEqual((log.count(begins), log.count(ends)), (1, 0), log)
        self.bring_back()
        self.assertEqual(self.datarep("server1")["held"], {"requests": 0})
        # As the resync of a target begins and ends another request may be held for a moment.
        log = self.log("server1")
        times = log.count(begins)
        self.assertEqual(log.count(ends), times, log)
        events = [json.loads(line)
                  for line in self.say("server1", "events", "--json").splitlines()]
        self.assertEqual([(event["kind"], event["level"], event["mirror"]) for event in events
                          if event["kind"].startswith("requests_")],
                         [("requests_held", "warning", "datarep"),
                          ("requests_answered", "notice", "datarep")] * times)

    def test_a_connection_answers_as_many_as_it_has_threads_and_another_one_gets_through(self):
        self.kill("server2")
        self.write(7)
        self.reads(self.host)
        self.write(1)  # now each of its threads has one
        self.reads(self.connect("server1"))
        self.bring_back()

    def test_no_order_lets_them_go_and_the_end_of_the_node_does(self):
        self.kill("server2")
        self.write(1)
        self.assertEqual(self.ctl("server1", "confirm", "server2").returncode, 1)
        self.assertEqual(self.ctl("server1", "force", "datarep", "--yes").returncode, 1)
        self.assertEqual(self.ctl("server1", "take-out", "datarep").returncode, 2)
        self.assertIn("HOLDS 1 request of hosts", self.say("server1", "status"))
        self.assertEqual(self.answered, [])
        self.kill("server1", signal.SIGTERM)
        # Who cannot wait goes on with nodes that are not guarded, and answers for the one that is
        # lost.
        self.policy = "datakeeper/faithful"
        for node in NAMES:
            self.file(node).write_text(self.text(node))
        self.start("server1")
        until("it knows that it is alone",
              lambda: self.datarep("server1").get("rule") == "owner_booted_alone", self.logs)
        self.say("server1", "force", "datarep", "--yes")
        self.until_served("server1")
        self.connect("server1").pwrite(b"a" * BLOCK, 0)
        self.start("server2")
        self.until_mirrored()
        self.compare_images("server1")


class ManyHeld(Holding):
    """More than a mirror's machine takes at a time."""

    def test_a_connection_answers_as_many_as_it_has_threads_and_another_one_gets_through(self):
        self.kill("server2")
        self.write(100)
        self.reads(self.host)
        self.reads(self.connect("server1"))
        self.bring_back()

    def test_a_flush_beside_64_held_writers_is_not_held(self):
        """It changes nothing that the lost target could lack, and speaks of no write that was not
        answered."""
        self.kill("server2")
        self.write(64)
        flushed = []
        self.host.aio_flush(completion=lambda error: flushed.append(error.value) or 1)
        until("it is answered", lambda: self.host.poll(1) >= 0 and flushed, self.logs)
        self.assertEqual(flushed, [0])
        self.connect("server1").flush()
        self.assertEqual(self.answered, [])
        self.assertEqual(self.datarep("server1")["held"]["requests"], 64)
        self.bring_back()


if __name__ == "__main__":
    served.main(sys.argv)
