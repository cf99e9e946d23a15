#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A life that is longer than the room for its recording: what came last is there, and is lived once
# more, however the life ended and however much of its beginning is gone.
import signal
import subprocess
import sys

import served
from cluster import NAMES, Cluster
from served import until

MIB = 1 << 20
PIECE = MIB // 4
ROOM = 4 * MIB


class Recordings(Cluster):
    def text(self, node):
        return (super().text(node) +
                f"recordings: {node}.recordings\nrecordings_size: {ROOM // MIB} MiB\n")

    def parts(self, node):
        return sorted((self.folder / f"{node}.recordings").iterdir())

    def replay(self, node, *words):
        return self.run_tool(served.SUNDER, "replay", str(self.folder / f"{node}.recordings"),
                             *words)

    def test_the_end_of_a_long_life_is_replayed(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        for number in range(8 * ROOM // PIECE):
            host.pwrite(bytes([number % 250 + 1]) * PIECE, number * PIECE)
        self.kill("server1", signal.SIGKILL)
        self.until_served("server2")
        self.connect("server2").pwrite(b"s" * PIECE, 0)
        self.kill("server2", signal.SIGTERM)
        for node in NAMES:
            parts = self.parts(node)
            self.assertGreater(len(parts), 2)
            self.assertNotIn("-000000", parts[0].name, "its beginning is gone")
            self.assertLessEqual(sum(part.stat().st_size for part in parts), ROOM)
            said = self.replay(node)
            self.assertIn(", from its part ", said)
            self.assertIn("what came out is what came out then", said)
            self.assertNotIn("there was no room", said)
        # The takeover is long after what is still there begins.
        told = self.replay("server2", "--explain")
        self.assertIn("[failover]", told)
        self.assertRegex(told, r"contact=watched_die")
        self.assertIn("the node stopped", told)

    def test_several_lives_and_a_part_that_is_damaged(self):
        self.start(*NAMES)
        self.until_served("server1")
        self.until_mirrored()
        host = self.connect("server1")
        for number in range(2 * ROOM // PIECE):
            host.pwrite(bytes([number + 1]) * PIECE, number * PIECE)
        self.kill("server1", signal.SIGTERM)
        # A resync would take all the room there is.
        self.kill("server2", signal.SIGTERM)
        self.start("server1")
        until("the node answers", lambda: self.status("server1")["peers"], self.logs)
        self.kill("server1", signal.SIGTERM)
        said = self.replay("server1")
        self.assertEqual(said.count("a life of server1"), 2)
        self.assertEqual(said.count("from its part"), 1)
        middle = self.parts("server1")[1]
        content = bytearray(middle.read_bytes())
        content[len(content) // 2] ^= 1
        middle.write_bytes(content)
        ran = self.run_tool(served.SUNDER, "replay", str(self.folder / "server1.recordings"),
                            expect=3)
        # What is behind the damage goes on from the states there.
        self.assertEqual(ran.count("a life of server1"), 3)
        self.assertEqual(ran.count("what came out is what came out then"), 3)
        self.beside_what_is_no_recording(ran)

    def beside_what_is_no_recording(self, told):
        """A kill may leave an empty file: it is named, and hides nothing of the others."""
        folder = self.folder / "server1.recordings"
        empty, other = folder / "00000000-000000.sunlife", folder / "99999999-000000.sunlife"
        empty.touch()
        other.write_bytes(b"x" * 100)
        ran = subprocess.run([served.SUNDER, "replay", str(folder)], capture_output=True,
                             text=True, timeout=served.PATIENCE)
        self.assertEqual((ran.returncode, ran.stdout), (3, told), ran.stderr)
        self.assertIn(f"{empty}: empty: its process ended before", ran.stderr)
        self.assertIn(f"{other}: byte 0: ", ran.stderr)


if __name__ == "__main__":
    served.main(sys.argv)
