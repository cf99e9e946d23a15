#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Events of nodes as processes: what is in the log is told to programs as it happens, numbered, and
# whoever comes again with the last number that he has got misses nothing.
import http.client
import json
import re
import socket
import subprocess
import sys
import threading

import served
from cluster import NAMES, Cluster
from served import until


class Follower:
    """Reads events as they come."""

    def __init__(self, cluster, node, *words):
        self.events = []
        self.process = subprocess.Popen(
            [served.SUNDER, "ctl", "--control", str(cluster.folder / f"{node}.control"), "events",
             "--follow", "--json", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()
        cluster.addCleanup(self.stop)

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def kinds(self):
        return [event["kind"] for event in list(self.events)]

    def stop(self):
        self.process.kill()
        self.end()

    def end(self):
        self.process.wait(served.PATIENCE)
        self.reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


class Events(Cluster):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def events(self, node, *words):
        return [json.loads(line)
                for line in self.say(node, "events", "--json", *words).splitlines()]

    def test_what_happened_is_told_as_the_log_has_it(self):
        events = self.events("server1")
        ids = [event["id"] for event in events]
        self.assertEqual(ids, list(range(ids[0], ids[0] + len(ids))))
        for event in events:
            self.assertEqual(event["node"], "server1")
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        served_here = next(e for e in events if e["kind"] == "came_in_service")
        self.assertEqual((served_here["mirror"], served_here["level"]), ("datarep", "notice"))
        leg = next(e for e in events if e["kind"] == "leg_changed")
        self.assertEqual((leg["mirror"], leg["peer"]), ("datarep", "server2"))
        # Line by line what the log says, but for its own time; two threads may have said two
        # things at one moment.
        logged = re.findall(r"^\d{4}-\d\d-\d\d [\d:.]+ (?:ERROR: )?(.*)$", self.log("server1"),
                            re.MULTILINE)
        told = [event["words"] for event in events]
        self.assertEqual(sorted(line for line in logged if line in told), sorted(told))
        legs = [event["words"] for event in events if event["kind"] == "leg_changed"]
        self.assertEqual([line for line in logged if line in legs], legs)  # of one thread
        text = self.say("server1", "events")
        self.assertEqual(len(text.splitlines()), len(self.events("server1")))
        self.assertIn("datarep: in service here, era 1", text)

    def test_a_follower_is_told_of_a_takeover_and_misses_nothing_when_he_comes_again(self):
        follower = Follower(self, "server2")
        until("the past is told", lambda: "leg_changed" in follower.kinds())
        self.kill("server1")
        until("the takeover is told", lambda: "came_in_service" in follower.kinds(), self.logs)
        kinds = follower.kinds()
        self.assertLess(kinds.index("peer_lost"), kinds.index("came_in_service"))
        follower.stop()
        last = follower.events[-1]["id"]
        self.start("server1")
        self.until_mirrored()
        again = self.events("server2", "--after", str(last))
        self.assertEqual(again[0]["id"], last + 1)
        self.assertIn("peer_seen", [event["kind"] for event in again])

    def test_the_end_of_a_node_ends_its_followers_and_its_numbers_are_not_used_again(self):
        follower = Follower(self, "server2")
        until("the past is told", lambda: follower.events)
        self.kill("server2")
        follower.process.wait(served.PATIENCE)
        self.assertEqual(follower.process.returncode, 3)
        self.start("server2")
        said = self.ctl("server2", "events", "--json", "--after", str(follower.events[-1]["id"]))
        self.assertIn("not known any more", said.stderr)
        self.assertGreater(json.loads(said.stdout.splitlines()[0])["id"],
                           follower.events[-1]["id"])

    def test_http_as_browsers_ask(self):
        def ask(path, method="GET", **headers):
            connection = http.client.HTTPConnection("localhost")
            connection.sock = socket.socket(socket.AF_UNIX)
            self.addCleanup(connection.close)
            connection.sock.connect(str(self.folder / "server1.control"))
            connection.request(method, path, headers={
                name.replace("_", "-"): value for name, value in headers.items()})
            return connection.getresponse()
        answer = ask("/events?follow=no")
        self.assertEqual(answer.getheader("Content-Type"), "text/event-stream")
        first = re.match(r"id: (\d+)\ndata: (\{.*\})\n\n", answer.read().decode())
        self.assertEqual(json.loads(first[2])["id"], int(first[1]))
        rest = ask("/events?follow=no", Last_Event_ID=first[1]).read().decode()
        self.assertTrue(rest.startswith(f"id: {int(first[1]) + 1}\n"), rest)
        stream = ask("/events", Last_Event_ID=first[1])
        self.assertEqual(stream.readline().decode(), f"id: {int(first[1]) + 1}\n")
        wrong = ask("/events", Last_Event_ID="x")
        self.assertEqual(wrong.status, 400)
        self.assertIn("expected a number", wrong.read().decode())
        self.assertEqual(ask("/events", "POST").status, 405)


if __name__ == "__main__":
    served.main(sys.argv)
