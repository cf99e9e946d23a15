#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A target's copy from before its resync, which its array keeps as an image: when the source dies in
# the middle of it an operator takes the copy back to that and forces it online, also after the
# target's own node began anew; and an image that outgrows its room goes, and the resync goes on.
import json
import sys

import served
from cluster import NAMES, Cluster
from served import until

MIB = 1 << 20
WRITTEN = 24  # MiB


class Fallback(Cluster):
    room = "64 MiB"

    def setUp(self):
        self.mirror = (f"      fallback_image: {self.room}\n      initially: in sync\n"
                       "      resync_rate: {max: 4 MB/s}\n")
        super().setUp()
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()

    def fill(self, node, letter):
        host = self.connect(node)
        for at in range(WRITTEN):
            host.pwrite(letter * MIB, at * MIB)
        host.flush()
        host.shutdown()

    def content(self, node):
        host = self.connect(node)
        read = [host.pread(MIB, at * MIB) for at in range(WRITTEN)]
        host.shutdown()
        return read

    def begin_resync(self):
        """What server1 has is overwritten by what server2 was written while it was away."""
        self.fill("server1", b"a")
        self.kill("server1")
        self.until_served("server2")
        self.fill("server2", b"b")
        self.start("server1")

    def image(self):
        return self.datarep("server1").get("fallback_image")

    def volumes(self, node):
        shown = self.run_tool(served.SUNDER, "array", "--control",
                              str(self.folder / f"{node}.control"), "show", "--json")
        return [volume["name"] for volume in json.loads(shown)["volumes"]]

    def refused(self, node, *words):
        said = self.ctl(node, *words)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
        return said.stdout + said.stderr


class Forced(Fallback):
    def test_an_operator_forces_the_older_point_online(self):
        self.begin_resync()
        until("its copy is being overwritten",
              lambda: (self.image() or {}).get("overwritten_bytes", 0) >= MIB, self.logs)
        self.assertIn("source_is_here",
                      self.refused("server1", "use-fallback-image", "datarep", "--yes"))
        self.kill("server2")
        self.kill("server1")
        self.start("server1")
        until("it knows that it is alone",
              lambda: self.datarep("server1").get("rule") is not None, self.logs)
        self.assertEqual(self.datarep("server1")["data"], "inconsistent")
        self.assertGreaterEqual(self.image()["overwritten_bytes"], MIB)
        self.assertIn("an image from before its resync is kept", self.say("server1", "status"))
        self.assertIn("use-fallback-image datarep", self.refused("server1", "force", "datarep"))
        self.assertIn("becomes what it was before its resync",
                      self.refused("server1", "use-fallback-image", "datarep"))
        until("it is granted", lambda: self.ctl(
            "server1", "use-fallback-image", "datarep", "--yes").returncode == 0, self.logs)
        self.assertEqual(self.datarep("server1")["data"], "consistent")
        self.assertFalse(self.serves("server1"))
        until("the image is dropped", lambda: self.volumes("server1") == ["datarep"], self.logs)
        self.assertIn("no_fallback_image",
                      self.refused("server1", "use-fallback-image", "datarep", "--yes"))
        self.say("server1", "force", "datarep", "--yes")
        self.until_served("server1")
        self.assertEqual(self.content("server1"), [b"a" * MIB] * WRITTEN)
        # Who comes back was written without it, and gives that up when it is told to.
        self.start("server2")
        until("they are split", lambda: self.datarep("server1")["state"] == "split brain",
              self.logs)
        until("it is resolved", lambda: self.ctl(
            "server2", "resolve", "datarep", "--yes").returncode == 0, self.logs)
        self.until_mirrored()
        self.compare_images("server1")


class Outgrown(Fallback):
    room = "1 MiB"

    def test_an_image_that_outgrows_its_room_goes_and_the_resync_goes_on(self):
        self.begin_resync()
        until("the image is gone", lambda: "had no room, and is GONE" in self.log("server1"),
              self.logs)
        self.assertEqual(self.volumes("server1"), ["datarep"])
        self.until_mirrored()
        self.assertIsNone(self.image())
        self.compare_images("server2")


if __name__ == "__main__":
    served.main(sys.argv)
