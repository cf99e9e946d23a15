#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes as processes: what operators ask and see, who is refused, who is let go, what blocked
# writers do not block, and what strangers on the peers' socket can not do.
import json
import os
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096


class Operators(Cluster):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def test_status_tells_people_and_programs_the_same(self):
        status = self.status("server1")
        self.assertEqual((status["node"], status["cluster"]), ("server1", "test"))
        self.assertEqual([p["name"] for p in status["peers"]], ["server2"])
        self.assertTrue(status["peers"][0]["heard"] and status["peers"][0]["connected"])
        mirror = status["mirrors"][0]
        self.assertEqual((mirror["name"], mirror["state"], mirror["role"], mirror["data"]),
                         ("datarep", "fully operational", "source", "up to date"))
        self.assertEqual(mirror["legs"][0]["state"], "mirroring")
        text = self.say("server1", "status")
        for words in ("datarep", "fully operational", "in service here", "server2"):
            self.assertIn(words, text)
        self.assertEqual(self.datarep("server2")["role"], "target")

    def test_metrics_are_prometheus(self):
        self.connect("server1").pwrite(bytes(BLOCK), 0)
        lines = self.say("server1", "metrics").splitlines()
        for line in lines:
            self.assertRegex(line, r'^(# (HELP|TYPE) \w+ .+|\w+(\{[^}]*\})? \d+)$')
        self.assertIn('sunder_mirror_in_service{mirror="datarep"} 1', lines)
        self.assertIn('sunder_writes_total{mirror="datarep"} 1', lines)
        self.assertIn('sunder_leg_mirroring{mirror="datarep",peer="server2"} 1', lines)
        self.assertIn('sunder_mirror_state{mirror="datarep",state="fully operational"} 1', lines)
        self.assertIn('sunder_mirror_up_to_date{mirror="datarep"} 1', lines)

    def test_one_that_stands_still_is_not_waited_for(self):
        self.tell("server1", signal.SIGSTOP)
        for words in (("status",), ("tree",), ("metrics",), ("events",), ("events", "--follow"),
                      ("pause", "datarep"), ("clear-intent-log", "datarep")):
            begun = time.monotonic()
            said = self.ctl("server1", "--timeout", "1", *words)
            self.assertLess(time.monotonic() - begun, served.PATIENCE / 2, words)
            self.assertEqual((said.returncode, said.stdout), (3, ""), words)
            self.assertIn(f"ctl: no answer at {self.folder}/server1.control within 1 s",
                          said.stderr)
            self.assertEqual("may be done yet" in said.stderr, words[0] == "pause", said.stderr)
        self.tell("server1", signal.SIGCONT)
        until("it answers again", lambda: self.status("server1")["peers"], self.logs)
        wrong = self.ctl("server1", "--timeout", "0", "status")
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("--timeout", wrong.stderr)

    def test_what_is_wrong_is_said(self):
        wrong = self.ctl("server1", "switchovr", "datarep")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("did you mean 'switchover'", wrong.stderr)
        wrong = self.ctl("server1", "pause", "datare")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("did you mean 'datarep'", wrong.stderr)
        wrong = self.ctl("server1", "pause", "datarep", "target=server3")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("there is no node 'server3'", wrong.stderr)
        wrong = self.ctl("server2", "asynchronous", "datarep", "limit=0")
        self.assertEqual(wrong.returncode, 3)
        self.assertIn("limit: nothing would be sent: at least 1", wrong.stderr)
        self.assertIsNone(self.servers["server2"].poll(), self.log("server2"))
        refused = self.ctl("server1", "switchover", "datarep")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("already_in_service", refused.stderr)
        self.assertIn("switchover MIRROR", self.say("server1", "help"))

    def test_a_switchover_moves_service_and_lets_hosts_go(self):
        import nbd
        host = self.connect("server1")
        host.pwrite(b"x" * BLOCK, 8192)
        self.say("server2", "switchover", "datarep")
        self.until_served("server2")
        with self.assertRaises(nbd.Error):
            while True:  # until the connection is closed
                host.pread(BLOCK, 8192)
        with self.assertRaises(nbd.Error):
            self.connect("server1")
        self.assertEqual(self.connect("server2").pread(BLOCK, 8192), b"x" * BLOCK)
        listed = self.run_tool("nbdinfo", "--list", self.uri("server1", ""), expect=None)
        self.assertNotIn("datarep", listed)
        self.until_mirrored()
        self.compare_images("server2")

    def test_a_paused_target_has_hosts_of_its_own_until_the_mirror_resumes(self):
        source = self.connect("server1")
        source.pwrite(b"a" * BLOCK, 0)
        self.say("server1", "pause", "datarep")
        until("the target is apart", lambda: self.datarep("server2")["open_apart"])
        apart = self.connect("server2")
        self.assertEqual(apart.pread(BLOCK, 0), b"a" * BLOCK)
        apart.pwrite(b"b" * BLOCK, 0)
        self.assertEqual(source.pread(BLOCK, 0), b"a" * BLOCK)
        source.pwrite(b"c" * BLOCK, 65536)
        apart.shutdown()
        self.say("server1", "resume", "datarep")
        self.until_mirrored()
        self.compare_images("server1")  # what was written apart is gone (R59)
        self.assertEqual(source.pread(BLOCK, 0), b"a" * BLOCK)

    def test_one_state_has_one_process(self):
        second = subprocess.run([served.SUNDER, "serve", str(self.file("server1")), "--socket",
                                 str(self.folder / "second.nbd")],
                                capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn("another process serves this node", second.stderr)
        self.assertTrue(self.serves("server1"))

    def test_the_survivor_of_a_kill_serves_what_was_acknowledged(self):
        host = self.connect("server1")
        for number in range(64):
            host.pwrite(struct.pack("<Q", number) * 512, number * BLOCK)
        self.kill("server1")
        self.until_served("server2")
        host = self.connect("server2")
        for number in range(64):
            self.assertEqual(host.pread(BLOCK, number * BLOCK), struct.pack("<Q", number) * 512)
        host.pwrite(b"later" + bytes(BLOCK - 5), 0)
        self.start("server1")
        self.until_mirrored()
        self.compare_images("server2")

    def test_reads_get_through_while_writers_are_blocked(self):
        """LIV-2: 64 writers wait for a target that stands still, and a reader does not."""
        host = self.connect("server1")
        host.pwrite(b"r" * BLOCK, 1 << 20)
        self.tell("server2", signal.SIGSTOP)
        answered = []
        for number in range(64):
            host.aio_pwrite(b"w" * BLOCK, number * BLOCK, completion=lambda _: answered.append(1))
        reader = self.connect("server1")
        self.assertEqual(reader.pread(BLOCK, 1 << 20), b"r" * BLOCK)
        done = []
        host.aio_pread(bytearray(BLOCK), 1 << 20, completion=lambda _: done.append(1))
        until("a read on the writers' own connection is answered",
              lambda: host.poll(1) >= 0 and done)
        self.assertEqual(answered, [], "the writers were not blocked, so nothing was shown")
        until("the leg is given up, and the writers go on",
              lambda: host.poll(1) >= 0 and len(answered) == 64)
        self.tell("server2", signal.SIGCONT)
        self.until_mirrored()
        self.compare_images("server1")

    def test_a_write_may_be_larger_than_was_said(self):
        """What a server says of sizes binds nobody; nbdkit takes up to 64 MiB."""
        host = self.connect("server1")
        host.set_strict_mode(0)
        content = os.urandom(33 << 20)
        host.pwrite(content, 1 << 20)
        self.assertEqual(bytes(host.pread(1 << 20, 33 << 20)), content[-(1 << 20):])
        self.compare_images("server1")

    def test_who_is_told_to_end_does_so_whoever_is_there(self):
        """nbdkit waits for its hosts; one that asks nothing never goes, nor one that is blocked."""
        import nbd
        idle, blocked = self.connect("server1"), self.connect("server1")
        self.tell("server2", signal.SIGSTOP)
        blocked.aio_pwrite(b"w" * BLOCK, 0)
        self.kill("server1", signal.SIGTERM)
        for host in (idle, blocked):
            with self.assertRaises(nbd.Error):
                host.pread(BLOCK, 0)


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
        self.bring_back()
        self.assertEqual(self.datarep("server1")["held"], {"requests": 0})
        log = self.log("server1")
        self.assertEqual(log.count("requests of hosts are HELD, without an answer, because of "
                                   "server2"), 1, log)
        self.assertEqual(log.count("no requests of hosts are held any more, after "), 1, log)
        events = [json.loads(line)
                  for line in self.say("server1", "events", "--json").splitlines()]
        self.assertEqual([(event["kind"], event["level"], event["mirror"]) for event in events
                          if event["kind"].startswith("requests_")],
                         [("requests_held", "warning", "datarep"),
                          ("requests_answered", "notice", "datarep")])

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


class Wrong(Cluster):
    """What is wrong with a file is found before anything is begun, and said with its place."""
    LISTEN = "listen: {socket: server1.nbd}"
    PEERS = "server1: {peers: {socket: server1.peers}}"
    PEER = "server2: {peers: {socket: server2.peers}}"
    STATE = "state: server1.state"

    def serve_in_vain(self, was, becomes):
        self.file("server1").write_text(self.text("server1").replace(was, becomes))
        return subprocess.run([served.SUNDER, "serve", str(self.file("server1"))],
                              capture_output=True, text=True, timeout=served.PATIENCE)

    def refused(self, was, becomes, words):
        ran = self.serve_in_vain(was, becomes)
        self.assertEqual(ran.returncode, 3, f"{becomes}\n{ran.stderr}")
        self.assertIn(words, ran.stderr)
        self.assertEqual(ran.stderr.count("error: "), 1, ran.stderr)
        line = self.file("server1").read_text().split(becomes)[0].count("\n") + 1
        self.assertRegex(ran.stderr, rf"--> \S+server1\.yaml:{line + becomes.count(chr(10))}:\d+\n")
        self.assertFalse((self.folder / "server1.state").exists())

    def test_addresses(self):
        no_address = "expected an IP address, such as 127.0.0.1"
        for was, becomes in (
                (self.LISTEN, "listen: {port: 10809, address: localhost}"),
                (self.PEERS, "server1: {peers: {port: 7800, address: 127.0.0.900}}"),
                (self.PEER, "server2: {peers: {socket: s}, beats: [{port: 7, address: here}]}")):
            self.refused(was, becomes, no_address)
        for was, becomes, words in (
                (self.LISTEN, "listen: {socket: server1.peers}", "and `listen` are both at"),
                (self.LISTEN, self.LISTEN + "\ncontrol: server1.nbd", "are both at"),
                (self.PEER, "server2: {peers: {socket: server1.peers}}", "are both at"),
                (self.PEERS, "server1: {peers: {socket: s}, beats: [{socket: s}]}",
                 "`peers` of server1 and `beats` of server1 are both at")):
            self.refused(was, becomes, words)

    def test_as_many_paths_of_beats_for_each_node(self):
        self.refused(self.PEER, "server2: {peers: {socket: s}, beats: [{socket: a}, {socket: b}]}",
                     "server1 beats on 1 path, and server2 on 2 paths")

    def test_what_is_printed_says_what_cannot_be_said_again(self):
        ran = subprocess.run([served.SUNDER, "serve", str(self.file("server1")), "--print"],
                             capture_output=True, text=True, timeout=served.PATIENCE, check=True)
        comment, command = ran.stdout.splitlines()
        self.assertRegex(comment, r"^# .*/proc/self/fd/\d+ is the node's setup")
        self.assertTrue(command.startswith("nbdkit "), command)

    def test_sockets(self):
        (self.folder / "file").touch()
        for place, words in (("x" * 108, "a socket's path has at most 107 characters"),
                             ("none/socket", f"there is no folder {self.folder}/none"),
                             ("file/socket", f"there is no folder {self.folder}/file"),
                             ("file", "there is a file that is no socket")):
            for was, becomes in (
                    (self.LISTEN, f"listen: {{socket: {place}}}"),
                    (self.LISTEN, f"{self.LISTEN}\ncontrol: {place}"),
                    (self.PEERS, f"server1: {{peers: {{socket: {place}}}}}")):
                self.refused(was, becomes, words)
        self.refused(self.PEER, f"server2: {{peers: {{socket: {'x' * 108}}}}}", "107 characters")

    def test_folders_and_programs(self):
        (self.folder / "file").touch()
        self.refused(self.STATE, "state: file", f"`state`: {self.folder}/file: it is a file")
        for key in ("copies", "recordings"):
            self.refused(self.STATE, f"{self.STATE}\n{key}: file/in",
                         f"{self.folder}/file is a file")
        self.refused(self.STATE, f"{self.STATE}\ncopies: server1.state", "that is `state` already")
        self.refused(self.STATE, f"{self.STATE}\nfencing: {{program: [none-such]}}",
                     "there is no program 'none-such'")

    def test_what_only_shows_when_it_is_tried_is_no_mistake_of_the_file(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            ran = self.serve_in_vain(self.PEERS,
                                     f"server1: {{peers: {{port: {taken.getsockname()[1]}}}}}")
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("Address already in use", ran.stderr)


class Twice(Cluster):
    """A start that is refused leaves everything as it was, and a node that runs its sockets."""
    stored = False

    def text(self, node):
        # By ports nothing is found out before the node is begun.
        return super().text(node).replace(f"listen: {{socket: {node}.nbd}}",
                                          f"listen: {{port: {self.port(node)}}}")

    def port(self, node):
        if not hasattr(self, "ports"):
            taken = [socket.create_server(("127.0.0.1", 0)) for _ in NAMES]
            self.ports = {name: one.getsockname()[1] for name, one in zip(NAMES, taken)}
            for one in taken:
                one.close()
        return self.ports[node]

    def uri(self, node, export="datarep"):
        return f"nbd://127.0.0.1:{self.port(node)}/{export}"

    def sockets(self):
        return {path.name: path.stat().st_ino
                for path in self.folder.iterdir() if path.is_socket()}

    def serve_in_vain(self, node):
        ran = subprocess.run([served.SUNDER, "serve", str(self.file(node))], capture_output=True,
                             text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 1, ran.stderr)
        self.assertIn("somebody listens there", ran.stderr)

    def begin(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def nothing_has_changed(self, sockets):
        """For longer than it takes until somebody is taken for dead."""
        end = time.monotonic() + 3
        while time.monotonic() < end:
            self.assertTrue(self.serves("server1"), self.logs())
            self.assertFalse(self.serves("server2"), self.logs())
            for node in NAMES:
                self.assertTrue(self.status(node)["peers"][0]["heard"], self.logs())
        self.assertEqual(self.datarep("server1")["state"], "fully operational", self.logs())
        self.assertEqual(self.sockets(), sockets)

    def test_a_second_process_of_a_node_in_memory(self):
        """It has no state to be refused by, and took service from the node that had it."""
        self.begin()
        sockets = self.sockets()
        for node in (*NAMES, *NAMES):
            self.serve_in_vain(node)
        self.nothing_has_changed(sockets)
        self.connect("server1").pwrite(b"x" * BLOCK, 0)

    def test_two_addresses_that_were_exchanged_in_a_file(self):
        self.begin()
        self.kill("server2", signal.SIGTERM)
        sockets = self.sockets()
        right = self.file("server2").read_text()
        self.file("server2").write_text(
            right.replace("socket: server1.peers", "socket: other.peers")
                 .replace("socket: server2.peers", "socket: server1.peers")
                 .replace("socket: other.peers", "socket: server2.peers"))
        self.serve_in_vain("server2")
        self.assertEqual(self.sockets(), sockets)
        self.file("server2").write_text(right)
        self.start("server2")
        self.until_mirrored()
        self.assertTrue(self.serves("server1"), self.logs())

    def test_two_that_begin_at_once(self):
        """One of them serves, with all its sockets, and the other one says why it does not."""
        names = {f"server1.{what}" for what in ("peers", "peers.beats", "control")}
        for _ in range(5):
            both = [subprocess.Popen([served.SUNDER, "serve", str(self.file("server1"))],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                    for _ in range(2)]
            for one in both:
                self.addCleanup(one.kill)
            until("one has given up", lambda: any(one.poll() is not None for one in both))
            loser = next(one for one in both if one.poll() is not None)
            winner = next(one for one in both if one is not loser)
            self.assertIn("somebody listens there", loser.communicate()[1])
            until("the other one serves", lambda: winner.poll() is not None or
                  self.ctl("server1", "status").returncode == 0)
            self.assertIsNone(winner.poll())
            self.assertEqual(set(self.sockets()), names)
            winner.send_signal(signal.SIGTERM)
            winner.communicate(timeout=served.PATIENCE)
            self.assertEqual(self.sockets(), {})


class Copies(Cluster):
    more = "copies: COPIES\n"

    def text(self, node):
        return super().text(node).replace("COPIES", f"{node}.copies")

    def serve_in_vain(self, node):
        return subprocess.run([served.SUNDER, "serve", str(self.file(node))], capture_output=True,
                              text=True, timeout=served.PATIENCE)

    def test_a_node_whose_copies_are_not_mounted_is_not_served(self):
        """SAF-1: it would come in service with zeroes, and call them in sync."""
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        self.kill("server2")
        self.kill("server1", signal.SIGTERM)
        copies = self.folder / "server2.copies"
        copies.rename(self.folder / "elsewhere")
        copies.mkdir()
        refused = self.serve_in_vain("server2")
        self.assertEqual(refused.returncode, 1, refused.stderr)
        for words in (f"tells of a copy that {copies} does not hold", "disk mounted?",
                      f"remove {self.folder}/server2.state/datarep.mirror"):
            self.assertIn(words, refused.stderr)
        self.assertEqual(list(copies.iterdir()), [])
        copies.rmdir()
        (self.folder / "elsewhere").rename(copies)
        self.start(*NAMES)
        self.until_mirrored()


    def test_nodes_whose_disks_were_exchanged_do_not_start(self):
        """FLT-12: what is stored tells of peers by their place."""
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        for node in NAMES:
            self.kill(node, signal.SIGTERM)

        def exchange():
            for kind in ("state", "copies"):
                one, two, aside = (self.folder / f"{name}.{kind}" for name in (*NAMES, "aside"))
                one.rename(aside)
                two.rename(one)
                aside.rename(two)

        exchange()
        for node, words in (("server1", "tells of copy 2 of the mirror, and this node has copy 1"),
                            ("server2", "tells of copy 1 of the mirror, and this node has copy 2")):
            refused = self.serve_in_vain(node)
            self.assertEqual(refused.returncode, 1, refused.stderr)
            self.assertIn(f"{node}.state/datarep.mirror: it {words}", refused.stderr)
        exchange()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.compare_images("server1")
        self.assertEqual(bytes(self.connect("server1").pread(BLOCK, 0)), b"x" * BLOCK)


class OtherChunks(Cluster):
    """What the intent log named in chunks of one size says nothing of chunks of another (G13)."""

    def configure(self, chunks):
        self.mirror = f"      intent_log: {chunks}\n"
        for node in NAMES:
            self.file(node).write_text(self.text(node))

    def test_copies_are_equal_after_the_intent_log_was_configured_otherwise(self):
        for before, after in (("64 KiB", "1 MiB"), ("1 MiB", "64 KiB"), ("none", "64 KiB"),
                              ("64 KiB", "none")):
            with self.subTest(before=before, after=after):
                self.configure(before)
                self.start(*NAMES)
                self.until_served("server1")
                self.until_mirrored()
                self.kill("server2")
                self.connect("server1").pwrite(b"x" * BLOCK, 40 << 20)
                self.kill("server1")
                self.configure(after)
                self.start(*NAMES)
                self.until_served("server1")
                self.until_mirrored()
                self.assertIn("everything counts as written", self.log("server1"))
                self.compare_images("server1")
                self.stop_all()
                for node in NAMES:
                    shutil.rmtree(self.folder / f"{node}.state")
                    self.file(node).with_suffix(".log").unlink()


class OnlyCopy(Cluster):
    """A mirror that is extended to one server: there is nobody to resynchronise from."""
    more = "copies: server1.copies\n"
    mirror = "      extended: [server1]\n"

    def test_a_mirror_that_lost_its_only_copy_is_not_made_a_second_time(self):
        """R91: it was created once, so what is blank now is no mirror that begins."""
        self.start("server1")
        self.until_served("server1")
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        self.kill("server1", signal.SIGTERM)
        kept = [self.folder / "server1.copies", self.folder / "server1.state/datarep.mirror"]
        for one in kept:
            one.rename(self.folder / f"{one.name}.elsewhere")
        self.start("server1")
        until("it says why it does not serve",
              lambda: self.datarep("server1")["rule"] == "only_copy_is_blank", self.logs)
        self.assertFalse(self.serves("server1"))
        self.kill("server1", signal.SIGTERM)
        for one in kept:
            one.rename(self.folder / f"{one.name}.blank")
            (self.folder / f"{one.name}.elsewhere").rename(one)
        self.start("server1")
        self.until_served("server1")
        self.assertEqual(bytes(self.connect("server1").pread(BLOCK, 0)), b"x" * BLOCK)
        self.kill("server1", signal.SIGTERM)
        for one in kept:
            one.rename(self.folder / f"{one.name}.elsewhere")
        self.start("server1")
        self.say("server1", "--yes", "force", "datarep")
        self.until_served("server1")
        self.assertEqual(bytes(self.connect("server1").pread(BLOCK, 0)), bytes(BLOCK))


class Compressed(Cluster):
    more = "compression: 3\n"

    def test_what_is_sent_compressed_is_the_same_there(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        host.pwrite(b"compressible " * 80659 + bytes(9), 0)
        host.pwrite(os.urandom(1 << 20), 1 << 20)
        self.compare_images("server1")


class Strangers(Cluster):
    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def dial(self):
        stranger = socket.socket(socket.AF_UNIX)
        self.addCleanup(stranger.close)
        stranger.settimeout(served.PATIENCE)
        stranger.connect(str(self.folder / "server1.peers"))
        return stranger

    def memory(self):
        text = open(f"/proc/{self.servers['server1'].pid}/status").read()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.servers['server1'].pid}/fd"))

    def still_mirrors(self):
        self.connect("server1").pwrite(os.urandom(BLOCK), 0)
        self.assertEqual(self.datarep("server1")["state"], "fully operational", self.logs())

    def test_a_thousand_connections_that_say_nothing(self):
        before = self.descriptors()
        strangers = [self.dial() for _ in range(1000)]
        self.still_mirrors()
        self.assertLess(self.descriptors(), before + 200)
        for stranger in strangers:
            stranger.close()
        until("they are forgotten", lambda: self.descriptors() <= before + 2)
        self.still_mirrors()

    def test_strangers_that_come_again_and_again_keep_no_peer_out(self):
        self.kill("server2")
        enough = threading.Event()

        def come_again():
            while not enough.is_set():
                with socket.socket(socket.AF_UNIX) as stranger:
                    stranger.settimeout(served.PATIENCE)
                    try:
                        stranger.connect(str(self.folder / "server2.peers"))
                        stranger.recv(1)  # until it is sent away
                    except OSError:
                        pass  # it does not run
                enough.wait(0.01)

        strangers = [threading.Thread(target=come_again) for _ in range(80)]
        try:
            for stranger in strangers:
                stranger.start()
            self.start("server2")  # server1 dials it
            self.until_mirrored()
        finally:
            enough.set()
            for stranger in strangers:
                stranger.join()
        self.assertIn("it had not greeted when 64 others waited to", self.log("server2"))

    def test_who_says_something_else_is_closed(self):
        for words in (b"GET / HTTP/1.1\r\n\r\n" + bytes(64), bytes(32), b"\xff" * 32,
                      b"SunF\x01\x01\x00\x00\xff\xff\xff\xff" + bytes(20)):
            stranger = self.dial()
            stranger.sendall(words)
            self.assertEqual(stranger.recv(1), b"", "it is closed without a word")
        self.assertIn("a connection was refused", self.log("server1"))
        self.still_mirrors()

    def test_many_that_are_refused_are_told_of_once(self):
        for _ in range(500):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(str(self.folder / "server1.peers"))
                stranger.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(64))
                self.assertEqual(stranger.recv(1), b"")
        told = [line for line in self.log("server1").splitlines() if "was refused" in line]
        self.assertEqual(len(told), 1, told)
        self.still_mirrors()

    def test_a_slow_drip_is_given_up(self):
        stranger = self.dial()
        sent = 0
        end = time.monotonic() + served.PATIENCE
        while time.monotonic() < end:
            try:
                stranger.send(b"SunF\x01\x01\x00\x00\xff\x0f"[sent:sent + 1] or b"\x00")
            except OSError:
                break
            sent += 1
            if select.select([stranger], [], [], 0.5)[0]:
                break
        self.assertLess(sent, 14, "it was heard for longer than a greeting takes")
        self.assertIn("it did not greet in time", self.log("server1"))
        self.still_mirrors()

    def test_a_stranger_cannot_ask_for_much_room(self):
        stranger = self.dial()
        header = b"SunF\x01\x01\x00\x00" + struct.pack("<II", 1 << 23, 0) + bytes(16)
        stranger.sendall(header)
        self.assertEqual(stranger.recv(1), b"")
        self.assertIn("where at most 4096 are taken", self.log("server1"))
        self.still_mirrors()


class Others(Cluster):
    def test_a_node_of_another_cluster_is_refused_by_name(self):
        self.file("server2").write_text(self.text("server2").replace("called: test",
                                                                     "called: prod"))
        self.start(*NAMES)
        until("it is refused", lambda: "cluster" in self.log("server1") + self.log("server2")
              and "refused" in self.log("server2"))
        self.assertFalse(self.status("server1")["peers"][0]["connected"])

    def refused_for(self, words, first, second):
        """Each node's file has its own words in the place of the size."""
        for node, said in zip(NAMES, (first, second)):
            self.file(node).write_text(self.text(node).replace("size: 64 MiB", said))
        self.start(*NAMES)
        until("it is refused by name", lambda: words in self.log("server1"), self.logs)
        self.assertNotEqual(self.datarep("server1")["legs"][0]["state"], "mirroring")

    def test_volumes_of_other_sizes_are_refused_by_name(self):
        self.refused_for("volumes is 'b 24 MiB, c 8 MiB' in its file, and 'b 8 MiB, c 24 MiB' in "
                         "ours", "volumes: {b: 8 MiB, c: 24 MiB}", "volumes: {b: 24 MiB, c: 8 MiB}")

    def test_a_mirror_of_another_size_is_refused_by_name(self):
        self.refused_for("size is '128 MiB' in its file, and '64 MiB' in ours", "size: 64 MiB",
                         "size: 128 MiB")


class LargerDisk(Cluster):
    mirror = "      sizes: {server2: 128 MiB}\n"

    def test_hosts_see_what_is_mirrored_wherever_it_is_in_service(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        self.connect("server1").pwrite(b"x" * BLOCK, 0)
        self.kill("server1")
        self.until_served("server2")
        host = self.connect("server2")
        self.assertEqual(host.get_size(), 64 << 20)
        self.assertEqual(host.pread(BLOCK, 0), b"x" * BLOCK)
        self.start("server1")
        self.until_mirrored()


class Changed(Cluster):
    """The node's files name other mirrors from one start to the next."""
    other = """    other:
      size: 8 MiB
      on: [server1, server2]
      mode: synchronous
"""

    def start_with(self, mirror=""):
        for node in reversed(list(self.servers)):  # the source last: it is it again
            self.kill(node, signal.SIGTERM)
        self.mirror = mirror
        for node in NAMES:
            self.file(node).write_text(self.text(node))
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def array(self, node, *words):
        said = subprocess.run(
            [served.SUNDER, "array", "--control", str(self.folder / f"{node}.control"), *words],
            capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        return said.stdout

    def volumes(self, node):
        shown = json.loads(self.array(node, "--json", "show"))
        return [volume["name"] for volume in shown["volumes"]]

    def refused(self, node, words):
        ran = subprocess.run([served.SUNDER, "serve", str(self.file(node))], capture_output=True,
                             text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        self.assertIn(words, ran.stderr)

    def holds(self, export, content):
        until(f"{export} is in service", lambda: all(
            mirror["in_service"] for mirror in self.status("server1")["mirrors"]), self.logs)
        self.assertEqual(self.connect("server1", export).pread(BLOCK, 0), content)

    def test_mirrors_are_added_and_taken_out_and_come_back(self):
        self.start_with()
        self.connect("server1").pwrite(b"d" * BLOCK, 0)
        self.start_with(self.other)
        self.holds("datarep", b"d" * BLOCK)
        self.holds("other", bytes(BLOCK))
        self.connect("server1", "other").pwrite(b"o" * BLOCK, 0)
        self.start_with()
        self.holds("datarep", b"d" * BLOCK)
        self.assertEqual(sorted(self.volumes("server2")), ["datarep", "other"])
        self.start_with(self.other)
        self.holds("other", b"o" * BLOCK)
        self.compare_images("server1")

    def test_a_copy_that_was_changed_without_its_mirror_is_not_believed(self):
        self.start_with(self.other)
        self.start_with()
        self.array("server2", "add", "snapshot", "s1", "of=other")
        self.array("server2", "restore", "other", "from=s1")
        self.kill("server2", signal.SIGTERM)
        self.mirror = self.other
        self.file("server2").write_text(self.text("server2"))
        self.refused("server2", "other.mirror tells of a copy that")
        (self.folder / "server2.state" / "other.mirror").unlink()
        self.start_with(self.other)
        until("it is copied again", lambda: all(
            mirror["state"] == "fully operational" for mirror in self.status("server1")["mirrors"]),
            self.logs)

    def test_a_volume_that_was_expanded_goes_on_holding_its_copy(self):
        self.start_with()
        self.connect("server1").pwrite(b"d" * BLOCK, 0)
        for node in NAMES:
            self.array(node, "expand", "volume", "datarep", "size=128MiB")
        self.start_with()
        self.holds("datarep", b"d" * BLOCK)
        self.assertEqual(self.connect("server1").get_size(), 64 << 20)

    def test_a_mirror_keeps_its_size(self):
        self.start_with()
        self.connect("server1").pwrite(b"d" * BLOCK, 0)
        for node in reversed(NAMES):
            self.kill(node, signal.SIGTERM)
        for size in ("32 MiB", "128 MiB"):
            self.size = size
            self.file("server1").write_text(self.text("server1"))
            self.refused("server1", f"datarep: it was made with 64 MiB, and the node's file says "
                                    f"{size}")
        self.size = "64 MiB"
        self.start_with()
        self.holds("datarep", b"d" * BLOCK)


if __name__ == "__main__":
    served.main(sys.argv)
