#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# Nodes that are short of something: a disk that refuses, a disk that is full, descriptors. Nothing
# crashes, hosts are told of errors and of nothing else, peers stay, and it goes on when what was
# lacking is there again.
import errno
import os
import socket
import subprocess
import sys
import time
import unittest
from pathlib import Path

import nbd

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096
MIB = 1 << 20


class Short(Cluster):
    def setUp(self):
        super().setUp()
        self.prepare()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def prepare(self):
        pass

    def array(self, node, *words):
        """Said to the array that the copies of a node lie in."""
        self.run_tool(served.SUNDER, "array", "--control", str(self.folder / f"{node}.control"),
                      *words)

    def refused(self, call, *arguments):
        with self.assertRaises(nbd.Error) as caught:
            call(*arguments)
        return caught.exception.errnum

    def peers_stay(self):
        for node in NAMES:
            self.assertIsNone(self.servers[node].poll(), self.logs())
            peer = self.status(node)["peers"][0]
            self.assertTrue(peer["heard"] and peer["connected"], self.logs())


class Refusing(Short):
    """The default: hosts are told what the own disk of the source refuses."""

    def test_a_source_that_cannot_write_says_so(self):
        host = self.connect("server1")
        for error in ("EIO", "ENOSPC"):
            self.array("server1", "add", "fault", "f", "kind=error", "volume=datarep", "on=write",
                       f"error={error}")
            self.assertEqual(self.refused(host.pwrite, b"n" * BLOCK, 0), errno.EIO)
            self.peers_stay()
            disk = self.datarep("server1")["disk"]
            self.assertTrue(disk["failing"])
            self.assertEqual(disk["last_failure"], "a write")
            self.assertIn("meets fault 'f'", disk["because"])
            self.assertIn("own disk FAILS: a write", self.say("server1", "status"))
            self.assertIn('sunder_disk_failing{mirror="datarep"} 1', self.say("server1", "metrics"))
            self.array("server1", "remove", "fault", "f")
            host.pwrite(b"y" * BLOCK, BLOCK)
            self.assertEqual(host.pread(BLOCK, BLOCK), b"y" * BLOCK)
            self.until_mirrored()
            self.assertFalse(self.datarep("server1")["disk"]["failing"])
            self.compare_images("server1")

    def test_a_source_that_cannot_read_says_so(self):
        host = self.connect("server1")
        host.pwrite(b"r" * BLOCK, 0)
        self.array("server1", "add", "fault", "f", "kind=error", "volume=datarep", "on=read",
                   "from=0B", "length=4KiB")
        self.assertEqual(self.refused(host.pread, BLOCK, 0), errno.EIO)
        self.assertEqual(host.pread(BLOCK, MIB), bytes(BLOCK))
        self.peers_stay()
        self.array("server1", "remove", "fault", "f")
        self.assertEqual(host.pread(BLOCK, 0), b"r" * BLOCK)
        self.compare_images("server1")

    def test_a_target_that_cannot_write_is_left_behind_and_comes_back(self):
        host = self.connect("server1")
        self.array("server2", "add", "fault", "f", "kind=error", "volume=datarep", "on=write")
        host.pwrite(b"t" * BLOCK, 0)
        until("the source knows", lambda: self.datarep("server1")["state"] != "fully operational")
        host.pwrite(b"u" * BLOCK, MIB)
        self.peers_stay()
        self.array("server2", "remove", "fault", "f")
        self.until_mirrored()
        self.compare_images("server1")


class Reading(Short):
    mirror = "      disk_errors: read from target\n"

    def test_what_the_own_disk_refuses_is_read_from_the_target(self):
        host = self.connect("server1")
        host.pwrite(b"r" * BLOCK, 0)
        self.array("server1", "add", "fault", "f", "kind=error", "volume=datarep", "on=read")
        self.assertEqual(host.pread(BLOCK, 0), b"r" * BLOCK)
        self.assertIn("server2 read for us", self.log("server1"))


