#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What is told of a node to whoever watches it: metrics for Prometheus, on the control socket and by
# TCP, where one can look and ask for nothing.
import http.client
import json
import os
import socket
import sys

import served
from cluster import NAMES, Cluster
from encrypted import free_port
from served import until

BLOCK = 4096
MIB = 1 << 20


class Metrics(Cluster):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def test_metrics_are_prometheus(self):
        self.connect("server1").pwrite(bytes(BLOCK), 0)
        lines = self.say("server1", "metrics").splitlines()
        for line in lines:
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? \d+(\.\d+)?)$')
        told = [line.split()[2] for line in lines if line.startswith("# TYPE ")]
        self.assertEqual(len(told), len(set(told)))
        self.assertIn('sunder_mirror_in_service{mirror="datarep"} 1', lines)
        self.assertIn('sunder_writes_total{mirror="datarep"} 1', lines)
        self.assertIn('sunder_leg_mirroring{mirror="datarep",peer="server2"} 1', lines)
        self.assertIn('sunder_mirror_state{mirror="datarep",state="fully operational"} 1', lines)
        self.assertIn('sunder_mirror_up_to_date{mirror="datarep"} 1', lines)

    def test_metrics_tell_who_is_there_and_what_was_done(self):
        def of_mirror(node, name):
            return self.metric(node, f'sunder_{name}{{mirror="datarep"}}')
        hosts = [self.connect("server1") for _ in range(2)]
        hosts[0].pwrite(b"x" * BLOCK, 0)
        hosts[1].pread(3 * BLOCK, 0)
        self.assertEqual(of_mirror("server1", "mirror_hosts"), 2)
        self.assertEqual(self.datarep("server1")["hosts"], 2)
        self.assertEqual(of_mirror("server1", "read_bytes_total"), 3 * BLOCK)
        hosts[1].shutdown()
        until("one has gone", lambda: of_mirror("server1", "mirror_hosts") == 1)
        self.assertEqual(of_mirror("server1", "mirror_came_in_service_total"), 1)
        self.assertEqual(of_mirror("server2", "mirror_came_in_service_total"), 0)
        self.assertGreater(self.metric(
            "server1", 'sunder_leg_sent_bytes_total{mirror="datarep",peer="server2"}'), BLOCK)
        era = of_mirror("server1", "mirror_era")
        self.assertEqual(self.metric("server2", 'sunder_peer_connected{peer="server1"}'), 1)
        self.kill("server1")
        self.until_served("server2")
        self.assertEqual(of_mirror("server2", "mirror_came_in_service_total"), 1)
        self.assertGreater(of_mirror("server2", "mirror_era"), era)
        there = self.datarep("server2")
        self.assertEqual(of_mirror("server2", "mirror_era"), there["era"])
        self.assertEqual(self.metric("server2", 'sunder_mirror_generation{mirror="datarep",'
                                     f'generation="{there["generation"]}"}}'), 1)
        self.assertEqual(self.metric("server2", 'sunder_peer_connected{peer="server1"}'), 0)
        ago = 'sunder_peer_heard_ago_seconds{peer="server1",path="0"}'
        until("it was not heard for a second", lambda: self.metric("server2", ago) > 1)
        self.start("server1")
        self.until_mirrored()
        until("it is heard again", lambda: self.metric("server2", ago) < 1)


