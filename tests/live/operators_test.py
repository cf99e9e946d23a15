#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# What operators of served arrays rely on: names that can always be said again, progress that can be
# polled, alarms in the log, and the check of a store.
import json
import signal
import subprocess
import sys
import unittest

import served
from served import Served, until

try:
    import nbd
except ImportError:
    nbd = None

MIB = 1 << 20

ARRAY = """\
array: eva1
profile: eva-p6000
{store}background_rate: 16 MiB
listen: {{socket: nbd.sock}}
disk_groups:
  dg1: {{capacity: 1 GiB, drive: 64 MiB, spare: single, alarm: 80, warning: 60}}
  dg2: {{capacity: 1 GiB}}
  small: {{capacity: 4 MiB}}
volumes:
  data: {{group: dg1, size: 32 MiB, vraid: 1}}
  thin: {{group: small, size: 64 MiB, vraid: vraid0, thin: yes}}
hosts:
  web1: [{{volume: data, lun: 1}}, {{volume: thin, lun: 2}}]
"""


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Operators(Served):
    text = ARRAY

    def refused(self, *words):
        said = self.ask(*words)
        self.assertEqual(said.returncode, 1, said.stdout + said.stderr)
        return said.stderr

    def test_a_name_can_be_said_again_in_words_and_in_files(self):
        for name in ("x=z", "x y", "\u00e9", "..", "1x", "we/b"):
            self.assertIn("[bad_name]", self.refused("rename", "volume", "data", "to=" + name))
        self.say("rename", "volume", "data", "to=" + "x" * 40)
        self.say("rename", "volume", "x" * 40, "to=data")

    def test_nobody_waits_for_ever_for_one_who_stands_still(self):
        self.server.send_signal(signal.SIGSTOP)
        said = self.ask("--timeout", "1", "rename", "volume", "data", "to=other")
        self.assertEqual(said.returncode, 3)
        self.assertIn("within 1 s", said.stderr)
        self.assertIn("may be done yet", said.stderr)
        self.server.send_signal(signal.SIGCONT)
        until("it is done yet",
              lambda: any(v["name"] == "other" for v in self.show()["volumes"]))

    def test_a_vraid_is_a_number_or_a_word(self):
        self.assertEqual(self.volume("data")["vraid"], "vraid1")
        self.assertEqual(self.volume("thin")["vraid"], "vraid0")
        wrong = self.folder / "wrong.yaml"
        for vraid in ("3", "7", "raid"):
            wrong.write_text(self.file.read_text().replace("vraid: 1", f"vraid: {vraid}"))
            ran = subprocess.run([served.SUNDER, "serve", str(wrong)], capture_output=True,
                                 text=True, timeout=served.PATIENCE)
            self.assertEqual(ran.returncode, 3)
            self.assertEqual((ran.stdout + ran.stderr).count("error:"), 1)
            self.assertIn("raid", ran.stdout + ran.stderr)

    def test_progress_can_be_polled(self):
        host = self.connect("data")
        for at in range(32):
            host.pwrite(bytes([at + 1]) * MIB, at * MIB)
        self.say("add", "mirrorclone", "m", "of=data", "group=dg2")
        copying = self.volume("m")
        self.assertEqual(copying["mirror"], "Sync in progress")
        self.assertTrue(copying["normalizing"])
        self.assertLess(copying["progress_percent"], 100)
        self.assertRegex(self.say("show"),
                         r"m .* mirrorclone of data, Sync in progress, \d+ % copied")
        until("it is synchronized", lambda: not self.volume("m")["normalizing"])
        self.assertEqual(self.volume("m")["mirror"], "Synchronized")
        self.say("fracture", "m")
        self.assertFalse(self.volume("m")["normalizing"])
        for at in range(32):
            host.pwrite(b"n" * MIB, at * MIB)
        self.say("unpresent", "web1", "lun=1")
        self.say("restore", "mirrorclone", "m")
        restoring, source = self.volume("m"), self.volume("data")
        self.assertEqual(restoring["mirror"], "Restore in progress")
        for one in (restoring, source):
            self.assertTrue(one["restoring"])
            self.assertFalse(one["normalizing"])
            self.assertLess(one["progress_percent"], 100)
        self.assertRegex(self.say("show"), r"m .*, Restore in progress, \d+ % restored")
        until("it is restored", lambda: not self.volume("m")["restoring"])
        self.assertEqual(self.volume("m")["progress_percent"], 100)

    def test_a_container_says_for_what_it_is_prepared(self):
        self.say("add", "container", "c", "group=dg1", "size=32MiB", "vraid=1")
        self.say("prepare", "container", "c", "for=data")
        self.assertIn("container, prepared for data", self.say("show"))

    def test_levels_are_shown_and_crossing_one_is_in_the_log(self):
        group = self.show()["disk_groups"][0]
        self.assertEqual([group[key] for key in ("capacity_bytes", "usable_bytes", "spare",
                                                 "largest_drive_bytes", "alarm_percent",
                                                 "warning_percent")],
                         [1024 * MIB, 896 * MIB, "single", 64 * MIB, 80, 60])
        self.assertIn("(1 GiB raw, drives of 64 MiB, spare single, warning at 60 %, alarm at 80 %)",
                      self.say("show"))
        # By a command, and by what a host writes.
        self.say("add", "volume", "large", "group=dg1", "size=600MiB", "vraid=0")
        self.assertIn("disk group 'dg1' has reached its warning level of 60 %", self.log())
        self.say("delete", "volume", "large")
        until("it is heard", lambda: "'dg1' is below its warning level" in self.log())
        host = self.connect("thin")
        for at in range(4):
            host.pwrite(b"t" * MIB, at * MIB)
        until("it is heard", lambda: "disk group 'small' has reached its alarm level of 95 %: "
              "4 MiB of 4 MiB are used" in self.log())

    def test_a_disk_group_that_holds_nothing_is_refused(self):
        self.assertIn("[bad_size]", self.refused("add", "disk-group", "g", "capacity=1B"))
        self.assertIn("0 B of 1 GiB are left beside the spares",
                      self.refused("add", "disk-group", "g", "capacity=1GiB", "drive=512MiB",
                                   "spare=single"))


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Invalid(Served):
    text = ARRAY.replace("listen:", "switches: {{overcommit: invalidate_snapshots}}\nlisten:")

    def test_a_snapshot_that_becomes_invalid_is_in_the_log(self):
        host = self.connect("thin")
        for at in range(3):
            host.pwrite(b"a" * MIB, at * MIB)
        self.say("add", "snapshot", "s", "of=thin")
        for at in range(3):
            host.pwrite(b"b" * MIB, at * MIB)
        until("it is heard", lambda: "snapshot 's' of 'thin' could not grow and is invalid"
              in self.log())


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Refused(Served):
    text = ARRAY.replace("listen:", "switches: {{overcommit: fail_writes}}\nlisten:")

    def test_a_snapshot_is_told_of_itself(self):
        host = self.connect("thin")
        for at in range(4):
            host.pwrite(b"a" * MIB, at * MIB)
        self.say("add", "snapshot", "s", "of=thin")
        self.say("present", "s", "to=web1", "lun=3")
        with self.assertRaises(nbd.Error):
            self.connect("s").pwrite(b"c" * 4096, 0)
        self.assertIn("s: the snapshot would have to grow", self.log())
        with self.assertRaises(nbd.Error):
            host.pwrite(b"c" * 4096, 0)
        self.assertIn("thin: its snapshots would have to grow", self.log())


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class Checked(Served):
    store = "store"
    text = ARRAY

    def check(self, *words, status):
        said = subprocess.run([served.SUNDER, "array", *words], capture_output=True, text=True,
                              timeout=served.PATIENCE)
        self.assertEqual(said.returncode, status, said.stdout + said.stderr)
        return said.stdout + said.stderr

    def test_a_store_is_good_damaged_in_use_or_not_there(self):
        store = str(self.folder / "store")
        self.assertIn("somebody has this store open, and nothing was looked at",
                      self.check("check", store, status=2))
        self.assertEqual(json.loads(self.check("--json", "check", store, status=2))["state"],
                         "in_use")
        self.connect("data").pwrite(b"x" * MIB, 0)
        self.stop(signal.SIGKILL)
        self.assertIn("nothing is wrong", self.check("check", store, status=0))
        self.assertEqual(json.loads(self.check("--json", "check", store, status=0)),
                         {"store": store, "state": "good", "problems": []})
        (self.folder / "store" / "array.since").unlink()
        self.assertIn("what it had answered since the last flush is lost",
                      self.check("check", store, status=1))
        found = json.loads(self.check("--json", "check", store, status=1))
        self.assertEqual(found["state"], "damaged")
        self.assertEqual(found["problems"][0]["where"], store + "/array.since")
        self.serve()  # as it is given up
        self.stop()
        self.check("check", store, status=0)
        self.assertIn("there is no store", self.check("check", str(self.folder), status=3))
        self.assertIn("No such file", self.check("check", store + "s", status=3))
        self.assertIn("expected one folder of a store", self.check("check", status=3))