class Leaving(Short):
    mirror = "      disk_errors: leave service\n"

    def test_a_source_whose_disk_fails_leaves_service_to_the_target(self):
        host = self.connect("server1")
        host.pwrite(b"a" * BLOCK, 0)
        self.array("server1", "add", "fault", "f", "kind=error", "volume=datarep", "on=write")
        self.refused(host.pwrite, b"b" * BLOCK, MIB)
        self.until_served("server2")
        self.assertFalse(self.serves("server1"))
        host = self.connect("server2")
        self.assertEqual(host.pread(BLOCK, 0), b"a" * BLOCK)
        host.pwrite(b"c" * BLOCK, MIB)
        self.array("server1", "remove", "fault", "f")
        self.until_mirrored()
        self.compare_images("server2")


@unittest.skipIf(os.geteuid() != 0, "not root")
class Full(Short):
    """The folder of a node's state is a file system of its own, which has less room than the
    mirror takes."""

    def prepare(self):
        for node in NAMES:
            state = self.folder / f"{node}.state"
            state.mkdir()
            self.run_tool("mount", "-t", "tmpfs", "-o", "size=256M", "sunder", str(state))
            self.addCleanup(self.unmount, node, state)

    def unmount(self, node, state):
        if node in self.servers:
            self.kill(node)
        self.run_tool("umount", str(state))

    def room(self, node, size):
        self.run_tool("mount", "-o", f"remount,size={size}", str(self.folder / f"{node}.state"))

    def used(self, node):
        found = os.statvfs(self.folder / f"{node}.state")
        return (found.f_blocks - found.f_bfree) * found.f_frsize

    def start_again(self, node):
        """After a flush that failed nobody knows what the medium has, until it is opened again."""
        self.kill(node)
        self.start(node)

    def fill(self, host):
        """How many mebibytes were taken before the first was not."""
        for number in range(64):
            try:
                host.pwrite(bytes([number + 1]) * MIB, number * MIB)
            except nbd.Error:
                return number
        self.fail("it was never full")

    def test_a_source_that_is_full_says_so_and_goes_on_with_more_room(self):
        host = self.connect("server1")
        self.room("server1", f"{self.used('server1') // MIB + 8}M")
        taken = self.fill(host)
        self.assertGreater(taken, 0)
        self.peers_stay()
        for number in range(taken):
            self.assertEqual(host.pread(MIB, number * MIB), bytes([number + 1]) * MIB)
        self.room("server1", "256M")
        self.start_again("server1")
        self.until_mirrored()
        self.compare_images("server1" if self.serves("server1") else "server2")

    def test_a_target_that_is_full_is_left_behind_until_it_has_more_room(self):
        # A new disk, which is too small.
        self.kill("server2")
        state = self.folder / "server2.state"
        self.run_tool("umount", str(state))
        self.run_tool("mount", "-t", "tmpfs", "-o", "size=24M", "sunder", str(state))
        self.start("server2")
        host = self.connect("server1")
        for number in range(40):
            host.pwrite(bytes([number + 1]) * MIB, number * MIB)
        until("it is full", lambda: "the own disk FAILED" in self.log("server2"))
        self.assertNotEqual(self.datarep("server1")["state"], "fully operational")
        self.peers_stay()
        self.room("server2", "256M")
        self.start_again("server2")
        self.until_mirrored()
        self.compare_images("server1")