class OverTcp(Cluster):
    """Where Prometheus comes by, everybody may look, and nobody is obeyed."""

    def setUp(self):
        self.ports = {node: free_port() for node in NAMES}
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def text(self, node):
        address = ", address: 0.0.0.0" if node == "server2" else ""
        return super().text(node) + f"http: {{port: {self.ports[node]}{address}}}\n"

    def ask(self, node, path, method="GET", body=None, control=False):
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[node],
                                                timeout=served.PATIENCE)
        self.addCleanup(connection.close)
        if control:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(served.PATIENCE)
            connection.sock.connect(str(self.folder / f"{node}.control"))
        connection.request(method, path, body)
        return connection.getresponse()

    def test_what_is_shown_is_what_operators_see(self):
        for node, peer in (NAMES, NAMES[::-1]):
            metrics = self.ask(node, "/metrics")
            self.assertEqual((metrics.status, metrics.getheader("Content-Type")),
                             (200, "text/plain; version=0.0.4"))
            self.assertIn(f'sunder_leg_mirroring{{mirror="datarep",peer="{peer}"}} 1',
                          metrics.read().decode().splitlines())
            status = json.load(self.ask(node, "/status"))
            self.assertEqual((status["node"], status["mirrors"][0]["name"]), (node, "datarep"))
            for control in (True, False):
                events = self.ask(node, "/events?follow=no", control=control).read().decode()
                self.assertIn('"kind":"leg_changed"', events)

    def test_who_follows_events_is_told_at_both_doors(self):
        streams = [self.ask("server1", "/events", control=control) for control in (True, False)]
        self.say("server1", "pause", "datarep")
        for stream in streams:
            while '"kind":"pause_changed"' not in (line := stream.readline().decode()):
                self.assertNotEqual(line, "", "the stream has ended")

    def test_nothing_can_be_asked_for(self):
        for path, words in (("/node", ["take-out", "datarep"]), ("/array", ["show"]),
                            ("/break", ["datarep", "resyncing"]), ("/status", []),
                            ("/metrics", []), ("/events", [])):
            answer = self.ask("server1", path, "POST", json.dumps(words))
            self.assertEqual(answer.status, 405, path)
            self.assertIn("use GET", json.load(answer)["error"])
        self.assertEqual(self.ask("server1", "/metrics", "DELETE").status, 405)
        for path in ("/node", "/array", "/"):
            self.assertEqual(self.ask("server1", path).status, 404)
        self.assertTrue(self.serves("server1"))
        self.assertNotIn("last_order", self.datarep("server1"))


class Behind(Cluster):
    """A target that hears nothing for longer than it takes to look at its source."""
    relayed = True
    mode = "asynchronous\n      asynchronous_limit: 4096"
    missed = 300

    def text(self, node):
        return super().text(node).replace("connection_timeout: 2 s", "connection_timeout: 60 s")

    def leg(self):
        return self.datarep("server1")["legs"][0]

    def of_leg(self, name):
        return self.metric("server1", f'sunder_leg_{name}{{mirror="datarep",peer="server2"}}')

    def test_how_far_an_asynchronous_target_is_behind_is_told(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        host.pwrite(b"x" * BLOCK, 0)
        until("it is confirmed", lambda: self.leg()["unconfirmed_writes"] == 0, self.logs)
        self.assertIn("writes not confirmed: 0 of 4096", self.say("server1", "status"))
        self.assertNotIn("not confirmed", self.say("server2", "status"))
        self.network.cut()
        for number in range(32):
            host.pwrite(os.urandom(MIB), number * MIB)
        leg = self.leg()
        self.assertEqual((leg["unconfirmed_writes"], leg["unconfirmed_limit"]), (32, 4096))
        self.assertTrue(8 * MIB < leg["queued_bytes"] < 33 * MIB, leg)
        self.assertIn("writes not confirmed: 32 of 4096", self.say("server1", "status"))
        self.assertEqual(self.of_leg("unconfirmed_writes"), 32)
        self.assertEqual(self.of_leg("unconfirmed_writes_limit"), 4096)
        self.assertTrue(8 * MIB < self.of_leg("queued_bytes") < 33 * MIB)
        self.network.heal()
        until("all is confirmed", lambda: self.of_leg("unconfirmed_writes") == 0, self.logs)
        until("nothing waits", lambda: self.of_leg("queued_bytes") == 0, self.logs)
        self.assertGreater(self.of_leg("sent_bytes_total"), 32 * MIB)


class SlowlyResynced(Cluster):
    mirror = "      resync_rate: {max: 1 MB/s}\n"

    def test_how_far_a_resync_is_is_told(self):
        self.start(*NAMES)
        whole = 64 * MIB

        def left():
            return self.datarep("server1")["legs"][0].get("resync_left_bytes", whole)

        def of_leg(name):
            return self.metric("server1", f'sunder_leg_{name}{{mirror="datarep",peer="server2"}}')
        until("it has begun", lambda: left() < whole, self.logs)
        before = left()
        until("it goes on", lambda: 0 < of_leg("resync_left_bytes") < before, self.logs)
        self.assertTrue(whole > of_leg("resynced_bytes_total") > whole - before)
        self.assertNotIn("resync_left_bytes", self.datarep("server2")["legs"][0])


if __name__ == "__main__":
    served.main(sys.argv)
