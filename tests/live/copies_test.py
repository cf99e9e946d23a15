#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A node and its disks: which copies it does not believe, and what may be changed between two of its
# starts.
import json
import shutil
import signal
import subprocess
import sys

import served
from cluster import NAMES, Cluster
from served import until

BLOCK = 4096


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

        def all_mirror():
            legs = [leg for node in NAMES for each in self.status(node)["mirrors"]
                    for leg in each["legs"]]
            return (all(leg["state"] == "mirroring" for leg in legs) and
                    all(each["state"] == "fully operational"
                        for each in self.status("server1")["mirrors"]))
        until("all of them mirror", all_mirror, self.logs)

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
        # What was refused has changed nothing.
        self.assertNotIn("everything counts as written", self.log("server1"))


if __name__ == "__main__":
    served.main(sys.argv)
