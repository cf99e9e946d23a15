#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A target that is the export of a plain NBD server, on which nothing of Sunder runs: server2 is a
# node beside the source, and its copy lies at nbdkit or qemu-nbd. It is resynchronised and written
# as any other, loses nothing that the server had not flushed when it died, and never serves.
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

import served
from cluster import Cluster
from served import until

try:
    import nbd
except ImportError:
    nbd = None

MIB = 1024 * 1024
BLOCK = 4096


def block(number):
    return number.to_bytes(8, "big") * (BLOCK // 8)


class Plain(Cluster):
    """The tests' own NBD server, and how the node finds it."""
    size = "16 MiB"
    mirror = "      never_in_service: [server2]\n"
    export = "/"
    settle = "1 s"

    def setUp(self):
        super().setUp()
        self.server = None
        self.disk = self.folder / "disk.img"
        with open(self.disk, "wb") as disk:
            disk.write(b"\xa5" * (16 * MIB))  # what an export held before is overwritten
        self.addCleanup(self.stop_server)

    def text(self, node):
        text = super().text(node).replace("settle_interval: 1 s", f"settle_interval: {self.settle}")
        if node == "server2":
            text += f'plain: {{datarep: "{self.server_uri()}"}}\n'
        return text

    def server_uri(self):
        return f"nbd+unix://{self.export}?socket={self.folder}/plain.sock"

    def listens(self):
        return ["--unix", str(self.folder / "plain.sock")]

    def words(self):
        return ["nbdkit", "--foreground", *self.listens(), "--pidfile",
                str(self.folder / "plain.pid"), "file", str(self.disk)]

    def serve(self, *words):
        (self.folder / "plain.sock").unlink(missing_ok=True)
        (self.folder / "plain.pid").unlink(missing_ok=True)
        with open(self.folder / "plain.log", "ab") as log:
            self.server = subprocess.Popen(list(words) or self.words(), stdout=log, stderr=log)
        until("the NBD server serves", lambda: (self.folder / "plain.pid").exists()
              or self.server.poll() is not None)
        self.assertIsNone(self.server.poll(), (self.folder / "plain.log").read_text())

    def stop_server(self, how=signal.SIGKILL):
        if self.server is None:
            return
        self.server.send_signal(how)
        self.server.wait(served.PATIENCE)
        self.server = None

    def begin(self):
        self.serve()
        self.start("server1", "server2")
        self.until_served("server1")
        self.until_mirrored()

    def write(self, host, *numbers):
        for number in numbers:
            host.pwrite(block(number), number * BLOCK)

    def source_image(self):
        image = self.folder / "source.image"
        self.run_tool("nbdcopy", self.uri("server1"), str(image))
        return image.read_bytes()

    def target_image(self):
        """As the NBD server shows it to anybody."""
        image = self.folder / "target.image"
        self.run_tool("nbdcopy", self.server_uri(), str(image))
        return image.read_bytes()[:16 * MIB]

    def until_equal(self):
        # Whatever the server has lost is found out by a flush, and copied.
        self.connect("server1").flush()
        self.until_mirrored()
        self.assertEqual(self.source_image(), self.target_image(), self.logs())

    def differs(self):
        """What the source's intent log names, in bytes."""
        return self.datarep("server1")["legs"][0]["out_of_step_bytes"]

    def refused(self, node, *words):
        said = self.ctl(node, *words)
        self.assertNotEqual(said.returncode, 0, said.stdout)
        return said.stdout + said.stderr


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class ServedByNbdkit(Plain):
    def test_it_is_resynchronised_and_written(self):
        self.begin()
        self.until_equal()
        host = self.connect("server1")
        self.write(host, *range(0, 4000, 7))
        host.zero(MIB, 2 * MIB)
        host.trim(MIB, 5 * MIB)
        host.pwrite(bytes(range(256)) * 2, 512 * 4321)  # no more than a sector
        host.flush()
        self.until_equal()

    def test_a_server_that_dies_comes_back_and_gets_what_it_missed(self):
        self.begin()
        host = self.connect("server1")
        self.write(host, *range(100))
        self.stop_server()
        self.write(host, *range(1000, 1100))  # nobody waits for a server that is gone
        until("the loss is told", lambda: not self.datarep("server2")["plain"]["connected"],
              self.logs)
        self.assertIn("NOT CONNECTED", self.say("server2", "status"))
        self.assertTrue(self.serves("server1"))
        self.serve()
        self.until_equal()
        log = self.log("server1")
        self.assertEqual(log.count("[target_is_blank]"), 1, log)  # the first resync is a full one
        self.assertIn("[target_was_away]", log)                   # and the second a partial one

    def test_a_server_that_hangs_is_given_up(self):
        self.begin()
        host = self.connect("server1")
        self.server.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        self.write(host, 5)
        self.assertLess(time.monotonic() - began, 20)  # 2 s, on a machine that is busy
        self.stop_server()  # nbdkit 1.32 does not survive that its client has gone meanwhile
        self.serve()
        self.until_equal()

    def test_it_never_takes_over_and_says_why(self):
        self.begin()
        self.write(self.connect("server1"), 1, 2, 3)
        self.assertIn("never_in_service", self.refused("server2", "switchover", "datarep"))
        self.assertIn("never_in_service", self.refused("server2", "force", "datarep", "--yes"))
        self.assertIn("never_in_service", self.refused("server2", "confirm", "server1"))
        self.kill("server1")
        until("the death is noticed",
              lambda: self.datarep("server2").get("rule") == "never_in_service"
              and not self.status("server2")["peers"][0]["heard"], self.logs)
        self.assertIn("target for ever", self.say("server2", "status"))
        self.assertIn("never_in_service", self.refused("server2", "confirm", "server1"))
        self.assertIn("never_in_service", self.refused("server2", "force", "datarep", "--yes"))
        self.assertIn("never_in_service", self.refused("server2", "bring-in", "datarep"))
        self.assertFalse(self.serves("server2"))
        # Nobody can have taken over, so the source asks nobody.
        self.kill("server2")
        self.start("server1")
        self.until_served("server1")
        self.start("server2")
        self.until_equal()

    def test_a_paused_target_is_shown_to_nobody(self):
        self.begin()
        self.say("server1", "pause", "datarep")
        until("it is kept apart", lambda: self.datarep("server2")["open_apart"], self.logs)
        with self.assertRaises(nbd.Error):
            self.connect("server2")
        self.say("server1", "resume", "datarep")
        self.until_equal()

    def test_another_export_is_not_taken_for_the_one_that_was_written(self):
        self.begin()
        self.write(self.connect("server1"), *range(50))
        self.until_equal()
        self.kill("server2", signal.SIGTERM)
        self.stop_server()
        with open(self.disk, "wb") as disk:
            disk.write(b"\xa5" * (16 * MIB))
        (self.folder / "plain.sock").unlink(missing_ok=True)
        text = self.file("server2").read_text()
        self.file("server2").write_text(text.replace("/plain.sock", "/other.sock"))
        self.listens = lambda: ["--unix", str(self.folder / "other.sock")]
        self.server_uri = lambda: f"nbd+unix://{self.export}?socket={self.folder}/other.sock"
        self.serve()
        ran = subprocess.run([served.SUNDER, "serve", str(self.file("server2"))],
                             capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        self.assertIn("tells of a copy that is not at nbd+unix://", ran.stderr)
        cells = self.folder / "server2.state" / "datarep.mirror"
        self.assertIn(f"remove {cells}", ran.stderr)
        cells.unlink()
        self.start("server2")
        self.until_equal()

    def test_the_node_dies_and_returns(self):
        self.begin()
        host = self.connect("server1")
        self.write(host, *range(50))
        self.kill("server2")
        self.write(host, *range(50, 90))
        self.start("server2")
        self.until_equal()


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class ServedByTcp(Plain):
    def setUp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        super().setUp()

    def server_uri(self):
        return f"nbd://127.0.0.1:{self.port}"

    def listens(self):
        return ["--ipaddr", "127.0.0.1", "--port", str(self.port)]

    def test_it_is_resynchronised_dies_and_returns(self):
        self.begin()
        host = self.connect("server1")
        self.write(host, *range(0, 4000, 7))
        self.until_equal()
        self.stop_server()
        self.write(host, *range(1000, 1100))
        until("the loss is told", lambda: not self.datarep("server2")["plain"]["connected"],
              self.logs)
        self.serve()
        self.until_equal()


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class ServerWithACache(Plain):
    """A server that dies takes with it what it was not told to flush, as a machine does."""
    settle = "5 s"

    def words(self):
        words = super().words()
        return words[:-2] + ["--filter=cache"] + words[-2:] + ["cache=writeback"]

    def held(self, number):
        """What the disk has without its server."""
        with open(self.disk, "rb") as disk:
            disk.seek(number * BLOCK)
            return disk.read(BLOCK)

    def lose(self, after):
        self.begin()
        host = self.connect("server1")
        until("all is settled", lambda: self.differs() == 0, self.logs)
        self.write(host, *range(200, 260))  # acknowledged: the server has them
        self.stop_server()
        lost = [number for number in range(200, 260) if self.held(number) != block(number)]
        self.assertTrue(lost, "this server keeps what it has not flushed; nothing is tested here")
        after(host)
        self.until_equal()
        self.stop_server()  # once more: what is flushed stays
        for number in range(200, 260):
            self.assertEqual(self.held(number), block(number), f"{number} was lost\n{self.logs()}")

    def test_what_it_had_not_flushed_is_copied_again(self):
        def after(host):
            self.write(host, 300)
            self.serve()
        self.lose(after)

    def test_a_server_that_is_back_at_once_is_not_believed(self):
        # Nobody asks it for anything while it is away.
        self.lose(lambda host: self.serve())
        self.assertIn("what it had not flushed is copied again", self.log("server2"))


@unittest.skipIf(nbd is None or shutil.which("qemu-nbd") is None,
                 "qemu-nbd, or libnbd's binding for this Python, is missing")
class ServedByQemu(Plain):
    export = "/copy"

    def words(self):
        return ["qemu-nbd", "--socket", str(self.folder / "plain.sock"), "--pid-file",
                str(self.folder / "plain.pid"), "--format", "raw", "--export-name", "copy",
                "--persistent", "--shared", "4", str(self.disk)]

    def test_it_is_resynchronised_dies_and_returns(self):
        self.begin()
        host = self.connect("server1")
        self.write(host, *range(0, 3000, 11))
        host.zero(MIB, 3 * MIB)
        self.stop_server()
        self.write(host, *range(5, 3000, 13))
        self.serve()
        self.until_equal()

    def test_an_export_that_is_not_there_is_refused(self):
        self.serve()
        text = self.file("server2").read_text().replace("/copy?", "/other?")
        self.file("server2").write_text(text)
        refusal(self, "other", status=1)


def refusal(test, *words, status=3):
    """The file is wrong, or the server is: the latter may be mended without a change to it."""
    ran = subprocess.run([served.SUNDER, "serve", str(test.file("server2"))], capture_output=True,
                         text=True, timeout=served.PATIENCE)
    test.assertEqual(ran.returncode, status, ran.stdout + ran.stderr)
    if status == 3:
        test.assertRegex(ran.stderr, r"--> \S+server2\.yaml:\d+:\d+\n")
        test.assertFalse((test.folder / "server2.state").exists())
    for word in words + ("datarep: nbd+unix://",):
        test.assertIn(word, ran.stderr)
    return ran.stderr


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Refused(Plain):
    def test_no_server(self):
        refusal(self, "No such file or directory", status=1)

    def test_read_only(self):
        self.serve(*self.words()[:-2], "--readonly", *self.words()[-2:])
        refusal(self, "read-only")

    def test_too_small(self):
        os.truncate(self.disk, 15 * MIB)
        self.serve()
        refusal(self, "the export has 15 MiB, and the mirror takes 16 MiB")

    def test_large_blocks(self):
        self.serve(*self.words()[:-2], "--filter=blocksize-policy", *self.words()[-2:],
                   "blocksize-minimum=4096", "blocksize-preferred=4096")
        refusal(self, "no less than 4 KiB at a time")

    def test_one_export_for_two_mirrors(self):
        self.serve()
        mirrors = f"{self.mirror}    other:\n      size: 16 MiB\n      on: [server1, server2]\n" \
                  f"{self.mirror}"
        text = self.file("server2").read_text().replace(self.mirror, mirrors)
        uri = self.server_uri()
        text = text.replace(f'"{uri}"', f'"{uri}", other: "{uri.replace("nbd+", "nbds+")}"')
        self.file("server2").write_text(text)
        ran = subprocess.run([served.SUNDER, "serve", str(self.file("server2"))],
                             capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 3, ran.stdout + ran.stderr)
        self.assertIn("the copies of 'datarep' and 'other' are one export", ran.stderr)
        self.assertRegex(ran.stderr, r"--> \S+server2\.yaml:\d+:\d+\n")

    def test_a_copy_that_could_come_in_service(self):
        text = self.file("server2").read_text().replace(self.mirror, "")
        self.file("server2").write_text(text)
        ran = subprocess.run([served.SUNDER, "serve", str(self.file("server2"))],
                             capture_output=True, text=True, timeout=served.PATIENCE)
        self.assertNotEqual(ran.returncode, 0)
        self.assertIn("`never_in_service` of its mirror has to name the node", ran.stderr)


if __name__ == "__main__":
    served.main(sys.argv)
