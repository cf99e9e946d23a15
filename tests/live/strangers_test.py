#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What strangers on the sockets of peers, hosts and operators can not do, and which nodes of a
# cluster are strangers to each other.
import os
import re
import select
import socket
import struct
import sys
import threading
import time
from pathlib import Path

import nbd

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096
MANY = 1000
OTHERS = 40      # descriptors and threads of a host and an operator who come meanwhile
ROOM = 96 << 20  # bytes, for what is kept of strangers


class Strangers(Cluster):
    threads = 16
    more = f"threads: {threads}\n"

    def setUp(self):
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def dial(self, door="peers"):
        stranger = socket.socket(socket.AF_UNIX)
        self.addCleanup(stranger.close)
        stranger.settimeout(served.PATIENCE)
        stranger.connect(str(self.folder / f"server1.{door}"))
        return stranger

    def memory(self):
        text = Path(f"/proc/{self.servers['server1'].pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text).group(1)) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.servers['server1'].pid}/fd"))

    def tasks(self):
        return len(os.listdir(f"/proc/{self.servers['server1'].pid}/task"))

    def still_mirrors(self):
        """For a host that comes now, and an operator."""
        host = self.connect("server1")
        host.pwrite(os.urandom(BLOCK), 0)
        host.shutdown()
        self.assertEqual(self.datarep("server1")["state"], "fully operational", self.logs())

    def comes(self):
        try:
            self.connect("server1").pread(BLOCK, 0)
        except nbd.Error:
            return False
        return True

    def stay_silent(self, door, kept, descriptors, tasks):
        """A thousand who say nothing there: so many of them are kept, each with so much."""
        before = self.descriptors(), self.tasks(), self.memory()
        strangers = [self.dial(door) for _ in range(MANY)]
        if kept < MANY:
            self.assertEqual(strangers[MANY - kept - 2].recv(1), b"", "it is sent away")
        else:
            self.assertEqual(strangers[-1].recv(8), b"NBDMAGIC", "it is let in")
        self.still_mirrors()
        self.assertLess(self.descriptors(), before[0] + kept * descriptors + OTHERS)
        self.assertLess(self.tasks(), before[1] + kept * tasks + OTHERS)
        self.assertLess(self.memory(), before[2] + ROOM)
        for stranger in strangers:
            stranger.close()
        until("they are forgotten", lambda: self.descriptors() <= before[0] + 2 and
              self.tasks() <= before[1] + 2, self.logs)
        self.still_mirrors()

    def test_a_thousand_connections_that_say_nothing(self):
        self.stay_silent("peers", kept=64, descriptors=1, tasks=1)

    def test_a_thousand_hosts_that_say_nothing(self):
        """nbdkit lets them all in, and waits for their first word."""
        self.stay_silent("nbd", kept=MANY, descriptors=3, tasks=1)

    def test_a_thousand_operators_that_say_nothing(self):
        self.stay_silent("control", kept=64, descriptors=1, tasks=0)

    def test_more_hosts_than_may_have_something_open(self):
        most = 128
        before = self.tasks(), self.memory()
        hosts = [self.connect("server1") for _ in range(most)]
        with self.assertRaises(nbd.Error):
            self.connect("server1")
        self.assertIn(f"{most} connections of hosts are open, and no more are", self.log("server1"))
        self.assertLess(self.tasks(), before[0] + most * (1 + self.threads) + OTHERS)
        self.assertLess(self.memory(), before[1] + ROOM)
        self.assertEqual(self.datarep("server1")["state"], "fully operational", self.logs())
        for host in hosts:
            host.pwrite(os.urandom(BLOCK), 0)
        hosts.pop().shutdown()
        until("another one is let in", self.comes, self.logs)

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
        self.assertEqual(self.metric("server1", "sunder_refused_connections_total"), 500)
        self.assertEqual(self.status("server1")["refused_connections"], 500)
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
        # Who dials is refused by who is dialled.
        until("it is refused by name", lambda: words in self.log("server2"), self.logs)
        self.assertNotEqual(self.datarep("server1")["legs"][0]["state"], "mirroring")

    def test_volumes_of_other_sizes_are_refused_by_name(self):
        self.refused_for("volumes is 'b 8 MiB, c 24 MiB' in its file, and 'b 24 MiB, c 8 MiB' in "
                         "ours", "volumes: {b: 8 MiB, c: 24 MiB}", "volumes: {b: 24 MiB, c: 8 MiB}")

    def test_a_mirror_of_another_size_is_refused_by_name(self):
        self.refused_for("size is '64 MiB' in its file, and '128 MiB' in ours", "size: 64 MiB",
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
        self.assertEqual(self.datarep("server2")["size_bytes"], 64 << 20)
        self.assertEqual(host.pread(BLOCK, 0), b"x" * BLOCK)
        self.start("server1")
        self.until_mirrored()


if __name__ == "__main__":
    served.main(sys.argv)