class Descriptors(Short):
    words = "Too many open files"

    def in_use(self, node):
        return len(os.listdir(f"/proc/{self.servers[node].pid}/fd"))

    def limit(self, node, most):
        self.run_tool("prlimit", f"--nofile={most}:", "--pid", str(self.servers[node].pid))

    def test_who_comes_waits_for_descriptors(self):
        host = self.connect("server1")
        self.kill("server2")
        host.pwrite(b"d" * BLOCK, 0)
        until("its connections are closed",
              lambda: not self.status("server1")["peers"][0]["connected"])
        self.limit("server1", self.in_use("server1") - 4)  # some may be closed yet
        operator = subprocess.Popen(
            [served.SUNDER, "ctl", "--control", str(self.folder / "server1.control"), "status"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start("server2")
        # Not at the door of hosts: nbdkit's own threads accept there, again and again.
        strangers = [self.knock("server1.peers") for _ in range(3)]
        until("it cannot dial", lambda: self.words in self.log("server1"))
        spent = self.spent("server1")
        began = time.monotonic()
        while time.monotonic() < began + 2:
            self.assertEqual(host.pread(BLOCK, 0), b"d" * BLOCK)
            host.pwrite(b"e" * BLOCK, MIB)
            host.flush()
            time.sleep(0.05)
        self.assertLess(self.spent("server1") - spent, 1, "it spins")
        self.assertLess(len(self.log("server1").splitlines()), 500)
        for one in strangers:
            one.close()
        self.limit("server1", 1024)
        self.assertEqual(operator.wait(served.PATIENCE), 0)
        self.until_mirrored()
        until("nodes talk again", lambda: self.status("server1")["peers"][0]["connected"])
        host.pwrite(b"f" * BLOCK, MIB)
        self.compare_images("server1")

    def test_a_store_that_opens_its_files_late_has_descriptors_for_them(self):
        """The medium is well, so no host hears of an error."""
        host = self.connect("server1")
        for node in NAMES:
            self.limit(node, self.in_use(node) - 2)
        for number in range(16):
            host.pwrite(bytes([number + 1]) * BLOCK, number * MIB)
            host.flush()
        self.peers_stay_silently()
        for node in NAMES:
            self.limit(node, 1024)
        self.peers_stay()
        for node in NAMES:
            self.assertEqual(self.datarep(node)["disk"]["failures"], 0)
        self.compare_images("server1")

    def test_hosts_who_come_when_few_are_left_are_refused(self):
        """nbdkit can accept whoever comes next, so it never tries in vain."""
        host = self.connect("server1")
        self.limit("server1", self.in_use("server1") + 40)
        strangers = []
        for _ in range(100):
            strangers.append(self.knock("server1.nbd"))
            # All at once would be more than nbdkit can refuse, which tries in vain then.
            time.sleep(0.01)
        self.goes_on(host)
        self.assertIn("a connection was refused: a host's, because of ", self.log("server1"))
        self.assertNotIn("accept: ", self.log("server1"))
        self.assertLess(len(self.log("server1").splitlines()), 200)
        self.hosts_come_again(strangers)

    def goes_on(self, host):
        """A host works as before, and the node has nothing else to do."""
        spent = self.spent("server1")
        end = time.monotonic() + 2
        while time.monotonic() < end:
            host.pwrite(b"e" * BLOCK, MIB)
            self.assertEqual(host.pread(BLOCK, MIB), b"e" * BLOCK)
            time.sleep(0.05)
        self.assertLess(self.spent("server1") - spent, 1, "it spins")

    def hosts_come_again(self, strangers):
        for one in strangers:
            one.close()
        self.limit("server1", 1024)
        until("hosts are let in", lambda: self.comes("server1"), self.logs)
        self.peers_stay()

    def comes(self, node):
        try:
            self.connect(node).pread(BLOCK, 0)
        except nbd.Error:
            return False
        return True

    def peers_stay_silently(self):
        for node in NAMES:
            self.assertIsNone(self.servers[node].poll(), self.logs())

    def knock(self, name):
        one = socket.socket(socket.AF_UNIX)
        self.addCleanup(one.close)
        one.connect(str(self.folder / name))
        return one

    def spent(self, node):
        """Seconds of a processor."""
        with open(f"/proc/{self.servers[node].pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Files(Descriptors):
    """The process may open more, and the system has no room for it."""
    words = "Too many open files in system"
    # Nobody is told in time how much room a system has.
    test_hosts_who_come_when_few_are_left_are_refused = None

    def environment(self, node):
        stand_in = Path(served.SUNDER).parents[1] / "tests" / "libsunder_no_files.so"
        return {**os.environ, "LD_PRELOAD": str(stand_in),
                "SUNDER_FILES": str(self.folder / f"{node}.files")}

    def limit(self, node, most):
        whole = self.folder / "files"
        whole.write_text(str(most))
        whole.rename(self.folder / f"{node}.files")


if __name__ == "__main__":
    served.main(sys.argv)
