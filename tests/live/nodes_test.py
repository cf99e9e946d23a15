#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes as processes: what operators ask and see, what is wrong with a node's file, and what a
# second process of one node can not do.
import http.client
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import time

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096
MIB = 1 << 20


class Watcher:
    """A status that is told again when it changes."""

    def __init__(self, cluster, node, *how):
        self.path = cluster.folder / f"{node}.watched"
        with open(self.path, "wb") as file:
            self.process = subprocess.Popen(
                [served.SUNDER, "ctl", "--control", str(cluster.folder / f"{node}.control"),
                 *how, "status", "--watch"], stdout=file, stderr=subprocess.PIPE, text=True)
        cluster.addCleanup(self.stop)

    def told(self):
        """Each with its lines; there is an empty one between two."""
        return self.path.read_text().split("\n\n")

    def stop(self):
        self.process.kill()
        self.process.wait(served.PATIENCE)
        self.process.stderr.close()


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

    def test_a_status_that_is_watched_is_told_again_when_it_changes(self):
        watcher = Watcher(self, "server1")
        until("it is told", lambda: "mirroring" in watcher.told()[0], self.logs)
        first = self.say("server1", "status")
        end = time.monotonic() + 2  # it looks some times meanwhile
        while time.monotonic() < end:
            self.assertEqual(self.say("server1", "status"), first)
        self.assertEqual("\n\n".join(watcher.told()), first)
        self.kill("server2")
        until("that is told", lambda: "NOT HEARD, not connected" in watcher.told()[-1], self.logs)
        self.start("server2")
        self.until_mirrored()
        until("that is told, too", lambda: "  server2              heard, connected\n" in
              watcher.told()[-1] and "mirroring" in watcher.told()[-1], self.logs)
        told = [text.strip("\n") for text in watcher.told()]
        self.assertEqual(told[0], first.strip("\n"))
        for one, following in zip(told, told[1:]):
            self.assertNotEqual(one, following, "it was told again, and nothing had changed")
        self.kill("server1")
        self.assertEqual(watcher.process.wait(served.PATIENCE), 3)
        self.assertIn("ctl: nobody answers at ", watcher.process.stderr.read())

    def test_what_only_ages_is_not_told_to_programs_again(self):
        watcher = Watcher(self, "server1", "--json")
        until("it is told", lambda: watcher.path.read_text().endswith("\n"), self.logs)
        end = time.monotonic() + 2  # it looks some times meanwhile
        while time.monotonic() < end:
            self.status("server1")
        self.kill("server2")
        until("that is told", lambda: any(not json.loads(line)["peers"][0]["heard"]
              for line in watcher.path.read_text().splitlines()), self.logs)
        told = [re.sub(r'"(\w+_ms)":[^"]*', "", line)
                for line in watcher.path.read_text().splitlines()]
        for one, following in zip(told, told[1:]):
            self.assertNotEqual(one, following, "it was told again, and nothing had changed")

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


class Blocked(Cluster):
    missed = 15  # the target is waited for as long as it takes to look

    def test_a_flush_beside_64_blocked_writers_is_answered_with_them(self):
        """The target may have what was acknowledged in its memory only, so a flush waits for it
        until the leg is given up."""
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        writer, flusher = self.connect("server1"), self.connect("server1")
        writer.pwrite(b"r" * BLOCK, 1 << 20)
        flusher.flush()
        self.tell("server2", signal.SIGSTOP)
        written, flushed = [], []
        for number in range(64):
            writer.aio_pwrite(b"w" * BLOCK, number * BLOCK,
                              completion=lambda error: written.append(error.value) or 1)
        flusher.aio_flush(completion=lambda error: flushed.append(error.value) or 1)
        until("it is asked", lambda: 'sunder_flushes_total{mirror="datarep"} 2' in
              self.say("server1", "metrics"))
        reader = self.connect("server1")
        self.assertEqual(reader.pread(BLOCK, 1 << 20), b"r" * BLOCK)
        while flusher.poll(0) > 0 or writer.poll(0) > 0:
            pass  # what has been answered by now
        self.assertEqual((written, flushed), ([], []), "nobody was blocked")
        until("all are answered", lambda: writer.poll(1) >= 0 and flusher.poll(1) >= 0 and
              len(written) + len(flushed) == 65, self.logs)
        self.assertEqual((written, flushed), ([0] * 64, [0]))
        self.tell("server2", signal.SIGCONT)
        self.until_mirrored()
        self.compare_images("server1")


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

    def test_where_everybody_may_look(self):
        for said, words in (
                ("{port: 9555, address: localhost}",
                 "`http`: localhost: expected an IP address, such as 127.0.0.1"),
                ("{port: 9555, adress: 127.0.0.1}", "did you mean 'address'"),
                ("{port: 65536}", "65536"),
                ("{port: web}", "expected a port"),
                ("{address: 127.0.0.1}", "an address for HTTP needs the key 'port'"),
                ("9555", "expected an address for HTTP")):
            self.refused(self.LISTEN, f"{self.LISTEN}\nhttp: {said}", words)
        self.refused(self.LISTEN, "listen: {port: 9555}\nhttp: {port: 9555}",
                     "`listen` and `http` are both at 127.0.0.1:9555")

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


if __name__ == "__main__":
    served.main(sys.argv)
