#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
#
# A real Linux host on a volume: nbdfuse and a loop device carry ext4 and XFS. Copies made under a
# file system that is written to hold what they owe: the moment, when it was frozen; every synced
# record, when it was not, also while a copy shares with its source still. Needs root,
# FUSE and loop devices, and says so when it skips.
import hashlib
import os
import subprocess
import sys
import unittest

import served
from block_device import CHECK, MAKE, MISSING, Attached, Records
from served import Served, until

ARRAY = """\
array: eva1
profile: eva-p6000
{store}listen: {{socket: nbd.sock}}
disk_groups:
  dg1: {{capacity: 4 GiB}}
  dg2: {{capacity: 4 GiB}}
volumes:
  data: {{group: dg1, size: 384 MiB}}
hosts:
  web1: [{{volume: data, lun: 1}}]
"""
def sums(folder):
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}


def start_load(files):
    """fio, which writes at random into a file there until it is ended."""
    return subprocess.Popen(
        ["fio", "--name=load", f"--filename={files}/load", "--rw=randwrite", "--bs=4k",
         "--size=32M", "--time_based", "--runtime=600", "--fsync=16"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@unittest.skipIf(MISSING, MISSING)
class Host(Served):
    text = ARRAY

    def present(self, volume, lun):
        self.say("present", volume, "to=web1", f"lun={lun}")

    def frozen(self, kind):
        data = Attached(self, self.uri("data"))
        self.run_tool(*MAKE[kind], data.device)
        files = data.mount(kind)
        for number in range(40):
            (files / f"file{number}").write_bytes(bytes([number]) * (5000 * number))
        load = start_load(files)
        try:
            until("fio writes", lambda: (files / "load").exists())
            self.run_tool("fsfreeze", "--freeze", str(files))
            try:
                moment = sums(files)
                self.say("add", "snapclone", "clone", "of=data", "group=dg2")
            finally:
                self.run_tool("fsfreeze", "--unfreeze", str(files))
            for number in range(40):
                (files / f"file{number}").write_bytes(b"later" * number)
            os.sync()
            until("it is independent", lambda: not self.volume("clone")["normalizing"])
        finally:
            load.terminate()
            load.wait(served.PATIENCE)
        self.present("clone", 2)
        clone = Attached(self, self.uri("clone"))
        self.assertEqual(sums(clone.mount(kind)), moment)
        clone.unmount()
        self.run_tool(*CHECK[kind], clone.device)
        self.assertNotEqual(sums(files), moment)
        data.unmount()
        self.run_tool(*CHECK[kind], data.device)

    def test_a_snapclone_of_a_frozen_ext4_holds_the_moment(self):
        self.frozen("ext4")

    def test_a_snapclone_of_a_frozen_xfs_holds_the_moment(self):
        self.frozen("xfs")

    def crash_consistent(self, kind):
        data = Attached(self, self.uri("data"))
        self.run_tool(*MAKE[kind], data.device)
        records = Records(data.mount(kind) / "records")
        try:
            for round in range(3):
                before = records.synced
                until("records are written", lambda: records.synced > before + 20)
                copy = f"copy{round}"
                least = records.synced
                self.say("add", "snapshot", copy, "of=data")
                self.present(copy, 10 + round)
                attached = Attached(self, self.uri(copy))
                found = Records.count(attached.mount(kind) / "records")
                self.assertGreaterEqual(found, least)
                attached.unmount()
                self.run_tool(*CHECK[kind], attached.device)
                attached.detach()
        finally:
            records.stop()
        self.assertEqual(Records.count(records.path), records.synced)

    def test_snapshots_of_an_ext4_in_use_hold_every_synced_record(self):
        self.crash_consistent("ext4")

    def test_snapshots_of_an_xfs_in_use_hold_every_synced_record(self):
        self.crash_consistent("xfs")

    def test_fio_reads_back_what_it_wrote_through_a_file_system(self):
        data = Attached(self, self.uri("data"))
        self.run_tool(*MAKE["ext4"], data.device)
        files = data.mount("ext4")
        self.say("add", "snapshot", "s1", "of=data")  # first touches below
        self.run_tool("fio", "--name=verify", f"--filename={files}/verify", "--rw=randwrite",
                      "--bs=4k", "--size=64M", "--fsync=64", "--verify=crc32c",
                      "--verify_fatal=1", "--do_verify=1")
        data.unmount()
        self.run_tool(*CHECK["ext4"], data.device)

    def test_what_nbdcopy_puts_in_it_takes_out(self):
        image = self.folder / "image"
        with open(image, "wb") as file:
            file.write(os.urandom(8 << 20))
            file.truncate(384 << 20)
            file.seek(200 << 20)
            file.write(os.urandom(8 << 20))
        self.run_tool("nbdcopy", str(image), self.uri("data"))
        self.say("add", "snapclone", "clone", "of=data")
        self.present("clone", 2)
        self.run_tool("nbdcopy", self.uri("clone"), str(self.folder / "back"))
        self.run_tool("cmp", str(image), str(self.folder / "back"))


@unittest.skipIf(MISSING, MISSING)
class Unsharing(Served):
    """Slow enough that the copy is looked at before it has all that it is a copy of."""
    store = "store"
    text = ARRAY.replace("listen:", "background_rate: 6 MiB\nlisten:")

    def in_use(self, kind):
        data = Attached(self, self.uri("data"))
        self.run_tool(*MAKE[kind], data.device)
        files = data.mount(kind)
        for number in range(8):
            (files / f"still{number}").write_bytes(os.urandom(3 << 20))
        os.sync()
        still = {name: sum for name, sum in sums(files).items() if name.startswith("still")}
        records = Records(files / "records")
        load = start_load(files)
        try:
            until("fio writes", lambda: (files / "load").exists())
            until("records are written", lambda: records.synced > 20)
            least = records.synced
            self.say("add", "snapclone", "clone", "of=data", "group=dg2")
            self.say("present", "clone", "to=web1", "lun=2")
            clone = Attached(self, self.uri("clone"))
            copy = clone.mount(kind)  # which writes: the journal is replayed
            found = Records.count(copy / "records")
            self.assertGreaterEqual(found, least)
            (copy / "own").write_bytes(b"of the clone" * 1000)
            clone.unmount()
            self.run_tool(*CHECK[kind], clone.device)
            self.assertTrue(self.volume("clone")["normalizing"], "it was not looked at in time")
            before = records.synced
            until("records are written on", lambda: records.synced > before)
            until("it is independent", lambda: not self.volume("clone")["normalizing"])
        finally:
            load.terminate()
            load.wait(served.PATIENCE)
            records.stop()
        self.run_tool(*CHECK[kind], clone.device)
        copy = clone.mount(kind)
        self.assertEqual(Records.count(copy / "records"), found)
        self.assertEqual((copy / "own").read_bytes(), b"of the clone" * 1000)
        whole = sums(copy)
        self.assertEqual({name: whole[name] for name in still}, still)
        clone.unmount()
        self.assertEqual(Records.count(records.path), records.synced)
        data.unmount()
        self.run_tool(*CHECK[kind], data.device)

    def test_a_snapclone_of_an_ext4_in_use_is_whole_while_it_unshares(self):
        self.in_use("ext4")

    def test_a_snapclone_of_an_xfs_in_use_is_whole_while_it_unshares(self):
        self.in_use("xfs")


if __name__ == "__main__":
    served.main(sys.argv)