@unittest.skipIf(nbd is None, "libnbd's binding for this Python is missing")
class AsItIs(Served):
    store = "store"
    text = ARRAY.replace("listen:", "as_it_is: yes\nlisten:")

    def test_what_operators_changed_is_served_again_without_another_file(self):
        self.say("unpresent", "web1", "lun=1")
        self.say("expand", "volume", "data", "size=48MiB")
        self.say("present", "data", "to=web1", "lun=9")
        self.say("unpresent", "web1", "lun=2")
        self.say("delete", "volume", "thin")
        before = self.show()
        self.stop(signal.SIGKILL)
        self.serve()
        self.assertEqual(self.show(), before)
        self.assertIn("served as it is, which is not as it is described", self.log())
        self.assertEqual(self.connect("data").get_size(), 48 * MIB)
        self.stop()
        # Who does not say so is told, and nothing is changed.
        self.file.write_text(self.file.read_text().replace("as_it_is: yes", "as_it_is: no"))
        ran = subprocess.run([served.SUNDER, "serve", str(self.file)], capture_output=True,
                             text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 1, ran.stdout + ran.stderr)
        self.assertIn("data", ran.stderr)

    def test_without_a_store_there_is_nothing_to_leave(self):
        self.stop()
        self.file.write_text(self.file.read_text().replace("store: store\n", ""))
        ran = subprocess.run([served.SUNDER, "serve", str(self.file)], capture_output=True,
                             text=True, timeout=served.PATIENCE)
        self.assertEqual(ran.returncode, 3, ran.stdout + ran.stderr)


if __name__ == "__main__":
    served.main(sys.argv)
